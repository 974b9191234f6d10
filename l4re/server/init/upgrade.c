/* SPDX-License-Identifier: MIT */
/*
 * Exchanging a running component's program for another one (docs/live-upgrade.md).
 *
 * The new program comes in pieces through the control gate and is checked. Then the component is taken apart and started with it, on
 * trial: until it says that it is ready. If it ends before, or takes longer than its description allows, the old program
 * takes over again. Either way the component's restarts are not counted.
 */
#include "init.h"
#include "../../lib/elf.h"
#include "../../lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/protocols.h>
#include <l4/sys/kip_api.h>

/* The program is not the boot image's: memory of init's own. */
static void program_free(struct program *p)
{
	if (p->ds) {
		l4re_rm_detach((void *)p->image);
		l4re_ma_free(p->ds);
		l4re_util_cap_free_um(p->ds);
	}
	*p = (struct program){ 0 };
}

static int program_alloc(struct program *p, l4_size_t bytes)
{
	void *at = 0;
	long err;

	*p = (struct program){ .bytes = bytes, .ds = l4re_util_cap_alloc() };
	if (l4_is_invalid_cap(p->ds))
		return -L4_ENOMEM;
	err = l4re_ma_alloc(bytes, p->ds, 0);
	if (err < 0) {
		l4re_util_cap_free(p->ds);
		p->ds = 0;
		return err;
	}
	err = l4re_rm_attach(&at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, p->ds, 0, L4_PAGESHIFT);
	p->image = at;
	return err;
}

static void forget(struct component *c)
{
	program_free(&c->next);
	c->uploaded = 0;
}

int upgrade_begin(struct component *c, l4_size_t bytes)
{
	int err;

	if (c->upgrade == L4RE_UPGRADE_TRIAL)
		return -L4_EBUSY;
	if (c->desc->type != SYSIMG_NATIVE || !bytes || bytes > L4RE_PROGRAM_MAX)
		return -L4_EINVAL;
	forget(c);
	err = program_alloc(&c->next, bytes);
	if (err < 0)
		program_free(&c->next);
	return err < 0 ? -L4_ENOMEM : 0;
}

int upgrade_write(struct component *c, l4_size_t offset, const void *data, l4_size_t bytes)
{
	if (c->upgrade == L4RE_UPGRADE_TRIAL)
		return -L4_EBUSY;
	if (offset != c->uploaded || bytes > c->next.bytes - c->uploaded)
		return -L4_ERANGE;
	memcpy((char *)c->next.image + offset, data, bytes);
	c->uploaded += bytes;
	return 0;
}

/* The new program has failed, or does not even start: the old one again. */
static void roll_back(struct component *c)
{
	say("%s: the new program is not ready: back to the old one", c->name);
	component_destroy(c);
	sessions_unbind(c, 1);
	forget(c);
	c->upgrade = L4RE_UPGRADE_ROLLED_BACK;
	component_start(c);
}

int upgrade_start(struct component *c)
{
	int err = 0;

	if (c->upgrade == L4RE_UPGRADE_TRIAL)
		return -L4_EBUSY;
	if (c->state != COMPONENT_RUNNING)
		err = -L4_ENOENT;
	else if (!c->next.bytes || c->uploaded != c->next.bytes || elf_check(c->next.image, c->next.bytes))
		err = -L4_EINVAL;
	if (err < 0) {
		forget(c);
		return err;
	}
	say("%s gets a new program, %lu bytes", c->name, c->next.bytes);
	component_destroy(c);
	sessions_unbind(c, 1);
	c->upgrade = L4RE_UPGRADE_TRIAL;
	c->ready_ns = l4_kip_clock_ns(l4re_kip()) + c->desc->ready_ns;
	err = component_try(c);
	if (err < 0) {
		say("%s: %s (%d)", c->name, l4sys_errtostr(err), err);
		roll_back(c);
	}
	return 0;
}

void upgrade_ready(struct component *c)
{
	if (c->upgrade != L4RE_UPGRADE_TRIAL)
		return;
	say("%s: the new program is ready", c->name);
	program_free(&c->program);
	c->program = c->next;
	c->next = (struct program){ 0 };
	c->uploaded = 0;
	c->upgrade = L4RE_UPGRADE_DONE;
}

int upgrade_ended(struct component *c)
{
	if (c->upgrade != L4RE_UPGRADE_TRIAL)
		return 0;
	roll_back(c);
	return 1;
}
