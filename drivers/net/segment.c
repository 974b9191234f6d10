/* SPDX-License-Identifier: MIT */
/*
 * Large frames: TCP by IPv4 or IPv6 whose data is to be cut into segments of gso_size bytes (virtio 1.2, section 5.1.6). What a client says of
 * one is compared with what is in it; from then on it is known where its headers are and how many segments it makes.
 */
#include "net.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

enum { TYPE_AT = 2 * VIRTIO_NET_MAC_BYTES, TYPE_VLAN = 0x8100, VLAN_BYTES = 4, TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd };
/* RFC 791, 8200 (4.1 to 4.6), 9293. */
enum { IPV4_BYTES = 20, IPV4_LENGTH = 2, IPV4_ID = 4, IPV4_FRAGMENT = 6, IPV4_PROTOCOL = 9, IPV4_SUM = 10 };
enum { IPV4_MORE_OR_OFFSET = 0x3fff };
enum { IPV6_BYTES = 40, IPV6_LENGTH = 4, IPV6_NEXT = 6, IPV6_HOPS = 0, IPV6_ROUTING = 43, IPV6_DESTINATION = 60, IPV6_UNIT = 8 };
enum { TCP = 6, TCP_BYTES = 20, TCP_SEQUENCE = 4, TCP_OFFSET = 12, TCP_FLAGS = 13, TCP_SUM = 16 };
enum { TCP_FIN = 0x01, TCP_PUSH = 0x08, TCP_CWR = 0x80 };

static l4_uint32_t get16(const l4_uint8_t *at)
{
	return (l4_uint32_t)at[0] << 8 | at[1];
}

static void put16(l4_uint8_t *at, l4_uint32_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

l4_uint32_t net_sum(const l4_uint8_t *data, unsigned bytes, l4_uint32_t sum)
{
	unsigned i;

	for (i = 0; i + 1 < bytes; i += 2)
		sum += get16(data + i);
	if (i < bytes)
		sum += (l4_uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* --- checks */

/* Where the header of the network layer begins; 0: it is of another type. */
static unsigned network_at(const struct net_frame *f, l4_uint32_t type)
{
	unsigned at = TYPE_AT;

	if (get16(f->data + at) == TYPE_VLAN)
		at += VLAN_BYTES;
	if (f->bytes < at + 2 || get16(f->data + at) != type)
		return 0;
	return at + 2;
}

/* Where TCP begins; 0: the header is not in order, or something else follows. */
static unsigned tcp_behind_ipv4(const struct net_frame *f, unsigned at)
{
	const l4_uint8_t *ip = f->data + at;
	unsigned bytes;

	if (f->bytes - at < IPV4_BYTES)
		return 0;
	bytes = (ip[0] & 15) * 4;
	if (ip[0] >> 4 != 4 || bytes < IPV4_BYTES || get16(ip + IPV4_LENGTH) != f->bytes - at ||
	    (get16(ip + IPV4_FRAGMENT) & IPV4_MORE_OR_OFFSET) || ip[IPV4_PROTOCOL] != TCP)
		return 0;
	return at + bytes;
}

/* The same behind extension headers, of those that each segment may have. */
static unsigned tcp_behind_ipv6(const struct net_frame *f, unsigned at)
{
	const l4_uint8_t *ip = f->data + at;
	unsigned next;

	if (f->bytes - at < IPV6_BYTES || ip[0] >> 4 != 6 || get16(ip + IPV6_LENGTH) != f->bytes - at - IPV6_BYTES)
		return 0;
	next = ip[IPV6_NEXT];
	for (at += IPV6_BYTES; next == IPV6_HOPS || next == IPV6_ROUTING || next == IPV6_DESTINATION;) {
		if (at + IPV6_UNIT > f->bytes)
			return 0;
		next = f->data[at];
		at += (f->data[at + 1] + 1) * IPV6_UNIT;
	}
	return next == TCP ? at : 0;
}

static unsigned tcp_at(const struct net_frame *f)
{
	unsigned v4 = f->gso_type == VIRTIO_NET_HDR_GSO_TCPV4, at = network_at(f, v4 ? TYPE_IPV4 : TYPE_IPV6);

	if (!at)
		return 0;
	return v4 ? tcp_behind_ipv4(f, at) : tcp_behind_ipv6(f, at);
}

int net_large_check(struct net_frame *f)
{
	unsigned at = tcp_at(f), bytes;

	if (!at || at + TCP_BYTES > f->bytes || !f->partial || f->csum_start != at || f->csum_offset != TCP_SUM)
		return -L4_EINVAL;
	bytes = (f->data[at + TCP_OFFSET] >> 4) * 4;
	f->header_bytes = at + bytes;
	if (bytes < TCP_BYTES || f->header_bytes > NET_HEADERS_MAX || f->header_bytes >= f->bytes || !f->gso_size ||
	    f->header_bytes + f->gso_size > NET_FRAME_MAX)
		return -L4_EINVAL;
	f->segments = (f->bytes - f->header_bytes + f->gso_size - 1) / f->gso_size;
	return f->segments > NET_SEGMENTS_MAX ? -L4_EINVAL : 0;
}

/* --- cutting up */

void net_cut_start(struct net_cut *c, const struct net_frame *f)
{
	c->frame = f;
	c->next = 0;
	c->network = network_at(f, f->gso_type == VIRTIO_NET_HDR_GSO_TCPV4 ? TYPE_IPV4 : TYPE_IPV6);
	memcpy(c->headers, f->data, f->header_bytes);
}

/* The headers of the network layer for a segment of so many bytes, headers included. */
static void network_set(const struct net_cut *c, l4_uint8_t *data, unsigned bytes)
{
	l4_uint8_t *ip = data + c->network;

	if (c->frame->gso_type != VIRTIO_NET_HDR_GSO_TCPV4) {
		put16(ip + IPV6_LENGTH, bytes - c->network - IPV6_BYTES);
		return;
	}
	put16(ip + IPV4_LENGTH, bytes - c->network);
	put16(ip + IPV4_ID, get16(ip + IPV4_ID) + c->next);
	put16(ip + IPV4_SUM, 0);
	put16(ip + IPV4_SUM, ~net_sum(ip, (ip[0] & 15) * 4, 0));
}

/* In place of the checksum there is the sum of the pseudo header, which has the length. */
static void tcp_set(const struct net_cut *c, l4_uint8_t *data, unsigned bytes)
{
	unsigned at = c->frame->csum_start, done = c->next * c->frame->gso_size;
	l4_uint8_t *tcp = data + at;
	l4_uint32_t sequence = (get16(tcp + TCP_SEQUENCE) << 16 | get16(tcp + TCP_SEQUENCE + 2)) + done;
	l4_uint32_t sum = get16(tcp + TCP_SUM) + (~(c->frame->bytes - at) & 0xffff) + (bytes - at);

	put16(tcp + TCP_SEQUENCE, sequence >> 16);
	put16(tcp + TCP_SEQUENCE + 2, sequence);
	put16(tcp + TCP_SUM, net_sum(0, 0, sum));
	if (c->next)
		tcp[TCP_FLAGS] &= ~TCP_CWR;
	if (c->next + 1 < c->frame->segments)
		tcp[TCP_FLAGS] &= ~(TCP_FIN | TCP_PUSH);
}

int net_cut_next(struct net_cut *c, struct net_frame *segment)
{
	const struct net_frame *f = c->frame;
	unsigned done = c->next * f->gso_size, left = f->bytes - f->header_bytes - done;
	unsigned bytes = f->header_bytes + (left < f->gso_size ? left : f->gso_size);

	if (c->next == f->segments)
		return 0;
	/* Headers go right in front of the data, over what has been a segment. */
	*segment = (struct net_frame){ .data = f->data + done, .bytes = bytes, .partial = 1, .csum_start = f->csum_start,
				       .csum_offset = f->csum_offset };
	memcpy(segment->data, c->headers, f->header_bytes);
	network_set(c, segment->data, bytes);
	tcp_set(c, segment->data, bytes);
	c->next++;
	return 1;
}
