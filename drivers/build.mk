# SPDX-License-Identifier: MIT
# Builds the driver servers: bare programs, no C library.
DRV_OUT := $(BUILD)/drivers
DRV_CONSOLE := $(patsubst drivers/%.c,$(DRV_OUT)/%.o,$(wildcard drivers/console/*.c))
DRV_PCI := $(patsubst drivers/%.c,$(DRV_OUT)/%.o,$(wildcard drivers/pci/*.c))

ALL += $(BUILD)/console.elf $(BUILD)/pci.elf

$(DRV_OUT)/%.o: drivers/%.c l4re/build.mk drivers/build.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(RE_FLAGS) $(RE_BARE) $(RE_WARN) -MMD -MP -c -o $@ $<

$(BUILD)/console.elf: $(DRV_CONSOLE) $(RE_BARE_LIBS)
	$(call say,LD,$@)
	$(Q)$(RE_LINK) -u _start -o $@ $^

$(BUILD)/pci.elf: $(DRV_PCI) $(RE_BARE_LIBS)
	$(call say,LD,$@)
	$(Q)$(RE_LINK) -u _start -o $@ $^

-include $(DRV_CONSOLE:.o=.d) $(DRV_PCI:.o=.d)
