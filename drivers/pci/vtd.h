/* SPDX-License-Identifier: MIT */
/*
 * DMA remapping units. All of the machine's are run alike, with one set of tables (remap.h): a function's
 * requests only ever reach its own, and with one table of interrupts (irt.h).
 *
 * Nothing waits for a unit without an end: one that does not answer is an error, and what it may still have in its
 * caches counts as reachable.
 */
#ifndef PCI_VTD_H
#define PCI_VTD_H

#include "acpi.h"
#include "bus.h"

#define VTD_UNITS ACPI_DRHDS

struct vtd_fault {
	pci_address_t source;
	l4_uint64_t address; /* of an interrupt request: its handle */
	unsigned reason;     /* of the specification's table of faults */
	int is_read, is_interrupt;
};

/** What all units can do. */
struct vtd_features {
	unsigned levels;  /* of page tables */
	unsigned domains;
	int large;        /* entries of 2 MiB */
};

/**
 * Map the registers of all units of segment 0 that the tables name. Why that cannot be, or null. They go on as they
 * were, by the tables of whoever had them.
 */
const char *vtd_find(const struct acpi_facts *facts, struct vtd_features *features);
/** How many units there are. */
unsigned vtd_count(void);
/** Translate by the root table from now on; queues: a zeroed page for each unit, and one more. -L4_EIO: one does not answer. */
int vtd_start(l4_uint64_t root_pa, void *queues, l4_uint64_t queues_pa);
/** Translate no more. -L4_EIO: one may go on, by whatever tables it has. */
int vtd_stop(void);
/**
 * Entries of this domain's page tables have changed, or with `context` a context entry: return when no unit uses an
 * old one and no transfer that did is under way. -L4_EIO.
 */
int vtd_flush(unsigned domain, int context);
/** Can all units remap interrupts? */
int vtd_has_interrupts(void);
/**
 * Units are started: remap interrupts by this table (irt.h) of 2 to the power of size + 1 entries from now on. Requests in compatibility
 * format pass. -L4_EIO: one does not answer.
 */
int vtd_interrupts_start(l4_uint64_t table_pa, unsigned size);
/** Let no request in compatibility format pass any more. False: a unit does not confirm that. */
int vtd_interrupts_block(void);
/** Remap interrupts no more. -L4_EIO: one may go on. */
int vtd_interrupts_stop(void);
/** Entry n has changed: return when no unit uses the old one. -L4_EIO. */
int vtd_interrupts_flush(unsigned n);
/** Have faults reported by an interrupt with this message. */
void vtd_fault_event(l4_uint64_t msi_address, l4_uint32_t msi_data);
/** The next fault: 1; 0: there is none. *lost: some before it were not recorded. */
int vtd_fault_next(struct vtd_fault *fault, int *lost);
/** No more interrupts for faults. */
void vtd_fault_mask(void);

#endif
