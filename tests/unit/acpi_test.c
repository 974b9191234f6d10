// SPDX-License-Identifier: MIT
/*
 * ACPI: the facts of well-formed tables, and no crash on broken ones.
 * sources: microkernel/arch/x86_64/acpi.c
 * cflags: -iquote microkernel/include -iquote microkernel/arch/x86_64
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "machine.h"
#include "support/random.h"

#define RSDP 0xe0100
#define RSDT 0x7fe0000
#define MADT 0x7fe1000
#define HPET 0x7fe2000
#define FADT 0x7fe3000
#define ROUNDS 3000

static u8 *memory;

void *arch_phys_to_virt(u64 pa)
{
	return memory + pa;
}

static void put(u64 pa, u64 value, unsigned int bytes)
{
	memcpy(memory + pa, &value, bytes);
}

static void seal(u64 pa, u32 bytes, u64 sum_at)
{
	u8 sum = 0;
	u32 i;

	memory[sum_at] = 0;
	for (i = 0; i < bytes; i++)
		sum += memory[pa + i];
	memory[sum_at] = -sum;
}

static void table(u64 pa, const char *name, u32 bytes)
{
	memcpy(memory + pa, name, 4);
	put(pa + 4, bytes, 4);
	seal(pa, bytes, pa + 9);
}

static void build_madt(void)
{
	static const u8 entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,              /* CPU, APIC id 0 */
		0, 8, 1, 7, 1, 0, 0, 0,              /* CPU, APIC id 7 */
		0, 8, 2, 9, 0, 0, 0, 0,              /* not enabled */
		1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0, /* I/O APIC fec00000, GSI 0 */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,       /* ISA 0 is GSI 2 */
		2, 10, 0, 9, 9, 0, 0, 0, 0xd, 0,     /* ISA 9: level, high */
		2, 10, 0, 99, 9, 0, 0, 0, 0xd, 0,    /* no such ISA interrupt */
	};

	put(MADT + 36, 0xfee00000, 4);
	memcpy(memory + MADT + 44, entries, sizeof(entries));
	table(MADT, "APIC", 44 + sizeof(entries));
}

static void build(void)
{
	memset(memory + RSDP, 0, 64);
	memset(memory + RSDT, 0, FADT + 4096 - RSDT);
	memcpy(memory + RSDP, "RSD PTR ", 8);
	put(RSDP + 16, RSDT, 4);
	seal(RSDP, 20, RSDP + 8);
	put(RSDT + 36, MADT, 4);
	put(RSDT + 40, HPET, 4);
	put(RSDT + 44, FADT, 4);
	table(RSDT, "RSDT", 48);
	build_madt();
	put(HPET + 44, 0xfed00000, 8);
	table(HPET, "HPET", 56);
	put(FADT + 64, 0x604, 4);
	table(FADT, "FACP", 116);
	memset(&acpi, 0, sizeof(acpi));
	acpi.local_apic_pa = 0xfee00000;
}

static const char *test_facts(void)
{
	build();
	acpi_init();
	if (acpi.rsdp != RSDP || acpi.hpet_pa != 0xfed00000 || acpi.pm1a_control != 0x604)
		return "RSDP, HPET or FADT";
	if (acpi.io_apics != 1 || acpi.io_apic[0].pa != 0xfec00000)
		return "I/O APICs";
	if (!acpi.isa[0].set || acpi.isa[0].gsi != 2 || acpi.isa[9].flags != 0xd || acpi.isa[1].set)
		return "ISA interrupts";
	return NULL;
}

/** Random bytes are changed and the sums made right again, so that the parsers see them. */
static const char *test_broken(void)
{
	static const u64 tables[] = { RSDT, MADT, HPET, FADT };
	unsigned int i, n;

	for (i = 0; i < ROUNDS; i++) {
		u64 t = tables[random_below(4)];
		u32 bytes;

		build();
		for (n = random_below(8); n-- > 0;)
			memory[t + random_below(128)] = random_below(256);
		memcpy(&bytes, memory + t + 4, 4);
		if (bytes >= 36 && bytes < 1 << 16)
			seal(t, bytes, t + 9);
		acpi_init();
		if (acpi.io_apics > ACPI_IO_APICS)
			return "counts out of bounds";
	}
	return NULL;
}

static int report(const char *name, const char *why)
{
	printf("%s %s %s\n", why ? "not ok" : "ok", name, why ? why : "");
	return why != NULL;
}

int main(void)
{
	memory = mmap(NULL, 1UL << 32, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return report("memory", "no address space");
	return report("facts", test_facts()) | report("broken", test_broken());
}
