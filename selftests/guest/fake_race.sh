#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The worst findings of the review of the upstream series, one test each, with
# threads that are held at the place where the race is; then everything against
# everything. MPATH_RACE_SECONDS: how long that takes (60). MPATH_RACE_SEED: 1.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=fake.sh
. "$here/fake.sh"
fake_begin 27
# shellcheck disable=SC2206
most=($fake_most)

io() { "$programs/fakeio" "$@"; }
runs() { kill -0 "$1" 2>/dev/null && ! finished "$1"; }
refs() { cat /sys/module/mpath_fake/refcnt; }

# ends PID: it must, soon; its status
ends()
{
	wait_for 15 finished "$1"
	joined "$1"
}

last_put() { ctl put_race 2000; }

uninit_waits_for_put()
{
	new_head fk 1 "${most[@]}"
	ctl arm hold
	bg ctl hold fk
	hold=$bg_pid
	ctl stopped hold
	bg ctl del_head fk
	wait_for 10 gone /sys/block/fk
	runs "$bg_pid"
	ctl release hold
	ends $hold
	ends "$bg_pid"
}

openers_do_not_block()	# openers_do_not_block CDEV
{
	new_head fk 1 pins failover stack remove_head uring "$1"
	exec {block}</dev/fk {char}<>/dev/fk-char
	bg ctl del_head fk
	ends "$bg_pid"
	errno ENODEV io ioctl "fd:$char" who
	refused rmmod mpath_fake
	exec {block}<&- {char}<&-
	wait_for 5 gone /dev/fk-char
}

# The disk is being added, the removal comes.
removal_waits_for_adding()	# CDEV POINT
{
	ctl add_head fk pins failover stack "$1"
	ctl add_path fk fka
	ctl arm "$2"
	bg ctl set_live fka
	live=$bg_pid
	ctl stopped "$2"
	bg ctl remove_disk fk
	usleep 300000
	runs "$bg_pid"
	there /sys/block/fk
	ctl release "$2"
	ends "$live"
	ends "$bg_pid"
	gone /sys/block/fk
	gone /dev/fk-char
	same "nodes made and removed" "$(count add_cdev)" "$(count del_cdev)"
	errno ENODEV ctl set_live fka
	ctl del_head fk
}

# Two paths become live at the same time: the disk is added once.
two_set_live()
{
	ctl add_head fk pins failover stack lib_cdev
	ctl add_path fk fka
	ctl add_path fk fkb
	ctl arm cdev_name
	bg ctl set_live fka
	first=$bg_pid
	ctl stopped cdev_name
	bg ctl set_live fkb
	usleep 300000
	runs "$bg_pid"
	ctl release cdev_name
	ends "$first"
	ends "$bg_pid"
	same "char nodes made" 1 "$(count cdev_name)"
	same "links" 2 "$(find /sys/block/fk/multipath/ -type l | wc -l)"
}

# Reads until the last one went to PATH, then makes the next selection walk.
cursor_at()	# cursor_at HEAD PATH
{
	local tries at=''
	ctl order on
	for ((tries = 0; tries < 8; tries++)); do
		[[ $at != "$2" ]] || break
		ctl submit "$1" op=read >/dev/null
		at=$(tail -n 1 $fake_dir/order | cut -d ' ' -f 1)
	done
	ctl order off
	same "the last read went to" "$2" "$at"
	ctl path_changed "$2"
	usleep 100000
}

# A selection is held in the middle of its walk, and a path is deleted: the one
# that the walk set out from, or the one that it comes to first. No path is
# optimized, so the walk has to go all the way round.
deleted_in_walk()	# PATHS
{
	local n=$1 p victim other last skip
	ctl add_head fk "${most[@]}"
	add_paths fk "$n" access=1
	scanned fk
	policy fk round-robin
	ctl submit fk op=write count=8
	for ((p = 0; p < n; p++)); do
		victim=$(nth fk $p)
		other=$(nth fk $(((p + n - 1) % n)))
		for last in "$victim" "$other"; do
			for ((skip = 0; skip < n; skip++)); do
				cursor_at fk "$last"
				reset
				ctl arm is_disabled skip=$skip
				bg ctl submit fk op=read verify=1
				walk=$bg_pid
				ctl stopped is_disabled
				runs "$walk"
				bg ctl del_path "$victim"
				# it waits for the walk
				usleep 100000
				runs "$bg_pid"
				ctl release is_disabled
				ends "$walk"
				ends "$bg_pid"
				# chosen while it was there it may be, not as what is left
				[[ $last != "$victim" ]] ||
					same "choices of a path that had left" 0 \
						$(($(count dead_bios) + $(count get_path_refused)))
				ctl submit fk op=read count=8 verify=1
				ctl add_path fk "$victim" access=1
				ctl set_live "$victim"
			done
		done
	done
}

# The last reader may park a bio when the removal has begun.
parked_by_late_reader()
{
	new_head fk 1 "${most[@]}"
	ctl set fka disabled=1
	ctl path_changed fka
	ctl arm available_path
	bg ctl submit fk op=write
	bio=$bg_pid bio_log=$work/bg.$bg
	ctl stopped available_path
	bg ctl remove_disk fk
	usleep 300000
	runs "$bg_pid"
	ctl release available_path
	wait_for 15 finished "$bio"
	grep -qx EIO "$bio_log"
	ends "$bg_pid"
	ctl del_head fk
}

can_remove_twice()
{
	new_head fk 1 "${most[@]}"
	echo 100 >/sys/block/fk/delayed_removal_secs
	before=$(refs)
	ctl del_path fka
	bg ctl can_remove fk
	first=$bg_pid first_log=$work/bg.$bg
	same "may it be removed?" 0 "$(ctl can_remove fk)"
	joined "$first"
	same "may it be removed?" 0 "$(cat "$first_log")"
	same "references" $((before + 1)) "$(refs)"
	add_paths fk 1
	same "references" "$before" "$(refs)"
}

add_against_remove_head()
{
	new_head fk 1 "${most[@]}"
	echo 100 >/sys/block/fk/delayed_removal_secs
	before=$(refs)
	ctl del_path fka
	ctl can_remove fk
	ctl arm remove_head
	echo 0 >/sys/block/fk/delayed_removal_secs
	ctl stopped remove_head
	for _ in 1 2 3; do
		errno ENODEV ctl add_path fk fkb
	done
	ctl release remove_head
	wait_for 10 gone /sys/block/fk
	same "references" "$before" "$(refs)"
	gone /sys/block/fkb
}

uninit_against_remove_work()
{
	local i
	for i in 1 2 3 4 5; do
		new_head fk 1 "${most[@]}"
		echo 1 >/sys/block/fk/delayed_removal_secs
		ctl del_path fka
		ctl can_remove fk
		ctl del_head fk
	done
	usleep 999000
	usleep 999000
	same "calls of remove_head" 0 "$(count remove_head)"
}

# Until mpath_add_device() the library knows nothing of a path: no command may tell it
# of one. Who takes the head down knows the path all the same, and waits for it.
told_while_it_is_added()
{
	local what
	new_head fk 1 "${most[@]}"
	ctl arm attach fkb
	bg ctl add_path fk fkb
	adding=$bg_pid
	ctl stopped attach
	for what in path_changed restored set_live clear del_path; do
		errno ENOENT ctl $what fkb
	done
	bg ctl del_head fk
	usleep 100000
	runs "$bg_pid"
	ctl release attach
	ends "$adding"
	ends "$bg_pid"
	gone /sys/block/fkb
}

# An ioctl is on its way in a path that is deleted: that must neither wait for it
# nor let the path go while it is in use. With the option begin the driver pins
# the path as well.
path_deleted_in_ioctl()	# POINT NODE OPTION...
{
	new_head fk 2 pins failover stack lib_cdev "${@:3}"
	ctl set fkb access=1
	ctl arm "$1" fka
	bg io ioctl "$2" who
	call=$bg_pid call_log=$work/bg.$bg
	ctl stopped "$1"
	bg ctl del_path fka
	ends "$bg_pid"
	runs "$call"
	gone /sys/block/fka
	ctl release "$1"
	ends "$call"
	same "who answered" fkb "$(cat "$call_log")"
	same "begin and finish" "$(count ioctl_begin)" "$(count ioctl_finish)"
}

head_deleted_in_ioctl()	# POINT NODE OPTION...
{
	new_head fk 1 pins failover stack lib_cdev "${@:3}"
	ctl arm "$1" fka
	bg io ioctl "$2" who
	call=$bg_pid call_log=$work/bg.$bg
	ctl stopped "$1"
	bg ctl del_head fk
	ends "$bg_pid"
	runs "$call"
	ctl release "$1"
	wait_for 15 finished "$call"
	grep -qx ENODEV "$call_log"
	same "begin and finish" "$(count ioctl_begin)" "$(count ioctl_finish)"
}

path_deleted_in_command()
{
	new_head fk 2 "${most[@]}"
	ctl set fkb access=1
	ctl arm uring_cmd fka
	bg io uring /dev/fk-char 7
	call=$bg_pid call_log=$work/bg.$bg
	ctl stopped uring_cmd
	bg ctl del_path fka
	ends "$bg_pid"
	ctl release uring_cmd
	ends "$call"
	same "result" 7 "$(cat "$call_log")"
	same "commands on the other path" 1 "$(count fkb.uring_cmd)"
}

# The node is still there when the head is on its way out.
open_against_removal()
{
	new_head fk 1 pins failover stack own_cdev uring
	ctl arm del_cdev
	bg ctl del_head fk
	ctl stopped del_cdev
	there /dev/fk-char
	refused eval 'exec {char}<>/dev/fk-char'
	grep 'No such device or address' "$work/refused"
	errno ENXIO io ioctl /dev/fk-char who
	refused eval 'exec {block}</dev/fk'
	grep 'No such device or address' "$work/refused"
	ctl release del_cdev
	ends "$bg_pid"
}

# The cdev is in the head: the head's memory has to outlive the last file.
last_file_of_own_cdev()
{
	new_head fk 1 pins failover stack own_cdev uring
	exec {char}<>/dev/fk-char
	ctl del_head fk
	for _ in 1 2 3; do
		ctl add_head fk pins failover stack own_cdev
		ctl del_head fk
	done
	errno ENODEV io ioctl "fd:$char" who
	exec {char}<&-
}

partition_ioctl()
{
	local nobody="setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all"
	new_head fk 1 pins failover stack partition_ioctl size=4
	io part /dev/fk 2048 2048
	wait_for 10 there /dev/fk1
	chmod 666 /dev/fk /dev/fk1
	same "as root" fka "$(io ioctl /dev/fk1 who)"
	reset
	same "a harmless one as nobody" fka "$($nobody "$programs/fakeio" ioctl /dev/fk1 who_odd)"
	same "calls of the path" 1 "$(count bdev_ioctl)"
	errno EACCES $nobody "$programs/fakeio" ioctl /dev/fk1 who
	same "calls of the path" 1 "$(count bdev_ioctl)"
	same "on the whole disk" fka "$($nobody "$programs/fakeio" ioctl /dev/fk who)"
	ctl del_head fk
	new_head fk 1 pins failover stack size=4
	io part /dev/fk 2048 2048
	wait_for 10 there /dev/fk1
	chmod 666 /dev/fk1
	errno EACCES $nobody "$programs/fakeio" ioctl /dev/fk1 who_odd
}

errors_end()
{
	local round
	new_head fk 3 "${most[@]}"
	for p in fka fkb fkc; do ctl set $p error=io; done
	for round in 1 2 3 4 5 6 7 8; do
		bg ctl submit fk op=read
		wait_for 15 finished "$bg_pid"
		grep -qx EIO "$work/bg.$bg"
	done
	(($(count bios) <= 8 * 5)) || fail "$(count bios) bios for 8 that failed"
}

# A path whose driver takes it down at each error and brings it back at once.
flapping_ends()
{
	new_head fk 2 "${most[@]}"
	ctl set fka error=io
	ctl set fkb error=io disabled=1
	bg ctl submit fk op=read
	while ! finished "$bg_pid"; do
		ctl set fka disabled=1
		ctl set fkb disabled=0
		ctl path_changed fka
		ctl set fka disabled=0
		ctl set fkb disabled=1
		ctl path_changed fka
	done
	grep -qx EIO "$work/bg.$bg"
	(($(count bios) <= 200)) || fail "$(count bios) bios for one that failed"
}

all_at_once()
{
	local status=0
	timeout $((${MPATH_RACE_SECONDS:-180} + 120)) "$programs/fake_stress" \
		"${MPATH_RACE_SECONDS:-180}" "${MPATH_RACE_SEED:-1}" "$fake_module" || status=$?
	((!status)) || { ps -e -o pid,stat,wchan:30,args | awk '$2 ~ /D/'; return $status; }
}

accounts_balance()	# after the stress
{
	loaded mpath_fake || insmod "$fake_module"
	fake_tidy >/dev/null 2>&1
	wait_for 10 count_is uring_held "$(count uring_held)"
	same "bios" "$(count bios)" $(($(count bios_done) + $(count bios_failed)))
	same "pins" $(($(count get_path) - $(count get_path_refused))) "$(count put_path)"
	same "begin and finish" "$(count ioctl_begin)" "$(count ioctl_finish)"
	same "char nodes of its own" "$(count add_cdev)" "$(count del_cdev)"
	fake_clean
}

fake "finding 1: the last put touches nothing afterwards" last_put
fake "finding 1: uninit waits for a reference that is held" uninit_waits_for_put
fake "finding 2: openers do not hold up a removal" openers_do_not_block lib_cdev
fake "finding 2: the same with a char device of the driver's" openers_do_not_block own_cdev
fake "finding 3: a removal waits for the disk that is being added" removal_waits_for_adding lib_cdev cdev_name
fake "finding 3: the same with a char device of the driver's" removal_waits_for_adding own_cdev add_cdev
fake "finding 3: two paths become live, the disk is added once" two_set_live
fake "finding 5: a path is deleted in the middle of a round-robin walk" deleted_in_walk 3
fake "finding 6: the same when only one is left" deleted_in_walk 2
fake "finding 10: a bio that is parked during a removal" parked_by_late_reader
fake "finding 12: asking twice takes one reference" can_remove_twice
fake "finding 13: a path is added while remove_head runs" add_against_remove_head
fake "finding 14: the removal's work does not outlive the head" uninit_against_remove_work
fake "a path is told of while it is added, and its head is deleted" told_while_it_is_added
fake "finding 19: a path is deleted in an ioctl of the char node" path_deleted_in_ioctl cdev_ioctl /dev/fk-char
fake "finding 19: a path is deleted in an ioctl of the block node" path_deleted_in_ioctl bdev_ioctl /dev/fk
fake "finding 19: the same with a driver that is told of both ends" path_deleted_in_ioctl cdev_ioctl /dev/fk-char begin
fake "finding 19: the head is deleted in an ioctl" head_deleted_in_ioctl cdev_ioctl /dev/fk-char
fake "finding 19: the head is deleted, and the driver is told of both ends" head_deleted_in_ioctl bdev_ioctl /dev/fk begin
fake "finding 19: a path is deleted in an io_uring command" path_deleted_in_command
fake "finding 20: an open of the char node during the removal" open_against_removal
fake "finding 21: the char node's last file is closed after the removal" last_file_of_own_cdev
fake "finding G1: ioctls of a partition" partition_ioctl
fake "finding G4: errors of all paths end" errors_end
fake "finding G4: paths that come and go with each error end" flapping_ends
fake "everything at the same time" all_at_once
check "every bio, pin and call has ended" accounts_balance
fake_end
