# SPDX-License-Identifier: GPL-2.0-only
# Builds the kernel: build/skerry.elf (symbols, for gdb) and build/skerry.elf32 (what QEMU and GRUB load).
MK := microkernel
MK_OUT := $(BUILD)/microkernel
MK_FLAGS := -std=gnu11 -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
	-I$(MK)/include -I$(MK)/arch/x86_64 -Il4re/abi -I$(MK_OUT) \
	-fpie -mcmodel=small -fvisibility=hidden -mno-red-zone -mgeneral-regs-only -march=x86-64 \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-fno-delete-null-pointer-checks -fno-common -ffile-prefix-map=$(CURDIR)/= -O2 -g \
	-include $(MK)/include/visibility.h
MK_WARN := -Wall -Wextra -Werror -Wno-unused-parameter -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wframe-larger-than=1024
MK_SOURCES := $(sort $(filter-out %/offsets.c,$(wildcard $(MK)/*/*.c $(MK)/arch/x86_64/*.c)))
MK_ASM := $(sort $(wildcard $(MK)/arch/x86_64/*.S))
MK_OBJECTS := $(MK_SOURCES:$(MK)/%.c=$(MK_OUT)/%.o) $(MK_ASM:$(MK)/%.S=$(MK_OUT)/%.S.o)
MK_OFFSETS := $(wildcard $(MK)/arch/x86_64/offsets.c)
MK_LINK = $(LD) -static -nostdlib --build-id=none -z max-page-size=4096 -z noexecstack \
	--no-warn-rwx-segments --orphan-handling=error -T $(MK)/arch/x86_64/kernel.ld

ALL += $(BUILD)/skerry.elf $(BUILD)/skerry.elf32
.PHONY: kernel
kernel: $(BUILD)/skerry.elf32

$(MK_OUT)/%.o: $(MK)/%.c $(MK)/build.mk $(if $(MK_OFFSETS),$(MK_OUT)/offsets.h)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MK_FLAGS) $(MK_WARN) -MMD -MP -c -o $@ $<

$(MK_OUT)/%.S.o: $(MK)/%.S $(MK)/build.mk $(if $(MK_OFFSETS),$(MK_OUT)/offsets.h)
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -include %/visibility.h,$(MK_FLAGS)) -D__ASSEMBLER__ -MMD -MP -c -o $@ $<

# offsets.c says DEFINE(NAME, value), which leaves "->NAME value" in the assembly.
$(MK_OUT)/offsets.h: $(MK_OFFSETS) $(MK)/build.mk
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MK_FLAGS) -MMD -MP -MT $@ -MF $(MK_OUT)/offsets.d -S -o $(MK_OUT)/offsets.s $<
	$(Q)sed -n 's/^->\([A-Za-z0-9_]*\) \$$*\(-*[0-9]*\).*/#define \1 \2/p' $(MK_OUT)/offsets.s >$@

# The symbol table is linked in at the second pass; it lies behind the text, so no address in it changes.
$(MK_OUT)/pass1.elf: $(MK_OBJECTS) $(MK_OUT)/ksyms0.o $(MK)/arch/x86_64/kernel.ld
	$(Q)$(MK_LINK) -o $@ $(filter %.o,$^)

$(MK_OUT)/ksyms0.S: tools/ksyms.py
	@mkdir -p $(@D)
	$(Q)$(PYTHON) tools/ksyms.py >$@

$(MK_OUT)/ksyms.S: $(MK_OUT)/pass1.elf tools/ksyms.py
	$(Q)$(PYTHON) tools/ksyms.py $< >$@

$(MK_OUT)/ksyms0.o $(MK_OUT)/ksyms.o: %.o: %.S
	$(Q)$(CC) -c -o $@ $<

$(BUILD)/skerry.elf: $(MK_OBJECTS) $(MK_OUT)/ksyms.o
	$(call say,LD,$@)
	$(Q)$(MK_LINK) -o $@ $^

$(BUILD)/skerry.elf32: $(BUILD)/skerry.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(OBJCOPY) -O elf32-i386 -g $< $@

-include $(MK_OBJECTS:.o=.d) $(MK_OUT)/offsets.d
