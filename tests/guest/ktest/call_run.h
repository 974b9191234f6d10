/* SPDX-License-Identifier: MIT */
/* Registers of a system call, by index in an array of words; shared with assembly. */
#ifndef CALL_RUN_H
#define CALL_RUN_H

#define CR_AX 0
#define CR_BX 1
#define CR_DX 2
#define CR_SI 3
#define CR_DI 4
#define CR_BP 5
#define CR_R8 6
#define CR_R9 7
#define CR_R10 8
#define CR_R12 9
#define CR_R13 10
#define CR_R14 11
#define CR_R15 12
#define CR_FLAGS 13
#define CR_COUNT 14

#ifndef __ASSEMBLER__
void call_run(unsigned long *r);
/** Behind its system call. */
extern char call_run_done[];
#endif
#endif
