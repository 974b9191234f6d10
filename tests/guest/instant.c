/* SPDX-License-Identifier: MIT */
/*
 * Ends a disk server at one instant after another of its work on the same three requests (a write, a flush and a read, all
 * in the ring at once), in steps of a few ns: under icount that is instructions, so a step of 1 is every boundary.
 *	kill NAME		serves "kill-at": ends the component at the time it is told
 *	client SERVICE STEP	the requests; until an end comes later than they are done
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/re/c/control.h>
#include <l4/re/env.h>
#include <l4/sys/ipc_gate.h>
#include <l4/sys/kip_api.h>
#include <l4/virtio/blk.h>

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

static int client(const char *service, unsigned step)
{
	l4_uint64_t longest, at;
	unsigned n;

	check(l4blk_open(&disk, service) == 0, "open");
	memset(buffer, 0xff, BYTES);
	check(l4blk_write(&disk, SECTORS, buffer, BYTES) == 0, "first write");
	round_trip(0);
	round_trip(1);
	longest = round_trip(2);
	for (n = 3, at = 0; at < LEAD_NS + longest + longest / 4; n++, at += step) {
		tell_killer(now() + LEAD_NS / 2 + at);
		round_trip(n);
		tell_killer(0);
	}
	check(disk.vio.page->instance > 2, "nothing was ended");
	printf("ok instant %u ends in steps of %u over %lu ns\n", n - 3, step, longest);
	return 0;
}

int main(int argc, char **argv)
{
	check(argc > 2, "arguments");
	if (!strcmp(argv[1], "kill"))
		killer(argv[2]);
	return client(argv[2], argc > 3 ? atoi(argv[3]) : 100);
}
