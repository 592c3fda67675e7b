# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Load on a head while something happens to it: fio with verification on both nodes, and
# once (once.c) by io_uring, ioctl and on the disk, which checks that each command
# completes exactly once. Each has a part of the namespace for itself.

# how long a fault goes on: once, or for that many seconds
fault_secs=${MPATH_FAULT_SECS:-0}

# of a target's disk: the machine is idle half the time, and faults are dealt with at once
# shellcheck disable=SC2034	# used by nvmet_lib.sh
latency_ns=$((slow > 1 ? 50000000 * slow : 60000000))

load_pids=()
start_load()	# start_load COMMAND...: its output goes to $work/load.N, N counts from 0
{
	without_sigpipe "$@" >"$work/load.${#load_pids[@]}" 2>&1 &
	load_pids+=($!)
	trap kill_loads EXIT
}
kill_loads() { kill -9 "${load_pids[@]}" 2>/dev/null || true; }

fio_load()	# fio_load OPTION...
{
	start_load fio --thread --name=job --rw=randwrite --bs=4k --size=4m --iodepth="${fio_depth:-4}" \
		--time_based --runtime=$(((300 + fault_secs) * slow)) --eta=never --verify=crc32c \
		--verify_backlog=64 --verify_fatal=1 "$@"
}

# once_load uring|ioctl|block HEAD OPTION...: each kind in 256 KiB of its own
once_load()
{
	local kind=$1 head=$2 lba nsid
	local -A node=([uring]=/dev/${2/nvme/ng} [ioctl]=/dev/${2/nvme/ng} [block]=/dev/$2)
	local -A place=([uring]=0 [ioctl]=1 [block]=2)
	shift 2
	lba=$(<"/sys/block/$head/queue/logical_block_size")
	nsid=$(<"/sys/block/$head/nsid")
	start_load "$programs/once" "--$kind" "${node[$kind]}" --nsid "$nsid" --lba "$lba" \
		--first $((place[$kind] * 262144 / lba)) --depth "${once_depth:-4}" "$@"
}

# fio asks the node for its namespace first, which does not wait for a path
has_ring()	# has_ring PID
{
	local maps
	{ mapfile -t maps <"/proc/$1/maps"; } 2>/dev/null
	[[ ${maps[*]} == *io_uring* ]]
}

start_loads()	# start_loads HEAD
{
	local block=/dev/$1 char=/dev/${1/nvme/ng} kind
	# fio first: beside other loads its start takes minutes on a debug kernel
	fio_load --ioengine=io_uring_cmd --cmd_type=nvme --filename="$char" --offset=8m
	fio_load --ioengine=io_uring --direct=1 --filename="$block" --offset=16m
	wait_for 60 has_ring "${load_pids[-2]}"
	wait_for 60 has_ring "${load_pids[-1]}"
	for kind in uring ioctl block; do
		once_load $kind "$1"
	done
}

# stop_loads: each must still run, end when told, and have seen no error
stop_loads()
{
	local i pid
	for i in "${!load_pids[@]}"; do
		! finished "${load_pids[i]}" || { cat "$work/load.$i"; fail "a load has ended by itself"; }
	done
	kill -INT "${load_pids[@]}"
	for pid in "${load_pids[@]}"; do
		wait_for 90 finished "$pid" || { cat "/proc/$pid/stack"; fail "a load does not end"; }
	done
	for i in "${!load_pids[@]}"; do
		if grep -q 'issued=' "$work/load.$i"; then
			sed 's/^[a-z]*: issued=/note: &/' "$work/load.$i"
			wait "${load_pids[i]}" || fail "that is not what was to be seen"
		else
			fio_clean "$work/load.$i"
		fi
	done
	trap - EXIT
	load_pids=()
}

# over_and_over COMMAND...: once, or until the time is over, each time from the beginning
over_and_over()
{
	local secs=$fault_secs fault_secs=0 begin rounds=0
	begin=$(now_ms)
	while :; do
		"$@"
		rounds=$((rounds + 1))
		(($(now_ms) < begin + secs * 1000)) || break
	done
	echo "note: $rounds rounds in $((($(now_ms) - begin) / 1000)) s"
}

# with_loads COMMAND...: on $head; again and again until the time is over
with_loads()
{
	start_loads "$head"
	over_and_over loaded_round "$@"
	all_go_on
	stop_loads
}
loaded_round() { all_go_on; "$@"; }

all_go_on() { goes_on bios; goes_on uring_cmds; goes_on ioctls; }
