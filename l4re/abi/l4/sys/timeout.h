/* SPDX-License-Identifier: MIT */
/* IPC timeouts: nanoseconds, relative or absolute on the kernel clock. */
#ifndef L4_SYS_TIMEOUT_H
#define L4_SYS_TIMEOUT_H

#include <l4/sys/types.h>
#include <l4/sys/compiler.h>

#define L4_IPC_TIMEOUT_0 ((l4_timeout_s)0)
#define L4_IPC_TIMEOUT_NEVER ((l4_timeout_s)L4_TIMEOUT_NEVER)
#define L4_IPC_NEVER ((l4_timeout_t){ L4_TIMEOUT_NEVER, L4_TIMEOUT_NEVER })
#define L4_IPC_NEVER_INITIALIZER { L4_TIMEOUT_NEVER, L4_TIMEOUT_NEVER }
#define L4_IPC_RECV_TIMEOUT_0 ((l4_timeout_t){ L4_TIMEOUT_NEVER, 0 })
#define L4_IPC_SEND_TIMEOUT_0 ((l4_timeout_t){ 0, L4_TIMEOUT_NEVER })
#define L4_IPC_BOTH_TIMEOUT_0 ((l4_timeout_t){ 0, 0 })

/** Both timeouts of an IPC. */
L4_INLINE l4_timeout_t l4_timeout(l4_timeout_s snd, l4_timeout_s rcv) { return (l4_timeout_t){ snd, rcv }; }
L4_INLINE l4_timeout_t l4_ipc_timeout_pair(l4_timeout_s snd, l4_timeout_s rcv) { return (l4_timeout_t){ snd, rcv }; }

/** Skerry: relative timeout in nanoseconds. */
L4_INLINE l4_timeout_s l4_timeout_from_ns(l4_uint64_t ns) { return ns & ~L4_TIMEOUT_ABSOLUTE; }
/** Relative timeout in microseconds. */
L4_INLINE l4_timeout_s l4_timeout_from_us(l4_uint64_t us)
{
	return us >= L4_TIMEOUT_ABSOLUTE / 1000 ? L4_TIMEOUT_NEVER : us * 1000;
}
/** Relative timeout of mantissa * 2^exponent microseconds. */
L4_INLINE l4_timeout_s l4_timeout_rel(unsigned mantissa, unsigned exponent)
{
	return l4_timeout_from_us((l4_uint64_t)mantissa << (exponent & 31));
}
L4_INLINE void l4_rcv_timeout(l4_timeout_s s, l4_timeout_t *t) { t->rcv = s; }
L4_INLINE void l4_snd_timeout(l4_timeout_s s, l4_timeout_t *t) { t->snd = s; }

/**
 * Timeout at a point of the kernel clock (ns since the kernel's start).
 * The buffer register argument of other systems is not needed and not touched.
 */
L4_INLINE l4_timeout_s l4_timeout_abs(l4_kernel_clock_t when, int br)
{
	(void)br;
	return when | L4_TIMEOUT_ABSOLUTE;
}
L4_INLINE unsigned l4_timeout_is_absolute(l4_timeout_s t) { return t != L4_TIMEOUT_NEVER && (t & L4_TIMEOUT_ABSOLUTE); }

#endif
