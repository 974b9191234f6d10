/* SPDX-License-Identifier: MIT */
/* Pseudo-random numbers: fast, repeatable, not for secrets. */
#ifndef L4_UTIL_RAND_H
#define L4_UTIL_RAND_H

#include <l4/sys/types.h>

#define L4_RAND_MAX 65535

/** 0..L4_RAND_MAX. */
l4_uint32_t l4util_rand(void);
void l4util_srand(l4_uint32_t seed);

#endif
