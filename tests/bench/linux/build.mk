# SPDX-License-Identifier: MIT
# Builds the Linux benchmark, the small program it executes, and loads: static programs for any x86-64 Linux.
BENCHL := tests/bench/linux
BENCHL_SRC := $(wildcard $(BENCHL)/*.c)

.PHONY: bench-programs
bench-programs: $(BUILD)/bench/linux/bench $(BUILD)/bench/linux/small $(BUILD)/bench/linux/load
ALL += $(BUILD)/bench/linux/bench $(BUILD)/bench/linux/small $(BUILD)/bench/linux/load

$(BUILD)/bench/linux/bench: $(BENCHL_SRC) $(BENCHL)/bench.h $(BENCHL)/build.mk
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -O2 -static -pthread -Wall -Wextra -Werror -Wno-unused-parameter -Wno-unused-result \
		-ffile-prefix-map=$(CURDIR)/= -o $@ $(BENCHL_SRC)

$(BUILD)/bench/linux/small: $(BENCHL)/small.S $(BENCHL)/build.mk
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) -static -nostdlib -no-pie -Wl,--build-id=none -o $@ $<

$(BUILD)/bench/linux/load: tests/bench/programs/load.c $(BENCHL)/build.mk
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 -O1 -static -Wall -Wextra -Werror -Wno-unused-result -o $@ $<
