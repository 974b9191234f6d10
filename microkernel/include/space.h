/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address space of a task: x86-64 page tables plus the mapping database.
 *
 * Every leaf entry has a mapping node in the companion of its table page:
 * parent, first child, and siblings, as 32-bit references. Entering, finding
 * and removing one mapping is O(1) whatever the number of sharers. A child's
 * rights are always a subset of its parent's. A superpage can be the parent of smaller pages.
 *
 * Preemption: functions with a `cursor` may return -E_PREEMPTED after any
 * bounded step (preempt_point() said so); called again with the same cursor
 * (initially 0) they go on.
 */
#ifndef SPACE_H
#define SPACE_H

#include "quota.h"
#include <l4/sys/vcpu.h>

struct map_node;
struct frame_info;

/** A table in which a list found a page: the next one is mostly there too. */
struct space_table {
	u64 base, bytes; /* user addresses that it translates; none: 0 bytes */
	u64 *entries;
	struct map_node *nodes;
	struct frame_info *info;
	u64 leaf;        /* what PTE_P, PTE_PS and PTE_KU are in an entry for a page */
	u32 ref;         /* of the first entry, see mapdb.h */
	u32 shift;       /* order of a page */
	u64 page_mask;   /* the bits of an address within one */
};

struct space {
	u64 *root;      /* top-level table (kernel address) */
	u64 cr3;        /* physical address of root */
	struct space_table from, to; /* last used as source, and (of level 1) as destination */
	u64 *view_root; /* supervisor view: our low half, the server's high half; or NULL */
	u64 view_cr3;
	struct quota *quota; /* counted reference */
	u64 pages;      /* leaf entries */
	struct iospace *io; /* not memory but the I/O ports of this iospace (iospace.c), or NULL */
};

#define SPACE_RIGHTS_R L4_FPAGE_R
#define SPACE_RIGHTS_W L4_FPAGE_W
#define SPACE_RIGHTS_X L4_FPAGE_X
#define SPACE_RIGHTS_PASS_X L4_FPAGE_PASS_X

enum space_cache { SPACE_WB, SPACE_WC, SPACE_UC };

/** An empty space with the kernel's entries. Takes a reference on q. -L4_ENOMEM. */
int must_check space_create(struct space *s, struct quota *q);
/** Same, for the ports of io: no kernel entries, never loaded. */
int must_check space_create_io(struct space *s, struct quota *q, struct iospace *io);
/**
 * Map the 2^order bytes at src_va of src to dst_va of dst (all naturally aligned to
 * 2^order, order >= 12), with the largest pages that fit, rights & the source's.
 * Unmapped source pages are skipped. An existing mapping of the same frame and size gets
 * the union of rights (still a subset of its new parent's); any other is unmapped first.
 * Kernel-user memory is skipped as source, and never displaced: -L4_EEXIST.
 * *count += pages entered. -L4_EINVAL, -L4_ENOMEM, -L4_EEXIST, -E_PREEMPTED.
 * src == dst is allowed (source and destination ranges must not overlap: -L4_EINVAL).
 */
int must_check space_map(struct space *dst, u64 dst_va, struct space *src, u64 src_va,
			 unsigned int order, unsigned int rights, u64 *cursor, u64 *count);
/**
 * Single page of exactly order 12, 21 or 30, of a resume's list; O(1)
 * unless it displaces a mapping that others were derived from, or tables are missing (then it
 * may give -E_PREEMPTED: call it again).
 * -L4_ENOENT source is not mapped (or smaller). Others as space_map().
 */
int must_check space_map_page(struct space *dst, u64 dst_va, struct space *src, u64 src_va,
			      unsigned int order, unsigned int rights);
/**
 * Enter the first pages of a resume's list, up to the first that is not of the usual kind: 4 KiB that are
 * mapped in src, to where dst has the tables and nothing else, or just this. Returns how many were. dst is not src. The list
 * may change meanwhile.
 */
unsigned int must_check space_map_list(struct space *dst, struct space *src, const l4_vcpu_map_t *list, unsigned int n);
/** Type and order of a flexpage of 4 KiB of memory. */
#define SPACE_SMALL ((l4_umword_t)L4_FPAGE_MEMORY << L4_FPAGE_TYPE_SHIFT | PAGE_SHIFT << L4_FPAGE_ORDER_SHIFT)
/** Is it one? */
static inline bool space_is_small(l4_umword_t fpage)
{
	return (fpage & ~L4_PAGEMASK & ~(l4_umword_t)L4_FPAGE_RIGHTS_MASK) == SPACE_SMALL;
}
/**
 * The first of n items {send base, flexpage} of a list, up to the first that is not of the usual kind: 4 KiB of memory
 * (no move) mapped in src, to where dst has the tables and nothing else, or just this. Returns how many were mapped:
 * in a bounded time, between 8 and 16 of a longer list. The list may change meanwhile.
 */
unsigned int must_check space_map_items(struct space *dst, struct space *src, const l4_umword_t *items, unsigned int n);
/**
 * Unmap the first of n flexpages, as space_unmap() does, up to the first that is not 4 KiB of memory, has no table, or
 * that others were derived from. Returns how many were, at most 8. The list may change meanwhile.
 */
unsigned int must_check space_unmap_items(struct space *s, const l4_umword_t *items, unsigned int n, bool self);
/** Enter physical memory as an original mapping (no parent). Order 12, 21 or 30. -L4_EEXIST, -L4_ENOMEM. */
int must_check space_enter(struct space *s, u64 va, u64 pa, unsigned int order,
			   unsigned int rights, enum space_cache cache);
/**
 * Have pages cleared, so that entering `bytes` of kernel-user memory at q's expense needs only a bounded time.
 * Nothing else is changed. -L4_ENOMEM, -E_PREEMPTED.
 */
int must_check space_prepare_ku_mem(const struct quota *q, u64 bytes);
/**
 * Kernel-user memory: frames of the kernel pool, never unmapped before the space dies; not mappable to others.
 * All of it or (on error) nothing. -L4_EEXIST, -L4_ENOMEM, -E_PREEMPTED (call again).
 */
int must_check space_enter_ku_mem(struct space *s, u64 va, u64 bytes);
/** Kernel address of user address va if [va, va + bytes) lies in one ku_mem page, else NULL. */
void *space_ku_mem(struct space *s, u64 va, u64 bytes);
/**
 * Revoke rights (all of R: unmap) in [start, last] from everything derived, and
 * from the space itself when `self`. A superpage touched in part is treated whole.
 *
 * Revoking W alone keeps the mappings derived from the page readable; what was derived
 * from those and is writable is unmapped. Revoking X without R unmaps all that is
 * derived from an executable page. (Both may fault and be entered again; in return every step is
 * bounded and nothing has to be remembered between the steps.)
 */
int must_check space_unmap(struct space *s, u64 start, u64 last, unsigned int rights,
			   bool self, u64 *cursor);
/** Unmap everything (with all that is derived) and free all tables. Call until it is not -E_PREEMPTED. The space must not be loaded on any CPU. */
int must_check space_destroy(struct space *s);
/** Create or refresh the supervisor view: low half of s, high half (user part) of server. -L4_ENOMEM. */
int must_check space_view(struct space *s, struct space *server);
/** A fault at va in the view: copy server's top-level entry if it has one the view lacks; true: retry. */
bool space_view_sync(struct space *s, struct space *server, u64 va);

/* Provided by the arch layer (or a test): */
/** Addresses of s below the result are in no CPU's TLB until another space is loaded; ~0: none is. */
u64 arch_tlb_uncached(const struct space *s);
/** Remove stale translations of [va, va + 2^order) of s (root and view) from every CPU's TLB that may have them. */
void arch_tlb_flush(struct space *s, u64 va, unsigned int order);
void arch_tlb_flush_all(struct space *s);
/** Fill entries 256..271 (the kernel's) of a new top-level table. */
void arch_space_init_root(u64 *root);
/** s is about to be destroyed: load the kernel's own tables if the CPU's refer to any of s. */
void arch_space_leave(struct space *s);

#endif
