/* SPDX-License-Identifier: MIT */
/* Access to the machine: device memory, configuration space, firmware's tables. */
#include "hw.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/re/protocols.h>
#include <l4/sys/factory.h>
#include <l4/util/port_io.h>

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE 0x80000000U
#define BUS_BYTES (1UL << 20)
#define IO_APICS_PA 0xfec00000UL /* interrupt controllers, firmware: from here to 4 GiB nothing may be placed */

static int phys_dataspace(l4_cap_idx_t ds, l4_uint64_t pa, l4_uint64_t bytes)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag = l4_factory_create_start_u(L4RE_PROTO_PHYS, ds, u);

	l4_factory_create_add_uint_u(pa, &tag, u);
	l4_factory_create_add_uint_u(bytes, &tag, u);
	l4_factory_create_add_uint_u(L4_FPAGE_UNCACHEABLE, &tag, u);
	return l4_error(l4_factory_create_commit_u(l4re_env()->mem_alloc, tag, u));
}

int hw_memory_get(struct hw_memory *m, l4_uint64_t pa, l4_uint64_t bytes, int attach)
{
	l4_cap_idx_t ds = l4re_util_cap_alloc();
	int err;

	*m = (struct hw_memory){ 0 };
	if (l4_is_invalid_cap(ds))
		return -L4_ENOMEM;
	err = phys_dataspace(ds, pa, bytes);
	if (err < 0) {
		l4re_util_cap_free(ds);
		return err;
	}
	m->ds = ds;
	if (attach)
		err = l4re_rm_attach(&m->at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT);
	if (err < 0)
		hw_memory_put(m);
	return err < 0 ? err : 0;
}

void hw_memory_put(struct hw_memory *m)
{
	if (m->at)
		l4re_rm_detach(m->at);
	if (m->ds) {
		l4re_ma_free(m->ds);
		l4re_util_cap_free_um(m->ds);
	}
	*m = (struct hw_memory){ 0 };
}

int hw_acpi_read(l4_uint64_t pa, void *to, unsigned bytes)
{
	l4_uint64_t first = l4_trunc_page(pa);
	struct hw_memory m;

	if (pa >= 1UL << 46 || hw_memory_get(&m, first, l4_round_page(pa + bytes) - first, 1) < 0)
		return 0;
	memcpy(to, (const char *)m.at + (pa - first), bytes);
	hw_memory_put(&m);
	return 1;
}

/* Configuration space: memory for each bus, mapped when it is first looked at. */

static l4_uint64_t ecam_base;
static struct hw_memory ecam_bus[256];
static unsigned char ecam_tried[256];
static struct pci_config config;

static int is_in(pci_address_t at, unsigned offset, unsigned bytes)
{
	return at >> 8 >= config.bus_first && at >> 8 <= config.bus_last && offset < config.bytes &&
	       bytes <= config.bytes - offset && !(offset & (bytes - 1));
}

static char *ecam_at(pci_address_t at, unsigned offset)
{
	unsigned bus = at >> 8;

	if (!ecam_tried[bus]) {
		ecam_tried[bus] = 1;
		hw_memory_get(&ecam_bus[bus], ecam_base + bus * BUS_BYTES, BUS_BYTES, 1);
	}
	return ecam_bus[bus].at ? (char *)ecam_bus[bus].at + ((at & 0xffU) << 12) + offset : 0;
}

static l4_uint32_t ecam_read(pci_address_t at, unsigned offset, unsigned bytes)
{
	char *p = is_in(at, offset, bytes) ? ecam_at(at, offset) : 0;

	if (!p)
		return ~0U;
	return bytes == 1 ? *(volatile l4_uint8_t *)p :
	       bytes == 2 ? *(volatile l4_uint16_t *)p : *(volatile l4_uint32_t *)p;
}

static void ecam_write(pci_address_t at, unsigned offset, unsigned bytes, l4_uint32_t value)
{
	char *p = is_in(at, offset, bytes) ? ecam_at(at, offset) : 0;

	if (!p)
		return;
	if (bytes == 1)
		*(volatile l4_uint8_t *)p = value;
	else if (bytes == 2)
		*(volatile l4_uint16_t *)p = value;
	else
		*(volatile l4_uint32_t *)p = value;
}

static l4_uint16_t port_select(pci_address_t at, unsigned offset)
{
	l4util_out32(CONFIG_ENABLE | (l4_uint32_t)at << 8 | (offset & ~3U), CONFIG_ADDRESS);
	return CONFIG_DATA + (offset & 3);
}

static l4_uint32_t port_read(pci_address_t at, unsigned offset, unsigned bytes)
{
	l4_uint16_t port;

	if (!is_in(at, offset, bytes))
		return ~0U;
	port = port_select(at, offset);
	return bytes == 1 ? l4util_in8(port) : bytes == 2 ? l4util_in16(port) : l4util_in32(port);
}

static void port_write(pci_address_t at, unsigned offset, unsigned bytes, l4_uint32_t value)
{
	l4_uint16_t port;

	if (!is_in(at, offset, bytes))
		return;
	port = port_select(at, offset);
	if (bytes == 1)
		l4util_out8(value, port);
	else if (bytes == 2)
		l4util_out16(value, port);
	else
		l4util_out32(value, port);
}

const struct pci_config *hw_config(const struct acpi_facts *facts)
{
	unsigned i;

	config = (struct pci_config){ port_read, port_write, PCI_CONFIG_BYTES, 0, 255 };
	for (i = 0; i < facts->segment_count; i++) {
		const struct acpi_segment *s = &facts->segments[i];

		if (s->segment)
			continue; /* other segments have bus numbers of their own: none is served */
		ecam_base = s->base;
		config = (struct pci_config){ ecam_read, ecam_write, PCI_CONFIG_EXT_BYTES, s->bus_first, s->bus_last };
		break;
	}
	return &config;
}

struct pci_range hw_memory_window(const struct acpi_facts *facts)
{
	struct pci_range r = { 0, IO_APICS_PA - 1 };
	const l4_kernel_info_t *kip = l4re_kip();
	unsigned i;

	/* Above everything that firmware names, reserved ranges included. */
	for (i = 0; i < kip->mem_count && i < L4_KIP_MEM_MAX; i++)
		if (kip->mem[i].start < IO_APICS_PA && kip->mem[i].end > r.first && kip->mem[i].end <= IO_APICS_PA)
			r.first = kip->mem[i].end;
	for (i = 0; i < facts->segment_count; i++) {
		const struct acpi_segment *s = &facts->segments[i];
		l4_uint64_t end = s->base + (s->bus_last + 1) * BUS_BYTES;

		if (s->base < IO_APICS_PA && end > r.first && end <= IO_APICS_PA)
			r.first = end;
	}
	return r;
}
