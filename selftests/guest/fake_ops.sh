#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Everything but bios and removal: policies, ioctls, commands, zones, limits,
# files, events, char nodes.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=fake.sh
. "$here/fake.sh"
fake_begin 35
# shellcheck disable=SC2206
most=($fake_most)

store() { echo "$2" >"$1"; }
file_errno()	# file_errno TEXT FILE VALUE: the write must fail with that message
{
	refused store "$2" "$3"
	grep -q "$1" "$work/refused" || fail "$(cat "$work/refused")"
}

no_path()	# no_path: nothing is usable, and nothing will be
{
	local p
	for p in fka fkb; do
		! there /sys/block/$p || ctl set $p disabled=1 available=0
	done
	ctl path_changed fka
}

# ---- policies ----------------------------------------------------------------

policies_allowed()
{
	local f=/sys/block/fk/mpath_policy p
	new_head fk 2 "${most[@]}" policies=3 policy=1
	same "policy" round-robin "$(cat $f)"
	store $f numa
	file_errno 'Operation not supported' $f queue-depth
	file_errno 'Operation not supported' $f service-time
	same "policy" numa "$(cat $f)"
	for p in num numax NUMA '' 'round-robin x'; do
		file_errno 'Invalid argument' $f "$p"
	done
	same "policy" numa "$(cat $f)"
	ctl del_head fk
	new_head fk 2 "${most[@]}"
	for p in numa round-robin queue-depth service-time; do
		store $f $p
		same "policy" $p "$(cat $f)"
	done
}

policies_at_once()
{
	new_head fk 2 "${most[@]}"
	ctl submit fk op=read count=20 wait=1
	same "numa: one path" 0 $(($(count fka.bios) * $(count fkb.bios)))
	policy fk round-robin
	reset
	ctl submit fk op=read count=20 wait=1
	same "round-robin: in turn" "10 10" "$(count fka.bios) $(count fkb.bios)"
	policy fk queue-depth
	ctl set fka inflight=5
	reset
	ctl submit fk op=read count=20 wait=1
	same "queue-depth: the one with less to do" "0 20" "$(count fka.bios) $(count fkb.bios)"
	ctl set fka inflight=0
	ctl set fkb inflight=1
	reset
	ctl submit fk op=read count=20 wait=1
	same "queue-depth: the other one" "20 0" "$(count fka.bios) $(count fkb.bios)"
}

access_states()
{
	new_head fk 3 "${most[@]}" policy=1
	ctl set fka access=1
	ctl set fkb access=2
	reset
	ctl submit fk op=read count=10 wait=1
	same "only the optimized one" "0 0 10" "$(count fka.bios) $(count fkb.bios) $(count fkc.bios)"
	ctl set fkc access=2
	reset
	ctl submit fk op=read count=10 wait=1
	same "then the non-optimized one" "10 0 0" "$(count fka.bios) $(count fkb.bios) $(count fkc.bios)"
	ctl set fka access=2
	# no path, and three that may come back
	bg ctl submit fk op=read
	wait_for 10 stat_least fk requeued 1
	ctl set fkb access=0
	joined
	same "a bio that waited" 1 "$(count fkb.bios)"
	# written past the library: worse at once, better within a tenth of a second
	ctl set fkc access=1
	ctl set fkb access_raw=2
	reset
	ctl submit fk op=read count=10 wait=1
	same "worse" "0 10" "$(count fkb.bios) $(count fkc.bios)"
	ctl set fkb access_raw=0
	usleep 200000
	reset
	ctl submit fk op=read count=10 wait=1
	same "better" "10 0" "$(count fkb.bios) $(count fkc.bios)"
}

numa_nodes()
{
	new_head fk 2 "${most[@]}"
	ctl set_live fka
	same "nodes of both paths" 0 "$(ctl numa_nodes fka)$(ctl numa_nodes fkb)"
	policy fk round-robin
	same "not numa" "" "$(ctl numa_nodes fka)$(ctl numa_nodes fkb)"
}

too_many()
{
	local i
	ctl add_head fk "${most[@]}" size=1
	for ((i = 0; i < 64; i++)); do
		ctl add_path fk "fk-$i"
	done
	ctl set_live fk-63
	errno ENOSPC ctl add_path fk fk-64
	scanned fk
	policy fk round-robin
	reset
	ctl submit fk op=read count=64 wait=1
	for ((i = 0; i < 64; i++)); do
		same "bios on path $i" 1 "$(count fk-$i.bios)"
	done
}

# ---- block node --------------------------------------------------------------

block_ioctls()
{
	new_head fk 2 "${most[@]}"
	ctl set fkb access=1
	same "path" fka "$(io ioctl /dev/fk who)"
	ctl set fka ioctl_result=5
	same "a result" 5 "$(io ioctl /dev/fk result)"
	ctl set fka ioctl_result=EBUSY
	errno EBUSY io ioctl /dev/fk result
	errno ENOTTY io ioctl /dev/fk 0x4600
	same "calls of the other path" 0 "$(count fkb.bdev_ioctl)"
	for e in ENODEV ENXIO ESHUTDOWN; do
		ctl set fka refuse=$e refuse_count=1
		same "path after $e" fkb "$(io ioctl /dev/fk who)"
	done
	same "refused" 3 "$(stat_of fk fka/submit_errors)"
	ctl set fka refuse=ENODEV refuse_count=-1
	ctl set fkb refuse=ENODEV refuse_count=-1
	errno EAGAIN io ioctl /dev/fk who
	no_path
	errno EAGAIN io ioctl /dev/fk who
}

compat_ioctls()
{
	ctl add_head fk "${most[@]}"
	ctl add_path fk fka compat=1
	ctl set_live fka
	scanned fk
	io ioctl32 /dev/null 0x4600 2>"$work/err" || true
	grep -q ENOTTY "$work/err" || skip "no 32-bit system calls here"
	reset
	same "compat_ioctl of the path" "fka compat" "$(io ioctl32 /dev/fk who)"
	same "native ioctl of the path" fka "$(io ioctl /dev/fk who)"
	same "calls" "1 1" "$(count bdev_compat_ioctl) $(count bdev_ioctl)"
	ctl add_path fk fkb
	ctl set_live fkb
	ctl set fka disabled=1
	ctl path_changed fka
	same "a path without one" fkb "$(io ioctl32 /dev/fk who)"
	same "char node" fkb "$(io ioctl32 /dev/fk-char who)"
}

no_ioctl_op()
{
	ctl add_head fk "${most[@]}"
	add_paths fk 1 no_ioctl=1 no_getgeo=1 no_unique_id=1 no_pr=1
	scanned fk
	errno ENOTTY io ioctl /dev/fk who
	errno ENOTTY io ioctl32 /dev/fk who
	errno ENOTTY io geo /dev/fk
	same "unique id" 0 "$(ctl unique_id fk 3)"
}

geometry()
{
	new_head fk 2 "${most[@]}"
	same "geometry" "16 63 16" "$(io geo /dev/fk)"
	same "calls" 1 "$(count getgeo)"
	no_path
	errno EAGAIN io geo /dev/fk
}

unique_ids()
{
	new_head fk 2 "${most[@]}"
	same "NAA" "66616b65000000000000000000000003" "$(ctl unique_id fk 3)"
	same "EUI64" "66616b6500000000" "$(ctl unique_id fk 2)"
	errno EINVAL ctl unique_id fk 1
	no_path
	errno EAGAIN ctl unique_id fk 3
}

zones()
{
	ctl add_head fk "${most[@]}" zoned size=4
	# the block layer allows no partitions on such a disk, so there is no scan
	add_paths fk 2
	reset
	same "zones" "0 2048|2048 2048|4096 2048|6144 2048" "$(io zones /dev/fk | paste -sd '|')"
	same "calls" 1 "$(count report_zones)"
	same "as it says of itself" host-managed "$(cat /sys/block/fk/queue/zoned)"
	same "sectors of a zone" 2048 "$(cat /sys/block/fk/queue/chunk_sectors)"
	no_path
	errno EAGAIN io zones /dev/fk
}

calls()
{
	new_head fk 2 "${most[@]}"
	ctl set fkb access=1
	same "path" fka "$(ctl call fk)"
	ctl set fka refuse_get=1
	same "path when the first one cannot be pinned" fkb "$(ctl call fk)"
	no_path
	errno EAGAIN ctl call fk
}

# ---- char node ---------------------------------------------------------------

char_ioctls()
{
	local fd
	new_head fk 2 "${most[@]}" begin
	ctl set fkb access=1
	same "path" fka "$(io ioctl /dev/fk-char who)"
	exec {fd}</dev/fk-char
	same "open for reading" 0 "$(io ioctl "fd:$fd" writable)"
	exec {fd}<&- {fd}<>/dev/fk-char
	same "open for writing" 1 "$(io ioctl "fd:$fd" writable)"
	same "begin and finish" "3 3" "$(count ioctl_begin) $(count ioctl_finish)"
	ctl set fka refuse=ENXIO refuse_count=1
	same "path after a path error" fkb "$(io ioctl /dev/fk-char who)"
	same "begin and finish" "5 5" "$(count ioctl_begin) $(count ioctl_finish)"
	no_path
	errno EAGAIN io ioctl "fd:$fd" who
	ctl del_head fk
	errno ENODEV io ioctl "fd:$fd" who
	errno ENXIO io ioctl "/proc/self/fd/$fd" who
}

commands()
{
	local fd
	new_head fk 2 "${most[@]}" iopoll
	ctl set fkb access=1
	ctl set fka uring_result=100
	same "at once" 107 "$(io uring /dev/fk-char 7)"
	ctl set fka uring=later delay_us=2000
	same "later" 108 "$(io uring /dev/fk-char 8)"
	same "polled" 109 "$(io uring /dev/fk-char 9 polled)"
	ctl set fka uring_result=EBUSY
	errno EBUSY io uring /dev/fk-char 0
	for e in ENODEV ENXIO ESHUTDOWN; do
		ctl set fka refuse=$e refuse_count=1
		same "after $e on the first path" 5 "$(io uring /dev/fk-char 5)"
	done
	same "refused" 3 "$(stat_of fk fka/submit_errors)"
	exec {fd}<>/dev/fk-char
	no_path
	errno EINVAL io uring "fd:$fd" 5
	ctl del_head fk
	errno ENODEV io uring "fd:$fd" 5
}

commands_absent()
{
	new_head fk 1 pins lib_cdev
	errno EOPNOTSUPP io uring /dev/fk-char 5
	ctl del_head fk
	new_head fk 1 pins lib_cdev uring
	errno EOPNOTSUPP io uring /dev/fk-char 5 polled
	same "the others" 5 "$(io uring /dev/fk-char 5)"
}

# A command that is out when its path and its head go.
command_outlives_head()
{
	local fd
	new_head fk 1 "${most[@]}"
	ctl set fka uring=hold
	bg io uring /dev/fk-char 3
	wait_for 10 count_is uring_held 1
	ctl del_head fk
	refused rmmod mpath_fake
	ctl release_uring
	joined
	same "result" 3 "$(cat "$work/bg.$bg")"
}

char_node()	# CDEV CALLS: its life
{
	ctl add_head fk pins failover stack "$1"
	ctl add_path fk fka
	gone /dev/fk-char
	gone /sys/block/fk
	ctl set_live fka
	[[ -c /dev/fk-char && -b /dev/fk ]]
	ctl add_path fk fkb
	ctl set_live fkb
	same "calls that make it" "$2" "$(count add_cdev) $(count cdev_name)"
	ctl del_head fk
	gone /dev/fk-char
	same "calls that remove it" "${2% *}" "$(count del_cdev)"
}

char_node_fails()	# CDEV
{
	dmesg -C
	ctl add_head fk pins failover stack "$1" fail_cdev=ENOMEM
	add_paths fk 1
	scanned fk
	gone /dev/fk-char
	dmesg | grep 'fk: could not create the char device: -12'
	ctl submit fk op=write
	ctl del_head fk
	same "calls of del_cdev" 0 "$(count del_cdev)"
}

# ---- limits ------------------------------------------------------------------

queue() { cat "/sys/block/$1/queue/$2"; }

limits_stacked()
{
	ctl add_head fk "${most[@]}"
	add_paths fk 1 lbs=4096
	scanned fk
	same "block size" 4096 "$(queue fk logical_block_size)"
	same "capacity" 16384 "$(cat /sys/block/fk/size)"
	same "of a bio" 1024 "$(queue fk max_hw_sectors_kb)"
	ctl add_path fk fkb lbs=4096 max_sectors=64
	ctl set_live fkb
	same "of a bio" 32 "$(queue fk max_hw_sectors_kb)"
	ctl submit fk op=write sectors=256
	ctl del_path fkb
	same "of a bio" 1024 "$(queue fk max_hw_sectors_kb)"
	# of a path that stays
	ctl set fka max_sectors=128
	same "size changed?" 0 "$(ctl revalidate fk)"
	same "of a bio" 64 "$(queue fk max_hw_sectors_kb)"
	ctl submit fk op=write sectors=256
	ctl set fka max_sectors=512
	ctl revalidate fk >/dev/null
	same "of a bio" 256 "$(queue fk max_hw_sectors_kb)"
	same "FUA" 1 "$(queue fk fua)"
	same "statistics" 1 "$(queue fk iostats)"
}

misfits_refused()
{
	new_head fk 1 "${most[@]}"
	dmesg -C
	errno EINVAL ctl add_path fk fkb capacity=8192
	dmesg | grep 'fkb: refused as a path of fk: 8192 sectors, not 16384'
	errno EINVAL ctl add_path fk fkc lbs=4096
	dmesg | grep 'fkc: refused as a path of fk: blocks of 4096 bytes, not 512'
	gone /sys/block/fkb
	gone /sys/block/fkc
	add_paths fk 1 2>/dev/null || true
	ctl submit fk op=write
}

resized()
{
	new_head fk 2 "${most[@]}" size=16
	same "sectors" 32768 "$(cat /sys/block/fk/size)"
	listen
	ctl set fka capacity=16384
	same "changed?" 0 "$(ctl revalidate fk)"
	same "sectors" 32768 "$(cat /sys/block/fk/size)"
	same "state of the smaller path" blocked "$(state_of fk fka)"
	reset
	ctl submit fk op=write count=10
	same "bios there" 0 "$(count fka.bios)"
	ctl set fkb capacity=16384
	same "changed?" 1 "$(ctl revalidate fk)"
	same "sectors" 16384 "$(cat /sys/block/fk/size)"
	same "state of both" "usable usable" "$(state_of fk fka) $(state_of fk fkb)"
	heard 'RESIZE=1 .*DEVNAME=fk '
	same "changed?" 0 "$(ctl revalidate fk)"
	same "differ" 0 "$(ctl revalidate_paths fk)"
	ctl set fka capacity=8192
	same "differ" 1 "$(ctl revalidate_paths fk)"
}

# A path that says itself that it has not looked yet has no vote, and is not blamed.
resized_first()
{
	new_head fk 2 "${most[@]}" size=16
	ctl set fkb outdated=1
	ctl set fka capacity=16384
	same "changed?" 1 "$(ctl revalidate fk)"
	same "sectors" 16384 "$(cat /sys/block/fk/size)"
	ctl set fka capacity=32768
	ctl set fkb capacity=16384
	same "changed?" 1 "$(ctl revalidate fk)"
	same "sectors" 32768 "$(cat /sys/block/fk/size)"
	same "state of both" "usable usable" "$(state_of fk fka) $(state_of fk fkb)"
	ctl set fkb outdated=0
	same "changed?" 0 "$(ctl revalidate fk)"
	same "state of the smaller path" blocked "$(state_of fk fkb)"
}

read_only()
{
	new_head fk 1 "${most[@]}"
	same "read-only" 0 "$(cat /sys/block/fk/ro)"
	ctl set fka ro=1
	ctl revalidate fk
	same "read-only" 1 "$(cat /sys/block/fk/ro)"
	ctl set fka ro=0
	ctl revalidate fk
	same "read-only" 0 "$(cat /sys/block/fk/ro)"
}

# ---- what is shown -----------------------------------------------------------

listen()	# uevents to $work/uevents
{
	rm -f "$work/uevents"
	bg io uevents 60 "$work/uevents"
	# shellcheck disable=SC2064	# the process of now
	trap "kill $bg_pid" EXIT
	wait_for 10 grep -qs listening "$work/uevents"
}
heard() { wait_for 10 grep -qE "$1" "$work/uevents" || { cat "$work/uevents"; return 1; }; }

uevents()
{
	new_head fk 2 "${most[@]}"
	echo 100 >/sys/block/fk/delayed_removal_secs
	listen
	ctl set fka disabled=1
	ctl path_changed fka
	# not of the disk: that would make udev read from it
	heard 'change@.*/fk-char .*MPATH_EVENT=path_state MPATH_HEAD=fk MPATH_PATH=fka MPATH_PATH_STATE=disabled'
	echo fail >/sys/block/fk/mpath_stats/fka/state
	heard 'MPATH_EVENT=path_state MPATH_HEAD=fk MPATH_PATH=fka MPATH_PATH_STATE=admin-failed'
	echo restore >/sys/block/fk/mpath_stats/fka/state
	ctl set fkb access=1
	heard 'MPATH_PATH=fkb MPATH_PATH_STATE=usable MPATH_ACCESS_STATE=non-optimized'
	ctl set fkb disabled=1
	ctl path_changed fkb
	heard 'MPATH_EVENT=head_state MPATH_HEAD=fk MPATH_HEAD_STATE=no_path'
	ctl set fkb disabled=0
	ctl path_changed fkb
	heard 'MPATH_EVENT=head_state MPATH_HEAD=fk MPATH_HEAD_STATE=live'
	ctl del_path fka
	heard 'MPATH_PATH=fka MPATH_PATH_STATE=left'
	ctl del_path fkb
	ctl can_remove fk
	heard 'MPATH_EVENT=head_state MPATH_HEAD=fk MPATH_HEAD_STATE=lingering'
	echo 0 >/sys/block/fk/delayed_removal_secs
	heard 'MPATH_EVENT=head_state MPATH_HEAD=fk MPATH_HEAD_STATE=expired'
	heard 'remove@.*/fk '
}

tracepoints()
{
	local t=/sys/kernel/tracing e
	local -A number
	there $t/events || mount -t tracefs none $t
	new_head fk 2 "${most[@]}"
	for e in fk fka; do
		number[$e]=$(<"/sys/block/$e/dev")
	done
	ctl set fkb access=1
	echo >$t/trace
	echo 1 >$t/events/mpath/enable
	echo 1 >$t/events/block/block_bio_remap/enable
	ctl set fka error=io error_count=1
	ctl submit fk op=write
	ctl set fka error=medium error_count=6
	errno ENODATA ctl submit fk op=read
	echo fail >/sys/block/fk/mpath_stats/fka/state
	wait_for 10 grep -q 'mpath_path_state: head fk path fka admin-failed' $t/trace
	echo restore >/sys/block/fk/mpath_stats/fka/state
	ctl set fka error=ok disabled=1
	ctl set fkb disabled=1
	ctl path_changed fka
	bg ctl submit fk op=read
	wait_for 10 stat_least fk requeued 1
	ctl del_head fk
	echo 0 >$t/events/mpath/enable
	echo 0 >$t/events/block/block_bio_remap/enable
	cp $t/trace "$work/trace"
	# blktrace shows by it where a bio came from
	for e in "block_bio_remap: ${number[fka]/:/,} W[A-Z]* 0 \\+ 8 <- \(${number[fk]/:/,}\) 0" \
		'mpath_select: path fka for bio, access optimized' 'mpath_submit: path fka op 1' \
		'mpath_failover: path fka op 1 sector 0 \+ 8' 'mpath_submit: path fkb op 1' \
		'mpath_fail: path fka op 0' 'mpath_requeue: head fk op 0' \
		'mpath_path_state: head fk path fka disabled' \
		'mpath_head_state: head fk live -> dying' \
		'mpath_head_state: head fk dying -> dead'; do
		grep -E "$e" "$work/trace" || { cat "$work/trace"; fail "not there: $e"; }
	done
}

links_and_files()
{
	local f d=/sys/block/fk
	new_head fk 2 "${most[@]}"
	same "links" "fka fkb" "$(find $d/multipath/ -type l -printf '%f\n' | sort | paste -sd ' ')"
	same "where a link leads" "$(readlink -f /sys/block/fka)" "$(readlink -f $d/multipath/fka)"
	refused there $d/multipath/dummy
	for f in bios uring_cmds ioctls submit_errors failovers errors read_bytes write_bytes \
		in_flight state access_state service_time_ns; do
		grep -q . $d/mpath_stats/fka/$f
	done
	for f in bios uring_cmds ioctls errors failovers requeued failed in_flight read_bytes write_bytes; do
		grep -q . $d/mpath_stats/$f
	done
	ctl set fkb access=1
	base=$(stat_of fk fka/write_bytes)
	ctl submit fk op=write count=4
	same "bytes written" $((base + 16384)) "$(stat_of fk fka/write_bytes)"
	io ioctl /dev/fk who
	io uring /dev/fk-char 1
	same "ioctls and commands" "1 1" "$(stat_of fk fka/ioctls) $(stat_of fk fka/uring_cmds)"
	same "access state" "optimized non-optimized" \
		"$(stat_of fk fka/access_state) $(stat_of fk fkb/access_state)"
	ctl del_path fka
	gone $d/multipath/fka
	gone $d/mpath_stats/fka
	same "sum over all there were" 1 "$(stat_of fk ioctls)"
}

# Beyond its gendisk, on a guest with two CPUs: the head, what the library has
# allocated for it, and what it has in the paths' objects.
memory()
{
	local said
	new_head fk 8 "${most[@]}"
	said=$(ctl memory fk)
	echo "8 paths: $said"
	[[ $said =~ head\ ([0-9]+)\ path\ ([0-9]+) ]]
	((BASH_REMATCH[1] > 1000 && BASH_REMATCH[1] + 8 * BASH_REMATCH[2] < 16384))
}

# ---- templates that do bios themselves ---------------------------------------

driver_clones()	# OPTION...
{
	new_head fk 2 "$@"
	ctl submit fk op=write count=50
	ctl submit fk op=read count=50 verify=1 wait=1
	ctl submit fk op=read nowait=1 verify=1
	ctl submit fk op=flush
	ctl set fka error=medium
	ctl set fkb error=medium
	errno ENODATA ctl submit fk op=read
	[[ $* == *clone_bio* ]] || return 0
	ctl set fka error=ok
	ctl set fkb error=ok
	ctl set_head fk no_clone=1
	reset
	errno EIO ctl submit fk op=read
	errno EAGAIN ctl submit fk op=read nowait=1
	same "bios without a clone" 0 "$(count bios)"
	ctl set_head fk no_clone=0
	ctl submit fk op=read count=2
	same "bios" 2 "$(count bios)"
}

driver_fails_over()
{
	new_head fk 2 pins stack clone_bio_to
	ctl set fkb access=1
	ctl set fka error=io delay_us=1000
	ctl submit fk op=write count=30
	same "bios on the other path" 30 "$(count fkb.bios)"
	ctl submit fk op=read count=30 verify=1
	same "bios that waited for nothing" 0 "$(stat_of fk requeued)"
}

template_refused()
{
	dmesg -C
	errno EINVAL ctl add_head fk failover
	errno EINVAL ctl add_head fk pins failover clone_bio
	errno EINVAL ctl add_head fk lib_cdev own_cdev
	errno EINVAL ctl add_head fk clone_bio clone_bio_to
	errno EINVAL ctl add_head fk uring
	errno EINVAL ctl add_head fk lib_cdev iopoll
	errno EINVAL ctl add_head fk policies=16
	errno EINVAL ctl add_head fk path_error
	same "lines" 8 "$(dmesg | grep -c 'mpath_fake: bad template: ')"
	gone /sys/block/fk
}

fake "only the policies that the driver allows" policies_allowed
fake "a policy takes effect at once" policies_at_once
fake "access states are followed" access_states
fake "numa_nodes" numa_nodes
fake "64 paths, not one more" too_many
fake "ioctls of the block node" block_ioctls
fake "32-bit ioctls: the path's own compat_ioctl" compat_ioctls
fake "a path's driver without operations" no_ioctl_op
fake "geometry" geometry
fake "unique ids" unique_ids
fake "zone reports" zones
fake "mpath_call_for_device()" calls
fake "ioctls of the char node" char_ioctls
fake "io_uring commands" commands
fake "a driver without io_uring commands" commands_absent
fake "an io_uring command outlives the head" command_outlives_head
fake "a char node of the library's" char_node lib_cdev "0 1"
fake "a char node of the driver's" char_node own_cdev "1 0"
fake "a char node of the library's that cannot be made" char_node_fails lib_cdev
fake "a char node of the driver's that cannot be made" char_node_fails own_cdev
fake "limits are those of all paths" limits_stacked
fake "a path with another capacity or block size is refused" misfits_refused
fake "a new capacity is followed when all paths have it" resized
fake "a path that is out of date has no vote on it" resized_first
fake "read-only" read_only
fake "uevents" uevents
fake "tracepoints" tracepoints
fake "links and counters" links_and_files
fake "a head with 8 paths takes less than 16 KiB" memory
fake "a driver that sends bios as they are" driver_clones pins stack
fake "a driver without pins" driver_clones stack
fake "a driver that clones bios" driver_clones stack clone_bio
fake "a driver that clones bios for a path" driver_clones pins stack clone_bio_to
fake "a driver that fails over itself" driver_fails_over
fake "templates that break a rule are refused" template_refused
fake_end
