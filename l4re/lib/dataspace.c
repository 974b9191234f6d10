/* SPDX-License-Identifier: MIT */
/* Client side of dataspaces and memory allocators. */
#include "string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/env.h>
#include <l4/sys/factory.h>

static l4_msgtag_t call(l4_cap_idx_t ds, unsigned words)
{
	return l4_invoke(ds, L4RE_PROTO_DATASPACE, words, l4_utcb());
}

int l4re_ds_info(l4re_ds_t ds, l4re_ds_stats_t *stats)
{
	l4_utcb_t *u = l4_utcb();
	long err;

	u->msg.mr[0] = L4RE_DS_INFO_OP;
	err = l4_error(call(ds, 1));
	if (err < 0)
		return err;
	stats->size = u->msg.mr[0];
	stats->flags = u->msg.mr[1];
	return 0;
}

l4_size_t l4re_ds_size(l4re_ds_t ds)
{
	l4re_ds_stats_t s = { 0, 0 };

	return l4re_ds_info(ds, &s) < 0 ? 0 : s.size;
}

long l4re_ds_flags(l4re_ds_t ds)
{
	l4re_ds_stats_t s = { 0, 0 };
	int err = l4re_ds_info(ds, &s);

	return err < 0 ? err : (long)s.flags;
}

/* Accept memory in [addr, addr + 2^order) and nowhere else, as many pieces as there are buffers for. */
static void accept(l4_utcb_t *u, l4_addr_t addr, unsigned order)
{
	unsigned i;

	u->buf.bdr = 0;
	for (i = 0; i + 1 < L4_UTCB_GENERIC_BUFFERS_SIZE; i += 2) {
		u->buf.br[i] = L4_ITEM_MAP;
		u->buf.br[i + 1] = l4_fpage(addr, order, 0).raw;
	}
}

/* The largest flexpage at addr that is at most so large. */
static unsigned window_order(l4_addr_t addr, l4_size_t bytes)
{
	unsigned order = L4_PAGESHIFT;

	while (order < 46 && !(addr & (1UL << order)) && (2UL << order) <= bytes)
		order++;
	return order;
}

/* One message: returns the bytes it mapped. Who serves the dataspace may be anybody: what it maps goes to no other address. */
static long map_some(l4re_ds_t ds, l4re_ds_map_flags_t flags, l4re_ds_offset_t offset, l4_addr_t addr, l4_size_t bytes)
{
	l4_utcb_t *u = l4_utcb();
	unsigned order = window_order(addr, bytes);
	l4_msgtag_t tag;
	long err;

	if (bytes > 1UL << order)
		bytes = 1UL << order;
	u->msg.mr[0] = L4RE_DS_MAP_OP;
	u->msg.mr[1] = offset;
	u->msg.mr[2] = addr;
	u->msg.mr[3] = flags & L4_FPAGE_RIGHTS_MASK;
	u->msg.mr[4] = bytes;
	accept(u, addr, order);
	tag = call(ds, 5);
	u->buf.br[0] = 0;
	err = l4_error(tag);
	if (err < 0)
		return err;
	return u->msg.mr[0] <= bytes && !(u->msg.mr[0] & ~L4_PAGEMASK) ? (long)u->msg.mr[0] : -L4_EINVAL;
}

long l4re_ds_map_region(l4re_ds_t ds, l4re_ds_map_flags_t flags, l4re_ds_offset_t offset, l4_addr_t min_addr,
			l4_addr_t max_addr)
{
	while (min_addr < max_addr) {
		long n = map_some(ds, flags, offset, min_addr, max_addr - min_addr);

		if (n < 0)
			return n;
		if (!n)
			return -L4_ERANGE;
		offset += n;
		min_addr += n;
	}
	return 0;
}

long l4re_ds_map(l4re_ds_t ds, l4re_ds_map_flags_t flags, l4re_ds_offset_t offset, l4_addr_t local_addr,
		 l4_addr_t min_addr, l4_addr_t max_addr)
{
	long n;

	local_addr = l4_trunc_page(local_addr);
	if (local_addr < min_addr || local_addr >= max_addr)
		return -L4_ERANGE;
	n = map_some(ds, flags, l4_trunc_page(offset), local_addr, max_addr - local_addr);
	return n < 0 ? n : 0;
}

static long range_op(l4re_ds_t ds, l4_umword_t op, l4re_ds_offset_t offset, l4_size_t size)
{
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = op;
	u->msg.mr[1] = offset;
	u->msg.mr[2] = size;
	return l4_error(call(ds, 3));
}

long l4re_ds_clear(l4re_ds_t ds, l4re_ds_offset_t offset, l4_size_t size)
{
	return range_op(ds, L4RE_DS_CLEAR_OP, offset, size);
}

long l4re_ds_allocate(l4re_ds_t ds, l4re_ds_offset_t offset, l4_size_t size)
{
	return range_op(ds, L4RE_DS_ALLOCATE_OP, offset, size);
}

/* Both dataspaces are attached for the time of the copy: the client pays with its own address space and time. */
long l4re_ds_copy_in(l4re_ds_t ds, l4re_ds_offset_t dst_offs, l4re_ds_t src, l4re_ds_offset_t src_offs, l4_size_t size)
{
	l4re_ds_offset_t to_page = l4_trunc_page(dst_offs), from_page = l4_trunc_page(src_offs);
	void *to = 0, *from = 0;
	long err;

	if (!size)
		return 0;
	err = l4re_rm_attach(&to, dst_offs - to_page + size, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, to_page, 0);
	if (err < 0)
		return err;
	err = l4re_rm_attach(&from, src_offs - from_page + size, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_R, src, from_page, 0);
	if (err >= 0) {
		memcpy((char *)to + (dst_offs - to_page), (char *)from + (src_offs - from_page), size);
		l4re_rm_detach(from);
	}
	l4re_rm_detach(to);
	return err;
}

long l4re_ma_alloc_align_srv(l4_cap_idx_t srv, l4_size_t size, l4re_ds_t mem, unsigned long flags, unsigned long align)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag = l4_factory_create_start_u(L4RE_PROTO_DATASPACE, mem, u);

	l4_factory_create_add_uint_u(size, &tag, u);
	l4_factory_create_add_uint_u(flags, &tag, u);
	l4_factory_create_add_uint_u(align, &tag, u);
	return l4_error(l4_factory_create_commit_u(srv, tag, u));
}

long l4re_ma_alloc_align(l4_size_t size, l4re_ds_t mem, unsigned long flags, unsigned long align)
{
	return l4re_ma_alloc_align_srv(l4re_env()->mem_alloc, size, mem, flags, align);
}

long l4re_ma_alloc(l4_size_t size, l4re_ds_t mem, unsigned long flags)
{
	return l4re_ma_alloc_align(size, mem, flags, 0);
}

long l4re_ma_free(l4_cap_idx_t object)
{
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = L4RE_OBJECT_RELEASE_OP;
	return l4_error(l4_invoke(object, L4RE_PROTO_OBJECT, 1, u));
}

long l4re_ma_create(l4_cap_idx_t srv, l4_cap_idx_t allocator, l4_size_t quota, unsigned flags)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag = l4_factory_create_start_u(L4RE_PROTO_MEM_ALLOC, allocator, u);

	l4_factory_create_add_uint_u(quota, &tag, u);
	l4_factory_create_add_uint_u(flags, &tag, u);
	return l4_error(l4_factory_create_commit_u(srv, tag, u));
}

long l4re_ma_info(l4_cap_idx_t srv, l4_size_t *quota, l4_size_t *used)
{
	l4_utcb_t *u = l4_utcb();
	long err;

	u->msg.mr[0] = L4_FACTORY_INFO;
	err = l4_error(l4_invoke(srv, L4_PROTO_FACTORY, 1, u));
	if (err >= 0) {
		*quota = u->msg.mr[0];
		*used = u->msg.mr[1];
	}
	return err;
}
