/* SPDX-License-Identifier: MIT */
/* Reading GUID partition tables. What is on the disk is anybody's: everything is checked before it is used. */
#include "gpt.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

#define SIGNATURE 0x5452415020494645UL /* "EFI PART" */
#define REVISION 0x00010000U
#define ENTRY_BYTES 128U
#define BLOCK_MAX 4096
#define MBR_TYPE_GPT 0xee

struct header {
	l4_uint64_t signature;
	l4_uint32_t revision, header_bytes, header_crc, reserved;
	l4_uint64_t my_lba, other_lba, first_usable, last_usable;
	l4_uint8_t guid[16];
	l4_uint64_t entries_lba;
	l4_uint32_t entry_count, entry_bytes, entries_crc;
};
#define HEADER_BYTES 92U

struct entry {
	l4_uint64_t type[2], guid[2];
	l4_uint64_t first_lba, last_lba; /* inclusive */
	l4_uint64_t attributes;
	l4_uint16_t name[36];
};
_Static_assert(sizeof(struct entry) == ENTRY_BYTES, "partition entry");

/* Reflected CRC-32 of section 5.3.2, bit by bit: a table is read once. */
static l4_uint32_t crc32(const void *data, l4_size_t bytes)
{
	const l4_uint8_t *p = data;
	l4_uint32_t crc = ~0U;
	unsigned bit;

	while (bytes--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

static int read_blocks(struct gpt_disk *d, l4_uint64_t lba, unsigned count, void *buf)
{
	unsigned per = d->block_bytes / VIRTIO_BLK_SECTOR;

	return d->read(d, lba * per, count * per, buf);
}

static l4_uint64_t blocks(const struct gpt_disk *d)
{
	return d->sectors / (d->block_bytes / VIRTIO_BLK_SECTOR);
}

/* The master boot record must say that the disk is GPT's. */
static int check_mbr(struct gpt_disk *d, l4_uint8_t *block)
{
	unsigned i;

	if (read_blocks(d, 0, 1, block))
		return -L4_EIO;
	if (block[510] != 0x55 || block[511] != 0xaa)
		return -L4_ENOENT;
	for (i = 0; i < 4; i++)
		if (block[446 + 16 * i + 4] == MBR_TYPE_GPT)
			return 0;
	return -L4_ENOENT;
}

static int header_ok(const struct gpt_disk *d, const struct header *h, l4_uint64_t lba)
{
	l4_uint64_t n = blocks(d), table = (l4_uint64_t)h->entry_count * ENTRY_BYTES;
	l4_uint64_t table_blocks = (table + d->block_bytes - 1) / d->block_bytes;

	if (h->signature != SIGNATURE || h->revision != REVISION || h->reserved || h->my_lba != lba ||
	    h->other_lba >= n || h->entry_bytes != ENTRY_BYTES || !h->entry_count || h->entry_count > GPT_PARTITIONS_MAX)
		return 0;
	if (h->first_usable > h->last_usable || h->last_usable >= n || h->entries_lba >= n ||
	    table_blocks > n - h->entries_lba)
		return 0;
	/* Neither the table nor the headers may lie in what partitions can use. */
	return h->entries_lba > 1 && (h->entries_lba + table_blocks <= h->first_usable || h->entries_lba > h->last_usable) &&
	       h->first_usable >= 2 + table_blocks && (lba < h->first_usable || lba > h->last_usable) &&
	       (h->other_lba < h->first_usable || h->other_lba > h->last_usable);
}

static int read_header(struct gpt_disk *d, l4_uint64_t lba, l4_uint8_t *block, struct header *h)
{
	l4_uint32_t bytes, crc;

	if (read_blocks(d, lba, 1, block))
		return -L4_EIO;
	memcpy(h, block, HEADER_BYTES);
	bytes = h->header_bytes;
	if (h->signature != SIGNATURE || bytes < HEADER_BYTES || bytes > d->block_bytes)
		return -L4_EINVAL;
	crc = h->header_crc;
	memset(block + __builtin_offsetof(struct header, header_crc), 0, sizeof(crc));
	return crc32(block, bytes) == crc && header_ok(d, h, lba) ? 0 : -L4_EINVAL;
}

static int overlaps(const struct gpt *g, const struct block_range *r)
{
	unsigned i;

	for (i = 0; i < g->count; i++) {
		const struct block_range *o = &g->partition[i].range;

		if (o->sectors && o->first < r->first + r->sectors && r->first < o->first + o->sectors)
			return 1;
	}
	return 0;
}

static void copy_name(char *to, const l4_uint16_t *from)
{
	unsigned i;

	for (i = 0; i < GPT_NAME_MAX - 1 && from[i]; i++)
		to[i] = from[i] >= ' ' && from[i] < 0x7f ? from[i] : '?';
	to[i] = 0;
}

static int take_entry(const struct gpt_disk *d, const struct header *h, const struct entry *e, struct gpt *out)
{
	unsigned per = d->block_bytes / VIRTIO_BLK_SECTOR;
	struct gpt_partition *p = &out->partition[out->count];
	struct block_range r;

	memset(p, 0, sizeof(*p));
	if (e->type[0] || e->type[1]) {
		if (e->first_lba < h->first_usable || e->last_lba > h->last_usable || e->first_lba > e->last_lba)
			return -L4_EINVAL;
		r = (struct block_range){ e->first_lba * per, (e->last_lba - e->first_lba + 1) * per };
		if (overlaps(out, &r))
			return -L4_EINVAL;
		p->range = r;
		copy_name(p->name, e->name);
	}
	out->count++;
	return 0;
}

static int read_table(struct gpt_disk *d, l4_uint64_t lba, struct gpt *out)
{
	static l4_uint8_t block[BLOCK_MAX] __attribute__((aligned(8)));
	static struct entry table[GPT_PARTITIONS_MAX + BLOCK_MAX / ENTRY_BYTES];
	struct header h;
	unsigned i, bytes;
	int err = read_header(d, lba, block, &h);

	if (err)
		return err;
	bytes = h.entry_count * ENTRY_BYTES;
	if (read_blocks(d, h.entries_lba, (bytes + d->block_bytes - 1) / d->block_bytes, table))
		return -L4_EIO;
	if (crc32(table, bytes) != h.entries_crc)
		return -L4_EINVAL;
	out->count = 0;
	for (i = 0; i < h.entry_count && !err; i++)
		err = take_entry(d, &h, &table[i], out);
	return err;
}

int gpt_read(struct gpt_disk *d, struct gpt *out)
{
	static l4_uint8_t block[BLOCK_MAX];
	int err;

	memset(out, 0, sizeof(*out));
	if ((d->block_bytes != VIRTIO_BLK_SECTOR && d->block_bytes != BLOCK_MAX) || blocks(d) < 4)
		return -L4_ENOENT;
	err = check_mbr(d, block);
	if (err)
		return err;
	err = read_table(d, 1, out);
	if (err == -L4_EINVAL) {
		out->backup = 1;
		err = read_table(d, blocks(d) - 1, out);
	}
	if (err)
		out->count = 0;
	return err;
}

static unsigned number(const char *text)
{
	unsigned n = 0;

	for (; *text >= '0' && *text <= '9' && n < 1000; text++)
		n = n * 10 + (*text - '0');
	return *text ? 0 : n;
}

const struct gpt_partition *gpt_find(const struct gpt *g, const char *which)
{
	unsigned i, n = number(which);

	if (n)
		return n <= g->count && g->partition[n - 1].range.sectors ? &g->partition[n - 1] : 0;
	for (i = 0; i < g->count; i++)
		if (g->partition[i].range.sectors && !strcmp(g->partition[i].name, which))
			return &g->partition[i];
	return 0;
}
