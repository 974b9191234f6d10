/* SPDX-License-Identifier: MIT */
/*
 * What a client holds of a function: mappings of its BARs, interrupts, the right to do DMA.
 *
 * A function is open or closed. While it is closed it decodes nothing, does no DMA, and has been reset
 * since somebody had it. All that was handed out is an object of the manager's: deleting it takes
 * it from whoever has it.
 */
#ifndef PCI_DEVICE_H
#define PCI_DEVICE_H

#include "acpi.h"
#include "bus.h"
#include "grant.h"

#include <l4/sys/icu.h>

/** How many messages the kernel gives, and how many interrupts and BAR mappings a function may have at a time at most. */
#define DEVICE_MESSAGES 64U
#define DEVICE_IRQS 8
#define DEVICE_MAPS 12

/** Before any other. */
void device_init(const struct pci_bus *bus, const struct acpi_facts *facts, const struct pci_share *share, l4_cap_idx_t icu);
int device_is_open(const struct pci_function *f);
/** Reset and enable. -L4_EIO, -L4_ENOMEM; -L4_EPERM: there is an IOMMU, but it could not hold f to its DMA space. */
int device_open(struct pci_function *f);
/**
 * Switch bus mastering on. Not before its holder could reset it: a power state resets less than it promises in some devices, and one
 * that still has its last holder's rings would go on with them. -L4_EPERM: it was stopped.
 */
int device_master(struct pci_function *f);
/** What its holder may write of its configuration space: as pci_write_mask(), and no bus mastering when it was stopped. */
l4_uint32_t device_write_mask(const struct pci_function *f, unsigned offset, unsigned bytes);
/** Take its bus mastering, and with it its messages, until it is opened again. */
void device_stop(const struct pci_function *f);
/** Stop, take everything back, reset. -L4_EIO: an IOMMU does not say that it stopped. */
int device_close(struct pci_function *f);
/** Bind irq to a message of its own, for a device of the manager's. */
int device_message(l4_cap_idx_t irq, l4_icu_msi_info_t *msi);
/** Kind (l4re_pci_irq_kind) and number of the interrupts. */
unsigned device_irq_kind(const struct pci_function *f);
unsigned device_irq_count(const struct pci_function *f);
/** The interrupt object. -L4_ENODEV: f has no interrupt that is known to arrive; -L4_ERANGE, -L4_ENOMEM; -L4_EPERM: its line is taken. */
int device_irq(struct pci_function *f, unsigned n, l4_cap_idx_t *irq);
/** The dataspace of a part of a memory BAR. */
int device_map(struct pci_function *f, unsigned bar, l4_uint64_t offset, l4_uint64_t bytes, l4_cap_idx_t *ds);
/** Note that the client has these ports; first port. */
int device_ports(struct pci_function *f, unsigned bar, l4_uint64_t offset, l4_uint64_t bytes, unsigned *first);

#endif
