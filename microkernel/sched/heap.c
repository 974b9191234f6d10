// SPDX-License-Identifier: GPL-2.0-only
/* Leftist heap: timeouts by time, senders by priority. */
#include "heap.h"

static u32 rank(const struct heap_node *n)
{
	return n ? n->rank : 0;
}

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key != b->key ? a->key < b->key : (s64)(int)(a->seq - b->seq) < 0;
}

static void swap_children(struct heap_node *n)
{
	struct heap_node *t = n->left;

	n->left = n->right;
	n->right = t;
}

/* Right spines are at most log2(n + 1) long: so is the path this walks down and up. */
static struct heap_node *merge(struct heap_node *a, struct heap_node *b)
{
	struct heap_node *spine = NULL, *result, *t;

	while (a && b) {
		if (before(b, a)) {
			t = a;
			a = b;
			b = t;
		}
		/* a is next on the merged right spine; its parent link holds the way back up */
		a->parent = spine;
		spine = a;
		a = a->right;
	}
	result = a ? a : b;
	while (spine) {
		t = spine->parent;
		spine->right = result;
		if (result)
			result->parent = spine;
		if (rank(spine->left) < rank(spine->right))
			swap_children(spine);
		spine->rank = rank(spine->right) + 1;
		result = spine;
		spine = t;
	}
	if (result)
		result->parent = NULL;
	return result;
}

void heap_insert(struct heap *h, struct heap_node *n, u64 key)
{
	n->left = n->right = n->parent = NULL;
	n->key = key;
	n->rank = 1;
	n->seq = h->seq++;
	h->count++;
	h->top = merge(h->top, n);
}

void heap_remove_linked(struct heap *h, struct heap_node *n)
{
	struct heap_node *up = n->parent, *sub;

	sub = merge(n->left, n->right);
	n->rank = 0;
	h->count--;
	if (!up) {
		h->top = sub;
		return;
	}
	if (up->left == n)
		up->left = sub;
	else
		up->right = sub;
	if (sub)
		sub->parent = up;
	/* Ranks only shrink, and each that does is at most log2(n): the walk ends early. */
	for (; up; up = up->parent) {
		u32 old = up->rank;

		if (rank(up->left) < rank(up->right))
			swap_children(up);
		up->rank = rank(up->right) + 1;
		if (up->rank == old)
			break;
	}
}
