/* SPDX-License-Identifier: MIT */
/* Constants of the Skerry ABI. Usable from C and assembly. */
#ifndef L4_SYS_CONSTS_H
#define L4_SYS_CONSTS_H

#include <l4/sys/types.h>

#define L4_PAGESHIFT 12
#define L4_PAGESIZE (1UL << L4_PAGESHIFT)
#define L4_PAGEMASK (~(L4_PAGESIZE - 1))
#define L4_SUPERPAGESHIFT 21
#define L4_SUPERPAGESIZE (1UL << L4_SUPERPAGESHIFT)
#define L4_SUPERPAGEMASK (~(L4_SUPERPAGESIZE - 1))
#define L4_GIGAPAGESHIFT 30
#define L4_LOG2_PAGESIZE L4_PAGESHIFT
#define L4_WHOLE_ADDRESS_SPACE 63

/*
 * User address ranges: [0, L4_USER_LOW_END) and [L4_USER_HIGH_START, 2^64).
 * Between them are the non-canonical hole and the kernel.
 */
#define L4_USER_LOW_END 0x00007ffffffff000UL
#define L4_USER_HIGH_START 0xffff880000000000UL

/*
 * The one system call: `syscall` with
 *   rax = destination capability | L4_SYSF_* bits     out: rax = message tag
 *   rdi = message tag                                  out: rsi = label of the sender
 *   rsi = label to send (threads as destination)
 *   rdx = send timeout, r8 = receive timeout (l4_timeout_s)
 * Destroyed: rcx, r11, rdi, rdx, r8, r9, r10. All others are preserved.
 * Message words, items and buffers are in the UTCB.
 */
#define L4_SYSF_NONE 0x0
#define L4_SYSF_SEND 0x1
#define L4_SYSF_RECV 0x2
#define L4_SYSF_OPEN_WAIT 0x4
#define L4_SYSF_REPLY 0x8
#define L4_SYSF_CALL (L4_SYSF_SEND | L4_SYSF_RECV)
#define L4_SYSF_WAIT (L4_SYSF_OPEN_WAIT | L4_SYSF_RECV)
#define L4_SYSF_SEND_AND_WAIT (L4_SYSF_OPEN_WAIT | L4_SYSF_CALL)
#define L4_SYSF_REPLY_AND_WAIT (L4_SYSF_WAIT | L4_SYSF_SEND | L4_SYSF_REPLY)
/** rax of the vCPU resume system call (Skerry, see vcpu.h): enter the user task. */
#define L4_SYS_VCPU_RESUME 0x10
/** The bits of rax that select the operation. */
#define L4_SYSF_MASK 0x1f

/* Capability selectors every task starts with. */
#define L4_INVALID_CAP (1UL << 63)
#define L4_BASE_TASK_CAP (1UL << L4_CAP_SHIFT)
#define L4_BASE_FACTORY_CAP (2UL << L4_CAP_SHIFT)
#define L4_BASE_THREAD_CAP (3UL << L4_CAP_SHIFT)
#define L4_BASE_PAGER_CAP (4UL << L4_CAP_SHIFT)
#define L4_BASE_LOG_CAP (5UL << L4_CAP_SHIFT)
#define L4_BASE_ICU_CAP (6UL << L4_CAP_SHIFT)
#define L4_BASE_SCHEDULER_CAP (7UL << L4_CAP_SHIFT)
#define L4_BASE_IOMMU_CAP (8UL << L4_CAP_SHIFT)
#define L4_BASE_DEBUGGER_CAP (9UL << L4_CAP_SHIFT)
#define L4_BASE_PLATFORM_CAP (10UL << L4_CAP_SHIFT)
#define L4_BASE_IOPORTS_CAP (11UL << L4_CAP_SHIFT)
#define L4_BASE_PHYSMEM_CAP (12UL << L4_CAP_SHIFT) /**< Skerry: root task only, see proto.h */
#define L4_BASE_TRACE_CAP (13UL << L4_CAP_SHIFT)   /**< Skerry: trace ring and counters */
#define L4_BASE_FIRST_FREE_SLOT 16

/* Capability rights (object flexpages and lookups). */
#define L4_CAP_RIGHT_W 0x1 /**< change the object */
#define L4_CAP_RIGHT_S 0x2 /**< special: bind to it, schedule it, answer for it */
#define L4_CAP_RIGHT_R 0x4 /**< always present */
#define L4_CAP_RIGHT_D 0x8 /**< destroy the object */
#define L4_CAP_FPAGE_RO 0x4
#define L4_CAP_FPAGE_RW 0x5
#define L4_CAP_FPAGE_RS 0x6
#define L4_CAP_FPAGE_RWS 0x7
#define L4_CAP_FPAGE_RWSD 0xf

/* Flexpages. */
#define L4_FPAGE_RIGHTS_MASK 0xf
#define L4_FPAGE_X 0x1
#define L4_FPAGE_W 0x2
#define L4_FPAGE_PASS_X 0x8 /**< Skerry: not executable here, but may be mapped on executable */
#define L4_FPAGE_R 0x4 /* "RO" in L4Re */
#define L4_FPAGE_RO 0x4
#define L4_FPAGE_RW 0x6
#define L4_FPAGE_RX 0x5
#define L4_FPAGE_RWX 0x7
#define L4_FPAGE_TYPE_SHIFT 4
#define L4_FPAGE_SPECIAL 0
#define L4_FPAGE_MEMORY 1
#define L4_FPAGE_IO 2
#define L4_FPAGE_OBJ 3
#define L4_FPAGE_ORDER_SHIFT 6
#define L4_FPAGE_ADDR_SHIFT 12

/* Typed items: first word (low bits); the second word is a flexpage. */
#define L4_ITEM_MAP 0x8
#define L4_ITEM_CONT 0x1
#define L4_MAP_ITEM_MAP 0x0
#define L4_MAP_ITEM_GRANT 0x2
/** Cache attribute of memory items (bits 4..6 of the first word). */
#define L4_FPAGE_CACHE_OPT 0x10
#define L4_FPAGE_UNCACHEABLE 0x10
#define L4_FPAGE_BUFFERABLE 0x30 /**< write combining */
#define L4_FPAGE_CACHEABLE 0x50
#define L4_FPAGE_CACHE_MASK 0x70

/* Receive buffers (buffer registers): one word, or two for flexpage windows. */
#define L4_RCV_ITEM_SINGLE_CAP 0x2 /**< the word is a capability selector */
#define L4_RCV_ITEM_LOCAL_ID 0x4

/* l4_task_unmap() mask. */
#define L4_FP_ALL_SPACES 0x80000000UL   /**< the addressed mapping and all derived from it */
#define L4_FP_OTHER_SPACES 0x0UL        /**< only what is derived from it */
#define L4_FP_DELETE_OBJ 0xc0000000UL   /**< objects: destroy them (needs right D) */

/* Protocol labels. */
#define L4_PROTO_NONE 0
#define L4_PROTO_IRQ -1L
#define L4_PROTO_PAGE_FAULT -2L
#define L4_PROTO_EXCEPTION -5L
#define L4_PROTO_SIGMA0 -6L
#define L4_PROTO_IO_PAGE_FAULT -8L
#define L4_PROTO_KOBJECT -10L
#define L4_PROTO_TASK -11L
#define L4_PROTO_THREAD -12L
#define L4_PROTO_LOG -13L
#define L4_PROTO_SCHEDULER -14L
#define L4_PROTO_FACTORY -15L
#define L4_PROTO_VM -16L
#define L4_PROTO_DMA_SPACE -17L
#define L4_PROTO_IRQ_SENDER -18L
#define L4_PROTO_SEMAPHORE -20L
#define L4_PROTO_META -21L
#define L4_PROTO_IOMMU -22L
#define L4_PROTO_DEBUGGER -23L
#define L4_PROTO_PHYSMEM -40L /**< Skerry */
#define L4_PROTO_TRACE -41L   /**< Skerry */

/* Message tag flags (already shifted). */
#define L4_MSGTAG_TRANSFER_FPU 0x1000
#define L4_MSGTAG_SCHEDULE 0x2000
#define L4_MSGTAG_PROPAGATE 0x4000
#define L4_MSGTAG_ERROR 0x8000

/* UTCB layout: see utcb.h. */
#define L4_UTCB_SIZE 1024
#define L4_UTCB_OFFSET L4_UTCB_SIZE
#define L4_UTCB_GENERIC_DATA_SIZE 63
#define L4_UTCB_GENERIC_BUFFERS_SIZE 31
#define L4_UTCB_SELF_OFFSET 504

/* Scheduling. */
#define L4_SCHED_MIN_PRIO 1
#define L4_SCHED_MAX_PRIO 255
#define L4_SCHED_BUDGET_MIN 10000UL /**< ns; shorter ones would spend the CPU on timer interrupts */
#define L4_SCHED_PERIOD_MIN 100000UL /**< ns */
#define L4_SCHED_PERIOD_MAX 3600000000000UL /**< ns: an hour */

#endif
