// SPDX-License-Identifier: MIT
/*
 * The boot memory list against an array of pages; the search for room; who may map what.
 * sources: microkernel/arch/x86_64/memmap.c
 * cflags: -iquote microkernel/include -iquote microkernel/arch/x86_64
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "support/random.h"

#define PAGES 4096
#define ROUNDS 20000

l4_kernel_info_t kip;
struct acpi_facts acpi;
static u8 model[PAGES];

void panic_frame(const struct frame *f, const char *fmt, ...)
{
	puts(fmt);
	exit(1);
}

u64 cpu_physical_limit(void)
{
	return PAGES * PAGE_SIZE;
}

static void start_over(void)
{
	memset(&kip, 0, sizeof(kip));
	memset(model, 0, sizeof(model));
}

static void mark(u64 first, u64 end, u64 type)
{
	memmap_mark(first * PAGE_SIZE, end * PAGE_SIZE, type);
	if (first < end)
		memset(model + first, type, end - first);
}

static bool list_is_model(void)
{
	u8 seen[PAGES] = { 0 };
	u64 i, last = 0;

	for (i = 0; i < kip.mem_count; i++) {
		const l4_kip_mem_t *m = &kip.mem[i];

		if (m->start >= m->end || m->start < last)
			return false;
		memset(seen + m->start / PAGE_SIZE, m->type, (m->end - m->start) / PAGE_SIZE);
		last = m->end;
	}
	return !memcmp(seen, model, sizeof(seen));
}

static bool model_all(u64 first, u64 end, bool (*accept)(u8))
{
	for (; first < end; first++)
		if (!accept(model[first]))
			return false;
	return true;
}

static bool is_free(u8 type)
{
	return type == L4_MEM_RAM;
}

static bool is_ram(u8 type)
{
	return type == L4_MEM_RAM || type == L4_MEM_MODULE || type == L4_MEM_ACPI;
}

static bool is_not_kernel(u8 type)
{
	return type != L4_MEM_KERNEL;
}

static bool found_is_right(u64 bytes)
{
	u64 pa = memmap_find(bytes, PAGES * PAGE_SIZE), first = pa / PAGE_SIZE, pages = bytes / PAGE_SIZE, p;

	if (pa)
		return !(pa & ((1 << 21) - 1)) && model_all(first, first + pages, is_free);
	for (p = 512; p + pages <= PAGES; p += 512)
		if (model_all(p, p + pages, is_free))
			return false;
	return true;
}

static const char *round_of_marks(void)
{
	u64 first = random_below(PAGES), end = first + random_below(PAGES - first + 1);

	if (kip.mem_count > L4_KIP_MEM_MAX - 4)
		start_over();
	mark(first, end, 1 + random_below(5));
	if (!list_is_model())
		return "the list differs from the model";
	first = random_below(PAGES);
	end = first + random_below(PAGES - first) + 1;
	if (arch_phys_is_ram(first * PAGE_SIZE, (end - first) * PAGE_SIZE) != model_all(first, end, is_ram))
		return "arch_phys_is_ram";
	if (arch_phys_is_user(first * PAGE_SIZE, (end - first) * PAGE_SIZE) != model_all(first, end, is_not_kernel))
		return "arch_phys_is_user";
	return found_is_right((1 + random_below(1024)) * PAGE_SIZE) ? NULL : "memmap_find";
}

static const char *test_random(void)
{
	const char *why = NULL;
	unsigned int i;

	acpi.local_apic_pa = 0xfee00000;
	for (i = 0; i < ROUNDS && !why; i++)
		why = round_of_marks();
	return why;
}

static const char *test_hostile_ranges(void)
{
	start_over();
	mark(0, PAGES, L4_MEM_RAM);
	acpi.local_apic_pa = 16 * PAGE_SIZE;
	acpi.io_apics = 1;
	acpi.io_apic[0].pa = 32 * PAGE_SIZE + 0x400;
	if (arch_phys_is_user(0, 17 * PAGE_SIZE) || arch_phys_is_user(16 * PAGE_SIZE, PAGE_SIZE))
		return "the local APIC is given out";
	if (arch_phys_is_user(32 * PAGE_SIZE, PAGE_SIZE) || !arch_phys_is_user(33 * PAGE_SIZE, PAGE_SIZE))
		return "I/O APIC";
	if (arch_phys_is_user(~0UL - 100, 4096) || arch_phys_is_ram(~0UL - 100, 4096))
		return "a range that wraps is accepted";
	if (arch_phys_is_user(PAGES * PAGE_SIZE, PAGE_SIZE) || arch_phys_is_user(0, ~0UL))
		return "beyond the physical address space";
	return NULL;
}

static int report(const char *name, const char *why)
{
	printf("%s %s %s\n", why ? "not ok" : "ok", name, why ? why : "");
	return why != NULL;
}

int main(void)
{
	return report("random_marks", test_random()) | report("hostile_ranges", test_hostile_ranges());
}
