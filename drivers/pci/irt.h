/* SPDX-License-Identifier: MIT */
/*
 * The table by which remapping units remap interrupts (Intel Virtualization Technology for Directed I/O 3.3, sections 5.1 and 9.10). An
 * entry is bound to who may use it: requests of others for it are faults.
 *
 * Lines of I/O APICs have the handles that the kernel gives them (l4_icu_remap()); messages come behind. No I/O in here.
 */
#ifndef PCI_IRT_H
#define PCI_IRT_H

#include "bus.h"

#include <l4/sys/icu.h>

#define IRT_ENTRIES 512U
#define IRT_SIZE 8U /* as the units are told it: 2 to the power of one more */
#define IRT_BYTES (IRT_ENTRIES * 16)
#define IRT_MESSAGES 64U
#define IRT_LINES ((IRT_ENTRIES - IRT_MESSAGES) / 2)

/** Number of the entry of a line, and of a message. */
static inline unsigned irt_line(unsigned line, int level) { return 2 * line + level; }
static inline unsigned irt_message(unsigned n) { return IRT_ENTRIES - IRT_MESSAGES + n; }

/** Start with a zeroed table, IRT_BYTES: every request is a fault. */
void irt_init(void *memory);
/** Let source, and nobody else, raise with entry n what a device would raise with the message. */
void irt_set(unsigned n, pci_address_t source, const l4_icu_msi_info_t *message, int level);
/** Entry n is nobody's. The units are to be told before what it raised is used for something else. */
void irt_clear(unsigned n);
/** The message that names entry n. */
l4_icu_msi_info_t irt_request(unsigned n);

#endif
