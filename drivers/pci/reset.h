/* SPDX-License-Identifier: MIT */
/* Bringing a function back to the state it has after power-on, whatever its last owner did to it. */
#ifndef PCI_RESET_H
#define PCI_RESET_H

#include "bus.h"

/** Wait until what it began before bus mastering was switched off has arrived. */
void reset_drain(const struct pci_bus *bus, const struct pci_function *f);
/**
 * Reset by function-level reset, the virtio device's own, or power state D3, whichever the function has. Decoding
 * is switched on for it where it is needed. 0; 1: it has none of them, and only does nothing any more
 * because it may not; -L4_EIO: it does not answer.
 */
int reset_function(const struct pci_bus *bus, const struct pci_function *f);
/** What reset_function() does with it, as part of a line. */
const char *reset_kind(const struct pci_bus *bus, const struct pci_function *f);
/**
 * Do its transfers go by physical address whatever an IOMMU says? So do those of virtio devices without the feature
 * ACCESS_PLATFORM. It has been reset and decodes memory.
 */
int reset_bypasses(const struct pci_bus *bus, const struct pci_function *f);
/** Power state D0. */
void reset_power_on(const struct pci_bus *bus, const struct pci_function *f);

#endif
