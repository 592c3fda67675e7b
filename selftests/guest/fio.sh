#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fio on the head: each way to submit to the char node (io_uring_cmd) and to the
# block disk (io_uring), with data verified. A run counts only if fio issued as
# many commands as the job has blocks and the paths counted them.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
named_devices scratch
command -v fio >/dev/null || skip_all "fio is not installed"

blocks=256
size=$((blocks * 4))k

# counted NAME COMMAND...: the paths' counter NAME grows by at least one a block
# written and one a block read
counted()
{
	local name=$1 before after
	shift
	before=$(sum "$head" "$name")
	"$@"
	after=$(sum "$head" "$name")
	((after - before >= 2 * blocks)) ||
		fail "the paths counted $((after - before)) $name of $((2 * blocks))"
}

char()	# char OPTION...
{
	counted uring_cmds run_fio $blocks --ioengine=io_uring_cmd --cmd_type=nvme \
		--filename="$MPATH_CHAR" --rw=randwrite --size=$size --iodepth=16 "$@"
}

block()	# block OPTION...
{
	counted bios run_fio $blocks --ioengine=io_uring --direct=1 \
		--filename="$MPATH_BLOCK" --rw=randwrite --size=$size --iodepth=16 "$@"
}

four_jobs()
{
	local blocks=1024
	char --numjobs=4 --offset_increment=8m --group_reporting
}

# What fio cannot do on a path it cannot do here.
fixed_and_vectored()
{
	local node
	for node in "${path_chars[0]}" "$MPATH_CHAR"; do
		refused timeout $((60 * slow)) fio --thread --name=job --ioengine=io_uring_cmd --cmd_type=nvme \
			--filename="$node" --rw=read --bs=4k --size=64k --fixedbufs=1 --nonvectored=0
		grep -q 'Invalid argument' "$work/refused" || fail "$node: $(cat "$work/refused")"
	done
}

# Written through the head's block disk, read through a path's char node.
across()
{
	run_fio $blocks --ioengine=io_uring --direct=1 --filename="$MPATH_BLOCK" --rw=write \
		--size=$size --iodepth=8 --verify_pattern=0x5eed --verify=pattern
	timeout $((60 * slow)) fio --thread --name=back --ioengine=io_uring_cmd --cmd_type=nvme \
		--filename="${path_chars[0]}" --rw=read --bs=4k --size=$size --iodepth=8 \
		--verify=pattern --verify_pattern=0x5eed --verify_fatal=1 --eta=never \
		--output="$work/fio"
	fio_clean "$work/fio"
	same "blocks read" "$blocks,0" "$(fio_issued "$work/fio")"
}

begin 17
check "char: plain" char
check "char: vectored" char --nonvectored=0
check "char: polled" char --hipri=1
check "char: registered buffers and files" char --fixedbufs=1 --registerfiles=1
check "char: submission thread" char --sqthread_poll=1
check "char: worker threads" char --force_async=1
check "char: polled, registered, submission thread" \
	char --hipri=1 --fixedbufs=1 --registerfiles=1 --sqthread_poll=1
check "char: polled and vectored" char --hipri=1 --nonvectored=0
check "char: large blocks" char --bs=64k --size=16m
check "char: four jobs" four_jobs
check "char: registered buffers cannot be vectored" fixed_and_vectored
check "block: plain" block
check "block: polled" block --hipri=1
check "block: registered buffers and files" block --fixedbufs=1 --registerfiles=1
check "block: submission thread" block --sqthread_poll=1
check "block: worker threads" block --force_async=1
check "block and char node show the same data" across
ktap_finished
