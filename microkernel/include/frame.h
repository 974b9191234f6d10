/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel memory: page frames of the kernel pool (one physically contiguous
 * range, permanently mapped), and slabs for objects smaller than a page.
 * Every allocation is charged to a quota.
 */
#ifndef FRAME_H
#define FRAME_H

#include "quota.h"

/** What the kernel keeps for each frame of the pool, by frame_info(). */
struct frame_info {
	void *owner;  /* tables: struct space/capspace/iospace they belong to */
	void *nodes;  /* tables: companion with the mapping nodes, or NULL */
	u64 base;     /* tables: first address (or slot) the table covers */
	u32 groups;   /* tables: bit n is set when any of the 16 entries from 16 * n on is not empty (and maybe when all are) */
	u16 used;     /* tables: entries that are not empty */
	u8 level;     /* tables: 1 = leaves are 4K pages/slots, 2, 3, 4 */
	u8 free;      /* private to frame.c: 1 + order of the free block that starts here, 0 = none */
};

extern u64 frame_pool_va, frame_phys_offset; /* constant after frame_init() */
extern struct frame_info *frame_infos;       /* one for each frame, from the pool's first byte on */

/** The pool is [va, va + bytes); physical address = va - frame_phys_offset. */
void frame_init(void *va, u64 pa, u64 bytes);
/** 2^order pages, naturally aligned within the pool; contents undefined. NULL: quota or pool exhausted. Without quota: kernel overhead, not charged. */
void *must_check frame_alloc(unsigned int order, struct quota *q);
void frame_free(void *va, unsigned int order, struct quota *q);
/** One page, all zero. Returned by frame_free_zeroed() in that state, so that clearing is paid once. */
void *must_check frame_alloc_zeroed(struct quota *q);
void frame_free_zeroed(void *va, struct quota *q);
/** Clear frames in steps until n can be had that are zero. -L4_ENOMEM: there are not so many; -E_PREEMPTED. */
int must_check frame_stock_up(unsigned int n);
/** Provided by the scheduler (or a test): true = stop now, return -E_PREEMPTED. */
bool preempt_point(void);

static inline u64 frame_pa(const void *va)
{
	return (u64)va - frame_phys_offset;
}

static inline void *frame_va(u64 pa)
{
	return (void *)(pa + frame_phys_offset);
}

/** For any address in a frame of the pool. */
static inline struct frame_info *frame_info(const void *va)
{
	return &frame_infos[((u64)va - frame_pool_va) >> PAGE_SHIFT];
}

/** Bytes of the pool that are free; the tests compare it before and after. */
u64 frame_free_bytes(void);

struct slab {
	u32 size, align;
	void *partial; /* private to slab.c, as the next three */
	u32 first, count; /* where a block's objects start, how many there are; 0 until the first is made */
	unsigned int order;
};
#define SLAB_INIT(type) { .size = sizeof(type), .align = _Alignof(type) }

/** A zeroed object charged with its size, or NULL. */
void *must_check slab_alloc(struct slab *s, struct quota *q);
/** The same with undefined contents. */
void *must_check slab_alloc_raw(struct slab *s, struct quota *q);
void slab_free(struct slab *s, void *obj, struct quota *q);

#endif
