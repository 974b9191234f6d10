// SPDX-License-Identifier: MIT
/*
 * Partition tables: a good one, a good second copy, every field wrong, random damage.
 * sources: drivers/block/gpt.c
 * cflags: -Il4re/include -iquote drivers/block
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/sys/err.h>

#include "gpt.h"
#include "support/random.h"

#define BLOCKS 2048U

static unsigned char *image;
static unsigned int block_bytes;
static struct gpt gpt;

static void check(int good, const char *name, const char *what)
{
	if (good)
		return;
	printf("not ok %s %s\n", name, what);
	exit(1);
}

static unsigned int crc(const unsigned char *p, unsigned long n)
{
	unsigned int c = ~0U;

	while (n--) {
		c ^= *p++;
		for (int i = 0; i < 8; i++)
			c = c & 1 ? c >> 1 ^ 0xedb88320U : c >> 1;
	}
	return ~c;
}

static void put(unsigned long at, unsigned long value, unsigned int bytes)
{
	memcpy(image + at, &value, bytes);
}

static unsigned long header_at(int second)
{
	return second ? (BLOCKS - 1UL) * block_bytes : block_bytes;
}

static unsigned long table_at(int second)
{
	return second ? (BLOCKS - 40UL) * block_bytes : 2UL * block_bytes;
}

static void seal(int second)
{
	unsigned long h = header_at(second);

	put(h + 88, crc(image + table_at(second), 128 * 128), 4);
	put(h + 16, 0, 4);
	put(h + 16, crc(image + h, 92), 4);
}

static void entry(unsigned int n, unsigned long first, unsigned long last, const char *name)
{
	for (int second = 0; second < 2; second++) {
		unsigned long e = table_at(second) + 128 * n;

		put(e, 0x1122334455667788UL, 8);
		put(e + 32, first, 8);
		put(e + 40, last, 8);
		for (int i = 0; name[i]; i++)
			put(e + 56 + 2 * i, name[i], 2);
	}
}

static void build(unsigned int bytes)
{
	block_bytes = bytes;
	free(image);
	image = calloc(BLOCKS, bytes);
	image[446 + 4] = 0xee;
	image[510] = 0x55;
	image[511] = 0xaa;
	for (int second = 0; second < 2; second++) {
		unsigned long h = header_at(second);

		memcpy(image + h, "EFI PART", 8);
		put(h + 8, 0x10000, 4);
		put(h + 12, 92, 4);
		put(h + 24, second ? BLOCKS - 1 : 1, 8);
		put(h + 32, second ? 1 : BLOCKS - 1, 8);
		put(h + 40, 40, 8);
		put(h + 48, BLOCKS - 41, 8);
		put(h + 72, table_at(second) / bytes, 8);
		put(h + 80, 128, 4);
		put(h + 84, 128, 4);
	}
	entry(0, 40, 99, "boot");
	entry(2, 100, BLOCKS - 41, "data");
	seal(0);
	seal(1);
}

static int read_image(struct gpt_disk *d, l4_uint64_t sector, unsigned count, void *buf)
{
	check(sector <= d->sectors && count <= d->sectors - sector, "read", "outside the disk");
	memcpy(buf, image + sector * 512, count * 512UL);
	return 0;
}

static int load(void)
{
	struct gpt_disk d = { read_image, (l4_uint64_t)BLOCKS * (block_bytes / 512), block_bytes };

	return gpt_read(&d, &gpt);
}

static void good(unsigned int bytes, const char *name)
{
	unsigned int per = bytes / 512;
	const struct gpt_partition *p;

	build(bytes);
	check(load() == 0 && !gpt.backup && gpt.count == 128, name, "not read");
	p = gpt_find(&gpt, "data");
	check(p && p->range.first == 100 * per && p->range.sectors == (BLOCKS - 140UL) * per, name, "range");
	check(gpt_find(&gpt, "3") == p && gpt_find(&gpt, "1")->range.sectors == 60 * per, name, "number");
	check(!gpt_find(&gpt, "2") && !gpt_find(&gpt, "129") && !gpt_find(&gpt, "none") && !gpt_find(&gpt, ""), name,
	      "found what is not there");
	image[header_at(0) + 40]++;
	check(load() == 0 && gpt.backup && gpt_find(&gpt, "boot"), name, "second copy");
	image[header_at(1) + 40]++;
	check(load() == -L4_EINVAL && !gpt.count, name, "both copies bad");
	printf("ok %s\n", name);
}

/* A field with a bad value in both copies, checksums right. */
static void bad(unsigned int offset, unsigned long value, unsigned int bytes, const char *what)
{
	build(512);
	put(header_at(0) + offset, value, bytes);
	put(header_at(1) + offset, value, bytes);
	seal(0);
	seal(1);
	check(load() == -L4_EINVAL, "fields", what);
}

static void bad_entry(unsigned long first, unsigned long last, const char *what)
{
	build(512);
	entry(5, first, last, "x");
	seal(0);
	seal(1);
	check(load() == -L4_EINVAL, "fields", what);
}

static void fields(void)
{
	bad(0, 0, 8, "signature");
	bad(8, 0x20000, 4, "revision");
	bad(12, 91, 4, "header too short");
	bad(12, 513, 4, "header too long");
	bad(20, 1, 4, "reserved");
	bad(24, 7, 8, "own place");
	bad(32, BLOCKS, 8, "other copy outside");
	bad(32, 50, 8, "other copy in a partition");
	bad(40, 1, 8, "usable over the header");
	bad(40, 20, 8, "usable over the table");
	bad(40, BLOCKS - 40, 8, "usable upside down");
	bad(48, BLOCKS, 8, "usable outside");
	bad(72, BLOCKS - 1, 8, "table outside");
	bad(72, ~0UL, 8, "table far outside");
	bad(72, 1, 8, "table in the header");
	bad(80, 0, 4, "no entries");
	bad(80, 129, 4, "too many entries");
	bad(80, ~0U, 4, "far too many entries");
	bad(84, 64, 4, "small entries");
	bad(84, ~0U, 4, "large entries");
	bad_entry(39, 50, "partition before usable");
	bad_entry(200, BLOCKS - 40, "partition behind usable");
	bad_entry(300, 299, "partition upside down");
	bad_entry(0, ~0UL, "partition of everything");
	bad_entry(90, 95, "overlap");
	build(512);
	image[510] = 0;
	check(load() == -L4_ENOENT, "fields", "no master boot record");
	build(512);
	image[446 + 4] = 0x83;
	check(load() == -L4_ENOENT, "fields", "not a GPT's");
	printf("ok fields\n");
}

/* Damage with right checksums: whatever is accepted lies inside and does not overlap. */
static void damage(void)
{
	unsigned int accepted = 0;

	for (int round = 0; round < 3000; round++) {
		build(512);
		for (int n = 1 + random_below(4); n--;) {
			unsigned long at = random_below(2) ? header_at(0) + random_below(92) : table_at(0) + random_below(640);

			image[at] = random_below(2) ? random_below(256) : image[at] ^ 1 << random_below(8);
		}
		seal(0);
		if (random_below(2))
			memset(image + header_at(1), 0, 512);
		if (load())
			continue;
		accepted++;
		for (unsigned int i = 0; i < gpt.count; i++) {
			const struct block_range *r = &gpt.partition[i].range;

			check(r->first <= BLOCKS && r->sectors <= BLOCKS - r->first, "damage", "outside");
			for (unsigned int k = 0; k < i; k++) {
				const struct block_range *o = &gpt.partition[k].range;

				check(!o->sectors || !r->sectors || o->first + o->sectors <= r->first ||
				      r->first + r->sectors <= o->first, "damage", "overlap");
			}
		}
	}
	check(accepted > 300, "damage", "too strict to tell");
	printf("ok damage\n");
}

int main(void)
{
	good(512, "good_512");
	good(4096, "good_4096");
	fields();
	damage();
	free(image);
	return 0;
}
