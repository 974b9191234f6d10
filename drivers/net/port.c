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
	n->frame.data = n->buffer;
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
		.features = VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MRG_RXBUF |
			    VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6,
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
	l4_uint8_t *at;
	l4_uint32_t sum;

	if (!f->partial)
		return;
	f->partial = 0;
	at = f->data + f->csum_start + f->csum_offset;
	sum = net_sum(f->data + f->csum_start, f->bytes - f->csum_start, 0);
	/* A sum of 0 would mean that there is none (RFC 768); both are the same number in ones' complement. */
	sum = sum == 0xffff ? sum : ~sum & 0xffff;
	at[0] = sum >> 8;
	at[1] = sum;
}

/* The client broke a rule. */
static void stop(struct net_session *s)
{
	l4vio_session_break(&s->vio);
	s->notify = 1;
}

/* --- receive queue */

int net_takes_large(l4_uint64_t features, const struct net_frame *f)
{
	l4_uint64_t needed = f->gso_type == VIRTIO_NET_HDR_GSO_TCPV4 ? VIRTIO_NET_F_GUEST_TSO4 : VIRTIO_NET_F_GUEST_TSO6;

	/* Their checksums are missing, always. */
	return (features & needed) && (features & VIRTIO_NET_F_GUEST_CSUM);
}

/* The least that a receive buffer must have room for, whatever is to be put into it: the header, or the longest frame with it. */
static unsigned room_needed(const struct net_session *s)
{
	if (s->vio.features & VIRTIO_NET_F_MRG_RXBUF)
		return HEADER_BYTES;
	return HEADER_BYTES + (s->vio.features & (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6) ? NET_LARGE_MAX : NET_FRAME_MAX);
}

/*
 * The frame into as many buffers as it needs: how many, 0: there are not enough, or negative if the client broke a rule. Nothing is
 * reported yet, so what has been written to too few of them does not matter.
 */
static int fill(struct net_session *s, const struct net_frame *f)
{
	struct net_service *n = s->service;
	struct vring_server *r = &s->vio.queue[VIRTIO_NET_RX];
	struct virtio_net_header h = net_frame_header(f);
	unsigned done = 0, count = 0, pieces = 0;
	int got;

	do {
		struct vring_chain *c = count ? &n->chain : &n->first;
		unsigned skip = count ? 0 : HEADER_BYTES, part;

		got = vring_server_take(r, c);
		pieces += got > 0 ? c->count : 0;
		if (got > 0 && (c->readable || c->write_bytes < room_needed(s) || pieces > VRING_SIZE_MAX))
			got = -L4_EIO;
		if (got <= 0) {
			vring_server_untake(r, count);
			return got;
		}
		part = c->write_bytes - skip < f->bytes - done ? c->write_bytes - skip : f->bytes - done;
		copy(r, c->seg, skip, f->data + done, part, 1);
		done += part;
		n->used[count++] = (struct vring_used_entry){ c->head, skip + part };
	} while (done < f->bytes);
	h.num_buffers = count;
	copy(r, n->first.seg, 0, &h, sizeof(h), 1);
	return count;
}

void net_deliver(struct net_session *s, struct net_frame *f)
{
	struct l4vio_net_counters *count = &s->service->ports[s->number].count;
	struct vring_server *r = &s->vio.queue[VIRTIO_NET_RX];
	int got;

	if (s->vio.state != L4VIO_RUNNING || !r->size)
		return;
	if (!(s->vio.features & VIRTIO_NET_F_GUEST_CSUM))
		net_frame_complete(f);
	got = fill(s, f);
	s->counted = 1;
	if (got <= 0) {
		count->lost++;
		if (got < 0)
			stop(s);
		return;
	}
	vring_server_use_all(r, s->service->used, got);
	count->received++;
	count->received_bytes += f->bytes;
	count->large_received += f->gso_size != 0;
	s->notify = 1;
}

/* --- transmit queue */

/* What the header says of the frame; its length is known. */
static int decode_header(const struct net_session *s, struct net_frame *f, const struct virtio_net_header *h)
{
	l4_uint64_t needed = h->gso_type == VIRTIO_NET_HDR_GSO_TCPV4 ? VIRTIO_NET_F_HOST_TSO4 :
			     h->gso_type == VIRTIO_NET_HDR_GSO_TCPV6 ? VIRTIO_NET_F_HOST_TSO6 : 0;

	f->partial = h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	f->csum_start = h->csum_start;
	f->csum_offset = h->csum_offset;
	f->gso_type = h->gso_type;
	f->gso_size = h->gso_type ? h->gso_size : 0;
	f->segments = 1;
	if ((h->gso_type && !(s->vio.features & needed)) || (h->flags & ~VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return -L4_EINVAL;
	if (f->partial && (!(s->vio.features & VIRTIO_NET_F_CSUM) || f->csum_start < NET_HEADER_BYTES ||
			   f->csum_start + f->csum_offset + 2U > f->bytes))
		return -L4_EINVAL;
	return 0;
}

/* The frame of the chain into n->frame, checked: 0, -L4_EINVAL: it is none that can be sent, -L4_E2BIG: it is too long. */
static int decode(struct net_session *s)
{
	struct net_service *n = s->service;
	const struct vring_server *r = &s->vio.queue[VIRTIO_NET_TX];
	struct net_frame *f = &n->frame;
	struct virtio_net_header h;
	int err;

	if (n->chain.write_bytes || n->chain.read_bytes < HEADER_BYTES + NET_HEADER_BYTES)
		return -L4_EINVAL;
	copy(r, n->chain.seg, 0, &h, sizeof(h), 0);
	if (n->chain.read_bytes > HEADER_BYTES + (h.gso_type ? NET_LARGE_MAX : NET_FRAME_MAX))
		return -L4_E2BIG;
	f->bytes = n->chain.read_bytes - HEADER_BYTES;
	err = decode_header(s, f, &h);
	if (err)
		return err;
	copy(r, n->chain.seg, sizeof(h), f->data, f->bytes, 0);
	return f->gso_type ? net_large_check(f) : 0;
}

/* The next frame: how many it counts for, 0 if there is none, negative if the client broke a rule. */
static int send_one(struct net_session *s)
{
	struct net_service *n = s->service;
	struct vring_server *r = &s->vio.queue[VIRTIO_NET_TX];
	int got = vring_server_take(r, &n->chain), err;
	l4_uint16_t head = n->chain.head;

	if (got <= 0)
		return got;
	err = decode(s);
	if (!err) {
		got = n->frame.segments;
		net_forward(n, s->number);
	}
	n->ports[s->number].count.refused += err == -L4_EINVAL;
	n->ports[s->number].count.oversize += err == -L4_E2BIG;
	/* Delivering uses the chain, and a fault of a receiver's is the receiver's. */
	vring_server_use(r, head, 0);
	s->notify = s->counted = 1;
	return got;
}

/* A turn; nonzero: there is more. */
static int serve(struct net_session *s)
{
	struct vring_server *r = &s->vio.queue[VIRTIO_NET_TX];
	int budget = NET_BUDGET, got = 1;

	if (s->vio.state != L4VIO_RUNNING || !r->size)
		return 0;
	while (got > 0 && budget > 0) {
		got = send_one(s);
		budget -= got;
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
	struct l4vio_net_counters *count = &n->ports[NET_UPLINK].count;

	count->refused += frame && bytes < NET_HEADER_BYTES;
	count->oversize += !frame || bytes > NET_FRAME_MAX;
	if (!frame || bytes < NET_HEADER_BYTES || bytes > NET_FRAME_MAX)
		return;
	n->frame = (struct net_frame){ .data = n->buffer, .bytes = bytes, .segments = 1 };
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

		if (s->counted)
			l4vio_session_count(&s->vio, (const l4_uint64_t *)&n->ports[i].count, sizeof(n->ports[i].count) / sizeof(l4_uint64_t));
		if (s->notify && should_notify(s))
			n->ops->notify(s);
		s->notify = s->counted = 0;
	}
}
