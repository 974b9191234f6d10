/* SPDX-License-Identifier: MIT */
/* Virtio sessions, a native client's side. */
#include "../string.h"

#include <l4/re/c/rm.h>
#include <l4/re/env.h>
#include <l4/sys/irq.h>
#include <l4/virtio/client.h>

#define READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define WRITE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELAXED)

#define FEATURES_MUST (L4VIO_F_VERSION_1 | L4VIO_F_ACCESS_PLATFORM)

static l4_cap_idx_t part(const char *service, l4_umword_t flags)
{
	const l4re_env_cap_entry_t *e = l4re_env_find(service, flags, 0);

	return e ? e->cap : L4_INVALID_CAP;
}

static l4_cap_idx_t self(void)
{
	l4_cap_idx_t thread = l4_utcb_tcr()->user[0];

	return thread ? thread : l4re_env()->main_thread;
}

long l4vio_client_open(struct l4vio_client *c, const char *service)
{
	l4_cap_idx_t window = part(service, L4RE_ENV_WINDOW);
	void *at = 0;
	long err;

	memset(c, 0, sizeof(*c));
	c->kick = part(service, L4RE_ENV_KICK);
	c->notify = part(service, L4RE_ENV_NOTIFY);
	if (l4_is_invalid_cap(window) || l4_is_invalid_cap(c->kick) || l4_is_invalid_cap(c->notify))
		return -L4_ENOENT;
	c->bytes = l4re_ds_size(window);
	err = l4re_rm_attach(&at, c->bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, window, 0, L4_SUPERPAGESHIFT);
	if (err < 0)
		return err;
	c->page = at;
	return l4_error(l4_rcv_ep_bind_thread(c->notify, self(), 0));
}

void l4vio_client_close(struct l4vio_client *c)
{
	if (c->page)
		l4re_rm_detach(c->page);
	c->page = 0;
}

static long wait(struct l4vio_client *c, l4_timeout_t timeout)
{
	l4_msgtag_t tag;

	if (READ(c->page->server) == L4VIO_SERVER_GONE)
		return -L4_ENODEV;
	tag = l4_ipc_receive(c->notify, l4_utcb(), timeout);
	if (l4_error(tag) == -(L4_EIPC_LO + L4_IPC_RETIMEOUT))
		return -L4_EAGAIN;
	return l4_msgtag_has_error(tag) ? l4_error(tag) : 0;
}

/* Set a status and wait until it has taken effect; the result is what the server says. */
static long set_status(struct l4vio_client *c, l4_uint32_t status)
{
	l4_uint32_t request = READ(c->page->request) + 1;
	long err = 0;

	WRITE(c->page->status, status);
	__atomic_store_n(&c->page->request, request, __ATOMIC_RELEASE);
	l4_irq_trigger(c->kick);
	while (!err && __atomic_load_n(&c->page->response, __ATOMIC_ACQUIRE) != request)
		err = wait(c, L4_IPC_NEVER);
	return err ? err : (long)READ(c->page->device_status);
}

long l4vio_client_negotiate(struct l4vio_client *c, l4_uint32_t device_id, l4_uint64_t want)
{
	long status = set_status(c, 0);

	if (status < 0)
		return status;
	if (READ(c->page->magic) != L4VIO_MAGIC || READ(c->page->version) != L4VIO_VERSION ||
	    READ(c->page->device_id) != device_id)
		return -L4_ENODEV;
	c->features = READ(c->page->device_features) & (want | FEATURES_MUST);
	WRITE(c->page->driver_features, c->features);
	status = set_status(c, L4VIO_S_ACKNOWLEDGE | L4VIO_S_DRIVER | L4VIO_S_FEATURES_OK);
	if (status < 0)
		return status;
	return status & L4VIO_S_FEATURES_OK ? 0 : -L4_EIO;
}

static l4_uint64_t offset(const struct l4vio_client *c, const void *p)
{
	return (const char *)p - (const char *)c->page;
}

void l4vio_client_queue(struct l4vio_client *c, unsigned n, unsigned size, const void *desc, const void *avail,
			const void *used)
{
	struct l4vio_queue *q = &c->page->queue[n];

	WRITE(q->size, size);
	WRITE(q->desc, offset(c, desc));
	WRITE(q->avail, offset(c, avail));
	WRITE(q->used, offset(c, used));
}

long l4vio_client_run(struct l4vio_client *c)
{
	long status = set_status(c, L4VIO_S_ACKNOWLEDGE | L4VIO_S_DRIVER | L4VIO_S_FEATURES_OK | L4VIO_S_DRIVER_OK);

	if (status < 0)
		return status;
	return status & L4VIO_S_NEEDS_RESET ? -L4_EIO : 0;
}

long l4vio_client_wait_for(struct l4vio_client *c, l4_timeout_t timeout)
{
	if (READ(c->page->device_status) & L4VIO_S_NEEDS_RESET)
		return -L4_EIO;
	return wait(c, timeout);
}

void l4vio_client_config(const struct l4vio_client *c, unsigned from, void *out, unsigned bytes)
{
	l4_uint32_t generation;
	char *to = out;
	unsigned i;

	do {
		generation = __atomic_load_n(&c->page->config_generation, __ATOMIC_ACQUIRE);
		for (i = 0; i < bytes; i++)
			to[i] = from + i < L4VIO_CONFIG_BYTES ? READ(c->page->config[from + i]) : 0;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((generation & 1) || READ(c->page->config_generation) != generation);
}
