// SPDX-License-Identifier: GPL-2.0-only
/* Invocations of kernel objects: tasks, IRQs, the factory, the vCPU's view. */

#include "ipc.h"

static inline l4_umword_t fpage(unsigned long addr, unsigned int order, unsigned int type,
				unsigned int rights)
{
	return (addr & L4_PAGEMASK) | order << L4_FPAGE_ORDER_SHIFT |
	       type << L4_FPAGE_TYPE_SHIFT | rights;
}

long l4host_wait(unsigned long timeout_ns)
{
	unsigned long label = 0;
	long tag = ipc(L4_INVALID_CAP | L4_SYSF_WAIT, 0, &label, 0, timeout_ns);

	return tag & L4_MSGTAG_ERROR ? -1 : (long)label;
}

static int create(long type, unsigned long slot, unsigned int words)
{
	UTCB->msg.mr[0] = type;
	UTCB->buf.bdr = 0;
	UTCB->buf.br[0] = slot_cap(slot) | L4_RCV_ITEM_SINGLE_CAP;
	UTCB->buf.br[1] = 0;
	return call(L4_BASE_FACTORY_CAP, L4_PROTO_FACTORY, words, 0);
}

int l4host_task_create(unsigned long slot)
{
	UTCB->msg.mr[1] = 0; /* no UTCB area: it never runs threads of its own */
	return create(L4_PROTO_TASK, slot, 2);
}

unsigned long l4host_quota_left(void)
{
	UTCB->msg.mr[0] = L4_FACTORY_INFO;
	if (call(L4_BASE_FACTORY_CAP, L4_PROTO_FACTORY, 1, 0) < 0)
		return 0;
	return UTCB->msg.mr[0] - UTCB->msg.mr[1];
}

int l4host_irq_bind(unsigned long slot, unsigned long label)
{
	UTCB->msg.mr[0] = L4_RCV_EP_BIND_OP;
	UTCB->msg.mr[1] = L4_BASE_THREAD_CAP;
	UTCB->msg.mr[2] = label;
	return call(slot_cap(slot), L4_PROTO_KOBJECT, 3, 0);
}

int l4host_irq_create(unsigned long slot, unsigned long label)
{
	int err = create(L4_PROTO_IRQ_SENDER, slot, 1);

	return err < 0 ? err : l4host_irq_bind(slot, label);
}

void l4host_irq_trigger(unsigned long slot)
{
	unsigned long label = 0;

	ipc(slot_cap(slot) | L4_SYSF_SEND, tag_make(L4_PROTO_IRQ, 0, 0), &label, 0, 0);
}

int l4host_timer_set(unsigned long slot, unsigned long deadline_ns)
{
	UTCB->msg.mr[0] = L4_IRQ_OP_SET_TIMER;
	UTCB->msg.mr[1] = deadline_ns;
	return call(slot_cap(slot), L4_PROTO_IRQ, 2, 0);
}

int l4host_cap_delete(unsigned long slot)
{
	UTCB->msg.mr[0] = L4_TASK_UNMAP_OP;
	UTCB->msg.mr[1] = L4_FP_DELETE_OBJ;
	UTCB->msg.mr[2] = fpage(slot_cap(slot), 0, L4_FPAGE_OBJ, L4_CAP_FPAGE_RWSD);
	return call(L4_BASE_TASK_CAP, L4_PROTO_TASK, 3, 0);
}

int l4host_task_map(unsigned long slot, const struct l4_map *list, unsigned int n)
{
	unsigned int i;

	UTCB->msg.mr[0] = L4_TASK_MAP_OP;
	UTCB->msg.mr[1] = L4_BASE_TASK_CAP;
	for (i = 0; i < n; i++) {
		UTCB->msg.mr[2 + 2 * i] = (list[i].dst & L4_PAGEMASK) | L4_ITEM_MAP;
		UTCB->msg.mr[3 + 2 * i] = fpage(list[i].src, list[i].dst & ~L4_PAGEMASK,
						L4_FPAGE_MEMORY, list[i].src & L4_FPAGE_RIGHTS_MASK);
	}
	return call(task_cap(slot), L4_PROTO_TASK, 2 + 2 * n, 0);
}

int l4host_task_unmap(unsigned long slot, unsigned long first, unsigned long last,
		      unsigned int rights)
{
	UTCB->msg.mr[0] = L4_TASK_UNMAP_RANGE_OP;
	UTCB->msg.mr[1] = L4_FP_ALL_SPACES | rights;
	UTCB->msg.mr[2] = first;
	UTCB->msg.mr[3] = last;
	return call(task_cap(slot), L4_PROTO_TASK, 4, 0);
}

int l4host_task_stats(unsigned long slot, struct l4_task_stats *out)
{
	int err;

	UTCB->msg.mr[0] = L4_TASK_STATS_OP;
	err = call(task_cap(slot), L4_PROTO_TASK, 1, 0);
	if (err < 0)
		return err;
	out->id = UTCB->msg.mr[0];
	out->kernel_bytes = UTCB->msg.mr[1];
	out->pages = UTCB->msg.mr[2];
	return 0;
}

int l4host_set_view(unsigned long slot)
{
	UTCB->msg.mr[0] = L4_THREAD_SET_VIEW_OP;
	UTCB->msg.mr[1] = slot ? slot_cap(slot) : L4_INVALID_CAP;
	return call(L4_BASE_THREAD_CAP, L4_PROTO_THREAD, 2, 0);
}

/* Only for people who debug: errors do not matter. */
void l4host_cap_name(unsigned long slot, const char *name)
{
	char *to = (char *)&UTCB->msg.mr[2];
	unsigned int i;

	for (i = 0; i < 15 && name[i]; i++)
		to[i] = name[i];
	for (; i < 16; i++)
		to[i] = 0;
	UTCB->msg.mr[0] = L4_DEBUGGER_NAME_OP;
	UTCB->msg.mr[1] = slot_cap(slot);
	call(L4_BASE_DEBUGGER_CAP, L4_PROTO_DEBUGGER, 4, 0);
}

unsigned long l4host_debug_regs(const unsigned long dr[4], unsigned long dr7)
{
	unsigned int i;

	UTCB->msg.mr[0] = L4_THREAD_DEBUG_REGS_OP;
	for (i = 0; i < 4; i++)
		UTCB->msg.mr[1 + i] = dr[i];
	UTCB->msg.mr[5] = dr7;
	return call(L4_BASE_THREAD_CAP, L4_PROTO_THREAD, 6, 0) < 0 ? 0 : UTCB->msg.mr[0];
}
