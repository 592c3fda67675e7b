#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The two drivers of docs/examples, over the disks of two controllers: data, failover
# when a controller is pulled out, loading and unloading.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v fio >/dev/null || skip_all "fio is not installed"
start_unloaded
find_disks() { mapfile -t paths < <(path_disks); }
find_disks
((${#paths[@]} == 2)) || skip_all "needs two controllers, there are ${#paths[@]} paths"
insmod "$modules/libmultipath_cxx.ko" || { echo "Bail out! the library does not load"; exit 1; }

load() { insmod "$modules/$1.ko" paths="/dev/${paths[0]},/dev/${paths[1]}"; }
is_there() { [[ -b /dev/$1 ]]; }

# comes_and_goes MODULE HEAD
comes_and_goes()
{
	find_disks
	refused insmod "$modules/$1.ko"
	refused insmod "$modules/$1.ko" paths=/dev/null
	refused insmod "$modules/$1.ko" paths="/dev/${paths[0]},/dev/not-there"
	load "$1"
	wait_for 10 is_there "$2"
	same "size" "$(<"/sys/block/${paths[0]}/size")" "$(<"/sys/block/$2/size")"
	has_paths "$2" 2
	refused python3 -c "import os; os.open('/dev/${paths[0]}', os.O_RDWR | os.O_EXCL)"
	grep -q 'busy' "$work/refused"
	exec {open}<"/dev/$2"
	refused rmmod "${1##*/}"
	grep -q 'in use' "$work/refused"
	exec {open}<&-
	wait_for 10 rmmod "${1##*/}"
	gone "/sys/block/$2"
}

# data MODULE HEAD: written through the head, read from a path
data()
{
	find_disks
	load "$1"
	wait_for 10 is_there "$2"
	head -c 1M /dev/urandom >"$work/data"
	dd if="$work/data" of="/dev/$2" bs=64k oflag=direct status=none
	dd if="/dev/$2" of="$work/back" bs=4k count=256 iflag=direct status=none
	cmp "$work/data" "$work/back"
	wait_for 10 rmmod "${1##*/}"
	dd if="/dev/${paths[1]}" of="$work/back" bs=64k count=16 iflag=direct status=none
	cmp "$work/data" "$work/back"
}

bios() { look "/sys/block/$head/mpath_stats/$1/bios"; echo "$_seen"; }

pulled_out()
{
	goes_on bios
	"$1"
	echo 1 >"/sys/bus/pci/devices/$(pci_of "${paths[0]}")/remove"
	wait_for 10 line_is "/sys/block/$head/mpath_stats/${paths[0]}/state" disabled
	goes_on bios
}
in_turn() { (($(bios "${paths[0]}") > 10 && $(bios "${paths[1]}") > 10)) || fail "one path has nothing"; }
the_first() { same "bios on the second path" "$second" "$(bios "${paths[1]}")"; }

# failover MODULE HEAD CHECK: which paths have something as long as both are there
failover()
{
	find_disks
	load "$1"
	head=$2
	wait_for 10 is_there "$head"
	wait_for 10 settled
	second=$(bios "${paths[1]}")
	with_fio --rw=randwrite --size=4m --iodepth=8 --verify=crc32c --verify_backlog=64 --verify_fatal=1 \
		--ioengine=io_uring --direct=1 --filename="/dev/$head" -- pulled_out "$3"
	# without a path that may come back nothing waits
	echo 1 >"/sys/bus/pci/devices/$(pci_of "${paths[1]}")/remove"
	wait_for 10 line_is "/sys/block/$head/mpath_stats/${paths[1]}/state" disabled
	refused timeout 20 dd if="/dev/$head" of="$work/back" bs=4k count=1 iflag=direct
	grep -q 'Input/output error' "$work/refused"
	wait_for 10 rmmod "${1##*/}"
	rescan_pci
	wait_for 30 both_there
}
# the scan for partitions is over
settled()
{
	local before
	before=$(bios "${paths[0]}")
	usleep 200000
	[[ $before == "$(bios "${paths[0]}")" ]]
}
both_there()
{
	find_disks
	((${#paths[@]} == 2)) && [[ -b /dev/${paths[0]} && -b /dev/${paths[1]} ]]
}

begin 6
check "C: comes, is in use, and goes" comes_and_goes docs/examples/mpath_example_c mpex0
check "C: data" data docs/examples/mpath_example_c mpex0
check "C: both paths are used, one is pulled out, then the other" failover docs/examples/mpath_example_c mpex0 in_turn
check "C++: comes, is in use, and goes" comes_and_goes mpath_example_cxx mpexx0
check "C++: data" data mpath_example_cxx mpexx0
check "C++: the first path is used, it is pulled out, then the other" failover mpath_example_cxx mpexx0 the_first
unload_ours
ktap_finished
