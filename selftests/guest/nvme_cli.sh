#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# nvme-cli on the head's nodes: each command prints and returns what it does on
# a path's char node, where that is not a matter of time.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
named_devices
command -v nvme >/dev/null || skip_all "nvme-cli is not installed"

path=${path_chars[0]}
nsid=$(<"/sys/block/$head/nsid")
lba=$(<"/sys/block/$head/queue/logical_block_size")

# on NODE FILTER COMMAND...: @ in the command stands for the node. Output and
# status go to $work/NAME.out, with the node's name and what FILTER removes cut.
on()
{
	local node=$1 filter=$2 name=${1##*/} words=() word status=0
	shift 2
	for word; do
		words+=("${word//@/$node}")
	done
	"${words[@]}" >"$work/$name.raw" 2>&1 || status=$?
	echo "status $status" >>"$work/$name.raw"
	sed -E "s/(nvme|ng)[0-9]+n[0-9]+/NODE/g; $filter" "$work/$name.raw" >"$work/$name.out"
	return $status
}

# alike FILTER COMMAND...: succeeds on the path, and the same on the head
alike()
{
	local node
	on "$path" "$@" || { cat "$work/${path##*/}.raw"; fail "$path: failed"; }
	for node in "$MPATH_CHAR" "$MPATH_BLOCK"; do
		on "$node" "$@" || true
		diff -u "$work/${path##*/}.out" "$work/${node##*/}.out" || fail "$node: not alike"
	done
}

# equally_bad FILTER COMMAND...: fails on the path, and the same on the head
equally_bad()
{
	local node
	! on "$path" "$@" || fail "$path: did not fail"
	for node in "$MPATH_CHAR" "$MPATH_BLOCK"; do
		on "$node" "$@" || true
		diff -u "$work/${path##*/}.out" "$work/${node##*/}.out" || fail "$node: not alike"
	done
}

writes() { [[ -n $MPATH_SCRATCH ]] || skip "MPATH_SCRATCH is not set: would write"; }

values='s/:.*//'	# a filter: names, not values

get_ns_id()
{
	alike '' nvme get-ns-id @
	grep -q "namespace-id:$nsid" "$work/${MPATH_CHAR##*/}.out"
}

smart_log() { alike "$values; s/[0-9]+/N/g" nvme smart-log @; }
error_log() { alike 's/error_count.*//; s/.*://' nvme error-log @ -e 1; }

# write by the head, read by a path; write by a path, read by the head
read_write()
{
	local writer reader
	writes
	for writer in "$MPATH_CHAR" "$MPATH_BLOCK" "$path"; do
		head -c $((lba * 8)) /dev/urandom >"$work/data"
		nvme write "$writer" -s 128 -c 7 -z $((lba * 8)) -d "$work/data"
		for reader in "$MPATH_CHAR" "$MPATH_BLOCK" "${path_chars[@]}"; do
			rm -f "$work/back"
			nvme read "$reader" -s 128 -c 7 -z $((lba * 8)) -d "$work/back"
			cmp "$work/data" "$work/back" || fail "written by $writer, read by $reader"
		done
	done
}

compare()
{
	writes
	head -c "$lba" /dev/urandom >"$work/data"
	nvme write "$path" -s 200 -z "$lba" -d "$work/data"
	alike '' nvme compare @ -s 200 -z "$lba" -d "$work/data"
	head -c "$lba" /dev/zero >"$work/other"
	equally_bad '' nvme compare @ -s 200 -z "$lba" -d "$work/other"
}

write_zeroes()
{
	local node
	writes
	head -c $((lba * 4)) /dev/zero >"$work/zeroes"
	for node in "$MPATH_CHAR" "$MPATH_BLOCK"; do
		head -c $((lba * 4)) /dev/urandom >"$work/data"
		nvme write "$path" -s 300 -c 3 -z $((lba * 4)) -d "$work/data"
		nvme write-zeroes "$node" -s 300 -c 3
		rm -f "$work/back"
		nvme read "$path" -s 300 -c 3 -z $((lba * 4)) -d "$work/back"
		cmp "$work/zeroes" "$work/back"
	done
	equally_bad '' nvme write-zeroes @ -s $((2 ** 50)) -c 3
}

dsm() { writes; alike '' nvme dsm @ -s 400 -b 8 -d; }

flush() { writes; alike '' nvme flush @; }

io_passthru()
{
	alike '' nvme io-passthru @ --opcode=2 --namespace-id="$nsid" --cdw10=128 --cdw12=0 \
		--data-len="$lba" --read
	equally_bad '' nvme io-passthru @ --opcode=2 --namespace-id=$((nsid + 100)) --cdw10=128 \
		--data-len="$lba" --read
	# no namespace id is id 0
	equally_bad '' nvme io-passthru @ --opcode=2 --cdw10=128 --data-len="$lba" --read
	[[ -z $MPATH_GUEST ]] || equally_bad '' nvme io-passthru @ --opcode=0x3f --namespace-id="$nsid"
}

admin_passthru()
{
	alike '' nvme admin-passthru @ --opcode=6 --namespace-id="$nsid" --data-len=4096 --read
	[[ -z $MPATH_GUEST ]] || equally_bad '' nvme admin-passthru @ --opcode=0x3f
	alike '' nvme get-feature @ -f 7
}

# What nvme-cli cannot do on a native char node it cannot do here, alike.
controller_commands()
{
	local command
	for command in reset ns-rescan subsystem-reset; do
		! on "$path" '' nvme $command @ || fail "$command works on $path"
		! on "$MPATH_CHAR" '' nvme $command @ || fail "$command works on $MPATH_CHAR"
		diff -u "$work/${path##*/}.out" "$work/${MPATH_CHAR##*/}.out"
	done
}

list_subsys()
{
	local p
	nvme list-subsys >"$work/list"
	for p in "${path_chars[@]}"; do
		grep -q "$(ctrl_of "nvme${p#/dev/ng}")" "$work/list" || fail "$(cat "$work/list")"
	done
	nvme list-subsys "$MPATH_BLOCK"
}

begin 19
check "id-ns" alike '' nvme id-ns @ -H
check "id-ctrl" alike '/^cntlid/d' nvme id-ctrl @
check "get-ns-id" get_ns_id
check "ns-descs" alike '' nvme ns-descs @
check "list-ns" alike '' nvme list-ns @
check "smart-log" smart_log
check "error-log" error_log
check "fw-log" alike '' nvme fw-log @
check "get-log" alike '' nvme get-log @ --log-id=3 --log-len=512
check "write and read back by every other node" read_write
check "compare, equal and not" compare
check "flush" flush
check "write-zeroes" write_zeroes
check "dsm" dsm
check "verify" alike '' nvme verify @ -s 0 -c 3
check "io-passthru, also with a wrong namespace id and opcode" io_passthru
check "admin-passthru and get-feature" admin_passthru
check "reset and rescan are no commands of a char node" controller_commands
check "list-subsys" list_subsys
ktap_finished
