/* SPDX-License-Identifier: MIT */
/*
 * Futexes of one task: a list of waiting threads in order of arrival.
 *
 * Under `lock`: the list, and the waiter fields of the threads in it. Each thread sleeps at
 * a semaphore of its own. Whoever takes a thread out of the list ups its semaphore once, after
 * unlocking, so that the woken one does not run into the lock. An `up` may come when its thread
 * has already left for another reason; so every wait checks why it woke, and goes on.
 */
#include "layer.h"

#include <errno.h>

#include <l4/sys/semaphore.h>

enum {
	FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE = 4, FUTEX_LOCK_PI = 6, FUTEX_UNLOCK_PI = 7,
	FUTEX_OP_MASK = 127,
};

static l4re_lock_t lock;
static struct thread *first, **last = &first;

static void append(struct thread *t, int *word)
{
	t->word = word;
	t->next_waiter = 0;
	t->waiting = 1;
	*last = t;
	last = &t->next_waiter;
}

/* Take *link out of the list. */
static struct thread *take(struct thread **link)
{
	struct thread *t = *link;

	*link = t->next_waiter;
	if (last == &t->next_waiter)
		last = link;
	return t;
}

/* Move up to count waiters for word to a list of their own, which its wakers alone see. */
static struct thread *take_waiters(int *word, int count)
{
	struct thread **link = &first, *woken = 0, **end = &woken;

	while (*link && count > 0) {
		if ((*link)->word != word) {
			link = &(*link)->next_waiter;
			continue;
		}
		*end = take(link);
		end = &(*end)->next_waiter;
		*end = 0;
		count--;
	}
	return woken;
}

/* From the store on the thread may run, end and wait elsewhere. */
void thread_wake(struct thread *t)
{
	__atomic_store_n(&t->waiting, 0, __ATOMIC_RELEASE);
	l4_semaphore_up(t->semaphore);
}

static long wake_all(struct thread *woken)
{
	long n;

	for (n = 0; woken; n++) {
		struct thread *t = woken;

		woken = t->next_waiter;
		thread_wake(t);
	}
	return n;
}

static long wake(int *word, int count)
{
	struct thread *woken;

	l4re_lock(&lock);
	woken = take_waiters(word, count);
	l4re_unlock(&lock);
	return wake_all(woken);
}

void futex_wake(int *word, int count)
{
	wake(word, count);
}

/* Leave the list without having been woken. False: somebody took the thread out meanwhile. */
static int withdraw(struct thread *t)
{
	struct thread **link;
	int found;

	l4re_lock(&lock);
	for (link = &first; *link && *link != t; link = &(*link)->next_waiter)
		;
	found = *link != 0;
	if (found) {
		take(link);
		t->waiting = 0;
	}
	l4re_unlock(&lock);
	return found;
}

static int timed_out(l4_msgtag_t tag)
{
	return l4_msgtag_has_error(tag) && l4_ipc_error(tag, l4_utcb()) == L4_IPC_RETIMEOUT;
}

static int interrupted(struct thread *t)
{
	return __atomic_exchange_n(&t->interrupt, 0, __ATOMIC_ACQUIRE);
}

static int waiting(const struct thread *t)
{
	return __atomic_load_n(&t->waiting, __ATOMIC_ACQUIRE);
}

long thread_wait(struct thread *t, l4_timeout_s until)
{
	while (waiting(t)) {
		l4_msgtag_t tag = l4_semaphore_down(t->semaphore, l4_timeout(L4_TIMEOUT_NEVER, until));

		if (timed_out(tag))
			return -ETIMEDOUT;
		if (interrupted(t))
			return -EINTR;
	}
	return 0;
}

void thread_wait_handed(struct thread *t)
{
	while (waiting(t))
		l4_semaphore_down(t->semaphore, L4_IPC_NEVER);
}

static long wait_woken(struct thread *t, l4_timeout_s until)
{
	long err = thread_wait(t, until);

	if (err && withdraw(t))
		return err;
	thread_wait_handed(t);
	return 0;
}

static long wait(int *word, int value, l4_timeout_s until)
{
	struct thread *t = thread_self();

	if (!t || thread_need_semaphore(t) < 0)
		return -ENOMEM;
	l4re_lock(&lock);
	if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) {
		l4re_unlock(&lock);
		return -EAGAIN;
	}
	append(t, word);
	l4re_unlock(&lock);
	return wait_woken(t, until);
}

static long requeue(int *word, int count, int move, int *word2)
{
	struct thread *woken, *t;

	l4re_lock(&lock);
	woken = take_waiters(word, count);
	for (t = first; t && move > 0; t = t->next_waiter) {
		if (t->word == word) {
			t->word = word2;
			move--;
		}
	}
	l4re_unlock(&lock);
	return wake_all(woken);
}

long futex_op(int *word, int op, int value, unsigned long timeout_or_count, int *word2, int value3)
{
	switch (op & FUTEX_OP_MASK) {
	case FUTEX_WAIT:
		return wait(word, value, time_deadline((const struct timespec *)timeout_or_count));
	case FUTEX_WAKE:
		return wake(word, value);
	case FUTEX_LOCK_PI:
		return pi_lock(word, time_at((const struct timespec *)timeout_or_count));
	case FUTEX_UNLOCK_PI:
		return pi_unlock(word);
	case FUTEX_CMP_REQUEUE:
		if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value3)
			return -EAGAIN;
		return requeue(word, value, timeout_or_count, word2);
	case FUTEX_REQUEUE:
		return requeue(word, value, timeout_or_count, word2);
	default:
		return -ENOSYS;
	}
}

long futex_sleep(l4_timeout_s until)
{
	struct thread *t = thread_known();
	l4_msgtag_t tag;

	/* Only a task with several threads has semaphores, and anybody who could interrupt. */
	if (!t || !t->semaphore) {
		l4_ipc_sleep(l4_timeout(0, until));
		return 0;
	}
	do
		tag = l4_semaphore_down(t->semaphore, l4_timeout(L4_TIMEOUT_NEVER, until));
	while (!timed_out(tag) && !__atomic_load_n(&t->interrupt, __ATOMIC_ACQUIRE));
	return interrupted(t) ? -EINTR : 0;
}

void futex_interrupt(struct thread *t)
{
	__atomic_store_n(&t->interrupt, 1, __ATOMIC_RELEASE);
	if (t->semaphore)
		l4_semaphore_up(t->semaphore);
}

void mutex_lock(struct mutex *m)
{
	int seen = 0;

	if (__atomic_compare_exchange_n(&m->word, &seen, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&m->word, 2, __ATOMIC_ACQUIRE))
		if (!thread_known() || wait(&m->word, 2, L4_TIMEOUT_NEVER) == -ENOMEM)
			l4_ipc_sleep_us(100);
}

void mutex_unlock(struct mutex *m)
{
	if (__atomic_exchange_n(&m->word, 0, __ATOMIC_RELEASE) == 2)
		wake(&m->word, 1);
}
