// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a virtio session: every mapping is a copy in the window.
 *
 * The server can write anything to the window at any time. Nothing that it could
 * change is used here to find memory: sizes and places are kept outside of the window.
 */

#include <linux/bitmap.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "virtio_l4.h"

#define SMALL_SHIFT 6
#define SMALL_MAX 512
#define SMALL_PART 8 /* of the window for small pieces */

static unsigned long pieces(const struct vl4_area *a, size_t size)
{
	return (size + (1UL << a->shift) - 1) >> a->shift;
}

static struct vl4_area *area_for(struct vl4_pool *p, size_t size)
{
	return size <= SMALL_MAX ? &p->small : &p->large;
}

static unsigned long index_of(const struct vl4_area *a, dma_addr_t at)
{
	return (at - a->base) >> a->shift;
}

/* Index of n free pieces in a row, behind those used last; count if there are none. */
static unsigned long area_take(struct vl4_area *a, unsigned long n)
{
	unsigned long at = bitmap_find_next_zero_area(a->used, a->count, a->next, n, 0);

	if (at >= a->count)
		at = bitmap_find_next_zero_area(a->used, a->count, 0, n, 0);
	if (at >= a->count)
		return a->count;
	bitmap_set(a->used, at, n);
	a->next = at + n;
	return at;
}

static dma_addr_t alloc(struct vl4_pool *p, size_t size, void *origin)
{
	struct vl4_area *a = area_for(p, size);
	unsigned long at, flags;

	spin_lock_irqsave(&p->lock, flags);
	at = area_take(a, pieces(a, size));
	if (at < a->count)
		a->origin[at] = origin;
	spin_unlock_irqrestore(&p->lock, flags);
	return at < a->count ? a->base + (at << a->shift) : DMA_MAPPING_ERROR;
}

dma_addr_t vl4_pool_alloc(struct vl4_pool *p, size_t size)
{
	dma_addr_t at = alloc(p, size, NULL);

	if (at != DMA_MAPPING_ERROR)
		memset(p->window + at, 0, size);
	return at;
}

void vl4_pool_free(struct vl4_pool *p, dma_addr_t at, size_t size)
{
	struct vl4_area *a = area_for(p, size);
	unsigned long flags;

	spin_lock_irqsave(&p->lock, flags);
	bitmap_clear(a->used, index_of(a, at), pieces(a, size));
	spin_unlock_irqrestore(&p->lock, flags);
}

dma_addr_t vl4_pool_map(struct vl4_pool *p, void *addr, size_t size, enum dma_data_direction dir)
{
	dma_addr_t at;

	if (!size || size > p->segment_max)
		return DMA_MAPPING_ERROR;
	at = alloc(p, size, addr);
	/* From the device only: the server need not see what the buffer held before. */
	if (at != DMA_MAPPING_ERROR && dir != DMA_FROM_DEVICE)
		memcpy(p->window + at, addr, size);
	return at;
}

void vl4_pool_unmap(struct vl4_pool *p, dma_addr_t at, size_t size, enum dma_data_direction dir)
{
	struct vl4_area *a = area_for(p, size);

	if (dir != DMA_TO_DEVICE)
		memcpy(a->origin[index_of(a, at)], p->window + at, size);
	vl4_pool_free(p, at, size);
}

static int area_init(struct vl4_area *a, unsigned int shift, unsigned long base, unsigned long end)
{
	a->shift = shift;
	a->base = base;
	a->count = (end - base) >> shift;
	a->next = 0;
	a->used = bitmap_zalloc(a->count, GFP_KERNEL);
	a->origin = kvcalloc(a->count, sizeof(*a->origin), GFP_KERNEL);
	return a->used && a->origin ? 0 : -ENOMEM;
}

static void area_destroy(struct vl4_area *a)
{
	bitmap_free(a->used);
	kvfree(a->origin);
}

int vl4_pool_init(struct vl4_pool *p, void *window, unsigned long first, unsigned long bytes,
		  unsigned int segments)
{
	unsigned long middle = ALIGN_DOWN(first + (bytes - first) / SMALL_PART, PAGE_SIZE);
	int err;

	p->window = window;
	spin_lock_init(&p->lock);
	err = area_init(&p->small, SMALL_SHIFT, first, middle);
	if (!err)
		err = area_init(&p->large, PAGE_SHIFT, middle, bytes);
	if (err) {
		vl4_pool_destroy(p);
		return err;
	}
	/* Three eighths of the area for one request of the largest kind: two fit, and the rings. */
	p->segment_max = ALIGN_DOWN((p->large.count << PAGE_SHIFT) / 8 * 3 / max(segments, 1U), PAGE_SIZE);
	p->segment_max = clamp(p->segment_max, PAGE_SIZE, (unsigned long)SZ_256K);
	return 0;
}

void vl4_pool_destroy(struct vl4_pool *p)
{
	area_destroy(&p->small);
	area_destroy(&p->large);
}
