// SPDX-License-Identifier: MIT
/*
 * The leftist heap of timeouts and senders: random insertion and removal against a naive list, and its shape.
 * sources: microkernel/sched/heap.c
 * cflags: -iquote microkernel/include
 */
#include <stdio.h>
#include <stdlib.h>

#include "heap.h"

#define NODES 500
#define STEPS 200000

static struct heap heap;
static struct heap_node nodes[NODES];
static u64 inserted_at[NODES], step;

static void fail(const char *what)
{
	printf("not ok heap %s\n", what);
	exit(1);
}

/* The model: smallest key, then the one that came first. */
static struct heap_node *model_top(void)
{
	struct heap_node *best = NULL;

	for (int i = 0; i < NODES; i++) {
		struct heap_node *n = &nodes[i];

		if (heap_node_queued(n) &&
		    (!best || n->key < best->key ||
		     (n->key == best->key && inserted_at[i] < inserted_at[best - nodes])))
			best = n;
	}
	return best;
}

static unsigned int rank(const struct heap_node *n)
{
	return n ? n->rank : 0;
}

/* Returns the number of nodes below n, n included. */
static unsigned int shape_check(const struct heap_node *n, const struct heap_node *parent)
{
	if (!n)
		return 0;
	if (n->parent != parent)
		fail("parent link");
	if (parent && n->key < parent->key)
		fail("order");
	if (rank(n->left) < rank(n->right) || n->rank != rank(n->right) + 1)
		fail("rank");
	return 1 + shape_check(n->left, n) + shape_check(n->right, n);
}

static unsigned int queued(void)
{
	unsigned int count = 0;

	for (int i = 0; i < NODES; i++)
		count += heap_node_queued(&nodes[i]);
	return count;
}

static void random_step(unsigned int keys)
{
	int i = rand() % NODES;

	if (heap_node_queued(&nodes[i])) {
		heap_remove(&heap, &nodes[i]);
	} else {
		heap_insert(&heap, &nodes[i], rand() % keys);
		inserted_at[i] = step;
	}
	if (rand() % 4 == 0 && heap.top)
		heap_remove(&heap, heap.top);
}

static void run(const char *name, unsigned int keys)
{
	for (step++; step % STEPS; step++) {
		random_step(keys);
		if (step % 16 == 0 && heap.top != model_top())
			fail("top");
		if (step % 1024 == 0 && shape_check(heap.top, NULL) != queued())
			fail("count");
	}
	while (heap.top) {
		if (heap.top != model_top())
			fail("draining");
		heap_remove(&heap, heap.top);
	}
	if (queued())
		fail("left over");
	printf("ok %s\n", name);
}

/* Ascending keys would make a plain leftist list deep on the left: removal from the bottom must stay cheap and right. */
static void chain(void)
{
	for (int i = 0; i < NODES; i++)
		heap_insert(&heap, &nodes[i], NODES - i);
	for (int i = 0; i < NODES; i += 2)
		heap_remove(&heap, &nodes[i]);
	if (shape_check(heap.top, NULL) != NODES / 2)
		fail("chain");
	while (heap.top)
		heap_remove(&heap, heap.top);
	printf("ok descending-chain\n");
}

int main(void)
{
	srand(1);
	chain();
	run("few-keys", 4);
	run("many-keys", 1u << 30);
	return 0;
}
