/* SPDX-License-Identifier: MIT */
/* The random numbers of unit tests: the same in every run. A failure prints the seed that came before it. */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

static unsigned long seed = 1;

/** A number below n (1 .. 2^31). */
static unsigned long random_below(unsigned long n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (seed >> 33) % n;
}

#endif
