/* SPDX-License-Identifier: MIT */
/* Threads. */
#ifndef L4_SYS_THREAD_H
#define L4_SYS_THREAD_H

#include <l4/sys/ipc.h>

/*
 * Thread control: fill the request with start, pager, exc_handler, bind and
 * alien in any order, then commit. It lives in the message registers.
 */
L4_INLINE void l4_thread_control_start_u(l4_utcb_t *u) { u->msg.mr[0] = L4_THREAD_CONTROL_OP; }
L4_INLINE void l4_thread_control_start(void) { l4_thread_control_start_u(l4_utcb()); }

/** Who gets page faults: selector in the thread's own task. */
L4_INLINE void l4_thread_control_pager_u(l4_cap_idx_t pager, l4_utcb_t *u)
{
	u->msg.mr[0] |= L4_THREAD_CONTROL_SET_PAGER;
	u->msg.mr[1] = pager;
}
L4_INLINE void l4_thread_control_pager(l4_cap_idx_t pager) { l4_thread_control_pager_u(pager, l4_utcb()); }

/** Who gets exceptions: selector in the thread's own task. */
L4_INLINE void l4_thread_control_exc_handler_u(l4_cap_idx_t handler, l4_utcb_t *u)
{
	u->msg.mr[0] |= L4_THREAD_CONTROL_SET_EXC_HANDLER;
	u->msg.mr[2] = handler;
}
L4_INLINE void l4_thread_control_exc_handler(l4_cap_idx_t handler) { l4_thread_control_exc_handler_u(handler, l4_utcb()); }

/** Bind to task (right W) with the UTCB at thread_utcb, an address in the task's UTCB area. */
L4_INLINE void l4_thread_control_bind_u(l4_utcb_t *thread_utcb, l4_cap_idx_t task, l4_utcb_t *u)
{
	u->msg.mr[0] |= L4_THREAD_CONTROL_BIND_TASK;
	u->msg.mr[3] = task;
	u->msg.mr[4] = (l4_umword_t)thread_utcb;
}
L4_INLINE void l4_thread_control_bind(l4_utcb_t *thread_utcb, l4_cap_idx_t task)
{
	l4_thread_control_bind_u(thread_utcb, task, l4_utcb());
}

/** Alien threads: system calls become exceptions. */
L4_INLINE void l4_thread_control_alien_u(l4_utcb_t *u, int on)
{
	if (on)
		u->msg.mr[0] |= L4_THREAD_CONTROL_ALIEN;
}
L4_INLINE void l4_thread_control_alien(int on) { l4_thread_control_alien_u(l4_utcb(), on); }

/** Do it; right W on the thread. */
L4_INLINE l4_msgtag_t l4_thread_control_commit_u(l4_cap_idx_t thread, l4_utcb_t *u)
{
	return l4_invoke(thread, L4_PROTO_THREAD, 5, u);
}
L4_INLINE l4_msgtag_t l4_thread_control_commit(l4_cap_idx_t thread) { return l4_thread_control_commit_u(thread, l4_utcb()); }

/** Set instruction and stack pointer (~0: unchanged) and start it if it waits; flags L4_THREAD_EX_REGS_*. Right W. */
L4_INLINE l4_msgtag_t l4_thread_ex_regs_u(l4_cap_idx_t thread, l4_addr_t ip, l4_addr_t sp, l4_umword_t flags, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_THREAD_EX_REGS_OP | flags;
	u->msg.mr[1] = ip;
	u->msg.mr[2] = sp;
	return l4_invoke(thread, L4_PROTO_THREAD, 3, u);
}
L4_INLINE l4_msgtag_t l4_thread_ex_regs(l4_cap_idx_t thread, l4_addr_t ip, l4_addr_t sp, l4_umword_t flags)
{
	return l4_thread_ex_regs_u(thread, ip, sp, flags, l4_utcb());
}

/** The same, and return the old values in *ip, *sp and *flags. */
L4_INLINE l4_msgtag_t l4_thread_ex_regs_ret_u(l4_cap_idx_t thread, l4_addr_t *ip, l4_addr_t *sp, l4_umword_t *flags,
					      l4_utcb_t *u)
{
	l4_msgtag_t tag = l4_thread_ex_regs_u(thread, *ip, *sp, *flags, u);

	if (l4_error_u(tag, u) < 0)
		return tag;
	*ip = u->msg.mr[0];
	*sp = u->msg.mr[1];
	*flags = u->msg.mr[2];
	return tag;
}
L4_INLINE l4_msgtag_t l4_thread_ex_regs_ret(l4_cap_idx_t thread, l4_addr_t *ip, l4_addr_t *sp, l4_umword_t *flags)
{
	return l4_thread_ex_regs_ret_u(thread, ip, sp, flags, l4_utcb());
}

/** Give the rest of the time slice to a thread of this CPU. Right W. */
L4_INLINE l4_msgtag_t l4_thread_switch_u(l4_cap_idx_t to, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_THREAD_SWITCH_OP;
	return l4_invoke(to, L4_PROTO_THREAD, 1, u);
}
L4_INLINE l4_msgtag_t l4_thread_switch(l4_cap_idx_t to) { return l4_thread_switch_u(to, l4_utcb()); }

/**
 * Let others of the same priority run. The runtime keeps a thread's own
 * capability in the first user word of its thread control registers; 0 means the task's first thread.
 */
L4_INLINE l4_msgtag_t l4_thread_yield(void)
{
	l4_cap_idx_t self = l4_utcb_tcr()->user[0];

	return l4_thread_switch(self ? self : L4_BASE_THREAD_CAP);
}

/** CPU time in ns the thread has used. */
L4_INLINE l4_msgtag_t l4_thread_stats_time_u(l4_cap_idx_t thread, l4_kernel_clock_t *ns, l4_utcb_t *u)
{
	l4_msgtag_t tag;

	u->msg.mr[0] = L4_THREAD_STATS_OP;
	tag = l4_invoke(thread, L4_PROTO_THREAD, 1, u);
	if (l4_error_u(tag, u) >= 0)
		*ns = u->msg.mr[0];
	return tag;
}
L4_INLINE l4_msgtag_t l4_thread_stats_time(l4_cap_idx_t thread, l4_kernel_clock_t *ns)
{
	return l4_thread_stats_time_u(thread, ns, l4_utcb());
}

/** Make the thread a vCPU with its state page at vcpu_state, in ku_mem of its task. Right W. -L4_EINVAL, -L4_EBUSY. */
L4_INLINE l4_msgtag_t l4_thread_vcpu_control_u(l4_cap_idx_t thread, l4_addr_t vcpu_state, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_THREAD_VCPU_CONTROL_OP;
	u->msg.mr[1] = vcpu_state;
	return l4_invoke(thread, L4_PROTO_THREAD, 2, u);
}
L4_INLINE l4_msgtag_t l4_thread_vcpu_control(l4_cap_idx_t thread, l4_addr_t vcpu_state)
{
	return l4_thread_vcpu_control_u(thread, vcpu_state, l4_utcb());
}

/*
 * vCPU resume passes the user's registers through and does not return, so the
 * last instructions are assembly (see l4/sys/vcpu.h). These two suit a C
 * caller that only wants the vCPU state's r.* and does not care for the rest.
 */
L4_INLINE l4_msgtag_t l4_thread_vcpu_resume_start(void) { return l4_msgtag(L4_PROTO_THREAD, 0, 0, 0); }
L4_INLINE l4_msgtag_t l4_thread_vcpu_resume_commit(l4_cap_idx_t thread, l4_msgtag_t tag)
{
	l4_umword_t label = 0;

	(void)thread;
	return l4_syscall_ipc(L4_SYS_VCPU_RESUME, tag, &label, L4_IPC_NEVER);
}

/* Rewrite the labels of messages that already wait for the thread. */
L4_INLINE l4_msgtag_t l4_thread_modify_sender_start_u(l4_utcb_t *u)
{
	u->msg.mr[0] = L4_THREAD_MODIFY_SENDER_OP;
	return l4_msgtag(L4_PROTO_THREAD, 1, 0, 0);
}
L4_INLINE l4_msgtag_t l4_thread_modify_sender_start(void) { return l4_thread_modify_sender_start_u(l4_utcb()); }

/** Labels with (label & match_mask) == match become (label & ~del_bits) | add_bits. -L4_ENOMEM: request full. */
L4_INLINE int l4_thread_modify_sender_add_u(l4_umword_t match_mask, l4_umword_t match, l4_umword_t del_bits,
					    l4_umword_t add_bits, l4_msgtag_t *tag, l4_utcb_t *u)
{
	unsigned w = l4_msgtag_words(*tag);

	if (w + 4 > L4_UTCB_GENERIC_DATA_SIZE)
		return -L4_ENOMEM;
	u->msg.mr[w] = match_mask;
	u->msg.mr[w + 1] = match;
	u->msg.mr[w + 2] = del_bits;
	u->msg.mr[w + 3] = add_bits;
	*tag = l4_msgtag(L4_PROTO_THREAD, w + 4, 0, 0);
	return 0;
}
L4_INLINE int l4_thread_modify_sender_add(l4_umword_t match_mask, l4_umword_t match, l4_umword_t del_bits,
					  l4_umword_t add_bits, l4_msgtag_t *tag)
{
	return l4_thread_modify_sender_add_u(match_mask, match, del_bits, add_bits, tag, l4_utcb());
}
L4_INLINE l4_msgtag_t l4_thread_modify_sender_commit_u(l4_cap_idx_t thread, l4_msgtag_t tag, l4_utcb_t *u)
{
	return l4_ipc_call(thread, u, tag, L4_IPC_NEVER);
}
L4_INLINE l4_msgtag_t l4_thread_modify_sender_commit(l4_cap_idx_t thread, l4_msgtag_t tag)
{
	return l4_thread_modify_sender_commit_u(thread, tag, l4_utcb());
}

/** Trigger irq when the thread dies. Right W. */
L4_INLINE l4_msgtag_t l4_thread_register_del_irq_u(l4_cap_idx_t thread, l4_cap_idx_t irq, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_THREAD_REGISTER_DEL_IRQ_OP;
	u->msg.mr[1] = irq;
	return l4_invoke(thread, L4_PROTO_THREAD, 2, u);
}
L4_INLINE l4_msgtag_t l4_thread_register_del_irq(l4_cap_idx_t thread, l4_cap_idx_t irq)
{
	return l4_thread_register_del_irq_u(thread, irq, l4_utcb());
}

/**
 * Trigger irq (right W) each time the thread has used up its budget; L4_INVALID_CAP: no more. Right W on the thread.
 * -L4_EINVAL: the thread has no budget; -L4_ENOENT: irq is none, or without the right; -L4_EBUSY: it has an IRQ already.
 */
L4_INLINE l4_msgtag_t l4_thread_register_overrun_irq_u(l4_cap_idx_t thread, l4_cap_idx_t irq, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_THREAD_REGISTER_OVERRUN_IRQ_OP;
	u->msg.mr[1] = irq;
	return l4_invoke(thread, L4_PROTO_THREAD, 2, u);
}
L4_INLINE l4_msgtag_t l4_thread_register_overrun_irq(l4_cap_idx_t thread, l4_cap_idx_t irq)
{
	return l4_thread_register_overrun_irq_u(thread, irq, l4_utcb());
}

#endif
