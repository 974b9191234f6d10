/* SPDX-License-Identifier: MIT */
/*
 * The layer beneath the C library. Functions return 0 or more, or a negative
 * errno value, as the system calls of Linux do. None uses thread-local storage:
 * musl calls them before there is any and after it is gone.
 */
#ifndef LIBC_LAYER_H
#define LIBC_LAYER_H

#include "../lib/lib.h"

#include <l4/sys/ipc.h>

/*
 * What the layer knows of a thread. Records are never freed: a thread that ends
 * parks, and the next pthread_create starts it afresh, so kernel objects and UTCBs are
 * used again and need no deletion while somebody may still refer to them.
 */
struct thread {
	/* immutable once there */
	l4_cap_idx_t cap;
	l4_addr_t utcb;
	int tid;
	/* creator before the start, then the thread itself */
	l4_cap_idx_t semaphore; /**< it sleeps here; 0: not made yet */
	int *clear;             /**< zero this at the end, and wake who waits for it */
	l4_uint64_t cpu_base_ns; /**< CPU time before this life */
	/* under the pool lock */
	struct thread *next_free;
	int alive;
	/* under the lock of pi.c once it runs */
	unsigned prio;     /**< its own */
	unsigned run_prio; /**< the kernel's: its own, or one it has been lent */
	l4_umword_t cpus;
	/* while it waits: under the lock of futex.c or pi.c */
	struct thread *next_waiter;
	struct thread *pi_owner; /**< whom it waits for; null: not for a priority-inheriting futex */
	int *word;
	/* atomic */
	int waiting;   /**< in the list of waiters */
	int interrupt; /**< pthread_cancel wants the next or the present wait to end */
};

/** The calling thread. Threads that the library did not create get a record when they first need one; null: no memory. */
struct thread *thread_self(void);
/** Its semaphore exists from now on. -ENOMEM. */
int thread_need_semaphore(struct thread *t);

/* User words of the thread control registers. */
enum { TCR_CAP = 0, TCR_RECORD = 1 };

/** The calling thread if it has a record, else null. */
static inline struct thread *thread_known(void)
{
	return (struct thread *)l4_utcb_tcr()->user[TCR_RECORD];
}

/* thread.c, thread.S */
int skerry_clone(int (*func)(void *), void *stack, int flags, void *arg, int *ptid, void *tls, int *ctid);
/** End the calling thread; gives [base, base + bytes), its stack, back first if bytes is not 0. */
__attribute__((noreturn)) void skerry_thread_exit(void *base, unsigned long bytes);
l4_cap_idx_t skerry_thread_cap(int tid);
void skerry_thread_entry(void);
l4re_lock_t *skerry_thread_bury(void *base, unsigned long bytes);
void skerry_thread_exit_lock(void);
/** The living thread with this number (0: the caller); null: none. */
struct thread *thread_find(int tid);
/** Tell the kernel priority and CPUs. */
long thread_apply(struct thread *t, unsigned prio, l4_umword_t cpus);
long thread_set_prio(int tid, int prio);
long thread_get_prio(int tid);
long thread_set_affinity(int tid, const unsigned long *map, unsigned long bytes);
long thread_get_affinity(int tid, unsigned long *map, unsigned long bytes);
/** CPU time of all threads together, the ended ones included. */
l4_uint64_t thread_total_ns(void);

/* futex.c */
long futex_op(int *word, int op, int value, unsigned long timeout_or_count, int *word2, int value3);
void futex_wake(int *word, int count);
/** Sleep until an absolute time (L4_TIMEOUT_NEVER: for ever); -EINTR if interrupted. */
long futex_sleep(l4_timeout_s until);
void futex_interrupt(struct thread *t);

/* For pi.c: sleep while t->waiting; 0, -ETIMEDOUT or -EINTR. */
long thread_wait(struct thread *t, l4_timeout_s until);
/** After an error of thread_wait() somebody woke it all the same: wait until he is through with the record. */
void thread_wait_handed(struct thread *t);
/** Wake a thread that is in no list any more. */
void thread_wake(struct thread *t);

/* pi.c */
long pi_lock(int *word, l4_timeout_s until);
long pi_unlock(int *word);
/** Set the thread's own priority. */
long pi_set_prio(struct thread *t, unsigned prio);

/* A lock that may be held across messages: waiters sleep. */
struct mutex { int word; }; /* 0 free, 1 taken, 2 taken and somebody may wait */
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* memory.c */
long memory_map(l4_addr_t addr, unsigned long bytes, int prot, int flags, int fd);
long memory_unmap(l4_addr_t addr, unsigned long bytes);
long memory_protect(l4_addr_t addr, unsigned long bytes, int prot);

/* time.c */
struct timespec;
long time_get(int clock, struct timespec *out);
long time_sleep(int clock, int flags, const struct timespec *t, struct timespec *left);
/** A point of real time as timeout; null: never. */
l4_timeout_s time_at(const struct timespec *t);
/** When a relative timespec is over, as absolute timeout; null: never. */
l4_timeout_s time_deadline(const struct timespec *t);

/* console.c */
struct iovec;
long console_write(int fd, const void *data, unsigned long bytes);
long console_writev(int fd, const struct iovec *v, int count);
long console_read(int fd, void *data, unsigned long bytes);
long console_readv(int fd, const struct iovec *v, int count);

long skerry_syscall(long n, long a, long b, long c, long d, long e, long f);

/** L4 error to errno: they have the same numbers, but for those of L4 alone. */
static inline long to_errno(long err)
{
	return err <= -1000 ? -5 /* EIO */ : err;
}

#endif
