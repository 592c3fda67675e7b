# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The kernel's own NVMe target on 127.0.0.1 over TCP, a port a path.

target=/sys/kernel/config/nvmet
nqn=mpath-selftest
ports=(1 2)
connect_options=()

# target_up [NAMESPACES]: subsystem $nqn, reachable by all $ports. Each namespace has a disk
# of its own, nullb0 and so on; disks=N makes more of them.
target_up()
{
	local port
	# the backing device is slow, so that commands are in flight at any time
	modprobe null_blk nr_devices="${disks:-${1:-1}}" gb=1 memory_backed=1 irqmode=2 \
		completion_nsec=${latency_ns:-2000000}
	modprobe -a nvmet-tcp nvme-tcp
	ip link set lo up
	mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
	subsystem_up $nqn 0 "${1:-1}"
	for port in "${ports[@]}"; do
		port_up "$port"
	done
}

subsystem_up()	# subsystem_up NQN FIRST-DISK NAMESPACES
{
	local i
	mkdir -p "$target/subsystems/$1"
	echo 1 >"$target/subsystems/$1/attr_allow_any_host"
	for ((i = 0; i < $3; i++)); do
		namespace_up "$1" $((i + 1)) "/dev/nullb$(($2 + i))"
	done
}

namespace_up()	# namespace_up NQN NSID DEVICE
{
	mkdir -p "$target/subsystems/$1/namespaces/$2"
	echo -n "$3" >"$target/subsystems/$1/namespaces/$2/device_path"
	echo 1 >"$target/subsystems/$1/namespaces/$2/enable"
}

port_up()	# port_up PORT [NQN]
{
	if [[ ! -e $target/ports/$1 ]]; then
		mkdir "$target/ports/$1"
		echo tcp >"$target/ports/$1/addr_trtype"
		echo ipv4 >"$target/ports/$1/addr_adrfam"
		echo 127.0.0.1 >"$target/ports/$1/addr_traddr"
		echo "442$1" >"$target/ports/$1/addr_trsvcid"
	fi
	ln -s "$target/subsystems/${2:-$nqn}" "$target/ports/$1/subsystems/${2:-$nqn}"
}
port_down() { rm "$target/ports/$1/subsystems/${2:-$nqn}"; }	# port_down PORT [NQN]
connect()	# connect PORT [NQN]: so that only a test that wants it loses the controller
{
	nvme connect -t tcp -a 127.0.0.1 -s "442$1" -n "${2:-$nqn}" --reconnect-delay=1 \
		--ctrl-loss-tmo=$((60 * slow)) "${connect_options[@]}"
}

the_head() { head=$(heads); [[ -n $head && $head != *$'\n'* ]]; }
# find_port PORT: the controller connected to it is left in $_ctrl; its namespace in
# $_path, of several that one which is a path of $head
find_port()
{
	local file path
	_ctrl='' _path=''
	for file in /sys/class/nvme/nvme*/address; do
		look "$file" && [[ $_seen =~ trsvcid=442$1(,|$) ]] || continue
		_ctrl=${file%/address} _ctrl=${_ctrl##*/}
		# the last is what the driver's own multipath calls it
		for path in "/sys/block/$head/multipath/${_ctrl}n"* "/sys/class/nvme/$_ctrl/$_ctrl"n* \
			"/sys/class/nvme/$_ctrl/"nvme*c*n*; do
			[[ ! -e $path ]] || { _path=${path##*/}; break; }
		done
		return 0	# not as it is: in a trap that is what was before
	done
	return 1
}
ctrl_of_port() { find_port "$1" && echo "$_ctrl"; }	# ctrl_of_port PORT
path_of_port() { find_port "$1" && [[ -n $_path ]] && echo "$_path"; }	# path_of_port PORT
# of_port_is PORT FILE VALUE: of the counters and states of a path
of_port_is() { find_port "$1" && line_is "/sys/block/$head/mpath_stats/$_path/$2" "$3"; }
state_is() { of_port_is "$1" state "$2"; }	# state_is PORT usable|disabled
is_live() { find_port "$1" && line_is "/sys/class/nvme/$_ctrl/state" live; }

paths_join()
{
	local port
	load_modules policy=round-robin
	for port in "${ports[@]}"; do
		connect "$port"
	done
	wait_for "${join_secs:-10}" the_head
	wait_for "${join_secs:-2}" has_paths "$head" ${#ports[@]}
	same "uuid" "$(<"/sys/block/$(path_of_port 1)/uuid")" "$(<"/sys/block/$head/uuid")"
}

everything_unloads()
{
	rmmod mpath_nvme
	rmmod libmultipath_cxx
	nvme disconnect-all
	rmmod nvme-tcp
	rmmod nvme-fabrics
	gone /sys/module/nvme_tcp
}
