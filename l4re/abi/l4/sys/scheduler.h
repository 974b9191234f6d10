/* SPDX-License-Identifier: MIT */
/* Scheduler: on which CPU, at which priority, for how much of the time a thread runs. */
#ifndef L4_SYS_SCHEDULER_H
#define L4_SYS_SCHEDULER_H

#include <l4/sys/ipc.h>

typedef struct l4_sched_cpu_set_t {
	l4_umword_t gran_offset; /**< granularity << 24 | first CPU */
	l4_umword_t map;
} l4_sched_cpu_set_t;

typedef struct l4_sched_param_t {
	l4_sched_cpu_set_t affinity;
	l4_umword_t prio;
	l4_umword_t quantum; /**< time slice in ns, 0 = default */
	/**
	 * CPU time in ns that the thread may use in any span of `period` ns (a sporadic server); both 0 = unlimited. Else
	 * L4_SCHED_BUDGET_MIN <= budget <= period, L4_SCHED_PERIOD_MIN <= period <= L4_SCHED_PERIOD_MAX.
	 */
	l4_umword_t budget, period;
	/** Priority while the budget is used up, below prio: that time is not counted. 0 = it does not run. */
	l4_umword_t low_prio;
} l4_sched_param_t;

L4_INLINE l4_sched_cpu_set_t l4_sched_cpu_set(l4_umword_t offset, unsigned char granularity, l4_umword_t map)
{
	return (l4_sched_cpu_set_t){ ((l4_umword_t)granularity << 24) | (offset & 0xffffff), map };
}
/** Priority 1..255 on any CPU, no budget. */
L4_INLINE l4_sched_param_t l4_sched_param(unsigned prio, l4_umword_t quantum)
{
	return (l4_sched_param_t){ .affinity = { 0, ~0UL }, .prio = prio, .quantum = quantum };
}

/** Number of CPUs and the map of those online. */
L4_INLINE l4_msgtag_t l4_scheduler_info_u(l4_cap_idx_t sched, l4_umword_t *cpu_max, l4_sched_cpu_set_t *cpus, l4_utcb_t *u)
{
	l4_msgtag_t tag;

	u->msg.mr[0] = L4_SCHEDULER_INFO_OP;
	tag = l4_invoke(sched, L4_PROTO_SCHEDULER, 1, u);
	if (l4_error_u(tag, u) >= 0) {
		if (cpu_max)
			*cpu_max = u->msg.mr[0];
		if (cpus)
			cpus->map = u->msg.mr[1];
	}
	return tag;
}
L4_INLINE l4_msgtag_t l4_scheduler_info(l4_cap_idx_t sched, l4_umword_t *cpu_max, l4_sched_cpu_set_t *cpus)
{
	return l4_scheduler_info_u(sched, cpu_max, cpus, l4_utcb());
}

/**
 * Run thread (right S) with these parameters. It goes along as selector, for
 * the kernel, and as map item, for servers that stand between. What a thread has used of its budget before counts
 * against the new one. -L4_EPERM without right W; -L4_EINVAL parameters; -L4_ENOENT no thread, or without the right; -L4_ENOMEM
 * no kernel memory for a first budget. Root's scheduler, in a component that has a budget, also: l4/re/protocols.h.
 */
L4_INLINE l4_msgtag_t l4_scheduler_run_thread_u(l4_cap_idx_t sched, l4_cap_idx_t thread, const l4_sched_param_t *sp,
						l4_utcb_t *u)
{
	u->msg.mr[0] = L4_SCHEDULER_RUN_THREAD_OP;
	u->msg.mr[1] = sp->affinity.gran_offset;
	u->msg.mr[2] = sp->affinity.map;
	u->msg.mr[3] = sp->prio;
	u->msg.mr[4] = sp->quantum;
	u->msg.mr[5] = sp->budget;
	u->msg.mr[6] = sp->period;
	u->msg.mr[7] = sp->low_prio;
	u->msg.mr[8] = thread;
	u->msg.mr[9] = L4_ITEM_MAP;
	u->msg.mr[10] = l4_obj_fpage(thread, 0, L4_CAP_FPAGE_RWS).raw;
	return l4_ipc_call(sched, u, l4_msgtag(L4_PROTO_SCHEDULER, 9, 1, 0), L4_IPC_NEVER);
}
L4_INLINE l4_msgtag_t l4_scheduler_run_thread(l4_cap_idx_t sched, l4_cap_idx_t thread, const l4_sched_param_t *sp)
{
	return l4_scheduler_run_thread_u(sched, thread, sp, l4_utcb());
}

/** Idle time in ns of the first CPU of the set. */
L4_INLINE l4_msgtag_t l4_scheduler_idle_time_u(l4_cap_idx_t sched, const l4_sched_cpu_set_t *cpus, l4_kernel_clock_t *ns,
					       l4_utcb_t *u)
{
	l4_msgtag_t tag;

	u->msg.mr[0] = L4_SCHEDULER_IDLE_TIME_OP;
	u->msg.mr[1] = cpus->gran_offset;
	u->msg.mr[2] = cpus->map;
	tag = l4_invoke(sched, L4_PROTO_SCHEDULER, 3, u);
	if (l4_error_u(tag, u) >= 0)
		*ns = u->msg.mr[0];
	return tag;
}
L4_INLINE l4_msgtag_t l4_scheduler_idle_time(l4_cap_idx_t sched, const l4_sched_cpu_set_t *cpus, l4_kernel_clock_t *ns)
{
	return l4_scheduler_idle_time_u(sched, cpus, ns, l4_utcb());
}

/** Nonzero if the CPU is online. */
L4_INLINE int l4_scheduler_is_online(l4_cap_idx_t sched, l4_umword_t cpu)
{
	l4_sched_cpu_set_t set = { 0, 0 };

	if (cpu > 63 || l4_error(l4_scheduler_info(sched, 0, &set)) < 0)
		return 0;
	return (set.map >> cpu) & 1;
}

#endif
