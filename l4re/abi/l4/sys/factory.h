/* SPDX-License-Identifier: MIT */
/*
 * Factories create objects and account them to a quota. The new capability
 * goes to an empty slot, all rights. -L4_ENOMEM: quota; -L4_ENODEV: type
 * unknown to this factory; -L4_EINVAL: arguments.
 */
#ifndef L4_SYS_FACTORY_H
#define L4_SYS_FACTORY_H

#include <l4/sys/ipc.h>

/* Generic creation: start, add arguments, commit. The receive buffer is emptied afterwards. */
L4_INLINE l4_msgtag_t l4_factory_create_start_u(long type, l4_cap_idx_t target, l4_utcb_t *u)
{
	u->msg.mr[0] = type;
	l4_utcb_rcv_cap_u(u, target);
	return l4_msgtag(L4_PROTO_FACTORY, 1, 0, 0);
}
L4_INLINE int l4_factory_create_add_uint_u(l4_umword_t value, l4_msgtag_t *tag, l4_utcb_t *u)
{
	unsigned w = l4_msgtag_words(*tag);

	if (w >= L4_UTCB_GENERIC_DATA_SIZE)
		return 0;
	u->msg.mr[w] = value;
	tag->raw++;
	return 1;
}
L4_INLINE l4_msgtag_t l4_factory_create_commit_u(l4_cap_idx_t factory, l4_msgtag_t tag, l4_utcb_t *u)
{
	tag = l4_ipc_call(factory, u, tag, L4_IPC_NEVER);
	u->buf.br[0] = 0;
	return tag;
}

/** Create an object of a type that needs no arguments. */
L4_INLINE l4_msgtag_t l4_factory_create_u(l4_cap_idx_t factory, long type, l4_cap_idx_t target, l4_utcb_t *u)
{
	return l4_factory_create_commit_u(factory, l4_factory_create_start_u(type, target, u), u);
}
L4_INLINE l4_msgtag_t l4_factory_create(l4_cap_idx_t factory, long type, l4_cap_idx_t target)
{
	return l4_factory_create_u(factory, type, target, l4_utcb());
}

/** Task with kernel-user memory at *utcb_area (memory flexpage, order 12..20; 0 pointer or value: none). */
L4_INLINE l4_msgtag_t l4_factory_create_task_u(l4_cap_idx_t factory, l4_cap_idx_t target, const l4_fpage_t *utcb_area,
					       l4_utcb_t *u)
{
	l4_msgtag_t tag = l4_factory_create_start_u(L4_PROTO_TASK, target, u);

	l4_factory_create_add_uint_u(utcb_area ? utcb_area->raw : 0, &tag, u);
	return l4_factory_create_commit_u(factory, tag, u);
}
L4_INLINE l4_msgtag_t l4_factory_create_task(l4_cap_idx_t factory, l4_cap_idx_t target, l4_fpage_t *utcb_area)
{
	return l4_factory_create_task_u(factory, target, utcb_area, l4_utcb());
}

L4_INLINE l4_msgtag_t l4_factory_create_thread_u(l4_cap_idx_t factory, l4_cap_idx_t target, l4_utcb_t *u)
{
	return l4_factory_create_u(factory, L4_PROTO_THREAD, target, u);
}
L4_INLINE l4_msgtag_t l4_factory_create_thread(l4_cap_idx_t factory, l4_cap_idx_t target)
{
	return l4_factory_create_thread_u(factory, target, l4_utcb());
}

/** Factory with limit bytes of quota, taken out of this one's. */
L4_INLINE l4_msgtag_t l4_factory_create_factory_u(l4_cap_idx_t factory, l4_cap_idx_t target, unsigned long limit, l4_utcb_t *u)
{
	l4_msgtag_t tag = l4_factory_create_start_u(L4_PROTO_FACTORY, target, u);

	l4_factory_create_add_uint_u(limit, &tag, u);
	return l4_factory_create_commit_u(factory, tag, u);
}
L4_INLINE l4_msgtag_t l4_factory_create_factory(l4_cap_idx_t factory, l4_cap_idx_t target, unsigned long limit)
{
	return l4_factory_create_factory_u(factory, target, limit, l4_utcb());
}

/** IPC gate to thread (L4_INVALID_CAP: bind later); the low two bits of the label must be 0. */
L4_INLINE l4_msgtag_t l4_factory_create_gate_u(l4_cap_idx_t factory, l4_cap_idx_t target, l4_cap_idx_t thread,
					       l4_umword_t label, l4_utcb_t *u)
{
	l4_msgtag_t tag = l4_factory_create_start_u(L4_PROTO_KOBJECT, target, u);

	l4_factory_create_add_uint_u(thread, &tag, u);
	l4_factory_create_add_uint_u(label, &tag, u);
	return l4_factory_create_commit_u(factory, tag, u);
}
L4_INLINE l4_msgtag_t l4_factory_create_gate(l4_cap_idx_t factory, l4_cap_idx_t target, l4_cap_idx_t thread, l4_umword_t label)
{
	return l4_factory_create_gate_u(factory, target, thread, label, l4_utcb());
}

L4_INLINE l4_msgtag_t l4_factory_create_irq_u(l4_cap_idx_t factory, l4_cap_idx_t target, l4_utcb_t *u)
{
	return l4_factory_create_u(factory, L4_PROTO_IRQ_SENDER, target, u);
}
L4_INLINE l4_msgtag_t l4_factory_create_irq(l4_cap_idx_t factory, l4_cap_idx_t target)
{
	return l4_factory_create_irq_u(factory, target, l4_utcb());
}

/** Counting semaphore. */
L4_INLINE l4_msgtag_t l4_factory_create_semaphore_u(l4_cap_idx_t factory, l4_cap_idx_t target, unsigned long count,
						    l4_utcb_t *u)
{
	l4_msgtag_t tag = l4_factory_create_start_u(L4_PROTO_SEMAPHORE, target, u);

	l4_factory_create_add_uint_u(count, &tag, u);
	return l4_factory_create_commit_u(factory, tag, u);
}
L4_INLINE l4_msgtag_t l4_factory_create_semaphore(l4_cap_idx_t factory, l4_cap_idx_t target, unsigned long count)
{
	return l4_factory_create_semaphore_u(factory, target, count, l4_utcb());
}

#endif
