#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module knows the layout of nvme-core's structures, so it must be refused
# by another nvme-core: the checksum of a symbol whose prototype holds these
# structures is changed in a copy, as if it had been built for another kernel.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
guest_only
start_unloaded

# alter SYMBOL FILE: another checksum for it in the module's list of versions
alter()
{
	python3 - "$1" "$2" <<'END'
import re, subprocess, sys
symbol, path = sys.argv[1].encode(), sys.argv[2]
sections = subprocess.run(["readelf", "-SW", path], check=True, capture_output=True, text=True).stdout
offset, size = (int(x, 16) for x in re.search(
    r"\] __versions\s+PROGBITS\s+[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)", sections).groups())
data = bytearray(open(path, "rb").read())
entry = 64    # 8 bytes of checksum, 56 of name
for at in range(offset, offset + size, entry):
    if data[at + 8:at + entry].rstrip(b"\0") == symbol:
        data[at] ^= 1
        open(path, "wb").write(data)
        sys.exit(0)
sys.exit(f"{path} has no checksum for {sys.argv[1]}")
END
}

refused_module()	# refused_module SYMBOL
{
	cp "$modules/mpath_nvme.ko" "$work/mpath_nvme.ko"
	alter "$1" "$work/mpath_nvme.ko"
	insmod "$modules/libmultipath_cxx.ko"
	trap 'rmmod libmultipath_cxx' EXIT
	dmesg -C
	refused insmod "$work/mpath_nvme.ko"
	cat "$work/refused"
	grep -Eq 'Invalid (parameters|argument)|Invalid module format|Exec format' "$work/refused"
	dmesg | grep "mpath_nvme: disagrees about version of symbol $1"
	gone /sys/module/mpath_nvme
	same "heads" '' "$(heads)"
}

# The unaltered copy loads: what refuses is the checksum.
unaltered()
{
	cp "$modules/mpath_nvme.ko" "$work/mpath_nvme.ko"
	insmod "$modules/libmultipath_cxx.ko"
	insmod "$work/mpath_nvme.ko"
	wait_for 10 all_claimed
	unload_modules
}

# So that not one symbol alone stands between us and a wrong layout.
symbols_of_nvme_core()
{
	modprobe --dump-modversions "$modules/mpath_nvme.ko" | grep -w nvme_put_ns
}

begin 3
check "the module has a checksum for nvme_put_ns" symbols_of_nvme_core
check "a copy of the module loads" unaltered
check "with another checksum for nvme_put_ns it is refused, and the log tells why" \
	refused_module nvme_put_ns
ktap_finished
