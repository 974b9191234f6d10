/* SPDX-License-Identifier: MIT */
/*
 * DMA spaces of the functions: what their holders mapped (interface: l4/re/c/dma_space.h).
 *
 * A mapping pins the dataspace, so that its memory is nobody else's while the function may reach it, whatever becomes
 * of the holder. A space exists while its function is open. With an IOMMU the function reaches a mapping at an address that
 * is chosen here; without one it sees physical addresses.
 */
#ifndef PCI_DMA_H
#define PCI_DMA_H

#include "acpi.h"
#include "bus.h"
#include "grant.h"

/** What a function may have mapped at a time at most, and all together. */
#define DMA_MAPPINGS 64
#define DMA_MAPPINGS_ALL 512

/** One request to map: the fields of L4RE_DMA_SPACE_MAP_OP. */
struct dma_request {
	l4_umword_t number, offset, bytes, direction;
};

/**
 * Before any other; no function does DMA, and nothing of what one did before is under way any more when this returns. Null: there is an
 * IOMMU; else why not. *stuck: units may still have the tables of somebody before.
 */
const char *dma_init(const struct pci_bus *bus, const struct acpi_facts *facts, const struct pci_share *share, int *stuck);
/** Does f reach only what is mapped? */
int dma_is_remapped(const struct pci_function *f);
/** f gets its space: nothing is mapped. Before its bus mastering is switched on. */
int dma_open(const struct pci_function *f);
/** The gate of f's space, whose messages have this label; it is deleted by dma_close(). */
int dma_gate(const struct pci_function *f, l4_umword_t label, l4_cap_idx_t *gate);
/** Map; on success r->bytes is how much, from *address on. ds: what the holder says is the dataspace. */
long dma_map(const struct pci_function *f, struct dma_request *r, l4_cap_idx_t ds, l4_uint64_t *address);
long dma_unmap(const struct pci_function *f, l4_uint64_t address, l4_uint64_t bytes);
/** Nothing is mapped any more. f does no DMA: bus mastering is off. -L4_EIO: its memory may still be reached, and stays pinned. */
int dma_close(const struct pci_function *f);

#endif
