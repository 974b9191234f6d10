# SPDX-License-Identifier: MIT
# Builds the runtime: libraries, root server and init.
RE := l4re
RE_OUT := $(BUILD)/l4re
RE_GCC_INC := $(shell $(CC) -print-file-name=include)
# All native user code; no FPU restriction: the kernel switches its state.
RE_FLAGS := -std=gnu11 -nostdinc -isystem $(RE_GCC_INC) -I$(RE)/abi -I$(RE)/include -DL4_API_FUNCTIONS \
	-fno-pic -fno-pie -march=x86-64 -mfsgsbase -fno-stack-protector -fcf-protection=none -fno-common \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -ffile-prefix-map=$(CURDIR)/= -O2 -g
RE_WARN := -Wall -Wextra -Werror -Wno-unused-parameter -Wstrict-prototypes -Wvla
# Programs without a C library: -ffreestanding and no loop becomes the function it implements.
RE_BARE := -ffreestanding -fno-tree-loop-distribute-patterns
RE_LINK := $(CC) -static -nostdlib -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	-Wl,-z,separate-code -Wl,-z,norelro -Wl,-Ttext-segment=0x400000 -Wl,--fatal-warnings

RE_LIB_SRC := $(filter-out $(RE)/lib/string.c,$(wildcard $(RE)/lib/*.c $(RE)/lib/virtio/*.c))
RE_LIB_OBJ := $(patsubst $(RE)/%.c,$(RE_OUT)/%.o,$(RE_LIB_SRC)) $(patsubst $(RE)/%.S,$(RE_OUT)/%.S.o,$(wildcard $(RE)/lib/*.S))
RE_STRING := $(RE_OUT)/lib/string.o
RE_ROOT_OBJ := $(patsubst $(RE)/%.c,$(RE_OUT)/%.o,$(wildcard $(RE)/server/root/*.c)) $(RE_OUT)/server/root/start.S.o
RE_INIT_OBJ := $(patsubst $(RE)/%.c,$(RE_OUT)/%.o,$(wildcard $(RE)/server/init/*.c))

ALL += $(BUILD)/root.elf $(BUILD)/init.elf

$(RE_OUT)/%.o: $(RE)/%.c $(RE)/build.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(RE_FLAGS) $(RE_BARE) $(RE_WARN) -MMD -MP -c -o $@ $<

$(RE_OUT)/%.S.o: $(RE)/%.S $(RE)/build.mk
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(RE_FLAGS) -D__ASSEMBLER__ -MMD -MP -c -o $@ $<

$(RE_OUT)/libl4re.a: $(RE_LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/root.elf: $(RE_ROOT_OBJ) $(RE_OUT)/libl4re.a $(RE_STRING)
	$(call say,LD,$@)
	$(Q)$(RE_LINK) -o $@ $^

# A bare server is start-up code, its objects, the runtime and the string functions.
RE_BARE_LIBS := $(RE_OUT)/libl4re.a $(RE_STRING)
$(BUILD)/init.elf: $(RE_INIT_OBJ) $(RE_BARE_LIBS)
	$(call say,LD,$@)
	$(Q)$(RE_LINK) -u _start -o $@ $^

-include $(RE_LIB_OBJ:.o=.d) $(RE_ROOT_OBJ:.o=.d) $(RE_INIT_OBJ:.o=.d) $(RE_STRING:.o=.d)
