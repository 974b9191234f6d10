/* SPDX-License-Identifier: MIT */
/*
 * A client that writes anything anywhere into its window and kicks: the server must not mind, and tell it to reset.
 * Arguments: service, rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/sys/irq.h>
#include <l4/virtio/blk.h>

#define RING 32
#define DESC 0x1000
#define AVAIL 0x2000
#define USED 0x3000
#define TABLE 0x4000
#define HEADER 0x5000

static struct l4vio_client vio;

static char *window(unsigned long offset)
{
	return (char *)vio.page + offset;
}

static void check(long good, const char *what)
{
	if (good)
		return;
	printf("not ok hostile %s\n", what);
	exit(1);
}

static void start(void)
{
	check(l4vio_client_negotiate(&vio, VIRTIO_ID_BLOCK, L4VIO_F_INDIRECT_DESC | L4VIO_F_EVENT_IDX) == 0, "negotiate");
	memset(window(DESC), 0, HEADER - DESC);
	l4vio_client_queue(&vio, 0, RING, window(DESC), window(AVAIL), window(USED));
	check(l4vio_client_run(&vio) == 0, "run");
}

/* An address that is often right. */
static unsigned long address(void)
{
	switch (rand() % 8) {
	case 0: return rand() % vio.bytes;
	case 1: return vio.bytes - rand() % 4096;
	case 2: return (unsigned long)rand() << 33 | rand();
	case 3: return DESC + rand() % 512;
	default: return HEADER + 64 * (rand() % 32);
	}
}

static void descriptors(struct vring_desc *d, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		d[i] = (struct vring_desc){ address(), rand() % 4 ? 16 + 496 * (rand() % 2) : rand(),
					    rand() % 16 ? rand() % 4 : rand() % 8, rand() % (RING + 1) };
	if (rand() % 4 == 0)
		d[rand() % count] = (struct vring_desc){ TABLE, 16 * (rand() % 64), VRING_DESC_INDIRECT, 0 };
}

/* A request that is right but for one thing. */
static void almost(void)
{
	static const unsigned char types[] = { 0, 1, 4, 8, 11, 13, 99 };
	struct vring_desc *d = (void *)window(DESC);
	struct virtio_blk_header *h = (void *)window(HEADER);

	*h = (struct virtio_blk_header){ .type = types[rand() % 7], .sector = rand() % 8 ? rand() % 9000UL : ~0UL - rand() % 4 };
	d[0] = (struct vring_desc){ HEADER, 16, VRING_DESC_NEXT, 1 };
	d[1] = (struct vring_desc){ 0x8000, 512 * (1 + rand() % 8), VRING_DESC_NEXT | (h->type % 8 ? 0 : VRING_DESC_WRITE), 2 };
	d[2] = (struct vring_desc){ HEADER + 32, 1, VRING_DESC_WRITE, 0 };
	switch (rand() % 6) {
	case 0: d[rand() % 3].addr = address(); break;
	case 1: d[rand() % 3].len = rand(); break;
	case 2: d[rand() % 3].flags ^= 1 << rand() % 4; break;
	case 3: d[rand() % 3].next = rand() % RING; break;
	default: break;
	}
}

static void misbehave(void)
{
	struct vring_avail *avail = (void *)window(AVAIL);

	if (rand() % 4 == 0) {
		descriptors((void *)window(DESC), RING);
		descriptors((void *)window(TABLE), 64);
	} else {
		almost();
	}
	for (int i = 0; i < RING; i++)
		avail->ring[i] = rand() % 64 ? rand() % 4 : rand();
	avail->idx += rand() % 32 ? rand() % 4 : rand();
	if (rand() % 64 == 0)
		memset(window(0) + rand() % 1024, rand(), 1 + rand() % 8);
	l4_irq_trigger(vio.kick);
	/* While it is being looked at. */
	for (int i = rand() % 64; i--;)
		window(HEADER - (rand() % 2 ? HEADER - DESC : 0))[rand() % 512] = rand();
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 2 ? atoi(argv[2]) : 1000, resets = 0;

	check(argc > 1 && l4vio_client_open(&vio, argv[1]) >= 0, "open");
	start();
	for (unsigned i = 0; i < rounds; i++) {
		misbehave();
		if (rand() % 4 && !(vio.page->device_status & L4VIO_S_NEEDS_RESET))
			continue;
		resets += (vio.page->device_status & L4VIO_S_NEEDS_RESET) != 0;
		start();
	}
	printf("ok hostile %u rounds, %s\n", rounds, resets > rounds / 20 ? "told to reset" : "hardly noticed");
	return 0;
}
