/* SPDX-License-Identifier: MIT */
/* The environment a program starts with: its basic and its named capabilities. */
#ifndef L4_RE_ENV_H
#define L4_RE_ENV_H

#include <l4/sys/types.h>
#include <l4/sys/consts.h>
#include <l4/sys/kip.h>
#include <l4/re/consts.h>

#define L4RE_ENV_NAME_MAX 32

/** Entry flags. */
#define L4RE_ENV_SERVER 1UL /**< a session of a service this program offers: gate to bind, peer = client */
/* Parts of a virtio session (docs/virtio-l4.md); all have the service's name. */
#define L4RE_ENV_WINDOW 2UL /**< the dataspace that both share */
#define L4RE_ENV_KICK 4UL   /**< the IRQ to the server: the client triggers it, the server binds it */
#define L4RE_ENV_NOTIFY 8UL /**< the IRQ to the client */
#define L4RE_ENV_MEMORY 128UL /**< the client's memory, for the server, if the description shares it */
/*
 * Parts of a channel (l4/channel/channel.h); all have its name. With L4RE_ENV_WINDOW the writer's memory, with L4RE_ENV_INDEX the
 * reader's, with L4RE_ENV_KICK the IRQ to the reader, with L4RE_ENV_NOTIFY the one to the writer.
 */
#define L4RE_ENV_CHANNEL 16UL
#define L4RE_ENV_INDEX 32UL
#define L4RE_ENV_WRITER 64UL /**< this program writes */
/** Depth (0: a state channel) and bytes of an element, in the flags of a channel's parts. */
#define L4RE_ENV_CHANNEL_DEPTH(flags) (((flags) >> 8) & 0xffffffUL)
#define L4RE_ENV_CHANNEL_SIZE(flags) ((flags) >> 32)
#define L4RE_ENV_CHANNEL_FORM(depth, size) ((l4_umword_t)(depth) << 8 | (l4_umword_t)(size) << 32)

typedef struct l4re_env_cap_entry_t {
	l4_cap_idx_t cap;
	l4_umword_t flags;
	char name[L4RE_ENV_NAME_MAX]; /**< empty in the entry behind the last */
	char peer[L4RE_ENV_NAME_MAX];
} l4re_env_cap_entry_t;

typedef struct l4re_env_t {
	l4_cap_idx_t parent;      /**< exit signal, ready signal */
	l4_cap_idx_t rm;          /**< the fault handler; regions are kept in the program itself */
	l4_cap_idx_t mem_alloc;
	l4_cap_idx_t log;
	l4_cap_idx_t main_thread;
	l4_cap_idx_t factory;
	l4_cap_idx_t scheduler;
	l4_cap_idx_t first_free_cap; /**< slot number */
	l4_fpage_t utcb_area;
	l4_addr_t first_free_utcb;
	l4re_env_cap_entry_t *caps;
	/* Skerry: */
	const l4_kernel_info_t *kip;
	l4_cap_idx_t task;
	l4_umword_t prio;            /**< of the first thread */
	l4_uint64_t heartbeat_ns;    /**< 0: none (l4/re/c/alive.h) */
	l4_cap_idx_t heart;          /**< IRQ to trigger */
	char name[L4RE_ENV_NAME_MAX];
} l4re_env_t;

extern l4re_env_t *l4re_global_env;

static inline l4re_env_t *l4re_env(void) { return l4re_global_env; }
static inline const l4_kernel_info_t *l4re_kip(void) { return l4re_global_env->kip; }

/** Entry of the named capability, 0 if there is none. Sessions of services offered here are skipped. */
const l4re_env_cap_entry_t *l4re_env_get_cap_e(const char *name, const l4re_env_t *env);
/** The entry behind `after` (null: the first) with that name and exactly these flags; null if there is none. */
const l4re_env_cap_entry_t *l4re_env_find(const char *name, l4_umword_t flags, const l4re_env_cap_entry_t *after);
/** The named capability, L4_INVALID_CAP if there is none. */
l4_cap_idx_t l4re_env_get_cap(const char *name);

#endif
