// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot: reads the multiboot information into the KIP, chooses the kernel pool,
 * brings up the machine in the order of arch_boot(), enters kernel_main().
 *
 * The multiboot information is in low memory and trusted no further than its
 * lengths: everything read from it is bounded and range-checked.
 */
#include "frame.h"
#include "machine.h"
#include "string.h"
#include "trace.h"

#define MULTIBOOT_LOADED 0x2badb002
#define MBI_CMDLINE 0x4
#define MBI_MODULES 0x8
#define MBI_MMAP 0x40
#define LOW_MEMORY_END 0x10000 /* page 0 and room for start-up code of other CPUs stay the kernel's */
#define POOL_MIN (24UL << 20)
#define POOL_MAX (512UL << 20)
#define LOW_LIMIT (1UL << 32) /* mapped by the boot tables */

struct multiboot_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	u32 mmap_length, mmap_addr;
};

struct multiboot_mmap {
	u32 size; /* of what follows */
	u64 base, length;
	u32 type;
} __attribute__((packed));

struct multiboot_module {
	u32 start, end, string, reserved;
};

/* Alone in its page (kernel.ld): tasks see all of it. */
l4_kernel_info_t kip __attribute__((section(".data.kip"), aligned(4096))) = {
	.magic = L4_KIP_MAGIC,
	.version = L4_KIP_VERSION,
};

void *arch_phys_to_virt(u64 pa)
{
	return (void *)(PHYSMAP + pa);
}

static void copy_string(char *to, size_t bytes, u32 pa)
{
	const char *from = arch_phys_to_virt(pa);
	size_t i;

	for (i = 0; i + 1 < bytes && from[i]; i++)
		to[i] = from[i];
	to[i] = 0;
}

const char *cmdline_option(const char *name)
{
	size_t length = strlen(name);
	const char *p = kip.cmdline;

	while (*p) {
		if (!strncmp(p, name, length) && p[length] == '=')
			return p + length + 1;
		while (*p && *p != ' ')
			p++;
		while (*p == ' ')
			p++;
	}
	return NULL;
}

static u64 parse_size(const char *p)
{
	u64 value = 0;

	while (*p >= '0' && *p <= '9' && value < 1UL << 32)
		value = value * 10 + (*p++ - '0');
	switch (*p) {
	case 'G': return value << 30;
	case 'M': return value << 20;
	case 'K': return value << 10;
	default: return value;
	}
}

static void mmap_entry(const struct multiboot_mmap *e, bool ram_pass)
{
	u64 start = e->base, end = e->base + e->length;
	bool ram = e->type == 1;

	if (ram != ram_pass || end < start)
		return;
	if (ram)
		memmap_mark(ALIGN_UP(start, PAGE_SIZE), ALIGN_DOWN(end, PAGE_SIZE), L4_MEM_RAM);
	else
		memmap_mark(ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE),
			    e->type == 3 ? L4_MEM_ACPI : L4_MEM_RESERVED);
}

/** RAM first, so that a reserved range that overlaps it wins. */
static void read_mmap(const struct multiboot_info *info)
{
	const char *base = arch_phys_to_virt(info->mmap_addr);
	const struct multiboot_mmap *e;
	u32 offset;
	int ram;

	if (!(info->flags & MBI_MMAP) || info->mmap_length > 1 << 16)
		panic("the loader gave no memory map");
	for (ram = 1; ram >= 0; ram--)
		for (offset = 0; offset + sizeof(*e) <= info->mmap_length; offset += e->size + 4) {
			e = (const void *)(base + offset);
			if (e->size < sizeof(*e) - 4 || e->size > 1024)
				break;
			mmap_entry(e, ram);
		}
}

static void read_module(const struct multiboot_module *m)
{
	u64 end = ALIGN_UP(m->end, PAGE_SIZE);
	l4_kip_module_t *out = &kip.modules[kip.module_count];

	if (m->start & (PAGE_SIZE - 1) || m->end <= m->start || !arch_phys_is_ram(m->start, end - m->start)) {
		log_printf("boot: module [%x, %x) is not in RAM or not page aligned: ignored\n", m->start, m->end);
		return;
	}
	if (kip.module_count == L4_KIP_MODULES_MAX)
		panic("more than %d boot modules", L4_KIP_MODULES_MAX);
	out->start = m->start;
	out->end = m->end;
	if (m->string)
		copy_string(out->name, sizeof(out->name), m->string);
	memmap_mark(m->start, end, L4_MEM_MODULE);
	kip.module_count++;
}

static void read_modules(const struct multiboot_info *info)
{
	const struct multiboot_module *m = arch_phys_to_virt(info->mods_addr);
	u32 i;

	if (!(info->flags & MBI_MODULES))
		return;
	for (i = 0; i < info->mods_count && i < 64; i++)
		read_module(&m[i]);
}

static void read_multiboot(u32 magic, u32 info_pa)
{
	const struct multiboot_info *info = arch_phys_to_virt(info_pa);

	if (magic != MULTIBOOT_LOADED)
		panic("not started by a multiboot loader (magic %x)", magic);
	if (info->flags & MBI_CMDLINE)
		copy_string(kip.cmdline, sizeof(kip.cmdline), info->cmdline);
	read_mmap(info);
	memmap_mark(0, LOW_MEMORY_END, L4_MEM_KERNEL);
	memmap_mark((u64)image_start - IMAGE_OFFSET, (u64)image_end - IMAGE_OFFSET, L4_MEM_KERNEL);
	read_modules(info);
}

static u64 ram_bytes(void)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < kip.mem_count; i++)
		if (kip.mem[i].type == L4_MEM_RAM)
			sum += kip.mem[i].end - kip.mem[i].start;
	return sum;
}

static void pool_choose(u64 *pa, u64 *bytes)
{
	const char *option = cmdline_option("kmem");
	u64 wanted = option ? parse_size(option) : ram_bytes() / 8;

	if (wanted < POOL_MIN && !option)
		wanted = POOL_MIN;
	if (wanted > POOL_MAX && !option)
		wanted = POOL_MAX;
	*bytes = ALIGN_UP(wanted, 1UL << 21);
	*pa = *bytes ? memmap_find(*bytes, LOW_LIMIT) : 0;
	if (!*pa)
		panic("no room for %lu MiB of kernel memory", *bytes >> 20);
	memmap_mark(*pa, *pa + *bytes, L4_MEM_KERNEL);
}

static void log_memory(void)
{
	static const char *const names[] = { "?", "RAM", "kernel", "module", "reserved", "ACPI" };
	unsigned int i;

	for (i = 0; i < kip.mem_count; i++)
		log_printf("  %016lx-%016lx %s\n", kip.mem[i].start, kip.mem[i].end - 1, names[kip.mem[i].type]);
	for (i = 0; i < kip.module_count; i++)
		log_printf("  module %lx-%lx \"%s\"\n", kip.modules[i].start, kip.modules[i].end, kip.modules[i].name);
}

void arch_boot(u32 magic, u32 info_pa)
{
	u64 pool_pa, pool_bytes, pool_end;

	uart_init();
	trace_init();
	kip.boot_tsc = boot_tsc;
	kip.features = L4_KIP_F_FSGSBASE | (cpu_has_1g_pages() ? L4_KIP_F_1G : 0);
	cpu_init(0);
	log_printf("Skerry microkernel\n");
	read_multiboot(magic, info_pa);
	acpi_init();
	kip.acpi_rsdp = acpi.rsdp;
	pool_choose(&pool_pa, &pool_bytes);
	pool_end = pool_pa + pool_bytes;
	paging_init(&pool_pa, memmap_top_of_ram());
	frame_init(arch_phys_to_virt(pool_pa), pool_pa, pool_end - pool_pa);
	apic_init();
	tsc_init();
	kip.epoch_ns = rtc_read_epoch_ns() - clock_ns();
	if (cmdline_option("verbose"))
		log_memory();
	log_printf("boot: TSC %lu kHz, %u interrupt lines, %lu MiB for the kernel, machine up after %lu us\n",
		   kip.tsc_khz, arch_irq_lines, (pool_end - pool_pa) >> 20, clock_ns() / 1000);
	kernel_main();
}
