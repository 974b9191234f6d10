/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel objects and their lifetime.
 *
 * An object is alive while capabilities name it. When the last one is
 * removed, or someone with right D deletes it (which removes all of them), it is put on the
 * CPU's zombie list; kobject_reap() takes it apart: `destroy` in bounded steps, then the
 * existence reference is dropped. Others that hold a pointer (a thread its
 * task, an IRQ its thread) hold a reference and see `dead`. Memory goes back when refs is 0.
 */
#ifndef KOBJECT_H
#define KOBJECT_H

#include "list.h"
#include "quota.h"

enum kobject_type {
	/* up to the gate: partners of IPC; entry.S relies on the order */
	KOBJ_THREAD = 1, KOBJ_GATE, KOBJ_TASK, KOBJ_IRQ, KOBJ_SEMAPHORE, KOBJ_FACTORY, KOBJ_SCHEDULER, KOBJ_ICU,
	 KOBJ_LOG, KOBJ_TRACE, KOBJ_PHYSMEM, KOBJ_PLATFORM, KOBJ_DEBUGGER,
};

struct thread;
struct slab;
struct kobject;

struct kobject_ops {
	/**
	 * Answer a message. `tag` is the sender's, words are in its UTCB. Returns the reply tag
	 * (words in the UTCB). KOBJ_BLOCKED: the thread was blocked or switched away; KOBJ_RESTART: preempted;
	 * need_resched is set with both. After kobject_reap(), obj and from may be gone, unless it holds a reference.
	 */
	l4_mword_t (*invoke)(struct kobject *obj, struct thread *from, unsigned int rights, l4_mword_t tag);
	/** Take it apart; 0 or -E_PREEMPTED (called again). NULL: nothing to do. */
	int (*destroy)(struct kobject *obj);
	struct slab *slab; /* that objects are allocated from, and given back to when refs is 0 */
	enum kobject_type type;
};

struct kobject {
	const struct kobject_ops *ops;
	u8 type;
	bool dead;    /* no new uses; destroy() has begun or is queued */
	u32 refs;     /* existence + pointers from other objects */
	u32 caps;     /* slots that name it */
	u32 cap_root; /* mapping node of the first capability; private to cap.c */
	u64 id;       /* global id, never reused */
	u64 zombie_seq; /* when it was queued for destruction */
	struct list all;    /* on kobject_list, for the debugger */
	struct list zombie; /* on the zombie list */
	struct quota *quota; /* counted reference; what the object is charged to */
	char name[16];
} __attribute__((aligned(16)));

extern struct list kobject_list;

void kobject_init(struct kobject *obj, const struct kobject_ops *ops, struct quota *q);
/** A new object, zero but for its kobject, which comes first in it. NULL: quota. */
void *must_check kobject_create(const struct kobject_ops *ops, struct quota *q);
/** Name for people: at most `bytes` bytes or up to a 0, cut to what fits. */
void kobject_set_name(struct kobject *obj, const char *name, size_t bytes);
void kobject_get(struct kobject *obj);
void kobject_put(struct kobject *obj);
/**
 * Remove every capability to a dead object, destroy it, drop the existence reference.
 * 0 or -E_PREEMPTED (call again). No capability names the object's memory when it is freed.
 */
int must_check kobject_take_apart(struct kobject *obj);
/** Queue for destruction; also called by cap.c when the last capability is gone. */
void kobject_orphaned(struct kobject *obj);

#endif
