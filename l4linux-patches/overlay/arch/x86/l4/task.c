// SPDX-License-Identifier: GPL-2.0-only
/*
 * The L4 task of an mm: created when the mm is first loaded, deleted before
 * its page tables are torn down. At any time one task is the vCPU's view.
 * Everything here runs with interrupts off or takes them off.
 */

#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>

#include <asm/pgtable.h>

#include "port.h"

#define SLOTS 65536

/* Microkernel memory that no new process may take: what the others need to go on, one at a time. */
#define RESERVE (192UL << 10)
/* Fewer processes cannot use it up. */
#define TASKS_FEW 32

static DECLARE_BITMAP(slots_used, SLOTS);
static DECLARE_BITMAP(slots_task, SLOTS); /* those that hold the task of an mm */
static unsigned long slot_next;
static DEFINE_PER_CPU(unsigned long, view);

void __init l4_slots_init(void)
{
	bitmap_set(slots_used, 0, l4_info->first_free_slot);
	slot_next = l4_info->first_free_slot;
}

/* A free slot, or 0. */
unsigned long l4_slot_alloc(void)
{
	unsigned long slot, flags;

	local_irq_save(flags);
	slot = find_next_zero_bit(slots_used, SLOTS, slot_next);
	if (slot >= SLOTS)
		slot = find_next_zero_bit(slots_used, SLOTS, l4_info->first_free_slot);
	if (slot < SLOTS) {
		__set_bit(slot, slots_used);
		slot_next = slot + 1;
	}
	local_irq_restore(flags);
	return slot < SLOTS ? slot : 0;
}

void l4_slot_free(unsigned long slot)
{
	unsigned long flags;

	local_irq_save(flags);
	__clear_bit(slot, slots_used);
	__clear_bit(slot, slots_task);
	if (slot < slot_next)
		slot_next = slot;
	local_irq_restore(flags);
}

/* The task whose memory is the lower half of the address space, or 0. */
unsigned long l4_task_current(void)
{
	return this_cpu_read(view);
}

/* Tasks are caches: emptying all but one gives the microkernel's memory back. */
void l4_tasks_shrink(unsigned long keep)
{
	unsigned long slot;

	l4_counters.shrinks++;
	for_each_set_bit(slot, slots_task, SLOTS)
		if (slot != keep)
			l4host_task_unmap(slot, 0, TASK_SIZE_MAX - PAGE_SIZE,
					  L4_RIGHT_R | L4_RIGHT_W | L4_RIGHT_X);
}

/* Whether there is memory for one more process. */
static bool task_affordable(void)
{
	if (l4_counters.tasks_created - l4_counters.tasks_deleted < TASKS_FEW)
		return true;
	if (l4host_quota_left() >= RESERVE)
		return true;
	l4_tasks_shrink(l4_task_current());
	return l4host_quota_left() >= RESERVE;
}

static unsigned long task_create(void)
{
	unsigned long slot = task_affordable() ? l4_slot_alloc() : 0;

	if (!slot)
		return 0;
	if (l4host_task_create(slot) < 0) {
		l4_tasks_shrink(l4_task_current());
		if (l4host_task_create(slot) < 0) {
			l4_slot_free(slot);
			return 0;
		}
	}
	__set_bit(slot, slots_task);
	l4_counters.tasks_created++;
	return slot;
}

static void view_set(unsigned long slot)
{
	if (slot == this_cpu_read(view))
		return;
	l4_counters.views++;
	if (l4host_set_view(slot) < 0) {
		/* Never stay in another process's memory. */
		l4host_set_view(0);
		this_cpu_write(view, 0);
		l4_tasks_shrink(l4_task_current());
		if (!slot || l4host_set_view(slot) < 0)
			return;
	}
	this_cpu_write(view, slot);
}

/* @mm's page table was loaded: run on its task. Without one, the next resume fails. */
void l4_task_switch(struct mm_struct *mm)
{
	unsigned long slot = mm->context.l4_task, flags;

	local_irq_save(flags);
	if (slot == L4_TASK_NONE) {
		slot = task_create();
		mm->context.l4_task = slot;
	}
	view_set(slot == L4_TASK_DEAD ? 0 : slot);
	local_irq_restore(flags);
}

/* The process has no task, for lack of memory; perhaps there is some by now. */
bool l4_task_retry(void)
{
	struct mm_struct *mm = current->mm;

	if (mm && mm->context.l4_task != L4_TASK_DEAD)
		l4_task_switch(mm);
	return l4_task_current() != 0;
}

/* No user code will run in @mm again. */
void l4_task_delete(struct mm_struct *mm)
{
	unsigned long slot = mm->context.l4_task, flags;

	mm->context.l4_task = L4_TASK_DEAD;
	if (slot == L4_TASK_NONE || slot == L4_TASK_DEAD)
		return;
	local_irq_save(flags);
	l4host_cap_delete(slot);
	if (slot == this_cpu_read(view))
		this_cpu_write(view, 0);
	l4_counters.tasks_deleted++;
	l4_slot_free(slot);
	local_irq_restore(flags);
}
