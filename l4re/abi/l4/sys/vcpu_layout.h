/* SPDX-License-Identifier: MIT */
/* Offsets in the vCPU state page, for assembly; vcpu.h asserts that they hold. */
#ifndef L4_SYS_VCPU_LAYOUT_H
#define L4_SYS_VCPU_LAYOUT_H

#define L4_VCPU_OFF_IP 0x00
#define L4_VCPU_OFF_SP 0x08
#define L4_VCPU_OFF_FLAGS 0x10
#define L4_VCPU_OFF_AX 0x18
#define L4_VCPU_OFF_CX 0x20
#define L4_VCPU_OFF_R11 0x28
#define L4_VCPU_OFF_TRAPNO 0x30
#define L4_VCPU_OFF_ERR 0x38
#define L4_VCPU_OFF_PFA 0x40
#define L4_VCPU_OFF_STATE 0x48
#define L4_VCPU_OFF_SAVED_STATE 0x4c
#define L4_VCPU_OFF_STICKY 0x50
#define L4_VCPU_OFF_MAP_COUNT 0x54
#define L4_VCPU_OFF_ENTRY_IP 0x58
#define L4_VCPU_OFF_ENTRY_SP 0x60
#define L4_VCPU_OFF_USER_TASK 0x68
#define L4_VCPU_OFF_USER_DATA 0x70 /* 14 words, never touched by the kernel */

/* vCPU state flags (state, saved_state). */
#define L4_VCPU_F_IRQ 0x01         /**< interrupts are delivered at the entry point */
#define L4_VCPU_F_PAGE_FAULTS 0x02 /**< page faults come to the entry point, not to the pager */
#define L4_VCPU_F_EXCEPTIONS 0x04  /**< exceptions come to the entry point, not to the handler */
#define L4_VCPU_F_USER_MODE 0x20   /**< the vCPU runs its user task */
#define L4_VCPU_F_FPU_ENABLED 0x80 /**< accepted and ignored: the FPU is always there */

/* Sticky flags, set by the kernel, cleared by the server. */
#define L4_VCPU_SF_IRQ_PENDING 0x01 /**< an IRQ or message waits to be received */
#define L4_VCPU_SF_MAP_FAILED 0x02  /**< an entry of the resume's mapping list was dropped */

/* trapno values that are not x86 vectors. */
#define L4_VCPU_TRAP_SYSCALL 0x100 /**< user executed `syscall` */
#define L4_VCPU_TRAP_IRQ 0x101     /**< something can be received (l4_ipc_wait with timeout 0) */

#define L4_VCPU_MAP_MAX 64 /**< entries of the resume's mapping list */

#endif
