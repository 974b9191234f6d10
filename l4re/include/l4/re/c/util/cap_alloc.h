/* SPDX-License-Identifier: MIT */
/* Free capability slots of the task. */
#ifndef L4_RE_C_UTIL_CAP_ALLOC_H
#define L4_RE_C_UTIL_CAP_ALLOC_H

#include <l4/sys/types.h>

/** An empty slot, L4_INVALID_CAP if there is none. */
l4_cap_idx_t l4re_util_cap_alloc(void);
/** Give a slot back; what it holds stays until the next use. */
void l4re_util_cap_free(l4_cap_idx_t cap);
/** Empty the slot, then give it back. */
void l4re_util_cap_free_um(l4_cap_idx_t cap);
/**
 * Empty the slot and keep it, for what comes with the next message. The message registers stay as they are: a server's answer is in them.
 */
void l4re_util_cap_empty(l4_cap_idx_t cap);

#endif
