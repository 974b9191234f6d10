/* SPDX-License-Identifier: MIT */
/* Access to the UTCB of the calling thread and to exception messages in it. */
#ifndef L4_SYS_UTCB_API_H
#define L4_SYS_UTCB_API_H

#include <l4/sys/utcb.h>
#include <l4/sys/compiler.h>

/*
 * The caller's UTCB. Valid in native threads, whose GS base is the UTCB; code
 * that has other use for GS (Linux) passes its UTCB to the `_u` functions.
 */
L4_INLINE l4_utcb_t *l4_utcb(void)
{
	l4_utcb_t *utcb;

	__asm__("mov %%gs:%c1, %0" : "=r"(utcb) : "i"(L4_UTCB_SELF_OFFSET));
	return utcb;
}

L4_INLINE l4_msg_regs_t *l4_utcb_mr_u(l4_utcb_t *u) { return &u->msg; }
L4_INLINE l4_msg_regs_t *l4_utcb_mr(void) { return &l4_utcb()->msg; }
L4_INLINE l4_buf_regs_t *l4_utcb_br_u(l4_utcb_t *u) { return &u->buf; }
L4_INLINE l4_buf_regs_t *l4_utcb_br(void) { return &l4_utcb()->buf; }
L4_INLINE l4_thread_regs_t *l4_utcb_tcr_u(l4_utcb_t *u) { return &u->tcr; }
L4_INLINE l4_thread_regs_t *l4_utcb_tcr(void) { return &l4_utcb()->tcr; }

/** The exception message in the message registers. */
L4_INLINE l4_exc_regs_t *l4_utcb_exc_u(l4_utcb_t *u) { return (l4_exc_regs_t *)u->msg.mr; }
L4_INLINE l4_exc_regs_t *l4_utcb_exc(void) { return l4_utcb_exc_u(l4_utcb()); }
L4_INLINE l4_umword_t l4_utcb_exc_pc(const l4_exc_regs_t *e) { return e->ip; }
L4_INLINE void l4_utcb_exc_pc_set(l4_exc_regs_t *e, l4_addr_t pc) { e->ip = pc; }
L4_INLINE l4_umword_t l4_utcb_exc_typeval(const l4_exc_regs_t *e) { return e->trapno; }
L4_INLINE int l4_utcb_exc_is_pf(const l4_exc_regs_t *e) { return e->trapno == 14; }
L4_INLINE int l4_utcb_exc_is_ex_regs_exception(const l4_exc_regs_t *e) { return e->trapno == 0xff; }
L4_INLINE l4_addr_t l4_utcb_exc_pfa(const l4_exc_regs_t *e) { return e->pfa; }
/** The FPU belongs to the thread and is always there: nothing to inherit. */
L4_INLINE void l4_utcb_inherit_fpu(int on) { (void)on; }

/** Set the one capability receive buffer (0: accept none). */
L4_INLINE void l4_utcb_rcv_cap_u(l4_utcb_t *u, l4_cap_idx_t slot)
{
	u->buf.bdr = 0;
	u->buf.br[0] = slot ? slot | L4_RCV_ITEM_SINGLE_CAP : 0;
	u->buf.br[1] = 0;
}

/** Accept memory anywhere: as many windows as there are buffer registers for. */
L4_INLINE void l4_utcb_rcv_mem_u(l4_utcb_t *u)
{
	unsigned i;

	u->buf.bdr = 0;
	for (i = 0; i + 1 < L4_UTCB_GENERIC_BUFFERS_SIZE; i += 2) {
		u->buf.br[i] = L4_ITEM_MAP;
		u->buf.br[i + 1] = (L4_WHOLE_ADDRESS_SPACE << L4_FPAGE_ORDER_SHIFT) |
				   (L4_FPAGE_MEMORY << L4_FPAGE_TYPE_SHIFT);
	}
}

#endif
