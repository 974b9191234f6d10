/* SPDX-License-Identifier: MIT */
/* A place in a program that an observer of the emulator can see: tools/qemu/steps.c. */
#ifndef L4_UTIL_MARK_H
#define L4_UTIL_MARK_H

/** Opcode and displacement of the instruction: a nop that no compiler makes. */
#define L4UTIL_MARK_BYTES { 0x0f, 0x1f, 0x80, 0x6d, 0x41, 0x72, 0x6b }

/** Does nothing. */
static inline void l4util_mark(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x6d, 0x41, 0x72, 0x6b" : : : "memory");
}

#endif
