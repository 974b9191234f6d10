// SPDX-License-Identifier: GPL-2.0-only
/*
 * IRQ objects: a hardware interrupt, a timer, or a software trigger, delivered
 * as a message without words to a thread or vCPU. A trigger while one is
 * still undelivered merges with it. A level-triggered line is masked when it
 * fires, until the server unmasks it.
 *
 * The interrupt controller (ICU) object binds lines and MSIs to IRQ objects.
 */
#include "arch.h"
#include "object.h"

#define MSI_COUNT 64

static struct slab irq_slab = SLAB_INIT(struct irq);
static const struct kobject_ops irq_ops;
static struct irq *vector_irq[256]; /* not counted: cleared when the IRQ object dies */
static u32 line_mode[VECTOR_IRQ_LAST - VECTOR_IRQ_FIRST + 1];

static void timer_expired(struct timeout *t)
{
	irq_trigger(container_of(t, struct irq, timer));
}

int irq_create(struct kobject **out, struct quota *q)
{
	struct irq *irq = kobject_create(&irq_ops, q);

	if (!irq)
		return -L4_ENOMEM;
	irq->sender.kind = SENDER_IRQ;
	irq->line = -1;
	irq->timer.expired = timer_expired;
	*out = &irq->kobj;
	return 0;
}

void irq_trigger(struct irq *irq)
{
	if (irq->thread && !irq->thread->kobj.dead)
		ipc_irq(irq->thread, irq);
	else
		irq->pending = true;
}

void irq_handle(unsigned int vector)
{
	struct irq *irq = vector_irq[vector];

	if (!irq)
		return;
	/* Whatever made it level-triggered, the server or the firmware's default: unmasked, it would fire for ever. */
	if (irq->line >= 0 && arch_irq_is_level(irq->line))
		arch_irq_mask(irq->line);
	irq_trigger(irq);
}

/* --- IRQ object */

static void detach_thread(struct irq *irq)
{
	struct thread *t = irq->thread;

	if (!t)
		return;
	if (irq->sender.queue) {
		sender_dequeue(&irq->sender);
		irq->pending = true;
	}
	irq->thread = NULL;
	if (t->state == THREAD_RECEIVING && t->partner == &irq->kobj)
		ipc_abort(t, L4_IPC_ENOT_EXISTENT | L4_IPC_SND_ERR_MASK);
	kobject_put(&t->kobj);
}

static void timer_set(struct irq *irq, u64 tsc, struct thread *setter)
{
	timeout_cancel(&irq->timer);
	timeout_set(&irq->timer, tsc, (irq->thread ? irq->thread : setter)->base_prio);
}

static int irq_bind(struct irq *irq, struct thread *from, unsigned int words)
{
	const l4_umword_t *mr = from->utcb->msg.mr;
	struct thread *t;

	if (words < 3)
		return -L4_EMSGTOOSHORT;
	t = lookup_thread(from, mr[1], L4_CAP_RIGHT_S);
	if (!t && mr[1] != L4_INVALID_CAP)
		return -L4_ENOENT;
	if (t)
		kobject_get(&t->kobj);
	detach_thread(irq);
	irq->thread = t;
	irq->sender.label = mr[2];
	/* The timer is of the priority of who waits for it now. */
	if (heap_node_queued(&irq->timer.node))
		timer_set(irq, irq->timer.node.key, from);
	if (t && irq->pending) {
		irq->pending = false;
		irq_trigger(irq);
	}
	return 0;
}

static int irq_set_timer(struct irq *irq, u64 when, struct thread *from)
{
	if (when == L4_TIMEOUT_NEVER)
		timeout_cancel(&irq->timer);
	else
		timer_set(irq, kip.tsc_base + ns_to_tsc(when), from);
	return 0;
}

static l4_mword_t irq_op(struct irq *irq, struct thread *from, unsigned int words)
{
	const l4_umword_t *mr = from->utcb->msg.mr;

	switch (words ? mr[0] : L4_IRQ_OP_TRIGGER) {
	case L4_IRQ_OP_TRIGGER:
		irq_trigger(irq);
		return tag_make(0, 0);
	case L4_IRQ_OP_EOI:
		if (irq->line >= 0 && irq->line < arch_irq_lines)
			arch_irq_unmask(irq->line);
		return tag_make(0, 0);
	case L4_IRQ_OP_DETACH:
		detach_thread(irq);
		irq->pending = false;
		return tag_make(0, 0);
	case L4_IRQ_OP_SET_TIMER:
		return tag_error(words < 2 ? -L4_EMSGTOOSHORT : irq_set_timer(irq, mr[1], from));
	default:
		return tag_error(-L4_ENOSYS);
	}
}

static l4_mword_t irq_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	struct irq *irq = kobj_irq(k);

	if (tag_label(tag) == L4_PROTO_IRQ) {
		if (!(rights & L4_CAP_RIGHT_W))
			return tag_error(-L4_EPERM);
		return irq_op(irq, from, tag_words(tag));
	}
	if (tag_label(tag) != L4_PROTO_KOBJECT)
		return tag_error(-L4_EBADPROTO);
	if (!(rights & L4_CAP_RIGHT_S))
		return tag_error(-L4_EPERM);
	if (tag_words(tag) < 1)
		return tag_error(-L4_EMSGTOOSHORT);
	if (from->utcb->msg.mr[0] != L4_RCV_EP_BIND_OP)
		return tag_error(-L4_ENOSYS);
	return tag_error(irq_bind(irq, from, tag_words(tag)));
}

static void line_release(struct irq *irq)
{
	if (irq->line < 0)
		return;
	if (irq->line < arch_irq_lines)
		arch_irq_mask(irq->line);
	vector_irq[irq->vector] = NULL;
	irq->line = -1;
}

static int irq_destroy(struct kobject *k)
{
	struct irq *irq = kobj_irq(k);

	timeout_cancel(&irq->timer);
	line_release(irq);
	detach_thread(irq);
	return 0;
}

static const struct kobject_ops irq_ops = {
	.invoke = irq_invoke, .destroy = irq_destroy, .slab = &irq_slab, .type = KOBJ_IRQ,
};

/* --- ICU: lines 0..n-1 have vectors VECTOR_IRQ_FIRST.., MSIs follow */

/* Number of a line or MSI among all vectors, or -1. */
static int icu_index(u64 line)
{
	u64 msi = line & ~L4_ICU_FLAG_MSI;

	if (!(line & L4_ICU_FLAG_MSI))
		return line < arch_irq_lines ? (int)line : -1;
	return msi < MSI_COUNT && arch_irq_lines + msi <= VECTOR_IRQ_LAST - VECTOR_IRQ_FIRST ?
		       (int)(arch_irq_lines + msi) : -1;
}

static l4_mword_t icu_bind(struct thread *from, int index, bool unbind)
{
	struct kobject *k = object_lookup(from, from->utcb->msg.mr[2], KOBJ_IRQ, L4_CAP_RIGHT_W);
	unsigned int vector = VECTOR_IRQ_FIRST + index;
	struct irq *irq;

	if (!k)
		return tag_error(-L4_ENOENT);
	irq = kobj_irq(k);
	if (unbind) {
		if (irq->line != index)
			return tag_error(-L4_EINVAL);
		line_release(irq);
		return tag_make(0, 0);
	}
	if (vector_irq[vector] || irq->line >= 0)
		return tag_error(-L4_EPERM);
	irq->line = index;
	irq->vector = vector;
	vector_irq[vector] = irq;
	if ((unsigned int)index < arch_irq_lines)
		arch_irq_setup(index, vector, line_mode[index]);
	return tag_make(0, 0);
}

static l4_mword_t icu_msi_info(struct thread *from, int index)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	u32 data;
	u64 address;

	arch_msi_message(VECTOR_IRQ_FIRST + index, &address, &data);
	mr[0] = address;
	mr[1] = data;
	return tag_make(0, 2);
}

static l4_mword_t icu_info(struct thread *from)
{
	l4_umword_t *mr = from->utcb->msg.mr;

	mr[0] = L4_ICU_FLAG_MSI;
	mr[1] = arch_irq_lines;
	mr[2] = MSI_COUNT;
	return tag_make(0, 3);
}

static l4_mword_t icu_line_op(struct thread *from, u64 op, int index)
{
	bool pin = (unsigned int)index < arch_irq_lines;

	switch (op) {
	case L4_ICU_OP_MSI_INFO:
		return icu_msi_info(from, index);
	case L4_ICU_OP_UNMASK:
		/* nobody would mask a line that nobody serves */
		if (pin && vector_irq[VECTOR_IRQ_FIRST + index])
			arch_irq_unmask(index);
		return tag_make(0, 0);
	case L4_ICU_OP_MASK:
		if (pin)
			arch_irq_mask(index);
		return tag_make(0, 0);
	case L4_ICU_OP_SET_MODE:
		if (!pin)
			return tag_error(-L4_EINVAL);
		line_mode[index] = from->utcb->msg.mr[2] & 7;
		arch_irq_setup(index, VECTOR_IRQ_FIRST + index, line_mode[index]);
		return tag_make(0, 0);
	case L4_ICU_OP_REMAP:
		if (pin)
			arch_irq_remap(index, from->utcb->msg.mr[2] & 1);
		return tag_error(pin ? 0 : -L4_EINVAL);
	default:
		return tag_error(-L4_ENOSYS);
	}
}

static l4_mword_t icu_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	const l4_umword_t *mr = from->utcb->msg.mr;
	unsigned int words = tag_words(tag);
	int index;

	if (tag_label(tag) != L4_PROTO_IRQ)
		return tag_error(-L4_EBADPROTO);
	if (words < 1)
		return tag_error(-L4_EMSGTOOSHORT);
	if (mr[0] == L4_ICU_OP_INFO)
		return icu_info(from);
	if (!(rights & L4_CAP_RIGHT_W))
		return tag_error(-L4_EPERM);
	if (words < 2 || (words < 3 && (mr[0] <= L4_ICU_OP_UNBIND || mr[0] >= L4_ICU_OP_SET_MODE)))
		return tag_error(-L4_EMSGTOOSHORT);
	index = icu_index(mr[1]);
	if (index < 0)
		return tag_error(-L4_EINVAL);
	if (mr[0] == L4_ICU_OP_BIND || mr[0] == L4_ICU_OP_UNBIND)
		return icu_bind(from, index, mr[0] == L4_ICU_OP_UNBIND);
	return icu_line_op(from, mr[0], index);
}

const struct kobject_ops icu_ops = { .invoke = icu_invoke, .type = KOBJ_ICU };
