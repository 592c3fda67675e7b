#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What becomes of bios when paths fail, on paths that fail to order.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=fake.sh
. "$here/fake.sh"
fake_begin 46
most=($fake_most)

# A head whose first path is the better one and gives errors: all goes to the second, too.
first_fails()	# first_fails [SETTING...]: of the paths
{
	ctl add_head fk "${most[@]}"
	add_paths fk 2 "$@"
	scanned fk
	reset
	ctl set fkb access=1
	ctl set fka error=io
}

all_paths()	# all_paths HEAD N SETTING...
{
	local i
	for ((i = 0; i < $2; i++)); do
		ctl set "$(nth "$1" $i)" "${@:3}"
	done
}

# ---- how often, and where ---------------------------------------------------

every_path_once()
{
	new_head fk 3 "${most[@]}"
	policy fk "$1"
	all_paths fk 3 error=io
	errno EIO ctl submit fk op=read
	same "bios at the paths" 4 "$(count bios)"
	for p in fka fkb fkc; do
		count_least $p.bios 1
	done
	same "bios with fail-fast" 4 "$(count failfast)"
	same "calls of path_error" 4 "$(count path_error)"
}

last_try_succeeds()
{
	new_head fk 2 "${most[@]}"
	ctl set fka error=transport error_count=1
	ctl set fkb error=io error_count=1
	ctl submit fk op=write
	same "bios at the paths" 3 "$(count bios)"
	same "all with fail-fast" 3 "$(count failfast)"
	ctl submit fk op=read verify=1
}

# The path's driver is told not to try again, so that it does not keep a bio when its path
# goes down; the device is asked again from here.
medium_error()
{
	new_head fk 2 "${most[@]}"
	all_paths fk 2 error=medium
	errno ENODATA ctl submit fk op=read
	same "bios at the paths" 6 "$(count bios)"
	same "all with fail-fast" 6 "$(count failfast)"
	same "calls of path_error" 0 "$(count path_error)"
	same "failovers" 0 "$(<"/sys/block/fk/mpath_stats/failovers")"
	# whose submitter wants no more tries gets none
	errno ENODATA ctl submit fk op=read failfast=1
	same "bios at the paths then" 7 "$(count bios)"
	state_is fk fka usable
	state_is fk fkb usable
	# one that another try gets over is no error
	all_paths fk 2 error=ok
	ctl set fka error=medium error_count=1
	policy fk numa
	ctl submit fk op=write
}

answers_go_up()	# answers_go_up STATUS ERRNO
{
	new_head fk 2 "${most[@]}"
	all_paths fk 2 error="$1"
	errno "$2" ctl submit fk op=read
	same "bios at the paths" 1 "$(count bios)"
	same "calls of path_error" 0 "$(count path_error)"
	same "failovers" 0 "$(stat_of fk failovers)"
	state_is fk fka usable
	state_is fk fkb usable
}

disabled_is_not_tried()
{
	new_head fk 3 "${most[@]}"
	ctl set fkb disabled=1
	ctl path_changed fkb
	ctl set fka error=io
	ctl set fkc error=io
	errno EIO ctl submit fk op=read
	same "bios on the disabled path" 0 "$(count fkb.bios)"
	same "bios at the paths" 3 "$(count bios)"
}

# ---- health ------------------------------------------------------------------

reads() { ctl submit "$1" op=read wait=1 count="$2" sectors=8 step=8; }

third_error_fails_path()
{
	new_head fk 3 "${most[@]}"
	policy fk round-robin
	ctl set fka error=io
	reads fk 30
	same "bios on the failing path" 3 "$(count fka.bios)"
	same "state" failed "$(state_of fk fka)"
	same "state of the others" "usable usable" "$(state_of fk fkb) $(state_of fk fkc)"
	same "errors" 3 "$(stat_of fk fka/errors)"
	same "failovers" 3 "$(stat_of fk fka/failovers)"
}

one_bio_tests()
{
	third_error_fails_path
	# one a test, a second and then two after the one before
	wait_for 20 tested 4
	reads fk 20
	same "bios on the failing path after its first test" 4 "$(count fka.bios)"
	same "state" failed "$(state_of fk fka)"
	ctl set fka error=ok
	wait_for 20 tested 5
	same "state" usable "$(state_of fk fka)"
	reads fk 30
	count_least fka.bios 10
}
tested()
{
	reads fk 1
	count_least fka.bios "$1"
}

restored_at_once()
{
	third_error_fails_path
	ctl set fka error=ok
	ctl restored fka
	same "state" usable "$(state_of fk fka)"
	reads fk 30
	count_least fka.bios 10
}

failed_is_better_than_none()
{
	third_error_fails_path
	all_paths fk 3 error=ok
	ctl set fkb disabled=1
	ctl set fkc disabled=1
	ctl path_changed fkb
	reads fk 1
	count_least fka.bios 4
	same "parked" 0 "$(stat_of fk requeued)"
}

driver_knows()	# errors of a path that its driver calls disabled do not count
{
	new_head fk 2 "${most[@]}"
	policy fk round-robin
	ctl set fka hang=1
	bg ctl submit fk op=write count=20
	wait_for 10 count_least fka.bios_held 5
	ctl set fka disabled=1 error=io
	ctl path_changed fka
	ctl set fka hang=0
	joined
	same "state" disabled "$(state_of fk fka)"
	ctl set fka disabled=0 error=ok
	ctl path_changed fka
	same "state" usable "$(state_of fk fka)"
	ctl submit fk op=read count=20 verify=1
}

# ---- what a bio carries ------------------------------------------------------

order_after_failover()
{
	new_head fk 2 "${most[@]}"
	ctl set fkb access=1
	ctl set fka hang=1
	bg ctl submit fk op=write count=200
	wait_for 10 count_is fka.bios_held 200
	ctl order on
	# the first ones fail it, as disabled: otherwise it is still chosen
	ctl set fka disabled=1 error=io
	ctl path_changed fka
	ctl set fka hang=0
	joined
	same "bios on the other path" 200 "$(arrived fkb | wc -l)"
	arrived fkb | ascending
	ctl order off
	ctl submit fk op=read count=200 verify=1
}

order_of_parked()
{
	new_head fk 1 "${most[@]}"
	ctl set fka disabled=1
	ctl path_changed fka
	ctl order on
	bg ctl submit fk op=write count=200
	wait_for 10 stat_least fk requeued 200
	ctl set fka disabled=0
	ctl path_changed fka
	joined
	same "bios on the path" 200 "$(arrived fka | wc -l)"
	arrived fka | ascending
	ctl order off
}

nowait()
{
	first_fails
	ctl submit fk op=write nowait=1
	same "flag on the first path" 1 "$(count fka.nowait)"
	same "and on the second, where a worker sends it" 0 "$(count fkb.nowait)"
	ctl submit fk op=read verify=1 nowait=1
}

polled()
{
	new_head fk 2 "${most[@]}"
	ctl set fkb access=1 delay_us=2000
	ctl set fka error=io delay_us=2000
	ctl submit fk op=write polled=1 count=10
	ctl submit fk op=read polled=1 count=10 wait=1 verify=1
}

split()
{
	first_fails max_sectors=64
	ctl submit fk op=write sectors=512
	same "parts on the second path" 8 "$(count fkb.bios)"
	same "sectors there" 512 "$(count fkb.sectors)"
	ctl submit fk op=read sectors=512 verify=1
}

# Not by the head, whose limits are larger: each path's queue splits by itself, and a part
# that fails fails the whole.
split_on_path()
{
	first_fails
	ctl set fka splits=64
	ctl set fkb splits=32
	ctl submit fk op=write sectors=256
	same "bios and parts on the paths" "4 8" "$(count fka.bios) $(count fkb.bios)"
	same "sectors on the second path" 256 "$(count fkb.sectors)"
	ctl submit fk op=read sectors=256 verify=1
	ctl set fka error_count=1
	ctl restored fka
	reset
	ctl submit fk op=write sectors=256
	same "parts on the paths, of which one failed" "4 8" "$(count fka.bios) $(count fkb.bios)"
	ctl submit fk op=read sectors=256 verify=1
	same "in flight" 0 "$(stat_of fk in_flight)"
}

# A large direct write is several bios, and the first one keeps the error of any of them
# while it is out itself: an error of another one outlives its failover.
error_of_another_bio()
{
	local other
	new_head fk 2 "${most[@]}"
	policy fk round-robin
	for other in 0 1; do	# the first bio is now on the one, now on the other path
		((!other)) || ctl submit fk op=read
		reset
		ctl set fka hang=1
		ctl set fkb error=resv error_count=1
		bg errno EBADE io write /dev/fk 2
		wait_for 10 count_is fka.bios_held 1
		wait_for 10 count_is fkb.bios 1
		ctl set fka error=io error_count=1 hang=0
		joined || fail "$(<"$work/bg.$bg")"
		same "bios of both" "1 2" "$(count fka.bios) $(count fkb.bios)"
	done
}

integrity()	# integrity MAX_SECTORS
{
	local most=("${most[@]}" integrity)
	first_fails max_sectors="$1"
	ctl submit fk op=write sectors=256 integrity=1
	count_least fka.integrity_ok 1
	same "parts with the right data on the second path" $((256 / $1)) "$(count fkb.integrity_ok)"
	same "bios with others" 0 "$(count integrity_bad)"
	ctl submit fk op=read sectors=256 integrity=1 verify=1
	same "bios with others" 0 "$(count integrity_bad)"
}

flush_and_fua()
{
	first_fails
	ctl submit fk op=write fua=1
	same "FUA on both paths" "1 1" "$(count fka.fua) $(count fkb.fua)"
	ctl submit fk op=flush
	ctl submit fk op=discard
	same "discards on the second path" 1 "$(count fkb.discards)"
}

# A bio may come from a per-CPU cache, which our clones have not: a clone that says
# it has would be given back to one that does not exist.
no_cache()
{
	first_fails
	ctl submit fk op=write alloc_cache=1
	same "bios on both paths" "1 1" "$(count fka.bios) $(count fkb.bios)"
	same "clones that say they are from a cache" 0 "$(count alloc_cache)"
}

# Read-ahead fails fast in every way, or blk_rq_set_mixed_merge() warns.
read_ahead()
{
	first_fails
	ctl submit fk op=read rahead=1
	same "read-ahead on both paths" "1 1" "$(count fka.rahead) $(count fkb.rahead)"
	same "of it told to fail fast in part only" 0 "$(count rahead_in_part)"
}

# ---- parked ------------------------------------------------------------------

park()	# park OPTION...: a bio waits on a head without a usable path
{
	new_head fk 2 "${most[@]}" "$@"
	all_paths fk 2 disabled=1
	ctl path_changed fka
	bg ctl submit fk op=write
	wait_for 10 stat_least fk requeued 1
}

parked_is_sent()
{
	park
	ctl set fkb disabled=0
	ctl path_changed fkb
	joined
	same "bios there" 1 "$(count fkb.bios)"
	ctl submit fk op=read verify=1
}

parked_is_sent_to_new_path()
{
	park
	ctl add_path fk fkc
	ctl set_live fkc
	joined
	same "bios there" 1 "$(count fkc.bios)"
}

parked_fails_with_head()
{
	park
	ctl del_head fk
	errno EIO joined_loud
}
joined_loud() { joined || { cat "$work/bg.$bg" >&2; return 1; }; }

parked_fails_without_hope()
{
	park
	all_paths fk 2 available=0
	ctl path_changed fka
	errno EIO joined_loud
	errno EIO ctl submit fk op=read
	same "failed for want of a path" 2 "$(stat_of fk failed)"
}

parked_fails_after_grace()
{
	local start
	new_head fk 2 "${most[@]}"
	echo 2 >/sys/block/fk/delayed_removal_secs
	all_paths fk 2 disabled=1 available=0
	ctl path_changed fka
	start=$(now_ms)
	errno EIO ctl submit fk op=read
	same "two seconds and no more than ten" 1 "$((($(now_ms) - start) >= 1900 && ($(now_ms) - start) < 10000))"
	same "parked once" 1 "$(stat_of fk requeued)"
	same "failed" 1 "$(stat_of fk failed)"
}

again_is_an_answer()
{
	new_head fk 2 "${most[@]}"
	all_paths fk 2 error=again
	errno EAGAIN ctl submit fk op=read nowait=1
	same "bios at the paths" 1 "$(count bios)"
	state_is fk fka usable
}

hanging_path_deleted()
{
	new_head fk 2 "${most[@]}"
	ctl set fkb access=1
	ctl set fka hang=1
	bg ctl submit fk op=write count=50
	wait_for 10 count_is fka.bios_held 50
	ctl del_path fka
	joined
	same "bios on the other path" 50 "$(count fkb.bios)"
	ctl submit fk op=read count=50 verify=1
}

# ---- whole -------------------------------------------------------------------

stat_fields() { read -r -a stat_now <"/sys/block/$1/stat"; echo "${stat_now[$2]}"; }

iostat_right()
{
	local writes sectors reads bios
	new_head fk 2 "${most[@]}"
	bios=$(stat_of fk bios)
	reads=$(stat_fields fk 0)
	writes=$(stat_fields fk 4)
	sectors=$(stat_fields fk 6)
	ctl set fka error=io error_count=2
	ctl submit fk op=write count=50 wait=1
	ctl submit fk op=read count=50 wait=1 verify=1
	same "writes" 50 $(($(stat_fields fk 4) - writes))
	same "sectors written" 400 $(($(stat_fields fk 6) - sectors))
	same "reads" 50 $(($(stat_fields fk 0) - reads))
	same "in flight" 0 "$(stat_fields fk 8)"
	same "in flight on the paths" "0 0" \
		"$(stat_of fk fka/in_flight) $(stat_of fk fkb/in_flight)"
	same "bios of the paths" 102 $(($(stat_of fk bios) - bios))
	same "failovers" 2 "$(stat_of fk failovers)"
}

in_flight_counted()	# POLICY
{
	new_head fk 2 "${most[@]}"
	policy fk "$1"
	all_paths fk 2 hang=1
	bg ctl submit fk op=write count=40
	wait_for 10 count_is bios_held 40
	same "in flight" 40 "$(stat_fields fk 8)"
	same "in flight on all paths" 40 "$(stat_of fk in_flight)"
	same "in flight on the paths" 40 $(($(stat_of fk fka/in_flight) + $(stat_of fk fkb/in_flight)))
	if [[ $1 != round-robin ]]; then
		same "as the policy counts" "20 20" "$(count fka.nr_active) $(count fkb.nr_active)"
	fi
	all_paths fk 2 hang=0
	joined
	same "as the policy counts" "0 0" "$(count fka.nr_active) $(count fkb.nr_active)"
}

data_survives()
{
	new_head fk 3 "${most[@]}" size=32
	policy fk "$1"
	all_paths fk 3 delay_us=200
	with_fio --filename=/dev/fk --rw=randwrite --verify=crc32c --verify_fatal=1 --iodepth=16 \
		--ioengine=libaio --direct=1 --size=32M --do_verify=1 --verify_backlog=256 -- one_after_the_other
}
one_after_the_other()
{
	local round p base
	wait_for 60 count_least bios 100	# fio has begun
	for round in 1 2 3; do
		for p in fka fkb fkc; do
			base=$(count $p.bios_failed)
			ctl set $p error=io error_count=5
			wait_for 20 count_least $p.bios_failed $((base + 3))
			ctl set $p error=ok error_count=-1
			ctl restored $p
		done
	done
}

# ---- an administrator takes paths out of use ----------------------------------

# admin PATH fail|restore
admin() { echo "$2" >"/sys/block/fk/mpath_stats/$1/state"; }

taken_out()
{
	new_head fk 2 "${most[@]}"
	policy fk "$1"
	ctl set fkb access=1	# the worse one stays
	dmesg -C
	admin fka fail
	same "state" admin-failed "$(state_of fk fka)"
	wait_for 10 logged 'path fka is admin-failed'
	admin fka fail		# once more changes nothing
	ctl submit fk op=write count=20
	same "bios of both" "0 20" "$(count fka.bios) $(count fkb.bios)"
	ctl set fka disabled=1	# as a reset of its controller does
	ctl path_changed fka
	ctl set fka disabled=0
	ctl restored fka
	same "state after a reset" admin-failed "$(state_of fk fka)"
	ctl submit fk op=read count=20
	same "bios of both" "0 40" "$(count fka.bios) $(count fkb.bios)"
	admin fka restore
	wait_for 10 logged 'path fka is usable, optimized'
	ctl submit fk op=write count=20
	same "bios of both" "20 40" "$(count fka.bios) $(count fkb.bios)"
	same "log lines about it" 2 "$(dmesg | grep -c 'path fka ')"
}
logged() { dmesg | grep -q "$1"; }

# What is in flight ends there, and goes to another path if it fails.
taken_out_with_a_bio()
{
	new_head fk 2 "${most[@]}"
	ctl set fkb access=1
	ctl set fka hang=1
	bg ctl submit fk op=write
	wait_for 10 count_is fka.bios_held 1
	admin fka fail
	usleep 100000
	refused finished $bg_pid
	ctl set fka error=io hang=0
	joined
	same "bios of both" "1 1" "$(count fka.bios) $(count fkb.bios)"
	ctl submit fk op=read verify=1
	same "state" admin-failed "$(state_of fk fka)"
}

# No path is left: as if the others could not come back, until one is restored.
last_taken_out()
{
	new_head fk 2 "${most[@]}"
	admin fka fail
	admin fkb fail
	errno EIO ctl submit fk op=write
	same "bios" "0 0" "$(count fka.bios) $(count fkb.bios)"
	errno EAGAIN io ioctl /dev/fk who
	# with a grace period it waits for that long
	echo 300 >/sys/block/fk/delayed_removal_secs
	bg ctl submit fk op=write
	wait_for 10 stat_least fk requeued 1
	admin fkb restore
	joined
	same "bios" "0 1" "$(count fka.bios) $(count fkb.bios)"
	# one that is disabled may come back: then bios wait without a period, too
	echo 0 >/sys/block/fk/delayed_removal_secs
	ctl set fkb disabled=1
	base=$(stat_of fk requeued)
	bg ctl submit fk op=write
	wait_for 10 stat_least fk requeued $((base + 1))
	ctl set fkb disabled=0
	ctl path_changed fkb
	joined
	same "state" admin-failed "$(state_of fk fka)"
}

restore_forgives()
{
	first_fails
	ctl submit fk op=write count=3
	same "state" failed "$(state_of fk fka)"
	ctl set fka error=ok
	admin fka restore
	same "state" usable "$(state_of fk fka)"
	reset
	ctl submit fk op=write count=5
	same "bios there" 5 "$(count fka.bios)"
}

only_these_words()
{
	local word file=/sys/block/fk/mpath_stats/fka/state
	new_head fk 1 "${most[@]}"
	dmesg -C
	for word in failed FAIL 'fail ' usable admin-failed 1 $'\n' "$(printf 'f%.0s' {1..4000})"; do
		refused bash -c 'printf %s "$1" >"$2"' _ "$word" "$file"
		grep -q 'Invalid argument' "$work/refused" || fail "'$word': $(<"$work/refused")"
		same "state" usable "$(state_of fk fka)"
	done
	logged 'fk: state of fka: only fail and restore can be written'
	same "mode" 644 "$(stat -c %a $file)"
	refused setpriv --reuid=65534 --regid=65534 --clear-groups bash -c "echo fail >$file"
	grep -q 'Permission denied' "$work/refused"
	same "state" usable "$(state_of fk fka)"
	# the others are as they were
	refused bash -c 'echo 0 >/sys/block/fk/mpath_stats/fka/errors'
	ctl submit fk op=write
}

# The path goes, and others come under its name, while its state is written.
taken_out_while_leaving()
{
	local i
	new_head fk 2 "${most[@]}"
	bg flip "$work/stop"
	for ((i = 0; i < $(some 200 50); i++)); do
		ctl del_path fka
		ctl add_path fk fka
		ctl set_live fka
		ctl submit fk op=write
	done
	: >"$work/stop"
	joined
	ctl del_path fka
	ctl add_path fk fka
	ctl set_live fka
	same "state of a path that joins" usable "$(state_of fk fka)"
	bg flip "$work/stop2"
	usleep 100000
	ctl del_head fk
	: >"$work/stop2"
	joined
}
flip()
{
	until [[ -e $1 ]]; do
		admin fka fail || true	# it is not always there
		admin fka restore || true
	done 2>/dev/null
}

fake "every usable path is tried once, one of them again later: round-robin" every_path_once round-robin
fake "the same: numa" every_path_once numa
fake "the same: queue-depth" every_path_once queue-depth
fake "the same: service-time" every_path_once service-time
fake "the last try succeeds: no error" last_try_succeeds
fake "an error of the medium is asked for again, fail-fast" medium_error
fake "a reservation conflict goes up at once" answers_go_up resv EBADE
fake "a disabled path is not tried" disabled_is_not_tried
fake "the third error in a row makes a path failed" third_error_fails_path
fake "after its back-off one bio tests it" one_bio_tests
fake "a driver that knows better restores it at once" restored_at_once
fake "a failed path is used if there is no other" failed_is_better_than_none
fake "errors of a path that its driver calls disabled do not count" driver_knows
fake "bios keep their order over a failover" order_after_failover
fake "parked bios keep their order" order_of_parked
fake "REQ_NOWAIT and a failover" nowait
fake "REQ_POLLED and a failover" polled
fake "a bio larger than the paths take, and a failover" split
fake "a bio that the paths split themselves, and a failover" split_on_path
fake "integrity data and a failover" integrity 256
fake "an error of another bio of the same write, and a failover" error_of_another_bio
fake "integrity data, split, and a failover" integrity 64
fake "flush, FUA, discard and a failover" flush_and_fua
fake "a bio out of a cache and a failover" no_cache
fake "read-ahead and a failover" read_ahead
fake "a parked bio is sent when a path comes back" parked_is_sent
fake "a parked bio is sent when a path is added" parked_is_sent_to_new_path
fake "a parked bio fails when the head is removed" parked_fails_with_head
fake "a parked bio fails when no path can come back" parked_fails_without_hope
fake "a parked bio without hope fails after the grace period" parked_fails_after_grace
fake "to be told to come back later is an answer" again_is_an_answer
fake "bios on a path that is deleted go to another" hanging_path_deleted
fake "a path that an administrator failed is not used: numa" taken_out numa
fake "the same: round-robin" taken_out round-robin
fake "the same: queue-depth" taken_out queue-depth
fake "the same: service-time" taken_out service-time
fake "what is in flight there ends there, or goes to another path" taken_out_with_a_bio
fake "an administrator failed all paths: no path is usable" last_taken_out
fake "to restore a path forgives its errors" restore_forgives
fake "anything else cannot be written to its state" only_these_words
fake "the path and the head go meanwhile" taken_out_while_leaving
fake "iostat: each I/O is counted once" iostat_right
fake "in flight: round-robin" in_flight_counted round-robin
fake "in flight: queue-depth" in_flight_counted queue-depth
fake "data under fio: round-robin" data_survives round-robin
fake "data under fio: service-time" data_survives service-time
fake_end
