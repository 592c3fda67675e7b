#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The policies, by what each path counts: numa uses one path, round-robin all of
# them evenly, queue-depth and service-time more than one when commands queue up.
# Nothing is lost in counting, and a change takes effect at once, under load.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
named_devices scratch
command -v fio >/dev/null || skip_all "fio is not installed"
mapfile -t paths < <(paths_of "$head")
((${#paths[@]} > 1)) || skip_all "$head has one path only"

blocks=512
before_all=$(<"/sys/block/$head/mpath_policy")

# What a counter of each path grew by is left in the array grew, by path.
declare -A grew
growth_of()	# growth_of COUNTER COMMAND...
{
	local name=$1 p
	local -A before
	shift
	for p in "${paths[@]}"; do
		before[$p]=$(counter "$head" "$p" "$name")
	done
	"$@"
	total=0
	for p in "${paths[@]}"; do
		grew[$p]=$(($(counter "$head" "$p" "$name") - before[$p]))
		total=$((total + grew[$p]))
		echo "$p: ${grew[$p]} $name"
	done
}

char_load()
{
	run_fio $blocks --ioengine=io_uring_cmd --cmd_type=nvme --filename="$MPATH_CHAR" \
		--rw=randwrite --size=$((blocks * 4))k --iodepth="${1:-16}"
}

block_load()
{
	run_fio $blocks --ioengine=io_uring --direct=1 --filename="$MPATH_BLOCK" \
		--rw=randwrite --size=$((blocks * 4))k --iodepth="${1:-16}"
}

all_counted() { same "commands counted" $((2 * blocks)) "$total"; }

one_path()	# one_path COUNTER LOAD
{
	local p used=0
	set_policy "$head" numa
	growth_of "$1" "$2"
	all_counted
	for p in "${paths[@]}"; do
		((grew[$p] == 0)) || used=$((used + 1))
	done
	same "paths used" 1 $used
}

evenly()	# evenly COUNTER LOAD
{
	local p share=$((2 * blocks / ${#paths[@]}))
	set_policy "$head" round-robin
	growth_of "$1" "$2"
	all_counted
	for p in "${paths[@]}"; do
		((grew[$p] * 10 >= share * 9 && grew[$p] * 10 <= share * 11)) ||
			fail "$p: ${grew[$p]} is not within 10 % of $share"
	done
}

# With commands queued up no path stays idle. (The native driver does not count
# passthrough: it would all go where the fewest bios are.)
no_path_idle()	# no_path_idle POLICY COUNTER LOAD
{
	local p
	set_policy "$head" "$1"
	growth_of "$2" "$3" 16
	all_counted
	for p in "${paths[@]}"; do
		((grew[$p] * 10 >= 2 * blocks / ${#paths[@]})) || fail "$p is idle: ${grew[$p]}"
	done
}

# One command at a time never meets another one: no path is busier than the
# best, so that any choice is right, but none is lost.
by_depth_of_one()
{
	set_policy "$head" queue-depth
	growth_of bios block_load 1
	all_counted
}

ioctls_spread()
{
	local n nsid
	nsid=$(<"/sys/block/$head/nsid")
	set_policy "$head" round-robin
	reads() { for n in {1..10}; do nvme io-passthru "$MPATH_CHAR" --opcode=2 \
		--namespace-id="$nsid" --data-len=4096 --cdw12=7 --read >/dev/null 2>&1; done; }
	growth_of ioctls reads
	same "ioctls counted" 10 "$total"
	for n in "${paths[@]}"; do
		((grew[$n] > 0)) || fail "$n got none"
	done
}

# As no_path_idle, of what ioctls in flight count.
ioctls_queued()	# ioctls_queued POLICY
{
	local p
	set_policy "$head" "$1"
	load() { "$programs/once" --ioctl "$MPATH_CHAR" --nsid "$(<"/sys/block/$head/nsid")" --depth 16 \
		--lba "$(<"/sys/block/$head/queue/logical_block_size")" --seconds $((4 * slow)) >"$work/once"; }
	growth_of ioctls load
	same "ioctls counted" "$(sed 's/.*issued=\([0-9]*\) .*/\1/' "$work/once")" "$total"
	for p in "${paths[@]}"; do
		((grew[$p] * 5 >= total / ${#paths[@]})) || fail "$p is idle: ${grew[$p]} of $total"
	done
}

sum_grows_by()	# sum_grows_by COUNTER BASE N
{
	(($(sum "$head" "$1") - $2 >= $3))
}

wait_growth()
{
	local base
	base=$(sum "$head" "$1")
	wait_for 20 sum_grows_by "$1" "$base" "$2"
}

# changes COUNTER FIO-OPTION...: under load, numa to round-robin to numa
changes()
{
	local name=$1 p used=0 fio
	shift
	set_policy "$head" numa
	timeout $((120 * slow)) fio --thread --name=job --rw=randread --bs=4k --size=8m --time_based --runtime=$((100 * slow)) \
		--iodepth=8 --eta=never --output="$work/fio" "$@" &
	fio=$!
	# shellcheck disable=SC2064	# the process of now
	trap "kill $fio; wait $fio" EXIT
	wait_growth "$name" 200
	growth_of "$name" wait_growth "$name" 200
	for p in "${paths[@]}"; do
		((grew[$p] == 0)) || used=$((used + 1))
	done
	same "paths used by numa" 1 $used
	set_policy "$head" round-robin
	growth_of "$name" wait_growth "$name" 400
	for p in "${paths[@]}"; do
		((grew[$p] * ${#paths[@]} * 10 >= total * 9)) || fail "$p: ${grew[$p]} of $total by round-robin"
	done
	set_policy "$head" numa
	# a command that is being submitted now may still go the old way
	growth_of "$name" wait_growth "$name" 200
	used=0
	for p in "${paths[@]}"; do
		((grew[$p] <= 4)) || used=$((used + 1))
	done
	same "paths used by numa again" 1 $used
	kill -0 $fio || fail "fio did not live that long: $(cat "$work/fio")"
	kill -INT $fio
	wait $fio || true
	trap - EXIT
	fio_clean "$work/fio"
}

# A line for a change, that says of which disk; none for a value that it has already.
changes_are_told()
{
	local first second
	set_policy "$head" numa
	dmesg -C
	set_policy "$head" round-robin
	set_policy "$head" round-robin
	set_policy "$head" numa
	{ read -r first; read -r second; } < <(dmesg -t | grep 'iopolicy changed')
	same "first line" "$head: iopolicy changed from numa to round-robin" "${first#block }"
	same "second line" "$head: iopolicy changed from round-robin to numa" "${second#block }"
	same "lines" 2 "$(dmesg | grep -c 'iopolicy changed')"
}

begin 15
check "numa: one path carries all commands of the char node" one_path uring_cmds char_load
check "numa: one path carries all I/O of the block node" one_path bios block_load
check "round-robin: even shares of the char node's commands" evenly uring_cmds char_load
check "round-robin: even shares of the block node's I/O" evenly bios block_load
check "round-robin: ioctls take turns" ioctls_spread
check "queue-depth: no path of the block node idle under load" no_path_idle queue-depth bios block_load
check "queue-depth: no path of the char node idle under load" no_path_idle queue-depth uring_cmds char_load
check "service-time: no path of the block node idle under load" no_path_idle service-time bios block_load
check "service-time: no path of the char node idle under load" no_path_idle service-time uring_cmds char_load
check "queue-depth: no path idle under ioctls" ioctls_queued queue-depth
check "service-time: no path idle under ioctls" ioctls_queued service-time
check "queue-depth: one command at a time, none lost" by_depth_of_one
check "a change takes effect at once on the char node" changes uring_cmds \
	--ioengine=io_uring_cmd --cmd_type=nvme --filename="$MPATH_CHAR"
check "a change takes effect at once on the block node" changes bios \
	--ioengine=io_uring --direct=1 --filename="$MPATH_BLOCK"
check "a change of policy is in the log, with the disk's name, once" changes_are_told
set_policy "$head" "$before_all"
ktap_finished
