/* SPDX-License-Identifier: MIT */
/* Signs of life. */
#include <l4/re/env.h>
#include <l4/re/c/alive.h>
#include <l4/re/protocols.h>
#include <l4/sys/irq.h>
#include <l4/sys/kip_api.h>

/* Signs in the time that init waits for one. */
#define SIGNS 4

static l4_uint64_t due; /* kernel clock, ns */

void l4re_alive(void)
{
	l4_uint64_t now;

	if (!l4re_env()->heartbeat_ns)
		return;
	now = l4_kip_clock_ns(l4re_kip());
	if (now < due)
		return;
	due = now + l4re_env()->heartbeat_ns / SIGNS;
	l4_irq_trigger(l4re_env()->heart);
}

l4_timeout_t l4re_alive_until(l4_uint64_t when)
{
	if (l4re_env()->heartbeat_ns && due < when)
		when = due;
	return l4_timeout(0, when == ~0UL ? L4_IPC_TIMEOUT_NEVER : l4_timeout_abs(when, 0));
}

l4_timeout_t l4re_alive_timeout(void)
{
	return l4re_alive_until(~0UL);
}

static l4_msgtag_t say_ready(l4_timeout_t timeout)
{
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = L4RE_PARENT_READY_OP;
	u->buf.br[0] = 0;
	return l4_ipc_call(l4re_env()->parent, u, l4_msgtag(L4RE_PROTO_PARENT, 1, 0, 0), timeout);
}

void l4re_ready(void)
{
	say_ready(L4_IPC_NEVER);
}

int l4re_ready_try(void)
{
	return !l4_msgtag_has_error(say_ready(l4_timeout(L4_IPC_TIMEOUT_0, L4_IPC_TIMEOUT_NEVER)));
}
