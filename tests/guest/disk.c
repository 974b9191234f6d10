/* SPDX-License-Identifier: MIT */
/*
 * Checks of a disk session, by arguments:
 *	basic SERVICE		every kind of request, errors included; writes to the whole disk
 *	load SERVICE COUNT	COUNT random requests or more, many at once, compared with what must be there; with shared
 *				memory "stop" it goes on until that is not 0
 *	broken SERVICE		the same with a server that is not to be trusted: counts wrong data and errors until "stop", which becomes 2
 *	readonly SERVICE	nothing but reading works
 *	late SERVICE		writes to a device that soon does not answer them any more, until one fails; reading goes on
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared.h"

#include <l4/virtio/blk.h>

#define SECTOR 512U
#define LOAD_SECTORS 4096U

static struct l4blk disk;
static char buffer[1 << 20], other[1 << 20];

static void check(int good, const char *what)
{
	if (good)
		return;
	printf("not ok disk %s\n", what);
	exit(1);
}

static void open_disk(const char *service)
{
	long err = l4blk_open(&disk, service);

	if (err < 0) {
		printf("not ok disk open %s: %s\n", service, l4sys_errtostr(err));
		exit(1);
	}
}

static void fill(char *to, unsigned bytes, unsigned seed)
{
	for (unsigned i = 0; i < bytes; i++) {
		seed = seed * 1664525 + 1013904223;
		to[i] = seed >> 24;
	}
}

static void basic_errors(void)
{
	const l4_uint64_t end = l4blk_sectors(&disk);

	check(l4blk_read(&disk, end, buffer, SECTOR) == -L4_EIO, "read behind the end");
	check(l4blk_read(&disk, end - 1, buffer, 2 * SECTOR) == -L4_EIO, "read over the end");
	check(l4blk_write(&disk, ~0UL, buffer, SECTOR) == -L4_EIO, "write far away");
	check(l4blk_write_zeroes(&disk, end - 1, 2, 0) == -L4_EIO, "zeroes over the end");
	check(l4blk_write_zeroes(&disk, 0, 0, 0) == -L4_EIO, "no zeroes");
	check(l4blk_write_zeroes(&disk, 0, 1, 2) == -L4_ENOSYS, "unknown flag");
	check(l4blk_read(&disk, 0, buffer, 100) == -L4_EINVAL, "half a sector");
}

static void basic_id(const char *service)
{
	struct l4blk_request *r = l4blk_get(&disk);
	long err;

	r->type = VIRTIO_BLK_T_GET_ID;
	check(l4blk_submit(&disk, r) == 0 && l4blk_wait(&disk, &err) == r && r->result == 0, "id");
	check(!strncmp(r->data, service, VIRTIO_BLK_ID_BYTES), "whose id");
	r->type = 77;
	check(l4blk_submit(&disk, r) == 0 && l4blk_wait(&disk, &err) == r && r->result == -L4_ENOSYS, "unknown request");
	l4blk_put(&disk, r);
}

static void basic(const char *service)
{
	const l4_uint64_t end = l4blk_sectors(&disk);
	const unsigned bytes = sizeof(buffer);

	check(end >= bytes / SECTOR, "too small");
	for (l4_uint64_t at = 0; at + bytes / SECTOR <= end; at += bytes / SECTOR) {
		fill(buffer, bytes, at + 1);
		check(l4blk_write(&disk, at, buffer, bytes) == 0, "write");
	}
	check(l4blk_flush(&disk) == 0, "flush");
	for (l4_uint64_t at = 0; at + bytes / SECTOR <= end; at += bytes / SECTOR) {
		fill(buffer, bytes, at + 1);
		check(l4blk_read(&disk, at, other, bytes) == 0 && !memcmp(buffer, other, bytes), "read back");
	}
	check(l4blk_write_zeroes(&disk, 3, 5, 0) == 0, "zeroes");
	fill(buffer, bytes, 1);
	memset(buffer + 3 * SECTOR, 0, 5 * SECTOR);
	check(l4blk_read(&disk, 0, other, bytes) == 0 && !memcmp(buffer, other, bytes), "zeroes read back");
	check(l4blk_discard(&disk, 8, 8) == 0, "discard");
	basic_errors();
	basic_id(service);
	printf("ok disk basic %s, %lu sectors\n", service, end);
}

static void readonly(void)
{
	check(l4blk_read_only(&disk), "not read-only");
	check(l4blk_read(&disk, 0, buffer, sizeof(buffer)) == 0, "read");
	check(l4blk_write(&disk, 0, buffer, SECTOR) == -L4_EIO, "could write");
	check(l4blk_discard(&disk, 0, 1) == -L4_EIO, "could discard");
	check(l4blk_write_zeroes(&disk, 0, 1, 0) == -L4_EIO, "could write zeroes");
	check(l4blk_flush(&disk) == 0, "flush");
	printf("ok disk readonly\n");
}

static void late(void)
{
	unsigned n;
	long err;

	fill(buffer, 8 * SECTOR, 1);
	for (n = 0; n < 100 && !(err = l4blk_write(&disk, 8 * n, buffer, 8 * SECTOR)); n++)
		;
	check(err == -L4_EIO, "writes do not fail");
	check(n > 0, "not even the first write works");
	check(l4blk_read(&disk, 0, other, 8 * SECTOR) == 0 && !memcmp(buffer, other, 8 * SECTOR), "read what was written");
	check(l4blk_write(&disk, 0, buffer, 8 * SECTOR) == -L4_EIO, "a further write");
	printf("ok disk late, server %u\n", disk.vio.page->instance);
}

/* --- many requests at once; each sector begins with the number of the write that it is from */

static unsigned content[LOAD_SECTORS]; /* what is there for sure */
static char busy[LOAD_SECTORS];

static int free_range(unsigned sector, unsigned sectors)
{
	for (unsigned i = 0; i < sectors; i++)
		if (busy[sector + i])
			return 0;
	return 1;
}

static void start_one(struct l4blk_request *r, unsigned serial)
{
	unsigned sectors = 1 + rand() % (r->room < 16 * SECTOR ? r->room / SECTOR : 16), sector = rand() % (LOAD_SECTORS - sectors);

	r->type = rand() % 3 ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN;
	if (rand() % 16 == 0 || !free_range(sector, sectors)) {
		r->type = VIRTIO_BLK_T_FLUSH;
		sectors = 0;
	}
	r->sector = sector;
	r->bytes = sectors * SECTOR;
	memset(busy + sector, 1, sectors);
	for (unsigned i = 0; i < sectors; i++) {
		unsigned *word = (unsigned *)(r->data + i * SECTOR);

		word[0] = word[SECTOR / 4 - 1] = r->type == VIRTIO_BLK_T_OUT ? serial : 0xdeadbeef;
	}
	check(l4blk_submit(&disk, r) == 0, "submit");
}

static void finish_one(void)
{
	struct l4blk_request *r;
	long err;

	r = l4blk_wait(&disk, &err);
	check(r && r->result == 0, "request failed");
	for (unsigned i = 0; i < r->bytes / SECTOR; i++) {
		const unsigned *word = (const unsigned *)(r->data + i * SECTOR);

		busy[r->sector + i] = 0;
		if (r->type == VIRTIO_BLK_T_OUT)
			content[r->sector + i] = word[0];
		else
			check(word[0] == content[r->sector + i] && word[SECTOR / 4 - 1] == word[0], "wrong data");
	}
	l4blk_put(&disk, r);
}

static void load(unsigned count)
{
	const volatile unsigned *stop = shared_word("stop");
	struct l4blk_request *r;
	unsigned started = 0, finished = 0;

	check(l4blk_write_zeroes(&disk, 0, LOAD_SECTORS, 0) == 0, "zeroes");
	while (finished < started || started < count || (stop && !*stop)) {
		r = started < count || (stop && !*stop) ? l4blk_get(&disk) : 0;
		if (r) {
			start_one(r, ++started);
		} else {
			finish_one();
			finished++;
		}
	}
	for (unsigned at = 0; at < LOAD_SECTORS; at += sizeof(buffer) / SECTOR) {
		check(l4blk_read(&disk, at, buffer, sizeof(buffer)) == 0, "read at the end");
		for (unsigned i = 0; i < sizeof(buffer) / SECTOR; i++)
			check(*(unsigned *)(buffer + i * SECTOR) == content[at + i], "wrong data at the end");
	}
	printf("ok disk load %u, server %u\n", started, disk.vio.page->instance);
}

/* --- one request after the other; nothing is believed */

static void broken(const char *service)
{
	volatile unsigned *stop = shared_word("stop");
	unsigned good = 0, wrong = 0, failed = 0, serial = 0;

	check(stop != 0, "no word to stop by");
	while (l4blk_open(&disk, service) < 0 && !*stop)
		l4blk_close(&disk);
	while (!*stop) {
		unsigned sector = rand() % (LOAD_SECTORS / 8) * 8, i;
		long err;

		serial++;
		for (i = 0; i < 8 * SECTOR / 4; i++)
			((unsigned *)buffer)[i] = serial * 2654435761U + i;
		err = l4blk_write(&disk, sector, buffer, 8 * SECTOR);
		if (!err)
			err = l4blk_read(&disk, sector, other, 8 * SECTOR);
		failed += err < 0;
		if (err) {
			l4blk_close(&disk);
			while (l4blk_open(&disk, service) < 0 && !*stop)
				l4blk_close(&disk);
			continue;
		}
		good += !memcmp(buffer, other, 8 * SECTOR);
		wrong += !!memcmp(buffer, other, 8 * SECTOR);
	}
	*stop = 2;
	printf("ok disk broken: %u right, %u errors, %u times wrong data that nobody reported\n", good, failed, wrong);
}

int main(int argc, char **argv)
{
	check(argc > 2, "arguments");
	if (strcmp(argv[1], "broken"))
		open_disk(argv[2]);
	if (!strcmp(argv[1], "basic"))
		basic(argv[2]);
	else if (!strcmp(argv[1], "readonly"))
		readonly();
	else if (!strcmp(argv[1], "broken"))
		broken(argv[2]);
	else if (!strcmp(argv[1], "late"))
		late();
	else if (!strcmp(argv[1], "load"))
		load(argc > 3 ? atoi(argv[3]) : 1000);
	return 0;
}
