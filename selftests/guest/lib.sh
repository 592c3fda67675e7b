# SPDX-License-Identifier: GPL-2.0
# Shared functions of the shell tests; sourced by bash.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck disable=SC2034	# used by those who source this
programs=$root/build/selftests
# where the modules were built, if not here
modules=${MPATH_MODULES:-$root}
# a debug kernel takes that many times longer
slow=${MPATH_SLOW:-1}
# and makes do with fewer rounds: some N FEW
some() { echo $((slow > 1 ? $2 : $1)); }
export PATH=$PATH:/usr/sbin:/sbin

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC1091	# comes from the kernel's source
. "$root/build/kselftest/kselftest/ktap_helpers.sh" || exit 1

# ---- results ---------------------------------------------------------------

# begin N: header and plan
begin()
{
	ktap_print_header
	ktap_set_plan "$1"
}

skip_all()	# skip_all REASON
{
	ktap_print_header
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

# check DESCRIPTION FUNCTION [ARG...]: one test. The function runs in a
# subshell with errexit: the first command that fails fails the test, and what
# was printed up to then is shown. Exit status 4 skips, the last line tells why.
# Lines that begin with "note: " are shown in any case.
check()
{
	local description=$1 status
	shift
	(
		set -e
		"$@"
	) </dev/null >"$work/log" 2>&1
	status=$?
	case $status in
	0)
		sed -n 's/^note: /#   /p' "$work/log"
		ktap_test_pass "$description"
		;;
	"$KSFT_SKIP")
		__ktap_test ok "$description" "SKIP $(tail -n 1 "$work/log")"
		KTAP_CNT_SKIP=$((KTAP_CNT_SKIP + 1))
		;;
	*)
		tail -n 60 "$work/log" | sed 's/^/#   /'
		echo "#   status $status"
		ktap_test_fail "$description"
		;;
	esac
}

fail() { echo "$*"; exit 1; }
skip() { echo "$*"; exit "$KSFT_SKIP"; }

# same WHAT EXPECTED SEEN
same()
{
	[[ $2 == "$3" ]] || fail "$1: expected '$2', seen '$3'"
}

# refused COMMAND...: it must fail; what it said is left in $work/refused
refused()
{
	if "$@" >"$work/refused" 2>&1; then
		fail "must fail, but did not: $*"
	fi
}

# ---- waiting ---------------------------------------------------------------

# What is asked again and again starts no process, not even a subshell: in a guest with
# a debug kernel that takes as long as a hundred I/Os. Such functions leave their answer
# in a variable that begins with "_".

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# wait_for SECONDS COMMAND...: until it succeeds, looking every 20 ms
wait_for()
{
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000 * slow))
	shift
	until "$@"; do
		if ((${EPOCHREALTIME/./} > end)); then
			echo "waited in vain for: $*"
			return 1
		fi
		usleep 20000
	done
}

exec {never}<> <(:)
usleep()
{
	local seconds
	printf -v seconds '0.%06d' "$1"
	read -r -t "$seconds" -u "$never" || true
}

# look FILE: its first line is left in $_seen
look()
{
	_seen=''
	{ read -r _seen <"$1"; } 2>/dev/null
}
line_is() { look "$1" && [[ $_seen == "$2" ]]; }	# line_is FILE LINE

gone() { [[ ! -e $1 ]]; }
there() { [[ -e $1 ]]; }

# ---- modules ---------------------------------------------------------------

loaded() { [[ -d /sys/module/$1 ]]; }

load_modules()	# load_modules [PARAMETER...]
{
	insmod "$modules/libmultipath_cxx.ko" && insmod "$modules/mpath_nvme.ko" "$@"
}

unload_modules() { rmmod mpath_nvme && rmmod libmultipath_cxx; }

# start_loaded: modules there, a head for each path disk; sets MPATH_CHAR,
# MPATH_BLOCK and MPATH_PATH_CHARS, if they are not set, to the first head of
# those with most paths
start_loaded()
{
	local h best='' most=0 paths path chars=()
	[[ -z $MPATH_CHAR ]] || return 0
	loaded mpath_nvme || load_modules ||
		{ echo "Bail out! the modules do not load"; exit 1; }
	wait_for 10 all_claimed || {
		dmesg | tail -n 20 | sed 's/^/# /'
		echo "Bail out! not every path has a head"
		exit 1
	}
	for h in $(heads); do
		mapfile -t paths < <(paths_of "$h")
		((${#paths[@]} <= most)) || { best=$h most=${#paths[@]}; }
	done
	for path in $(paths_of "$best"); do
		chars+=("$(path_char "$path")")
	done
	MPATH_BLOCK=/dev/$best
	export MPATH_BLOCK MPATH_CHAR=${MPATH_BLOCK/nvme/ng} MPATH_PATH_CHARS="${chars[*]}"
}

unload_ours()
{
	local module
	for module in mpath_nvme mpath_fake mpath_template_test mpath_leak_test \
		mpath_example_c mpath_example_cxx libmultipath_cxx; do
		! loaded $module || wait_for 10 rmmod $module 2>/dev/null ||
			{ echo "$module does not unload"; return 1; }
	done
}

# start_unloaded: no module of ours there
start_unloaded()
{
	unload_ours || { echo "Bail out! a module of ours does not unload"; exit 1; }
}

# ---- leaks -----------------------------------------------------------------

kmemleak=/sys/kernel/debug/kmemleak

# kmemleak_on: the kernel has it (a debug kernel) and it runs (kmemleak=on)
kmemleak_on()
{
	[[ -e $kmemleak ]] && { echo stack=on >"$kmemleak"; } 2>/dev/null
}

# find_leaks: what kmemleak finds goes to $work/leaks, if it was allocated by or
# for our modules, and to $work/other-leaks. Call it after unloading: addresses
# in modules that are gone have no name, and these are taken for ours.
find_leaks()
{
	echo scan >"$kmemleak" || return 1
	# An object counts when it is five seconds old and has not changed since the
	# scan before; there is no event to wait for.
	sleep 6
	echo scan >"$kmemleak" || return 1
	cat "$kmemleak" >"$work/kmemleak" || return 1
	: >"$work/leaks" >"$work/other-leaks"
	awk -v ours="$work/leaks" -v others="$work/other-leaks" '
	function out() { if (text != "") printf "%s", text >(mine ? ours : others); text = ""; mine = 0 }
	/^unreferenced object/ { out() }
	/\[(mpath_[a-z_]*|libmultipath_cxx)\]/ || /^ *(\[<[0-9a-f]*>\] )?0x[0-9a-f]+$/ { mine = 1 }
	{ text = text $0 "\n" }
	END { out() }' "$work/kmemleak"
}

# guest_only: skip all of the test anywhere else
guest_only()
{
	[[ -n $MPATH_GUEST ]] || skip_all "only in a guest of scripts/guest (MPATH_GUEST is not set)"
}

# named_devices [scratch]: the tests of this file need the nodes
named_devices()
{
	[[ -z $MPATH_GUEST ]] || start_loaded
	[[ -n $MPATH_CHAR && -n $MPATH_BLOCK && -n $MPATH_PATH_CHARS ]] ||
		skip_all "MPATH_CHAR, MPATH_BLOCK and MPATH_PATH_CHARS name no devices"
	[[ $1 != scratch || -n $MPATH_SCRATCH ]] ||
		skip_all "MPATH_SCRATCH is not set: the test would write to $MPATH_BLOCK"
	# shellcheck disable=SC2034
	head=${MPATH_BLOCK##*/}
	# shellcheck disable=SC2034
	read -r -a path_chars <<<"$MPATH_PATH_CHARS"
}

# ---- heads and paths -------------------------------------------------------
# A head is a block disk with our attribute; every other NVMe disk is a path.

# dm_node NAME: the kernel's own node of a dm device, as nobody makes others in a guest
dm_node() { echo "/dev/$(dmsetup info -c --noheadings -o blkdevname "$1")"; }

path_char() { echo "/dev/${1/nvme/ng}"; }

heads()
{
	local dir
	for dir in /sys/block/nvme*; do
		[[ ! -e $dir/mpath_policy ]] || echo "${dir##*/}"
	done
}

path_disks()
{
	local dir
	for dir in /sys/block/nvme*; do
		[[ ! -e $dir || -e $dir/mpath_policy || -e $dir/multipath ]] || echo "${dir##*/}"
	done
}

find_paths()	# find_paths HEAD: in $_paths
{
	local link
	_paths=()
	for link in "/sys/block/$1/multipath/"nvme*; do
		[[ ! -L $link ]] || _paths+=("${link##*/}")
	done
}
paths_of()	# paths_of HEAD
{
	find_paths "$1"
	((!${#_paths[@]})) || printf '%s\n' "${_paths[@]}"
}
has_paths() { find_paths "$1"; ((${#_paths[@]} == $2)); }	# has_paths HEAD N

head_of()	# head_of PATH
{
	local link
	for link in /sys/block/nvme*/multipath/"$1"; do
		[[ ! -L $link ]] || { link=${link%/multipath/*}; echo "${link##*/}"; }
	done
}

all_claimed()	# there are path disks, and each has a head
{
	local file some=0
	local -A claimed=()
	for file in /sys/block/nvme*/multipath/nvme*; do
		claimed[${file##*/}]=1
	done
	for file in /sys/block/nvme*; do
		[[ -e $file && ! -e $file/mpath_policy && ! -e $file/multipath ]] || continue
		[[ -n ${claimed[${file##*/}]} ]] || return 1
		some=1
	done
	((some))
}

counter()	# counter HEAD PATH NAME
{
	look "/sys/block/$1/mpath_stats/$2/$3"
	echo "$_seen"
}

add_up()	# add_up HEAD NAME: over all paths, in $_total
{
	local path
	_total=0
	find_paths "$1"
	for path in "${_paths[@]}"; do
		# it may go meanwhile
		! look "/sys/block/$1/mpath_stats/$path/$2" || _total=$((_total + _seen))
	done
}
sum() { add_up "$@"; echo "$_total"; }	# sum HEAD NAME

# Passthrough commands of $head that another path has kept from failing, and those that
# were given up
kept() { look "/sys/block/$head/passthru_failovers"; echo "${_seen% *}"; }
given_up() { look "/sys/block/$head/passthru_failovers"; echo "${_seen#* }"; }
kept_more_than() { look "/sys/block/$head/passthru_failovers"; ((${_seen% *} > $1)); }

set_policy()	# set_policy HEAD POLICY
{
	echo "$2" >"/sys/block/$1/mpath_policy"
}

ctrl_of() { [[ $1 =~ ^(nvme[0-9]+)n ]] && echo "${BASH_REMATCH[1]}"; }
live() { line_is "/sys/class/nvme/${1%n*}/state" live; }	# live PATH: its controller

pci_of()	# pci_of PATH: the address of its controller
{
	basename "$(readlink -f "/sys/class/nvme/$(ctrl_of "$1")/device")"
}

rescan_pci() { echo 1 >/sys/bus/pci/rescan; }

# ---- fio -------------------------------------------------------------------

# Always with --thread: a killed fio leaves no process behind.

# The stock TCP transport sends without MSG_NOSIGNAL in the submitter's task: a connection
# that breaks just then would kill it.
without_sigpipe() { trap '' PIPE; exec "$@"; }	# in the background only

# run_fio IOS OPTION...: fio must end well and have written and, for the
# verification, read that many blocks
run_fio()
{
	local ios=$1
	shift
	timeout $((120 * slow)) fio --thread --name=job --verify=crc32c --verify_fatal=1 --bs=4k --eta=never \
		--output="$work/fio" "$@" >"$work/fio.err" 2>&1 ||
		{ cat "$work/fio.err" "$work/fio"; fail "fio ended with status $?"; }
	fio_clean "$work/fio"
	same "blocks read and written" "$ios,$ios" "$(fio_issued "$work/fio")"
}

fio_issued()	# fio_issued FILE: "READS,WRITES"
{
	sed -n 's/.*issued rwts: total=\([0-9]*,[0-9]*\),.*/\1/p' "$1"
}

fio_clean()	# fio_clean FILE: every job in it ended without an error
{
	if ! grep -q 'err= 0:' "$1" || grep -Eq 'err=( *[1-9]|-)|verify:|error=' "$1"; then
		cat "$1"
		fail "fio reports an error"
	fi
}

# with_fio OPTION... -- FUNCTION [ARG...]: the function runs while fio does; then
# fio is told to stop, must do so, and must have had no error.
with_fio()
{
	local options=() fio
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	without_sigpipe fio --thread --name=job --bs=4k --time_based --runtime=$((200 * slow)) \
		--eta=never --output="$work/fio" "${options[@]}" 2>"$work/fio.err" &
	fio=$!
	# shellcheck disable=SC2064	# the process of now
	trap "kill -9 $fio 2>/dev/null; wait $fio" EXIT
	"$@"
	kill -0 $fio || fail "fio ended: $(cat "$work/fio" "$work/fio.err")"
	kill -INT $fio
	wait_for 30 finished $fio || { cat "/proc/$fio/stack"; fail "fio does not end"; }
	wait $fio || true
	trap - EXIT
	fio_clean "$work/fio"
}

# finished PID: ended, waited for or not
finished() { ! look "/proc/$1/stat" || [[ $_seen == *') Z '* ]]; }

# goes_on COUNTER: I/O on the paths of $head
goes_on()
{
	local base
	base=$(sum "$head" "$1")
	wait_for 20 more_than "$1" $((base + 50))
}
more_than() { add_up "$head" "$1"; ((_total > $2)); }
