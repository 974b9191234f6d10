/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capability space: slot number -> object and rights, with the same mapping
 * nodes as memory, so that who passed a capability on can revoke it.
 * Slots are in table pages of 512 entries allocated on demand.
 *
 * An object's `caps` counts the slots that name it. When the last one goes,
 * kobject_orphaned() is called (it queues the object for destruction, never blocks).
 */
#ifndef CAP_H
#define CAP_H

#include "quota.h"

struct kobject;

/* Slot entry: object address | rights (W 1, S 2, R 4, D 8); objects are 16-byte aligned. 0 = empty. */
#define CAP_RIGHTS_MASK 0xfUL

struct capspace {
	u64 **dir;  /* page of 512 pointers to slot tables, or NULL */
	u64 *first; /* dir[0], or NULL; entry.S looks here */
	struct quota *quota; /* borrowed from the task */
};

/** The object in slot (0 .. L4_CAP_MAX_SLOTS-1) and its rights, or NULL. O(1). */
static inline struct kobject *cap_lookup(struct capspace *cs, u64 slot, unsigned int *rights)
{
	u64 *table, entry;

	if (unlikely(slot >= L4_CAP_MAX_SLOTS || !cs->dir))
		return NULL;
	table = cs->dir[slot >> 9];
	if (unlikely(!table))
		return NULL;
	entry = table[slot & 511];
	*rights = entry & CAP_RIGHTS_MASK;
	return (struct kobject *)(entry & ~CAP_RIGHTS_MASK);
}

/** Make sure the slot's table exists, so that cap_insert()/cap_map() cannot fail. -L4_ENOMEM, -L4_ERANGE, -E_PREEMPTED. */
int must_check cap_reserve(struct capspace *cs, u64 slot);
/** Enter a new object (root of its capability tree) in an empty reserved slot. */
void cap_insert(struct capspace *cs, u64 slot, struct kobject *obj, unsigned int rights);
/** Derive: dst slot := src slot with rights & src's. Occupied dst must have been unmapped. -L4_ENOENT empty source, -L4_ENOMEM, -L4_EEXIST, -E_PREEMPTED. */
int must_check cap_map(struct capspace *dst, u64 dst_slot, struct capspace *src, u64 src_slot, unsigned int rights);
/**
 * Move: dst takes src's place in the tree; src becomes empty. Errors as cap_map();
 * -E_PREEMPTED: call again as it is (dst is occupied by then and must not be unmapped).
 */
int must_check cap_move(struct capspace *dst, u64 dst_slot, struct capspace *src, u64 src_slot);
/**
 * Revoke `rights` (R: whole capability) from the slots when `self`; what is derived from a slot that
 * holds any of them is removed. cursor (initially 0) counts slots. -L4_ERANGE, -E_PREEMPTED.
 */
int must_check cap_unmap(struct capspace *cs, u64 first, u64 count, unsigned int rights, bool self, u64 *cursor);
/**
 * Map (with `rights`) or move src to dst in place of what is there. -E_PREEMPTED: call again. What a move
 * has brought to dst before it was preempted is not unmapped again: move first.
 */
static inline int must_check cap_replace(struct capspace *dst, u64 dst_slot, struct capspace *src, u64 src_slot,
					 unsigned int rights, bool move)
{
	u64 cursor = 0;
	int ret = move ? cap_move(dst, dst_slot, src, src_slot) : -L4_EEXIST;

	if (ret != -L4_EEXIST)
		return ret;
	ret = cap_unmap(dst, dst_slot, 1, L4_CAP_RIGHT_R, true, &cursor);
	if (ret)
		return ret;
	return move ? cap_move(dst, dst_slot, src, src_slot) : cap_map(dst, dst_slot, src, src_slot, rights);
}
/** Remove every capability to obj, everywhere. -E_PREEMPTED. */
int must_check cap_revoke_object(struct kobject *obj);
/** Empty the space, free tables. -E_PREEMPTED. */
int must_check capspace_destroy(struct capspace *cs);

/*
 * I/O ports: a task's ports, mapped and revoked like memory (flexpages of 2^order
 * ports). iospace_bitmap() is the 8 KiB TSS bitmap (bit set = denied) or NULL if the task has none.
 */
struct space;
struct iospace {
	struct space *ports; /* port p as page p, made when the first port arrives */
	u8 *bitmap;
	struct quota *quota; /* borrowed from the task */
};
#define IOSPACE_BITMAP_BYTES 8192
int must_check iospace_enter_all(struct iospace *io); /* the root task's original right to all ports */
int must_check iospace_map(struct iospace *dst, struct iospace *src, unsigned int port, unsigned int order, u64 *cursor);
int must_check iospace_unmap(struct iospace *io, unsigned int port, unsigned int order, bool self, u64 *cursor);
int must_check iospace_destroy(struct iospace *io);
/** For space.c: keep the bitmap, the ports from va >> PAGE_SHIFT on were entered or removed. */
void iospace_changed(struct iospace *io, u64 va, unsigned int order, bool allowed);
/** Arch: the bitmap of io changed (reload it where it is active). */
void arch_iospace_changed(struct iospace *io);

#endif
