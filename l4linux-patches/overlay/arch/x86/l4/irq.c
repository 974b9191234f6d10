// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: events that IRQ objects send to the vCPU. An event carries the
 * label of its IRQ object, which is the Linux interrupt number shifted.
 */

#include <linux/entry-common.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/percpu.h>

#include <asm/hw_irq.h>
#include <asm/irq_regs.h>
#include <asm/irq_stack.h>
#include <asm/l4_device.h>
#include <asm/paravirt.h>

#include "port.h"

/* An event that the idle loop received: it is handled when interrupts are next enabled. */
static DEFINE_PER_CPU(long, idle_event) = -1;

static void sticky_clear(u32 bits)
{
	u32 *sticky = (u32 *)(L4_VCPU_PAGE0 + L4_VCPU_OFF_STICKY);

	asm volatile("andl %1, %0" : "+m"(*sticky) : "ir"(~bits));
}

static void sticky_set(u32 bits)
{
	u32 *sticky = (u32 *)(L4_VCPU_PAGE0 + L4_VCPU_OFF_STICKY);

	asm volatile("orl %1, %0" : "+m"(*sticky) : "ir"(bits));
}

static long event_next(void)
{
	long event = this_cpu_read(idle_event);

	if (event < 0)
		return l4host_wait(0);
	this_cpu_write(idle_event, -1);
	return event;
}

static void events_handle(struct pt_regs *regs)
{
	struct pt_regs *old = set_irq_regs(regs);
	long event;

	sticky_clear(L4_VCPU_SF_IRQ_PENDING);
	while ((event = event_next()) >= 0) {
		l4_counters.events++;
		if (event == L4_LABEL_TIMER)
			l4_timer_event();
		else
			generic_handle_irq(event >> L4_LABEL_SHIFT);
	}
	set_irq_regs(old);
}

noinstr void l4_events_run(struct pt_regs *regs)
{
	irqentry_state_t state = irqentry_enter(regs);

	instrumentation_begin();
	run_sysvec_on_irqstack_cond(events_handle, regs);
	instrumentation_end();
	irqentry_exit(regs, state);
}

/* Events were pending when the kernel enabled interrupts. */
__visible noinstr void l4_kernel_irq(struct pt_regs *regs)
{
	l4_events_run(regs);
}

/* Idle: waits for an event and returns with interrupts enabled. */
static noinstr void l4_safe_halt(void)
{
	instrumentation_begin();
	if (this_cpu_read(idle_event) < 0)
		this_cpu_write(idle_event, l4host_wait(L4_WAIT_FOREVER));
	if (this_cpu_read(idle_event) >= 0)
		sticky_set(L4_VCPU_SF_IRQ_PENDING);
	instrumentation_end();
	raw_local_irq_enable();
}

static void l4_halt(void)
{
	if (irqs_disabled())
		for (;;)
			l4host_wait(L4_WAIT_FOREVER);
	raw_local_irq_disable();
	l4_safe_halt();
}

static void irq_chip_nop(struct irq_data *d)
{
}

static struct irq_chip l4_irq_chip = {
	.name = "skerry",
	.irq_ack = irq_chip_nop,
	.irq_mask = irq_chip_nop,
	.irq_unmask = irq_chip_nop,
};

/* A Linux interrupt for the IRQ object that @make puts into the slot or finds there. */
static int irq_connect(unsigned long slot, int (*make)(unsigned long slot, unsigned long label))
{
	int irq = irq_alloc_desc_from(NR_IRQS_LEGACY, 0), err;
	unsigned long flags;

	if (irq < 0)
		return irq;
	irq_set_chip_and_handler(irq, &l4_irq_chip, handle_simple_irq);
	local_irq_save(flags);
	err = make(slot, (unsigned long)irq << L4_LABEL_SHIFT);
	local_irq_restore(flags);
	if (err >= 0)
		return irq;
	irq_free_desc(irq);
	return -ENOMEM;
}

int l4_irq_create(unsigned long *slot)
{
	unsigned long s = l4_slot_alloc();
	int irq;

	if (!s)
		return -ENOSPC;
	irq = irq_connect(s, l4host_irq_create);
	if (irq < 0)
		l4_slot_free(s);
	else
		*slot = s;
	return irq;
}

int l4_irq_attach(unsigned long slot)
{
	return irq_connect(slot, l4host_irq_bind);
}

void l4_irq_trigger(unsigned long slot)
{
	unsigned long flags;

	local_irq_save(flags);
	l4host_irq_trigger(slot);
	local_irq_restore(flags);
}

bool l4_session(unsigned int n, struct l4_session *session)
{
	return l4host_session(n, session);
}

void __init l4_irq_init(void)
{
	pv_ops.irq.safe_halt = l4_safe_halt;
	pv_ops.irq.halt = l4_halt;
}
