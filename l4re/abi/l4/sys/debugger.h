/* SPDX-License-Identifier: MIT */
/* Names and ids of kernel objects, for people who debug. Uses L4_BASE_DEBUGGER_CAP. */
#ifndef L4_SYS_DEBUGGER_H
#define L4_SYS_DEBUGGER_H

#include <l4/sys/ipc.h>

/** Name the object in slot cap; 15 characters are kept. */
L4_INLINE l4_msgtag_t l4_debugger_set_object_name_u(l4_cap_idx_t cap, const char *name, l4_utcb_t *u)
{
	char *text = (char *)&u->msg.mr[2];
	unsigned i;

	u->msg.mr[0] = L4_DEBUGGER_NAME_OP;
	u->msg.mr[1] = cap;
	for (i = 0; i < 15 && name[i]; i++)
		text[i] = name[i];
	while (i < 16)
		text[i++] = 0;
	return l4_invoke(L4_BASE_DEBUGGER_CAP, L4_PROTO_DEBUGGER, 4, u);
}
L4_INLINE l4_msgtag_t l4_debugger_set_object_name(l4_cap_idx_t cap, const char *name)
{
	return l4_debugger_set_object_name_u(cap, name, l4_utcb());
}

/** System-wide id of the object, ~0 if there is none. */
L4_INLINE unsigned long l4_debugger_global_id_u(l4_cap_idx_t cap, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_DEBUGGER_GLOBAL_ID_OP;
	u->msg.mr[1] = cap;
	if (l4_error_u(l4_invoke(L4_BASE_DEBUGGER_CAP, L4_PROTO_DEBUGGER, 2, u), u) < 0)
		return ~0UL;
	return u->msg.mr[0];
}
L4_INLINE unsigned long l4_debugger_global_id(l4_cap_idx_t cap) { return l4_debugger_global_id_u(cap, l4_utcb()); }

#endif
