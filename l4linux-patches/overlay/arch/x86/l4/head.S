/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the microkernel's loader starts Linux, and the ELF note that says so. */

#include <linux/elfnote.h>
#include <linux/init.h>
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/asm-offsets.h>
#include <asm/percpu.h>
#include <asm/unwind_hints.h>

#include "host.h"

/* The loader has mapped the image, all RAM, and the start-up page at its fixed place. */
	__INIT
SYM_CODE_START(startup_l4)
	UNWIND_HINT_END_OF_STACK
	leaq	__top_init_kernel_stack(%rip), %rsp
#ifdef CONFIG_SMP
	movq	$INIT_PER_CPU_VAR(fixed_percpu_data), %rax
	wrgsbase %rax
#endif
	xorl	%ebp, %ebp
	pushq	$0
	popfq
	movabsq	$L4_BOOT_PAGE, %rdi
	call	l4_start_kernel
	ud2
SYM_CODE_END(startup_l4)
	__FINIT

	ELFNOTE(Skerry, 1, .quad startup_l4)
