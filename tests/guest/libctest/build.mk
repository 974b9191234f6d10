# SPDX-License-Identifier: MIT
# Builds the test of the C library: build/libctest.elf.
$(eval $(call native_program,libctest,$(sort $(wildcard tests/guest/libctest/*.c))))
