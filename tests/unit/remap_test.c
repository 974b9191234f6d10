// SPDX-License-Identifier: MIT
/*
 * Tables of the remapping units, read as a unit reads them, against a list of what was mapped: a function reaches exactly
 * what is mapped for it, spaces stay inside their limits, and every page comes back.
 * sources: drivers/pci/remap.c
 * cflags: -Idrivers/pci -Il4re/include
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/sys/consts.h>
#include <l4/sys/err.h>

#include "remap.h"
#include "support/check.h"
#include "support/random.h"

#define FUNCTIONS 6
#define RANGES 12
#define POOL_PA 0x7ff000000UL

struct range {
	l4_uint64_t address, pa, bytes; /* 0 bytes: none */
	int read, write;
};

static unsigned char pool[REMAP_PAGES_MAX * 4096] __attribute__((aligned(4096)));
static struct remap r;
static struct remap_space spaces[FUNCTIONS];
static struct range ranges[FUNCTIONS][RANGES];
static const pci_address_t at[FUNCTIONS] = { 0x0010, 0x0011, 0x00f8, 0x0100, 0x0108, 0xffff };
static int attached[FUNCTIONS];

static const l4_uint64_t *table(l4_uint64_t pa)
{
	CHECK(pa >= POOL_PA && pa < POOL_PA + sizeof(pool) && !(pa & 4095));
	return (const l4_uint64_t *)(pool + (pa - POOL_PA));
}

/* As a unit translates a request: the physical address, ~0: a fault. */
static l4_uint64_t translate(pci_address_t source, l4_uint64_t address, int write, unsigned *domain)
{
	const l4_uint64_t *root = &table(POOL_PA)[2 * (source >> 8)], *context, *t;
	l4_uint64_t e, size;
	unsigned level;

	CHECK(!root[1] && !(root[0] & 0xffe));
	if (!(root[0] & 1))
		return ~0UL;
	context = &table(root[0] & ~0xfffUL)[2 * (source & 0xff)];
	if (!(context[0] & 1))
		return ~0UL;
	CHECK(!(context[0] & 0xffc) && (context[1] & 7) == r.levels - 2 && !(context[1] >> 24) && !(context[1] & 0xf8));
	*domain = context[1] >> 8 & 0xffff;
	t = table(context[0] & ~0xfffUL);
	for (level = r.levels;; level--) {
		size = 1UL << (12 + 9 * (level - 1));
		e = t[address / size % 512];
		if (!(e & (write ? 2 : 1)))
			return ~0UL;
		if (level == 1 || (e & 0x80))
			break;
		t = table(e & ~0xfffUL);
	}
	CHECK(level == 1 || (level == 2 && r.large && !(e & 0x1ff000)));
	return (e & 0xfffffffff000UL & ~(size - 1)) + address % size;
}

static const struct range *range_at(unsigned f, l4_uint64_t address)
{
	unsigned i;

	for (i = 0; i < RANGES; i++)
		if (ranges[f][i].bytes && address - ranges[f][i].address < ranges[f][i].bytes)
			return &ranges[f][i];
	return NULL;
}

static void check_address(unsigned f, l4_uint64_t address)
{
	const struct range *x = attached[f] ? range_at(f, address) : NULL;
	unsigned domain = f + 1;

	CHECK(translate(at[f], address, 0, &domain) == (x && x->read ? x->pa + (address - x->address) : ~0UL));
	CHECK(translate(at[f], address, 1, &domain) == (x && x->write ? x->pa + (address - x->address) : ~0UL));
	CHECK(domain == f + 1);
}

static void check_all(void)
{
	unsigned f, i;

	for (f = 0; f < FUNCTIONS; f++) {
		for (i = 0; i < RANGES; i++) {
			const struct range *x = &ranges[f][i];

			check_address(f, x->address);
			check_address(f, x->address + x->bytes - 1);
			check_address(f, x->address + x->bytes);
			check_address(f, x->address - 1);
			check_address(f, x->address + (x->bytes ? random_below(x->bytes) : 0));
		}
		check_address(f, (l4_uint64_t)random_below(0xfee00) << 12);
		CHECK(spaces[f].pages <= REMAP_SPACE_PAGES);
	}
}

static int is_free(unsigned f, l4_uint64_t address, l4_uint64_t bytes)
{
	unsigned i;

	for (i = 0; i < RANGES; i++)
		if (ranges[f][i].bytes && address < ranges[f][i].address + ranges[f][i].bytes &&
		    ranges[f][i].address < address + bytes)
			return 0;
	return 1;
}

static void random_map(unsigned f)
{
	static const l4_uint64_t sizes[] = { 0x1000, 0x2000, 0x5000, 0x100000, 0x200000, 0x201000, 0x600000, 0x1000000 };
	struct range *x = &ranges[f][random_below(RANGES)];
	int wide = random_below(2);
	unsigned before = spaces[f].pages;
	struct range n = { REMAP_FIRST + ((l4_uint64_t)random_below(wide ? 0xfd000 : 0x2000) << 12),
			   (l4_uint64_t)random_below(1 << 20) << 12, sizes[random_below(8)], random_below(2), 1 };

	if (random_below(2))
		n.address &= ~0x1fffffUL, n.pa &= ~0x1fffffUL;
	if (x->bytes || n.address + n.bytes > REMAP_LAST || !is_free(f, n.address, n.bytes))
		return;
	n.write = !n.read || random_below(2);
	if (remap_map(&r, &spaces[f], n.address, n.pa, n.bytes, n.read, n.write) == 0)
		*x = n;
	else
		CHECK(spaces[f].pages >= before && (spaces[f].pages == REMAP_SPACE_PAGES || !r.free_count));
}

static void random_unmap(unsigned f)
{
	struct range *x = &ranges[f][random_below(RANGES)];

	if (x->bytes)
		remap_unmap(&r, &spaces[f], x->address, x->bytes);
	x->bytes = 0;
}

static void detach(unsigned f)
{
	remap_detach(&r, at[f]);
	remap_space_release(&r, &spaces[f]);
	memset(ranges[f], 0, sizeof(ranges[f]));
	attached[f] = 0;
}

static void start_with(unsigned levels, int large, unsigned pages, unsigned share)
{
	memset(pool, 0, sizeof(pool));
	memset(ranges, 0, sizeof(ranges));
	memset(attached, 0, sizeof(attached));
	memset(spaces, 0, sizeof(spaces));
	remap_init(&r, pool, POOL_PA, pages, share, levels, large);
}

static void start(unsigned levels, int large, unsigned pages)
{
	start_with(levels, large, pages, REMAP_SPACE_PAGES);
}

static void check_random(void)
{
	unsigned i, f;

	for (i = 0; i < 6000; i++) {
		if (i % 1500 == 0)
			start(3 + random_below(2), random_below(2), i % 3000 ? REMAP_PAGES_MAX : 40);
		f = random_below(FUNCTIONS);
		if (!attached[f])
			attached[f] = remap_attach(&r, &spaces[f], at[f], f + 1) == 0;
		else if (!random_below(40))
			detach(f);
		else if (random_below(3))
			random_map(f);
		else
			random_unmap(f);
		if (i % 4 == 0)
			check_all();
	}
	for (f = 0; f < FUNCTIONS; f++)
		detach(f);
	check_all();
	/* All but the root table and a table for each bus, of which there are three. */
	CHECK(r.free_count >= r.pages - 1 - 3);
}

/* A space that wants too much gets an error, keeps what it had, and takes nothing from others. */
static void check_limits(void)
{
	struct range *x = &ranges[0][0];
	unsigned n, free;

	start(3, 0, REMAP_PAGES_MAX);
	CHECK(remap_attach(&r, &spaces[0], at[0], 1) == 0);
	attached[0] = 1;
	*x = (struct range){ REMAP_FIRST, 0x12345000, 0x3000, 1, 1 };
	CHECK(remap_map(&r, &spaces[0], x->address, x->pa, x->bytes, 1, 1) == 0);
	CHECK(remap_map(&r, &spaces[0], 0x10000000, 0, 64UL << 20, 1, 1) == -L4_ENOMEM);
	CHECK(spaces[0].pages == REMAP_SPACE_PAGES);
	check_all();
	free = r.free_count;
	for (n = 1; n < 5; n++)
		CHECK(remap_attach(&r, &spaces[n], at[n], n + 1) == 0);
	for (n = 0; n < 5; n++)
		detach(n);
	CHECK(r.free_count == free + REMAP_SPACE_PAGES - 1); /* the table of bus 1 stays */
	start(3, 0, 3);
	CHECK(remap_attach(&r, &spaces[0], at[0], 1) == 0);
	CHECK(remap_attach(&r, &spaces[1], at[3], 2) == -L4_ENOMEM && !spaces[1].pages);
	CHECK(remap_map(&r, &spaces[0], REMAP_FIRST, 0, 4096, 1, 1) == -L4_ENOMEM);
}

/* Muted or not, nothing changes in what is reached. */
static void check_mute(void)
{
	unsigned domain;

	start(4, 1, REMAP_PAGES_MAX);
	CHECK(remap_attach(&r, &spaces[0], at[0], 1) == 0);
	CHECK(remap_map(&r, &spaces[0], REMAP_FIRST, 0x5000, 4096, 1, 0) == 0);
	CHECK(remap_mute(&r, at[0]) && !remap_mute(&r, at[5]));
	CHECK(table(table(POOL_PA)[0] & ~0xfffUL)[2 * at[0]] & 2);
	CHECK(translate(at[0], REMAP_FIRST, 0, &domain) == 0x5000 && domain == 1);
	CHECK(translate(at[5], REMAP_FIRST, 0, &domain) == ~0UL);
	remap_detach(&r, at[0]);
	CHECK(translate(at[0], REMAP_FIRST, 0, &domain) == ~0UL);
	remap_space_release(&r, &spaces[0]);
	CHECK(remap_attach(&r, &spaces[0], at[0], 1) == 0);
	CHECK(!(table(table(POOL_PA)[0] & ~0xfffUL)[2 * at[0]] & 2));
	CHECK(translate(at[0], REMAP_FIRST, 0, &domain) == ~0UL);
}

/* All spaces take what they get: there is enough for each, whatever the others have. */
static void check_shares(void)
{
	unsigned share = (REMAP_PAGES_MAX - 1 - 3) / FUNCTIONS, f; /* on three buses */

	start_with(3, 0, REMAP_PAGES_MAX, share);
	for (f = 0; f < FUNCTIONS; f++) {
		CHECK(remap_attach(&r, &spaces[f], at[f], f + 1) == 0);
		CHECK(remap_map(&r, &spaces[f], REMAP_FIRST, 0, 64UL << 20, 1, 1) == -L4_ENOMEM && spaces[f].pages == share);
	}
	for (f = 0; f < FUNCTIONS; f++)
		CHECK(remap_map(&r, &spaces[f], REMAP_FIRST, 0, 4UL << 20, 1, 1) == 0);
}

int main(void)
{
	run_check("random", check_random);
	run_check("limits", check_limits);
	run_check("mute", check_mute);
	run_check("shares", check_shares);
	return 0;
}
