/* SPDX-License-Identifier: MIT */
/* For assembly: the registers that a C function must leave as they were, to the stack and back. */
#ifndef CALLEE_SAVED_H
#define CALLEE_SAVED_H

.macro PUSH_CALLEE_SAVED
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
.endm

.macro POP_CALLEE_SAVED
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
.endm

#endif
