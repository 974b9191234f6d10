/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU state. In the kernel, GS base is the address of the CPU's struct.
 * Only the owning CPU touches it, with interrupts off.
 */
#ifndef CPU_H
#define CPU_H

#include "heap.h"
#include "list.h"

#define MAX_CPUS 16
#define PRIORITIES 256
#define TIMEOUT_CLASSES 32
#define TIMEOUT_CLASS_PRIORITIES (PRIORITIES / TIMEOUT_CLASSES)
#define NEVER (~0UL) /* of TSC values */

struct thread;
struct space;
struct iospace;

/* What TRACE_COUNTERS reports; each of entry.S's short calls and replies is an IPC and a switch. */
struct counters {
	u64 cr3_loads, tlb_flushes, kernel_entries, ipcs, page_faults, irqs, switches, short_ipcs;
};

/* Reasons why no call or reply may take the short way of entry.S. */
#define LONG_IPC_SLICE 1       /* the current thread's slice is counted */
#define LONG_IPC_TRACE 2       /* IPCs or switches are traced */
#define LONG_IPC_NO_XSAVEOPT 4 /* the CPU lacks the instruction */
#define LONG_IPC_LATE 8        /* time-outs of lesser classes than that of the running thread are due */

struct cpu {
	/* used by entry.S through generated offsets */
	struct cpu *self;
	u64 user_rsp;      /* scratch of the system call entry */
	u64 stack_top;     /* kernel stack, empty at every entry */
	struct thread *current;
	u64 cr3;           /* loaded now */
	u64 *tss_rsp0;     /* where the CPU pushes frames that come from ring 3 */
	struct counters count;
	u32 long_ipc;      /* LONG_IPC_* */
	bool need_resched; /* a better thread may be ready */
	struct thread *woken;      /* ready, in no queue, and the one to run next; or NULL */
	struct thread *fpu_owner;  /* whose state is in the FPU registers */
	struct thread *idle;
	struct iospace *io_loaded; /* whose bitmap is in the TSS, or NULL */

	u32 id;
	u32 apic_id;
	struct space *high_space;  /* whose high half may be in the TLB while idle: the last thread's own space */

	/* ready queues */
	u64 ready_map[PRIORITIES / 64];
	u64 ready_summary;
	struct list ready[PRIORITIES];

	/* time */
	struct heap timeouts[TIMEOUT_CLASSES]; /* by the priority of who waits */
	u32 timeout_map;   /* classes that have some */
	u64 timer_armed;   /* TSC value the timer is set to, ~0 = off */
	u64 budget_end;    /* TSC when the current thread's budget is used up, ~0 = its time is not counted */
	u64 slice_end;     /* TSC when the current thread's slice ends, ~0 = not counted */

	struct list zombies; /* objects to be destroyed, newest first */
	u64 zombie_seq;      /* number of the next one */
};

extern struct cpu cpus[MAX_CPUS];

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__("mov %%gs:0, %0" : "=r"(c));
	return c;
}

#endif
