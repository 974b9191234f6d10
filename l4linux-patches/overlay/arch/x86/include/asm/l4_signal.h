/* SPDX-License-Identifier: GPL-2.0-only */
/* What signal delivery asks of the Skerry backend. */
#ifndef _ASM_X86_L4_SIGNAL_H
#define _ASM_X86_L4_SIGNAL_H

#include <asm/l4.h>

struct pt_regs;

#ifdef CONFIG_L4
/* A signal frame may name any segments; see that they can be returned to. */
void l4_check_segments(struct pt_regs *regs);
#else
static inline void l4_check_segments(struct pt_regs *regs) { }
#endif

#endif
