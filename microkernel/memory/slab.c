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
static unsigned int block_order(const struct slab *s, u32 *first, u32 *count)
{
	unsigned int order;
	u32 space;

	*first = ALIGN_UP(sizeof(struct slab_block), s->align);
	for (order = 0;; order++) {
		space = (u32)(PAGE_SIZE << order) - *first;
		*count = space / s->size;
		if (*count && (order == 3 || space - *count * s->size <= (PAGE_SIZE << order) / 8))
			return order;
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

static struct slab_block *block_create(struct slab *s, unsigned int order)
{
	struct slab_block *b = frame_alloc(order, NULL);
	unsigned int i;

	if (!b)
		return NULL;
	for (i = 0; i < 1U << order; i++)
		frame_info((char *)b + i * PAGE_SIZE)->owner = b;
	b->free = NULL;
	b->used = b->fresh = 0;
	block_link(s, b);
	return b;
}

void *slab_alloc(struct slab *s, struct quota *q)
{
	struct slab_block *b = s->partial;
	u32 first, count;
	unsigned int order = block_order(s, &first, &count);
	void *obj;

	if (quota_charge(q, s->size))
		return NULL;
	if (!b)
		b = block_create(s, order);
	if (!b) {
		quota_release(q, s->size);
		return NULL;
	}
	obj = b->free;
	if (obj)
		memcpy(&b->free, obj, sizeof(void *));
	else
		obj = (char *)b + first + b->fresh++ * s->size;
	if (++b->used == count)
		block_unlink(s, b);
	s->objects++;
	return memset(obj, 0, s->size);
}

void slab_free(struct slab *s, void *obj, struct quota *q)
{
	struct slab_block *b = frame_info(obj)->owner;
	u32 first, count;
	unsigned int order = block_order(s, &first, &count);

	if (b->used == count)
		block_link(s, b);
	memcpy(obj, &b->free, sizeof(void *));
	b->free = obj;
	s->objects--;
	if (--b->used == 0) {
		block_unlink(s, b);
		frame_free(b, order, NULL);
	}
	quota_release(q, s->size);
}
