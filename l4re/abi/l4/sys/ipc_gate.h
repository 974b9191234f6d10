/* SPDX-License-Identifier: MIT */
/* IPC gates: labelled, unforgeable ways to a thread. */
#ifndef L4_SYS_IPC_GATE_H
#define L4_SYS_IPC_GATE_H

#include <l4/sys/rcv_endpoint.h>

/** Bind the gate to a thread; see l4_rcv_ep_bind_thread(). */
L4_INLINE l4_msgtag_t l4_ipc_gate_bind_thread_u(l4_cap_idx_t gate, l4_cap_idx_t thread, l4_umword_t label, l4_utcb_t *u)
{
	return l4_rcv_ep_bind_thread_u(gate, thread, label, u);
}
L4_INLINE l4_msgtag_t l4_ipc_gate_bind_thread(l4_cap_idx_t gate, l4_cap_idx_t thread, l4_umword_t label)
{
	return l4_rcv_ep_bind_thread(gate, thread, label);
}

/** The gate's label; right S. */
L4_INLINE l4_msgtag_t l4_ipc_gate_get_infos_u(l4_cap_idx_t gate, l4_umword_t *label, l4_utcb_t *u)
{
	l4_msgtag_t tag;

	u->msg.mr[0] = L4_IPC_GATE_GET_INFO_OP;
	tag = l4_invoke(gate, L4_PROTO_KOBJECT, 1, u);
	if (l4_error_u(tag, u) >= 0)
		*label = u->msg.mr[0];
	return tag;
}
L4_INLINE l4_msgtag_t l4_ipc_gate_get_infos(l4_cap_idx_t gate, l4_umword_t *label)
{
	return l4_ipc_gate_get_infos_u(gate, label, l4_utcb());
}

#endif
