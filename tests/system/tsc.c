// SPDX-License-Identifier: MIT
/* Prints the time stamp counter: with --icount, what has run since QEMU's start, in instructions. */
#include <stdio.h>
#include <x86intrin.h>

int main(void)
{
	printf("%llu\n", (unsigned long long)__rdtsc());
	return 0;
}
