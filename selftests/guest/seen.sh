#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Head and paths as they are seen from tools that know nothing of them. What is the
# same on a path is compared with it; what cannot work is in README.md's limits.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
pgrep -x systemd-udevd >/dev/null || skip_all "udev does not run here (scripts/guest --udev)"

need()	# need TOOL PACKAGE
{
	command -v "$1" >/dev/null || skip "$1 is not installed (package $2)"
}

start_unloaded
cp "$root"/scripts/udev/*.rules /usr/lib/udev/rules.d/
udevadm control --reload
start_loaded
head=${MPATH_BLOCK##*/}
char=${MPATH_CHAR##*/}
mapfile -t paths < <(paths_of "$head")
udevadm settle

# cut the names of nodes out of FILE
nameless() { sed -E 's/(nvme|ng)[0-9]+n[0-9]+/NODE/g' "$1"; }

nvme_list()
{
	local p
	need nvme nvme-cli
	nvme list >"$work/list"
	grep -Eq "^/dev/$head +/dev/$char +A +QEMU NVMe Ctrl +1 " "$work/list" || fail "$(cat "$work/list")"
	nvme list -o json >"$work/json"
	same "devices" "$(printf '/dev/%s\n' "$head" "${paths[@]}" | sort)" \
		"$(sed -n 's/.*"DevicePath":"\([^"]*\)".*/\1/p' "$work/json" | sort)"
	# the same in all columns but the names
	for p in "${paths[@]}"; do
		same "line of $p" "$(grep "^/dev/$p " "$work/list" | nameless - | tr -s ' ')" \
			"$(grep "^/dev/$head " "$work/list" | nameless - | tr -s ' ')"
	done
}

# The head belongs to all controllers, a path to one; controllers have their paths only.
nvme_list_verbose()
{
	local p
	need nvme nvme-cli
	nvme list -v >"$work/list"
	grep -Eq "^/dev/$head +/dev/$char .*(nvme0, nvme1|nvme1, nvme0) *\$" "$work/list" || fail "$(cat "$work/list")"
	for p in "${paths[@]}"; do
		grep -Eq "^/dev/$p .* $(ctrl_of "$p") *\$" "$work/list" || fail "$(cat "$work/list")"
		grep -Eq "^$(ctrl_of "$p") .* $p *\$" "$work/list" || fail "$(cat "$work/list")"
	done
}

# As of any disk that holds others: below each of its paths.
lsblk_tree()
{
	local p
	lsblk -n -r -o NAME,TYPE,PKNAME,FSTYPE,SIZE >"$work/tree"
	for p in "${paths[@]}"; do
		grep -Eq "^$p disk  mpath_member 64M\$" "$work/tree" || fail "$(cat "$work/tree")"
		grep -Eq "^$head disk $p  64M\$" "$work/tree" || fail "$(cat "$work/tree")"
	done
	same "disks that are the top" "" "$(lsblk -n -r -d -o NAME,PKNAME "/dev/$head" | sed -n "s/^$head \(.*\)/\1/p")"
	# Serial and model it prints only of disks that are not made of others.
	same "identifier" "$(<"/sys/block/$head/wwid")" "$(lsblk -n -r -d -o WWN "/dev/$head")"
	same "alignment and blocks" "$(lsblk -n -r -d -o ALIGNMENT,MIN-IO,PHY-SEC,LOG-SEC,ROTA "/dev/${paths[0]}")" \
		"$(lsblk -n -r -d -o ALIGNMENT,MIN-IO,PHY-SEC,LOG-SEC,ROTA "/dev/$head")"
}

udev_info()
{
	local wwid link
	wwid=$(<"/sys/block/$head/wwid")
	udevadm info --query=property "/dev/$head" >"$work/properties"
	for link in "ID_SERIAL=QEMU_NVMe_Ctrl_A_1" "ID_SERIAL_SHORT=A" "ID_MODEL=QEMU NVMe Ctrl" "ID_NSID=1" \
		"ID_WWN=$wwid" "DEVTYPE=disk" "DEVNAME=/dev/$head"; do
		grep -Fxq "$link" "$work/properties" || fail "no $link: $(cat "$work/properties")"
	done
	grep -q "^DEVLINKS=.*/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_A_1" "$work/properties"
	grep -q "^DEVLINKS=.*/dev/disk/by-id/nvme-$wwid" "$work/properties"
	if grep -E 'SYSTEMD_READY=0|mpath_member|DM_MULTIPATH_DEVICE_PATH=1' "$work/properties"; then
		fail "the head is marked as a path"
	fi
	udevadm info --attribute-walk "/dev/$head" >"$work/walk"
	grep -q 'SUBSYSTEMS=="nvme-subsystem"' "$work/walk" || fail "the head is not below its subsystem"
	udevadm info --query=property "/dev/$char" >"$work/properties"
	grep -Fxq "SUBSYSTEM=mpath-generic" "$work/properties"
	grep -Fxq "DEVNAME=/dev/$char" "$work/properties"
}

# column FILE DEVICE NAME: of iostat -x
column()
{
	awk -v dev="$2" -v name="$3" '
	$1 == "Device" { for (i = 1; i <= NF; i++) if ($i == name) at = i }
	$1 == dev { value = $at }
	END { print value }' "$1"
}

# The head and its paths count each for itself: what went through the head went over a path.
io_stat()
{
	local before after
	need iostat sysstat
	before=$(awk '{ print $1 }' "/sys/block/$head/stat")
	dd if="/dev/$head" of=/dev/null bs=4k count=500 iflag=direct status=none
	after=$(awk '{ print $1 }' "/sys/block/$head/stat")
	same "reads" 500 $((after - before))
	LC_ALL=C iostat -x "$head" "${paths[@]}" >"$work/iostat"
	awk -v r="$(column "$work/iostat" "$head" r/s)" -v kb="$(column "$work/iostat" "$head" rkB/s)" \
		'BEGIN { exit !(r > 0 && kb > r) }' || fail "$(cat "$work/iostat")"
	awk -v a="$(column "$work/iostat" "${paths[0]}" r/s)" -v b="$(column "$work/iostat" "${paths[1]}" r/s)" \
		-v h="$(column "$work/iostat" "$head" r/s)" 'BEGIN { exit !(a + b >= h) }' || fail "$(cat "$work/iostat")"
}

fio_block()
{
	local engine
	need fio fio
	for engine in psync libaio io_uring; do
		run_fio 256 --ioengine="$engine" --direct=1 --rw=write --size=1m --iodepth=8 --filename="/dev/$head"
	done
}
fio_char()
{
	need fio fio
	run_fio 256 --ioengine=io_uring_cmd --cmd_type=nvme --rw=write --size=1m --iodepth=8 --filename="/dev/$char"
}

# alike COMMAND...: @ is a node. The same output and status on the head and on a path, with
# names and what FILTER removes cut.
alike()
{
	local filter=$1 kind node status words
	shift
	for kind in "$head ${paths[0]}" "$char ${paths[0]/nvme/ng}"; do
		for node in $kind; do
			words=("${@//@//dev/$node}")
			status=0
			"${words[@]}" >"$work/$node.raw" 2>&1 || status=$?
			echo "status $status" >>"$work/$node.raw"
			nameless "$work/$node.raw" | sed -E "$filter" >"$work/$node.out"
		done
		diff -u "$work/${kind#* }.out" "$work/${kind% *}.out" || fail "${kind% *} is not like ${kind#* }"
	done
}

# On the block node it answers by NVMe commands; a char node is no SCSI device, native or not.
sg_inquiry()
{
	need sg_inq sg3-utils
	alike '/Controller ID/d' sg_inq @
	grep -q 'Serial number: A' "$work/$head.out"
	grep -q 'status 0' "$work/$head.out"
	grep -q 'Inappropriate ioctl' "$work/$char.out"
}

smart_ctl()
{
	local node
	need smartctl smartmontools
	alike '/Controller ID|Local Time|Host Read|Host Write|Data Units|Busy Time|Error Information Log Entries/d' \
		smartctl -a -d nvme @
	for node in $head $char; do
		grep -q 'SMART overall-health self-assessment test result: PASSED' "$work/$node.out"
		grep -q 'Namespace 1 Size/Capacity: *67,108,864' "$work/$node.out"
	done
	# without -d it is known by its name
	smartctl -i "/dev/$head" | grep -q 'Serial Number: *A$'
	# which looks for controllers: neither heads nor paths are any
	smartctl --scan >"$work/scan"
	if grep -E "$head|$char" "$work/scan"; then
		fail "smartctl --scan has the head"
	fi
}

begin 9
check "nvme list: the head with its char node, like its paths" nvme_list
check "nvme list -v: the head is of all controllers" nvme_list_verbose
check "lsblk: the head is below each path" lsblk_tree
check "udevadm info: serial, links, subsystem" udev_info
check "iostat -x: the head's reads, and the paths'" io_stat
check "fio: psync, libaio and io_uring on the block node" fio_block
check "fio: io_uring_cmd on the char node" fio_char
check "sg_inq: the block node answers, the char node as a native one" sg_inquiry
check "smartctl: both nodes, as a path" smart_ctl
ktap_finished
