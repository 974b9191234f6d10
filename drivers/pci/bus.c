/* SPDX-License-Identifier: MIT */
/* The functions of the machine: enumeration and capabilities. */
#include "bus.h"
#include "place.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/pci.h>

#define CAPABILITIES_MAX 48

static l4_uint32_t get(const struct pci_bus *b, pci_address_t at, unsigned offset, unsigned bytes)
{
	return b->config->read(at, offset, bytes);
}

static void put(const struct pci_bus *b, pci_address_t at, unsigned offset, unsigned bytes, l4_uint32_t value)
{
	b->config->write(at, offset, bytes, value);
}

/* Capabilities. */

static void virtio_capability(const struct pci_bus *b, struct pci_function *f, unsigned at)
{
	if (f->vendor == VIRTIO_VENDOR && !f->caps.virtio_common &&
	    get(b, f->address, at + VIRTIO_CAP_TYPE, 1) == VIRTIO_CAP_COMMON)
		f->caps.virtio_common = at;
}

static void capability(const struct pci_bus *b, struct pci_function *f, unsigned at)
{
	struct pci_capabilities *c = &f->caps;
	unsigned *known = 0;

	switch (get(b, f->address, at, 1)) {
	case PCI_CAP_PM: known = &c->pm; break;
	case PCI_CAP_MSI: known = &c->msi; break;
	case PCI_CAP_MSIX: known = &c->msix; break;
	case PCI_CAP_EXPRESS: known = &c->express; break;
	case PCI_CAP_AF: known = &c->af; break;
	case PCI_CAP_VENDOR: virtio_capability(b, f, at); break;
	default: break;
	}
	if (known && !*known)
		*known = at;
}

/* Each has at most 24 bytes that are used here; one that would reach beyond the space is not there. */
static void read_capabilities(const struct pci_bus *b, struct pci_function *f)
{
	unsigned at, n;

	if (!(get(b, f->address, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES))
		return;
	at = get(b, f->address, PCI_CAPABILITIES, 1) & ~3U;
	for (n = 0; n < CAPABILITIES_MAX && at >= 0x40 && at <= PCI_CONFIG_BYTES - 24; n++) {
		capability(b, f, at);
		at = get(b, f->address, at + 1, 1) & ~3U;
	}
}

static int inside_bar(const struct pci_function *f, unsigned bar, l4_uint64_t offset, l4_uint64_t bytes)
{
	return bar < PCI_BARS && !(f->bars[bar].flags & L4RE_PCI_BAR_IO) && offset <= f->bars[bar].bytes &&
	       bytes <= f->bars[bar].bytes - offset;
}

static void read_msix(const struct pci_bus *b, struct pci_function *f)
{
	l4_uint32_t table, pending;
	unsigned entries;

	if (!f->caps.msix)
		return;
	table = get(b, f->address, f->caps.msix + PCI_MSIX_TABLE, 4);
	pending = get(b, f->address, f->caps.msix + PCI_MSIX_PBA, 4);
	entries = (get(b, f->address, f->caps.msix + PCI_MSIX_CONTROL, 2) & PCI_MSIX_SIZE_MASK) + 1;
	f->msix_bar = table & PCI_MSIX_BIR_MASK;
	f->msix_offset = table & ~PCI_MSIX_BIR_MASK;
	f->msix_pba_bar = pending & PCI_MSIX_BIR_MASK;
	f->msix_pba_offset = pending & ~PCI_MSIX_BIR_MASK;
	if (inside_bar(f, f->msix_bar, f->msix_offset, entries * PCI_MSIX_ENTRY_BYTES) &&
	    inside_bar(f, f->msix_pba_bar, f->msix_pba_offset, (entries + 63) / 64 * 8))
		f->msix_entries = entries;
}

static int pages_overlap(l4_uint64_t a, l4_uint64_t a_bytes, l4_uint64_t b, l4_uint64_t b_bytes)
{
	return pci_page_down(a) < pci_page_up(b + b_bytes) && pci_page_down(b) < pci_page_up(a + a_bytes);
}

int pci_msix_overlaps(const struct pci_function *f, unsigned bar, l4_uint64_t offset, l4_uint64_t bytes)
{
	if (!f->msix_entries)
		return 0;
	return (bar == f->msix_bar &&
		pages_overlap(offset, bytes, f->msix_offset, f->msix_entries * PCI_MSIX_ENTRY_BYTES)) ||
	       (bar == f->msix_pba_bar &&
		pages_overlap(offset, bytes, f->msix_pba_offset, (f->msix_entries + 63) / 64 * 8));
}

l4_uint32_t pci_write_mask(unsigned offset, unsigned bytes)
{
	if (offset == PCI_COMMAND && bytes == 2)
		return PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR;
	if (offset == PCI_STATUS && bytes == 2)
		return PCI_STATUS_ERRORS;
	if ((offset == PCI_CACHE_LINE || offset == PCI_LATENCY) && bytes == 1)
		return 0xff;
	return 0;
}

/* Enumeration. */

/* Host bridges, bridges to other kinds of buses: the machine itself, nobody's device. */
static int is_system(l4_uint32_t class_rev)
{
	return class_rev >> 24 == PCI_CLASS_BRIDGE;
}

/* Firmware may have left it working; nobody owns it yet. */
static void quiet(const struct pci_bus *b, pci_address_t at)
{
	l4_uint32_t command = get(b, at, PCI_COMMAND, 2);

	if (command & PCI_COMMAND_MASTER)
		put(b, at, PCI_COMMAND, 2, command & ~PCI_COMMAND_MASTER);
}

static void add_function(struct pci_bus *b, pci_address_t at, unsigned parent)
{
	struct pci_function *f = &b->functions[b->function_count];

	if (is_system(get(b, at, PCI_REVISION, 4)))
		return;
	quiet(b, at);
	if (b->function_count == PCI_FUNCTIONS_MAX) {
		b->left_out++;
		return;
	}
	b->function_count++;
	memset(f, 0, sizeof(*f));
	f->address = at;
	f->parent = parent;
	f->vendor = get(b, at, PCI_VENDOR, 2);
	f->device = get(b, at, PCI_DEVICE, 2);
	f->class_rev = get(b, at, PCI_REVISION, 4);
	f->subsystem = get(b, at, PCI_SUBSYSTEM, 4);
	f->irq_pin = get(b, at, PCI_INTERRUPT_PIN, 1);
	f->irq_line = get(b, at, PCI_INTERRUPT_LINE, 1);
	pci_bars_size(b, f);
	read_capabilities(b, f);
	read_msix(b, f);
}

/* Root ports and switches pass on who asks; other bridges ask themselves. */
static int is_shared(const struct pci_bus *b, pci_address_t at)
{
	struct pci_function f = { .address = at };
	unsigned type;

	read_capabilities(b, &f);
	type = f.caps.express ? PCI_EXP_TYPE(get(b, at, f.caps.express + PCI_EXP_FLAGS, 2)) : 0;
	return type < PCI_EXP_TYPE_ROOT_PORT || type > PCI_EXP_TYPE_DOWNSTREAM;
}

int pci_shares_number(const struct pci_bus *b, const struct pci_function *f)
{
	unsigned parent;

	for (parent = f->parent; parent; parent = b->bridges[parent - 1].parent)
		if (b->bridges[parent - 1].shared)
			return 1;
	return 0;
}

static struct pci_range window(l4_uint64_t base, l4_uint64_t limit, l4_uint64_t unit)
{
	return (struct pci_range){ base, limit + unit - 1 };
}

static void add_bridge(struct pci_bus *b, pci_address_t at, unsigned parent)
{
	struct pci_bridge *r = &b->bridges[b->bridge_count++];

	r->address = at;
	r->parent = parent;
	r->secondary = get(b, at, PCI_SECONDARY_BUS, 1);
	r->shared = is_shared(b, at);
	r->memory = window((l4_uint64_t)(get(b, at, PCI_MEMORY_BASE, 2) & 0xfff0) << 16,
			   (l4_uint64_t)(get(b, at, PCI_MEMORY_LIMIT, 2) & 0xfff0) << 16, 1 << 20);
	r->io = window((get(b, at, PCI_IO_BASE, 1) & 0xf0) << 8, (get(b, at, PCI_IO_LIMIT, 1) & 0xf0) << 8, 1 << 12);
}

/* Buses found so far: each is scanned once, and only by a bridge on a lower one. */
struct pending_bus {
	unsigned number, parent;
};
struct scan {
	struct pending_bus queue[PCI_BRIDGES_MAX + 1];
	unsigned count;
};

static void found_bridge(struct pci_bus *b, struct scan *s, pci_address_t at, unsigned parent)
{
	unsigned secondary = get(b, at, PCI_SECONDARY_BUS, 1), i;

	if (b->bridge_count == PCI_BRIDGES_MAX) {
		b->left_out++;
		return;
	}
	if (secondary <= at >> 8 || secondary > b->config->bus_last)
		return; /* firmware did not set it up */
	for (i = 0; i < s->count; i++)
		if (s->queue[i].number == secondary)
			return;
	add_bridge(b, at, parent);
	s->queue[s->count++] = (struct pending_bus){ secondary, b->bridge_count };
}

static void scan_device(struct pci_bus *b, struct scan *s, unsigned bus, unsigned device, unsigned parent)
{
	unsigned fn, header, count = 1;

	for (fn = 0; fn < count; fn++) {
		pci_address_t at = bus << 8 | device << 3 | fn;

		if (get(b, at, PCI_VENDOR, 2) == PCI_VENDOR_NONE)
			continue;
		header = get(b, at, PCI_HEADER_TYPE, 1);
		if (!fn && (header & PCI_HEADER_MULTI))
			count = 8;
		if ((header & PCI_HEADER_MASK) == PCI_HEADER_BRIDGE)
			found_bridge(b, s, at, parent);
		else if (!(header & PCI_HEADER_MASK))
			add_function(b, at, parent);
	}
}

void pci_bus_scan(struct pci_bus *b)
{
	struct scan s = { { { b->config->bus_first, 0 } }, 1 };
	unsigned i, device;

	b->function_count = b->bridge_count = b->left_out = 0;
	for (i = 0; i < s.count; i++)
		for (device = 0; device < 32; device++)
			scan_device(b, &s, s.queue[i].number, device, s.queue[i].parent);
	pci_bars_place(b);
}
