// SPDX-License-Identifier: MIT
/*
 * PCI manager: ACPI tables, enumeration, BARs and grants against a model of configuration space; and no crash, no
 * endless loop on tables and devices that lie.
 * sources: drivers/pci/acpi.c drivers/pci/bus.c drivers/pci/place.c drivers/pci/grant.c drivers/pci/scope.c drivers/pci/route.c
 * cflags: -Idrivers/pci -Il4re/include
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/re/c/pci.h>
#include <l4/sys/err.h>
#include <l4/sys/proto.h>

#include "acpi.h"
#include "bus.h"
#include "device.h"
#include "dma.h"
#include "grant.h"
#include "remap.h"
#include "route.h"
#include "scope.h"
#include "support/random.h"

#define ROUNDS 20000


/* --- ACPI: a small physical memory, each table a page. */

#define PHYS_BASE 0x7fe0000UL
#define PAGES 8
static unsigned char phys[PAGES * 4096];

static int phys_read(l4_uint64_t pa, void *to, unsigned bytes)
{
	if (pa < PHYS_BASE || bytes > sizeof(phys) || pa - PHYS_BASE > sizeof(phys) - bytes)
		return 0;
	memcpy(to, phys + (pa - PHYS_BASE), bytes);
	return 1;
}

static unsigned char *page(unsigned n) { return phys + n * 4096; }

static void seal(unsigned char *t, unsigned bytes, unsigned at)
{
	unsigned char sum = 0;
	unsigned i;

	t[at] = 0;
	for (i = 0; i < bytes; i++)
		sum += t[i];
	t[at] = -sum;
}

static void table(unsigned n, const char *name, const void *body, unsigned bytes)
{
	unsigned total = 36 + bytes;

	memset(page(n), 0, 4096);
	memcpy(page(n), name, 4);
	memcpy(page(n) + 4, &total, 4);
	memcpy(page(n) + 36, body, bytes);
	seal(page(n), total, 9);
}

static void build_tables(void)
{
	static const unsigned char madt[] = {
		0, 0, 0xe0, 0xfe, 1, 0, 0, 0,
		0, 8, 0, 0, 1, 0, 0, 0,
		1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,
		2, 10, 0, 9, 9, 0, 0, 0, 0xd, 0,
		2, 10, 0, 99, 9, 0, 0, 0, 0xd, 0, /* no such interrupt */
	};
	static const unsigned char mcfg[] = {
		0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, /* no address */
		0, 0, 0, 0xc0, 0, 0, 0, 0, 1, 0, 9, 8, 0, 0, 0, 0, /* no bus */
	};
	static const unsigned char dmar[] = {
		39, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 24, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe, 0, 0, 0, 0, 1, 8, 0, 0, 0, 2, 3, 1,
		1, 0, 24, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0xff, 0x1f, 0, 0, 0, 0, 0, 0,
		0, 0, 3, 0, /* shorter than its own head */
	};
	l4_uint64_t roots[4] = { PHYS_BASE + 2 * 4096, PHYS_BASE + 3 * 4096, PHYS_BASE + 4 * 4096, 0x1000 };
	l4_uint64_t root = PHYS_BASE + 4096;

	memset(page(0), 0, 4096);
	memcpy(page(0), "RSD PTR ", 8);
	page(0)[15] = 2;
	memcpy(page(0) + 24, &root, 8);
	seal(page(0), 20, 8);
	seal(page(0), 36, 32);
	table(1, "XSDT", roots, sizeof(roots));
	table(2, "APIC", madt, sizeof(madt));
	table(3, "MCFG", mcfg, sizeof(mcfg));
	table(4, "DMAR", dmar, sizeof(dmar));
}

static struct acpi_facts facts;
static struct pci_bus bus;

static const char *test_acpi(void)
{
	build_tables();
	if (acpi_read(&facts, PHYS_BASE, phys_read))
		return "not read";
	if (facts.segment_count != 1 || facts.segments[0].base != 0xb0000000 || facts.segments[0].bus_last != 255)
		return "MCFG";
	if (facts.override_count != 2 || facts.overrides[0].line != 2 || !facts.overrides[1].level || facts.overrides[1].low ||
	    facts.io_apic_count != 1 || facts.io_apics[0].id || facts.io_apics[0].line)
		return "MADT";
	if (!facts.dmar || !facts.intr_remap || facts.drhd_count != 1 || facts.drhds[0].base != 0xfed90000 ||
	    !facts.drhds[0].all || facts.drhds[0].scope_count != 1 || facts.drhds[0].scopes[0].bus != 2 ||
	    facts.drhds[0].scopes[0].depth != 1 || facts.drhds[0].scopes[0].path[0] != (3 << 3 | 1))
		return "DMAR";
	if (!facts.dmar_damaged)
		return "an entry shorter than its head is not noted";
	if (facts.rmrr_count != 1 || facts.rmrrs[0].first != 0x1000 || facts.rmrrs[0].last != 0x1fff)
		return "RMRR";
	page(3)[40]++;
	if (acpi_read(&facts, PHYS_BASE, phys_read) || facts.segment_count)
		return "a wrong sum is taken";
	page(1)[9]++;
	if (acpi_read(&facts, PHYS_BASE, phys_read) != -L4_ENOENT)
		return "a wrong root is taken";
	return acpi_read(&facts, 0, phys_read) == -L4_ENOENT ? NULL : "no root";
}

/* As many regions as there is room for are read; with one more the table is not understood. */
static int test_reserved_many(void)
{
	static unsigned char body[12 + 24 * (ACPI_RMRRS + 1)] = { 39, 1 };
	unsigned n;

	for (n = 0; n <= ACPI_RMRRS; n++)
		memcpy(body + 12 + 24 * n, (unsigned char[24]){ 1, 0, 24, 0, [10] = n + 1, [16] = 0xff, 0xff, n + 1 }, 24);
	build_tables();
	table(4, "DMAR", body, sizeof(body) - 24);
	if (acpi_read(&facts, PHYS_BASE, phys_read) || facts.dmar_damaged || facts.rmrr_count != ACPI_RMRRS)
		return 1;
	table(4, "DMAR", body, sizeof(body));
	return acpi_read(&facts, PHYS_BASE, phys_read) || !facts.dmar_damaged || facts.rmrr_count != ACPI_RMRRS;
}

/* A DMAR that is not understood wholly is not used: each of these has one thing wrong. */
static const char *test_dmar_damage(void)
{
	static const struct {
		unsigned bytes;      /* of the body behind the table's head */
		unsigned char body[80];
		int damaged;
	} cases[] = {
		{ 12, { 39, 1 }, 0 },
		{ 11, { 39, 1 }, 1 },
		{ 28, { 39, 1, [12] = 0, 0, 16, 0, 1, [22] = 0xd9, 0xfe }, 0 },
		{ 27, { 39, 1, [12] = 0, 0, 16, 0, 1, [22] = 0xd9, 0xfe }, 1 },
		{ 28, { 39, 1, [12] = 0, 0, 16, 0, 1 }, 1 },                            /* no address */
		{ 28, { 39, 1, [12] = 0, 0, 16, 0, 1, [20] = 8, [22] = 0xd9, 0xfe }, 1 }, /* not a page */
		{ 28, { 39, 1, [12] = 0, 0, 12, 0, 1, [22] = 0xd9, 0xfe }, 1 },         /* too short for a unit */
		{ 30, { 39, 1, [12] = 0, 0, 16, 0, 1, [22] = 0xd9, 0xfe }, 1 },         /* a rest */
		{ 36, { 39, 1, [12] = 0, 0, 24, 0, 0, [22] = 0xd9, 0xfe, [28] = 1, 8, 0, 0, 0, 0, 1, 0 }, 0 },
		{ 36, { 39, 1, [12] = 0, 0, 24, 0, 0, [22] = 0xd9, 0xfe, [28] = 1, 10, 0, 0, 0, 0, 1, 0 }, 1 }, /* scope too long */
		{ 36, { 39, 1, [12] = 0, 0, 24, 0, 0, [22] = 0xd9, 0xfe, [28] = 1, 6, 0, 0, 0, 0, 1, 0 }, 1 },  /* without a way */
		{ 44, { 39, 1, [12] = 0, 0, 32, 0, 0, [22] = 0xd9, 0xfe, [28] = 1, 16, 0, 0, 0, 0, 1, 0 }, 1 }, /* way too long */
		/* Reserved memory: 1 MiB at 0x1000000, with a scope; then each with one thing wrong. */
		{ 44, { 39, 1, [12] = 1, 0, 32, 0, [23] = 1, [28] = 0xff, 0xff, 0xf, 1, [36] = 1, 8, 0, 0, 0, 0, 1, 0 }, 0 },
		{ 44, { 39, 1, [12] = 1, 0, 32, 0, [23] = 1, [28] = 0xff, 0xff, 0xf, 1, [36] = 1, 10, 0, 0, 0, 0, 1, 0 }, 1 }, /* scope too long */
		{ 44, { 39, 1, [12] = 1, 0, 32, 0, [23] = 1, [28] = 0xff, 0xff, 0xf, 1, [36] = 1, 0, 0, 0, 0, 0, 1, 0 }, 1 },  /* scope of nothing */
		{ 43, { 39, 1, [12] = 1, 0, 31, 0, [23] = 1, [28] = 0xff, 0xff, 0xf, 1, [36] = 1, 8, 0, 0, 0, 0, 1, 0 }, 1 },  /* scope cut off */
		{ 44, { 39, 1, [12] = 1, 0, 32, 0, [23] = 1, [36] = 1, 8, 0, 0, 0, 0, 1, 0 }, 1 },                             /* ends before it begins */
		{ 35, { 39, 1, [12] = 1, 0, 23, 0, [23] = 1, [28] = 0xff, 0xff, 0xf }, 1 },                                    /* too short */
		{ 44, { 39, 1, [12] = 1, 0, 0xff, 0xff, [23] = 1, [28] = 0xff, 0xff, 0xf, 1 }, 1 },                            /* longer than the table */
	};
	static char why[40];
	unsigned i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build_tables();
		table(4, "DMAR", cases[i].body, cases[i].bytes);
		if (acpi_read(&facts, PHYS_BASE, phys_read) || !facts.dmar || facts.dmar_damaged != cases[i].damaged) {
			snprintf(why, sizeof(why), "case %u", i);
			return why;
		}
	}
	if (test_reserved_many())
		return "too much reserved memory";
	build_tables();
	table(2, "DMAR", cases[0].body, cases[0].bytes);
	table(4, "DMAR", cases[0].body, cases[0].bytes);
	acpi_read(&facts, PHYS_BASE, phys_read);
	return facts.dmar_damaged ? NULL : "two of them";
}

/* Bytes are changed and the sums made right again, so that the readers see them. */
static const char *test_acpi_hostile(void)
{
	unsigned i, n;

	for (i = 0; i < ROUNDS; i++) {
		unsigned t = 1 + random_below(4), bytes;

		build_tables();
		for (n = random_below(8); n-- > 0;)
			page(t)[random_below(150)] = random_below(3) ? random_below(256) : 255;
		memcpy(&bytes, page(t) + 4, 4);
		if (bytes >= 36 && bytes <= 4096)
			seal(page(t), bytes, 9);
		acpi_read(&facts, PHYS_BASE, phys_read);
		if (facts.segment_count > ACPI_SEGMENTS || facts.drhd_count > ACPI_DRHDS || facts.rmrr_count > ACPI_RMRRS ||
		    facts.override_count > ACPI_OVERRIDES)
			return "counts out of bounds";
		for (n = 0; n < facts.drhd_count; n++)
			if (facts.drhds[n].scope_count > ACPI_SCOPES || facts.drhds[n].base & 4095 ||
			    facts.drhds[n].base >> 46)
				return "a unit out of bounds";
		for (n = 0; n < bus.function_count; n++)
			scope_covers(&facts, &bus, &bus.functions[n]);
	}
	return NULL;
}

/* --- Configuration space: 3 buses of functions, BARs that answer as devices do. */

#define MODEL_FUNCTIONS 8
struct model {
	int present;
	pci_address_t address;
	unsigned char space[256];
	l4_uint32_t bar_mask[6]; /* writable bits */
};
static struct model models[MODEL_FUNCTIONS];
static unsigned accesses, wild;

static struct model *model_at(pci_address_t at)
{
	unsigned i;

	for (i = 0; i < MODEL_FUNCTIONS; i++)
		if (models[i].present && models[i].address == at)
			return &models[i];
	return NULL;
}

static l4_uint32_t model_read(pci_address_t at, unsigned offset, unsigned bytes)
{
	struct model *m = model_at(at);
	l4_uint32_t value = 0;

	accesses++;
	if (!m)
		return ~0U >> (32 - 8 * bytes);
	if (offset + bytes > 256 || offset % bytes) {
		wild++;
		return 0;
	}
	memcpy(&value, m->space + offset, bytes);
	return value;
}

static void model_write(pci_address_t at, unsigned offset, unsigned bytes, l4_uint32_t value)
{
	struct model *m = model_at(at);
	l4_uint32_t old;

	if (!m)
		return;
	if (offset + bytes > 256 || offset % bytes) {
		wild++;
		return;
	}
	if (offset >= 0x10 && offset < 0x28 && bytes == 4) {
		memcpy(&old, m->space + offset, 4);
		l4_uint32_t mask = m->bar_mask[(offset - 0x10) / 4];

		value = (value & mask) | (old & ~mask);
	}
	memcpy(m->space + offset, &value, bytes);
}

static const struct pci_config config = { model_read, model_write, 256, 0, 255 };

static void set(struct model *m, unsigned offset, unsigned bytes, l4_uint32_t value)
{
	memcpy(m->space + offset, &value, bytes);
}

static struct model *add(unsigned n, pci_address_t at, unsigned vendor, unsigned device)
{
	struct model *m = &models[n];

	memset(m, 0, sizeof(*m));
	m->present = 1;
	m->address = at;
	set(m, PCI_VENDOR, 2, vendor);
	set(m, PCI_DEVICE, 2, device);
	set(m, PCI_COMMAND, 2, 7);
	return m;
}

static void bar(struct model *m, unsigned n, l4_uint32_t flags, l4_uint64_t address, l4_uint64_t bytes)
{
	set(m, 0x10 + 4 * n, 4, address | flags);
	m->bar_mask[n] = -bytes & (flags & PCI_BAR_IO ? 0xfffcU : ~0xfU);
	if ((flags & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64) {
		set(m, 0x14 + 4 * n, 4, address >> 32);
		m->bar_mask[n + 1] = (-bytes) >> 32;
	}
}

static void capability(struct model *m, unsigned at, unsigned id, unsigned next)
{
	set(m, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
	set(m, at, 1, id);
	set(m, at + 1, 1, next);
}

static void build_machine(void)
{
	struct model *m;

	memset(models, 0, sizeof(models));
	m = add(0, 0 << 3, 0x8086, 0x29c0); /* host bridge: left alone */
	set(m, PCI_REVISION, 4, 0x06000000);
	m = add(1, 2 << 3, 0x1af4, 0x1042); /* virtio behind the scenes: MSI-X, two BARs, one without a place */
	bar(m, 0, PCI_BAR_IO, 0xc000, 128);
	bar(m, 1, 0, 0xfeb00000, 4096);
	bar(m, 4, PCI_BAR_TYPE_64 | PCI_BAR_PREFETCH, 0, 16384);
	set(m, PCI_CAPABILITIES, 1, 0x40);
	capability(m, 0x40, PCI_CAP_MSIX, 0x50);
	set(m, 0x42, 2, 3);
	set(m, 0x44, 4, 0x000 | 1);
	set(m, 0x48, 4, 0x800 | 1);
	capability(m, 0x50, PCI_CAP_VENDOR, 0x64);
	set(m, 0x53, 1, VIRTIO_CAP_COMMON);
	set(m, 0x54, 1, 4);
	capability(m, 0x64, PCI_CAP_PM, 0x64); /* a loop */
	m = add(2, 3 << 3, 0x8086, 0x3420); /* bridge to bus 1 */
	set(m, PCI_HEADER_TYPE, 1, 1);
	set(m, PCI_SECONDARY_BUS, 1, 1);
	set(m, PCI_MEMORY_BASE, 2, 0xfe00);
	set(m, PCI_MEMORY_LIMIT, 2, 0xfe10); /* [fe000000, fe1fffff] */
	set(m, PCI_IO_BASE, 1, 0xf1);
	set(m, PCI_IO_LIMIT, 1, 0x01);
	m = add(3, 1 << 8 | 0 << 3, 0x8086, 0x10d3); /* behind it: BARs in the same place, one too large */
	bar(m, 0, 0, 0xfe000000, 0x20000);
	bar(m, 1, 0, 0xfe000000, 0x20000);
	bar(m, 2, 0, 0, 0x400000);
	m = add(4, 1 << 8 | 1 << 3, 0x8086, 0x3420); /* a bridge that points back up */
	set(m, PCI_HEADER_TYPE, 1, 1);
	set(m, PCI_SECONDARY_BUS, 1, 1);
	m = add(5, 4 << 3 | 0, 0x1234, 0x11e8); /* two functions */
	set(m, PCI_HEADER_TYPE, 1, PCI_HEADER_MULTI);
	bar(m, 0, 0, 0xfe800000, 256);
	m = add(6, 4 << 3 | 3, 0x1234, 0x11e8);
	bar(m, 0, 0, 0xfe800100, 256); /* shares a page with the one before */
	bus.config = &config;
	bus.memory = (struct pci_range){ 0xc0000000, 0xfebfffff };
	bus.io = (struct pci_range){ 0x1000, 0xffff };
}

static const char *check_places(void)
{
	unsigned i, k, n, m;

	for (i = 0; i < bus.function_count; i++)
		for (n = 0; n < PCI_BARS; n++) {
			const struct pci_bar *a = &bus.functions[i].bars[n];

			if (a->bytes && (a->address & (a->bytes - 1)))
				return "not aligned";
			for (k = 0; k < bus.function_count; k++)
				for (m = 0; m < PCI_BARS; m++) {
					const struct pci_bar *b = &bus.functions[k].bars[m];

					if (a != b && a->bytes && b->bytes && !((a->flags ^ b->flags) & L4RE_PCI_BAR_IO) &&
					    a->address < b->address + b->bytes && b->address < a->address + a->bytes)
						return "two BARs in one place";
				}
		}
	return NULL;
}

static const char *test_bus(void)
{
	const struct pci_function *v, *e;
	const char *why;

	build_machine();
	pci_bus_scan(&bus);
	if (bus.function_count != 4 || bus.bridge_count != 1)
		return "functions or bridges";
	v = &bus.functions[0];
	e = &bus.functions[3];
	if (v->address != 2 << 3 || e->address != (1 << 8))
		return "order";
	if (v->bars[0].bytes != 128 || v->bars[0].flags != L4RE_PCI_BAR_IO || v->bars[0].address != 0xc000)
		return "port BAR";
	if (v->bars[1].bytes != 4096 || v->bars[1].address != 0xfeb00000)
		return "memory BAR";
	if (v->bars[4].bytes != 16384 || v->bars[4].flags != (L4RE_PCI_BAR_64 | L4RE_PCI_BAR_PREFETCH) || !v->bars[4].address ||
	    v->bars[5].bytes)
		return "64-bit BAR";
	if (v->msix_entries != 4 || v->caps.virtio_common != 0x50 || v->caps.pm != 0x64 || v->caps.msi)
		return "capabilities";
	if (!pci_msix_overlaps(v, 1, 0, 1) || pci_msix_overlaps(v, 4, 0, 16384))
		return "MSI-X pages";
	if (e->bars[0].address != 0xfe000000 || e->bars[1].address != 0xfe020000 || e->bars[2].bytes)
		return "behind the bridge";
	if (!pci_shares_number(&bus, e) || pci_shares_number(&bus, v))
		return "a conventional bridge";
	if (model_read(v->address, PCI_COMMAND, 2) & 7 || !(model_read(0, PCI_COMMAND, 2) & 4))
		return "decoding or DMA stays on, or the host bridge was touched";
	if ((bus.functions[1].bars[0].address ^ bus.functions[2].bars[0].address) < 4096)
		return "two functions in one page";
	why = check_places();
	return why ? why : wild ? "access outside" : NULL;
}

/* What kind of bridge lets requests keep their number. */
static const char *test_bridges(void)
{
	unsigned type;

	for (type = 0; type < 16; type++) {
		build_machine();
		set(&models[2], PCI_CAPABILITIES, 1, 0x40);
		capability(&models[2], 0x40, PCI_CAP_EXPRESS, 0);
		set(&models[2], 0x42, 2, type << 4 | 2);
		pci_bus_scan(&bus);
		if (pci_shares_number(&bus, &bus.functions[3]) != (type < 4 || type > 6))
			return "number";
	}
	return NULL;
}

static const char *test_bus_hostile(void)
{
	unsigned i, n;

	for (i = 0; i < ROUNDS / 10; i++) {
		const char *why;

		build_machine();
		for (n = random_below(24); n-- > 0;) {
			struct model *m = &models[random_below(MODEL_FUNCTIONS)];

			if (random_below(4))
				m->space[random_below(0x70)] = random_below(256);
			else
				m->bar_mask[random_below(6)] = random_below(2) ?
					~0U << random_below(32) :
					(l4_uint32_t)(random_below(1U << 16) << random_below(17));
		}
		accesses = wild = 0;
		pci_bus_scan(&bus);
		if (wild)
			return "access outside of a configuration space";
		if (accesses > 500000)
			return "too many accesses";
		why = check_places();
		if (why)
			return why;
		for (n = 0; n < bus.function_count; n++)
			pci_msix_overlaps(&bus.functions[n], random_below(8), random_below(1 << 20), random_below(1 << 20));
	}
	return NULL;
}

/* --- Which functions a remapping unit is responsible for. */

static int covers(int all, unsigned segment, struct acpi_scope scope, unsigned fn)
{
	struct acpi_facts f = { .drhd_count = 1, .drhds = { { .all = all, .segment = segment, .scope_count = 1, .scopes = { scope } } } };

	return scope_covers(&f, &bus, &bus.functions[fn]);
}

static const char *test_scopes(void)
{
	struct acpi_scope none = { 0 }, fn = { 1, 0, 0, 1, { 2 << 3 } }, bridge = { 2, 0, 0, 1, { 3 << 3 } };
	struct acpi_scope behind = { 1, 0, 0, 2, { 3 << 3, 0 } }, nowhere = { 1, 0, 0, 2, { 7 << 3, 0 } };
	struct acpi_scope timer = { 4, 0, 0, 1, { 2 << 3 } };

	build_machine();
	pci_bus_scan(&bus);
	/* 0: 00:02.0, 1: 00:04.0, 2: 00:04.3, 3: 01:00.0 behind the bridge 00:03.0 */
	if (!covers(1, 0, none, 0) || !covers(1, 0, none, 3) || covers(1, 1, none, 0) || covers(0, 0, none, 0))
		return "all";
	if (!covers(0, 0, fn, 0) || covers(0, 0, fn, 1) || covers(0, 0, timer, 0) || covers(0, 2, fn, 0))
		return "a function";
	if (!covers(0, 0, bridge, 3) || covers(0, 0, bridge, 0))
		return "a bridge";
	if (!covers(0, 0, behind, 3) || covers(0, 0, behind, 0) || covers(0, 0, nowhere, 3))
		return "a way";
	return NULL;
}

static int reserved(unsigned segment, struct acpi_scope scope, unsigned fn)
{
	struct acpi_facts f = { .rmrr_count = 2, .rmrrs = { { .first = 1, .last = 2 },
		{ .first = 4096, .last = 8191, .segment = segment, .scope_count = 2, .scopes = { { 0 }, scope } } } };
	const struct acpi_rmrr *r = scope_reserved(&f, &bus, &bus.functions[fn]);

	return r && r->first == 4096;
}

/* Whose firmware memory is whose. */
static const char *test_reserved(void)
{
	struct acpi_scope fn = { 1, 0, 0, 1, { 2 << 3 } }, bridge = { 2, 0, 0, 1, { 3 << 3 } };

	if (!reserved(0, fn, 0) || reserved(0, fn, 1) || reserved(1, fn, 0))
		return "a function";
	return !reserved(0, bridge, 3) || reserved(0, bridge, 0) ? "a bridge" : NULL;
}

/* Who sends for which line: two I/O APICs, of which firmware names one, or both. */
static const char *test_lines(void)
{
	struct acpi_facts f = { .drhd_count = 2, .io_apic_count = 2, .io_apics = { { 7, 24 }, { 0, 0 } }, .drhds = {
		{ .segment = 1, .scope_count = 1, .scopes = { { ACPI_SCOPE_IO_APIC, 7, 0, 1, { 9 << 3 } } } },
		{ .all = 1, .scope_count = 2, .scopes = { { ACPI_SCOPE_FUNCTION, 7, 0, 1, { 2 << 3 } }, { ACPI_SCOPE_IO_APIC, 0, 0xff, 1, { 1 } } } } } };
	pci_address_t source = 0;

	if (!scope_line(&f, &bus, 0, &source) || source != 0xff01 || !scope_line(&f, &bus, 23, &source))
		return "the first";
	if (scope_line(&f, &bus, 24, &source))
		return "one that is not named";
	f.drhds[0].segment = 0;
	if (!scope_line(&f, &bus, 24, &source) || source != 9 << 3 || !scope_line(&f, &bus, 200, &source))
		return "the second";
	f.io_apics[1].line = 1;
	if (scope_line(&f, &bus, 0, &source))
		return "a line that nobody has";
	f.io_apic_count = ACPI_IO_APICS + 1;
	return scope_line(&f, &bus, 24, &source) ? "more than there is room for" : NULL;
}

/* A pin's line: what firmware wrote, if its tables name it as PCI's. */
static const char *test_route(void)
{
	struct acpi_facts f = { .override_count = 4, .overrides = { { 0, 2, 0, 0 }, { 9, 20, 1, 1 }, { 10, 10, 1, 0 }, { 5, 21, 0, 1 } } };
	struct pci_function fn = { .irq_pin = 1, .irq_line = 10 };
	unsigned line = 0, mode = 0;

	if (!route_pin(&f, &fn, &line, &mode) || line != 10 || mode != L4_IRQ_F_LEVEL_HIGH)
		return "a line";
	fn.irq_line = 9;
	if (!route_pin(&f, &fn, &line, &mode) || line != 20 || mode != L4_IRQ_F_LEVEL_LOW)
		return "a line that has moved";
	for (fn.irq_line = 0; fn.irq_line < 256; fn.irq_line++)
		if (fn.irq_line != 9 && fn.irq_line != 10 && route_pin(&f, &fn, &line, &mode))
			return "one that is not PCI's";
	fn.irq_line = 10;
	fn.irq_pin = 0;
	if (route_pin(&f, &fn, &line, &mode))
		return "no pin";
	fn.irq_pin = 5;
	return route_pin(&f, &fn, &line, &mode) ? "a pin that there is not" : NULL;
}

/* --- Grants. */

static const char *test_grants(void)
{
	static const char *const bad[] = {
		"grant=", "grant=a", "grant=a,b", "grant=a,b,id", "grant=a,b,id,1af4", "grant=a,b,id,1af4,1042,0,0",
		"grant=a,b,id,1af41,1042,0", "grant=a,b,at,0,20,0", "grant=a,b,at,0,1,8", "grant=a,b,at,100,1,0",
		"grant=a,b,at,0,x,0", "grant=,b,at,0,1,0", "grant=0123456789012345678901234567890123456789,b,at,0,1,0",
	};
	static struct pci_grants g;
	unsigned i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (grant_parse(&g, bad[i]) != -L4_EINVAL)
			return bad[i];
	if (grant_parse(&g, "focus=x") != 1 || g.count)
		return "not a grant";
	build_machine();
	pci_bus_scan(&bus);
	if (grant_parse(&g, "grant=one,disk,id,1af4,1042,0") || grant_parse(&g, "grant=two,a,id,1234,11e8,0") ||
	    grant_parse(&g, "grant=two,b,id,1234,11e8,1") || grant_parse(&g, "grant=three,c,at,0,4,3"))
		return "not taken";
	grants_assign(&g, &bus);
	if (!grant_of(&g, "one", 0)->function || grant_of(&g, "one", 1) || grant_of(&g, "none", 0))
		return "client";
	if (grant_of(&g, "two", 0)->function->address != 4 << 3)
		return "the first of a kind";
	if (grant_of(&g, "two", 1)->function || grant_of(&g, "three", 0)->function->address != (4 << 3 | 3))
		return "a function was given twice";
	return NULL;
}

static const char *test_gate(void)
{
	unsigned offset, bytes;

	for (offset = 0; offset < 4096; offset++)
		for (bytes = 1; bytes <= 4; bytes *= 2)
			if (pci_write_mask(offset, bytes) && (offset < 4 || offset + bytes > 14 || (offset > 7 && offset < 12)))
				return "a register that reaches beyond the function";
	if (pci_write_mask(PCI_COMMAND, 2) & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF))
		return "command";
	return NULL;
}

static int report(const char *name, const char *why)
{
	printf("%s %s %s\n", why ? "not ok" : "ok", name, why ? why : "");
	return why != NULL;
}

/* What all may have at most is no more than there is. */
static const char *test_shares(void)
{
	static struct pci_function functions[GRANTS_MAX];
	struct pci_grants g = { 0 };
	struct pci_share s = grants_share(&g);
	unsigned n, buses;

	if (s.pages != REMAP_SPACE_PAGES || s.mappings != DMA_MAPPINGS || s.irqs != DEVICE_IRQS)
		return "nobody has any";
	g.count = GRANTS_MAX; /* of which the others name what is not there */
	for (n = 1; n <= GRANTS_MAX; n++) {
		functions[n - 1].address = n / 3 << 8 | n << 3;
		g.list[GRANTS_MAX - n].function = &functions[n - 1];
		s = grants_share(&g);
		buses = n / 3 + 1;
		if (1 + buses + n * s.pages > REMAP_PAGES_MAX || n * s.mappings > DMA_MAPPINGS_ALL || 1 + n * s.irqs > DEVICE_MESSAGES)
			return "more than there is";
		if (s.pages < REMAP_SPACE_PAGES && 1 + buses + n * (s.pages + 1) <= REMAP_PAGES_MAX)
			return "less than there is";
		if (n == 5 ? s.pages != REMAP_SPACE_PAGES : !s.irqs)
			return "some";
	}
	return NULL;
}

int main(void)
{
	return report("acpi", test_acpi()) | report("dmar", test_dmar_damage()) |
	       report("bus", test_bus()) | report("bridges", test_bridges()) | report("scopes", test_scopes()) | report("lines", test_lines()) |
	       report("reserved", test_reserved()) | report("route", test_route()) |	       report("acpi-hostile", test_acpi_hostile()) |
	       report("bus-hostile", test_bus_hostile()) | report("grants", test_grants()) | report("shares", test_shares()) | report("gate", test_gate());
}
