// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLB flushes take mappings out of tasks: of an mm out of its task, wherever
 * that mm is in use, and of the kernel's dynamic areas out of the server's own.
 * The direct map, the image and the L4 window are never taken out, since entry
 * code must not fault on them; the image only loses rights, once.
 */

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include <asm/cpu_entry_area.h>
#include <asm/fixmap.h>
#include <asm/paravirt.h>
#include <asm/pgtable.h>
#include <asm/sections.h>
#include <asm/tlbflush.h>

#include "port.h"

#define ALL_RIGHTS (L4_RIGHT_R | L4_RIGHT_W | L4_RIGHT_X)

static void unmap(unsigned long slot, unsigned long start, unsigned long end, unsigned int rights)
{
	unsigned long flags;

	local_irq_save(flags);
	l4host_task_unmap(slot, start & PAGE_MASK, (end - 1) & PAGE_MASK, rights);
	local_irq_restore(flags);
}

/* More calls than this are dearer than one for everything. */
#define FORK_AREAS 8

/* Only areas with anonymous pages have been write-protected; fork holds the mmap lock. */
static bool fork_flush_areas(struct mm_struct *mm, unsigned long slot)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma, *list[FORK_AREAS];
	unsigned int i, n = 0;

	for_each_vma(vmi, vma) {
		if (!vma->anon_vma || (vma->vm_flags & VM_SHARED))
			continue;
		if (n == FORK_AREAS)
			return false;
		list[n++] = vma;
	}
	for (i = 0; i < n; i++)
		unmap(slot, list[i]->vm_start, list[i]->vm_end, L4_RIGHT_W);
	return true;
}

/*
 * fork has write-protected all private pages of @mm and flushes it: what it
 * wants gone from the task is the right to write.
 */
static bool is_fork_flush(struct mm_struct *mm, unsigned long end)
{
	if (mm->context.l4_fork != current)
		return false;
	mm->context.l4_fork = NULL;
	return end == TLB_FLUSH_ALL;
}

void l4_flush_tlb_mm(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	unsigned long slot = READ_ONCE(mm->context.l4_task);
	unsigned int rights = ALL_RIGHTS;

	if (slot == L4_TASK_NONE || slot == L4_TASK_DEAD)
		return;
	l4_counters.flushes++;
	if (unlikely(is_fork_flush(mm, end))) {
		l4_counters.flushes_fork++;
		if (fork_flush_areas(mm, slot))
			return;
		rights = L4_RIGHT_W;
	}
	if (end == TLB_FLUSH_ALL) {
		l4_counters.flushes_all++;
		start = 0;
		end = TASK_SIZE_MAX;
	}
	unmap(slot, start, min(end, TASK_SIZE_MAX), rights);
}

struct area {
	unsigned long start, end;
};

static void flush_in(struct area area, unsigned long start, unsigned long end)
{
	start = max(start, area.start);
	end = min(end, area.end);
	if (start < end)
		unmap(0, start, end, ALL_RIGHTS);
}

/* What Linux protects in its page tables, protect in the task: W^X for the image. */
static void image_protect(unsigned long start, unsigned long end)
{
	static bool done;
	unsigned long text = (unsigned long)_text, image_end = ALIGN((unsigned long)_end, PMD_SIZE);
	unsigned long rodata = (unsigned long)__start_rodata;
	unsigned long rodata_end = (unsigned long)__end_rodata_aligned;

	if (start >= image_end || end <= text || done || system_state < SYSTEM_FREEING_INITMEM)
		return;
	done = true;
	unmap(0, text & PMD_MASK, rodata & PMD_MASK, L4_RIGHT_W);
	unmap(0, rodata & PMD_MASK, rodata_end & PMD_MASK, L4_RIGHT_W | L4_RIGHT_X);
	unmap(0, rodata_end & PMD_MASK, image_end, L4_RIGHT_X);
}

void l4_flush_tlb_kernel(unsigned long start, unsigned long end)
{
	const struct area areas[] = {
		{ VMALLOC_START, VMALLOC_END },
		{ VMEMMAP_START, VMEMMAP_START + (l4_info->ram_size >> PAGE_SHIFT) *
						 sizeof(struct page) },
		{ CPU_ENTRY_AREA_BASE, CPU_ENTRY_AREA_BASE + CPU_ENTRY_AREA_MAP_SIZE },
		{ MODULES_VADDR, MODULES_END },
		{ FIXADDR_TOT_START, FIXADDR_TOP + PAGE_SIZE },
	};
	unsigned int i;

	l4_counters.flushes_kernel++;
	for (i = 0; i < ARRAY_SIZE(areas); i++)
		flush_in(areas[i], start, end);
	image_protect(start, end);
}

static void flush_user(void)
{
	struct mm_struct *mm = this_cpu_read(cpu_tlbstate.loaded_mm);

	if (mm != &init_mm && mm != LOADED_MM_SWITCHING)
		l4_flush_tlb_mm(mm, 0, TLB_FLUSH_ALL);
}

static void flush_kernel(void)
{
	l4_flush_tlb_kernel(TASK_SIZE_MAX, ~0UL);
	flush_user();
}

static void flush_one_user(unsigned long addr)
{
	struct mm_struct *mm = this_cpu_read(cpu_tlbstate.loaded_mm);

	if (addr >= TASK_SIZE_MAX)
		l4_flush_tlb_kernel(addr, addr + PAGE_SIZE);
	else if (mm != &init_mm && mm != LOADED_MM_SWITCHING)
		l4_flush_tlb_mm(mm, addr, addr + PAGE_SIZE);
}

/* Tasks are shared by all CPUs: the flush that asks for others has reached them. */
static void flush_multi(const struct cpumask *cpus, const struct flush_tlb_info *info)
{
}

/* A new mm that is not the current one is a copy of it: see is_fork_flush(). */
static void enter_mmap(struct mm_struct *mm)
{
	if (current->mm && mm != current->mm)
		current->mm->context.l4_fork = current;
}

static int l4_pgd_alloc(struct mm_struct *mm)
{
	mm->context.l4_task = L4_TASK_NONE;
	mm->context.l4_fork = NULL;
	return 0;
}

static void l4_pgd_free(struct mm_struct *mm, pgd_t *pgd)
{
	l4_task_delete(mm);
}

void __init l4_mmu_init(void)
{
	pv_ops.mmu.flush_tlb_user = flush_user;
	pv_ops.mmu.flush_tlb_kernel = flush_kernel;
	pv_ops.mmu.flush_tlb_one_user = flush_one_user;
	pv_ops.mmu.flush_tlb_multi = flush_multi;
	pv_ops.mmu.enter_mmap = enter_mmap;
	pv_ops.mmu.exit_mmap = l4_task_delete;
	pv_ops.mmu.pgd_alloc = l4_pgd_alloc;
	pv_ops.mmu.pgd_free = l4_pgd_free;
}
