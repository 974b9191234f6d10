/* SPDX-License-Identifier: MIT */
/*
 * Disk server in memory: what the description shares with it as "contents" is the disk, which so outlives
 * this task. All services are the whole of it. No device, so a run under icount repeats to the bit.
 */
#include "../block/block.h"
#include "../../l4re/lib/fmt.h"
#include "../../l4re/lib/lib.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/alive.h>
#include <l4/re/c/rm.h>
#include <l4/re/env.h>
#include <l4/sys/irq.h>

#define LABEL(n) ((l4_umword_t)((n) + 1) << 4)
#define LABEL_INDEX(label) (((label) >> 4) - 1)
#define RANGE_MAX 65536 /* sectors of a discard */

static struct block_service service;
static char *contents;
static l4_cap_idx_t notify_irq[BLOCK_SESSIONS_MAX], kick_irq[BLOCK_SESSIONS_MAX];
/* Submitted and not yet done, in order. */
static struct block_request *work[BLOCK_REQUESTS_MAX];
static unsigned work_first, work_count;

static void submit(struct block_request *r)
{
	work[(work_first + work_count++) % BLOCK_REQUESTS_MAX] = r;
}

static void notify(struct block_session *s) { l4_irq_trigger(notify_irq[s->number]); }
static void again(struct block_session *s) { l4_irq_trigger(kick_irq[s->number]); }

static const struct block_ops ops = { .submit = submit, .notify = notify, .again = again };

static void perform(const struct block_request *r)
{
	char *at = contents + r->sector * VIRTIO_BLK_SECTOR;
	unsigned i;

	if (r->type == VIRTIO_BLK_T_DISCARD || r->type == VIRTIO_BLK_T_WRITE_ZEROES)
		memset(at, 0, (l4_size_t)r->sectors * VIRTIO_BLK_SECTOR);
	for (i = 0; i < r->count; i++) {
		if (r->type == VIRTIO_BLK_T_IN)
			memcpy(r->seg[i].at, at, r->seg[i].len);
		else
			memcpy(at, r->seg[i].at, r->seg[i].len);
		at += r->seg[i].len;
	}
}

/* A turn: what clients add meanwhile is for the next one, so that nobody keeps the server to itself. */
static void work_off(void)
{
	unsigned left = work_count;

	while (left--) {
		struct block_request *r = work[work_first];

		work_first = (work_first + 1) % BLOCK_REQUESTS_MAX;
		work_count--;
		perform(r);
		block_complete(r, VIRTIO_BLK_S_OK);
	}
}

static void *attach(l4_cap_idx_t ds, l4_size_t *bytes)
{
	void *at = 0;

	*bytes = l4_is_valid_cap(ds) ? l4re_ds_size(ds) : 0;
	if (!*bytes || l4re_rm_attach(&at, *bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_SUPERPAGESHIFT) < 0)
		return 0;
	return at;
}

/* e[0..3]: window, kick and notify of one session, and the client's memory if it shares that. */
static int open_session(const l4re_env_cap_entry_t *e)
{
	struct block_client c = { .name = e->name, .range = { 0, service.geometry.sectors } };
	struct block_session *s;

	if (e[1].flags != (L4RE_ENV_SERVER | L4RE_ENV_KICK) || e[2].flags != (L4RE_ENV_SERVER | L4RE_ENV_NOTIFY))
		return -L4_EINVAL;
	c.window = attach(e->cap, &c.bytes);
	c.piece[0] = (struct block_piece){ .bus = 0, .bytes = c.bytes };
	c.pieces = 1;
	if (e[3].flags == (L4RE_ENV_SERVER | L4RE_ENV_MEMORY)) {
		c.memory = attach(e[3].cap, &c.memory_bytes);
		c.piece[c.pieces++] = (struct block_piece){ .bus = L4VIO_MEMORY, .bytes = c.memory_bytes };
		if (!c.memory)
			return -L4_ENOMEM;
	}
	s = c.window ? block_session_add(&service, &c) : 0;
	if (!s)
		return -L4_ENOMEM;
	kick_irq[s->number] = e[1].cap;
	notify_irq[s->number] = e[2].cap;
	return l4_error(l4_rcv_ep_bind_thread(e[1].cap, l4re_env()->main_thread, LABEL(s->number)));
}

static void open_sessions(void)
{
	const l4re_env_cap_entry_t *e;

	for (e = l4re_env()->caps; e->name[0]; e++)
		if (e->flags == (L4RE_ENV_SERVER | L4RE_ENV_WINDOW) && open_session(e) < 0)
			fmt_log("no session \"%s\" for %s\n", e->name, e->peer);
}

__attribute__((noreturn)) static void serve(void)
{
	l4_umword_t label;
	l4_msgtag_t tag;

	for (;;) {
		l4re_alive();
		work_off();
		tag = l4_ipc_wait(l4_utcb(), &label, work_count ? L4_IPC_BOTH_TIMEOUT_0 : l4re_alive_timeout());
		if (!l4_msgtag_has_error(tag) && LABEL_INDEX(label) < service.session_count)
			block_kick(&service.sessions[LABEL_INDEX(label)]);
	}
}

int main(void)
{
	struct block_geometry g = {
		.block_bytes = VIRTIO_BLK_SECTOR, .unit_bytes = VIRTIO_BLK_SECTOR, .segs_max = BLOCK_SEGS_MAX, .discard_max = RANGE_MAX,
		.write_zeroes_max = RANGE_MAX, .write_zeroes_unmap = 1,
		.features = VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES };
	l4_size_t bytes;

	contents = attach(l4re_env_get_cap("contents"), &bytes);
	g.sectors = bytes / VIRTIO_BLK_SECTOR;
	if (!contents || !g.sectors) {
		fmt_log("no shared memory \"contents\"\n");
		l4re_exit(1);
	}
	block_init(&service, &ops, &g);
	open_sessions();
	block_start(&service, 0);
	l4re_ready();
	serve();
}
