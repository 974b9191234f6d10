/* SPDX-License-Identifier: MIT */
/* Which functions a remapping unit is responsible for, and what else is said of them, as firmware's table says. No I/O in here. */
#ifndef PCI_SCOPE_H
#define PCI_SCOPE_H

#include "acpi.h"
#include "bus.h"

/** Is one of the units responsible for f? Those that name functions and bridges, or the one for all others. */
int scope_covers(const struct acpi_facts *facts, const struct pci_bus *bus, const struct pci_function *f);
/** Firmware's memory that f is to reach whatever its driver maps; null: there is none. */
const struct acpi_rmrr *scope_reserved(const struct acpi_facts *facts, const struct pci_bus *bus, const struct pci_function *f);
/** By what number the requests of the I/O APIC come that has this line. False: the tables do not say. */
int scope_line(const struct acpi_facts *facts, const struct pci_bus *bus, unsigned line, pci_address_t *source);

#endif
