/* SPDX-License-Identifier: MIT */
/* NVM Express over PCI: base specification 1.4 (sections 3 to 6), the parts that are used. Everything is little-endian. */
#ifndef NVME_REGS_H
#define NVME_REGS_H

#include <l4/sys/types.h>

/* PCI class code: mass storage, non-volatile memory, NVM Express. */
#define NVME_PCI_CLASS 0x010802

/* Registers (3.1). */
enum { NVME_CAP = 0x00, NVME_CC = 0x14, NVME_CSTS = 0x1c, NVME_AQA = 0x24, NVME_ASQ = 0x28, NVME_ACQ = 0x30,
	NVME_DOORBELLS = 0x1000 };

#define NVME_CAP_MQES(cap) ((unsigned)((cap) & 0xffff) + 1)
#define NVME_CAP_TIMEOUT_MS(cap) ((unsigned)((cap) >> 24 & 0xff) * 500)
#define NVME_CAP_STRIDE(cap) (4U << ((cap) >> 32 & 0xf))
#define NVME_CAP_NVM (1UL << 37)
#define NVME_CAP_MPSMIN(cap) ((unsigned)((cap) >> 48 & 0xf))

#define NVME_CC_ENABLE 1U
/* Pages of 4 KiB, NVM command set, round robin, entries of 64 and 16 bytes. */
#define NVME_CC_SETTINGS (6U << 16 | 4U << 20)

#define NVME_CSTS_READY 1U
#define NVME_CSTS_FATAL 2U

#define NVME_PAGE 4096U

/* Submission queue entry (4.2). */
struct nvme_command {
	l4_uint8_t opcode, flags;
	l4_uint16_t id;
	l4_uint32_t nsid;
	l4_uint32_t dw2, dw3;
	l4_uint64_t metadata;
	l4_uint64_t prp1, prp2;
	l4_uint32_t dw10, dw11, dw12, dw13, dw14, dw15;
};
_Static_assert(sizeof(struct nvme_command) == 64, "command");

/* Completion queue entry (4.6). */
struct nvme_completion {
	l4_uint32_t result, reserved;
	l4_uint16_t sq_head, sq_id;
	l4_uint16_t id;
	l4_uint16_t status; /* bit 0: phase */
};
_Static_assert(sizeof(struct nvme_completion) == 16, "completion");

#define NVME_STATUS_PHASE 1U

enum nvme_admin { NVME_CREATE_SQ = 0x01, NVME_CREATE_CQ = 0x05, NVME_IDENTIFY = 0x06, NVME_SET_FEATURES = 0x09 };
enum nvme_io { NVME_FLUSH = 0x00, NVME_WRITE = 0x01, NVME_READ = 0x02, NVME_WRITE_ZEROES = 0x08, NVME_DATASET = 0x09 };

/* Identify (5.15): what is asked for, and where in the answer it is. */
enum { NVME_CNS_NAMESPACE = 0, NVME_CNS_CONTROLLER = 1 };
enum { NVME_ID_MDTS = 77, NVME_ID_SQES = 512, NVME_ID_CQES = 513, NVME_ID_ONCS = 520, NVME_ID_VWC = 525 };
enum { NVME_NS_SIZE = 0, NVME_NS_FORMATS = 25, NVME_NS_FORMAT = 26, NVME_NS_TABLE = 128 };
#define NVME_ONCS_DATASET (1U << 2)
#define NVME_ONCS_WRITE_ZEROES (1U << 3)

#define NVME_FEATURE_QUEUES 0x07
#define NVME_QUEUE_CONTIGUOUS 1U
#define NVME_QUEUE_INTERRUPT 2U

#define NVME_DATASET_DEALLOCATE 4U
#define NVME_ZEROES_DEALLOCATE (1U << 25)

/* Range of a dataset management command (6.7). */
struct nvme_range {
	l4_uint32_t attributes, blocks;
	l4_uint64_t first;
};

#endif
