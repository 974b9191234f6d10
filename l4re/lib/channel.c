/* SPDX-License-Identifier: MIT */
/* Channels, a native task's end. What is in their memory: l4/skerry/channel.h. */
#include "string.h"

#include <l4/channel/channel.h>
#include <l4/re/c/rm.h>
#include <l4/re/env.h>
#include <l4/sys/irq.h>

/* The entry of one part: L4RE_ENV_WINDOW, _INDEX, _KICK or _NOTIFY. */
static const l4re_env_cap_entry_t *part(const char *name, l4_umword_t flag)
{
	const l4re_env_cap_entry_t *e;

	for (e = l4re_env()->caps; e && e->name[0]; e++)
		if ((e->flags & L4RE_ENV_CHANNEL) && (e->flags & flag) && !strcmp(e->name, name))
			return e;
	return 0;
}

static long attach(const l4re_env_cap_entry_t *e, l4_size_t bytes, int write, void **at)
{
	l4re_rm_flags_t flags = L4RE_RM_F_SEARCH_ADDR | (write ? L4RE_RM_F_RW : L4RE_RM_F_R);

	*at = 0;
	return l4re_rm_attach(at, bytes, flags, e->cap, 0, L4_PAGESHIFT);
}

static l4_cap_idx_t self(void)
{
	l4_cap_idx_t thread = l4_utcb_tcr()->user[0];

	return thread ? thread : l4re_env()->main_thread;
}

static long map(l4channel_t *c, const l4re_env_cap_entry_t *window, const l4re_env_cap_entry_t *index)
{
	l4_uint64_t depth = L4RE_ENV_CHANNEL_DEPTH(window->flags);
	l4_uint32_t size = L4RE_ENV_CHANNEL_SIZE(window->flags);
	void *window_at, *index_at;
	long err = attach(window, l4chan_window_bytes(size, depth), c->writes, &window_at);

	if (err < 0)
		return err;
	err = attach(index, L4CHAN_PAGE, !c->writes, &index_at);
	if (err < 0) {
		l4re_rm_detach(window_at);
		return err;
	}
	l4chan_init(&c->end, window_at, index_at, size, depth, c->writes);
	return 0;
}

long l4channel_open(l4channel_t *c, const char *name)
{
	const l4re_env_cap_entry_t *window = part(name, L4RE_ENV_WINDOW), *index = part(name, L4RE_ENV_INDEX);
	const l4re_env_cap_entry_t *kick = part(name, L4RE_ENV_KICK), *notify = part(name, L4RE_ENV_NOTIFY);
	long err;

	memset(c, 0, sizeof(*c));
	if (!window || !index || !kick || !notify)
		return -L4_ENOENT;
	c->writes = !!(window->flags & L4RE_ENV_WRITER);
	c->kick = c->writes ? kick->cap : notify->cap;
	c->event = c->writes ? notify->cap : kick->cap;
	err = map(c, window, index);
	if (err < 0)
		return err;
	l4chan_sync(&c->end);
	err = l4channel_bind(c, self(), 0);
	if (err < 0)
		l4channel_close(c);
	return err < 0 ? err : 0;
}

void l4channel_close(l4channel_t *c)
{
	if (!c->end.writer)
		return;
	l4chan_disarm(&c->end);
	l4_rcv_ep_bind_thread(c->event, L4_INVALID_CAP, 0);
	l4re_rm_detach(c->end.writer);
	l4re_rm_detach(c->end.reader);
	c->end.writer = 0;
}

static void tell(l4channel_t *c)
{
	if (l4chan_should_tell(&c->end))
		l4_irq_trigger(c->kick);
}

int l4channel_send(l4channel_t *c, const void *element)
{
	int err = 0;

	if (!c->writes)
		return -L4_EINVAL;
	if (!c->end.depth)
		l4chan_publish(&c->end, element);
	else
		err = l4chan_push(&c->end, element);
	if (err == -L4_EIO)
		l4chan_sync(&c->end);
	if (err)
		l4chan_drop(&c->end);
	tell(c);
	return err;
}

int l4channel_receive(l4channel_t *c, void *element)
{
	l4_uint64_t count = 0;
	int n;

	if (c->writes)
		return -L4_EINVAL;
	if (!c->end.depth)
		return l4chan_latest(&c->end, element, &c->number);
	n = l4chan_peek(&c->end, element, &count);
	if (n == 1)
		l4chan_take(&c->end, count);
	else if (n < 0)
		l4chan_sync(&c->end);
	if (n)
		tell(c);
	return n;
}

int l4channel_ready(const l4channel_t *c)
{
	const struct l4chan *end = &c->end;
	l4_uint64_t number;

	if (!end->depth) {
		/* One that went back to 0 has nothing to receive. */
		number = l4chan_number(end);
		return c->writes || (number && number != c->number);
	}
	return c->writes ? l4chan_used(end) < end->depth : l4chan_used(end) != 0;
}

int l4channel_arm(l4channel_t *c)
{
	if (l4channel_ready(c))
		return 1;
	l4chan_arm(&c->end);
	return l4channel_ready(c);
}

long l4channel_bind(l4channel_t *c, l4_cap_idx_t thread, l4_umword_t label)
{
	return l4_error(l4_rcv_ep_bind_thread(c->event, thread, label));
}

long l4channel_wait(l4channel_t *c, l4_timeout_t timeout)
{
	long err = 0;

	/* What came for an earlier wait wakes this one: look again. */
	while (!err && !l4channel_arm(c)) {
		l4_msgtag_t tag = l4_ipc_receive(c->event, l4_utcb(), timeout);

		err = l4_msgtag_has_error(tag) ? l4_error(tag) : 0;
	}
	l4chan_disarm(&c->end);
	return err == -(L4_EIPC_LO + L4_IPC_RETIMEOUT) ? -L4_EAGAIN : err;
}
