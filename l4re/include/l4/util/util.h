/* SPDX-License-Identifier: MIT */
/* Small helpers: sleeping, touching memory. */
#ifndef L4_UTIL_UTIL_H
#define L4_UTIL_UTIL_H

#include <l4/sys/ipc.h>

static inline void l4_sleep(int ms) { l4_ipc_sleep_ms(ms < 0 ? 0 : ms); }
static inline void l4_usleep(int us) { l4_ipc_sleep_us(us < 0 ? 0 : us); }
__attribute__((noreturn)) static inline void l4_sleep_forever(void)
{
	for (;;)
		l4_ipc_sleep(L4_IPC_NEVER);
}

/** Read a word in every page of [addr, addr + size). */
static inline void l4_touch_ro(const void *addr, unsigned size)
{
	const char *p = (const char *)((l4_addr_t)addr & L4_PAGEMASK), *end = (const char *)addr + size;

	for (; p < end; p += L4_PAGESIZE)
		__asm__ volatile("" : : "r"(*p) : "memory");
}
/** Write every page of [addr, addr + size), contents unchanged. */
static inline void l4_touch_rw(const void *addr, unsigned size)
{
	char *p = (char *)((l4_addr_t)addr & L4_PAGEMASK);
	const char *end = (const char *)addr + size;

	for (; p < end; p += L4_PAGESIZE)
		__atomic_fetch_or(p, 0, __ATOMIC_RELAXED);
}

#endif
