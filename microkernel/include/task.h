/* SPDX-License-Identifier: GPL-2.0-only */
/* Task: an address space, a capability space and I/O ports. */
#ifndef TASK_H
#define TASK_H

#include "cap.h"
#include "kobject.h"
#include "space.h"

struct task {
	struct kobject kobj;
	struct space space;
	struct capspace caps;
	struct iospace io;
	struct list threads;  /* bound threads, by task_link */
	struct list viewers;  /* vCPU threads whose view it is, by view_link */
	u64 view_owner;       /* id of the server the supervisor view was made for, 0 = none */
};

extern const struct kobject_ops task_ops;

static inline struct task *kobj_task(struct kobject *k)
{
	return container_of(k, struct task, kobj);
}

/** utcb_area: memory flexpage or 0. -L4_ENOMEM, -L4_EINVAL. */
int must_check task_create(struct kobject **out, struct quota *q, l4_fpage_t utcb_area);

#endif
