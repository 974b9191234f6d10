// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability spaces: tables of slots, and the tree of capabilities of each object.
 *
 * A capability without parent is a root; the roots of an object are a sibling
 * list that starts at obj->cap_root. cap_remove() is the one place where an
 * entry is emptied and obj->caps goes down.
 */
#include "cap.h"
#include "kobject.h"
#include "mapdb.h"

#define DIR_LEVEL 2
#define SLOT_LEVEL 1

static inline struct kobject *entry_object(u64 entry)
{
	return (struct kobject *)(entry & ~CAP_RIGHTS_MASK);
}

static u64 *slot_entry(struct capspace *cs, u64 slot)
{
	u64 *table;

	if (slot >= L4_CAP_MAX_SLOTS || !cs->dir)
		return NULL;
	table = cs->dir[slot / MAPDB_ENTRIES];
	return table ? &table[slot % MAPDB_ENTRIES] : NULL;
}

static u32 *list_head_of(u32 ref)
{
	u32 parent = mapdb_node(ref)->parent;

	return parent ? &mapdb_node(parent)->child : &entry_object(*mapdb_entry(ref))->cap_root;
}

static void cap_remove(struct map_op *op, u32 ref)
{
	u64 *entry = mapdb_entry(ref);
	struct kobject *obj = entry_object(*entry);

	mapdb_unlink(list_head_of(ref), ref, mapdb_node(ref));
	*entry = 0;
	frame_info(entry)->used--;
	if (--obj->caps == 0)
		kobject_orphaned(obj);
}

static void cap_enter(u64 *entry, u64 value, u32 parent)
{
	struct kobject *obj = entry_object(value);
	u32 ref = mapdb_ref(entry);

	*entry = value;
	mapdb_node(ref)->child = 0;
	mapdb_link(parent ? &mapdb_node(parent)->child : &obj->cap_root, parent, ref, mapdb_node(ref), true);
	mapdb_count(frame_info(entry), ref);
	obj->caps++;
}

int cap_reserve(struct capspace *cs, u64 slot)
{
	u64 *table, index = slot / MAPDB_ENTRIES;
	int ret;

	if (slot >= L4_CAP_MAX_SLOTS)
		return -L4_ERANGE;
	if (cs->dir && cs->dir[index])
		return 0;
	ret = frame_stock_up(2);
	if (ret)
		return ret;
	if (!cs->dir)
		cs->dir = mapdb_table_create(cs, DIR_LEVEL, 0, cs->quota);
	if (!cs->dir)
		return -L4_ENOMEM;
	table = mapdb_table_create(cs, SLOT_LEVEL, index * MAPDB_ENTRIES, cs->quota);
	if (!table)
		return -L4_ENOMEM;
	if (mapdb_companion(frame_info(table), cs->quota)) {
		mapdb_table_free(table, cs->quota);
		return -L4_ENOMEM;
	}
	cs->dir[index] = table;
	if (index == 0)
		cs->first = table;
	mapdb_count(frame_info(cs->dir), index);
	return 0;
}

void cap_insert(struct capspace *cs, u64 slot, struct kobject *obj, unsigned int rights)
{
	cap_enter(slot_entry(cs, slot), (u64)obj | (rights & CAP_RIGHTS_MASK) | L4_CAP_RIGHT_R, 0);
}

/* Both ends of a transfer: the source must be usable, the destination's table there. */
static int transfer_begin(struct capspace *dst, u64 dst_slot, struct capspace *src, u64 src_slot,
			  u64 **to, u64 **from)
{
	int ret;

	*from = slot_entry(src, src_slot);
	if (!*from || !**from || entry_object(**from)->dead)
		return -L4_ENOENT;
	ret = cap_reserve(dst, dst_slot);
	if (ret)
		return ret;
	*to = slot_entry(dst, dst_slot);
	return 0;
}

int cap_map(struct capspace *dst, u64 dst_slot, struct capspace *src, u64 src_slot,
	    unsigned int rights)
{
	u64 *to, *from;
	int ret = transfer_begin(dst, dst_slot, src, src_slot, &to, &from);

	if (ret)
		return ret;
	if (*to)
		return -L4_EEXIST;
	cap_enter(to, (*from & (~CAP_RIGHTS_MASK | rights)) | L4_CAP_RIGHT_R, mapdb_ref(from));
	return 0;
}

/* Put the empty slot `to` on the list directly before `from`, with the same object and rights. */
static void cap_enter_before(u64 *to, u64 *from)
{
	u32 ref = mapdb_ref(to), next = mapdb_ref(from);
	struct map_node *node = mapdb_node(ref), *next_node = mapdb_node(next);
	u32 *head = list_head_of(next);

	node->child = 0;
	node->parent = next_node->parent;
	node->next = next;
	node->prev = next_node->prev;
	next_node->prev = ref;
	if (*head == next)
		*head = ref;
	else
		mapdb_node(node->prev)->next = ref;
	*to = *from;
	mapdb_count(frame_info(to), ref);
	entry_object(*to)->caps++;
}

int cap_move(struct capspace *dst, u64 dst_slot, struct capspace *src, u64 src_slot)
{
	struct map_op op = { .remove = cap_remove };
	struct map_node *old, *new;
	u64 *to, *from;
	u32 child;
	int ret = transfer_begin(dst, dst_slot, src, src_slot, &to, &from);

	if (ret)
		return ret;
	old = mapdb_node(mapdb_ref(from));
	new = mapdb_node(mapdb_ref(to));
	if (!*to)
		cap_enter_before(to, from);
	else if (entry_object(*to) != entry_object(*from) || new->next != mapdb_ref(from))
		return -L4_EEXIST;
	while ((child = old->child)) {
		mapdb_unlink(&old->child, child, mapdb_node(child));
		mapdb_link(&new->child, mapdb_ref(to), child, mapdb_node(child), true);
		if (map_op_work(&op, MAP_WORK_ENTRY) && old->child)
			return -E_PREEMPTED;
	}
	cap_remove(&op, mapdb_ref(from));
	return 0;
}

static int slot_unmap(struct map_op *op, u64 *entry, unsigned int rights, bool self)
{
	u32 ref = mapdb_ref(entry);
	int ret;

	if (!(*entry & rights & CAP_RIGHTS_MASK))
		return 0;
	ret = mapdb_revoke_children(op, ref);
	if (ret || !self)
		return ret;
	if (rights & L4_CAP_RIGHT_R)
		cap_remove(op, ref);
	else
		*entry &= ~(u64)(rights & CAP_RIGHTS_MASK);
	return 0;
}

int cap_unmap(struct capspace *cs, u64 first, u64 count, unsigned int rights, bool self, u64 *cursor)
{
	struct map_op op = { .remove = cap_remove, .work = MAP_WORK_CALL };
	u64 slot, *entry;
	int ret;

	if (first >= L4_CAP_MAX_SLOTS || count > L4_CAP_MAX_SLOTS - first)
		return -L4_ERANGE;
	while (*cursor < count) {
		slot = first + *cursor;
		entry = slot_entry(cs, slot);
		if (entry && *entry) {
			ret = slot_unmap(&op, entry, rights, self);
			if (ret)
				return ret;
			op.work += MAP_WORK_ENTRY;
		}
		/* Without a table, on to the next. */
		*cursor = (entry ? slot + 1 : (slot | (MAPDB_ENTRIES - 1)) + 1) - first;
		if (*cursor < count && map_op_work(&op, MAP_WORK_SCAN))
			return -E_PREEMPTED;
	}
	return 0;
}

int cap_revoke_object(struct kobject *obj)
{
	struct map_op op = { .remove = cap_remove };
	u32 ref;
	int ret;

	while ((ref = obj->cap_root)) {
		ret = mapdb_revoke_children(&op, ref);
		if (ret)
			return ret;
		cap_remove(&op, ref);
		if (map_op_work(&op, MAP_WORK_ENTRY) && obj->cap_root)
			return -E_PREEMPTED;
	}
	return 0;
}

static int slot_clear(struct map_op *op, struct frame_info *info, u64 *entry)
{
	return slot_unmap(op, entry, L4_CAP_RIGHT_R, true);
}

/* Empty and free the table of slots that an entry of the directory refers to. */
static int slots_destroy(struct map_op *op, struct frame_info *info, u64 *entry)
{
	struct capspace *cs = info->owner;
	u64 *table = (u64 *)*entry;
	int ret = mapdb_clear(op, table, MAP_WORK_ENTRY, slot_clear);

	if (ret)
		return ret;
	if (table == cs->first)
		cs->first = NULL;
	mapdb_table_free(table, cs->quota);
	*entry = 0;
	info->used--;
	return 0;
}

int capspace_destroy(struct capspace *cs)
{
	struct map_op op = { .remove = cap_remove };
	int ret;

	if (!cs->dir)
		return 0;
	ret = mapdb_clear(&op, (u64 *)cs->dir, MAP_WORK_TABLE, slots_destroy);
	if (ret)
		return ret;
	mapdb_table_free(cs->dir, cs->quota);
	cs->dir = NULL;
	return 0;
}
