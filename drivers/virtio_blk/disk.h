/* SPDX-License-Identifier: MIT */
/*
 * A virtio disk as the block service's device: one queue, each request one indirect descriptor whose table is in memory that
 * clients cannot reach. Data goes straight between device and client's memory.
 */
#ifndef DISK_H
#define DISK_H

#include "../block/block.h"

/* Descriptors of the queue: one for each request, and no fewer than a request's table has (virtio 1.2, section 2.7.5.3.1). */
#define DISK_RING 128

/* Memory that the device and the driver share. */
struct disk_slot {
	struct virtio_blk_header header;
	struct virtio_blk_range range;
	l4_uint8_t status, unused[31];
	struct vring_desc table[BLOCK_SEGS_MAX + 2];
};
struct disk_memory {
	struct vring_desc desc[DISK_RING];
	l4_uint8_t avail[512] __attribute__((aligned(64)));
	l4_uint8_t used[2048] __attribute__((aligned(64)));
	struct disk_slot slot[BLOCK_REQUESTS_MAX] __attribute__((aligned(64)));
	l4_uint8_t buffer[20480] __attribute__((aligned(4096))); /* for the server's own reading */
};

struct disk {
	struct disk_memory *memory;
	l4_uint64_t dma;           /* device address of memory */
	struct vring_client ring;
	const struct block_request *first_request; /* of the service: slot = distance */
	int kick;                  /* something was added since the last kick */
};

/* Features the driver can use, and cannot do without. */
#define DISK_FEATURES_WANT (L4VIO_F_VERSION_1 | L4VIO_F_ACCESS_PLATFORM | L4VIO_F_INDIRECT_DESC | L4VIO_F_EVENT_IDX | \
			    VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE | \
			    VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES)
#define DISK_FEATURES_MUST (L4VIO_F_VERSION_1 | L4VIO_F_INDIRECT_DESC)

/** What the device says of itself, checked. -L4_ENODEV: no disk that can be served. */
int disk_geometry(const struct virtio_blk_config *c, l4_uint64_t features, struct block_geometry *g);
/** memory is zeroed. */
void disk_init(struct disk *d, struct disk_memory *memory, l4_uint64_t dma, l4_uint64_t features,
	       const struct block_request *first_request);
/** Add a request of the service to the ring. */
void disk_submit(struct disk *d, struct block_request *r);
/** Whether the device is to be kicked for what was added. */
int disk_should_kick(struct disk *d);
/** The next request that is done: 1, *r and its status; 0: none; -L4_EIO: the device does not keep to the rules. */
int disk_next(struct disk *d, struct block_request **r, enum virtio_blk_status *status);

#endif
