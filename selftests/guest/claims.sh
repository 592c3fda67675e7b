#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the module takes and what it leaves alone: namespaces held by dm or a
# mount stay as they are, with one line in the log, until they are free and the
# module is told to look again. With native multipath on it takes none. The
# native head that is there then is the measure for our head's queue and
# attributes.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
start_unloaded

log_mark() { echo "mpath-test-mark $1" >/dev/kmsg; }
log_since() { dmesg | sed "1,/mpath-test-mark $1/d"; }

rescan_ours() { echo 1 >/sys/module/mpath_nvme/parameters/rescan; }

lines_about() { log_since "$2" | grep 'mpath_nvme' | grep "$1" | grep -c 'in use'; }
any_line_about() { (($(lines_about "$@"))); }

# One line of ours says that the path is in use; others have been claimed then.
left_alone()	# left_alone PATH MARK
{
	wait_for 10 others_claimed "$1"
	# a holder that goes soon is waited for, in silence
	wait_for 20 any_line_about "$1" "$2"
	same "lines about $1" 1 "$(lines_about "$1" "$2")"
	same "head of $1" '' "$(head_of "$1")"
	same "holders of ours" '' "$(find "/sys/block/$1/holders" -name 'nvme*')"
}

# Whatever the check before left behind.
fresh()
{
	! dmsetup info mpath_test >/dev/null 2>&1 || dmsetup remove mpath_test
	! mountpoint -q "$mnt" || umount "$mnt"
	start_unloaded
}
export DM_DISABLE_UDEV=1

held_by_dm()
{
	local p
	fresh
	p=$(path_disks | head -n 1)
	dmsetup create mpath_test --table "0 $(blockdev --getsz "/dev/$p") linear /dev/$p 0"
	log_mark dm
	load_modules
	left_alone "$p" dm
	rescan_ours
	head -c 4096 /dev/urandom >"$work/data"
	dd if="$work/data" of=/dev/mapper/mpath_test bs=4096 count=1 oflag=direct status=none
	dd if=/dev/mapper/mpath_test of="$work/back" bs=4096 count=1 iflag=direct status=none
	cmp "$work/data" "$work/back"
	dmsetup remove mpath_test
	rescan_ours
	wait_for 5 all_claimed
	unload_modules
}

# All but these paths have a head.
others_claimed()
{
	local p
	for p in $(path_disks); do
		[[ " $* " == *" $p "* || -n $(head_of "$p") ]] || return 1
	done
}

held_by_mount()
{
	local p
	fresh
	p=$(path_disks | head -n 1)
	mkfs.ext4 -q "/dev/$p" 8m
	mount "/dev/$p" "$mnt"
	log_mark mount
	load_modules
	left_alone "$p" mount
	echo text >"$mnt/file"
	umount "$mnt"
	rescan_ours
	wait_for 5 all_claimed
	# now that it is claimed nobody else gets it
	refused mount "/dev/$p" "$mnt"
	dd if=/dev/zero of="/dev/$(head_of "$p")" bs=64k count=1 oflag=direct status=none
	unload_modules
}

claimed_from_others()
{
	local p
	fresh
	load_modules
	wait_for 10 all_claimed
	p=$(path_disks | head -n 1)
	refused dmsetup create mpath_test --table "0 $(blockdev --getsz "/dev/$p") linear /dev/$p 0"
	refused mount "/dev/$p" "$mnt"
	refused mkfs.ext4 -q -F "/dev/$p" 8m
	unload_modules
}

# dump HEAD DIR: queue and attributes of a head, one file each
dump()
{
	local file
	mkdir -p "$2"
	for file in "/sys/block/$1/queue/"* "/sys/block/$1/"{nsid,wwid,uuid,nguid,eui,csi,metadata_bytes,nuse,size,ro,removable,ext_range,range,capability,discard_alignment,alignment_offset,hidden}; do
		[[ ! -f $file || ! -r $file ]] || cp "$file" "$2/${file##*/}" 2>/dev/null || true
	done
}

reload_nvme()	# reload_nvme Y|N
{
	rmmod nvme nvme_core
	modprobe nvme_core multipath="$1"
	modprobe nvme
	same "nvme_core.multipath" "$1" "$(</sys/module/nvme_core/parameters/multipath)"
}

have_disks() { (($(path_disks | wc -l) == nr_disks)); }
native_heads()
{
	local dir
	for dir in /sys/block/nvme*n*; do
		[[ ${dir##*/} == nvme*c*n* || -e $dir/mpath_policy ]] || echo "${dir##*/}"
	done
}
have_native() { (($(native_heads | wc -l) == nr_heads)); }

native()
{
	fresh
	reload_nvme Y
	wait_for 20 have_native
	local before
	before=$(ls /sys/block /dev)
	log_mark native
	load_modules
	rescan_ours
	same "lines about multipath=N" 1 "$(log_since native | grep -c 'nvme_core.multipath=N')"
	same "lines of ours" 1 "$(log_since native | grep -c 'mpath_nvme:')"
	same "heads of ours" '' "$(heads)"
	same "nodes" "$before" "$(ls /sys/block /dev)"
	local h
	for h in $(native_heads); do
		same "exclusive open of $h" OK "$("$programs/opens" rwx "/dev/$h")"
		run_fio 64 --ioengine=io_uring --direct=1 --filename="/dev/$h" --rw=randwrite \
			--size=256k --iodepth=8
	done
	unload_modules
}

dump_native()
{
	local h
	for h in $(native_heads); do
		dump "$h" "$dumps/native/$(<"/sys/block/$h/wwid")"
	done
}

like_native()
{
	local h
	fresh
	[[ -n $(ls "$dumps/native") ]] || fail "there is no dump of a native head"
	reload_nvme N
	wait_for 20 have_disks
	load_modules
	wait_for 10 all_claimed
	for h in $(heads); do
		dump "$h" "$dumps/ours/$(<"/sys/block/$h/wwid")"
	done
	[[ -e $dumps/ours/$(<"/sys/block/$h/wwid")/logical_block_size ]] || fail "nothing dumped"
	diff -ru "$dumps/native" "$dumps/ours"
	unload_modules
}

dumps=$work/dumps mnt=$work/mnt
mkdir "$dumps" "$mnt"
nr_disks=$(path_disks | wc -l)
nr_heads=$(cat /sys/block/nvme*n*/wwid | sort -u | wc -l)

begin 6
check "a namespace below dm is left alone until released and looked at again" held_by_dm
check "a mounted namespace is left alone, with one line in the log" held_by_mount
check "a claimed namespace cannot be taken by dm, mount or mkfs" claimed_from_others
check "with native multipath: nothing claimed, one line in the log" native
check "the native heads can be dumped" dump_native
check "queue limits and attributes are those of the native head" like_native
ktap_finished
