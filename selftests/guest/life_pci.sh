#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Paths of emulated PCI devices under load: every kind of passthrough submission through
# resets and through errors that the kernel injects, metadata, a private namespace, and
# a namespace that is formatted with other blocks, and with metadata.
#
# The guest has subsystems A (two controllers), M (the same, with metadata of 8 bytes a
# block) and P (two controllers with a private namespace each).

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v fio >/dev/null && command -v nvme >/dev/null || skip_all "fio or nvme is not installed"
# shellcheck source-path=SCRIPTDIR source=load_lib.sh
. "$(dirname "$0")/load_lib.sh"

head_of_subsystem()	# head_of_subsystem NQN: the first
{
	local h path
	for h in $(heads); do
		path=$(paths_of "$h" | head -n 1)
		[[ $(<"/sys/class/nvme/$(ctrl_of "$path")/subsysnqn") == *"$1" ]] || continue
		echo "$h"
		return
	done
}
metadata_of() { cat "/sys/block/$1/metadata_bytes"; }

usable() { line_is "/sys/block/$head/mpath_stats/$1/state" usable; }

# One after another, then all at once: a write ends with its reset.
resets()
{
	local path round pids before
	before=$(kept)
	for path in $(paths_of "$head"); do
		echo 1 >"/sys/class/nvme/$(ctrl_of "$path")/reset_controller"
	done
	for ((round = 0; round < 4; round++)); do
		pids=()
		for path in $(paths_of "$head"); do
			echo 1 >"/sys/class/nvme/$(ctrl_of "$path")/reset_controller" &
			pids+=($!)
		done
		wait "${pids[@]}" || true
	done
	for path in $(paths_of "$head"); do
		wait_for 30 live "$path"
		wait_for 30 usable "$path"
	done
	# the emulated device mostly ends what it has before it lets go of a queue
	echo "note: commands kept: $(($(kept) - before))"
}

pulls()
{
	local path n
	n=$(paths_of "$head" | wc -l)
	path=$(paths_of "$head" | head -n 1)
	echo 1 >"/sys/bus/pci/devices/$(pci_of "$path")/remove"
	wait_for 5 gone "/sys/block/$head/multipath/$path"
	all_go_on
	rescan_pci
	wait_for 30 has_paths "$head" "$n"
}

# through KIND FAULT [OPTION...]: once alone, while the fault goes on
through()
{
	local kind=$1 fault=$2 counter=uring_cmds
	shift 2
	[[ $kind != block ]] || counter=bios
	once_load "$kind" "$head" "$@"
	goes_on $counter
	"$fault"
	goes_on $counter
	stop_loads
	same "given up" 0 "$(given_up)"
}

carried()	# carried PATH: commands of both nodes
{
	local dir=/sys/block/$head/mpath_stats/$1
	echo $(($(<"$dir/bios") + $(<"$dir/uring_cmds")))
}
carried_more() { (($(carried "$1") > $2)); }
each_takes_part()
{
	local path
	for path in $(paths_of "$head"); do
		wait_for 20 carried_more "$path" $(($(carried "$path") + 20))
	done
}

can_inject()
{
	local path
	path=$(paths_of "$head" | head -n 1)
	[[ -d /sys/kernel/debug/$path/fault_inject ]]
}

# Every third command of one path ends with a path error (the driver's own fault
# injection), so each command has a fair chance to need both paths.
errors_injected()
{
	local path before dir
	before=$(kept)
	for path in $(paths_of "$head"); do
		dir=/sys/kernel/debug/$path/fault_inject
		[[ -d $dir ]] || skip "the kernel injects no NVMe errors"
		# shellcheck disable=SC2064	# the directory of now
		trap "echo 0 >$dir/probability; kill_loads" EXIT
		echo 0 >"$dir/verbose"
		echo 0x370 >"$dir/status"
		echo 0 >"$dir/dont_retry"
		echo -1 >"$dir/times"
		echo 3 >"$dir/interval"
		echo 100 >"$dir/probability"
		wait_for 30 kept_more_than $((before + 20))
		goes_on uring_cmds
		echo 0 >"$dir/probability"
		goes_on uring_cmds
		before=$(kept)
	done
}

# Identify by ioctl changes nothing, so it goes to the other path. One controller has an error
# for one command, so of two in turn one meets it.
admin_goes_on()
{
	local before dir i
	dir=/sys/kernel/debug/$(ctrl_of "$(paths_of "$head" | head -n 1)")/fault_inject
	[[ -d $dir ]] || skip "the kernel injects no NVMe errors"
	# shellcheck disable=SC2064	# the directory of now
	trap "echo 0 >$dir/probability" EXIT
	echo 0 >"$dir/verbose"
	echo 0x370 >"$dir/status"
	echo 0 >"$dir/dont_retry"
	echo 1 >"$dir/interval"
	echo 1 >"$dir/times"
	echo 100 >"$dir/probability"
	before=$(kept)
	for i in 1 2; do
		"$programs/send" --ioctl "/dev/${head/nvme/ng}" --form identify | tee "$work/out"
		grep -q "^result=0 " "$work/out" || fail "not its result"
	done
	same "commands kept" 1 $(($(kept) - before))
	echo 0 >"$dir/probability"
	trap - EXIT
}

with_metadata()	# with_metadata FAULT OPTION...
{
	local fault=$1
	shift
	head=$(head_of_subsystem M)
	[[ -n $head ]] || skip "no head with metadata"
	same "metadata" 8 "$(metadata_of "$head")"
	through uring "$fault" --meta 8 "$@"
}

private()
{
	head=$(head_of_subsystem P)
	[[ -n $head ]] || skip "private namespaces have no head"
	has_paths "$head" 1
	with_loads resets
}

all_agree() { local p; find_paths "$head"; for p in "${_paths[@]}"; do usable "$p" || return 1; done; }
block_is() { line_is "/sys/block/$head/queue/logical_block_size" "$1"; }
metadata_is() { line_is "/sys/block/$head/metadata_bytes" "$1"; }
profile_of() { cat "/sys/block/$1/integrity/format"; }
profile_is() { line_is "/sys/block/$1/integrity/format" "$2"; }
size_of() { cat "/sys/block/$1/size"; }
same_size() { [[ $(size_of "$head") == "$(size_of "$1")" ]]; }	# same_size PATH

# format LBAF BYTES METADATA: through the head, as an operator would. The other controllers
# have not looked at their namespaces again then; they are told to.
format()
{
	local nsid path profile=none
	nsid=$(<"/sys/block/$head/nsid")
	(($3 == 0)) || profile=nop
	dmesg -C
	# not "nvme format": it wants the node to look for namespaces then, which only a
	# controller's does
	nvme admin-passthru "/dev/${head/nvme/ng}" --opcode=0x80 --namespace-id="$nsid" --cdw10="$1" \
		--timeout=60000 >/dev/null
	wait_for 5 block_is "$2"
	wait_for 5 metadata_is "$3"
	wait_for 5 profile_is "$head" "$profile"
	wait_for 5 all_agree
	for path in $(paths_of "$head"); do
		same "blocks of $path" "$2" "$(<"/sys/block/$path/queue/logical_block_size")"
		same "integrity profile of $path" "$profile" "$(profile_of "$path")"
		wait_for 5 same_size "$path"
	done
	dmesg | grep -q "by now, blocks of $2+$3 bytes: its controller is told to look" || fail "$(dmesg)"
}

formatted()	# formatted LBAF BYTES: and used
{
	local sectors
	sectors=$(size_of "$head")
	format "$1" "$2" 0
	same "sectors" "$sectors" "$(size_of "$head")"
	with_loads all_go_on
	# the data of a whole pass, by the other way
	run_fio 256 --ioengine=io_uring --direct=1 --filename="/dev/$head" --rw=randwrite --size=1m --iodepth=8
}

lbaf_of()	# lbaf_of SHIFT METADATA: the format
{
	nvme id-ns "/dev/${head/nvme/ng}" -n "$(<"/sys/block/$head/nsid")" |
		sed -n "s/^lbaf *\([0-9]*\) : ms:$2 *lbads:$1 .*/\1/p"
}

formats()	# in $small and $big
{
	small=$(lbaf_of 9 0) big=$(lbaf_of 12 0)
	[[ -n $small && -n $big ]] || skip "the device has no such formats"
}

to_4k_and_back()
{
	formats
	formatted "$big" 4096
	formatted "$small" 512
}

# Blocks of the same size with metadata, beside the data: only the metadata tells that a
# path has not looked.
to_metadata_and_back()
{
	local sectors meta
	formats
	meta=$(lbaf_of 9 8)
	[[ -n $meta ]] || skip "the device has no such format"
	sectors=$(size_of "$head")
	format "$meta" 512 8
	through uring each_takes_part --meta 8
	through block each_takes_part
	format "$small" 512 0
	with_loads all_go_on
	same "sectors" "$sectors" "$(size_of "$head")"
}

# The module is loaded when one controller has formatted and the other has not looked.
formatted_before()
{
	local paths nsid
	formats
	mapfile -t paths < <(paths_of "$head")
	nsid=$(<"/sys/block/$head/nsid")
	rmmod mpath_nvme
	nvme admin-passthru "/dev/${paths[0]/nvme/ng}" --opcode=0x80 --namespace-id="$nsid" \
		--cdw10="$big" --timeout=60000 >/dev/null
	same "blocks" "4096 512" "$(cat "/sys/block/${paths[0]}/queue/logical_block_size" \
		"/sys/block/${paths[1]}/queue/logical_block_size" | paste -sd ' ')"
	insmod "$modules/mpath_nvme.ko" policy=round-robin
	wait_for 20 all_claimed
	head=$(head_of "${paths[0]}")
	same "head of both" "$head" "$(head_of "${paths[1]}")"
	block_is 4096
	formatted "$small" 512
}

kinds=("" --vec --fixed --async --sqpoll --polled "--polled --fixed")
ready() { load_modules policy=round-robin; wait_for 20 all_claimed; }
unload() { rmmod mpath_nvme; rmmod libmultipath_cxx; rmmod nvme; }

# all of them, for a long time
every_kind()
{
	local kind
	for kind in "${kinds[@]}"; do
		# shellcheck disable=SC2086	# several options
		through uring resets $kind
		! can_inject || through uring errors_injected $kind
	done
}
metadata()
{
	with_metadata resets
	! can_inject || with_metadata errors_injected
	through block resets
}
declare -A what=(
	[every_kind]="every kind of submission: resets and injected path errors"
	[metadata]="metadata: resets and injected path errors"
	[private]="a private namespace has a head of its own, resets"
	[to_4k_and_back]="formatted with blocks of 4 KiB and back"
	[to_metadata_and_back]="formatted with metadata and back"
	[formatted_before]="formatted before the module is loaded, and back"
)

start_unloaded
read -r -a faults <<<"${MPATH_FAULTS:-resets pulls}"
rest=(private to_4k_and_back to_metadata_and_back formatted_before)	# without a choice
[[ -z $MPATH_FAULTS ]] || rest=()
begin $((${#faults[@]} + 2 + ${#rest[@]} + (${#rest[@]} ? 2 * ${#kinds[@]} + 3 : 0)))
check "the modules load, every path has a head" ready
head=$(head_of_subsystem A)
for fault in "${faults[@]}"; do
	case $fault in
	resets | pulls) check "under load: $fault" with_loads "$fault" ;;
	*) check "${what[$fault]}" over_and_over "$fault" ;;
	esac
done
if ((${#rest[@]})); then
	for kind in "${kinds[@]}"; do
		# shellcheck disable=SC2086	# several options
		check "passthrough ${kind:-plain}: resets" through uring resets $kind
		# shellcheck disable=SC2086
		check "passthrough ${kind:-plain}: injected path errors" through uring errors_injected $kind
	done
	check "passthrough with metadata: resets" with_metadata resets
	check "passthrough with metadata: injected path errors" with_metadata errors_injected
	check "ioctl: an admin command that changes nothing is sent again" admin_goes_on
	for fault in "${rest[@]}"; do
		check "${what[$fault]}" over_and_over "$fault"
	done
fi
check "everything unloads" unload
ktap_finished
