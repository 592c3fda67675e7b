#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loading and unloading: nodes come and go each time, the path disks are free
# again, nothing is leaked and nothing is left in sysfs.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
start_unloaded
rounds=$(some 20 5)
mnt=$work/mnt
mkdir "$mnt"

no_nodes()
{
	local node
	for node in /dev/nvme1[0-9][0-9][0-9]n* /dev/ng1[0-9][0-9][0-9]n* /sys/block/nvme1[0-9][0-9][0-9]n*; do
		[[ ! -e $node ]] || { echo "$node is there"; return 1; }
	done
}

paths_free()
{
	local p
	for p in $(path_disks); do
		same "exclusive open of $p" OK "$("$programs/opens" rwx "/dev/$p" || true)"
		same "holders of $p" '' "$(ls "/sys/block/$p/holders")"
	done
}

first_state()
{
	local p
	no_nodes
	[[ -n $(path_disks) ]] || fail "no NVMe disk"
	paths_free
}

# Whatever the check before left behind.
fresh_load()	# fresh_load [PARAMETER...]
{
	! mountpoint -q "$mnt" || umount "$mnt"
	start_unloaded
	load_modules "$@"
}

round()	# round N: with some fio in each seventh
{
	local h
	fresh_load
	wait_for 10 all_claimed
	for h in $(heads); do
		[[ -b /dev/$h && -c $(path_char "$h") ]] || fail "nodes of $h are missing"
		same "open of $h" OK "$("$programs/opens" r "/dev/$h")"
	done
	if (($1 % 7 == 3)); then
		h=$(heads | head -n 1)
		run_fio 128 --ioengine=io_uring_cmd --cmd_type=nvme --filename="$(path_char "$h")" \
			--rw=randwrite --size=512k --iodepth=8
		run_fio 128 --ioengine=io_uring --direct=1 --filename="/dev/$h" \
			--rw=randwrite --size=512k --iodepth=8
	fi
	unload_modules
	no_nodes
	paths_free
}

many_rounds()
{
	local n
	for ((n = 0; n < rounds; n++)); do
		echo "round $n"
		round $n
	done
}

# Unloading right after loading, before all paths are there.
at_once()
{
	local n
	for ((n = 0; n < $(some 5 3); n++)); do
		echo "round $n"
		fresh_load
		unload_modules
		no_nodes
		paths_free
	done
}

in_use()
{
	fresh_load
	wait_for 10 all_claimed
	refused rmmod libmultipath_cxx
	grep -q 'in use' "$work/refused"
	local h node
	h=$(heads | head -n 1)
	for node in "/dev/$h" "$(path_char "$h")"; do
		exec {fd}<"$node"
		refused rmmod mpath_nvme
		grep -q 'in use' "$work/refused"
		exec {fd}<&-
	done
	unload_modules
	no_nodes
}

# Somebody opens, reads and closes all the time: the module goes in a moment when nobody
# has a node open.
while_opened()
{
	local n h openers=() tries
	for ((n = 0; n < $(some 10 3); n++)); do
		fresh_load
		wait_for 10 all_claimed
		openers=()
		for h in $(heads); do
			(while :; do dd if="/dev/$h" of=/dev/null bs=4k count=4 iflag=direct status=none; done) 2>/dev/null &
			openers+=($!)
			(while :; do nvme id-ns "/dev/${h/nvme/ng}" -n 1 -b | wc -c; done) >/dev/null 2>&1 &
			openers+=($!)
		done
		# shellcheck disable=SC2064	# the processes of now
		trap "kill ${openers[*]} 2>/dev/null" EXIT
		for ((tries = 0; tries < 2000; tries++)); do
			! rmmod mpath_nvme 2>"$work/rmmod" || break
			grep -Eq 'in use|temporarily unavailable' "$work/rmmod" || fail "$(<"$work/rmmod")"
		done
		gone /sys/module/mpath_nvme || fail "in use after $tries tries"
		echo "round $n: in use $tries times"
		kill "${openers[@]}"
		wait "${openers[@]}" 2>/dev/null || true
		trap - EXIT
		rmmod libmultipath_cxx
		no_nodes
		paths_free
	done
}

# A mounted file system holds the module as an open node does.
mounted()
{
	local p h
	fresh_load
	wait_for 10 all_claimed
	p=$(path_disks | head -n 1)
	h=$(head_of "$p")
	mkfs.ext4 -q "/dev/$h" 8m
	mount "/dev/$h" "$mnt"
	head -c 1m /dev/urandom >"$mnt/file"
	cp "$mnt/file" "$work/copy"
	refused rmmod mpath_nvme
	grep -q 'in use' "$work/refused"
	umount "$mnt"
	unload_modules
	# through the path alone it is the same file system
	mount "/dev/$p" "$mnt"
	cmp "$mnt/file" "$work/copy"
	umount "$mnt"
	# and through a head again
	load_modules
	wait_for 10 all_claimed
	h=$(head_of "$p")
	mount "/dev/$h" "$mnt"
	cmp "$mnt/file" "$work/copy"
	umount "$mnt"
	dd if=/dev/zero of="/dev/$h" bs=64k count=1 oflag=direct status=none
	unload_modules
}

parameters()
{
	fresh_load base=2000 policy=queue-depth
	wait_for 10 all_claimed
	local h
	for h in $(heads); do
		[[ $h == nvme2[0-9][0-9][0-9]n* ]] || fail "$h with base=2000"
		same "policy of $h" queue-depth "$(<"/sys/block/$h/mpath_policy")"
	done
	same base 2000 "$(</sys/module/mpath_nvme/parameters/base)"
	same policy queue-depth "$(</sys/module/mpath_nvme/parameters/policy)"
	same "mode of base" 444 "$(stat -c %a /sys/module/mpath_nvme/parameters/base)"
	unload_modules
	insmod "$modules/libmultipath_cxx.ko"
	refused insmod "$modules/mpath_nvme.ko" policy=bad
	rmmod libmultipath_cxx
	no_nodes
}

driver_unloads()
{
	start_unloaded
	paths_free
	rmmod nvme
	gone /sys/module/nvme
	rmmod nvme_core
	modprobe nvme
	wait_for 10 paths_are_back
}
paths_are_back() { [[ -n $(path_disks) ]]; }

begin 9
check "before: no head, path disks free" first_state
check "$rounds times loaded and unloaded, with I/O in some rounds" many_rounds
check "unloaded at once after loading" at_once
check "no unloading while a node is open" in_use
check "unloading against opens that come and go" while_opened
check "no unloading while a head is mounted; the data stays" mounted
check "parameters base and policy" parameters
check "no reference leaked: the NVMe driver unloads and comes back" driver_unloads
check "after that it loads once more" round 3
ktap_finished
