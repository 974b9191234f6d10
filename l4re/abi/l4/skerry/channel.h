/* SPDX-License-Identifier: MIT */
/*
 * Channels: elements of one size, from one component to one other, through memory that both map.
 *
 * The layout, and the operations on it, for the runtime (l4/channel/channel.h), Linux and programs that have mapped a
 * channel's device. No function here waits, loops without a bound, or makes a system call.
 *
 *   window: struct l4chan_writer in its first page, then the slots. The writer may write it, the reader only read.
 *   index:  one page, struct l4chan_reader. The reader may write it, the writer only read.
 *
 * A *queue* hands every element on, in order. Head and tail count elements for ever (64 bits do not wrap); slot = count modulo
 * depth. Each of the two has one writer, so neither side can be made to wait by the other.
 *
 * A *state channel* (depth 0) has a value, and the latest wins. Values are numbered from 1; number n is in slot n modulo
 * L4CHAN_STATE_SLOTS, behind its number, which is 0 while the slot is written. A reader is disturbed only when
 * L4CHAN_STATE_SLOTS - 1 values are written while it copies one; it notices, and tries again.
 *
 * Both sides take what they read here for hostile, their own part too: a predecessor may have died anywhere. An index is
 * read once, checked, and then used; an element is copied before anybody looks at it. What makes no sense is
 * -L4_EIO, and l4chan_sync() puts it right from the side that sees it, at the cost of what is queued.
 *
 * Who waits says so in a word of its own part, which is odd then, and another number each time: the other side triggers its
 * IRQ once for each, and makes no system call while nobody waits.
 */
#ifndef L4_SKERRY_CHANNEL_H
#define L4_SKERRY_CHANNEL_H

#include <l4/sys/types.h>
#include <l4/sys/err.h>

#define L4CHAN_PAGE 4096UL
#define L4CHAN_STATE_SLOTS 4UL
#define L4CHAN_SIZE_MAX 65536UL       /**< bytes of an element */
#define L4CHAN_DEPTH_MAX 65536UL      /**< elements of a queue, a power of two */
#define L4CHAN_WINDOW_MAX (16UL << 20) /**< bytes */
/** How often a state channel's reader tries to get a copy that nobody wrote to meanwhile. */
#define L4CHAN_TRIES 4

/** The writer's own. */
struct l4chan_writer {
	l4_uint64_t head;     /**< elements written so far; the number of the latest value */
	l4_uint64_t dropped;  /**< elements for which there was no room, as counted by the writer */
	l4_uint32_t wait;     /**< odd: tell me when there is room */
};

/** The reader's own. */
struct l4chan_reader {
	l4_uint64_t tail;     /**< elements taken so far; of a state channel not used */
	l4_uint32_t wait;     /**< odd: tell me when there is something */
};

/** A slot of a state channel. */
struct l4chan_value {
	l4_uint64_t number;
	char data[];
};

/** One end of a channel, private to its owner. */
struct l4chan {
	struct l4chan_writer *writer;
	struct l4chan_reader *reader;
	char *slots;
	l4_uint64_t depth;     /**< 0: a state channel */
	l4_uint32_t size, stride;
	l4_uint32_t *my_wait, *other_wait;
	l4_uint32_t told;      /**< the other side's word when it was last triggered */
};

#define L4CHAN_READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define L4CHAN_WRITE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELAXED)

/** Bytes from one slot to the next. */
static inline l4_uint32_t l4chan_stride(l4_uint32_t size, l4_uint64_t depth)
{
	return (depth ? 0 : sizeof(struct l4chan_value)) + ((size + 7) & ~7U);
}

/** Bytes of the window, whole pages. */
static inline l4_uint64_t l4chan_window_bytes(l4_uint32_t size, l4_uint64_t depth)
{
	l4_uint64_t slots = (depth ? depth : L4CHAN_STATE_SLOTS) * l4chan_stride(size, depth);

	return (L4CHAN_PAGE + slots + L4CHAN_PAGE - 1) & ~(L4CHAN_PAGE - 1);
}

/** Whether a channel can have elements of this size and this depth; the description's compiler sees to it. */
static inline int l4chan_geometry_ok(l4_uint64_t size, l4_uint64_t depth)
{
	return size && size <= L4CHAN_SIZE_MAX && depth <= L4CHAN_DEPTH_MAX && !(depth & (depth - 1)) &&
	       l4chan_window_bytes(size, depth) <= L4CHAN_WINDOW_MAX;
}

/** Describe an end whose two parts are mapped here. size and depth come from who made the channel, not from its memory. */
static inline void l4chan_init(struct l4chan *c, void *window, void *index, l4_uint32_t size, l4_uint64_t depth, int writes)
{
	c->writer = (struct l4chan_writer *)window;
	c->reader = (struct l4chan_reader *)index;
	c->slots = (char *)window + L4CHAN_PAGE;
	c->depth = depth;
	c->size = size;
	c->stride = l4chan_stride(size, depth);
	c->my_wait = writes ? &c->writer->wait : &c->reader->wait;
	c->other_wait = writes ? &c->reader->wait : &c->writer->wait;
	c->told = 0;
}

static inline char *l4chan_slot(const struct l4chan *c, l4_uint64_t n)
{
	return c->slots + (n & ((c->depth ? c->depth : L4CHAN_STATE_SLOTS) - 1)) * c->stride;
}

/* --- a queue */

/** Elements in a queue: 0 to depth, or more: one of the two sides broke the rules. */
static inline l4_uint64_t l4chan_used(const struct l4chan *c)
{
	l4_uint64_t tail = __atomic_load_n(&c->reader->tail, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&c->writer->head, __ATOMIC_ACQUIRE) - tail;
}

/** Writer: append a copy of an element. 0; -L4_EAGAIN: full; -L4_EIO: the indices make no sense, see l4chan_sync(). */
static inline int l4chan_push(struct l4chan *c, const void *element)
{
	l4_uint64_t head = L4CHAN_READ(c->writer->head);
	l4_uint64_t used = head - __atomic_load_n(&c->reader->tail, __ATOMIC_ACQUIRE);

	if (used >= c->depth)
		return used == c->depth ? -L4_EAGAIN : -L4_EIO;
	__builtin_memcpy(l4chan_slot(c, head), element, c->size);
	__atomic_store_n(&c->writer->head, head + 1, __ATOMIC_RELEASE);
	return 0;
}

/** Writer: count an element that was not written. */
static inline void l4chan_drop(struct l4chan *c)
{
	L4CHAN_WRITE(c->writer->dropped, L4CHAN_READ(c->writer->dropped) + 1);
}

/**
 * Reader: copy the oldest element, which stays. 1; 0: there is none; -L4_EIO: the indices make no sense, see l4chan_sync(). *count =
 * what to pass to l4chan_take().
 */
static inline int l4chan_peek(const struct l4chan *c, void *element, l4_uint64_t *count)
{
	l4_uint64_t tail = L4CHAN_READ(c->reader->tail);
	l4_uint64_t used = __atomic_load_n(&c->writer->head, __ATOMIC_ACQUIRE) - tail;

	if (!used || used > c->depth)
		return used ? -L4_EIO : 0;
	__builtin_memcpy(element, l4chan_slot(c, tail), c->size);
	*count = tail;
	return 1;
}

/** Reader: the element that was just copied is done with. */
static inline void l4chan_take(struct l4chan *c, l4_uint64_t count)
{
	__atomic_store_n(&c->reader->tail, count + 1, __ATOMIC_RELEASE);
}

/**
 * Make sense of a queue again: what is in it is lost. For the end that starts, or got -L4_EIO. Nonzero if there was something to do.
 * A state channel cannot get into such a state.
 */
static inline int l4chan_sync(struct l4chan *c)
{
	if (!c->depth || l4chan_used(c) <= c->depth)
		return 0;
	if (c->my_wait == &c->writer->wait)
		L4CHAN_WRITE(c->writer->head, L4CHAN_READ(c->reader->tail));
	else
		L4CHAN_WRITE(c->reader->tail, L4CHAN_READ(c->writer->head));
	return 1;
}

/* --- a state channel */

/** Writer: make a copy of this the latest value. */
static inline void l4chan_publish(struct l4chan *c, const void *value)
{
	l4_uint64_t number = L4CHAN_READ(c->writer->head) + 1;
	struct l4chan_value *v;

	number += !number; /* only by a predecessor's doing */
	v = (struct l4chan_value *)l4chan_slot(c, number);
	L4CHAN_WRITE(v->number, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__builtin_memcpy(v->data, value, c->size);
	__atomic_store_n(&v->number, number, __ATOMIC_RELEASE);
	__atomic_store_n(&c->writer->head, number, __ATOMIC_RELEASE);
}

/** The latest value's number; 0: there is none yet. */
static inline l4_uint64_t l4chan_number(const struct l4chan *c)
{
	return __atomic_load_n(&c->writer->head, __ATOMIC_ACQUIRE);
}

/**
 * Reader: copy the latest value unless its number is *number, which becomes its number. 1; 0: nothing new, *value may be changed; -L4_EIO: in
 * L4CHAN_TRIES attempts there was no whole value, which an honest writer that does not run without a pause cannot bring about.
 */
static inline int l4chan_latest(const struct l4chan *c, void *value, l4_uint64_t *number)
{
	unsigned tries;

	for (tries = 0; tries < L4CHAN_TRIES; tries++) {
		l4_uint64_t n = l4chan_number(c);
		const struct l4chan_value *v = (const struct l4chan_value *)l4chan_slot(c, n);

		if (!n || n == *number)
			return 0;
		if (__atomic_load_n(&v->number, __ATOMIC_ACQUIRE) != n)
			continue;
		__builtin_memcpy(value, v->data, c->size);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (L4CHAN_READ(v->number) == n) {
			*number = n;
			return 1;
		}
	}
	return -L4_EIO;
}

/* --- waiting */

/**
 * Ask the other side to trigger this end's IRQ when it has done something. Then look once more before waiting: it may have been done
 * before. Can be repeated.
 */
static inline void l4chan_arm(struct l4chan *c)
{
	L4CHAN_WRITE(*c->my_wait, (L4CHAN_READ(*c->my_wait) + 1) | 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/** Take that back. */
static inline void l4chan_disarm(struct l4chan *c)
{
	L4CHAN_WRITE(*c->my_wait, (L4CHAN_READ(*c->my_wait) + 1) & ~1U);
}

/** After something was done: whether the other side waits, and has not been told yet. The caller triggers its IRQ. */
static inline int l4chan_should_tell(struct l4chan *c)
{
	l4_uint32_t wait;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	wait = L4CHAN_READ(*c->other_wait);
	if (!(wait & 1) || wait == c->told)
		return 0;
	c->told = wait;
	return 1;
}

#endif
