/* SPDX-License-Identifier: MIT */
/*
 * Channels for native tasks: what a `[channel.NAME]` of the description gives to its two ends (conf/README.md, docs/real-time.md).
 *
 * A queue hands on every element, a state channel the latest one. The other end may be a native task, or Linux with /dev/l4/NAME.
 * Sending and receiving are a copy and a few instructions: they never wait, make no system call unless the other
 * side waits for just this, and do not depend on what the other side does, or on whether it lives. An end that is opened anew after its
 * owner has died goes on where that was; elements stay in a queue meanwhile.
 *
 * An end is for one thread at a time. The elements are the other side's words: the library hands out copies, what is in them is
 * the caller's to check.
 */
#ifndef L4_CHANNEL_CHANNEL_H
#define L4_CHANNEL_CHANNEL_H

#include <l4/skerry/channel.h>
#include <l4/sys/ipc.h>

/** One end. */
typedef struct l4channel_t {
	struct l4chan end;
	l4_cap_idx_t kick;    /**< IRQ of the other side */
	l4_cap_idx_t event;   /**< IRQ of this side */
	l4_uint64_t number;   /**< state channel: of the value that was received last */
	int writes;
} l4channel_t;

/**
 * Open this program's end of the channel of that name, as the description has it: to write or to read. The calling thread is the one that may
 * wait; others by l4channel_bind().
 *
 * 0; -L4_ENOENT: the program has no such channel; -L4_ENOMEM: no room to map it; other errors: mapping or binding was
 * refused. Calls the root server: before the time counts.
 */
long l4channel_open(l4channel_t *c, const char *name);

/** Unmap it. Nothing changes for the other side, and it can be opened again. */
void l4channel_close(l4channel_t *c);

/** Bytes of an element. */
static inline l4_size_t l4channel_size(const l4channel_t *c) { return c->end.size; }
/** Elements that a queue can hold; 0: a state channel. */
static inline l4_size_t l4channel_depth(const l4channel_t *c) { return c->end.depth; }

/**
 * Writer: send a copy of `element`, l4channel_size() bytes. To a state channel it always succeeds. Never waits.
 *
 * 0: sent; -L4_EAGAIN: the queue is full, the element is dropped and counted; -L4_EIO: the reader has made nonsense of its index; the queue has been
 * emptied, the element is dropped and counted; -L4_EINVAL: this end reads.
 */
int l4channel_send(l4channel_t *c, const void *element);

/** Elements that have been dropped since the channel was made, as the writer says: what a reader cannot rely on. */
static inline l4_uint64_t l4channel_dropped(const l4channel_t *c) { return L4CHAN_READ(c->end.writer->dropped); }

/**
 * Reader: the oldest element of a queue, or the latest value of a state channel, once. Never waits.
 *
 * 1: copied to `element`, l4channel_size() bytes; 0: there is none, or none since the last time; -L4_EIO: the writer has broken the rules: the
 * queue has been emptied, or in L4CHAN_TRIES attempts no value stayed whole while it was copied; -L4_EINVAL: this end
 * writes. Unless the result is 1, what is in `element` is not to be used.
 */
int l4channel_receive(l4channel_t *c, void *element);

/** Whether l4channel_receive() would have something, or l4channel_send() room. */
int l4channel_ready(const l4channel_t *c);

/**
 * Wait until l4channel_ready().
 *
 * 0; -L4_EAGAIN: not within the receive time-out of `timeout`; other negative values: the IPC's error
 * (-L4_EIPC_LO - enum l4_ipc_tcr_error_t), for instance when the IRQ is bound to another thread.
 */
long l4channel_wait(l4channel_t *c, l4_timeout_t timeout);

/**
 * For a thread that waits for several things by l4_ipc_wait(): from now on `label` arrives there when the channel has become ready.
 * The result of l4_rcv_ep_bind_thread().
 */
long l4channel_bind(l4channel_t *c, l4_cap_idx_t thread, l4_umword_t label);

/** Ask for one such message. Nonzero: it is ready already, do not wait. Before each l4_ipc_wait(). */
int l4channel_arm(l4channel_t *c);

#endif
