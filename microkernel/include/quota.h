/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Quota: how many bytes of kernel memory a factory may still hand out. A
 * child quota is carved out of its parent at creation and given back whole,
 * so charging never walks a chain. A quota lives as long as anything that is
 * charged to it: `refs` counts its factory and every object that keeps a pointer.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include "types.h"

struct quota {
	u64 limit, used;
	struct quota *parent; /* NULL: the kernel's own */
	u64 refs;
	u64 depth; /* ancestors; bounded, so that the last put is */
};

void quota_init(struct quota *q, u64 limit);
/** 0 or -L4_ENOMEM; nothing is changed on error. */
int must_check quota_charge(struct quota *q, u64 bytes);
void quota_release(struct quota *q, u64 bytes);
/** A new quota of `limit` bytes out of `parent` (plus its own size). -L4_ENOMEM, -L4_ERANGE nested too deep. */
int must_check quota_create(struct quota **out, struct quota *parent, u64 limit);
void quota_get(struct quota *q);
/** The last put returns limit (used is 0 then) and memory to the parent. */
void quota_put(struct quota *q);

#endif
