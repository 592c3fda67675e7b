#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Several namespaces and subsystems at once, over NVMe over TCP: what happens to one
# leaves the others alone, a namespace changes its size under load, and one that was
# made again is not taken for the old one.
#
#	MPATH_FAULTS, MPATH_FAULT_SECS	as in life.sh

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v fio >/dev/null && command -v nvme >/dev/null || skip_all "fio or nvme is not installed"
# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"
# shellcheck source-path=SCRIPTDIR source=load_lib.sh
. "$(dirname "$0")/load_lib.sh"
export DM_DISABLE_UDEV=1

other=$nqn-other
disks=3
small=$((512 * 2048))	# sectors
ns=$target/subsystems/$nqn/namespaces
big=/sys/kernel/config/nullb/big

# The first namespace is on a device that can grow; the second and the other
# subsystem's are on plain disks; another disk has blocks of 4 KiB.
targets_up()
{
	local port
	target_up 2
	modprobe dm-mod
	dmsetup create mpath_grow --table "0 $small linear /dev/nullb0 0" || return 1
	echo 0 >$ns/1/enable
	namespace_up $nqn 1 /dev/mapper/mpath_grow || return 1
	subsystem_up $other 2 1
	for port in 3 4; do
		port_up $port $other
	done
	mkdir $big || return 1
	echo 1 >$big/memory_backed
	echo 1024 >$big/size
	echo 4096 >$big/blocksize
	echo 1 >$big/power
}

uuid_of() { cat "$target/subsystems/$1/namespaces/$2/device_uuid"; }	# uuid_of NQN NSID
head_with()	# head_with UUID
{
	local h
	for h in $(heads); do
		[[ $(<"/sys/block/$h/uuid") != "$1" ]] || echo "$h"
	done
}
there_with()	# there_with UUID PATHS: the head of this namespace
{
	local h
	h=$(head_with "$1")
	[[ -n $h ]] && has_paths "$h" "$2"
}

all_join()
{
	local port
	load_modules policy=round-robin
	for port in 1 2; do
		connect $port
	done
	for port in 3 4; do
		connect $port $other
	done
	wait_for 20 there_with "$(uuid_of $nqn 1)" 2
	wait_for 20 there_with "$(uuid_of $nqn 2)" 2
	wait_for 20 there_with "$(uuid_of $other 1)" 2
	same "heads" 3 "$(heads | wc -l)"
}

all_live()
{
	local port
	for port in 1 2; do
		wait_for 30 is_live $port
		wait_for 30 state_is $port usable
	done
}

one_subsystem_fails()
{
	local port
	for port in 1 2; do
		port_down $port
		wait_for 30 state_is $port disabled
		all_go_on
		port_up $port
		wait_for 30 state_is $port usable
		echo 1 >"/sys/class/nvme/$(ctrl_of_port $port)/reset_controller"
	done
	all_live
}

neighbours()
{
	local h
	for h in $(head_with "$(uuid_of $nqn 2)") $(head_with "$(uuid_of $other 1)"); do
		once_load uring "$h"
		once_load block "$h"
	done
	with_loads one_subsystem_fails
	h=$(head_with "$(uuid_of $other 1)")
	same "failovers of the other subsystem" "0 0 0" \
		"$(sum "$h" failovers) $(<"/sys/block/$h/passthru_failovers")"
}

grow_to()	# grow_to SECTORS
{
	dmsetup reload mpath_grow --table "0 $1 linear /dev/nullb0 0"
	dmsetup suspend mpath_grow
	dmsetup resume mpath_grow
	echo 1 >$ns/1/revalidate_size
}
size_is() { line_is "/sys/block/$head/size" "$1"; }
heard() { grep -q "^change@.*/$head .*RESIZE=1" "$work/uevents"; }

resized()
{
	local listener
	rm -f "$work/uevents"
	"$programs/fakeio" uevents 120 "$work/uevents" &
	listener=$!
	wait_for 10 grep -qs listening "$work/uevents"
	grow_to $((2 * small))
	wait_for 20 size_is $((2 * small))
	wait_for 10 heard || { cat "$work/uevents"; fail "no uevent"; }
	kill $listener
	all_go_on
	head -c 4096 /dev/urandom >"$work/last"
	dd if="$work/last" of="/dev/$head" bs=4k oflag=direct seek=$((2 * small / 8 - 1)) status=none
	for _ in 1 2 3 4; do	# the paths take turns
		dd if="/dev/$head" bs=4k count=1 iflag=direct skip=$((2 * small / 8 - 1)) status=none |
			cmp - "$work/last"
	done
	grow_to $small
	wait_for 20 size_is $small
	all_go_on
	has_paths "$head" 2
	all_live
}

made_again()	# the second namespace, with another identity each time
{
	local old new load before
	old=$(head_with "$(uuid_of $nqn 2)")
	"$programs/once" --block "/dev/$old" --limit 60 --until-error >"$work/until" 2>&1 &
	load=$!
	before=$(sum "$old" bios)
	busy() { add_up "$old" bios; ((_total > before + 10)); }
	wait_for 20 busy
	echo 0 >$ns/2/enable
	wait_for 20 gone "/sys/block/$old"
	wait_for 30 finished $load || { kill -9 $load; fail "the load hangs"; }
	grep -q "bad=[1-9][0-9]* twice=0 lost=0 wrong=0" "$work/until" || fail "$(<"$work/until")"
	new=$(</proc/sys/kernel/random/uuid)
	echo "$new" >$ns/2/device_uuid
	echo 1 >$ns/2/enable
	wait_for 20 there_with "$new" 2
	same "heads" 3 "$(heads | wc -l)"
	all_go_on
}

# It comes back with blocks of 4 KiB while its head waits: that is not what users of
# the head have open, so the path gets a head of its own, when the old one has gone.
other_blocks()
{
	local uuid old head
	uuid=$(uuid_of $nqn 2)
	old=$(head_with "$uuid")
	if [[ $(<"/sys/block/$old/queue/logical_block_size") != 512 ]]; then	# once more
		echo 0 >$ns/2/enable
		wait_for 20 gone "/sys/block/$old"
		echo -n /dev/nullb1 >$ns/2/device_path
		echo 1 >$ns/2/enable
		wait_for 20 there_with "$uuid" 2
		old=$(head_with "$uuid")
	fi
	dmesg -C
	echo $((15 * slow)) >"/sys/block/$old/delayed_removal_secs"
	echo 0 >$ns/2/enable
	wait_for 20 has_paths "$old" 0
	echo -n /dev/big >$ns/2/device_path
	echo 1 >$ns/2/enable
	said() { dmesg | grep -q "refused as a path of $old: blocks of 4096 bytes, not 512"; }
	wait_for 20 said
	same "paths of the old one" '' "$(paths_of "$old")"
	echo 0 >"/sys/block/$old/delayed_removal_secs"
	wait_for 20 there_with "$uuid" 2
	same "blocks" 4096 "$(<"/sys/block/$(head_with "$uuid")/queue/logical_block_size")"
	head=$(head_with "$uuid")
	with_loads all_go_on
}

everything_goes()
{
	rmmod mpath_nvme
	rmmod libmultipath_cxx
	nvme disconnect-all
	rmmod nvme-tcp
	rmmod nvme-fabrics
}

first_head() { head=$(head_with "$(uuid_of $nqn 1)"); }

start_unloaded
targets_up >"$work/target" 2>&1 || { cat "$work/target"; skip_all "no NVMe target in this kernel"; }
read -r -a faults <<<"${MPATH_FAULTS:-neighbours resized made_again other_blocks}"
declare -A what=(
	[neighbours]="what happens to one subsystem leaves the other alone"
	[resized]="the namespace grows and shrinks"
	[made_again]="another one is made again with another identity"
	[other_blocks]="one that comes back with other blocks is refused, then has a head of its own"
)
begin $((${#faults[@]} + 2))
check "two namespaces and another subsystem: three heads" all_join
for fault in "${faults[@]}"; do
	first_head
	case $fault in
	neighbours) check "${what[$fault]}" neighbours ;;
	other_blocks) check "${what[$fault]}" over_and_over other_blocks ;;
	*) check "${what[$fault]}" with_loads "$fault" ;;
	esac
done
check "everything unloads" everything_goes
ktap_finished
