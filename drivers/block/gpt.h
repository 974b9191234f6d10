/* SPDX-License-Identifier: MIT */
/* GUID partition tables: UEFI specification 2.10, section 5. A table that is not right in every respect is refused. */
#ifndef GPT_H
#define GPT_H

#include "block.h"

#define GPT_PARTITIONS_MAX 128
#define GPT_NAME_MAX 37

struct gpt_partition {
	struct block_range range;  /**< sectors of 512 bytes; none: the entry is not used */
	char name[GPT_NAME_MAX];   /**< ASCII; other characters are '?' */
};

struct gpt {
	struct gpt_partition partition[GPT_PARTITIONS_MAX];
	unsigned count;            /**< entries of the table */
	int backup;                /**< the first table is damaged, this is the second */
};

/** How the reader gets at the disk: sectors of 512 bytes into buf; 0 or negative. */
struct gpt_disk {
	int (*read)(struct gpt_disk *d, l4_uint64_t sector, unsigned count, void *buf);
	l4_uint64_t sectors;
	l4_uint32_t block_bytes;   /**< logical block of the table: 512 or 4096 */
};

/** Read the table into *out: 0; -L4_ENOENT: there is none; -L4_EIO; -L4_EINVAL: neither copy is good. */
int gpt_read(struct gpt_disk *d, struct gpt *out);
/** Partition by number from 1 or by name; null if there is none. */
const struct gpt_partition *gpt_find(const struct gpt *g, const char *which);

#endif
