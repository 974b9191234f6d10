// SPDX-License-Identifier: MIT
/*
 * DMA spaces as the PCI manager keeps them, with and without an IOMMU, against a model of root's pins and of the units' tables: what is mapped is
 * pinned, mappings never touch, errors leave nothing behind, and memory that a unit may still reach stays pinned.
 * sources: drivers/pci/dma.c
 * cflags: -Idrivers/pci -Il4re/include -DL4_API_FUNCTIONS -include tests/unit/support/fake_calls.h -Wno-attributes
 */
#include <stdio.h>
#include <string.h>

#include <l4/re/c/dma_space.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>

#include "dma.h"
#include "iommu.h"
#include "pin.h"
#include "remap.h"
#include "reset.h"
#include "support/check.h"

#define FUNCTIONS 4
#define DATASPACES 4
#define PINS 2048
#define CHUNK 0x3000UL /* memory is in pieces of this size, far from each other */

static l4_utcb_t utcb;
static struct pci_bus bus;
static struct acpi_facts facts;
static int covered[FUNCTIONS], attached[FUNCTIONS], read_only, unit_dead, tables_full;
static int pinned[PINS]; /* dataspace + 1 */
static unsigned gates;
#define MAPPINGS 40 /* of a function at most */

static const l4_uint64_t ds_bytes[DATASPACES] = { 0x1000, 0x3000, 0x8000, 0x400000 };

/* What the units' tables say. */
struct piece {
	const struct pci_function *f;
	l4_uint64_t address, pa, bytes;
	int read, write;
};
static struct piece pieces[65536];
static unsigned piece_count;

/* What was mapped and not unmapped. */
struct live {
	unsigned f, ds;
	l4_uint64_t address, offset, bytes;
};
static struct live live[DMA_MAPPINGS_ALL];
static unsigned live_count;

l4_utcb_t *fake_utcb(void) { return &utcb; }
l4_cap_idx_t l4re_util_cap_alloc(void) { return 0x5000; }
void l4re_util_cap_free(l4_cap_idx_t cap) { }
static l4re_env_t environment;
l4re_env_t *l4re_global_env = &environment;

/* Gates are made and deleted. */
l4_msgtag_t fake_call(l4_cap_idx_t dest, l4_msgtag_t tag)
{
	if (l4_msgtag_label(tag) == L4_PROTO_FACTORY)
		gates++;
	else
		gates--;
	return l4_msgtag(0, 0, 0, 0);
}

long l4re_ds_flags(l4re_ds_t ds) { return read_only ? L4RE_DS_F_R : L4RE_DS_F_R | L4RE_DS_F_W; }
void reset_drain(const struct pci_bus *b, const struct pci_function *f) { }

long pin_take(l4_umword_t number, l4_cap_idx_t ds, l4_uint64_t *bytes)
{
	unsigned n;

	if (number >= DATASPACES)
		return -L4_ENOENT;
	for (n = 0; n < PINS && pinned[n]; n++)
		;
	CHECK(n < PINS);
	pinned[n] = number + 1;
	*bytes = ds_bytes[number];
	return n;
}

int pin_address(unsigned pin, l4_uint64_t offset, l4_uint64_t *pa, l4_uint64_t *bytes)
{
	CHECK(pinned[pin] && offset < ds_bytes[pinned[pin] - 1]);
	*pa = (l4_uint64_t)pinned[pin] << 32 | offset / CHUNK << 24 | offset % CHUNK;
	*bytes = CHUNK - offset % CHUNK;
	return 0;
}

void pin_drop(unsigned pin)
{
	CHECK(pin < PINS && pinned[pin]);
	pinned[pin] = 0;
}


const char *iommu_start(const struct pci_bus *b, const struct acpi_facts *f, unsigned share, int *stuck)
{
	CHECK(share == 17);
	*stuck = 1;
	return "a test";
}

static unsigned number(const struct pci_function *f) { return f - bus.functions; }
int iommu_covers(const struct pci_function *f) { return covered[number(f)]; }

int iommu_attach(const struct pci_function *f)
{
	CHECK(!attached[number(f)]);
	attached[number(f)] = 1;
	return 0;
}

int iommu_detach(const struct pci_function *f)
{
	unsigned i;

	if (unit_dead)
		return -L4_EIO;
	for (i = 0; i < piece_count;)
		if (pieces[i].f == f)
			pieces[i] = pieces[--piece_count];
		else
			i++;
	attached[number(f)] = 0;
	return 0;
}

int iommu_map(const struct pci_function *f, l4_uint64_t address, l4_uint64_t pa, l4_uint64_t bytes, int read, int write)
{
	unsigned i;

	CHECK(attached[number(f)] && address >= REMAP_FIRST && address + bytes - 1 <= REMAP_LAST && bytes);
	CHECK(!((address | pa | bytes) & ~L4_PAGEMASK));
	for (i = 0; i < piece_count; i++)
		CHECK(pieces[i].f != f || address >= pieces[i].address + pieces[i].bytes || pieces[i].address >= address + bytes);
	if (tables_full && !--tables_full)
		return -L4_ENOMEM;
	pieces[piece_count++] = (struct piece){ f, address, pa, bytes, read, write };
	return 0;
}

int iommu_unmap(const struct pci_function *f, l4_uint64_t address, l4_uint64_t bytes)
{
	unsigned i;

	for (i = 0; i < piece_count;)
		if (pieces[i].f == f && pieces[i].address >= address && pieces[i].address < address + bytes)
			pieces[i] = pieces[--piece_count];
		else
			i++;
	return unit_dead ? -L4_EIO : 0;
}

int iommu_flush(const struct pci_function *f) { return unit_dead ? -L4_EIO : 0; }

/* --- checks */

static unsigned pins(void)
{
	unsigned n, k = 0;

	for (n = 0; n < PINS; n++)
		k += pinned[n] != 0;
	return k;
}

static unsigned count_of(unsigned f)
{
	unsigned i, n = 0;

	for (i = 0; i < live_count; i++)
		n += live[i].f == f;
	return n;
}

/* Every page of a mapping leads to its page of the dataspace, or is that page; between two mappings is a free page. */
static void check_mapping(const struct live *l, unsigned dir)
{
	l4_uint64_t at, pa;
	unsigned i;

	for (at = 0; at < l->bytes; at += L4_PAGESIZE) {
		l4_uint64_t offset = l->offset + at;

		pa = (l4_uint64_t)(l->ds + 1) << 32 | offset / CHUNK << 24 | offset % CHUNK;
		if (!covered[l->f]) {
			CHECK(l->address + at == pa);
			continue;
		}
		for (i = 0; i < piece_count; i++)
			if (pieces[i].f == &bus.functions[l->f] && l->address + at - pieces[i].address < pieces[i].bytes)
				break;
		CHECK(i < piece_count && pieces[i].pa + (l->address + at - pieces[i].address) == pa);
		CHECK(pieces[i].read == (dir != L4RE_DMA_SPACE_FROM_DEVICE) && pieces[i].write == (dir != L4RE_DMA_SPACE_TO_DEVICE));
	}
	for (i = 0; i < live_count && covered[l->f]; i++)
		CHECK(live[i].f != l->f || l->address > live[i].address + live[i].bytes || live[i].address > l->address + l->bytes);
}

static void random_map(void)
{
	unsigned f = random_below(FUNCTIONS), dir = random_below(3), ds = random_below(DATASPACES), before = pins();
	l4_uint64_t pages = ds_bytes[ds] / L4_PAGESIZE, first = random_below(pages);
	struct dma_request r = { ds, first * L4_PAGESIZE, (1 + random_below(pages - first)) * L4_PAGESIZE, dir };
	struct live l = { .f = f, .ds = ds, .offset = r.offset };
	l4_uint64_t wanted = r.bytes;
	long err;

	if (ds == 3 && random_below(8))
		r.bytes = wanted = L4_PAGESIZE;
	tables_full = random_below(10) ? 0 : 1 + random_below(3);
	read_only = !random_below(10);
	err = dma_map(&bus.functions[f], &r, 0x7000, &l.address);
	if (err) {
		CHECK(err == -L4_ENOMEM || (err == -L4_EPERM && read_only && dir != L4RE_DMA_SPACE_TO_DEVICE));
		CHECK(pins() == before);
		return;
	}
	l.bytes = r.bytes;
	CHECK(pins() == before + 1 && (covered[f] ? l.bytes == wanted : l.bytes && l.bytes <= wanted));
	CHECK(!read_only || dir == L4RE_DMA_SPACE_TO_DEVICE);
	check_mapping(&l, dir);
	live[live_count++] = l;
	CHECK(count_of(f) <= MAPPINGS);
}

static void random_unmap(void)
{
	unsigned n = random_below(live_count), before = pins();
	struct live l = live[n];
	const struct pci_function *f = &bus.functions[l.f];

	/* Physical addresses may have been given twice. */
	CHECK(!covered[l.f] || dma_unmap(f, l.address, l.bytes + L4_PAGESIZE) == -L4_ENOENT);
	CHECK(dma_unmap(f, l.address + 1, l.bytes) == -L4_ENOENT);
	CHECK(dma_unmap(f, l.address, l.bytes) == 0 && pins() == before - 1);
	live[n] = live[--live_count];
}

static void close_function(unsigned f)
{
	unsigned i, before = pins(), mine = count_of(f);

	CHECK(dma_close(&bus.functions[f]) == 0 && pins() == before - mine);
	for (i = 0; i < live_count;)
		if (live[i].f == f)
			live[i] = live[--live_count];
		else
			i++;
	CHECK(dma_open(&bus.functions[f]) == 0);
}

static void check_random(void)
{
	unsigned i;

	for (i = 0; i < FUNCTIONS; i++)
		CHECK(dma_open(&bus.functions[i]) == 0);
	for (i = 0; i < 8000; i++) {
		if (live_count && !random_below(3))
			random_unmap();
		else
			random_map();
		if (!random_below(400))
			close_function(random_below(FUNCTIONS));
		CHECK(pins() == live_count);
	}
	for (i = 0; i < FUNCTIONS; i++)
		close_function(i);
	CHECK(!pins() && !piece_count && !live_count);
}

static void check_errors(void)
{
	static const struct dma_request bad[] = { { 0, 0, 0, 0 }, { 0, 1, 4096, 0 }, { 0, 0, 4097, 0 }, { 0, 0, 4096, 3 } };
	static const struct dma_request outside[] = { { 0, 4096, 4096, 0 }, { 0, 0, 8192, 0 }, { 0, -4096UL, 8192, 0 },
						      { 3, 0, -4096UL, 0 } };
	struct dma_request r = { DATASPACES, 0, 4096, 0 };
	l4_uint64_t address;
	unsigned i, f;

	read_only = tables_full = 0;
	for (f = 0; f < 2; f++) {
		for (i = 0; i < 4; i++) {
			struct dma_request b = bad[i], o = outside[i];

			CHECK(dma_map(&bus.functions[f], &b, 0, &address) == -L4_EINVAL);
			CHECK(dma_map(&bus.functions[f], &o, 0, &address) == -L4_ERANGE);
		}
		CHECK(dma_map(&bus.functions[f], &r, 0, &address) == -L4_ENOENT && !pins());
	}
}

/* A unit that does not confirm: the memory stays pinned, now and at the end. */
static void check_dead_unit(void)
{
	struct dma_request r = { 1, 0, 4096, 0 }, q = r;
	l4_uint64_t address;

	CHECK(dma_map(&bus.functions[0], &r, 0, &address) == 0 && pins() == 1);
	unit_dead = 1;
	CHECK(dma_unmap(&bus.functions[0], address, 4096) == -L4_EIO && pins() == 1);
	CHECK(dma_map(&bus.functions[0], &q, 0, &address) == -L4_EIO && pins() == 2);
	CHECK(dma_close(&bus.functions[0]) == -L4_EIO && pins() == 2);
	unit_dead = 0;
	CHECK(dma_close(&bus.functions[0]) == 0 && pins() == 1);
}

static void check_gates(void)
{
	l4_cap_idx_t a = 0, b = 1;

	gates = 0;
	CHECK(dma_gate(&bus.functions[1], 0x10, &a) == 0 && dma_gate(&bus.functions[1], 0x10, &b) == 0 && a == b && gates == 1);
	CHECK(dma_close(&bus.functions[1]) == 0 && gates == 0);
	CHECK(dma_close(&bus.functions[1]) == 0 && gates == 0);
}

int main(void)
{
	int stuck;

	name = "start";
	bus.function_count = FUNCTIONS;
	covered[0] = covered[2] = covered[3] = 1;
	CHECK(dma_init(&bus, &facts, &(struct pci_share){ .pages = 17, .mappings = MAPPINGS }, &stuck) && stuck == 1);
	run_check("random", check_random);
	run_check("errors", check_errors);
	run_check("gates", check_gates);
	run_check("dead-unit", check_dead_unit);
	return 0;
}
