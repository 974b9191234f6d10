/* SPDX-License-Identifier: MIT */
/*
 * The functions of the machine: found, their BARs sized and placed, their capability lists read.
 *
 * No I/O in here: configuration space is reached through pci_config, so that all of it can be tested on the host.
 * What a device says is not believed: lists are followed a bounded number of steps and stay
 * inside the configuration space, buses only go down, BARs that do not fit anywhere are left out.
 */
#ifndef PCI_BUS_H
#define PCI_BUS_H

#include "regs.h"

#include <l4/sys/types.h>

#define PCI_FUNCTIONS_MAX 64
#define PCI_BARS 6
#define PCI_BRIDGES_MAX 16
#define PCI_RANGES_MAX (PCI_FUNCTIONS_MAX * PCI_BARS)

/** bus << 8 | device << 3 | function. */
typedef l4_uint16_t pci_address_t;

/** Access to configuration space; bytes 1, 2 or 4, aligned. Beyond the space: all ones, writes are lost. */
struct pci_config {
	l4_uint32_t (*read)(pci_address_t at, unsigned offset, unsigned bytes);
	void (*write)(pci_address_t at, unsigned offset, unsigned bytes, l4_uint32_t value);
	unsigned bytes; /* of a function: PCI_CONFIG_BYTES or PCI_CONFIG_EXT_BYTES */
	unsigned bus_first, bus_last;
};

static inline l4_uint64_t pci_page_down(l4_uint64_t at) { return at & ~4095UL; }
static inline l4_uint64_t pci_page_up(l4_uint64_t at) { return pci_page_down(at + 4095); }

struct pci_bar {
	l4_uint64_t address, bytes; /* 0 bytes: there is none, or it has no place */
	unsigned flags;             /* L4RE_PCI_BAR_* */
};

/** Where capabilities are in configuration space, 0: there is none. */
struct pci_capabilities {
	unsigned pm, msi, msix, express, af;
	unsigned virtio_common; /* virtio: where the common configuration is described */
};

struct pci_function {
	pci_address_t address;
	l4_uint16_t vendor, device;
	l4_uint32_t class_rev, subsystem;
	unsigned irq_pin, irq_line;
	unsigned parent; /* bridge index + 1; 0: on the first bus */
	struct pci_bar bars[PCI_BARS];
	struct pci_capabilities caps;
	/* MSI-X: entries (0: not usable), and where table and pending bits are. */
	unsigned msix_entries, msix_bar, msix_pba_bar;
	l4_uint32_t msix_offset, msix_pba_offset;
};

struct pci_range {
	l4_uint64_t first, last;
};

struct pci_bridge {
	pci_address_t address;
	unsigned parent; /* as in pci_function */
	unsigned secondary; /* the bus behind it */
	int shared;         /* that is no PCI Express: requests from there all have one number, the bridge's */
	struct pci_range memory, io; /* windows; last < first: none */
};

struct pci_bus {
	const struct pci_config *config;
	unsigned function_count, bridge_count;
	struct pci_function functions[PCI_FUNCTIONS_MAX];
	struct pci_bridge bridges[PCI_BRIDGES_MAX];
	/* Addresses for BARs that firmware left without a place. */
	struct pci_range memory, io;
	unsigned left_out; /* functions or bridges beyond the tables */
};

/** Find and describe all functions; their DMA is switched off. Set config, memory and io first. */
void pci_bus_scan(struct pci_bus *bus);
/** Do f's requests reach the host under a number that is not its own? */
int pci_shares_number(const struct pci_bus *bus, const struct pci_function *f);
/** Write the BARs as bus->functions has them. */
void pci_bars_write(const struct pci_bus *bus, const struct pci_function *f);
/** Does [offset, offset + bytes) of a BAR share a page with the function's MSI-X table or pending bits? */
int pci_msix_overlaps(const struct pci_function *f, unsigned bar, l4_uint64_t offset, l4_uint64_t bytes);
/**
 * May a client write this to its function? The bits that it may change; the others keep their
 * values. 0: nothing.
 */
l4_uint32_t pci_write_mask(unsigned offset, unsigned bytes);

#endif
