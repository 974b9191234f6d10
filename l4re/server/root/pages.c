/* SPDX-License-Identifier: MIT */
/*
 * Physical memory in naturally aligned power-of-two blocks (a buddy allocator).
 *
 * One state byte per page of the machine: only the byte of a block's first
 * page means something. Free blocks are on a list per order; the links are in
 * the block itself. Who takes a block that is not fresh clears it before anybody else sees it.
 *
 * The window onto the memory has pages of 4 KiB, 2 MiB or 1 GiB. To the kernel a page that is
 * revoked in part is revoked whole, so no page of the window is larger than the block it
 * is part of: a page is broken up when its block is, and put together for a large block.
 * Root has kernel memory for the tables that this takes at the most: it can never fail.
 */
#include "root.h"
#include "../../lib/string.h"

#include <l4/sys/skerry.h>

#define ORDERS (ALLOC_ORDER_MAX + 1)
#define STATE_FREE 0x80
#define STATE_FRESH 0x40
#define STATE_ORDER 0x3f

struct free_block {
	struct free_block *next, *prev;
};

static struct free_block *free_list[ORDERS];
static unsigned char *state;
static unsigned char *window_order; /* per 2 MiB: the page size of the window there */
static l4_uint64_t page_count, free_bytes;
static int huge_pages; /* the machine has pages of 1 GiB */

#define UNIT(pa) ((pa) >> L4_SUPERPAGESHIFT)
/* A page table and the kernel's notes about what is in it. */
#define TABLE_KERNEL_BYTES (3 * L4_PAGESIZE)

/* Map [pa, pa + 2^order) in pages of 2^leaf; pieces below the next page size make the kernel use this one. */
static void window_map(l4_uint64_t pa, unsigned order, unsigned leaf)
{
	unsigned piece = order;
	l4_uint64_t end = pa + (1UL << order), at;

	if (leaf == L4_PAGESHIFT && piece >= L4_SUPERPAGESHIFT)
		piece = L4_SUPERPAGESHIFT - 1;
	if (leaf == L4_SUPERPAGESHIFT && piece >= L4_GIGAPAGESHIFT)
		piece = L4_GIGAPAGESHIFT - 1;
	for (at = pa; at < end; at += 1UL << piece) {
		long err = l4_error(l4_physmem_map_u(L4_BASE_PHYSMEM_CAP, l4_fpage(at, piece, L4_FPAGE_RW | L4_FPAGE_PASS_X),
						     RAM_WINDOW + at, l4_utcb()));

		if (err < 0)
			die("physical memory at %lx: %s", at, l4sys_errtostr(err));
	}
}

/* Other pages for memory that nobody else has. The tables may be in it: they are not touched meanwhile. */
static void window_remap(l4_uint64_t pa, unsigned order, unsigned leaf)
{
	l4_uint64_t at, end = pa + (1UL << order);

	l4_task_unmap_range_u(L4_BASE_TASK_CAP, RAM_WINDOW + pa, RAM_WINDOW + end - L4_PAGESIZE,
			      L4_FP_ALL_SPACES | L4_FPAGE_RWX, l4_utcb());
	window_map(pa, order, leaf);
	for (at = pa; at < end; at += L4_SUPERPAGESIZE)
		window_order[UNIT(at)] = leaf;
}

/* The block at pa is going to be split down to order: break up the pages that are larger than what comes of it. */
static void window_split(l4_uint64_t pa, unsigned order)
{
	if (order < L4_GIGAPAGESHIFT && window_order[UNIT(pa)] == L4_GIGAPAGESHIFT)
		window_remap(pa & ~((1UL << L4_GIGAPAGESHIFT) - 1), L4_GIGAPAGESHIFT, L4_SUPERPAGESHIFT);
	if (order < L4_SUPERPAGESHIFT && window_order[UNIT(pa)] == L4_SUPERPAGESHIFT)
		window_remap(pa & L4_SUPERPAGEMASK, L4_SUPERPAGESHIFT, L4_PAGESHIFT);
}

/* The largest page for a block. */
static unsigned page_order(unsigned order)
{
	if (order >= L4_GIGAPAGESHIFT && huge_pages)
		return L4_GIGAPAGESHIFT;
	return order >= L4_SUPERPAGESHIFT ? L4_SUPERPAGESHIFT : L4_PAGESHIFT;
}

/* The whole block at pa is going to be used: give it the largest pages. */
static void window_join(l4_uint64_t pa, unsigned order)
{
	unsigned leaf = page_order(order);
	l4_uint64_t at;

	if (order < L4_SUPERPAGESHIFT)
		return;
	for (at = pa; at < pa + (1UL << order); at += 1UL << leaf)
		if (window_order[UNIT(at)] != leaf)
			window_remap(at, leaf, leaf);
}

static unsigned char *state_of(l4_uint64_t pa)
{
	return &state[pa >> L4_PAGESHIFT];
}

static void list_add(l4_uint64_t pa, unsigned order, int fresh)
{
	struct free_block *b = window_ptr(pa);

	b->prev = 0;
	b->next = free_list[order];
	if (b->next)
		b->next->prev = b;
	free_list[order] = b;
	*state_of(pa) = STATE_FREE | (fresh ? STATE_FRESH : 0) | order;
}

static void list_remove(l4_uint64_t pa, unsigned order)
{
	struct free_block *b = window_ptr(pa);

	if (b->prev)
		b->prev->next = b->next;
	else
		free_list[order] = b->next;
	if (b->next)
		b->next->prev = b->prev;
	*state_of(pa) = 0;
}

static void block_insert(l4_uint64_t pa, unsigned order, int fresh)
{
	free_bytes += 1UL << order;
	while (order < ALLOC_ORDER_MAX) {
		l4_uint64_t buddy = pa ^ (1UL << order);

		if (buddy >> L4_PAGESHIFT >= page_count || (*state_of(buddy) & ~STATE_FRESH) != (STATE_FREE | order))
			break;
		fresh = fresh && (*state_of(buddy) & STATE_FRESH);
		list_remove(buddy, order);
		pa &= ~(1UL << order);
		order++;
	}
	list_add(pa, order, fresh);
}

l4_uint64_t pages_alloc(unsigned order, int *fresh)
{
	unsigned have = order;
	l4_uint64_t pa;

	while (have < ORDERS && !free_list[have])
		have++;
	if (have >= ORDERS)
		return ~0UL;
	pa = window_pa(free_list[have]);
	*fresh = *state_of(pa) & STATE_FRESH;
	list_remove(pa, have);
	window_split(pa, order);
	window_join(pa, order);
	free_bytes -= 1UL << order;
	while (have > order) {
		have--;
		list_add(pa + (1UL << have), have, *fresh);
	}
	return pa;
}

/* It may be a part of a block, none of which anybody has mapped yet. */
void pages_free(l4_uint64_t pa, unsigned order)
{
	window_split(pa, order);
	block_insert(pa, order, 0);
}

l4_uint64_t pages_free_bytes(void)
{
	return free_bytes;
}

l4_uint64_t pages_window_kernel_bytes(void)
{
	return (UNIT(page_count << L4_PAGESHIFT) + 1) * TABLE_KERNEL_BYTES;
}

/* Largest order of a block at pa that ends at or before end. */
static unsigned block_order(l4_uint64_t pa, l4_uint64_t end, unsigned max)
{
	unsigned order = L4_PAGESHIFT;

	while (order < max && !(pa & (1UL << order)) && pa + (2UL << order) <= end)
		order++;
	return order;
}

static void map_range(l4_uint64_t pa, l4_uint64_t end)
{
	unsigned order;

	for (; pa < end; pa += 1UL << order) {
		order = block_order(pa, end, 39);
		window_map(pa, order, page_order(order));
	}
}

/* Note with which pages map_range() mapped it. */
static void note_range(l4_uint64_t pa, l4_uint64_t end)
{
	l4_uint64_t at;
	unsigned order;

	for (; pa < end; pa += 1UL << order) {
		order = block_order(pa, end, 39);
		for (at = pa; at < pa + (1UL << order); at += L4_SUPERPAGESIZE)
			window_order[UNIT(at)] = page_order(order);
	}
}

static int is_memory(const l4_kip_mem_t *m)
{
	return m->type == L4_MEM_RAM || m->type == L4_MEM_MODULE;
}

/* The tables live at the start of the first region that is big enough. */
static l4_kip_mem_t *place_state(l4_kip_mem_t *mem, unsigned count)
{
	l4_uint64_t bytes = l4_round_page(page_count + UNIT(page_count << L4_PAGESHIFT) + 1);
	unsigned i;

	for (i = 0; i < count; i++) {
		if (mem[i].type != L4_MEM_RAM || mem[i].end - mem[i].start < bytes)
			continue;
		state = window_ptr(mem[i].start);
		memset(state, 0, bytes);
		window_order = state + page_count;
		mem[i].start += bytes;
		return &mem[i];
	}
	die("no room for %lu bytes of page states", bytes);
}

void pages_init(const l4_kernel_info_t *kip)
{
	static l4_kip_mem_t mem[L4_KIP_MEM_MAX];
	unsigned count = kip->mem_count < L4_KIP_MEM_MAX ? kip->mem_count : L4_KIP_MEM_MAX;
	unsigned i;

	huge_pages = (kip->features & L4_KIP_F_1G) != 0;
	memcpy(mem, kip->mem, sizeof(mem));
	for (i = 0; i < count; i++) {
		if (!is_memory(&mem[i]))
			continue;
		map_range(mem[i].start, mem[i].end);
		if (mem[i].type == L4_MEM_RAM && mem[i].end >> L4_PAGESHIFT > page_count)
			page_count = mem[i].end >> L4_PAGESHIFT;
	}
	place_state(mem, count);
	for (i = 0; i < count; i++)
		if (kip->mem[i].type == L4_MEM_RAM)
			note_range(kip->mem[i].start, kip->mem[i].end);
	for (i = 0; i < count; i++) {
		l4_uint64_t pa = mem[i].start;

		while (mem[i].type == L4_MEM_RAM && pa < mem[i].end) {
			unsigned order = block_order(pa, mem[i].end, ALLOC_ORDER_MAX);

			window_split(pa, order);
			block_insert(pa, order, 1);
			pa += 1UL << order;
		}
	}
}
