// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks: mapping and unmapping of memory, capabilities and ports, and the
 * destruction of everything a task holds.
 *
 * Destroying a task: its threads die first, then views of it end, then its
 * capabilities, ports and address space go, each in bounded steps.
 */
#include "arch.h"
#include "object.h"
#include "trace.h"
#include "transfer.h"

#define KU_MEM_ORDER_MAX 16 /* entered in one go */
#define SLOTS_PER_STEP 16 /* empty ones, looked at */

static struct slab task_slab = SLAB_INIT(struct task);

int task_create(struct kobject **out, struct quota *q, l4_fpage_t utcb_area)
{
	struct task *task;
	int err;

	if (utcb_area.raw && (fpage_type(utcb_area) != L4_FPAGE_MEMORY || fpage_order(utcb_area) < 12 ||
			      fpage_order(utcb_area) > KU_MEM_ORDER_MAX))
		return -L4_EINVAL;
	err = utcb_area.raw ? space_prepare_ku_mem(q, BIT(fpage_order(utcb_area))) : frame_stock_up(1);
	if (err)
		return err;
	task = slab_alloc(&task_slab, q);
	if (!task)
		return -L4_ENOMEM;
	err = space_create(&task->space, q);
	if (err) {
		slab_free(&task_slab, task, q);
		return err;
	}
	task->caps.quota = q;
	task->io.quota = q;
	list_init(&task->threads);
	list_init(&task->viewers);
	kobject_init(&task->kobj, &task_ops, q);
	/* One that is not finished goes as one that failed, and the call begins anew. */
	if (utcb_area.raw && preempt_point())
		err = -E_PREEMPTED;
	else if (utcb_area.raw)
		err = space_enter_ku_mem(&task->space, fpage_addr(utcb_area), BIT(fpage_order(utcb_area)));
	if (err) {
		kobject_orphaned(&task->kobj);
		return err;
	}
	*out = &task->kobj;
	return 0;
}

static int kill_threads(struct task *task)
{
	while (!list_empty(&task->threads)) {
		struct thread *t = list_entry(task->threads.next, struct thread, task_link);
		int err;

		kobject_orphaned(&t->kobj);
		err = kobject_take_apart(&t->kobj);
		if (err)
			return err;
		if (preempt_point())
			return -E_PREEMPTED;
	}
	return 0;
}

static int task_destroy(struct kobject *k)
{
	struct task *task = kobj_task(k);
	int err;

	err = kill_threads(task);
	while (!err && !list_empty(&task->viewers)) {
		vcpu_drop_view(list_entry(task->viewers.next, struct thread, view_link));
		if (preempt_point())
			err = -E_PREEMPTED;
	}
	if (!err)
		err = capspace_destroy(&task->caps);
	if (!err)
		err = iospace_destroy(&task->io);
	if (!err && preempt_point())
		err = -E_PREEMPTED;
	if (err)
		return err;
	arch_space_leave(&task->space);
	return space_destroy(&task->space);
}

/* --- map */

static int map_objects(struct task *to, struct task *src, l4_umword_t base, l4_fpage_t fp, struct thread *from)
{
	u64 count = BIT(fpage_order(fp)), dst = base >> L4_CAP_SHIFT, first = fpage_number(fp);
	unsigned int rights;

	if (fpage_order(fp) > 12 || dst + count > L4_CAP_MAX_SLOTS || first + count > L4_CAP_MAX_SLOTS)
		return -L4_EINVAL;
	for (; from->op_cursor < count; from->op_cursor++) {
		u64 i = from->op_cursor;
		bool mapped = cap_lookup(&src->caps, first + i, &rights) && (to != src || dst != first);
		int err;

		if (mapped) {
			err = cap_replace(&to->caps, dst + i, &src->caps, first + i, fpage_rights(fp),
					  base & L4_MAP_ITEM_GRANT);
			if (err)
				return err;
			from->op_count++;
		}
		if ((mapped || i % SLOTS_PER_STEP == SLOTS_PER_STEP - 1) && preempt_point()) {
			from->op_cursor++;
			return -E_PREEMPTED;
		}
	}
	return 0;
}

static __attribute__((noinline)) int map_one(struct task *to, struct task *src, l4_umword_t base, l4_fpage_t fp, struct thread *from)
{
	u64 mask;

	switch (fpage_type(fp)) {
	case L4_FPAGE_MEMORY:
		if (fpage_order(fp) < L4_PAGESHIFT || fpage_order(fp) > 47 || (base & L4_MAP_ITEM_GRANT))
			return -L4_EINVAL;
		mask = BIT(fpage_order(fp)) - 1;
		return space_map(&to->space, base & ~mask & L4_PAGEMASK, &src->space, fpage_addr(fp) & ~mask,
				 fpage_order(fp), fpage_rights(fp), &from->op_cursor, &from->op_count);
	case L4_FPAGE_OBJ:
		return map_objects(to, src, base, fp, from);
	case L4_FPAGE_IO:
		if (fpage_order(fp) > 16)
			return -L4_EINVAL;
		return iospace_map(&to->io, &src->io, fpage_number(fp) & 0xffff, fpage_order(fp), &from->op_cursor);
	default:
		return -L4_EINVAL;
	}
}

/* Go past n items; true: others want to run before the rest of them is done. */
static bool items_done(struct thread *t, unsigned int n, unsigned int all)
{
	t->op_index += n;
	return t->op_index < all && preempt_point();
}

/* Before the first step of what takes steps: the way here was as long as one. Not asked again, so that it gets on. */
static bool begins_late(const struct thread *t)
{
	return !(t->flags & TF_RESUMED) && preempt_point();
}

static l4_mword_t op_map(struct task *to, struct thread *from, unsigned int words)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	struct task *src = lookup_task(from, mr[1], L4_CAP_RIGHT_W);
	unsigned int pairs = (words - 2) / 2;
	int err;

	if (!src)
		return tag_error(-L4_ENOENT);
	ipc_progress_start(from);
	while (from->op_index < pairs) {
		l4_umword_t *item = &mr[2 + 2 * from->op_index];
		unsigned int n;

		trace(L4_TRACE_MAP, item[0], fpage_order((l4_fpage_t){ item[1] }));
		n = space_map_items(&to->space, &src->space, item, pairs - from->op_index);
		from->op_count += n;
		if (!n) {
			if (begins_late(from))
				return tag_error(-E_PREEMPTED);
			err = map_one(to, src, item[0], (l4_fpage_t){ item[1] }, from);
			if (err)
				return tag_error(err);
			from->op_cursor = 0;
			n = 1;
		}
		if (items_done(from, n, pairs))
			return tag_error(-E_PREEMPTED);
	}
	mr[0] = from->op_count;
	return tag_make(0, 1);
}

/* --- unmap */

/* As cap_unmap(); objects whose capability has right D are marked for destruction first. */
static int delete_objects(struct task *task, u64 first, u64 count, unsigned int rights, bool self, u64 *cursor)
{
	unsigned int have;
	struct kobject *k;
	int err;

	while (*cursor < count) {
		k = cap_lookup(&task->caps, first + *cursor, &have);
		if (k && (have & L4_CAP_RIGHT_D))
			kobject_orphaned(k);
		err = cap_unmap(&task->caps, first + *cursor, 1, rights, self, &(u64){ 0 });
		if (err)
			return err;
		if (++*cursor < count && preempt_point())
			return -E_PREEMPTED;
	}
	return 0;
}

static __attribute__((noinline)) int unmap_one(struct task *task, l4_fpage_t fp, l4_umword_t mask, u64 *cursor)
{
	bool self = mask & L4_FP_ALL_SPACES;
	unsigned int order = fpage_order(fp);
	u64 addr;

	switch (fpage_type(fp)) {
	case L4_FPAGE_MEMORY:
		if (order < L4_PAGESHIFT || (order > 47 && order != L4_WHOLE_ADDRESS_SPACE))
			return -L4_EINVAL;
		addr = order == L4_WHOLE_ADDRESS_SPACE ? 0 : fpage_addr(fp) & ~(BIT(order) - 1);
		return space_unmap(&task->space, addr,
				   order == L4_WHOLE_ADDRESS_SPACE ? ~0UL : addr + BIT(order) - 1,
				   fpage_rights(fp), self, cursor);
	case L4_FPAGE_OBJ:
		if (order > 18 || fpage_number(fp) + BIT(order) > L4_CAP_MAX_SLOTS)
			return -L4_EINVAL;
		if ((mask & L4_FP_DELETE_OBJ) == L4_FP_DELETE_OBJ) {
			if (order > 6)
				return -L4_EINVAL;
			return delete_objects(task, fpage_number(fp), BIT(order), fpage_rights(fp), self, cursor);
		}
		return cap_unmap(&task->caps, fpage_number(fp), BIT(order), fpage_rights(fp), self, cursor);
	case L4_FPAGE_IO:
		if (order > 16)
			return -L4_EINVAL;
		return iospace_unmap(&task->io, fpage_number(fp) & 0xffff, order, self, cursor);
	default:
		return -L4_EINVAL;
	}
}

static l4_mword_t op_unmap(struct task *task, struct thread *from, unsigned int words)
{
	l4_umword_t *mr = from->utcb->msg.mr, mask = mr[1];
	unsigned int n = words - 2;
	int err = 0;

	ipc_progress_start(from);
	while (from->op_index < n) {
		l4_umword_t *item = &mr[2 + from->op_index];
		unsigned int done;

		trace(L4_TRACE_UNMAP, *item, fpage_order((l4_fpage_t){ *item }));
		done = space_is_small(*item) ?
			space_unmap_items(&task->space, item, n - from->op_index, mask & L4_FP_ALL_SPACES) : 0;
		if (!done) {
			if (begins_late(from))
				return tag_error(-E_PREEMPTED);
			err = unmap_one(task, (l4_fpage_t){ *item }, mask, &from->op_cursor);
			if (err)
				return tag_error(err);
			from->op_cursor = 0;
			done = 1;
		}
		if (items_done(from, done, n))
			return tag_error(-E_PREEMPTED);
	}
	/* Destroy what this left without capabilities; the caller itself may be among it. */
	if (unlikely(!list_empty(&this_cpu()->zombies)))
		err = preempt_point() ? -E_PREEMPTED : kobject_reap(from->reap_from);
	return tag_error(err);
}

static l4_mword_t op_unmap_range(struct task *task, struct thread *from, unsigned int words)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	u64 start = mr[2] & L4_PAGEMASK, last = mr[3] | ~L4_PAGEMASK;

	if (last < start)
		return tag_error(-L4_EINVAL);
	ipc_progress_start(from);
	trace(L4_TRACE_UNMAP, start, last);
	return tag_error(space_unmap(&task->space, start, last, mr[1] & L4_FPAGE_RIGHTS_MASK,
				     mr[1] & L4_FP_ALL_SPACES, &from->op_cursor));
}

/* --- the rest */

static l4_mword_t op_cap_info(struct task *task, struct thread *from, unsigned int words)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	unsigned int rights;
	struct kobject *a, *b;

	a = cap_lookup(&task->caps, mr[1] >> L4_CAP_SHIFT, &rights);
	if (words < 3)
		return tag_make(a && !a->dead, 0);
	b = cap_lookup(&task->caps, mr[2] >> L4_CAP_SHIFT, &rights);
	return tag_make(a && a == b, 0);
}

static l4_mword_t op_ku_mem(struct task *task, struct thread *from, unsigned int words)
{
	l4_fpage_t fp = { from->utcb->msg.mr[1] };

	if (fpage_type(fp) != L4_FPAGE_MEMORY || fpage_order(fp) < L4_PAGESHIFT || fpage_order(fp) > KU_MEM_ORDER_MAX)
		return tag_error(-L4_EINVAL);
	return tag_error(space_enter_ku_mem(&task->space, fpage_addr(fp) & ~(BIT(fpage_order(fp)) - 1), BIT(fpage_order(fp))));
}

static l4_mword_t op_stats(struct task *task, struct thread *from, unsigned int words)
{
	l4_umword_t *mr = from->utcb->msg.mr;

	mr[0] = task->kobj.id;
	mr[1] = task->space.quota->used;
	mr[2] = task->space.pages;
	return tag_make(0, 3);
}

static l4_mword_t task_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	static const struct {
		l4_mword_t (*call)(struct task *task, struct thread *from, unsigned int words);
		u8 words, rights;
	} ops[] = {
		[L4_TASK_MAP_OP] = { op_map, 4, L4_CAP_RIGHT_W },
		[L4_TASK_UNMAP_OP] = { op_unmap, 3, L4_CAP_RIGHT_W },
		[L4_TASK_CAP_INFO_OP] = { op_cap_info, 2, 0 },
		[L4_TASK_ADD_KU_MEM_OP] = { op_ku_mem, 2, L4_CAP_RIGHT_W },
		[L4_TASK_UNMAP_RANGE_OP] = { op_unmap_range, 4, L4_CAP_RIGHT_W },
		[L4_TASK_STATS_OP] = { op_stats, 1, 0 },
	};
	l4_umword_t op = *(volatile const l4_umword_t *)&from->utcb->msg.mr[0];

	if (tag_label(tag) != L4_PROTO_TASK)
		return tag_error(-L4_EBADPROTO);
	if (op >= ARRAY_SIZE(ops) || !ops[op].call)
		return tag_error(tag_words(tag) < 1 ? -L4_EMSGTOOSHORT : rights & L4_CAP_RIGHT_W ? -L4_ENOSYS : -L4_EPERM);
	if (tag_words(tag) < ops[op].words)
		return tag_error(-L4_EMSGTOOSHORT);
	if (ops[op].rights & ~rights)
		return tag_error(-L4_EPERM);
	return ops[op].call(kobj_task(k), from, tag_words(tag));
}

const struct kobject_ops task_ops = {
	.invoke = task_invoke, .destroy = task_destroy, .slab = &task_slab, .type = KOBJ_TASK,
};
