#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Reservations on a head of mpath_fake.ko: all operations but register.
# shellcheck disable=SC2030,SC2031,SC2034	# each test is a subshell of its own

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=fake.sh
. "$here/fake.sh"
# shellcheck source-path=SCRIPTDIR source=fake_pr_lib.sh
. "$(dirname "$0")/fake_pr_lib.sh"

reserves()
{
	pr $conflict reserve 0x1 $wero
	pr 0 register 0 0x1
	pr 0 reserve 0x1 $wero
	ask "0 0x1 3" read_reservation
	pr 0 reserve 0x1 $wero	# twice: to the path that has it
	ctl pr $head other register 0 0x9
	refused ctl pr $head other reserve 0x9 $wero
	pr $conflict reserve 0x9 $wero
	write_some
	same conflicts 0 "$(count resv_conflicts)"
	pr 0 release 0x1 $wero
	same holder - "$(holder)"
	ask "0 0x0 0" read_reservation
	pr 0 reserve 0x1 $wear
	pr 0 release 0x1 $wear
	same holder - "$(holder)"
}

reserve_path_errors()
{
	pr 0 register 0 0x1
	ctl set a pr_error=ENODEV pr_error_op=reserve
	pr 0 reserve 0x1 $wero
	[[ $(holder) == [bc] ]] || fail "the holder is $(holder)"
	pr 0 release 0x1 $wero
	same holder - "$(holder)"
	# lost: another path must not be tried
	ctl set a pr_error=$path_failed pr_error_count=1 pr_lost
	pr $path_failed reserve 0x1 $wero
	same holder a "$(holder)"
	pr 0 release 0x1 $wero
	same holder - "$(holder)"
}

holder_down()
{
	local who
	pr 0 register 0 0x1
	pr 0 reserve 0x1 $wero
	who=$(holder)
	if [[ $scope == host ]]; then
		down a
		pr 0 release 0x1 $wero
		same holder - "$(holder)"
		return
	fi
	same holder a "$who"
	down a
	pr EIO release 0x1 $wero
	same holder a "$(holder)"
	logged "$head: no path that can be used holds the reservation with key 0x1"
	up a
	wait_for 10 is_state a usable
	pr 0 release 0x1 $wero
	same holder - "$(holder)"
}

# The holder leaves for good; the reservation is moved by preempting ourselves.
holder_gone()
{
	pr 0 register 0 0x1
	pr 0 reserve 0x1 $wero
	same holder a "$(holder)"
	ctl del_path a
	pr EIO release 0x1 $wero
	same holder a "$(holder)"
	pr 0 preempt 0x1 0x1 $wero
	[[ $(holder) == [bc] ]] || fail "the holder is $(holder)"
	wait_for 10 are_regs b=0x1 c=0x1
	pr 0 release 0x1 $wero
	same holder - "$(holder)"
	# a path of the same slot is not taken for the holder
	join d
	wait_for 10 is_state d usable
}

preempts_self()
{
	pr 0 register 0 0x1
	pr 0 reserve 0x1 $wero
	pr 0 preempt 0x1 0x1 $wero
	regs_are 0x1 a b c
	same state "usable usable usable" "$(state a) $(state b) $(state c)"
	write_some
	same conflicts 0 "$(count resv_conflicts)"
	pr 0 release 0x1 $wero
	same holder - "$(holder)"
	# all others, among them our other paths
	pr 0 reserve 0x1 $wear
	ctl pr $head other register 0 0x9
	pr 0 preempt_abort 0x1 0 $wear
	regs_are 0x1 a b c
}

preempt_self_fails()
{
	pr 0 register 0 0x1
	ctl set a pr_error=$ioerr pr_error_op=preempt
	pr $ioerr preempt 0x1 0x1 $wero
	for path in a b c; do
		wait_for 10 is_state $path usable
	done
	regs_are 0x1 a b c
	ctl set a pr_error=ENODEV
	pr 0 reserve 0x1 $wero
	pr 0 preempt 0x1 0x1 $wero
	for path in a b c; do
		wait_for 10 is_state $path usable
	done
	regs_are 0x1 a b c
}

preempts_other()
{
	ctl pr $head other register 0 0x9
	ctl pr $head other reserve 0x9 $wero
	pr 0 register 0 0x1
	pr $conflict reserve 0x1 $wero
	pr $conflict preempt 0x5 0x9 $wero
	pr 0 preempt 0x1 0x9 $wero
	regs_are 0x1 a b c
	ask "0 0x1 3" read_reservation
	pr 0 release 0x1 $wero
	same holder - "$(holder)"
}

clears()
{
	pr 0 register 0 0x1
	pr 0 reserve 0x1 $wero
	pr $conflict clear 0x2
	pr 0 clear 0x1
	no_regs
	join d
	same state usable "$(state d)"
	sleep 1
	same registrations "" "$(regs)"
	pr 0 register 0 0x1
	ctl set a pr_error=$path_failed pr_error_op=clear pr_error_count=1 pr_lost
	pr 0 clear 0x1
	no_regs
}

reads()
{
	ask "0 0:" read_keys 8
	pr 0 register 0 0x1
	ask "0 3: 0x1 0x1 0x1" read_keys 8
	ask "0 3: 0x1" read_keys 1
	ctl set a pr_error=$ioerr
	ctl set b pr_error=ENODEV
	ask "0 3: 0x1" read_keys 1
	ask "0 0x0 0" read_reservation
	ctl set c pr_error=$ioerr
	ask "2" read_keys 8
}

fake_begin 12
check "reserve and release, one a path" test_on path reserves
check "reserve and release, shared" test_on host reserves
check "reserve when the path refuses or fails" test_on path reserve_path_errors
check "the holder is down: release says so" test_on path holder_down
check "the holder is down, shared: another path releases" test_on host holder_down
check "the holder is gone: the reservation can be moved" test_on path holder_gone
check "preempting ourselves registers the other paths again" test_on path preempts_self
check "the same, shared" test_on host preempts_self
check "preempting ourselves fails" test_on path preempt_self_fails
check "preempting another host" test_on path preempts_other
check "clear" test_on path clears
check "reads try another path" test_on path reads
fake_end
