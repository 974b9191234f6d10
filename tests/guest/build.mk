# SPDX-License-Identifier: MIT
# Builds the native example and test tasks: one C file each, with the C library.
GUEST := $(patsubst tests/guest/%.c,%,$(wildcard tests/guest/*.c))
GUEST_ELF := $(GUEST:%=$(BUILD)/guest/%.elf)

$(foreach g,$(GUEST),$(eval $(call native_program,guest/$(g),tests/guest/$(g).c)))
