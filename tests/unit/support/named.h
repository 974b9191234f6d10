/* SPDX-License-Identifier: MIT */
/* check() for tests whose checks have names: the first failure ends the program, with the test, what was wrong and the seed. */
#ifndef SUPPORT_NAMED_H
#define SUPPORT_NAMED_H

#include <stdio.h>
#include <stdlib.h>

#include "random.h"

static const char *test; /* that runs */

static void check(int good, const char *what)
{
	if (good)
		return;
	printf("not ok %s %s (seed %lu)\n", test, what, seed);
	exit(1);
}

#endif
