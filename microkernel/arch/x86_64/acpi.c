// SPDX-License-Identifier: GPL-2.0-only
/*
 * The few facts the kernel needs from ACPI: APICs, HPET, power-off port.
 *
 * Tables are firmware's: each is used only when it lies in mapped memory, its
 * length is plausible and its checksum is right.
 */
#include "machine.h"
#include "string.h"

#define LOCAL_APIC_DEFAULT 0xfee00000
#define TABLE_MAX (1UL << 20)
#define HEADER_BYTES 36
#define LOW_LIMIT (1UL << 32)

struct acpi_facts acpi = { .local_apic_pa = LOCAL_APIC_DEFAULT };

static u32 get32(const u8 *p)
{
	u32 value;

	__builtin_memcpy(&value, p, sizeof(value));
	return value;
}

static u64 get64(const u8 *p)
{
	return get32(p) | (u64)get32(p + 4) << 32;
}

static bool sum_is_zero(const u8 *p, u32 bytes)
{
	u8 sum = 0;

	while (bytes--)
		sum += *p++;
	return !sum;
}

/** The table at pa and its length, or NULL. */
static const u8 *table_at(u64 pa, u32 *bytes)
{
	const u8 *t = arch_phys_to_virt(pa);

	if (!pa || pa > LOW_LIMIT - HEADER_BYTES)
		return NULL;
	*bytes = get32(t + 4);
	if (*bytes < HEADER_BYTES || *bytes > TABLE_MAX || pa > LOW_LIMIT - *bytes || !sum_is_zero(t, *bytes))
		return NULL;
	return t;
}

static void madt_io_apic(const u8 *e)
{
	if (acpi.io_apics == ACPI_IO_APICS)
		return;
	acpi.io_apic[acpi.io_apics].pa = get32(e + 4);
	acpi.io_apic[acpi.io_apics++].gsi = get32(e + 8);
}

static void madt_override(const u8 *e)
{
	u8 irq = e[3];

	if (irq >= ACPI_ISA_IRQS)
		return;
	acpi.isa[irq].set = true;
	acpi.isa[irq].gsi = get32(e + 4);
	acpi.isa[irq].flags = e[8] | e[9] << 8;
}

static void madt_entry(const u8 *e, u8 bytes)
{
	if (e[0] == 1 && bytes >= 12)
		madt_io_apic(e);
	else if (e[0] == 2 && bytes >= 10)
		madt_override(e);
	else if (e[0] == 5 && bytes >= 12)
		acpi.local_apic_pa = get64(e + 4);
}

static void parse_madt(const u8 *t, u32 bytes)
{
	u32 at;

	if (bytes < 44)
		return;
	acpi.local_apic_pa = get32(t + 36);
	for (at = 44; at + 2 <= bytes && t[at + 1] >= 2 && at + t[at + 1] <= bytes; at += t[at + 1])
		madt_entry(t + at, t[at + 1]);
}

static void parse_table(u64 pa)
{
	u32 bytes;
	const u8 *t = table_at(pa, &bytes);

	if (!t)
		return;
	if (!memcmp(t, "APIC", 4))
		parse_madt(t, bytes);
	else if (!memcmp(t, "HPET", 4) && bytes >= 52 && t[40] == 0)
		acpi.hpet_pa = get64(t + 44);
	else if (!memcmp(t, "FACP", 4) && bytes >= 68)
		acpi.pm1a_control = get32(t + 64);
}

static u64 find_rsdp(u64 pa, u64 end)
{
	const u8 *p;

	for (; pa + 36 <= end; pa += 16) {
		p = arch_phys_to_virt(pa);
		if (!memcmp(p, "RSD PTR ", 8) && sum_is_zero(p, 20))
			return pa;
	}
	return 0;
}

void acpi_init(void)
{
	u64 ebda = (u64)*(u16 *)arch_phys_to_virt(0x40e) << 4;
	const u8 *rsdp, *root;
	u32 bytes, at, step;
	bool wide;

	acpi.rsdp = ebda >= 0x80000 && ebda < 0xa0000 ? find_rsdp(ebda, ebda + 1024) : 0;
	if (!acpi.rsdp)
		acpi.rsdp = find_rsdp(0xe0000, 0x100000);
	if (!acpi.rsdp)
		return;
	rsdp = arch_phys_to_virt(acpi.rsdp);
	wide = rsdp[15] >= 2 && get64(rsdp + 24);
	root = table_at(wide ? get64(rsdp + 24) : get32(rsdp + 16), &bytes);
	step = wide ? 8 : 4;
	for (at = HEADER_BYTES; root && at + step <= bytes; at += step)
		parse_table(wide ? get64(root + at) : get32(root + at));
}
