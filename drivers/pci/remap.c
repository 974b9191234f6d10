/* SPDX-License-Identifier: MIT */
/* Tables that the remapping units read. */
#include "remap.h"
#include "entry.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/consts.h>
#include <l4/sys/err.h>

#define ENTRY_PRESENT 0x1UL       /* root and context entries */
#define CONTEXT_MUTE 0x2UL        /* faults are not reported */
#define CONTEXT_WIDTH(levels) ((levels) - 2UL)
#define CONTEXT_DOMAIN_SHIFT 8
#define PTE_READ 0x1UL
#define PTE_WRITE 0x2UL
#define PTE_LARGE 0x80UL
#define PTE_ADDRESS 0x0000fffffffff000UL
#define ENTRIES 512U
#define LARGE_LEVEL 2U            /* level 1 has the 4 KiB entries */

static l4_uint64_t *page(const struct remap *r, unsigned n)
{
	return (l4_uint64_t *)(r->memory + (l4_uint64_t)n * L4_PAGESIZE);
}

static l4_uint64_t page_pa(const struct remap *r, unsigned n)
{
	return r->pa + (l4_uint64_t)n * L4_PAGESIZE;
}

static unsigned page_number(const struct remap *r, l4_uint64_t entry)
{
	return ((entry & PTE_ADDRESS) - r->pa) / L4_PAGESIZE;
}

/* A zeroed page, 0 if there is none. */
static unsigned page_take(struct remap *r)
{
	unsigned n, i;

	if (!r->free_count)
		return 0;
	n = r->free[--r->free_count];
	for (i = 0; i < ENTRIES; i++)
		entry_set(&page(r, n)[i], 0);
	return n;
}

static void page_give(struct remap *r, unsigned n)
{
	r->free[r->free_count++] = n;
}

static unsigned space_page_take(struct remap *r, struct remap_space *s)
{
	unsigned n = s->pages < r->space_pages ? page_take(r) : 0;

	s->pages += n != 0;
	return n;
}

void remap_init(struct remap *r, void *memory, l4_uint64_t pa, unsigned pages, unsigned space_pages, unsigned levels,
		int large)
{
	unsigned n, i;

	*r = (struct remap){ .memory = memory, .pa = pa, .pages = pages, .space_pages = space_pages, .levels = levels,
			    .large = large };
	for (i = 0; i < ENTRIES; i++)
		entry_set(&page(r, 0)[i], 0);
	for (n = pages - 1; n > 0; n--)
		page_give(r, n);
}

/* Root and context tables: two words an entry. */

/* The function's context entry; null if its bus has no table yet. */
static l4_uint64_t *context(const struct remap *r, pci_address_t at)
{
	l4_uint64_t root = page(r, 0)[2 * (at >> 8)];

	return root ? &page(r, page_number(r, root))[2 * (at & 0xff)] : 0;
}

/* A bus keeps its table. */
static l4_uint64_t *context_make(struct remap *r, pci_address_t at)
{
	unsigned n;

	if (!context(r, at)) {
		n = page_take(r);
		if (!n)
			return 0;
		entry_set(&page(r, 0)[2 * (at >> 8)], page_pa(r, n) | ENTRY_PRESENT);
	}
	return context(r, at);
}

int remap_attach(struct remap *r, struct remap_space *s, pci_address_t at, unsigned domain)
{
	l4_uint64_t *entry = context_make(r, at);

	*s = (struct remap_space){ 0 };
	if (entry)
		s->top = space_page_take(r, s);
	if (!s->top)
		return -L4_ENOMEM;
	entry_set_two(entry, page_pa(r, s->top) | ENTRY_PRESENT,
		    (l4_uint64_t)domain << CONTEXT_DOMAIN_SHIFT | CONTEXT_WIDTH(r->levels));
	return 0;
}

void remap_detach(struct remap *r, pci_address_t at)
{
	l4_uint64_t *entry = context(r, at);

	if (entry)
		entry_set_two(entry, 0, 0);
}

int remap_mute(struct remap *r, pci_address_t at)
{
	l4_uint64_t *entry = context(r, at);

	if (entry)
		entry_set(&entry[0], entry[0] | CONTEXT_MUTE);
	return entry != 0;
}

/* Page tables. */

static unsigned index_of(l4_uint64_t address, unsigned level)
{
	return address >> (L4_PAGESHIFT + 9 * (level - 1)) & (ENTRIES - 1);
}

static void table_release(struct remap *r, unsigned n, unsigned level)
{
	unsigned i;

	for (i = 0; level > 1 && i < ENTRIES; i++) {
		l4_uint64_t e = page(r, n)[i];

		if (e && !(e & PTE_LARGE))
			table_release(r, page_number(r, e), level - 1);
	}
	page_give(r, n);
}

void remap_space_release(struct remap *r, struct remap_space *s)
{
	if (s->top)
		table_release(r, s->top, r->levels);
	*s = (struct remap_space){ 0 };
}

/* The entry of address at that level, tables on the way made if need be; null: no page for one. */
static l4_uint64_t *walk(struct remap *r, struct remap_space *s, l4_uint64_t address, unsigned level)
{
	unsigned n = s->top, l, next;

	for (l = r->levels; l > level; l--) {
		l4_uint64_t *e = &page(r, n)[index_of(address, l)];

		if (!*e) {
			next = space_page_take(r, s);
			if (!next)
				return 0;
			entry_set(e, page_pa(r, next) | PTE_READ | PTE_WRITE);
		}
		n = page_number(r, *e);
	}
	return &page(r, n)[index_of(address, level)];
}

/* One entry, as large as it goes; how many bytes it has, 0 if there is no page for its table. */
static l4_uint64_t map_one(struct remap *r, struct remap_space *s, l4_uint64_t address, l4_uint64_t pa, l4_uint64_t bytes,
			   l4_uint64_t rights)
{
	l4_uint64_t *e;

	if (r->large && !((address | pa) & (REMAP_LARGE_BYTES - 1)) && bytes >= REMAP_LARGE_BYTES) {
		e = walk(r, s, address, LARGE_LEVEL);
		if (!e)
			return 0;
		/* What was mapped here in small pages has left its table. */
		if (!*e) {
			entry_set(e, pa | rights | PTE_LARGE);
			return REMAP_LARGE_BYTES;
		}
	}
	e = walk(r, s, address, 1);
	if (e)
		entry_set(e, pa | rights);
	return e ? L4_PAGESIZE : 0;
}

int remap_map(struct remap *r, struct remap_space *s, l4_uint64_t address, l4_uint64_t pa, l4_uint64_t bytes, int read,
	      int write)
{
	l4_uint64_t rights = (read ? PTE_READ : 0) | (write ? PTE_WRITE : 0), done = 0, n;

	while (done < bytes) {
		n = map_one(r, s, address + done, pa + done, bytes - done, rights);
		if (!n) {
			remap_unmap(r, s, address, done);
			return -L4_ENOMEM;
		}
		done += n;
	}
	return 0;
}

/* The entry that maps address, and how much it maps; null if a table is missing on the way. */
static l4_uint64_t *find(struct remap *r, const struct remap_space *s, l4_uint64_t address, l4_uint64_t *bytes)
{
	unsigned n = s->top, l;

	for (l = r->levels;; l--) {
		l4_uint64_t *e = &page(r, n)[index_of(address, l)];

		*bytes = 1UL << (L4_PAGESHIFT + 9 * (l - 1));
		if (l == 1 || (*e & PTE_LARGE))
			return e;
		if (!*e)
			return 0;
		n = page_number(r, *e);
	}
}

void remap_unmap(struct remap *r, struct remap_space *s, l4_uint64_t address, l4_uint64_t bytes)
{
	l4_uint64_t end = address + bytes, n, *e;

	for (; address < end; address += n) {
		e = find(r, s, address, &n);
		if (e)
			entry_set(e, 0);
		else
			n = L4_PAGESIZE;
	}
}
