#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Asymmetric Namespace Access over NVMe over TCP: what the target says of its ports
# decides where I/O goes, and no I/O is lost when it says something else.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v fio >/dev/null && command -v nvme >/dev/null || skip_all "fio or nvme is not installed"
# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"

latency_ns=$(some 2000000 30000000)
poll=/sys/module/mpath_nvme/parameters/ana_poll_secs
trace=/sys/kernel/tracing

ana() { echo "$2" >"$target/ports/$1/ana_groups/${3:-1}/ana_state"; }	# ana PORT STATE [GROUP]
of_path() { cat "/sys/block/$head/mpath_stats/$(path_of_port "$1")/$2"; }	# of_path PORT FILE

# Only events, no polls, unless a test is about them; but a kernel whose driver has no
# tracepoints has no notices for us.
notices_or_poll() { dmesg | grep -q "no notices of ANA changes" && echo 1 || echo 0; }

joins()
{
	local port
	paths_join
	notices_or_poll >$poll
	for port in "${ports[@]}"; do
		wait_for 5 of_port_is "$port" ana_state optimized
		same "group" 1 "$(of_path "$port" ana_grpid)"
		same "access" optimized "$(of_path "$port" access_state)"
		wait_for 5 state_is "$port" usable
	done
}

only_port()	# only_port PORT COUNTER: none of the others counts
{
	local port before=() other=()
	for port in "${ports[@]}"; do
		before[port]=$(of_path "$port" "$2")
	done
	dd if="/dev/$head" of=/dev/null bs=64k count=16 iflag=direct status=none
	for port in "${ports[@]}"; do
		(($(of_path "$port" "$2") == before[port])) || other+=("$port")
	done
	same "ports with I/O" "$1" "${other[*]}"
}

# The target sends a notice; nothing else could tell us, for there is no I/O.
notices_are_heard()
{
	(($(<$poll) == 0)) || skip "the driver has no tracepoints"
	ana 1 non-optimized
	wait_for 3 of_port_is 1 ana_state non-optimized
	same "access" non-optimized "$(of_path 1 access_state)"
	only_port 2 bios
	ana 1 inaccessible
	wait_for 3 of_port_is 1 ana_state inaccessible
	same "state" inaccessible "$(of_path 1 state)"
	ana 2 non-optimized
	wait_for 3 of_port_is 2 ana_state non-optimized
	only_port 2 bios
	ana 1 optimized
	wait_for 3 of_port_is 1 ana_state optimized
	only_port 1 bios
	ana 2 optimized
	wait_for 3 of_port_is 2 ana_state optimized
}

polls_do_without_notices()
{
	local ctrl before
	before=$(<$poll)
	ctrl=$(ctrl_of_port 1)
	nvme set-feature "/dev/$ctrl" -f 0x0b -v 0 >/dev/null
	ana 1 non-optimized
	echo 1 >$poll
	wait_for 5 of_port_is 1 ana_state non-optimized
	ana 1 optimized
	wait_for 5 of_port_is 1 ana_state optimized
	echo "$before" >$poll
	# a new connection asks for them again
	echo 1 >"/sys/class/nvme/$ctrl/reset_controller"
	wait_for 20 is_live 1
	wait_for 5 state_is 1 usable
}

another_group()
{
	local port
	for port in "${ports[@]}"; do
		mkdir "$target/ports/$port/ana_groups/2"
	done
	ana 1 non-optimized 2
	echo 2 >$target/subsystems/$nqn/namespaces/1/ana_grpid
	wait_for 5 of_port_is 1 ana_grpid 2
	wait_for 5 of_port_is 1 ana_state non-optimized
	echo 1 >$target/subsystems/$nqn/namespaces/1/ana_grpid
	wait_for 5 of_port_is 1 ana_grpid 1
	wait_for 5 of_port_is 1 ana_state optimized
	wait_for 5 of_port_is 2 ana_grpid 1
	for port in "${ports[@]}"; do
		rmdir "$target/ports/$port/ana_groups/2"
	done
}

load()	# load block|char -- COMMAND...
{
	local engine=(--ioengine=io_uring --filename="/dev/$head" --direct=1)
	[[ $1 == block ]] ||
		engine=(--ioengine=io_uring_cmd --cmd_type=nvme --filename="/dev/${head/nvme/ng}")
	shift
	with_fio --rw=randwrite --size=4m --iodepth=16 --verify=crc32c --verify_backlog=64 \
		--verify_fatal=1 "${engine[@]}" "$@"
}

kind=bios	# the counter that the load moves
states_change()
{
	local round port state other=([1]=2 [2]=1)
	for ((round = 0; round < $(some 2 1); round++)); do
		for state in inaccessible change persistent-loss; do
			for port in "${ports[@]}"; do
				goes_on $kind
				ana "$port" $state
				goes_on $kind
				wait_for 5 of_port_is "$port" ana_state $state
				goes_on $kind
				ana "$port" optimized
				wait_for 5 of_port_is "$port" ana_state optimized
			done
		done
	done
	same "given up" 0 "$(given_up)"
}

# In the order in which it hurts: the notices come one after another.
ports_swap()
{
	local round from to
	ana 2 inaccessible
	for ((round = 0; round < $(some 6 4); round++)); do
		from=$((round % 2 + 1)) to=$((2 - round % 2))
		goes_on $kind
		ana $from inaccessible
		ana $to optimized
		goes_on $kind
	done
	ana 1 optimized
	ana 2 optimized
	wait_for 5 of_port_is 1 ana_state optimized
	wait_for 5 of_port_is 2 ana_state optimized
}

all_inaccessible()
{
	local before
	goes_on $kind
	ana 1 inaccessible
	ana 2 inaccessible
	wait_for 5 of_port_is 1 ana_state inaccessible
	wait_for 5 of_port_is 2 ana_state inaccessible
	before=$(sum "$head" $kind)
	sleep 2
	(($(sum "$head" $kind) <= before + 32)) || fail "I/O went on"
	ana 2 optimized
	goes_on $kind
	ana 1 optimized
	wait_for 5 of_port_is 1 ana_state optimized
}

under_load() { kind=$2; load "$1" -- "$3"; }

# no_notices: until the controllers connect again
no_notices()
{
	local port
	for port in "${ports[@]}"; do
		nvme set-feature "/dev/$(ctrl_of_port "$port")" -f 0x0b -v 0 >/dev/null
	done
}
reconnect_all()	# one after the other; everything is optimized then
{
	local port
	for port in "${ports[@]}"; do
		echo 1 >"/sys/class/nvme/$(ctrl_of_port "$port")/reset_controller"
		wait_for 20 is_live "$port"
		wait_for 5 of_port_is "$port" ana_state optimized
		wait_for 5 state_is "$port" usable
	done
}
# A command's status tells when nothing else does: no notice, no poll. And a controller that
# connects again is asked.
status_is_heard()
{
	(($(<$poll) == 0)) || skip "the driver has no tracepoints, so there are polls"
	no_notices
	goes_on $kind
	ana 1 inaccessible
	wait_for 5 of_port_is 1 ana_state inaccessible
	goes_on $kind
	ana 1 optimized
	reconnect_all
	goes_on $kind
	same "given up" 0 "$(given_up)"
}

# With failover off a command's status is the submitter's alone, as natively: the path goes
# on being chosen.
off_hears_nothing()
{
	local i status inaccessible=0
	(($(<$poll) == 0)) || skip "the driver has no tracepoints, so there are polls"
	no_notices
	trap 'echo idempotent >"/sys/block/$head/passthru_failover"; ana 1 optimized; reconnect_all' EXIT
	echo off >"/sys/block/$head/passthru_failover"
	ana 1 inaccessible
	for ((i = 0; i < 12; i++)); do
		"$programs/send" --uring "/dev/${head/nvme/ng}" | tee "$work/send"
		status=$(sed 's/result=\(-*[0-9]*\) .*/\1/' "$work/send")
		(((status & 0x7ff) != 0x302)) || inaccessible=$((inaccessible + 1))
	done
	# in turn, but for one that io_uring has to try twice
	((inaccessible > 2)) || fail "the path was left after a status"
	same "state" optimized "$(of_path 1 ana_state)"
	echo idempotent >"/sys/block/$head/passthru_failover"
	"$programs/send" --uring "/dev/${head/nvme/ng}"
	"$programs/send" --uring "/dev/${head/nvme/ng}"
	wait_for 5 of_port_is 1 ana_state inaccessible
	trap - EXIT
	ana 1 optimized
	reconnect_all
}

# count_pages COMMAND...: in $pages how often the ANA log page is read while it runs
count_pages()
{
	[[ -d $trace/events/nvme/nvme_setup_cmd ]] || mount -t tracefs none $trace 2>/dev/null
	[[ -d $trace/events/nvme/nvme_setup_cmd ]] || skip "no tracepoints of the driver"
	: >$trace/trace
	# Get Log Page on an admin queue; the driver reads others
	echo 'qid == 0 && opcode == 2' >$trace/events/nvme/nvme_setup_cmd/filter
	echo 1 >$trace/events/nvme/nvme_setup_cmd/enable
	"$@"
	echo 0 >$trace/events/nvme/nvme_setup_cmd/enable
	pages=$(grep -c 'nvme_setup_cmd:.*cdw10=0c' $trace/trace || true)
	echo "$pages reads of the page"
	((pages > 0)) || fail "none was seen"
}

# A page is read when a command says that it has changed: not once for each.
no_storm()
{
	count_pages under_load char uring_cmds ports_swap
	# two controllers; a change of each needs one, one more may be wanted meanwhile
	((pages <= $(some 6 4) * 2 * 4 + 40)) || fail "too many"
}

# A controller's page is one for all its namespaces.
there_are() { (($(heads | wc -l) == $1)); }
all_heads()	# all_heads COMMAND...: for each $head
{
	local head
	for head in $(heads); do
		"$@"
	done
}
ready()
{
	local port
	wait_for 10 has_paths "$head" 2
	for port in "${ports[@]}"; do
		wait_for 5 state_is "$port" usable
	done
}
one_page_for_all()
{
	local nsid before
	(($(<$poll) == 0)) || skip "the driver has no tracepoints, so there are polls"
	before=$(heads)
	for nsid in 2 3 4; do
		namespace_up $nqn $nsid "/dev/nullb$((nsid - 1))"
	done
	wait_for 30 there_are 4
	all_heads ready
	not_optimized() { ana 1 non-optimized; all_heads wait_for 5 of_port_is 1 ana_state non-optimized; }
	count_pages not_optimized
	((pages < 3)) || fail "that is not one for all"
	ana 1 optimized
	all_heads wait_for 5 of_port_is 1 ana_state optimized
	for nsid in 2 3 4; do
		echo 0 >"$target/subsystems/$nqn/namespaces/$nsid/enable"
	done
	wait_for 30 there_are 1
	same "head" "$before" "$(heads)"
	for nsid in 2 3 4; do
		rmdir "$target/subsystems/$nqn/namespaces/$nsid"
	done
}

lost_for_good()
{
	local begin
	ana 1 persistent-loss
	ana 2 persistent-loss
	wait_for 5 of_port_is 1 ana_state persistent-loss
	wait_for 5 of_port_is 2 ana_state persistent-loss
	begin=$(now_ms)
	! dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct status=none 2>"$work/dd" ||
		fail "read from lost storage"
	grep -q "Input/output error" "$work/dd" || fail "$(<"$work/dd")"
	(($(now_ms) - begin < 5000 * slow)) || fail "that took $(($(now_ms) - begin)) ms"
	! nvme read "/dev/${head/nvme/ng}" -c 0 -z 4096 -d /dev/null 2>"$work/read" || fail "read by ioctl"
	ana 1 optimized
	ana 2 optimized
	wait_for 5 of_port_is 1 ana_state optimized
	wait_for 5 of_port_is 2 ana_state optimized
	dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct status=none
}

# The target's ANA Transition Time is 10 s.
changes_too_long()
{
	local mark ctrl
	ctrl=$(ctrl_of_port 1)
	mark=$(dmesg | wc -l)
	ana 1 change
	wait_for 5 of_port_is 1 ana_state change
	only_port 2 bios
	said() { dmesg | tail -n +"$mark" | grep -q "$ctrl: an ANA group has been changing"; }
	wait_for 25 said
	ana 1 optimized
	wait_for 20 is_live 1
	wait_for 10 of_port_is 1 ana_state optimized
}

start_unloaded
disks=4 target_up >"$work/target" 2>&1 || { cat "$work/target"; skip_all "no NVMe target in this kernel"; }
begin 18
check "two ports: state and group are known" joins
the_head
check "a notice of the target is heard at once" notices_are_heard
check "without notices the poll finds it" polls_do_without_notices
check "the namespace moves to another group and back" another_group
check "block: states change under load" under_load block bios states_change
check "passthrough: states change under load" under_load char uring_cmds states_change
check "block: a status tells what no notice and no poll does" under_load block bios status_is_heard
check "passthrough: the same" under_load char uring_cmds status_is_heard
check "failover off: a status says nothing of the path" off_hears_nothing
check "block: the ports swap roles" under_load block bios ports_swap
check "passthrough: the ports swap roles" under_load char uring_cmds ports_swap
check "block: all ports inaccessible, I/O waits" under_load block bios all_inaccessible
check "passthrough: all ports inaccessible, commands wait" under_load char uring_cmds all_inaccessible
check "the log page is not read more often than needed" no_storm
check "one page for all namespaces of a controller" one_page_for_all
check "persistent loss of all ports: errors at once" lost_for_good
check "a change that lasts resets the controller" changes_too_long
check "nothing is held: our modules and the transport unload" everything_unloads
ktap_finished
