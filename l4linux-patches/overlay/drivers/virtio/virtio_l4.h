/* SPDX-License-Identifier: GPL-2.0-only */
/* What the transport's two files share. */
#ifndef _VIRTIO_L4_H
#define _VIRTIO_L4_H

#include <linux/dma-direction.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* Memory of a window in pieces of one size. A bus address is an offset into the window. */
struct vl4_area {
	unsigned int shift;        /* log2 of a piece */
	unsigned long base, count; /* bus address of the first piece; pieces */
	/* Under the pool's lock. */
	unsigned long next;        /* where to look first */
	unsigned long *used;       /* bitmap */
	/* What a mapping that begins with this piece is a copy of. Of its owner while it is used. */
	void **origin;
};

/*
 * All memory of a window but its first page. What is mapped is copied to and from it: the server
 * sees the window and nothing else of Linux. Small pieces (request headers, status bytes, tables) have
 * an area of their own, so that they never keep a request with many pages from fitting.
 */
struct vl4_pool {
	char *window;
	spinlock_t lock;
	struct vl4_area small, large;
	unsigned long segment_max; /* longest mapping */
};

/* Bytes [first, bytes) of the window; @segments of the longest mapping are to fit. */
int vl4_pool_init(struct vl4_pool *pool, void *window, unsigned long first, unsigned long bytes,
		  unsigned int segments);
void vl4_pool_destroy(struct vl4_pool *pool);
/* For the rings: a bus address, or DMA_MAPPING_ERROR. */
dma_addr_t vl4_pool_alloc(struct vl4_pool *pool, size_t size);
void vl4_pool_free(struct vl4_pool *pool, dma_addr_t at, size_t size);
dma_addr_t vl4_pool_map(struct vl4_pool *pool, void *addr, size_t size, enum dma_data_direction dir);
void vl4_pool_unmap(struct vl4_pool *pool, dma_addr_t at, size_t size, enum dma_data_direction dir);

#endif
