# SPDX-License-Identifier: GPL-2.0
# Reservations on a head of mpath_fake.ko; sourced by bash, after fake.sh.
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154	# subshells; names of lib.sh

head=fpr node=/dev/fpr
conflict=24 ioerr=2 path_failed=65536
wero=3 wear=5	# write exclusive: registrants only, all registrants

# ---- the fake --------------------------------------------------------------

paths()
{
	local lines line h path more
	mapfile -t lines <$fake_dir/heads
	for line in "${lines[@]}"; do
		read -r h path more <<<"$line"
		[[ $h != "$head" || -z $path || -n $more ]] || echo "$path"
	done
}
state() { state_of $head "$1"; }
is_state() { state_is $head "$1" "$2"; }

# find_regs: what the storage has, "NEXUS=KEY ..." in the order of their names, in $_regs
find_regs()
{
	local lines line h nexus key more i all=()
	mapfile -t lines <$fake_dir/pr
	for line in "${lines[@]}"; do
		read -r h nexus key more <<<"$line"
		[[ $h == "$head" && -n $key && -z $more ]] || continue
		for ((i = ${#all[@]}; i > 0; i--)); do
			[[ ${all[i - 1]} > $nexus=$key ]] || break
			all[i]=${all[i - 1]}
		done
		all[i]=$nexus=$key
	done
	_regs="${all[*]}"
}
regs() { find_regs; echo "$_regs"; }
holder()
{
	local lines line words
	mapfile -t lines <$fake_dir/pr
	for line in "${lines[@]}"; do
		read -r -a words <<<"$line"
		[[ ${words[0]} != "$head" || ${words[1]} != generation ]] || echo "${words[-1]}"
	done
}
are_regs() { find_regs; [[ $_regs == "$*" ]]; }
no_regs() { find_regs; [[ -z $_regs ]]; }

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
	fake_clean
}

scope=path	# of the tests that say nothing else

without_pins()
{
	local pins=0
	"$@"
}
