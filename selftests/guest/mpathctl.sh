#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mpathctl on a live system, two controllers: what it shows is what sysfs says, what it
# sets takes effect, what it refuses changes nothing; paths go out of use and come back
# under load; events are told as they happen; each finding of the doctor is mended by
# the command that the doctor gives.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
tool=$root/build/tools/mpathctl
[[ -x $tool ]] || skip_all "$tool is missing: make -C tools"
command -v fio >/dev/null || skip_all "fio is not installed"
# As the doctor's commands have it.
PATH=${tool%/*}:$PATH
export LC_ALL=C.UTF-8

theirs=/lib/udev/rules.d/60-multipath.rules
[[ ! -e $theirs ]] || mv "$theirs" "$theirs.off"
start_unloaded
cp "$root"/scripts/udev/*.rules /usr/lib/udev/rules.d/
udevadm control --reload
start_loaded
named_devices scratch
name_paths() { find_paths "$head"; a=${_paths[0]} b=${_paths[1]}; }
name_paths
((${#_paths[@]} == 2)) || skip_all "$head has not two paths"
stats=/sys/block/$head/mpath_stats

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
state_is() { line_is "$stats/$1/state" "$2"; }
is_live() { line_is "/sys/class/nvme/$(ctrl_of "$1")/state" live; }
both_usable() { state_is "$a" usable && state_is "$b" usable; }

# says STATUS TEXT COMMAND...: it ends so, and says that on stdout or stderr
says()
{
	local want=$1 text=$2 status=0
	shift 2
	"$@" >"$work/said" 2>&1 || status=$?
	same "status of: $*" "$want" $status
	grep -qF -- "$text" "$work/said" || fail "not said: $text; but: $(<"$work/said")"
}

# ---- what is shown -----------------------------------------------------------

# value EXPRESSION: of the JSON in $work/json, as Python sees it
value() { python3 -c 'import json, sys; j = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/json" "$1"; }

listed()
{
	local line
	mpathctl list >"$work/list"
	cat "$work/list"
	! grep -q $'\033' "$work/list" || fail "colours in a file"
	grep -qE "^$head +live +2 paths +numa " "$work/list"
	for line in "├─ $a" "└─ $b"; do
		grep -qE "^$line +usable +optimized .* $(ctrl_of "${line#* }") pcie $(pci_of "${line#* }")\$" "$work/list"
	done
	"${nobody[@]}" "$tool" list >"$work/nobody"
	same "state for nobody" "$(grep -c usable "$work/list")" "$(grep -c usable "$work/nobody")"
}

json_is_what_sysfs_says()
{
	local file
	dd if=/dev/zero of="$MPATH_BLOCK" bs=64k count=4 oflag=direct status=none
	udevadm settle
	mpathctl show --json "$MPATH_CHAR" >"$work/json"
	same name "$head" "$(value 'j["heads"][0]["name"]')"
	same "char node" "$MPATH_CHAR" "$(value 'j["heads"][0]["char_node"]')"
	same size "$(blockdev --getsize64 "$MPATH_BLOCK")" "$(value 'j["heads"][0]["size_bytes"]')"
	for file in bios ioctls write_bytes errors failovers access_state ana_state ana_grpid state; do
		same "$file" "$(<"$stats/$a/$file")" "$(value "j['heads'][0]['paths'][0]['$file']")"
	done
	same wwid "$(<"/sys/block/$head/wwid")" "$(value 'j["heads"][0]["wwid"]')"
	same transport pcie "$(value 'j["heads"][0]["paths"][1]["controller"]["transport"]')"
}

# the last table has a rate; the first has none
shows_throughput() { [[ $(grep "^$head " "$work/watch" | tail -n 1) =~ [1-9][0-9.]*' '[KMG]iB ]]; }

throughput()
{
	local watch
	goes_on bios	# a load that has begun
	mpathctl watch -n 1 "$head" >"$work/watch" &
	watch=$!
	wait_for 30 shows_throughput || { cat "$work/watch"; return 1; }
	kill -INT $watch
	wait $watch
	grep "^$head " "$work/watch" | tail -n 1
	mpathctl list --json -i 2 >"$work/json"
	same "bytes are read" True "$(value 'j["heads"][0]["rates"]["read_bytes"] > 4096')"
	same "bios a second fit" True "$(value 'abs(j["heads"][0]["rates"]["bios"] * 4096 - j["heads"][0]["rates"]["read_bytes"]) < 1e6')"
}

watched() { with_fio --ioengine=io_uring --direct=1 --filename="$MPATH_BLOCK" --rw=randread --iodepth=4 --size=4m -- throughput; }

# ---- what is set ---------------------------------------------------------------

policies_set()
{
	local p
	for p in round-robin queue-depth service-time numa; do
		mpathctl policy "$head" $p
		same policy $p "$(<"/sys/block/$head/mpath_policy")"
	done
	says 1 "cannot set mpath_policy to 'best': no policy of that name; there are numa" mpathctl policy "$head" best
	says 1 "not permitted; try again as root" "${nobody[@]}" "$tool" policy "$head" round-robin
	says 2 "POLICY is required" mpathctl policy "$head"
	same policy numa "$(<"/sys/block/$head/mpath_policy")"
}

attributes_set()
{
	local d=/sys/block/$head
	mpathctl set "$head" delayed_removal_secs 25
	same delayed_removal_secs 25 "$(<$d/delayed_removal_secs)"
	says 1 "not a number of seconds" mpathctl set "$head" delayed_removal_secs soon
	says 1 "more than the longest there is, 31536000" mpathctl set "$head" delayed_removal_secs 31536001
	same delayed_removal_secs 25 "$(<$d/delayed_removal_secs)"
	mpathctl set "$head" delayed_removal_secs 0
	mpathctl set "$head" passthru_failover off
	same passthru_failover off "$(<$d/passthru_failover)"
	says 1 "it can be idempotent or off" mpathctl set "$head" passthru_failover always
	mpathctl set "$head" passthru_failover idempotent
	says 2 "no attribute nuse" mpathctl set "$head" nuse 1
}

# ---- paths out of use ------------------------------------------------------------

# carried PATH: bios and commands that were sent there
carried() { echo $(($(counter "$head" "$1" bios) + $(counter "$head" "$1" uring_cmds))); }
carries_more_than() { (($(carried "$1") > $2)); }

# nothing_goes_to PATH OTHER: while a hundred go to the other
nothing_goes_to()
{
	local base
	base=$(carried "$1")
	wait_for 30 carries_more_than "$2" $(($(carried "$2") + 100))
	same "commands sent to $1" "$base" "$(carried "$1")"
}

out_and_back()
{
	local path other
	for path in "$a" "$b"; do
		other=$a
		[[ $path != "$a" ]] || other=$b
		wait_for 30 carries_more_than "$path" $(($(carried "$path") + 50))
		mpathctl fail "$path"
		same state admin-failed "$(<"$stats/$path/state")"
		nothing_goes_to "$path" "$other"
		# its controller comes back from a reset, the path does not
		echo 1 >"/sys/class/nvme/$(ctrl_of "$path")/reset_controller"
		wait_for 30 is_live "$path"
		nothing_goes_to "$path" "$other"
		same state admin-failed "$(<"$stats/$path/state")"
		says 1 "no other path that can be used than $other" mpathctl fail "$other"
		same state usable "$(<"$stats/$other/state")"
		mpathctl restore "$path"
		wait_for 30 carries_more_than "$path" $(($(carried "$path") + 50))
	done
	same "bios failed" 0 "$(<"$stats/failed")"
}

under_load()	# under_load FIO-OPTION...
{
	mpathctl policy "$head" round-robin
	with_fio --rw=randwrite --size=4m --iodepth=16 --verify=crc32c --verify_backlog=64 \
		--verify_fatal=1 "$@" -- out_and_back
	mpathctl policy "$head" numa
}
block_load() { under_load --ioengine=io_uring --direct=1 --filename="$MPATH_BLOCK"; }
char_load() { under_load --ioengine=io_uring_cmd --cmd_type=nvme --filename="$MPATH_CHAR"; }

read_block() { dd if="$MPATH_BLOCK" of=/dev/null bs=4k count=1 iflag=direct status=none; }

no_path_left()
{
	local reader
	says 1 "has no other path that can be used" mpathctl fail "$(ctrl_of "$a")" "$(ctrl_of "$b")"
	both_usable
	mpathctl fail --force "$(ctrl_of "$a")" "$(ctrl_of "$b")"
	says 1 "Input/output error" timeout 20 dd if="$MPATH_BLOCK" of=/dev/null bs=4k count=1 iflag=direct
	refused nvme read "$MPATH_CHAR" --start-block=0 --block-count=0 --data-size=512
	grep -q "Resource temporarily unavailable" "$work/refused" || fail "$(<"$work/refused")"
	# with a grace period it waits
	mpathctl set "$head" delayed_removal_secs $((100 * slow))
	read_block &
	reader=$!
	wait_for 20 waits
	kill -0 $reader
	mpathctl restore "$b"
	wait $reader
	mpathctl set "$head" delayed_removal_secs 0
	mpathctl restore "$a"
	both_usable
}
waits() { look "$stats/requeued" && ((_seen > 0)); }

leaves_and_joins()
{
	local pci
	pci=$(pci_of "$b")
	mpathctl fail "$b"
	echo 1 >"/sys/bus/pci/devices/$pci/remove"
	wait_for 10 gone "$stats/$b"
	says 1 "no path $b; there is $a" mpathctl restore "$b"
	rescan_pci
	wait_for 30 has_paths "$head" 2
	name_paths	# it may have another name
	wait_for 10 both_usable
}

junk_refused()
{
	local word
	for word in failed 1 Fail; do
		refused bash -c "echo $word >$stats/$a/state"
		grep -q "Invalid argument" "$work/refused"
	done
	same mode 644 "$(stat -c %a "$stats/$a/state")"
	says 1 "not permitted; try again as root" "${nobody[@]}" "$tool" fail "$a"
	both_usable
}

# ---- events ------------------------------------------------------------------------

# follow NAME OPTION...: mpathctl events, as nobody, into $work/NAME
follow()
{
	local file=$work/$1
	shift
	"${nobody[@]}" "$tool" events "$@" >"$file" 2>"$file.err" &
	follower=$!
	wait_for 10 listens $follower
}
# a socket for uevents of group 1 that is the process's own
listens()
{
	local sk proto pid groups rest
	while read -r sk proto pid groups rest; do
		[[ $proto != 15 || $groups != 00000001 || $pid != "$1" ]] || return 0
	done </proc/net/netlink
	return 1
}
has_line() { grep -qE -- "$2" "$work/$1"; }
heard() { wait_for 10 has_line "$1" "$2" || { cat "$work/$1" "$work/$1.err"; return 1; }; }

events_followed()
{
	local text json status=0
	follow text
	text=$follower
	follow json --json "$head"
	json=$follower
	mpathctl fail "$a"
	heard text "^[0-9:.]{12} $head path $a admin-failed\$"
	mpathctl fail --force "$b"
	heard text "$head path $b admin-failed\$"
	heard text "$head head no_path\$"
	mpathctl restore "$a" "$b"
	heard text "$head path $a usable, optimized\$"
	heard text "$head head live\$"
	heard text "$head path $b usable, optimized\$"
	heard json '"event":"head_state","head":"'"$head"'","state":"live"'
	heard json '"event":"path_state","head":"'"$head"'","path":"'"$b"'","state":"usable","access_state":"optimized"'
	# each line for itself is what the page says
	python3 -c 'import json, sys
for line in open(sys.argv[1]):
	event = json.loads(line)
	assert event["schema_version"] == 1 and event["seqnum"] > 0 and event["time"].endswith("Z"), line' "$work/json"
	kill -INT $text
	wait $text || status=$?
	same "status after SIGINT" 0 $status
	kill $json
	wait $json || status=$?
	same "status after SIGTERM" 0 $status
	same "stderr" "" "$(cat "$work/text.err" "$work/json.err")"
}

events_counted()
{
	follow counted --count 2
	mpathctl fail "$a"
	heard counted admin-failed
	mpathctl restore "$a"
	wait_for 10 finished $follower
	wait $follower
	same lines 2 "$(wc -l <"$work/counted")"
}

# ---- the doctor -----------------------------------------------------------------------

# found ID SUBJECT: the doctor says so, exits with 1, and gives the command in $mend
found()
{
	local status=0
	mpathctl doctor --json >"$work/json" || status=$?
	mend=$(value "[f['mend'] for f in j['findings'] if f['id'] == '$1' and f['subject'] == '$2'][0]") || {
		cat "$work/json"
		fail "not found: $1 of $2"
	}
	same "status of doctor" 1 $status
	echo "mend: $mend"
}
nothing_found() { mpathctl doctor || fail "the doctor is not content"; }
content() { mpathctl doctor >/dev/null; }

doctor_content()
{
	udevadm settle
	nothing_found
	"${nobody[@]}" "$tool" doctor
}

doctor_path()
{
	mpathctl fail "$a"
	found path_admin_failed "$a"
	bash -c "$mend"
	nothing_found
}

doctor_no_path()
{
	mpathctl fail -f "$a" "$b"
	found no_usable_path "$head"
	mpathctl restore "$a" "$b"
	nothing_found
}

# Without the rules the links are whose disk was seen last.
doctor_links()
{
	local rules=/usr/lib/udev/rules.d
	unload_modules
	mkdir -p "$work/rules"
	mv $rules/*mpath-nvme*.rules $rules/*mpath_nvme.rules "$work/rules"
	udevadm control --reload
	load_modules
	wait_for 10 all_claimed
	udevadm trigger --settle --subsystem-match=block --sysname-match="$b"
	found link_to_path "$head"
	[[ $mend == "make install"* ]] || fail "it should have the rules installed: $mend"
	mv "$work/rules/"* $rules
	found link_to_path "$head"
	bash -c "$mend"
	nothing_found
}

doctor_held()
{
	export DM_DISABLE_UDEV=1
	unload_modules
	dmsetup create mpath_test --table "0 $(blockdev --getsz "/dev/$b") linear /dev/$b 0"
	load_modules
	wait_for 30 there "$stats/$a/state"
	found path_held "$b"
	mpathctl doctor | grep -F "$head lacks this path: it is held by dm-0 (mpath_test)"
	dmsetup remove mpath_test
	# the module may have asked again by itself, if device-mapper was early
	if (found path_unclaimed "$b"); then
		found path_unclaimed "$b"
		bash -c "$mend"
	fi
	wait_for 20 has_paths "$head" 2
	udevadm settle
	wait_for 20 content
	nothing_found
}

doctor_not_loaded()
{
	unload_modules
	says 0 "there is no head" mpathctl list
	insmod "$modules/libmultipath_cxx.ko"
	found not_loaded mpath_nvme
	same "what mends it" "modprobe mpath_nvme" "$mend"
	insmod "$modules/mpath_nvme.ko"
	wait_for 10 all_claimed
	udevadm settle
	wait_for 20 content
	nothing_found
}

doctor_native()
{
	unload_modules
	rmmod nvme nvme_core
	modprobe nvme_core multipath=Y
	modprobe nvme
	load_modules
	found native_multipath nvme_core
	[[ $mend == *multipath=N* ]]
	unload_modules
	rmmod nvme nvme_core
	modprobe nvme_core multipath=N
	modprobe nvme
}

begin 20
check "list: the tree is what is there, for everybody" listed
check "show --json is what sysfs says" json_is_what_sysfs_says
check "watch and list -i show throughput" watched
check "policies are set, at once; no other is" policies_set
check "attributes are set; what is wrong is said in a sentence" attributes_set
check "paths go out of use and come back: block I/O" block_load
check "paths go out of use and come back: io_uring commands" char_load
check "without any path I/O fails, or waits for the grace period" no_path_left
check "a path that has left and joins again is usable" leaves_and_joins
name_paths
check "nothing else can be written, by nobody else" junk_refused
check "events are told as they happen, for everybody" events_followed
check "so many events, no more" events_counted
check "the doctor is content" doctor_content
check "the doctor finds a path that is out of use, and puts it back" doctor_path
check "the doctor finds a head without a usable path" doctor_no_path
check "the doctor finds links to a path, and mends them" doctor_links
check "the doctor finds a path that device-mapper has, and mends that" doctor_held
check "the doctor finds a module that is not loaded" doctor_not_loaded
check "the doctor finds native multipath" doctor_native
check "the modules unload" start_unloaded
ktap_finished
