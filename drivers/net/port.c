/* SPDX-License-Identifier: MIT */
/* Clients' sessions: frames out of transmit queues and into receive queues. */
#include "net.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

#define HEADER_BYTES sizeof(struct virtio_net_header)

void net_init(struct net_service *n, const struct net_ops *ops)
{
	memset(n, 0, sizeof(*n));
	n->ops = ops;
}

static int mac_ok(const struct net_service *n, net_mac_t mac)
{
	unsigned i;

	if (!mac || (mac & NET_MAC_GROUP) || mac >> 48)
		return 0;
	for (i = 0; i < n->session_count; i++)
		if (n->ports[i].mac == mac)
			return 0;
	return 1;
}

struct net_session *net_session_add(struct net_service *n, void *window, l4_uint64_t bytes, net_mac_t mac)
{
	struct net_session *s = &n->sessions[n->session_count];
	struct virtio_net_config config = { .status = VIRTIO_NET_S_LINK_UP };
	const struct l4vio_offer offer = {
		.device_id = VIRTIO_ID_NET, .queue_count = VIRTIO_NET_QUEUES, .queue_max = L4VIO_QUEUE_SIZE_MAX,
		.features = VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS,
		.config = &config, .config_bytes = sizeof(config) };
	unsigned i;

	if (n->session_count == NET_SESSIONS_MAX || bytes < L4VIO_WINDOW_MIN || !mac_ok(n, mac))
		return 0;
	for (i = 0; i < VIRTIO_NET_MAC_BYTES; i++)
		config.mac[i] = mac >> 8 * i;
	s->service = n;
	s->number = n->session_count++;
	n->ports[s->number].mac = mac;
	l4vio_session_init(&s->vio, window, bytes, &offer);
	return s;
}

/* --- copies between a chain and memory of the server's */

/* Bytes [from, from + bytes) of the segments [first, end), which have so many. */
static void copy(const struct vring_server *r, const struct vring_segment *seg, unsigned from, void *mine, unsigned bytes,
		 int to_client)
{
	char *at = mine;

	for (; bytes; seg++) {
		unsigned n = seg->len - from < bytes ? seg->len - from : bytes;

		if (from >= seg->len) {
			from -= seg->len;
			continue;
		}
		if (to_client)
			memcpy(vring_server_ptr(r, seg->addr + from), at, n);
		else
			memcpy(at, vring_server_ptr(r, seg->addr + from), n);
		at += n;
		bytes -= n;
		from = 0;
	}
}

/* --- checksums */

void net_frame_complete(struct net_frame *f)
{
	l4_uint32_t sum = 0;
	unsigned i;

	if (!f->partial)
		return;
	f->partial = 0;
	for (i = f->csum_start; i + 1 < f->bytes; i += 2)
		sum += f->data[i] << 8 | f->data[i + 1];
	if (i < f->bytes)
		sum += f->data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	/* A sum of 0 would mean that there is none (RFC 768); both are the same number in ones' complement. */
	sum = sum == 0xffff ? sum : ~sum & 0xffff;
	i = f->csum_start + f->csum_offset;
	f->data[i] = sum >> 8;
	f->data[i + 1] = sum;
}

/* The client broke a rule. */
static void stop(struct net_session *s)
{
	l4vio_session_break(&s->vio);
	s->notify = 1;
}

/* --- receive queue */

void net_deliver(struct net_session *s)
{
	struct net_service *n = s->service;
	struct vring_server *r = &s->vio.queue[VIRTIO_NET_RX];
	struct net_frame *f = &n->frame;
	struct virtio_net_header h = { .num_buffers = 1 };
	int got;

	if (s->vio.state != L4VIO_RUNNING || !r->size)
		return;
	got = vring_server_take(r, &n->chain);
	/* Every buffer has room for the longest frame, whatever this one is. */
	if (got > 0 && (n->chain.readable || n->chain.write_bytes < HEADER_BYTES + NET_FRAME_MAX))
		got = -L4_EIO;
	if (got <= 0) {
		n->ports[s->number].lost++;
		if (got < 0)
			stop(s);
		return;
	}
	if (!(s->vio.features & VIRTIO_NET_F_GUEST_CSUM))
		net_frame_complete(f);
	if (f->partial) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = f->csum_start;
		h.csum_offset = f->csum_offset;
	}
	copy(r, n->chain.seg, 0, &h, sizeof(h), 1);
	copy(r, n->chain.seg, sizeof(h), f->data, f->bytes, 1);
	vring_server_use(r, n->chain.head, sizeof(h) + f->bytes);
	n->ports[s->number].received++;
	s->notify = 1;
}

/* --- transmit queue */

/* The frame of the chain into n->frame, checked: 0, or it is none that can be sent. */
static int decode(struct net_session *s)
{
	struct net_service *n = s->service;
	const struct vring_server *r = &s->vio.queue[VIRTIO_NET_TX];
	struct net_frame *f = &n->frame;
	struct virtio_net_header h;

	if (n->chain.write_bytes || n->chain.read_bytes < HEADER_BYTES + NET_HEADER_BYTES ||
	    n->chain.read_bytes > HEADER_BYTES + NET_FRAME_MAX)
		return -L4_EINVAL;
	copy(r, n->chain.seg, 0, &h, sizeof(h), 0);
	f->bytes = n->chain.read_bytes - HEADER_BYTES;
	f->partial = h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	f->csum_start = h.csum_start;
	f->csum_offset = h.csum_offset;
	if (h.gso_type || (h.flags & ~VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return -L4_EINVAL;
	if (f->partial && (!(s->vio.features & VIRTIO_NET_F_CSUM) || f->csum_start < NET_HEADER_BYTES ||
			   f->csum_start + f->csum_offset + 2U > f->bytes))
		return -L4_EINVAL;
	copy(r, n->chain.seg, sizeof(h), f->data, f->bytes, 0);
	return 0;
}

/* The next frame: 1, 0 if there is none, negative if the client broke a rule. */
static int send_one(struct net_session *s)
{
	struct net_service *n = s->service;
	struct vring_server *r = &s->vio.queue[VIRTIO_NET_TX];
	int got = vring_server_take(r, &n->chain);
	l4_uint16_t head = n->chain.head;

	if (got <= 0)
		return got;
	if (decode(s))
		n->ports[s->number].refused++;
	else
		net_forward(n, s->number);
	/* Delivering uses the chain, and a fault of a receiver's is the receiver's. */
	vring_server_use(r, head, 0);
	s->notify = 1;
	return 1;
}

/* A turn; nonzero: there is more. */
static int serve(struct net_session *s)
{
	struct vring_server *r = &s->vio.queue[VIRTIO_NET_TX];
	unsigned budget = NET_BUDGET;
	int got = 1;

	if (s->vio.state != L4VIO_RUNNING || !r->size)
		return 0;
	while (got > 0 && budget--) {
		got = send_one(s);
		if (!got)
			got = vring_server_arm(r);
	}
	if (got < 0)
		stop(s);
	return got > 0;
}

/* Nothing of a session is ever at the device, so a reset takes effect at once. */
static void look(struct net_session *s)
{
	unsigned events = l4vio_session_poll(&s->vio);

	if (events & L4VIO_EVENT_STOP)
		events = l4vio_session_stopped(&s->vio);
	if (events & L4VIO_EVENT_NOTIFY)
		s->notify = s->answered = 1;
}

void net_kick(struct net_session *s)
{
	s->service->pending |= 1U << s->number;
}

void net_start(struct net_service *n)
{
	unsigned i;

	for (i = 0; i < n->session_count; i++)
		net_kick(&n->sessions[i]);
}

int net_run(struct net_service *n)
{
	l4_uint32_t turn = n->pending;
	unsigned i;

	n->pending = 0;
	/* All statuses first: a frame may be for somebody who has just come up. */
	for (i = 0; i < n->session_count; i++)
		if (turn & 1U << i)
			look(&n->sessions[i]);
	for (i = 0; i < n->session_count; i++)
		if ((turn & 1U << i) && serve(&n->sessions[i]))
			net_kick(&n->sessions[i]);
	return n->pending != 0;
}

void net_uplink_receive(struct net_service *n, const void *frame, unsigned bytes)
{
	n->frame.bytes = bytes;
	n->frame.partial = 0;
	if (bytes < NET_HEADER_BYTES || bytes > NET_FRAME_MAX) {
		n->ports[NET_UPLINK].refused++;
		return;
	}
	memcpy(n->frame.data, frame, bytes);
	net_forward(n, NET_UPLINK);
}

/* Status answers and a broken session are told in any case; used buffers if the client asked to be told. */
static int should_notify(struct net_session *s)
{
	int yes = s->vio.state != L4VIO_RUNNING || s->answered;
	unsigned i;

	s->answered = 0;
	for (i = 0; i < VIRTIO_NET_QUEUES; i++)
		if (s->vio.queue[i].size)
			yes |= vring_server_should_notify(&s->vio.queue[i]);
	return yes;
}

void net_flush(struct net_service *n)
{
	unsigned i;

	for (i = 0; i < n->session_count; i++) {
		struct net_session *s = &n->sessions[i];

		if (s->notify && should_notify(s))
			n->ops->notify(s);
		s->notify = 0;
	}
}
