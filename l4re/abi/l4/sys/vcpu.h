/* SPDX-License-Identifier: MIT */
/*
 * vCPU state page: how a thread runs a user task and gets its traps.
 *
 * A vCPU thread is either in server mode (its own task's code) or in user
 * mode (code of the task that is its current view). Events while in user
 * mode, and page faults, exceptions and IRQs in server mode if their state
 * flag is set, start the thread at `entry_ip` with
 *   rsp = entry_sp (both are latched by L4_THREAD_VCPU_CONTROL_OP: write them
 *   first, call it again to change them);  rcx, r11 undefined;  all other registers, FS base and
 *   GS base untouched (they pass through).
 *   r.ip, r.sp, r.flags, r.cx, r.r11 = what the event interrupted
 *   r.trapno, r.err, r.pfa = vector, error code, CR2 (page faults only)
 *   saved_state = state before; state = it without IRQ and USER_MODE.
 * For TRAP_SYSCALL, r.ip is behind the syscall instruction and r.cx/r.r11
 * are not written (the instruction destroys them).
 *
 * Resume (rax = L4_SYS_VCPU_RESUME, all else is the user's): enter the view's
 * user half in user mode with r.ip, r.sp, r.flags, r.ax, r.cx, r.r11 and all
 * other registers as they are. First the `map_count` entries of `map` are
 * entered in the view; an entry that fails is dropped and sets
 * SF_MAP_FAILED. map_count is set to 0. state becomes
 * saved_state | USER_MODE | IRQ. If something is pending, the entry point is
 * started at once as if the event had come behind the first user instruction
 * boundary. An ip that is not canonical gives exception 13 at the entry point.
 * Errors (returned in rax as a tag, the UTCB's error is set): not a vCPU in
 * server mode, or no view: L4_IPC_ENOT_EXISTENT.
 * Of r.flags, only the bits a user may change are taken; IF is always set.
 */
#ifndef L4_SYS_VCPU_H
#define L4_SYS_VCPU_H

#include <l4/sys/types.h>
#include <l4/sys/consts.h>
#include <l4/sys/vcpu_layout.h>

typedef struct l4_vcpu_regs_t {
	l4_umword_t ip, sp, flags, ax, cx, r11, trapno, err, pfa;
} l4_vcpu_regs_t;

/**
 * One mapping of the resume's list: the page at `src` of the server's own
 * task to `dst` of the view. src: address of the page | rights
 * (L4_FPAGE_*) ; dst: address | order (12, 21 or 30).
 */
typedef struct l4_vcpu_map_t {
	l4_umword_t src;
	l4_umword_t dst;
} l4_vcpu_map_t;

typedef struct l4_vcpu_state_t {
	l4_vcpu_regs_t r;
	l4_uint32_t state;
	l4_uint32_t saved_state;
	l4_uint32_t sticky_flags;
	l4_uint32_t map_count;
	l4_umword_t entry_ip;
	l4_umword_t entry_sp;
	l4_umword_t user_task; /**< informational: selector of the current view */
	l4_umword_t user_data[14];
	l4_umword_t reserved[4];
	l4_vcpu_map_t map[L4_VCPU_MAP_MAX];
} l4_vcpu_state_t;

#define L4_VCPU_CHECK(off, field) \
	_Static_assert(__builtin_offsetof(l4_vcpu_state_t, field) == (off), #field)
L4_VCPU_CHECK(L4_VCPU_OFF_IP, r.ip);
L4_VCPU_CHECK(L4_VCPU_OFF_SP, r.sp);
L4_VCPU_CHECK(L4_VCPU_OFF_FLAGS, r.flags);
L4_VCPU_CHECK(L4_VCPU_OFF_AX, r.ax);
L4_VCPU_CHECK(L4_VCPU_OFF_CX, r.cx);
L4_VCPU_CHECK(L4_VCPU_OFF_R11, r.r11);
L4_VCPU_CHECK(L4_VCPU_OFF_TRAPNO, r.trapno);
L4_VCPU_CHECK(L4_VCPU_OFF_ERR, r.err);
L4_VCPU_CHECK(L4_VCPU_OFF_PFA, r.pfa);
L4_VCPU_CHECK(L4_VCPU_OFF_STATE, state);
L4_VCPU_CHECK(L4_VCPU_OFF_SAVED_STATE, saved_state);
L4_VCPU_CHECK(L4_VCPU_OFF_STICKY, sticky_flags);
L4_VCPU_CHECK(L4_VCPU_OFF_MAP_COUNT, map_count);
L4_VCPU_CHECK(L4_VCPU_OFF_ENTRY_IP, entry_ip);
L4_VCPU_CHECK(L4_VCPU_OFF_ENTRY_SP, entry_sp);
L4_VCPU_CHECK(L4_VCPU_OFF_USER_TASK, user_task);
L4_VCPU_CHECK(L4_VCPU_OFF_USER_DATA, user_data);
#undef L4_VCPU_CHECK
_Static_assert(sizeof(l4_vcpu_state_t) <= L4_PAGESIZE, "vCPU state fits a page");

#endif
