# SPDX-License-Identifier: MIT
# Builds the kernel tests: build/ktest/NAME.elf from NAME.c and the common frame.
KT := tests/guest/ktest
KT_OUT := $(BUILD)/ktest
KT_NAMES := $(patsubst $(KT)/t_%.c,%,$(wildcard $(KT)/t_*.c))
KT_FLAGS := -std=gnu11 -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) -Il4re/abi \
	-DL4_API_FUNCTIONS -fno-pic -fno-pie -march=x86-64 -mfsgsbase -fno-stack-protector -fcf-protection=none \
	-fno-common -fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-tree-loop-distribute-patterns \
	-ffile-prefix-map=$(CURDIR)/= -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-maybe-uninitialized -Wstrict-prototypes \
	-Wvla
KT_LINK := $(CC) -static -nostdlib -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	-Wl,-z,separate-code -Wl,-z,norelro -Wl,--no-warn-rwx-segments -Wl,-Ttext-segment=0x400000

.PHONY: ktest
ktest: $(KT_NAMES:%=$(KT_OUT)/%.elf)
ALL += $(KT_NAMES:%=$(KT_OUT)/%.elf)

$(KT_OUT)/%.o: $(KT)/%.c $(KT)/build.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KT_FLAGS) -MMD -MP -c -o $@ $<

$(KT_OUT)/%.S.o: $(KT)/%.S $(KT)/build.mk
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -DL4_API_FUNCTIONS,$(KT_FLAGS)) -D__ASSEMBLER__ -MMD -MP -c -o $@ $<

.PRECIOUS: $(KT_OUT)/%.o $(KT_OUT)/%.S.o
$(KT_OUT)/vcpu.elf: $(KT_OUT)/vcpu_run.S.o
$(KT_OUT)/isolation.elf: $(KT_OUT)/spin.S.o
$(KT_OUT)/call.elf: $(KT_OUT)/call_run.S.o
$(KT_OUT)/%.elf: $(KT_OUT)/t_%.o $(KT_OUT)/kt.o $(KT_OUT)/start.S.o
	$(call say,LD,$@)
	$(Q)$(KT_LINK) -o $@ $^

-include $(wildcard $(KT_OUT)/*.d)
