# SPDX-License-Identifier: MIT
# The initramfs of the Linux guest: BusyBox from the distribution and the files of this folder.
BUSYBOX ?= /bin/busybox

ROOTFS_IMAGE := $(BUILD)/rootfs/initramfs.cpio
ALL += $(ROOTFS_IMAGE)

$(ROOTFS_IMAGE): rootfs/mkinitramfs rootfs/initramfs.list $(wildcard rootfs/files/*) $(BUSYBOX)
	@mkdir -p $(@D)
	$(call say,ROOTFS,$@)
	$(Q)$(PYTHON) rootfs/mkinitramfs --list rootfs/initramfs.list --busybox $(BUSYBOX) -o $@

# For whoever adds it (tools/run --add): control of the system's components from a Linux that may.
ALL += $(BUILD)/rootfs/l4ctl
$(BUILD)/rootfs/l4ctl: rootfs/l4ctl.c rootfs/build.mk
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) -std=gnu11 -Os -s -Wall -Wextra -static -o $@ $<
