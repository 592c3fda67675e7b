#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A head that has lost its last path waits for one (delayed_removal_secs): over NVMe
# over TCP, with hosts that disconnect and connect again.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v fio >/dev/null && command -v nvme >/dev/null || skip_all "fio or nvme is not installed"
# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"

latency_ns=$(some 2000000 30000000)
ns=$target/subsystems/$nqn/namespaces/1

grace() { echo "$1" >"/sys/block/$head/delayed_removal_secs"; }
disconnect() { nvme disconnect -n $nqn >/dev/null; }
connect_all() { local port; for port in "${ports[@]}"; do connect "$port" >/dev/null; done; }
lingers() { wait_for 10 has_paths "$head" 0; there "/sys/block/$head" || fail "the head has gone"; }

comes_back()	# comes_back COUNTER
{
	local round
	grace 60
	for round in 1 2; do
		goes_on "$1"
		disconnect
		lingers
		sleep 1
		connect_all
		wait_for 20 has_paths "$head" 2
		goes_on "$1"
	done
	same "heads" "$head" "$(heads)"
	same "uuid" "$(<$ns/device_uuid)" "$(<"/sys/block/$head/uuid")"
	same "metadata" 0 "$(<"/sys/block/$head/metadata_bytes")"
	same "given up" 0 "$(cut -d' ' -f2 "/sys/block/$head/passthru_failovers")"
}

block_load()
{
	with_fio --rw=randwrite --size=4m --iodepth=16 --verify=crc32c --verify_backlog=64 --verify_fatal=1 \
		--ioengine=io_uring --direct=1 --filename="/dev/$head" -- "$@"
}

char_load()
{
	with_fio --rw=randwrite --size=4m --iodepth=16 --verify=crc32c --verify_backlog=64 --verify_fatal=1 \
		--ioengine=io_uring_cmd --cmd_type=nvme --filename="/dev/${head/nvme/ng}" -- "$@"
}

# Not the same namespace, whatever its number: it gets a head of its own.
another_identity()
{
	local old=$head uuid
	uuid=$(<$ns/device_uuid)
	grace 60
	disconnect
	lingers
	echo 0 >$ns/enable
	echo 11111111-2222-4333-8444-555555555555 >$ns/device_uuid
	echo 1 >$ns/enable
	connect_all
	two_heads() { [[ $(heads | wc -l) == 2 ]]; }
	wait_for 20 two_heads
	dmesg | grep -q "$old waits for a path: .* another UUID; it gets a head of its own" ||
		fail "not a word in the log"
	same "paths of the old one" "" "$(paths_of "$old")"
	head=$(heads | grep -v "^$old$")
	wait_for 20 has_paths "$head" 2
	same "uuid" 11111111-2222-4333-8444-555555555555 "$(<"/sys/block/$head/uuid")"
	# 0 ends the period that is running
	echo 0 >"/sys/block/$old/delayed_removal_secs"
	wait_for 10 gone "/sys/block/$old"
	disconnect
	wait_for 10 gone "/sys/block/$head"
	echo 0 >$ns/enable
	echo "$uuid" >$ns/device_uuid
	echo 1 >$ns/enable
}

# Its time ends: what waits fails, the nodes go.
expires()
{
	local dd
	connect_all
	wait_for 20 the_head
	wait_for 20 has_paths "$head" 2
	grace 3
	disconnect
	dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct status=none 2>"$work/dd" &
	dd=$!
	lingers
	refused rmmod mpath_nvme
	grep -q "in use" "$work/refused" || fail "$(<"$work/refused")"
	wait_for 20 finished $dd
	! wait $dd || fail "the read ended well"
	cat "$work/dd"
	wait_for 10 gone "/sys/block/$head"
	dmesg | tail -50 | grep -q "no path has come back" || fail "not a word in the log"
}

start_unloaded
target_up >"$work/target" 2>&1 || { cat "$work/target"; skip_all "no NVMe target in this kernel"; }
begin 6
check "two ports, two paths, one head" paths_join
the_head
check "block: all paths leave and come back, I/O waits" block_load comes_back bios
check "passthrough: all paths leave and come back, commands wait" char_load comes_back uring_cmds
check "a namespace with another identity is not taken for it" another_identity
check "the grace period ends without a path" expires
check "nothing is held: our modules and the transport unload" everything_unloads
ktap_finished
