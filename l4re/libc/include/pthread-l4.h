/* SPDX-License-Identifier: MIT */
/* What POSIX threads are made of. */
#ifndef PTHREAD_L4_H
#define PTHREAD_L4_H

#include <l4/sys/types.h>
#include <pthread.h>

/** Capability of a thread; L4_INVALID_CAP once it has ended. The library keeps owning it. */
l4_cap_idx_t pthread_l4_cap(pthread_t t);

#endif
