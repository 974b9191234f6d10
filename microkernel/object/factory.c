// SPDX-License-Identifier: GPL-2.0-only
/* Factories: create objects and charge them to a quota. */
#include "object.h"
#include "transfer.h"

static struct slab factory_slab = SLAB_INIT(struct factory);

static const struct kobject_ops factory_ops;

int factory_create(struct kobject **out, struct quota *q, struct quota *pool)
{
	struct factory *f = kobject_create(&factory_ops, q);

	if (!f)
		return -L4_ENOMEM;
	f->pool = pool;
	*out = &f->kobj;
	return 0;
}

/* A factory with a quota of its own, carved out of the parent's. */
static int create_factory(struct kobject **out, struct quota *q, u64 limit)
{
	struct quota *pool;
	int err = quota_create(&pool, q, limit);

	if (err)
		return err;
	err = factory_create(out, q, pool);
	if (err)
		quota_put(pool);
	return err;
}

static int create_gate(struct kobject **out, struct quota *q, struct thread *from, const l4_umword_t *mr)
{
	struct thread *t = NULL;

	if (mr[2] & 3)
		return -L4_EINVAL;
	if (!(mr[1] & L4_INVALID_CAP)) {
		t = lookup_thread(from, mr[1], L4_CAP_RIGHT_S);
		if (!t)
			return -L4_ENOENT;
	}
	return gate_create(out, q, t, mr[2]);
}

static int create_object(struct kobject **out, struct quota *q, struct thread *from, unsigned int words)
{
	const l4_umword_t *mr = from->utcb->msg.mr;

	switch ((l4_mword_t)mr[0]) {
	case L4_PROTO_FACTORY:
		return words < 2 ? -L4_EMSGTOOSHORT : create_factory(out, q, mr[1]);
	case L4_PROTO_TASK:
		return words < 2 ? -L4_EMSGTOOSHORT : task_create(out, q, (l4_fpage_t){ mr[1] });
	case L4_PROTO_THREAD:
		return thread_create(out, q);
	case L4_PROTO_KOBJECT:
		return words < 3 ? -L4_EMSGTOOSHORT : create_gate(out, q, from, mr);
	case L4_PROTO_IRQ_SENDER:
		return irq_create(out, q);
	case L4_PROTO_SEMAPHORE:
		return words < 2 ? -L4_EMSGTOOSHORT : semaphore_create(out, q, mr[1]);
	default:
		return -L4_ENODEV;
	}
}

/*
 * The slot is emptied and its table made before the object is, so that nothing
 * can fail once the object exists.
 */
static int factory_new(struct factory *f, struct thread *from, unsigned int words)
{
	struct capspace *caps = &from->task->caps;
	l4_umword_t buffer = *(volatile l4_umword_t *)&from->utcb->buf.br[0];
	u64 slot = buffer >> L4_CAP_SHIFT, cursor = 0;
	struct kobject *obj;
	int err;

	if (!(buffer & L4_RCV_ITEM_SINGLE_CAP) || slot == 0)
		return -L4_EINVAL;
	ipc_progress_start(from);
	err = cap_reserve(caps, slot);
	if (err)
		return err == -L4_ERANGE ? -L4_EINVAL : err;
	err = cap_unmap(caps, slot, 1, L4_CAP_RIGHT_R, true, &cursor);
	if (!err)
		err = kobject_reap(from->reap_from);
	if (!err && preempt_point())
		err = -E_PREEMPTED;
	if (err)
		return err;
	/* The slot may have held the last capability to the factory itself: its quota is gone then. */
	if (f->kobj.dead)
		return -L4_ENOENT;
	err = create_object(&obj, f->pool, from, words);
	if (err)
		return err;
	cap_insert(caps, slot, obj, L4_CAP_FPAGE_RWSD);
	return 0;
}

static l4_mword_t factory_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	struct factory *f = container_of(k, struct factory, kobj);
	l4_umword_t *mr = from->utcb->msg.mr;
	unsigned int words = tag_words(tag);
	int err;

	if (tag_label(tag) != L4_PROTO_FACTORY)
		return tag_error(-L4_EBADPROTO);
	if (words < 1)
		return tag_error(-L4_EMSGTOOSHORT);
	if (mr[0] == L4_FACTORY_INFO) {
		mr[0] = f->pool->limit;
		mr[1] = f->pool->used;
		return tag_make(0, 2);
	}
	kobject_get(k);
	err = factory_new(f, from, words);
	kobject_put(k);
	return tag_error(err);
}

static int factory_destroy(struct kobject *k)
{
	struct factory *f = container_of(k, struct factory, kobj);

	/* objects made by it keep the quota until they go */
	quota_put(f->pool);
	return 0;
}

static const struct kobject_ops factory_ops = {
	.invoke = factory_invoke, .destroy = factory_destroy, .slab = &factory_slab, .type = KOBJ_FACTORY,
};
