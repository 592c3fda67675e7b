# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Load on a head while something happens to it: fio with verification on both nodes, and
# once (once.c) by io_uring, ioctl and on the disk, which checks that each command
# completes exactly once. Each has a part of the namespace for itself.

# how long a fault goes on: once, or for that many seconds
fault_secs=${MPATH_FAULT_SECS:-0}

load_pids=()
start_load()	# start_load COMMAND...: its output goes to $work/load.PID
{
	"$@" >"$work/load.out" 2>&1 &
	load_pids+=($!)
	mv "$work/load.out" "$work/load.$!"
}

fio_load()	# fio_load OPTION...
{
	start_load fio --thread --name=job --rw=randwrite --bs=4k --size=4m --iodepth="${fio_depth:-4}" \
		--time_based --runtime=$(((300 + fault_secs) * slow)) --eta=never --verify=crc32c \
		--verify_backlog=64 --verify_fatal=1 "$@"
}

kill_loads() { kill -9 "${load_pids[@]}" 2>/dev/null || true; }

start_loads()	# start_loads HEAD [LBA-SIZE]
{
	local block=/dev/$1 char=/dev/${1/nvme/ng} lba=${2:-512}
	local once=("$programs/once" --lba "$lba" --limit 60)
	start_load "${once[@]}" --first 0 --uring "$char"
	start_load "${once[@]}" --first 4096 --ioctl "$char" --depth 4
	start_load "${once[@]}" --first 8192 --block "$block"
	fio_load --ioengine=io_uring_cmd --cmd_type=nvme --filename="$char" --offset=48m
	fio_load --ioengine=io_uring --direct=1 --filename="$block" --offset=56m
	trap kill_loads EXIT
}

# stop_loads: each must still run, end when told, and have seen no error
stop_loads()
{
	local pid
	for pid in "${load_pids[@]}"; do
		! finished "$pid" || { cat "$work/load.$pid"; fail "a load has ended by itself"; }
	done
	kill -INT "${load_pids[@]}"
	for pid in "${load_pids[@]}"; do
		wait_for 90 finished "$pid" || { cat "/proc/$pid/stack"; fail "a load does not end"; }
	done
	for pid in "${load_pids[@]}"; do
		if grep -q 'issued=' "$work/load.$pid"; then
			sed 's/^[a-z]*: issued=/note: &/' "$work/load.$pid"
			wait "$pid" || fail "that is not what was to be seen"
		else
			fio_clean "$work/load.$pid"
		fi
	done
	trap - EXIT
	load_pids=()
}

# with_loads COMMAND...: on $head; again and again until the time is over
with_loads()
{
	local begin end rounds=0
	begin=$(now_ms)
	end=$((begin + fault_secs * 1000))
	start_loads "$head"
	while :; do
		all_go_on
		"$@"
		rounds=$((rounds + 1))
		(($(now_ms) < end)) || break
	done
	all_go_on
	stop_loads
	echo "note: $rounds rounds in $((($(now_ms) - begin) / 1000)) s"
}

all_go_on() { goes_on bios; goes_on uring_cmds; goes_on ioctls; }
