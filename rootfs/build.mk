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

# The disk of conf/debian.conf: Debian's packages come from the network, so it is only made for those who ask.
# `make run` writes to a copy, which is made anew when the image is.
DEBIAN := $(BUILD)/debian
RUN_debian := --disk $(DEBIAN)/disk.img --net tcp:127.0.0.1:2222-:22
ifeq ($(CONF),debian)
run gdb: $(DEBIAN)/disk.img
endif

.PHONY: debian
debian:
	$(Q)rootfs/debian/mkimage $(DEBIAN)
$(DEBIAN)/debian.img: debian ;
$(DEBIAN)/disk.img: $(DEBIAN)/debian.img
	$(call say,COPY,$@)
	$(Q)cp --sparse=always $< $@
