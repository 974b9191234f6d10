/* SPDX-License-Identifier: MIT */
/* Memory allocator: dataspaces out of a quota. */
#ifndef L4_RE_C_MEM_ALLOC_H
#define L4_RE_C_MEM_ALLOC_H

#include <l4/re/c/dataspace.h>

enum l4re_ma_flags {
	L4RE_MA_CONTINUOUS = 0x01,  /**< physically contiguous */
	L4RE_MA_PINNED = 0x02,      /**< always so */
	L4RE_MA_SUPER_PAGES = 0x04, /**< always as large as possible */
	L4RE_MA_FRESH = 0x10,       /**< Skerry: memory nobody used since power-on need not be cleared */
};

/**
 * New dataspace of size bytes (rounded up to pages) into the empty slot mem.
 * -L4_ENOMEM: quota or memory; -L4_EINVAL: size.
 */
long l4re_ma_alloc(l4_size_t size, l4re_ds_t mem, unsigned long flags);
/** The same with an alignment (log2) of physical memory, for L4RE_MA_CONTINUOUS. */
long l4re_ma_alloc_align(l4_size_t size, l4re_ds_t mem, unsigned long flags, unsigned long align);
/** The same from a given allocator. */
long l4re_ma_alloc_align_srv(l4_cap_idx_t srv, l4_size_t size, l4re_ds_t mem, unsigned long flags, unsigned long align);
/** Skerry: free a dataspace or any other object of the allocator's (right S: the capability that the allocator gave). -L4_EPERM. */
long l4re_ma_free(l4_cap_idx_t object);
/** Skerry: flags of an allocator. */
#define L4RE_MA_CREATE_DEVICES 1U /**< it may make dataspaces of device memory; only init can allow that */
/** Skerry: allocator with quota bytes out of srv's; flags L4RE_MA_CREATE_*. -L4_EPERM: flags that srv cannot give. */
long l4re_ma_create(l4_cap_idx_t srv, l4_cap_idx_t allocator, l4_size_t quota, unsigned flags);
/** Skerry: quota of an allocator and how much of it is used. */
long l4re_ma_info(l4_cap_idx_t srv, l4_size_t *quota, l4_size_t *used);

#endif
