// SPDX-License-Identifier: GPL-2.0-only
/* IPC gates: a capability to send to a thread with a label the sender cannot forge. */
#include "object.h"

static struct slab gate_slab = SLAB_INIT(struct gate);
static const struct kobject_ops gate_ops;

int gate_create(struct kobject **out, struct quota *q, struct thread *thread, l4_umword_t label)
{
	struct gate *gate = kobject_create(&gate_ops, q);

	if (!gate)
		return -L4_ENOMEM;
	gate->label = label;
	gate->thread = thread;
	if (thread)
		kobject_get(&thread->kobj);
	*out = &gate->kobj;
	return 0;
}

static int gate_bind(struct gate *gate, struct thread *from, unsigned int words)
{
	const l4_umword_t *mr = from->utcb->msg.mr;
	struct thread *t;

	if (words < 3)
		return -L4_EMSGTOOSHORT;
	if (mr[2] & 3)
		return -L4_EINVAL;
	t = lookup_thread(from, mr[1], L4_CAP_RIGHT_S);
	if (!t && mr[1] != L4_INVALID_CAP)
		return -L4_ENOENT;
	if (t)
		kobject_get(&t->kobj);
	if (gate->thread)
		kobject_put(&gate->thread->kobj);
	gate->thread = t;
	gate->label = mr[2];
	return t ? ipc_gate_bound(&gate->senders) : 0;
}

static l4_mword_t gate_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	struct gate *gate = kobj_gate(k);
	l4_umword_t *mr = from->utcb->msg.mr;

	if (tag_words(tag) < 1)
		return tag_error(-L4_EMSGTOOSHORT);
	if (!(rights & L4_CAP_RIGHT_S))
		return tag_error(-L4_EPERM);
	switch (mr[0]) {
	case L4_RCV_EP_BIND_OP:
		return tag_error(gate_bind(gate, from, tag_words(tag)));
	case L4_IPC_GATE_GET_INFO_OP:
		mr[0] = gate->label;
		return tag_make(0, 1);
	default:
		return tag_error(-L4_ENOSYS);
	}
}

static int gate_destroy(struct kobject *k)
{
	struct gate *gate = kobj_gate(k);
	int err = ipc_flush_queue(&gate->senders);

	if (err)
		return err;
	if (gate->thread)
		kobject_put(&gate->thread->kobj);
	gate->thread = NULL;
	return 0;
}

static const struct kobject_ops gate_ops = {
	.invoke = gate_invoke, .destroy = gate_destroy, .slab = &gate_slab, .type = KOBJ_GATE,
};
