/* SPDX-License-Identifier: MIT */
/* What the files of the runtime library share among themselves and with the C library's lower layer. */
#ifndef LIB_LIB_H
#define LIB_LIB_H

#include <l4/sys/ipc.h>
#include <l4/sys/thread.h>

/** Tell the parent that the program is over; does not return. */
__attribute__((noreturn)) void l4re_exit(int status);
void l4re_start(long *stack);
void l4re_libc_start(long *stack);

/* A lock for the runtime's own tables: held for a few instructions, so it yields instead of queueing. */
typedef struct l4re_lock_t { int taken; } l4re_lock_t;

static inline void l4re_lock(l4re_lock_t *l)
{
	unsigned tries = 0;

	while (__atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE)) {
		/* A holder of lower priority must get the CPU: sleep, yielding only serves equals. */
		if (++tries % 4)
			l4_thread_yield();
		else
			l4_ipc_sleep_us(100);
	}
}

static inline void l4re_unlock(l4re_lock_t *l)
{
	__atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}

/** Address of a free UTCB in the task's kernel-user memory, 0 if out of quota. */
l4_addr_t l4re_utcb_alloc(void);
void l4re_utcb_free(l4_addr_t utcb);

#endif
