// SPDX-License-Identifier: MIT
/*
 * Interrupts by way of the remapping units, requests remapped as a unit does: each function raises what it was given, an I/O APIC its lines,
 * nobody anything else; and what becomes of it where something is missing.
 * sources: drivers/pci/irt.c
 * cflags: -Idrivers/pci -Il4re/include -DL4_API_FUNCTIONS -include tests/unit/support/fake_calls.h -Wno-attributes
 */
#include "../../drivers/pci/interrupts.c"

#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "support/random.h"

#define LINES 48U
#define FUNCTIONS 6
#define TABLE_PA 0x7f000UL
#define IO_APIC 0xff00
#define VECTOR(index) (0x30 + (index))
#define APIC 3

static l4_utcb_t utcb;
static unsigned char memory[IRT_BYTES] __attribute__((aligned(4096)));
static struct pci_bus bus;
static const struct acpi_facts facts = { .intr_remap = 1 };
static unsigned line_count, remapped_lines, flushed, nameless;
static int units_on, capable, dead, told, blocked, stopped, no_memory;

l4_utcb_t *fake_utcb(void) { return &utcb; }

/* The kernel's interrupt controller. */
l4_msgtag_t fake_call(l4_cap_idx_t dest, l4_msgtag_t tag)
{
	l4_umword_t *mr = utcb.msg.mr, line = mr[1];

	CHECK(dest == 42 && l4_msgtag_label(tag) == L4_PROTO_IRQ);
	if (mr[0] == L4_ICU_OP_INFO) {
		mr[1] = line_count;
		return l4_msgtag(0, 3, 0, 0);
	}
	CHECK(line < line_count);
	if (mr[0] == L4_ICU_OP_REMAP) {
		/* Not before there is somebody who knows what a handle is. */
		CHECK(!mr[2] || told);
		remapped_lines += mr[2] ? 1 : 0;
		return l4_msgtag(0, 0, 0, 0);
	}
	CHECK(mr[0] == L4_ICU_OP_MSI_INFO);
	mr[0] = 0xfee00000UL | APIC << 12;
	mr[1] = VECTOR(line);
	return l4_msgtag(0, 2, 0, 0);
}

int iommu_is_on(void) { return units_on; }
int iommu_covers(const struct pci_function *f) { return f != &bus.functions[FUNCTIONS - 1]; }
int vtd_has_interrupts(void) { return capable; }
int vtd_interrupts_block(void)
{
	CHECK(remapped_lines == line_count);
	blocked = 1;
	return 1;
}
int vtd_interrupts_stop(void) { stopped = 1; return dead ? -L4_EIO : 0; }

int vtd_interrupts_start(l4_uint64_t pa, unsigned size)
{
	CHECK(pa == TABLE_PA && (16UL << (size + 1)) == sizeof(memory));
	told = !dead;
	return dead ? -L4_EIO : 0;
}

int vtd_interrupts_flush(unsigned n)
{
	flushed = n;
	return dead ? -L4_EIO : 0;
}

int pin_memory(l4_uint64_t bytes, void **at, l4_uint64_t *pa)
{
	CHECK(bytes == sizeof(memory));
	memset(memory, 0, sizeof(memory));
	*at = memory;
	*pa = TABLE_PA;
	return no_memory ? -L4_ENOMEM : 0;
}

int scope_line(const struct acpi_facts *f, const struct pci_bus *b, unsigned line, pci_address_t *source)
{
	CHECK(f == &facts && b == &bus);
	*source = IO_APIC;
	return line != nameless;
}

/* As a unit does it: the vector, or 0. */
static unsigned raised(pci_address_t source, unsigned handle, int *level)
{
	const l4_uint64_t *e = (const l4_uint64_t *)memory + 2 * handle;

	if (handle >= IRT_ENTRIES || !(e[0] & 1))
		return 0;
	CHECK(!(e[0] & 0xff00ffff0000ffeeUL & ~0xff0000000000UL) && e[0] >> 40 == APIC && (e[1] & ~0xffffUL) == 0x40000);
	*level = e[0] >> 4 & 1;
	return (e[1] & 0xffff) == source ? e[0] >> 16 & 0xff : 0;
}

static unsigned handle_of(const l4_icu_msi_info_t *m)
{
	CHECK((m->msi_addr & ~0xfffe0UL) == 0xfee00010 && !m->msi_data);
	return m->msi_addr >> 5 & 0x7fff;
}

static const char *begin(int *stuck)
{
	unsigned i;

	bus.function_count = FUNCTIONS;
	for (i = 0; i < FUNCTIONS; i++)
		bus.functions[i].address = 0x20 + 0x101 * i;
	remapped_lines = told = blocked = stopped = 0;
	return interrupts_start(&bus, &facts, 42, stuck);
}

static void all_well(void)
{
	line_count = LINES;
	nameless = ~0U;
	units_on = capable = 1;
	dead = no_memory = 0;
}

static void check_lines(void)
{
	int stuck, level = 2;
	unsigned i;

	all_well();
	CHECK(!begin(&stuck) && !stuck && blocked && remapped_lines == LINES && !interrupts_leak());
	for (i = 0; i < LINES; i++) {
		CHECK(raised(IO_APIC, 2 * i, &level) == VECTOR(i) && !level);
		CHECK(raised(IO_APIC, 2 * i + 1, &level) == VECTOR(i) && level);
		CHECK(!raised(0x20, 2 * i, &level) && !raised(0x20, 2 * i + 1, &level));
	}
	for (i = 2 * LINES; i < 0x8000; i++)
		CHECK(!raised(IO_APIC, i, &level));
}

/* Whoever was given a message raises it, until it is taken back, and nobody else does. */
static void check_messages(void)
{
	int owner[IRT_MESSAGES], level, stuck;
	unsigned i, n, k;

	all_well();
	CHECK(!begin(&stuck));
	memset(owner, -1, sizeof(owner));
	for (i = 0; i < 3000; i++) {
		l4_icu_msi_info_t m = { 0xfee00000UL | APIC << 12, VECTOR(LINES + (n = random_below(IRT_MESSAGES))) };

		if (owner[n] < 0) {
			owner[n] = random_below(FUNCTIONS - 1);
			CHECK(interrupts_message(&bus.functions[owner[n]], n, &m) == 0 && flushed == handle_of(&m));
			CHECK(raised(bus.functions[owner[n]].address, handle_of(&m), &level) == VECTOR(LINES + n) && !level);
		} else {
			CHECK(interrupts_drop(n) == 0 && flushed == IRT_ENTRIES - IRT_MESSAGES + n);
			owner[n] = -1;
		}
		k = random_below(IRT_MESSAGES);
		for (n = 0; n < FUNCTIONS; n++)
			CHECK(raised(bus.functions[n].address, IRT_ENTRIES - IRT_MESSAGES + k, &level) ==
			      (owner[k] == (int)n ? (unsigned)VECTOR(LINES + k) : 0));
	}
}

/* A function that no unit hears of sends what the kernel says; so does everybody where nothing is remapped. */
static void check_others(void)
{
	l4_icu_msi_info_t m = { 0xfee03000UL, 0x99 };
	int stuck;

	all_well();
	CHECK(!begin(&stuck));
	CHECK(interrupts_message(&bus.functions[FUNCTIONS - 1], 1, &m) == 0 && m.msi_addr == 0xfee03000UL && m.msi_data == 0x99);
	dead = 1;
	CHECK(interrupts_message(&bus.functions[0], 1, &m) == -L4_EIO && interrupts_drop(1) == -L4_EIO);
	m.msi_addr = 0xfee03000UL;
	CHECK(begin(&stuck) && stuck && stopped && !remapped_lines);
	CHECK(interrupts_message(&bus.functions[0], 1, &m) == 0 && m.msi_addr == 0xfee03000UL && interrupts_drop(1) == 0);
}

static void check_missing(void)
{
	int stuck, *const missing[] = { &units_on, &capable };
	unsigned i;

	for (i = 0; i < 2; i++) {
		all_well();
		*missing[i] = 0;
		CHECK(begin(&stuck) && !stuck && stopped && !remapped_lines && !told);
	}
	all_well();
	no_memory = 1;
	CHECK(begin(&stuck) && !stuck && stopped && !remapped_lines);
	all_well();
	nameless = 17;
	CHECK(begin(&stuck) && !told && !remapped_lines);
	all_well();
	line_count = IRT_LINES + 1;
	CHECK(begin(&stuck) && !told && !remapped_lines);
}

int main(void)
{
	run_check("lines", check_lines);
	run_check("messages", check_messages);
	run_check("others", check_others);
	run_check("missing", check_missing);
	return 0;
}
