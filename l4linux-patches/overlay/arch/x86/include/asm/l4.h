/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rest of arch/x86 may ask of the Skerry backend. */
#ifndef _ASM_X86_L4_H
#define _ASM_X86_L4_H

#include <asm/cpufeature.h>

struct mm_struct;

#ifdef CONFIG_L4
/*
 * X86_FEATURE_XENPV means "the kernel runs in ring 3 with entry and return
 * paths of its own"; CONFIG_L4 excludes CONFIG_XEN_PV, so here it means Skerry.
 */
#define on_l4() cpu_feature_enabled(X86_FEATURE_XENPV)

/* The page tables of @mm changed in [start, end): drop what its task has of it. */
void l4_flush_tlb_mm(struct mm_struct *mm, unsigned long start, unsigned long end);
void l4_flush_tlb_kernel(unsigned long start, unsigned long end);
#else
#define on_l4() false
static inline void l4_flush_tlb_mm(struct mm_struct *mm, unsigned long start,
				   unsigned long end) { }
static inline void l4_flush_tlb_kernel(unsigned long start, unsigned long end) { }
#endif

#endif
