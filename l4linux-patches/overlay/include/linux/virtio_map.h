/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings of a virtio transport's own, for memory that the DMA API does not know. */
#ifndef _LINUX_VIRTIO_MAP_H
#define _LINUX_VIRTIO_MAP_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct virtio_device;

/* For split rings. Called in any context; DMA_MAPPING_ERROR: no room now. */
struct virtio_map_ops {
	/* Memory for a ring, zeroed. */
	void *(*alloc)(struct virtio_device *vdev, size_t size, dma_addr_t *handle);
	void (*free)(struct virtio_device *vdev, size_t size, void *vaddr, dma_addr_t handle);
	dma_addr_t (*map)(struct virtio_device *vdev, void *addr, size_t size,
			  enum dma_data_direction dir);
	void (*unmap)(struct virtio_device *vdev, dma_addr_t addr, size_t size,
		      enum dma_data_direction dir);
	/* The longest mapping. */
	size_t (*max_size)(const struct virtio_device *vdev);
};

#endif
