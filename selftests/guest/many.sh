#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Sizes: 64 paths on a head and not one more, and many heads. The guest has a
# subsystem with 65 controllers and one with 32 namespaces.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only

heads_with()	# heads_with PATHS: how many heads have that many
{
	local h n=0
	for h in $(heads); do
		! has_paths "$h" "$1" || n=$((n + 1))
	done
	echo $n
}
settled() { (($(heads_with 64) == 1 && $(heads_with 1) == 32)); }
refused_lines() { dmesg | grep -c 'mpath_nvme: .*refused as a path of .*: 64 is the most'; }
one_refused() { (($(refused_lines) == 1)); }

all_join()
{
	local h
	load_modules policy=round-robin
	wait_for 60 settled
	wait_for 10 one_refused
	for h in $(heads); do
		there "/dev/$h"
		there "/dev/${h/nvme/ng}"
	done
}

big_head()
{
	local h
	for h in $(heads); do
		! has_paths "$h" 64 || echo "$h"
	done
}

each_path_carries()
{
	local h path before n=0
	h=$(big_head)
	# the size is 1 MiB: 256 blocks, four on each path
	before=$(sum "$h" bios)
	dd if="/dev/$h" of=/dev/null bs=4k count=256 iflag=direct
	same "bios" 256 $(($(sum "$h" bios) - before))
	for path in $(paths_of "$h"); do
		(($(counter "$h" "$path" bios) >= 4)) || fail "$path carried $(counter "$h" "$path" bios)"
		n=$((n + 1))
	done
	same "paths" 64 $n
}

# A place that gets free is taken by the path that was refused, on a rescan.
the_refused_one_joins_later()
{
	local h path
	h=$(big_head)
	path=$(paths_of "$h" | head -n 1)
	echo 1 >"/sys/bus/pci/devices/$(pci_of "$path")/remove"
	wait_for 2 gone "/sys/block/$h/multipath/$path"
	has_paths "$h" 63
	echo 1 >/sys/module/mpath_nvme/parameters/rescan
	wait_for 5 has_paths "$h" 64
}

everything_unloads()
{
	unload_modules
	rmmod nvme
	gone /sys/module/nvme
}

start_unloaded
begin 4
check "64 paths join one head, the 65th is refused, 32 other heads appear" all_join
check "round-robin reaches each of the 64 paths" each_path_carries
check "a refused path joins when there is room and a rescan is asked for" the_refused_one_joins_later
check "everything unloads" everything_unloads
ktap_finished
