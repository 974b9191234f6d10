/* SPDX-License-Identifier: MIT */
/*
 * An NVMe controller: registers and administration. Every wait has an end, and time passes in `pause` alone, so that a test can be
 * the device.
 */
#ifndef NVME_CONTROLLER_H
#define NVME_CONTROLLER_H

#include "disk.h"

/* What one pause takes, at least. */
#define NVME_PAUSE_US 100

struct nvme {
	volatile l4_uint8_t *regs;
	l4_uint32_t regs_bytes;    /* of them that are mapped: the doorbells of two queue pairs are needed */
	void (*pause)(void);
	l4_uint64_t cap;
	struct nvme_queue admin;
	l4_uint16_t next_id;
};

/**
 * Reset the controller. Afterwards it transfers nothing. -L4_EIO: it does not obey in the time that it asks for itself, or is not there;
 * -L4_ENODEV: not one that can be used.
 */
int nvme_reset(struct nvme *n);
/**
 * After a reset: run it with the queues in *memory, which the device has at dma, and ask what it is. memory is zeroed. -L4_EIO: no answer, or
 * a wrong one; -L4_ENODEV: nothing that can be served.
 */
int nvme_start(struct nvme *n, struct nvme_memory *memory, l4_uint64_t dma, struct nvme_facts *facts);
/** Write those doorbells of a queue pair that have changed: the same value twice is an error. */
void nvme_ring(const struct nvme *n, struct nvme_queue *q);

#endif
