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
# shellcheck source-path=SCRIPTDIR source=faults_lib.sh
. "$(dirname "$0")/faults_lib.sh"

mapfile -t ports < <(seq 1 "${MPATH_PORTS:-2}")
join_secs=20

port_is_down() { wait_for 30 state_is "$1" disabled; }
port_is_up() { wait_for 30 is_live "$1"; wait_for 30 state_is "$1" usable; }
path_has_left() { wait_for 30 gone "/sys/block/$head/multipath/$1"; }
paths_are_back() { wait_for 20 has_paths "$head" ${#ports[@]}; }

refuses_to_unload()
{
	refused rmmod mpath_nvme
	grep -q "in use" "$work/refused" || fail "$(<"$work/refused")"
}

# hit FAULT: what breaks connections has to meet passthrough commands in flight
hit()
{
	local before
	before=$(kept)
	"$1"
	case $1 in
	# the driver ends in order what is out, or nothing breaks
	disconnected | ana_changes | refuses_to_unload) ;;
	*) kept_more_than "$before" || fail "no command was in flight on a path that failed" ;;
	esac
	same "given up" 0 "$(given_up)"
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
		# for itself, as a mount would
		"$programs/opens" rwx "/dev/$path"
		nvme id-ns "/dev/${path/nvme/ng}" -n 1 >/dev/null
	done
	(($(awk '$1 == "nvme_core" { print $3 }' /proc/modules) < users)) || fail "nvme_core is still held"
	rmmod libmultipath_cxx
	nvme disconnect-all
	rmmod nvme-tcp
	rmmod nvme-fabrics
}

what[refuses_to_unload]="the module refuses to unload"
read -r -a faults <<<"${MPATH_FAULTS:-${all_faults[*]} refuses_to_unload}"

start_unloaded
target_up >"$work/target" 2>&1 || { cat "$work/target"; skip_all "no NVMe target in this kernel"; }
begin $((${#faults[@]} + 2))
check "${#ports[@]} ports, as many paths, one head" paths_join
the_head
for fault in "${faults[@]}"; do
	check "${#ports[@]} ports: ${what[$fault]}" with_loads hit "$fault"
done
check "the module unloads and leaves the paths as they were" raw_afterwards
ktap_finished
