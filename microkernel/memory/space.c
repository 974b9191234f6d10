// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces: page tables and the mappings in them.
 *
 * Invariants
 *  - A leaf that is not kernel-user memory has a valid mapping node; empty entries have none.
 *  - A child lies within its parent's frame and has no right that the parent lacks.
 *  - frame_info(table)->used counts the entries that are not empty (the kernel's entries of a root excepted),
 *    and ->groups has a bit for each group of 16 that holds any.
 *  - Entries of the top level are filled once and stay until the space dies: supervisor views copy them.
 *  - No translation that was removed or reduced is left in a TLB when a function returns.
 */
#include <string.h>

#include "cap.h"
#include "mapdb.h"
#include "space.h"
#include "pte.h"

#define ROOT_LEVEL 4
/* So many single flushes cost about as much as flushing the space. */
#define FLUSH_SINGLES 32
/* Tables that may have to be made for an area of kernel-user memory, with a task's root. */
#define KU_MEM_TABLES 4

static inline unsigned int level_shift(unsigned int level)
{
	return 3 + 9 * level;
}

static inline u64 level_size(unsigned int level)
{
	return 1UL << level_shift(level);
}

static inline unsigned int level_index(u64 va, unsigned int level)
{
	return va >> level_shift(level) & (MAPDB_ENTRIES - 1);
}

static inline unsigned int order_level(unsigned int order)
{
	return order >= L4_GIGAPAGESHIFT ? 3 : order >= L4_SUPERPAGESHIFT ? 2 : 1;
}

static inline bool is_leaf(u64 entry, unsigned int level)
{
	return (entry & PTE_P) && (level == 1 || (entry & PTE_PS));
}

static inline u64 *table_of(u64 entry)
{
	return frame_va(entry & PTE_ADDR);
}

static inline bool last_of_table(const u64 *entry)
{
	return ((u64)(entry + 1) & (PAGE_SIZE - 1)) == 0;
}

static inline bool is_user(u64 va)
{
	return va < L4_USER_LOW_END || va >= L4_USER_HIGH_START;
}

static bool is_user_range(u64 va, u64 bytes)
{
	u64 last = va + bytes - 1;

	return last >= va && is_user(va) && is_user(last) &&
	       (va < L4_USER_LOW_END) == (last < L4_USER_LOW_END);
}

/* --- flushing */

static void op_finish(struct map_op *op)
{
	if (op->flushed && op->flush->io)
		arch_iospace_changed(op->flush->io);
	else if (op->flushed > FLUSH_SINGLES)
		arch_tlb_flush_all(op->flush);
	op->flushed = 0;
}

static inline u64 uncached(const struct space *s)
{
	return unlikely(s->io) ? ~0UL : arch_tlb_uncached(s);
}

static __attribute__((noinline)) void op_flush_begin(struct map_op *op, struct space *s)
{
	op_finish(op);
	op->flush = s;
	op->uncached = uncached(s);
}

static inline void op_flush(struct map_op *op, struct space *s, u64 va, unsigned int order)
{
	if (s == op->dying)
		return;
	if (unlikely(s != op->flush))
		op_flush_begin(op, s);
	op->flushed++;
	if (unlikely(va >= op->uncached) && op->flushed <= FLUSH_SINGLES)
		arch_tlb_flush(s, va, order);
}

/* --- single entries */

/* The entry that ends the way to va: a leaf, an empty one, or any of level 1. */
static inline u64 *walk(const struct space *s, u64 va, unsigned int *level)
{
	u64 *entry = &s->root[level_index(va, 4)];

	*level = 4;
	if (!(*entry & PTE_P))
		return entry;
	entry = &table_of(*entry)[level_index(va, 3)];
	*level = 3;
	if ((*entry & (PTE_P | PTE_PS)) != PTE_P)
		return entry;
	entry = &table_of(*entry)[level_index(va, 2)];
	*level = 2;
	if ((*entry & (PTE_P | PTE_PS)) != PTE_P)
		return entry;
	*level = 1;
	return &table_of(*entry)[level_index(va, 1)];
}

static u64 *table_add(struct space *s, u64 *entry, u64 va, unsigned int level)
{
	u64 *table = mapdb_table_create(s, level - 1, ALIGN_DOWN(va, level_size(level)), s->quota);

	if (!table)
		return NULL;
	*entry = frame_pa(table) | PTE_TABLE;
	mapdb_count(frame_info(entry), mapdb_ref(entry));
	if (level == ROOT_LEVEL && s->view_root && level_index(va, 4) < PTE_ROOT_KERNEL)
		s->view_root[level_index(va, 4)] = *entry;
	return table;
}

/*
 * The entry for va at `level`, made if need be, or the superpage in the way: *found tells its level.
 * NULL: no memory, or *found is 0: preempted (never without op), the tables made so far stay.
 */
static inline u64 *walk_create(struct map_op *op, struct space *s, u64 va, unsigned int level,
			       unsigned int *found)
{
	u64 *entry = &s->root[level_index(va, ROOT_LEVEL)], *table;
	unsigned int at;

	for (at = ROOT_LEVEL; at > level; at--) {
		if (unlikely(!*entry)) {
			*found = !op || frame_stock_up(1) != -E_PREEMPTED;
			table = *found ? table_add(s, entry, va, at) : NULL;
			if (!table)
				return NULL;
			*found = !op || !map_op_work(op, MAP_WORK_TABLE);
			if (!*found)
				return NULL;
		} else if (unlikely(*entry & PTE_PS)) {
			break;
		} else {
			table = table_of(*entry);
		}
		entry = &table[level_index(va, at - 1)];
	}
	*found = at;
	return entry;
}

static u64 entry_va(const u64 *entry, const struct frame_info *info)
{
	return info->base + (((u64)entry & (PAGE_SIZE - 1)) / sizeof(*entry) << level_shift(info->level));
}

/* Fill an empty entry and its node. `head`: list of the parent's children, NULL without parent. */
static inline void leaf_link(u64 *entry, u64 value, u32 ref, struct map_node *node, u32 parent, u32 *head)
{
	node->child = 0;
	node->parent = 0;
	if (head)
		mapdb_link(head, parent, ref, node, value & PTE_W);
	*entry = value;
}

/* The same for an entry of the table that info describes, and account for it. */
static inline void leaf_enter(struct space *s, struct frame_info *info, u64 *entry, u64 value,
			      u32 parent, u32 *head)
{
	u32 ref = mapdb_ref(entry);

	leaf_link(entry, value, ref, mapdb_table_node(info, ref), parent, head);
	mapdb_count(info, ref);
	s->pages++;
	if (unlikely(s->io))
		iospace_changed(s->io, entry_va(entry, info), level_shift(info->level), true);
}

/* Empty an entry without children, nothing else. */
static __attribute__((always_inline)) inline void leaf_take(struct space *s, struct frame_info *info, struct map_node *node, u64 *entry, u32 ref)
{
	if (node->parent)
		mapdb_unlink(&mapdb_node(node->parent)->child, ref, node);
	*entry = 0;
	info->used--;
	s->pages--;
}

static inline void leaf_drop(struct map_op *op, struct frame_info *info, struct map_node *node,
			     u64 *entry, u64 va)
{
	struct space *s = info->owner;

	leaf_take(s, info, node, entry, mapdb_ref(entry));
	if (unlikely(s->io))
		iospace_changed(s->io, va, level_shift(info->level), false);
	op_flush(op, s, va, level_shift(info->level));
}

static void leaf_remove(struct map_op *op, u32 ref)
{
	u64 *entry = mapdb_entry(ref);
	struct frame_info *info = frame_info(entry);

	leaf_drop(op, info, mapdb_node(ref), entry, entry_va(entry, info));
}

static inline u64 drop_rights(u64 value, unsigned int rights)
{
	if (rights & SPACE_RIGHTS_W)
		value &= ~(PTE_W | PTE_D);
	if (rights & SPACE_RIGHTS_X)
		value = (value | PTE_NX) & ~PTE_XP;
	return value;
}

/* Rights of `rights` that the entry has; X also when it may only be passed on. */
static inline unsigned int held_rights(u64 value, unsigned int rights)
{
	unsigned int held = SPACE_RIGHTS_R;

	if (value & PTE_W)
		held |= SPACE_RIGHTS_W;
	if (value & PTE_XP)
		held |= SPACE_RIGHTS_X;
	return held & rights;
}

/* Take W or X from an entry that has it. A writable sibling must not come after one that is no longer. */
static inline void leaf_reduce(struct map_op *op, struct frame_info *info, struct map_node *node,
			       u64 *entry, unsigned int rights)
{
	u32 *head;

	if ((rights & SPACE_RIGHTS_W) && node->parent && node->next && (*mapdb_entry(node->next) & PTE_W)) {
		head = &mapdb_node(node->parent)->child;
		mapdb_unlink(head, mapdb_ref(entry), node);
		mapdb_link(head, node->parent, mapdb_ref(entry), node, false);
	}
	*entry = drop_rights(*entry, rights);
	op_flush(op, info->owner, entry_va(entry, info), level_shift(info->level));
}

/* --- revocation */

static inline u32 writable_child(u32 ref)
{
	u32 child = mapdb_node(ref)->child;

	return child && (*mapdb_entry(child) & PTE_W) ? child : 0;
}

/* Take W from the children; what they passed on with W goes, see space_unmap(). */
static int weaken_children(struct map_op *op, u32 ref)
{
	u32 child, grandchild;
	u64 *entry;
	int ret;

	while ((child = writable_child(ref))) {
		grandchild = writable_child(child);
		if (grandchild) {
			ret = mapdb_revoke_children(op, grandchild);
			if (ret)
				return ret;
			leaf_remove(op, grandchild);
		} else {
			entry = mapdb_entry(child);
			leaf_reduce(op, frame_info(entry), mapdb_node(child), entry, SPACE_RIGHTS_W);
		}
		if (map_op_work(op, MAP_WORK_ENTRY))
			return -E_PREEMPTED;
	}
	return 0;
}

static __attribute__((noinline)) int leaf_revoke(struct map_op *op, struct frame_info *info, u64 *entry,
						 u64 va, unsigned int rights, bool self)
{
	u32 ref = mapdb_ref(entry);
	struct map_node *node = mapdb_table_node(info, ref);
	int ret = 0;

	if (unlikely(*entry & PTE_KU))
		return 0;
	if (!(rights & SPACE_RIGHTS_R)) {
		rights = held_rights(*entry, rights);
		if (!rights)
			return 0;
	}
	if (unlikely(node->child))
		ret = rights == SPACE_RIGHTS_W ? weaken_children(op, ref) : mapdb_revoke_children(op, ref);
	if (unlikely(ret) || !self)
		return ret;
	if (rights & SPACE_RIGHTS_R)
		leaf_drop(op, info, node, entry, va);
	else
		leaf_reduce(op, info, node, entry, rights);
	return 0;
}

static inline int leaf_unmap(struct map_op *op, struct frame_info *info, u64 *entry,
			     u64 va, unsigned int rights, bool self)
{
	struct map_node *node = mapdb_table_node(info, mapdb_ref(entry));

	if (unlikely(!self || (*entry & PTE_KU) || node->child))
		return leaf_revoke(op, info, entry, va, rights, self);
	if (rights & SPACE_RIGHTS_R)
		leaf_drop(op, info, node, entry, va);
	else if ((rights = held_rights(*entry, rights)))
		leaf_reduce(op, info, node, entry, rights);
	return 0;
}

/* --- taking tables apart */

static void ku_page_remove(struct space *s, u64 *entry)
{
	frame_free(table_of(*entry), 0, s->quota);
	*entry = 0;
	frame_info(entry)->used--;
	s->pages--;
}

/* Free the empty table that *entry refers to. */
static void table_drop(struct map_op *op, struct space *s, u64 *entry)
{
	u64 *table = table_of(*entry);
	struct frame_info *info = frame_info(table);

	*entry = 0;
	frame_info(entry)->used--;
	if (s->from.entries == table)
		s->from.bytes = 0;
	if (s->to.entries == table)
		s->to.bytes = 0;
	if (s != op->dying) {
		/* The CPU may have cached the way through the table. */
		op_flush(op, s, info->base, level_shift(info->level + 1));
		op_finish(op);
	}
	op->work += MAP_WORK_TABLE;
	mapdb_table_free(table, s->quota);
}

static int table_destroy(struct map_op *op, struct space *s, u64 *entry);

static inline int entry_clear(struct map_op *op, struct frame_info *info, u64 *entry)
{
	struct space *s = info->owner;
	struct map_node *node;
	int ret;

	if (unlikely(!is_leaf(*entry, info->level)))
		return table_destroy(op, s, entry);
	if (s != op->dying)
		return *entry & PTE_KU ? -L4_EEXIST :
		       leaf_unmap(op, info, entry, entry_va(entry, info), SPACE_RIGHTS_R, true);
	if (unlikely(*entry & PTE_KU)) {
		ku_page_remove(s, entry);
		op->work += MAP_WORK_ENTRY / 2;
		return 0;
	}
	node = mapdb_table_node(info, mapdb_ref(entry));
	if (unlikely(node->child)) {
		ret = mapdb_revoke_children(op, mapdb_ref(entry));
		if (ret)
			return ret;
	}
	leaf_take(s, info, node, entry, mapdb_ref(entry));
	return 0;
}

/* Take apart and free the table that *entry refers to. Goes down one level with each call of itself. */
static int table_destroy(struct map_op *op, struct space *s, u64 *entry)
{
	int ret = mapdb_clear(op, table_of(*entry), MAP_WORK_ENTRY / 2, entry_clear);

	if (!ret)
		table_drop(op, s, entry);
	return ret;
}

/* Free the table of `level` that covers va, if it is there and empty. Never one of the top two levels. */
static void table_release(struct map_op *op, struct space *s, u64 va, unsigned int level)
{
	u64 *entry = &s->root[level_index(va, ROOT_LEVEL)];
	unsigned int at;

	for (at = ROOT_LEVEL; at > level + 1; at--) {
		if (!*entry || (*entry & PTE_PS))
			return;
		entry = &table_of(*entry)[level_index(va, at - 1)];
	}
	if (*entry && !(*entry & PTE_PS) && !frame_info(table_of(*entry))->used)
		table_drop(op, s, entry);
}

struct unmap_range {
	u64 va, first, last; /* va: where to go on */
	unsigned int rights;
	bool self, done;
};

/* Go past [.., next): free the tables that are covered whole by the range and end there. */
static void unmap_advance(struct map_op *op, struct space *s, struct unmap_range *r,
			  u64 next, unsigned int level)
{
	u64 size;

	if (r->self && (r->rights & SPACE_RIGHTS_R)) {
		for (; level < ROOT_LEVEL - 1; level++) {
			size = level_size(level + 1);
			if ((next & (size - 1)) || next - size < r->first)
				break;
			table_release(op, s, next - size, level);
		}
	}
	if (next - 1 >= r->last)
		r->done = true;
	else
		r->va = next;
}

/* Where a run of entries that starts at va must end: with the table, the range, or below the non-canonical hole. */
static u64 unmap_run_end(const struct unmap_range *r, const struct frame_info *info, u64 va, unsigned int level)
{
	u64 size = level_size(level), end;

	if (level < ROOT_LEVEL)
		end = info->base + level_size(level + 1);
	else
		end = va < L4_USER_LOW_END ? 1UL << 47 : 0;
	return end - 1 > r->last ? ALIGN_DOWN(r->last, size) + size : end;
}

/* Entries [entry, *stop) are left to look at: go past groups that are empty, put the end of the group into *stop. */
static inline u64 *unmap_group(const struct frame_info *info, u64 *entry, u64 **stop)
{
	unsigned int index = mapdb_ref(entry) % MAPDB_ENTRIES, group = index / MAPDB_GROUP;
	u32 groups = info->groups >> group;
	u64 *first;

	if (!groups || !info->used)
		return *stop;
	group += __builtin_ctz(groups);
	first = entry - index + group * MAPDB_GROUP;
	if (first + MAPDB_GROUP < *stop)
		*stop = first + MAPDB_GROUP;
	return first < entry ? entry : first < *stop ? first : *stop;
}

/* Handle entries from *first (at r->va) on, up to the end of the run or what needs another walk. */
static int unmap_run(struct map_op *op, struct space *s, struct unmap_range *r,
		     u64 *first, unsigned int level)
{
	struct frame_info *info = frame_info(first);
	unsigned int shift = level_shift(level);
	u64 va = ALIGN_DOWN(r->va, level_size(level)), end = unmap_run_end(r, info, va, level);
	u64 *entry = first, *last = first + ((end - va) >> shift), *stop;
	int ret = 0;

	while (entry < last) {
		stop = last;
		for (entry = unmap_group(info, entry, &stop); entry < stop; entry++) {
			if (!*entry)
				continue;
			if (unlikely(!is_leaf(*entry, level)))
				goto out;
			ret = leaf_unmap(op, info, entry, va + ((u64)(entry - first) << shift), r->rights, r->self);
			if (unlikely(ret))
				goto out;
			if (unlikely(map_op_work(op, MAP_WORK_ENTRY)) && entry + 1 < last) {
				entry++;
				ret = -E_PREEMPTED;
				goto out;
			}
		}
		if (unlikely(map_op_work(op, MAP_WORK_GROUP)) && entry > first + 1) {
			/* At the end it goes on from the last entry: what follows may take as long as a step. */
			if (entry == last)
				entry--;
			ret = -E_PREEMPTED;
			goto out;
		}
	}
	unmap_advance(op, s, r, end, level);
	return 0;
out:
	if (entry > first)
		r->va = va + ((u64)(entry - first) << shift);
	return ret;
}

static int unmap_range(struct map_op *op, struct space *s, struct unmap_range *r)
{
	unsigned int level;
	u64 *entry;
	int ret;

	while (!r->done) {
		if (!is_user(r->va)) {
			if (r->last < L4_USER_HIGH_START)
				return 0;
			r->va = L4_USER_HIGH_START;
		}
		entry = walk(s, r->va, &level);
		ret = unmap_run(op, s, r, entry, level);
		if (ret)
			return ret;
		if (!r->done && map_op_work(op, 4 * MAP_WORK_SCAN))
			return -E_PREEMPTED;
	}
	return 0;
}

int space_unmap(struct space *s, u64 start, u64 last, unsigned int rights, bool self, u64 *cursor)
{
	struct map_op op = { .remove = leaf_remove, .work = MAP_WORK_CALL };
	struct unmap_range r = { .first = ALIGN_DOWN(start, PAGE_SIZE), .last = last | (PAGE_SIZE - 1),
				 .rights = rights, .self = self };
	int ret;

	if (last < start)
		return -L4_EINVAL;
	if (!s->io && r.last - r.first < PAGE_SIZE &&
	    space_unmap_items(s, (l4_umword_t[]){ r.first | SPACE_SMALL | (rights & L4_FPAGE_RIGHTS_MASK) }, 1, self))
		return 0;
	r.va = r.first + *cursor;
	/* The cursor may be that of another operation, see space_map(): beyond the range there is nothing to do. */
	if (r.va < r.first || r.va > r.last)
		return 0;
	ret = unmap_range(&op, s, &r);
	*cursor = r.va - r.first;
	op_finish(&op);
	return ret;
}

/* --- mapping */

struct map_request {
	struct space *dst, *src;
	u64 dst_va, src_va, bytes;
	unsigned int rights;
	bool exact;   /* one page of `bytes`, which the source must have */
	u64 done, pages;
};

#define CHILD_KEEP(rights) \
	(PTE_ADDR | PTE_CACHE_MASK | ((rights) & SPACE_RIGHTS_W ? PTE_W | PTE_D : 0) | \
	 ((rights) & (SPACE_RIGHTS_X | SPACE_RIGHTS_PASS_X) ? PTE_XP : 0))

static inline u64 child_value(u64 parent, u64 offset, unsigned int level, unsigned int rights)
{
	/* What of the parent stays. Only a writable page has D, and every one has it. */
	static const u64 keep[L4_FPAGE_RIGHTS_MASK + 1] = {
		CHILD_KEEP(0), CHILD_KEEP(1), CHILD_KEEP(2), CHILD_KEEP(3), CHILD_KEEP(4), CHILD_KEEP(5),
		CHILD_KEEP(6), CHILD_KEEP(7), CHILD_KEEP(8), CHILD_KEEP(9), CHILD_KEEP(10), CHILD_KEEP(11),
		CHILD_KEEP(12), CHILD_KEEP(13), CHILD_KEEP(14), CHILD_KEEP(15),
	};
	u64 value = ((parent & keep[rights & L4_FPAGE_RIGHTS_MASK]) + offset) | PTE_P | PTE_U | PTE_A | PTE_NX;

	if ((rights & SPACE_RIGHTS_X) && (parent & PTE_XP))
		value &= ~PTE_NX;
	return level > 1 ? value | PTE_PS : value;
}

/* Union of rights of an entry and a new value for the same frame, within the new parent's. */
static u64 join_rights(u64 old, u64 value, u64 parent)
{
	if (old & parent & PTE_W)
		value |= PTE_W | PTE_D;
	value |= old & parent & PTE_XP;
	if (!(old & PTE_NX) && (parent & PTE_XP))
		value &= ~PTE_NX;
	return value;
}

static void leaf_relink(struct map_op *op, u32 ref, u32 parent, u64 value)
{
	struct map_node *node = mapdb_node(ref);
	u64 *entry = mapdb_entry(ref);
	struct frame_info *info = frame_info(entry);

	if (node->parent)
		mapdb_unlink(&mapdb_node(node->parent)->child, ref, node);
	mapdb_link(&mapdb_node(parent)->child, parent, ref, node, value & PTE_W);
	/* The new parent may have fewer rights than the old one had. */
	if ((*entry & ~value & PTE_W) || (~*entry & value & PTE_NX))
		op_flush(op, info->owner, entry_va(entry, info), level_shift(info->level));
	*entry = value;
}

/*
 * Something is at the destination: update it when it is the same page (1), else
 * remove it (0: look at both sides again, the source may have gone with it).
 */
static int displace_leaf(struct map_op *op, u64 *entry, bool same_size, u64 value, const u64 *parent)
{
	const u64 identity = PTE_ADDR | PTE_CACHE_MASK;
	u32 ref = mapdb_ref(entry), parent_ref = mapdb_ref(parent);
	struct map_node *node;
	int ret;

	if (*entry & PTE_KU)
		return -L4_EEXIST;
	node = mapdb_node(ref);
	if (same_size && !((*entry ^ value) & identity) &&
	    (node->parent == parent_ref || (node->parent && !node->child))) {
		value = join_rights(*entry, value, *parent);
		if (node->parent != parent_ref || ((*entry ^ value) & PTE_W))
			leaf_relink(op, ref, parent_ref, value);
		else
			*entry = value;
		return 1;
	}
	ret = mapdb_revoke_children(op, ref);
	if (!ret)
		leaf_remove(op, ref);
	return ret;
}

static int displace(struct map_op *op, struct map_request *r, u64 *entry, unsigned int found,
		    unsigned int level, u64 value, const u64 *parent)
{
	if (found == level && !is_leaf(*entry, level))
		return table_destroy(op, r->dst, entry);
	return displace_leaf(op, entry, found == level, value, parent);
}

/* Map pages as long as both sides stay within their tables and nothing is in the way. */
static inline int map_run(struct map_op *op, struct map_request *r, u64 *src, unsigned int src_level,
			  u64 *dst, unsigned int level)
{
	struct frame_info *info = frame_info(dst);
	u64 size = level_size(level), left, value;
	u32 *head;

next_source:
	value = (r->src_va + r->done) & (level_size(src_level) - 1);
	left = level_size(src_level) - value;
	value = child_value(*src, value, level, r->rights);
	head = &mapdb_node(mapdb_ref(src))->child;
	for (;;) {
		leaf_enter(r->dst, info, dst, value, mapdb_ref(src), head);
		r->pages++;
		r->done += size;
		if (r->done == r->bytes)
			return 0;
		if (unlikely(map_op_work(op, MAP_WORK_ENTRY)))
			return -E_PREEMPTED;
		if (last_of_table(dst) || *++dst)
			return 0;
		value += size;
		left -= size;
		if (left)
			continue;
		if (last_of_table(src) || !is_leaf(*++src, src_level) || (*src & PTE_KU))
			return 0;
		goto next_source;
	}
}

static inline int map_step(struct map_op *op, struct map_request *r)
{
	u64 src_va = r->src_va + r->done, skip, value, *src, *dst;
	unsigned int src_level, level, found;
	int ret;

	src = walk(r->src, src_va, &src_level);
	if (unlikely(!(*src & PTE_P) || (*src & PTE_KU))) {
		if (r->exact)
			return -L4_ENOENT;
		skip = level_size(src_level) - (src_va & (level_size(src_level) - 1));
		r->done = skip < r->bytes - r->done ? r->done + skip : r->bytes;
		return 0;
	}
	/* The source may have become a superpage since a preemption, with us in the middle. */
	for (level = src_level; level_size(level) > r->bytes || (src_va & (level_size(level) - 1)); level--)
		;
	if (r->exact && level_size(level) != r->bytes)
		return -L4_ENOENT;
	dst = walk_create(op, r->dst, r->dst_va + r->done, level, &found);
	if (unlikely(!dst))
		return found ? -L4_ENOMEM : -E_PREEMPTED;
	if (likely(!*dst)) {
		ret = mapdb_companion(frame_info(dst), r->dst->quota);
		return ret ? ret : map_run(op, r, src, src_level, dst, level);
	}
	value = child_value(*src, src_va & (level_size(src_level) - 1), level, r->rights);
	ret = displace(op, r, dst, found, level, value, src);
	if (ret != 1)
		return ret;
	r->pages++;
	r->done += level_size(level);
	return 0;
}

static inline bool map_request_valid(const struct map_request *r)
{
	return !((r->dst_va | r->src_va) & (r->bytes - 1)) && is_user_range(r->dst_va, r->bytes) &&
	       is_user_range(r->src_va, r->bytes) && (r->rights & SPACE_RIGHTS_R) &&
	       (r->dst != r->src || r->dst_va != r->src_va);
}

int space_map(struct space *dst, u64 dst_va, struct space *src, u64 src_va,
	      unsigned int order, unsigned int rights, u64 *cursor, u64 *count)
{
	struct map_op op = { .remove = leaf_remove, .work = MAP_WORK_CALL };
	struct map_request r = { .dst = dst, .src = src, .dst_va = dst_va, .src_va = src_va,
				 .bytes = 1UL << (order & 63), .rights = rights, .done = *cursor };
	int ret = 0;

	/* The cursor may be that of another operation: a system call is restarted with what its UTCB says now. */
	if (order < PAGE_SHIFT || order > 46 || (*cursor & (PAGE_SIZE - 1)) || !map_request_valid(&r))
		return -L4_EINVAL;
	while (!ret && r.done < r.bytes) {
		ret = map_step(&op, &r);
		if (!ret && r.done < r.bytes && map_op_work(&op, 4 * MAP_WORK_SCAN))
			ret = -E_PREEMPTED;
	}
	op_finish(&op);
	*cursor = r.done;
	*count += r.pages;
	return ret == -E_PREEMPTED && r.done == r.bytes ? 0 : ret;
}

int space_map_page(struct space *dst, u64 dst_va, struct space *src, u64 src_va,
		   unsigned int order, unsigned int rights)
{
	struct map_op op = { .remove = leaf_remove };
	struct map_request r = { .dst = dst, .src = src, .dst_va = dst_va, .src_va = src_va,
				 .bytes = BIT(order & 63), .rights = rights, .exact = true };
	int ret;

	if ((order != 12 && order != 21 && order != 30) || !map_request_valid(&r))
		return -L4_EINVAL;
	do {
		ret = map_step(&op, &r);
	} while (!ret && !r.done);
	op_finish(&op);
	return ret;
}

/* --- lists of single pages */

#define READ_WORD(word) (*(volatile const l4_umword_t *)&(word))
/* What is the same in all items that are taken here: type, order, and R. */
#define SMALL_CHECK (~L4_PAGEMASK & ~(l4_umword_t)(L4_FPAGE_RIGHTS_MASK ^ SPACE_RIGHTS_R))
/* What one call may do without a preemption point: two steps for a page, one when it continues a run. */
#define LIST_STEPS 17

/* Note in t the table that ends the way to va. False: it has no mappings, or is not of levels 1 to `highest`. */
static bool table_find(struct space_table *t, const struct space *s, u64 va, unsigned int highest)
{
	struct frame_info *info;
	unsigned int level;
	u64 *entry;

	if (!is_user(va))
		return false;
	entry = walk(s, va, &level);
	info = frame_info(entry);
	if (!info->nodes || level > highest)
		return false;
	t->base = info->base;
	t->bytes = level_size(level + 1);
	/* The one page that is not the user's in a table that is. */
	if (t->base < L4_USER_LOW_END && t->base + t->bytes > L4_USER_LOW_END)
		t->bytes -= PAGE_SIZE;
	t->entries = (u64 *)ALIGN_DOWN((u64)entry, PAGE_SIZE);
	t->nodes = info->nodes;
	t->info = info;
	t->ref = mapdb_ref(t->entries);
	t->shift = level_shift(level);
	t->page_mask = level_size(level) - 1;
	t->leaf = level > 1 ? PTE_P | PTE_PS : PTE_P;
	return true;
}

static __attribute__((always_inline)) inline bool is_source(const struct space_table *t, u64 offset)
{
	return offset < t->bytes && (t->entries[offset >> t->shift] & (PTE_P | PTE_PS | PTE_KU)) == t->leaf;
}

/* Map a page of the usual kind (or find it mapped already) if both tables are those noted, or do nothing. */
static __attribute__((always_inline)) inline bool list_map_noted(struct space *dst, u64 to, struct space *src, u64 from,
								 unsigned int rights)
{
	const struct space_table *s = &src->from, *d = &dst->to;
	u64 offset = from - s->base, index = offset >> s->shift, value, *entry;
	struct map_node *node;

	if (unlikely(!is_source(s, offset)))
		return false;
	value = child_value(s->entries[index], offset & s->page_mask, 1, rights);
	offset = to - d->base;
	if (unlikely(offset >= d->bytes))
		return false;
	offset >>= PAGE_SHIFT;
	entry = &d->entries[offset];
	node = &d->nodes[offset];
	if (unlikely(*entry))
		return *entry == value && node->parent == s->ref + index;
	leaf_link(entry, value, d->ref + offset, node, s->ref + index, &s->nodes[index].child);
	mapdb_count(d->info, offset);
	dst->pages++;
	return true;
}

/* The same after looking for the tables, if that was what was wrong. */
static __attribute__((noinline)) bool list_map_find(struct space *dst, u64 to, struct space *src, u64 from, unsigned int rights)
{
	struct space_table *s = &src->from, *d = &dst->to;
	bool noted = to - d->base < d->bytes;

	if (is_source(s, from - s->base) ? noted : !table_find(s, src, from, 3))
		return false;
	return (noted || table_find(d, dst, to, 1)) && list_map_noted(dst, to, src, from, rights);
}

static __attribute__((always_inline)) inline bool list_map(struct space *dst, u64 to, struct space *src, u64 from,
							   unsigned int rights)
{
	return likely(list_map_noted(dst, to, src, from, rights)) || list_map_find(dst, to, src, from, rights);
}

unsigned int space_map_list(struct space *dst, struct space *src, const l4_vcpu_map_t *list, unsigned int n)
{
	unsigned int left;
	u64 from, to;

	for (left = n; left; left--, list++) {
		from = READ_WORD(list->src);
		to = READ_WORD(list->dst);
		if (unlikely((to & ~L4_PAGEMASK) != PAGE_SHIFT || to >= L4_USER_LOW_END || !(from & SPACE_RIGHTS_R)))
			break;
		if (!list_map(dst, to & L4_PAGEMASK, src, from & L4_PAGEMASK, from & L4_FPAGE_RWX))
			break;
	}
	return n - left;
}

/*
 * An item {base, fpage} was mapped: how many of the next n are the pages behind it one by one, with the same rights, new
 * to their parents and to where they go? These are mapped, with little left to look at.
 */
static __attribute__((noinline)) unsigned int list_run(struct space *dst, const struct space *src, l4_umword_t base,
						       l4_umword_t fpage, const l4_umword_t *items, unsigned int n)
{
	const struct space_table *s = &src->from, *d = &dst->to;
	u64 from = (fpage - s->base) >> PAGE_SHIFT, to = (base - d->base) >> PAGE_SHIFT;
	const u64 *parent = s->entries + from, first = *parent, apart = fpage - base;
	struct map_node *parent_node = s->nodes + from, *node = d->nodes + to;
	u64 *entry = d->entries + to, value, left = (s->bytes >> PAGE_SHIFT) - from, room = (d->bytes >> PAGE_SHIFT) - to;
	const u64 change = first ^ *entry;
	const u32 first_ref = d->ref + to, parent_ref = s->ref + from - first_ref;
	u32 ref = first_ref;

	left = left < room ? left : room;
	for (n = n < left ? n : left - 1; n; n--, items += 2) {
		base += PAGE_SIZE;
		if (READ_WORD(items[0]) != base || READ_WORD(items[1]) != base + apart)
			break;
		value = *++parent;
		if (((value ^ first) & ~PTE_ADDR) || *++entry || (++parent_node)->child)
			break;
		parent_node->child = ++ref;
		*++node = (struct map_node){ .parent = parent_ref + ref, .prev = ref };
		*entry = value ^ change;
	}
	ref -= first_ref;
	mapdb_count_run(d->info, to + 1, ref);
	dst->pages += ref;
	return ref;
}

unsigned int space_map_items(struct space *dst, struct space *src, const l4_umword_t *items, unsigned int n)
{
	unsigned int left = n, steps = LIST_STEPS, run;
	l4_umword_t base, fpage;

	while (left && steps > 1) {
		base = READ_WORD(items[0]);
		fpage = READ_WORD(items[1]);
		if (unlikely((fpage & SMALL_CHECK) != (SPACE_SMALL | SPACE_RIGHTS_R) || (base & L4_MAP_ITEM_GRANT)))
			break;
		if (!list_map(dst, base & L4_PAGEMASK, src, fpage & L4_PAGEMASK, fpage))
			break;
		steps -= 2;
		items += 2;
		if (--left && src->from.shift == PAGE_SHIFT) {
			run = list_run(dst, src, base, fpage, items, left < steps ? left : steps);
			steps -= run;
			left -= run;
			items += 2 * run;
		}
	}
	return n - left;
}

/* An item to unmap that is not of the most usual kind. False: it would take steps, which are not begun here. */
static __attribute__((noinline)) bool unmap_item(struct space *s, l4_umword_t fpage, bool self)
{
	struct map_op op = { .remove = leaf_remove };
	struct space_table *t = &s->to;
	u64 va = fpage & L4_PAGEMASK, *entry;
	int ret;

	if (!space_is_small(fpage) || !table_find(t, s, va, 1))
		return false;
	entry = &t->entries[level_index(va, 1)];
	if (!*entry)
		return true;
	if (t->nodes[level_index(va, 1)].child)
		return false;
	ret = leaf_unmap(&op, t->info, entry, va, fpage & L4_FPAGE_RIGHTS_MASK, self);
	op_finish(&op);
	return !ret;
}

unsigned int space_unmap_items(struct space *s, const l4_umword_t *items, unsigned int n, bool self)
{
	/* What whole pages of memory have, or what nothing has. */
	const l4_umword_t want = self ? SPACE_SMALL | SPACE_RIGHTS_R : ~0UL;
	const struct space_table *t = &s->to;
	u64 cached = arch_tlb_uncached(s), offset, *entry;
	unsigned int left = n < LIST_STEPS / 2 ? n : LIST_STEPS / 2;
	struct map_node *node;
	l4_umword_t fpage;

	for (n = left; left; left--, items++) {
		fpage = READ_WORD(*items);
		offset = (fpage & L4_PAGEMASK) - t->base;
		entry = &t->entries[offset >> PAGE_SHIFT];
		node = &t->nodes[offset >> PAGE_SHIFT];
		if (likely((fpage & SMALL_CHECK) == want && offset < t->bytes)) {
			if (!*entry)
				continue;
			if (likely(!(*entry & PTE_KU) && !node->child)) {
				leaf_take(s, t->info, node, entry, t->ref + (offset >> PAGE_SHIFT));
				if (unlikely((fpage & L4_PAGEMASK) >= cached))
					arch_tlb_flush(s, fpage & L4_PAGEMASK, PAGE_SHIFT);
				continue;
			}
		}
		if (!unmap_item(s, fpage, self))
			break;
	}
	return n - left;
}

/* An empty entry for a mapping without parent, at exactly `level`. */
static int original_entry(struct space *s, u64 va, unsigned int level, u64 **out)
{
	struct map_op op = { .remove = leaf_remove };
	unsigned int found;

	if (level > 1)
		table_release(&op, s, va, level - 1);
	op_finish(&op);
	*out = walk_create(NULL, s, va, level, &found);
	if (!*out)
		return -L4_ENOMEM;
	if (**out)
		return -L4_EEXIST;
	return 0;
}

int space_enter(struct space *s, u64 va, u64 pa, unsigned int order,
		unsigned int rights, enum space_cache cache)
{
	static const u64 cache_bits[] = { PTE_CACHE_WB, PTE_CACHE_WC, PTE_CACHE_UC };
	unsigned int level = order_level(order);
	u64 *entry, value;
	int ret;

	if (level_shift(level) != order || ((va | pa) & (BIT(order) - 1)) || (pa & ~PTE_ADDR) ||
	    !is_user_range(va, BIT(order)))
		return -L4_EINVAL;
	ret = original_entry(s, va, level, &entry);
	if (!ret)
		ret = mapdb_companion(frame_info(entry), s->quota);
	if (ret)
		return ret;
	value = child_value(pa | PTE_W | PTE_D | PTE_XP | cache_bits[cache], 0, level, rights);
	leaf_enter(s, frame_info(entry), entry, value, 0, NULL);
	return 0;
}

int space_prepare_ku_mem(const struct quota *q, u64 bytes)
{
	if (bytes > q->limit - q->used)
		return -L4_ENOMEM;
	return frame_stock_up(bytes / PAGE_SIZE + KU_MEM_TABLES);
}

int space_enter_ku_mem(struct space *s, u64 va, u64 bytes)
{
	u64 at, *entry = NULL;
	void *page;
	int ret;

	if (!bytes || ((va | bytes) & (PAGE_SIZE - 1)) || !is_user_range(va, bytes))
		return -L4_EINVAL;
	ret = space_prepare_ku_mem(s->quota, bytes);
	for (at = va; !ret && at < va + bytes; at += PAGE_SIZE) {
		if (!entry || last_of_table(entry))
			ret = original_entry(s, at, 1, &entry);
		else if (*++entry)
			ret = -L4_EEXIST;
	}
	if (ret)
		return ret;
	for (at = va, entry = NULL; at < va + bytes; at += PAGE_SIZE) {
		page = frame_alloc_zeroed(s->quota);
		if (!page)
			goto undo;
		entry = !entry || last_of_table(entry) ? walk(s, at, &(unsigned int){ 0 }) : entry + 1;
		*entry = child_value(frame_pa(page) | PTE_W | PTE_D, 0, 1, SPACE_RIGHTS_W) | PTE_KU;
		mapdb_count(frame_info(entry), mapdb_ref(entry));
		s->pages++;
	}
	return 0;
undo:
	while (at > va) {
		at -= PAGE_SIZE;
		entry = walk(s, at, &(unsigned int){ 0 });
		frame_free_zeroed(table_of(*entry), s->quota);
		*entry = 0;
		frame_info(entry)->used--;
		s->pages--;
	}
	return -L4_ENOMEM;
}

void *space_ku_mem(struct space *s, u64 va, u64 bytes)
{
	unsigned int level;
	u64 *entry;

	if (!is_user(va) || bytes > PAGE_SIZE - (va & (PAGE_SIZE - 1)))
		return NULL;
	entry = walk(s, va, &level);
	if (level != 1 || !(*entry & PTE_KU))
		return NULL;
	return (char *)table_of(*entry) + (va & (PAGE_SIZE - 1));
}

/* --- life and death */

int space_create_io(struct space *s, struct quota *q, struct iospace *io)
{
	*s = (struct space){ .quota = q, .io = io };
	s->root = mapdb_table_create(s, ROOT_LEVEL, 0, q);
	if (!s->root)
		return -L4_ENOMEM;
	s->cr3 = frame_pa(s->root);
	quota_get(q);
	return 0;
}

int space_create(struct space *s, struct quota *q)
{
	int ret = space_create_io(s, q, NULL);

	if (!ret)
		arch_space_init_root(s->root);
	return ret;
}

int space_destroy(struct space *s)
{
	struct map_op op = { .remove = leaf_remove, .dying = s };
	struct quota *q = s->quota;
	int ret;

	if (!s->root)
		return 0;
	ret = mapdb_clear(&op, s->root, MAP_WORK_ENTRY / 2, entry_clear);
	op_finish(&op);
	if (ret)
		return ret;
	if (s->view_root)
		frame_free(s->view_root, 0, q);
	memset(&s->root[PTE_ROOT_KERNEL], 0, (PTE_ROOT_HIGH - PTE_ROOT_KERNEL) * sizeof(u64));
	mapdb_table_free(s->root, q);
	s->root = s->view_root = NULL;
	quota_put(q);
	return 0;
}

/* --- supervisor view */

int space_view(struct space *s, struct space *server)
{
	if (!s->view_root) {
		s->view_root = frame_alloc(0, s->quota);
		if (!s->view_root)
			return -L4_ENOMEM;
		arch_space_init_root(s->view_root);
		memcpy(s->view_root, s->root, PTE_ROOT_KERNEL * sizeof(u64));
		s->view_cr3 = frame_pa(s->view_root);
	}
	memcpy(&s->view_root[PTE_ROOT_HIGH], &server->root[PTE_ROOT_HIGH],
	       (MAPDB_ENTRIES - PTE_ROOT_HIGH) * sizeof(u64));
	return 0;
}

bool space_view_sync(struct space *s, struct space *server, u64 va)
{
	unsigned int index = level_index(va, ROOT_LEVEL);

	if (!s->view_root || va < L4_USER_HIGH_START || s->view_root[index] == server->root[index])
		return false;
	s->view_root[index] = server->root[index];
	return true;
}
