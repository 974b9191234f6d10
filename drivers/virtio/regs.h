/* SPDX-License-Identifier: MIT */
/* Virtio over PCI: OASIS virtio 1.2, section 4.1. */
#ifndef VIRTIO_REGS_H
#define VIRTIO_REGS_H

#include <l4/sys/types.h>

/* Configuration space (PCI local bus specification 3.0, section 6). */
#define PCI_STATUS 0x06
#define PCI_STATUS_CAPABILITIES 0x10
#define PCI_CAPABILITIES 0x34
#define PCI_CAP_VENDOR 0x09

#define VIRTIO_PCI_VENDOR 0x1af4
#define VIRTIO_PCI_DEVICE(type) (0x1040 + (type))
/* The types up to 8 (4.1.2.1): the network device's is the first. */
#define VIRTIO_PCI_TRANSITIONAL(type) (0x1000 + (type) - 1)

/* Vendor capability (4.1.4): offsets into it. */
enum virtio_pci_cap { VIRTIO_CAP_LEN = 2, VIRTIO_CAP_TYPE = 3, VIRTIO_CAP_BAR = 4, VIRTIO_CAP_OFFSET = 8,
		      VIRTIO_CAP_LENGTH = 12, VIRTIO_CAP_MULTIPLIER = 16 };
enum virtio_pci_cap_type { VIRTIO_PCI_COMMON = 1, VIRTIO_PCI_NOTIFY = 2, VIRTIO_PCI_ISR = 3, VIRTIO_PCI_DEVICE_CFG = 4 };

/* Common configuration (4.1.4.3). */
struct virtio_pci_common {
	l4_uint32_t device_feature_select, device_feature;
	l4_uint32_t driver_feature_select, driver_feature;
	l4_uint16_t config_msix_vector, num_queues;
	l4_uint8_t device_status, config_generation;
	l4_uint16_t queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_off;
	l4_uint32_t queue_desc[2], queue_driver[2], queue_device[2]; /* low, high */
};
_Static_assert(sizeof(struct virtio_pci_common) == 56, "common configuration");

#define VIRTIO_MSI_NO_VECTOR 0xffff

#endif
