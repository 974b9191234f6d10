/* SPDX-License-Identifier: MIT */
/* Reading the kernel interface page: clock, version, features. */
#ifndef L4_SYS_KIP_API_H
#define L4_SYS_KIP_API_H

#include <l4/sys/kip.h>
#include <l4/sys/compiler.h>

L4_INLINE l4_uint64_t l4_rdtsc(void)
{
	l4_uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return ((l4_uint64_t)hi << 32) | lo;
}

/** Kernel clock in ns of a time-stamp counter value. */
L4_INLINE l4_uint64_t l4_kip_tsc_to_ns(const l4_kernel_info_t *kip, l4_uint64_t tsc)
{
	return (l4_uint64_t)(((unsigned __int128)(tsc - kip->tsc_base) * kip->tsc_mult) >> kip->tsc_shift);
}
/** Kernel clock in ns. */
L4_INLINE l4_uint64_t l4_kip_clock_ns(const l4_kernel_info_t *kip) { return l4_kip_tsc_to_ns(kip, l4_rdtsc()); }
/** Kernel clock in microseconds. */
L4_INLINE l4_uint64_t l4_kip_clock(const l4_kernel_info_t *kip) { return l4_kip_clock_ns(kip) / 1000; }
L4_INLINE l4_umword_t l4_kip_version(const l4_kernel_info_t *kip) { return kip->version; }

/** Nonzero if the kernel has the named feature: fsgsbase, pcid, 1g. */
L4_INLINE int l4_kip_kernel_has_feature(const l4_kernel_info_t *kip, const char *name)
{
	static const struct { const char *name; l4_uint64_t bit; } known[] = {
		{ "fsgsbase", L4_KIP_F_FSGSBASE }, { "pcid", L4_KIP_F_PCID }, { "1g", L4_KIP_F_1G },
	};
	unsigned i, k;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		for (k = 0; name[k] && name[k] == known[i].name[k]; k++)
			;
		if (name[k] == known[i].name[k])
			return (kip->features & known[i].bit) != 0;
	}
	return 0;
}

/** The KIP of this task: set by the start-up code (runtime only). */
extern const l4_kernel_info_t *l4_global_kip;
L4_INLINE const l4_kernel_info_t *l4_kip(void) { return l4_global_kip; }

#endif
