/* SPDX-License-Identifier: MIT */
/* Free capability slots: a bitmap behind the environment's first free slot. */
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/task.h>

#define SLOTS 16384

static unsigned long used[SLOTS / 64];
static unsigned hint;

l4_cap_idx_t l4re_util_cap_alloc(void)
{
	unsigned i, start = __atomic_load_n(&hint, __ATOMIC_RELAXED);

	for (i = 0; i < SLOTS / 64; i++) {
		unsigned word = (start + i) % (SLOTS / 64);
		unsigned long value = __atomic_load_n(&used[word], __ATOMIC_RELAXED);

		while (~value) {
			unsigned bit = __builtin_ctzl(~value);

			if (!__atomic_compare_exchange_n(&used[word], &value, value | 1UL << bit, 0, __ATOMIC_ACQUIRE,
							 __ATOMIC_RELAXED))
				continue;
			__atomic_store_n(&hint, word, __ATOMIC_RELAXED);
			return (l4re_env()->first_free_cap + word * 64 + bit) << L4_CAP_SHIFT;
		}
	}
	return L4_INVALID_CAP;
}

void l4re_util_cap_free(l4_cap_idx_t cap)
{
	l4_umword_t n = (cap >> L4_CAP_SHIFT) - l4re_env()->first_free_cap;

	if (n < SLOTS)
		__atomic_fetch_and(&used[n / 64], ~(1UL << (n % 64)), __ATOMIC_RELEASE);
}

void l4re_util_cap_free_um(l4_cap_idx_t cap)
{
	l4_task_release_cap(l4re_env()->task, cap);
	l4re_util_cap_free(cap);
}

void l4re_util_cap_empty(l4_cap_idx_t cap)
{
	l4_utcb_t *u = l4_utcb();
	l4_msg_regs_t kept = u->msg;

	l4_task_release_cap(l4re_env()->task, cap);
	u->msg = kept;
}
