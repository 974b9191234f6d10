# SPDX-License-Identifier: MIT
# The examples: native programs, and their Linux sides.
EXAMPLES := interrupt control/plant control/controller
EXAMPLES_ELF := $(EXAMPLES:%=$(BUILD)/examples/%.elf)

$(foreach e,$(EXAMPLES),$(eval $(call native_program,examples/$(e),examples/$(e).c)))

# For whoever adds it (tools/run --add): `make run CONF=control` does.
ALL += $(BUILD)/examples/control/control
$(BUILD)/examples/control/control: examples/control/tool.c examples/control/control.h examples/build.mk
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) -std=gnu11 -Os -s -Wall -Wextra -static -o $@ $< -lm
RUN_control := --add $(BUILD)/examples/control/control:/bin/control
