#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Passthrough over NVMe over TCP whose path fails while commands are in flight: the
# submitter sees no error while a path is left, and what it wrote is there.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v fio >/dev/null && command -v nvme >/dev/null || skip_all "fio or nvme is not installed"
# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"
# shellcheck source-path=SCRIPTDIR source=load_lib.sh
. "$(dirname "$0")/load_lib.sh"

# a debug kernel spends so much time on the way that less of it is spent there
latency_ns=$(some 2000000 30000000)
# for polled commands
connect_options=(--nr-poll-queues=1)

char_load()	# char_load FIO-OPTION... -- COMMAND...
{
	local options=()
	while [[ $1 != -- ]]; do options+=("$1"); shift; done
	shift
	with_fio --rw=randwrite --size=4m --iodepth=16 --verify=crc32c --verify_backlog=64 \
		--verify_fatal=1 --ioengine=io_uring_cmd --cmd_type=nvme \
		--filename="/dev/${head/nvme/ng}" "${options[@]}" -- "$@"
}

once_char_load()	# once_char_load ONCE-OPTION... -- COMMAND...: what fio cannot do
{
	local options=()
	while [[ $1 != -- ]]; do options+=("$1"); shift; done
	shift
	once_depth=16 once_load uring "$head" "${options[@]}"
	"$@"
	stop_loads
}

# Under another policy than the others here; resends go by it, too.
with_policy()	# with_policy POLICY COMMAND...
{
	set_policy "$head" "$1"
	"${@:2}"
	set_policy "$head" round-robin
}

# Each controller in turn, until commands were in flight on some of them.
resets()
{
	local round port before
	before=$(kept)
	for ((round = 0; round < 20 * slow; round++)); do
		for port in "${ports[@]}"; do
			goes_on uring_cmds
			wait_for 20 is_live "$port"
			echo 1 >"/sys/class/nvme/$(ctrl_of_port "$port")/reset_controller"
		done
		((round < 2 || $(kept) <= before + $(some 8 0))) || break
	done
	goes_on uring_cmds
	echo "commands kept: $(($(kept) - before)) in $round rounds"
	(($(kept) > before)) || fail "no command was in flight on a path that was reset"
	same "given up" 0 "$(given_up)"
}

# What queue-depth counts is right after that, too: of two commands at a time each path has
# one.
sent_more() { look "/sys/block/$head/mpath_stats/$1/uring_cmds"; ((_seen > $2)); }
each_has_one()
{
	local path
	for path in $(paths_of "$head"); do
		look "/sys/block/$head/mpath_stats/$path/uring_cmds"
		wait_for 20 sent_more "$path" $((_seen + 50))
	done
}
resets_and_shares() { char_load -- resets; char_load --iodepth=2 -- each_has_one; }

a_port_goes_and_comes()
{
	goes_on uring_cmds
	port_down 1
	wait_for 10 state_is 1 disabled
	goes_on uring_cmds
	port_up 1
	wait_for 10 state_is 1 usable
	goes_on uring_cmds
	same "given up" 0 "$(given_up)"
}

# No path for three seconds: what is out and what comes in waits. Again, if nothing was out.
all_ports_go_and_come()
{
	local before round
	before=$(kept)
	for ((round = 0; round < 10; round++)); do
		goes_on uring_cmds
		port_down 1
		port_down 2
		wait_for 10 state_is 1 disabled
		wait_for 10 state_is 2 disabled
		sleep 3
		port_up 1
		port_up 2
		goes_on uring_cmds
		wait_for 10 state_is 1 usable
		wait_for 10 state_is 2 usable
		! kept_more_than "$before" || break
	done
	kept_more_than "$before" || fail "no command was in flight"
	same "given up" 0 "$(given_up)"
}

# As the driver: the submitter is told that its command was cancelled.
off_lets_errors_through()
{
	local round port fio before
	before=$(kept)
	echo off >"/sys/block/$head/passthru_failover"
	without_sigpipe fio --thread --name=off --rw=randread --bs=4k --size=4m --iodepth=16 --time_based --eta=never \
		--runtime=$((200 * slow)) --ioengine=io_uring_cmd --cmd_type=nvme \
		--filename="/dev/${head/nvme/ng}" >"$work/off" 2>&1 &
	fio=$!
	# shellcheck disable=SC2064	# the process of now
	trap "kill -9 $fio 2>/dev/null; wait $fio" EXIT
	for ((round = 0; round < 40; round++)); do
		! finished $fio || break
		port=${ports[round % 2]}
		wait_for 20 is_live "$port"
		echo 1 >"/sys/class/nvme/$(ctrl_of_port "$port")/reset_controller"
		wait_for 20 is_live "$port"
	done
	finished $fio || fail "no error in $round resets"
	! wait $fio || fail "fio ended well: $(<"$work/off")"
	trap - EXIT
	# cancelled, or ended by the driver with 370h or 371h
	grep -E 'error=(Interrupted system call|Unknown error 88[01])' "$work/off" ||
		fail "another error than the driver's: $(<"$work/off")"
	same "kept" "$before" "$(kept)"
	echo idempotent >"/sys/block/$head/passthru_failover"
}

start_unloaded
target_up >"$work/target" 2>&1 || { cat "$work/target"; skip_all "no NVMe target in this kernel"; }
begin 16
check "two ports, two paths, one head" paths_join
the_head
check "plain: controllers are reset under load" char_load -- resets
# more than goes with the command itself: the target asks for it (R2T)
check "64 KiB writes: resets" char_load --bs=64k -- resets
check "fixed buffers, registered files: resets" char_load --fixedbufs=1 --registerfiles=1 -- resets
check "from inside of registered buffers: resets" once_char_load --fixed -- resets
check "kernel thread submits: resets" char_load --sqthread_poll=1 -- resets
check "workers submit: resets" char_load --force_async=1 -- resets
check "vectored: resets" once_char_load --vec -- resets
check "polled: resets" once_char_load --polled -- resets
check "polled and vectored: resets" once_char_load --polled --vec -- resets
check "policy numa: resets" with_policy numa char_load -- resets
check "policy queue-depth: resets, and what comes then is shared" with_policy queue-depth resets_and_shares
check "a target port goes and comes back" char_load -- a_port_goes_and_comes
check "all target ports go and come back, commands wait" char_load -- all_ports_go_and_come
check "failover off: the path's error reaches the submitter" off_lets_errors_through
check "nothing is held: our modules and the transport unload" everything_unloads
ktap_finished
