// SPDX-License-Identifier: MIT
/*
 * The network server's switch and sessions with an uplink of this program's: who gets which frame, against a naive model; sender
 * addresses, ageing, checksums, large frames, full queues, restarts, a client that writes anything anywhere.
 * sources: drivers/net/switch.c drivers/net/port.c drivers/net/segment.c l4re/lib/virtio/session.c l4re/lib/virtio/ring_server.c l4re/lib/virtio/ring_client.c
 * cflags: -Il4re/include -iquote drivers/net
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "support/named.h"

#define SESSIONS 3
#define PORTS (SESSIONS + 1) /* the last: the uplink */
#define WINDOW 0x40000UL
#define RING 32
#define PART 0x10000UL /* of each queue: rings, then buffers */
#define DESC(q) (PART * ((q) + 1))
#define AVAIL(q) (DESC(q) + 0x400)
#define USED(q) (DESC(q) + 0x800)
#define BUFFER(q, i) (DESC(q) + 0x1000 + 0x600UL * (i))
#define LARGE 0x30000UL /* a large frame to be sent */
#define HEADER 12
#define STATIONS 40 /* addresses behind each port */

static char *window[SESSIONS];
static struct net_service *service;
static l4_uint32_t seconds;
static unsigned int notified[SESSIONS], uplink_full;

/* What a port is to get, in order. */
struct expected {
	unsigned char data[NET_FRAME_MAX];
	unsigned int bytes;
};
static struct queue {
	struct expected frame[4096];
	unsigned int head, tail;
} expected[PORTS];

static void expect(unsigned int port, const unsigned char *data, unsigned int bytes)
{
	struct expected *e = &expected[port].frame[expected[port].tail++ % 4096];

	memcpy(e->data, data, bytes);
	e->bytes = bytes;
}

static void got_frame(unsigned int port, const unsigned char *data, unsigned int bytes)
{
	const struct expected *e = &expected[port].frame[expected[port].head++ % 4096];

	check(expected[port].head <= expected[port].tail, "a frame for somebody else");
	check(e->bytes == bytes && !memcmp(e->data, data, bytes), "another frame");
}

/* The last large frame that the uplink got. */
static struct net_frame large;
static unsigned char large_data[NET_LARGE_MAX];

static int uplink(const struct net_frame *f)
{
	if (uplink_full)
		return -1;
	if (f->gso_size) {
		large = *f;
		memcpy(large_data, f->data, f->bytes);
	} else {
		got_frame(SESSIONS, f->data, f->bytes);
	}
	return 0;
}

static void notify(struct net_session *s) { notified[s->number]++; }
static l4_uint32_t now(void) { return seconds; }
static const struct net_ops ops = { .notify = notify, .uplink = uplink, .now = now };

/* Address i behind a port; number 0 of a session is its own. */
static net_mac_t station(unsigned int port, unsigned int i)
{
	return 2 | (net_mac_t)(port + 1) << 8 | (net_mac_t)i << 40;
}

static void start_server(void)
{
	net_init(service, &ops);
	for (int i = 0; i < SESSIONS; i++) {
		check(net_session_add(service, window[i], WINDOW, station(i, 0)) != NULL, "session");
		service->ports[i].bridge = 1;
	}
	net_start(service);
	net_run(service);
	net_flush(service);
}

/* --- clients */

static struct client {
	struct vring_client ring[2];
	char out[RING];     /* transmit buffers the server has */
} clients[SESSIONS];

static struct l4vio_page *page(unsigned int n) { return (struct l4vio_page *)window[n]; }

static void kick(unsigned int n)
{
	net_kick(&service->sessions[n]);
	while (net_run(service))
		;
	net_flush(service);
}

static unsigned int status(unsigned int n, unsigned int s)
{
	page(n)->status = s;
	page(n)->request++;
	notified[n] = 0;
	kick(n);
	check(page(n)->response == page(n)->request && notified[n], "no answer to a status");
	return page(n)->device_status;
}

static void offer_buffer(unsigned int n, unsigned int i)
{
	const unsigned int bytes = HEADER + NET_FRAME_MAX, cut = 1 + random_below(bytes - 1);
	const struct vring_segment seg[2] = { { BUFFER(0, i), cut }, { BUFFER(0, i) + cut, bytes - cut } };

	check(!vring_client_add(&clients[n].ring[0], seg, 2, 0, window[n] + BUFFER(0, i)), "no descriptors");
}

static void open_client(unsigned int n, l4_uint64_t features)
{
	struct client *c = &clients[n];

	features |= L4VIO_F_VERSION_1 | L4VIO_F_ACCESS_PLATFORM | VIRTIO_NET_F_MAC;
	memset(c, 0, sizeof(*c));
	check(status(n, 0) == 0, "reset");
	memset(window[n] + L4VIO_PAGE_BYTES, 0, WINDOW - L4VIO_PAGE_BYTES);
	page(n)->driver_features = features;
	check(status(n, 0xb) & L4VIO_S_FEATURES_OK, "features");
	for (unsigned int q = 0; q < 2; q++) {
		vring_client_init(&c->ring[q], window[n] + DESC(q), window[n] + AVAIL(q), window[n] + USED(q), RING, features);
		page(n)->queue[q] = (struct l4vio_queue){ RING, 0, DESC(q), AVAIL(q), USED(q) };
	}
	check(status(n, 0xf) == 0xf, "start");
	for (unsigned int i = 0; i < RING / 2; i++)
		offer_buffer(n, i);
}

/* The expected frames in n's receive ring; the buffers go back, in any order. */
static void receive(unsigned int n)
{
	l4_uint32_t written;
	void *token;
	int got;

	while ((got = vring_client_get(&clients[n].ring[0], &token, &written)) > 0) {
		unsigned char *b = token;

		check(b[0] == 0 && b[10] == 1, "header");
		got_frame(n, b + HEADER, written - HEADER);
		offer_buffer(n, ((char *)token - window[n] - BUFFER(0, 0)) / 0x600);
	}
	check(got == 0, "receive ring");
}

static void reclaim(unsigned int n)
{
	l4_uint32_t written;
	void *token;

	while (vring_client_get(&clients[n].ring[1], &token, &written) > 0)
		if ((char *)token < window[n] + LARGE)
			clients[n].out[((char *)token - window[n] - BUFFER(1, 0)) / 0x600] = 0;
}

/* Put a frame into the transmit ring, header and data cut anywhere. 0: no buffer is free. */
static int queue_frame(unsigned int n, const struct virtio_net_header *h, const unsigned char *data, unsigned int bytes)
{
	struct client *c = &clients[n];
	unsigned int i = 0, cut = 1 + random_below(HEADER + bytes - 1);
	char *b;

	reclaim(n);
	while (i < RING / 2 && c->out[i])
		i++;
	if (i == RING / 2)
		return 0;
	b = window[n] + BUFFER(1, i);
	memcpy(b, h, HEADER);
	memcpy(b + HEADER, data, bytes);
	check(!vring_client_add(&c->ring[1], (struct vring_segment[]){ { BUFFER(1, i), cut }, { BUFFER(1, i) + cut, HEADER + bytes - cut } },
				2, 2, b), "transmit ring");
	c->out[i] = 1;
	return 1;
}

static void send(unsigned int port, const unsigned char *data, unsigned int bytes)
{
	const struct virtio_net_header h = { 0 };

	if (port == SESSIONS) {
		net_uplink_receive(service, data, bytes);
		net_flush(service);
		return;
	}
	check(queue_frame(port, &h, data, bytes), "no transmit buffer");
	kick(port);
}

static void put_mac(unsigned char *to, net_mac_t mac)
{
	for (int i = 0; i < 6; i++)
		to[i] = mac >> 8 * i;
}

static unsigned int make_frame(unsigned char *data, net_mac_t to, net_mac_t from)
{
	unsigned int bytes = NET_HEADER_BYTES + random_below(random_below(4) ? 64 : NET_FRAME_MAX - NET_HEADER_BYTES + 1);

	for (unsigned int i = 12; i < bytes; i++)
		data[i] = random_below(256);
	put_mac(data, to);
	put_mac(data + 6, from);
	return bytes;
}

static void start(const char *name)
{
	test = name;
	seconds = 1000;
	uplink_full = 0;
	memset(expected, 0, sizeof(expected));
	for (int n = 0; n < SESSIONS; n++)
		memset(window[n], 0, WINDOW);
	start_server();
	for (int n = 0; n < SESSIONS; n++)
		open_client(n, n & 1 ? L4VIO_F_EVENT_IDX : 0);
}

static void all_received(void)
{
	for (int n = 0; n < SESSIONS; n++)
		receive(n);
	for (int p = 0; p < PORTS; p++)
		check(expected[p].head == expected[p].tail, "a frame is missing");
}

/* Who has a station's address is known from its last frame; own addresses always. */
static void exchange(int restarts, const char *name)
{
	static unsigned int seen[PORTS][STATIONS];
	unsigned char data[NET_FRAME_MAX];

	start(name);
	memset(seen, 0, sizeof(seen));
	for (int step = 0; step < 100000; step++) {
		/* Few stations, so that the table has room for all of them. */
		unsigned int from = random_below(PORTS), s = random_below(4), to = random_below(PORTS), t = random_below(4), bytes;
		int known = (to < SESSIONS && t == 0) || (seen[to][t] && seconds - seen[to][t] <= NET_AGE_SECONDS), group = !random_below(10);

		bytes = make_frame(data, group ? 0xffffffffffff : station(to, t), station(from, s));
		seen[from][s] = seconds;
		if (!group && to == from && s == t)
			known = 1;
		for (unsigned int p = 0; p < PORTS; p++)
			if (p != from && (group || !known || p == to))
				expect(p, data, bytes);
		send(from, data, bytes);
		all_received();
		seconds += random_below(8) ? 0 : random_below(200);
		if (restarts && random_below(50) == 0) {
			/* What was not reported as sent is sent by the successor, to sessions that it has not seen yet. */
			from = random_below(SESSIONS);
			to = (from + 1 + random_below(SESSIONS - 1)) % SESSIONS;
			bytes = make_frame(data, station(to, 0), station(from, 0));
			expect(to, data, bytes);
			queue_frame(from, &(struct virtio_net_header){ 0 }, data, bytes);
			memset(service, 0x5a, sizeof(*service));
			start_server();
			memset(seen, 0, sizeof(seen));
		}
	}
	printf("ok %s\n", name);
}

/* A station that moves is found where it was heard last, but nobody takes a session's own address or a group's. */
static void senders(void)
{
	unsigned char data[NET_FRAME_MAX];
	unsigned int bytes;

	start("senders");
	for (int round = 0; round < 2000; round++) {
		unsigned int at = random_below(PORTS), other = random_below(PORTS), p;

		bytes = make_frame(data, 0xffffffffffff, station(7, 1));
		for (p = 0; p < PORTS; p++)
			if (p != at)
				expect(p, data, bytes);
		send(at, data, bytes);
		bytes = make_frame(data, station(7, 1), station(other, 2));
		if (other != at)
			expect(at, data, bytes);
		send(other, data, bytes);
		/* Refused: an own address of another session's, no address, a group's. */
		p = random_below(SESSIONS);
		bytes = make_frame(data, 0xffffffffffff, random_below(3) ? station(p == at ? (p + 1) % SESSIONS : p, 0) : random_below(2) ? 0 : 3);
		send(at, data, bytes);
		/* For the next station only. */
		bytes = make_frame(data, 0x020000c28001UL, station(at, 1));
		send(at, data, bytes);
		all_received();
	}
	printf("ok senders\n");
}

/* Who is no bridge sends from its own address, and takes none of what is for another station. */
static void own_address(void)
{
	unsigned char data[NET_FRAME_MAX];
	unsigned int bytes;

	start("own_address");
	service->ports[0].bridge = 0;
	for (unsigned int round = 0; round < 1000; round++) {
		unsigned int at = round % 2 ? SESSIONS : 1; /* where the station is */

		bytes = make_frame(data, station(2, 0), station(7, 1));
		expect(2, data, bytes);
		send(at, data, bytes);
		bytes = make_frame(data, 0xffffffffffff, random_below(2) ? station(7, 1) : station(0, 1));
		send(0, data, bytes);
		bytes = make_frame(data, station(7, 1), station(2, 0));
		expect(at, data, bytes);
		send(2, data, bytes);
		bytes = make_frame(data, station(7, 1), station(0, 0));
		expect(at, data, bytes);
		send(0, data, bytes);
		all_received();
	}
	check(service->ports[0].count.refused == 1000 && service->ports[0].count.sent == 1000, "counters");
	printf("ok own_address\n");
}

/* One port sends from ever new addresses: what is known of the others stays. */
static void flood(void)
{
	unsigned char data[NET_FRAME_MAX];
	unsigned int bytes;

	start("flood");
	bytes = make_frame(data, 0xffffffffffff, station(1, 1));
	expect(0, data, bytes);
	expect(2, data, bytes);
	expect(SESSIONS, data, bytes);
	send(1, data, bytes);
	for (int round = 0; round < 20000; round++) {
		bytes = make_frame(data, station(1, round & 1), 2 | (net_mac_t)(random_below(1UL << 31)) << 16);
		expect(1, data, bytes);
		send(0, data, bytes);
		receive(1);
	}
	all_received();
	printf("ok flood\n");
}

/* Who takes nothing loses its own frames alone; what is lost is counted. */
static void full(void)
{
	unsigned char data[NET_FRAME_MAX];
	unsigned int bytes;

	start("full");
	for (int round = 0; round < 500; round++) {
		bytes = make_frame(data, 0xffffffffffff, station(0, 0));
		if (round < RING / 2)
			expect(1, data, bytes);
		expect(2, data, bytes);
		uplink_full = round % 3 == 0;
		if (!uplink_full)
			expect(SESSIONS, data, bytes);
		send(0, data, bytes);
		receive(2);
	}
	check(service->ports[1].count.lost == 500 - RING / 2 && service->ports[1].count.received == RING / 2, "counters of the receiver");
	check(service->ports[NET_UPLINK].count.lost == 167 && service->ports[NET_UPLINK].count.received == 333, "counters of the uplink");
	check(service->ports[0].count.sent == 500 && !service->ports[0].count.refused && !service->ports[2].count.lost, "counters of the others");
	all_received();
	printf("ok full\n");
}

static unsigned int sum_of(const unsigned char *data, unsigned int from, unsigned int bytes)
{
	unsigned long sum = 0;

	for (unsigned int i = from; i < bytes; i++)
		sum += data[i] << ((i - from) & 1 ? 0 : 8);
	return sum % 0xffff;
}

/* A checksum that the sender left out is there for who needs it, and left to who does not. */
static void checksums(void)
{
	unsigned char data[NET_FRAME_MAX];
	l4_uint32_t written;
	unsigned int bytes;
	void *token;

	start("checksums");
	open_client(0, VIRTIO_NET_F_CSUM);
	open_client(1, VIRTIO_NET_F_GUEST_CSUM | L4VIO_F_INDIRECT_DESC);
	for (int round = 0; round < 20000; round++) {
		struct virtio_net_header h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM };
		unsigned int to = 1 + random_below(2);
		const unsigned char *b;
		int good;

		bytes = make_frame(data, station(to, 0), station(0, 0));
		if (round == 0)
			memset(data + 14, 0, bytes - 14);
		h.csum_start = random_below(50) + (random_below(9) ? 14 : 0);
		h.csum_offset = random_below(20);
		good = h.csum_start >= 14 && h.csum_start + h.csum_offset + 2U <= bytes;
		check(queue_frame(0, &h, data, bytes), "no buffer");
		kick(0);
		check(vring_client_get(&clients[to].ring[0], &token, &written) == good, "received");
		if (!good)
			continue;
		b = (unsigned char *)token + HEADER;
		check(written == HEADER + bytes, "length");
		check(!memcmp(b, data, h.csum_start + h.csum_offset), "data before");
		if (to == 1) {
			check(!memcmp(token, &(struct virtio_net_header){ .flags = 1, .csum_start = h.csum_start,
									   .csum_offset = h.csum_offset, .num_buffers = 1 }, HEADER), "header");
			check(!memcmp(b, data, bytes), "changed");
		} else {
			unsigned int at = h.csum_start + h.csum_offset, odd = h.csum_offset & 1, own = b[at] << 8 | b[at + 1];

			check(!*(char *)token && own, "header of a whole frame");
			check(!memcmp(b + at + 2, data + at + 2, bytes - at - 2), "data behind");
			/* At an even place the sum of everything with it, the old contents taken into account, is 0. */
			if (!odd)
				check((sum_of(b, h.csum_start, bytes) + (data[at] << 8 | data[at + 1])) % 0xffff == 0, "checksum");
		}
		offer_buffer(to, ((char *)token - window[to] - BUFFER(0, 0)) / 0x600);
	}
	/* Without having said so, it may not leave them out; nor send what a frame is not. */
	open_client(0, 0);
	bytes = make_frame(data, station(1, 0), station(0, 0));
	queue_frame(0, &(struct virtio_net_header){ .flags = 1, .csum_start = 14 }, data, bytes);
	queue_frame(0, &(struct virtio_net_header){ .gso_type = 1, .gso_size = 100 }, data, bytes);
	queue_frame(0, &(struct virtio_net_header){ .flags = 4 }, data, bytes);
	queue_frame(0, &(struct virtio_net_header){ 0 }, data, NET_HEADER_BYTES - 1);
	kick(0);
	check(!vring_client_get(&clients[1].ring[0], &token, &written), "what it may not");
	check(service->ports[0].count.refused >= 4, "not counted");
	printf("ok checksums\n");
}

/* --- large frames */

#define LARGE_HEADERS 54
#define GSO 1000U
#define LARGE_DATA (RING / 2 * GSO) /* a receiver has buffers for so many segments */

/* An IPv4 frame with so many bytes of TCP data, its checksum missing. */
static void make_large(unsigned char *d, net_mac_t to, net_mac_t from, unsigned int bytes)
{
	unsigned long sum = 6 + 20 + bytes;

	for (unsigned int i = 0; i < LARGE_HEADERS + bytes; i++)
		d[i] = random_below(256);
	put_mac(d, to);
	put_mac(d + 6, from);
	memcpy(d + 12, "\x08\x00\x45\x00", 4);
	d[16] = (40 + bytes) >> 8;
	d[17] = 40 + bytes;
	memcpy(d + 18, "\x12\x34\x40\x00\x40\x06", 6);
	d[46] = 0x50;
	for (int i = 26; i < 34; i += 2)
		sum += d[i] << 8 | d[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	d[50] = sum >> 8;
	d[51] = sum;
}

/* Session 0 sends what is at LARGE, cut anywhere. */
static void send_large(unsigned int bytes)
{
	const struct virtio_net_header h = { .flags = 1, .gso_type = 1, .gso_size = GSO, .hdr_len = LARGE_HEADERS, .csum_start = 34,
					     .csum_offset = 16 };
	const unsigned int all = HEADER + LARGE_HEADERS + bytes, one = 1 + random_below(all - 2), two = one + 1 + random_below(all - one - 1);

	memcpy(window[0] + LARGE, &h, HEADER);
	check(!vring_client_add(&clients[0].ring[1],
				(struct vring_segment[]){ { LARGE, one }, { LARGE + one, two - one }, { LARGE + two, all - two } }, 3, 3,
				window[0] + LARGE), "transmit ring");
	kick(0);
}

/* The frame as it is in n's buffers: the first has a header for all; 0: there is none. */
static unsigned int receive_whole(unsigned int n, unsigned char *to)
{
	unsigned int left = 1, done = 0, first = 1;
	l4_uint32_t written;
	void *token;

	for (; left; left--) {
		const unsigned int skip = first ? HEADER : 0;
		int got = vring_client_get(&clients[n].ring[0], &token, &written);

		check(got == 1 || (got == 0 && first), "a part is missing");
		if (!got)
			return 0;
		if (first) {
			const struct virtio_net_header *h = token;

			check(h->flags == 1 && h->gso_type == 1 && h->gso_size == GSO && h->hdr_len == LARGE_HEADERS && h->csum_start == 34 &&
			      h->csum_offset == 16 && h->num_buffers, "header");
			left = h->num_buffers;
		}
		memcpy(to + done, (char *)token + skip, written - skip);
		done += written - skip;
		first = 0;
		offer_buffer(n, ((char *)token - window[n] - BUFFER(0, 0)) / 0x600);
	}
	return done;
}

/* Segments at the client, whose data is that of the frame. */
static unsigned int receive_segments(unsigned int n, const unsigned char *frame)
{
	l4_uint32_t written;
	unsigned int done = 0;
	void *token;

	while (vring_client_get(&clients[n].ring[0], &token, &written) > 0) {
		const unsigned char *b = token;
		const unsigned int bytes = written - HEADER - LARGE_HEADERS;

		check(b[0] == 0 && b[1] == 0 && b[10] == 1, "header of a segment");
		check(written <= HEADER + LARGE_HEADERS + GSO && !memcmp(b + HEADER + LARGE_HEADERS, frame + LARGE_HEADERS + done, bytes), "data");
		done += bytes;
		offer_buffer(n, ((char *)token - window[n] - BUFFER(0, 0)) / 0x600);
	}
	return done;
}

#define TAKES (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MRG_RXBUF)
#define SENDS (VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_CSUM)

/* Whole to who takes it, and to nobody in part; in segments to the others, the uplink among them. */
static void large_frames(void)
{
	unsigned char *const sent = (unsigned char *)window[0] + LARGE + HEADER;
	static unsigned char got[NET_LARGE_MAX];
	unsigned int whole = 0, lost = 0;

	start("large_frames");
	open_client(0, SENDS | TAKES);
	open_client(1, TAKES);
	for (int round = 0; round < 3000; round++) {
		unsigned int bytes = 1 + random_below(LARGE_DATA), all = random_below(3) == 0, done;
		net_mac_t to = all ? station(7, 7) : station(1 + random_below(2), 0);

		uplink_full = !all;
		service->uplink_features = SENDS;
		make_large(sent, to, station(0, 0), bytes);
		large.bytes = 0;
		send_large(bytes);
		check(vring_client_get(&clients[0].ring[1], &(void *){ NULL }, &(l4_uint32_t){ 0 }) == 1, "not reported as sent");
		done = receive_whole(1, got);
		check(!done || (done == LARGE_HEADERS + bytes && !memcmp(got, sent, done)), "another frame");
		whole += done != 0;
		lost += !done && (all || to == station(1, 0));
		done = receive_segments(2, sent);
		check(done == (all || to == station(2, 0) ? bytes : 0), "segments");
		check(large.bytes == (all ? LARGE_HEADERS + bytes : 0) && !memcmp(large_data, sent, large.bytes), "the uplink's");
		check(!all || (large.gso_size == GSO && large.segments == (bytes + GSO - 1) / GSO && large.header_bytes == LARGE_HEADERS), "facts");
	}
	check(whole > 1000 && !lost && service->ports[1].count.large_received == whole, "how many came whole");
	check(service->ports[0].count.large_sent == 3000 && !service->ports[2].count.large_received, "counters");
	check(page(1)->counters[8] == whole && page(0)->counters[7] == 3000 && page(0)->counters[0] == 3000, "counters in the page");
	printf("ok large_frames\n");
}

/* Too few buffers, buffers that are too small, and a sender that has not said that it sends such frames. */
static void large_refused(void)
{
	unsigned char *const sent = (unsigned char *)window[0] + LARGE + HEADER;
	static unsigned char got[NET_LARGE_MAX];
	l4_uint32_t written;
	void *token;

	start("large_refused");
	uplink_full = 1;
	open_client(0, SENDS);
	open_client(1, TAKES);
	make_large(sent, station(1, 0), station(0, 0), 40000);
	send_large(40000);
	check(!receive_whole(1, got) && service->ports[1].count.lost == 1, "a frame that has no room");
	make_large(sent, station(1, 0), station(0, 0), LARGE_DATA);
	send_large(LARGE_DATA);
	check(receive_whole(1, got) == LARGE_HEADERS + LARGE_DATA, "the buffers were not given back");
	check(clients[1].ring[0].next_used == clients[1].ring[0].next_avail - RING / 2, "buffers");

	/* Without merging, each buffer must have room for all of it. */
	open_client(1, TAKES & ~VIRTIO_NET_F_MRG_RXBUF);
	make_large(sent, station(1, 0), station(0, 0), 2000);
	send_large(2000);
	check(page(1)->device_status & L4VIO_S_NEEDS_RESET, "buffers that are too small");

	open_client(0, VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO6);
	open_client(1, TAKES);
	make_large(sent, station(1, 0), station(0, 0), 2000);
	service->ports[0].count.refused = 0;
	send_large(2000);
	check(!vring_client_get(&clients[1].ring[0], &token, &written) && service->ports[0].count.refused == 1, "not agreed");
	open_client(0, SENDS);
	send_large(2001);
	check(!vring_client_get(&clients[1].ring[0], &token, &written) && service->ports[0].count.refused == 2, "another length than it says");
	queue_frame(0, &(struct virtio_net_header){ 0 }, sent, NET_FRAME_MAX + 1);
	kick(0);
	check(service->ports[0].count.oversize == 1, "a long frame");
	printf("ok large_refused\n");
}

/* Sessions that cannot be. */
static void sessions(void)
{
	test = "sessions";
	net_init(service, &ops);
	check(!net_session_add(service, window[0], WINDOW, 0), "no address");
	check(!net_session_add(service, window[0], WINDOW, 1), "a group's address");
	check(!net_session_add(service, window[0], WINDOW, 1UL << 48 | 2), "a long address");
	check(!net_session_add(service, window[0], L4VIO_WINDOW_MIN - 1, 2), "a small window");
	check(net_session_add(service, window[0], WINDOW, 2) && !net_session_add(service, window[1], WINDOW, 2), "address taken");
	for (int i = 1; i < NET_SESSIONS_MAX; i++)
		check(net_session_add(service, window[0], WINDOW, 2 + 4 * i) != NULL, "few sessions");
	check(!net_session_add(service, window[0], WINDOW, 0x202), "too many");
	printf("ok sessions\n");
}

/* Session 0 writes anything anywhere; the others talk. */
static void hostile(void)
{
	unsigned char data[NET_FRAME_MAX];
	unsigned int broken = 0, bytes;

	start("hostile");
	for (int step = 0; step < 200000; step++) {
		unsigned int from = 1 + random_below(2), q = random_below(2), at;

		switch (random_below(4)) {
		case 0:
			bytes = make_frame(data, station(3 - from, 0), station(from, 0));
			expect(3 - from, data, bytes);
			send(from, data, bytes);
			/* What the hostile one sends them comes in between. */
			expected[1].head = expected[1].tail = expected[2].head = expected[2].tail = 0;
			expect(3 - from, data, bytes);
			break;
		case 1:
			at = random_below(3) ? DESC(q) + random_below(16 * RING) : random_below(2) ? AVAIL(q) + random_below(80) : random_below(WINDOW);
			window[0][at] = random_below(3) ? random_below(256) : random_below(18);
			break;
		case 2:
			((struct vring_avail *)(window[0] + AVAIL(q)))->idx += random_below(4);
			break;
		default:
			net_kick(&service->sessions[0]);
			net_run(service);
			net_flush(service);
		}
		for (unsigned int n = 1; n < SESSIONS; n++) {
			l4_uint32_t written;
			void *token;

			while (vring_client_get(&clients[n].ring[0], &token, &written) > 0) {
				const struct expected *e = &expected[n].frame[expected[n].head % 4096];

				if (expected[n].head != expected[n].tail && written == HEADER + e->bytes &&
				    !memcmp((char *)token + HEADER, e->data, e->bytes))
					expected[n].head++;
				offer_buffer(n, ((char *)token - window[n] - BUFFER(0, 0)) / 0x600);
			}
			check(expected[n].head == expected[n].tail, "the others lose frames");
		}
		expected[SESSIONS].head = expected[SESSIONS].tail = 0;
		if (page(0)->device_status & L4VIO_S_NEEDS_RESET) {
			broken++;
			open_client(0, L4VIO_F_INDIRECT_DESC | L4VIO_F_EVENT_IDX | (random_below(2) ? TAKES | SENDS : 0));
		}
		if (random_below(2000) == 0)
			start_server();
	}
	check(broken > 100, "not hostile enough");
	printf("ok hostile\n");
}

int main(void)
{
	service = malloc(sizeof(*service));
	for (int n = 0; n < SESSIONS; n++)
		window[n] = memset(aligned_alloc(4096, WINDOW), 0, WINDOW);
	exchange(0, "exchange");
	exchange(1, "exchange_restarts");
	senders();
	own_address();
	flood();
	full();
	checksums();
	large_frames();
	large_refused();
	sessions();
	hostile();
	return 0;
}
