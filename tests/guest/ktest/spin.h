/* SPDX-License-Identifier: MIT */
/* Layout of spin_check()'s argument; shared with assembly. */
#ifndef SPIN_H
#define SPIN_H

#define SPIN_STOP 0
#define SPIN_RSP 8
#define SPIN_OLD_GS 16
#define SPIN_FS 24
#define SPIN_GS 32
#define SPIN_FS_OUT 40
#define SPIN_GS_OUT 48
#define SPIN_FLAGS 56
#define SPIN_FLAGS_OUT 64
#define SPIN_SP 72
#define SPIN_SP_OUT 80
#define SPIN_SEL 88
#define SPIN_SEL_OUT 96
#define SPIN_GPR 104
#define SPIN_OUT 208
#define SPIN_XIN 320
#define SPIN_XOUT 1344

#ifndef __ASSEMBLER__
struct spin {
	volatile unsigned long stop; /* 1 ends the loop */
	unsigned long rsp, old_gs, fs, gs, fs_out, gs_out, flags, flags_out, sp, sp_out;
	unsigned short sel[4], sel_out[4];
	unsigned long gpr[13], out[13];
	unsigned long pad;
	unsigned char xin[1024] __attribute__((aligned(64)));
	unsigned char xout[1024] __attribute__((aligned(64)));
} __attribute__((aligned(64)));
_Static_assert(__builtin_offsetof(struct spin, gpr) == SPIN_GPR, "gpr");
_Static_assert(__builtin_offsetof(struct spin, out) == SPIN_OUT, "out");
_Static_assert(__builtin_offsetof(struct spin, xin) == SPIN_XIN, "xin");
_Static_assert(__builtin_offsetof(struct spin, xout) == SPIN_XOUT, "xout");

void spin_check(struct spin *s);
#endif
#endif
