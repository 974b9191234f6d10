/* SPDX-License-Identifier: MIT */
/* CHECK for tests with random operations: the first failure ends the program, with the line and the seed. */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "random.h"

static const char *name; /* of the test that runs */

static void check_at(int line, int good, const char *what)
{
	if (good)
		return;
	printf("not ok %s line %d: %s (seed %lu)\n", name, line, what, seed);
	fflush(stdout);
	abort();
}
#define CHECK(x) check_at(__LINE__, !!(x), #x)

static inline void run_check(const char *n, void (*check)(void))
{
	name = n;
	check();
	printf("ok %s\n", n);
	fflush(stdout);
}

#endif
