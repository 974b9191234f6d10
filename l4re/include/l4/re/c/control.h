/* SPDX-License-Identifier: MIT */
/* Skerry: control of the system's components, through the capability "control" that a description may grant. */
#ifndef L4_RE_C_CONTROL_H
#define L4_RE_C_CONTROL_H

#include <l4/sys/ipc.h>
#include <l4/re/protocols.h>

/** What one message takes of a program, bytes. */
#define L4RE_CONTROL_PIECE 464

typedef struct l4re_component_info_t {
	int running;
	unsigned restarts;
	l4_size_t memory, kernel_memory; /**< in use, bytes */
	char name[32];
	unsigned upgrade;        /**< l4re_upgrade_state */
	l4_size_t program;       /**< bytes of the ELF file that it runs */
} l4re_component_info_t;

static inline long l4re_control_op(l4_cap_idx_t control, l4_umword_t op, unsigned component)
{
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = op;
	u->msg.mr[1] = component;
	return l4_error(l4_invoke(control, L4RE_PROTO_CONTROL, 2, u));
}

/** End a component as if it had faulted. */
static inline long l4re_control_kill(l4_cap_idx_t control, unsigned component)
{
	return l4re_control_op(control, L4RE_CONTROL_KILL_OP, component);
}
/** Start a component that does not run. */
static inline long l4re_control_start(l4_cap_idx_t control, unsigned component)
{
	return l4re_control_op(control, L4RE_CONTROL_START_OP, component);
}
/** Facts about a component; -L4_ENOENT behind the last. */
static inline long l4re_control_info(l4_cap_idx_t control, unsigned component, l4re_component_info_t *info)
{
	const l4_umword_t *mr = l4_utcb()->msg.mr;
	long err = l4re_control_op(control, L4RE_CONTROL_INFO_OP, component);

	if (err < 0)
		return err;
	info->running = mr[0];
	info->restarts = mr[1];
	info->memory = mr[2];
	info->kernel_memory = mr[3];
	__builtin_memcpy(info->name, &mr[4], sizeof(info->name));
	info->upgrade = mr[8];
	info->program = mr[9];
	return 0;
}
/** The component of that name, negative if there is none. */
static inline long l4re_control_find(l4_cap_idx_t control, const char *name)
{
	l4re_component_info_t info;
	unsigned i;

	for (i = 0; l4re_control_info(control, i, &info) >= 0; i++)
		if (!__builtin_strcmp(info.name, name))
			return i;
	return -L4_ENOENT;
}
/**
 * Exchange a running native component's program for this ELF file (docs/live-upgrade.md). 0: it is on trial, l4re_control_info() tells when that
 * is over and how. Errors: those of L4RE_CONTROL_PROGRAM_OP and L4RE_CONTROL_UPGRADE_OP.
 */
static inline long l4re_control_upgrade(l4_cap_idx_t control, unsigned component, const void *program, l4_size_t bytes)
{
	l4_umword_t *mr = l4_utcb()->msg.mr;
	l4_size_t at, n;
	long err;

	mr[0] = L4RE_CONTROL_PROGRAM_OP;
	mr[1] = component;
	mr[2] = bytes;
	err = l4_error(l4_invoke(control, L4RE_PROTO_CONTROL, 3, l4_utcb()));
	for (at = 0; err >= 0 && at < bytes; at += n) {
		n = bytes - at < L4RE_CONTROL_PIECE ? bytes - at : L4RE_CONTROL_PIECE;
		mr[0] = L4RE_CONTROL_WRITE_OP;
		mr[1] = component;
		mr[2] = at;
		mr[3] = n;
		__builtin_memcpy(&mr[4], (const char *)program + at, n);
		err = l4_error(l4_invoke(control, L4RE_PROTO_CONTROL, 4 + (n + 7) / 8, l4_utcb()));
	}
	return err < 0 ? err : l4re_control_op(control, L4RE_CONTROL_UPGRADE_OP, component);
}
/** Memory and kernel memory in use in the whole system, bytes. */
static inline long l4re_control_totals(l4_cap_idx_t control, l4_size_t *memory, l4_size_t *kernel_memory)
{
	const l4_umword_t *mr = l4_utcb()->msg.mr;
	long err = l4re_control_op(control, L4RE_CONTROL_TOTALS_OP, 0);

	if (err >= 0) {
		*memory = mr[0];
		*kernel_memory = mr[1];
	}
	return err;
}

#endif
