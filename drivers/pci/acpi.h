/* SPDX-License-Identifier: MIT */
/*
 * Minimal reader of ACPI tables: what the PCI manager needs of MADT, MCFG and DMAR.
 * Layouts: ACPI Specification 6.4, chapter 5; PCI Firmware Specification 3.0, table 4-3;
 * Intel Virtualization Technology for Directed I/O 3.3, chapter 8.
 *
 * Tables are firmware's and are not believed: a table counts when it can be
 * mapped, its length is plausible and its sum is zero; inside it, entries that do not fit end the reading.
 * No I/O in here: memory comes from a callback, so that it can be tested on the host.
 */
#ifndef PCI_ACPI_H
#define PCI_ACPI_H

#include <l4/sys/types.h>

#define ACPI_SEGMENTS 4
#define ACPI_OVERRIDES 16
#define ACPI_IO_APICS 8
#define ACPI_DRHDS 8
#define ACPI_RMRRS 16
#define ACPI_SCOPES 128
#define ACPI_PATH 4

/** Configuration space of the buses [bus_first, bus_last] of one segment. */
struct acpi_segment {
	l4_uint64_t base; /* of bus 0, even if that is not among them */
	unsigned segment;
	unsigned bus_first, bus_last;
};

/** An ISA interrupt that is not the I/O APIC line of the same number, or has another mode. */
struct acpi_override {
	unsigned irq, line;
	int level, low;
};

/** An I/O APIC, whose lines begin at `line`. */
struct acpi_io_apic {
	unsigned id, line;
};

/** A remapping unit or reserved memory: device scopes name functions by their way from the bus. */
struct acpi_scope {
	l4_uint8_t type, id, bus, depth;
	l4_uint8_t path[ACPI_PATH]; /* device << 3 | function; all but the last are bridges */
};
enum acpi_scope_type { ACPI_SCOPE_FUNCTION = 1, ACPI_SCOPE_BRIDGE = 2 /* and all below it */, ACPI_SCOPE_IO_APIC = 3 };

struct acpi_drhd {
	l4_uint64_t base;
	unsigned segment;
	int all; /* every function of the segment that no other unit names */
	unsigned scope_count;
	struct acpi_scope scopes[ACPI_SCOPES];
};

/** Memory that firmware has these functions use by its physical address. */
struct acpi_rmrr {
	l4_uint64_t first, last;
	unsigned segment;
	unsigned scope_count;
	struct acpi_scope scopes[ACPI_SCOPES];
};

struct acpi_facts {
	unsigned segment_count, override_count, drhd_count, rmrr_count, io_apic_count;
	struct acpi_io_apic io_apics[ACPI_IO_APICS];
	struct acpi_segment segments[ACPI_SEGMENTS];
	struct acpi_override overrides[ACPI_OVERRIDES];
	struct acpi_drhd drhds[ACPI_DRHDS];
	struct acpi_rmrr rmrrs[ACPI_RMRRS];
	int dmar;           /* there is a DMAR */
	int dmar_damaged;   /* not all of it could be understood */
	int intr_remap;     /* and it allows interrupt remapping */
};

/**
 * Copy bytes of physical memory; false: it is not there. The tables are read through copies, so that
 * nothing changes between check and use.
 */
typedef int (*acpi_read_fn)(l4_uint64_t pa, void *to, unsigned bytes);

/** Longest table that is read. */
#define ACPI_TABLE_MAX 8192U

/** Read all tables that the root pointer at rsdp leads to. 0, or -L4_ENOENT: no valid root. */
int acpi_read(struct acpi_facts *facts, l4_uint64_t rsdp, acpi_read_fn read);

#endif
