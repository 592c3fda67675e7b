#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# LVM and a file system on the head, over a reboot (scripts/guest --boots 2) and over the
# loss of all paths: they come back, on the head, and LVM sees no duplicates.
#
# The guest has subsystem A (two controllers).

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
# shellcheck source-path=SCRIPTDIR source=udev_lib.sh
. "$here/udev_lib.sh"
udev_runs || skip_all "udev does not run here (scripts/guest --udev)"
command -v lvs >/dev/null || skip_all "lvm2 is not installed"

# the runner's pipes
export LVM_SUPPRESS_FD_WARNINGS=1
mnt=/mnt/mpath
mkdir -p $mnt
lv=/dev/vgmpath/data

# One PV, on the head, and not a word about others.
pvs_are()	# pvs_are HEAD
{
	pvs --noheadings -o pv_name,vg_name >"$work/pvs" 2>"$work/pvs.err" || true
	cat "$work/pvs" "$work/pvs.err"
	same "PVs" "/dev/$1 vgmpath" "$(xargs <"$work/pvs")"
	same "what LVM complains about" '' "$(<"$work/pvs.err")"
}

sums_are_right() { (cd $mnt && sha256sum --quiet -c sums); }

make_it()
{
	pvcreate -y "/dev/$head"
	vgcreate -y vgmpath "/dev/$head"
	lvcreate -y -n data -L 32m vgmpath
	udevadm settle
	mkfs.ext4 -q -L mpdata $lv
	mount $lv $mnt
	head -c 8M /dev/urandom >$mnt/random
	(cd $mnt && sha256sum random >sums)
	umount $mnt
	vgchange -an vgmpath
	udev_settled
	pvs_are "$head"
	same "type of the head" LVM2_member "$(property "$head" ID_FS_TYPE)"
}

# udev tells LVM of the head and of it alone: what event activation goes by.
lvm_was_told()
{
	local path
	same "type of the head" LVM2_member "$(property "$head" ID_FS_TYPE)"
	same "VG on the head" vgmpath "$(property "$head" LVM_VG_NAME_COMPLETE)"
	for path in $(paths_of "$head"); do
		same "type of $path" mpath_member "$(property "$path" ID_FS_TYPE)"
		same "VG on $path" '' "$(property "$path" LVM_VG_NAME_COMPLETE)"
	done
	pvs_are "$head"
}

there_after_boot()
{
	vgchange -ay vgmpath
	udevadm settle
	same "device below the LV" "$head" "$(lsblk -sno NAME,TYPE $lv | awk '$2 == "disk" { print $1 }' | grep -o "$head" | sort -u)"
	fsck.ext4 -fn $lv
	mount LABEL=mpdata $mnt
	sums_are_right
}

one_path_goes()
{
	local path
	path=$(paths_of "$head" | head -n 1)
	echo 1 >"/sys/bus/pci/devices/$(pci_of "$path")/remove"
	wait_for 20 has_paths "$head" 1
	head -c 2M /dev/urandom >$mnt/more
	(cd $mnt && sha256sum more >>sums)
	sync -f $mnt
	rescan_pci
	wait_for 20 has_paths "$head" 2
	udev_settled
	echo 3 >/proc/sys/vm/drop_caches
	sums_are_right
	pvs_are "$head"
}

# Without a grace period the head goes with them, and what is on it has errors.
all_paths_go()
{
	sync -f $mnt
	umount $mnt
	pull_all "$head"
	wait_for 20 gone "/sys/block/$head"
	dmsetup remove vgmpath-data
	rescan_pci
	wait_for 30 some_head "$_pulled"
	head=$_head
	udev_settled
	# (that the VG is complete LVM says to udev only once a boot)
	same "type of the head" LVM2_member "$(property "$head" ID_FS_TYPE)"
	pvs_are "$head"
	there_after_boot
	umount $mnt
	vgchange -an vgmpath
}

# What docs/install.md tells the user to do: LVM by itself does not ask udev.
ask_udev() { echo 'devices { external_device_info_source = "udev" }' >>/etc/lvm/lvmlocal.conf; }

ask_udev
start_unloaded
install_rules
# The guest's udev ran before there were rules and modules, as no real one does: what it has
# activated on a path goes, with LVM's notes of it.
! dmsetup info vgmpath-data >/dev/null 2>&1 || dmsetup remove --retry vgmpath-data
rm -rf /run/lvm/pvs_online /run/lvm/vgs_online
start_loaded
head=${MPATH_BLOCK##*/}
udev_settled
if [[ ${MPATH_BOOT:-1} == 1 ]]; then
	begin 1
	check "LVM and a file system are made on the head" make_it
else
	begin 4
	check "after a reboot LVM is told of the head and not of the paths" lvm_was_told
	check "and the file system is there" there_after_boot
	check "a path goes and comes, LVM stays with the head" one_path_goes
	check "all paths go and come, LVM and the file system come back" all_paths_go
fi
ktap_finished
