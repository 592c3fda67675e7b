#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The nodes of each head, what sysfs says of them, and the switches there.
# In a guest all heads are looked at, elsewhere the named one.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
named_devices

if [[ -n $MPATH_GUEST ]]; then
	mapfile -t all < <(heads)
else
	all=("$head")
fi

parts()	# parts HEAD: its two numbers
{
	[[ $1 =~ ^nvme([0-9]+)n([0-9]+)$ ]] || fail "$1 is no name for a head"
	echo "${BASH_REMATCH[@]:1}"
}

names()
{
	local h p number instance
	local -A seen

	((${#all[@]})) || fail "no head"
	for h in "${all[@]}"; do
		read -r number instance < <(parts "$h")
		((number >= 1000)) || fail "$h: number below 1000"
		[[ -z ${seen[$number]} ]] || fail "$h: number $number is taken by ${seen[$number]}"
		seen[$number]=$h
		[[ -b /dev/$h ]] || fail "/dev/$h is no block node"
		[[ -c $(path_char "$h") ]] || fail "$(path_char "$h") is no char node"
		[[ -n $(paths_of "$h") ]] || fail "$h has no path"
		for p in $(paths_of "$h"); do
			same "instance of $h and $p" "$instance" "${p##*n}"
		done
		# no node below a directory: tools cut the path to its last part
		same "mode of $h" "$(stat -c %a "/dev/$(paths_of "$h" | head -n 1)")" "$(stat -c %a "/dev/$h")"
		same "mode of the char node" 600 "$(stat -c %a "$(path_char "$h")")"
	done
	[[ -z $MPATH_GUEST || -n ${seen[1000]} ]] || fail "no head has number 1000"
}

one_head_a_namespace()
{
	local p h key count=0
	local -A head_of_key

	[[ -n $MPATH_GUEST ]] || skip "the heads of this host are not all ours to judge"
	for p in $(path_disks); do
		local matches=(/sys/block/nvme*/multipath/"$p")
		same "heads of $p" 1 "${#matches[@]}"
		[[ -L ${matches[0]} ]] || fail "$p has no head"
		h=$(head_of "$p")
		# subsystem and namespace id are what a namespace is known by
		key="$(cat "/sys/class/nvme/$(ctrl_of "$p")/subsysnqn") $(<"/sys/block/$p/nsid")"
		[[ -z ${head_of_key[$key]} || ${head_of_key[$key]} == "$h" ]] ||
			fail "$p is in $h, its twin in ${head_of_key[$key]}"
		head_of_key[$key]=$h
		count=$((count + 1))
	done
	((count)) || fail "no path"
	same "heads" "${#head_of_key[@]}" "${#all[@]}"
	echo "${head_of_key[*]}" | tr ' ' '\n' | sort | uniq -d | grep . && fail "namespaces share a head"
	return 0
}

parent()
{
	local h p dir
	for h in "${all[@]}"; do
		dir=$(readlink -f "/sys/block/$h")
		dir=${dir%/*}
		same "class of the parent of $h" nvme-subsystem "$(basename "$(readlink -f "$dir/subsystem")")"
		for p in $(paths_of "$h"); do
			[[ -e $dir/$(ctrl_of "$p") ]] || fail "$h is below $dir, but $p is not of it"
		done
	done
}

attributes()
{
	local h p name
	for h in "${all[@]}"; do
		for p in $(paths_of "$h"); do
			for name in nsid wwid csi metadata_bytes nuse size ro removable \
				queue/logical_block_size queue/physical_block_size; do
				same "$h/$name" "$(<"/sys/block/$p/$name")" "$(<"/sys/block/$h/$name")"
			done
			for name in uuid nguid eui; do
				if [[ -e /sys/block/$p/$name ]]; then
					same "$h/$name" "$(<"/sys/block/$p/$name")" "$(<"/sys/block/$h/$name")"
				else
					gone "/sys/block/$h/$name" || fail "$h has $name, $p has not"
				fi
			done
		done
	done
}

links()
{
	local h p
	for h in "${all[@]}"; do
		for p in $(paths_of "$h"); do
			same "$h/multipath/$p" "$(readlink -f "/sys/block/$p")" \
				"$(readlink -f "/sys/block/$h/multipath/$p")"
			same "$p/holders/$h" "$(readlink -f "/sys/block/$h")" \
				"$(readlink -f "/sys/block/$p/holders/$h")"
			[[ -e /sys/block/$h/slaves/$p ]] || fail "$h/slaves/$p is missing"
		done
	done
}

counters()
{
	local h p name value
	for h in "${all[@]}"; do
		for name in requeued failed; do
			value=$(<"/sys/block/$h/mpath_stats/$name")
			[[ $value =~ ^[0-9]+$ ]] || fail "$h/$name: $value"
		done
		for p in $(paths_of "$h"); do
			for name in bios uring_cmds ioctls submit_errors failovers; do
				value=$(counter "$h" "$p" $name)
				[[ $value =~ ^[0-9]+$ ]] || fail "$h/$p/$name: $value"
			done
			same "state of $p" usable "$(counter "$h" "$p" state)"
		done
		for p in "/sys/block/$h/mpath_stats/"nvme*; do
			[[ -L /sys/block/$h/multipath/${p##*/} ]] || fail "$p counts for a path that is none"
		done
	done
}

claimed()
{
	local h p
	for h in "${all[@]}"; do
		for p in $(paths_of "$h"); do
			same "exclusive open of $p" EBUSY "$("$programs/opens" rwx "/dev/$p" || true)"
			same "open of $p" OK "$("$programs/opens" r "/dev/$p")"
		done
		same "exclusive open of $h" OK "$("$programs/opens" rwx "/dev/$h")"
	done
}

policy_words()
{
	local file=/sys/block/$head/mpath_policy word before
	[[ -n $MPATH_SCRATCH ]] || skip "MPATH_SCRATCH is not set: the policy stays"
	before=$(<"$file")
	for word in numa round-robin queue-depth; do
		echo $word >"$file"
		same "policy" $word "$(<"$file")"
		printf %s $word >"$file"
		same "policy without newline" $word "$(<"$file")"
	done
	for word in '' bad numa2 num 'round-robin x' NUMA roundrobin 2; do
		if printf '%s\n' "$word" 2>"$work/said" >"$file"; then
			fail "'$word' was taken"
		fi
		grep -q 'Invalid argument' "$work/said" || fail "'$word': $(<"$work/said")"
		same "policy after '$word'" queue-depth "$(<"$file")"
	done
	echo "$before" >"$file"
}

default_policy()
{
	[[ -n $MPATH_GUEST ]] || skip "the policy of this host is its owner's"
	local h
	for h in "${all[@]}"; do
		same "policy of $h" numa "$(<"/sys/block/$h/mpath_policy")"
	done
}

listed()
{
	local h
	[[ -n $MPATH_GUEST ]] || skip "only in a guest: nvme list asks every NVMe device"
	nvme list >"$work/list"
	cat "$work/list"
	for h in "${all[@]}"; do
		grep -Eq "^/dev/$h +($(path_char "$h")|ng${h#nvme}) " "$work/list" ||
			fail "nvme list does not show $h with its char node"
	done
	nvme list -v >"$work/list" 2>&1
	for h in "${all[@]}"; do
		grep -q "$h" "$work/list" || fail "nvme list -v does not show $h"
	done
}

# A partition table written through the head gives partitions of the head.
partitions()
{
	[[ -n $MPATH_GUEST ]] || skip "only in a guest: a partition table would be written"
	local h=$head name=${head}p1 lba cmd
	lba=$(<"/sys/block/$h/queue/logical_block_size")
	same "block size" 512 "$lba"
	# one primary partition of 1024 sectors from sector 2048, type Linux
	{
		head -c 446 /dev/zero
		printf '\0\0\0\0\x83\0\0\0\0\x08\0\0\0\x04\0\0'
		head -c 48 /dev/zero
		printf '\x55\xaa'
	} >"$work/table"
	same "size of the table" 512 "$(stat -c %s "$work/table")"
	dd if="$work/table" of="/dev/$h" bs=512 count=1 oflag=direct conv=notrunc status=none
	blockdev --rereadpt "/dev/$h"
	wait_for 5 test -b "/dev/$name"
	same "size of the partition" 1024 "$(<"/sys/block/$h/$name/size")"
	head -c 4096 /dev/urandom >"$work/data"
	dd if="$work/data" of="/dev/$name" bs=4096 count=1 oflag=direct status=none
	dd if="/dev/$h" of="$work/back" bs=4096 skip=256 count=1 iflag=direct status=none
	cmp "$work/data" "$work/back"
	# an unprivileged user may not pass commands through a partition, which
	# would reach the whole device; the superuser may
	nvme io-passthru "/dev/$name" --opcode=0 --namespace-id="$(<"/sys/block/$h/nsid")"
	chmod 0666 "/dev/$name"
	refused setpriv --reuid 65534 --clear-groups nvme io-passthru "/dev/$name" --opcode=2 \
		--namespace-id="$(<"/sys/block/$h/nsid")" --data-len=512 --read
	grep -q 'Permission denied' "$work/refused" || fail "$(<"$work/refused")"
	# IO_CMD, SUBMIT_IO, that of 32-bit programs, IO64_CMD, IO64_CMD_VEC
	for cmd in 0xc0484e43 0x40304e42 0x402c4e42 0xc0504e48 0xc0504e49; do
		refused setpriv --reuid 65534 --clear-groups "$programs/fakeio" ioctl "/dev/$name" $cmd
		same "ioctl $cmd of a user" EACCES "$(<"$work/refused")"
	done
	dd if=/dev/zero of="/dev/$h" bs=512 count=1 oflag=direct conv=notrunc status=none
	blockdev --rereadpt "/dev/$h"
	wait_for 5 gone "/dev/$name"
}

begin 11
check "each head has a block and a char node, numbers from 1000, instance of the path" names
check "one head for each namespace, with all of its paths" one_head_a_namespace
check "the disk is a child of the NVMe subsystem of its paths" parent
check "attributes, size and block sizes are those of the paths" attributes
check "multipath/ and holders/ link head and paths" links
check "the policy of a new head is numa" default_policy
check "mpath_policy takes the three names and answers EINVAL to others" policy_words
check "mpath_stats has the head's and each path's counters" counters
check "paths are claimed exclusively, heads are not" claimed
check "nvme list shows the head and its char node" listed
check "partitions of the head; no passthrough through them for users" partitions
ktap_finished
