/* SPDX-License-Identifier: MIT */
/* Sessions of a network server as capabilities, its interrupts and its loop. */
#include "server.h"
#include "../common/common.h"
#include "../../l4re/lib/fmt.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/alive.h>
#include <l4/re/c/pci.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/irq.h>
#include <l4/sys/kip_api.h>

/* Labels of interrupts: a session's kick, the device. */
#define LABEL(n) ((l4_umword_t)((n) + 1) << 4)
#define LABEL_INDEX(label) (((label) >> 4) - 1)
#define LABEL_DEVICE LABEL(1000)
#define TIMEOUT_S 5

static struct net_service service;
static const struct net_device *device;
static l4_cap_idx_t notify_irq[NET_SESSIONS_MAX];

static void notify(struct net_session *s) { l4_irq_trigger(notify_irq[s->number]); }
static l4_uint64_t now_ns(void) { return l4_kip_clock_ns(l4re_kip()); }
static l4_uint32_t now(void) { return now_ns() / 1000000000; }
static void take(const void *frame, unsigned bytes) { net_uplink_receive(&service, frame, bytes); }

static int uplink(const struct net_frame *f);
static const struct net_ops ops_uplink = { .notify = notify, .now = now, .uplink = uplink };
static const struct net_ops ops_alone = { .notify = notify, .now = now };

void *net_device_memory(l4_cap_idx_t pci, unsigned fn, l4_size_t bytes, l4_uint64_t *dma)
{
	l4_cap_idx_t space = l4re_util_cap_alloc();
	void *at = 0;

	if (l4_is_valid_cap(space) && l4re_pci_dma_space(pci, fn, space) >= 0)
		at = dma_memory(space, bytes, dma);
	if (!at)
		give_up("no memory for the device");
	return at;
}

static int uplink(const struct net_frame *f)
{
	int err = device->send(f);

	/* Many senders' turns together can be more than the ring holds: the device is not waited for, but it is told. */
	if (err == -L4_EBUSY) {
		device->flush();
		err = device->send(f);
	}
	if (err == -L4_EIO)
		give_up("the device breaks its rules");
	return err;
}

/*
 * The address of a session: local, the same at every start, and another one on each machine (as the device's address is) and for each
 * client of a service.
 */
static net_mac_t session_mac(const l4re_env_cap_entry_t *e)
{
	l4_uint64_t hash = 0xcbf29ce484222325UL ^ (device ? device->mac : 0); /* FNV-1a */
	const char *p;

	for (p = e->name; *p; p++)
		hash = (hash ^ (l4_uint8_t)*p) * 0x100000001b3UL;
	for (p = e->peer; *p; p++)
		hash = (hash ^ (l4_uint8_t)*p ^ 0x80) * 0x100000001b3UL;
	return (hash & 0xffffffffff00UL) | ((hash >> 48 & 0xfc) | NET_MAC_LOCAL);
}

static int is_bridge(const char *client, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strncmp(argv[i], "bridge=", 7) && !strcmp(argv[i] + 7, client))
			return 1;
	return 0;
}

/* e[0..2]: window, kick and notify of one session. */
static int open_session(const l4re_env_cap_entry_t *e, int bridge)
{
	l4_uint64_t bytes = l4re_ds_size(e->cap);
	struct net_session *s;
	void *window = 0;

	if (e[1].flags != (L4RE_ENV_SERVER | L4RE_ENV_KICK) || e[2].flags != (L4RE_ENV_SERVER | L4RE_ENV_NOTIFY))
		return -L4_EINVAL;
	if (!bytes || l4re_rm_attach(&window, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, e->cap, 0, L4_SUPERPAGESHIFT) < 0)
		give_up("no memory for the session \"%s\"", e->name);
	s = net_session_add(&service, window, bytes, session_mac(e));
	if (!s)
		return -L4_ERANGE;
	service.ports[s->number].bridge = bridge;
	notify_irq[s->number] = e[2].cap;
	return l4_error(l4_rcv_ep_bind_thread(e[1].cap, l4re_env()->main_thread, LABEL(s->number)));
}

static void open_sessions(int argc, char **argv)
{
	const l4re_env_cap_entry_t *e;

	for (e = l4re_env()->caps; e->name[0]; e++) {
		int err = e->flags == (L4RE_ENV_SERVER | L4RE_ENV_WINDOW) ? open_session(e, is_bridge(e->peer, argc, argv)) : 0;

		if (err < 0)
			fmt_log("no session \"%s\" for %s: %s\n", e->name, e->peer, l4sys_errtostr(err));
	}
}

/* How the device gets on with sending. */
static struct {
	l4_uint64_t patience_ns;
	l4_uint64_t done;   /* when it was looked at last */
	l4_uint64_t due_ns; /* when it must be done with one more; ~0: it has none */
	int again;          /* it was reset, and has not sent anything since */
} watch = { .due_ns = ~0UL };

static void look_at_device(void)
{
	l4_uint64_t given = 0, done = 0;

	if (device && device->sending(&given, &done) < 0)
		give_up("the device breaks its rules");
	if (done != watch.done)
		watch.again = 0;
	if (given == done)
		watch.due_ns = ~0UL;
	else if (done != watch.done || watch.due_ns == ~0UL)
		watch.due_ns = now_ns() + watch.patience_ns;
	watch.done = done;
}

/* It may have sent by now, without an interrupt that tells. */
static void device_late(void)
{
	look_at_device();
	if (watch.due_ns > now_ns())
		return;
	if (device->has_link && !device->has_link()) {
		watch.due_ns = now_ns() + watch.patience_ns;
		return;
	}
	if (watch.again)
		give_up("the device does not send");
	fmt_log("the device does not send: reset\n");
	if (device->restart())
		give_up("the device does not come back");
	device->acknowledge();
	watch.again = 1;
	watch.due_ns = ~0UL;
	device->sending(&watch.done, &watch.done);
}

/* A turn of everybody who has something; nonzero: somebody has more. */
static int turn(int *device_waits)
{
	int more = net_run(&service);

	if (*device_waits) {
		*device_waits = device->receive(NET_BUDGET, take);
		if (*device_waits < 0)
			give_up("the device breaks its rules");
	}
	net_flush(&service);
	if (device)
		device->flush();
	look_at_device();
	return more || *device_waits;
}

__attribute__((noreturn)) static void serve(void)
{
	int device_waits = device != 0;
	l4_umword_t label;
	l4_msgtag_t tag;

	l4re_ready();
	for (;;) {
		l4re_alive();
		tag = l4_ipc_wait(l4_utcb(), &label, turn(&device_waits) ? L4_IPC_BOTH_TIMEOUT_0 : l4re_alive_until(watch.due_ns));
		if (watch.due_ns <= now_ns())
			device_late();
		if (l4_msgtag_has_error(tag))
			continue;
		if (device && label == LABEL_DEVICE) {
			device->acknowledge();
			device_waits = 1;
		} else if (LABEL_INDEX(label) < service.session_count) {
			net_kick(&service.sessions[LABEL_INDEX(label)]);
		}
	}
}

void net_serve(const struct net_device *d, int argc, char **argv)
{
	device = d;
	net_init(&service, d ? &ops_uplink : &ops_alone);
	service.uplink_features = d ? d->features : 0;
	watch.patience_ns = argument_timeout_ns(argc, argv, TIMEOUT_S);
	if (d && l4_error(l4_rcv_ep_bind_thread(d->irq, l4re_env()->main_thread, LABEL_DEVICE)) < 0)
		give_up("no interrupt");
	open_sessions(argc, argv);
	fmt_log("%s, %u session(s)\n", d ? "a device" : "no device", service.session_count);
	if (d)
		d->acknowledge();
	net_start(&service);
	serve();
}
