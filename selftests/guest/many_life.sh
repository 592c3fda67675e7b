#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 64 paths on one head, and 128 heads, under load while controllers are reset. The guest
# has a subsystem A with 64 controllers and B0 to B7 with two and 16 namespaces each: the
# driver freezes all queues of a controller in one go, and lockdep counts no more than 48.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v fio >/dev/null || skip_all "fio is not installed"
# shellcheck source-path=SCRIPTDIR source=load_lib.sh
. "$(dirname "$0")/load_lib.sh"

heads_with()	# heads_with PATHS: those that have that many
{
	local h
	for h in $(heads); do
		! has_paths "$h" "$1" || echo "$h"
	done
}
many_heads() { (($(heads_with 2 | wc -l) == 128)); }

reset() { echo 1 >"/sys/class/nvme/$(ctrl_of "$1")/reset_controller"; }

# One after another (on a debug kernel every eighth), then eight at a time.
sixty_four_reset()
{
	local i path n=0 pids=()
	for ((i = 0; i < ${#paths[@]}; i += $(some 1 8))); do
		reset "${paths[i]}"
	done
	for path in "${paths[@]}"; do
		reset "$path" &
		pids+=($!)
		((++n % 8)) || { wait "${pids[@]}"; pids=(); }
	done
	for path in "${paths[@]}"; do
		wait_for 60 live "$path"
	done
}

on_64()
{
	local kind
	[[ -n $head ]] || fail "no head with 64 paths"
	mapfile -t paths < <(paths_of "$head")
	for kind in uring ioctl block; do
		once_load $kind "$head"
	done
	all_go_on
	sixty_four_reset
	all_go_on
	stop_loads
	for path in "${paths[@]}"; do
		(($(counter "$head" "$path" uring_cmds) > 0)) || fail "$path carried nothing"
	done
}

on_128()
{
	local h nodes='' kind
	wait_for 60 many_heads
	for h in $(heads_with 2); do
		nodes+=:/dev/${h/nvme/ng}
	done
	head=$(heads_with 2 | tail -n 1)
	for kind in uring ioctl block; do
		once_load $kind "$head"
	done
	start_load fio --thread --name=all --rw=randwrite --bs=4k --size=8m --offset=768k --iodepth=64 \
		--eta=never --verify=crc32c --verify_fatal=1 --ioengine=io_uring_cmd --cmd_type=nvme \
		--time_based --runtime=$((300 * slow)) --verify_backlog=1024 \
		--file_service_type=roundrobin --filename="${nodes#:}"
	# told to stop earlier it does not
	wait_for 60 has_ring "${load_pids[-1]}"
	all_go_on
	# one of each controller: 16 heads have the same two
	mapfile -t paths < <(for h in $(heads_with 2); do paths_of "$h"; done | sort -u -t n -k 2,2)
	echo "note: ${#paths[@]} controllers"
	((${#paths[@]} == 16)) || fail "16 were to be seen: ${paths[*]}"
	for path in "${paths[@]}"; do
		reset "$path"
		all_go_on
	done
	for path in "${paths[@]}"; do
		wait_for 60 live "$path"
	done
	all_go_on
	stop_loads
	for h in $(heads_with 2); do
		(($(sum "$h" uring_cmds) > 0)) || fail "$h carried nothing"
	done
}

declare -A what=(
	[on_64]="64 paths on one head: all controllers are reset under load"
	[on_128]="128 heads with two paths: controllers are reset under load"
)
unload() { rmmod mpath_nvme; rmmod libmultipath_cxx; rmmod nvme; }

start_unloaded
read -r -a faults <<<"${MPATH_FAULTS:-on_64 on_128}"
begin $((${#faults[@]} + 2))
ready() { load_modules policy=round-robin; wait_for 120 all_claimed; }
check "every path has a head" ready
for fault in "${faults[@]}"; do
	head=$(heads_with 64)
	check "${what[$fault]}" over_and_over "$fault"
done
check "everything unloads" unload
ktap_finished
