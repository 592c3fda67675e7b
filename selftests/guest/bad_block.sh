#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An error of the medium reaches the reader through the head, whatever part of
# a large read it is in, and is not mistaken for a path's failure.
# The guest's namespace has one sector that cannot be read (bad=1024).

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
named_devices

bad=1024		# 512 KiB into the disk

read_at()	# read_at DEVICE BYTES COUNT OFFSET-IN-UNITS
{
	dd if="$1" of=/dev/null bs="$2" count="$3" skip="$4" iflag=direct 2>"$work/dd"
}

failovers() { sum "$head" failovers; }

# The request limit is far below the 2 MiB that are read, so the head splits
# them; the bad sector is in the part that starts at byte $1.
large_read_fails()
{
	local limit before
	limit=$(<"/sys/block/$head/queue/max_sectors_kb")
	((limit <= 512)) || fail "a request takes $limit KiB: nothing would be split"
	before=$(failovers)
	refused read_at "$MPATH_BLOCK" 1M 1 "$1"
	grep -q 'No data available' "$work/dd" || fail "not a medium error: $(<"$work/dd")"
	same "failovers" "$before" "$(failovers)"
}

neighbours_are_fine()
{
	read_at "$MPATH_BLOCK" 512 1 $((bad - 1))
	read_at "$MPATH_BLOCK" 512 1 $((bad + 1))
	refused read_at "$MPATH_BLOCK" 512 1 $bad
	read_at "$MPATH_BLOCK" 1M 1 1
}

# The first part of a read fails and the rest ends well: with the bad sector in
# the first 512 KiB of what is read.
first_part_fails()
{
	local before
	before=$(failovers)
	refused dd if="$MPATH_BLOCK" of=/dev/null bs=1M count=1 skip=$((bad * 512 - 4096)) \
		iflag=direct,skip_bytes
	same "failovers" "$before" "$(failovers)"
}

# Each path's queue, not the head's, splits what it gets, each time that the device is asked.
split_by_the_path()
{
	local path before
	for path in $(paths_of "$head"); do
		echo 4 >"/sys/block/$path/queue/max_sectors_kb"
	done
	(($(<"/sys/block/$head/queue/max_sectors_kb") > 64)) || fail "the head splits, too"
	before=$(failovers)
	for ((i = 0; i < 7; i++)); do
		refused read_at "$MPATH_BLOCK" 64K 1 8
		grep -q 'No data available' "$work/dd" || fail "not a medium error: $(<"$work/dd")"
	done
	same "failovers" "$before" "$(failovers)"
	read_at "$MPATH_BLOCK" 64K 7 1
	same "in flight" 0 "$(<"/sys/block/$head/mpath_stats/in_flight")"
}

passthrough_says_so()
{
	# 0x281 is Unrecovered Read Error (NVMe base specification, media errors)
	refused nvme read "$MPATH_CHAR" -s $bad -c 0 -z 512
	grep -qi 'unrecovered read error\|0x281\|0x4281' "$work/refused" ||
		fail "another error: $(<"$work/refused")"
	refused nvme read "${path_chars[0]}" -s $bad -c 0 -z 512
}

begin 5
check "block: the sector alone fails, its neighbours are read" neighbours_are_fine
check "block: a large read whose last part fails is an error" large_read_fails 0
check "block: a large read whose first part fails is an error" first_part_fails
check "block: a read that the path splits fails, again and again" split_by_the_path
check "char: the status of the medium's error, as on a path" passthrough_says_so
ktap_finished
