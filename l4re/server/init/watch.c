/* SPDX-License-Identifier: MIT */
/* What becomes due: restarts that wait, signs of life that are missing. */
#include "init.h"

#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/protocols.h>
#include <l4/sys/factory.h>
#include <l4/sys/irq.h>
#include <l4/sys/kip_api.h>

int watch_heart(struct component *c)
{
	long err = 0;

	if (!c->desc->heartbeat_ns)
		return 0;
	if (!c->heart) {
		c->heart = l4re_util_cap_alloc();
		err = l4_error(l4_factory_create_irq(L4_BASE_FACTORY_CAP, c->heart));
		if (err < 0) {
			l4re_util_cap_free(c->heart);
			c->heart = 0;
			return err;
		}
	}
	/* Its predecessor could have unbound it. */
	if (err >= 0)
		err = l4_error(l4_rcv_ep_bind_thread(c->heart, L4_BASE_THREAD_CAP, GATE_LABEL(c->index, GATE_HEART)));
	return err;
}

/* When something of c is due, kernel clock; ~0: nothing. */
static l4_uint64_t due(const struct component *c)
{
	if (c->state == COMPONENT_WAITING)
		return c->restart_ns;
	if (c->state == COMPONENT_RUNNING) {
		l4_uint64_t ready = c->upgrade == L4RE_UPGRADE_TRIAL ? c->ready_ns : ~0UL;
		l4_uint64_t sign = c->desc->heartbeat_ns ? c->alive_ns + c->desc->heartbeat_ns : ~0UL;

		return ready < sign ? ready : sign;
	}
	return ~0UL;
}

l4_timeout_s watch_timeout(void)
{
	l4_uint64_t first = ~0UL;
	unsigned i;

	for (i = 0; i < component_count; i++)
		if (due(&components[i]) < first)
			first = due(&components[i]);
	return first == ~0UL ? L4_IPC_TIMEOUT_NEVER : l4_timeout_abs(first, 0);
}

/* Messages that wait are handled first: signs of life may be among them, sent while init was busy. */
void watch_due(void)
{
	l4_uint64_t now = l4_kip_clock_ns(l4re_kip());
	unsigned i;

	for (i = 0; i < component_count; i++) {
		struct component *c = &components[i];

		if (due(c) > now)
			continue;
		if (c->state == COMPONENT_WAITING) {
			component_start(c);
		} else {
			say("%s gives no sign of %s", c->name, c->upgrade == L4RE_UPGRADE_TRIAL ? "being ready" : "life");
			component_ended(c, c->desc->on_fault, 1);
		}
		/* That took time in which others could not be heard. */
		return;
	}
}
