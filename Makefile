# SPDX-License-Identifier: MIT
# Skerry's build: sets the common variables, includes each part's build.mk, adds the goals.
#
# A part's build.mk appends what it builds to ALL and writes recipes as
#	$(call say,CC,$@)
#	$(Q)$(CC) ...
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
SHELL := /bin/sh

# The tool named on the command line or in the environment, else the second argument.
tool = $(if $(filter default undefined,$(origin $(1))),$(2),$($(1)))
CC := $(call tool,CC,gcc)
LD := $(call tool,LD,ld)
AR := $(call tool,AR,ar)
OBJCOPY := $(call tool,OBJCOPY,objcopy)
STRIP := $(call tool,STRIP,strip)
HOSTCC := $(call tool,HOSTCC,$(CC))
PYTHON := $(call tool,PYTHON,python3)

BUILD := build
CONF ?= linux
V ?=
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$(2)')

ALL :=
.PHONY: all
all:

goals := $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out help clean distclean,$(goals)),)
# Made before everything else: installs what is missing on this machine.
include $(BUILD)/setup.mk
endif
$(BUILD)/setup.mk: tools/setup
	@tools/setup $@

ifneq ($(filter bench,$(goals)),)
include $(BUILD)/setup-bench.mk
endif
$(BUILD)/setup-bench.mk: tools/setup
	@tools/setup --bench $@

-include microkernel/build.mk
-include l4re/build.mk
-include l4re/libc/build.mk
-include drivers/build.mk
-include examples/build.mk
-include tests/guest/build.mk
-include tests/guest/libctest/build.mk
-include tests/guest/ktest/build.mk
-include tests/bench/kernel/build.mk
-include tests/bench/linux/build.mk
-include conf/build.mk
-include l4linux-patches/build.mk
-include rootfs/build.mk
-include tools/qemu/build.mk

.PHONY: run gdb trace test test-long bench lint clean distclean help
all: $(ALL)

run: all
	@tools/run --conf $(CONF) $(RUN_$(CONF)) $(RUN)

gdb: all
	@tools/gdb/start --conf $(CONF) $(RUN_$(CONF)) $(RUN)

trace: all
	@tools/trace $(if $(RUN),--conf $(CONF)) $(RUN)

test: all
	@tests/run $(TEST)

test-long: all
	@tests/run --long $(TEST)

# The full run also needs what is compared with: other packages, another build of Linux.
bench: all bench-programs
ifeq ($(QUICK),)
	@tests/bench/peers
endif
	@tools/bench $(if $(QUICK),--quick) $(BENCH)

lint:
	@tools/lint

clean:
	$(Q)for d in $(BUILD)/*; do case $$d in $(BUILD)/linux|$(BUILD)/musl|$(BUILD)/debian) ;; *) rm -rf "$$d" ;; esac; done

distclean:
	$(Q)rm -rf $(BUILD)

help:
	@echo 'make             build everything into $(BUILD)/'
	@echo 'make run         boot Linux on Skerry in this terminal (Ctrl-A X ends)'
	@echo '                 CONF=debian: Debian 12 on a disk, which is made first (make debian)'
	@echo '                 CONF=native: another description of conf/; RUN="...": options of tools/run'
	@echo 'make test        all tests; TEST="..." chooses (tests/run --help)'
	@echo 'make test-long   the same at full length: hours'
	@echo 'make gdb         boot halted with gdb attached, symbols of kernel, servers and Linux'
	@echo 'make trace       what the microkernel does, for ui.perfetto.dev, into $(BUILD)/trace.json'
	@echo 'make lint        the rules of the tree'
	@echo 'make bench       measurements into build/bench/report.md; QUICK=1: Skerry and native, some minutes'
	@echo 'make clean       remove outputs but Linux, musl and the Debian disk; distclean: all'
	@echo 'V=1              show the commands'
