/* SPDX-License-Identifier: MIT */
/*
 * User-level thread control block: message registers, buffer registers and
 * thread control registers. It is kernel-user memory: mapped for the life of
 * the task and never trusted by the kernel.
 */
#ifndef L4_SYS_UTCB_H
#define L4_SYS_UTCB_H

#include <l4/sys/types.h>
#include <l4/sys/consts.h>

typedef struct l4_msg_regs_t {
	l4_umword_t mr[L4_UTCB_GENERIC_DATA_SIZE];
} l4_msg_regs_t;

typedef struct l4_buf_regs_t {
	l4_umword_t bdr; /**< reserved, 0 */
	l4_umword_t br[L4_UTCB_GENERIC_BUFFERS_SIZE];
} l4_buf_regs_t;

typedef struct l4_thread_regs_t {
	l4_umword_t error; /**< IPC error, l4_ipc_tcr_error_t */
	l4_umword_t free_marker;
	l4_umword_t user[3];
} l4_thread_regs_t;

/** The UTCB: 1024 bytes. */
typedef struct l4_utcb_t {
	l4_msg_regs_t msg;   /* 0 */
	l4_umword_t self;    /* 504: user address of this UTCB, written by the kernel at bind */
	l4_buf_regs_t buf;   /* 512 */
	l4_thread_regs_t tcr; /* 768 */
	l4_umword_t reserved[27];
} l4_utcb_t;

_Static_assert(sizeof(l4_utcb_t) == L4_UTCB_SIZE, "UTCB size");
_Static_assert(__builtin_offsetof(l4_utcb_t, self) == L4_UTCB_SELF_OFFSET, "UTCB self");
_Static_assert(__builtin_offsetof(l4_utcb_t, buf) == 512, "UTCB buffers");

/**
 * Exception message (label L4_PROTO_EXCEPTION): the thread's registers, in the
 * message registers. The handler's reply writes them back, with rip, rflags
 * and rsp checked; cs, ss and trapno are ignored.
 */
typedef struct l4_exc_regs_t {
	l4_umword_t r15, r14, r13, r12, r11, r10, r9, r8;
	l4_umword_t rdi, rsi, rbp, pfa, rbx, rdx, rcx, rax;
	l4_umword_t trapno, err, ip, cs, flags, sp, ss;
	l4_umword_t fs_base, gs_base;
} l4_exc_regs_t;
#define L4_UTCB_EXCEPTION_REGS_SIZE 25
_Static_assert(sizeof(l4_exc_regs_t) == L4_UTCB_EXCEPTION_REGS_SIZE * 8, "exception message");

/**
 * Page-fault message (label L4_PROTO_PAGE_FAULT), two words:
 * mr[0] = fault address, low 3 bits: 1 = write, 2 = present (protection), 4 = fetch; mr[1] = ip.
 * The pager replies with map items; the receive window is the whole address space.
 */
#define L4_PF_WRITE 1
#define L4_PF_PRESENT 2
#define L4_PF_FETCH 4

/* Programs built with L4_API_FUNCTIONS get the functions with the types; the kernel does not. */
#if defined(L4_API_FUNCTIONS) && !defined(__ASSEMBLER__)
#include <l4/sys/utcb_api.h>
#endif

#endif
