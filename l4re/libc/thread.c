/* SPDX-License-Identifier: MIT */
/*
 * POSIX threads as threads of the kernel.
 *
 * A thread that ends cannot give back its stack and itself while it uses them. It
 * takes the pool lock, moves to the one exit stack, frees its stack, tells its joiner, enters its record
 * into the pool of parked threads, and sleeps. Its last store before the sleep
 * releases the lock; from then on another pthread_create may restart it elsewhere.
 *
 * Under pool_lock: all records' pool fields, and the exit stack. Order: pool_lock, then memory.c's lock.
 */
#define _GNU_SOURCE
#include "layer.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/debugger.h>
#include <l4/sys/factory.h>
#include <l4/sys/scheduler.h>
#include <l4/sys/task.h>

#define INITIAL 8
#define CHUNK (L4_PAGESIZE / sizeof(struct thread))
#define CHUNKS 64

static l4re_lock_t pool_lock;
static struct thread initial[INITIAL], *chunks[CHUNKS], *parked;
static unsigned record_count;

static struct thread *record_at(unsigned i)
{
	return i < INITIAL ? &initial[i] : &chunks[(i - INITIAL) / CHUNK][(i - INITIAL) % CHUNK];
}

/* Make sure that record number i has memory. */
static int record_memory(unsigned i)
{
	unsigned chunk = (i - INITIAL) / CHUNK;
	long at;

	if (i < INITIAL || (chunk < CHUNKS && chunks[chunk]))
		return 0;
	if (chunk >= CHUNKS)
		return -ENOMEM;
	at = memory_map(0, L4_PAGESIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (at < 0)
		return at;
	chunks[chunk] = (struct thread *)at;
	return 0;
}

static struct thread *record_new(void)
{
	struct thread *t;

	if (record_memory(record_count))
		return 0;
	t = record_at(record_count++);
	*t = (struct thread){ .tid = record_count };
	return t;
}

/* A record to start a thread with: a parked one, else a new one without kernel objects. */
static struct thread *claim(void)
{
	struct thread *t;

	l4re_lock(&pool_lock);
	t = parked;
	if (t)
		parked = t->next_free;
	else
		t = record_new();
	if (t)
		t->alive = 1;
	l4re_unlock(&pool_lock);
	return t;
}

static void park(struct thread *t)
{
	t->alive = 0;
	t->next_free = parked;
	parked = t;
}

struct thread *thread_self(void)
{
	l4_thread_regs_t *tcr = l4_utcb_tcr();
	struct thread *t = thread_known();

	if (t)
		return t;
	l4re_lock(&pool_lock);
	t = record_new();
	if (t) {
		t->cap = tcr->user[TCR_CAP] ? tcr->user[TCR_CAP] : l4re_env()->main_thread;
		t->prio = t->run_prio = l4re_env()->prio;
		t->cpus = ~0UL;
		t->alive = 1;
		tcr->user[TCR_RECORD] = (l4_umword_t)t;
	}
	l4re_unlock(&pool_lock);
	return t;
}

int thread_need_semaphore(struct thread *t)
{
	l4_cap_idx_t cap;

	if (t->semaphore)
		return 0;
	cap = l4re_util_cap_alloc();
	if (l4_is_invalid_cap(cap))
		return -ENOMEM;
	if (l4_error(l4_factory_create_semaphore(l4re_env()->factory, cap, 0)) < 0) {
		l4re_util_cap_free(cap);
		return -ENOMEM;
	}
	t->semaphore = cap;
	return 0;
}

static long bind(l4_cap_idx_t cap, l4_addr_t utcb)
{
	l4_thread_control_start();
	l4_thread_control_pager(l4re_env()->rm);
	l4_thread_control_exc_handler(l4re_env()->rm);
	l4_thread_control_bind((l4_utcb_t *)utcb, l4re_env()->task);
	return l4_error(l4_thread_control_commit(cap));
}

/* The kernel's thread and its UTCB; once there they stay with the record. */
static int create_objects(struct thread *t)
{
	l4_cap_idx_t cap;
	l4_utcb_t *utcb;

	if (t->cap)
		return 0;
	if (!t->utcb)
		t->utcb = l4re_utcb_alloc();
	cap = l4re_util_cap_alloc();
	if (!t->utcb || l4_is_invalid_cap(cap))
		return -ENOMEM;
	if (l4_error(l4_factory_create_thread(l4re_env()->factory, cap)) < 0 || bind(cap, t->utcb) < 0) {
		l4_task_delete_obj(l4re_env()->task, cap);
		l4re_util_cap_free(cap);
		return -ENOMEM;
	}
	l4_debugger_set_object_name(cap, l4re_env()->name);
	utcb = (l4_utcb_t *)t->utcb;
	utcb->buf.bdr = utcb->buf.br[0] = 0;
	utcb->tcr.user[TCR_CAP] = cap;
	utcb->tcr.user[TCR_RECORD] = (l4_umword_t)t;
	t->cap = cap;
	return 0;
}

long thread_apply(struct thread *t, unsigned prio, l4_umword_t cpus)
{
	l4_sched_param_t p = l4_sched_param(prio, 0);
	long err;

	if (t->run_prio == prio && t->cpus == cpus)
		return 0;
	p.affinity.map = cpus;
	err = l4_error(l4_scheduler_run_thread(l4re_env()->scheduler, t->cap, &p));
	if (err < 0)
		return to_errno(err);
	t->run_prio = prio;
	t->cpus = cpus;
	return 0;
}

static int prepare(struct thread *t, const struct thread *creator)
{
	int err = create_objects(t);

	if (!err)
		err = thread_need_semaphore(t);
	if (!err)
		err = thread_apply(t, creator->prio, creator->cpus);
	t->prio = creator->prio;
	if (!err)
		l4_thread_stats_time(t->cap, &t->cpu_base_ns);
	return err;
}

/* thread.S takes these from the stack. */
struct first_words {
	void *tls;
	int (*func)(void *);
	void *arg;
};

static int start(struct thread *t, void *stack, const struct first_words *w)
{
	l4_addr_t sp = ((l4_addr_t)stack & ~15UL) - 32;

	*(struct first_words *)sp = *w;
	return l4_error(l4_thread_ex_regs(t->cap, (l4_addr_t)skerry_thread_entry, sp, L4_THREAD_EX_REGS_CANCEL));
}

int skerry_clone(int (*func)(void *), void *stack, int flags, void *arg, int *ptid, void *tls, int *ctid)
{
	const int needed = CLONE_VM | CLONE_THREAD | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	struct first_words w = { tls, func, arg };
	struct thread *creator = thread_self(), *t;

	if ((flags & needed) != needed)
		return -ENOSYS;
	/* Others may interrupt the creator from now on. */
	if (!creator || thread_need_semaphore(creator))
		return -EAGAIN;
	t = claim();
	if (!t)
		return -EAGAIN;
	t->clear = ctid;
	t->interrupt = 0;
	*ptid = t->tid;
	if (prepare(t, creator) || start(t, stack, &w) < 0) {
		l4re_lock(&pool_lock);
		park(t);
		l4re_unlock(&pool_lock);
		return -EAGAIN;
	}
	return t->tid;
}

void skerry_thread_exit_lock(void)
{
	l4re_lock(&pool_lock);
}

/* The rest of a thread's end, on the exit stack with the pool locked; what is returned is to be released. */
l4re_lock_t *skerry_thread_bury(void *base, unsigned long bytes)
{
	struct thread *t = thread_known();

	if (bytes)
		memory_unmap((l4_addr_t)base, bytes);
	if (t && t->clear) {
		__atomic_store_n(t->clear, 0, __ATOMIC_SEQ_CST);
		futex_wake(t->clear, 1);
	}
	/* Threads of other makers are not ours to use again. */
	if (t && t->utcb)
		park(t);
	else if (t)
		t->alive = 0;
	return &pool_lock;
}

struct thread *thread_find(int tid)
{
	struct thread *t;

	if (!tid)
		return thread_self();
	if (tid < 0 || (unsigned)tid > __atomic_load_n(&record_count, __ATOMIC_ACQUIRE))
		return 0;
	t = record_at(tid - 1);
	return t->alive ? t : 0;
}

l4_cap_idx_t skerry_thread_cap(int tid)
{
	struct thread *t = tid ? thread_find(tid) : 0;

	return t ? t->cap : L4_INVALID_CAP;
}

/* The priority of POSIX is that of the kernel; 0 stands for the component's. */
long thread_set_prio(int tid, int prio)
{
	struct thread *t = thread_find(tid);

	if (!t)
		return -ESRCH;
	if (prio < 0 || prio > L4_SCHED_MAX_PRIO)
		return -EINVAL;
	return pi_set_prio(t, prio ? (unsigned)prio : l4re_env()->prio);
}

long thread_get_prio(int tid)
{
	struct thread *t = thread_find(tid);

	return t ? (long)t->prio : -ESRCH;
}

long thread_set_affinity(int tid, const unsigned long *map, unsigned long bytes)
{
	struct thread *t = thread_find(tid);

	if (!t)
		return -ESRCH;
	return bytes < sizeof(*map) ? -EINVAL : thread_apply(t, t->run_prio, *map);
}

/* As the kernel of Linux: the number of bytes it filled. */
long thread_get_affinity(int tid, unsigned long *map, unsigned long bytes)
{
	struct thread *t = thread_find(tid);
	l4_sched_cpu_set_t online = { 0, 1 };

	if (!t)
		return -ESRCH;
	if (bytes < sizeof(*map))
		return -EINVAL;
	l4_scheduler_info(l4re_env()->scheduler, 0, &online);
	*map = online.map & t->cpus;
	return sizeof(*map);
}

l4_uint64_t thread_total_ns(void)
{
	l4_uint64_t sum = 0, ns;
	unsigned i;

	if (!thread_self())
		return 0;
	for (i = 0; i < __atomic_load_n(&record_count, __ATOMIC_ACQUIRE); i++)
		if (record_at(i)->cap && l4_error(l4_thread_stats_time(record_at(i)->cap, &ns)) >= 0)
			sum += ns;
	return sum;
}
