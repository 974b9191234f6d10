// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own page tables, and the TLB part of the arch contract.
 *
 * Slot 256: all RAM and the low 4 GiB, read/write, never executable; the pages of the kernel's text and
 * constants are read-only here too, so no writable alias of code exists. Slot 257: the image with
 * text R-X, constants R--, data RW-, and a window for device registers. All of it is global. The
 * two slots never change their top-level entries, so every task's root copies them once.
 */
#include "cpu.h"
#include "machine.h"
#include "object.h"
#include "pte.h"
#include "space.h"
#include "string.h"

#define PAGE_2M (1UL << 21)
#define PAGE_1G (1UL << 30)
#define TABLE (PTE_P | PTE_W | PTE_A)
#define LEAF (PTE_P | PTE_A | PTE_D | PTE_G)
#define SPLIT_TABLES 2 /* 4 MiB: the image ends below */
#define KERNEL_SLOTS 16

extern u64 boot_pml4[512], boot_pd[4][512];

static u64 kernel_pml4[512] __attribute__((aligned(4096)));
static u64 physmap_pdpt[512] __attribute__((aligned(4096)));
static u64 image_pdpt[512] __attribute__((aligned(4096)));
static u64 image_pd[512] __attribute__((aligned(4096)));
static u64 device_pd[512] __attribute__((aligned(4096)));
static u64 device_pt[512] __attribute__((aligned(4096)));
static u64 image_pt[SPLIT_TABLES][512] __attribute__((aligned(4096)));
static u64 alias_pt[SPLIT_TABLES][512] __attribute__((aligned(4096)));
static unsigned int devices;

u64 arch_kernel_pa(const void *va)
{
	u64 address = (u64)va;

	return address >= IMAGE_OFFSET ? address - IMAGE_OFFSET : address - PHYSMAP;
}

static u64 table(const void *va)
{
	return arch_kernel_pa(va) | TABLE;
}

/** Rights of the image's page at pa; 0 outside and for the page into which the kernel stack would overflow. */
static u64 image_rights(u64 pa)
{
	char *va = (char *)(pa + IMAGE_OFFSET);

	if (va >= text_start && va < text_end)
		return LEAF & ~PTE_D;
	if (va >= text_end && va < rodata_end)
		return (LEAF & ~PTE_D) | PTE_NX;
	if (va >= rodata_end && va < image_end && va != boot_stack_guard)
		return LEAF | PTE_W | PTE_NX;
	return 0;
}

static void fill_image(void)
{
	u64 pa, rights;

	for (pa = 0; pa < SPLIT_TABLES * PAGE_2M; pa += PAGE_SIZE) {
		rights = image_rights(pa);
		if (rights)
			image_pt[pa >> 21][pa >> 12 & 511] = pa | rights;
		if (!rights || (rights & PTE_W))
			rights = LEAF | PTE_W;
		alias_pt[pa >> 21][pa >> 12 & 511] = pa | rights | PTE_NX;
	}
}

/** The boot tables' directories, no longer executable, go on as the physmap of the low 4 GiB. */
static void fill_physmap(u64 *pool_pa, u64 top)
{
	u64 pa, *pd, i;

	for (pa = 0; pa < 4 * PAGE_1G; pa += PAGE_2M)
		boot_pd[pa >> 30][pa >> 21 & 511] = pa | LEAF | PTE_W | PTE_NX | PTE_PS;
	for (i = 0; i < SPLIT_TABLES; i++)
		boot_pd[0][i] = table(alias_pt[i]);
	for (i = 0; i < 4; i++)
		physmap_pdpt[i] = table(boot_pd[i]);
	if (top > PHYSMAP_BYTES)
		panic("more than 512 GiB of memory");
	for (pa = 4 * PAGE_1G; pa < top; pa += PAGE_1G) {
		if (cpu_has_1g_pages()) {
			physmap_pdpt[pa >> 30] = pa | LEAF | PTE_W | PTE_NX | PTE_PS;
			continue;
		}
		pd = arch_phys_to_virt(*pool_pa);
		*pool_pa += PAGE_SIZE;
		for (i = 0; i < 512; i++)
			pd[i] = (pa + i * PAGE_2M) | LEAF | PTE_W | PTE_NX | PTE_PS;
		physmap_pdpt[pa >> 30] = table(pd);
	}
}

void paging_init(u64 *pool_pa, u64 top_of_ram)
{
	unsigned int i;

	fill_image();
	for (i = 0; i < SPLIT_TABLES; i++)
		image_pd[i] = table(image_pt[i]);
	image_pdpt[0] = table(image_pd);
	image_pdpt[DEVICE_WINDOW >> 30 & 511] = table(device_pd);
	device_pd[DEVICE_WINDOW >> 21 & 511] = table(device_pt);
	kernel_pml4[256] = boot_pml4[256];
	kernel_pml4[257] = table(image_pdpt);
	this_cpu()->cr3 = arch_kernel_pa(kernel_pml4);
	/* The image's own tables first: the boot tables execute through the directories that lose that right now. */
	arch_load_cr3(this_cpu()->cr3);
	fill_physmap(pool_pa, top_of_ram);
	kernel_pml4[256] = table(physmap_pdpt);
	arch_load_cr3(this_cpu()->cr3);
	write_cr4(read_cr4() | CR4_PGE);
}

u64 paging_map_device(u64 pa)
{
	u64 va = DEVICE_WINDOW + devices * PAGE_SIZE;

	if (devices == ARRAY_SIZE(device_pt))
		panic("too many devices");
	device_pt[devices++] = ALIGN_DOWN(pa, PAGE_SIZE) | LEAF | PTE_W | PTE_NX | PTE_PCD | PTE_PWT;
	return va + (pa & (PAGE_SIZE - 1));
}

void arch_space_init_root(u64 *root)
{
	memcpy(&root[256], &kernel_pml4[256], KERNEL_SLOTS * sizeof(u64));
}

/** May the loaded top-level table refer to tables of s, itself or through a view's high half? */
static bool space_is_loaded(const struct cpu *cpu, const struct space *s)
{
	const struct task *own = cpu->current->task;

	return cpu->cr3 == s->cr3 || (s->view_root && cpu->cr3 == s->view_cr3) || (own && &own->space == s) ||
	       cpu->high_space == s;
}

/*
 * Translations of a table that is not loaded are not in the TLB (loading CR3 drops
 * all but global ones). A high address of a server may be seen through any view, so it always goes.
 */
u64 arch_tlb_uncached(const struct space *s)
{
	u64 cr3 = this_cpu()->cr3;

	return cr3 != s->cr3 && !(s->view_root && cr3 == s->view_cr3) ? KERNEL_SPACE : 0;
}

void arch_tlb_flush(struct space *s, u64 va, unsigned int order)
{
	this_cpu()->count.tlb_flushes++;
	invlpg(va);
}

void arch_tlb_flush_all(struct space *s)
{
	struct cpu *cpu = this_cpu();

	if (!space_is_loaded(cpu, s))
		return;
	cpu->count.tlb_flushes++;
	cpu->count.cr3_loads++;
	arch_load_cr3(cpu->cr3);
}

void arch_space_leave(struct space *s)
{
	struct cpu *cpu = this_cpu();

	if (!space_is_loaded(cpu, s))
		return;
	cpu->high_space = NULL;
	cpu->cr3 = arch_kernel_pa(kernel_pml4);
	cpu->count.cr3_loads++;
	arch_load_cr3(cpu->cr3);
}
