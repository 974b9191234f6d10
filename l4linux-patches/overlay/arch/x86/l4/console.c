// SPDX-License-Identifier: GPL-2.0-only
/* Console access for the early console here and for hvc_l4. */

#include <linux/console.h>
#include <linux/init.h>
#include <linux/string.h>

#include <asm/l4_device.h>

#include "port.h"

/* Callers' text may be anywhere; a fault while the UTCB is filled would spoil it. */
#define BOUNCE 256

void l4_console_write(const char *s, size_t n)
{
	char bounce[BOUNCE];

	while (n) {
		size_t part = min_t(size_t, n, sizeof(bounce));
		unsigned long flags;

		memcpy(bounce, s, part);
		local_irq_save(flags);
		l4host_console_write(bounce, part);
		local_irq_restore(flags);
		s += part;
		n -= part;
	}
}

ssize_t l4_console_read(char *s, size_t n)
{
	char bounce[BOUNCE];
	unsigned long flags;
	long got;

	local_irq_save(flags);
	got = l4host_console_read(bounce, min_t(size_t, n, sizeof(bounce)));
	local_irq_restore(flags);
	memcpy(s, bounce, got);
	return got;
}

int l4_console_irq(void)
{
	unsigned long slot, flags;
	int irq = l4_irq_create(&slot), err;

	if (irq < 0)
		return irq;
	local_irq_save(flags);
	err = l4host_console_bind(slot);
	local_irq_restore(flags);
	return err < 0 ? -ENODEV : irq;
}

static void early_write(struct console *con, const char *s, unsigned int n)
{
	l4_console_write(s, n);
}

static struct console early_console_l4 = {
	.name = "skerry",
	.write = early_write,
	.flags = CON_PRINTBUFFER | CON_BOOT | CON_ANYTIME,
	.index = -1,
};

void __init l4_early_console(void)
{
	register_console(&early_console_l4);
}
