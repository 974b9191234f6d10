/* SPDX-License-Identifier: MIT */
/* Control of the components by one that was granted it: list, end, start, upgrade. */
#include "init.h"
#include "../../lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/protocols.h>
#include <l4/sys/skerry.h>

static l4_msgtag_t reply(long result, unsigned words)
{
	return l4_msgtag(result, words, 0, 0);
}

static void factory_used(l4_cap_idx_t factory, l4_umword_t *used)
{
	l4_umword_t limit;

	*used = 0;
	if (factory)
		l4_factory_info_u(factory, &limit, used, l4_utcb());
}

static l4_msgtag_t totals(void)
{
	l4_size_t quota, memory = 0;
	l4_umword_t kernel;

	l4re_ma_info(l4re_env()->mem_alloc, &quota, &memory);
	factory_used(L4_BASE_FACTORY_CAP, &kernel);
	l4_utcb_mr()->mr[0] = memory;
	l4_utcb_mr()->mr[1] = kernel;
	return reply(0, 2);
}

static l4_msgtag_t info(const struct component *c)
{
	l4_umword_t *mr = l4_utcb_mr()->mr;
	l4_size_t quota, memory = 0, name = strlen(c->name);
	l4_umword_t kernel;

	if (c->alloc)
		l4re_ma_info(c->alloc, &quota, &memory);
	factory_used(c->factory, &kernel);
	mr[0] = c->state == COMPONENT_RUNNING;
	mr[1] = c->restarts;
	mr[2] = memory;
	mr[3] = kernel;
	memset(&mr[4], 0, L4RE_ENV_NAME_MAX);
	memcpy(&mr[4], c->name, name < L4RE_ENV_NAME_MAX ? name : L4RE_ENV_NAME_MAX - 1);
	mr[8] = c->upgrade;
	mr[9] = c->program.bytes;
	return reply(0, 10);
}

static l4_msgtag_t kill(struct component *c, struct component *from, int *answer)
{
	if (c->state != COMPONENT_RUNNING)
		return reply(-L4_ENOENT, 0);
	say("%s is ended by %s", c->name, from->name);
	*answer = c != from;
	component_ended(c, c->desc->on_fault, 1);
	return reply(0, 0);
}

/* What the message brings of the new program. */
static int upload(struct component *c, unsigned words)
{
	const l4_umword_t *mr = l4_utcb_mr()->mr;

	if (words < 4 || mr[3] > (words - 4) * sizeof(*mr))
		return -L4_EMSGTOOSHORT;
	return upgrade_write(c, mr[2], &mr[4], mr[3]);
}

static l4_msgtag_t upgrade(struct component *c, const struct component *from, int *answer)
{
	int err = upgrade_start(c);

	*answer = c != from || err < 0;
	return reply(err, 0);
}

l4_msgtag_t control_dispatch(struct component *from, l4_msgtag_t tag, int *answer)
{
	l4_umword_t *mr = l4_utcb_mr()->mr;
	struct component *c;

	*answer = 1;
	if (l4_msgtag_label(tag) != L4RE_PROTO_CONTROL)
		return reply(-L4_EBADPROTO, 0);
	if (l4_msgtag_words(tag) < 1)
		return reply(-L4_EMSGTOOSHORT, 0);
	if (mr[0] == L4RE_CONTROL_TOTALS_OP)
		return totals();
	if (l4_msgtag_words(tag) < 2)
		return reply(-L4_EMSGTOOSHORT, 0);
	if (mr[1] >= component_count)
		return reply(-L4_ENOENT, 0);
	c = &components[mr[1]];
	switch (mr[0]) {
	case L4RE_CONTROL_KILL_OP:
		return kill(c, from, answer);
	case L4RE_CONTROL_START_OP:
		if (c->state == COMPONENT_RUNNING)
			return reply(-L4_EEXIST, 0);
		component_start(c);
		return reply(c->state == COMPONENT_RUNNING || c->state == COMPONENT_WAITING ? 0 : -L4_ENOMEM, 0);
	case L4RE_CONTROL_INFO_OP:
		return info(c);
	case L4RE_CONTROL_PROGRAM_OP:
		return reply(l4_msgtag_words(tag) < 3 ? -L4_EMSGTOOSHORT : upgrade_begin(c, mr[2]), 0);
	case L4RE_CONTROL_WRITE_OP:
		return reply(upload(c, l4_msgtag_words(tag)), 0);
	case L4RE_CONTROL_UPGRADE_OP:
		return upgrade(c, from, answer);
	default:
		return reply(-L4_ENOSYS, 0);
	}
}
