#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tracepoints as docs/tracepoints.md has them: their fields, and its lines for
# bpftrace, run as they stand there while everything that is traced happens once.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v nvme >/dev/null || skip_all "nvme-cli is not installed"
# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"

document=$root/docs/tracepoints.md
tracefs=/sys/kernel/tracing
names=(mpath_select mpath_submit mpath_fail mpath_failover mpath_requeue mpath_path_state mpath_head_state)
bad_sector=1024

# A disk of which one sector cannot be read, two paths to it, one head.
start()
{
	local disk=/sys/kernel/config/nullb/nullb7
	[[ -e $tracefs/events ]] || mount -t tracefs none $tracefs
	modprobe -a nvmet-tcp nvme-tcp
	modprobe null_blk nr_devices=0
	ip link set lo up
	mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
	mkdir $disk
	echo 64 >$disk/size
	echo 1 >$disk/memory_backed
	echo "+$bad_sector-$bad_sector" >$disk/badblocks
	echo 1 >$disk/power
	mkdir -p "$target/subsystems/$nqn"
	echo 1 >"$target/subsystems/$nqn/attr_allow_any_host"
	namespace_up $nqn 1 /dev/nullb7
	port_up 1
	port_up 2
	start_unloaded
	paths_join
}

# section NAME: what the document says of a tracepoint
section()
{
	sed -n "/^## \`$1\`\$/,/^## /p" "$document"
}

fields_as_documented()
{
	local name documented real
	for name in "${names[@]}"; do
		documented=$(section "$name" | sed -n 's/^| `\([a-z_]*\)` |.*/\1/p')
		real=$(sed -n '/common_/d; s/.*field:[^;]* \([a-z_]*\)\(\[[0-9]*\]\)*;.*/\1/p' \
			"$tracefs/events/mpath/$name/format")
		same "fields of $name" "$documented" "$real"
	done
	same "tracepoints" "$(printf '%s\n' "${names[@]}" | sort)" \
		"$(find "$tracefs/events/mpath" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)"
}

one_liner() { section "$1" | sed -n "/^    bpftrace -e '/{ s/^    //p; q }"; }

# The command of a line runs as it is, but must not keep what it prints.
bpftrace() { exec bpftrace -B line "$@"; }

declare -A pid_of=()
start_bpftrace()
{
	local name
	for name in "${names[@]}"; do
		eval "$(one_liner "$name")" >"$work/$name.out" 2>&1 </dev/null &
		pid_of[$name]=$!
	done
}

stop_bpftrace()
{
	((!${#pid_of[@]})) || kill "${pid_of[@]}" 2>/dev/null
}
trap 'stop_bpftrace; rm -rf "$work"' EXIT

# Each says that it attaches, or has ended; that it has, only the kernel tells, and asking
# takes as long as much else.
attaches()
{
	local name
	for name in "${names[@]}"; do
		look "$work/$name.out"
		[[ $_seen == Attaching* ]] || finished "${pid_of[$name]}" || return 1
	done
}
attached()
{
	local name
	bpftool perf show >"$work/perf" 2>/dev/null
	for name in "${names[@]}"; do
		grep -q "pid ${pid_of[$name]} .*tracepoint *$name" "$work/perf" || finished "${pid_of[$name]}" ||
			{ sleep 1; return 1; }
	done
}

# As Ctrl-C does; more than once, as one that comes just before it waits is lost.
interrupted()
{
	local name all=1
	for name in "${names[@]}"; do
		finished "${pid_of[$name]}" || { kill -INT "${pid_of[$name]}" 2>/dev/null; all=0; }
	done
	((all)) || { usleep 500000; return 1; }
}

# Everything that is traced, once: reads, one of them of a sector that cannot be read; the
# head without a path, a read that waits for one, and the paths back.
everything_happens()
{
	local reader
	dd if="/dev/$head" of=/dev/null bs=4k count=16 iflag=direct status=none
	refused dd if="/dev/$head" of=/dev/null bs=512 count=1 skip=$bad_sector iflag=direct status=none
	echo 60 >"/sys/block/$head/delayed_removal_secs"
	nvme disconnect -n $nqn
	wait_for 20 has_paths "$head" 0
	dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct status=none &
	reader=$!
	wait_for 20 a_bio_waits
	connect 1
	connect 2
	wait_for 60 has_paths "$head" 2
	wait $reader
}
a_bio_waits() { look "/sys/block/$head/mpath_stats/requeued"; ((_seen > 0)); }

all_in_the_trace()
{
	local name
	for name in "${names[@]}"; do
		grep -q " $name: " "$work/trace" || { cat "$work/trace"; fail "no $name in the trace"; }
	done
	grep -Eq "mpath_select: path $path for bio, access optimized, in flight 0" "$work/trace"
	grep -Eq "mpath_fail: path $path op 0 sector $bad_sector \\+ 1 status [1-9]" "$work/trace"
	grep -q "mpath_requeue: head $head op 0 sector 0 + 8" "$work/trace"
	grep -Eq "mpath_path_state: head $head path $path left " "$work/trace"
	grep -q "mpath_head_state: head $head live -> lingering" "$work/trace"
	grep -q "mpath_head_state: head $head lingering -> live" "$work/trace"
}

# What the line of each tracepoint prints, as an extended regular expression.
path='nvme[0-9]+n[0-9]+'
declare -A prints=()
expect() { prints=(
	[mpath_select]="^@\\[$path, 0\\]: [0-9]+"
	[mpath_submit]="^\\[4K, 8K\\) +[0-9]+"
	[mpath_fail]="^$path op 0 sector $bad_sector \\+ 1 status [1-9]"
	[mpath_failover]="^@\\[$path, [1-9][0-9]*\\]: [1-9]"
	[mpath_requeue]="^@\\[$head\\]: [1-9]"
	[mpath_path_state]="^[0-9:]{8} $head: $path is left, "
	[mpath_head_state]="^$head: lingering -> live"
); }

line_works()
{
	[[ -z $no_bpftrace ]] || skip "$no_bpftrace"
	grep -Eq "${prints[$1]}" "$work/$1.out" || {
		one_liner "$1"
		cat "$work/$1.out"
		fail "does not print ${prints[$1]}"
	}
}

modprobe null_blk nr_devices=0 2>/dev/null && modprobe -a nvmet-tcp nvme-tcp 2>/dev/null ||
	skip_all "this kernel has no null_blk, nvmet-tcp or nvme-tcp"
(
	set -e
	start
) >"$work/start" 2>&1 </dev/null
# shellcheck disable=SC2181	# set -e has no effect in a condition
if (($?)); then
	sed 's/^/# /' "$work/start"
	echo "Bail out! no head with two paths"
	exit 1
fi
the_head
[[ -e $tracefs/events/mpath ]] || skip_all "this kernel has no tracepoints"
expect
begin $((2 + ${#names[@]}))
check "each tracepoint has the fields that the document names, and there is no other" fields_as_documented

no_bpftrace=''
if ! command -v bpftrace >/dev/null || ! command -v bpftool >/dev/null; then
	no_bpftrace="bpftrace or bpftool is not installed"
elif ! grep -qw bpf_trace_printk /proc/kallsyms 2>/dev/null; then
	no_bpftrace="this kernel has no BPF programs for tracepoints"
fi
if [[ -z $no_bpftrace ]]; then
	start_bpftrace
	wait_for 200 attaches && wait_for 60 attached || echo "# not all are attached: $(cat "$work/perf")"
fi
echo 1 >$tracefs/events/mpath/enable
(
	set -e
	everything_happens
) >"$work/happened" 2>&1 </dev/null
# shellcheck disable=SC2181
((!$?)) || sed 's/^/#   /' "$work/happened"
echo 0 >$tracefs/events/mpath/enable
cat $tracefs/trace >"$work/trace"
((!${#pid_of[@]})) || {
	wait_for 60 interrupted || kill -KILL "${pid_of[@]}" 2>/dev/null
	wait "${pid_of[@]}"
	pid_of=()
}
check "tracefs shows each of them" all_in_the_trace
for name in "${names[@]}"; do
	check "the document's line for $name" line_works "$name"
done
ktap_finished
