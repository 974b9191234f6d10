/* SPDX-License-Identifier: MIT */
/* What tests of the kernel's memory code share: a pool, fakes of the arch layer, a check of all tables. */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include <stdio.h>
#include <stdlib.h>

#include "cap.h"
#include "frame.h"
#include "quota.h"
#include "space.h"

#define CHECK(x) do { if (!(x)) check_failed(__FILE__, __LINE__, #x); } while (0)

/** Prints `not ok` for the check under way and exits. */
void check_failed(const char *file, int line, const char *what) __attribute__((noreturn));
/** Runs one check and prints `ok name`. */
void check_run(const char *name, void (*check)(void));

/** Deterministic random numbers. */
u64 rnd(u64 below);
void rnd_seed(u64 seed);
/** So many rounds with other seeds: n, times the environment's ROUNDS. */
unsigned int rnd_rounds(unsigned int n);

/** A fresh pool, with `kernel_quota` over all of it. */
void pool_init(u64 bytes);
extern struct quota kernel_quota;

/** preempt_point() says yes in one of so many calls; 0 = never, 1 = always. */
extern unsigned int preempt_one_in;

/** One mapping as found in the tables. */
struct found {
	struct space *space;
	u64 va, pa;
	unsigned int order, rights;
	u32 ref, parent;
	bool ku;
};

/** All mappings of the spaces, after checking every invariant; *count of them in *list (static memory). */
void db_check(struct space **spaces, unsigned int n, struct found **list, unsigned int *count);

/** What the processor finds at va: 0 and physical address, page order and rights, or -L4_ENOENT. */
int space_lookup(const struct space *s, u64 va, u64 *pa, unsigned int *order, unsigned int *rights);

/** The TLB model: everything that was there at tlb_fill() is cached until flushed. tlb_check() finds stale rights. */
void tlb_fill(struct space **spaces, unsigned int n);
void tlb_check(void);
/** Forget a space that is gone. */
void tlb_forget(struct space *s);

#endif
