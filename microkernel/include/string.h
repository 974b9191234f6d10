/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory and string functions; the compiler may call the mem* ones by itself. */
#ifndef STRING_H
#define STRING_H

#include "types.h"

void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *s);
int strncmp(const char *a, const char *b, size_t bytes);

#endif
