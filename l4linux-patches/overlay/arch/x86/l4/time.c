// SPDX-License-Identifier: GPL-2.0-only
/* Time: the TSC is clock source, an IRQ object with a deadline is the clock event device. */

#include <linux/clockchips.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/time64.h>

#include <asm/hardirq.h>
#include <asm/tsc.h>
#include <asm/x86_init.h>

#include "port.h"

static unsigned long timer_slot;

static int timer_next(unsigned long delta_ns, struct clock_event_device *dev)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = l4host_timer_set(timer_slot, l4host_clock_ns() + delta_ns);
	local_irq_restore(flags);
	return err < 0 ? -ETIME : 0;
}

static int timer_stop(struct clock_event_device *dev)
{
	unsigned long flags;

	local_irq_save(flags);
	l4host_timer_set(timer_slot, L4_WAIT_FOREVER);
	local_irq_restore(flags);
	return 0;
}

static struct clock_event_device timer = {
	.name = "skerry",
	.features = CLOCK_EVT_FEAT_ONESHOT,
	.rating = 500,
	.set_next_event = timer_next,
	.set_state_shutdown = timer_stop,
	.set_state_oneshot_stopped = timer_stop,
};

void l4_timer_event(void)
{
	inc_irq_stat(apic_timer_irqs);
	timer.event_handler(&timer);
}

static unsigned long calibrate(void)
{
	return l4_info->tsc_khz;
}

static void get_wallclock(struct timespec64 *now)
{
	*now = ns_to_timespec64(l4_info->epoch_ns + l4host_clock_ns());
}

static int set_wallclock(const struct timespec64 *now)
{
	return -ENODEV;
}

void __init l4_time_init(void)
{
	unsigned long flags;
	int err;

	timer_slot = l4_slot_alloc();
	local_irq_save(flags);
	err = l4host_irq_create(timer_slot, L4_LABEL_TIMER);
	local_irq_restore(flags);
	if (err < 0)
		panic("no timer: error %d", err);
	timer.cpumask = cpumask_of(0);
	clockevents_config_and_register(&timer, NSEC_PER_SEC, 1000, LONG_MAX);
}

void __init l4_clock_init(void)
{
	x86_platform.calibrate_cpu = calibrate;
	x86_platform.calibrate_tsc = calibrate;
	x86_platform.get_wallclock = get_wallclock;
	x86_platform.set_wallclock = set_wallclock;
}
