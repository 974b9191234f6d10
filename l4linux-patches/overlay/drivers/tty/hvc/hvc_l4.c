// SPDX-License-Identifier: GPL-2.0-only
/* Console of a Linux server on Skerry: the vcon gate of its start-up page, or the kernel's log. */

#include <linux/console.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/types.h>

#include <asm/l4.h>
#include <asm/l4_device.h>

#include "hvc_console.h"

#define HVC_L4_COOKIE 0x4c34
#define HVC_L4_OUTBUF 256

static ssize_t hvc_l4_put(uint32_t vtermno, const u8 *buf, size_t count)
{
	l4_console_write((const char *)buf, count);
	return count;
}

static ssize_t hvc_l4_get(uint32_t vtermno, u8 *buf, size_t count)
{
	return l4_console_read((char *)buf, count);
}

static const struct hv_ops hvc_l4_ops = {
	.get_chars = hvc_l4_get,
	.put_chars = hvc_l4_put,
	.notifier_add = notifier_add_irq,
	.notifier_del = notifier_del_irq,
	.notifier_hangup = notifier_hangup_irq,
};

static int __init hvc_l4_console_init(void)
{
	if (!on_l4())
		return 0;
	hvc_instantiate(HVC_L4_COOKIE, 0, &hvc_l4_ops);
	add_preferred_console("hvc", 0, NULL);
	return 0;
}
console_initcall(hvc_l4_console_init);

static int __init hvc_l4_init(void)
{
	struct hvc_struct *hp;
	int irq;

	if (!on_l4())
		return 0;
	irq = l4_console_irq();
	if (irq < 0)
		irq = 0;
	hp = hvc_alloc(HVC_L4_COOKIE, irq, &hvc_l4_ops, HVC_L4_OUTBUF);
	return PTR_ERR_OR_ZERO(hp);
}
device_initcall(hvc_l4_init);
