# SPDX-License-Identifier: MIT
# Builds build/bench/kernel.elf: the kernel benchmark, in the frame of the kernel tests.
BENCHK := tests/bench/kernel
BENCHK_OUT := $(BUILD)/bench/kernel
BENCHK_OBJS := $(patsubst $(BENCHK)/%.c,$(BENCHK_OUT)/%.o,$(wildcard $(BENCHK)/*.c)) \
	$(patsubst $(BENCHK)/%.S,$(BENCHK_OUT)/%.S.o,$(wildcard $(BENCHK)/*.S))
BENCHK_FLAGS := $(filter-out -O1,$(KT_FLAGS)) -O2 -mno-sse -I$(KT)

ALL += $(BUILD)/bench/kernel.elf

$(BENCHK_OUT)/%.o: $(BENCHK)/%.c $(BENCHK)/build.mk $(KT)/build.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCHK_FLAGS) -MMD -MP -c -o $@ $<

$(BENCHK_OUT)/%.S.o: $(BENCHK)/%.S $(BENCHK)/build.mk $(KT)/build.mk
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -DL4_API_FUNCTIONS,$(BENCHK_FLAGS)) -D__ASSEMBLER__ -MMD -MP -c -o $@ $<

$(BUILD)/bench/kernel.elf: $(BENCHK_OBJS) $(KT_OUT)/kt.o $(KT_OUT)/start.S.o
	$(call say,LD,$@)
	$(Q)$(KT_LINK) -o $@ $^

-include $(wildcard $(BENCHK_OUT)/*.d)
