// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page frames of the kernel pool: a buddy allocator, and before it a short
 * stock of frames that are known to be zero.
 *
 * The descriptors lie at the start of the pool. A free block is linked through
 * its own first bytes; its first frame's descriptor tells its order.
 * Frames of the zero stock are linked through their descriptors, so that they stay zero.
 */
#include <string.h>

#include "frame.h"
#include "list.h"

#define FRAME_ORDERS 12
#define FRAME_ZEROED_MAX 256
#define STOCK_STEP 8 /* frames of it that are given back in one go */
#define CLEAR_STEP (PAGE_SIZE / 4)

u64 frame_pool_va, frame_phys_offset;
struct frame_info *frame_infos;

static u64 frame_count;
static u64 free_frames;
static struct list free_lists[FRAME_ORDERS];
static struct frame_info *zeroed;
static unsigned int zeroed_count;
static char *clearing;       /* the next for it, of which `cleared` bytes are zero, or NULL */
static unsigned int cleared;

static void *frame_address(u64 number)
{
	return (void *)(frame_pool_va + (number << PAGE_SHIFT));
}

static u64 frame_number(const void *va)
{
	return ((u64)va - frame_pool_va) >> PAGE_SHIFT;
}

static void block_insert(u64 number, unsigned int order)
{
	frame_infos[number].free = 1 + order;
	list_push_front(&free_lists[order], frame_address(number));
}

static void block_remove(u64 number)
{
	frame_infos[number].free = 0;
	list_remove(frame_address(number));
}

static void block_free(u64 number, unsigned int order)
{
	u64 buddy;

	for (; order < FRAME_ORDERS - 1; order++) {
		buddy = number ^ BIT(order);
		if (buddy + BIT(order) > frame_count || frame_infos[buddy].free != 1 + order)
			break;
		block_remove(buddy);
		number &= ~BIT(order);
	}
	block_insert(number, order);
}

static void *block_alloc(unsigned int order)
{
	unsigned int have;
	u64 number;

	for (have = order; have < FRAME_ORDERS; have++)
		if (!list_empty(&free_lists[have]))
			break;
	if (have >= FRAME_ORDERS)
		return NULL;
	number = frame_number(free_lists[have].next);
	block_remove(number);
	while (have > order) {
		have--;
		block_insert(number + BIT(have), have);
	}
	return frame_address(number);
}

static void *stock_take(void)
{
	struct frame_info *info = zeroed;

	if (!info)
		return NULL;
	zeroed = info->nodes;
	zeroed_count--;
	return frame_address((u64)(info - frame_infos));
}

static void stock_put(struct frame_info *info)
{
	info->nodes = zeroed;
	zeroed = info;
	zeroed_count++;
}

static bool frames_are_scarce(void)
{
	return free_frames < frame_count / 16;
}

/* Give frames of the stock back to the buddy allocator. */
static void stock_shrink(unsigned int n)
{
	while (n-- && zeroed)
		block_free(frame_number(stock_take()), 0);
}

/* Start with half a stock, so that the first tasks need not wait for clearing. */
static void stock_fill(void)
{
	for (u64 i = 0; i < FRAME_ZEROED_MAX / 2 && i < frame_count / 16; i++)
		stock_put(frame_info(memset(block_alloc(0), 0, PAGE_SIZE)));
}

void frame_init(void *va, u64 pa, u64 bytes)
{
	u64 number, first;
	unsigned int order;

	frame_pool_va = (u64)va;
	frame_phys_offset = (u64)va - pa;
	frame_infos = va;
	frame_count = bytes >> PAGE_SHIFT;
	first = ALIGN_UP(frame_count * sizeof(struct frame_info), PAGE_SIZE) >> PAGE_SHIFT;
	memset(frame_infos, 0, first << PAGE_SHIFT);
	for (order = 0; order < FRAME_ORDERS; order++)
		list_init(&free_lists[order]);
	zeroed = NULL;
	zeroed_count = 0;
	clearing = NULL;
	cleared = 0;
	free_frames = frame_count - first;
	for (number = first; number < frame_count; number += BIT(order)) {
		order = 0;
		while (order < FRAME_ORDERS - 1 && !(number & BIT(order)) &&
		       number + BIT(order + 1) <= frame_count)
			order++;
		block_insert(number, order);
	}
	stock_fill();
}

void *frame_alloc(unsigned int order, struct quota *q)
{
	void *va;

	if (order >= FRAME_ORDERS || (q && quota_charge(q, PAGE_SIZE << order)))
		return NULL;
	/* When frames get scarce, the stock shrinks with every allocation, and has gone before the pool is empty. */
	if (unlikely(frames_are_scarce()))
		stock_shrink(2);
	va = block_alloc(order);
	if (unlikely(!va)) {
		stock_shrink(STOCK_STEP);
		va = block_alloc(order);
	}
	if (unlikely(!va)) {
		if (q)
			quota_release(q, PAGE_SIZE << order);
		return NULL;
	}
	free_frames -= BIT(order);
	return va;
}

void frame_free(void *va, unsigned int order, struct quota *q)
{
	block_free(frame_number(va), order);
	free_frames += BIT(order);
	if (q)
		quota_release(q, PAGE_SIZE << order);
}

void *frame_alloc_zeroed(struct quota *q)
{
	void *va;

	if (!zeroed) {
		va = frame_alloc(0, q);
		return va ? memset(va, 0, PAGE_SIZE) : NULL;
	}
	if (q && quota_charge(q, PAGE_SIZE))
		return NULL;
	free_frames--;
	return stock_take();
}

void frame_free_zeroed(void *va, struct quota *q)
{
	if (zeroed_count >= FRAME_ZEROED_MAX || unlikely(frames_are_scarce())) {
		frame_free(va, 0, q);
		return;
	}
	stock_put(frame_info(va));
	free_frames++;
	if (q)
		quota_release(q, PAGE_SIZE);
}

int frame_stock_up(unsigned int n)
{
	if (likely(zeroed_count >= n))
		return 0;
	if (n > FRAME_ZEROED_MAX || n > free_frames)
		return -L4_ENOMEM;
	while (zeroed_count < n) {
		if (!clearing)
			clearing = block_alloc(0);
		if (!clearing)
			return -L4_ENOMEM;
		memset(clearing + cleared, 0, CLEAR_STEP);
		cleared += CLEAR_STEP;
		if (cleared == PAGE_SIZE) {
			stock_put(frame_info(clearing));
			clearing = NULL;
			cleared = 0;
		}
		if (preempt_point())
			return -E_PREEMPTED;
	}
	return 0;
}

u64 frame_free_bytes(void)
{
	return free_frames << PAGE_SHIFT;
}
