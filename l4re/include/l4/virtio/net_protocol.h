/* SPDX-License-Identifier: MIT */
/* The virtio network device: OASIS virtio 1.2, section 5.1. Used towards clients and by the driver of such a device. */
#ifndef L4_VIRTIO_NET_PROTOCOL_H
#define L4_VIRTIO_NET_PROTOCOL_H

#include <l4/sys/types.h>

#define VIRTIO_ID_NET 1
#define VIRTIO_NET_MAC_BYTES 6

/* Queues (5.1.2). */
enum { VIRTIO_NET_RX = 0, VIRTIO_NET_TX = 1, VIRTIO_NET_QUEUES = 2 };

/* Feature bits (5.1.3). */
#define VIRTIO_NET_F_CSUM (1UL << 0)       /* the driver may leave a checksum to the device */
#define VIRTIO_NET_F_GUEST_CSUM (1UL << 1) /* the driver takes frames whose checksum is not filled in */
#define VIRTIO_NET_F_MAC (1UL << 5)
#define VIRTIO_NET_F_STATUS (1UL << 16)

/** Configuration (5.1.4), as far as the features above say that it is valid. */
struct virtio_net_config {
	l4_uint8_t mac[VIRTIO_NET_MAC_BYTES];
	l4_uint16_t status;         /**< VIRTIO_NET_S_* */
};
#define VIRTIO_NET_S_LINK_UP 1

/* Flags of a header. */
#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1      /* csum_start and csum_offset say where the checksum is missing */
#define VIRTIO_NET_HDR_F_DATA_VALID 2

/** What each buffer begins with (5.1.6). */
struct virtio_net_header {
	l4_uint8_t flags, gso_type;
	l4_uint16_t hdr_len, gso_size;
	l4_uint16_t csum_start;     /**< the sum is of all from here on */
	l4_uint16_t csum_offset;    /**< and goes here, counted from csum_start */
	l4_uint16_t num_buffers;    /**< receiving: 1 */
};

_Static_assert(sizeof(struct virtio_net_config) == 8 && sizeof(struct virtio_net_header) == 12, "virtio-net");

#endif
