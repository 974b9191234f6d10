/* SPDX-License-Identifier: MIT */
/* l4/util: random numbers, plain threads. */
#include <l4/sys/factory.h>
#include <l4/sys/scheduler.h>
#include <l4/sys/thread.h>
#include <l4/util/rand.h>
#include <l4/util/thread.h>

static l4_uint32_t seed = 1;

l4_uint32_t l4util_rand(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 16 & L4_RAND_MAX;
}

void l4util_srand(l4_uint32_t s)
{
	seed = s;
}

long l4util_create_thread(l4_cap_idx_t id, l4_utcb_t *thread_utcb, l4_cap_idx_t factory, l4_umword_t pc, l4_umword_t sp,
			  l4_cap_idx_t pager, l4_cap_idx_t task, l4_cap_idx_t scheduler, const void *scp)
{
	long err = l4_error(l4_factory_create_thread(factory, id));

	if (err < 0)
		return err;
	l4_thread_control_start();
	l4_thread_control_pager(pager);
	l4_thread_control_exc_handler(pager);
	l4_thread_control_bind(thread_utcb, task);
	err = l4_error(l4_thread_control_commit(id));
	if (err < 0)
		return err;
	thread_utcb->tcr.user[0] = id;
	err = l4_error(l4_thread_ex_regs(id, pc, sp, 0));
	return err < 0 ? err : l4_error(l4_scheduler_run_thread(scheduler, id, scp));
}
