/* SPDX-License-Identifier: MIT */
/*
 * Registers of the PCI configuration space.
 * Names and offsets: PCI Local Bus Specification 3.0, chapter 6; PCI Express Base Specification 4.0, chapter 7;
 * PCI Power Management 1.2, chapter 3; Virtual I/O Device (VIRTIO) 1.2, section 4.1.4.
 */
#ifndef PCI_REGS_H
#define PCI_REGS_H

enum pci_register {
	PCI_VENDOR = 0x00,
	PCI_DEVICE = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION = 0x08, /* with class code above it */
	PCI_CACHE_LINE = 0x0c,
	PCI_LATENCY = 0x0d,
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_SECONDARY_BUS = 0x19, /* bridges from here ... */
	PCI_SUBORDINATE_BUS = 0x1a,
	PCI_IO_BASE = 0x1c,
	PCI_IO_LIMIT = 0x1d,
	PCI_MEMORY_BASE = 0x20,
	PCI_MEMORY_LIMIT = 0x22, /* ... to here */
	PCI_SUBSYSTEM = 0x2c,
	PCI_CAPABILITIES = 0x34,
	PCI_INTERRUPT_LINE = 0x3c,
	PCI_INTERRUPT_PIN = 0x3d,
};
#define PCI_CONFIG_BYTES 256U
#define PCI_CONFIG_EXT_BYTES 4096U
#define PCI_VENDOR_NONE 0xffff

#define PCI_COMMAND_IO 0x0001
#define PCI_COMMAND_MEMORY 0x0002
#define PCI_COMMAND_MASTER 0x0004
#define PCI_COMMAND_PARITY 0x0040
#define PCI_COMMAND_SERR 0x0100
#define PCI_COMMAND_INTX_OFF 0x0400
#define PCI_STATUS_CAPABILITIES 0x0010
#define PCI_STATUS_ERRORS 0xf900 /* written ones clear them */

#define PCI_HEADER_MULTI 0x80
#define PCI_HEADER_MASK 0x7f
#define PCI_HEADER_BRIDGE 1

#define PCI_CLASS_BRIDGE 0x06

#define PCI_BAR_IO 0x1
#define PCI_BAR_TYPE_MASK 0x6
#define PCI_BAR_TYPE_64 0x4
#define PCI_BAR_PREFETCH 0x8
#define PCI_BAR_IO_MASK 0xfffffffcU
#define PCI_BAR_MEMORY_MASK 0xfffffff0U

enum pci_capability_id {
	PCI_CAP_PM = 0x01,
	PCI_CAP_MSI = 0x05,
	PCI_CAP_VENDOR = 0x09,
	PCI_CAP_EXPRESS = 0x10,
	PCI_CAP_MSIX = 0x11,
	PCI_CAP_AF = 0x13,
};

#define PCI_PM_CONTROL 4
#define PCI_PM_STATE_MASK 0x0003
#define PCI_PM_D3HOT 0x0003
#define PCI_PM_NO_SOFT_RESET 0x0008

#define PCI_MSI_CONTROL 2
#define PCI_MSI_ENABLE 0x0001
#define PCI_MSI_MULTIPLE 0x0070 /* how many messages are enabled */
#define PCI_MSI_64 0x0080
#define PCI_MSI_ADDRESS 4
#define PCI_MSI_DATA_32 8
#define PCI_MSI_DATA_64 12

#define PCI_MSIX_CONTROL 2
#define PCI_MSIX_SIZE_MASK 0x07ff
#define PCI_MSIX_ENABLE 0x8000
#define PCI_MSIX_MASK_ALL 0x4000
#define PCI_MSIX_TABLE 4
#define PCI_MSIX_PBA 8
#define PCI_MSIX_BIR_MASK 0x7
#define PCI_MSIX_ENTRY_BYTES 16U
#define PCI_MSIX_ENTRY_MASKED 1U

#define PCI_EXP_FLAGS 2
#define PCI_EXP_TYPE(flags) ((flags) >> 4 & 0xf)
#define PCI_EXP_TYPE_ROOT_PORT 4
#define PCI_EXP_TYPE_DOWNSTREAM 6 /* and 5: upstream port of a switch */
#define PCI_EXP_DEVICE_CAPS 4
#define PCI_EXP_FLR 0x10000000
#define PCI_EXP_DEVICE_CONTROL 8
#define PCI_EXP_START_FLR 0x8000
#define PCI_EXP_DEVICE_STATUS 10
#define PCI_EXP_PENDING 0x0020

#define PCI_AF_CAPS 3
#define PCI_AF_FLR 0x02
#define PCI_AF_CONTROL 4
#define PCI_AF_STATUS 5
#define PCI_AF_PENDING 0x01

#define VIRTIO_VENDOR 0x1af4
#define VIRTIO_DEVICE_FIRST 0x1000
#define VIRTIO_DEVICE_LAST 0x107f
#define VIRTIO_CAP_LENGTH 2
#define VIRTIO_CAP_TYPE 3
#define VIRTIO_CAP_BAR 4
#define VIRTIO_CAP_OFFSET 8
#define VIRTIO_CAP_BYTES 12
#define VIRTIO_CAP_COMMON 1
#define VIRTIO_COMMON_FEATURE_SELECT 0x00 /* in the common configuration */
#define VIRTIO_COMMON_FEATURE 0x04
#define VIRTIO_COMMON_STATUS 0x14
#define VIRTIO_ACCESS_PLATFORM_HIGH 0x2 /* bit 33 of the features */

#endif
