/* SPDX-License-Identifier: GPL-2.0-only */
/* What drivers may ask of the Skerry backend. */
#ifndef _ASM_X86_L4_DEVICE_H
#define _ASM_X86_L4_DEVICE_H

#include <linux/types.h>

#include <asm/l4_session.h>

/* Session number @n, false behind the last. */
bool l4_session(unsigned int n, struct l4_session *session);
/* A Linux interrupt for the IRQ object in this slot: its number or an error. */
int l4_irq_attach(unsigned long slot);
void l4_irq_trigger(unsigned long slot);

/* Create an IRQ object and a Linux interrupt that it triggers: its number or an error. */
int l4_irq_create(unsigned long *slot);

void l4_console_write(const char *s, size_t n);
ssize_t l4_console_read(char *s, size_t n);
/* Have input announced by a new interrupt: its number, 0 (no input) or an error. */
int l4_console_irq(void);

#endif
