#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# README's way to a multipath node, word for word: a Debian 12 made from nothing, the
# commands of "Build and load on a real host" in it, and where README says reboot, the disk
# that comes of it booted in a guest: its own kernel, initramfs and systemd, its root file
# system on the namespace that two controllers share.
#
# What comes before the last reboot runs in a chroot on this machine, as compiling in a
# guest takes an hour. Needs the network.
#
# As root, in a mount namespace of its own: scripts/test --package --long

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=lib.sh
. selftests/package/lib.sh

section='## Build and load on a real host'
uuid=5e0f1d1e-8d0b-4a34-9d37-0a4c0f3d0b02
top=$root/build/fresh
rootfs=$top/root
trap 'rm -rf "$work"; rm -rf --one-file-system "$top"' EXIT

# The indented lines of the section up to the first reboot (1), the second (2) and "By hand".
commands()	# commands PART
{
	awk -v section="$section" -v part="$1" '
		$0 == section { n = 1; next }
		/^## / || /By hand/ { n = 0 }
		/^    / && n == part { sub(/ +# .*/, ""); print substr($0, 5) }
		/^    reboot/ { n++ }
	' README.md | grep -v '^reboot'
}

debian_12()
{
	local mirror=http://deb.debian.org
	rm -rf "$top"
	mkdir -p "$top"
	# what the installer leaves, but a kernel and a boot loader
	mmdebstrap --quiet --mode=root --variant=important bookworm "$rootfs" \
		"deb $mirror/debian bookworm main" "deb $mirror/debian bookworm-updates main" \
		"deb $mirror/debian-security bookworm-security main" >"$logs/debian.log" 2>&1 ||
		{ tail -n 20 "$logs/debian.log"; return 1; }
	echo 'APT::Get::Assume-Yes "true";' >"$rootfs/etc/apt/apt.conf.d/50yes"
	cp /etc/resolv.conf "$rootfs/etc/resolv.conf"
	echo "UUID=$uuid / ext4 errors=remount-ro 0 1" >"$rootfs/etc/fstab"
	echo fresh >"$rootfs/etc/hostname"
	printf '127.0.0.1 localhost\n127.0.1.1 fresh\n' >"$rootfs/etc/hosts"
	mkdir "$rootfs/root/libmultipath_cxx"
	rsync -a --exclude=/.git --exclude-from=.gitignore ./ "$rootfs/root/libmultipath_cxx/"
}

part()	# part N: of the commands, in the chroot
{
	commands "$1" >"$work/commands"
	(($(wc -l <"$work/commands") > 1)) || fail "README has no such commands"
	sed 's/^/note: /' "$work/commands"
	{
		echo 'cd /root/libmultipath_cxx'
		cat "$work/commands"
	} >"$rootfs/root/commands"
	in_root bash -l -eux /root/commands >"$logs/part$1.log" 2>&1 || { tail -n 40 "$logs/part$1.log"; return 1; }
	(($1 != 2)) || touch "$top/ready"
}

# Its disk: what the guest is to do when somebody could log in, and the file system.
disk()
{
	local megabytes
	rm -rf "${rootfs:?}/var/cache/apt/archives" "$rootfs/root/libmultipath_cxx/build"
	commands 3 >"$rootfs/root/commands"
	(($(wc -l <"$rootfs/root/commands") > 3)) || fail "README has no such commands"
	cp selftests/package/fresh_guest selftests/package/guest_report "$rootfs/root/"
	cat >"$rootfs/etc/systemd/system/fresh.service" <<-'END'
	[Unit]
	Description=Commands of the README
	After=multi-user.target
	[Service]
	Type=oneshot
	ExecStart=/root/fresh_guest
	TimeoutStartSec=infinity
	[Install]
	WantedBy=graphical.target
	END
	in_root systemctl enable fresh.service
	megabytes=$(du -sxm "$rootfs" | cut -f1)
	truncate -s $((megabytes * 5 / 4 + 500))M "$top/disk"
	mkfs.ext4 -q -U $uuid -d "$rootfs" "$top/disk"
}

boots_and_works()
{
	local kernel
	[[ -e $top/ready ]] || fail "nothing to boot"
	kernel=$(compgen -G "$rootfs/boot/vmlinuz-6.12*")
	disk
	guest fresh 900 --kernel "$kernel" --initrd "${kernel/vmlinuz/initrd.img}" \
		--subsys A,ctrls=2,image="$top/disk" --append "root=UUID=$uuid ro"
}

((EUID == 0)) || skip_all "needs root"
mkdir -p "$logs"
begin 4
check "a Debian 12 made from nothing" debian_12
check "README's commands up to the first reboot" part 1
check "those up to the second: the packages are built and installed, the machine is switched over" part 2
check "it boots, and the rest of them work on a multipath node" boots_and_works
ktap_finished
