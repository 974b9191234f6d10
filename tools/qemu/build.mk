# SPDX-License-Identifier: MIT
# Builds the plugin of QEMU that tools/bench --worst loads.
STEPS_SO := $(BUILD)/qemu/steps.so
ALL += $(STEPS_SO)

$(STEPS_SO): tools/qemu/steps.c l4re/include/l4/util/mark.h tools/qemu/build.mk
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra -Wno-unused-parameter -Il4re/include -o $@ $<
