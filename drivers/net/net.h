/* SPDX-License-Identifier: MIT */
/*
 * A network server without its device: a learning switch whose ports are clients' sessions and, if there is one, the
 * device (the uplink).
 *
 * A frame goes: sender's ring → copy of the server's own → net_forward() → a buffer of each receiver's ring. The copy is
 * what is checked and what is sent, so nothing changes in between. A receiver's ring is its queue: who offers no
 * buffers loses its own frames, nobody waits for it. Nothing is kept that a successor would need: addresses are
 * learned again, and a frame is reported as sent after it has been delivered (docs/virtio-l4.md).
 *
 * No system calls in here, so that it can be tested on the host.
 */
#ifndef NET_H
#define NET_H

#include <l4/virtio/net_protocol.h>
#include <l4/virtio/session.h>

#define NET_HEADER_BYTES 14    /* of Ethernet */
#define NET_FRAME_MAX 1518     /* with one VLAN tag, without check sequence */
#define NET_SESSIONS_MAX 32
#define NET_UPLINK NET_SESSIONS_MAX /* its port number */
#define NET_PORTS_MAX (NET_SESSIONS_MAX + 1)
#define NET_BUDGET 64          /* frames of one port, before others have their turn */

/** An Ethernet address: the six bytes in the low 48 bits, the first one lowest. */
typedef l4_uint64_t net_mac_t;
#define NET_MAC_GROUP 1UL      /* to several: bit 0 of the first byte */
#define NET_MAC_LOCAL 2UL      /* not a manufacturer's */

net_mac_t net_mac(const l4_uint8_t *bytes);

/* --- addresses seen behind a port */

#define NET_SETS 16
#define NET_WAYS 4
#define NET_AGE_SECONDS 300

/**
 * Learned addresses. Each port has a table of its own: however many addresses a port's owner makes up, they
 * displace none of the others'.
 */
struct net_table {
	struct net_entry {
		net_mac_t mac;          /**< 0: free */
		l4_uint32_t seen;       /**< second at which it last sent */
	} entry[NET_SETS][NET_WAYS];
};

void net_table_learn(struct net_table *t, net_mac_t mac, l4_uint32_t now);
void net_table_forget(struct net_table *t, net_mac_t mac);
/** Whether mac is known and has sent in the last NET_AGE_SECONDS. */
int net_table_has(const struct net_table *t, net_mac_t mac, l4_uint32_t now);

/* --- frames */

struct net_frame {
	l4_uint8_t data[NET_FRAME_MAX];
	unsigned bytes;
	int partial;                   /**< the checksum is missing: */
	l4_uint16_t csum_start, csum_offset;
};

/** Fill in the checksum if it is missing. */
void net_frame_complete(struct net_frame *f);

/* --- ports and the switch */

struct net_service;

struct net_port {
	net_mac_t mac;                 /**< its own; 0: the uplink, or no such port */
	int bridge;                    /**< a session that may send from other addresses than its own: there are stations behind it */
	struct net_table learned;
	/* Counters, in frames. */
	l4_uint64_t sent, received;    /**< as the port's owner sees it */
	l4_uint64_t lost;              /**< there was no buffer for them */
	l4_uint64_t refused;           /**< sent, but malformed or with a sender address that is not its own to use */
};

struct net_session {
	struct l4vio_session vio;
	struct net_service *service;
	unsigned number;               /**< of its port */
	int notify;                    /**< something that the client has not been told of: used buffers, or */
	int answered;                  /**< an answer to a status */
};

/** What the service calls. */
struct net_ops {
	/** Trigger the client's notify. */
	void (*notify)(struct net_session *s);
	/** Send by the uplink: 0, or negative if there is no room. Null: there is no uplink. */
	int (*uplink)(const void *frame, unsigned bytes);
	/** Seconds since any time. */
	l4_uint32_t (*now)(void);
};

struct net_service {
	const struct net_ops *ops;
	struct net_port ports[NET_PORTS_MAX];
	struct net_session sessions[NET_SESSIONS_MAX];
	unsigned session_count;
	l4_uint32_t pending;           /**< sessions with more to send than one turn */
	struct vring_chain chain;
	struct net_frame frame;
};

void net_init(struct net_service *n, const struct net_ops *ops);
/**
 * Add a session, before the first kick. mac is its address, the only one that it sends from unless its port is made a bridge.
 * Null: too many, the window is too small, or the address is taken or a group's.
 */
struct net_session *net_session_add(struct net_service *n, void *window, l4_uint64_t bytes, net_mac_t mac);
/** All sessions are there: look at every one as if it had been kicked. */
void net_start(struct net_service *n);
/** The client may have changed its page or its rings: it has a turn at the next net_run(). */
void net_kick(struct net_session *s);
/** One turn of every session that has something to send. Nonzero: some have still more. */
int net_run(struct net_service *n);
/** A frame that the uplink received. */
void net_uplink_receive(struct net_service *n, const void *frame, unsigned bytes);
/** Tell clients of what they got since the last time. */
void net_flush(struct net_service *n);

/* Between the two files: give n->frame, which came in by this port, to the ports it is for. */
void net_forward(struct net_service *n, unsigned from);
/* Put n->frame into the session's receive queue. */
void net_deliver(struct net_session *s);

#endif
