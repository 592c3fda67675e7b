#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Paths whose device takes its time, so that there are always commands in
# flight: what becomes of them when their path is reset or goes. The device
# keeps no data, so only errors and counters are looked at.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
named_devices scratch
command -v fio >/dev/null || skip_all "fio is not installed"
mapfile -t paths < <(paths_of "$head")
nr_paths=${#paths[@]}
((nr_paths > 1)) || skip_all "$head has one path only"

char_load=(--rw=randrw --size=8m --iodepth=32 --ioengine=io_uring_cmd --cmd_type=nvme --filename="$MPATH_CHAR")
block_load=(--rw=randrw --size=8m --iodepth=32 --ioengine=io_uring --direct=1 --filename="$MPATH_BLOCK")

in_flight()	# in_flight PATH: some commands are
{
	local reads writes
	read -r reads writes <"/sys/block/$1/inflight"
	((reads + writes > 2))
}

reset()	# reset PATH
{
	echo 1 >"/sys/class/nvme/$(ctrl_of "$1")/reset_controller"
}


spread_by_depth()
{
	local total=0
	local -A before
	set_policy "$head" queue-depth
	with_fio "${block_load[@]}" -- count_bios
}

count_bios()
{
	local p n
	for p in "${paths[@]}"; do
		before[$p]=$(counter "$head" "$p" bios)
	done
	wait_for 20 more_than bios $(($(sum "$head" bios) + 600))
	for p in "${paths[@]}"; do
		total=$((total + $(counter "$head" "$p" bios) - before[$p]))
	done
	for p in "${paths[@]}"; do
		n=$(($(counter "$head" "$p" bios) - before[$p]))
		echo "$p: $n of $total"
		((n * nr_paths * 10 >= total * 8)) || fail "$p has less than its share"
	done
}

# Bios that meet a reset end on this or another path, and their submitter
# learns nothing of it. (The emulated device ends what it has before it lets go
# of a queue, so none has to fail over here; NVMe over TCP is another matter.)
reset_one()
{
	set_policy "$head" round-robin
	with_fio "${block_load[@]}" -- reset_in_turn
	same "failed bios" 0 "$(<"/sys/block/$head/mpath_stats/failed")"
}

reset_in_turn()
{
	local round p
	for ((round = 0; round < $(some 3 2); round++)); do
		for p in "${paths[@]}"; do
			wait_for 20 in_flight "$p"
			reset "$p"
			wait_for 20 live "$p"
			goes_on bios
		done
	done
}

reset_all()
{
	set_policy "$head" round-robin
	with_fio "${block_load[@]}" -- reset_at_once
	same "failed bios" 0 "$(<"/sys/block/$head/mpath_stats/failed")"
}

reset_at_once()
{
	local round p pid pids
	for ((round = 0; round < 3; round++)); do
		pids=()
		for p in "${paths[@]}"; do
			wait_for 20 in_flight "$p"
		done
		for p in "${paths[@]}"; do
			reset "$p" &
			pids+=($!)
		done
		for pid in "${pids[@]}"; do
			wait_for 20 finished "$pid"
			wait "$pid"
		done
		goes_on bios
	done
}

# Taking a path out in good order lets its commands end first.
pull()	# pull COUNTER FIO-OPTION...
{
	local name=$1
	shift
	set_policy "$head" round-robin
	with_fio "$@" -- pull_in_turn "$name"
}

pull_in_turn()
{
	local round p
	for ((round = 0; round < $(some 2 1) * nr_paths; round++)); do
		goes_on "$1"
		p=$(paths_of "$head" | sed -n "$((round % nr_paths + 1))p")
		echo 1 >"/sys/bus/pci/devices/$(pci_of "$p")/remove"
		wait_for 1 gone "/sys/block/$head/multipath/$p"
		goes_on "$1"
		rescan_pci
		wait_for 30 has_paths "$head" "$nr_paths"
	done
}

# The last path goes below a loaded node: fio gets errors and ends, the nodes
# vanish, nothing hangs, and all comes back with the devices.
last_path()	# last_path FIO-OPTION...
{
	local p fio status=0
	wait_for 30 has_paths "$head" "$nr_paths"
	fio --thread --name=job --bs=4k --time_based --runtime=$((200 * slow)) --eta=never --output="$work/fio" "$@" \
		>"$work/fio.err" 2>&1 &
	fio=$!
	# shellcheck disable=SC2064	# the process of now
	trap "kill -9 $fio 2>/dev/null" EXIT
	goes_on "$name"
	for p in $(paths_of "$head"); do
		echo 1 >"/sys/bus/pci/devices/$(pci_of "$p")/remove"
	done
	wait_for 5 gone "$MPATH_BLOCK"
	wait_for 5 gone "$MPATH_CHAR"
	wait_for 20 finished $fio || { cat "/proc/$fio/stack"; fail "fio hangs"; }
	wait $fio || status=$?
	trap - EXIT
	((status != 0)) || fail "fio ended well without a device"
	cat "$work/fio.err"
	rescan_pci
	wait_for 30 has_paths "$head" "$nr_paths"
}

last_char() { local name=uring_cmds; set_policy "$head" round-robin; last_path "${char_load[@]}"; }
last_block() { local name=bios; set_policy "$head" round-robin; last_path "${block_load[@]}"; }

unload()
{
	rmmod mpath_nvme
	rmmod libmultipath_cxx
	rmmod nvme
}

begin 8
check "queue-depth: even shares on paths that are equally slow" spread_by_depth
check "controller resets with bios in flight: none fails" reset_one
check "all controllers reset at once with bios in flight: none fails" reset_all
check "block: a path is pulled with bios in flight" pull bios "${block_load[@]}"
check "char: a path is pulled with commands in flight" pull uring_cmds "${char_load[@]}"
check "char: the last path goes with commands in flight" last_char
check "block: the last path goes with bios in flight" last_block
check "nothing leaked: our modules and the NVMe driver unload" unload
ktap_finished
