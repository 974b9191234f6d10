/* SPDX-License-Identifier: MIT */
/* Atomic operations on 8 to 64 bits, by the names L4 programs use; all are full barriers. */
#ifndef L4_UTIL_ATOMIC_H
#define L4_UTIL_ATOMIC_H

#include <l4/sys/types.h>

#define L4UTIL_ATOMIC(bits, type)                                                                               \
	/** Nonzero if *dest was cmp and is now value. */                                                       \
	static inline int l4util_cmpxchg##bits(volatile type *dest, type cmp, type value)                       \
	{                                                                                                       \
		return __atomic_compare_exchange_n(dest, &cmp, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);    \
	}                                                                                                       \
	/** The old value. */                                                                                   \
	static inline type l4util_xchg##bits(volatile type *dest, type value)                                   \
	{                                                                                                       \
		return __atomic_exchange_n(dest, value, __ATOMIC_SEQ_CST);                                       \
	}                                                                                                       \
	static inline void l4util_add##bits(volatile type *dest, type v) { __atomic_fetch_add(dest, v, __ATOMIC_SEQ_CST); }      \
	static inline void l4util_sub##bits(volatile type *dest, type v) { __atomic_fetch_sub(dest, v, __ATOMIC_SEQ_CST); }      \
	static inline void l4util_and##bits(volatile type *dest, type v) { __atomic_fetch_and(dest, v, __ATOMIC_SEQ_CST); }      \
	static inline void l4util_or##bits(volatile type *dest, type v) { __atomic_fetch_or(dest, v, __ATOMIC_SEQ_CST); }        \
	/** The new value. */                                                                                   \
	static inline type l4util_add##bits##_res(volatile type *dest, type v) { return __atomic_add_fetch(dest, v, __ATOMIC_SEQ_CST); } \
	static inline type l4util_sub##bits##_res(volatile type *dest, type v) { return __atomic_sub_fetch(dest, v, __ATOMIC_SEQ_CST); } \
	static inline type l4util_and##bits##_res(volatile type *dest, type v) { return __atomic_and_fetch(dest, v, __ATOMIC_SEQ_CST); } \
	static inline type l4util_or##bits##_res(volatile type *dest, type v) { return __atomic_or_fetch(dest, v, __ATOMIC_SEQ_CST); }   \
	static inline void l4util_inc##bits(volatile type *dest) { __atomic_fetch_add(dest, 1, __ATOMIC_SEQ_CST); }              \
	static inline void l4util_dec##bits(volatile type *dest) { __atomic_fetch_sub(dest, 1, __ATOMIC_SEQ_CST); }              \
	static inline type l4util_inc##bits##_res(volatile type *dest) { return __atomic_add_fetch(dest, 1, __ATOMIC_SEQ_CST); } \
	static inline type l4util_dec##bits##_res(volatile type *dest) { return __atomic_sub_fetch(dest, 1, __ATOMIC_SEQ_CST); }

L4UTIL_ATOMIC(8, l4_uint8_t)
L4UTIL_ATOMIC(16, l4_uint16_t)
L4UTIL_ATOMIC(32, l4_uint32_t)
L4UTIL_ATOMIC(64, l4_uint64_t)
L4UTIL_ATOMIC(, l4_umword_t)
#undef L4UTIL_ATOMIC

static inline void l4util_atomic_add(volatile long *dest, long v) { __atomic_fetch_add(dest, v, __ATOMIC_SEQ_CST); }
static inline void l4util_atomic_inc(volatile long *dest) { __atomic_fetch_add(dest, 1, __ATOMIC_SEQ_CST); }

#endif
