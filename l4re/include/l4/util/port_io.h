/* SPDX-License-Identifier: MIT */
/* I/O port instructions. The task must own the port. */
#ifndef L4_UTIL_PORT_IO_H
#define L4_UTIL_PORT_IO_H

#include <l4/sys/types.h>

static inline l4_uint8_t l4util_in8(l4_uint16_t port)
{
	l4_uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline l4_uint16_t l4util_in16(l4_uint16_t port)
{
	l4_uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline l4_uint32_t l4util_in32(l4_uint16_t port)
{
	l4_uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline void l4util_out8(l4_uint8_t v, l4_uint16_t port) { __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port)); }
static inline void l4util_out16(l4_uint16_t v, l4_uint16_t port) { __asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port)); }
static inline void l4util_out32(l4_uint32_t v, l4_uint16_t port) { __asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port)); }

#endif
