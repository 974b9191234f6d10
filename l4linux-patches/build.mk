# SPDX-License-Identifier: GPL-2.0-only
# Linux: pristine source, patch series, overlay, one image for Skerry and for the bare machine.
LINUX_TARBALL ?= /usr/src/linux-source-6.12.tar.xz
LINUX_JOBS ?= $(or $(patsubst -j%,%,$(filter -j%,$(MAKEFLAGS))),2)

LINUX_IMAGE := $(BUILD)/linux/vmlinux.img
ALL += $(LINUX_IMAGE)

# The script decides by content what there is to do; doing nothing is quick.
.PHONY: linux
linux:
	$(Q)$(PYTHON) l4linux-patches/build --tarball $(LINUX_TARBALL) --out $(BUILD)/linux \
		--abi l4re/abi --jobs $(LINUX_JOBS) $(if $(V),--verbose)
$(LINUX_IMAGE): linux ;
