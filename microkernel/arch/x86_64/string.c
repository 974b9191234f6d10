// SPDX-License-Identifier: GPL-2.0-only
/* Memory and string functions: words by string instructions, the rest by bytes. */
#include "string.h"
#include "x86.h"

/* A loop here must not be turned into a call of the function that it is in. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

void *memcpy(void *to, const void *from, size_t bytes)
{
	u8 *t = to;
	const u8 *f = from;

	copy_words(&t, &f, bytes / 8);
	for (bytes &= 7; bytes; bytes--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	u8 *t = to;

	fill_words(&t, (u8)value * 0x0101010101010101UL, bytes / 8);
	for (bytes &= 7; bytes; bytes--)
		*t++ = value;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const u8 *x = a, *y = b;

	for (; bytes; bytes--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t bytes)
{
	for (; bytes; bytes--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}
