/* SPDX-License-Identifier: MIT */
/* Dataspaces: memory as an object. */
#ifndef L4_RE_C_DATASPACE_H
#define L4_RE_C_DATASPACE_H

#include <l4/sys/ipc.h>
#include <l4/re/protocols.h>

typedef l4_cap_idx_t l4re_ds_t;
typedef l4_umword_t l4re_ds_offset_t;
typedef unsigned long l4re_ds_map_flags_t;

#define L4RE_DS_MAP_FLAG_RO L4_FPAGE_R
#define L4RE_DS_MAP_FLAG_RW L4_FPAGE_RW
#define L4RE_DS_MAP_FLAG_RX L4_FPAGE_RX
#define L4RE_DS_MAP_FLAG_RWX L4_FPAGE_RWX
#define L4RE_DS_F_RW (L4RE_DS_F_R | L4RE_DS_F_W)

typedef struct l4re_ds_stats_t {
	l4re_ds_offset_t size;
	unsigned long flags;
} l4re_ds_stats_t;

/** Size in bytes, 0 if ds is no dataspace. */
l4_size_t l4re_ds_size(l4re_ds_t ds);
/** Rights the capability gives (L4RE_DS_F_*), negative on error. */
long l4re_ds_flags(l4re_ds_t ds);
int l4re_ds_info(l4re_ds_t ds, l4re_ds_stats_t *stats);
/**
 * Map the page at offset to local_addr, and what surrounds it as far as
 * [min_addr, max_addr) and the message go. -L4_ERANGE: outside.
 */
long l4re_ds_map(l4re_ds_t ds, l4re_ds_map_flags_t flags, l4re_ds_offset_t offset, l4_addr_t local_addr,
		 l4_addr_t min_addr, l4_addr_t max_addr);
/** Map the part from offset on to all of [min_addr, max_addr). */
long l4re_ds_map_region(l4re_ds_t ds, l4re_ds_map_flags_t flags, l4re_ds_offset_t offset, l4_addr_t min_addr,
			l4_addr_t max_addr);
/** Copy size bytes of src to ds. */
long l4re_ds_copy_in(l4re_ds_t ds, l4re_ds_offset_t dst_offs, l4re_ds_t src, l4re_ds_offset_t src_offs, l4_size_t size);
/** Fill with zero. */
long l4re_ds_clear(l4re_ds_t ds, l4re_ds_offset_t offset, l4_size_t size);
/** Make sure that there is memory: there always is, so this only checks the range. */
long l4re_ds_allocate(l4re_ds_t ds, l4re_ds_offset_t offset, l4_size_t size);

#endif
