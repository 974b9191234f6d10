/* SPDX-License-Identifier: MIT */
/* Bits in arrays of words. The setting and clearing ones are atomic. */
#ifndef L4_UTIL_BITOPS_H
#define L4_UTIL_BITOPS_H

#include <l4/sys/types.h>

#define L4UTIL_WORD_BITS (8 * (int)sizeof(l4_umword_t))

static inline volatile l4_umword_t *l4util_bit_word(int b, volatile l4_umword_t *dest) { return dest + b / L4UTIL_WORD_BITS; }
static inline l4_umword_t l4util_bit_mask(int b) { return 1UL << (b % L4UTIL_WORD_BITS); }

static inline void l4util_set_bit(int b, volatile l4_umword_t *dest)
{
	__atomic_fetch_or(l4util_bit_word(b, dest), l4util_bit_mask(b), __ATOMIC_SEQ_CST);
}
static inline void l4util_clear_bit(int b, volatile l4_umword_t *dest)
{
	__atomic_fetch_and(l4util_bit_word(b, dest), ~l4util_bit_mask(b), __ATOMIC_SEQ_CST);
}
static inline void l4util_complement_bit(int b, volatile l4_umword_t *dest)
{
	__atomic_fetch_xor(l4util_bit_word(b, dest), l4util_bit_mask(b), __ATOMIC_SEQ_CST);
}
static inline int l4util_test_bit(int b, const volatile l4_umword_t *dest)
{
	return (dest[b / L4UTIL_WORD_BITS] & l4util_bit_mask(b)) != 0;
}
/** Set, clear or flip, and return the bit as it was. */
static inline int l4util_bts(int b, volatile l4_umword_t *dest)
{
	return (__atomic_fetch_or(l4util_bit_word(b, dest), l4util_bit_mask(b), __ATOMIC_SEQ_CST) & l4util_bit_mask(b)) != 0;
}
static inline int l4util_btr(int b, volatile l4_umword_t *dest)
{
	return (__atomic_fetch_and(l4util_bit_word(b, dest), ~l4util_bit_mask(b), __ATOMIC_SEQ_CST) & l4util_bit_mask(b)) != 0;
}
static inline int l4util_btc(int b, volatile l4_umword_t *dest)
{
	return (__atomic_fetch_xor(l4util_bit_word(b, dest), l4util_bit_mask(b), __ATOMIC_SEQ_CST) & l4util_bit_mask(b)) != 0;
}
/** Highest and lowest set bit, -1 if there is none. */
static inline int l4util_bsr(l4_umword_t word) { return word ? 63 - __builtin_clzl(word) : -1; }
static inline int l4util_bsf(l4_umword_t word) { return word ? __builtin_ctzl(word) : -1; }
/** First bit that is 0 in an array of size bits; size if there is none. */
static inline int l4util_find_first_zero_bit(const void *dest, int size)
{
	const l4_umword_t *w = dest;
	int i;

	for (i = 0; i < size; i++)
		if (!l4util_test_bit(i, w))
			break;
	return i;
}
static inline int l4util_find_first_set_bit(const void *dest, int size)
{
	const l4_umword_t *w = dest;
	int i;

	for (i = 0; i < size; i++)
		if (l4util_test_bit(i, w))
			break;
	return i;
}
/** Exponent of a power of two, -1 for other values. */
static inline int l4util_log2(unsigned value) { return value && !(value & (value - 1)) ? __builtin_ctz(value) : -1; }
/** The smallest power of two that is not below value. */
static inline unsigned long l4util_next_power2(unsigned long value) { return value <= 1 ? 1 : 1UL << (64 - __builtin_clzl(value - 1)); }

#endif
