/* SPDX-License-Identifier: MIT */
/* Building and reading message tags and capability selectors. */
#ifndef L4_SYS_MSGTAG_H
#define L4_SYS_MSGTAG_H

#include <l4/sys/types.h>
#include <l4/sys/consts.h>
#include <l4/sys/compiler.h>

/** Message tag: label (signed, 48 bits), words (0..63), typed items (0..31), flags (L4_MSGTAG_*). */
L4_INLINE l4_msgtag_t l4_msgtag(long label, unsigned words, unsigned items, unsigned flags)
{
	return (l4_msgtag_t){ (l4_mword_t)(((l4_umword_t)label << L4_MSGTAG_LABEL_SHIFT) | (words & 0x3f) |
					   ((items & 0x3f) << L4_MSGTAG_ITEMS_SHIFT) | (flags & 0xf000)) };
}

L4_INLINE long l4_msgtag_label(l4_msgtag_t t) { return t.raw >> L4_MSGTAG_LABEL_SHIFT; }
L4_INLINE unsigned l4_msgtag_words(l4_msgtag_t t) { return t.raw & 0x3f; }
L4_INLINE unsigned l4_msgtag_items(l4_msgtag_t t) { return (t.raw >> L4_MSGTAG_ITEMS_SHIFT) & 0x3f; }
L4_INLINE unsigned l4_msgtag_flags(l4_msgtag_t t) { return t.raw & 0xf000; }
L4_INLINE unsigned l4_msgtag_has_error(l4_msgtag_t t) { return t.raw & L4_MSGTAG_ERROR; }
L4_INLINE unsigned l4_msgtag_is_page_fault(l4_msgtag_t t) { return l4_msgtag_label(t) == L4_PROTO_PAGE_FAULT; }
L4_INLINE unsigned l4_msgtag_is_exception(l4_msgtag_t t) { return l4_msgtag_label(t) == L4_PROTO_EXCEPTION; }
L4_INLINE unsigned l4_msgtag_is_io_page_fault(l4_msgtag_t t) { return l4_msgtag_label(t) == L4_PROTO_IO_PAGE_FAULT; }

/** Nonzero if the selector does not name a slot. */
L4_INLINE unsigned l4_is_invalid_cap(l4_cap_idx_t c) { return (c & L4_INVALID_CAP) != 0; }
L4_INLINE unsigned l4_is_valid_cap(l4_cap_idx_t c) { return !(c & L4_INVALID_CAP); }
L4_INLINE unsigned l4_capability_equal(l4_cap_idx_t a, l4_cap_idx_t b)
{
	return a >> L4_CAP_SHIFT == b >> L4_CAP_SHIFT;
}
L4_INLINE l4_cap_idx_t l4_capability_next(l4_cap_idx_t c) { return c + (1UL << L4_CAP_SHIFT); }

L4_INLINE l4_addr_t l4_trunc_page(l4_addr_t a) { return a & L4_PAGEMASK; }
L4_INLINE l4_addr_t l4_round_page(l4_addr_t a) { return (a + L4_PAGESIZE - 1) & L4_PAGEMASK; }
L4_INLINE l4_addr_t l4_trunc_size(l4_addr_t a, unsigned char bits) { return a & (~0UL << bits); }
L4_INLINE l4_addr_t l4_round_size(l4_addr_t a, unsigned char bits) { return (a + (1UL << bits) - 1) & (~0UL << bits); }

#endif
