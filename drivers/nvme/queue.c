/* SPDX-License-Identifier: MIT */
/* A pair of queues. */
#include "queue.h"

#include <l4/sys/err.h>

void nvme_queue_init(struct nvme_queue *q, unsigned id, struct nvme_command *sq, const struct nvme_completion *cq, unsigned size)
{
	*q = (struct nvme_queue){ .sq = sq, .cq = cq, .id = id, .size = size, .phase = NVME_STATUS_PHASE };
}

int nvme_queue_add(struct nvme_queue *q, const struct nvme_command *c)
{
	unsigned next = (q->tail + 1) % q->size;

	if (next == q->fetched)
		return -L4_EIO;
	q->sq[q->tail] = *c;
	q->tail = next;
	return 0;
}

/* From one index forward to another. */
static unsigned distance(const struct nvme_queue *q, unsigned from, unsigned to)
{
	return (to + q->size - from) % q->size;
}

int nvme_queue_next(struct nvme_queue *q, struct nvme_completion *c)
{
	const struct nvme_completion *at = &q->cq[q->head];
	l4_uint16_t status = __atomic_load_n(&at->status, __ATOMIC_ACQUIRE);

	if ((status & NVME_STATUS_PHASE) != q->phase)
		return 0;
	*c = (struct nvme_completion){
		.result = __atomic_load_n(&at->result, __ATOMIC_RELAXED), .status = status,
		.sq_head = __atomic_load_n(&at->sq_head, __ATOMIC_RELAXED),
		.sq_id = __atomic_load_n(&at->sq_id, __ATOMIC_RELAXED), .id = __atomic_load_n(&at->id, __ATOMIC_RELAXED),
	};
	if (c->sq_id != q->id || c->sq_head >= q->size ||
	    distance(q, q->fetched, c->sq_head) > distance(q, q->fetched, q->tail))
		return -L4_EIO;
	q->fetched = c->sq_head;
	q->head = (q->head + 1) % q->size;
	if (!q->head)
		q->phase ^= NVME_STATUS_PHASE;
	return 1;
}
