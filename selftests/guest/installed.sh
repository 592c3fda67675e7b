#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A guest whose root has the package installed, and which is switched by modprobe.d: the
# nodes are there after boot. Started by selftests/package/package.sh.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
modinfo mpath_nvme >/dev/null 2>&1 || skip_all "the package is not installed here"

nodes_are_there()
{
	local path
	same "multipath" N "$(</sys/module/nvme_core/parameters/multipath)"
	refused grep -q nvme_core.multipath /proc/cmdline
	# udev has settled before this was started
	[[ -b /dev/nvme1000n1 && -c /dev/ng1000n1 ]]
	all_claimed
	has_paths nvme1000n1 2
	for path in $(path_disks); do
		same "$path" mpath_member "$(lsblk -dno FSTYPE "/dev/$path")"
	done
	same "by-id" /dev/nvme1000n1 "$(readlink -f /dev/disk/by-id/nvme-* | sort -u)"
}

they_work()
{
	nvme id-ns /dev/ng1000n1 | grep -q nsze
	dd if=/dev/urandom of=/dev/nvme1000n1 bs=4k count=16 oflag=direct status=none
	dd if=/dev/nvme1000n1 of=/dev/null bs=4k count=16 iflag=direct status=none
	same "mode of the char device" "600 root:root" "$(stat -c '%a %U:%G' /dev/ng1000n1)"
}

begin 2
check "both nodes are there, nobody has loaded anything" nodes_are_there
check "and they work" they_work
ktap_finished
