/* SPDX-License-Identifier: MIT */
/* The capability behind a POSIX thread. */
#include "pthread_impl.h"

unsigned long skerry_thread_cap(int tid);

unsigned long pthread_l4_cap(pthread_t t)
{
	return skerry_thread_cap(t->tid);
}
