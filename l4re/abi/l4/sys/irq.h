/* SPDX-License-Identifier: MIT */
/* IRQ objects: asynchronous notifications, from hardware or from other threads. */
#ifndef L4_SYS_IRQ_H
#define L4_SYS_IRQ_H

#include <l4/sys/rcv_endpoint.h>

/** Trigger the IRQ. Never blocks; the tag has only an IPC error if the slot is empty. */
L4_INLINE l4_msgtag_t l4_irq_trigger_u(l4_cap_idx_t irq, l4_utcb_t *u)
{
	return l4_ipc_send(irq, u, l4_msgtag(L4_PROTO_IRQ, 0, 0, 0), L4_IPC_BOTH_TIMEOUT_0);
}
L4_INLINE l4_msgtag_t l4_irq_trigger(l4_cap_idx_t irq) { return l4_irq_trigger_u(irq, (l4_utcb_t *)0); }

/** Unmask at the interrupt controller, without waiting. */
L4_INLINE l4_msgtag_t l4_irq_unmask_u(l4_cap_idx_t irq, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_IRQ_OP_EOI;
	return l4_invoke(irq, L4_PROTO_IRQ, 1, u);
}
L4_INLINE l4_msgtag_t l4_irq_unmask(l4_cap_idx_t irq) { return l4_irq_unmask_u(irq, l4_utcb()); }

/** Unmask, then wait for this IRQ, which must be bound to the caller. */
L4_INLINE l4_msgtag_t l4_irq_receive_u(l4_cap_idx_t irq, l4_timeout_t to, l4_utcb_t *u)
{
	l4_irq_unmask_u(irq, u);
	return l4_ipc_receive(irq, u, to);
}
L4_INLINE l4_msgtag_t l4_irq_receive(l4_cap_idx_t irq, l4_timeout_t to) { return l4_irq_receive_u(irq, to, l4_utcb()); }

/** Unmask, then wait for anything. */
L4_INLINE l4_msgtag_t l4_irq_wait_u(l4_cap_idx_t irq, l4_umword_t *label, l4_timeout_t to, l4_utcb_t *u)
{
	l4_irq_unmask_u(irq, u);
	return l4_ipc_wait(u, label, to);
}
L4_INLINE l4_msgtag_t l4_irq_wait(l4_cap_idx_t irq, l4_umword_t *label, l4_timeout_t to)
{
	return l4_irq_wait_u(irq, label, to, l4_utcb());
}

/** Unbind from its thread. */
L4_INLINE l4_msgtag_t l4_irq_detach_u(l4_cap_idx_t irq, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_IRQ_OP_DETACH;
	return l4_invoke(irq, L4_PROTO_IRQ, 1, u);
}
L4_INLINE l4_msgtag_t l4_irq_detach(l4_cap_idx_t irq) { return l4_irq_detach_u(irq, l4_utcb()); }

/** Deliver to a vCPU thread: a vCPU is a thread, so this is l4_rcv_ep_bind_thread(). */
L4_INLINE l4_msgtag_t l4_irq_bind_vcpu_u(l4_cap_idx_t irq, l4_cap_idx_t thread, l4_umword_t label, l4_utcb_t *u)
{
	return l4_rcv_ep_bind_thread_u(irq, thread, label, u);
}
L4_INLINE l4_msgtag_t l4_irq_bind_vcpu(l4_cap_idx_t irq, l4_cap_idx_t thread, l4_umword_t label)
{
	return l4_rcv_ep_bind_thread(irq, thread, label);
}

#endif
