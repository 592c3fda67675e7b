#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Templates that break a rule and calls out of order, made by a C module (see
# selftests/modules/mpath_template_test.c); its results are relayed from the
# kernel's log. Each refusal must come with one line that names the rule.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
module=$modules/selftests/modules/mpath_template_test.ko
[[ -e $module ]] || skip_all "$module is missing: make selftest-modules"
start_unloaded

# A debug kernel can release every kobject some seconds late: the library must
# wait for what it has, and leave nothing behind that points to it. (The NVMe
# driver does not bear that, and is not loaded here.)
late=/sys/module/kobject/parameters/delay_release
[[ ! -e $late ]] || echo 1 >$late

insmod "$modules/libmultipath_cxx.ko" || { echo "Bail out! the library does not load"; exit 1; }
dmesg -C
insmod "$module" 2>"$work/insmod"
loading=$?
dmesg -t >"$work/dmesg"
sed -n 's/^mpath_template_test: //p' "$work/dmesg" >"$work/results"
[[ $loading != 0 ]] || rmmod mpath_template_test

# Relay: the plan comes last there, and five tests of ours follow.
tests=$(sed -n 's/^1\.\.//p' "$work/results")
[[ -n $tests ]] || { cat "$work/insmod"; echo "Bail out! no results in the log"; exit 1; }
begin $((tests + 5))
while read -r word rest; do
	case $word in
	ok) read -r _ description <<<"$rest"; ktap_test_pass "$description" ;;
	not) read -r _ _ description <<<"$rest"; ktap_test_fail "$description" ;;
	'#') echo "# $rest" ;;
	esac
done <"$work/results"

loads() { same "status of insmod" 0 "$loading"; }

# Lines of the library between two results of ours.
one_line_each()
{
	awk '
	/^mpath_template_test: / {
		if (/ok [0-9]+ refused: / && lines != 1) { print lines + 0, "lines before:", $0; bad = 1 }
		if (/ok [0-9]+ accepted: / && lines != 0) { print lines + 0, "lines before:", $0; bad = 1 }
		lines = 0
		if (/ok [0-9]+ (refused|accepted): /) n++
		next
	}
	/libmultipath_cxx/ { lines++ }
	END { if (n < 20) { print n, "combinations only"; bad = 1 } exit bad }' "$work/dmesg"
}

names_rule()
{
	grep 'libmultipath_cxx' "$work/dmesg" | grep 'ioctl_begin needs ioctl_finish'
	grep 'libmultipath_cxx' "$work/dmesg" | grep 'available_path is required'
}

upstream_driver()
{
	insmod "$modules/selftests/modules/mpath_upstream_test.ko"
	rmmod mpath_upstream_test
}

check "a driver written for the upstream header loads and unloads" upstream_driver
check "the module loaded, so it found no failure itself" loads
check "one log line for each refusal, none for what is accepted" one_line_each
check "the line names the rule" names_rule
check "the library unloads afterwards" rmmod libmultipath_cxx
ktap_finished
