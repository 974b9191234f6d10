/* SPDX-License-Identifier: MIT */
/*
 * A client of services whose servers do not come back, by arguments:
 *	gate SERVICE	calls the gate until that fails, and then again
 *	net SERVICE [asks]	waits for frames until that fails, and then sends; asks: sends to all while it waits, so that the device has work
 *	disk SERVICE	ends the component "disk" twice (needs `control`), the second time for good, with requests out; then opens it again
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/re/c/control.h>
#include <l4/re/env.h>
#include <l4/sys/ipc.h>
#include <l4/virtio/blk.h>
#include <l4/virtio/net.h>

#define ASK_US 100000

static struct l4blk disk;
static char buffer[65536];

static void check(int good, const char *what)
{
	if (good)
		return;
	printf("not ok gone %s\n", what);
	exit(1);
}

static long call(l4_cap_idx_t gate)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag = l4_ipc_call(gate, u, l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);

	return l4_msgtag_has_error(tag) ? (long)(l4_ipc_error(tag, u) & ~L4_IPC_SND_ERR_MASK) : 0;
}

static void gate(const char *service)
{
	l4_cap_idx_t cap = l4re_env_get_cap(service);
	unsigned n;

	check(l4_is_valid_cap(cap), "no session");
	for (n = 0; n < 3; n++)
		check(call(cap) == L4_IPC_ENOT_EXISTENT, "a call does not fail as it should");
	printf("ok gone gate %s\n", service);
}

static void disk_gone(const char *service)
{
	l4_cap_idx_t control = l4re_env_get_cap("control");
	long err = l4blk_open(&disk, service), server = l4re_control_find(control, "disk");
	struct l4blk_request *r;

	check(err == 0 && l4blk_write(&disk, 0, buffer, sizeof(buffer)) == 0, "open");
	check(l4re_control_kill(control, server) == 0, "kill");
	check(l4blk_write(&disk, 0, buffer, sizeof(buffer)) == 0, "a write over a restart");
	while ((r = l4blk_get(&disk))) {
		r->type = VIRTIO_BLK_T_OUT;
		r->sector = 0;
		r->bytes = r->room;
		check(l4blk_submit(&disk, r) == 0, "submit");
	}
	check(l4re_control_kill(control, server) == 0, "kill for good");
	while ((r = l4blk_wait(&disk, &err)))
		l4blk_put(&disk, r);
	/* The device may have been fast: then none was out. */
	check(err == -L4_ENODEV || (!err && disk.ring.free_count == disk.ring.size), "what a request that was out gets");
	l4blk_close(&disk);
	check(l4blk_open(&disk, service) == -L4_ENODEV, "opened again");
	printf("ok gone disk %s\n", service);
}

static void net_gone(const char *service, int asks)
{
	static struct l4net net;
	unsigned sent = 0;
	long err;

	check(l4net_open(&net, service) == 0, "open");
	while ((err = l4net_receive(&net, buffer, sizeof(buffer), asks ? ASK_US : L4NET_FOREVER)) >= 0) {
		if (!asks)
			continue;
		memset(buffer, 0xff, 100);
		l4net_mac(&net, (l4_uint8_t *)buffer + 6);
		l4net_send(&net, buffer, 100);
	}
	check(err == -L4_ENODEV, "waiting for a frame");
	while (!(err = l4net_send(&net, buffer, 100)))
		sent++;
	check(err == -L4_ENODEV && (asks ? sent <= net.buffers : sent == net.buffers), "sending");
	l4net_close(&net);
	check(l4net_open(&net, service) == -L4_ENODEV, "opened again");
	printf("ok gone net %s\n", service);
}

int main(int argc, char **argv)
{
	check(argc > 2, "arguments");
	if (!strcmp(argv[1], "gate"))
		gate(argv[2]);
	else if (!strcmp(argv[1], "net"))
		net_gone(argv[2], argc > 3);
	else
		disk_gone(argv[2]);
	return 0;
}
