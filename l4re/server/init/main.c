/* SPDX-License-Identifier: MIT */
/* init's start and its server loop: faults, exits and heartbeats of the components. */
#include "init.h"

#include <l4/re/c/dataspace.h>
#include <l4/re/c/rm.h>
#include <l4/sys/kip_api.h>
#include <l4/sys/scheduler.h>

static int load_image(void)
{
	l4_cap_idx_t ds = l4re_env_get_cap("image");
	l4_size_t bytes = l4re_ds_size(ds);
	void *at = 0;
	int err = l4re_rm_attach(&at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_R, ds, 0, L4_PAGESHIFT);

	if (err < 0)
		return err;
	err = image_check(at, bytes);
	if (err)
		say("the system image is damaged");
	return err;
}

static void list_components(void)
{
	unsigned i;

	component_count = image_header()->component_count;
	for (i = 0; i < component_count; i++) {
		components[i].desc = image_component(i);
		components[i].name = image_string(components[i].desc->name);
		components[i].args = image_string(components[i].desc->args);
		components[i].index = i;
		components[i].program.image = image_file(components[i].desc->binary, &components[i].program.bytes);
	}
}

/*
 * Page faults become exceptions, which have all registers: refusing a page
 * fault is how. An exception ends the component.
 */
static l4_msgtag_t on_fault(struct component *c, l4_msgtag_t tag, int *answer)
{
	report_fault(c, tag);
	*answer = l4_msgtag_is_page_fault(tag);
	if (!*answer && c->state == COMPONENT_RUNNING)
		component_ended(c, c->desc->on_fault, 1);
	return l4_msgtag(-L4_EFAULT, 0, 0, 0);
}

static l4_msgtag_t on_parent(struct component *c, l4_msgtag_t tag, int *answer)
{
	static const char *const how[] = { "exited", "asks for a restart", "panicked" };
	l4_umword_t *mr = l4_utcb_mr()->mr;
	unsigned words = l4_msgtag_words(tag);
	l4_umword_t kind = words > 1 ? mr[1] : 0;
	int status = words > 2 ? (int)mr[2] : 0;

	*answer = 1;
	if (words < 1 || (l4_msgtag_label(tag) != L4RE_PROTO_PARENT && l4_msgtag_label(tag) != 0))
		return l4_msgtag(-L4_EBADPROTO, 0, 0, 0);
	if (mr[0] == L4RE_PARENT_READY_OP) {
		upgrade_ready(c);
		return l4_msgtag(0, 0, 0, 0);
	}
	if (mr[0] != L4RE_PARENT_EXIT_OP || kind > 2)
		return l4_msgtag(-L4_ENOSYS, 0, 0, 0);
	*answer = 0;
	say("%s %s, status %d", c->name, how[kind], status);
	if (kind == 1)
		component_ended(c, SYSIMG_RESTART, status);
	else
		component_ended(c, kind ? c->desc->on_fault : c->desc->on_exit, kind && !status ? 1 : status);
	return l4_msgtag(0, 0, 0, 0);
}

__attribute__((noreturn)) static void serve(void)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag, reply;
	l4_umword_t label;
	int answer = 0;

	for (;;) {
		u->buf.br[0] = 0;
		if (answer)
			tag = l4_ipc_reply_and_wait(u, reply, &label, l4_timeout(0, watch_timeout()));
		else
			tag = l4_ipc_wait(u, &label, l4_timeout(0, watch_timeout()));
		answer = 0;
		if (l4_ipc_error(tag, u) == L4_IPC_RETIMEOUT)
			watch_due();
		if (l4_msgtag_has_error(tag) || GATE_INDEX(label) >= component_count)
			continue;
		if (GATE_KIND(label) == GATE_HEART)
			components[GATE_INDEX(label)].alive_ns = l4_kip_clock_ns(l4re_kip());
		else if (GATE_KIND(label) == GATE_FAULT)
			reply = on_fault(&components[GATE_INDEX(label)], tag, &answer);
		else if (GATE_KIND(label) == GATE_CONTROL)
			reply = control_dispatch(&components[GATE_INDEX(label)], tag, &answer);
		else
			reply = on_parent(&components[GATE_INDEX(label)], tag, &answer);
	}
}

int main(int argc, char **argv)
{
	unsigned i;

	(void)argc, (void)argv;
	say("up at %lu us", l4_kip_clock(l4re_kip()));
	if (load_image() < 0)
		return 1;
	list_components();
	say("system \"%s\", %u components", image_string(image_header()->name), component_count);
	if (sessions_create() < 0 || channels_create() < 0) {
		say("no memory for the sessions and channels");
		return 1;
	}
	for (i = 0; i < component_count; i++)
		component_start(&components[i]);
	serve();
}
