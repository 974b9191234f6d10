/* SPDX-License-Identifier: MIT */
/* The disk server's device for the first namespace of an NVMe controller. */
#include "controller.h"
#include "../disk/server.h"
#include "../../l4re/lib/fmt.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/alive.h>
#include <l4/re/c/pci.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/irq.h>

/* Registers and the doorbells of two queue pairs; behind them may be the interrupt table, which is the manager's. */
#define REGS_BYTES 0x2000U

static struct nvme controller;
static struct nvme_disk disk;
static struct nvme_memory *memory;
static l4_uint64_t memory_dma;
static struct device_location location;
static const struct block_request *first_request;
static struct nvme_facts facts;
static int line; /* the interrupt is a line: each one masks it */

static void pause(void)
{
	l4re_alive();
	l4_ipc_sleep_us(NVME_PAUSE_US);
}

static int map_registers(void)
{
	l4_cap_idx_t ds = l4re_util_cap_alloc();
	void *at = 0;

	if (l4_is_invalid_cap(ds) || l4re_pci_bar_map(location.pci, location.fn, 0, 0, REGS_BYTES, ds) < 0 ||
	    l4re_rm_attach(&at, REGS_BYTES, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) < 0)
		return -L4_EIO;
	controller = (struct nvme){ .regs = at, .regs_bytes = REGS_BYTES, .pause = pause };
	return 0;
}

static int open_function(const char *name)
{
	l4re_pci_info_t info;
	long fn, err;

	location.pci = l4re_env_get_cap("pci");
	fn = l4_is_valid_cap(location.pci) ? l4re_pci_find(location.pci, name) : -L4_ENOENT;
	if (fn < 0)
		return fn;
	location.fn = fn;
	err = l4re_pci_open(location.pci, fn);
	if (err >= 0)
		err = l4re_pci_info(location.pci, fn, &info);
	if (err < 0)
		return err;
	if (info.class_rev >> 8 != NVME_PCI_CLASS)
		return -L4_ENODEV;
	line = info.irq_kind == L4RE_PCI_IRQ_INTX;
	location.irq = l4re_util_cap_alloc();
	if (l4_is_invalid_cap(location.irq))
		return -L4_ENOMEM;
	err = l4re_pci_irq(location.pci, fn, 0, location.irq);
	return err < 0 ? (int)err : map_registers();
}

/* From anything to work; what the device is goes to *f. */
static int run(struct nvme_facts *f)
{
	int err = nvme_reset(&controller);

	if (!err) {
		memset(memory, 0, sizeof(*memory));
		err = nvme_start(&controller, memory, memory_dma, f);
	}
	if (err)
		return err;
	nvme_disk_init(&disk, memory, memory_dma, f, first_request);
	return 0;
}

int device_open(const char *name, const struct block_request *requests, struct block_geometry *g, struct device_location *at)
{
	int err = open_function(name);

	if (err)
		return err;
	first_request = requests;
	*at = location;
	memory = device_memory(at, sizeof(*memory), &memory_dma);
	if (!memory)
		return -L4_ENOMEM;
	err = run(&facts);
	if (!err)
		nvme_geometry(&facts, g);
	return err;
}

int device_reset(void)
{
	struct nvme_facts now;

	if (run(&now) || memcmp(&now, &facts, sizeof(now)))
		return -L4_EIO;
	device_ack();
	return 0;
}

void device_submit(struct block_request *r)
{
	nvme_disk_submit(&disk, r);
}

void device_kick(void)
{
	nvme_ring(&controller, &disk.queue);
}

void device_ack(void)
{
	if (line)
		l4_irq_unmask(location.irq);
}

int device_next(struct block_request **r, enum virtio_blk_status *status)
{
	int got = nvme_disk_next(&disk, r, status);

	/* The line is up until the device knows that its completions have been seen. */
	if (!got)
		device_kick();
	return got;
}

void *device_buffer(l4_uint64_t *dma)
{
	*dma = memory_dma + __builtin_offsetof(struct nvme_memory, buffer);
	return memory->buffer;
}
