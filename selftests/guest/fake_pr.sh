#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Persistent reservations through a head of mpath_fake.ko, whose storage binds a
# registration to each path (as SCSI does) or to the host (as NVMe does).
# shellcheck disable=SC2030,SC2031,SC2034	# each test is a subshell of its own

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=fake.sh
. "$here/fake.sh"
# shellcheck source-path=SCRIPTDIR source=fake_pr_lib.sh
. "$(dirname "$0")/fake_pr_lib.sh"

# ---- register --------------------------------------------------------------

registers()
{
	pr 0 register 0 0x1
	regs_are 0x1 a b c
	pr 0 register 0x1 0x2
	regs_are 0x2 a b c
	pr 0 register 0x77 0x3 ignore
	regs_are 0x3 a b c
	pr 0 register 0x3 0x3
	regs_are 0x3 a b c
	pr 0 register 0x3 0
	no_regs
	pr 0 register 0 0x4 ignore
	regs_are 0x4 a b c
	pr 0 register 0 0 ignore
	no_regs
}

wrong_key()
{
	pr 0 register 0 0x1
	pr $conflict register 0x9 0x2
	pr $conflict register 0 0x2
	pr $conflict register 0x9 0
	regs_are 0x1 a b c
	same state "usable usable usable" "$(state a) $(state b) $(state c)"
}

undone()
{
	ctl set c pr_error=$ioerr pr_error_op=register
	pr $ioerr register 0 0x1
	same registrations "" "$(regs)"
	ctl set c pr_error=0
	pr 0 register 0 0x1
	ctl set c pr_error=$ioerr
	pr $ioerr register 0x1 0x2
	regs_are 0x1 a b c
	pr $ioerr register 0 0x3 ignore
	regs_are 0x1 a b c
	! logged 'could not undo' || fail "undoing failed"
}

# The holder comes last: what it holds is not lost by what fails elsewhere.
unregister_undone()
{
	pr 0 register 0 0x1
	pr 0 reserve 0x1 $wero
	same holder a "$(holder)"
	ctl set b pr_error=$ioerr pr_error_op=register
	pr $ioerr register 0x1 0
	regs_are 0x1 a b c
	same holder a "$(holder)"
	ctl set b pr_error=0
	pr 0 register 0x1 0
	no_regs
}

# The path that was done fails when it is to be undone.
undo_fails()
{
	local result
	ctl arm pr_register c
	"$programs/pr_ioctl" $node register 0 0x1 >"$work/result" &
	ctl stopped pr_register
	regs_are 0x1 a b
	ctl set a pr_error=$ioerr pr_error_op=register
	ctl set c pr_error=$ioerr pr_error_op=register
	ctl release pr_register
	wait $! || true
	result=$(<"$work/result")
	same result $ioerr "$result"
	regs_are 0x1 a
	logged "$head: path a may be left with reservation key 0x1 in place of 0x0: could not undo \(2\)"
	# and the way out that the line names
	ctl set a pr_error=0
	ctl set c pr_error=0
	pr 0 register 0 0x2 ignore
	regs_are 0x2 a b c
	logged "$head: all paths have the same reservation key again"
}

# ---- what is refused ---------------------------------------------------------

no_path()
{
	pr 0 register 0 0x1
	for path in a b c; do down $path; done
	pr EAGAIN register 0x1 0x2
	pr EAGAIN reserve 0x1 $wero
	pr EAGAIN clear 0x1
	ask "-11" read_keys 8
	for path in a b c; do up $path; done
	regs_are 0x1 a b c
}

removed_head()
{
	local fd
	exec {fd}<>$node
	ctl del_head $head
	same result ENODEV "$("$programs/pr_ioctl" fd:"$fd" register 0 1)"
	same result ENODEV "$("$programs/pr_ioctl" fd:"$fd" clear 1)"
	exec {fd}>&-
	make_head
}

not_supported()
{
	join d no_pr
	wait_for 10 is_state d usable
	ctl reset
	pr EOPNOTSUPP register 0 0x1
	pr EOPNOTSUPP reserve 0x1 $wero
	ask "-95" read_keys 8
	same "calls of the other paths" 0 "$(count pr_register)"
	# of no concern while it is not used
	down d
	pr 0 register 0 0x1
	regs_are 0x1 a b c
}

partition()
{
	# one of 2 MiB, from sector 2048
	{
		head -c 446 /dev/zero
		printf '\0\0\0\0\x83\0\0\0\0\x08\0\0\0\x10\0\0'
		head -c 48 /dev/zero
		printf '\x55\xaa'
	} | dd of=$node bs=512 oflag=direct iflag=fullblock
	blockdev --rereadpt $node
	wait_for 10 there ${node}1
	same "by ioctl" EPERM "$("$programs/pr_ioctl" ${node}1 register 0 0x1)"
	# users in the kernel have no such check: it is the whole unit's
	same "in the kernel" 0 "$(ctl node_pr ${node}1 register 0 0x1)"
	regs_are 0x1 a b c
	same "in the kernel" "0 3: 0x1 0x1 0x1" "$(ctl node_pr ${node}1 read_keys 8)"
}

fake_begin 13
check "register reaches each path" test_on path registers
check "register reaches paths that share a registration" test_on host registers
check "a wrong key changes nothing, one a path" test_on path wrong_key
check "a wrong key changes nothing, shared" test_on host wrong_key
check "a failure on one path is undone on the others" test_on path undone
check "and of a shared registration" test_on host undone
check "unregistering is undone and keeps the reservation" test_on path unregister_undone
check "what cannot be undone is in the log, and can be mended" test_on path undo_fails
check "no usable path" test_on path no_path
check "removed head" test_on path removed_head
check "a path without reservations" test_on path not_supported
check "a partition of the head" test_on path partition
check "register, a driver that cannot pin paths" without_pins test_on path registers
fake_end
