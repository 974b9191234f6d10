/* SPDX-License-Identifier: MIT */
/*
 * Virtio sessions (docs/virtio-l4.md), the server's side: the page, the status, the queues.
 *
 * Works on memory alone, without system calls: the caller triggers notifications and knows what is at
 * its device. A server calls l4vio_session_poll() when it starts and at every kick.
 */
#ifndef L4_VIRTIO_SESSION_H
#define L4_VIRTIO_SESSION_H

#include <l4/virtio/ring.h>

enum l4vio_session_state {
	L4VIO_IDLE,     /**< no queues */
	L4VIO_RUNNING,
	L4VIO_STOPPING, /**< a reset waits for l4vio_session_stopped() */
	L4VIO_BROKEN,   /**< the client broke a rule: nothing until a reset */
};

/** What l4vio_session_poll() and others tell; bits. */
enum l4vio_session_event {
	L4VIO_EVENT_NOTIFY = 1,  /**< the page changed: trigger notify */
	L4VIO_EVENT_STARTED = 2, /**< the queues can be served */
	L4VIO_EVENT_STOP = 4,    /**< take nothing more, finish what is at the device, then l4vio_session_stopped() */
};

/** What a server offers. */
struct l4vio_offer {
	l4_uint32_t device_id;
	l4_uint64_t features;          /**< of the device type; those of ring and transport are added */
	unsigned queue_count;          /**< at most L4VIO_QUEUES_MAX */
	unsigned queue_max;            /**< descriptors, at most L4VIO_QUEUE_SIZE_MAX */
	const void *config;
	unsigned config_bytes;         /**< at most L4VIO_CONFIG_BYTES */
	void *memory;                  /**< what the client shares beside the window, mapped here; null: nothing */
	l4_uint64_t memory_bytes;      /**< 0: nothing */
};

struct l4vio_session {
	struct l4vio_page *page;
	l4_uint64_t bytes;             /**< of the window */
	char *memory;                  /**< beside it */
	l4_uint64_t memory_bytes;
	l4_uint64_t offered, features; /**< features: those in effect */
	enum l4vio_session_state state;
	unsigned queue_count, queue_max;
	l4_uint32_t answered;          /**< last request answered */
	int polled;                    /**< whether it has looked at the status at all */
	struct vring_server queue[L4VIO_QUEUES_MAX]; /**< size 0: not used */
};

/** Take over the session whose window is mapped here; writes the server's part of the page. */
void l4vio_session_init(struct l4vio_session *s, void *window, l4_uint64_t bytes, const struct l4vio_offer *offer);
/** Look for a new status; the first time at the one that is there. Result: l4vio_session_event. */
unsigned l4vio_session_poll(struct l4vio_session *s);
/** Answer the reset: nothing of the session is at the device any more. */
unsigned l4vio_session_stopped(struct l4vio_session *s);
/** Show the client n (at most L4VIO_COUNTERS) counters. */
void l4vio_session_count(struct l4vio_session *s, const l4_uint64_t *counters, unsigned n);
/** The client broke a rule of its rings. */
unsigned l4vio_session_break(struct l4vio_session *s);

#endif
