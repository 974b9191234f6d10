// SPDX-License-Identifier: GPL-2.0-only
/* /proc/l4/counters: the microkernel's event counters, where the system description grants them. */

#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "port.h"

static int read_counters(struct l4_trace_counters *c)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = l4host_trace_counters(c);
	local_irq_restore(flags);
	return err;
}

static int counters_show(struct seq_file *m, void *v)
{
	struct l4_trace_counters c;

	if (read_counters(&c) < 0)
		return -EIO;
	seq_printf(m, "cr3_loads %lu\ntlb_flushes %lu\nkernel_entries %lu\nipcs %lu\n", c.cr3_loads,
		   c.tlb_flushes, c.kernel_entries, c.ipcs);
	seq_printf(m, "page_faults %lu\nirqs %lu\nswitches %lu\n", c.page_faults, c.irqs,
		   c.switches);
	return 0;
}

static int __init l4_counters_init(void)
{
	struct l4_trace_counters c;

	/* The folder is proc.c's, which is linked before. */
	if (on_l4() && read_counters(&c) >= 0)
		proc_create_single("l4/counters", 0444, NULL, counters_show);
	return 0;
}
late_initcall(l4_counters_init);
