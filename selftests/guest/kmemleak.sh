#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The leak check of the debug guests (the last result of each of them) finds an
# object that a module has leaked.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
module=$modules/selftests/modules/mpath_leak_test.ko
[[ -e $module ]] || skip_all "$module is missing: make selftest-modules"
kmemleak_on || skip_all "no kmemleak in this kernel, or it is off: only on a debug kernel"
start_unloaded

finds_it()
{
	insmod "$module"
	rmmod mpath_leak_test
	find_leaks
	cat "$work/leaks" "$work/other-leaks"
	grep -q do_init_module "$work/leaks"
}

forgets_it()
{
	echo clear >"$kmemleak"
	find_leaks
	cat "$work/leaks"
	[[ ! -s $work/leaks ]]
}

begin 2
check "an object leaked by a module that is gone is found" finds_it
check "none is found once it is cleared" forgets_it
ktap_finished
