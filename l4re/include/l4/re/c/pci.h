/* SPDX-License-Identifier: MIT */
/*
 * Skerry: sessions of the PCI manager, through the capability "pci".
 *
 * A session reaches the functions that the system description grants its
 * client (`pci = [...]`), numbered from 0 in that order, and no other. A function
 * is closed at first: opening it resets it and switches on its memory and port
 * decoding; DMA begins with its DMA space. BARs, interrupts and its DMA space are to be had while it is
 * open. Closing takes them all away again and resets the function; init
 * closes what a component leaves open when it ends, before its memory is used again.
 *
 * All operations: label L4RE_PROTO_PCI, mr[0] = operation, mr[1] = function; reply label 0 or a
 * negative error: -L4_ENOENT no such function in this session; -L4_ENODEV the description grants it, but
 * this machine does not have it; -L4_EBUSY not open; -L4_EINVAL; -L4_EMSGTOOSHORT; -L4_ENOSYS.
 */
#ifndef L4_RE_C_PCI_H
#define L4_RE_C_PCI_H

#include <l4/sys/types.h>

enum l4re_pci_ops {
	/** mr[1..4] = name (32 bytes, 0-terminated): result mr[0] = number of the function. -L4_ENOENT. */
	L4RE_PCI_FIND_OP = 0,
	/** Result mr[0..7] = the fields of l4re_pci_info_t in their order. */
	L4RE_PCI_INFO_OP = 1,
	/**
	 * Reset it, enable decoding. An open function is closed first. -L4_EIO: it does not come out of
	 * reset, or an IOMMU does not answer; -L4_EPERM: there is an IOMMU, but it could not tell this function
	 * from others, or the device passes by it; -L4_ENOMEM.
	 */
	L4RE_PCI_OPEN_OP = 2,
	/**
	 * Bus mastering and decoding off, interrupts and mappings revoked, reset. Closed already: nothing to do. -L4_EIO: an
	 * IOMMU does not say that the function no longer reaches what it reached.
	 */
	L4RE_PCI_CLOSE_OP = 3,
	/** mr[2] = BAR 0..5: result mr[0] = bytes (0: none), mr[1] = L4RE_PCI_BAR_*, mr[2] = bus address or first port. */
	L4RE_PCI_BAR_INFO_OP = 4,
	/**
	 * mr[2] = BAR, mr[3] = offset, mr[4] = bytes. Memory: whole pages; item: a dataspace of them, uncached. Ports:
	 * items that map them (receive window for I/O needed), result mr[0] = first port.
	 * -L4_ERANGE outside the BAR, -L4_EPERM pages with the MSI-X table or its pending bits, -L4_ENOMEM.
	 */
	L4RE_PCI_BAR_MAP_OP = 5,
	/** mr[2] = offset, mr[3] = bytes (1, 2 or 4, aligned): result mr[0]. -L4_ERANGE. */
	L4RE_PCI_CONFIG_READ_OP = 6,
	/**
	 * mr[2] = offset, mr[3] = bytes, mr[4] = value. Only what cannot reach beyond the function: cache line size, latency
	 * timer, error bits of status, and in the command register bus mastering, SERR, parity. -L4_EPERM: all others.
	 */
	L4RE_PCI_CONFIG_WRITE_OP = 7,
	/**
	 * mr[2] = interrupt, below `irqs`. Item: an IRQ object (rights RWS) that it triggers: MSI-X
	 * entry, MSI, or the INTx line (level: unmask after service). The same each time. -L4_ERANGE, -L4_ENOMEM; -L4_EPERM:
	 * somebody else has the line, lines are not shared; -L4_EINVAL: the line that firmware names does not exist; -L4_ENODEV: the function has no
	 * interrupt, or a pin of which nobody says where it ends: ACPI's _PRT is not read, and firmware's tables do not name the line of the
	 * function's interrupt line register as a level-triggered one. -L4_EIO: the remapping units do not answer. Functions with MSI or MSI-X never use
	 * a line.
	 */
	L4RE_PCI_IRQ_OP = 8,
	/**
	 * Item: the function's DMA space (l4/re/c/dma_space.h), until the function is closed. The same each time. Enables bus
	 * mastering, which MSI and MSI-X need as well: reset the device by its registers before. -L4_ENOMEM; -L4_EPERM: the device went on
	 * raising interrupts that are not its own, and does nothing any more before it is closed and opened again.
	 */
	L4RE_PCI_DMA_SPACE_OP = 9,
};

enum l4re_pci_bar_flags {
	L4RE_PCI_BAR_IO = 1,
	L4RE_PCI_BAR_64 = 2,
	L4RE_PCI_BAR_PREFETCH = 4,
};

/** Kind of interrupts of a function. */
enum l4re_pci_irq_kind { L4RE_PCI_IRQ_NONE = 0, L4RE_PCI_IRQ_INTX = 1, L4RE_PCI_IRQ_MSI = 2, L4RE_PCI_IRQ_MSIX = 3 };

typedef struct l4re_pci_info_t {
	l4_umword_t address;    /**< bus << 8 | device << 3 | function */
	l4_umword_t vendor, device;
	l4_umword_t subsystem;  /**< subsystem vendor | subsystem << 16 */
	l4_umword_t class_rev;  /**< class << 24 | subclass << 16 | interface << 8 | revision */
	l4_umword_t irq_kind;   /**< l4re_pci_irq_kind */
	l4_umword_t irqs;       /**< how many interrupts there are */
	l4_umword_t open;
} l4re_pci_info_t;

/** Number of the granted function of that name, or an error. */
long l4re_pci_find(l4_cap_idx_t pci, const char *name);
/** Facts about a function. */
long l4re_pci_info(l4_cap_idx_t pci, unsigned fn, l4re_pci_info_t *info);
long l4re_pci_open(l4_cap_idx_t pci, unsigned fn);
long l4re_pci_close(l4_cap_idx_t pci, unsigned fn);
/** *bytes, *flags (l4re_pci_bar_flags) and *address of a BAR; null pointers are skipped. */
long l4re_pci_bar_info(l4_cap_idx_t pci, unsigned fn, unsigned bar, l4_umword_t *bytes, l4_umword_t *flags,
		       l4_umword_t *address);
/** Dataspace of a part of a memory BAR into the empty slot ds; attach it with l4re_rm_attach(). */
long l4re_pci_bar_map(l4_cap_idx_t pci, unsigned fn, unsigned bar, l4_umword_t offset, l4_umword_t bytes, l4_cap_idx_t ds);
/** Map a part of a port BAR into the own task; *port = first port. */
long l4re_pci_bar_ports(l4_cap_idx_t pci, unsigned fn, unsigned bar, l4_umword_t offset, l4_umword_t bytes, unsigned *port);
/** Register of the configuration space; bytes 1, 2, 4. The value, or an error. */
long l4re_pci_config_read(l4_cap_idx_t pci, unsigned fn, unsigned offset, unsigned bytes);
long l4re_pci_config_write(l4_cap_idx_t pci, unsigned fn, unsigned offset, unsigned bytes, l4_uint32_t value);
/** The function's interrupt number n into the empty slot irq; bind it with l4_rcv_ep_bind_thread(), then unmask it. */
long l4re_pci_irq(l4_cap_idx_t pci, unsigned fn, unsigned n, l4_cap_idx_t irq);
/** The function's DMA space into the empty slot dma: what is mapped there is what it reaches. */
long l4re_pci_dma_space(l4_cap_idx_t pci, unsigned fn, l4_cap_idx_t dma);

#endif
