/* SPDX-License-Identifier: MIT */
/* The virtio network device: OASIS virtio 1.2, section 5.1. Used towards clients and by the driver of such a device. */
#ifndef L4_VIRTIO_NET_PROTOCOL_H
#define L4_VIRTIO_NET_PROTOCOL_H

#include <l4/skerry/virtio.h>
#include <l4/sys/types.h>

#define VIRTIO_ID_NET 1
#define VIRTIO_NET_MAC_BYTES 6

/* Queues (5.1.2). */
enum { VIRTIO_NET_RX = 0, VIRTIO_NET_TX = 1, VIRTIO_NET_QUEUES = 2 };

/* Feature bits (5.1.3). */
#define VIRTIO_NET_F_CSUM (1UL << 0)       /* the driver may leave a checksum to the device */
#define VIRTIO_NET_F_GUEST_CSUM (1UL << 1) /* the driver takes frames whose checksum is not filled in */
#define VIRTIO_NET_F_MAC (1UL << 5)
#define VIRTIO_NET_F_GUEST_TSO4 (1UL << 7) /* the driver takes large frames: TCP by IPv4, */
#define VIRTIO_NET_F_GUEST_TSO6 (1UL << 8) /* by IPv6 */
#define VIRTIO_NET_F_HOST_TSO4 (1UL << 11) /* the driver may send them */
#define VIRTIO_NET_F_HOST_TSO6 (1UL << 12)
#define VIRTIO_NET_F_MRG_RXBUF (1UL << 15) /* a received frame may be in several buffers */
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

/* Types of a header: a large frame, whose data is to be cut into segments of gso_size bytes. */
#define VIRTIO_NET_HDR_GSO_NONE 0
#define VIRTIO_NET_HDR_GSO_TCPV4 1
#define VIRTIO_NET_HDR_GSO_TCPV6 4

/** What each buffer begins with (5.1.6). */
struct virtio_net_header {
	l4_uint8_t flags, gso_type;
	l4_uint16_t hdr_len, gso_size;
	l4_uint16_t csum_start;     /**< the sum is of all from here on */
	l4_uint16_t csum_offset;    /**< and goes here, counted from csum_start */
	l4_uint16_t num_buffers;    /**< receiving: in so many buffers is the frame */
};

/**
 * Counters of a session's port in its page (l4vio_page.counters), as the client sees it. Frames, where bytes are not said; a large frame is
 * one, however many segments it makes.
 */
struct l4vio_net_counters {
	l4_uint64_t sent, sent_bytes;
	l4_uint64_t received, received_bytes;
	l4_uint64_t lost;           /**< for it, but it had no buffers for them */
	l4_uint64_t refused;        /**< of what it wanted to send: malformed, or with a sender address that is not its own to use */
	l4_uint64_t oversize;       /**< the same: longer than a frame may be */
	l4_uint64_t large_sent, large_received; /**< of those sent and received: in one piece, to be cut into segments */
};

_Static_assert(sizeof(struct l4vio_net_counters) <= L4VIO_COUNTERS * sizeof(l4_uint64_t), "counters of a network port");
_Static_assert(sizeof(struct virtio_net_config) == 8 && sizeof(struct virtio_net_header) == 12, "virtio-net");

#endif
