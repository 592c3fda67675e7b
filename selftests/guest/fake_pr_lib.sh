# SPDX-License-Identifier: GPL-2.0
# Reservations on a head of mpath_fake.ko; sourced by bash, after lib.sh.
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154	# subshells; names of lib.sh

guest_only
module=$modules/mpath_fake.ko
[[ -e $module ]] || skip_all "$module is missing: make selftest-modules"
start_unloaded
debug=/sys/kernel/debug
mountpoint -q $debug || mount -t debugfs none $debug
fake=$debug/mpath_fake

head=fpr node=/dev/fpr
conflict=24 ioerr=2 path_failed=65536
wero=3 wear=5	# write exclusive: registrants only, all registrants

# ---- the fake --------------------------------------------------------------

# ctl COMMAND...: one command; prints what it says
ctl()
{
	local fd said status=0
	exec {fd}<>$fake/control
	echo "$*" >&"$fd" || status=1
	IFS= read -r -d '' -u "$fd" said || true
	exec {fd}>&-
	printf '%s' "$said"
	return $status
}

paths() { awk -v h=$head '$1 == h && NF == 2 { print $2 }' $fake/heads; }
count() { awk -v k="$1" '$1 == k { print $2 }' $fake/counts; }
state() { echo "$(<"/sys/block/$head/mpath_stats/$1/state")"; }
is_state() { [[ $(state "$1") == "$2" ]]; }

# What the storage has: "NEXUS=KEY ..." in the order of their names, or nothing
regs() { awk -v h=$head '$1 == h && NF == 3 { print $2 "=" $3 }' $fake/pr | sort | xargs; }
holder() { awk -v h=$head '$1 == h && $2 == "generation" { print $NF }' $fake/pr; }
are_regs() { [[ $(regs) == "$*" ]]; }
no_regs() { [[ -z $(regs) ]]; }

# regs_are KEY PATH...: one registration for each of these paths, or one for all
regs_are()
{
	local key=$1 path all=()
	shift
	if [[ $scope == host ]]; then
		all=("host=$key")
	else
		for path; do all+=("$path=$key"); done
	fi
	same registrations "${all[*]}" "$(regs)"
}

# pr RESULT OP ARG...: through the head's node
pr()
{
	local want=$1
	shift
	same "pr $*" "$want" "$("$programs/pr_ioctl" $node "$@" || true)"
}

# ask RESULT OP ARG...: the same by a user in the kernel
ask()
{
	local want=$1
	shift
	same "$*" "$want" "$(ctl node_pr $node "$@")"
}

up() { ctl set "$1" disabled=0; ctl path_changed "$1"; }
down()
{
	ctl set "$1" disabled=1
	ctl path_changed "$1"
	wait_for 5 is_state "$1" disabled
}

join()	# join PATH [SETTING...]
{
	ctl add_path $head "$@"
	ctl set_live "$1"
}

logged() { dmesg -t | grep -E "$1"; }

write_some() { timeout $((20 * slow)) dd if=/dev/zero of=$node bs=4k count=20 oflag=direct 2>&1; }
write_one() { timeout $((20 * slow)) dd if=/dev/zero of=$node bs=4k count=1 oflag=direct 2>&1; }

make_head()	# make_head: with the paths a, b and c
{
	local path options="pins=${pins-1} stack"
	ctl reset
	[[ ${pins-1} == 0 ]] || options+=" failover"
	[[ $scope == path ]] || options+=" pr_host"
	ctl add_head $head "$options"
	for path in a b c; do
		join $path
	done
	wait_for 10 there $node
	dmesg -C
}

# test_on SCOPE TEST...: with a head of its own
test_on()
{
	scope=$1
	shift
	trap 'ctl release all; ctl del_head $head' EXIT
	make_head
	"$@"
	same "callbacks in a wrong context" 0 "$(count wrong_context)"
	same "threads that nobody released" 0 "$(count stop_timeouts)"
}

scope=path	# of the tests that say nothing else

without_pins()
{
	local pins=0
	"$@"
}

unloads()
{
	rmmod mpath_fake
	rmmod libmultipath_cxx
}

load()
{
	insmod "$modules/libmultipath_cxx.ko" && insmod "$module"
}
load || { echo "Bail out! the modules do not load"; exit 1; }
