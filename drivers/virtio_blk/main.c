/* SPDX-License-Identifier: MIT */
/*
 * Disk server for a virtio disk on PCI.
 *
 * Arguments: device=NAME (the function's name in the description, default "disk"), and for each service that is offered
 * SERVICE=PART[,ro]: PART is `whole`, or a partition's number or name. A service without such an argument is not served.
 *
 * A breach of the rules by the device, or an error that it cannot go on with, ends the program: its successor
 * resets the device.
 */
#include "disk.h"
#include "../block/gpt.h"
#include "../virtio/virtio_pci.h"
#include "../../l4re/lib/fmt.h"
#include "../../l4re/lib/lib.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/alive.h>
#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/pci.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/irq.h>

/* Labels of interrupts: a session's kick, the device. */
#define LABEL(n) ((l4_umword_t)((n) + 1) << 4)
#define LABEL_INDEX(label) (((label) >> 4) - 1)
#define LABEL_DEVICE LABEL(1000)
/* A device that has not answered a read of the driver's own by then does not work. */
#define READ_PATIENCE_US 10000000

static struct virtio_pci pci;
static struct disk disk;
static struct block_service service;
static struct gpt gpt;
static int gpt_state; /* 0: read; an error: there is none that can be used */
static l4_cap_idx_t notify_irq[BLOCK_SESSIONS_MAX], kick_irq[BLOCK_SESSIONS_MAX];

static void submit(struct block_request *r) { disk_submit(&disk, r); }
static void notify(struct block_session *s) { l4_irq_trigger(notify_irq[s->number]); }
static void again(struct block_session *s) { l4_irq_trigger(kick_irq[s->number]); }

static const struct block_ops ops = { .submit = submit, .notify = notify, .again = again };

__attribute__((noreturn, format(printf, 1, 2))) static void give_up(const char *format, ...)
{
	char text[120];
	va_list args;

	va_start(args, format);
	fmt_vtext(text, sizeof(text), format, args);
	va_end(args);
	fmt_log("%s\n", text);
	l4re_exit(1);
}

static void kick_device(void)
{
	if (disk_should_kick(&disk))
		virtio_pci_kick(&pci);
}

/* Memory of the driver's that the device reaches. */
static struct disk_memory *device_memory(l4_uint64_t *dma)
{
	l4_size_t bytes = l4_round_page(sizeof(struct disk_memory));
	l4_cap_idx_t ds = l4re_util_cap_alloc();
	void *at = 0;

	if (l4re_ma_alloc(bytes, ds, L4RE_MA_CONTINUOUS) < 0 ||
	    l4re_rm_attach(&at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) < 0 ||
	    l4re_pci_dma_map(pci.pci, pci.fn, ds, 0, bytes, dma) < (long)bytes)
		give_up("no memory for the device");
	return at;
}

static void open_device(const char *name)
{
	l4_cap_idx_t manager = l4re_env_get_cap("pci");
	l4_uint64_t features, dma;
	struct virtio_blk_config config;
	struct block_geometry g;
	struct disk_memory *memory;
	int err = l4_is_valid_cap(manager) ? virtio_pci_open(&pci, manager, name, VIRTIO_ID_BLOCK) : -L4_ENOENT;

	if (err)
		give_up("no device \"%s\": %s (%d)", name, l4sys_errtostr(err), err);
	err = virtio_pci_negotiate(&pci, DISK_FEATURES_WANT, DISK_FEATURES_MUST, &features);
	if (err)
		give_up("the device cannot be used: %s (%d)", l4sys_errtostr(err), err);
	virtio_pci_config(&pci, &config, sizeof(config));
	if (disk_geometry(&config, features, &g))
		give_up("the device describes itself wrongly");
	block_init(&service, &ops, &g);
	memory = device_memory(&dma);
	disk_init(&disk, memory, dma, features, service.requests);
	if (virtio_pci_queue(&pci, DISK_RING, dma + __builtin_offsetof(struct disk_memory, desc),
			     dma + __builtin_offsetof(struct disk_memory, avail),
			     dma + __builtin_offsetof(struct disk_memory, used)))
		give_up("the device has no queue of %u", DISK_RING);
	if (l4_error(l4_rcv_ep_bind_thread(pci.irq, l4re_env()->main_thread, LABEL_DEVICE)) < 0)
		give_up("no interrupt");
	virtio_pci_run(&pci);
	virtio_pci_ack(&pci);
}

/* Wait for the one request that is out. */
static int finish_read(void)
{
	enum virtio_blk_status status;
	struct block_request *r;
	int got;

	kick_device();
	while (!(got = disk_next(&disk, &r, &status))) {
		if (l4_msgtag_has_error(l4_ipc_receive(pci.irq, l4_utcb(), l4_timeout(0, l4_timeout_from_us(READ_PATIENCE_US)))))
			give_up("the device does not answer");
		virtio_pci_ack(&pci);
	}
	if (got < 0)
		give_up("the device breaks the rules of its ring");
	return status == VIRTIO_BLK_S_OK ? 0 : -L4_EIO;
}

/* Reading for the partition table, before there are clients: with the first request of the service. */
static int read_sectors(struct gpt_disk *d, l4_uint64_t sector, unsigned count, void *buf)
{
	struct block_request *r = &service.requests[0];
	l4_uint64_t bytes = (l4_uint64_t)count * VIRTIO_BLK_SECTOR;

	if (bytes > sizeof(disk.memory->buffer))
		return -L4_EIO;
	r->type = VIRTIO_BLK_T_IN;
	r->sector = sector;
	r->bytes = bytes;
	r->count = 1;
	r->seg[0] = (struct vring_segment){ disk.dma + __builtin_offsetof(struct disk_memory, buffer), bytes };
	disk_submit(&disk, r);
	if (finish_read())
		return -L4_EIO;
	memcpy(buf, disk.memory->buffer, bytes);
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

/* The value of argument NAME=..., null if there is none. */
static const char *argument(int argc, char **argv, const char *name)
{
	l4_size_t n = strlen(name);
	int i;

	for (i = 1; i < argc; i++)
		if (!strncmp(argv[i], name, n) && argv[i][n] == '=')
			return argv[i] + n + 1;
	return 0;
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

static int map_window(l4_cap_idx_t ds, struct block_client *c)
{
	c->bytes = l4re_ds_size(ds);
	c->window = 0;
	if (!c->bytes || l4re_rm_attach(&c->window, c->bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_SUPERPAGESHIFT) < 0)
		return -L4_ENOMEM;
	return l4re_pci_dma_map(pci.pci, pci.fn, ds, 0, c->bytes, &c->dma) < (long)c->bytes ? -L4_ENOMEM : 0;
}

/* e[0..2]: window, kick and notify of one session. */
static int open_session(const l4re_env_cap_entry_t *e, const char *part)
{
	struct block_client c = { .name = e->name };
	struct block_session *s;
	int err = part ? find_part(part, &c) : -L4_ENOENT;

	if (!err && (e[1].flags != (L4RE_ENV_SERVER | L4RE_ENV_KICK) || e[2].flags != (L4RE_ENV_SERVER | L4RE_ENV_NOTIFY)))
		err = -L4_EINVAL;
	if (!err)
		err = map_window(e->cap, &c);
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

static void device_interrupt(void)
{
	enum virtio_blk_status status;
	struct block_request *r;
	int got;

	virtio_pci_ack(&pci);
	while ((got = disk_next(&disk, &r, &status)) > 0)
		block_complete(r, status);
	if (got < 0)
		give_up("the device breaks the rules of its ring");
}

__attribute__((noreturn)) static void serve(void)
{
	l4_umword_t label;
	l4_msgtag_t tag;

	/* Reading the partition table left the next interrupt unarmed. */
	device_interrupt();
	for (;;) {
		l4re_alive();
		kick_device();
		tag = l4_ipc_wait(l4_utcb(), &label, l4re_alive_timeout());
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

	open_device(name ? name : "disk");
	read_partitions();
	open_sessions(argc, argv);
	fmt_log("%lu MiB, %u session(s)\n", service.geometry.sectors >> 11, service.session_count);
	block_start(&service);
	serve();
}
