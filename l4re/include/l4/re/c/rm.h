/* SPDX-License-Identifier: MIT */
/*
 * Region manager: which dataspace is where in the own address space. It lives
 * in the program itself; memory is mapped when it is attached.
 */
#ifndef L4_RE_C_RM_H
#define L4_RE_C_RM_H

#include <l4/re/c/dataspace.h>

typedef l4_umword_t l4re_rm_offset_t;
typedef unsigned long l4re_rm_flags_t;

enum l4re_rm_flags_values {
	L4RE_RM_F_X = L4RE_DS_F_X,
	L4RE_RM_F_W = L4RE_DS_F_W,
	L4RE_RM_F_R = L4RE_DS_F_R,
	L4RE_RM_F_RW = L4RE_RM_F_R | L4RE_RM_F_W,
	L4RE_RM_F_RX = L4RE_RM_F_R | L4RE_RM_F_X,
	L4RE_RM_F_RWX = L4RE_RM_F_R | L4RE_RM_F_W | L4RE_RM_F_X,
	L4RE_RM_F_PASS_X = L4RE_DS_F_PASS_X, /**< Skerry: not executable here, may be mapped on executable */
	L4RE_RM_F_RIGHTS_MASK = 0xf,
	L4RE_RM_F_SEARCH_ADDR = 0x20000, /**< find a free address; *start is where to begin */
	L4RE_RM_F_IN_AREA = 0x40000,     /**< inside the reserved area of *start */
	L4RE_RM_F_EAGER_MAP = 0x80000,   /**< always so */
	L4RE_RM_F_RESERVED = 0x200000,   /**< region is a reserved area */
	L4RE_RM_F_LAZY = 0x100000,       /**< Skerry: map nothing yet */
};

/**
 * Attach size bytes of mem from offs on at *start (or where there is room,
 * aligned to 2^align). -L4_EADDRNOTAVAIL: taken; -L4_ENOMEM; -L4_ERANGE: mem is too small.
 */
int l4re_rm_attach(void **start, unsigned long size, l4re_rm_flags_t flags, l4re_ds_t mem, l4re_rm_offset_t offs,
		   unsigned char align);
/** Forget the region around addr and unmap it. -L4_ENOENT. */
int l4re_rm_detach(void *addr);
/** The same; *mem = the dataspace. */
int l4re_rm_detach_ds(void *addr, l4re_ds_t *mem);
/** Unmap from the given task as well (the own one if L4_INVALID_CAP). */
int l4re_rm_detach_unmap(void *addr, l4_cap_idx_t task);
int l4re_rm_detach_ds_unmap(void *addr, l4re_ds_t *mem, l4_cap_idx_t task);
/** The region around *addr: *addr and *size become its own. -L4_ENOENT. */
int l4re_rm_find(l4_addr_t *addr, unsigned long *size, l4re_rm_offset_t *offset, l4re_rm_flags_t *flags, l4re_ds_t *mem);
/** Reserve addresses without memory. */
int l4re_rm_reserve_area(l4_addr_t *start, unsigned long size, l4re_rm_flags_t flags, unsigned char align);
int l4re_rm_free_area(l4_addr_t addr);
/** Print all regions to the log. */
void l4re_rm_show_lists(void);

#endif
