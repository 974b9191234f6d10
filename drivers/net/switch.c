/* SPDX-License-Identifier: MIT */
/* Which ports a frame is for. */
#include "net.h"
#include "../../l4re/lib/string.h"

/* Group addresses that end at the next station: IEEE 802.1Q, section 8.6.3. */
#define MAC_LINK_LOCAL 0x0000c28001UL
#define MAC_LINK_LOCAL_MASK 0xf0ffffffffffUL

net_mac_t net_mac(const l4_uint8_t *bytes)
{
	net_mac_t mac = 0;
	unsigned i;

	for (i = 0; i < VIRTIO_NET_MAC_BYTES; i++)
		mac |= (net_mac_t)bytes[i] << 8 * i;
	return mac;
}

/* --- learned addresses */

static unsigned set_of(net_mac_t mac)
{
	return (mac * 0x9e3779b97f4a7c15UL) >> 60;
}
_Static_assert(NET_SETS == 16, "a set is four bits of the hash");

static struct net_entry *find(const struct net_table *t, net_mac_t mac)
{
	const struct net_entry *set = t->entry[set_of(mac)];
	unsigned i;

	for (i = 0; i < NET_WAYS; i++)
		if (set[i].mac == mac)
			return (struct net_entry *)&set[i];
	return 0;
}

void net_table_learn(struct net_table *t, net_mac_t mac, l4_uint32_t now)
{
	struct net_entry *set = t->entry[set_of(mac)], *e = find(t, mac);
	unsigned i;

	/* A new one takes a free place, or that of the one not heard of for longest. */
	if (!e)
		for (e = set, i = 1; i < NET_WAYS; i++)
			if (e->mac && (!set[i].mac || now - set[i].seen > now - e->seen))
				e = &set[i];
	e->mac = mac;
	e->seen = now;
}

void net_table_forget(struct net_table *t, net_mac_t mac)
{
	struct net_entry *e = find(t, mac);

	if (e)
		e->mac = 0;
}

int net_table_has(const struct net_table *t, net_mac_t mac, l4_uint32_t now)
{
	const struct net_entry *e = find(t, mac);

	return e && now - e->seen <= NET_AGE_SECONDS;
}

/* --- the way of a frame */

/* Each port in turn: the sessions', then the uplink. */
static unsigned port_next(const struct net_service *n, unsigned port)
{
	return port + 1 < n->session_count || port >= NET_UPLINK ? port + 1 : NET_UPLINK;
}

static unsigned port_first(const struct net_service *n)
{
	return n->session_count ? 0 : NET_UPLINK;
}

/* The port that has this address, NET_PORTS_MAX if none is known to have. */
static unsigned port_of(const struct net_service *n, net_mac_t mac, l4_uint32_t now)
{
	unsigned p, learned = NET_PORTS_MAX;

	for (p = port_first(n); p < NET_PORTS_MAX; p = port_next(n, p)) {
		if (n->ports[p].mac == mac)
			return p;
		if (learned == NET_PORTS_MAX && net_table_has(&n->ports[p].learned, mac, now))
			learned = p;
	}
	return learned;
}

static l4_uint64_t port_bit(unsigned port) { return 1UL << port; }
_Static_assert(NET_PORTS_MAX <= 64, "ports as bits");

static void give_uplink(struct net_service *n, struct net_frame *f)
{
	struct l4vio_net_counters *count = &n->ports[NET_UPLINK].count;

	if (!n->ops->uplink)
		return;
	if (!(n->uplink_features & VIRTIO_NET_F_CSUM))
		net_frame_complete(f);
	if (n->ops->uplink(f)) {
		count->lost++;
		return;
	}
	count->received++;
	count->received_bytes += f->bytes;
	count->large_received += f->gso_size != 0;
}

static void give(struct net_service *n, l4_uint64_t ports, struct net_frame *f)
{
	unsigned p;

	for (p = port_first(n); p < NET_PORTS_MAX; p = port_next(n, p)) {
		if (!(ports & port_bit(p)))
			continue;
		if (p == NET_UPLINK)
			give_uplink(n, f);
		else
			net_deliver(&n->sessions[p], f);
	}
}

/* What a device does of it, in terms of what a client takes. */
static l4_uint64_t takes(const struct net_service *n, unsigned port)
{
	l4_uint64_t f = n->uplink_features;

	if (port != NET_UPLINK)
		return n->sessions[port].vio.features;
	return (f & VIRTIO_NET_F_CSUM ? VIRTIO_NET_F_GUEST_CSUM : 0) | (f & VIRTIO_NET_F_HOST_TSO4 ? VIRTIO_NET_F_GUEST_TSO4 : 0) |
	       (f & VIRTIO_NET_F_HOST_TSO6 ? VIRTIO_NET_F_GUEST_TSO6 : 0);
}

/* First who takes it whole: the frame is gone when it has been cut up, once for all the others. */
static void give_large(struct net_service *n, l4_uint64_t ports)
{
	struct net_frame segment;
	l4_uint64_t whole = 0;
	struct net_cut cut;
	unsigned p;

	for (p = port_first(n); p < NET_PORTS_MAX; p = port_next(n, p))
		if (net_takes_large(takes(n, p), &n->frame))
			whole |= port_bit(p);
	give(n, ports & whole, &n->frame);
	if (!(ports & ~whole))
		return;
	net_cut_start(&cut, &n->frame);
	while (net_cut_next(&cut, &segment))
		give(n, ports & ~whole, &segment);
}

/* 0: the sender may not use this address. */
static int learn(struct net_service *n, unsigned from, net_mac_t sender, l4_uint32_t now)
{
	unsigned p;

	if (!sender || (sender & NET_MAC_GROUP))
		return 0;
	/* Or a client could have what is for others, by sending from their addresses. */
	if (from != NET_UPLINK && !n->ports[from].bridge)
		return sender == n->ports[from].mac;
	for (p = port_first(n); p < NET_PORTS_MAX; p = port_next(n, p)) {
		if (n->ports[p].mac == sender)
			return p == from;
		if (p != from)
			net_table_forget(&n->ports[p].learned, sender);
	}
	net_table_learn(&n->ports[from].learned, sender, now);
	return 1;
}

/* The ports that a frame is for. */
static l4_uint64_t ports_for(const struct net_service *n, net_mac_t to, l4_uint32_t now)
{
	unsigned p = to & NET_MAC_GROUP ? NET_PORTS_MAX : port_of(n, to, now);
	l4_uint64_t ports = 0;

	if ((to & MAC_LINK_LOCAL_MASK) == MAC_LINK_LOCAL)
		return 0;
	if (p < NET_PORTS_MAX)
		return port_bit(p);
	for (p = port_first(n); p < NET_PORTS_MAX; p = port_next(n, p))
		ports |= port_bit(p);
	return ports;
}

void net_forward(struct net_service *n, unsigned from)
{
	net_mac_t to = net_mac(n->frame.data), sender = net_mac(n->frame.data + VIRTIO_NET_MAC_BYTES);
	struct l4vio_net_counters *count = &n->ports[from].count;
	l4_uint32_t now = n->ops->now();
	l4_uint64_t ports;

	if (!learn(n, from, sender, now)) {
		count->refused++;
		return;
	}
	count->sent++;
	count->sent_bytes += n->frame.bytes;
	count->large_sent += n->frame.gso_size != 0;
	ports = ports_for(n, to, now) & ~port_bit(from);
	if (n->frame.gso_size)
		give_large(n, ports);
	else
		give(n, ports, &n->frame);
}
