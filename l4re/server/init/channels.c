/* SPDX-License-Identifier: MIT */
/*
 * Channels (l4/skerry/channel.h): two pieces of memory and two IRQs.
 *
 * They are made once and never change hands: what a component has of them goes with its task, and its successor gets the same, with
 * what is in them.
 */
#include "init.h"
#include "../../lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/sys/factory.h>
#include <l4/sys/irq.h>

#define CHANNELS_MAX 32

struct channel {
	l4_uint32_t name;               /* string */
	unsigned writer, reader;        /* components */
	l4_size_t size, depth;
	l4_cap_idx_t window, index;     /* memory of the writer, of the reader */
	l4_cap_idx_t kick, notify;      /* IRQ to the reader, to the writer */
	void *window_at, *index_at;     /* as seen here: to map them to a Linux */
};

static struct channel channels[CHANNELS_MAX];
static unsigned channel_count;

/* A page of its own for each of the two: rights are a page's. */
static long create_memory(l4_size_t bytes, l4_cap_idx_t *ds, void **at)
{
	long err;

	*ds = l4re_util_cap_alloc();
	err = l4re_ma_alloc(bytes, *ds, L4RE_MA_CONTINUOUS);
	if (err < 0)
		return err;
	return l4re_rm_attach(at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, *ds, 0, L4_PAGESHIFT);
}

static long create_irq(l4_cap_idx_t *irq)
{
	*irq = l4re_util_cap_alloc();
	return l4_error(l4_factory_create_irq(L4_BASE_FACTORY_CAP, *irq));
}

static int is_writer(const struct sysimg_grant *g)
{
	return g->b & 1;
}

/* The description of a channel is its writer's grant. */
static int channel_create(struct channel *n, unsigned writer, const struct sysimg_grant *g)
{
	long err;

	*n = (struct channel){ .name = g->name, .writer = writer, .reader = g->peer, .size = g->a, .depth = g->b >> 1 };
	err = create_memory(l4chan_window_bytes(n->size, n->depth), &n->window, &n->window_at);
	if (err >= 0)
		err = create_memory(L4CHAN_PAGE, &n->index, &n->index_at);
	if (err >= 0)
		err = create_irq(&n->kick);
	if (err >= 0)
		err = create_irq(&n->notify);
	return err;
}

int channels_create(void)
{
	unsigned i, k;
	int err = 0;

	for (i = 0; i < component_count; i++) {
		const struct sysimg_component *d = components[i].desc;

		for (k = 0; k < d->grant_count && err >= 0; k++) {
			const struct sysimg_grant *g = image_grant(d->first_grant + k);

			if (g->type != SYSIMG_G_CHANNEL || !is_writer(g))
				continue;
			if (channel_count == CHANNELS_MAX)
				return -L4_ENOMEM;
			err = channel_create(&channels[channel_count++], i, g);
		}
	}
	return err;
}

/* The channel whose end this is; null: the image contradicts itself. */
static const struct channel *channel_get(const struct component *c, const struct sysimg_grant *g)
{
	unsigned i;

	for (i = 0; i < channel_count; i++) {
		const struct channel *n = &channels[i];

		if (n->name == g->name && (is_writer(g) ? n->writer : n->reader) == c->index && n->size == g->a && n->depth == g->b >> 1)
			return n;
	}
	return 0;
}

int channel_give(struct component *c, const struct sysimg_grant *g)
{
	const struct channel *n = channel_get(c, g);
	int writes = is_writer(g);
	unsigned long form = L4RE_ENV_CHANNEL | (writes ? L4RE_ENV_WRITER : 0) | L4RE_ENV_CHANNEL_FORM(g->b >> 1, g->a);
	const char *name = image_string(g->name), *peer = components[g->peer].name;
	int err;

	if (!n)
		return -L4_EINVAL;
	err = give_named(c, n->window, writes ? L4_CAP_FPAGE_RW : L4_CAP_FPAGE_RO, name, form | L4RE_ENV_WINDOW, peer);
	if (err >= 0)
		err = give_named(c, n->index, writes ? L4_CAP_FPAGE_RO : L4_CAP_FPAGE_RW, name, form | L4RE_ENV_INDEX, peer);
	if (err >= 0)
		err = give_named(c, n->kick, writes ? L4_CAP_FPAGE_RW : L4_CAP_FPAGE_RWS, name, form | L4RE_ENV_KICK, peer);
	if (err >= 0)
		err = give_named(c, n->notify, writes ? L4_CAP_FPAGE_RWS : L4_CAP_FPAGE_RW, name, form | L4RE_ENV_NOTIFY, peer);
	return err;
}

void channels_unbind(const struct component *c)
{
	unsigned i;

	for (i = 0; i < channel_count; i++) {
		if (channels[i].reader == c->index)
			l4_rcv_ep_bind_thread(channels[i].kick, L4_INVALID_CAP, 0);
		if (channels[i].writer == c->index)
			l4_rcv_ep_bind_thread(channels[i].notify, L4_INVALID_CAP, 0);
	}
}

/* The slot in which c has a part of a channel. */
static l4_cap_idx_t part(const struct component *c, const struct channel *n, unsigned long flag)
{
	unsigned i;

	for (i = 0; i < c->cap_count; i++)
		if ((c->caps[i].flags & L4RE_ENV_CHANNEL) && (c->caps[i].flags & flag) &&
		    !strcmp(c->caps[i].name, image_string(n->name)))
			return c->caps[i].cap;
	return L4_INVALID_CAP;
}

static void list_channel(const struct component *c, const struct channel *n, l4_addr_t at, struct skerry_linux_channel *out)
{
	const char *name = image_string(n->name);
	l4_size_t length = strlen(name);
	int writes = n->writer == c->index;

	*out = (struct skerry_linux_channel){
		.window = at, .index = at + l4chan_window_bytes(n->size, n->depth), .depth = n->depth, .size = n->size,
		.writes = writes, .kick = part(c, n, writes ? L4RE_ENV_KICK : L4RE_ENV_NOTIFY),
		.notify = part(c, n, writes ? L4RE_ENV_NOTIFY : L4RE_ENV_KICK),
	};
	memcpy(out->name, name, length < sizeof(out->name) ? length : sizeof(out->name) - 1);
}

/* Both parts, one behind the other. */
static int map_channel(const struct component *c, const struct channel *n, const struct loader *l, l4_addr_t at)
{
	l4_size_t window = l4chan_window_bytes(n->size, n->depth);
	int writes = n->writer == c->index;
	int err = loader_map(l, (l4_addr_t)n->window_at, at, window, writes ? L4_FPAGE_RW : L4_FPAGE_R);

	return err ? err : loader_map(l, (l4_addr_t)n->index_at, at + window, L4CHAN_PAGE, writes ? L4_FPAGE_R : L4_FPAGE_RW);
}

int channels_map_linux(struct component *c, const struct loader *l, struct skerry_linux_boot *boot)
{
	unsigned i;
	int err;

	for (i = 0; i < channel_count; i++) {
		const struct channel *n = &channels[i];
		l4_addr_t at = SKERRY_LINUX_DIRECT_MAP + boot->memory_top;

		if (n->writer != c->index && n->reader != c->index)
			continue;
		if (boot->channel_count == SKERRY_LINUX_CHANNELS_MAX)
			return -L4_E2BIG;
		err = map_channel(c, n, l, at);
		if (err)
			return err;
		list_channel(c, n, at, &boot->channels[boot->channel_count++]);
		boot->memory_top += l4chan_window_bytes(n->size, n->depth) + L4CHAN_PAGE;
	}
	return 0;
}
