/* SPDX-License-Identifier: MIT */
/* Access to the machine: device memory, configuration space, firmware's tables. */
#ifndef PCI_HW_H
#define PCI_HW_H

#include "acpi.h"
#include "bus.h"

/** Device memory, whole pages, as a dataspace of its own. */
struct hw_memory {
	l4_cap_idx_t ds; /* 0: none */
	void *at;        /* null: not attached here */
};

/** Dataspace of device memory, mapped uncached; attached here too if asked for. -L4_EEXIST: some of it is in use. */
int hw_memory_get(struct hw_memory *m, l4_uint64_t pa, l4_uint64_t bytes, int attach);
/** Take it away from everybody. */
void hw_memory_put(struct hw_memory *m);

static inline l4_uint32_t hw_read32(const void *p) { return *(const volatile l4_uint32_t *)p; }
static inline void hw_write32(void *p, l4_uint32_t v) { *(volatile l4_uint32_t *)p = v; }
static inline l4_uint64_t hw_read64(const void *p) { return *(const volatile l4_uint64_t *)p; }
static inline void hw_write64(void *p, l4_uint64_t v) { *(volatile l4_uint64_t *)p = v; }
static inline l4_uint8_t hw_read8(const void *p) { return *(const volatile l4_uint8_t *)p; }
static inline void hw_write8(void *p, l4_uint8_t v) { *(volatile l4_uint8_t *)p = v; }

/** For acpi_read(). */
int hw_acpi_read(l4_uint64_t pa, void *to, unsigned bytes);
/** Configuration space as the tables describe it, else through the ports. */
const struct pci_config *hw_config(const struct acpi_facts *facts);
/** Where BARs may be placed: between RAM and the I/O APIC, beside the configuration space. */
struct pci_range hw_memory_window(const struct acpi_facts *facts);

#endif
