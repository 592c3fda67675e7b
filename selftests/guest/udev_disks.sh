#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Disks, partitions and their links with the udev rules: what is on the head appears and
# stays there whatever happens to paths, nobody gets at a path, and for disks that are not
# ours nothing changes.
#
# The guest has subsystem A (two controllers); the disk of another kind is scsi_debug's.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
# shellcheck source-path=SCRIPTDIR source=udev_lib.sh
. "$here/udev_lib.sh"
udev_runs || skip_all "udev does not run here (scripts/guest --udev)"
command -v sfdisk >/dev/null || skip_all "fdisk is not installed"

# What udev knows of a disk, without what is new with each event. (DEVLINKS has the links in
# any order; the lines with S: have them, too.)
known() { udevadm info --query=all "/dev/$1" | grep -Ev 'USEC_INITIALIZED|DEVLINKS|^$' | sort; }

# A file system on it, so that there is something to look for.
others_unchanged()
{
	local disk
	mkfs.ext4 -q -L other /dev/sda
	remove_rules
	udevadm trigger --action=add --settle /dev/sda /dev/nvme0n1
	known sda >"$work/sda"
	known nvme0n1 >"$work/nvme0n1"
	grep -q ID_FS_LABEL=other "$work/sda"
	grep -q by-id/nvme- "$work/nvme0n1"
	install_rules
	# also an NVMe disk, as long as the modules are not there
	for disk in sda nvme0n1; do
		udevadm trigger --action=add --settle "/dev/$disk"
		known "$disk" >"$work/$disk.with"
		diff "$work/$disk" "$work/$disk.with"
	done
	load_modules
	udev_settled
	udevadm trigger --action=add --settle /dev/sda
	known sda >"$work/sda.with"
	diff "$work/sda" "$work/sda.with"
}

# its line has no end
waits_for_disks() { look "/proc/$1/wchan"; [[ $_seen == mpn_settle ]]; }	# waits_for_disks PID

# settle ends when a disk that somebody holds has been left alone, not before.
settle_waits()
{
	local p pid begin settle=/sys/module/mpath_nvme/parameters/settle
	rmmod mpath_nvme
	udevadm settle
	p=$(path_disks | head -n 1)
	DM_DISABLE_UDEV=1 dmsetup create mpath_test --table "0 $(blockdev --getsz "/dev/$p") linear /dev/$p 0"
	dmesg -C
	insmod "$modules/mpath_nvme.ko"
	# The disk is asked for two seconds, which may be over on a busy machine.
	echo 30 >"$settle" &
	pid=$!
	if wait_for 1 waits_for_disks $pid; then
		begin=$(now_ms)
		same "another parameter meanwhile" numa "$(</sys/module/mpath_nvme/parameters/policy)"
		(($(now_ms) - begin < 1000)) || fail "it was read only when settle had ended"
	else
		echo "note: settle did not wait when it was looked at"
	fi
	if { echo 0 >$settle; } 2>"$work/refused"; then
		echo "note: the two seconds were over"
	else
		grep -q 'timed out' "$work/refused"
	fi
	wait $pid
	dmesg | grep "mpath_nvme: $p: in use"
	same "paths that joined" $(($(path_disks | wc -l) - 1)) "$(paths_of "$(heads)" | wc -l)"
	refused bash -c "echo 61 >$settle"
	refused bash -c "echo x >$settle"
	DM_DISABLE_UDEV=1 dmsetup remove mpath_test
	echo 1 >/sys/module/mpath_nvme/parameters/rescan
	udev_settled
}

partitions_appear()
{
	printf 'label: gpt\nsize=16MiB, name=one\nname=two\n' | sfdisk -q "/dev/$head"
	udev_settled
	mkfs.ext4 -q -L mpone "/dev/${head}p1"
	udev_settled
	same "by-label" "/dev/${head}p1" "$(readlink -f /dev/disk/by-label/mpone)"
	same "by-partlabel" "/dev/${head}p2" "$(readlink -f /dev/disk/by-partlabel/two)"
	links_lead_to "$head"
	echo "note: links: $_links"
}

tree_is_shown()
{
	local path
	for path in $(paths_of "$head"); do
		lsblk -rno NAME,TYPE,FSTYPE "/dev/$path" >"$work/lsblk"
		cat "$work/lsblk"
		grep -qx "$path disk mpath_member" "$work/lsblk"
		grep -qx "$head disk *" "$work/lsblk"
		grep -qx "${head}p1 part ext4" "$work/lsblk"
	done
}

# As after a boot: both paths are new, with the partitions in their table.
all_come_back()
{
	local round
	for round in 1 2; do
		pull_all "$head"
		wait_for 20 gone "/sys/block/$head"
		udevadm settle
		# not a dangling one, either
		refused links_lead_to "$head"
		grep -q "no link at all" "$work/refused"
		rescan_pci
		wait_for 30 some_head "$_pulled"
		udev_settled
		head=$_head
		same "partition" "/dev/${head}p1" "$(readlink -f /dev/disk/by-label/mpone)"
		links_lead_to "$head"
	done
	echo "note: $head, links: $_links"
}

# One path at a time, with udev asked to look at everything again.
links_stay()
{
	local path pci
	for path in $(paths_of "$head"); do
		pci=$(pci_of "$path")
		echo 1 >"/sys/bus/pci/devices/$pci/remove"
		wait_for 20 has_paths "$head" 1
		udevadm settle
		links_lead_to "$head"
		rescan_pci
		wait_for 20 has_paths "$head" 2
		udev_settled
		links_lead_to "$head"
		udevadm trigger --settle --subsystem-match=block
		links_lead_to "$head"
		udevadm trigger --settle --action=add --subsystem-match=block
		links_lead_to "$head"
	done
}

path_partitions_are_marked()
{
	local path n=0
	for path in $(paths_of "$head"); do
		same "$path SYSTEMD_READY" 0 "$(property "$path" SYSTEMD_READY)"
		for part in /sys/block/"$path"/"$path"p*; do
			[[ -e $part ]] || continue
			same "${part##*/} SYSTEMD_READY" 0 "$(property "${part##*/}" SYSTEMD_READY)"
			same "${part##*/} DM_MULTIPATH_DEVICE_PATH" 1 "$(property "${part##*/}" DM_MULTIPATH_DEVICE_PATH)"
			n=$((n + 1))
		done
	done
	((n == 4)) || fail "path partitions: $n"
	same "${head}p1 SYSTEMD_READY" '' "$(property "${head}p1" SYSTEMD_READY)"
}

# What each tool says of a path, and of the head that it gets.
nobody_gets_a_path()
{
	local path
	path=$(paths_of "$head" | head -n 1)
	mkdir -p /mnt/mpath
	refused mount "/dev/$path" /mnt/mpath
	refused mount "/dev/${path}p1" /mnt/mpath
	grep -q 'already mounted or mount point busy' "$work/refused"
	mount LABEL=mpone /mnt/mpath
	same "mounted" "/dev/${head}p1" "$(findmnt -no SOURCE /mnt/mpath)"
	umount /mnt/mpath
	if command -v mdadm >/dev/null; then
		refused mdadm --create /dev/md9 --run --level=1 --raid-devices=2 "/dev/${path}p2" missing
		grep -q 'busy' "$work/refused"
	fi
	if command -v pvcreate >/dev/null; then
		LVM_SUPPRESS_FD_WARNINGS=1 refused pvcreate -y "/dev/${path}p2"
		cat "$work/refused"
		grep -Eqi 'excluded|exclusively|cannot use' "$work/refused"
	fi
}

start_unloaded
modprobe scsi_debug dev_size_mb=16
wait_for 10 there /dev/sda
begin 8
check "for disks that are not ours the rules change nothing" others_unchanged
check "settle waits until each disk has joined or was left alone" settle_waits
head=$(heads)
has_paths "$head" 2 || { echo "Bail out! the head does not have its two paths"; exit 1; }
check "partitions and file systems on the head get their links" partitions_appear
check "lsblk shows the head and its partitions below each path" tree_is_shown
check "the links lead to the head while paths go and come" links_stay
# in this shell: the head may be another one then
all_come_back >"$work/all" 2>&1
status=$?
check "and when all paths have gone and come" eval "cat $work/all; ((!$status))"
check "partitions of paths are marked, too" path_partitions_are_marked
check "mount, mdadm and LVM do not get a path" nobody_gets_a_path
ktap_finished
