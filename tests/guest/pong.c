/* SPDX-License-Identifier: MIT */
/* Serves the sessions of "pong": answers a number with its successor. */
#include <stdio.h>
#include <string.h>

#include <l4/re/env.h>
#include <l4/sys/ipc_gate.h>

static int open_sessions(void)
{
	const l4re_env_cap_entry_t *e;
	int n = 0;

	for (e = l4re_env()->caps; e->name[0]; e++)
		if ((e->flags & L4RE_ENV_SERVER) && !strcmp(e->name, "pong") &&
		    l4_error(l4_ipc_gate_bind_thread(e->cap, l4re_env()->main_thread, 16 * ++n)) < 0)
			return -1;
	return n;
}

int main(void)
{
	l4_utcb_t *u = l4_utcb();
	l4_umword_t label;
	l4_msgtag_t tag;

	printf("%d session(s)\n", open_sessions());
	tag = l4_ipc_wait(u, &label, L4_IPC_NEVER);
	for (;;) {
		if (l4_msgtag_has_error(tag)) {
			tag = l4_ipc_wait(u, &label, L4_IPC_NEVER);
			continue;
		}
		u->msg.mr[0]++;
		tag = l4_ipc_reply_and_wait(u, l4_msgtag(0, 1, 0, 0), &label, l4_timeout(0, L4_TIMEOUT_NEVER));
	}
}
