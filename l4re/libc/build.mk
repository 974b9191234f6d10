# SPDX-License-Identifier: MIT
# Builds the C library of native programs: musl, and the layer beneath it that takes the place of system calls.
#
# A program with the C library:
#	$(eval $(call native_program,NAME,SOURCES))
# builds build/NAME.elf of the C sources (paths from the top of the tree) and appends it to ALL.
# Or by hand: compile with RE_C_FLAGS, depend on RE_C_DEPS, link the program's objects ($^) with RE_C_LINK.
LIBC := $(RE)/libc
LIBC_OUT := $(RE_OUT)/libc
MUSL := $(BUILD)/musl
MUSL_STAMP := $(MUSL)/stamp
MUSL_LIB := $(MUSL)/current/lib/libc.a
MUSL_CFLAGS := -O2 -g -fno-pic -fno-pie -march=x86-64 -mfsgsbase -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables
LIBC_SRC := $(filter-out $(LIBC)/start.c,$(wildcard $(LIBC)/*.c))
LIBC_OBJ := $(LIBC_SRC:$(RE)/%.c=$(RE_OUT)/%.o) $(LIBC_OUT)/thread.S.o

RE_C_FLAGS := -isystem $(MUSL)/current/include $(RE_FLAGS) -I$(LIBC)/include
RE_C_START := $(LIBC_OUT)/start.o
RE_C_LIBS := $(LIBC_OUT)/libc.a $(RE_OUT)/libl4re.a
RE_C_DEPS := $(RE_C_START) $(RE_C_LIBS)
RE_C_LINK = $(RE_LINK) -u _start -o $@ $(RE_C_START) $(filter-out $(RE_C_START),$(filter %.o,$^)) \
	-Wl,--start-group $(RE_C_LIBS) $(shell $(CC) -print-libgcc-file-name) -Wl,--end-group

# The stamp changes only when the library does; what makes another library is its prerequisite.
$(MUSL_STAMP): $(MUSL)/checked
	@cmp -s $@ $(MUSL)/current/key || cp $(MUSL)/current/key $@
$(MUSL)/checked: $(LIBC)/musl-fetch $(LIBC)/musl-build $(LIBC)/build.mk $(shell find $(LIBC)/overlay -type f)
	$(call say,MUSL,$(MUSL_LIB))
	@mkdir -p $(@D)
	$(Q)$(LIBC)/musl-fetch $(abspath $(MUSL))
	$(Q)CC='$(CC)' AR='$(AR)' CFLAGS='$(MUSL_CFLAGS)' $(LIBC)/musl-build $(abspath $(MUSL)) $(abspath $(LIBC)/overlay) 2
	@touch $@
$(MUSL_LIB): $(MUSL_STAMP) ;

# Ordinary C, but no stack protector and no calls of the functions that are being written here.
$(LIBC_OUT)/%.o: $(LIBC)/%.c $(MUSL_STAMP) $(RE)/build.mk $(LIBC)/build.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(RE_C_FLAGS) $(RE_BARE) $(RE_WARN) -MMD -MP -c -o $@ $<

$(LIBC_OUT)/%.S.o: $(LIBC)/%.S $(RE)/build.mk $(LIBC)/build.mk
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(RE_FLAGS) -UL4_API_FUNCTIONS -D__ASSEMBLER__ -MMD -MP -c -o $@ $<

# One archive: musl and the layer need each other. Appended, since musl has files of the same names.
$(LIBC_OUT)/libc.a: $(MUSL_STAMP) $(LIBC_OBJ)
	$(call say,AR,$@)
	$(Q)new=$@.$$$$; cp $(MUSL_LIB) $$new && $(AR) q $$new $(LIBC_OBJ) && $(AR) s $$new && mv $$new $@

$(BUILD)/native/%.o: %.c $(MUSL_STAMP) $(RE)/build.mk $(LIBC)/build.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(RE_C_FLAGS) $(RE_WARN) -MMD -MP -c -o $@ $<

define native_program
ALL += $(BUILD)/$(1).elf
$(BUILD)/$(1).elf: $(patsubst %.c,$(BUILD)/native/%.o,$(2)) $(RE_C_DEPS)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(RE_C_LINK)
-include $(patsubst %.c,$(BUILD)/native/%.d,$(2))
endef

-include $(LIBC_OBJ:.o=.d) $(RE_C_START:.o=.d)

# Programs for users, not for one test.
$(eval $(call native_program,cyclictest,l4re/tools/cyclictest.c))
