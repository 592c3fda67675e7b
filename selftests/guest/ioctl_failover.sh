#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Passthrough by ioctl whose path fails while the command is with the device. Each
# command takes seconds there, so that a reset meets it.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v nvme >/dev/null || skip_all "nvme is not installed"
# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"

# null_blk gives a command up after 5 s
latency_ns=$(some 2500000000 4500000000)
# as long as the driver looks for partitions; longer than a path is asked often
join_secs=60

busy_port()	# busy is the port whose path's count of ioctls differs from ${was[PORT]}
{
	for busy in "${ports[@]}"; do
		(($(<"${count[busy]}") == was[busy])) || return 0
	done
	return 1
}

# hit COMMAND...: run it, and reset the controller that it is on; its status
hit()
{
	local pid port busy status=0 was=() count=() reset=()
	for port in "${ports[@]}"; do
		count[port]=/sys/block/$head/mpath_stats/$(path_of_port "$port")/ioctls
		reset[port]=/sys/class/nvme/$(ctrl_of_port "$port")/reset_controller
		was[port]=$(<"${count[port]}")
	done
	"$@" >"$work/out" 2>&1 &
	pid=$!
	wait_for 10 busy_port
	usleep $((100000 * slow))	# from the count to the device
	echo 1 >"${reset[busy]}"
	wait $pid || status=$?
	wait_for 20 is_live "$busy"
	wait_for 20 state_is "$busy" usable
	return $status
}

# io read|write NODE: one command, by one ioctl
io()
{
	local command=(nvme io-passthru "$2" --namespace-id=1 --data-len=4096 --cdw10=8 --cdw12=7)
	case $1 in
	read) "${command[@]}" --opcode=2 --read --raw-binary >"$work/read" ;;
	write) "${command[@]}" --opcode=1 --write --input-file="$work/write" ;;
	esac
}

survives()	# survives NODE
{
	local before
	before=$(kept)
	head -c 4096 /dev/urandom >"$work/write"
	hit io write "$1" || { cat "$work/out"; fail "the write failed"; }
	hit io read "$1" || { cat "$work/out"; fail "the read failed"; }
	cmp "$work/write" "$work/read"
	(($(kept) >= before + 2)) || fail "no reset met a command"
}

# One reset each, while the command is with the device.
every_form()
{
	local form before
	for form in io64 vec submit; do
		before=$(kept)
		hit "$programs/send" --ioctl "/dev/${head/nvme/ng}" --form $form
		grep -q "^result=0 " "$work/out" || fail "$form: $(<"$work/out")"
		(($(kept) > before)) || fail "$form: no reset met the command"
	done
}

off()
{
	local before
	before=$(kept)
	echo off >"/sys/block/$head/passthru_failover"
	! hit io read "/dev/${head/nvme/ng}" || { cat "$work/out"; fail "no error"; }
	cat "$work/out"
	grep -qi "interrupted" "$work/out" || fail "another error than the driver's"
	same "kept" "$before" "$(kept)"
	echo idempotent >"/sys/block/$head/passthru_failover"
}

start_unloaded
target_up >"$work/target" 2>&1 || { cat "$work/target"; skip_all "no NVMe target in this kernel"; }
begin 6
check "two ports, two paths, one head" paths_join
the_head
check "char device: a command survives its controller's reset" survives "/dev/${head/nvme/ng}"
check "block device: the same" survives "/dev/$head"
check "each form of the ioctl" every_form
check "failover off: the driver's error" off
check "nothing is held: our modules and the transport unload" everything_unloads
ktap_finished
