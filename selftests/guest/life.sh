#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What happens to paths in their life, NVMe over TCP: under load on both nodes no
# command fails, none is lost or completes twice, and what was written is read.
#
#	MPATH_PORTS=N		ports of the target, 2 unless said otherwise
#	MPATH_FAULTS="..."	which of the faults below, all unless said otherwise
#	MPATH_FAULT_SECS=N	each goes on for so long, not once

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
command -v fio >/dev/null && command -v nvme >/dev/null || skip_all "fio or nvme is not installed"
# shellcheck source-path=SCRIPTDIR source=nvmet_lib.sh
. "$(dirname "$0")/nvmet_lib.sh"
# shellcheck source-path=SCRIPTDIR source=load_lib.sh
. "$(dirname "$0")/load_lib.sh"

# so long that the machine is idle half the time, so that faults are dealt with at once
latency_ns=$(some 60000000 200000000)
mapfile -t ports < <(seq 1 "${MPATH_PORTS:-2}")
join_secs=20

controller() { echo "/sys/class/nvme/$(ctrl_of_port "$1")"; }
ana() { echo "$2" >"$target/ports/$1/ana_groups/1/ana_state"; }

recovered()	# all paths are usable
{
	local port
	for port in "${ports[@]}"; do
		wait_for 30 is_live "$port"
		wait_for 30 state_is "$port" usable
	done
	has_paths "$head" ${#ports[@]}
}

storm()
{
	local round port
	for ((round = 0; round < 6; round++)); do
		for port in "${ports[@]}"; do
			# one that is not back yet refuses
			echo 1 >"$(controller "$port")/reset_controller" 2>/dev/null || true
		done
		usleep 300000
	done
	recovered
}

connection_dropped()
{
	local port
	for port in "${ports[@]}"; do
		ss -Ktn state established "( dport = :442$port )" | tee "$work/ss"
		grep -q "127.0.0.1:442$port" "$work/ss" || skip "ss cannot close connections"
		wait_for 30 is_live "$port"
		goes_on bios
	done
	recovered
}

port_removed()
{
	local port
	for port in "${ports[@]}"; do
		port_down "$port"
		wait_for 30 state_is "$port" disabled
		all_go_on
		port_up "$port"
		wait_for 30 state_is "$port" usable
	done
	recovered
}

all_but_one_removed()
{
	local port
	for port in "${ports[@]:1}"; do
		port_down "$port"
	done
	for port in "${ports[@]:1}"; do
		wait_for 30 state_is "$port" disabled
	done
	all_go_on
	for port in "${ports[@]:1}"; do
		port_up "$port"
	done
	recovered
}

disconnected()
{
	local port path
	for port in "${ports[@]}"; do
		path=$(path_of_port "$port")
		nvme disconnect -d "$(ctrl_of_port "$port")"
		gone "/sys/block/$head/multipath/$path"
		all_go_on
		connect "$port"
		wait_for 20 has_paths "$head" ${#ports[@]}
	done
	recovered
}

given_up_by_driver()	# ctrl_loss_tmo is over
{
	local port path
	for port in "${ports[@]}"; do
		path=$(path_of_port "$port")
		echo 2 >"$(controller "$port")/ctrl_loss_tmo"
		port_down "$port"
		wait_for 30 gone "/sys/block/$head/multipath/$path"
		all_go_on
		port_up "$port"
		connect "$port"
		wait_for 20 has_paths "$head" ${#ports[@]}
	done
	recovered
}

all_removed()
{
	local port
	for port in "${ports[@]}"; do
		port_down "$port"
	done
	for port in "${ports[@]}"; do
		wait_for 30 state_is "$port" disabled
	done
	sleep 5
	for port in "${ports[@]}"; do
		port_up "$port"
	done
	recovered
}

ana_changes()
{
	local port last=${ports[-1]}
	for port in "${ports[@]}"; do
		ana "$last" inaccessible
		ana "$port" optimized
		all_go_on
		last=$port
	done
	for port in "${ports[@]}"; do
		ana "$port" non-optimized
		ana "$port" optimized
	done
	recovered
}

refuses_to_unload()
{
	refused rmmod mpath_nvme
	grep -q "in use" "$work/refused" || fail "$(<"$work/refused")"
}

# After the load: the module goes, and the paths are disks like any other.
raw_afterwards()
{
	local paths path users
	mapfile -t paths < <(paths_of "$head")
	users=$(awk '$1 == "nvme_core" { print $3 }' /proc/modules)
	rmmod mpath_nvme
	gone "/dev/$head"
	gone "/dev/${head/nvme/ng}"
	for path in "${paths[@]}"; do
		same "holders of $path" '' "$(ls "/sys/block/$path/holders")"
		dd if="/dev/$path" of=/dev/null bs=4k count=1 iflag=direct status=none
		# nobody has it: mounts and the like could
		python3 -c "import os; os.open('/dev/$path', os.O_RDWR | os.O_EXCL)"
		nvme id-ns "/dev/${path/nvme/ng}" -n 1 >/dev/null
	done
	(($(awk '$1 == "nvme_core" { print $3 }' /proc/modules) < users)) || fail "nvme_core is still held"
	rmmod libmultipath_cxx
	nvme disconnect-all
	rmmod nvme-tcp
	rmmod nvme-fabrics
}

declare -A what=(
	[storm]="a storm of controller resets"
	[connection_dropped]="connections are dropped"
	[port_removed]="a port is removed and comes back"
	[all_but_one_removed]="all ports but one are removed and come back"
	[disconnected]="the host disconnects and connects"
	[given_up_by_driver]="ctrl_loss_tmo is over, then the port comes back"
	[all_removed]="no path for five seconds"
	[ana_changes]="ANA states change"
	[refuses_to_unload]="the module refuses to unload"
)
read -r -a faults <<<"${MPATH_FAULTS:-${!what[*]}}"

start_unloaded
target_up >"$work/target" 2>&1 || { cat "$work/target"; skip_all "no NVMe target in this kernel"; }
begin $((${#faults[@]} + 2))
check "${#ports[@]} ports, as many paths, one head" paths_join
the_head
for fault in "${faults[@]}"; do
	check "${#ports[@]} ports: ${what[$fault]}" with_loads "$fault"
done
check "the module unloads and leaves the paths as they were" raw_afterwards
ktap_finished
