/* SPDX-License-Identifier: MIT */
/*
 * A modern virtio device on PCI, through the PCI manager. Registers are the device's word and are checked where they
 * decide something; nothing waits for it without an end.
 */
#ifndef VIRTIO_PCI_H
#define VIRTIO_PCI_H

#include "regs.h"

#include <l4/sys/types.h>

#define VIRTIO_PCI_QUEUES_MAX 2

struct virtio_pci {
	l4_cap_idx_t pci;
	unsigned fn;
	volatile struct virtio_pci_common *common;
	volatile l4_uint8_t *isr, *config, *notify;
	l4_uint32_t config_bytes, notify_bytes, notify_multiplier;
	l4_uint32_t notify_at[VIRTIO_PCI_QUEUES_MAX]; /* of each queue, offset from notify */
	int msix;
	l4_cap_idx_t irq;
};

/** Open the granted function of that name and find its registers; it is of this virtio type. 0 or a negative error. */
int virtio_pci_open(struct virtio_pci *v, l4_cap_idx_t pci, const char *name, unsigned type);
/** Reset, then accept of the features offered those in `want`. -L4_ENODEV: one of `must` is missing; -L4_EIO: it does not reset. */
int virtio_pci_negotiate(struct virtio_pci *v, l4_uint64_t want, l4_uint64_t must, l4_uint64_t *features);
/**
 * Set up queue n (below VIRTIO_PCI_QUEUES_MAX) of this size at these device addresses, with interrupt 0.
 * -L4_ENODEV: the device does not take it.
 */
int virtio_pci_queue(struct virtio_pci *v, unsigned n, unsigned size, l4_uint64_t desc, l4_uint64_t avail, l4_uint64_t used);
/** Let it run. */
void virtio_pci_run(struct virtio_pci *v);
/** Tell it of new buffers in queue n. */
void virtio_pci_kick(struct virtio_pci *v, unsigned n);
/** Bytes of its configuration; what it does not have reads as 0. */
void virtio_pci_config(const struct virtio_pci *v, void *out, unsigned bytes);
/** After an interrupt, before looking at the ring: lets the next one come. */
void virtio_pci_ack(struct virtio_pci *v);

#endif
