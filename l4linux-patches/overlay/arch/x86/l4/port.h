/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the backend that see Linux share. */
#ifndef _X86_L4_PORT_H
#define _X86_L4_PORT_H

#include <linux/irqflags.h>
#include <linux/mm_types.h>
#include <linux/types.h>

#include <asm/desc.h>
#include <asm/l4.h>
#include <asm/ptrace.h>

#include "host.h"

/* mm->context.l4_task: a slot, none yet, or never again (the mm is being torn down). */
#define L4_TASK_NONE 0UL
#define L4_TASK_DEAD (~0UL)

struct l4_counters {
	unsigned long tasks_created, tasks_deleted, views;
	unsigned long faults_fast, faults_slow, faults_kernel;
	unsigned long mapped, flushes, flushes_all, flushes_fork, flushes_kernel;
	unsigned long map_failed, shrinks;
	unsigned long events, emulated;
};

extern struct l4_counters l4_counters;
extern const struct l4_info *l4_info;

/* entry.S */
void l4_entry(void);
unsigned long l4_save_fl(void);
void l4_irq_disable(void);
void l4_irq_enable(void);
unsigned long l4_read_cr2(void);

/* start.c */
asmlinkage __visible void l4_start_kernel(const void *boot_page);

/* cpu.c */
void __init l4_cpu_init(void);
bool l4_traps_ready(void);
DECLARE_PER_CPU(unsigned long, l4_cr3);
static __always_inline pgd_t *l4_pgd(void)
{
	return __va(this_cpu_read(l4_cr3) & CR3_ADDR_MASK);
}
void l4_set_cr3(unsigned long cr3);

/* irq.c, time.c */
void __init l4_irq_init(void);
void __init l4_time_init(void);
void __init l4_clock_init(void);
void l4_timer_event(void);
/* The label that the timer's IRQ object carries. */
#define L4_LABEL_TIMER 0x10UL
#define L4_LABEL_SHIFT 4
__visible void l4_kernel_irq(struct pt_regs *regs);
void l4_events_run(struct pt_regs *regs);

/* trap.c, emulate.c */
__visible void l4_user_trap(struct pt_regs *regs);
__visible void l4_kernel_trap(struct pt_regs *regs);
__visible void __noreturn l4_resume_failed(long tag);
bool l4_emulate(struct pt_regs *regs);

/* fault.c */
/* What Linux's page table says about an access. */
enum l4_fault {
	L4_FAULT_MAPPED,   /* permitted, and entered in the task */
	L4_FAULT_ABSENT,   /* no present entry */
	L4_FAULT_DENIED,   /* a present entry forbids it */
	L4_FAULT_NO_RAM,   /* an entry for something that is not RAM */
	L4_FAULT_NO_MEMORY, /* permitted, but the microkernel has no memory for the mapping */
};
/* Where the entry of 4 KiB for a fault's address is, or NULL. A table is freed only behind a flush: it is there while none was. */
struct l4_found {
	pteval_t *leaf;
	unsigned long flushes;
};
enum l4_fault l4_fault_user(unsigned long addr, unsigned long error, struct l4_found *found);
/* Linux has just handled this fault. */
void l4_fault_user_handled(unsigned long addr, unsigned long error, const struct l4_found *found);
/* @fresh: the same. */
enum l4_fault l4_fault_kernel(unsigned long addr, unsigned long error, bool fresh);

/* flush.c */
void __init l4_mmu_init(void);

/* task.c */
void __init l4_slots_init(void);
unsigned long l4_slot_alloc(void);
void l4_slot_free(unsigned long slot);
void l4_task_switch(struct mm_struct *mm);
bool l4_task_retry(void);
void l4_task_delete(struct mm_struct *mm);
unsigned long l4_task_current(void);
void l4_tasks_shrink(unsigned long keep);

/* console.c, power.c */
void __init l4_early_console(void);
void __init l4_power_init(void);

#endif
