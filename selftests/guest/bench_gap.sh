#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench_gap.sh native|ours|dm: how long it takes from the reset of a controller until the
# first command that was on its path completes on the other one, NVMe over TCP, in a guest
# whose clock counts instructions. Prints CSV for scripts/bench:
#
#	LAYER,WAY,ROUND,FIRST_US,LAST_US,ERRORS
#
#	MPATH_BENCH_ROUNDS

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"

layer=$1
latency_ns=20000000	# of the device; part of each number
depth=4
stop() { echo "bench: $*" >&2; exit 1; }
there_are() { compgen -G "$1" >/dev/null; }
both_live() { is_live 1 && is_live 2; }

# Each leaves $block, $char, and in $paths the path disks; all I/O goes to one path at a time
ours_up()
{
	load_modules policy=numa || return 1
	connect 1 && connect 2 || return 1
	wait_for 20 the_head && wait_for 20 has_paths "$head" 2 || return 1
	mapfile -t paths < <(paths_of "$head")
	block=/dev/$head char=/dev/${head/nvme/ng}
}
native_up()
{
	[[ $(</sys/module/nvme_core/parameters/multipath) == Y ]] || return 1
	connect 1 && connect 2 || return 1
	two() { paths=(/sys/block/nvme*c*n1); ((${#paths[@]} == 2)); }
	wait_for 20 two && wait_for 20 there_are '/dev/nvme*n1' || return 1
	paths=("${paths[@]##*/}")
	block=$(compgen -G '/dev/nvme*n1') char=${block/nvme/ng}
}
dm_up()
{
	local sectors
	modprobe -a dm-multipath dm-round-robin
	connect 1 && connect 2 || return 1
	two() { mapfile -t paths < <(path_disks); ((${#paths[@]} == 2)); }
	wait_for 20 two || return 1
	sectors=$(blockdev --getsz "/dev/${paths[0]}")
	# two groups, so that one path is used at a time; what has no path waits
	dmsetup create --noudevrules --noudevsync bench --table "0 $sectors multipath \
3 queue_if_no_path queue_mode bio 0 2 1 round-robin 0 1 1 /dev/${paths[0]} 1 round-robin 0 1 1 /dev/${paths[1]} 1" ||
		return 1
	block=$(dm_node bench) char=''
}
dm_restore()	# multipathd would do it
{
	local path
	for path in "${paths[@]}"; do
		dmsetup message bench 0 "reinstate_path /dev/$path"
	done
	dmsetup message bench 0 "switch_group 1"
}

reads() { read -r n _ <"/sys/block/$1/stat"; echo "$n"; }
# in $reset the file that resets the controller of the path that is in use
in_use()
{
	local path before=() i
	for path in "${paths[@]}"; do before+=("$(reads "$path")"); done
	dd if="$block" of=/dev/null bs=4k count=4 iflag=direct status=none || return 1
	for i in 0 1; do
		path=${paths[i]}
		(($(reads "$path") > before[i])) || continue
		case $path in
		nvme*c*n*) path=nvme${path#nvme*c} ;;	# native: nvmeScCnN
		esac
		reset=/sys/class/nvme/${path%n*}/reset_controller
		return
	done
	return 1
}

target_up >"$work/target" 2>&1 || stop "no NVMe target: $(<"$work/target")"
"${layer}_up" >"$work/up" 2>&1 || stop "$layer does not come up: $(<"$work/up")"
for way in block uring; do
	[[ $way == block || -n $char ]] || continue
	node=$block
	[[ $way == block ]] || node=$char
	for ((round = 1; round <= MPATH_BENCH_ROUNDS; round++)); do
		wait_for 60 both_live
		[[ $layer != dm ]] || dm_restore
		in_use || stop "$layer: no path in use"
		line=$("$programs/failgap" --$way "$node" $depth "$reset" 1) || stop "$layer $way: $line"
		sed "s/first_us=\([0-9]*\) last_us=\([0-9]*\) errors=\([0-9]*\)/$layer,$way,$round,\1,\2,\3/" <<<"$line"
	done
done
[[ $layer != dm ]] || dmsetup message bench 0 fail_if_no_path
echo "done"
