# SPDX-License-Identifier: GPL-2.0
#
# Doors for people.  What is built, and how, is in Kbuild.

MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

# bpftool and depmod live where only root looks by default.
export PATH := $(PATH):/usr/sbin:/sbin

# The kernel to build for: the running one if it is 6.12 or later and its
# headers are here, else the newest installed 6.12, cloud and rt kernels last.
find-kdir = $(shell \
	run=$$(uname -r); \
	if [ -e /lib/modules/$$run/build/Makefile ] && \
	   printf '%s\n' 6.12 "$$run" | sort -V -C; then \
		echo /lib/modules/$$run/build; \
		exit; \
	fi; \
	for dir in /usr/src/linux-headers-6.12*-amd64 /lib/modules/6.12*/build; do \
		release=$$(cat "$$dir/include/config/kernel.release" 2>/dev/null) || continue; \
		rank=1; \
		[ "$${release%-cloud-*}$${release%-rt-*}" = "$$release$$release" ] || rank=0; \
		echo "$$rank $$release $$dir"; \
	done | sort -s -k1,1n -k2,2V | tail -n 1 | cut -d' ' -f3)
override KDIR := $(abspath $(or $(strip $(KDIR)),$(find-kdir)))
kver := $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null)

NVME_CORE ?=
kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(NVME_CORE),NVME_CORE=$(abspath $(NVME_CORE)))
Q := $(if $(filter 1,$(V)),,@)

modules := libmultipath_cxx.ko mpath_nvme.ko
version := $(shell cat VERSION)
test-modules = $(patsubst %.c,%.ko,$(filter-out %.mod.c,$(wildcard selftests/modules/*.c))) mpath_fake.ko
examples := docs/examples/mpath_example_c.ko mpath_example_cxx.ko

.PHONY: modules selftest-modules examples check check-build-tools install install-support uninstall \
	clean distclean help test demo version dist

modules: check-build-tools
	+$(Q)$(kbuild) modules
	$(Q)scripts/check-ko $(modules)

selftest-modules: check-build-tools
	+$(Q)$(kbuild) MPATH_SELFTESTS=1 modules
	$(Q)scripts/check-ko $(modules) $(test-modules) $(examples)

examples: check-build-tools
	+$(Q)$(kbuild) MPATH_EXAMPLES=1 modules
	$(Q)scripts/check-ko $(modules) $(examples)

check:
	$(Q)scripts/check-ko $(modules) $(wildcard $(test-modules) $(examples))

# Headers packages have no signing key; kbuild would try to sign all the same.
# Nor have they a System.map, so that kbuild leaves depmod to us, with a warning.
install-flags = $(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=)

# DESTDIR=DIR and INSTALL_MOD_PATH=DIR are the same.
INSTALL_MOD_PATH ?= $(DESTDIR)
dest = $(INSTALL_MOD_PATH)
depmod = depmod $(if $(dest),-b $(dest)) $(kver)

# What is installed beside the modules, as SOURCE:PLACE; a conffile stays if it is there.
support-files = $(foreach rules,$(wildcard scripts/udev/*.rules),$(rules):/usr/lib/udev/rules.d/$(notdir $(rules))) \
	dist/initramfs/mpath_nvme:/usr/share/initramfs-tools/hooks/mpath_nvme \
	dist/kernel/libmultipath-cxx:/etc/kernel/postinst.d/libmultipath-cxx
conffile = /etc/modprobe.d/mpath-nvme.conf

install: modules
	+$(Q)$(kbuild) $(install-flags) INSTALL_MOD_PATH=$(dest) modules_install
	@echo "  DEPMOD  $(kver)"
	$(Q)$(depmod)
	$(Q)$(MAKE) install-support INSTALL_MOD_PATH=$(dest)
	+$(Q)[ ! -e tools/Makefile ] || $(MAKE) -C tools install DESTDIR=$(abspath $(dest)) prefix=/usr

install-support:
	$(Q)$(foreach file,$(support-files),install -D -m $(if $(filter %.rules,$(file)),644,755) \
		$(subst :, $(dest),$(file)) &&) true
	$(Q)[ -e $(dest)$(conffile) ] || install -D -m 644 dist/modprobe.d/mpath-nvme.conf $(dest)$(conffile)

# A conffile that was changed is left; it may be what the machine boots with.
uninstall:
	$(Q)[ -n "$(kver)" ] || { echo 'No kernel: set KDIR' >&2; exit 1; }
	$(Q)rm -f $(foreach module,$(modules),$(dest)/lib/modules/$(kver)/updates/$(module)*)
	$(Q)rmdir --ignore-fail-on-non-empty $(dest)/lib/modules/$(kver)/updates 2>/dev/null || true
	@echo "  DEPMOD  $(kver)"
	$(Q)$(depmod)
	$(Q)rm -f $(foreach file,$(support-files),$(dest)$(lastword $(subst :, ,$(file))))
	$(Q)if cmp -s dist/modprobe.d/mpath-nvme.conf $(dest)$(conffile); then rm $(dest)$(conffile); \
	elif [ -e $(dest)$(conffile) ]; then echo "$(dest)$(conffile) was changed, it stays"; fi
	$(Q)rm -f $(addprefix $(dest)/usr/,bin/mpathctl sbin/mpathctl share/man/man8/mpathctl.8 \
		share/bash-completion/completions/mpathctl)

clean:
	+$(Q)if [ -e "$(KDIR)/Makefile" ]; then $(kbuild) clean; fi
	$(Q)rm -rf build/generated
	$(Q)[ ! -d build ] || rmdir --ignore-fail-on-non-empty build

distclean: clean
	$(Q)rm -rf build

version:
	@echo $(version)

# What is committed, and nothing else: the same commit gives the same bytes (with the
# same xz), whoever makes it and when.
tarball := build/libmultipath-cxx-$(version).tar.xz
dist:
	$(Q)mkdir -p build
	$(Q)git diff --quiet HEAD || echo 'dist: what is not committed is left out' >&2
	@echo "  DIST    $(tarball)"
	$(Q)git archive --format=tar --prefix=libmultipath-cxx-$(version)/ -o $(basename $(tarball)) HEAD
	$(Q)xz -9e -T1 --force $(basename $(tarball))

test:
	$(Q)./scripts/test

demo:
	$(Q)./scripts/demo

help:
	@echo 'make                   build the modules ($(modules)) and check them'
	@echo 'make install           install them for that kernel with udev rules, hooks and tools,'
	@echo '                       run depmod (as root): docs/install.md; make uninstall'
	@echo 'make check             run only the check of the modules (scripts/check-ko)'
	@echo 'make selftest-modules  build the modules and those of selftests/modules'
	@echo 'make examples          build the modules and those of docs/examples'
	@echo 'make -C tools          build mpathctl; make -C tools install'
	@echo 'make test              all tests (scripts/test)'
	@echo 'make demo              the demonstration in a guest (scripts/demo)'
	@echo 'make dist              $(tarball)'
	@echo '                       of what is committed'
	@echo 'make version           say $(version)'
	@echo 'make clean             remove what make built'
	@echo 'make distclean         remove what the tests built, too'
	@echo
	@echo 'KDIR=DIR        kernel headers or build tree, 6.12 or later'
	@echo '                now: $(or $(KDIR),none found)'
	@echo 'NVME_CORE=FILE  nvme-core.ko to read (default: that of the kernel)'
	@echo 'DESTDIR=DIR     install below DIR'
	@echo 'INSTALL_MOD_PATH=DIR, W=1, V=1  as in every kernel build'

# Say everything that is missing at once, and before anything is compiled.
# Each line of $$missing is "what<TAB>Debian package or -".
check-build-tools:
	+@missing=; tab='	'; \
	miss() { missing="$$missing$$1$$tab$${2:--}\n"; }; \
	need() { command -v "$$1" >/dev/null || miss "$$1" "$$2"; }; \
	need python3 python3; \
	need readelf binutils; \
	need bpftool bpftool; \
	headers=linux-headers-6.12-amd64; \
	if [ -z "$(kver)" ]; then \
		miss "kernel headers, 6.12 or later ($(or $(KDIR),none installed; or set KDIR))" $$headers; \
		need g++-12 g++-12; \
	elif ! printf '%s\n' 6.12 $(kver) | sort -V -C; then \
		miss "kernel headers, 6.12 or later ($(KDIR) is $(kver))" $$headers; \
	else \
		[ -x "$(KDIR)/scripts/mod/modpost" ] || \
			miss "kernel build tools ($(KDIR)/scripts/mod/modpost)" linux-kbuild-$$(echo $(kver) | sed 's/-[^-]*$$//'); \
		if [ -e "$(KDIR)/vmlinux" ] && \
		   grep -q '^CONFIG_DEBUG_INFO_BTF_MODULES=y' "$(KDIR)/include/config/auto.conf"; then \
			need pahole pahole; \
		fi; \
		set -- $$($(kbuild) -s --eval='mpath-ask := y' --eval='include $(CURDIR)/Kbuild' \
			--eval='mpath-ask-cxx: ; @echo $$(lastword $$(CC)) $$(lastword $$(MPATH_CXX))' \
			mpath-ask-cxx | tail -n 1); \
		need "$${1:-gcc}" "$$(basename "$${1:-gcc}" | sed 's/^.*-linux-gnu-//')"; \
		need "$${2:-g++}" "$$(basename "$${2:-g++}" | sed 's/^.*-linux-gnu-//; s/^clang++/clang/')"; \
		if [ -z "$$missing" ]; then \
			c=$$("$$1" -dumpversion); cxx=$$("$$2" -dumpversion); \
			[ "$${c%%.*}" = "$${cxx%%.*}" ] || \
				miss "a C++ compiler of the version of $$1 ($${c%%.*}; $$2 is $${cxx%%.*})" "g++-$${c%%.*}"; \
		fi; \
		inputs=$$(scripts/nvme-layout --kdir $(KDIR) $(if $(NVME_CORE),--nvme-core $(NVME_CORE)) --check) || \
			missing="$$missing$$inputs\n"; \
	fi; \
	if [ -n "$$missing" ]; then \
		echo 'Cannot build, missing:' >&2; \
		printf "$$missing" | sed '/^$$/d' | sort -u | while IFS="$$tab" read -r what package; do \
			if [ "$$package" = - ]; then echo "  $$what"; \
			else echo "  $$what: install the package $$package"; fi; \
		done >&2; \
		exit 1; \
	fi
