/* SPDX-License-Identifier: GPL-2.0-only */
/* Moving one message from a sender to a receiver. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "cpu.h"
#include "thread.h"

/**
 * Copy words and map items from `from` (its UTCB, or the fault the kernel made) to `to` (its
 * UTCB, or the registers of a fault that is answered). 0, -E_PREEMPTED (progress is kept in
 * from->item_*), or an IPC error for the sender: L4_IPC_SEMSGCUT, L4_IPC_SEMAPFAILED.
 */
int must_check transfer_message(struct thread *from, l4_mword_t tag, struct thread *to);
/** A part of that: the items, if they and the words before them fit into a message. */
int must_check transfer_items(struct thread *from, l4_mword_t tag, struct thread *to);
/** The words of the fault or exception that `from` has raised. */
void transfer_fault(struct thread *from, struct thread *to);
/** A handler's reply to t: registers are taken, whatever could harm the kernel is not. */
void exception_reply(struct thread *t, const l4_exc_regs_t *r);
/** Forget the progress of an earlier operation, unless this one is a preempted system call that goes on. */
static inline void ipc_progress_start(struct thread *t)
{
	if (t->flags & TF_RESUMED)
		return;
	t->item_index = t->op_index = 0;
	t->item_cursor = t->op_cursor = t->op_count = 0;
	t->reap_from = this_cpu()->zombie_seq;
}

#endif
