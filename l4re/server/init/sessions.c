/* SPDX-License-Identifier: MIT */
/*
 * Sessions: a gate, or a window and two IRQs (docs/virtio-l4.md).
 *
 * They are made once and never change hands: what a component has of them goes with its
 * task, and its successor gets the same.
 */
#include "init.h"
#include "../../lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/skerry/virtio.h>
#include <l4/sys/factory.h>
#include <l4/sys/irq.h>
#include <l4/sys/task.h>

#define SESSIONS_MAX 96

/* One client's way to one service. */
struct session {
	unsigned client, server;
	l4_uint32_t service;             /* string */
	l4_cap_idx_t gate;               /* 0 in a virtio session, which has: */
	l4_cap_idx_t window, kick, notify;
	int memory;                      /* the server reaches the client's memory */
	l4_size_t bytes;
	struct l4vio_page *page;         /* the window as seen here */
};

static struct session sessions[SESSIONS_MAX];
static unsigned session_count;

static int create_window(struct session *s)
{
	void *at = 0;
	long err;

	s->window = l4re_util_cap_alloc();
	s->kick = l4re_util_cap_alloc();
	s->notify = l4re_util_cap_alloc();
	err = l4re_ma_alloc(s->bytes, s->window, L4RE_MA_CONTINUOUS);
	if (err >= 0)
		err = l4re_rm_attach(&at, s->bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, s->window, 0,
				     L4_SUPERPAGESHIFT);
	s->page = at;
	if (err >= 0)
		err = l4_error(l4_factory_create_irq(L4_BASE_FACTORY_CAP, s->kick));
	if (err >= 0)
		err = l4_error(l4_factory_create_irq(L4_BASE_FACTORY_CAP, s->notify));
	return err;
}

static int session_add(unsigned client, const struct sysimg_grant *g)
{
	struct session *s = &sessions[session_count];
	int err;

	if (session_count == SESSIONS_MAX)
		return -L4_ENOMEM;
	*s = (struct session){ .client = client, .server = g->peer, .service = g->name, .bytes = l4_round_page(g->a),
			       .memory = g->b != 0 };
	session_count++;
	if (s->memory && (err = linux_ram_create(&components[client])) < 0)
		return err;
	if (s->bytes)
		return create_window(s);
	s->gate = l4re_util_cap_alloc();
	return l4_error(l4_factory_create_gate(L4_BASE_FACTORY_CAP, s->gate, L4_INVALID_CAP, 0));
}

int sessions_create(void)
{
	unsigned i, k;

	for (i = 0; i < component_count; i++) {
		const struct sysimg_component *d = components[i].desc;

		for (k = 0; k < d->grant_count; k++) {
			const struct sysimg_grant *g = image_grant(d->first_grant + k);
			int err = g->type == SYSIMG_G_USE ? session_add(i, g) : 0;

			if (err < 0)
				return err;
		}
	}
	return 0;
}

/* One end of a session; its parts have the service's name. */
static int give_end(struct component *c, const struct session *s, int server)
{
	const char *name = image_string(s->service), *peer = components[server ? s->client : s->server].name;
	unsigned long side = server ? L4RE_ENV_SERVER : 0;
	int err;

	if (s->gate)
		return give_named(c, s->gate, server ? L4_CAP_FPAGE_RWS : L4_CAP_FPAGE_RW, name, side, peer);
	err = give_named(c, s->window, L4_CAP_FPAGE_RW, name, side | L4RE_ENV_WINDOW, peer);
	if (err >= 0)
		err = give_named(c, s->kick, server ? L4_CAP_FPAGE_RWS : L4_CAP_FPAGE_RW, name, side | L4RE_ENV_KICK, peer);
	if (err >= 0)
		err = give_named(c, s->notify, server ? L4_CAP_FPAGE_RW : L4_CAP_FPAGE_RWS, name, side | L4RE_ENV_NOTIFY, peer);
	if (err >= 0 && server && s->memory)
		err = give_named(c, components[s->client].ram_ds, L4_CAP_FPAGE_RW, name, side | L4RE_ENV_MEMORY, peer);
	return err;
}

int sessions_give(struct component *c)
{
	unsigned i;
	int err = 0;

	for (i = 0; i < session_count && err >= 0; i++) {
		if (sessions[i].client == c->index)
			err = give_end(c, &sessions[i], 0);
		if (sessions[i].server == c->index && err >= 0)
			err = give_end(c, &sessions[i], 1);
	}
	return err;
}

/* c's session as a client of a service without a window; null: there is none. */
static const struct session *session_of(const struct component *c, const char *service)
{
	unsigned i;

	for (i = 0; i < session_count; i++)
		if (sessions[i].client == c->index && sessions[i].gate && !strcmp(image_string(sessions[i].service), service))
			return &sessions[i];
	return 0;
}

l4_cap_idx_t session_gate(const struct component *c, const char *service)
{
	const struct session *s = session_of(c, service);

	return s ? s->gate : L4_INVALID_CAP;
}

const struct component *session_server(const struct component *c, const char *service)
{
	const struct session *s = session_of(c, service);

	return s ? &components[s->server] : 0;
}

/* The slot in which c has a part of one of its sessions as client. */
static l4_cap_idx_t part(const struct component *c, const struct session *s, unsigned long flags)
{
	unsigned i;

	for (i = 0; i < c->cap_count; i++)
		if (c->caps[i].flags == flags && !strcmp(c->caps[i].name, image_string(s->service)))
			return c->caps[i].cap;
	return L4_INVALID_CAP;
}

static void list_session(const struct component *c, const struct session *s, l4_addr_t at, struct skerry_linux_session *out)
{
	const char *name = image_string(s->service);
	l4_size_t n = strlen(name);

	memcpy(out->name, name, n < sizeof(out->name) ? n : sizeof(out->name) - 1);
	out->window = at;
	out->bytes = s->bytes;
	out->kick = part(c, s, L4RE_ENV_KICK);
	out->notify = part(c, s, L4RE_ENV_NOTIFY);
	out->memory = s->memory ? l4_round_page(c->desc->memory) : 0;
}

void sessions_unbind(const struct component *c, int gates)
{
	unsigned i;

	for (i = 0; i < session_count; i++) {
		const struct session *s = &sessions[i];

		if (s->server == c->index && (gates || !s->gate))
			l4_rcv_ep_bind_thread(s->gate ? s->gate : s->kick, L4_INVALID_CAP, 0);
		if (s->client == c->index && s->notify)
			l4_rcv_ep_bind_thread(s->notify, L4_INVALID_CAP, 0);
	}
}

/*
 * As c's successor would begin: with a reset, in which a server waits for its device. Who serves next finds it too.
 */
void sessions_stop(const struct component *c)
{
	unsigned i;

	for (i = 0; i < session_count; i++) {
		const struct session *s = &sessions[i];

		if (s->client != c->index || !s->memory)
			continue;
		__atomic_store_n(&s->page->status, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&s->page->request, s->page->request + 1, __ATOMIC_RELEASE);
		l4_irq_trigger(s->kick);
	}
}

/*
 * What the page says is the server's word, and was the client's to change while it lived: what it can spoil is its own memory. So whether
 * the server is there is not asked of the page: closing its devices would be to the others' cost.
 */
static int is_stopped(const struct session *s)
{
	const struct component *server = &components[s->server];

	if (__atomic_load_n(&s->page->server, __ATOMIC_ACQUIRE) == L4VIO_SERVER_NONE)
		return 1;
	if (server->state == COMPONENT_STOPPED)
		return grants_devices_close(server) >= 0;
	return __atomic_load_n(&s->page->response, __ATOMIC_ACQUIRE) == s->page->request;
}

int sessions_stopped(const struct component *c)
{
	unsigned i;

	for (i = 0; i < session_count; i++)
		if (sessions[i].client == c->index && sessions[i].memory && !is_stopped(&sessions[i]))
			return 0;
	return 1;
}

int sessions_map_linux(struct component *c, const struct loader *l, struct skerry_linux_boot *boot)
{
	l4_addr_t at = SKERRY_LINUX_SESSIONS;
	unsigned i;
	int err;

	for (i = 0; i < session_count; i++) {
		const struct session *s = &sessions[i];

		if (s->client != c->index || !s->page)
			continue;
		if (boot->session_count == SKERRY_LINUX_SESSIONS_MAX)
			return -L4_E2BIG;
		err = loader_map(l, (l4_addr_t)s->page, at, s->bytes, L4_FPAGE_RW);
		if (err)
			return err;
		list_session(c, s, at, &boot->sessions[boot->session_count++]);
		at += l4_round_size(s->bytes, L4_SUPERPAGESHIFT);
	}
	return 0;
}

/*
 * Who calls, or waits, at a gate of c's gets an error: it is bound to a thread that is then deleted. Until c is started again
 * the gates keep what is left of that.
 */
static void close_gates(const struct component *c)
{
	l4_cap_idx_t nobody;
	unsigned i, n = 0;
	long err;

	for (i = 0; i < session_count; i++)
		n += sessions[i].server == c->index && sessions[i].gate;
	if (!n)
		return;
	nobody = l4re_util_cap_alloc();
	err = l4_error(l4_factory_create_thread(L4_BASE_FACTORY_CAP, nobody));
	for (i = 0; i < session_count && err >= 0; i++)
		if (sessions[i].server == c->index && sessions[i].gate)
			err = l4_error(l4_rcv_ep_bind_thread(sessions[i].gate, nobody, 0));
	l4_task_delete_obj(L4_BASE_TASK_CAP, nobody);
	l4re_util_cap_free(nobody);
	if (err < 0)
		say("%s: callers of its services wait for ever: %s", c->name, l4sys_errtostr(err));
}

void sessions_server_gone(const struct component *c)
{
	unsigned i;

	close_gates(c);
	for (i = 0; i < session_count; i++) {
		struct session *s = &sessions[i];

		if (s->server != c->index || !s->page)
			continue;
		__atomic_store_n(&s->page->server, L4VIO_SERVER_GONE, __ATOMIC_RELEASE);
		l4_irq_trigger(s->notify);
	}
}
