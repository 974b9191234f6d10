/* SPDX-License-Identifier: MIT */
/* Receive endpoints: IPC gates and IRQs that deliver to a thread. */
#ifndef L4_SYS_RCV_ENDPOINT_H
#define L4_SYS_RCV_ENDPOINT_H

#include <l4/sys/ipc.h>

/**
 * Deliver what comes through ep (right S) to thread (right S) with this label (gates: low two bits 0).
 * L4_INVALID_CAP: to none, it waits until the next is bound. A dead thread's memory is used until then.
 */
L4_INLINE l4_msgtag_t l4_rcv_ep_bind_thread_u(l4_cap_idx_t ep, l4_cap_idx_t thread, l4_umword_t label, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_RCV_EP_BIND_OP;
	u->msg.mr[1] = thread;
	u->msg.mr[2] = label;
	return l4_invoke(ep, L4_PROTO_KOBJECT, 3, u);
}
L4_INLINE l4_msgtag_t l4_rcv_ep_bind_thread(l4_cap_idx_t ep, l4_cap_idx_t thread, l4_umword_t label)
{
	return l4_rcv_ep_bind_thread_u(ep, thread, label, l4_utcb());
}

#endif
