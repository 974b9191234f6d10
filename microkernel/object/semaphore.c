// SPDX-License-Identifier: GPL-2.0-only
/* Counting semaphores; waiters are served by priority, then in order. */
#include "arch.h"
#include "object.h"

struct semaphore {
	struct kobject kobj;
	u64 count;
	struct heap waiters;
};

static struct slab semaphore_slab = SLAB_INIT(struct semaphore);
static const struct kobject_ops semaphore_ops;

int semaphore_create(struct kobject **out, struct quota *q, u64 count)
{
	struct semaphore *sem = kobject_create(&semaphore_ops, q);

	if (!sem)
		return -L4_ENOMEM;
	sem->count = count;
	*out = &sem->kobj;
	return 0;
}

static l4_mword_t down(struct semaphore *sem, struct thread *t)
{
	if (sem->count) {
		sem->count--;
		return tag_make(0, 0);
	}
	if (t->frame.r8 == 0) {
		t->utcb->tcr.error = L4_IPC_RETIMEOUT;
		return L4_MSGTAG_ERROR;
	}
	t->state = THREAD_SEMAPHORE;
	sender_enqueue(&sem->waiters, &t->sender, t->prio);
	ipc_timeout_start(t, t->frame.r8);
	sched_block(t);
	return KOBJ_BLOCKED;
}

static l4_mword_t up(struct semaphore *sem)
{
	struct heap_node *n = sem->waiters.top;

	if (n)
		ipc_wake(container_of(n, struct thread, sender.node), tag_make(0, 0));
	else if (sem->count != ~0UL)
		sem->count++;
	return tag_make(0, 0);
}

static l4_mword_t semaphore_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	struct semaphore *sem = container_of(k, struct semaphore, kobj);

	if (tag_label(tag) != L4_PROTO_SEMAPHORE)
		return tag_error(-L4_EBADPROTO);
	if (tag_words(tag) < 1)
		return tag_error(-L4_EMSGTOOSHORT);
	if (!(rights & L4_CAP_RIGHT_W))
		return tag_error(-L4_EPERM);
	switch (from->utcb->msg.mr[0]) {
	case L4_SEMAPHORE_OP_UP:
		return up(sem);
	case L4_SEMAPHORE_OP_DOWN:
		return down(sem, from);
	default:
		return tag_error(-L4_ENOSYS);
	}
}

static int semaphore_destroy(struct kobject *k)
{
	return ipc_flush_queue(&container_of(k, struct semaphore, kobj)->waiters);
}

static const struct kobject_ops semaphore_ops = {
	.invoke = semaphore_invoke, .destroy = semaphore_destroy, .slab = &semaphore_slab, .type = KOBJ_SEMAPHORE,
};
