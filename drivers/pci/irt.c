/* SPDX-License-Identifier: MIT */
/* The table by which remapping units remap interrupts. */
#include "irt.h"
#include "entry.h"

/* Fixed delivery to one physical destination: what is not named here is 0. */
#define PRESENT 0x1UL
#define LEVEL 0x10UL
#define VECTOR(data) ((l4_uint64_t)((data) & 0xff) << 16)
#define APIC(address) (((address) >> 12 & 0xff) << 40)
#define VERIFY_SOURCE 0x40000UL /* SVT: all bits of the requester's number */

/* A message in remappable format; handles have at most 15 bits here. */
#define REQUEST_ADDRESS 0xfee00010UL
#define REQUEST_HANDLE(n) ((l4_uint64_t)(n) << 5)

static l4_uint64_t *table;

void irt_init(void *memory)
{
	table = memory;
}

void irt_set(unsigned n, pci_address_t source, const l4_icu_msi_info_t *message, int level)
{
	entry_set_two(&table[2 * n], PRESENT | (level ? LEVEL : 0) | VECTOR(message->msi_data) | APIC(message->msi_addr),
		      VERIFY_SOURCE | source);
}

void irt_clear(unsigned n)
{
	entry_set_two(&table[2 * n], 0, 0);
}

l4_icu_msi_info_t irt_request(unsigned n)
{
	return (l4_icu_msi_info_t){ .msi_addr = REQUEST_ADDRESS | REQUEST_HANDLE(n) };
}
