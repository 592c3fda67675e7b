# SPDX-License-Identifier: GPL-2.0
# Shared functions of the scripts; sourced by bash with -euo pipefail set.
# shellcheck shell=bash

# shellcheck disable=SC2034	# used by those who source this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# progress TEXT...: one line with the seconds since the script began
progress()
{
	printf '[%3ds] %s\n' "$SECONDS" "$*"
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# as_root COMMAND...: through sudo if need be
as_root()
{
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "not root and no sudo: cannot run $*"
	fi
}

# allowed_cpus: the CPUs that this process may run on, one a line
allowed_cpus()
{
	local range ranges
	IFS=, read -r -a ranges < <(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
	for range in "${ranges[@]}"; do
		seq "${range%-*}" "${range#*-}"
	done
}

# guest_is_up LOG: the guest of that console log came to its init (guest.d/init1 says so)
guest_is_up()
{
	grep -aqs 'guest: up' "$1"
}

# use_guest_kernel: sets release and kdir to the kernel that scripts/guest
# boots; that need not be the running one
use_guest_kernel()
{
	release=$("$root/scripts/guest" --print-release) || die "no kernel for the guest"
	kdir=/lib/modules/$release/build
	[[ -e $kdir/Makefile ]] || kdir=/usr/src/linux-headers-$release
	[[ -e $kdir/Makefile ]] || die "no kernel headers for $release: install linux-headers-$release"
}

# ktap_count FILE: prints "PASSED FAILED SKIPPED" over the innermost results of
# a KTAP log. Nesting is by "# " (kselftest runner) or two spaces (KTAP). A
# result above others only sums them up, so it counts only if it failed and
# none of them did (a crash or a time-out). A plan with missing results and a
# bail-out are failures. Unknown lines do not matter. What failed goes to
# stderr, one line each.
ktap_count()
{
	awk '
	function bad(text) { failed++; print text >"/dev/stderr" }
	function close_levels(depth,   d) {
		for (d = deepest; d > depth; d--) {
			if ((d in plan) && results[d] < plan[d])
				bad(sprintf("planned %d results, got %d", plan[d], results[d]))
			delete plan[d]; results[d] = 0
		}
		deepest = depth
	}
	{
		sub(/\r$/, "")
		line = $0; depth = 0
		while (line ~ /^(# |  )/) { line = substr(line, 3); depth++ }
	}
	line ~ /^1\.\.[0-9]+/ {
		if (depth > deepest) deepest = depth
		plan[depth] = substr(line, 4) + 0
		if (plan[depth] == 0 && line ~ /# *SKIP/) {
			# the result above only says it again
			skipped++
			results[depth]++
		}
		next
	}
	line ~ /^Bail out!/ { bad(line); next }
	line ~ /^(not )?ok [0-9]+( |$)/ {
		inner = 0
		for (d = depth + 1; d <= deepest; d++) inner += results[d]
		close_levels(depth)
		results[depth]++
		skip = line ~ /# *(SKIP|skip)/
		isbad = line ~ /^not ok/ && !skip && line !~ /# *(TODO|XFAIL)/
		if (isbad) {
			# failures since the last result of this level belong to it
			if (failed == since[depth]) bad(line)
		} else if (!inner) {
			if (skip) skipped++
			else passed++
		}
		for (d = depth; d <= depth + 32; d++) since[d] = failed
		next
	}
	END {
		close_levels(-1)
		printf "%d %d %d\n", passed, failed, skipped
	}' "$1"
}
