# SPDX-License-Identifier: GPL-2.0
# Shared functions of the tests that use mpath_fake.ko; sourced after lib.sh.
# shellcheck shell=bash

fake_module=$modules/mpath_fake.ko
fake_dir=/sys/kernel/debug/mpath_fake
# shellcheck disable=SC2034	# used by those who source this
fake_most='pins failover stack remove_head path_error lib_cdev uring'

# fake_begin N: a guest, both modules loaded, plan of N and two tests at the end
fake_begin()
{
	guest_only
	[[ -e $fake_module ]] || skip_all "$fake_module is missing: make selftest-modules"
	start_unloaded
	mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
	if ! insmod "$modules/libmultipath_cxx.ko" || ! insmod "$fake_module"; then
		echo "Bail out! the modules do not load"
		exit 1
	fi
	begin $(($1 + 2))
}

fake_end()
{
	check "no callback in a context where it must not be, no stop point forgotten" fake_clean
	check "both modules unload" fake_unload
	ktap_finished
}
fake_clean()
{
	same "wrong contexts" 0 "$(count wrong_context)"
	same "calls with a path that is freed" 0 "$(count freed_paths)"
	same "stop points that gave up" 0 "$(count stop_timeouts)"
	same "bios larger than a path takes" 0 "$(count oversized)"
	same "integrity data that was not the bio's" 0 "$(count integrity_bad)"
}
fake_unload()
{
	wait_for 10 rmmod mpath_fake
	rmmod libmultipath_cxx
}

# fake NAME COMMAND [ARG...]: a test; whatever heads it leaves are removed.
# MPATH_ONLY: run only the tests whose name matches this regular expression.
fake()
{
	if [[ -n $MPATH_ONLY && ! $1 =~ $MPATH_ONLY ]]; then
		check "$1" skip "MPATH_ONLY"
		return
	fi
	check "$1" fake_test "${@:2}"
	fake_tidy >/dev/null 2>&1
}
fake_test()
{
	ctl reset
	"$@"
}
fake_tidy()
{
	local head
	# what is stopped or hangs goes on
	ctl release all
	ctl release_uring
	ctl order off
	for head in $(fake_heads); do
		ctl del_head "$head"
	done
}
fake_heads()
{
	local line
	while read -r line; do
		[[ $line == *' '* ]] || echo "$line"
	done <$fake_dir/heads
}

# ctl COMMAND...: one command of the module, see control.c; prints what it says, and
# the name of the errno on stderr if it fails. In the shell: a test has hundreds.
ctl()
{
	local fd text='' error=''
	exec {fd}<>$fake_dir/control || return 1
	error=$(printf '%s' "$*" 2>&1 1>&"$fd") && error=''
	IFS= read -r -d '' -u "$fd" text || true
	exec {fd}>&-
	printf '%s' "$text"
	[[ -n $error ]] || return 0
	errno_name "$error" >&2
	return 1
}
errno_name()	# of what the shell says
{
	local name text
	while read -r name text; do
		if [[ $1 == *": $text" ]]; then
			echo "$name"
			return
		fi
	done <<'END'
EAGAIN Resource temporarily unavailable
EBADE Invalid exchange
EBUSY Device or resource busy
EEXIST File exists
EILSEQ Invalid or incomplete multibyte or wide character
EINVAL Invalid argument
EIO Input/output error
ENODATA No data available
ENODEV No such device
ENOENT No such file or directory
ENOMEM Cannot allocate memory
ENOSPC No space left on device
ENXIO No such device or address
EOPNOTSUPP Operation not supported
ERANGE Numerical result out of range
ETIMEDOUT Connection timed out
END
	echo "$1"
}

# Counters back to zero; what must stay zero all the time is looked at before.
reset()
{
	fake_clean
	ctl reset
}

# errno NAME COMMAND...: the command must fail with it
errno()
{
	local want=$1
	shift
	if "$@" >"$work/errno.out" 2>"$work/errno.err"; then
		fail "must fail with $want, but did not: $*"
	fi
	same "error of: $*" "$want" "$(tail -n 1 "$work/errno.err")"
}

io() { "$programs/fakeio" "$@"; }	# io COMMAND NODE ...: of fakeio.c

# bg COMMAND...: in the background; its output is in $work/bg.$bg, see joined
bg()
{
	bg=$((${bg:-0} + 1))
	"$@" >"$work/bg.$bg" 2>&1 &
	bg_pid=$!
}
# joined [PID]: wait for it; exit status is its own
joined() { wait "${1:-$bg_pid}"; }

# find_count [PATH.]NAME: in $_count. All of the file at once: the shell reads line by line
# with a seek after each, for which the kernel makes the file anew.
find_count()
{
	local all
	_count=''
	IFS= read -r -d '' all <$fake_dir/counts || true
	[[ $'\n'$all =~ $'\n'"$1 "(-?[0-9]+) ]] && _count=${BASH_REMATCH[1]}
}
count() { find_count "$1" && echo "$_count"; }	# count [PATH.]NAME
count_is() { find_count "$1" && [[ $_count == "$2" ]]; }
count_least() { find_count "$1" && ((_count >= $2)); }

# new_head HEAD PATHS [OPTION...]: paths HEADa, HEADb, ..., all live, first
# partition scan done, counters reset
new_head()
{
	local h=$1 n=$2
	shift 2
	# shellcheck disable=SC2086	# words
	ctl add_head "$h" "$@"
	add_paths "$h" "$n"
	scanned "$h"
	reset
}
add_paths()	# add_paths HEAD N [SETTING...]
{
	local h=$1 n=$2 i
	shift 2
	for ((i = 0; i < n; i++)); do
		ctl add_path "$h" "$(nth "$h" $i)" "$@"
		ctl set_live "$(nth "$h" $i)"
	done
}
nth()	# nth HEAD I: name of path I
{
	local letters=abcdefghijklmnopqrstuvwxyz
	echo "$1${letters:$2:1}"
}
scanned()	# scanned HEAD: its first partition scan is over
{
	wait_for 20 line_is "/sys/block/$1/partscan" 1 || {
		grep . /sys/block/"$1"/{partscan,size,ext_range,inflight}
		return 1
	}
	# the scan holds the lock that an open takes
	usleep 50000
	: <"/dev/$1"
	wait_for 10 idle "$1"
}
idle()
{
	local reads writes
	read -r reads writes <"/sys/block/$1/inflight"
	((!reads && !writes))
}

state_of() { look "/sys/block/$1/mpath_stats/$2/state"; echo "$_seen"; }
state_is() { line_is "/sys/block/$1/mpath_stats/$2/state" "$3"; }
stat_of() { look "/sys/block/$1/mpath_stats/$2"; echo "$_seen"; }
stat_least() { look "/sys/block/$1/mpath_stats/$2" && ((_seen >= $3)); }

policy() { echo "$2" >"/sys/block/$1/mpath_policy"; }

# the sectors that arrived, in their order: arrived [PATH]
arrived() { awk -v path="$1" 'path == "" || $1 == path { print $3 }' $fake_dir/order; }
ascending() { sort -n -c; }
