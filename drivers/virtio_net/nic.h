/* SPDX-License-Identifier: MIT */
/*
 * A virtio network device: a receive and a transmit queue whose buffers are in memory that clients cannot
 * reach, and the device nothing else.
 */
#ifndef NIC_H
#define NIC_H

#include "../net/net.h"

#include <l4/virtio/net_protocol.h>
#include <l4/virtio/ring.h>

#define NIC_RING 128
#define NIC_BUFFER_BYTES 2048U
#define NIC_PIECES_MAX ((sizeof(struct virtio_net_header) + NET_LARGE_MAX + NIC_BUFFER_BYTES - 1) / NIC_BUFFER_BYTES)

/* A large frame goes on in further buffers, which have no header. */
struct nic_buffer {
	struct virtio_net_header header;
	l4_uint8_t frame[NIC_BUFFER_BYTES - sizeof(struct virtio_net_header)];
};

/* Memory that the device and the driver share. */
struct nic_queue {
	struct vring_desc desc[NIC_RING];
	l4_uint8_t avail[512] __attribute__((aligned(64)));
	l4_uint8_t used[2048] __attribute__((aligned(64)));
	struct nic_buffer buffer[NIC_RING] __attribute__((aligned(2048)));
};
struct nic_memory {
	struct nic_queue queue[VIRTIO_NET_QUEUES];
};

struct nic {
	struct nic_memory *memory;
	l4_uint64_t dma;               /* device address of memory */
	struct vring_client ring[VIRTIO_NET_QUEUES];
	l4_uint64_t given, done;       /* frames to send, and those of them that it is done with */
	int kick[VIRTIO_NET_QUEUES];   /* something was added since the last kick */
	l4_uint16_t free[NIC_RING];    /* transmit buffers */
	l4_uint8_t pieces[NIC_RING];   /* of one that is the device's and a frame's first: in how many the frame is */
	l4_uint16_t piece[NIC_RING];   /* which is the next of them */
	unsigned free_count;
};

/* Features the driver can use, of them those that leave checksums and segments to the device, and what it cannot do without. */
#define NIC_FEATURES_OFFLOAD (VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6)
#define NIC_FEATURES_WANT \
	(L4VIO_F_VERSION_1 | L4VIO_F_ACCESS_PLATFORM | L4VIO_F_EVENT_IDX | VIRTIO_NET_F_MAC | NIC_FEATURES_OFFLOAD)
#define NIC_FEATURES_MUST L4VIO_F_VERSION_1

/** memory is zeroed. All receive buffers are the device's then. */
void nic_init(struct nic *n, struct nic_memory *memory, l4_uint64_t dma, l4_uint64_t features);
/**
 * Send a frame, whose checksum is missing or which is a large one only if the device does that: 0; -L4_EBUSY: there are not enough buffers
 * free; -L4_EIO: the device breaks its rules.
 */
int nic_send(struct nic *n, const struct net_frame *f);
/** Look which frames it is done with: `done` and `given` are up to date then. 0, -L4_EIO. */
int nic_reclaim(struct nic *n);
/** Give up to `budget` frames to take(): 1: there are more; 0: there are not, an interrupt will tell; -L4_EIO: the device breaks its rules. */
int nic_receive(struct nic *n, unsigned budget, void (*take)(const void *frame, unsigned bytes));
/** Whether the device is to be kicked for what was added to the queue. */
int nic_should_kick(struct nic *n, unsigned queue);

#endif
