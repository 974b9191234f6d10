/* SPDX-License-Identifier: MIT */
/*
 * A disk server's device: each driver of a disk defines these functions, and linking chooses one. The rest of the
 * server (arguments, partitions, sessions, time-outs) is server.c and the block service.
 *
 * The server calls them from one thread. What the device says is not believed; what it does not say is not waited for without an end.
 */
#ifndef DISK_SERVER_H
#define DISK_SERVER_H

#include "../block/block.h"

#include <l4/sys/types.h>

/* What the server reads at once for itself: a partition table. */
#define DEVICE_READ_MAX 20480

/** Where a device is: a function of the PCI manager's, and the interrupt that it sends. */
struct device_location {
	l4_cap_idx_t pci;
	unsigned fn;
	l4_cap_idx_t irq;
};

/**
 * Find the function of that name, bring its device from reset to work with nothing outstanding and say in *g what it can do.
 * Requests that it gets are elements of the BLOCK_REQUESTS_MAX at `requests`. 0; a negative error: there is no device that can be
 * used, the reason has been printed if there is more to say.
 */
int device_open(const char *name, const struct block_request *requests, struct block_geometry *g, struct device_location *at);
/**
 * Take back everything that is outstanding: afterwards the device transfers nothing of it, and works as after device_open(). -L4_EIO: it
 * does not come back, or not as the same disk.
 */
int device_reset(void);
/** Give a request to the device. There is room for all requests of the service. */
void device_submit(struct block_request *r);
/** Tell the device of what was submitted since the last time. */
void device_kick(void);
/** After an interrupt, before device_next(): lets the next one come. */
void device_ack(void);
/** The next request that is done: 1, *r and its status; 0: none; -L4_EIO: the device does not keep to the rules. */
int device_next(struct block_request **r, enum virtio_blk_status *status);

/** Memory of DEVICE_READ_MAX bytes for the server's own reading and where the device reaches it. */
void *device_buffer(l4_uint64_t *dma);

/** Memory of the driver's own that the device reaches, zeroed: null, or its address here and in *dma there. */
void *device_memory(const struct device_location *at, l4_size_t bytes, l4_uint64_t *dma);

#endif
