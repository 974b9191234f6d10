/* SPDX-License-Identifier: MIT */
/* Bringing a controller from reset to work (base specification 1.4, section 7.6.1). */
#include "controller.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

/* For an answer to an administrative command. */
#define ADMIN_MS 10000
#define NSID 1

static l4_uint32_t get(const struct nvme *n, unsigned at)
{
	return *(volatile l4_uint32_t *)(n->regs + at);
}

static void put(const struct nvme *n, unsigned at, l4_uint32_t value)
{
	*(volatile l4_uint32_t *)(n->regs + at) = value;
}

static void put64(const struct nvme *n, unsigned at, l4_uint64_t value)
{
	put(n, at, value);
	put(n, at + 4, value >> 32);
}

static unsigned doorbell(const struct nvme *n, unsigned queue, int completion)
{
	return NVME_DOORBELLS + (2 * queue + completion) * NVME_CAP_STRIDE(n->cap);
}

void nvme_ring(const struct nvme *n, struct nvme_queue *q)
{
	/* Commands are in memory, and completions have been read, before the device is told. */
	__atomic_thread_fence(__ATOMIC_ACQ_REL);
	if (q->rung_head != q->head)
		put(n, doorbell(n, q->id, 1), q->head);
	if (q->rung_tail != q->tail)
		put(n, doorbell(n, q->id, 0), q->tail);
	q->rung_head = q->head;
	q->rung_tail = q->tail;
}

static unsigned pauses(unsigned ms)
{
	return ms * (1000 / NVME_PAUSE_US);
}

/* A device that has gone reads as all ones. */
static int wait_ready(const struct nvme *n, l4_uint32_t ready)
{
	unsigned left = pauses(NVME_CAP_TIMEOUT_MS(n->cap) + 500);
	l4_uint32_t status;

	for (;; n->pause()) {
		status = get(n, NVME_CSTS);
		if (status == ~0U || (ready && (status & NVME_CSTS_FATAL)))
			return -L4_EIO;
		if ((status & NVME_CSTS_READY) == ready)
			return 0;
		if (!left--)
			return -L4_EIO;
	}
}

int nvme_reset(struct nvme *n)
{
	n->cap = get(n, NVME_CAP) | (l4_uint64_t)get(n, NVME_CAP + 4) << 32;
	if (n->cap == ~0UL)
		return -L4_EIO;
	if (!(n->cap & NVME_CAP_NVM) || NVME_CAP_MPSMIN(n->cap) || NVME_CAP_MQES(n->cap) < NVME_DEPTH ||
	    doorbell(n, 1, 1) + 4 > n->regs_bytes)
		return -L4_ENODEV;
	put(n, NVME_CC, get(n, NVME_CC) & ~NVME_CC_ENABLE);
	return wait_ready(n, 0);
}

/* One administrative command and its answer. */
static int admin(struct nvme *n, struct nvme_command *c, l4_uint32_t *result)
{
	unsigned left = pauses(ADMIN_MS);
	struct nvme_completion done;
	int got;

	c->id = n->next_id++;
	if (nvme_queue_add(&n->admin, c))
		return -L4_EIO;
	nvme_ring(n, &n->admin);
	while (!(got = nvme_queue_next(&n->admin, &done)) && left--)
		n->pause();
	if (got <= 0 || done.id != c->id || done.status & ~NVME_STATUS_PHASE)
		return -L4_EIO;
	nvme_ring(n, &n->admin);
	if (result)
		*result = done.result;
	return 0;
}

static int identify(struct nvme *n, l4_uint64_t to, unsigned what, unsigned nsid)
{
	struct nvme_command c = { .opcode = NVME_IDENTIFY, .nsid = nsid, .prp1 = to, .dw10 = what };

	return admin(n, &c, 0);
}

static int create(struct nvme *n, enum nvme_admin which, l4_uint64_t at, l4_uint32_t settings)
{
	struct nvme_command c = { .opcode = which, .prp1 = at, .dw10 = (NVME_DEPTH - 1) << 16 | 1, .dw11 = settings };

	return admin(n, &c, 0);
}

/* One pair of queues, whose completions are interrupt 0. */
static int create_queues(struct nvme *n, l4_uint64_t dma)
{
	struct nvme_command c = { .opcode = NVME_SET_FEATURES, .dw10 = NVME_FEATURE_QUEUES };
	int err = admin(n, &c, 0);

	if (!err)
		err = create(n, NVME_CREATE_CQ, dma + __builtin_offsetof(struct nvme_memory, cq),
			     NVME_QUEUE_CONTIGUOUS | NVME_QUEUE_INTERRUPT);
	return err ? err : create(n, NVME_CREATE_SQ, dma + __builtin_offsetof(struct nvme_memory, sq), 1 << 16 | NVME_QUEUE_CONTIGUOUS);
}

int nvme_start(struct nvme *n, struct nvme_memory *memory, l4_uint64_t dma, struct nvme_facts *facts)
{
	static l4_uint8_t controller[NVME_PAGE];
	l4_uint64_t answer = dma + __builtin_offsetof(struct nvme_memory, identify);
	int err;

	nvme_queue_init(&n->admin, 0, memory->admin_sq, memory->admin_cq, NVME_ADMIN_DEPTH);
	put(n, NVME_AQA, (NVME_ADMIN_DEPTH - 1) << 16 | (NVME_ADMIN_DEPTH - 1));
	put64(n, NVME_ASQ, dma + __builtin_offsetof(struct nvme_memory, admin_sq));
	put64(n, NVME_ACQ, dma + __builtin_offsetof(struct nvme_memory, admin_cq));
	put(n, NVME_CC, NVME_CC_SETTINGS | NVME_CC_ENABLE);
	err = wait_ready(n, NVME_CSTS_READY);
	if (!err)
		err = identify(n, answer, NVME_CNS_CONTROLLER, 0);
	memcpy(controller, memory->identify, sizeof(controller));
	if (!err)
		err = identify(n, answer, NVME_CNS_NAMESPACE, NSID);
	if (!err)
		err = nvme_identify(controller, memory->identify, facts);
	return err ? err : create_queues(n, dma);
}
