#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Where failover of passthrough ends: a command's own time-out, failover turned off, and
# commands that must not be sent twice. NVMe over TCP.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v nvme >/dev/null || skip_all "nvme is not installed"
# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"

latency_ns=$(some 20000000 100000000)
join_secs=20
host_pathing_error=880	# 370h
# what must not be sent twice: copy, reservation register, acquire and release, zone append,
# a vendor's
once_only=(0x19 0x0d 0x11 0x15 0x7d 0xc1)

no_port()
{
	port_down 1
	port_down 2
	wait_for 20 state_is 1 disabled
	wait_for 20 state_is 2 disabled
}
both_ports()
{
	local port
	for port in 1 2; do
		[[ -e $target/ports/$port/subsystems/$nqn ]] || port_up $port
		wait_for 30 is_live $port
		wait_for 30 state_is $port usable
	done
}

# sent OPTION...: one command; $result is what its submitter sees, $took the ms
sent()
{
	local line
	line=$("$programs/send" "$@")
	echo "$* $line"
	result=${line#result=} result=${result% ms*} took=${line#*ms=}
}

# No path when it comes: the same errors as for a head that has none, but later.
own_timeout()	# own_timeout --uring|--ioctl ERRNO
{
	local ms=1500
	trap both_ports EXIT
	no_port
	sent "$1" "/dev/${head/nvme/ng}" --timeout $ms
	same "result" "$2" "$result"
	# on a busy machine a guest's clocks do not agree: see "Times" in docs/testing.md
	((took >= ms / 2)) || fail "it did not wait for a path"
	((took < 15000)) || fail "it waited longer than its own time-out"
	trap - EXIT
	both_ports
	sent "$1" "/dev/${head/nvme/ng}"
	same "result" 0 "$result"
}

# Controllers that connect again are waited for no longer than the user has said.
fast_io_fail()
{
	local port begin took
	for port in "${ports[@]}"; do
		echo 2 >"/sys/class/nvme/$(ctrl_of_port "$port")/fast_io_fail_tmo"
	done
	trap both_ports EXIT
	no_port
	begin=$(now_ms)
	! dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct status=none 2>"$work/dd" ||
		fail "read without a path"
	took=$(($(now_ms) - begin))
	echo "after $took ms: $(<"$work/dd")"
	grep -q "Input/output error" "$work/dd" || fail "another error"
	((took < 20000 * slow)) || fail "as if nothing had been set"
	sent --uring "/dev/${head/nvme/ng}"
	same "result" -22 "$result"
	((took < 5000 * slow)) || fail "it waited"
	trap - EXIT
	both_ports
	for port in "${ports[@]}"; do
		echo -1 >"/sys/class/nvme/$(ctrl_of_port "$port")/fast_io_fail_tmo"
	done
	dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct status=none
	sent --uring "/dev/${head/nvme/ng}"
	same "result" 0 "$result"
}

more_given_up() { (($(given_up) > $1)); }

# one port after the other, until a command of the load waits for a path
both_go_down()
{
	local before
	port_down 1
	wait_for 20 state_is 1 disabled
	before=$(kept)
	port_down 2
	wait_for 20 state_is 2 disabled
	wait_for 10 kept_more_than "$before"
}

# loses_paths COMMAND...: commands wait because no path is left, then COMMAND; the load
# ends with the error that the first of them has
loses_paths()
{
	local given pid
	given=$(given_up)
	dmesg -C
	"$programs/once" --uring "/dev/${head/nvme/ng}" --until-error "${load[@]}" >"$work/once" 2>&1 &
	pid=$!
	# shellcheck disable=SC2064	# the process of now
	trap "kill -9 $pid 2>/dev/null; both_ports" EXIT
	goes_on uring_cmds
	both_go_down
	"$@"
	wait_for 15 more_given_up "$given"
	both_ports	# it reads what it has written
	wait_for 20 finished $pid
	cat "$work/once"
	grep -q "codes=.*$(printf %x $host_pathing_error)\|codes=.*$host_pathing_error" "$work/once" ||
		fail "not the documented status"
	trap - EXIT
	sent --uring "/dev/${head/nvme/ng}"
	same "result" 0 "$result"
}

out_with_own_timeout()
{
	local load=(--timeout $((2000 * slow)))
	loses_paths true
	dmesg | grep -q "given up after a path error: its time is over" || fail "not a word in the log"
}

turn_off() { echo off >"/sys/block/$head/passthru_failover"; }
turned_off()
{
	local load=()
	loses_paths turn_off
	dmesg | grep -q "given up after a path error: failover has been turned off" ||
		fail "not a word in the log"
	echo idempotent >"/sys/block/$head/passthru_failover"
}

# The head goes with its last path, and what waits for a path ends with it.
ended_with_the_head()
{
	local pid port
	"$programs/once" --uring "/dev/${head/nvme/ng}" --until-error >"$work/once" 2>&1 &
	pid=$!
	# shellcheck disable=SC2064	# the process of now
	trap "kill -9 $pid 2>/dev/null" EXIT
	goes_on uring_cmds
	both_go_down
	nvme disconnect-all
	wait_for 20 gone "/sys/block/$head"
	wait_for 20 finished $pid
	cat "$work/once"
	grep -q "twice=0 lost=0 wrong=0" "$work/once" || fail "not once"
	grep -q "codes=.*$(printf %x $host_pathing_error)h" "$work/once" || fail "not the documented status"
	trap - EXIT
	for port in "${ports[@]}"; do
		port_up "$port"
		connect "$port"
	done
	wait_for 20 the_head
	wait_for 20 has_paths "$head" 2
}

# Somebody writes the attribute all the time while the head goes and commands wait.
switched_while_it_goes()
{
	local round pids port
	for round in 1 2 3; do
		"$programs/once" --uring "/dev/${head/nvme/ng}" --until-error >"$work/once" 2>&1 &
		pids=($!)
		(while :; do
			echo off
			echo idempotent
		done >"/sys/block/$head/passthru_failover") 2>/dev/null &
		pids+=($!)
		# shellcheck disable=SC2064	# the processes of now
		trap "kill -9 ${pids[*]} 2>/dev/null" EXIT
		goes_on uring_cmds
		nvme disconnect-all
		wait_for 20 gone "/sys/block/$head"
		wait_for 20 finished "${pids[0]}"
		kill "${pids[1]}" 2>/dev/null || true
		grep -q "twice=0 lost=0 wrong=0" "$work/once" || fail "round $round: $(<"$work/once")"
		trap - EXIT
		for port in "${ports[@]}"; do
			connect "$port"
		done
		wait_for 20 the_head
		wait_for 20 has_paths "$head" 2
	done
}

# inject TIMES: the next commands of each path end with a path error, after they were executed
inject()
{
	local path dir
	for path in $(paths_of "$head"); do
		dir=/sys/kernel/debug/$path/fault_inject
		[[ -d $dir ]] || skip "the kernel injects no NVMe errors"
		echo 0 >"$dir/verbose"
		echo 0x370 >"$dir/status"
		echo 0 >"$dir/dont_retry"
		echo 1 >"$dir/interval"
		echo "$1" >"$dir/times"
		echo 100 >"$dir/probability"
	done
}
no_inject()
{
	local path
	for path in $(paths_of "$head"); do
		echo 0 >"/sys/kernel/debug/$path/fault_inject/probability"
	done
}
executed() { echo $(($(sum "$head" uring_cmds) + $(sum "$head" ioctls))); }

# A read is sent again, also twice to the same path; what nobody knows the effect of is not.
not_repeated()	# not_repeated --uring|--ioctl
{
	local before was opcode
	inject 1
	trap no_inject EXIT
	before=$(kept)
	sent "$1" "/dev/${head/nvme/ng}"
	same "result of a read" 0 "$result"
	same "failovers" 2 $(($(kept) - before))
	inject -1
	for opcode in "${once_only[@]}"; do
		before=$(kept) was=$(executed)
		sent "$1" "/dev/${head/nvme/ng}" --opcode "$opcode"
		same "result of opcode $opcode" $host_pathing_error "$result"
		same "failovers" 0 $(($(kept) - before))
		# for io_uring this does not count what is sent again
		same "executed" 1 $(($(executed) - was))
	done
	no_inject
	trap - EXIT
	for opcode in "${once_only[@]}"; do	# what the device itself says of it
		sent "$1" "/dev/${head/nvme/ng}" --opcode "$opcode"
		((result > 0 && result != host_pathing_error)) || fail "not an error of its own"
	done
}

start_unloaded
target_up >"$work/target" 2>&1 || { cat "$work/target"; skip_all "no NVMe target in this kernel"; }
begin 11
check "two ports, two paths, one head" paths_join
the_head
check "io_uring: without a path a command waits for its own time-out" own_timeout --uring -22
check "ioctl: the same" own_timeout --ioctl -11
check "fast_io_fail_tmo ends the wait" fast_io_fail
check "a command whose paths go is given up after its own time-out" out_with_own_timeout
check "failover is turned off while commands wait" turned_off
check "io_uring: a command of unknown effect is not sent twice" not_repeated --uring
check "ioctl: the same" not_repeated --ioctl
check "the head goes while commands wait" ended_with_the_head
check "failover is switched while the head goes" switched_while_it_goes
check "nothing is held: our modules and the transport unload" everything_unloads
ktap_finished
