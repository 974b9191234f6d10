/* SPDX-License-Identifier: MIT */
/* The user state that vc_run() loads and vc_entry saves; shared with assembly. */
#ifndef VCPU_RUN_H
#define VCPU_RUN_H

#define VC_GPR 16
#define VC_FS 120
#define VC_GS 128
#define VC_SAVED_RSP 136
#define VC_SERVER_GS 144
#define VC_ERROR_TAG 152
#define VC_ENTRY_FLAGS 160
#define VC_FX 176

#ifndef __ASSEMBLER__
#include <l4/sys/vcpu.h>

struct vc {
	l4_umword_t scratch[2]; /* below the pushed registers */
	/* Where the entry point pushes them; rax, rcx, r11 of a resume are in the state page. */
	l4_umword_t r15, r14, r13, r12, r10, r9, r8, rbp, rdi, rsi, rdx, rbx, rax;
	l4_umword_t fs, gs;
	l4_umword_t saved_rsp, server_gs, error_tag, entry_flags, pad;
	unsigned char fx[512] __attribute__((aligned(16)));
};
_Static_assert(__builtin_offsetof(struct vc, fs) == VC_FS, "fs");
_Static_assert(__builtin_offsetof(struct vc, fx) == VC_FX, "fx");

long vc_run(struct vc *vc);
long vc_call(struct vc *vc, void (*f)(void *), void *arg);
void vc_entry(void);
void u_syscall(void), u_after_syscall(void), u_dump(void), u_read(void), u_write(void), u_spin(void),
	u_spin_end(void), u_ud2(void), u_hlt(void), u_int3(void), u_nops(void);
#endif
#endif
