# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What happens to the paths of a target of nvmet_lib.sh. Who uses this says how to see that
# something has happened:
#
#	port_is_down PORT, port_is_up PORT	wait until the path through it is (not) used
#	path_has_left PATH	wait until the path is gone
#	paths_are_back		wait until there is a path through every port
#	all_go_on		wait until I/O has made progress

controller() { echo "/sys/class/nvme/$(ctrl_of_port "$1")"; }
ana() { echo "$2" >"$target/ports/$1/ana_groups/1/ana_state"; }

recovered()
{
	local port
	for port in "${ports[@]}"; do
		port_is_up "$port"
	done
	paths_are_back
}

# All at once, again and again: a write ends with its reset.
storm()
{
	local round port pids
	for ((round = 0; round < 4; round++)); do
		pids=()
		for port in "${ports[@]}"; do
			echo 1 >"$(controller "$port")/reset_controller" &
			pids+=($!)
		done
		wait "${pids[@]}" || true
	done
	recovered
}

connection_dropped()
{
	local port
	for port in "${ports[@]}"; do
		ss -Ktn state established "( dport = :442$port )" | tee "$work/ss"
		grep -q "127.0.0.1:442$port" "$work/ss" || skip "ss cannot close connections"
		port_is_up "$port"
		all_go_on
	done
	recovered
}

port_removed()
{
	local port
	for port in "${ports[@]}"; do
		port_down "$port"
		port_is_down "$port"
		all_go_on
		port_up "$port"
		port_is_up "$port"
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
		port_is_down "$port"
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
		path_has_left "$path"
		all_go_on
		connect "$port"
		paths_are_back
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
		path_has_left "$path"
		all_go_on
		port_up "$port"
		connect "$port"
		paths_are_back
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
		port_is_down "$port"
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

declare -A what=(
	[storm]="a storm of controller resets"
	[connection_dropped]="connections are dropped"
	[port_removed]="a port is removed and comes back"
	[all_but_one_removed]="all ports but one are removed and come back"
	[disconnected]="the host disconnects and connects"
	[given_up_by_driver]="ctrl_loss_tmo is over, then the port comes back"
	[all_removed]="no path for five seconds"
	[ana_changes]="ANA states change"
)
all_faults=(storm connection_dropped port_removed all_but_one_removed disconnected
	given_up_by_driver all_removed ana_changes)
