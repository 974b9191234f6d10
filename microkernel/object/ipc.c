// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPC: the one system call. Send phase, receive phase, waiting, time-outs, aborts.
 *
 * A message moves only when both sides are ready (transfer.c moves it):
 *  - the sender finds the receiver waiting, or
 *  - the receiver finds the sender in its queue.
 * A thread waits in exactly one way, told by its state. While it RECEIVEs
 * from a thread (closed wait) it is on that thread's `waiters`, or, having called it, is that
 * thread's `caller`, and stops being it when its wait ends. Neither pointer is counted: who dies ends
 * the waits of both sides first.
 * Errors of a message go to its sender; a receiver that waits is not disturbed.
 */
#include "arch.h"
#include "object.h"
#include "trace.h"
#include "transfer.h"

#define RELABEL_MAX 100 /* in one go: queued senders, times 1 + rules */
#define IPC_BLOCKED 1 /* internal: the thread waits now */

static void set_result(struct thread *t, l4_mword_t tag, l4_umword_t label)
{
	t->frame.ax = tag;
	t->frame.si = label;
}

static void set_error(struct thread *t, unsigned int error)
{
	t->utcb->tcr.error = error;
	set_result(t, L4_MSGTAG_ERROR, 0);
}

/* Execute the system call again: all argument registers still have their values. */
static void restart(struct thread *t)
{
	trace(L4_TRACE_PREEMPTED, t->frame.ip, 0);
	t->frame.ip -= 2;
	t->frame.trapno = 0; /* leave with all registers */
	t->flags |= TF_RESTART;
}

/* --- queues */

void sender_enqueue(struct heap *queue, struct sender *s, u8 prio)
{
	s->queue = queue;
	heap_insert(queue, &s->node, 255 - prio);
}

void sender_dequeue(struct sender *s)
{
	if (heap_node_queued(&s->node))
		heap_remove(s->queue, &s->node);
	s->queue = NULL;
}

static struct sender *queue_top(struct heap *queue)
{
	return queue->top ? container_of(queue->top, struct sender, node) : NULL;
}

static struct thread *sender_thread(struct sender *s)
{
	return container_of(s, struct thread, sender);
}

/* --- time-outs */

static void timeout_expired(struct timeout *to)
{
	struct thread *t = container_of(to, struct thread, timeout);

	ipc_abort(t, t->state == THREAD_SENDING ? L4_IPC_SETIMEOUT : L4_IPC_RETIMEOUT);
}

/** Absolute TSC time of a timeout that starts now; ~0 = never. */
static u64 timeout_tsc(l4_timeout_s timeout)
{
	u64 now = arch_tsc(), delta;

	if (timeout == L4_TIMEOUT_NEVER)
		return ~0UL;
	if (timeout & L4_TIMEOUT_ABSOLUTE)
		return kip.tsc_base + ns_to_tsc(timeout & ~L4_TIMEOUT_ABSOLUTE);
	delta = ns_to_tsc(timeout);
	return now + delta < now ? ~0UL - 1 : now + delta;
}

void ipc_timeout_start(struct thread *t, l4_timeout_s timeout)
{
	u64 when = timeout_tsc(timeout);

	if (when == ~0UL)
		return;
	t->timeout.expired = timeout_expired;
	t->flags |= TF_TIMEOUT;
	timeout_set(&t->timeout, when, t->base_prio);
}

void ipc_timeout_stop(struct thread *t)
{
	timeout_cancel(&t->timeout);
	t->flags &= ~TF_TIMEOUT;
}

/* A time-out that has passed already lets the thread wait not at all. */
static bool timeout_is_zero(l4_timeout_s timeout)
{
	if (!(timeout & L4_TIMEOUT_ABSOLUTE) || timeout == L4_TIMEOUT_NEVER)
		return timeout == 0;
	return (timeout & ~L4_TIMEOUT_ABSOLUTE) <= clock_ns();
}

/* --- waiting */

static void partner_set(struct thread *t, struct kobject *partner)
{
	t->partner = partner;
	if (t->state == THREAD_RECEIVING && partner->type == KOBJ_THREAD)
		list_push_back(&kobj_thread(partner)->waiters, &t->waiter_link);
}

static void partner_clear(struct thread *t)
{
	struct kobject *partner = t->partner;

	t->partner = NULL;
	list_remove(&t->waiter_link);
	if (partner->type == KOBJ_THREAD && kobj_thread(partner)->caller == t) {
		kobj_thread(partner)->caller = NULL;
		kobj_thread(partner)->flags &= ~TF_CALLED;
	}
}

/* End t's wait, whatever it is. */
static void wait_end(struct thread *t)
{
	if (t->flags & TF_TIMEOUT)
		ipc_timeout_stop(t);
	if (t->state == THREAD_SENDING || t->state == THREAD_SEMAPHORE)
		sender_dequeue(&t->sender);
	if (t->partner)
		partner_clear(t);
	t->flags &= ~(TF_CALL | TF_OPEN | TF_NEW_IP);
}

static void caller_set(struct thread *to, struct thread *from)
{
	if (to->caller)
		ipc_abort(to->caller, L4_IPC_REABORTED); /* it learns that no reply will come */
	to->caller = from;
	to->flags |= TF_CALLED;
}

/* Closed wait for partner's message, as the second half of a call. */
static void wait_for_reply(struct thread *t, struct thread *partner, l4_timeout_s timeout)
{
	t->state = THREAD_RECEIVING;
	t->partner = &partner->kobj;
	caller_set(partner, t);
	if (timeout != L4_TIMEOUT_NEVER)
		ipc_timeout_start(t, timeout);
	sched_block(t);
}

static void wait_for_anybody(struct thread *t, l4_timeout_s timeout)
{
	t->state = THREAD_RECEIVING;
	t->flags |= TF_OPEN;
	if (timeout != L4_TIMEOUT_NEVER)
		ipc_timeout_start(t, timeout);
	sched_block(t);
}

static bool waits_for(const struct thread *to, const struct kobject *from)
{
	return to->state == THREAD_RECEIVING && ((to->flags & TF_OPEN) || to->partner == from);
}

/* The receiver's half of a transferred message: it runs again. */
static void receive_done(struct thread *to, l4_mword_t tag, l4_umword_t label)
{
	wait_end(to);
	if (to->flags & (TF_KFAULT | TF_KEXC)) {
		/* a negative label refuses: a fault becomes an exception, an exception halts */
		if (tag_label(tag) < 0)
			to->flags |= to->flags & TF_KEXC ? TF_HALT : TF_RAISE;
		to->flags &= ~(TF_KFAULT | TF_KEXC);
	} else {
		set_result(to, tag & ~0xf000L, label);
	}
	sched_wake(to);
}

/* --- send phase */

/* What the sender does when its message has been received: go on, wait for the reply, wait for anybody. */
#define THEN_GO 0
#define THEN_CALL TF_CALL
#define THEN_WAIT TF_OPEN

/*
 * The sender's half of a transferred message, before the receiver's: then the receiver is the one to
 * run next. 0: it goes on (an open wait: senders, or a time-out, may end it at once).
 */
static int sent(struct thread *t, struct thread *to, u32 then)
{
	if (then == THEN_CALL) {
		wait_for_reply(t, to, t->rcv_timeout);
		return IPC_BLOCKED;
	}
	if (then == THEN_WAIT && !t->senders.top && t->rcv_timeout == L4_TIMEOUT_NEVER) {
		wait_for_anybody(t, L4_TIMEOUT_NEVER);
		return IPC_BLOCKED;
	}
	return 0;
}

/* Stand in a queue until somebody is ready for the message. */
static int send_queued(struct thread *t, struct heap *queue, l4_timeout_s timeout, u32 then)
{
	t->flags |= then;
	sender_enqueue(queue, &t->sender, t->prio);
	ipc_timeout_start(t, timeout);
	sched_block(t);
	return IPC_BLOCKED;
}

/*
 * Send t's message to `to`. 0: delivered. IPC_BLOCKED: queued, or it waits already for what
 * comes then. -E_PREEMPTED, or an IPC error code (positive, > 1).
 */
static int send(struct thread *t, struct thread *to, l4_mword_t tag, l4_umword_t label,
		l4_timeout_s timeout, u32 then)
{
	int err;

	if (to == t || !to->task)
		return L4_IPC_ENOT_EXISTENT;
	if (tag_items(tag))
		ipc_progress_start(t);
	if (waits_for(to, &t->kobj)) {
		err = transfer_message(t, tag, to);
		if (err == 0 && !waits_for(to, &t->kobj))
			err = -E_PREEMPTED; /* it went away in an interrupt window */
		if (err)
			return err;
		this_cpu()->count.ipcs++;
		trace(L4_TRACE_IPC, to->kobj.id, tag);
		err = sent(t, to, then);
		receive_done(to, tag, label);
		return err;
	}
	if (timeout_is_zero(timeout))
		return L4_IPC_SETIMEOUT;
	t->state = THREAD_SENDING;
	t->snd_tag = tag;
	t->sender.label = label;
	partner_set(t, &to->kobj);
	err = send_queued(t, &to->senders, timeout, then);
	vcpu_note_pending(to);
	return err;
}

/* No thread is bound yet: wait at the gate; the system call starts again then. */
static int send_unbound(struct thread *t, struct gate *gate, l4_timeout_s timeout, u32 then)
{
	if (timeout_is_zero(timeout))
		return L4_IPC_SETIMEOUT;
	t->state = THREAD_SENDING;
	return send_queued(t, &gate->senders, timeout, then);
}

/** Start the system call (or the fault) of a thread that waits in a queue again. */
static void sender_restart(struct thread *t)
{
	wait_end(t);
	if (!(t->flags & (TF_KFAULT | TF_KEXC)))
		restart(t);
	else if (t->flags & TF_KEXC)
		t->flags |= TF_RAISE;
	t->flags &= ~(TF_KFAULT | TF_KEXC | TF_RESTART);
	sched_wake(t);
}

int ipc_gate_bound(struct heap *queue)
{
	while (queue->top) {
		sender_restart(sender_thread(queue_top(queue)));
		if (preempt_point())
			return -E_PREEMPTED;
	}
	return 0;
}

/* --- receive phase */

static struct sender *find_sender(struct thread *t, struct kobject *from, bool open)
{
	if (open)
		return queue_top(&t->senders);
	if (!from)
		return NULL;
	if (from->type == KOBJ_IRQ)
		return kobj_irq(from)->sender.queue == &t->senders ? &kobj_irq(from)->sender : NULL;
	if (kobj_thread(from)->sender.queue == &t->senders && kobj_thread(from)->state == THREAD_SENDING)
		return &kobj_thread(from)->sender;
	return NULL;
}

/* A queued sender's message was taken: it goes on with what its system call says. */
static void send_done(struct thread *from, struct thread *to)
{
	u32 flags = from->flags;

	wait_end(from);
	if (flags & TF_CALL) {
		wait_for_reply(from, to, from->rcv_timeout);
	} else if (flags & TF_OPEN) {
		/* its open wait may find senders of its own: it does that itself */
		from->frame.ax = L4_INVALID_CAP | L4_SYSF_WAIT;
		from->frame.r8 = from->rcv_timeout;
		from->frame.ip -= 2;
		from->frame.trapno = 0;
		sched_wake(from);
	} else {
		set_result(from, 0, 0);
		sched_wake(from);
	}
}

/* Take a message from queue entry s. 0, -E_PREEMPTED, or error > 0 (the sender has been told). */
static int take(struct thread *t, struct sender *s)
{
	struct thread *from;
	l4_mword_t tag;
	int err;

	if (s->kind == SENDER_IRQ) {
		sender_dequeue(s);
		set_result(t, tag_make(L4_PROTO_IRQ, 0), s->label);
		return 0;
	}
	from = sender_thread(s);
	tag = from->snd_tag;
	err = transfer_message(from, tag, t);
	/* Its time-out may have ended its wait in an interrupt window: it runs, and has its error. */
	if (s->queue != &t->senders)
		err = -E_PREEMPTED;
	if (err == -E_PREEMPTED)
		return err;
	if (err) {
		ipc_abort(from, err);
		return err;
	}
	this_cpu()->count.ipcs++;
	trace(L4_TRACE_IPC, from->kobj.id, tag);
	set_result(t, tag & ~0xf000L, s->label);
	send_done(from, t);
	return 0;
}

static void pending_update(struct thread *t)
{
	if (t->vcpu && !t->senders.top)
		t->flags &= ~TF_PENDING;
}

/* Receive from `from` (or from anybody, or from nobody: sleep). */
static void receive(struct thread *t, struct kobject *from, bool open, l4_timeout_s timeout)
{
	struct sender *s;
	int err;

	while ((s = find_sender(t, from, open))) {
		err = take(t, s);
		pending_update(t);
		if (err == 0)
			return;
		if (err == -E_PREEMPTED || preempt_point()) {
			/* a send phase that is done must not be done again */
			t->frame.ax &= ~(u64)(L4_SYSF_SEND | L4_SYSF_REPLY);
			restart(t);
			return;
		}
	}
	if (timeout_is_zero(timeout)) {
		set_error(t, L4_IPC_RETIMEOUT);
		return;
	}
	if (open) {
		wait_for_anybody(t, timeout);
		return;
	}
	t->state = THREAD_RECEIVING;
	if (from)
		partner_set(t, from);
	ipc_timeout_start(t, timeout);
	sched_block(t);
}

/* --- the system call */

static u32 then_of(u64 op)
{
	return !(op & L4_SYSF_RECV) ? THEN_GO : op & L4_SYSF_OPEN_WAIT ? THEN_WAIT : THEN_CALL;
}

static struct gate *ipc_gate_of(struct kobject *k)
{
	return k->type == KOBJ_GATE ? kobj_gate(k) : NULL;
}

static bool is_ipc(const struct kobject *k, l4_mword_t tag)
{
	if (k->type == KOBJ_GATE)
		return tag_label(tag) != L4_PROTO_KOBJECT;
	return k->type == KOBJ_THREAD && tag_label(tag) != L4_PROTO_THREAD;
}

/* Send phase to an IPC partner. */
static int send_to(struct thread *t, struct kobject *k, unsigned int rights, u64 op, l4_mword_t tag)
{
	l4_timeout_s timeout = t->frame.dx;
	struct gate *gate = ipc_gate_of(k);
	struct thread *to = gate ? gate->thread : kobj_thread(k);
	l4_umword_t label = gate ? gate->label | (rights & 3) : t->frame.si;

	t->rcv_timeout = t->frame.r8;
	return to ? send(t, to, tag, label, timeout, then_of(op)) : send_unbound(t, gate, timeout, then_of(op));
}

/* Is the reply to a fault of `to`, with an open wait behind it, one that reply_to_fault() is for? */
static bool answers_fault(const struct thread *t, const struct thread *to, u64 op, l4_mword_t tag)
{
	return (to->flags & (TF_KFAULT | TF_KEXC)) && !(to->flags & (TF_TIMEOUT | TF_THROTTLED)) && (op & L4_SYSF_OPEN_WAIT) &&
	       tag_label(tag) >= 0 && !t->senders.top && t->rcv_timeout == L4_TIMEOUT_NEVER &&
	       !(this_cpu()->long_ipc & LONG_IPC_TRACE);
}

/* The common reply to a fault or an exception: what send() does then, in one go. */
static int reply_to_fault(struct thread *t, struct thread *to, l4_mword_t tag)
{
	int err = 0;

	if (tag_items(tag)) {
		ipc_progress_start(t);
		err = transfer_items(t, tag, to);
	}
	/* in an interrupt window it went away, or a sender came: send() goes on with the items that are left */
	if (err == 0 && (t->caller != to || t->senders.top))
		err = -E_PREEMPTED;
	if (err)
		return err;
	if ((to->flags & TF_KEXC) && tag_words(tag) >= L4_UTCB_EXCEPTION_REGS_SIZE)
		exception_reply(to, (const l4_exc_regs_t *)t->utcb->msg.mr);
	this_cpu()->count.ipcs++;
	t->caller = NULL;
	t->flags = (t->flags & ~TF_CALLED) | TF_OPEN;
	t->state = THREAD_RECEIVING;
	to->partner = NULL;
	to->flags &= ~(TF_KFAULT | TF_KEXC | TF_CALL | TF_OPEN | TF_NEW_IP);
	sched_wake(to); /* which sees that t, the current thread, waits */
	return IPC_BLOCKED;
}

static int reply_to_caller(struct thread *t, u64 op, l4_mword_t tag)
{
	struct thread *to = t->caller;

	t->rcv_timeout = t->frame.r8;
	if (!to)
		return L4_IPC_ENOT_EXISTENT;
	if (answers_fault(t, to, op, tag))
		return reply_to_fault(t, to, tag);
	return send(t, to, tag, 0, 0, op & L4_SYSF_OPEN_WAIT ? THEN_WAIT : THEN_GO);
}

void ipc_invoked(struct thread *t, l4_mword_t reply)
{
	if (reply == KOBJ_RESTART)
		restart(t);
	else if (reply != KOBJ_BLOCKED)
		set_result(t, reply, 0);
}

/* Kernel object: answered at once. true: the system call is over. */
static bool invoke(struct thread *t, struct kobject *k, unsigned int rights, u64 op, l4_mword_t tag)
{
	l4_mword_t reply = k->ops->invoke(k, t, rights, tag);

	if (current_thread() != t)
		return true; /* it destroyed itself */
	if ((op & L4_SYSF_OPEN_WAIT) && reply != KOBJ_RESTART && reply != KOBJ_BLOCKED && !t->kobj.dead)
		return false; /* the wait's result counts */
	ipc_invoked(t, reply);
	return true;
}

/* Decode and do the send phase. true: the system call is over (or blocked). */
static bool send_phase(struct thread *t, u64 op, l4_mword_t tag)
{
	struct kobject *k;
	unsigned int rights;
	int err;

	if (op & L4_SYSF_REPLY) {
		err = reply_to_caller(t, op, tag);
	} else {
		k = cap_lookup(&t->task->caps, t->frame.ax >> L4_CAP_SHIFT, &rights);
		if (!k || k->dead)
			err = L4_IPC_ENOT_EXISTENT;
		else if (!is_ipc(k, tag))
			return invoke(t, k, rights, op, tag);
		else
			err = send_to(t, k, rights, op, tag);
	}
	if (err == 0)
		return false;
	if (err == -E_PREEMPTED)
		restart(t);
	else if (err != IPC_BLOCKED)
		set_error(t, err);
	return true;
}

static void receive_phase(struct thread *t, u64 op)
{
	struct kobject *from = NULL;
	unsigned int rights;

	if (!(op & L4_SYSF_OPEN_WAIT) && !(t->frame.ax & L4_INVALID_CAP)) {
		from = cap_lookup(&t->task->caps, t->frame.ax >> L4_CAP_SHIFT, &rights);
		if (from && from->type == KOBJ_GATE)
			from = kobj_gate(from)->thread ? &kobj_gate(from)->thread->kobj : NULL;
		/* an IRQ that is bound to another thread, or to none, would never come */
		if (!from || from->dead || (from->type != KOBJ_THREAD && from->type != KOBJ_IRQ) ||
		    (from->type == KOBJ_IRQ && kobj_irq(from)->thread != t)) {
			set_error(t, L4_IPC_ENOT_EXISTENT | L4_IPC_SND_ERR_MASK);
			return;
		}
		if (from == &t->kobj)
			from = NULL;
	}
	receive(t, from, op & L4_SYSF_OPEN_WAIT, t->frame.r8);
}

void ipc_syscall(struct thread *t)
{
	u64 op = t->frame.ax & L4_SYSF_MASK;
	l4_mword_t tag = t->frame.di;

	t->flags &= ~TF_RESUMED;
	if (unlikely(t->flags & TF_RESTART))
		t->flags ^= TF_RESTART | TF_RESUMED;
	if ((op & L4_SYSF_SEND) && send_phase(t, op, tag))
		return;
	if (op & L4_SYSF_RECV)
		receive_phase(t, op);
	else
		set_result(t, 0, 0);
}

/* --- messages made by the kernel */

/*
 * The common case: the handler waits for anybody, and there is no more to its status than that, as the short call of
 * entry.S wants it. It takes the message of t, which is the current thread. false: nothing is done.
 */
static bool fault_to_waiting(struct thread *t, struct thread *to, u32 kind, l4_mword_t tag, l4_umword_t label)
{
	struct cpu *cpu = this_cpu();

	if (to->flags != STATUS_OPEN_WAIT || (cpu->long_ipc & LONG_IPC_TRACE))
		return false;
	t->flags |= kind;
	transfer_fault(t, to);
	cpu->count.ipcs++;
	t->state = THREAD_RECEIVING;
	t->partner = &to->kobj;
	to->caller = t;
	to->flags = STATUS_SERVES;
	set_result(to, tag, label);
	sched_wake(to); /* which sees that t waits */
	return true;
}

/* Call a handler on behalf of t; false: there is none, or it does not exist. */
static bool fault_call(struct thread *t, l4_cap_idx_t handler, u32 kind, l4_mword_t tag)
{
	struct kobject *k;
	unsigned int rights;
	int err;

	if (handler & L4_INVALID_CAP)
		return false;
	k = cap_lookup(&t->task->caps, handler >> L4_CAP_SHIFT, &rights);
	if (!k || k->dead || (k->type != KOBJ_GATE && k->type != KOBJ_THREAD))
		return false;
	struct gate *gate = ipc_gate_of(k);
	struct thread *to = gate ? gate->thread : kobj_thread(k);
	l4_umword_t label = gate ? gate->label | (rights & 3) : 0;

	if (to && fault_to_waiting(t, to, kind, tag, label))
		return true;
	t->flags |= kind;
	t->rcv_timeout = L4_TIMEOUT_NEVER;
	if (to)
		err = send(t, to, tag, label, L4_TIMEOUT_NEVER, THEN_CALL);
	else
		err = send_unbound(t, gate, L4_TIMEOUT_NEVER, THEN_CALL);
	if (err != IPC_BLOCKED)
		t->flags &= ~kind;
	return err == IPC_BLOCKED;
}

void ipc_page_fault(struct thread *t, u64 addr, u64 err)
{
	t->pfa = addr;
	t->fault[0] = (addr & ~7UL) | (err & 2 ? L4_PF_WRITE : 0) | (err & 1 ? L4_PF_PRESENT : 0) |
		      (err & 0x10 ? L4_PF_FETCH : 0);
	t->fault[1] = t->frame.ip;
	t->frame.trapno = 14;
	t->frame.err = err;
	if (!fault_call(t, t->pager, TF_KFAULT, tag_make(L4_PROTO_PAGE_FAULT, 2)))
		ipc_exception(t);
}

void ipc_exception(struct thread *t)
{
	l4_mword_t tag = tag_make(L4_PROTO_EXCEPTION, L4_UTCB_EXCEPTION_REGS_SIZE);

	if (!fault_call(t, t->exc_handler, TF_KEXC, tag))
		thread_halt(t, "unhandled");
}

/** Deliver or queue an IRQ at t. */
void ipc_irq(struct thread *t, struct irq *irq)
{
	trace(L4_TRACE_IRQ_DELIVER, irq->kobj.id, t->kobj.id);
	if (irq->sender.queue)
		return;
	if (waits_for(t, &irq->kobj) && !(t->flags & (TF_KFAULT | TF_KEXC))) {
		receive_done(t, tag_make(L4_PROTO_IRQ, 0), irq->sender.label);
		return;
	}
	sender_enqueue(&t->senders, &irq->sender, 255);
	vcpu_note_pending(t);
}

/* --- aborts */

void ipc_abort(struct thread *t, enum l4_ipc_tcr_error_t error)
{
	wait_end(t);
	if (t->flags & TF_KFAULT)
		t->flags |= TF_RAISE;
	else if (t->flags & TF_KEXC)
		t->flags |= TF_HALT;
	else
		set_error(t, error);
	t->flags &= ~(TF_KFAULT | TF_KEXC);
	sched_wake(t);
}

void ipc_wake(struct thread *t, l4_mword_t tag)
{
	wait_end(t);
	set_result(t, tag, 0);
	sched_wake(t);
}

void ipc_cancel(struct thread *t)
{
	if (t->state == THREAD_SENDING)
		ipc_abort(t, L4_IPC_SECANCELED);
	else if (t->state == THREAD_RECEIVING || t->state == THREAD_SEMAPHORE)
		ipc_abort(t, L4_IPC_RECANCELED);
	t->flags &= ~(TF_RAISE | TF_HALT);
}

void ipc_detach(struct thread *t)
{
	if (t->state == THREAD_SENDING || t->state == THREAD_RECEIVING || t->state == THREAD_SEMAPHORE) {
		wait_end(t);
		t->state = THREAD_STOPPED;
	}
	t->flags &= ~(TF_KFAULT | TF_KEXC);
}

int ipc_flush_queue(struct heap *queue)
{
	struct sender *s;

	while ((s = queue_top(queue))) {
		if (s->kind == SENDER_IRQ) {
			sender_dequeue(s);
			container_of(s, struct irq, sender)->pending = true;
		} else {
			ipc_abort(sender_thread(s), L4_IPC_ENOT_EXISTENT);
		}
		if (preempt_point())
			return -E_PREEMPTED;
	}
	return 0;
}

int ipc_thread_dies(struct thread *t)
{
	int err = ipc_flush_queue(&t->senders);

	if (err)
		return err;
	if (t->caller)
		ipc_abort(t->caller, L4_IPC_ENOT_EXISTENT | L4_IPC_SND_ERR_MASK);
	while (!list_empty(&t->waiters)) {
		struct thread *w = list_entry(t->waiters.next, struct thread, waiter_link);

		ipc_abort(w, L4_IPC_ENOT_EXISTENT | L4_IPC_SND_ERR_MASK);
		if (preempt_point())
			return -E_PREEMPTED;
	}
	return 0;
}

static void relabel(struct sender *s, const l4_umword_t *rule, unsigned int n)
{
	for (; n && (s->label & rule[0]) != rule[1]; n--)
		rule += 4;
	if (n)
		s->label = (s->label & ~rule[2]) | rule[3];
}

/* Walks the queue in tree order with parent links; its length is bounded by the senders there are. */
int ipc_modify_senders(struct thread *t, const l4_umword_t *rules, unsigned int n)
{
	struct heap_node *node = t->senders.top, *from = NULL;

	if (!n)
		return -L4_EINVAL;
	if (t->senders.count > RELABEL_MAX / (n + 1))
		return -L4_E2BIG;
	while (node) {
		struct heap_node *up = node->parent, *next;

		if (from == up) {
			relabel(container_of(node, struct sender, node), rules, n);
			next = node->left ? node->left : node->right ? node->right : up;
		} else if (from == node->left && node->right) {
			next = node->right;
		} else {
			next = up;
		}
		from = node;
		node = next;
	}
	return 0;
}
