#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A path goes and comes back while fio runs with verification: the path leaves
# within a second of its removal, joins within a second of its disk's return and
# carries I/O again, and fio sees no error. Controller resets under block I/O go
# unseen too. Nothing is leaked: afterwards the NVMe driver unloads.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
named_devices scratch
command -v fio >/dev/null || skip_all "fio is not installed"
nr_paths=${#path_chars[@]}
((nr_paths > 1)) || skip_all "$head has one path only"

rounds=$(some 4 2)
verified=(--rw=randwrite --size=4m --iodepth=16 --verify=crc32c --verify_backlog=64 --verify_fatal=1)
char_load=("${verified[@]}" --ioengine=io_uring_cmd --cmd_type=nvme --filename="$MPATH_CHAR")
block_load=("${verified[@]}" --ioengine=io_uring --direct=1 --filename="$MPATH_BLOCK")

much_verified()
{
	local reads writes
	IFS=, read -r reads writes < <(fio_issued "$work/fio")
	echo "fio wrote $writes blocks and verified $reads"
	((reads > 100 && writes > 100)) || fail "that is too little to mean anything"
}

carries()	# carries PATH COUNTER BASE: ten more than that
{
	local now
	now=$(counter "$head" "$1" "$2" 2>/dev/null) && ((now >= $3 + 10))
}

# lose_and_regain COUNTER
lose_and_regain()
{
	local name=$1 round path pci since
	for ((round = 0; round < rounds; round++)); do
		# the other path each time
		path=$(paths_of "$head" | sed -n "$((round % nr_paths + 1))p")
		pci=$(pci_of "$path")
		wait_for 20 carries "$path" "$name" "$(counter "$head" "$path" "$name")"
		echo "round $round: $path ($pci) goes"
		echo 1 >"/sys/bus/pci/devices/$pci/remove"
		wait_for 1 gone "/sys/block/$head/multipath/$path"
		wait_for 1 gone "/sys/block/$head/mpath_stats/$path"
		goes_on "$name"
		rescan_pci
		wait_for 30 path_disk_of "$pci"
		since=$(now_ms)
		path=$(path_disk_of "$pci")
		wait_for 1 there "/sys/block/$head/multipath/$path"
		echo "$path joined after $(($(now_ms) - since)) ms"
		wait_for 5 there "/sys/block/$head/mpath_stats/$path/$name"
		wait_for 20 carries "$path" "$name" 0
	done
}

path_disk_of()	# path_disk_of PCI-ADDRESS: the name of the namespace's disk there
{
	local dir
	for dir in "/sys/bus/pci/devices/$1/nvme/"nvme*/nvme*n*; do
		[[ ! -e $dir ]] || { echo "${dir##*/}"; return; }
	done
	return 1
}

lose()	# lose POLICY COUNTER FIO-OPTION...
{
	local policy=$1 name=$2
	shift 2
	set_policy "$head" "$policy"
	with_fio "$@" -- lose_and_regain "$name"
	much_verified
}

reset_controllers()
{
	local round path ctrl
	for ((round = 0; round < $(some 6 4); round++)); do
		path=$(paths_of "$head" | sed -n "$((round % nr_paths + 1))p")
		ctrl=/sys/class/nvme/$(ctrl_of "$path")
		wait_for 20 carries "$path" bios "$(counter "$head" "$path" bios)"
		echo 1 >"$ctrl/reset_controller"
		goes_on bios
		wait_for 20 is_live "$ctrl"
	done
	same "failed bios" 0 "$(<"/sys/block/$head/mpath_stats/failed")"
	has_paths "$head" "$nr_paths" || fail "a path left by a reset"
}
is_live() { line_is "$1/state" live; }

resets()
{
	set_policy "$head" round-robin
	with_fio "${block_load[@]}" -- reset_controllers
	much_verified
}

# All controllers at once: bios wait for the first that is back.
reset_all()
{
	set_policy "$head" round-robin
	with_fio "${block_load[@]}" -- reset_at_once
	much_verified
}

reset_at_once()
{
	local round path pid pids
	for round in 1 2 3; do
		goes_on bios
		pids=()
		for path in $(paths_of "$head"); do
			echo 1 >"/sys/class/nvme/$(ctrl_of "$path")/reset_controller" &
			pids+=($!)
		done
		for pid in "${pids[@]}"; do
			wait_for 20 finished "$pid"
			wait "$pid"
		done
	done
	goes_on bios
	same "failed bios" 0 "$(<"/sys/block/$head/mpath_stats/failed")"
}

both_engines()
{
	set_policy "$head" round-robin
	fio --thread --name=char --filename="$MPATH_CHAR" --ioengine=io_uring_cmd --cmd_type=nvme \
		--offset=8m --size=4m --rw=randwrite --bs=4k --iodepth=8 --verify=crc32c \
		--verify_backlog=64 --time_based --runtime=$((200 * slow)) --eta=never --output="$work/fio2" &
	local other=$!
	with_fio "${block_load[@]}" -- lose_and_regain bios
	much_verified
	kill -0 $other || fail "fio on the char node ended: $(cat "$work/fio2")"
	kill -INT $other
	wait_for 30 finished $other
	wait $other || true
	fio_clean "$work/fio2"
}

# The last check: everything was given back.
unload()
{
	rmmod mpath_nvme
	rmmod libmultipath_cxx
	rmmod nvme
	gone /sys/module/nvme
}

begin 8
check "char, round-robin: removal and return of each path" lose round-robin uring_cmds "${char_load[@]}"
check "block, round-robin: removal and return of each path" lose round-robin bios "${block_load[@]}"
check "char and block, round-robin: both at once" both_engines
check "block, queue-depth: removal and return of each path" lose queue-depth bios "${block_load[@]}"
check "char, submission thread: removal and return" lose round-robin uring_cmds \
	"${char_load[@]}" --sqthread_poll=1 --fixedbufs=1 --registerfiles=1
check "controller resets under block I/O" resets
check "all controllers reset at once under block I/O" reset_all
check "nothing leaked: our modules and the NVMe driver unload" unload
ktap_finished
