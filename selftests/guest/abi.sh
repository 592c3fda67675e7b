#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What docs/abi promises is there, with the modes it says, and nothing else is; the
# modules say the version of VERSION.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
start_loaded
head=${MPATH_BLOCK##*/}
find_paths "$head"
path=${_paths[0]}

# Lines "FILE MODE OPTIONAL" of what has a place in sysfs.
documented()
{
	awk '
	function out() { if (what ~ /^\//) print what, mode, optional }
	FNR == 1 || /^What:/ { out(); what = "" }
	/^What:/ { what = $2; mode = "-"; optional = 0 }
	/^\t\t\((RO|RW|WO)\)/ { mode = substr($1, 2, 2) }
	/Only( if|$)/ { optional = 1 }
	END { out() }' "$root"/docs/abi/* |
		sed "s/nvme<B>n<i>/$head/; s/<head>/$head/; s/<path>/$path/"
}

as_documented()
{
	local file mode optional
	local -A octal=([RO]=444 [RW]=644 [WO]=200)
	documented >"$work/documented"
	(($(wc -l <"$work/documented") > 40)) || fail "only $(wc -l <"$work/documented") files in docs/abi"
	while read -r file mode optional; do
		if [[ ! -e $file ]]; then
			((optional)) || fail "$file is not there"
			continue
		fi
		[[ -d $file ]] || same "mode of $file" "${octal[$mode]}" "$(stat -c %a "$file")"
	done <"$work/documented"
}

# All files that only a head has, its counters, and the parameters.
nothing_else()
{
	local file
	documented | cut -d' ' -f1 | sort >"$work/files"
	{
		comm -23 <(find "/sys/block/$head/" -maxdepth 1 -type f -printf '%f\n' | sort) \
			<(find "/sys/block/$path/" -maxdepth 1 -type f -printf '%f\n' | sort) |
			sed "s|^|/sys/block/$head/|"
		find "/sys/block/$head/mpath_stats" -maxdepth 1 -type f
		find "/sys/block/$head/mpath_stats/$path" -maxdepth 1 -type f
		find /sys/module/mpath_nvme/parameters /sys/module/libmultipath_cxx/parameters -type f 2>/dev/null || true
	} | sort >"$work/real"
	(($(wc -l <"$work/real") > 30)) || fail "only $(wc -l <"$work/real") files found"
	comm -23 "$work/real" "$work/files" >"$work/more"
	[[ ! -s $work/more ]] || fail "not in docs/abi: $(cat "$work/more")"
}

# No attribute takes what it does not know, and says so with an errno of the document's.
bad_values()
{
	local name value
	for name in mpath_policy passthru_failover delayed_removal_secs; do
		for value in ' ' nonsense -1 "$(printf '%2000s' x)"; do
			refused bash -c "printf '%s' \"\$1\" >/sys/block/$head/$name" _ "$value"
			grep -q 'Invalid argument' "$work/refused" || fail "$name: $(cat "$work/refused")"
		done
	done
	refused bash -c "echo 31536001 >/sys/block/$head/delayed_removal_secs"
	grep -q 'out of range' "$work/refused" || fail "$(cat "$work/refused")"
	refused bash -c "echo 3601 >/sys/module/mpath_nvme/parameters/ana_poll_secs"
	refused bash -c "echo nonsense >/sys/module/mpath_nvme/parameters/policy"
	same "policy" numa "$(<"/sys/block/$head/mpath_policy")"
	same "period" 0 "$(<"/sys/block/$head/delayed_removal_secs")"
}

one_version()
{
	local module
	for module in libmultipath_cxx mpath_nvme; do
		same "$module.ko" "$(<"$root/VERSION")" "$(modinfo -F version "$modules/$module.ko")"
		same "$module loaded" "$(<"$root/VERSION")" "$(<"/sys/module/$module/version")"
	done
}

begin 4
check "the modules say the version of VERSION" one_version
check "each file of docs/abi is there, with its mode" as_documented
check "there is no file that docs/abi does not have" nothing_else
check "what a file does not take is refused as docs/abi says, and changes nothing" bad_values
ktap_finished
