/* SPDX-License-Identifier: MIT */
/* Dataspaces of root's whose memory must stay where it is (l4re_dma_ops in l4/re/protocols.h). */
#ifndef PCI_PIN_H
#define PCI_PIN_H

#include <l4/sys/types.h>

/** Pin the dataspace of that number, if ds is a capability to it; the pin and its bytes. -L4_ENOENT, -L4_ENOMEM. */
long pin_take(l4_umword_t number, l4_cap_idx_t ds, l4_uint64_t *bytes);
/** Pin a dataspace of the manager's own. */
long pin_take_own(l4_cap_idx_t ds, l4_uint64_t *bytes);
/** Contiguous zeroed memory of the manager's own, pinned: units read it until a successor gives them other tables. -L4_ENOMEM. */
int pin_memory(l4_uint64_t bytes, void **at, l4_uint64_t *pa);
/** Physical address of offset; *bytes = how many are contiguous from there. */
int pin_address(unsigned pin, l4_uint64_t offset, l4_uint64_t *pa, l4_uint64_t *bytes);
void pin_drop(unsigned pin);
/** Drop those of a manager that is gone: no device reaches their memory any more. */
void pin_drop_old(void);

#endif
