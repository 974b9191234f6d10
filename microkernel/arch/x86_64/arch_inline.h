/* SPDX-License-Identifier: GPL-2.0-only */
/* The inline part of the arch contract (arch.h). */
#ifndef ARCH_INLINE_H
#define ARCH_INLINE_H

#include "types.h"

static inline u64 arch_tsc(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return low | (u64)high << 32;
}

/** Short copies by hand: a string instruction takes long to start. */
static inline void arch_copy_words(u64 *to, const u64 *from, u64 words)
{
	if (words <= 4) {
		while (words--)
			*to++ = *from++;
		return;
	}
	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

static inline void arch_load_cr3(u64 cr3)
{
	asm volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
}

#define ARCH_REGISTER(name) \
	static inline u64 arch_##name(void) \
	{ \
		u64 value; \
\
		asm volatile("mov %%" #name ", %0" : "=r"(value)); \
		return value; \
	}
ARCH_REGISTER(cr2)
ARCH_REGISTER(cr3)

/** All four data segment selectors or-ed: 0 in nearly every thread. */
static inline u32 arch_segments_any(void)
{
	u32 ds, es, fs, gs;

	asm volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
		     : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
	return ds | es | fs | gs;
}

static inline void arch_segments_read(u16 *ds, u16 *es, u16 *fs, u16 *gs)
{
	asm volatile("movw %%ds, %0; movw %%es, %1; movw %%fs, %2; movw %%gs, %3"
		     : "=m"(*ds), "=m"(*es), "=m"(*fs), "=m"(*gs));
}

/** User FS base and user GS base (the one swapgs brings back). */
static inline void arch_user_bases_read(u64 *fs, u64 *gs)
{
	asm volatile("rdfsbase %0; swapgs; rdgsbase %1; swapgs" : "=&r"(*fs), "=&r"(*gs));
}

/** Read the old bases, load new ones. */
static inline void arch_user_bases_switch(u64 *old_fs, u64 *old_gs, u64 fs, u64 gs)
{
	u64 was_fs, was_gs;

	asm volatile("rdfsbase %0; wrfsbase %2; swapgs; rdgsbase %1; wrgsbase %3; swapgs"
		     : "=&r"(was_fs), "=&r"(was_gs) : "r"(fs), "r"(gs) : "memory");
	*old_fs = was_fs;
	*old_gs = was_gs;
}

/** Save into one area, then load from another. */
static inline void fpu_exchange(void *save, const void *restore)
{
	if (likely(fpu_have_xsaveopt)) {
		asm volatile("xsaveopt64 (%0); xrstor64 (%1)"
			     : : "r"(save), "r"(restore), "a"(~0U), "d"(~0U) : "memory");
		return;
	}
	fpu_save(save);
	fpu_restore(restore);
}

static inline void arch_user_bases_write(u64 fs, u64 gs)
{
	asm volatile("wrfsbase %0; swapgs; wrgsbase %1; swapgs" : : "r"(fs), "r"(gs) : "memory");
}

static inline void arch_fpu_enable(void)
{
	asm volatile("clts");
}

#endif
