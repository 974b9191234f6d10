/* SPDX-License-Identifier: MIT */
/* Looking up named capabilities, and leaving. */
#include "lib.h"
#include "string.h"

#include <l4/re/env.h>
#include <l4/re/protocols.h>

const l4re_env_cap_entry_t *l4re_env_get_cap_e(const char *name, const l4re_env_t *env)
{
	const l4re_env_cap_entry_t *e;

	for (e = env->caps; e && e->name[0]; e++)
		if (!(e->flags & L4RE_ENV_SERVER) && !strcmp(e->name, name))
			return e;
	return 0;
}

const l4re_env_cap_entry_t *l4re_env_find(const char *name, l4_umword_t flags, const l4re_env_cap_entry_t *after)
{
	const l4re_env_cap_entry_t *e;

	for (e = after ? after + 1 : l4re_env()->caps; e && e->name[0]; e++)
		if (e->flags == flags && !strcmp(e->name, name))
			return e;
	return 0;
}

l4_cap_idx_t l4re_env_get_cap(const char *name)
{
	const l4re_env_cap_entry_t *e = l4re_env_get_cap_e(name, l4re_env());

	return e ? e->cap : L4_INVALID_CAP;
}

void l4re_exit(int status)
{
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = L4RE_PARENT_EXIT_OP;
	u->msg.mr[1] = 0;
	u->msg.mr[2] = status;
	l4_ipc_send(l4re_env()->parent, u, l4_msgtag(L4RE_PROTO_PARENT, 3, 0, 0), L4_IPC_NEVER);
	for (;;)
		l4_ipc_sleep(L4_IPC_NEVER);
}
