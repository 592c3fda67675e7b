# SPDX-License-Identifier: GPL-2.0
# What the tests of the packages share; sourced by bash, in their mount namespace.
# shellcheck shell=bash

# shellcheck source-path=SCRIPTDIR source=../guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../guest/lib.sh"
unset MPATH_GUEST

logs=${MPATH_LOGS:-$root/build/package}
# the scratch root: set by who sources this
rootfs=''

# in_root COMMAND...: in the scratch root. Its /dev, /proc and so on are gone again
# afterwards, as the guests have the scratch root as theirs
in_root()
{
	# shellcheck disable=SC2016	# expanded there
	unshare -m bash -c 'cd "$1" && shift &&
		mount --bind /dev dev && mount -t proc none proc && mount -t tmpfs none run &&
		exec chroot . env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"' \
		in_root "$rootfs" "$@"
}

# guest NAME SECONDS OPTION...: its results become comments here
guest()
{
	local name=$1 seconds=$2 status=0
	shift 2
	scripts/guest --verbose --timeout "$seconds" --no-param --log "$logs/$name.kernel.log" "$@" \
		>"$logs/$name.log" 2>&1 || status=$?
	grep -E '^(# )*(not )?ok|note:|guest:' "$logs/$name.log" | sed 's/^/note: /'
	((!status)) || { tail -n 40 "$logs/$name.log"; fail "the guest ended with status $status"; }
}
