# SPDX-License-Identifier: MIT
# Builds the driver servers: bare programs, no C library.
DRV_OUT := $(BUILD)/drivers
# A server: its name, and the folders of drivers/ whose C files it is made of.
define driver
ALL += $(BUILD)/$(1).elf
DRV_$(1) := $$(patsubst drivers/%.c,$$(DRV_OUT)/%.o,$$(wildcard $$(patsubst %,drivers/%/*.c,$(2))))
$$(BUILD)/$(1).elf: $$(DRV_$(1)) $$(RE_BARE_LIBS)
	$$(call say,LD,$$@)
	$$(Q)$$(RE_LINK) -u _start -o $$@ $$^
-include $$(DRV_$(1):.o=.d)
endef

$(DRV_OUT)/%.o: drivers/%.c l4re/build.mk drivers/build.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(RE_FLAGS) $(RE_BARE) $(RE_WARN) -MMD -MP -c -o $@ $<

$(eval $(call driver,console,console))
$(eval $(call driver,pci,pci))
$(eval $(call driver,virtio_blk,virtio_blk virtio disk block common))
$(eval $(call driver,nvme,nvme disk block common))
$(eval $(call driver,rtc,rtc))
$(eval $(call driver,ram_disk,ram_disk block))
$(eval $(call driver,virtio_net,virtio_net virtio net common))
$(eval $(call driver,e1000e,e1000e net common))
$(eval $(call driver,virtual_net,virtual_net net common))
