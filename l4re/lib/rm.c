/* SPDX-License-Identifier: MIT */
/*
 * Region manager: a list of regions in ascending order of address.
 *
 * Under `lock`: the list and the pool of region records. Mapping is done with the
 * region already in the list and the lock released: an address is used by one attach only.
 */
#include "fmt.h"
#include "lib.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/skerry.h>

struct region {
	struct region *next;
	l4_addr_t start, end; /* end exclusive */
	l4re_rm_flags_t flags;
	l4re_ds_t mem;
	l4re_rm_offset_t offset;
};

#define POOL_FIRST 32
static struct region first_pool[POOL_FIRST];
static struct region *pool, *regions;
static unsigned pool_next, pool_count;
static l4re_lock_t lock;

/* Records come from a page of their own when the first ones are used up; that page is at the arena's end. */
static l4_addr_t pool_page = L4RE_RM_END;

static void pool_grow(void)
{
	l4re_ds_t ds = l4re_util_cap_alloc();
	struct region *r;
	unsigned i;

	if (l4_is_invalid_cap(ds) || l4re_ma_alloc(L4_PAGESIZE, ds, 0) < 0)
		return;
	pool_page -= L4_PAGESIZE;
	if (l4re_ds_map_region(ds, L4_FPAGE_RW, 0, pool_page, pool_page + L4_PAGESIZE) < 0)
		return;
	r = (struct region *)pool_page;
	for (i = 0; i < L4_PAGESIZE / sizeof(*r); i++, r++) {
		r->next = pool;
		pool = r;
	}
	pool_count += i;
}

/* Growing needs no record, so it may happen with the lock held. */
static struct region *record_alloc(void)
{
	struct region *r;

	if (pool_next < POOL_FIRST)
		return &first_pool[pool_next++];
	if (!pool)
		pool_grow();
	r = pool;
	if (r)
		pool = r->next;
	return r;
}

static void record_free(struct region *r)
{
	r->next = pool;
	pool = r;
}

/* Where [start, start + size) would be linked if it is free; null if it overlaps. */
static struct region **place(l4_addr_t start, unsigned long size)
{
	struct region **link = &regions;

	while (*link && (*link)->end <= start)
		link = &(*link)->next;
	return *link && (*link)->start < start + size ? 0 : link;
}

static struct region **search(l4_addr_t *start, unsigned long size, unsigned align)
{
	l4_addr_t at = *start < L4RE_RM_START ? L4RE_RM_START : *start;
	struct region **link = &regions;

	at = l4_round_size(at, align);
	for (; *link; link = &(*link)->next) {
		if ((*link)->end <= at)
			continue;
		if ((*link)->start >= at && (*link)->start - at >= size)
			break;
		at = l4_round_size((*link)->end, align);
	}
	if (at + size < at || at + size > pool_page)
		return 0;
	*start = at;
	return link;
}

static int insert(l4_addr_t *start, unsigned long size, l4re_rm_flags_t flags, l4re_ds_t mem, l4re_rm_offset_t offs,
		  unsigned align)
{
	struct region **link, *r;

	link = flags & L4RE_RM_F_SEARCH_ADDR ? search(start, size, align) : place(*start, size);
	if (!link)
		return -L4_EADDRNOTAVAIL;
	r = record_alloc();
	if (!r)
		return -L4_ENOMEM;
	*r = (struct region){ *link, *start, *start + size, flags, mem, offs };
	*link = r;
	return 0;
}

static int locked_insert(l4_addr_t *start, unsigned long size, l4re_rm_flags_t flags, l4re_ds_t mem,
			 l4re_rm_offset_t offs, unsigned align)
{
	int err;

	if (!size || (*start & ~L4_PAGEMASK) || *start >= L4_USER_LOW_END || size > L4_USER_LOW_END - *start)
		return -L4_EINVAL;
	l4re_lock(&lock);
	err = insert(start, size, flags, mem, offs, align < L4_PAGESHIFT ? L4_PAGESHIFT : align);
	l4re_unlock(&lock);
	return err;
}

/* The region around addr, taken out of the list. */
static struct region *take(l4_addr_t addr)
{
	struct region **link, *r;

	l4re_lock(&lock);
	for (link = &regions; *link && (*link)->end <= addr; link = &(*link)->next)
		;
	r = *link && (*link)->start <= addr ? *link : 0;
	if (r)
		*link = r->next;
	l4re_unlock(&lock);
	return r;
}

static void give_back(struct region *r)
{
	l4re_lock(&lock);
	record_free(r);
	l4re_unlock(&lock);
}

int l4re_rm_attach(void **start, unsigned long size, l4re_rm_flags_t flags, l4re_ds_t mem, l4re_rm_offset_t offs,
		   unsigned char align)
{
	l4_addr_t at = (l4_addr_t)*start;
	long err;

	size = l4_round_page(size);
	if (flags & L4RE_RM_F_IN_AREA) {
		/* The area's addresses are free for whoever knows them: the area's region gives way. */
		struct region *area = take(at);

		if (area)
			give_back(area);
	}
	err = locked_insert(&at, size, flags & ~(l4re_rm_flags_t)L4RE_RM_F_RESERVED, mem, offs, align);
	if (err)
		return err;
	err = flags & L4RE_RM_F_LAZY ? 0 : l4re_ds_map_region(mem, flags & L4RE_RM_F_RIGHTS_MASK, offs, at, at + size);
	if (err) {
		l4re_rm_detach((void *)at);
		return err;
	}
	*start = (void *)at;
	return 0;
}

int l4re_rm_detach_ds_unmap(void *addr, l4re_ds_t *mem, l4_cap_idx_t task)
{
	l4_addr_t at = (l4_addr_t)addr;
	unsigned long size = 1;
	l4re_rm_offset_t offset;
	l4re_rm_flags_t flags;
	l4re_ds_t ds;
	struct region *r;
	int err = l4re_rm_find(&at, &size, &offset, &flags, &ds);

	if (err)
		return err;
	if (mem)
		*mem = ds;
	if (l4_is_invalid_cap(task))
		task = l4re_env()->task;
	/* Still in the list: somebody else's mapping at this address must not be what is unmapped. */
	l4_task_unmap_range_u(task, at, at + size - L4_PAGESIZE, L4_FP_ALL_SPACES | L4_FPAGE_RWX, l4_utcb());
	r = take(at);
	if (r)
		give_back(r);
	return 0;
}

int l4re_rm_detach_ds(void *addr, l4re_ds_t *mem) { return l4re_rm_detach_ds_unmap(addr, mem, L4_INVALID_CAP); }
int l4re_rm_detach_unmap(void *addr, l4_cap_idx_t task) { return l4re_rm_detach_ds_unmap(addr, 0, task); }
int l4re_rm_detach(void *addr) { return l4re_rm_detach_ds_unmap(addr, 0, L4_INVALID_CAP); }

int l4re_rm_find(l4_addr_t *addr, unsigned long *size, l4re_rm_offset_t *offset, l4re_rm_flags_t *flags, l4re_ds_t *mem)
{
	struct region *r;
	int err = -L4_ENOENT;

	l4re_lock(&lock);
	for (r = regions; r && r->end <= *addr; r = r->next)
		;
	if (r && r->start < *addr + *size) {
		*addr = r->start;
		*size = r->end - r->start;
		*offset = r->offset;
		*flags = r->flags;
		*mem = r->mem;
		err = 0;
	}
	l4re_unlock(&lock);
	return err;
}

int l4re_rm_reserve_area(l4_addr_t *start, unsigned long size, l4re_rm_flags_t flags, unsigned char align)
{
	return locked_insert(start, l4_round_page(size), flags | L4RE_RM_F_RESERVED, L4_INVALID_CAP, 0, align);
}

int l4re_rm_free_area(l4_addr_t addr)
{
	struct region *r = take(addr);

	if (!r)
		return -L4_ENOENT;
	give_back(r);
	return 0;
}

void l4re_rm_show_lists(void)
{
	struct region *r;

	for (r = regions; r; r = r->next)
		fmt_log("region %016lx-%016lx flags %lx dataspace %lx offset %lx\n", r->start, r->end, r->flags, r->mem,
			r->offset);
}
