/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping database: who derived which mapping from which.
 *
 * Memory mappings, I/O ports and capabilities are entries of table pages of 512.
 * A table with leaves has a companion with one node for each entry. A node
 * means something only while its entry is not empty, so companions are never cleared.
 *
 * A reference names an entry and its node: entries counted from the pool's
 * first byte, that is frame number << 9 | index. 0 = none (the pool starts with descriptors).
 *
 * Children form a list; the first one's `prev` is the last, the last one's `next` is 0.
 * Children that may write (PTE_W) come before those that may not.
 */
#ifndef MAPDB_H
#define MAPDB_H

#include "frame.h"

#define MAPDB_ENTRIES 512
#define MAPDB_GROUP 16 /* entries to a bit of frame_info.groups */
#define MAPDB_COMPANION_ORDER 1

struct map_node {
	u32 parent, child, next, prev;
};
_Static_assert(sizeof(struct map_node) * MAPDB_ENTRIES == PAGE_SIZE << MAPDB_COMPANION_ORDER,
	       "a companion is two pages");

struct space;

/** An operation in progress: its unflushed removals and the work since its last preemption point. */
struct map_op {
	/** Empty the entry of a childless mapping and take it off its parent's list. */
	void (*remove)(struct map_op *op, u32 ref);
	struct space *flush;  /* space with `flushed` removed translations */
	struct space *dying;  /* space that needs no flush, or NULL */
	u64 uncached;         /* what arch_tlb_uncached() said of it */
	u32 flushed;
	u32 work;
};

/**
 * Cost, in units of about four instructions: looking at an empty entry and for the next, at a group of them, entering or
 * removing a mapping, making or freeing a table, what a
 * system call has done before. A preemption point comes every _STEP.
 */
#define MAP_WORK_SCAN 6
#define MAP_WORK_GROUP 24
#define MAP_WORK_ENTRY 24
#define MAP_WORK_TABLE 48
#define MAP_WORK_CALL 48
#define MAP_WORK_STEP 96

/** Account for work; true: it is time to stop. Who goes on all the same is told again. */
static inline bool map_op_work(struct map_op *op, unsigned int work)
{
	op->work += work;
	if (likely(op->work < MAP_WORK_STEP))
		return false;
	if (preempt_point())
		return true;
	op->work = 0;
	return false;
}

static inline u32 mapdb_ref(const u64 *entry)
{
	return ((u64)entry - frame_pool_va) / sizeof(*entry);
}

static inline u64 *mapdb_entry(u32 ref)
{
	return (u64 *)frame_pool_va + ref;
}

/** Node of an entry of the table that info describes. */
static inline struct map_node *mapdb_table_node(const struct frame_info *info, u32 ref)
{
	return (struct map_node *)info->nodes + ref % MAPDB_ENTRIES;
}

static inline struct map_node *mapdb_node(u32 ref)
{
	return mapdb_table_node(&frame_infos[ref / MAPDB_ENTRIES], ref);
}

/** An empty entry is about to be filled: count it, and note where it is. */
static inline void mapdb_count(struct frame_info *info, u32 ref)
{
	info->used++;
	info->groups |= 1U << (ref / MAPDB_GROUP % 32);
}

/** The same for n entries from number `first` of the table on. */
static inline void mapdb_count_run(struct frame_info *info, unsigned int first, unsigned int n)
{
	if (!n)
		return;
	info->used += n;
	info->groups |= (2U << (first + n - 1) / MAPDB_GROUP) - (1U << first / MAPDB_GROUP);
}

/** Empty a table: `clear` each entry that is in some group, which costs `work` at least. -E_PREEMPTED, or what `clear` gives. */
static __attribute__((always_inline)) inline int must_check
mapdb_clear(struct map_op *op, u64 *table, unsigned int work, int (*clear)(struct map_op *op, struct frame_info *info, u64 *entry))
{
	struct frame_info *info = frame_info(table);
	u64 *entry, *end;
	int ret;

	for (; info->used; info->groups &= info->groups - 1) {
		entry = table + MAPDB_GROUP * __builtin_ctz(info->groups);
		op->work += MAP_WORK_GROUP;
		for (end = entry + MAPDB_GROUP; entry < end; entry++) {
			if (!*entry)
				continue;
			ret = clear(op, info, entry);
			if (ret)
				return ret;
			if (map_op_work(op, work))
				return -E_PREEMPTED;
		}
	}
	return 0;
}

/** A table for `owner`, or NULL. */
void *must_check mapdb_table_create(void *owner, unsigned int level, u64 base, struct quota *q);
/** Give back an empty table and its companion. */
void mapdb_table_free(void *table, struct quota *q);
int must_check mapdb_companion_create(struct frame_info *info, struct quota *q);

/** Companion of the table that info describes. -L4_ENOMEM. */
static inline int must_check mapdb_companion(struct frame_info *info, struct quota *q)
{
	return likely(info->nodes) ? 0 : mapdb_companion_create(info, q);
}

/** Put ref (whose node is `node`) on the list that starts at *head, as a child of parent. */
static inline void mapdb_link(u32 *head, u32 parent, u32 ref, struct map_node *node, bool front)
{
	struct map_node *first;

	node->parent = parent;
	if (!*head) {
		node->next = 0;
		node->prev = ref;
		*head = ref;
		return;
	}
	first = mapdb_node(*head);
	node->prev = first->prev;
	first->prev = ref;
	if (front) {
		node->next = *head;
		*head = ref;
	} else {
		node->next = 0;
		mapdb_node(node->prev)->next = ref;
	}
}

/** Take ref (whose node is `node`) off the list that starts at *head. */
static inline void mapdb_unlink(u32 *head, u32 ref, struct map_node *node)
{
	u32 next = node->next;

	if (*head == ref) {
		*head = next;
		if (!next)
			return;
	} else {
		mapdb_node(node->prev)->next = next;
	}
	mapdb_node(next ? next : *head)->prev = node->prev;
}

/** Remove everything derived from ref. -E_PREEMPTED: more is left. */
int must_check mapdb_revoke_children(struct map_op *op, u32 ref);

#endif
