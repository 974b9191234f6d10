/* SPDX-License-Identifier: MIT */
/*
 * Priority-inheriting futexes. The word is the owner's number, and FUTEX_WAITERS if somebody waits in
 * the list here. Who waits lends his priority to the owner, and to whom the owner waits for in turn.
 * The word is handed to the waiter of the highest priority, the first of equals.
 *
 * Under `lock`: the list, the waiters' fields, and the running priority of every thread that is known here.
 */
#include "layer.h"

#include <errno.h>

#include <l4/sys/semaphore.h>

#define FUTEX_WAITERS 0x80000000U
#define FUTEX_TID_MASK 0x3fffffffU

static l4re_lock_t lock;
static struct thread *first;

static unsigned word_read(const int *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static int word_change(int *word, unsigned old, unsigned new)
{
	int expected = old;

	return __atomic_compare_exchange_n(word, &expected, (int)new, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* What t is to run at: its own priority or the highest one lent. */
static unsigned lent_prio(const struct thread *t)
{
	unsigned prio = t->prio;
	struct thread *w;

	for (w = first; w; w = w->next_waiter)
		if (w->pi_owner == t && w->run_prio > prio)
			prio = w->run_prio;
	return prio;
}

/* Bring the running priorities of t and of those it waits for up to date; a cycle ends when nothing changes. */
static long settle(struct thread *t)
{
	long err = 0;

	while (t && !err && t->run_prio != lent_prio(t)) {
		err = thread_apply(t, lent_prio(t), t->cpus);
		t = t->pi_owner;
	}
	return err;
}

static void append(struct thread *t, int *word, struct thread *owner)
{
	struct thread **link = &first;

	t->word = word;
	t->pi_owner = owner;
	t->next_waiter = 0;
	t->waiting = 1;
	while (*link)
		link = &(*link)->next_waiter;
	*link = t;
}

/* False if it is not in the list. */
static int take(struct thread *t)
{
	struct thread **link;

	for (link = &first; *link && *link != t; link = &(*link)->next_waiter)
		;
	if (!*link)
		return 0;
	*link = t->next_waiter;
	t->pi_owner = 0;
	return 1;
}

/* Lock the word if it is free, else get into the list. 1: the thread has to wait. */
static long try_or_join(struct thread *t, int *word)
{
	struct thread *owner;
	unsigned v;

	for (;;) {
		v = word_read(word);
		if (!(v & FUTEX_TID_MASK)) {
			if (word_change(word, v, v | (unsigned)t->tid))
				return 0;
			continue;
		}
		owner = thread_find(v & FUTEX_TID_MASK);
		if (!owner)
			return -ESRCH;
		if (owner == t)
			return -EDEADLK;
		if (!word_change(word, v, v | FUTEX_WAITERS))
			continue;
		append(t, word, owner);
		settle(owner);
		return 1;
	}
}

/* The time is over; false if the word was handed over meanwhile. */
static int give_up(struct thread *t)
{
	struct thread *owner;
	int found;

	l4re_lock(&lock);
	owner = t->pi_owner;
	found = take(t);
	if (found) {
		t->waiting = 0;
		settle(owner);
	}
	l4re_unlock(&lock);
	return found;
}

long pi_lock(int *word, l4_timeout_s until)
{
	struct thread *t = thread_self();
	long ret;

	if (!t || thread_need_semaphore(t) < 0)
		return -ENOMEM;
	l4re_lock(&lock);
	ret = try_or_join(t, word);
	l4re_unlock(&lock);
	if (ret != 1)
		return ret;
	ret = thread_wait(t, until);
	if (ret && give_up(t))
		return ret;
	thread_wait_handed(t);
	return 0;
}

static struct thread *best_waiter(const int *word, unsigned *count)
{
	struct thread *w, *best = 0;

	*count = 0;
	for (w = first; w; w = w->next_waiter) {
		if (w->word != word)
			continue;
		(*count)++;
		if (!best || w->run_prio > best->run_prio)
			best = w;
	}
	return best;
}

/* The next owner inherits the other waiters. */
static struct thread *hand_over(int *word)
{
	unsigned count;
	struct thread *next = best_waiter(word, &count), *w;

	if (!next) {
		__atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
		return 0;
	}
	take(next);
	for (w = first; w; w = w->next_waiter)
		if (w->word == word)
			w->pi_owner = next;
	settle(next);
	__atomic_store_n(word, next->tid | (count > 1 ? FUTEX_WAITERS : 0), __ATOMIC_SEQ_CST);
	return next;
}

long pi_unlock(int *word)
{
	struct thread *t = thread_self(), *next;

	if (!t || (word_read(word) & FUTEX_TID_MASK) != (unsigned)t->tid)
		return -EPERM;
	l4re_lock(&lock);
	next = hand_over(word);
	l4re_unlock(&lock);
	/* With the lent priority still: else somebody between could keep the next owner waiting. */
	if (next)
		thread_wake(next);
	l4re_lock(&lock);
	settle(t);
	l4re_unlock(&lock);
	return 0;
}

long pi_set_prio(struct thread *t, unsigned prio)
{
	unsigned old;
	long err;

	l4re_lock(&lock);
	old = t->prio;
	t->prio = prio;
	err = settle(t);
	if (err)
		t->prio = old;
	l4re_unlock(&lock);
	return err;
}
