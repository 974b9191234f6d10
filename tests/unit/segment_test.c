// SPDX-License-Identifier: MIT
/*
 * Large frames: what of them is accepted, and the segments they are cut into, against a receiver that checks every header and checksum and
 * puts the data together again. The memory ends where the frame may.
 * sources: drivers/net/segment.c drivers/net/port.c drivers/net/switch.c l4re/lib/virtio/session.c l4re/lib/virtio/ring_server.c
 * cflags: -Il4re/include -iquote drivers/net
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "support/named.h"

static struct net_frame frame;
static unsigned char original[NET_LARGE_MAX];
/* Of the frame made last. */
static unsigned int vlan, at_ip, at_tcp, extensions;

static unsigned int get16(const unsigned char *p) { return p[0] << 8 | p[1]; }
static unsigned long get32(const unsigned char *p) { return (unsigned long)get16(p) << 16 | get16(p + 2); }
static void put16(unsigned char *p, unsigned int v) { p[0] = v >> 8; p[1] = v; }

/* As the checker has it: word by word, without the code under test. */
static unsigned long add(const unsigned char *p, unsigned int bytes)
{
	unsigned long sum = 0;

	for (unsigned int i = 0; i < bytes; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	return sum;
}

static unsigned int fold(unsigned long sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Sum of the pseudo header for so many bytes of TCP. */
static unsigned int pseudo(const unsigned char *d, int v6, unsigned int tcp_bytes)
{
	return fold((v6 ? add(d + at_ip + 8, 32) : add(d + at_ip + 12, 8)) + 6 + tcp_bytes);
}

/* A frame of so many bytes of data, in memory of its very size. */
static void make(int v6, unsigned int data, unsigned int gso_size)
{
	unsigned int options = 4 * random_below(11), ip_options = v6 ? 0 : 4 * random_below(11), at;
	unsigned char *d;

	vlan = random_below(2) ? 4 : 0;
	at_ip = 14 + vlan;
	extensions = v6 ? random_below(3) : 0;
	at_tcp = at_ip + (v6 ? 40 + 8 * extensions : 20 + ip_options);
	free(frame.data);
	frame = (struct net_frame){ .bytes = at_tcp + 20 + options + data, .partial = 1, .csum_start = at_tcp, .csum_offset = 16,
				    .gso_type = v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = gso_size };
	d = frame.data = malloc(frame.bytes);
	for (at = 0; at < frame.bytes; at++)
		d[at] = random_below(256);
	if (vlan)
		put16(d + 12, 0x8100);
	put16(d + 12 + vlan, v6 ? 0x86dd : 0x0800);
	if (v6) {
		static const unsigned char kinds[] = { 0, 43, 60 };

		d[at_ip] = 0x60;
		put16(d + at_ip + 4, frame.bytes - at_ip - 40);
		d[at_ip + 6] = extensions ? kinds[random_below(3)] : 6;
		for (unsigned int i = 0; i < extensions; i++) {
			d[at_ip + 40 + 8 * i] = i + 1 < extensions ? kinds[random_below(3)] : 6;
			d[at_ip + 40 + 8 * i + 1] = 0;
		}
	} else {
		d[at_ip] = 0x40 | (5 + ip_options / 4);
		put16(d + at_ip + 2, frame.bytes - at_ip);
		put16(d + at_ip + 6, random_below(2) ? 0x4000 : 0);
		d[at_ip + 9] = 6;
	}
	d[at_tcp + 12] = (5 + options / 4) << 4 | random_below(16);
	put16(d + at_tcp + 16, pseudo(d, v6, frame.bytes - at_tcp));
	memcpy(original, d, frame.bytes);
}

static void check_network(const unsigned char *d, int v6, unsigned int bytes, unsigned int number)
{
	const unsigned char *ip = d + at_ip, *was = original + at_ip;

	check(!memcmp(d, original, at_ip), "Ethernet's header");
	if (v6) {
		check(get16(ip + 4) == bytes - at_ip - 40, "length");
		check(!memcmp(ip, was, 4) && !memcmp(ip + 6, was + 6, at_tcp - at_ip - 6), "IPv6's header");
		return;
	}
	check(get16(ip + 2) == bytes - at_ip && get16(ip + 4) == ((get16(was + 4) + number) & 0xffff), "length, identification");
	check(fold(add(ip, at_tcp - at_ip)) == 0xffff, "checksum of the header");
	check(ip[1] == was[1] && !memcmp(ip + 6, was + 6, 4) && !memcmp(ip + 12, was + 12, at_tcp - at_ip - 12), "IPv4's header");
}

/* Cut and put together again. */
static void cut(int v6, unsigned int data, unsigned int gso_size)
{
	const unsigned int head = frame.bytes - data, count = (data + gso_size - 1) / gso_size;
	static unsigned char got[NET_LARGE_MAX];
	struct net_frame s;
	struct net_cut c;
	unsigned int n = 0, done = 0;

	check(frame.header_bytes == head && frame.segments == count, "what is known of it");
	for (net_cut_start(&c, &frame); net_cut_next(&c, &s); n++) {
		const unsigned int bytes = s.bytes - head, last = n + 1 == count;
		const unsigned char *tcp, *was = original + at_tcp;
		unsigned int flags;

		check(n < count && bytes == (last ? data - done : gso_size) && s.bytes <= NET_FRAME_MAX, "a segment's length");
		check(s.partial && !s.gso_size && !s.gso_type && s.csum_start == at_tcp && s.csum_offset == 16, "what is said of a segment");
		check(get16(s.data + at_tcp + 16) % 0xffff == pseudo(s.data, v6, s.bytes - at_tcp) % 0xffff, "sum of the pseudo header");
		if (random_below(2))
			net_frame_complete(&s);
		check_network(s.data, v6, s.bytes, n);
		tcp = s.data + at_tcp;
		if (!s.partial)
			check(fold(add(tcp, s.bytes - at_tcp) + pseudo(s.data, v6, s.bytes - at_tcp)) == 0xffff, "checksum");
		check(get32(tcp + 4) == ((get32(was + 4) + done) & 0xffffffff), "sequence");
		flags = was[13] & ~(n ? 0x80 : 0) & ~(last ? 0 : 0x09);
		check(tcp[13] == flags && !memcmp(tcp, was, 4) && !memcmp(tcp + 8, was + 8, 5) && !memcmp(tcp + 14, was + 14, 2) &&
		      !memcmp(tcp + 18, was + 18, head - at_tcp - 18), "TCP's header");
		memcpy(got + done, s.data + head, bytes);
		done += bytes;
	}
	check(n == count && done == data && !memcmp(got, original + head, data), "the data");
}

static void segments(int v6, const char *name)
{
	test = name;
	for (int round = 0; round < 3000; round++) {
		unsigned int gso_size = 1 + random_below(random_below(3) ? 1300 : 20), data = 1 + random_below(random_below(2) ? 65000 : 3000);

		if (random_below(4) == 0)
			data = gso_size * (1 + random_below(65000 / gso_size < NET_SEGMENTS_MAX ? 65000 / gso_size : NET_SEGMENTS_MAX));
		make(v6, data, gso_size);
		if ((data + gso_size - 1) / gso_size > NET_SEGMENTS_MAX) {
			check(net_large_check(&frame) < 0, "too many segments");
			continue;
		}
		check(net_large_check(&frame) == 0, "refused");
		cut(v6, data, gso_size);
	}
	printf("ok %s\n", name);
}

/* The longest that there are, and one byte of data. */
static void limits(void)
{
	test = "limits";
	for (int round = 0; round < 200; round++) {
		int v6 = round & 1;
		unsigned int head;

		make(v6, 1, 1);
		check(net_large_check(&frame) == 0 && frame.segments == 1, "one byte");
		cut(v6, 1, 1);
		make(v6, 5000, 1000);
		head = frame.bytes - 5000;
		frame.gso_size = NET_FRAME_MAX - head;
		check(net_large_check(&frame) == 0, "the longest segment");
		frame.gso_size++;
		check(net_large_check(&frame) < 0, "a longer one");
		make(v6, 0, 1000);
		check(net_large_check(&frame) < 0, "no data");
		make(v6, NET_LARGE_MAX - 300, 100);
		check(net_large_check(&frame) == 0, "a long one");
		cut(v6, NET_LARGE_MAX - 300, 100);
		make(v6, 1 + NET_SEGMENTS_MAX * 4, 4);
		check(net_large_check(&frame) < 0, "a segment too many");
	}
	printf("ok limits\n");
}

static void refused(const char *what)
{
	check(net_large_check(&frame) < 0, what);
	memcpy(frame.data, original, frame.bytes);
}

/* One thing wrong with it at a time. */
static void lies(void)
{
	test = "lies";
	for (int round = 0; round < 3000; round++) {
		int v6 = random_below(2);
		unsigned char *ip, *tcp;

		make(v6, 2000 + random_below(1000), 500);
		ip = frame.data + at_ip;
		tcp = frame.data + at_tcp;
		put16(frame.data + 12 + vlan, v6 ? 0x0800 : 0x86dd), refused("another type");
		put16(frame.data + 12 + vlan, 0x8100), refused("one more VLAN");
		ip[0] = v6 ? 0x40 | (ip[0] & 15) : 0x60 | (ip[0] & 15), refused("version");
		put16(ip + (v6 ? 4 : 2), frame.bytes - at_ip - (v6 ? 40 : 0) + (random_below(2) ? 1 : -1)), refused("length");
		tcp[12] = random_below(5) << 4, refused("TCP's header is short");
		ip[v6 ? 6 : 9] = 17, refused("UDP");
		if (v6) {
			ip[6] = 44, refused("a fragment");
			ip[6] = 0, ip[41] = 255, refused("an extension header that leads elsewhere");
		} else {
			ip[0] = 0x40 | random_below(5), refused("IPv4's header is short");
			put16(ip + 6, random_below(2) ? 0x2000 : 1 + random_below(0x1fff)), refused("a fragment");
		}
		frame.gso_size = 0, refused("segments of nothing"), frame.gso_size = 500;
		frame.partial = 0, refused("the checksum is there"), frame.partial = 1;
		frame.csum_offset = 6, refused("UDP's checksum"), frame.csum_offset = 16;
		frame.csum_start += random_below(2) ? 1 : -1, refused("a checksum elsewhere"), frame.csum_start = at_tcp;
		check(net_large_check(&frame) == 0, "nothing wrong with it");
	}
	printf("ok lies\n");
}

/* Extension headers without end. */
static void headers(void)
{
	test = "headers";
	for (int round = 0; round < 200; round++) {
		unsigned int at;

		make(1, 40000, 1000);
		for (at = at_ip + 40; at + 8 <= frame.bytes; at += 8)
			frame.data[at] = frame.data[at + 1] = 0;
		frame.data[at_ip + 6] = 0;
		refused("extension headers up to the end");
		/* TCP behind more headers than are to be repeated. */
		for (at = at_ip + 40; at < at_ip + 40 + 240; at += 8)
			frame.data[at] = frame.data[at + 1] = 0;
		frame.data[at_ip + 6] = 0;
		frame.data[at - 8] = 6;
		frame.data[at + 12] = 5 << 4;
		frame.csum_start = at;
		refused("long headers");
	}
	printf("ok headers\n");
}

/* Anything at all, of any length: what is accepted is cut into what can be sent. */
static void hostile(void)
{
	unsigned int good = 0, bad = 0;

	test = "hostile";
	for (int round = 0; round < 300000; round++) {
		struct net_frame s;
		struct net_cut c;
		unsigned int bytes, n;

		make(random_below(2), 1 + random_below(300), 1 + random_below(200));
		for (n = random_below(4); n; n--)
			frame.data[12 + random_below(frame.bytes < 102 ? frame.bytes - 12 : 90)] = random_below(3) ? random_below(256) : 0;
		if (random_below(4) == 0) {
			bytes = 14 + random_below(frame.bytes - 14);
			frame.data = realloc(frame.data, bytes);
			frame.bytes = bytes;
			if (random_below(2) && at_ip + 6 < bytes)
				put16(frame.data + at_ip + 4 - (frame.gso_type == VIRTIO_NET_HDR_GSO_TCPV4 ? 2 : 0),
				      bytes - at_ip - (frame.gso_type == VIRTIO_NET_HDR_GSO_TCPV4 ? 0 : 40));
		}
		if (random_below(10) == 0)
			frame.gso_size = random_below(65536);
		if (random_below(10) == 0)
			frame.csum_start = random_below(random_below(2) ? 65536 : 120);
		if (net_large_check(&frame)) {
			bad++;
			continue;
		}
		good++;
		for (n = 0, net_cut_start(&c, &frame); net_cut_next(&c, &s); n++) {
			check(s.bytes > frame.header_bytes && s.bytes <= NET_FRAME_MAX && s.data >= frame.data &&
			      s.data + s.bytes <= frame.data + frame.bytes, "a segment");
			net_frame_complete(&s);
		}
		check(n == frame.segments && n && n <= NET_SEGMENTS_MAX, "how many");
	}
	check(good > 50000 && bad > 50000, "not hostile enough");
	printf("ok hostile\n");
}

int main(void)
{
	segments(0, "ipv4");
	segments(1, "ipv6");
	limits();
	lies();
	headers();
	hostile();
	return 0;
}
