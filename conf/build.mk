# SPDX-License-Identifier: MIT
# Compiles every description of conf/ to build/conf/NAME.img.
CONF_FILES := $(wildcard conf/*.conf)
CONF_IMAGES := $(CONF_FILES:conf/%.conf=$(BUILD)/conf/%.img)

ALL += $(CONF_IMAGES)

# The dependency file lists the programs an image contains; they must be built first.
$(CONF_IMAGES): $(BUILD)/conf/%.img: conf/%.conf tools/confc | conf-programs
	$(call say,CONF,$@)
	@mkdir -p $(@D)
	$(Q)tools/confc $< -o $@ --depends $(@:.img=.d)

.PHONY: conf-programs
conf-programs: $(BUILD)/init.elf $(BUILD)/console.elf $(BUILD)/pci.elf $(BUILD)/virtio_blk.elf $(BUILD)/nvme.elf $(BUILD)/virtio_net.elf $(BUILD)/e1000e.elf $(BUILD)/rtc.elf $(GUEST_ELF) $(BUILD)/cyclictest.elf $(EXAMPLES_ELF) $(BUILD)/linux/vmlinux.img $(BUILD)/rootfs/initramfs.cpio

-include $(CONF_IMAGES:.img=.d)
