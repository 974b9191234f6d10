/* SPDX-License-Identifier: MIT */
/* Kernel-user memory: UTCBs of new threads, vCPU states. */
#include "lib.h"

#include <l4/re/c/util/kumem_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/task.h>

static l4_addr_t next_kumem = L4RE_KUMEM_START;

int l4re_util_kumem_alloc(l4_addr_t *mem, unsigned pages_order, l4_cap_idx_t task, l4_cap_idx_t rm)
{
	unsigned order = pages_order + L4_PAGESHIFT;
	l4_addr_t bytes = 1UL << order, at;
	l4_fpage_t fpage;
	long err;

	(void)rm;
	if (pages_order > 4) /* the most that the kernel adds at once */
		return -L4_EINVAL;
	/* Twice the size leaves room to align. */
	at = __atomic_fetch_add(&next_kumem, 2 * bytes, __ATOMIC_RELAXED);
	if (at + 2 * bytes > L4RE_KUMEM_END)
		return -L4_ENOMEM;
	at = l4_round_size(at, order);
	fpage = l4_fpage(at, order, L4_FPAGE_RW);
	err = l4_error(l4_task_add_ku_mem(l4_is_invalid_cap(task) ? l4re_env()->task : task, &fpage));
	if (err < 0)
		return err;
	*mem = at;
	return 0;
}

/* UTCBs are never given back to the kernel: free ones are a list through their own first word. */
static l4re_lock_t utcb_lock;
static l4_addr_t utcb_next, utcb_end, utcb_list;

static int utcb_more(void)
{
	if (!utcb_end) {
		utcb_next = l4re_env()->first_free_utcb;
		utcb_end = l4_fpage_memaddr(l4re_env()->utcb_area) + (1UL << l4_fpage_size(l4re_env()->utcb_area));
		return 0;
	}
	if (l4re_util_kumem_alloc(&utcb_next, 2, L4_INVALID_CAP, L4_INVALID_CAP))
		return -L4_ENOMEM;
	utcb_end = utcb_next + 4 * L4_PAGESIZE;
	return 0;
}

l4_addr_t l4re_utcb_alloc(void)
{
	l4_addr_t utcb = 0;

	l4re_lock(&utcb_lock);
	if (utcb_list) {
		utcb = utcb_list;
		utcb_list = *(l4_addr_t *)utcb;
	} else if (utcb_next < utcb_end || !utcb_more()) {
		utcb = utcb_next;
		utcb_next += L4_UTCB_SIZE;
	}
	l4re_unlock(&utcb_lock);
	return utcb;
}

void l4re_utcb_free(l4_addr_t utcb)
{
	l4re_lock(&utcb_lock);
	*(l4_addr_t *)utcb = utcb_list;
	utcb_list = utcb;
	l4re_unlock(&utcb_lock);
}
