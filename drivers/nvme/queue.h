/* SPDX-License-Identifier: MIT */
/*
 * A pair of queues. What the device writes (completions) is copied, then checked; where each queue is, is known here alone.
 * Doorbells are the caller's. No system calls, so that it can be tested on the host.
 */
#ifndef NVME_QUEUE_H
#define NVME_QUEUE_H

#include "regs.h"

struct nvme_queue {
	struct nvme_command *sq;
	const struct nvme_completion *cq;
	unsigned id, size;
	unsigned tail;           /* next entry to fill: the submission doorbell's value */
	unsigned fetched;        /* up to where the device has said that it read */
	unsigned head;           /* next completion: the completion doorbell's value */
	unsigned phase;
	unsigned rung_tail, rung_head; /* what the doorbells have */
};

/** Memory of both queues is zeroed; size entries each. */
void nvme_queue_init(struct nvme_queue *q, unsigned id, struct nvme_command *sq, const struct nvme_completion *cq, unsigned size);
/** -L4_EIO: full, which a device that keeps to the rules does not let happen with fewer commands outstanding than entries. */
int nvme_queue_add(struct nvme_queue *q, const struct nvme_command *c);
/** The next completion: 1, its copy in *c; 0: none; -L4_EIO: it cannot be one of this queue's. Whether its id is good the caller knows. */
int nvme_queue_next(struct nvme_queue *q, struct nvme_completion *c);

#endif
