/* SPDX-License-Identifier: MIT */
/* A thread without a C library. */
#ifndef L4_UTIL_THREAD_H
#define L4_UTIL_THREAD_H

#include <l4/sys/types.h>
#include <l4/sys/utcb.h>

/**
 * Create a thread in task that starts at thread_func on the given stack
 * pointer (the function must not return). id = empty slot for its capability,
 * thread_utcb = free UTCB of the task, factory pays, scheduler and scp (l4_sched_param_t) say
 * how it runs, pager handles its faults. 0 or a negative error.
 */
long l4util_create_thread(l4_cap_idx_t id, l4_utcb_t *thread_utcb, l4_cap_idx_t factory, l4_umword_t pc, l4_umword_t sp,
			  l4_cap_idx_t pager, l4_cap_idx_t task, l4_cap_idx_t scheduler, const void *scp);

#endif
