/* SPDX-License-Identifier: MIT */
/* Where interrupt pins end. No I/O in here. */
#ifndef PCI_ROUTE_H
#define PCI_ROUTE_H

#include "acpi.h"
#include "bus.h"

/**
 * The I/O APIC line that f's pin raises, and its mode (L4_IRQ_F_*). False: the tables do not say.
 *
 * What says it for sure is a program for an interpreter (_PRT), which there is none of here. Firmware also writes into each function the line of the
 * old interrupt controllers that it has routed the pin to; that one is believed if the tables say which I/O APIC line is the same, and that it is
 * level-triggered, as only PCI's are.
 */
int route_pin(const struct acpi_facts *facts, const struct pci_function *f, unsigned *line, unsigned *mode);

#endif
