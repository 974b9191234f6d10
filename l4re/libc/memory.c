/* SPDX-License-Identifier: MIT */
/*
 * Anonymous memory: mmap, munmap, mprotect.
 *
 * An arena of addresses, reserved at the region manager, holds areas in ascending order. An area
 * without access needs no memory before it gets some (a guard page never costs any); then it has a part of a
 * backing, which is one dataspace. Splitting an area makes two that share their backing; the memory
 * goes back when the last part is unmapped.
 *
 * Under `lock`: everything here.
 */
#include "layer.h"

#include <errno.h>
#include <sys/mman.h>

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/skerry.h>

#define ARENA_BYTES (1UL << 40)
#define FIRST_NODES 48

struct backing {
	l4re_ds_t ds;
	unsigned refs;
};

struct area {
	struct area *next;
	l4_addr_t start, end; /* end exclusive */
	int prot;
	struct backing *mem; /* null: never had access */
	unsigned long offset;
};

union node {
	union node *next;
	struct area area;
	struct backing backing;
};

static struct mutex lock;
static struct area *areas;
static l4_addr_t arena, arena_end;
static union node first_nodes[FIRST_NODES], *free_nodes;
static unsigned first_used;

static int dataspace(unsigned long bytes, l4re_ds_t *ds)
{
	*ds = l4re_util_cap_alloc();
	if (l4_is_invalid_cap(*ds))
		return -ENOMEM;
	if (l4re_ma_alloc(bytes, *ds, 0) >= 0)
		return 0;
	l4re_util_cap_free(*ds);
	return -ENOMEM;
}

static void dataspace_free(l4re_ds_t ds)
{
	l4re_ma_free(ds);
	l4re_util_cap_free_um(ds);
}

/* A page of nodes from the region manager; never given back. */
static void grow_nodes(void)
{
	void *at = 0;
	union node *n;
	unsigned i;
	l4re_ds_t ds;

	if (dataspace(L4_PAGESIZE, &ds))
		return;
	if (l4re_rm_attach(&at, L4_PAGESIZE, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) < 0) {
		dataspace_free(ds);
		return;
	}
	for (i = 0, n = at; i < L4_PAGESIZE / sizeof(*n); i++, n++) {
		n->next = free_nodes;
		free_nodes = n;
	}
}

static union node *node_alloc(void)
{
	union node *n;

	if (first_used < FIRST_NODES)
		return &first_nodes[first_used++];
	if (!free_nodes)
		grow_nodes();
	n = free_nodes;
	if (n)
		free_nodes = n->next;
	return n;
}

static void node_free(void *p)
{
	union node *n = p;

	n->next = free_nodes;
	free_nodes = n;
}

static struct backing *backing_create(unsigned long bytes)
{
	struct backing *b = (struct backing *)node_alloc();

	if (!b)
		return 0;
	b->refs = 1;
	if (!dataspace(bytes, &b->ds))
		return b;
	node_free(b);
	return 0;
}

static void backing_put(struct backing *b)
{
	if (!b || --b->refs)
		return;
	dataspace_free(b->ds);
	node_free(b);
}

static unsigned rights_of(int prot)
{
	return (prot ? L4_FPAGE_R : 0) | (prot & PROT_WRITE ? L4_FPAGE_W : 0) | (prot & PROT_EXEC ? L4_FPAGE_X : 0);
}

static void revoke(const struct area *a, unsigned rights)
{
	if (rights)
		l4_task_unmap_range_u(l4re_env()->task, a->start, a->end - L4_PAGESIZE, L4_FP_ALL_SPACES | rights,
				      l4_utcb());
}

/* Give the area the access prot; it gets memory when it has none. */
static int area_set(struct area *a, int prot)
{
	unsigned old = rights_of(a->prot), new = rights_of(prot);

	if (new && !a->mem) {
		a->mem = backing_create(a->end - a->start);
		a->offset = 0;
		if (!a->mem)
			return -ENOMEM;
	}
	/* Losing the right to read is losing the page. */
	revoke(a, new ? old & ~new : old ? L4_FPAGE_RWX : 0);
	if ((new & ~old) && l4re_ds_map_region(a->mem->ds, new, a->offset, a->start, a->end) < 0)
		return -ENOMEM;
	a->prot = prot;
	return 0;
}

/* Link to the first area that ends behind addr. */
static struct area **area_link(l4_addr_t addr)
{
	struct area **link = &areas;

	while (*link && (*link)->end <= addr)
		link = &(*link)->next;
	return link;
}

/* Make `at` a border between areas. */
static int split(l4_addr_t at)
{
	struct area *a = *area_link(at), *upper;

	if (!a || a->start >= at)
		return 0;
	upper = (struct area *)node_alloc();
	if (!upper)
		return -ENOMEM;
	*upper = *a;
	upper->start = a->end = at;
	upper->offset += at - a->start;
	a->next = upper;
	if (a->mem)
		a->mem->refs++;
	return 0;
}

static int split_ends(l4_addr_t start, l4_addr_t end)
{
	int err = split(start);

	return err ? err : split(end);
}

static int arena_ready(void)
{
	if (arena)
		return 0;
	if (l4re_rm_reserve_area(&arena, ARENA_BYTES, L4RE_RM_F_SEARCH_ADDR, L4_SUPERPAGESHIFT) < 0) {
		arena = 0;
		return -ENOMEM;
	}
	arena_end = arena + ARENA_BYTES;
	return 0;
}

static int in_arena(l4_addr_t start, unsigned long bytes)
{
	return arena && start >= arena && start < arena_end && bytes <= arena_end - start;
}

/* The first gap that is large enough; the link where it is, null if there is none. */
static struct area **find_gap(l4_addr_t *start, unsigned long bytes)
{
	struct area **link;
	l4_addr_t at = arena;

	for (link = &areas; *link && (*link)->start - at < bytes; link = &(*link)->next)
		at = (*link)->end;
	*start = at;
	return in_arena(at, bytes) ? link : 0;
}

static int unmap(l4_addr_t start, l4_addr_t end)
{
	struct area **link, *a;
	int err = split_ends(start, end);

	if (err)
		return err;
	for (link = area_link(start); *link && (*link)->start < end;) {
		a = *link;
		*link = a->next;
		revoke(a, a->prot ? L4_FPAGE_RWX : 0);
		backing_put(a->mem);
		node_free(a);
	}
	return 0;
}

static struct area **place(l4_addr_t *at, unsigned long bytes, int flags)
{
	if (!(flags & MAP_FIXED))
		return find_gap(at, bytes);
	if (!in_arena(*at, bytes) || unmap(*at, *at + bytes))
		return 0;
	return area_link(*at);
}

static long map(l4_addr_t at, unsigned long bytes, int prot, int flags)
{
	struct area **link, *a;
	int err;

	if (arena_ready())
		return -ENOMEM;
	a = (struct area *)node_alloc();
	link = a ? place(&at, bytes, flags) : 0;
	if (!link) {
		if (a)
			node_free(a);
		return -ENOMEM;
	}
	*a = (struct area){ .next = *link, .start = at, .end = at + bytes };
	*link = a;
	err = area_set(a, prot);
	if (!err)
		return at;
	unmap(at, at + bytes);
	return err;
}

static int prot_ok(int prot)
{
	return !(prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC)) && (prot & (PROT_WRITE | PROT_EXEC)) != (PROT_WRITE | PROT_EXEC);
}

static int range_ok(l4_addr_t addr, unsigned long bytes)
{
	return bytes && bytes <= ARENA_BYTES && !(addr & ~L4_PAGEMASK);
}

long memory_map(l4_addr_t addr, unsigned long bytes, int prot, int flags, int fd)
{
	long ret;

	if (fd != -1 || !(flags & MAP_ANONYMOUS))
		return -ENODEV;
	if (!prot_ok(prot))
		return -EACCES;
	if (!range_ok(flags & MAP_FIXED ? addr : 0, bytes))
		return bytes > ARENA_BYTES ? -ENOMEM : -EINVAL;
	mutex_lock(&lock);
	ret = map(addr, l4_round_page(bytes), prot, flags);
	mutex_unlock(&lock);
	return ret;
}

long memory_unmap(l4_addr_t addr, unsigned long bytes)
{
	long ret;

	if (!range_ok(addr, bytes))
		return -EINVAL;
	mutex_lock(&lock);
	bytes = l4_round_page(bytes);
	ret = in_arena(addr, bytes) ? unmap(addr, addr + bytes) : -EINVAL;
	mutex_unlock(&lock);
	return ret;
}

/* All of [start, end) is mapped. */
static int covered(l4_addr_t start, l4_addr_t end)
{
	struct area *a;

	for (a = *area_link(start); a && a->start <= start && start < end; a = a->next)
		start = a->end;
	return start >= end;
}

static int protect(l4_addr_t start, l4_addr_t end, int prot)
{
	struct area *a;
	int err;

	if (!in_arena(start, end - start) || !covered(start, end))
		return -ENOMEM;
	err = split_ends(start, end);
	for (a = *area_link(start); !err && a && a->start < end; a = a->next)
		err = area_set(a, prot);
	return err;
}

long memory_protect(l4_addr_t addr, unsigned long bytes, int prot)
{
	long ret;

	if (!bytes)
		return 0;
	if (!prot_ok(prot))
		return -EACCES;
	if (!range_ok(addr, bytes))
		return -EINVAL;
	mutex_lock(&lock);
	ret = protect(addr, addr + l4_round_page(bytes), prot);
	mutex_unlock(&lock);
	return ret;
}
