#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# compare.sh ours|off|native|dm [FAULT...]: what an application sees of the faults of
# faults_lib.sh, NVMe over TCP with two ports. Prints a line of CSV for each fault and
# way to submit; no test. For scripts/compare.
#
#	MPATH_ROUNDS=N	so many times each fault, 3 unless said otherwise

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"
# shellcheck source-path=SCRIPTDIR source=faults_lib.sh
. "$(dirname "$0")/faults_lib.sh"

kind=$1
shift
faults=("$@")
((${#faults[@]})) || faults=("${all_faults[@]}")
rounds=${MPATH_ROUNDS:-3}
# the guest is idle most of the time, so that a gap is the fault's and not the load's
latency_ns=20000000
depth=4

say() { echo "compare: $*" >&2; }
stop() { say "$*"; exit 1; }

# ---- the layers ----------------------------------------------------------

ours_up()
{
	load_modules policy=round-robin || return 1
	connect 1 && connect 2 || return 1
	wait_for 20 the_head && wait_for 20 has_paths "$head" 2 || return 1
	block=/dev/$head char=/dev/${head/nvme/ng}
}

off_up() { ours_up && echo off >"/sys/block/$head/passthru_failover"; }

native_up()
{
	[[ $(</sys/module/nvme_core/parameters/multipath) == Y ]] || return 1
	connect 1 && connect 2 || return 1
	native_there() { block=$(compgen -G '/dev/nvme*n1'); }
	wait_for 20 native_there || return 1
	echo round-robin >"$(echo /sys/class/nvme-subsystem/*/iopolicy)"
	char=${block/nvme/ng}
}

dm_up()
{
	modprobe -a dm-multipath dm-round-robin
	cat >/etc/multipath.conf <<-END
		defaults {
			find_multipaths no
			user_friendly_names yes
			polling_interval 1
			max_polling_interval 1
		}
		# all paths of the best priority at a time, as the others do
		overrides {
			no_path_retry queue
			path_grouping_policy group_by_prio
			prio ana
			failback immediate
			path_selector "round-robin 0"
		}
	END
	rm -f /etc/multipath/wwids /etc/multipath/bindings
	mkdir -p /run/lock
	/sbin/multipathd || return 1
	connect 1 && connect 2 || return 1
	wait_for 30 dm_paths 2 || return 1
	dm_there() { block=$(compgen -G '/dev/mapper/mpath*'); }
	wait_for 20 dm_there || return 1
	char=$block
}
dm_paths()	# dm_paths N: that many are active
{
	(($(dmsetup status --target multipath 2>/dev/null | grep -o ' [0-9]*:[0-9]* A ' | wc -l) == $1))
}

# ---- what the faults wait for ----------------------------------------------------

not_live() { ! is_live "$1"; }
port_is_down() { wait_for 30 not_live "$1"; }
port_is_up() { wait_for 60 is_live "$1"; }
path_has_left() { wait_for 60 gone "/sys/block/$1"; }
paths_are_back()
{
	case $kind in
	ours | off) wait_for 30 has_paths "$head" 2 ;;
	dm) wait_for 60 dm_paths 2 ;;
	esac
}
# Nobody is asked whether I/O goes on: that is what is measured.
all_go_on() { sleep 2; }

# ---- one measurement -------------------------------------------------------------

ways=(uring ioctl block)
[[ $kind != dm ]] || ways=(ioctl block)	# dm has no passthrough by io_uring

measure()	# measure FAULT ROUND
{
	local way pid pids=() status=() place=0 node
	for way in "${ways[@]}"; do
		node=$char
		[[ $way != block ]] || node=$block
		"$programs/once" "--$way" "$node" --depth $depth --first $((place * 1024)) --limit 60 \
			>"$work/$way" 2>"$work/$way.err" &
		pids+=($!)
		place=$((place + 1))
	done
	sleep 2
	(set -e; "$1") >"$work/fault" 2>&1
	[[ $? == 0 ]] || say "$kind $1: $(tail -n 1 "$work/fault")"
	sleep 3
	kill -INT "${pids[@]}" 2>/dev/null
	for pid in "${pids[@]}"; do
		wait "$pid"
		status+=($?)
	done
	for way in "${ways[@]}"; do
		if ! sed -n "s/^$way: issued=\([0-9]*\) good=\([0-9]*\) bad=\([0-9]*\) twice=\([0-9]*\) lost=\([0-9]*\) wrong=\([0-9]*\) gap_ms=\([0-9]*\) codes=\(.*\)/$kind,$1,$way,$2,\1,\2,\3,\4,\5,\6,\7,\"\8\"/p" "$work/$way" | grep .; then
			say "$kind $1 $way: no result (status ${status[*]}): $(cat "$work/$way" "$work/$way.err" | tail -n 3)"
		fi
		sed "s/^/compare: /" "$work/$way.err" | head -n 3 >&2
	done
}

target_up >"$work/target" 2>&1 || stop "no NVMe target: $(<"$work/target")"
"${kind}_up" >"$work/up" 2>&1 || stop "$kind does not come up: $(<"$work/up")"
say "$kind: $block"
for fault in "${faults[@]}"; do
	for ((round = 1; round <= rounds; round++)); do
		measure "$fault" $round
	done
done
# dm that has no path keeps what was queued, and with it this guest
[[ $kind != dm ]] || dmsetup message "$(basename "$block")" 0 fail_if_no_path
say "done"
