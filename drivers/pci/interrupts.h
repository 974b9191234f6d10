/* SPDX-License-Identifier: MIT */
/*
 * Interrupts by way of the remapping units: a function raises those that it was given and no others. Lines of I/O APICs go by the
 * table as well, which has an entry for each; a manager's successor makes the same again before the old table is gone.
 */
#ifndef PCI_INTERRUPTS_H
#define PCI_INTERRUPTS_H

#include "acpi.h"
#include "bus.h"

#include <l4/sys/icu.h>

/**
 * After dma_init(), and before anybody has an interrupt. Null: interrupts are remapped; else why they are not.
 * *stuck: units may still use the table of somebody before.
 */
const char *interrupts_start(const struct pci_bus *bus, const struct acpi_facts *facts, l4_cap_idx_t icu, int *stuck);
/** They are, but a unit does not say that it blocks requests in compatibility format. */
int interrupts_leak(void);
/** *msi raises message n: let only f raise it, and make *msi what f has to send. -L4_EIO: a unit does not answer. */
int interrupts_message(const struct pci_function *f, unsigned n, l4_icu_msi_info_t *msi);
/** Nobody raises message n. -L4_EIO: somebody still may. */
int interrupts_drop(unsigned n);

#endif
