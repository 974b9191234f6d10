// SPDX-License-Identifier: GPL-2.0-only
/* Object lifetime: reference counts, the zombie list, selector lookup. */
#include "cap.h"
#include "object.h"
#include "trace.h"

struct list kobject_list = LIST_INIT(kobject_list);
static u64 next_id = 1;

void kobject_init(struct kobject *obj, const struct kobject_ops *ops, struct quota *q)
{
	obj->ops = ops;
	obj->type = ops->type;
	obj->refs = 1;
	obj->id = next_id++;
	obj->quota = q;
	quota_get(q);
	list_init(&obj->zombie);
	list_push_back(&kobject_list, &obj->all);
	trace(L4_TRACE_OBJECT_CREATE, obj->id, ops->type);
}

void *kobject_create(const struct kobject_ops *ops, struct quota *q)
{
	struct kobject *obj = slab_alloc(ops->slab, q);

	if (obj)
		kobject_init(obj, ops, q);
	return obj;
}

void kobject_set_name(struct kobject *obj, const char *name, size_t bytes)
{
	size_t i;

	for (i = 0; i < sizeof(obj->name) - 1 && i < bytes && name[i]; i++)
		obj->name[i] = name[i];
	obj->name[i] = 0;
}

void kobject_get(struct kobject *obj)
{
	obj->refs++;
}

void kobject_put(struct kobject *obj)
{
	struct quota *q = obj->quota;

	if (--obj->refs)
		return;
	list_remove(&obj->all);
	slab_free(obj->ops->slab, obj, q);
	quota_put(q);
}

void kobject_orphaned(struct kobject *obj)
{
	if (obj->dead)
		return;
	obj->dead = true;
	obj->zombie_seq = this_cpu()->zombie_seq++;
	list_push_front(&this_cpu()->zombies, &obj->zombie);
	if (obj->type == KOBJ_THREAD)
		kobj_thread(obj)->flags |= TF_HALT; /* it runs no more, whoever destroys it and when */
}

int kobject_take_apart(struct kobject *obj)
{
	int err = cap_revoke_object(obj);

	if (!err && obj->ops->destroy)
		err = obj->ops->destroy(obj);
	if (err)
		return err;
	trace(L4_TRACE_OBJECT_DESTROY, obj->id, obj->type);
	list_remove(&obj->zombie);
	kobject_put(obj);
	return 0;
}

int kobject_reap(u64 since)
{
	struct list *zombies = &this_cpu()->zombies;

	while (!list_empty(zombies)) {
		struct kobject *obj = list_entry(zombies->next, struct kobject, zombie);
		int err;

		if (obj->zombie_seq < since)
			return 0;
		err = kobject_take_apart(obj);
		if (err)
			return err;
		if (preempt_point())
			return -E_PREEMPTED;
	}
	return 0;
}

struct kobject *object_lookup(struct thread *t, l4_cap_idx_t cap, enum kobject_type type,
			      unsigned int rights)
{
	unsigned int have;
	struct kobject *k;

	k = cap_lookup(&t->task->caps, cap >> L4_CAP_SHIFT, &have);
	return k && k->type == type && !(rights & ~have) && !k->dead ? k : NULL;
}

int object_register_irq(struct kobject **place, struct thread *from, l4_cap_idx_t cap)
{
	struct kobject *irq = object_lookup(from, cap, KOBJ_IRQ, L4_CAP_RIGHT_W);

	if (!irq || *place)
		return irq ? -L4_EBUSY : -L4_ENOENT;
	kobject_get(irq);
	*place = irq;
	return 0;
}
