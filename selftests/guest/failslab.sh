#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory runs out: each allocation that our modules make, or that is made for
# them, fails once, in loading, unloading, opening, ioctls, commands, block I/O,
# sysfs and when paths come; when paths go all of them fail. Then block I/O on a
# path fails. Every error comes back as an errno, and all works afterwards; that
# nothing was leaked is the last result of the guest.
# Needs a kernel with fault injection: the debug kernel, flavour kasan.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
debugfs=/sys/kernel/debug
for file in failslab/require-start fail_page_alloc/require-start fail_make_request/probability; do
	[[ -e $debugfs/$file ]] ||
		skip_all "no $debugfs/$file: only on a kernel with fault injection (scripts/test --debug)"
done

# ---- which allocations fail ------------------------------------------------

for dir in failslab fail_page_alloc; do
	echo N >"$debugfs/$dir/ignore-gfp-wait"
	echo 0 >"$debugfs/$dir/verbose"
	echo 32 >"$debugfs/$dir/stacktrace-depth"
done
echo 0 >"$debugfs/fail_make_request/verbose"
echo 0 >"$debugfs/fail_page_alloc/min-order"

# within START END: those made by code there, or by what it calls
within()
{
	local dir
	echo "fault injection: within $1 $2"
	for dir in failslab fail_page_alloc; do
		echo "$1" >"$debugfs/$dir/require-start"
		echo "$2" >"$debugfs/$dir/require-end"
	done
}

within_function()	# within_function NAME: of the kernel, also if the compiler made NAME.constprop.0 of it
{
	local range
	# sort, given the file itself, asks for its size and then takes for ever
	range=$(cat /proc/kallsyms | sort | awk -v name="$1" '
		from && $1 != from { print "0x" from, "0x" $1; exit }
		($3 == name || index($3, name ".") == 1) && $2 ~ /[tT]/ { from = $1 }')
	[[ -n $range ]] || fail "no function $1 in /proc/kallsyms"
	# shellcheck disable=SC2086	# two words
	within $range
}

# From the first to the last byte of both modules.
within_modules()
{
	local range
	range=$(python3 - <<'END'
low, high = 2**64, 0
for line in open("/proc/modules"):
    words = line.split()
    if words[0] in ("libmultipath_cxx", "mpath_nvme"):
        low = min(low, int(words[5], 16))
        high = max(high, int(words[5], 16) + int(words[1]))
print(hex(low), hex(high))
END
	)
	# shellcheck disable=SC2086	# two words
	within $range
}

inject() { timeout $((100 * slow)) "$programs/inject" "$@"; }

# What finds nothing to fail has not been tested; for some calls that is right,
# they allocate in advance or not at all.
inject_any()
{
	local status=0
	inject "$@" || status=$?
	((status == 0 || status == 4))
}

# arm SPACE TIMES: in any task, the allocation after SPACE bytes and those that
# follow, TIMES in all (-1: no end)
arm()
{
	echo "$1" >"$debugfs/failslab/space"
	echo "$2" >"$debugfs/failslab/times"
	echo 100 >"$debugfs/failslab/probability"
}
disarm() { echo 0 >"$debugfs/failslab/probability"; }
hit() { [[ $(<"$debugfs/failslab/times") == 0 ]]; }

# ---- modules ---------------------------------------------------------------

load_library()
{
	start_unloaded
	within_function do_init_module
	inject load "$modules/libmultipath_cxx.ko"
	insmod "$modules/libmultipath_cxx.ko"
}

load_backend()
{
	within_function do_init_module
	inject load "$modules/mpath_nvme.ko"
	same "heads" '' "$(heads)"
}

unload_backend()
{
	insmod "$modules/mpath_nvme.ko"
	wait_for 10 all_claimed
	within_function __do_sys_delete_module
	inject_any unload mpath_nvme "$modules/mpath_nvme.ko"
}

# ---- nodes -----------------------------------------------------------------

fresh()
{
	start_unloaded
	load_modules policy=round-robin
	wait_for 10 all_claimed
	within_modules
}

node_of()	# node_of N: the head with that many paths
{
	local h
	for h in $(heads); do
		! has_paths "$h" "$1" || { echo "$h"; return; }
	done
	fail "no head with $1 paths"
}

on_the_nodes()	# on_the_nodes CHAR|BLOCK CALL...
{
	local kind=$1 call node
	shift
	node=/dev/$(node_of 2)
	[[ $kind == BLOCK ]] || node=${node/nvme/ng}
	for call; do
		# an open has its memory from the VFS
		if [[ $call == open ]]; then
			inject_any "$call" "$node"
		else
			inject "$call" "$node"
		fi
	done
}

attributes()
{
	local h
	h=$(node_of 2)
	inject_any store "/sys/block/$h/mpath_policy" numa
	inject_any store "/sys/block/$h/mpath_policy" round-robin
	inject_any cat "/sys/block/$h/mpath_stats/requeued"
	inject_any store /sys/module/mpath_nvme/parameters/rescan 1
}

# ---- paths -----------------------------------------------------------------

nvme_disks() { find "/sys/bus/pci/devices/$1/nvme" -maxdepth 2 -name 'nvme*n*' -printf '%f\n' 2>/dev/null; }
unplug()
{
	echo 1 >"/sys/bus/pci/devices/$1/remove"
	wait_for 10 gone "/sys/bus/pci/devices/$1"
}
log_mark() { echo "mpath-test-mark $1" >/dev/kmsg; }
log_since() { dmesg | sed "1,/mpath-test-mark $1\$/d"; }
path_at() { disk=$(nvme_disks "$1") && [[ -n $disk ]]; }
joined_at() { path_at "$1" && [[ -n $(head_of "$disk") ]]; }
settled_at() { joined_at "$1" || log_since "$2" | grep -q 'left alone\|refused as a path'; }

# comes PCI-ADDRESS: the disk there becomes a path again and again, while one
# allocation after the other fails. Every tenth or so is enough: a head makes
# several hundred.
comes()
{
	local pci=$1 space=0 rounds=0 refused=0 mark
	unplug "$pci"
	while :; do
		mark="$pci-$space"
		log_mark "$mark"
		arm "$space" 1
		if path_at "$pci"; then
			echo 1 >/sys/module/mpath_nvme/parameters/rescan
		else
			rescan_pci
		fi
		wait_for 20 settled_at "$pci" "$mark" || { log_since "$mark"; fail "space $space: neither path nor line in the log"; }
		disarm
		hit || break
		rounds=$((rounds + 1))
		if joined_at "$pci"; then
			unplug "$pci"
		else
			refused=$((refused + 1))
			if log_since "$mark" | grep 'no memory, left alone'; then
				# it was never noted, so that a rescan does not find it
				unplug "$pci"
			fi
		fi
		space=$((space + 100 + space / 5))
	done
	echo "$pci: $rounds faults, $refused times refused, up to $space bytes"
	((refused > 3)) || fail "faults that refuse a path: $refused"
	joined_at "$pci" || fail "without a fault $disk does not join"
	head=$(head_of "$disk")
	works "$head"
}

# works HEAD: both nodes carry verified data
works()
{
	wait_for 5 there "/dev/$1"
	wait_for 5 there "/dev/${1/nvme/ng}"
	run_fio 64 --ioengine=io_uring --direct=1 --filename="/dev/$1" --rw=randwrite \
		--size=256k --iodepth=8
	run_fio 64 --ioengine=io_uring_cmd --cmd_type=nvme --filename="/dev/${1/nvme/ng}" \
		--rw=randwrite --size=256k --iodepth=8
}

pci_of_head() { pci_of "$(paths_of "$1" | head -n 1)"; }

second_path_comes() { fresh; comes "$(pci_of_head "$(node_of 2)")"; }
first_path_comes() { fresh; comes "$(pci_of_head "$(node_of 1)")"; }

# Without any memory: paths and heads go all the same, and what comes is left
# alone.
no_memory_at_all()
{
	local two one pci other
	fresh
	two=$(node_of 2)
	one=$(node_of 1)
	pci=$(pci_of_head "$two")
	other=$(pci_of_head "$one")
	arm 0 -1
	trap disarm EXIT
	unplug "$other"
	wait_for 5 gone "/dev/$one"
	wait_for 5 gone "/dev/${one/nvme/ng}"
	unplug "$pci"
	wait_for 5 has_paths "$two" 1
	log_mark nothing
	rescan_pci
	wait_for 30 path_at "$other"
	wait_for 30 path_at "$pci"
	wait_for 20 settled_at "$pci" nothing
	has_paths "$two" 1 || fail "a path joined without memory"
	unload_modules
	disarm
	trap - EXIT
	same "heads" '' "$(heads)"
	load_modules
	wait_for 20 all_claimed
	works "$(node_of 2)"
	works "$(node_of 1)"
}

# ---- block I/O of the paths ------------------------------------------------

fail_io()	# fail_io PROBABILITY PATH...: block I/O to these paths
{
	local path
	echo "$1" >"$debugfs/fail_make_request/probability"
	echo -1 >"$debugfs/fail_make_request/times"
	shift
	for path; do
		echo 1 >"/sys/block/$path/make-it-fail"
	done
}
io_is_well()
{
	local path
	echo 0 >"$debugfs/fail_make_request/probability"
	for path in $(path_disks); do
		echo 0 >"/sys/block/$path/make-it-fail"
	done
}

# Each path in turn fails part or all of what it gets; the other one does it.
one_path_fails()
{
	local path percent before
	fresh
	trap io_is_well EXIT
	head=$(node_of 2)
	for path in $(paths_of "$head"); do
		for percent in 30 100; do
			before=$(counter "$head" "$path" failovers)
			fail_io "$percent" "$path"
			run_fio 512 --ioengine=io_uring --direct=1 --filename="/dev/$head" \
				--rw=randwrite --size=2m --iodepth=16
			io_is_well
			(($(counter "$head" "$path" failovers) > before)) ||
				fail "no bio failed on $path"
		done
	done
	same "failed bios" 0 "$(<"/sys/block/$head/mpath_stats/failed")"
	works "$head"
}

# With all of them failing the submitter gets EIO, soon, and nothing is stuck.
all_paths_fail()
{
	fresh
	trap io_is_well EXIT
	head=$(node_of 2)
	# shellcheck disable=SC2046	# words
	fail_io 100 $(paths_of "$head")
	refused timeout $((20 * slow)) dd if="/dev/$head" of=/dev/null bs=64k count=1 iflag=direct
	grep -q 'Input/output error' "$work/refused" || fail "$(<"$work/refused")"
	refused timeout $((20 * slow)) dd if=/dev/zero of="/dev/$head" bs=64k count=1 oflag=direct
	grep -q 'Input/output error' "$work/refused" || fail "$(<"$work/refused")"
	io_is_well
	works "$head"
}

everything_unloads()
{
	unload_modules
	rmmod nvme
	gone /sys/module/nvme
}

begin 14
check "loading the library" load_library
check "loading the backend" load_backend
check "unloading the backend" unload_backend
fresh >/dev/null
check "open of both nodes" eval 'on_the_nodes CHAR open; on_the_nodes BLOCK open'
check "ioctls on both nodes" eval 'on_the_nodes CHAR admin io; on_the_nodes BLOCK admin io'
check "commands of the char node" on_the_nodes CHAR uring
check "reads and writes of the block node" on_the_nodes BLOCK pread pwrite
check "attributes and parameters" attributes
check "a path comes to a head" second_path_comes
check "a head comes" first_path_comes
check "paths and heads go, and modules unload, without any memory" no_memory_at_all
check "I/O of one path fails: the other one does it" one_path_fails
check "I/O of all paths fails: EIO, and all works afterwards" all_paths_fail
check "nothing is held: our modules and the driver unload" everything_unloads
ktap_finished
