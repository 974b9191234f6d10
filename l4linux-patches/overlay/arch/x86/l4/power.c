// SPDX-License-Identifier: GPL-2.0-only
/* Power off, restart and panic: end this Linux, nothing else, by telling its parent. */

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/panic_notifier.h>
#include <linux/pm.h>
#include <linux/reboot.h>

#include <asm/reboot.h>

#include "port.h"

static void __noreturn leave(enum l4_exit why, unsigned long status)
{
	local_irq_disable();
	l4host_exit(why, status);
	BUG();
}

static void l4_restart(char *cmd)
{
	leave(L4_EXIT_REBOOT, 0);
}

static void l4_emergency_restart(void)
{
	leave(L4_EXIT_REBOOT, 0);
}

static void l4_power_off(void)
{
	leave(L4_EXIT_POWER_OFF, 0);
}

static void l4_shutdown(void)
{
}

static const struct machine_ops l4_machine_ops __initconst = {
	.restart = l4_restart,
	.halt = l4_power_off,
	.power_off = l4_power_off,
	.shutdown = l4_shutdown,
	.emergency_restart = l4_emergency_restart,
};

static int panic_leave(struct notifier_block *nb, unsigned long event, void *text)
{
	leave(L4_EXIT_PANIC, 0);
}

static struct notifier_block panic_block = {
	.notifier_call = panic_leave,
	.priority = INT_MIN,
};

void __init l4_power_init(void)
{
	machine_ops = l4_machine_ops;
	pm_power_off = l4_power_off;
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
}
