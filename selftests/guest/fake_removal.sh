#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Delayed removal: what becomes of a head that has lost its last path.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=fake.sh
. "$here/fake.sh"
fake_begin 17
# shellcheck disable=SC2206
most=($fake_most)

refs() { cat /sys/module/mpath_fake/refcnt; }
refs_are() { [[ $(refs) == "$1" ]]; }
head_gone() { gone "/sys/block/fk" && ! fake_heads | grep -qx fk; }
secs() { echo "$1" >/sys/block/fk/delayed_removal_secs; }

# lose SECONDS [OPTION...]: a head with that grace period loses its last path
lose()
{
	new_head fk 1 "${most[@]}" "${@:2}"
	secs "$1"
	refs=$(refs)
	same "was it the last path?" 1 "$(ctl del_path fka)"
	same "may the driver remove it?" "$((!$1))" "$(ctl can_remove fk)"
}

no_grace()
{
	lose 0
	refs_are "$refs"
	same "calls of remove_head" 0 "$(count remove_head)"
	ctl del_head fk
}

no_callback()
{
	new_head fk 1 pins failover stack
	secs 100
	ctl del_path fka
	same "may the driver remove it?" 1 "$(ctl can_remove fk)"
	ctl del_head fk
}

pins_module_once()
{
	lose 100
	refs_are $((refs + 1))
	same "may the driver remove it now?" 0 "$(ctl can_remove fk)"
	same "and now?" 0 "$(ctl can_remove fk)"
	refs_are $((refs + 1))
	refused rmmod mpath_fake
	grep -q 'in use' "$work/refused"
	ctl del_head fk
	refs_are "$refs"
	same "calls of remove_head" 0 "$(count remove_head)"
}

ends_by_itself()
{
	lose 1
	wait_for 20 head_gone
	wait_for 5 refs_are "$refs"
	same "calls of remove_head" 1 "$(count remove_head)"
}

path_in_time()
{
	lose 100
	refs_are $((refs + 1))
	add_paths fk 1
	refs_are "$refs"
	ctl submit fk op=write
	# the period does not go on behind the path's back
	secs 1
	refused wait_for 2 head_gone
	same "calls of remove_head" 0 "$(count remove_head)"
	ctl submit fk op=read verify=1
}

bios_wait()
{
	lose 100
	bg ctl submit fk op=write
	wait_for 10 stat_least fk requeued 1
	add_paths fk 1
	joined
	ctl submit fk op=read verify=1
}

open_node_goes_on()
{
	new_head fk 1 "${most[@]}" size=4
	secs 1000
	with_fio --filename=/dev/fk --rw=randwrite --verify=crc32c --iodepth=4 --ioengine=libaio \
		--direct=1 --size=4M -- three_times_without
}
three_times_without()
{
	local i
	for i in 1 2 3; do
		wait_for 60 count_least fka.bios_done 20
		requeued=$(stat_of fk requeued)
		ctl del_path fka
		same "may the driver remove it?" 0 "$(ctl can_remove fk)"
		wait_for 60 stat_least fk requeued $((requeued + 1))
		add_paths fk 1
	done
	wait_for 60 count_least fka.bios_done 20
}

bios_fail_at_the_end()
{
	lose 2
	bg ctl submit fk op=write
	wait_for 10 stat_least fk requeued 1
	refused joined
	grep -qx EIO "$work/bg.$bg"
	wait_for 10 head_gone
	same "calls of remove_head" 1 "$(count remove_head)"
}

zero_ends_it_now()
{
	lose 100
	secs 0
	wait_for 10 head_gone
	wait_for 5 refs_are "$refs"
	same "calls of remove_head" 1 "$(count remove_head)"
}

new_value_counts_anew()
{
	lose 100
	secs 1
	wait_for 10 head_gone
	same "calls of remove_head" 1 "$(count remove_head)"
	lose 2
	secs 100
	refused wait_for 4 head_gone
	same "calls of remove_head" 0 "$(count remove_head)"
}

bad_values()
{
	local value
	new_head fk 1 "${most[@]}"
	secs 17
	for value in -1 x '' 1x '1 2' 0x10 ' '; do
		errno_of EINVAL "$value"
		same "value after '$value'" 17 "$(cat /sys/block/fk/delayed_removal_secs)"
	done
	for value in 31536001 4294967295 4294967296 99999999999999999999; do
		errno_of ERANGE "$value"
		same "value after '$value'" 17 "$(cat /sys/block/fk/delayed_removal_secs)"
	done
	secs 31536000
	same "a year" 31536000 "$(cat /sys/block/fk/delayed_removal_secs)"
	secs 0
}
errno_of()	# errno_of NAME VALUE: what the library says to it
{
	if [[ -z ${2// /} ]]; then
		refused dd if=<(printf '%s' "${2:-$'\n'}") of=/sys/block/fk/delayed_removal_secs status=none
		grep -q 'Invalid argument' "$work/refused"
	else
		# shellcheck disable=SC2086	# two words are what is tested
		if [[ $2 == *' '* ]]; then
			refused dd if=<(echo "$2") of=/sys/block/fk/delayed_removal_secs status=none
			grep -q 'Invalid argument' "$work/refused"
		else
			errno "$1" ctl secs fk "$2"
		fi
	fi
}

callback_once()	# with other calls while it runs
{
	lose 100
	ctl arm remove_head
	secs 1
	ctl stopped remove_head
	same "may the driver remove it?" 0 "$(ctl can_remove fk)"
	secs 0
	secs 5
	same "may the driver remove it?" 0 "$(ctl can_remove fk)"
	refs_are $((refs + 1))
	ctl release remove_head
	wait_for 10 head_gone
	same "calls of remove_head" 1 "$(count remove_head)"
	wait_for 5 refs_are "$refs"
}

path_too_late()
{
	lose 100
	ctl arm remove_head
	secs 0
	ctl stopped remove_head
	errno ENODEV ctl add_path fk fkb
	errno EIO ctl submit fk op=read
	ctl release remove_head
	wait_for 10 head_gone
	gone /sys/block/fkb
	wait_for 5 refs_are "$refs"
}

uninit_while_pending()
{
	lose 2
	ctl del_head fk
	refs_are "$refs"
	# longer than the period: what fires now fires on freed memory
	refused wait_for 4 count_least remove_head 1
}

removal_by_others()	# while the callback runs, without it
{
	lose 100
	ctl arm remove_head
	secs 0
	ctl stopped remove_head
	bg ctl del_head fk
	wait_for 10 gone /sys/block/fk
	ctl release remove_head
	joined
	wait_for 5 refs_are "$refs"
	same "calls of remove_head" 1 "$(count remove_head)"
}

nodes_during_grace()
{
	lose 100
	there /dev/fk
	there /dev/fk-char
	[[ -b /dev/fk && -c /dev/fk-char ]]
	same "links" 0 "$(find /sys/block/fk/multipath/ -type l | wc -l)"
	blockdev --getsize64 /dev/fk
	same "policy" numa "$(cat /sys/block/fk/mpath_policy)"
	ctl del_head fk
	gone /dev/fk-char
}

opened_node_expires()
{
	lose 100
	exec {fd}</dev/fk-char
	secs 1
	wait_for 20 head_gone
	refused rmmod mpath_fake
	exec {fd}<&-
	wait_for 5 refs_are "$refs"
}

fake "without a grace period the driver removes the head" no_grace
fake "nor is there one without remove_head" no_callback
fake "a grace period pins the module once" pins_module_once
fake "it ends with one call of remove_head" ends_by_itself
fake "a path that comes in time ends it" path_in_time
fake "a bio waits for a path that comes in time" bios_wait
fake "an open node goes on after losses of the last path" open_node_goes_on
fake "a bio fails when it ends" bios_fail_at_the_end
fake "0 ends it at once" zero_ends_it_now
fake "a new length begins it anew" new_value_counts_anew
fake "bad lengths are refused and change nothing" bad_values
fake "remove_head runs once whatever is called meanwhile" callback_once
fake "a path that comes while remove_head runs is refused" path_too_late
fake "nothing fires after mpath_head_uninit()" uninit_while_pending
fake "a removal while remove_head runs" removal_by_others
fake "the nodes stay during it" nodes_during_grace
fake "a node that is open when it ends keeps the module" opened_node_expires
fake_end
