/* SPDX-License-Identifier: MIT */
/* Entries of tables that the remapping units read. */
#ifndef PCI_ENTRY_H
#define PCI_ENTRY_H

#include <l4/sys/types.h>

/** Units need not look into caches: each entry goes to memory at once. */
static inline void entry_set(l4_uint64_t *entry, l4_uint64_t value)
{
	*(volatile l4_uint64_t *)entry = value;
	__builtin_ia32_clflush(entry);
	__builtin_ia32_mfence();
}

/** Of two words, of which the first says whether the entry is present: the second is valid before it does. */
static inline void entry_set_two(l4_uint64_t *entry, l4_uint64_t low, l4_uint64_t high)
{
	entry_set(&entry[0], 0);
	entry_set(&entry[1], high);
	entry_set(&entry[0], low);
}

#endif
