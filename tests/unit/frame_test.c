// SPDX-License-Identifier: MIT
/*
 * Frames, slabs and quotas: random allocation against a naive list, exact return of memory.
 * sources: microkernel/memory/frame.c microkernel/memory/slab.c microkernel/memory/quota.c
 * sources: microkernel/memory/mapdb.c microkernel/memory/space.c microkernel/memory/iospace.c tests/unit/support/memory.c
 * cflags: -iquote microkernel/include -iquote microkernel/memory -iquote microkernel/arch/x86_64
 * cflags: -iquote tests/unit/support -Wl,--wrap=frame_free_zeroed
 */
#include <string.h>

#include "memory.h"

#define BLOCKS 400

void arch_iospace_changed(struct iospace *io)
{
}

struct block {
	char *va;
	unsigned int order;
	bool zeroed;
	u8 stamp;
};

static struct block blocks[BLOCKS];

static void block_fill(struct block *b, u8 stamp)
{
	b->stamp = stamp;
	memset(b->va, stamp, PAGE_SIZE << b->order);
}

static void block_verify(struct block *b)
{
	for (u64 i = 0; i < PAGE_SIZE << b->order; i += 61)
		CHECK((u8)b->va[i] == b->stamp);
}

static void block_random_alloc(struct block *b, u64 *charged)
{
	b->zeroed = rnd(2);
	b->order = b->zeroed ? 0 : rnd(6);
	b->va = b->zeroed ? frame_alloc_zeroed(&kernel_quota) : frame_alloc(b->order, &kernel_quota);
	if (!b->va)
		return;
	*charged += PAGE_SIZE << b->order;
	CHECK(!(((u64)b->va - frame_pool_va) & ((PAGE_SIZE << b->order) - 1)));
	CHECK(frame_va(frame_pa(b->va)) == b->va);
	if (b->zeroed)
		for (u64 i = 0; i < PAGE_SIZE; i++)
			CHECK(!b->va[i]);
	block_fill(b, rnd(255) + 1);
}

static void block_random_free(struct block *b, u64 *charged)
{
	block_verify(b);
	if (b->zeroed && rnd(2)) {
		memset(b->va, 0, PAGE_SIZE);
		frame_free_zeroed(b->va, &kernel_quota);
	} else {
		frame_free(b->va, b->order, &kernel_quota);
	}
	*charged -= PAGE_SIZE << b->order;
	b->va = NULL;
}

static void frames_random(void)
{
	u64 before, charged = 0;

	pool_init((7UL << 20) + 5 * PAGE_SIZE);
	before = frame_free_bytes();
	memset(blocks, 0, sizeof(blocks));
	for (unsigned int i = 0; i < 60000; i++) {
		struct block *b = &blocks[rnd(BLOCKS)];

		if (b->va)
			block_random_free(b, &charged);
		else
			block_random_alloc(b, &charged);
		CHECK(kernel_quota.used == charged);
		CHECK(frame_free_bytes() == before - charged);
	}
	for (unsigned int i = 0; i < BLOCKS; i++)
		if (blocks[i].va)
			block_random_free(&blocks[i], &charged);
	CHECK(frame_free_bytes() == before && !kernel_quota.used);
}

/* The stock of zero frames must not keep the largest blocks that are asked for from forming. */
static void frames_merge_again(void)
{
	static void *pages[2000];
	unsigned int n = 0;

	pool_init(4UL << 20);
	while ((pages[n] = frame_alloc_zeroed(&kernel_quota)))
		n++;
	CHECK(frame_free_bytes() == 0 && n > 1000);
	while (n--)
		frame_free_zeroed(pages[n], &kernel_quota);
	for (n = 0; n < 50; n++)
		CHECK((pages[n] = frame_alloc(3, &kernel_quota)));
	while (n--)
		frame_free(pages[n], 3, &kernel_quota);
}

static void frames_quota(void)
{
	u64 before;
	void *a;

	pool_init(4UL << 20);
	before = frame_free_bytes();
	quota_init(&kernel_quota, 3 * PAGE_SIZE);
	a = frame_alloc(1, &kernel_quota);
	CHECK(a && !frame_alloc(1, &kernel_quota));
	frame_free(a, 1, &kernel_quota);
	CHECK(!frame_alloc(12, NULL) && !frame_alloc(60, NULL));
	CHECK(!kernel_quota.used && frame_free_bytes() == before);
}

struct odd { char bytes[72]; };
struct large { char bytes[2600]; } __attribute__((aligned(64)));
struct huge { char bytes[5000]; } __attribute__((aligned(64)));

static void slab_exercise(struct slab *s)
{
	static struct { u8 *va, stamp; } objs[300];
	u64 before = frame_free_bytes(), live = 0;

	memset(objs, 0, sizeof(objs));
	for (unsigned int i = 0; i < 20000 + 300; i++) {
		unsigned int k = i < 20000 ? rnd(300) : i - 20000;

		if (objs[k].va) {
			for (u32 b = 0; b < s->size; b++)
				CHECK(objs[k].va[b] == objs[k].stamp);
			slab_free(s, objs[k].va, &kernel_quota);
			objs[k].va = NULL;
			live--;
		} else if (i < 20000 && (objs[k].va = slab_alloc(s, &kernel_quota))) {
			CHECK(!((u64)objs[k].va & (s->align - 1)));
			for (u32 b = 0; b < s->size; b++)
				CHECK(!objs[k].va[b]);
			objs[k].stamp = rnd(256);
			memset(objs[k].va, objs[k].stamp, s->size);
			live++;
		}
		CHECK(kernel_quota.used == live * s->size);
	}
	CHECK(frame_free_bytes() == before);
}

static void slabs_random(void)
{
	struct slab odd = SLAB_INIT(struct odd), large = SLAB_INIT(struct large),
		    huge = SLAB_INIT(struct huge);

	pool_init(4UL << 20);
	slab_exercise(&odd);
	slab_exercise(&large);
	slab_exercise(&huge);
	pool_init(256UL << 10); /* runs out */
	slab_exercise(&large);
}

static void quota_tree(void)
{
	struct quota *a, *b, *c;
	u64 before;

	pool_init(4UL << 20);
	before = frame_free_bytes();
	quota_init(&kernel_quota, 1UL << 20);
	CHECK(quota_create(&a, &kernel_quota, 2UL << 20) == -L4_ENOMEM);
	CHECK(quota_create(&a, &kernel_quota, ~0UL) == -L4_ENOMEM);
	CHECK(quota_create(&a, &kernel_quota, 1UL << 20) == -L4_ENOMEM); /* no room for itself */
	CHECK(!quota_create(&a, &kernel_quota, 65536));
	CHECK(kernel_quota.used == 65536 + sizeof(struct quota));
	CHECK(!quota_create(&b, a, 32768));
	CHECK(quota_charge(b, 32769) == -L4_ENOMEM && quota_charge(b, ~0UL) == -L4_ENOMEM);
	CHECK(!quota_charge(b, 32768) && quota_charge(b, 1) == -L4_ENOMEM && !quota_charge(b, 0));
	CHECK(quota_create(&c, b, 0) == -L4_ENOMEM);
	quota_put(a); /* lives on: b is charged to it */
	CHECK(kernel_quota.used);
	quota_release(b, 32768);
	quota_put(b);
	CHECK(!kernel_quota.used && kernel_quota.refs == 1 && frame_free_bytes() == before);
}

static void quota_depth(void)
{
	struct quota *q = &kernel_quota, *next;
	u64 limit = 1UL << 20, before;
	unsigned int depth = 0;

	pool_init(4UL << 20);
	before = frame_free_bytes();
	while (!quota_create(&next, q, limit -= 4096)) {
		if (q != &kernel_quota)
			quota_put(q);
		q = next;
		depth++;
	}
	CHECK(depth == 32 && quota_create(&next, q, 0) == -L4_ERANGE);
	quota_put(q);
	CHECK(!kernel_quota.used && frame_free_bytes() == before);
}

int main(void)
{
	check_run("frames_random", frames_random);
	check_run("frames_merge_again", frames_merge_again);
	check_run("frames_quota", frames_quota);
	check_run("slabs_random", slabs_random);
	check_run("quota_tree", quota_tree);
	check_run("quota_depth", quota_depth);
	return 0;
}
