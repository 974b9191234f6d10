/* SPDX-License-Identifier: MIT */
/* What vcpu_bench.S and vcpu.c share: the state page's place and the user code's protocol. */
#ifndef VCPU_BENCH_H
#define VCPU_BENCH_H

#define VB_STATE 0xffff890000001000
#define VB_MAP0_SRC 0x100
#define VB_MAP0_DST 0x108

/* Instructions of vb_entry before its resume: they are the server's, not the kernel's. */
#define VB_SYSCALL_INSNS 8
#define VB_FAULT_INSNS 11

#ifndef __ASSEMBLER__
/** Enter user code with rdi = where samples go, rsi = their number, r15 = an address; returns when it executes ud2. */
void vb_run(void (*ip)(void), unsigned long *samples, unsigned long n, unsigned long address);
void vb_entry(void);
/* User code: system calls, reads of page after page, waiting for interrupts. */
void vb_u_syscall(void), vb_u_fault(void), vb_u_spin(void);
/** Of the last interrupt: when the entry point ran, and when it resumed. */
extern volatile unsigned long vb_entered, vb_resumed, vb_before, vb_after;
#endif
#endif
