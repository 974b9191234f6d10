/* SPDX-License-Identifier: GPL-2.0-only */
/* What drivers may ask of the Skerry backend. */
#ifndef _ASM_X86_L4_DEVICE_H
#define _ASM_X86_L4_DEVICE_H

#include <linux/types.h>

/* Create an IRQ object and a Linux interrupt that it triggers: its number or an error. */
int l4_irq_create(unsigned long *slot);

void l4_console_write(const char *s, size_t n);
ssize_t l4_console_read(char *s, size_t n);
/* Have input announced by a new interrupt: its number, 0 (no input) or an error. */
int l4_console_irq(void);

#endif
