#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench.sh LAYER LIST: in a guest of one CPU under the plugin of scripts/bench, does what
# LIST says, a line each:
#
#	POLICY FAILOVER WORKLOAD DEPTH
#
# and prints for each run "run POLICY FAILOVER WORKLOAD DEPTH ROUND COUNT"; the plugin
# counts from one mark to the next, two marks a run. No test.
#
#	MPATH_BENCH_ROUNDS, MPATH_BENCH_SHORT, MPATH_BENCH_LONG: how often, how many I/Os
#	MPATH_BENCH_SYMBOLS: print the kernel's symbols at the end

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

layer=$1
list=$2
rounds=$MPATH_BENCH_ROUNDS short=$MPATH_BENCH_SHORT long=$MPATH_BENCH_LONG

stop() { echo "bench: $*" >&2; exit 1; }

# ---- layers: each leaves $block and $char, and knows how to set a policy ---------

all_live()
{
	local file
	for file in /sys/class/nvme/nvme*/state; do
		line_is "$file" live || return 1
	done
}
first_path() { block=$(path_disks | head -n 1); [[ -n $block ]]; }
there_are() { compgen -G "$1" >/dev/null; }

raw_up()
{
	wait_for 30 first_path
	char=/dev/${block/nvme/ng} block=/dev/$block
}
raw_policy() { :; }

native_up()
{
	[[ $(</sys/module/nvme_core/parameters/multipath) == Y ]] || return 1
	wait_for 30 there_are '/dev/nvme*n1'
	block=$(compgen -G '/dev/nvme*n1' | head -n 1) char=${block/nvme/ng}
}
native_policy() { echo "$1" >"$(echo /sys/class/nvme-subsystem/*/iopolicy)"; }

ours_up()
{
	local paths
	paths=$(path_disks | wc -l)
	load_modules || return 1
	wait_for 60 all_claimed || return 1
	head=$(heads)
	wait_for 60 has_paths "$head" "$paths" || return 1
	block=/dev/$head char=/dev/${head/nvme/ng}
}
ours_policy() { set_policy "$head" "$1"; echo "$2" >"/sys/block/$head/passthru_failover"; }

# What multipathd would set up, without it: nothing fails here.
dm_table()	# dm_table MODE SELECTOR
{
	local path n=0 table=''
	for path in $(path_disks); do
		n=$((n + 1))
		table+=" /dev/$path 1"
	done
	echo "0 $(blockdev --getsz "/dev/$path") multipath 2 queue_mode $1 0 1 1 $2 0 $n 1$table"
}
dm_up() { modprobe -a dm-multipath dm-round-robin dm-queue-length dm-service-time; }
dm_policy()
{
	[[ -z $block ]] || dmsetup remove --noudevsync bench
	# a selector's paths have another argument: their repeat count, or weight
	dmsetup create --noudevrules --noudevsync bench --table "$(dm_table "$mode" "$1")" || stop "no dm device"
	block=$(dm_node bench) char=$block
	[[ -b $block ]] || stop "no node of the dm device"
}
dm_bio_up() { mode=bio; dm_up; }
dm_rq_up() { mode=rq; dm_up; }
dm_bio_policy() { dm_policy "$@"; }
dm_rq_policy() { dm_policy "$@"; }

# ---- workloads -------------------------------------------------------------------

# Without disk_util: fio would read the statistics of each disk below, all the time.
fio_block()	# fio_block COUNT DEPTH OPTION...
{
	fio --thread --name=bench --ioengine=io_uring --direct=1 --filename="$block" --bs=4k \
		--size=4m --io_size=$(($1 * 4096)) --norandommap --iodepth="$2" --gtod_reduce=1 \
		--disk_util=0 "${@:3}"
}
fio_char()
{
	fio --thread --name=bench --ioengine=io_uring_cmd --cmd_type=nvme --filename="$char" --bs=4k \
		--rw=randread --size=4m --io_size=$(($1 * 4096)) --norandommap --iodepth="$2" \
		--gtod_reduce=1 --disk_util=0 "${@:3}"
}
block_read() { fio_block "$@" --rw=randread; }
block_write() { fio_block "$@" --rw=randwrite; }
uring() { fio_char "$@"; }
uring_fixed() { fio_char "$@" --fixedbufs=1; }
uring_polled() { fio_char "$@" --hipri=1; }
ioctls() { "$programs/ioctl_load" "$char" "$1" "$2"; }

run()	# run WORKLOAD COUNT DEPTH
{
	"$1" "$2" "$3" >"$work/run" 2>&1 || stop "$layer $*: $(tail -n 5 "$work/run")"
}
counted()
{
	"$programs/mark"
	run "$@"
	"$programs/mark"
}

wait_for 60 all_live
"${layer}_up" >"$work/up" 2>&1 || stop "$layer does not come up: $(<"$work/up")"
# the first run of all brings the programs in
"$programs/mark" --warm
"$programs/mark" --warm
echo "warm"
while read -r policy failover workload depth; do
	"${layer}_policy" "$policy" "$failover"
	run "$workload" "$short" "$depth"
	for ((round = 1; round <= rounds; round++)); do
		for count in "$short" "$long"; do
			counted "$workload" "$count" "$depth"
			echo "run $policy $failover $workload $depth $round $count"
		done
	done
done <"$list"
[[ -z $MPATH_BENCH_SYMBOLS ]] || sed 's/^/symbol /' /proc/kallsyms
echo "done"
