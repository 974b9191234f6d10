/* SPDX-License-Identifier: MIT */
/* The virtio block device: OASIS virtio 1.2, section 5.2. Used towards clients and by the driver of such a device. */
#ifndef L4_VIRTIO_BLK_PROTOCOL_H
#define L4_VIRTIO_BLK_PROTOCOL_H

#include <l4/sys/types.h>

#define VIRTIO_ID_BLOCK 2
#define VIRTIO_BLK_SECTOR 512U

/* Feature bits (5.2.3). */
#define VIRTIO_BLK_F_SIZE_MAX (1UL << 1)
#define VIRTIO_BLK_F_SEG_MAX (1UL << 2)
#define VIRTIO_BLK_F_RO (1UL << 5)
#define VIRTIO_BLK_F_BLK_SIZE (1UL << 6)
#define VIRTIO_BLK_F_FLUSH (1UL << 9)
#define VIRTIO_BLK_F_DISCARD (1UL << 13)
#define VIRTIO_BLK_F_WRITE_ZEROES (1UL << 14)

/* Request types (5.2.6). */
enum virtio_blk_type {
	VIRTIO_BLK_T_IN = 0,
	VIRTIO_BLK_T_OUT = 1,
	VIRTIO_BLK_T_FLUSH = 4,
	VIRTIO_BLK_T_GET_ID = 8,
	VIRTIO_BLK_T_DISCARD = 11,
	VIRTIO_BLK_T_WRITE_ZEROES = 13,
};
#define VIRTIO_BLK_ID_BYTES 20

enum virtio_blk_status { VIRTIO_BLK_S_OK = 0, VIRTIO_BLK_S_IOERR = 1, VIRTIO_BLK_S_UNSUPP = 2 };

/** Flag of a discard or write-zeroes range. */
#define VIRTIO_BLK_UNMAP 1

/** What a request's readable part begins with. */
struct virtio_blk_header {
	l4_uint32_t type, reserved;
	l4_uint64_t sector;
};

/** Data of discard and write zeroes. */
struct virtio_blk_range {
	l4_uint64_t sector;
	l4_uint32_t sectors, flags;
};

/** Configuration (5.2.4). */
struct virtio_blk_config {
	l4_uint64_t capacity; /**< sectors */
	l4_uint32_t size_max, seg_max;
	struct { l4_uint16_t cylinders; l4_uint8_t heads, sectors; } geometry;
	l4_uint32_t blk_size;
	struct { l4_uint8_t physical_block_exp, alignment_offset; l4_uint16_t min_io_size; l4_uint32_t opt_io_size; } topology;
	l4_uint8_t writeback, unused0;
	l4_uint16_t num_queues;
	l4_uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
	l4_uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
	l4_uint8_t write_zeroes_may_unmap, unused1[3];
} __attribute__((packed));

_Static_assert(sizeof(struct virtio_blk_header) == 16 && sizeof(struct virtio_blk_range) == 16, "virtio-blk");
_Static_assert(__builtin_offsetof(struct virtio_blk_config, max_discard_sectors) == 36, "virtio-blk");
_Static_assert(sizeof(struct virtio_blk_config) == 60, "virtio-blk");

#endif
