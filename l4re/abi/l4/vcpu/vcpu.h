/* SPDX-License-Identifier: MIT */
/* Helpers for vCPUs: the virtual interrupt flag, waiting, kinds of entry. */
#ifndef L4_VCPU_VCPU_H
#define L4_VCPU_VCPU_H

#include <l4/sys/vcpu.h>
#include <l4/sys/ipc.h>
#include <l4/sys/thread.h>

typedef enum l4vcpu_irq_state_t {
	L4VCPU_IRQ_STATE_DISABLED = 0,
	L4VCPU_IRQ_STATE_ENABLED = L4_VCPU_F_IRQ,
} l4vcpu_irq_state_t;

/** Called for each message that is received while enabling or waiting; the message is in the UTCB. */
typedef void (*l4vcpu_event_hndl_t)(l4_vcpu_state_t *vcpu);
typedef void (*l4vcpu_setup_ipc_t)(l4_utcb_t *utcb);

L4_INLINE void l4vcpu_irq_disable(l4_vcpu_state_t *v)
{
	v->state &= ~L4_VCPU_F_IRQ;
	__asm__ volatile("" ::: "memory");
}
L4_INLINE l4_umword_t l4vcpu_irq_disable_save(l4_vcpu_state_t *v)
{
	l4_umword_t s = v->state & L4_VCPU_F_IRQ;

	l4vcpu_irq_disable(v);
	return s;
}
/** Receive one message with timeout and hand it to the handler. */
L4_INLINE void l4vcpu_wait(l4_vcpu_state_t *v, l4_utcb_t *utcb, l4_timeout_s to, l4vcpu_event_hndl_t handler,
			   l4vcpu_setup_ipc_t setup)
{
	l4_umword_t label;
	l4_msgtag_t tag;

	l4vcpu_irq_disable(v);
	if (setup)
		setup(utcb);
	tag = l4_ipc_wait(utcb, &label, l4_timeout(0, to));
	if (!l4_msgtag_has_error(tag) && handler)
		handler(v);
}
/** Enable; pending messages are handled first, in the caller's context. */
L4_INLINE void l4vcpu_irq_enable(l4_vcpu_state_t *v, l4_utcb_t *utcb, l4vcpu_event_hndl_t handler, l4vcpu_setup_ipc_t setup)
{
	for (;;) {
		v->state |= L4_VCPU_F_IRQ;
		__asm__ volatile("" ::: "memory");
		if (!(v->sticky_flags & L4_VCPU_SF_IRQ_PENDING))
			return;
		v->sticky_flags &= ~L4_VCPU_SF_IRQ_PENDING;
		l4vcpu_wait(v, utcb, 0, handler, setup);
	}
}
L4_INLINE void l4vcpu_irq_restore(l4_vcpu_state_t *v, l4_umword_t s, l4_utcb_t *utcb, l4vcpu_event_hndl_t handler,
				  l4vcpu_setup_ipc_t setup)
{
	if (s & L4_VCPU_F_IRQ)
		l4vcpu_irq_enable(v, utcb, handler, setup);
	else
		l4vcpu_irq_disable(v);
}
/** Wait for ever for the next message. */
L4_INLINE void l4vcpu_wait_for_event(l4_vcpu_state_t *v, l4_utcb_t *utcb, l4vcpu_event_hndl_t handler,
				     l4vcpu_setup_ipc_t setup)
{
	l4vcpu_wait(v, utcb, L4_TIMEOUT_NEVER, handler, setup);
}
L4_INLINE int l4vcpu_is_irq_entry(const l4_vcpu_state_t *v) { return v->r.trapno == L4_VCPU_TRAP_IRQ; }
L4_INLINE int l4vcpu_is_page_fault_entry(const l4_vcpu_state_t *v) { return v->r.trapno == 14; }

/** Print the state to the log, three lines that begin with prefix. */
void l4vcpu_print_state(const l4_vcpu_state_t *vcpu, const char *prefix);

#endif
