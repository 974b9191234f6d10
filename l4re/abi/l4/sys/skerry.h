/* SPDX-License-Identifier: MIT */
/*
 * Skerry's own operations, which other L4 systems do not have: ranges,
 * statistics, views, timers of IRQ objects, physical memory, trace.
 */
#ifndef L4_SYS_SKERRY_H
#define L4_SYS_SKERRY_H

#include <l4/sys/ipc.h>

/** Revoke rights in [first, last] (page addresses, inclusive) of task; right W. mask_rights = L4_FP_* | L4_FPAGE_* rights. */
L4_INLINE l4_msgtag_t l4_task_unmap_range_u(l4_cap_idx_t task, l4_addr_t first, l4_addr_t last, l4_umword_t mask_rights,
					    l4_utcb_t *u)
{
	u->msg.mr[0] = L4_TASK_UNMAP_RANGE_OP;
	u->msg.mr[1] = mask_rights;
	u->msg.mr[2] = first;
	u->msg.mr[3] = last;
	return l4_invoke(task, L4_PROTO_TASK, 4, u);
}

typedef struct l4_task_stats_t {
	l4_umword_t global_id, kernel_bytes, pages;
} l4_task_stats_t;

/** Kernel memory and pages of a task. */
L4_INLINE l4_msgtag_t l4_task_stats_u(l4_cap_idx_t task, l4_task_stats_t *st, l4_utcb_t *u)
{
	l4_msgtag_t tag;

	u->msg.mr[0] = L4_TASK_STATS_OP;
	tag = l4_invoke(task, L4_PROTO_TASK, 1, u);
	if (l4_error_u(tag, u) >= 0) {
		st->global_id = u->msg.mr[0];
		st->kernel_bytes = u->msg.mr[1];
		st->pages = u->msg.mr[2];
	}
	return tag;
}

/** The calling vCPU's lower half becomes that of task (right W); L4_INVALID_CAP: none. */
L4_INLINE l4_msgtag_t l4_thread_set_view_u(l4_cap_idx_t thread, l4_cap_idx_t task, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_THREAD_SET_VIEW_OP;
	u->msg.mr[1] = task;
	return l4_invoke(thread, L4_PROTO_THREAD, 2, u);
}

/** Debug registers of the calling vCPU's user mode: dr[0..3], dr[4] = DR7; *dr6 = DR6, then cleared. */
L4_INLINE l4_msgtag_t l4_thread_debug_regs_u(l4_cap_idx_t thread, const l4_umword_t dr[5], l4_umword_t *dr6, l4_utcb_t *u)
{
	l4_msgtag_t tag;
	unsigned i;

	u->msg.mr[0] = L4_THREAD_DEBUG_REGS_OP;
	for (i = 0; i < 5; i++)
		u->msg.mr[1 + i] = dr[i];
	tag = l4_invoke(thread, L4_PROTO_THREAD, 6, u);
	if (dr6 && l4_error_u(tag, u) >= 0)
		*dr6 = u->msg.mr[0];
	return tag;
}

/** Trigger irq at a point of the kernel clock (ns); L4_TIMEOUT_NEVER stops the timer. */
L4_INLINE l4_msgtag_t l4_irq_set_timer_u(l4_cap_idx_t irq, l4_kernel_clock_t when, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_IRQ_OP_SET_TIMER;
	u->msg.mr[1] = when;
	return l4_invoke(irq, L4_PROTO_IRQ, 2, u);
}

/** Quota of a factory in bytes, and how much of it is used. */
L4_INLINE l4_msgtag_t l4_factory_info_u(l4_cap_idx_t factory, l4_umword_t *limit, l4_umword_t *used, l4_utcb_t *u)
{
	l4_msgtag_t tag;

	u->msg.mr[0] = L4_FACTORY_INFO;
	tag = l4_invoke(factory, L4_PROTO_FACTORY, 1, u);
	if (l4_error_u(tag, u) >= 0) {
		*limit = u->msg.mr[0];
		*used = u->msg.mr[1];
	}
	return tag;
}

/** Root task: enter physical memory (flexpage of order 12, 21, 30 or more) at virt | cache attribute. */
L4_INLINE l4_msgtag_t l4_physmem_map_u(l4_cap_idx_t physmem, l4_fpage_t phys, l4_umword_t virt, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_PHYSMEM_MAP_OP;
	u->msg.mr[1] = phys.raw;
	u->msg.mr[2] = virt;
	return l4_invoke(physmem, L4_PROTO_PHYSMEM, 3, u);
}

typedef struct l4_counters_t {
	l4_umword_t cr3_loads, tlb_flushes, kernel_entries, ipcs, page_faults, free_kernel_bytes, irqs, switches;
} l4_counters_t;

/** Counters of the kernel. */
L4_INLINE l4_msgtag_t l4_trace_counters_u(l4_cap_idx_t trace, l4_counters_t *c, l4_utcb_t *u)
{
	l4_msgtag_t tag;

	u->msg.mr[0] = L4_TRACE_COUNTERS_OP;
	tag = l4_invoke(trace, L4_PROTO_TRACE, 1, u);
	if (l4_error_u(tag, u) >= 0)
		__builtin_memcpy(c, u->msg.mr, sizeof(*c));
	return tag;
}
/** Select the event classes to record; *old = the mask before. */
L4_INLINE l4_msgtag_t l4_trace_mask_u(l4_cap_idx_t trace, l4_umword_t mask, l4_umword_t *old, l4_utcb_t *u)
{
	l4_msgtag_t tag;

	u->msg.mr[0] = L4_TRACE_MASK_OP;
	u->msg.mr[1] = mask;
	tag = l4_invoke(trace, L4_PROTO_TRACE, 2, u);
	if (old && l4_error_u(tag, u) >= 0)
		*old = u->msg.mr[0];
	return tag;
}

#endif
