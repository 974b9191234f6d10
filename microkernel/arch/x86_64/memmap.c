// SPDX-License-Identifier: GPL-2.0-only
/* The machine's memory list in the KIP: sorted by address, without overlap; later marks win. */
#include "machine.h"

static void insert(unsigned int at, u64 start, u64 end, u64 type)
{
	unsigned int i;

	if (start >= end)
		return;
	if (kip.mem_count == L4_KIP_MEM_MAX)
		panic("memory map has more than %d ranges", L4_KIP_MEM_MAX);
	for (i = kip.mem_count++; i > at; i--)
		kip.mem[i] = kip.mem[i - 1];
	kip.mem[at] = (l4_kip_mem_t){ start, end, type };
}

static void remove(unsigned int at)
{
	kip.mem_count--;
	for (; at < kip.mem_count; at++)
		kip.mem[at] = kip.mem[at + 1];
}

/** Take [start, end) out of every range. */
static void cut(u64 start, u64 end)
{
	unsigned int i = 0;
	l4_kip_mem_t old;

	while (i < kip.mem_count) {
		old = kip.mem[i];
		if (old.end <= start || old.start >= end) {
			i++;
			continue;
		}
		remove(i);
		insert(i, old.start, old.start < start ? start : old.start, old.type);
		if (old.start < start)
			i++;
		insert(i, end, old.end, old.type);
		if (old.end > end)
			i++;
	}
}

static bool joins(const l4_kip_mem_t *a, const l4_kip_mem_t *b)
{
	return a->end == b->start && a->type == b->type && a->type != L4_MEM_MODULE;
}

void memmap_mark(u64 start, u64 end, u64 type)
{
	unsigned int i = 0;

	if (start >= end)
		return;
	cut(start, end);
	while (i < kip.mem_count && kip.mem[i].start < start)
		i++;
	insert(i, start, end, type);
	if (i + 1 < kip.mem_count && joins(&kip.mem[i], &kip.mem[i + 1])) {
		kip.mem[i].end = kip.mem[i + 1].end;
		remove(i + 1);
	}
	if (i > 0 && joins(&kip.mem[i - 1], &kip.mem[i])) {
		kip.mem[i - 1].end = kip.mem[i].end;
		remove(i);
	}
}

u64 memmap_top_of_ram(void)
{
	unsigned int i;
	u64 top = 0;

	for (i = 0; i < kip.mem_count; i++)
		if (kip.mem[i].type != L4_MEM_RESERVED)
			top = kip.mem[i].end;
	return top;
}

u64 memmap_find(u64 bytes, u64 limit)
{
	unsigned int i = kip.mem_count;
	u64 end, start;

	while (i-- > 0) {
		if (kip.mem[i].type != L4_MEM_RAM)
			continue;
		end = kip.mem[i].end < limit ? kip.mem[i].end : limit;
		if (end < bytes)
			continue;
		start = ALIGN_DOWN(end - bytes, 1UL << 21);
		if (start >= kip.mem[i].start)
			return start;
	}
	return 0;
}

/** Does every page of [pa, pa + bytes) lie in a range of which `accept` holds? */
static bool covered(u64 pa, u64 bytes, bool (*accept)(u64 type))
{
	u64 end = pa + bytes;
	unsigned int i;

	for (i = 0; i < kip.mem_count && pa < end; i++)
		if (kip.mem[i].start <= pa && pa < kip.mem[i].end) {
			if (!accept(kip.mem[i].type))
				return false;
			pa = kip.mem[i].end;
		}
	return pa >= end;
}

static bool type_is_ram(u64 type)
{
	return type == L4_MEM_RAM || type == L4_MEM_MODULE || type == L4_MEM_ACPI;
}

bool arch_phys_is_ram(u64 pa, u64 bytes)
{
	return pa + bytes >= pa && covered(pa, bytes, type_is_ram);
}

static bool overlaps(u64 pa, u64 bytes, u64 start, u64 end)
{
	return pa < end && start < pa + bytes;
}

bool arch_phys_is_user(u64 pa, u64 bytes)
{
	unsigned int i;

	if (pa + bytes < pa || pa + bytes > cpu_physical_limit())
		return false;
	if (overlaps(pa, bytes, acpi.local_apic_pa, acpi.local_apic_pa + PAGE_SIZE))
		return false;
	for (i = 0; i < acpi.io_apics; i++)
		if (overlaps(pa, bytes, ALIGN_DOWN(acpi.io_apic[i].pa, PAGE_SIZE),
			     ALIGN_DOWN(acpi.io_apic[i].pa, PAGE_SIZE) + PAGE_SIZE))
			return false;
	for (i = 0; i < kip.mem_count; i++)
		if (kip.mem[i].type == L4_MEM_KERNEL && overlaps(pa, bytes, kip.mem[i].start, kip.mem[i].end))
			return false;
	return true;
}
