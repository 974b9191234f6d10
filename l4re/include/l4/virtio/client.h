/* SPDX-License-Identifier: MIT */
/* Virtio sessions (docs/virtio-l4.md), a native client's side: finding the session, its status, waiting. */
#ifndef L4_VIRTIO_CLIENT_H
#define L4_VIRTIO_CLIENT_H

#include <l4/sys/ipc.h>
#include <l4/virtio/ring.h>

struct l4vio_client {
	struct l4vio_page *page;    /**< the window, mapped */
	l4_uint64_t bytes;
	l4_cap_idx_t kick, notify;  /**< notify is bound to the thread that opened the session */
	l4_uint64_t features;
};

/** Find and map the session of that name. -L4_ENOENT, -L4_ENOMEM. The calling thread is the one that may wait. */
long l4vio_client_open(struct l4vio_client *c, const char *service);
/** Forget the session; the device keeps what it has until somebody resets it. */
void l4vio_client_close(struct l4vio_client *c);
/**
 * Reset the device and accept of its features those in `want`; waits for the server as long as
 * it takes. -L4_ENODEV: another type of device, or the server is gone for good; -L4_EIO: it refuses the features.
 */
long l4vio_client_negotiate(struct l4vio_client *c, l4_uint32_t device_id, l4_uint64_t want);
/** Describe queue n in the page; the three parts are in the window. Before l4vio_client_run(). */
void l4vio_client_queue(struct l4vio_client *c, unsigned n, unsigned size, const void *desc, const void *avail,
			const void *used);
/** DRIVER_OK. -L4_EIO: the server refuses the queues. */
long l4vio_client_run(struct l4vio_client *c);
/** Wait for a notification. 0; -L4_EAGAIN: none within the time-out; -L4_ENODEV: the server is gone for good; -L4_EIO: it asks for a reset. */
long l4vio_client_wait_for(struct l4vio_client *c, l4_timeout_t timeout);
/** The same without a time-out. */
static inline long l4vio_client_wait(struct l4vio_client *c) { return l4vio_client_wait_for(c, L4_IPC_NEVER); }
/** Copy of [offset, offset + bytes) of the configuration, all of one moment. */
void l4vio_client_config(const struct l4vio_client *c, unsigned offset, void *out, unsigned bytes);

#endif
