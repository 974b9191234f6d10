/* SPDX-License-Identifier: MIT */
/*
 * An NVMe namespace as the block service's device. Of a request one command is outstanding at a time; most need one. Data goes straight
 * between device and client's memory where a PRP list can say where it is (whole pages, but for the beginning of the
 * first and the end of the last); what a client has split in other ways goes through a page of the driver's own.
 *
 * No system calls, so that it can be tested on the host.
 */
#ifndef NVME_DISK_H
#define NVME_DISK_H

#include "../block/block.h"
#include "queue.h"

/* More than there are requests, so that a queue is never full. */
#define NVME_DEPTH 128
#define NVME_ADMIN_DEPTH 16
#define NVME_LIST 128 /* PRP entries beside a command's first */
#define NVME_READ_MAX 20480

/* Memory that device and driver share. */
struct nvme_memory {
	struct nvme_command admin_sq[NVME_ADMIN_DEPTH] __attribute__((aligned(NVME_PAGE)));
	struct nvme_completion admin_cq[NVME_ADMIN_DEPTH] __attribute__((aligned(NVME_PAGE)));
	struct nvme_command sq[NVME_DEPTH] __attribute__((aligned(NVME_PAGE)));
	struct nvme_completion cq[NVME_DEPTH] __attribute__((aligned(NVME_PAGE)));
	l4_uint8_t identify[NVME_PAGE] __attribute__((aligned(NVME_PAGE)));
	/* Of each request, none across a page's end: */
	l4_uint64_t list[BLOCK_REQUESTS_MAX][NVME_LIST] __attribute__((aligned(NVME_PAGE)));
	struct nvme_range range[BLOCK_REQUESTS_MAX] __attribute__((aligned(NVME_PAGE)));
	l4_uint8_t bounce[BLOCK_REQUESTS_MAX][NVME_PAGE] __attribute__((aligned(NVME_PAGE)));
	l4_uint8_t buffer[NVME_READ_MAX] __attribute__((aligned(NVME_PAGE))); /* for the server's own reading */
};

/* What the device says of itself, checked. */
struct nvme_facts {
	l4_uint64_t blocks;
	unsigned block_shift;      /* 9 to 12 */
	l4_uint32_t transfer_max;  /* bytes of a command */
	int cache, deallocate, write_zeroes;
};

/* Where a request is that the device has a command of. */
struct nvme_progress {
	struct block_request *request; /* null: the device has nothing */
	l4_uint64_t sector, left;      /* what is to be read or written still, the command that is out included */
	unsigned segment;              /* where its data is */
	l4_uint32_t offset;
	l4_uint32_t bytes;             /* of the command that is out */
	int bounced;
};

struct nvme_disk {
	struct nvme_memory *memory;
	l4_uint64_t dma;               /* device address of memory */
	struct nvme_facts facts;
	struct nvme_queue queue;
	const struct block_request *first_request; /* of the service: command id = distance */
	struct nvme_progress progress[BLOCK_REQUESTS_MAX];
	int broken;                    /* the device has let its queue run full */
};

/** What the two identify structures (4096 bytes each) say. -L4_ENODEV: no disk that can be served. */
int nvme_identify(const l4_uint8_t *controller, const l4_uint8_t *ns, struct nvme_facts *f);
void nvme_geometry(const struct nvme_facts *f, struct block_geometry *g);
/** A queue with nothing in it; memory is zeroed. */
void nvme_disk_init(struct nvme_disk *d, struct nvme_memory *memory, l4_uint64_t dma, const struct nvme_facts *f,
		    const struct block_request *first_request);
/** Put a request's first command into the queue. */
void nvme_disk_submit(struct nvme_disk *d, struct block_request *r);
/**
 * The next request that is done: 1, *r and its status; 0: none; -L4_EIO: the device does not keep to the rules. May put commands
 * into the queue: ring both doorbells afterwards.
 */
int nvme_disk_next(struct nvme_disk *d, struct block_request **r, enum virtio_blk_status *status);

#endif
