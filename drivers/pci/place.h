/* SPDX-License-Identifier: MIT */
/* Base address registers: sizes, and places for those that have none. */
#ifndef PCI_PLACE_H
#define PCI_PLACE_H

#include "bus.h"

/** Read addresses and sizes of a function's BARs; decoding is off meanwhile and stays off. */
void pci_bars_size(const struct pci_bus *bus, struct pci_function *f);
/** Give an address to each BAR that has none or one that another BAR has, within the windows of the way to it. */
void pci_bars_place(struct pci_bus *bus);

#endif
