/* SPDX-License-Identifier: MIT */
/*
 * Tables that the remapping units read: root and context tables, which say which space a function has, and the page tables
 * of the spaces (Intel Virtualization Technology for Directed I/O 3.3, chapter 9). One set of tables serves all units.
 *
 * All tables are pages of one piece of memory. A space has a limit of pages; what it took it gives back when
 * it is released. Who changes an entry that was present tells the units (vtd.h) before the memory behind it is used
 * for something else; no page of a table changes its purpose before remap_space_release().
 *
 * No I/O in here, so that it can be tested on the host.
 */
#ifndef PCI_REMAP_H
#define PCI_REMAP_H

#include "bus.h"

#define REMAP_PAGES_MAX 128
#define REMAP_SPACE_PAGES 24 /* no space needs more */
#define REMAP_LARGE_BYTES 0x200000UL

/* Addresses of functions: below what a write to is an interrupt, which no table translates. */
#define REMAP_FIRST 0x1000000UL
#define REMAP_LAST 0xfedfffffUL

struct remap {
	char *memory;            /* the tables: page 0 is the root table */
	l4_uint64_t pa;          /* where the units find them */
	unsigned pages, levels;  /* levels of page tables: 3 or 4 */
	unsigned space_pages;    /* of one space at most */
	int large;               /* entries of 2 MiB are allowed */
	unsigned free_count;
	unsigned char free[REMAP_PAGES_MAX];
};

/* The page tables of one function. */
struct remap_space {
	unsigned top;            /* number of its first page, 0: none */
	unsigned pages;
};

/** Start with no function present. memory: `pages` zeroed pages, of which a space gets at most space_pages. */
void remap_init(struct remap *r, void *memory, l4_uint64_t pa, unsigned pages, unsigned space_pages, unsigned levels,
		int large);
/** What the function reaches is s from now on, an empty space. -L4_ENOMEM. */
int remap_attach(struct remap *r, struct remap_space *s, pci_address_t at, unsigned domain);
/** The function reaches nothing. */
void remap_detach(struct remap *r, pci_address_t at);
/** Let the units not report what the function does wrong, until it is attached again. False: there is no entry to say so in. */
int remap_mute(struct remap *r, pci_address_t at);
/** Give back the pages of s, which no unit uses any more. */
void remap_space_release(struct remap *r, struct remap_space *s);
/**
 * Map [address, address + bytes) to pa, all of it or nothing. Whole pages, inside [REMAP_FIRST, REMAP_LAST], nothing is
 * mapped there. -L4_ENOMEM: pages of this space or of all.
 */
int remap_map(struct remap *r, struct remap_space *s, l4_uint64_t address, l4_uint64_t pa, l4_uint64_t bytes, int read,
	      int write);
/** The same range as in one or several calls of remap_map(). */
void remap_unmap(struct remap *r, struct remap_space *s, l4_uint64_t address, l4_uint64_t bytes);

#endif
