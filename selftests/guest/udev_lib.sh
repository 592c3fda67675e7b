# SPDX-License-Identifier: GPL-2.0
# For tests of the udev rules with the real udevd; after lib.sh.
# shellcheck shell=bash

udev_runs() { pgrep -x systemd-udevd >/dev/null || pgrep udevd >/dev/null; }

rules_dir=/usr/lib/udev/rules.d

# Rules apply to events that come after this.
install_rules() { cp "$root"/scripts/udev/*.rules $rules_dir/ && udevadm control --reload; }
remove_rules()
{
	local rules
	for rules in "$root"/scripts/udev/*.rules; do
		rm -f "$rules_dir/${rules##*/}"
	done
	udevadm control --reload
}

property() { udevadm info --query=property --property="$2" --value "/dev/$1"; }

# Every by-* link to an NVMe disk or a partition leads to the head or to one of its
# partitions; in $_links how many there are.
links_lead_to()	# links_lead_to HEAD
{
	local link seen
	_links=0
	for link in /dev/disk/by-*/*; do
		seen=$(readlink -f "$link")
		[[ $seen == /dev/nvme* ]] || continue
		[[ $seen == "/dev/$1" || $seen == "/dev/$1"p* ]] ||
			{ echo "$link leads to $seen"; return 1; }
		_links=$((_links + 1))
	done
	((_links)) || { echo "no link at all"; return 1; }
}

# When udev has done what it has to do all paths of the disks that are there have joined.
udev_settled()
{
	udevadm settle --timeout=$((60 * slow)) && wait_for 10 all_claimed && udevadm settle --timeout=$((60 * slow))
}

pull_all()	# pull_all HEAD: in $_pulled the number of its paths
{
	local path
	_pulled=0
	for path in $(paths_of "$1"); do
		echo 1 >"/sys/bus/pci/devices/$(pci_of "$path")/remove"
		_pulled=$((_pulled + 1))
	done
}
some_head() { _head=$(heads | head -n 1); [[ -n $_head ]] && has_paths "$_head" "$1"; }	# some_head PATHS
