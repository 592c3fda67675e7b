#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Persistent reservations and paths of mpath_fake.ko that join, leave or fail.
# shellcheck disable=SC2030,SC2031,SC2034	# each test is a subshell of its own

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=fake.sh
. "$here/fake.sh"
# shellcheck source-path=SCRIPTDIR source=fake_pr_lib.sh
. "$(dirname "$0")/fake_pr_lib.sh"

# ---- paths that join or come back ------------------------------------------

joins()
{
	pr 0 register 0 0x1
	pr 0 reserve 0x1 $wero
	ctl arm pr_register d
	join d
	ctl stopped pr_register
	same state blocked "$(state d)"
	write_some
	same "bios of a path that is not registered" 0 "$(count d.bios)"
	ctl release pr_register
	wait_for 10 is_state d usable
	regs_are 0x1 a b c d
	ctl set a disabled=1
	ctl set b disabled=1
	ctl set c disabled=1
	write_one
	same conflicts 0 "$(count resv_conflicts)"
	[[ $(count d.bios) != 0 ]] || fail "nothing went to the new path"
}

# The same when there is no other path: bios wait.
joins_alone()
{
	pr 0 register 0 0x1
	pr 0 reserve 0x1 $wear
	ctl arm pr_register d
	join d
	ctl stopped pr_register
	down a
	down b
	down c
	write_one &
	sleep 1
	same "bios of a path that is not registered" 0 "$(count d.bios)"
	kill -0 $! || fail "the bio did not wait"
	ctl release pr_register
	wait $! || fail "the bio failed"
	regs_are 0x1 a b c d
	same conflicts 0 "$(count resv_conflicts)"
}

was_down()
{
	down b
	pr 0 register 0 0x1
	same registrations "a=0x1 c=0x1" "$(regs)"
	pr 0 reserve 0x1 $wero
	ctl arm pr_register b
	up b
	ctl stopped pr_register
	same state blocked "$(state b)"
	write_some
	same "bios of b" 0 "$(count b.writes)"
	ctl release pr_register
	wait_for 10 is_state b usable
	regs_are 0x1 a b c
}

# Nobody says that the path is back.
was_down_silently()
{
	down b
	pr 0 register 0 0x1
	ctl set b disabled=0
	wait_for 10 is_state b usable
	regs_are 0x1 a b c
}

# It keeps what the storage has of it until it is back.
unregistered_while_down()
{
	pr 0 register 0 0x1
	down b
	pr 0 register 0x1 0
	same registrations "b=0x1" "$(regs)"
	up b
	wait_for 10 is_state b usable
	wait_for 10 no_regs
}

other_access()
{
	ctl set b access=2
	pr 0 register 0 0x1
	same registrations "a=0x1 c=0x1" "$(regs)"
	ctl set b access=0
	wait_for 10 is_state b usable
	regs_are 0x1 a b c
}

# An administrator has taken the path out of use: it is left alone until it is restored.
admin_failed()
{
	local file=/sys/block/$head/mpath_stats/b/state
	echo fail >"$file"
	pr 0 register 0 0x1
	same registrations "a=0x1 c=0x1" "$(regs)"
	pr 0 reserve 0x1 $wero
	same state admin-failed "$(state b)"
	sleep 3	# more than the replay waits before it looks again
	same registrations "a=0x1 c=0x1" "$(regs)"
	ctl arm pr_register b
	echo restore >"$file"
	ctl stopped pr_register
	same state blocked "$(state b)"
	ctl release pr_register
	wait_for 10 is_state b usable
	regs_are 0x1 a b c
}

fails_on_the_way()
{
	ctl set b pr_error=$path_failed pr_error_op=register pr_error_count=1
	pr 0 register 0 0x1
	wait_for 10 is_state b usable
	regs_are 0x1 a b c
}

executed_but_lost()
{
	ctl set a pr_error=$path_failed pr_error_op=register pr_error_count=1 pr_lost
	pr 0 register 0 0x1
	wait_for 10 is_state a usable
	regs_are 0x1 a b c
}

fails_on_all()
{
	for path in a b c; do
		ctl set $path pr_error=$path_failed pr_error_op=register
	done
	pr $path_failed register 0 0x1
	same registrations "" "$(regs)"
	for path in a b c; do
		ctl set $path pr_error=0
		wait_for 10 is_state $path usable
	done
	same registrations "" "$(regs)"
}

gives_up()
{
	down b
	pr 0 register 0 0x1
	ctl set b pr_error=$ioerr pr_error_op=register
	up b
	wait_for 20 logged "$head: path b stays unused: reservation key 0x1 could not be registered there \(2\)"
	same state blocked "$(state b)"
	# nobody waits for it
	ctl del_path a
	ctl del_path c
	! write_one || fail "a bio went to a path that is not registered"
	same "bios of b" 0 "$(count b.writes)"
	# a path that goes and comes back is tried again
	ctl set b pr_error=0
	down_blocked b
	up b
	wait_for 10 is_state b usable
}
# A blocked path that is down is still called blocked: see that it was noticed.
down_blocked()
{
	ctl set "$1" disabled=1
	ctl path_changed "$1"
	sleep 1
}

register_again()
{
	down b
	pr 0 register 0 0x1
	ctl set b pr_error=$ioerr pr_error_op=register
	up b
	wait_for 20 logged 'path b stays unused'
	ctl set b pr_error=0
	pr 0 register 0x1 0x1
	wait_for 10 is_state b usable
	regs_are 0x1 a b c
}

# Another host ends our registrations: a path that joins must not bring them back.
fenced()
{
	pr 0 register 0 0x1
	pr 0 reserve 0x1 $wero
	ctl pr $head other register 0 0x9
	ctl pr $head other preempt 0x9 0x1 $wero
	same registrations "other=0x9" "$(regs)"
	join d
	wait_for 10 logged "$head: reservation key 0x1 is not registered any more"
	wait_for 10 is_state d usable
	same registrations "other=0x9" "$(regs)"
	join e
	wait_for 10 is_state e usable
	same registrations "other=0x9" "$(regs)"
	# and we may come back on purpose
	pr 0 register 0 0x1
	same registrations "a=0x1 b=0x1 c=0x1 d=0x1 e=0x1 other=0x9" "$(regs)"
}

# The same between our look and our registration.
fenced_in_between()
{
	pr 0 register 0 0x1
	ctl pr $head other register 0 0x9
	ctl arm pr_register d skip=1
	join d
	ctl stopped pr_register
	ctl pr $head other preempt 0x9 0x1 $wero
	ctl release pr_register
	wait_for 15 logged "$head: reservation key 0x1 is not registered any more"
	wait_for 10 is_state d usable
	same registrations "other=0x9" "$(regs)"
}

# Another host registers meanwhile: no reason to stay away.
busy_storage()
{
	pr 0 register 0 0x1
	ctl arm pr_register d skip=1
	join d
	ctl stopped pr_register
	ctl pr $head other register 0 0x9
	ctl release pr_register
	wait_for 15 is_state d usable
	same registrations "a=0x1 b=0x1 c=0x1 d=0x1 other=0x9" "$(regs)"
}

# ---- races -----------------------------------------------------------------

# race RESULT: a path joins while a register is under way on b
race()
{
	ctl arm pr_register b
	"$programs/pr_ioctl" $node register 0 0x1 >"$work/result" &
	ctl stopped pr_register
	join d
	same state blocked "$(state d)"
	[[ -z $1 ]] || ctl set c pr_error="$1" pr_error_op=register
	write_some
	same "bios of d" 0 "$(count d.writes)"
	ctl release pr_register
	wait $! || true
	same result "${1:-0}" "$(<"$work/result")"
	wait_for 10 is_state d usable
}

joins_meanwhile()
{
	race ''
	regs_are 0x1 a b c d
}

joins_in_vain()
{
	race $ioerr
	same registrations "" "$(regs)"
}

all_usable()
{
	local path
	for path in $(paths); do
		is_state "$path" usable || return 1
	done
}

many_at_once()
{
	local i jobs=()
	for i in {1..40}; do
		"$programs/pr_ioctl" $node register 0 "0x$i" ignore >/dev/null &
		jobs+=($!)
		join n"$i" >/dev/null &
		jobs+=($!)
		ctl set b disabled=$((i & 1))
		ctl path_changed b
	done
	wait "${jobs[@]}"
	up b
	pr 0 register 0 0x99 ignore
	wait_for 20 all_usable
	same "keys that differ" "" "$(regs | xargs -n 1 | grep -v '=0x99$' || true)"
	same "registrations" 43 "$(regs | wc -w)"
}

# Head and paths go while an operation is under way on one of them.
removed_meanwhile()
{
	local job deleting
	ctl arm pr_register b
	"$programs/pr_ioctl" $node register 0 0x1 >"$work/result" &
	job=$!
	ctl stopped pr_register
	join d	# its replay waits for the register
	ctl del_head $head &
	deleting=$!
	if [[ ${pins-1} == 1 ]]; then
		# nobody waits for a path that can be pinned
		wait_for 10 finished $deleting
	else
		sleep 1
	fi
	ctl release pr_register
	wait $job || true
	wait $deleting
	cat "$work/result"
	make_head	# for the clean-up
}

fake_begin 23
check "a path that joins is blocked until it is registered" test_on path joins
check "a path that shares the registration, too" test_on host joins
check "bios wait for the only path to be registered" test_on path joins_alone
check "a path that was down is registered when it is back" test_on path was_down
check "even if its driver does not tell" test_on path was_down_silently
check "a path that was down is unregistered when it is back" test_on path unregistered_while_down
check "a path in another access state, too" test_on path other_access
check "a path that an administrator failed, when it is restored" test_on path admin_failed
check "a path that fails in the middle is registered later" test_on path fails_on_the_way
check "the answer of a path is lost, one a path" test_on path executed_but_lost
check "the answer of a path is lost, shared" test_on host executed_but_lost
check "all paths fail: the error, and nothing is blocked" test_on path fails_on_all
check "a path that cannot be registered is given up" test_on path gives_up
check "registering again helps such a path" test_on path register_again
check "a preempted head is not registered again by a new path" test_on path fenced
check "not even if that happens just then" test_on path fenced_in_between
check "other hosts that register do not keep a path away" test_on path busy_storage
check "a path joins during a register, one a path" test_on path joins_meanwhile
check "a path joins during a register, shared" test_on host joins_meanwhile
check "a path joins during a register that fails" test_on path joins_in_vain
check "paths join and fail while keys change" test_on path many_at_once
check "the head goes during a register" test_on path removed_meanwhile
check "the same, its driver cannot pin paths" without_pins test_on path removed_meanwhile
fake_end
