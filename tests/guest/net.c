/* SPDX-License-Identifier: MIT */
/*
 * Stations of a network: ARP, IPv4, ICMP echo and UDP echo (port 7), by arguments:
 *	echo SERVICE ADDRESS			answers, for ever
 *	ping SERVICE ADDRESS TARGET COUNT	asks TARGET for COUNT echoes of random length and contents, one after the other, and
 *						compares what comes back; with shared memory "stop" it goes on until that is not 0
 *	behind SERVICE ADDRESS TARGET COUNT	the same from another Ethernet address than the session's
 *	foreign SERVICE ADDRESS TARGET		nothing that is sent from another address is answered, what is sent from the own one is
 *	broken SERVICE OTHER			sends to itself by a server that is not to be trusted: counts what comes back until "stop",
 *						which becomes 2
 *	hostile SERVICE ROUNDS			writes anything anywhere into its window and kicks: the server must tell it to reset
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared.h"

#include <l4/sys/irq.h>
#include <l4/virtio/net.h>

#define PATIENCE_US 100000 /* then it asks again */
#define TRIES_MAX 1000

typedef unsigned char u8;

enum { ETHER_TYPE = 12, ARP = 14, IP = 14, DATA = 34 };
enum { TYPE_IP = 0x0800, TYPE_ARP = 0x0806, PROTO_ICMP = 1, PROTO_UDP = 17, UDP_ECHO = 7 };

static struct l4net net, other;
static u8 own_mac[6], own_ip[4];
static u8 frame[L4NET_FRAME_MAX];

static void check(long good, const char *what)
{
	if (good)
		return;
	printf("not ok net %s\n", what);
	exit(1);
}

static void put16(u8 *to, unsigned value)
{
	to[0] = value >> 8;
	to[1] = value;
}

static unsigned get16(const u8 *from)
{
	return from[0] << 8 | from[1];
}

/* The Internet checksum of data, on top of a sum. */
static unsigned checksum(unsigned sum, const u8 *data, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		sum += i & 1 ? data[i] : data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum ^ 0xffff;
}

static unsigned pseudo_header(const u8 *f, unsigned bytes)
{
	unsigned sum = PROTO_UDP + bytes;

	for (unsigned i = IP + 12; i < IP + 20; i += 2)
		sum += get16(f + i);
	return sum;
}

static void parse_ip(const char *text, u8 *to)
{
	unsigned a, b, c, d;

	check(sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d) == 4, "address");
	to[0] = a, to[1] = b, to[2] = c, to[3] = d;
}

static void ethernet(u8 *f, const u8 *to, unsigned type)
{
	memcpy(f, to, 6);
	memcpy(f + 6, own_mac, 6);
	put16(f + ETHER_TYPE, type);
}

static void send_frame(const u8 *f, unsigned bytes)
{
	check(l4net_send(&net, f, bytes) == 0, "send");
}

/* --- ARP */

static void send_arp(unsigned operation, const u8 *mac, const u8 *ip)
{
	static const u8 all[6] = { 255, 255, 255, 255, 255, 255 };
	u8 f[60] = { 0 };

	ethernet(f, mac ? mac : all, TYPE_ARP);
	memcpy(f + ARP, "\0\1\10\0\6\4", 6);
	put16(f + ARP + 6, operation);
	memcpy(f + ARP + 8, own_mac, 6);
	memcpy(f + ARP + 14, own_ip, 4);
	if (mac)
		memcpy(f + ARP + 18, mac, 6);
	memcpy(f + ARP + 24, ip, 4);
	send_frame(f, sizeof(f));
}

static int is_arp(unsigned bytes, unsigned operation)
{
	return bytes >= ARP + 28 && get16(frame + ETHER_TYPE) == TYPE_ARP && get16(frame + ARP + 6) == operation &&
	       !memcmp(frame + ARP + 24, own_ip, 4);
}

/* --- IPv4: header without options, nothing in fragments */

static void finish_ip(u8 *f, const u8 *to, unsigned protocol, unsigned bytes)
{
	static unsigned id;
	u8 *h = f + IP;

	memset(h, 0, 20);
	h[0] = 0x45;
	put16(h + 2, 20 + bytes);
	put16(h + 4, id++);
	h[8] = 64;
	h[9] = protocol;
	memcpy(h + 12, own_ip, 4);
	memcpy(h + 16, to, 4);
	put16(h + 10, checksum(0, h, 20));
}

/* Bytes of the datagram in `frame`, 0 if it is none for us; its checksums must be right. */
static unsigned ip_bytes(unsigned bytes)
{
	const u8 *h = frame + IP;
	unsigned all;

	if (bytes < DATA + 8 || get16(frame + ETHER_TYPE) != TYPE_IP || h[0] != 0x45 || memcmp(h + 16, own_ip, 4))
		return 0;
	all = get16(h + 2);
	check(all >= 28 && all <= bytes - IP, "length of a datagram");
	check(checksum(0, h, 20) == 0, "checksum of a header");
	all -= 20;
	if (h[9] == PROTO_ICMP)
		check(checksum(0, frame + DATA, all) == 0, "checksum of ICMP");
	if (h[9] == PROTO_UDP && get16(frame + DATA + 6))
		check(checksum(pseudo_header(frame, all), frame + DATA, all) == 0, "checksum of UDP");
	return all;
}

/* A request that is in f + DATA (bytes with its own header of 8), completed and sent. */
static void send_echo(u8 *f, const u8 *mac, const u8 *ip, unsigned protocol, unsigned bytes)
{
	u8 *p = f + DATA;

	ethernet(f, mac, TYPE_IP);
	finish_ip(f, ip, protocol, bytes);
	if (protocol == PROTO_ICMP) {
		put16(p + 2, 0);
		put16(p + 2, checksum(0, p, bytes));
	} else {
		put16(p + 4, bytes);
		put16(p + 6, 0);
		bytes = checksum(pseudo_header(f, bytes), p, bytes);
		put16(p + 6, bytes ? bytes : 0xffff);
		bytes = get16(p + 4);
	}
	send_frame(f, DATA + bytes);
}

/* --- answers */

static void answer_datagram(unsigned bytes)
{
	u8 mac[6], ip[4], *p = frame + DATA;
	unsigned protocol = frame[IP + 9], port = get16(p);

	memcpy(mac, frame + 6, 6);
	memcpy(ip, frame + IP + 12, 4);
	if (protocol == PROTO_ICMP && p[0] == 8) {
		p[0] = 0;
	} else if (protocol == PROTO_UDP && get16(p + 2) == UDP_ECHO && get16(p + 4) == bytes) {
		put16(p + 2, port);
		put16(p, UDP_ECHO);
	} else {
		return;
	}
	send_echo(frame, mac, ip, protocol, bytes);
}

static void answer(unsigned bytes)
{
	unsigned datagram = ip_bytes(bytes);
	u8 mac[6], ip[4];

	if (is_arp(bytes, 1)) {
		memcpy(mac, frame + ARP + 8, 6);
		memcpy(ip, frame + ARP + 14, 4);
		send_arp(2, mac, ip);
	} else if (datagram) {
		answer_datagram(datagram);
	}
}

static void echo(void)
{
	for (;;) {
		long bytes = l4net_receive(&net, frame, sizeof(frame), L4NET_FOREVER);

		check(bytes > 0, "receive");
		answer(bytes);
	}
}

/* --- questions */

static unsigned repeated;

static void resolve(const u8 *ip, u8 *mac)
{
	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		long bytes;

		send_arp(1, 0, ip);
		while ((bytes = l4net_receive(&net, frame, sizeof(frame), PATIENCE_US)) > 0) {
			if (is_arp(bytes, 2) && !memcmp(frame + ARP + 14, ip, 4)) {
				memcpy(mac, frame + ARP + 8, 6);
				return;
			}
			answer(bytes);
		}
		check(bytes == 0, "receive");
	}
	check(0, "nobody has that address");
}

/* One echo to its end: a late answer to an earlier question has another sequence number. */
static void ask(const u8 *ip, const u8 *mac, unsigned serial)
{
	static u8 question[L4NET_FRAME_MAX];
	unsigned protocol = serial & 1 ? PROTO_ICMP : PROTO_UDP, length = 8 + rand() % (rand() % 4 ? 100 : 1473), tries;
	u8 *p = question + DATA;

	for (unsigned i = 8; i < length; i++)
		p[i] = rand();
	p[0] = protocol == PROTO_ICMP ? 8 : 0x40 | (serial >> 8 & 0x3f);
	p[1] = protocol == PROTO_ICMP ? 0 : serial;
	put16(p + 2, UDP_ECHO);
	if (protocol == PROTO_ICMP)
		put16(p + 4, 0x4c34), put16(p + 6, serial);
	for (tries = 0; tries < TRIES_MAX; tries++) {
		long bytes;

		send_echo(question, mac, ip, protocol, length);
		while ((bytes = l4net_receive(&net, frame, sizeof(frame), PATIENCE_US)) > 0) {
			const u8 *r = frame + DATA;
			unsigned datagram = ip_bytes(bytes);

			if (datagram && frame[IP + 9] == protocol && !memcmp(frame + IP + 12, ip, 4) &&
			    (protocol == PROTO_ICMP ? r[0] == 0 && !memcmp(r + 4, p + 4, 4) : !memcmp(r + 2, p, 2))) {
				check(datagram == length && !memcmp(r + 8, p + 8, length - 8), "the wrong data");
				repeated += tries;
				return;
			}
			answer(bytes);
		}
		check(bytes == 0, "receive");
	}
	check(0, "no answer");
}

/* What the library refuses, and that it does not wait when it is not to. */
static void errors(const char *service)
{
	long err;

	check(l4net_open(&other, "nothing") == -L4_ENOENT, "no such session");
	check(l4net_send(&net, frame, 13) == -L4_EINVAL, "a short frame");
	check(l4net_send(&net, frame, L4NET_FRAME_MAX + 1) == -L4_EINVAL, "a long frame");
	check(l4net_receive(&net, frame, L4NET_FRAME_MAX - 1, 0) == -L4_EINVAL, "no room");
	while (l4net_receive(&net, frame, sizeof(frame), 0) > 0)
		;
	check(l4net_receive(&net, frame, sizeof(frame), 1000) >= 0, "time-out");
	check(l4net_send(&net, frame, L4NET_FRAME_MAX) == 0, "a frame of the greatest length");
	net.ring[VIRTIO_NET_TX].avail->idx += 1000;
	l4_irq_trigger(net.vio.kick);
	while ((err = l4net_receive(&net, frame, sizeof(frame), L4NET_FOREVER)) > 0)
		;
	check(err == -L4_EIO, "a session that broke a rule");
	l4net_close(&net);
	check(l4net_open(&net, service) == 0, "opened again");
}

static void ping(const char *target, unsigned count)
{
	const volatile unsigned *stop = shared_word("stop");
	u8 ip[4], mac[6];
	unsigned serial = 0;

	parse_ip(target, ip);
	resolve(ip, mac);
	while (serial < count || (stop && !*stop))
		ask(ip, mac, serial++);
	printf("ok net ping %s %u times, %u repeated, server %u\n", target, serial, repeated, net.vio.page->instance);
}

/* --- a server that is not to be trusted; what it says is the library's to check */

static unsigned right, wrong, lost, failed;

/* One frame there: 0, or an error after which both sessions are opened again. */
static long try_frame(unsigned serial)
{
	static u8 sent[1000];
	long bytes;

	l4net_mac(&other, sent);
	l4net_mac(&net, sent + 6);
	memset(sent + 12, serial, sizeof(sent) - 12);
	memcpy(sent + 14, &serial, sizeof(serial));
	bytes = l4net_send(&net, sent, sizeof(sent));
	while (bytes >= 0 && (bytes = l4net_receive(&other, frame, sizeof(frame), 1000)) > 0) {
		/* An older one may come late, or twice. */
		if (bytes < 18 || memcmp(frame + 14, &serial, sizeof(serial)))
			continue;
		right += bytes == sizeof(sent) && !memcmp(frame, sent, sizeof(sent));
		wrong += bytes != sizeof(sent) || memcmp(frame, sent, sizeof(sent));
		return 0;
	}
	lost += bytes == 0;
	return bytes;
}

static void broken(const char *a, const char *b)
{
	volatile unsigned *stop = shared_word("stop");
	unsigned serial = 0;
	long err = -1;

	check(stop != 0, "no word to stop by");
	while (!*stop) {
		if (err < 0) {
			l4net_close(&net);
			l4net_close(&other);
			err = l4net_open(&net, a);
			if (!err)
				err = l4net_open(&other, b);
			failed += err != 0;
		}
		if (!err)
			err = try_frame(++serial);
	}
	*stop = 2;
	printf("ok net broken: %u right, %u lost, %u errors, %u times wrong data\n", right, lost, failed, wrong);
}

/* --- misbehaviour */

#define RING 16
#define QUEUE(q) (0x1000UL + 0x3000 * (q))
#define AVAIL(q) (QUEUE(q) + 0x1000)
#define USED(q) (QUEUE(q) + 0x2000)
#define TABLE 0x7000UL
#define BUFFERS 0x8000UL

static char *window(unsigned long offset)
{
	return (char *)net.vio.page + offset;
}

static void start_hostile(void)
{
	check(l4vio_client_negotiate(&net.vio, VIRTIO_ID_NET, L4VIO_F_INDIRECT_DESC | L4VIO_F_EVENT_IDX |
				     VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM) == 0, "negotiate");
	memset(window(QUEUE(0)), 0, BUFFERS - QUEUE(0));
	for (unsigned q = 0; q < VIRTIO_NET_QUEUES; q++)
		l4vio_client_queue(&net.vio, q, RING, window(QUEUE(q)), window(AVAIL(q)), window(USED(q)));
	check(l4vio_client_run(&net.vio) == 0, "run");
}

/* An address that is often right. */
static unsigned long address(void)
{
	switch (rand() % 8) {
	case 0: return rand() % net.vio.bytes;
	case 1: return net.vio.bytes - rand() % 4096;
	case 2: return (unsigned long)rand() << 33 | rand();
	case 3: return QUEUE(1) + rand() % 512;
	default: return BUFFERS + 1536 * (rand() % 8);
	}
}

static void misbehave(void)
{
	unsigned q = rand() % 4 ? VIRTIO_NET_TX : VIRTIO_NET_RX;
	struct vring_avail *avail = (void *)window(AVAIL(q));
	struct vring_desc *d = (void *)window(rand() % 8 ? QUEUE(q) : TABLE);

	for (unsigned i = 0; i < RING; i++)
		d[i] = (struct vring_desc){ address(), rand() % 8 ? 12 + rand() % 1600 : rand(),
					    rand() % 8 ? (q == VIRTIO_NET_RX ? VRING_DESC_WRITE : 0) : rand() % 8, rand() % (RING + 1) };
	if (rand() % 8 == 0)
		d[rand() % RING] = (struct vring_desc){ TABLE, 16 * (rand() % 16), VRING_DESC_INDIRECT, 0 };
	for (unsigned i = 0; i < 8; i++) {
		/* Half of them look like a frame to all. */
		struct virtio_net_header *h = (void *)window(BUFFERS + 1536 * i);

		*h = (struct virtio_net_header){ .flags = rand() % 4 == 0, .gso_type = rand() % 16 == 0, .csum_start = rand() % 1600,
						 .csum_offset = rand() };
		memset(h + 1, rand() % 2 ? 255 : rand(), 6);
		memcpy((char *)(h + 1) + 6, own_mac, 6);
	}
	for (unsigned i = 0; i < RING; i++)
		avail->ring[i] = rand() % 64 ? rand() % RING : rand();
	avail->idx += rand() % 32 ? rand() % 4 : rand();
	if (rand() % 64 == 0)
		memset(window(0) + rand() % 1024, rand(), 1 + rand() % 8);
	l4_irq_trigger(net.vio.kick);
	/* While it is being looked at. */
	for (int i = rand() % 64; i--;)
		window(QUEUE(rand() % 2))[rand() % 512] = rand();
}

static void hostile(unsigned rounds)
{
	unsigned resets = 0;

	start_hostile();
	for (unsigned i = 0; i < rounds; i++) {
		misbehave();
		if (rand() % 4 && !(net.vio.page->device_status & L4VIO_S_NEEDS_RESET))
			continue;
		resets += (net.vio.page->device_status & L4VIO_S_NEEDS_RESET) != 0;
		start_hostile();
	}
	printf("ok net hostile %u rounds, %s\n", rounds, resets > rounds / 20 ? "told to reset" : "hardly noticed");
}

static void foreign(const char *target)
{
	u8 ip[4], mac[6];
	long bytes;

	parse_ip(target, ip);
	resolve(ip, mac);
	own_mac[5] ^= 1;
	for (unsigned i = 0; i < 10; i++) {
		send_arp(1, 0, ip);
		while ((bytes = l4net_receive(&net, frame, sizeof(frame), PATIENCE_US)) > 0)
			check(!is_arp(bytes, 2), "an answer to another address");
		check(bytes == 0, "receive");
	}
	own_mac[5] ^= 1;
	resolve(ip, mac);
	puts("ok net foreign");
}

int main(int argc, char **argv)
{
	check(argc > 3, "arguments");
	if (!strcmp(argv[1], "broken")) {
		broken(argv[2], argv[3]);
		return 0;
	}
	check(l4net_open(&net, argv[2]) == 0, "open");
	l4net_mac(&net, own_mac);
	if (!strcmp(argv[1], "hostile")) {
		hostile(atoi(argv[3]));
		return 0;
	}
	parse_ip(argv[3], own_ip);
	if (!strcmp(argv[1], "echo"))
		echo();
	check(argc > 4, "arguments");
	if (!strcmp(argv[1], "foreign")) {
		foreign(argv[4]);
		return 0;
	}
	check(argc > 5, "arguments");
	own_mac[5] ^= !strcmp(argv[1], "behind");
	errors(argv[2]);
	ping(argv[4], atoi(argv[5]));
	return 0;
}
