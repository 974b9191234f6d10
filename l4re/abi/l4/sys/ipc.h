/* SPDX-License-Identifier: MIT */
/*
 * IPC: the one system call. Every function blocks at most as long as its
 * timeout says. The returned tag has L4_MSGTAG_ERROR when the IPC failed;
 * l4_error() turns it into one number.
 */
#ifndef L4_SYS_IPC_H
#define L4_SYS_IPC_H

#include <l4/sys/types.h>
#include <l4/sys/consts.h>
#include <l4/sys/err.h>
#include <l4/sys/compiler.h>
#include <l4/sys/msgtag.h>
#include <l4/sys/fpage.h>
#include <l4/sys/timeout.h>
#include <l4/sys/utcb_api.h>
#include <l4/sys/proto.h>

/** The raw system call: dest = capability | L4_SYSF_*; *label is sent and received. */
L4_INLINE l4_msgtag_t l4_syscall_ipc(l4_umword_t dest, l4_msgtag_t tag, l4_umword_t *label, l4_timeout_t timeout)
{
	l4_umword_t rsi = *label, rdi = tag.raw, rdx = timeout.snd;
	register l4_umword_t r8 __asm__("r8") = timeout.rcv;

	__asm__ volatile("syscall"
			 : "+a"(dest), "+S"(rsi), "+D"(rdi), "+d"(rdx), "+r"(r8)
			 :
			 : "rcx", "r9", "r10", "r11", "cc", "memory");
	*label = rsi;
	return (l4_msgtag_t){ (l4_mword_t)dest };
}

/** Send to dest and wait for its reply. Rights: any; -L4_IPC_ENOT_EXISTENT if the slot is empty. */
L4_INLINE l4_msgtag_t l4_ipc_call(l4_cap_idx_t dest, l4_utcb_t *utcb, l4_msgtag_t tag, l4_timeout_t timeout)
{
	l4_umword_t label = 0;

	(void)utcb;
	return l4_syscall_ipc(dest | L4_SYSF_CALL, tag, &label, timeout);
}

/** Send to dest; returns when it has been received. */
L4_INLINE l4_msgtag_t l4_ipc_send(l4_cap_idx_t dest, l4_utcb_t *utcb, l4_msgtag_t tag, l4_timeout_t timeout)
{
	l4_umword_t label = 0;

	(void)utcb;
	return l4_syscall_ipc(dest | L4_SYSF_SEND, tag, &label, timeout);
}

/** Receive from one partner (a thread or IRQ); L4_INVALID_CAP: from nobody, sleep. */
L4_INLINE l4_msgtag_t l4_ipc_receive(l4_cap_idx_t from, l4_utcb_t *utcb, l4_timeout_t timeout)
{
	l4_umword_t label = 0;

	(void)utcb;
	return l4_syscall_ipc(from | L4_SYSF_RECV, (l4_msgtag_t){ 0 }, &label, timeout);
}

/** Receive from anybody; *label = label of the gate or IRQ it came through. */
L4_INLINE l4_msgtag_t l4_ipc_wait(l4_utcb_t *utcb, l4_umword_t *label, l4_timeout_t timeout)
{
	(void)utcb;
	*label = 0;
	return l4_syscall_ipc(L4_INVALID_CAP | L4_SYSF_WAIT, (l4_msgtag_t){ 0 }, label, timeout);
}

/** Reply to the last caller (its reply capability is used up) and wait for the next message. */
L4_INLINE l4_msgtag_t l4_ipc_reply_and_wait(l4_utcb_t *utcb, l4_msgtag_t tag, l4_umword_t *label, l4_timeout_t timeout)
{
	(void)utcb;
	*label = 0;
	return l4_syscall_ipc(L4_INVALID_CAP | L4_SYSF_REPLY_AND_WAIT, tag, label, timeout);
}

/** Send to dest, then receive from anybody. */
L4_INLINE l4_msgtag_t l4_ipc_send_and_wait(l4_cap_idx_t dest, l4_utcb_t *utcb, l4_msgtag_t tag, l4_umword_t *label,
					   l4_timeout_t timeout)
{
	(void)utcb;
	*label = 0;
	return l4_syscall_ipc(dest | L4_SYSF_SEND_AND_WAIT, tag, label, timeout);
}

/** Sleep for the receive part of timeout. Always returns a tag with error L4_IPC_RETIMEOUT. */
L4_INLINE l4_msgtag_t l4_ipc_sleep(l4_timeout_t timeout)
{
	return l4_ipc_receive(L4_INVALID_CAP, (l4_utcb_t *)0, timeout);
}
L4_INLINE l4_msgtag_t l4_ipc_sleep_us(l4_uint64_t us)
{
	return l4_ipc_sleep(l4_timeout(0, l4_timeout_from_us(us)));
}
L4_INLINE l4_msgtag_t l4_ipc_sleep_ms(l4_uint32_t ms) { return l4_ipc_sleep_us(ms * 1000UL); }

/** Append a map item to the message: flexpage and hot spot word (l4_map_control). -L4_ENOMEM: message full. */
L4_INLINE int l4_sndfpage_add_u(l4_fpage_t fpage, l4_umword_t snd_base, l4_msgtag_t *tag, l4_utcb_t *utcb)
{
	unsigned words = l4_msgtag_words(*tag), items = l4_msgtag_items(*tag);
	unsigned at = words + 2 * items;

	if (at + 2 > L4_UTCB_GENERIC_DATA_SIZE)
		return -L4_ENOMEM;
	utcb->msg.mr[at] = snd_base | L4_ITEM_MAP;
	utcb->msg.mr[at + 1] = fpage.raw;
	*tag = l4_msgtag(l4_msgtag_label(*tag), words, items + 1, l4_msgtag_flags(*tag));
	return 0;
}
L4_INLINE int l4_sndfpage_add(l4_fpage_t fpage, l4_umword_t snd_base, l4_msgtag_t *tag)
{
	return l4_sndfpage_add_u(fpage, snd_base, tag, l4_utcb());
}

/** IPC error code (l4_ipc_tcr_error_t) of a returned tag, 0 if none. */
L4_INLINE l4_umword_t l4_ipc_error(l4_msgtag_t tag, l4_utcb_t *utcb)
{
	return l4_msgtag_has_error(tag) ? utcb->tcr.error & L4_IPC_ERROR_MASK : 0;
}
L4_INLINE l4_umword_t l4_ipc_error_code(l4_utcb_t *utcb) { return utcb->tcr.error & L4_IPC_ERROR_MASK; }
L4_INLINE int l4_ipc_is_snd_error(l4_utcb_t *utcb) { return (utcb->tcr.error & L4_IPC_SND_ERR_MASK) == 0; }
L4_INLINE int l4_ipc_is_rcv_error(l4_utcb_t *utcb) { return (utcb->tcr.error & L4_IPC_SND_ERR_MASK) != 0; }
L4_INLINE long l4_ipc_to_errno(unsigned long code) { return -(L4_EIPC_LO + (long)code); }

/** Result of an operation: the reply's label, or -(L4_EIPC_LO + code) if the IPC itself failed. */
L4_INLINE long l4_error_u(l4_msgtag_t tag, l4_utcb_t *utcb)
{
	if (L4_UNLIKELY(l4_msgtag_has_error(tag)))
		return l4_ipc_to_errno(utcb->tcr.error & L4_IPC_ERROR_MASK);
	return l4_msgtag_label(tag);
}
L4_INLINE long l4_error(l4_msgtag_t tag) { return l4_error_u(tag, l4_utcb()); }

/** Text of an error number (positive or negative); never null. */
L4_INLINE const char *l4sys_errtostr(long err)
{
	if (err < 0)
		err = -err;
	if (err >= L4_EIPC_LO && err <= L4_EIPC_HI)
		return "IPC error";
	switch (err) {
#define X(name, value, text) case value: return text;
	L4_ERRORS(X)
#undef X
	}
	return "Unknown error";
}

/** Skerry: invoke a kernel object or server whose arguments are already in the message registers. */
L4_INLINE l4_msgtag_t l4_invoke(l4_cap_idx_t dest, long proto, unsigned words, l4_utcb_t *utcb)
{
	return l4_ipc_call(dest, utcb, l4_msgtag(proto, words, 0, 0), L4_IPC_NEVER);
}

#endif
