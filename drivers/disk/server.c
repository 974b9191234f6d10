/* SPDX-License-Identifier: MIT */
/*
 * Disk server for one disk on PCI, whatever kind of device it is (server.h).
 *
 * Arguments: device=NAME (the function's name in the description, default "disk"), timeout=SECONDS (how long a request may take before
 * the device is reset, default 30), and for each service that is offered SERVICE=PART[,ro]: PART is `whole`, or a partition's number or
 * name. A service without such an argument is not served.
 *
 * A request that is too late is tried once more on a device that has been reset, then it fails. A breach of the rules by the
 * device, or an error that it cannot go on with, ends the program: its successor resets the device.
 */
#include "server.h"
#include "../block/gpt.h"
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
/* A device that has not answered a read of the server's own by then does not work. */
#define READ_PATIENCE_US 10000000
#define TIMEOUT_S 30

static struct device_location device;
static struct block_service service;
static struct gpt gpt;
static int gpt_state; /* 0: read; an error: there is none that can be used */
static l4_cap_idx_t notify_irq[BLOCK_SESSIONS_MAX], kick_irq[BLOCK_SESSIONS_MAX];

static void notify(struct block_session *s) { l4_irq_trigger(notify_irq[s->number]); }
static void again(struct block_session *s) { l4_irq_trigger(kick_irq[s->number]); }
static l4_uint64_t now(void) { return l4_kip_clock_ns(l4re_kip()); }

static const struct block_ops ops = { .submit = device_submit, .notify = notify, .again = again, .now = now };

/* What the device reaches; there is one device. */
static l4re_dma_space_t dma_space(const struct device_location *at)
{
	static l4re_dma_space_t space = L4_INVALID_CAP;

	if (l4_is_invalid_cap(space)) {
		space = l4re_util_cap_alloc();
		if (l4_is_valid_cap(space) && l4re_pci_dma_space(at->pci, at->fn, space) < 0)
			give_up("no DMA space");
	}
	return space;
}

void *device_memory(const struct device_location *at, l4_size_t bytes, l4_uint64_t *dma)
{
	return dma_memory(dma_space(at), bytes, dma);
}

static void open_device(const char *name)
{
	struct block_geometry g;
	int err = device_open(name, service.requests, &g, &device);

	if (err)
		give_up("no device \"%s\" that can be used: %s (%d)", name, l4sys_errtostr(err), err);
	if (l4_error(l4_rcv_ep_bind_thread(device.irq, l4re_env()->main_thread, LABEL_DEVICE)) < 0)
		give_up("no interrupt");
	block_init(&service, &ops, &g);
	device_ack();
}

/* Wait for the one request that is out. */
static int finish_read(void)
{
	enum virtio_blk_status status;
	struct block_request *r;
	int got;

	device_kick();
	while (!(got = device_next(&r, &status))) {
		if (l4_msgtag_has_error(l4_ipc_receive(device.irq, l4_utcb(), l4_timeout(0, l4_timeout_from_us(READ_PATIENCE_US)))))
			give_up("the device does not answer");
		device_ack();
	}
	if (got < 0)
		give_up("the device breaks the rules");
	return status == VIRTIO_BLK_S_OK ? 0 : -L4_EIO;
}

/* Reading for the partition table, before there are clients: with the first request of the service. */
static int read_sectors(struct gpt_disk *d, l4_uint64_t sector, unsigned count, void *buf)
{
	struct block_request *r = &service.requests[0];
	l4_uint64_t bytes = (l4_uint64_t)count * VIRTIO_BLK_SECTOR, dma;
	void *buffer = device_buffer(&dma);

	if (bytes > DEVICE_READ_MAX)
		return -L4_EIO;
	r->type = VIRTIO_BLK_T_IN;
	r->sector = sector;
	r->bytes = bytes;
	r->count = 1;
	r->seg[0] = (struct block_segment){ dma, buffer, bytes };
	device_submit(r);
	if (finish_read())
		return -L4_EIO;
	memcpy(buf, buffer, bytes);
	return 0;
}

static void read_partitions(void)
{
	struct gpt_disk d = { .read = read_sectors, .sectors = service.geometry.sectors,
			      .block_bytes = service.geometry.block_bytes };

	gpt_state = gpt_read(&d, &gpt);
	if (gpt_state == -L4_EINVAL)
		fmt_log("the partition table is damaged\n");
	else if (!gpt_state && gpt.backup)
		fmt_log("the first partition table is damaged, the second is used\n");
}

/* PART[,ro] */
static int find_part(const char *text, struct block_client *c)
{
	const struct gpt_partition *p;
	char part[GPT_NAME_MAX];
	unsigned n = 0;

	while (text[n] && text[n] != ',' && n < sizeof(part) - 1) {
		part[n] = text[n];
		n++;
	}
	part[n] = 0;
	if (text[n] && strcmp(text + n, ",ro"))
		return -L4_EINVAL;
	c->read_only = text[n] != 0;
	if (!strcmp(part, "whole")) {
		c->range = (struct block_range){ 0, service.geometry.sectors };
		return 0;
	}
	p = gpt_state ? 0 : gpt_find(&gpt, part);
	if (!p)
		return -L4_ENOENT;
	c->range = p->range;
	return 0;
}

/*
 * Memory of a client's from that bus address on, here and for the device. It may be in more than one piece only where the device
 * sees physical addresses. Null: there is no room.
 */
static void *map_shared(struct block_client *c, l4_cap_idx_t ds, l4_uint64_t bus, l4_uint64_t *bytes)
{
	l4_uint64_t done = 0, dma;
	void *at = 0;
	l4_size_t n;

	*bytes = l4re_ds_size(ds);
	if (!*bytes || l4re_rm_attach(&at, *bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_SUPERPAGESHIFT) < 0)
		return 0;
	for (; done < *bytes; done += n) {
		n = *bytes - done;
		if (c->pieces == BLOCK_PIECES_MAX ||
		    l4re_dma_space_map(dma_space(&device), ds, done, &n, 0, L4RE_DMA_SPACE_BIDIRECTIONAL, &dma) < 0)
			return 0;
		c->piece[c->pieces++] = (struct block_piece){ bus + done, n, dma };
	}
	return at;
}

static int map_client(const l4re_env_cap_entry_t *e, struct block_client *c)
{
	c->window = map_shared(c, e[0].cap, 0, &c->bytes);
	if (c->window && e[3].flags == (L4RE_ENV_SERVER | L4RE_ENV_MEMORY)) {
		c->memory = map_shared(c, e[3].cap, L4VIO_MEMORY, &c->memory_bytes);
		if (!c->memory)
			return -L4_ENOMEM;
		fmt_log("%s: the device reaches %lu KiB of %s's memory\n", e->name, c->memory_bytes >> 10, e->peer);
	}
	return c->window ? 0 : -L4_ENOMEM;
}

/* e[0..3]: window, kick and notify of one session, and the client's memory if it shares that. */
static int open_session(const l4re_env_cap_entry_t *e, const char *part)
{
	struct block_client c = { .name = e->name };
	struct block_session *s;
	int err = part ? find_part(part, &c) : -L4_ENOENT;

	if (!err && (e[1].flags != (L4RE_ENV_SERVER | L4RE_ENV_KICK) || e[2].flags != (L4RE_ENV_SERVER | L4RE_ENV_NOTIFY)))
		err = -L4_EINVAL;
	if (err)
		return err;
	err = map_client(e, &c);
	if (err)
		return err;
	s = block_session_add(&service, &c);
	if (!s)
		return -L4_ERANGE;
	kick_irq[s->number] = e[1].cap;
	notify_irq[s->number] = e[2].cap;
	return l4_error(l4_rcv_ep_bind_thread(e[1].cap, l4re_env()->main_thread, LABEL(s->number)));
}

static void open_sessions(int argc, char **argv)
{
	const l4re_env_cap_entry_t *e;

	for (e = l4re_env()->caps; e->name[0]; e++) {
		int err;

		if (e->flags != (L4RE_ENV_SERVER | L4RE_ENV_WINDOW))
			continue;
		err = open_session(e, argument(argc, argv, e->name));
		if (err == -L4_ENOMEM)
			give_up("no memory for the session \"%s\"", e->name);
		if (err < 0)
			fmt_log("no session \"%s\" for %s: %s\n", e->name, e->peer, l4sys_errtostr(err));
	}
}

static int device_waits; /* it may have done more than was looked at */

/* No more than a turn: a client that asks as fast as the device answers would keep the server to itself. */
static void device_interrupt(void)
{
	enum virtio_blk_status status;
	unsigned left = BLOCK_REQUESTS_MAX;
	struct block_request *r;
	int got = 1;

	device_ack();
	while (left-- && (got = device_next(&r, &status)) > 0)
		block_complete(r, status);
	if (got < 0)
		give_up("the device breaks the rules");
	device_waits = got;
}

/* A request is too late. Perhaps only its interrupt was: what the device has done by now counts. */
static void device_late(void)
{
	unsigned failed;

	device_interrupt();
	if (device_waits || block_due(&service) > now())
		return;
	fmt_log("the device does not answer: reset\n");
	if (device_reset())
		give_up("the device does not come back");
	failed = block_retry(&service);
	if (failed)
		fmt_log("%u request(s) failed for lack of an answer\n", failed);
}

__attribute__((noreturn)) static void serve(void)
{
	l4_umword_t label;
	l4_msgtag_t tag;

	/* Reading the partition table left the next interrupt unarmed. */
	device_interrupt();
	for (;;) {
		l4re_alive();
		device_kick();
		tag = l4_ipc_wait(l4_utcb(), &label, device_waits ? L4_IPC_BOTH_TIMEOUT_0 : l4re_alive_until(block_due(&service)));
		if (device_waits)
			device_interrupt();
		if (block_due(&service) <= now())
			device_late();
		if (l4_msgtag_has_error(tag))
			continue;
		if (label == LABEL_DEVICE)
			device_interrupt();
		else if (LABEL_INDEX(label) < service.session_count)
			block_kick(&service.sessions[LABEL_INDEX(label)]);
	}
}

int main(int argc, char **argv)
{
	const char *name = argument(argc, argv, "device");
	l4_uint64_t patience_ns = argument_timeout_ns(argc, argv, TIMEOUT_S);

	open_device(name ? name : "disk");
	read_partitions();
	open_sessions(argc, argv);
	fmt_log("%lu MiB, %u session(s)\n", service.geometry.sectors >> 11, service.session_count);
	block_start(&service, patience_ns);
	l4re_ready();
	serve();
}
