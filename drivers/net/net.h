/* SPDX-License-Identifier: MIT */
/*
 * A network server without its device: a learning switch whose ports are clients' sessions and, if there is one, the
 * device (the uplink).
 *
 * A frame goes: sender's ring → copy of the server's own → net_forward() → buffers of each receiver's ring. The copy is
 * what is checked and what is sent, so nothing changes in between. A large one, which the sender leaves to be cut into segments, goes as it
 * is to who takes it so, and in segments to the others. A receiver's ring is its queue: who offers no
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
#define NET_LARGE_MAX 65550    /* of one that is to be cut into segments */
#define NET_SEGMENTS_MAX 1024  /* that such a one may make */
#define NET_HEADERS_MAX 256    /* of each segment, from Ethernet's to TCP's */
#define NET_SESSIONS_MAX 32
#define NET_UPLINK NET_SESSIONS_MAX /* its port number */
#define NET_PORTS_MAX (NET_SESSIONS_MAX + 1)
#define NET_BUDGET 64          /* frames or segments of one port, before others have their turn */

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
	l4_uint8_t *data;
	unsigned bytes;
	int partial;                   /**< the checksum is missing: */
	l4_uint16_t csum_start, csum_offset;
	l4_uint16_t gso_size;          /**< a large one: bytes of data of each segment; else 0 */
	l4_uint8_t gso_type;           /**< VIRTIO_NET_HDR_GSO_TCPV4 or TCPV6 */
	unsigned header_bytes;         /**< of a large one that has been checked: what each segment begins with, */
	unsigned segments;             /**< how many it makes */
};

/** What a client or a device that gets it is told of it. */
static inline struct virtio_net_header net_frame_header(const struct net_frame *f)
{
	struct virtio_net_header h = { 0 };

	if (f->partial) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = f->csum_start;
		h.csum_offset = f->csum_offset;
	}
	if (f->gso_size) {
		h.gso_type = f->gso_type;
		h.gso_size = f->gso_size;
		h.hdr_len = f->header_bytes;
	}
	return h;
}

/** The sum of 16-bit words (RFC 1071), an odd byte followed by 0, and of `sum`. */
l4_uint32_t net_sum(const l4_uint8_t *data, unsigned bytes, l4_uint32_t sum);
/** Fill in the checksum if it is missing. Not of a large frame. */
void net_frame_complete(struct net_frame *f);
/**
 * A large frame as a client describes it (the fields above header_bytes): 0 if it is TCP of this type in one piece, with its lengths in order
 * and at most NET_SEGMENTS_MAX segments, none longer than NET_FRAME_MAX.
 */
int net_large_check(struct net_frame *f);

/** A large frame while it is cut up. */
struct net_cut {
	const struct net_frame *frame;
	unsigned next;                 /**< segment */
	unsigned network;              /**< where the network layer's header begins */
	l4_uint8_t headers[NET_HEADERS_MAX];
};

/** Begin with a frame that net_large_check() found in order. */
void net_cut_start(struct net_cut *c, const struct net_frame *f);
/** The next segment: 1, or 0 if there is none. Its checksum is missing. It is in the frame's memory: what the ones before had there is lost. */
int net_cut_next(struct net_cut *c, struct net_frame *segment);

/* --- ports and the switch */

struct net_service;

struct net_port {
	net_mac_t mac;                 /**< its own; 0: the uplink, or no such port */
	int bridge;                    /**< a session that may send from other addresses than its own: there are stations behind it */
	struct net_table learned;
	struct l4vio_net_counters count; /**< as the port's owner sees it */
};

struct net_session {
	struct l4vio_session vio;
	struct net_service *service;
	unsigned number;               /**< of its port */
	int notify;                    /**< something that the client has not been told of: used buffers, or */
	int answered;                  /**< an answer to a status */
	int counted;                   /**< counters that it does not see yet */
};

/** What the service calls. */
struct net_ops {
	/** Trigger the client's notify. */
	void (*notify)(struct net_session *s);
	/** Send by the uplink: 0, or negative if there is no room. Null: there is no uplink. */
	int (*uplink)(const struct net_frame *f);
	/** Seconds since any time. */
	l4_uint32_t (*now)(void);
};

struct net_service {
	const struct net_ops *ops;
	struct net_port ports[NET_PORTS_MAX];
	struct net_session sessions[NET_SESSIONS_MAX];
	unsigned session_count;
	l4_uint32_t pending;           /**< sessions with more to send than one turn */
	l4_uint64_t uplink_features;   /**< of VIRTIO_NET_F_CSUM and HOST_TSO4, HOST_TSO6: what need not be done for the uplink */
	struct vring_chain chain, first; /**< a receiver's buffer; the first of several */
	struct vring_used_entry used[VRING_SIZE_MAX];
	struct net_frame frame;        /**< its data is */
	l4_uint8_t buffer[NET_LARGE_MAX];
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
/** A frame that the uplink received; null: one that was too long for it. */
void net_uplink_receive(struct net_service *n, const void *frame, unsigned bytes);
/** Tell clients of what they got since the last time. */
void net_flush(struct net_service *n);

/* Between the files: give n->frame, which came in by this port, to the ports it is for. */
void net_forward(struct net_service *n, unsigned from);
/* Put a frame into the session's receive queue. */
void net_deliver(struct net_session *s, struct net_frame *f);
/* Whether who has agreed to these features takes this large frame as it is. */
int net_takes_large(l4_uint64_t features, const struct net_frame *f);

#endif
