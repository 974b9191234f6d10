/* SPDX-License-Identifier: MIT */
/*
 * Ends a server at one instant after another of its work on the same three requests, in steps of a few ns: under icount that
 * is instructions, so a step of 1 is every boundary.
 *	kill NAME		serves "kill-at": ends the component at the time it is told
 *	client SERVICE STEP	a disk server: a write, a flush and a read, all in the ring at once
 *	net FROM TO STEP	a network server: three frames from one session to another
 * Until an end comes later than they are done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/re/c/control.h>
#include <l4/re/env.h>
#include <l4/sys/ipc_gate.h>
#include <l4/sys/kip_api.h>
#include <l4/virtio/blk.h>
#include <l4/virtio/net.h>

#define SECTORS 8
#define BYTES (SECTORS * 512U)
/* From the call that sets the time to the first request's kick. */
#define LEAD_NS 2000

static void check(int good, const char *what)
{
	if (good)
		return;
	printf("not ok instant %s\n", what);
	exit(1);
}

/* A call with a time sets it, and is answered at once; one with 0 is answered when the component has been ended. */
__attribute__((noreturn)) static void killer(const char *name)
{
	const l4re_env_cap_entry_t *gate = l4re_env_find("kill-at", L4RE_ENV_SERVER, 0);
	l4_cap_idx_t control = l4re_env_get_cap("control");
	long victim = l4re_control_find(control, name);
	l4_utcb_t *u = l4_utcb();
	l4_umword_t label;
	l4_msgtag_t tag;

	check(victim >= 0 && gate && l4_error(l4_ipc_gate_bind_thread(gate->cap, l4re_env()->main_thread, 16)) >= 0, "killer");
	tag = l4_ipc_wait(u, &label, L4_IPC_NEVER);
	for (;;) {
		l4_uint64_t when = l4_msgtag_has_error(tag) ? 0 : u->msg.mr[0];

		if (!when) {
			tag = l4_ipc_reply_and_wait(u, l4_msgtag(0, 0, 0, 0), &label, l4_timeout(0, L4_TIMEOUT_NEVER));
			continue;
		}
		/* The caller does not run before this thread sleeps, so its next call is not there yet. */
		l4_ipc_reply_and_wait(u, l4_msgtag(0, 0, 0, 0), &label, l4_timeout(0, 0));
		l4_ipc_sleep(l4_timeout(0, l4_timeout_abs(when, 0)));
		check(l4re_control_kill(control, victim) >= 0, "it does not run");
		tag = l4_ipc_wait(u, &label, L4_IPC_NEVER);
	}
}

static struct l4blk disk;
static char buffer[BYTES];

static l4_uint64_t now(void)
{
	return l4_kip_clock_ns(l4_kip());
}

static void tell_killer(l4_uint64_t when)
{
	l4_utcb_mr()->mr[0] = when;
	check(l4_error(l4_ipc_call(l4re_env_get_cap("kill-at"), l4_utcb(), l4_msgtag(0, 1, 0, 0), L4_IPC_NEVER)) >= 0, "call");
}

static struct l4blk_request *prepare(enum virtio_blk_type type, l4_uint64_t sector, unsigned fill)
{
	struct l4blk_request *r = l4blk_get(&disk);

	check(r && r->room >= BYTES, "request");
	r->type = type;
	r->sector = sector;
	r->bytes = BYTES;
	memset(r->data, fill, BYTES);
	return r;
}

/* The three requests; how long they took. */
static l4_uint64_t round_trip(unsigned n)
{
	struct l4blk_request *write = prepare(VIRTIO_BLK_T_OUT, (n & 1) * SECTORS, n);
	struct l4blk_request *flush = prepare(VIRTIO_BLK_T_FLUSH, 0, 0);
	struct l4blk_request *read = prepare(VIRTIO_BLK_T_IN, (~n & 1) * SECTORS, 0xee);
	l4_uint64_t begin = now();
	long err;

	check(!l4blk_submit(&disk, write) && !l4blk_submit(&disk, flush) && !l4blk_submit(&disk, read), "submit");
	check(l4blk_wait(&disk, &err) == write && !write->result, "write");
	check(l4blk_wait(&disk, &err) == flush && !flush->result, "flush");
	check(l4blk_wait(&disk, &err) == read && !read->result, "read");
	begin = now() - begin;
	memset(buffer, n - 1, BYTES);
	check(!memcmp(read->data, buffer, BYTES), "what the last round wrote");
	l4blk_put(&disk, read);
	l4blk_put(&disk, flush);
	l4blk_put(&disk, write);
	return begin;
}

/* Round after round, each with an end somewhere in it. */
static void ends(l4_uint64_t (*round)(unsigned n), unsigned first, unsigned step, const struct l4vio_page *page)
{
	l4_uint64_t longest = round(first), at;
	unsigned n;

	for (n = first + 1, at = 0; at < LEAD_NS + longest + longest / 4; n++, at += step) {
		tell_killer(now() + LEAD_NS / 2 + at);
		round(n);
		tell_killer(0);
	}
	check(page->instance > 2, "nothing was ended");
	printf("ok instant %u ends in steps of %u over %lu ns\n", n - first - 1, step, longest);
}

static int client(const char *service, unsigned step)
{
	check(l4blk_open(&disk, service) == 0, "open");
	memset(buffer, 0xff, BYTES);
	check(l4blk_write(&disk, SECTORS, buffer, BYTES) == 0, "first write");
	round_trip(0);
	round_trip(1);
	ends(round_trip, 2, step, disk.vio.page);
	return 0;
}

/* --- frames */

#define FRAMES 3
#define SERIAL 14 /* its place in a frame */

static struct l4net from, to;
static unsigned expected, twice;

static void send_frame(unsigned serial)
{
	static unsigned char frame[1000];

	l4net_mac(&to, frame);
	l4net_mac(&from, frame + 6);
	memset(frame + SERIAL, serial, sizeof(frame) - SERIAL);
	memcpy(frame + SERIAL, &serial, sizeof(serial));
	check(l4net_send(&from, frame, sizeof(frame)) == 0, "send");
}

/* In their order, none left out; the one that an end was in the middle of may come twice. */
static void receive_frame(void)
{
	static unsigned char frame[L4NET_FRAME_MAX];
	unsigned serial;

	check(l4net_receive(&to, frame, sizeof(frame), L4NET_FOREVER) == 1000, "receive");
	memcpy(&serial, frame + SERIAL, sizeof(serial));
	for (unsigned i = SERIAL + sizeof(serial); i < 1000; i++)
		check(frame[i] == (unsigned char)serial, "contents");
	check(serial == expected || serial + 1 == expected, "order");
	twice += serial != expected;
	expected = serial + 1;
}

static l4_uint64_t frames_round_trip(unsigned n)
{
	l4_uint64_t begin = now();

	for (unsigned i = 0; i < FRAMES; i++)
		send_frame(n * FRAMES + i);
	while (expected < (n + 1) * FRAMES)
		receive_frame();
	return now() - begin;
}

static int network(const char *a, const char *b, unsigned step)
{
	check(l4net_open(&from, a) == 0 && l4net_open(&to, b) == 0, "open");
	frames_round_trip(0);
	ends(frames_round_trip, 1, step, from.vio.page);
	check(twice <= from.vio.page->instance, "too many came twice");
	return 0;
}

int main(int argc, char **argv)
{
	check(argc > 2, "arguments");
	if (!strcmp(argv[1], "kill"))
		killer(argv[2]);
	if (!strcmp(argv[1], "net") && argc > 4)
		return network(argv[2], argv[3], atoi(argv[4]));
	return client(argv[2], argc > 3 ? atoi(argv[3]) : 100);
}
