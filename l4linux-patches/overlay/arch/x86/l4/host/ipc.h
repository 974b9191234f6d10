/* SPDX-License-Identifier: GPL-2.0-only */
/* The system call and the UTCB, for the files of this folder. */
#ifndef _X86_L4_HOST_IPC_H
#define _X86_L4_HOST_IPC_H

#include <l4/sys/consts.h>
#include <l4/sys/err.h>
#include <l4/sys/linux_boot.h>
#include <l4/sys/proto.h>
#include <l4/sys/types.h>
#include <l4/sys/utcb.h>

#include "../host.h"

#define UTCB ((l4_utcb_t *)SKERRY_LINUX_UTCB)

static inline l4_cap_idx_t slot_cap(unsigned long slot)
{
	return slot << L4_CAP_SHIFT;
}

static inline l4_cap_idx_t task_cap(unsigned long slot)
{
	return slot ? slot_cap(slot) : L4_BASE_TASK_CAP;
}

/* Returns the raw tag; *label: out, what the sender is known by. */
static inline long ipc(unsigned long dest_and_op, long tag, unsigned long *label,
		       l4_timeout_s snd, l4_timeout_s rcv)
{
	register l4_timeout_s r8 asm("r8") = rcv;
	unsigned long ax = dest_and_op;

	asm volatile("syscall"
		     : "+a"(ax), "+D"(tag), "+S"(*label), "+d"(snd), "+r"(r8)
		     : : "rcx", "r9", "r10", "r11", "cc", "memory");
	return (long)ax;
}

static inline long tag_make(long label, unsigned int words, unsigned int items)
{
	return label << L4_MSGTAG_LABEL_SHIFT | items << L4_MSGTAG_ITEMS_SHIFT | words;
}

/* The reply's label, or the IPC error. */
static inline long tag_result(long tag)
{
	if (tag & L4_MSGTAG_ERROR)
		return -(long)(L4_EIPC_LO + (UTCB->tcr.error & L4_IPC_ERROR_MASK));
	return tag >> L4_MSGTAG_LABEL_SHIFT;
}

/* Call @cap with protocol @proto; the message registers are filled. */
static inline long call(l4_cap_idx_t cap, long proto, unsigned int words, unsigned int items)
{
	unsigned long label = 0;

	return tag_result(ipc(cap | L4_SYSF_CALL, tag_make(proto, words, items), &label,
			      L4_TIMEOUT_NEVER, L4_TIMEOUT_NEVER));
}

extern struct skerry_linux_boot const *host_boot;

#endif
