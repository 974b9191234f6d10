/* SPDX-License-Identifier: MIT */
/*
 * A virtio session between a client and a driver server: what is in the window they share. docs/virtio-l4.md explains it.
 *
 * Window: memory of init's that outlives both sides. Its first page is struct
 * l4vio_page, in place of a transport's registers; the rest is the client's, for rings and buffers. A bus
 * address (in the page, in descriptors) below L4VIO_MEMORY is an offset into the window; from there on it is one into the client's memory, if
 * the description shares that too.
 *
 * Every field has one writer. Both sides check what they read: the server because the client may be
 * hostile, the client because the server may be broken.
 */
#ifndef L4_SKERRY_VIRTIO_H
#define L4_SKERRY_VIRTIO_H

#include <l4/sys/types.h>

#define L4VIO_MAGIC 0x6f697672U /* "rvio" */
#define L4VIO_VERSION 1
#define L4VIO_PAGE_BYTES 4096
#define L4VIO_QUEUES_MAX 8
#define L4VIO_QUEUE_SIZE_MAX 256 /* descriptors */
#define L4VIO_CONFIG_BYTES 256
#define L4VIO_COUNTERS 16
/** Smallest window a description can give a session, and largest. */
#define L4VIO_WINDOW_MIN 0x10000UL
#define L4VIO_WINDOW_MAX 0x40000000UL
/** Bus address of the first byte of the memory that the client shares beside the window. */
#define L4VIO_MEMORY L4VIO_WINDOW_MAX

/* Bits of `status` and `device_status`: those of virtio 1.x, section 2.1. */
#define L4VIO_S_ACKNOWLEDGE 0x01
#define L4VIO_S_DRIVER 0x02
#define L4VIO_S_DRIVER_OK 0x04
#define L4VIO_S_FEATURES_OK 0x08
#define L4VIO_S_NEEDS_RESET 0x40 /* device_status only */
#define L4VIO_S_FAILED 0x80

/* Feature bits of the ring and the transport; the device types' own are below bit 24. */
#define L4VIO_F_INDIRECT_DESC (1UL << 28)
#define L4VIO_F_EVENT_IDX (1UL << 29)
#define L4VIO_F_VERSION_1 (1UL << 32)      /* always offered, must be accepted */
#define L4VIO_F_ACCESS_PLATFORM (1UL << 33) /* always offered, must be accepted: addresses are bus addresses */
#define L4VIO_F_IN_ORDER (1UL << 35)       /* buffers are used in the order in which they were made available, accepted or not */

/** Values of `server`. */
enum l4vio_server_state {
	L4VIO_SERVER_NONE = 0, /**< none has come up yet */
	L4VIO_SERVER_UP = 1,   /**< also while a dead one is being restarted */
	L4VIO_SERVER_GONE = 2, /**< it is not restarted: outstanding requests fail. Written by init. */
};

/** A queue as the client describes it before it sets DRIVER_OK. */
struct l4vio_queue {
	l4_uint32_t size;  /**< descriptors, a power of two, at most queue_max; 0: not used */
	l4_uint32_t reserved;
	l4_uint64_t desc;  /**< bus address, 16-byte aligned */
	l4_uint64_t avail; /**< 2-byte aligned */
	l4_uint64_t used;  /**< 4-byte aligned */
};

struct l4vio_page {
	/* Written by the server. */
	l4_uint32_t magic, version;
	l4_uint32_t device_id;         /**< virtio device type: 1 network, 2 block */
	l4_uint32_t server;            /**< enum l4vio_server_state */
	l4_uint64_t device_features;
	l4_uint32_t response;          /**< number of the last request that took effect */
	l4_uint32_t device_status;     /**< the status that is in effect, or NEEDS_RESET with it */
	l4_uint32_t config_generation; /**< changes before and after a change of config; odd meanwhile */
	l4_uint32_t queue_count;
	l4_uint32_t instance;          /**< servers that have come up so far: for statistics */
	l4_uint32_t reserved0;
	l4_uint16_t queue_max[L4VIO_QUEUES_MAX];
	l4_uint64_t memory;            /**< bytes from L4VIO_MEMORY on that the server reaches; 0: the window alone */
	l4_uint8_t reserved1[56];
	l4_uint8_t config[L4VIO_CONFIG_BYTES]; /**< configuration of the device type, virtio 1.x section 5 */
	l4_uint64_t counters[L4VIO_COUNTERS]; /**< of what went by, from this instance's start on; which is which depends on the device type */

	/* Written by the client; offset 512. */
	l4_uint32_t request;           /**< incremented after every change of status */
	l4_uint32_t status;
	l4_uint64_t driver_features;   /**< what it accepts; valid with FEATURES_OK */
	struct l4vio_queue queue[L4VIO_QUEUES_MAX]; /**< valid with DRIVER_OK */
};

_Static_assert(__builtin_offsetof(struct l4vio_page, config) == 128, "session page");
_Static_assert(__builtin_offsetof(struct l4vio_page, request) == 512, "session page");
_Static_assert(sizeof(struct l4vio_page) <= L4VIO_PAGE_BYTES, "session page");

#endif
