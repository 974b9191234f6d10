/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU, if the machine has one that can be used: units, their tables, and what functions did wrong.
 *
 * A function reaches nothing until it is attached, and nothing again once it is detached. Tables are memory of the
 * manager's that is pinned: it outlives the manager, and units translate by it until its successor gives them other tables.
 */
#ifndef PCI_IOMMU_H
#define PCI_IOMMU_H

#include "acpi.h"
#include "bus.h"

/** How many faults of a function are reported while it is attached; and of all whom nobody knows, after which no more of anybody are. */
#define IOMMU_FAULTS 16

/**
 * Before any other; no function does DMA. Null: every function that a unit covers is blocked now. Else why there is no protection. share: pages of tables
 * that a function gets at most.
 * *stuck: units may still translate by the tables of somebody before.
 */
const char *iommu_start(const struct pci_bus *bus, const struct acpi_facts *facts, unsigned share, int *stuck);
/** Are units on? */
int iommu_is_on(void);
/** Do f's requests go through a unit that is on? Else it sees physical addresses, and what follows is not for it. */
int iommu_covers(const struct pci_function *f);
/** Is there memory of firmware's that f would have to reach by its physical address, whatever is mapped? */
int iommu_has_reserved(const struct pci_function *f);
/** f reaches what is mapped from now on: nothing yet. -L4_ENOMEM; -L4_EIO. */
int iommu_attach(const struct pci_function *f);
/** f reaches nothing. -L4_EIO: it may still reach what was mapped. */
int iommu_detach(const struct pci_function *f);
/** Map for f, which is attached; as remap_map(). */
int iommu_map(const struct pci_function *f, l4_uint64_t address, l4_uint64_t pa, l4_uint64_t bytes, int read, int write);
/** Clear what is mapped there. -L4_EIO: f may still reach it. */
int iommu_unmap(const struct pci_function *f, l4_uint64_t address, l4_uint64_t bytes);
/** Changes so far are known to all units. -L4_EIO. */
int iommu_flush(const struct pci_function *f);
/** The message that units send for faults. */
void iommu_fault_event(l4_uint64_t msi_address, l4_uint32_t msi_data);
/**
 * Report faults: one line each, with what name() says of the function; stop() is for one that goes on raising interrupts that are
 * not its own, which no table can keep from being reported. Nonzero: there may be more faults, of which no message tells before they have
 * been looked at.
 */
int iommu_faults(void (*name)(const struct pci_function *f), void (*stop)(const struct pci_function *f));

#endif
