/* SPDX-License-Identifier: MIT */
/* Standard input and output: the task's log, which is a console session when it has one. */
#include "layer.h"

#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/factory.h>
#include <l4/sys/irq.h>
#include <l4/sys/vcon.h>

static struct mutex input_lock;
static l4_cap_idx_t input_irq; /* under input_lock; 0: not asked for yet; L4_INVALID_CAP: there is no input */

static int is_output(int fd)
{
	return fd == 1 || fd == 2;
}

long console_write(int fd, const void *data, unsigned long bytes)
{
	if (!is_output(fd))
		return -EBADF;
	if (bytes > INT_MAX)
		bytes = INT_MAX;
	return to_errno(l4_vcon_write(l4re_env()->log, data, bytes));
}

/* What fits into one message goes as one, so that a line of several pieces stays in one. */
long console_writev(int fd, const struct iovec *v, int count)
{
	char text[L4_VCON_WRITE_SIZE];
	unsigned long used = 0, done = 0;
	long n = 0;

	if (!is_output(fd))
		return -EBADF;
	for (; count > 0 && n >= 0; count--, v++) {
		if (used + v->iov_len > sizeof(text)) {
			n = console_write(fd, text, used);
			used = 0;
		}
		if (n >= 0 && v->iov_len > sizeof(text)) {
			n = console_write(fd, v->iov_base, v->iov_len);
		} else if (n >= 0) {
			__builtin_memcpy(text + used, v->iov_base, v->iov_len);
			used += v->iov_len;
		}
		done += v->iov_len;
	}
	if (n >= 0)
		n = console_write(fd, text, used);
	return n < 0 ? n : (long)done;
}

static l4_cap_idx_t open_input(void)
{
	l4_cap_idx_t irq = l4re_util_cap_alloc();

	if (l4_is_invalid_cap(irq))
		return irq;
	if (l4_error(l4_factory_create_irq(l4re_env()->factory, irq)) >= 0 &&
	    l4_error(l4_icu_bind(l4re_env()->log, 0, irq)) >= 0)
		return irq;
	l4re_util_cap_free_um(irq);
	return L4_INVALID_CAP;
}

/* Wait until there is something, read what fits into one message. */
static long read_some(char *data, unsigned long bytes)
{
	int n;

	if (!input_irq)
		input_irq = open_input();
	if (l4_is_invalid_cap(input_irq))
		return 0;
	if (bytes > L4_VCON_READ_SIZE)
		bytes = L4_VCON_READ_SIZE;
	/* The thread that reads is the one to be woken. */
	l4_rcv_ep_bind_thread(input_irq, l4_utcb_tcr()->user[TCR_CAP], 0);
	while (!(n = l4_vcon_read(l4re_env()->log, data, bytes)))
		l4_ipc_receive(input_irq, l4_utcb(), L4_IPC_NEVER);
	return n > (long)bytes ? (long)bytes : to_errno(n);
}

long console_read(int fd, void *data, unsigned long bytes)
{
	long n;

	if (fd != 0)
		return -EBADF;
	if (!bytes)
		return 0;
	mutex_lock(&input_lock);
	n = read_some(data, bytes);
	mutex_unlock(&input_lock);
	return n;
}

/* The first buffer that is not empty; a short read is a read. */
long console_readv(int fd, const struct iovec *v, int count)
{
	for (; count > 0; count--, v++)
		if (v->iov_len)
			return console_read(fd, v->iov_base, v->iov_len);
	return fd == 0 ? 0 : -EBADF;
}
