// SPDX-License-Identifier: GPL-2.0-only
/*
 * Log object: writes go to the kernel log; one reader follows it and can have an IRQ
 * triggered when there is new text. Until a console takes over the UART
 * (L4_LOG_ATTR_UART), the kernel prints its log there itself.
 */
#include "arch.h"
#include "debug.h"
#include "object.h"

static u64 read_position;
static struct kobject *reader_irq; /* counted */

static l4_mword_t log_op_write(struct thread *from, unsigned int words)
{
	const l4_umword_t *mr = from->utcb->msg.mr;
	u64 bytes = words < 2 ? 0 : mr[1];

	if (words < 2 || bytes > (words - 2) * sizeof(*mr))
		return tag_error(-L4_EMSGTOOSHORT);
	log_write((const char *)(mr + 2), bytes);
	if (reader_irq && !reader_irq->dead)
		irq_trigger(kobj_irq(reader_irq));
	return tag_make(0, 0);
}

static l4_mword_t log_op_read(struct thread *from, unsigned int words)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	u64 bytes = words < 2 ? 0 : mr[1];

	if (words < 2)
		return tag_error(-L4_EMSGTOOSHORT);
	if (bytes > L4_VCON_READ_SIZE)
		bytes = L4_VCON_READ_SIZE;
	bytes = log_read(&read_position, (char *)(mr + 1), bytes);
	mr[0] = bytes;
	return tag_make(0, 1 + (bytes + 7) / 8);
}

static int log_bind(struct thread *from)
{
	struct kobject *irq = object_lookup(from, from->utcb->msg.mr[2], KOBJ_IRQ, L4_CAP_RIGHT_W);

	if (!irq)
		return -L4_ENOENT;
	kobject_get(irq);
	if (reader_irq)
		kobject_put(reader_irq);
	reader_irq = irq;
	return 0;
}

static l4_mword_t log_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	unsigned int words = tag_words(tag);

	if (words < 1)
		return tag_error(-L4_EMSGTOOSHORT);
	if (tag_label(tag) == L4_PROTO_LOG && mr[0] == L4_VCON_WRITE_OP)
		return log_op_write(from, words);
	/* following the log and silencing the kernel are the console's business */
	if (!(rights & L4_CAP_RIGHT_S))
		return tag_error(-L4_EPERM);
	if (tag_label(tag) == L4_PROTO_IRQ)
		return tag_error(mr[0] == L4_ICU_OP_BIND && words >= 3 ? log_bind(from) : -L4_ENOSYS);
	if (tag_label(tag) != L4_PROTO_LOG)
		return tag_error(-L4_EBADPROTO);
	switch (mr[0]) {
	case L4_VCON_READ_OP:
		return log_op_read(from, words);
	case L4_VCON_SET_ATTR_OP:
		if (words < 2)
			return tag_error(-L4_EMSGTOOSHORT);
		/* the new owner of the UART follows from here: what is before has been printed */
		if (log_to_uart && !(mr[1] & L4_LOG_ATTR_UART))
			read_position = ~0UL;
		log_to_uart = mr[1] & L4_LOG_ATTR_UART;
		return tag_make(0, 0);
	case L4_VCON_GET_ATTR_OP:
		mr[0] = log_to_uart ? L4_LOG_ATTR_UART : 0;
		return tag_make(0, 1);
	default:
		return tag_error(-L4_ENOSYS);
	}
}

const struct kobject_ops log_ops = { .invoke = log_invoke, .type = KOBJ_LOG };
