/* SPDX-License-Identifier: GPL-2.0-only */
/* The small kernel objects, and helpers to decode messages to any object. */
#ifndef OBJECT_H
#define OBJECT_H

#include "frame.h"
#include "task.h"
#include "thread.h"
#include <l4/sys/proto.h>

/* Results of kobject_ops.invoke that are not tags. */
#define KOBJ_BLOCKED ((l4_mword_t)1 << 62)
#define KOBJ_RESTART (((l4_mword_t)1 << 62) + 1)

static inline l4_mword_t tag_make(long label, unsigned int words)
{
	return (l4_mword_t)((l4_umword_t)label << L4_MSGTAG_LABEL_SHIFT) | words;
}
/** Reply: error (negative or 0, -E_PREEMPTED means restart). */
static inline l4_mword_t tag_error(int err)
{
	if (err != -E_PREEMPTED)
		return tag_make(err, 0);
	this_cpu()->need_resched = true;
	return KOBJ_RESTART;
}
static inline long tag_label(l4_mword_t tag) { return tag >> L4_MSGTAG_LABEL_SHIFT; }
static inline unsigned int tag_words(l4_mword_t tag) { return tag & 0x3f; }
static inline unsigned int tag_items(l4_mword_t tag) { return (tag >> L4_MSGTAG_ITEMS_SHIFT) & 0x3f; }

static inline unsigned int fpage_type(l4_fpage_t f) { return (f.raw >> L4_FPAGE_TYPE_SHIFT) & 3; }
static inline unsigned int fpage_order(l4_fpage_t f) { return (f.raw >> L4_FPAGE_ORDER_SHIFT) & 0x3f; }
static inline unsigned int fpage_rights(l4_fpage_t f) { return f.raw & L4_FPAGE_RIGHTS_MASK; }
static inline u64 fpage_number(l4_fpage_t f) { return f.raw >> L4_FPAGE_ADDR_SHIFT; }
static inline u64 fpage_addr(l4_fpage_t f) { return f.raw & ~0xfffUL; }

/* Of the objects that there are once. */
extern const struct kobject_ops scheduler_ops, icu_ops, log_ops, trace_ops, physmem_ops, platform_ops, debugger_ops;

/** The object behind a selector of t's task if it has the type and rights, else NULL. */
struct kobject *object_lookup(struct thread *t, l4_cap_idx_t cap, enum kobject_type type, unsigned int rights);
/** Let *place be that IRQ (right W), counted. -L4_ENOENT, -L4_EBUSY: there is one already. */
int must_check object_register_irq(struct kobject **place, struct thread *from, l4_cap_idx_t cap);
static inline struct task *lookup_task(struct thread *t, l4_cap_idx_t cap, unsigned int rights)
{
	struct kobject *k = object_lookup(t, cap, KOBJ_TASK, rights);

	return k ? kobj_task(k) : NULL;
}
static inline struct thread *lookup_thread(struct thread *t, l4_cap_idx_t cap, unsigned int rights)
{
	struct kobject *k = object_lookup(t, cap, KOBJ_THREAD, rights);

	return k ? kobj_thread(k) : NULL;
}

struct gate {
	struct kobject kobj;
	struct thread *thread; /* counted */
	l4_umword_t label;
	struct heap senders;   /* waiting for a thread to be bound */
};

struct irq {
	struct kobject kobj;
	struct thread *thread; /* counted */
	struct sender sender;
	struct timeout timer;
	bool pending;          /* triggered while no thread was bound */
	s64 line;              /* I/O APIC line or MSI number it is bound to, -1 none */
	unsigned int vector;
};

struct factory {
	struct kobject kobj;
	struct quota *pool; /* what objects are charged to; counted */
};

int must_check gate_create(struct kobject **out, struct quota *q, struct thread *thread, l4_umword_t label);
int must_check irq_create(struct kobject **out, struct quota *q);
int must_check factory_create(struct kobject **out, struct quota *q, struct quota *pool);
int must_check semaphore_create(struct kobject **out, struct quota *q, u64 count);
void irq_trigger(struct irq *irq);
static inline struct gate *kobj_gate(struct kobject *k) { return container_of(k, struct gate, kobj); }
static inline struct irq *kobj_irq(struct kobject *k) { return container_of(k, struct irq, kobj); }

#endif
