#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# NVMe over TCP: the kernel's own target on 127.0.0.1, a port a path. Connection
# lost and back, target port gone, all gone and back, disconnect: under load the
# head goes on, and afterwards nothing is held.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v fio >/dev/null && command -v nvme >/dev/null || skip_all "fio or nvme is not installed"

# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"

verified=(--rw=randwrite --size=4m --iodepth=16 --verify=crc32c --verify_backlog=64 --verify_fatal=1)
block_load()
{
	with_fio "${verified[@]}" --ioengine=io_uring --direct=1 --filename="/dev/$head" -- "$@"
}
char_load()
{
	with_fio "${verified[@]}" --ioengine=io_uring_cmd --cmd_type=nvme \
		--filename="/dev/${head/nvme/ng}" -- "$@"
}

# Each controller in turn, until a bio was in flight on one of them: not every
# reset meets one.
resets()
{
	local round port
	for ((round = 0; round < 20 * slow; round++)); do
		for port in "${ports[@]}"; do
			goes_on bios
			wait_for 20 is_live "$port"
			echo 1 >"/sys/class/nvme/$(ctrl_of_port "$port")/reset_controller"
		done
		((round < 2 || $(sum "$head" failovers) == 0)) || break
	done
	goes_on bios
	(($(sum "$head" failovers) > 0)) || fail "no bio was in flight on a path that was reset"
	same "failed bios" 0 "$(<"/sys/block/$head/mpath_stats/failed")"
}

a_port_goes_and_comes()
{
	goes_on bios
	port_down 1
	wait_for 10 state_is 1 disabled
	goes_on bios
	port_up 1
	wait_for 10 state_is 1 usable
	goes_on bios
}

# With no path usable for a while I/O waits, and goes on with the first one back.
all_ports_go_and_come()
{
	local parked
	goes_on bios
	port_down 1
	port_down 2
	wait_for 10 state_is 1 disabled
	wait_for 10 state_is 2 disabled
	wait_for 10 some_parked
	parked=$(<"/sys/block/$head/mpath_stats/requeued")
	echo "parked: $parked"
	port_up 1
	port_up 2
	goes_on bios
	wait_for 10 state_is 1 usable
	wait_for 10 state_is 2 usable
	same "failed bios" 0 "$(<"/sys/block/$head/mpath_stats/failed")"
}
some_parked() { look "/sys/block/$head/mpath_stats/requeued" && ((_seen)); }

a_disconnect_and_return()	# a_disconnect_and_return COUNTER
{
	local path
	goes_on "$1"
	path=$(path_of_port 1)
	nvme disconnect -d "$(ctrl_of_port 1)"
	wait_for 1 gone "/sys/block/$head/multipath/$path"
	goes_on "$1"
	connect 1
	wait_for 5 has_paths "$head" 2
	goes_on "$1"
}

no_path_says_so()
{
	local node=/dev/${head/nvme/ng}
	echo off >"/sys/block/$head/passthru_failover"
	port_down 1
	port_down 2
	wait_for 10 state_is 1 disabled
	wait_for 10 state_is 2 disabled
	refused nvme id-ns "$node" -n 1
	grep -qi 'Resource temporarily unavailable' "$work/refused" || fail "$(<"$work/refused")"
	echo idempotent >"/sys/block/$head/passthru_failover"
	# what tools look around with does not wait, an I/O command does
	refused nvme id-ns "$node" -n 1
	grep -qi 'Resource temporarily unavailable' "$work/refused" || fail "$(<"$work/refused")"
	(sleep 1; port_up 1; port_up 2) &
	nvme io-passthru "$node" --opcode=2 --namespace-id=1 --data-len=4096 --cdw12=7 --read >/dev/null 2>&1
	wait
	wait_for 10 state_is 1 usable
	nvme id-ns "$node" -n 1 >/dev/null
}

# A task that waits for a path does not keep the machine from going to sleep.
frozen_while_waiting()
{
	local dir=$work/freezer pid port
	mkdir "$dir"
	mount -t cgroup -o freezer none "$dir" 2>/dev/null || skip "no cgroup freezer in this kernel"
	mkdir "$dir/f"
	for port in "${ports[@]}"; do
		port_down "$port"
		wait_for 10 state_is "$port" disabled
	done
	nvme io-passthru "/dev/${head/nvme/ng}" --opcode=2 --namespace-id=1 --data-len=4096 --cdw12=7 \
		--read >/dev/null 2>"$work/waits" &
	pid=$!
	echo $pid >"$dir/f/cgroup.procs"
	waits() { grep -qs mpk_pause /proc/$pid/stack; }
	wait_for 10 waits
	echo FROZEN >"$dir/f/freezer.state"
	wait_for 5 line_is "$dir/f/freezer.state" FROZEN ||
		{ echo THAWED >"$dir/f/freezer.state"; umount "$dir"; fail "it cannot be frozen"; }
	echo THAWED >"$dir/f/freezer.state"
	for port in "${ports[@]}"; do
		port_up "$port"
	done
	wait $pid || fail "$(<"$work/waits")"
	umount "$dir"
	for port in "${ports[@]}"; do
		wait_for 10 state_is "$port" usable
	done
}

start_unloaded
target_up >"$work/target" 2>&1 || { cat "$work/target"; skip_all "no NVMe target in this kernel"; }
begin 10
check "two ports, two paths, one head within two seconds" paths_join
the_head
check "block: controller resets, bios in flight go to the other path" block_load resets
check "block: one target port goes and comes back" block_load a_port_goes_and_comes
check "block: all target ports go and come back, I/O waits" block_load all_ports_go_and_come
check "block: disconnect and connect again" block_load a_disconnect_and_return bios
check "char: disconnect and connect again" char_load a_disconnect_and_return uring_cmds
check "char: no usable path is EAGAIN, with failover an I/O command waits for one" no_path_says_so
check "a task that waits for a path can be frozen" frozen_while_waiting
check "block: resets once more" block_load resets
check "nothing is held: our modules and the transport unload" everything_unloads
ktap_finished
