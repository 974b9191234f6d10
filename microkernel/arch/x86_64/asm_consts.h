/* SPDX-License-Identifier: GPL-2.0-only */
/* Constants that entry.S shares with C (thread.h asserts the flags). */
#ifndef ASM_CONSTS_H
#define ASM_CONSTS_H

#ifdef __ASSEMBLER__
#define TF_VCPU_USER 0x01
#define TF_PENDING 0x02
#define TF_HALT 0x04
#define FRAME_SYSCALL 0x100
#define FRAME_IPC 0x102
#define USER_CS 0x33
#define USER_SS 0x2b
#endif

#define MSR_GS_BASE 0xc0000101
/* flags sysret may restore: CF PF AF ZF SF DF OF AC ID; IF and bit 1 are always set */
#define SYSRET_FLAGS 0x240cd5
/* CF PF AF ZF SF TF DF OF RF AC ID: what user code may have set; not NT (iretq would fault), not IOPL */
#define USER_FLAGS_MASK 0x250dd5
#define RFLAGS_TF 0x100
#define RFLAGS_RF 0x10000

#endif
