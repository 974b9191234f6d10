/* SPDX-License-Identifier: MIT */
/*
 * Messages that kernel objects understand: word 0 is the operation, the other
 * words are its arguments; the reply's label is 0 or a negative error
 * (l4_err), its words the results. Capability arguments are selectors in the
 * caller's own capability space. Every object answers -L4_EBADPROTO to a
 * label it does not know, -L4_ENOSYS to an unknown operation,
 * -L4_EMSGTOOSHORT when words are missing and -L4_EPERM when the capability
 * lacks the right named with the operation.
 */
#ifndef L4_SYS_PROTO_H
#define L4_SYS_PROTO_H

#include <l4/sys/types.h>

/* Task (label L4_PROTO_TASK). */
enum l4_task_ops {
	/**
	 * Map from task mr[1] (selector; right W) to this task (right W): pairs from
	 * mr[2] on: snd_base, flexpage (as l4_snd_fpage_t; snd_base's page bits are
	 * the destination, its low bits map flags and cache attribute). Memory, objects and
	 * I/O ports. The rights are those of the flexpage and the source's, both.
	 * Parts of the source that are not mapped are skipped. Result mr[0]: pages/slots entered.
	 * Errors: -L4_ENOENT no such task, -L4_EINVAL bad flexpage or address,
	 * -L4_ENOMEM this task's quota; what was mapped before the error stays.
	 */
	L4_TASK_MAP_OP = 0,
	/** Unmap (right W): mr[1] = mask (L4_FP_*), mr[2..] flexpages; their rights are revoked. */
	L4_TASK_UNMAP_OP = 1,
	/** mr[1] = selector: reply label 1 if valid in this task, 0 if not; with mr[2]: 1 if both are the same object. */
	L4_TASK_CAP_INFO_OP = 2,
	/** mr[1] = flexpage (order 12..16): kernel-user memory at this address (right W). -L4_EEXIST overlap, -L4_ENOMEM. */
	L4_TASK_ADD_KU_MEM_OP = 3,
	/**
	 * Skerry: unmap a range of memory (right W): mr[1] = mask | rights to revoke,
	 * mr[2] = first address, mr[3] = last address (both page aligned down, inclusive).
	 */
	L4_TASK_UNMAP_RANGE_OP = 0x10,
	/** Skerry: result mr[0] = global id, mr[1] = bytes of kernel memory the task uses, mr[2] = pages mapped. */
	L4_TASK_STATS_OP = 0x11,
};

/* Thread (label L4_PROTO_THREAD); op in bits 0..15 of mr[0], flags above. All need right W but STATS. */
enum l4_thread_ops {
	/** mr[1] pager, mr[2] exception handler (selectors in the thread's task), mr[3] task selector (right W), mr[4] UTCB address. */
	L4_THREAD_CONTROL_OP = 0,
	/**
	 * mr[1] = ip, mr[2] = sp (~0 = unchanged), flags; result mr[0] = old ip, mr[1] = old sp,
	 * mr[2] = old flags. A new ip also cancels a send phase that waits.
	 * -L4_EINVAL: not bound, bad ip, or a vCPU in user mode.
	 */
	L4_THREAD_EX_REGS_OP = 1,
	/** Give the rest of the time slice to this thread (or to any of its priority: yield, if it is the caller). */
	L4_THREAD_SWITCH_OP = 2,
	/** Result mr[0] = ns of CPU time consumed. */
	L4_THREAD_STATS_OP = 3,
	/** Make it a vCPU: mr[1] = address of its state page in ku_mem of its task. -L4_EINVAL, -L4_EBUSY running in user mode. */
	L4_THREAD_VCPU_CONTROL_OP = 7,
	/** mr[1] = selector of an IRQ to be triggered when the thread dies. */
	L4_THREAD_REGISTER_DEL_IRQ_OP = 5,
	/** mr[1] = selector of an IRQ (right W) to be triggered when the thread has used up its budget; L4_INVALID_CAP: none any more. */
	L4_THREAD_REGISTER_OVERRUN_IRQ_OP = 8,
	/** Relabel queued senders: from mr[1] on quadruples: match mask, match, delete bits, add bits. -L4_E2BIG: senders times (1 + rules) above 100. */
	L4_THREAD_MODIFY_SENDER_OP = 6,
	/**
	 * Skerry: set the calling vCPU's view to task mr[1] (right W), or none when it
	 * is L4_INVALID_CAP. From now on the vCPU's lower half is that task's. -L4_ENOENT, -L4_ENOMEM.
	 * The vCPU keeps the task's memory alive while it is the view; destroying the task ends the view.
	 */
	L4_THREAD_SET_VIEW_OP = 0x10,
	/** Skerry: debug registers for the calling vCPU's user mode: mr[1..4] = DR0-3, mr[5] = DR7; result mr[0] = DR6 (then cleared). */
	L4_THREAD_DEBUG_REGS_OP = 0x11,
};
#define L4_THREAD_CONTROL_SET_PAGER 0x00010000
#define L4_THREAD_CONTROL_SET_EXC_HANDLER 0x00020000
#define L4_THREAD_CONTROL_BIND_TASK 0x00040000
#define L4_THREAD_CONTROL_ALIEN 0x00080000
#define L4_THREAD_EX_REGS_CANCEL 0x00010000
#define L4_THREAD_EX_REGS_TRIGGER_EXCEPTION 0x00020000

/*
 * Factory (label L4_PROTO_FACTORY): create an object charged to this factory's quota.
 * mr[0] = type (protocol number), buffer br[0] = free slot | L4_RCV_ITEM_SINGLE_CAP.
 * The new capability has all rights. Errors: -L4_ENOMEM quota,
 * -L4_EINVAL arguments or no buffer, -L4_ENODEV unknown type. An occupied slot is unmapped first.
 *   L4_PROTO_FACTORY:   mr[1] = quota in bytes, taken out of this factory's
 *   L4_PROTO_TASK:      mr[1] = UTCB area, memory flexpage (order 12..16), or 0 for none
 *   L4_PROTO_THREAD:    -
 *   L4_PROTO_KOBJECT (IPC gate): mr[1] = selector of the thread or L4_INVALID_CAP, mr[2] = label (low 2 bits 0)
 *   L4_PROTO_IRQ_SENDER: -
 *   L4_PROTO_SEMAPHORE: mr[1] = initial count
 * Skerry: mr[0] = L4_FACTORY_INFO: result mr[0] = limit, mr[1] = used bytes.
 */
#define L4_FACTORY_INFO 0x10

/* IPC gate and IRQ as receive endpoint (label L4_PROTO_KOBJECT); right S. */
enum l4_rcv_ep_ops {
	/** mr[1] = thread selector, or L4_INVALID_CAP: bound to none, what comes waits for the next; mr[2] = label. */
	L4_RCV_EP_BIND_OP = 0x10,
	/** Gates: result mr[0] = label. */
	L4_IPC_GATE_GET_INFO_OP = 0x11,
};

/* IRQ (label L4_PROTO_IRQ). */
enum l4_irq_ops {
	/** Trigger; also a plain send with this label and no words. */
	L4_IRQ_OP_TRIGGER = 2,
	/** Unmask at the interrupt controller (level-triggered interrupts after they are served). */
	L4_IRQ_OP_EOI = 4,
	L4_IRQ_OP_DETACH = 1,
	/** Skerry: trigger at absolute time mr[1] (kernel clock, ns); L4_TIMEOUT_NEVER stops it. */
	L4_IRQ_OP_SET_TIMER = 0x10,
};

/* ICU (label L4_PROTO_IRQ at the ICU): mr[1] = line (| L4_ICU_FLAG_MSI). */
enum l4_icu_ops {
	L4_ICU_OP_BIND = 0x20,   /**< mr[2] = IRQ selector. -L4_EINVAL line, -L4_EPERM already bound */
	L4_ICU_OP_UNBIND = 0x21, /**< mr[2] = IRQ selector */
	L4_ICU_OP_INFO = 0x22,   /**< result mr[0] = features, mr[1] = lines, mr[2] = MSIs */
	L4_ICU_OP_MSI_INFO = 0x23, /**< result mr[0] = address, mr[1] = data: destination and vector, of a line as well */
	L4_ICU_OP_UNMASK = 0x24,
	L4_ICU_OP_MASK = 0x25,
	L4_ICU_OP_SET_MODE = 0x26, /**< mr[2] = mode */
	L4_ICU_OP_REMAP = 0x27,  /**< Skerry: mr[2] = 1: the line goes by a handle of the remapping units; 0: it does not. -L4_EINVAL no line */
};
#define L4_ICU_FLAG_MSI 0x80000000UL
#define L4_IRQ_F_NONE 0
#define L4_IRQ_F_LEVEL 0x2
#define L4_IRQ_F_EDGE 0x0
#define L4_IRQ_F_POS 0x0
#define L4_IRQ_F_NEG 0x4
#define L4_IRQ_F_SET_MODE 0x1
#define L4_IRQ_F_POS_EDGE 0x1
#define L4_IRQ_F_NEG_EDGE 0x5
#define L4_IRQ_F_LEVEL_HIGH 0x3
#define L4_IRQ_F_LEVEL_LOW 0x7

/* Semaphore (label L4_PROTO_SEMAPHORE): up (0), down (1; waits at most the receive timeout). */
enum l4_semaphore_ops { L4_SEMAPHORE_OP_UP = 0, L4_SEMAPHORE_OP_DOWN = 1 };

/* Scheduler (label L4_PROTO_SCHEDULER). */
enum l4_scheduler_ops {
	L4_SCHEDULER_INFO_OP = 0, /**< result mr[0] = CPUs, mr[1] = online map */
	/**
	 * mr[1] = cpu map offset | granularity, mr[2] = CPU map, mr[3] = priority 1..255,
	 * mr[4] = time slice ns (0 = default 10 ms, at least 100 us), mr[5] = budget ns, mr[6] = period ns,
	 * mr[7] = priority while the budget is used up (0 = not to run), mr[8] = thread selector (right S).
	 */
	L4_SCHEDULER_RUN_THREAD_OP = 1,
	L4_SCHEDULER_IDLE_TIME_OP = 2, /**< result mr[0] = ns */
};

/* Log (label L4_PROTO_LOG), the vcon protocol. */
enum l4_vcon_ops {
	L4_VCON_WRITE_OP = 0, /**< mr[1] = bytes (at most L4_VCON_WRITE_SIZE), mr[2..] text */
	L4_VCON_READ_OP = 1,  /**< mr[1] = bytes wanted; result mr[0] = bytes, mr[1..] text (bit 31 of mr[0]: more) */
	L4_VCON_SET_ATTR_OP = 2,
	L4_VCON_GET_ATTR_OP = 3,
};
#define L4_VCON_WRITE_SIZE ((L4_UTCB_GENERIC_DATA_SIZE - 2) * 8)
#define L4_VCON_READ_SIZE ((L4_UTCB_GENERIC_DATA_SIZE - 1) * 8)
/** Kernel log attribute (SET_ATTR mr[1]): bit 0 = the kernel writes its log to the UART itself. */
#define L4_LOG_ATTR_UART 1

/* Platform control (label L4_PROTO_META): mr[0] op; mr[1] for SHUTDOWN: 0 off, 1 reboot, 2 | status<<8 = leave the emulator with status. */
enum l4_platform_ops { L4_PLATFORM_SHUTDOWN_OP = 1 };

/* Debugger (label L4_PROTO_DEBUGGER): mr[1] = selector. */
enum l4_debugger_ops {
	L4_DEBUGGER_NAME_OP = 0, /**< mr[2..] name, 0-terminated, at most 15 bytes are kept */
	L4_DEBUGGER_GLOBAL_ID_OP = 1, /**< result mr[0] */
};

/*
 * Physical memory (label L4_PROTO_PHYSMEM; Skerry; the root task alone):
 * mr[1] = physical flexpage (memory type, order 12, 21 or 30 and any multiple; its rights are granted),
 * mr[2] = virtual address | cache attribute: enter it in the caller's task as an original mapping.
 * -L4_EPERM: it touches kernel memory, a local APIC or an I/O APIC. -L4_EINVAL, -L4_ENOMEM.
 */
enum l4_physmem_ops { L4_PHYSMEM_MAP_OP = 0 };

/* Trace (label L4_PROTO_TRACE). */
enum l4_trace_ops {
	/** Map the trace ring read-only at mr[1] of the caller's task; result mr[0] = bytes. */
	L4_TRACE_MAP_OP = 0,
	/** mr[1] = mask of event classes to record; result mr[0] = old mask. */
	L4_TRACE_MASK_OP = 1,
	/** Counters: result mr[0..] = CR3 loads, TLB flushes, kernel entries, IPCs, page faults, free kernel memory bytes, IRQs, context switches. */
	L4_TRACE_COUNTERS_OP = 2,
};

#endif
