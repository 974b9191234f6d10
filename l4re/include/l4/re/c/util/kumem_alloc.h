/* SPDX-License-Identifier: MIT */
/* Kernel-user memory. */
#ifndef L4_RE_C_UTIL_KUMEM_ALLOC_H
#define L4_RE_C_UTIL_KUMEM_ALLOC_H

#include <l4/sys/types.h>

/**
 * New kernel-user memory of 2^pages_order pages in task (at most 2^4; the own
 * one if L4_INVALID_CAP); *mem = its address. -L4_ENOMEM: quota or addresses.
 */
int l4re_util_kumem_alloc(l4_addr_t *mem, unsigned pages_order, l4_cap_idx_t task, l4_cap_idx_t rm);

#endif
