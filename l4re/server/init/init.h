/* SPDX-License-Identifier: MIT */
/*
 * init: starts and watches the components of the system image.
 *
 * Everything a component owns is charged to its factory and its allocator;
 * destroying it is deleting its objects and releasing the allocator. Session
 * gates belong to init: they outlive client and server, so either can be restarted.
 * init has one thread.
 */
#ifndef INIT_H
#define INIT_H

#include "../../lib/loader.h"

#include <l4/re/system_image.h>
#include <l4/skerry/channel.h>
#include <l4/sys/ipc.h>
#include <l4/sys/linux_boot.h>

#define COMPONENTS_MAX 48
#define REGIONS_MAX 24
#define EXTRAS_MAX 40
#define CAPS_MAX 64

/* Slots of a component's own task. */
enum { SLOT_PARENT = L4_BASE_FIRST_FREE_SLOT, SLOT_ALLOC, SLOT_HEART, SLOT_NAMED };

/* WAITING: to be restarted at restart_ns. */
enum component_state { COMPONENT_EMPTY, COMPONENT_RUNNING, COMPONENT_WAITING, COMPONENT_STOPPED };

/* An ELF program: a file of the boot image, or memory of init's own. */
struct program {
	const void *image;
	l4_size_t bytes;
	l4_cap_idx_t ds; /* 0: the boot image's */
};

struct component {
	const struct sysimg_component *desc;
	const char *name, *args;
	unsigned index;
	enum component_state state;
	unsigned restarts;
	l4_uint64_t start_ns, restart_ns, alive_ns; /* kernel clock: last start, next one, last sign of life */
	l4_cap_idx_t task, thread, factory, alloc; /* 0: not created */
	l4_cap_idx_t log, scheduler;
	l4_cap_idx_t fault_gate, parent_gate, control_gate, state_space, heart; /* made once, kept over restarts */
	char *ram;                   /* a Linux that shares it with servers: made once, kept over restarts */
	l4_cap_idx_t ram_ds;
	void *regions[REGIONS_MAX]; /* its memory as seen here */
	unsigned region_count;
	l4_cap_idx_t extras[EXTRAS_MAX]; /* IRQs and device memory */
	unsigned extra_count;
	l4re_env_cap_entry_t caps[CAPS_MAX]; /* named capabilities in its task */
	unsigned cap_count;
	l4_cap_idx_t next_slot;
	struct program program;      /* native: what it runs */
	struct program next;         /* what it is to run instead, or runs on trial */
	l4_size_t uploaded;          /* of it are there */
	unsigned upgrade;            /* l4re_upgrade_state */
	l4_uint64_t ready_ns;        /* kernel clock: by then it must be ready, on trial */
};

/* What a gate's label says about a message: who it is from and which gate. */
enum gate_kind { GATE_FAULT = 1, GATE_PARENT = 2, GATE_CONTROL = 3, GATE_HEART = 4 };
#define GATE_LABEL(index, kind) (((l4_umword_t)(index) << 8) | ((kind) << 4))
#define GATE_INDEX(label) ((label) >> 8)
#define GATE_KIND(label) (((label) >> 4) & 0xf)

/* image.c: access to the checked system image. */
int image_check(const void *image, l4_size_t bytes);
const struct sysimg_header *image_header(void);
const struct sysimg_component *image_component(unsigned i);
const struct sysimg_grant *image_grant(unsigned i);
const char *image_string(l4_uint32_t offset);
/** Contents of file i, null for SYSIMG_NONE. */
const void *image_file(l4_uint32_t i, l4_size_t *bytes);

/* component.c */
extern struct component components[COMPONENTS_MAX];
extern unsigned component_count;
/** Create and start; an error is reported and leaves it stopped. */
void component_start(struct component *c);
/** The same, but leave it to the caller to say what an error means: the component has been taken apart again. */
int component_try(struct component *c);
/** Take it apart, all quota returned. */
void component_destroy(struct component *c);
/** Apply a policy (sysimg_policy) after it ended. */
void component_ended(struct component *c, unsigned policy, int status);
/** After the end of who served its devices: it is restarted whatever its policies say, without a pause, and that is not counted. */
void component_lost_devices(struct component *c);
/** Loader callback: memory of the component, attached here. */
void *component_alloc(struct loader *l, l4_size_t bytes);
void *component_alloc_aligned(struct component *c, l4_size_t bytes, unsigned flags, unsigned align);
/** A gate to init that outlives the component; if it is not there yet. */
int create_gate(l4_cap_idx_t *gate, l4_umword_t label);
/** Start the first thread. */
int component_run(struct component *c, l4_addr_t ip, l4_addr_t sp, l4_addr_t utcb);
/** Give a capability to the component's task; rights L4_CAP_FPAGE_*. */
int component_give(struct component *c, l4_cap_idx_t cap, l4_cap_idx_t slot, unsigned rights);

/* sessions.c */
/** Create what all sessions consist of. */
int sessions_create(void);
/** Give c its end of all its sessions, as client and as server. */
int sessions_give(struct component *c);
/** The gate of c's session as a client of the service, init's own capability; L4_INVALID_CAP: there is none. */
l4_cap_idx_t session_gate(const struct component *c, const char *service);
/** Who serves it, null: nobody. */
const struct component *session_server(const struct component *c, const char *service);
/** Map the windows of a Linux and list its virtio sessions in its boot page. */
int sessions_map_linux(struct component *c, const struct loader *l, struct skerry_linux_boot *boot);
/**
 * c has died: what it had bound is free of it, and so of the memory that even a dead thread is. Its gates only if
 * it is to come back: clients wait at a gate that is bound to none, and get an error at one whose thread is dead.
 */
void sessions_unbind(const struct component *c, int gates);
/** c, a client that shares its memory, has died: have the servers take back what they gave to devices. */
void sessions_stop(const struct component *c);
/** They have: nothing writes to c's memory. */
int sessions_stopped(const struct component *c);
/** c does not come back: tell the clients of its virtio sessions; who calls its gates, or waits there, gets an error. */
void sessions_server_gone(const struct component *c);

/* channels.c */
/** Make all channels. */
int channels_create(void);
/** Give c its end of a channel. -L4_EINVAL: there is none like that; -L4_ENOMEM, or what mapping says. */
int channel_give(struct component *c, const struct sysimg_grant *g);
/** Map the channels of a Linux behind its memory, and list them in its boot page. */
int channels_map_linux(struct component *c, const struct loader *l, struct skerry_linux_boot *boot);
/** c has died: the IRQs that it had bound are free of it. */
void channels_unbind(const struct component *c);

/* grants.c */
/** Give cap to c in its next slot and name it; -L4_ENOMEM, or what mapping it says. */
int give_named(struct component *c, l4_cap_idx_t cap, unsigned rights, const char *name, unsigned long flags,
	       const char *peer);
/** Hand out what the description grants to c and note it in c->caps. */
int grants_apply(struct component *c);
/** How many grants of a type (sysimg_grant_type) c has. */
unsigned grants_count(const struct component *c, unsigned type);
/** Have the PCI manager stop and reset c's devices. Negative: it is not known that they have stopped. */
int grants_devices_close(const struct component *c);

/* watch.c: what becomes due */
/** Until when the server loop may wait. */
l4_timeout_s watch_timeout(void);
/** Restart whose time has come, end who hangs. */
void watch_due(void);
/** Create and bind the heartbeat of a component that has one. */
int watch_heart(struct component *c);

/* upgrade.c: errors are those of l4re_control_ops */
/** Make room for a program of this size. */
int upgrade_begin(struct component *c, l4_size_t bytes);
/** Its next bytes. */
int upgrade_write(struct component *c, l4_size_t offset, const void *data, l4_size_t bytes);
/** Start it on trial. */
int upgrade_start(struct component *c);
/** c says that its services work. */
void upgrade_ready(struct component *c);
/** c has ended: nonzero if it was on trial and its old program has taken over. */
int upgrade_ended(struct component *c);

/* native.c, linux.c: load and start. */
int native_load(struct component *c);
int linux_load(struct component *c);
/** The memory of a Linux that shares it, if it is not there yet. */
int linux_ram_create(struct component *c);

/* control.c */
/** Answer a message at a control gate; *answer = 0 if the sender is gone by what it asked for. */
l4_msgtag_t control_dispatch(struct component *from, l4_msgtag_t tag, int *answer);

/* report.c */
/** Print a fault or exception message that is in the message registers. */
void report_fault(const struct component *c, l4_msgtag_t tag);
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

#endif
