#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The Debian packages: built, looked at by lintian, installed in a scratch root (an overlay
# on this machine's, in memory), booted from there in guests, purged. Nothing of this
# machine's own changes.
#
# As root, in a mount namespace of its own: scripts/test --package

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=lib.sh
. selftests/package/lib.sh

release=$(scripts/guest --print-release) || exit 1
top=$work/top rootfs=$work/top/root
deb=$root/build/package/libmultipath-cxx-dkms_$(<VERSION)_all.deb
tools_deb=$root/build/package/libmultipath-cxx-tools_$(<VERSION)_amd64.deb
conf=$rootfs/etc/modprobe.d/mpath-nvme.conf

# ---- the scratch root ------------------------------------------------------
make_root()
{
	mount --make-rprivate /
	mkdir -p "$top"
	mount -t tmpfs -o mode=755 none "$top"
	mkdir "$top"/{upper,work,root}
	mount -t overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" none "$rootfs"
	# this tree, wherever it is mounted
	mkdir -p "$rootfs$root"
	mount --bind "$root" "$rootfs$root"
	# A small initramfs, made quickly: what the guest has, found by udev, not by a list.
	# What mkinitramfs is slow with is the hundreds of modules of "most".
	printf 'MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n' >"$rootfs/etc/initramfs-tools/conf.d/mpath-test"
	cat >"$rootfs/etc/initramfs-tools/hooks/mpath-test" <<-'END'
	#!/bin/sh
	[ "$1" != prereqs ] || exit 0
	. /usr/share/initramfs-tools/hook-functions
	manual_add_modules nvme ext4 virtio_pci virtio_console
	END
	chmod 755 "$rootfs/etc/initramfs-tools/hooks/mpath-test"
}
trap 'umount -l "$rootfs" "$top" 2>/dev/null; rm -rf "$work"' EXIT

# Names only, and not what dpkg, DKMS and the initramfs keep for themselves.
list_files()
{
	(cd "$rootfs" && find etc usr boot var -xdev ! -path 'var/lib/dpkg/*' ! -path 'var/log/*' \
		! -path 'var/cache/*' ! -path 'var/lib/dkms/mok.*' ! -path 'var/lib/initramfs-tools*' \
		! -path "usr/lib/modules/*/modules.*" ! -path 'boot/initrd.img*' ! -path 'var/tmp/*' | sort)
}

set_switch()	# set_switch on|off
{
	case $1 in
	on) sed -i 's/^#options nvme_core/options nvme_core/' "$conf" && grep -q '^options' "$conf" ;;
	off) sed -i 's/^options nvme_core/#options nvme_core/' "$conf" && ! grep -q '^options' "$conf" ;;
	esac
}

# ---- tests -----------------------------------------------------------------
builds()
{
	scripts/package >"$logs/build.log" 2>&1 || { tail -n 40 "$logs/build.log"; return 1; }
	there "$deb"
	[[ -e tools/Makefile ]] || return 0
	there "$tools_deb"
	dpkg -c "$tools_deb" >"$work/tools"
	grep 'usr/bin/mpathctl$' "$work/tools"
	# no file may be in both
	refused grep usr/src/ "$work/tools"
}

# There is no address to write to.
lintian_is_clean()
{
	lintian --allow-root --fail-on error,warning,info \
		--suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog build/package/*.changes
}

# A kernel without headers: DKMS passes it over, the package does not.
refused_without_headers()
{
	mv "$rootfs/lib/modules/$release/build" "$rootfs/lib/modules/$release/build.off"
	refused in_root dpkg -i "$deb"
	mv "$rootfs/lib/modules/$release/build.off" "$rootfs/lib/modules/$release/build"
	cat "$work/refused"
	grep -q "NO MODULES for these kernels:.* $release" "$work/refused"
	same "state" "half-configured" "$(in_root dpkg-query -W -f '${db:Status-Status}' libmultipath-cxx-dkms)"
}

without()	# without TOOL...: what the package's configuration says then
{
	local tool
	for tool; do mv "$rootfs/usr/$tool" "$rootfs/usr/$tool.off"; done
	refused in_root dpkg --configure libmultipath-cxx-dkms
	for tool; do mv "$rootfs/usr/$tool.off" "$rootfs/usr/$tool"; done
	cat "$work/refused"
}

refused_without_tools()
{
	without bin/g++-12 bin/x86_64-linux-gnu-g++-12 sbin/bpftool
	grep -q 'install the package g++-12' "$work/refused"
	grep -q 'install the package bpftool' "$work/refused"
	# before anything was compiled
	refused grep -qs ' CC ' "$rootfs/var/lib/dkms/libmultipath-cxx/$(<VERSION)/build/make.log"
}

installs()
{
	local module
	in_root dpkg --configure -a >"$logs/install.log" 2>&1 || { tail -n 40 "$logs/install.log"; return 1; }
	[[ ! -e $tools_deb ]] || in_root dpkg -i "$tools_deb" >>"$logs/install.log" 2>&1
	! command -v lvmconfig >/dev/null || grep -q 'LVM on NVMe needs' "$logs/install.log"
	for module in libmultipath_cxx mpath_nvme; do
		there "$rootfs/lib/modules/$release/updates/dkms/$module.ko.xz"
		same "$module signed by" "DKMS module signing key" "$(in_root modinfo -k "$release" -F signer $module)"
	done
	in_root lsinitramfs "/boot/initrd.img-$release" >"$work/initramfs"
	grep -q 'mpath_nvme.ko' "$work/initramfs"
	grep -q 'libmultipath_cxx.ko' "$work/initramfs"
	same "udev rules in the initramfs" 3 "$(grep -c 'rules.d/.*mpath' "$work/initramfs")"
	# not switched: the machine boots as before
	refused grep -q '^options' "$conf"
}

new_kernel_is_refused()
{
	local other=6.18.0-test hook=/etc/kernel/postinst.d/libmultipath-cxx
	mkdir -p "$rootfs/lib/modules/$other/kernel"
	ln -s "$(readlink -f "/lib/modules/$release/build")" "$rootfs/lib/modules/$other/build"
	refused in_root dkms build libmultipath-cxx/"$(<VERSION)" -k $other
	grep -q 'BUILD_EXCLUSIVE' "$work/refused"
	in_root $hook $other
	in_root $hook "$release"
	set_switch on
	in_root $hook "$release"
	refused in_root $hook $other
	set_switch off
	cat "$work/refused"
	grep -q "no mpath_nvme for kernel $other" "$work/refused"
	rm -r "${rootfs:?}/lib/modules/$other"
}

boots_switched()
{
	set_switch on
	guest installed 200 --root "$rootfs" --udev --subsys A,ctrls=2 -- selftests/guest/run --guest installed.sh
}

# A root file system that reports to scripts/guest; busybox alone is in it.
make_image()
{
	local dir=$work/image
	mkdir -p "$dir"/{bin,dev,proc,sys,run,sbin,etc}
	cp "$(command -v busybox)" "$dir/bin/busybox"
	ln -s busybox "$dir/bin/sh"
	install -m 755 selftests/package/root_init "$dir/sbin/init"
	cp selftests/package/guest_report "$dir/sbin/"
	truncate -s 64M "$work/root.img"
	mkfs.ext4 -q -d "$dir" -U 5e0f1d1e-8d0b-4a34-9d37-0a4c0f3d0b01 "$work/root.img"
}

boot_root()	# boot_root NAME EXPECTED-DISK
{
	guest "$1" 200 --initrd "$rootfs/boot/initrd.img-$release" --subsys A,ctrls=2,image="$work/root.img" \
		--append "root=UUID=5e0f1d1e-8d0b-4a34-9d37-0a4c0f3d0b01 ro rootwait mpath_expect=$2"
}

root_on_head()
{
	make_image
	in_root update-initramfs -u -k "$release" >"$work/log.initramfs" 2>&1
	boot_root root_switched nvme1000n1
}

root_switched_back()
{
	set_switch off
	in_root update-initramfs -u -k "$release" >"$work/log.initramfs" 2>&1
	boot_root root_back native
}

purge_leaves_nothing()
{
	local packages=(libmultipath-cxx-dkms)
	[[ ! -e $tools_deb ]] || packages+=(libmultipath-cxx-tools)
	in_root dpkg -P "${packages[@]}" >"$logs/purge.log" 2>&1 || { tail -n 20 "$logs/purge.log"; return 1; }
	list_files >"$work/after"
	diff "$work/before" "$work/after"
	in_root lsinitramfs "/boot/initrd.img-$release" >"$work/initramfs"
	refused grep -E 'mpath_nvme|libmultipath' "$work/initramfs"
	refused in_root modinfo -k "$release" mpath_nvme
}

versions_agree()
{
	same "debian/changelog" "$(<VERSION)" "$(dpkg-parsechangelog -S Version)"
	same "dkms.conf" "PACKAGE_VERSION=\"$(<VERSION)\"" "$(grep ^PACKAGE_VERSION dkms.conf)"
}

make_install_and_back()
{
	local dest=$work/dest kdir
	kdir=/lib/modules/$release/build
	make KDIR="$kdir" DESTDIR="$dest" install >"$logs/make-install.log" 2>&1
	there "$dest/lib/modules/$release/updates/mpath_nvme.ko.xz" || there "$dest/lib/modules/$release/updates/mpath_nvme.ko"
	there "$dest/usr/lib/udev/rules.d/62-mpath-nvme.rules"
	echo "# mine" >>"$dest/etc/modprobe.d/mpath-nvme.conf"
	make KDIR="$kdir" DESTDIR="$dest" uninstall >>"$logs/make-install.log" 2>&1
	same "what is left" "$dest/etc/modprobe.d/mpath-nvme.conf" "$(find "$dest" -type f ! -name 'modules.*')"
}

((EUID == 0)) || skip_all "needs root"
mkdir -p "$logs"
make_root || { echo "Bail out! no scratch root"; exit 1; }
list_files >"$work/before"
begin 13
check "VERSION, debian/changelog and dkms.conf agree" versions_agree
check "make install and uninstall, with DESTDIR" make_install_and_back
check "the packages build" builds
check "lintian finds nothing" lintian_is_clean
check "installing fails when there is no kernel to build for" refused_without_headers
check "and says what the build needs, before it compiles" refused_without_tools
check "installing builds signed modules and an initramfs with them" installs
check "a kernel that cannot be built for is refused on a machine that is switched" new_kernel_is_refused
check "the installed modules give nodes at boot with no further step" boots_switched
check "the root file system is on a head, found by the initramfs" root_on_head
check "and on the native head after switching back" root_switched_back
check "purging leaves nothing behind" purge_leaves_nothing
check "this machine's own files are as they were" eval '! modinfo -k "$release" mpath_nvme 2>/dev/null && [[ ! -e /usr/lib/udev/rules.d/58-mpath-nvme-paths.rules ]]'
ktap_finished
