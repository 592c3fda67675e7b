#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The udev rules: the persistent links lead to the head, and a path is marked
# as one for LVM, mdadm and systemd for as long as it is one.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
# shellcheck source-path=SCRIPTDIR source=udev_lib.sh
. "$here/udev_lib.sh"
udev_runs || skip_all "udev does not run here (scripts/guest --udev)"

links_lead_to_the_head()
{
	local link n=0
	for link in /dev/disk/by-id/nvme-*; do
		same "$link" "/dev/$head" "$(readlink -f "$link")"
		n=$((n + 1))
	done
	((n > 0)) || fail "no link at all"
}

paths_are_marked()	# paths_are_marked [MARK-OF-HEAD]
{
	local path
	for path in $(paths_of "$head"); do
		same "$path DM_MULTIPATH_DEVICE_PATH" 1 "$(property "$path" DM_MULTIPATH_DEVICE_PATH)"
		same "$path SYSTEMD_READY" 0 "$(property "$path" SYSTEMD_READY)"
		same "$path ID_FS_TYPE" mpath_member "$(property "$path" ID_FS_TYPE)"
	done
	same "$head DM_MULTIPATH_DEVICE_PATH" "$1" "$(property "$head" DM_MULTIPATH_DEVICE_PATH)"
}

given_back()
{
	local path
	wait_for 10 rmmod mpath_nvme	# udev may have a node open for a moment
	udevadm settle
	for path in $(path_disks); do
		same "$path DM_MULTIPATH_DEVICE_PATH" '' "$(property "$path" DM_MULTIPATH_DEVICE_PATH)"
		same "$path SYSTEMD_READY" '' "$(property "$path" SYSTEMD_READY)"
	done
	for link in /dev/disk/by-id/nvme-*; do
		[[ $(readlink -f "$link") == /dev/nvme[0-9]n1 ]] || fail "$link: $(readlink "$link")"
	done
}

# With the rules of multipath-tools, which have a say of their own, if they are there.
with_multipath_tools()
{
	[[ -e $theirs.off ]] || skip "multipath-tools is not installed"
	mv "$theirs.off" "$theirs"
	udevadm control --reload
	insmod "$modules/mpath_nvme.ko"
	wait_for 10 all_claimed
	udevadm settle
	paths_are_marked 0	# theirs say "no path" of the head, not nothing
	given_back
}

theirs=/lib/udev/rules.d/60-multipath.rules
[[ ! -e $theirs ]] || mv "$theirs" "$theirs.off"
start_unloaded
install_rules
start_loaded
head=${MPATH_BLOCK##*/}
udevadm settle
begin 4
check "by-id links lead to the head, none to a path" links_lead_to_the_head
check "paths are marked as such, the head is not" paths_are_marked
check "after unloading the paths are ordinary disks again" given_back
check "the same beside multipath-tools" with_multipath_tools
ktap_finished
