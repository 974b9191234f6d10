/* SPDX-License-Identifier: GPL-2.0-only */
/* Bits of x86-64 page-table entries, for tables and leaves of every level. */
#ifndef PTE_H
#define PTE_H

#define PTE_P (1UL << 0)
#define PTE_W (1UL << 1)
#define PTE_U (1UL << 2)
#define PTE_PWT (1UL << 3)
#define PTE_PCD (1UL << 4)
#define PTE_A (1UL << 5)
#define PTE_D (1UL << 6)
#define PTE_PS (1UL << 7) /* levels 2 and 3: a leaf */
#define PTE_G (1UL << 8)
/** Software: page of kernel-user memory; has no mapping node, cannot be passed on or unmapped. */
#define PTE_KU (1UL << 9)
/** Software: may be passed on executable; the page itself is executable only without PTE_NX. */
#define PTE_XP (1UL << 10)
#define PTE_NX (1UL << 63)
#define PTE_ADDR 0x000ffffffffff000UL

/* Cache types: the arch code programs the PAT so that index 0 is WB, 1 WC, 2 UC-, 3 UC. */
#define PTE_CACHE_WB 0UL
#define PTE_CACHE_WC PTE_PWT
#define PTE_CACHE_UC (PTE_PCD | PTE_PWT)
#define PTE_CACHE_MASK (PTE_PCD | PTE_PWT)

/** Entry that refers to a user table. The leaf decides about rights. */
#define PTE_TABLE (PTE_P | PTE_W | PTE_U | PTE_A)

/** Entries of a top-level table: [0, PTE_ROOT_KERNEL) and [PTE_ROOT_HIGH, 512) are the user's. */
#define PTE_ROOT_KERNEL 256
#define PTE_ROOT_HIGH 272

#endif
