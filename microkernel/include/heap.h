/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intrusive leftist heap: smallest key first, equal keys in order of
 * insertion. Insert, remove any node and pop are O(log n) in the worst case.
 */
#ifndef HEAP_H
#define HEAP_H

#include "types.h"

struct heap_node {
	struct heap_node *left, *right, *parent;
	u64 key;
	u32 rank; /* length of the right spine; 0 = not in a heap */
	u32 seq;
};

struct heap {
	struct heap_node *top;
	u32 seq;
	u32 count;
};

void heap_insert(struct heap *h, struct heap_node *n, u64 key);
/** For heap_remove(). */
void heap_remove_linked(struct heap *h, struct heap_node *n);

static inline void heap_remove(struct heap *h, struct heap_node *n)
{
	if (h->top != n || n->left) {
		heap_remove_linked(h, n);
		return;
	}
	/* the only one: who has no left child has no right one */
	h->top = NULL;
	h->count--;
	n->rank = 0;
}

static inline bool heap_node_queued(const struct heap_node *n)
{
	return n->rank != 0;
}

#endif
