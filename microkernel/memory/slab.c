// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slabs: objects of one size in blocks of the pool.
 *
 * A block starts with its header; every frame of a block has the header as
 * its descriptor's owner. Blocks with a free object are on the slab's
 * circular list; full blocks are on none, empty ones go back to the pool at once.
 */
#include <string.h>

#include "frame.h"

struct slab_block {
	struct slab_block *next, *prev;
	void *free;     /* objects given back, linked through their first word */
	u32 used;
	u32 fresh;      /* objects from this index on have never been used */
};

/* The smallest block that wastes at most an eighth, or the largest we are ready to ask for. */
static void block_layout(struct slab *s)
{
	u32 space;

	s->first = ALIGN_UP(sizeof(struct slab_block), s->align);
	for (s->order = 0;; s->order++) {
		space = (u32)(PAGE_SIZE << s->order) - s->first;
		s->count = space / s->size;
		if (s->count && (s->order == 3 || space - s->count * s->size <= (PAGE_SIZE << s->order) / 8))
			return;
	}
}

static void block_link(struct slab *s, struct slab_block *b)
{
	struct slab_block *head = s->partial;

	if (!head) {
		b->next = b->prev = b;
	} else {
		b->next = head;
		b->prev = head->prev;
		head->prev->next = b;
		head->prev = b;
	}
	s->partial = b;
}

static void block_unlink(struct slab *s, struct slab_block *b)
{
	b->prev->next = b->next;
	b->next->prev = b->prev;
	if (s->partial == b)
		s->partial = b->next == b ? NULL : b->next;
}

static struct slab_block *block_create(struct slab *s)
{
	struct slab_block *b;
	unsigned int i;

	if (!s->count)
		block_layout(s);
	b = frame_alloc(s->order, NULL);
	if (!b)
		return NULL;
	for (i = 0; i < 1U << s->order; i++)
		frame_info((char *)b + i * PAGE_SIZE)->owner = b;
	b->free = NULL;
	b->used = b->fresh = 0;
	block_link(s, b);
	return b;
}

void *slab_alloc_raw(struct slab *s, struct quota *q)
{
	struct slab_block *b = s->partial;
	void *obj;

	if (quota_charge(q, s->size))
		return NULL;
	if (!b)
		b = block_create(s);
	if (!b) {
		quota_release(q, s->size);
		return NULL;
	}
	obj = b->free;
	if (obj)
		memcpy(&b->free, obj, sizeof(void *));
	else
		obj = (char *)b + s->first + b->fresh++ * s->size;
	if (++b->used == s->count)
		block_unlink(s, b);
	return obj;
}

void *slab_alloc(struct slab *s, struct quota *q)
{
	void *obj = slab_alloc_raw(s, q);

	return obj ? memset(obj, 0, s->size) : NULL;
}

void slab_free(struct slab *s, void *obj, struct quota *q)
{
	struct slab_block *b = frame_info(obj)->owner;

	if (b->used == s->count)
		block_link(s, b);
	memcpy(obj, &b->free, sizeof(void *));
	b->free = obj;
	if (--b->used == 0) {
		block_unlink(s, b);
		frame_free(b, s->order, NULL);
	}
	quota_release(q, s->size);
}
