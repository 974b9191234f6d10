// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quotas: bookkeeping of kernel memory.
 *
 * A child's limit counts as used in its parent from creation to the last put,
 * so used <= limit in every quota implies it for the whole tree.
 */
#include "frame.h"
#include "quota.h"

#define QUOTA_MAX_DEPTH 32

static struct slab quota_slab = SLAB_INIT(struct quota);

void quota_init(struct quota *q, u64 limit)
{
	*q = (struct quota){ .limit = limit, .refs = 1 };
}

int quota_charge(struct quota *q, u64 bytes)
{
	if (unlikely(bytes > q->limit - q->used))
		return -L4_ENOMEM;
	q->used += bytes;
	return 0;
}

void quota_release(struct quota *q, u64 bytes)
{
	q->used -= bytes;
}

int quota_create(struct quota **out, struct quota *parent, u64 limit)
{
	struct quota *q;
	int ret;

	if (parent->depth >= QUOTA_MAX_DEPTH)
		return -L4_ERANGE;
	ret = quota_charge(parent, limit);
	if (ret)
		return ret;
	q = slab_alloc(&quota_slab, parent);
	if (!q) {
		quota_release(parent, limit);
		return -L4_ENOMEM;
	}
	quota_init(q, limit);
	q->parent = parent;
	q->depth = parent->depth + 1;
	quota_get(parent);
	*out = q;
	return 0;
}

void quota_get(struct quota *q)
{
	q->refs++;
}

void quota_put(struct quota *q)
{
	struct quota *parent;

	/* The kernel's own quota has no parent and stays. */
	while (--q->refs == 0 && q->parent) {
		parent = q->parent;
		quota_release(parent, q->limit);
		slab_free(&quota_slab, q, parent);
		q = parent;
	}
}
