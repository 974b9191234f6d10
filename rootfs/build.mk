# SPDX-License-Identifier: MIT
# The initramfs of the Linux guest: BusyBox from the distribution and the files of this folder.
BUSYBOX ?= /bin/busybox

ROOTFS_IMAGE := $(BUILD)/rootfs/initramfs.cpio
ALL += $(ROOTFS_IMAGE)

$(ROOTFS_IMAGE): rootfs/mkinitramfs rootfs/initramfs.list $(wildcard rootfs/files/*) $(BUSYBOX)
	@mkdir -p $(@D)
	$(call say,ROOTFS,$@)
	$(Q)$(PYTHON) rootfs/mkinitramfs --list rootfs/initramfs.list --busybox $(BUSYBOX) -o $@
