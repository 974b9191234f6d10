/* SPDX-License-Identifier: MIT */
/* Output to the kernel log without any help from a C library. */
#ifndef L4_SYS_KDEBUG_H
#define L4_SYS_KDEBUG_H

#include <l4/sys/vcon.h>

L4_INLINE void outnstring(const char *text, unsigned len) { l4_vcon_write(L4_BASE_LOG_CAP, text, len); }
L4_INLINE void outstring(const char *text) { outnstring(text, __builtin_strlen(text)); }
L4_INLINE void outchar(char c) { outnstring(&c, 1); }
L4_INLINE void outhex64(l4_umword_t value)
{
	char text[16];
	int i;

	for (i = 0; i < 16; i++)
		text[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15];
	outnstring(text, 16);
}
L4_INLINE void outdec(l4_umword_t value)
{
	char text[20];
	int i = 20;

	do
		text[--i] = '0' + value % 10;
	while (value /= 10);
	outnstring(text + i, 20 - i);
}
/** There is no debugger in the kernel: print the text and raise a breakpoint exception, which the exception handler reports. */
L4_INLINE void enter_kdebug(const char *text)
{
	outstring(text);
	__asm__ volatile("int3");
}

#endif
