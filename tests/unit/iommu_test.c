// SPDX-License-Identifier: MIT
/*
 * What is said and done about faults of functions: named with their holder, a limited number of each, and one that goes on raising
 * interrupts that are not its own is stopped.
 * sources: drivers/pci/remap.c
 * cflags: -Idrivers/pci -Il4re/include
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../drivers/pci/iommu.c"

#include "support/check.h"

#define FUNCTIONS 3
#define NOBODY 0x77

static unsigned char memory[(REMAP_PAGES_MAX + 2) * 4096] __attribute__((aligned(4096)));
static struct pci_bus machine;
static const struct acpi_facts facts = { .dmar = 1 };
static struct vtd_fault waiting[100];
static unsigned waiting_count, masked, flushed;
static const struct pci_function *stopped;
static char said[8192];

void fmt_log(const char *format, ...)
{
	size_t n = strlen(said);
	va_list args;

	va_start(args, format);
	vsnprintf(said + n, sizeof(said) - n, format, args);
	va_end(args);
}

const char *vtd_find(const struct acpi_facts *f, struct vtd_features *out)
{
	*out = (struct vtd_features){ 3, 16, 1 };
	return 0;
}
unsigned vtd_count(void) { return 1; }
int vtd_start(l4_uint64_t root_pa, void *queues, l4_uint64_t queues_pa) { return 0; }
int vtd_stop(void) { return 0; }
void vtd_fault_event(l4_uint64_t address, l4_uint32_t data) { }
void vtd_fault_mask(void) { masked++; }
int scope_covers(const struct acpi_facts *f, const struct pci_bus *b, const struct pci_function *fn) { return fn != &machine.functions[2]; }

int vtd_flush(unsigned domain, int context)
{
	flushed++;
	return 0;
}

const struct acpi_rmrr *scope_reserved(const struct acpi_facts *f, const struct pci_bus *b, const struct pci_function *fn)
{
	static const struct acpi_rmrr some;

	return fn == &machine.functions[1] ? &some : 0;
}

int pin_memory(l4_uint64_t bytes, void **at, l4_uint64_t *pa)
{
	CHECK(bytes <= sizeof(memory));
	*at = memory;
	*pa = 0x100000;
	return 0;
}

int vtd_fault_next(struct vtd_fault *fault, int *lost)
{
	*lost = 0;
	if (!waiting_count)
		return 0;
	*fault = waiting[--waiting_count];
	return 1;
}

static void say_name(const struct pci_function *f) { fmt_log(" n%u", (unsigned)(f - machine.functions)); }
static void stop(const struct pci_function *f)
{
	CHECK(!stopped);
	stopped = f;
}

/* So many times; what was said of it. */
static const char *faults_of(struct vtd_fault f, unsigned times)
{
	said[0] = 0;
	stopped = 0;
	masked = flushed = 0;
	while (times--) {
		waiting[waiting_count++] = f;
		CHECK(!iommu_faults(say_name, stop));
	}
	return said;
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static struct vtd_fault of(unsigned n, l4_uint64_t address, unsigned reason, int interrupt)
{
	return (struct vtd_fault){ .source = machine.functions[n].address, .address = address, .reason = reason, .is_interrupt = interrupt };
}

static void check_words(void)
{
	CHECK(!strcmp(faults_of(of(0, 0x1c1, 0x26, 1), 1), "fault: 00:04.0 n0 raises interrupt 1c1: not its own (38)\n"));
	CHECK(!strcmp(faults_of(of(0, 7, 0x22, 1), 1), "fault: 00:04.0 n0 raises interrupt 7: there is no such one (34)\n"));
	CHECK(!strcmp(faults_of(of(0, 0, 0x25, 1), 1), "fault: 00:04.0 n0 raises interrupt 0: not in remappable format (37)\n"));
	CHECK(!strcmp(faults_of(of(0, 0x5000, 5, 0), 1), "fault: 00:04.0 n0 writes 5000: not mapped for writing (5)\n"));
	CHECK(!strcmp(faults_of((struct vtd_fault){ NOBODY, 0x5000, 6, 1, 0 }, 1), "fault: 00:0e.7 reads 5000: not mapped for reading (6)\n"));
	CHECK(!stopped && !masked);
}

/* Transfers are not recorded any more, by the function's own entry. */
static void check_transfers(void)
{
	CHECK(iommu_attach(&machine.functions[0]) == 0);
	CHECK(lines(faults_of(of(0, 0x5000, 5, 0), 40)) == IOMMU_FAULTS && strstr(said, "; its next ones are not reported\n"));
	CHECK(!stopped && !masked && flushed == 1);
	/* Whoever opens it again hears of it again. */
	CHECK(iommu_detach(&machine.functions[0]) == 0 && iommu_attach(&machine.functions[0]) == 0);
	CHECK(lines(faults_of(of(0, 0x5000, 5, 0), 1)) == 1);
}

/* Interrupts cannot be kept from being recorded: it loses its bus mastering. */
static void check_interrupts(void)
{
	CHECK(iommu_attach(&machine.functions[1]) == 0);
	CHECK(lines(faults_of(of(1, 3, 0x26, 1), IOMMU_FAULTS - 1)) == IOMMU_FAULTS - 1 && !stopped);
	CHECK(lines(faults_of(of(1, 3, 0x26, 1), 20)) == 1 && stopped == &machine.functions[1] && !masked);
	CHECK(strstr(said, "; it does nothing any more until it is opened again\n"));
}

/* Of those whom nobody knows. */
static void check_strangers(void)
{
	struct vtd_fault f = { .source = NOBODY, .address = 3, .reason = 0x26, .is_interrupt = 1 };

	CHECK(lines(faults_of(f, 40)) <= IOMMU_FAULTS && masked == 1 && !stopped);
}

/* A device that makes new ones all the time does not hold the manager up. */
static void check_endless(void)
{
	while (waiting_count < 100)
		waiting[waiting_count++] = of(0, 0, 5, 0);
	CHECK(iommu_faults(say_name, stop) && waiting_count == 36 && !iommu_faults(say_name, stop));
}

int main(void)
{
	int stuck;

	machine.function_count = FUNCTIONS;
	machine.functions[0].address = 4 << 3;
	machine.functions[1].address = 5 << 3;
	machine.functions[2].address = 6 << 3;
	name = "start";
	CHECK(!iommu_start(&machine, &facts, REMAP_SPACE_PAGES, &stuck) && !stuck && iommu_is_on());
	CHECK(iommu_covers(&machine.functions[0]) && !iommu_covers(&machine.functions[2]));
	CHECK(!iommu_has_reserved(&machine.functions[0]) && iommu_has_reserved(&machine.functions[1]));
	run_check("words", check_words);
	run_check("transfers", check_transfers);
	run_check("interrupts", check_interrupts);
	run_check("strangers", check_strangers);
	run_check("endless", check_endless);
	return 0;
}
