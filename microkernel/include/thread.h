/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads. A thread belongs to one CPU and only that CPU changes its run and
 * IPC state.
 *
 * Lifetime: the thread object is destroyed like any other (kobject.h). While it
 * is bound it holds a reference to its task and is on the task's list.
 * Pointers between threads in IPC (caller, partner) are not counted: see ipc.c.
 */
#ifndef THREAD_H
#define THREAD_H

#include "cpu.h"
#include "kobject.h"
#include <l4/sys/utcb.h>
#include <l4/sys/vcpu.h>

/* User registers; the CPU pushes the last five words (and err) itself. */
struct frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 di, si, bp, bx, dx, cx, ax;
	u64 trapno, err, ip, cs, flags, sp, ss;
};

/* trapno of frames that may leave by sysret: a vCPU's resume (all registers), an IPC (only those it does not destroy) */
#define FRAME_SYSCALL 0x100
#define FRAME_IPC 0x102

struct timeout {
	struct heap_node node; /* key: TSC value */
	void (*expired)(struct timeout *t);
	u8 class;              /* priority of who waits / TIMEOUT_CLASS_PRIORITIES */
};

/* Who may stand in a receiver's queue. */
enum sender_kind { SENDER_THREAD, SENDER_IRQ };
struct sender {
	struct heap_node node; /* key: 255 - priority */
	struct heap *queue;    /* which it is in */
	enum sender_kind kind;
	l4_umword_t label;     /* what the receiver gets */
};

enum thread_state {
	THREAD_RECEIVING, /* open wait (TF_OPEN), from partner, or (neither) sleeping */
	THREAD_READY,     /* running or in a ready queue */
	THREAD_STOPPED,   /* never started, or halted after a fault nobody handles */
	THREAD_SENDING,   /* in the queue of a thread or gate */
	THREAD_SEMAPHORE, /* in a semaphore's queue */
	THREAD_THROTTLED, /* as ready, but its budget is used up */
};

/* flags, 24 bits; the first byte is tested by entry.S */
#define TF_VCPU_USER 0x01    /* vCPU in user mode */
#define TF_PENDING 0x02      /* vCPU: something is in the sender queue */
#define TF_HALT 0x04         /* stop at next exit */
#define TF_RAISE 0x08        /* the exception in frame.trapno goes to the handler at next exit */
#define TF_EXIT_WORK (TF_PENDING | TF_HALT | TF_RAISE)
#define TF_SCHEDULED 0x100   /* l4_scheduler_run_thread() was called */
#define TF_STARTED 0x200     /* l4_thread_ex_regs() gave it an ip */
#define TF_RESTART 0x400     /* the system call is executed again after preemption */
#define TF_RESUMED 0x10000 /* the system call under way has been preempted before */
#define TF_CALL 0x800        /* sending: a receive phase follows */
#define TF_OPEN 0x1000       /* ... and it is an open wait */
#define TF_KFAULT 0x2000     /* the IPC is a page fault made by the kernel */
#define TF_KEXC 0x4000       /* the IPC is an exception made by the kernel */
#define TF_SEGMENTS 0x8000   /* non-zero data segment selectors are saved */
#define TF_TIMEOUT 0x20000   /* its time-out is queued */
#define TF_CALLED 0x40000    /* somebody waits for its reply: `caller` is set */
#define TF_NEW_IP 0x80000    /* it waits, and goes on at an ip that it was given meanwhile */
#define TF_BUDGET 0x200000   /* budget is set */
#define TF_THROTTLED 0x400000 /* its budget is used up: it does not run */
#define TF_LOW_PRIO 0x800000 /* its budget is used up: it has its low priority */
#define TF_DEBUG_REGS 0x100000 /* debug_regs is set; or it is the idle thread, which has no state to switch */

/*
 * What flags and state together are when the short IPC of entry.S applies: a thread with any other flag takes
 * the long way through ipc.c, as a sender and as a receiver.
 */
#define STATUS(state, flags) ((u32)(state) << 24 | TF_SCHEDULED | TF_STARTED | (flags))
#define STATUS_SERVES STATUS(THREAD_READY, TF_CALLED)      /* runs, with a caller */
#define STATUS_OPEN_WAIT STATUS(THREAD_RECEIVING, TF_OPEN) /* without caller */
#define STATUS_REPLY_WAIT STATUS(THREAD_RECEIVING, TF_CALLED) /* no bits but these */

struct task;

struct thread {
	struct kobject kobj;

	/* entry.S */
	struct frame frame __attribute__((aligned(16)));
	union {
		u32 flags; /* TF_*; with the state: the status */
		struct {
			u32 : 24;
			enum thread_state state : 8;
		};
	};
	l4_vcpu_state_t *vcpu; /* kernel address of the state page, or NULL */
	u64 entry_ip, entry_sp; /* of the vCPU, latched and checked */
	u64 server_cr3;  /* vCPU in server mode: own task's, or the view's second root */
	u64 user_cr3;    /* the view's first root; 0 = no view */

	/* address space and state that is switched */
	u64 cr3;         /* the one to load when it runs */
	struct task *task;
	struct list task_link;
	struct task *view;
	struct list view_link;
	u64 fs_base, gs_base;
	u16 ds, es, fs, gs;
	void *fpu;
	u64 *debug_regs; /* DR0-3, DR6, DR7, or NULL */

	/* scheduling */
	u8 prio;         /* at which it runs now */
	u8 base_prio, low_prio; /* what it was given */
	u32 cpu;
	struct budget *budget; /* NULL: unlimited */
	struct list ready_link;
	u64 slice_tsc, slice_left;
	u64 consumed_tsc; /* while it runs: less the TSC when it was switched to */

	/* IPC */
	l4_utcb_t *utcb; /* kernel address, NULL until bound */
	u64 utcb_user;
	l4_cap_idx_t pager, exc_handler;
	struct heap senders;   /* who wants to send to this thread */
	struct sender sender;  /* this thread in somebody's queue */
	struct kobject *partner; /* receiving: the thread or IRQ waited for; sending: the receiver (NULL: at a gate) */
	struct list waiters;    /* threads in a closed wait for this one, but for its caller */
	struct list waiter_link;
	struct thread *caller;  /* who gets the reply: receives with this thread as partner */
	struct timeout timeout;
	l4_umword_t snd_tag;    /* sending: the tag */
	l4_timeout_s rcv_timeout; /* sending with TF_CALL */
	u32 item_index;         /* progress of a preempted transfer */
	u64 item_cursor;
	u64 op_cursor, op_count; u32 op_index; /* progress of a preempted kernel-object call */
	u64 reap_from;          /* objects queued for destruction from this number on are this system call's victims */
	u64 item_to;            /* id of the receiver that item_* refers to */
	l4_umword_t fault[2];   /* TF_KFAULT: the message */
	u64 pfa;                /* address of the last page fault */
	struct kobject *del_irq; /* triggered on death; counted */
};

extern const struct kobject_ops thread_ops;

static inline struct thread *kobj_thread(struct kobject *k)
{
	return container_of(k, struct thread, kobj);
}

static inline struct thread *current_thread(void)
{
	return this_cpu()->current;
}

/** A new thread object, charged to q, with one reference (its existence). -L4_ENOMEM. */
int must_check thread_create(struct kobject **out, struct quota *q);
/** Bind to a task with its UTCB at utcb_user (in ku_mem). -L4_EINVAL, -L4_EBUSY. */
int must_check thread_bind(struct thread *t, struct task *task, u64 utcb_user);
/** Make it ready to run if it is bound, started and scheduled. */
void thread_start_if_complete(struct thread *t);
/** Halt after an event nobody handles; logged. */
void thread_halt(struct thread *t, const char *why);
/** TF_HALT: a dead thread stops without a word, one whose exception was refused is halted. */
void thread_stop(struct thread *t);
/** Switch the CPU's address space and register state to t (scheduler only). */
void thread_switch_state(struct cpu *cpu, struct thread *prev, struct thread *next);
/** prev stops running and nobody follows yet (idle). The idle thread's own state is all zero. */
void thread_leave_state(struct thread *prev);
void thread_load_cr3(struct cpu *cpu, struct thread *t);
/** Give the CPU the I/O ports that `next` may use. */
void thread_switch_ports(struct thread *next);
/** An ip that may be loaded by iretq or sysretq: canonical and not in the kernel's range. */
static inline bool user_ip_valid(u64 ip)
{
	return ip < L4_USER_LOW_END || ip >= L4_USER_HIGH_START;
}
#define USER_CS 0x33
#define USER_SS 0x2b
#define RFLAGS_TF 0x100
#define RFLAGS_RF 0x10000
/* CF PF AF ZF SF TF DF OF RF AC ID: what user code may have set; not NT (iretq would fault), not IOPL */
#define USER_FLAGS_MASK 0x250dd5
#define SYSRET_FLAGS (USER_FLAGS_MASK & ~(RFLAGS_TF | RFLAGS_RF)) /* what sysret may restore; IF and bit 1 are always set */

/* vcpu.c */
/** Start t at its entry point with `trapno`; its interrupted state is in t->frame. */
void vcpu_enter(struct thread *t, u64 trapno, u64 err, u64 pfa);
/** If t is a vCPU that takes interrupts and something is pending, start it at its entry point. */
void vcpu_deliver_pending(struct thread *t);
int must_check vcpu_control(struct thread *t, u64 state_addr);
int must_check vcpu_set_view(struct thread *t, struct task *view);
void vcpu_drop_view(struct thread *t);
/** A sender was queued at t. */
void vcpu_note_pending(struct thread *t);
void vcpu_resume_slow(struct thread *t);
bool vcpu_resume_maps(struct thread *t);
static inline bool vcpu_takes(const struct thread *t, u32 flag)
{
	return t->vcpu && ((t->flags & TF_VCPU_USER) || (t->vcpu->state & flag));
}

/* ipc.c */
struct irq;
/** trap.c: reschedule if needed, deliver what is pending; the thread to run. */
struct thread *exit_work(void);
/** Execute the system call whose registers are in t->frame. */
void ipc_syscall(struct thread *t);
/** A kernel object has answered t's call: the system call's result, or t waits or starts it again. */
void ipc_invoked(struct thread *t, l4_mword_t reply);
/** Send the page fault / exception in t->frame to the pager / handler. */
void ipc_page_fault(struct thread *t, u64 addr, u64 err);
void ipc_exception(struct thread *t);
/** Take t out of any wait and give its system call the IPC error. */
void ipc_abort(struct thread *t, enum l4_ipc_tcr_error_t error);
/** t dies: take it out of any queue or wait, without touching its registers. */
void ipc_detach(struct thread *t);
/** End any wait of t with a cancel error (l4_thread_ex_regs). */
void ipc_cancel(struct thread *t);
/** Rewrite labels of queued senders: n quadruples {mask, match, del, add}. 0, -L4_EINVAL, -L4_E2BIG (too many senders for n rules to do it in one go). */
int ipc_modify_senders(struct thread *t, const l4_umword_t *rules, unsigned int n);
/** Deliver or queue an IRQ at t. */
void ipc_irq(struct thread *t, struct irq *irq);
/** t dies: abort all who wait for it or want to send to it. 0 or -E_PREEMPTED. */
int must_check ipc_thread_dies(struct thread *t);
/** Abort all senders in a queue. 0 or -E_PREEMPTED. */
int must_check ipc_flush_queue(struct heap *queue);
/** A gate has got a thread: the senders that wait at it start again. 0 or -E_PREEMPTED. */
int must_check ipc_gate_bound(struct heap *queue);
/** Answer t's wait in a queue (semaphore) with a tag. */
void ipc_wake(struct thread *t, l4_mword_t tag);
void ipc_timeout_start(struct thread *t, l4_timeout_s timeout);
void ipc_timeout_stop(struct thread *t);
void sender_enqueue(struct heap *queue, struct sender *s, u8 prio);
void sender_dequeue(struct sender *s);

/* sched.c */
void sched_init(struct cpu *cpu);
/** t becomes ready; asks for rescheduling when it is better than current, or current is blocked. */
void sched_wake(struct thread *t);
/** t stops being ready (it may be the current thread). */
void sched_block(struct thread *t);
void sched_set(struct thread *t, u8 prio, u64 slice_ns);
/** What decides t's priority has changed. */
void sched_prio_update(struct thread *t);
/** Pick the thread to run and switch to it; runs the idle loop if there is none. */
void sched_reschedule(void);
void sched_preempted(struct thread *t);
/** The current thread runs no more and nobody follows yet: the idle thread becomes current. */
void sched_leave(struct cpu *cpu);
/** End the current thread's slice (yield). */
void sched_yield(void);
void sched_switch_to(struct thread *t);
/** It expires at `tsc`, unless then a thread runs whose priority is of a higher class than `prio`: when that stops. */
void timeout_set(struct timeout *t, u64 tsc, u8 prio);
void timeout_cancel(struct timeout *t);
/** Timer interrupt: expire one of the time-outs that are due, of the highest class; for another the timer fires again. */
void timer_handle(void);
void irq_handle(unsigned int vector);
/** The timer's interrupt comes at `tsc`, or before. */
void timer_arm(struct cpu *cpu, u64 tsc);

/* budget.c */
/** Give t a budget, still empty. False: quota. */
bool must_check budget_create(struct thread *t);
/** Both are within their bounds. What t has used before counts. */
void budget_set(struct thread *t, u64 budget_ns, u64 period_ns, u8 low_prio);
/** t has no budget any more: unlimited. */
void budget_drop(struct thread *t);
/** The current thread's time is over. */
void budget_ends(struct cpu *cpu, u64 now);
/** From now on the CPU's time is next's. */
void budget_switch(struct cpu *cpu, struct thread *next, u64 now);
/** L4_THREAD_REGISTER_OVERRUN_IRQ_OP. 0, -L4_EINVAL, -L4_ENOENT, -L4_EBUSY. */
int must_check budget_register_irq(struct thread *t, struct thread *from);

/* zombies, object/kobject.c */
/**
 * Destroy what was queued since number `since` (0: everything). A caller pays for what its
 * own system call left without capabilities (thread.reap_from), the idle loop for the rest. 0 or -E_PREEMPTED.
 */
int must_check kobject_reap(u64 since);
#endif
