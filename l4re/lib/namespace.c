/* SPDX-License-Identifier: MIT */
/* Client side of name spaces. */
#include "string.h"

#include <l4/re/c/namespace.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/re/protocols.h>
#include <l4/sys/factory.h>
#include <l4/sys/task.h>

#define NAME_BYTES 39

/* Operation and name into the message; number of words, negative if the name is too long. */
static int request(l4_utcb_t *u, l4_umword_t op, const char *name)
{
	l4_size_t n = strlen(name);
	unsigned words = 1 + (n + 8) / 8;

	if (!n || n > NAME_BYTES)
		return -L4_EINVAL;
	u->msg.mr[words - 1] = 0;
	u->msg.mr[0] = op;
	memcpy(&u->msg.mr[1], name, n + 1);
	return words;
}

long l4re_ns_query_srv(l4re_namespace_t srv, const char *name, l4_cap_idx_t cap)
{
	l4_utcb_t *u = l4_utcb();
	int words = request(u, L4RE_NS_QUERY_OP, name);
	l4_msgtag_t tag;

	if (words < 0)
		return words;
	l4_utcb_rcv_cap_u(u, cap);
	tag = l4_invoke(srv, L4RE_PROTO_NAMESPACE, words, u);
	u->buf.br[0] = 0;
	return l4_error(tag);
}

long l4re_ns_query_to_srv(l4re_namespace_t srv, const char *name, l4_cap_idx_t cap, int timeout)
{
	(void)timeout;
	return l4re_ns_query_srv(srv, name, cap);
}

static long register_obj(l4re_namespace_t srv, const char *name, l4_fpage_t obj, unsigned long how)
{
	l4_utcb_t *u = l4_utcb();
	int words = request(u, L4RE_NS_REGISTER_OP, name);
	l4_msgtag_t tag;

	if (words < 0)
		return words;
	tag = l4_msgtag(L4RE_PROTO_NAMESPACE, words, 0, 0);
	l4_sndfpage_add_u(obj, l4_map_obj_control(0, how), &tag, u);
	return l4_error(l4_ipc_call(srv, u, tag, L4_IPC_NEVER));
}

long l4re_ns_register_obj_srv(l4re_namespace_t srv, const char *name, l4_cap_idx_t obj, unsigned flags)
{
	static const unsigned char rights[] = { L4_CAP_FPAGE_RO, L4_CAP_FPAGE_RW, L4_CAP_FPAGE_RS, L4_CAP_FPAGE_RWS };

	return register_obj(srv, name, l4_obj_fpage(obj, 0, rights[flags & 3]), 0);
}

long l4re_ns_keep_srv(l4re_namespace_t srv, const char *name, l4_cap_idx_t obj)
{
	long err;

	l4re_ns_unlink_srv(srv, name);
	err = register_obj(srv, name, l4_obj_fpage(obj, 0, L4_CAP_FPAGE_RWS), L4_MAP_ITEM_GRANT);
	return err < 0 ? err : l4re_ns_query_srv(srv, name, obj);
}

l4_cap_idx_t l4re_ns_recall_srv(l4re_namespace_t srv, const char *name)
{
	l4_cap_idx_t cap = l4re_util_cap_alloc();

	if (l4_is_invalid_cap(cap))
		return cap;
	if (l4re_ns_query_srv(srv, name, cap) >= 0 && l4_error(l4_task_cap_valid(l4re_env()->task, cap)) > 0)
		return cap;
	l4re_util_cap_free(cap);
	return L4_INVALID_CAP;
}

long l4re_ns_unlink_srv(l4re_namespace_t srv, const char *name)
{
	l4_utcb_t *u = l4_utcb();
	int words = request(u, L4RE_NS_UNLINK_OP, name);

	return words < 0 ? words : l4_error(l4_invoke(srv, L4RE_PROTO_NAMESPACE, words, u));
}

long l4re_ns_create(l4re_namespace_t ns)
{
	return l4_error(l4_factory_create(l4re_env()->mem_alloc, L4RE_PROTO_NAMESPACE, ns));
}
