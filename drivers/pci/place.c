/* SPDX-License-Identifier: MIT */
/* Base address registers: sizes, and places for those that have none. */
#include "place.h"

#include <l4/re/c/pci.h>

#define DECODE (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)
#define BAR_MAX (1UL << 40)

static l4_uint32_t get(const struct pci_bus *b, const struct pci_function *f, unsigned n)
{
	return b->config->read(f->address, PCI_BAR0 + 4 * n, 4);
}

static void put(const struct pci_bus *b, const struct pci_function *f, unsigned n, l4_uint32_t value)
{
	b->config->write(f->address, PCI_BAR0 + 4 * n, 4, value);
}

/* The bits that can be set are the size. */
static l4_uint32_t probe(const struct pci_bus *b, const struct pci_function *f, unsigned n)
{
	l4_uint32_t old = get(b, f, n), mask;

	put(b, f, n, ~0U);
	mask = get(b, f, n);
	put(b, f, n, old);
	return mask;
}

static int is_size(l4_uint64_t bytes)
{
	return bytes && !(bytes & (bytes - 1)) && bytes <= BAR_MAX;
}

static void size_ports(const struct pci_bus *b, struct pci_function *f, unsigned n)
{
	l4_uint64_t bytes = (-(probe(b, f, n) & PCI_BAR_IO_MASK)) & 0xffff;

	if (!is_size(bytes))
		return;
	f->bars[n] = (struct pci_bar){ get(b, f, n) & PCI_BAR_IO_MASK, bytes, L4RE_PCI_BAR_IO };
}

/* Returns how many registers it takes. */
static unsigned size_memory(const struct pci_bus *b, struct pci_function *f, unsigned n)
{
	l4_uint32_t low = get(b, f, n);
	int wide = (low & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64 && n + 1 < PCI_BARS;
	l4_uint64_t mask = probe(b, f, n) & PCI_BAR_MEMORY_MASK, address = low & PCI_BAR_MEMORY_MASK;

	mask |= wide ? (l4_uint64_t)probe(b, f, n + 1) << 32 : mask ? 0xffffffffUL << 32 : 0;
	address |= wide ? (l4_uint64_t)get(b, f, n + 1) << 32 : 0;
	if (is_size(-mask))
		f->bars[n] = (struct pci_bar){ address, -mask, (wide ? L4RE_PCI_BAR_64 : 0) |
					       (low & PCI_BAR_PREFETCH ? L4RE_PCI_BAR_PREFETCH : 0) };
	return wide ? 2 : 1;
}

void pci_bars_size(const struct pci_bus *b, struct pci_function *f)
{
	l4_uint32_t command = b->config->read(f->address, PCI_COMMAND, 2);
	unsigned n = 0;

	b->config->write(f->address, PCI_COMMAND, 2, command & ~DECODE);
	while (n < PCI_BARS) {
		if (!(get(b, f, n) & PCI_BAR_IO)) {
			n += size_memory(b, f, n);
			continue;
		}
		size_ports(b, f, n);
		n++;
	}
}

/* Places. */

static int overlap(const struct pci_range *a, l4_uint64_t first, l4_uint64_t last)
{
	return a->first <= last && first <= a->last;
}

/* What a BAR at an address takes: memory is handed out in pages, so that two BARs must never share one. */
static struct pci_range extent(const struct pci_bar *bar, l4_uint64_t address)
{
	l4_uint64_t end = address + bar->bytes;

	if (bar->flags & L4RE_PCI_BAR_IO)
		return (struct pci_range){ address, end - 1 };
	return (struct pci_range){ pci_page_down(address), pci_page_up(end) - 1 };
}

static int same_kind(const struct pci_bar *a, const struct pci_bar *b)
{
	return !((a->flags ^ b->flags) & L4RE_PCI_BAR_IO);
}

/* A BAR in front of this one (or any other, if all) that has part of its range; null if there is none. */
static const struct pci_bar *collides(const struct pci_bus *b, const struct pci_bar *bar, l4_uint64_t first, int all)
{
	struct pci_range want = extent(bar, first), taken;
	unsigned i, n;

	for (i = 0; i < b->function_count; i++)
		for (n = 0; n < PCI_BARS; n++) {
			const struct pci_bar *o = &b->functions[i].bars[n];

			if (o == bar && !all)
				return 0;
			taken = extent(o, o->address);
			if (o != bar && o->bytes && o->address && same_kind(o, bar) && overlap(&taken, want.first, want.last))
				return o;
		}
	return 0;
}

/* The part of the bus's window that all bridges on the way pass on. */
static struct pci_range reachable(const struct pci_bus *b, const struct pci_function *f, int io)
{
	struct pci_range r = io ? b->io : b->memory;
	unsigned parent = f->parent, steps;

	for (steps = 0; parent && steps <= PCI_BRIDGES_MAX; steps++) {
		const struct pci_bridge *bridge = &b->bridges[parent - 1];
		const struct pci_range *w = io ? &bridge->io : &bridge->memory;

		r.first = w->first > r.first ? w->first : r.first;
		r.last = w->last < r.last ? w->last : r.last;
		parent = bridge->parent;
	}
	return r;
}

/* Another function on the way down must not lose what a bridge passes on: on the bus itself, bridge windows are taken. */
static const struct pci_range *in_window(const struct pci_bus *b, const struct pci_function *f, int io, l4_uint64_t first,
					 l4_uint64_t last)
{
	unsigned i;

	for (i = 0; i < b->bridge_count; i++) {
		const struct pci_range *w = io ? &b->bridges[i].io : &b->bridges[i].memory;

		if (b->bridges[i].parent == f->parent && w->first <= w->last && overlap(w, first, last))
			return w;
	}
	return 0;
}

static l4_uint64_t align(l4_uint64_t at, l4_uint64_t bytes)
{
	return (at + bytes - 1) & ~(bytes - 1);
}

/* First fit; 0: none. Every step goes beyond something that is in the way, so it ends. */
static l4_uint64_t find_place(const struct pci_bus *b, const struct pci_function *f, const struct pci_bar *bar)
{
	int io = bar->flags & L4RE_PCI_BAR_IO;
	struct pci_range r = reachable(b, f, io);
	l4_uint64_t unit = io ? bar->bytes : pci_page_up(bar->bytes);
	l4_uint64_t at = align(r.first, unit);

	while (at && at >= r.first && at <= r.last && bar->bytes - 1 <= r.last - at) {
		const struct pci_bar *o = collides(b, bar, at, 1);
		const struct pci_range *w = in_window(b, f, io, at, at + bar->bytes - 1);

		if (!o && !w)
			return at;
		at = align(w ? w->last + 1 : o->address + o->bytes, unit);
	}
	return 0;
}

/* Does where firmware put it make sense? */
static int well_placed(const struct pci_bus *b, const struct pci_function *f, const struct pci_bar *bar)
{
	struct pci_range r = reachable(b, f, bar->flags & L4RE_PCI_BAR_IO);
	l4_uint64_t last = bar->address + bar->bytes - 1;

	if (!bar->address || (bar->address & (bar->bytes - 1)) || last < bar->address)
		return 0;
	/* Above 4 GiB firmware knows of windows that are not described here. */
	if (bar->address < 1UL << 32 && (bar->address < r.first || last > r.last))
		return 0;
	return bar->address < 1UL << 46 && !collides(b, bar, bar->address, 0);
}

void pci_bars_write(const struct pci_bus *b, const struct pci_function *f)
{
	unsigned n;

	for (n = 0; n < PCI_BARS; n++) {
		const struct pci_bar *bar = &f->bars[n];

		if (!bar->bytes)
			continue;
		put(b, f, n, bar->address);
		if (bar->flags & L4RE_PCI_BAR_64)
			put(b, f, n + 1, bar->address >> 32);
	}
}

void pci_bars_place(struct pci_bus *b)
{
	unsigned i, n;

	for (i = 0; i < b->function_count; i++) {
		struct pci_function *f = &b->functions[i];

		for (n = 0; n < PCI_BARS; n++) {
			struct pci_bar *bar = &f->bars[n];

			if (!bar->bytes || well_placed(b, f, bar))
				continue;
			bar->address = find_place(b, f, bar);
			if (!bar->address)
				bar->bytes = 0;
		}
		pci_bars_write(b, f);
	}
}
