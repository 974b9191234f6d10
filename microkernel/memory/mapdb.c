// SPDX-License-Identifier: GPL-2.0-only
/* Mapping database: table pages and revocation of subtrees. */
#include "mapdb.h"
#include "pte.h"

void *mapdb_table_create(void *owner, unsigned int level, u64 base, struct quota *q)
{
	void *table = frame_alloc_zeroed(q);
	struct frame_info *info;

	if (!table)
		return NULL;
	info = frame_info(table);
	info->owner = owner;
	info->nodes = NULL;
	info->base = base;
	info->level = level;
	info->groups = 0;
	info->used = 0;
	return table;
}

int mapdb_companion_create(struct frame_info *info, struct quota *q)
{
	info->nodes = frame_alloc(MAPDB_COMPANION_ORDER, q);
	return info->nodes ? 0 : -L4_ENOMEM;
}

void mapdb_table_free(void *table, struct quota *q)
{
	struct frame_info *info = frame_info(table);

	if (info->nodes)
		frame_free(info->nodes, MAPDB_COMPANION_ORDER, q);
	frame_free_zeroed(table, q);
}

/*
 * Instead of walking down to the leaves, which takes unbounded time in a deep
 * tree and would start anew after each preemption, grandchildren are moved up one by
 * one until the first child is childless. Every mapping is moved at most
 * once, and after each step the database is complete: rights still only shrink downwards.
 */
int mapdb_revoke_children(struct map_op *op, u32 ref)
{
	struct map_node *top = mapdb_node(ref), *first;
	u32 grandchild;

	while (top->child) {
		first = mapdb_node(top->child);
		grandchild = first->child;
		if (grandchild) {
			mapdb_unlink(&first->child, grandchild, mapdb_node(grandchild));
			mapdb_link(&top->child, ref, grandchild, mapdb_node(grandchild),
				   *mapdb_entry(grandchild) & PTE_W);
		} else {
			op->remove(op, top->child);
		}
		if (map_op_work(op, MAP_WORK_ENTRY) && top->child)
			return -E_PREEMPTED;
	}
	return 0;
}
