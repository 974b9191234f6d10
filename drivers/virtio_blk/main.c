/* SPDX-License-Identifier: MIT */
/* The disk server's device for a virtio disk on PCI. */
#include "disk.h"
#include "../disk/server.h"
#include "../virtio/virtio_pci.h"
#include "../../l4re/lib/fmt.h"
#include "../../l4re/lib/string.h"

#include <l4/re/env.h>
#include <l4/sys/err.h>

static struct virtio_pci pci;
static struct disk disk;
static struct disk_memory *memory;
static l4_uint64_t memory_dma, features;
static const struct block_request *first_request;
static struct block_geometry geometry;

/* Reset and negotiate; what it says of itself goes to *g. */
static int reset(struct block_geometry *g)
{
	struct virtio_blk_config config;
	int err = virtio_pci_negotiate(&pci, DISK_FEATURES_WANT, DISK_FEATURES_MUST, &features);

	if (err)
		return err;
	virtio_pci_config(&pci, &config, sizeof(config));
	err = disk_geometry(&config, features, g);
	if (err)
		fmt_log("the device describes itself wrongly\n");
	return err;
}

/* From a reset to work. */
static int run(void)
{
	int err;

	memset(memory, 0, sizeof(*memory));
	disk_init(&disk, memory, memory_dma, features, first_request);
	err = virtio_pci_queue(&pci, 0, DISK_RING, memory_dma + __builtin_offsetof(struct disk_memory, desc),
			       memory_dma + __builtin_offsetof(struct disk_memory, avail),
			       memory_dma + __builtin_offsetof(struct disk_memory, used));
	if (err) {
		fmt_log("the device has no queue of %u\n", DISK_RING);
		return err;
	}
	virtio_pci_run(&pci);
	return 0;
}

int device_open(const char *name, const struct block_request *requests, struct block_geometry *g, struct device_location *at)
{
	l4_cap_idx_t manager = l4re_env_get_cap("pci");
	int err = l4_is_valid_cap(manager) ? virtio_pci_open(&pci, manager, name, VIRTIO_ID_BLOCK) : -L4_ENOENT;

	if (!err)
		err = reset(&geometry);
	if (err)
		return err;
	first_request = requests;
	*g = geometry;
	*at = (struct device_location){ .pci = manager, .fn = pci.fn, .irq = pci.irq };
	memory = device_memory(at, sizeof(*memory), &memory_dma);
	return memory ? run() : -L4_ENOMEM;
}

int device_reset(void)
{
	struct block_geometry g;

	if (reset(&g) || memcmp(&g, &geometry, sizeof(g)) || run())
		return -L4_EIO;
	virtio_pci_ack(&pci);
	return 0;
}

void device_submit(struct block_request *r)
{
	disk_submit(&disk, r);
}

void device_kick(void)
{
	if (disk_should_kick(&disk))
		virtio_pci_kick(&pci, 0);
}

void device_ack(void)
{
	virtio_pci_ack(&pci);
}

int device_next(struct block_request **r, enum virtio_blk_status *status)
{
	return disk_next(&disk, r, status);
}

void *device_buffer(l4_uint64_t *dma)
{
	*dma = memory_dma + __builtin_offsetof(struct disk_memory, buffer);
	return memory->buffer;
}
