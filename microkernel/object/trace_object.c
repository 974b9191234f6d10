// SPDX-License-Identifier: GPL-2.0-only
/* Trace object: mapping the ring, choosing events, reading the counters. */
#include "arch.h"
#include "frame.h"
#include "object.h"
#include "trace.h"

/* The ring's pages, read-only, as original mappings of the caller's task. Bounded: a fixed, small number of pages. */
static l4_mword_t trace_map(struct thread *from, u64 va)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	u64 pa = arch_kernel_pa(&trace_ring);

	if (va % L4_PAGESIZE)
		return tag_error(-L4_EINVAL);
	for (u64 off = 0; off < sizeof(trace_ring); off += L4_PAGESIZE) {
		int err = space_enter(&from->task->space, va + off, pa + off, L4_PAGESHIFT,
				      SPACE_RIGHTS_R, SPACE_WB);
		if (err)
			return tag_error(err);
	}
	mr[0] = sizeof(trace_ring);
	return tag_make(0, 1);
}

static l4_mword_t trace_counters(struct thread *from)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	const struct counters *c = &this_cpu()->count;

	mr[0] = c->cr3_loads;
	mr[1] = c->tlb_flushes;
	mr[2] = c->kernel_entries;
	mr[3] = c->ipcs + c->short_ipcs;
	mr[4] = c->page_faults;
	mr[5] = frame_free_bytes();
	mr[6] = c->irqs;
	mr[7] = c->switches + c->short_ipcs;
	return tag_make(0, 8);
}

static l4_mword_t trace_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	unsigned int words = tag_words(tag);
	u64 old;

	if (tag_label(tag) != L4_PROTO_TRACE)
		return tag_error(-L4_EBADPROTO);
	if (words < 1 || (words < 2 && mr[0] != L4_TRACE_COUNTERS_OP))
		return tag_error(-L4_EMSGTOOSHORT);
	switch (mr[0]) {
	case L4_TRACE_COUNTERS_OP:
		return trace_counters(from);
	case L4_TRACE_MAP_OP:
		return trace_map(from, mr[1]);
	case L4_TRACE_MASK_OP:
		if (!(rights & L4_CAP_RIGHT_W))
			return tag_error(-L4_EPERM);
		old = trace_ring.header.mask;
		trace_ring.header.mask = mr[1];
		this_cpu()->long_ipc &= ~LONG_IPC_TRACE;
		if (mr[1] & (BIT(L4_TRACE_IPC) | BIT(L4_TRACE_SWITCH)))
			this_cpu()->long_ipc |= LONG_IPC_TRACE;
		mr[0] = old;
		return tag_make(0, 1);
	default:
		return tag_error(-L4_ENOSYS);
	}
}

const struct kobject_ops trace_ops = { .invoke = trace_invoke, .type = KOBJ_TRACE };
