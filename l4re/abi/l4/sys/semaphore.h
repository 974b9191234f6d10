/* SPDX-License-Identifier: MIT */
/* Counting semaphores of the kernel. */
#ifndef L4_SYS_SEMAPHORE_H
#define L4_SYS_SEMAPHORE_H

#include <l4/sys/ipc.h>

/** Increment; wakes the longest waiting thread of the highest priority. Never blocks. */
L4_INLINE l4_msgtag_t l4_semaphore_up_u(l4_cap_idx_t sem, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_SEMAPHORE_OP_UP;
	return l4_invoke(sem, L4_PROTO_SEMAPHORE, 1, u);
}
L4_INLINE l4_msgtag_t l4_semaphore_up(l4_cap_idx_t sem) { return l4_semaphore_up_u(sem, l4_utcb()); }

/** Decrement; waits at most the receive timeout (IPC error L4_IPC_RETIMEOUT). */
L4_INLINE l4_msgtag_t l4_semaphore_down_u(l4_cap_idx_t sem, l4_timeout_t to, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_SEMAPHORE_OP_DOWN;
	return l4_ipc_call(sem, u, l4_msgtag(L4_PROTO_SEMAPHORE, 1, 0, 0), to);
}
L4_INLINE l4_msgtag_t l4_semaphore_down(l4_cap_idx_t sem, l4_timeout_t to) { return l4_semaphore_down_u(sem, to, l4_utcb()); }

#endif
