// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults: an L4 task is the TLB of Linux's page tables. A fault walks the
 * table as the MMU would, sets accessed and dirty, and enters the mapping,
 * together with neighbours that the MMU could have cached too.
 *
 * Runs with interrupts off, so the table's pages stay.
 */

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include <asm/pgtable.h>
#include <asm/trap_pf.h>
#include <asm/traps.h>

#include "port.h"

/* Entries around a fault that are looked at, aligned. */
#define AROUND 16

struct walk {
	unsigned long addr;
	unsigned long error; /* X86_PF_WRITE, INSTR, USER */
	bool fresh;          /* the fault handler has just made the entry */
	pte_t *leaf;         /* the entry: a pte, or a pmd or pud that is a leaf */
	unsigned int order;  /* of what the entry maps */
};

static bool is_ram(unsigned long pa)
{
	return pa < l4_info->ram_size;
}

static unsigned long leaf_pa(pteval_t val, unsigned int order)
{
	return val & PHYSICAL_PAGE_MASK & ~((1UL << order) - 1);
}

/* Find the entry that translates w->addr in the table at @pgd. */
static __always_inline bool walk_find(pgd_t *pgd, struct walk *w)
{
	pteval_t *entry = (pteval_t *)pgd + pgd_index(w->addr);
	unsigned int order = PGDIR_SHIFT;

	while (*entry & _PAGE_PRESENT) {
		if (order == PAGE_SHIFT || (order < PGDIR_SHIFT && (*entry & _PAGE_PSE))) {
			w->leaf = (pte_t *)entry;
			w->order = order;
			return true;
		}
		order -= ilog2(PTRS_PER_PTE);
		entry = (pteval_t *)__va(*entry & PTE_PFN_MASK) +
			((w->addr >> order) & (PTRS_PER_PTE - 1));
	}
	return false;
}

static bool access_permitted(pteval_t val, unsigned long error)
{
	if ((error & X86_PF_WRITE) && !(val & _PAGE_RW))
		return false;
	if ((error & X86_PF_USER) && !(val & _PAGE_USER))
		return false;
	return !((error & X86_PF_INSTR) && (val & _PAGE_NX));
}

/* Check the access and set accessed and dirty, in one step as the MMU does. */
static enum l4_fault leaf_use(const struct walk *w, pteval_t *out)
{
	pteval_t old = READ_ONCE(w->leaf->pte), new;

	do {
		if (!(old & _PAGE_PRESENT))
			return L4_FAULT_ABSENT;
		if (!access_permitted(old, w->error))
			return L4_FAULT_DENIED;
		new = old | _PAGE_ACCESSED | (w->error & X86_PF_WRITE ? _PAGE_DIRTY : 0);
	} while (new != old && !try_cmpxchg(&w->leaf->pte, &old, new));
	*out = new;
	return is_ram(leaf_pa(new, w->order)) ? L4_FAULT_MAPPED : L4_FAULT_NO_RAM;
}

/* A clean page is entered read-only, so that its first write is seen. */
static unsigned int leaf_rights(pteval_t val)
{
	unsigned int rights = L4_RIGHT_R;

	if ((val & _PAGE_RW) && (val & _PAGE_DIRTY))
		rights |= L4_RIGHT_W;
	if (!(val & _PAGE_NX))
		rights |= L4_RIGHT_X;
	return rights;
}

static struct l4_map map_make(unsigned long addr, unsigned long pa, unsigned int order,
			      unsigned int rights)
{
	return (struct l4_map){
		.src = (unsigned long)__va(pa) | rights,
		.dst = (addr & ~((1UL << order) - 1)) | order,
	};
}

/* The mapping of a leaf, at most 2 MiB of it. */
static struct l4_map leaf_map(const struct walk *w, pteval_t val)
{
	unsigned int order = min_t(unsigned int, w->order, PMD_SHIFT);
	unsigned long in_leaf = w->addr & ((1UL << w->order) - 1) & ~((1UL << order) - 1);

	return map_make(w->addr, leaf_pa(val, w->order) + in_leaf, order, leaf_rights(val));
}

/* Neighbours of a pte that are present and young: what the MMU might hold as well. */
static unsigned int leaf_around(const struct walk *w, struct l4_map *list)
{
	unsigned int here = pte_index(w->addr) % AROUND, i, n = 0;
	pte_t *pte = w->leaf - here;
	unsigned long addr = (w->addr & PAGE_MASK) - here * PAGE_SIZE;

	for (i = 0; i < AROUND; i++, pte++, addr += PAGE_SIZE) {
		pteval_t val = READ_ONCE(pte->pte);

		if (i == here || !(val & _PAGE_PRESENT) || !(val & _PAGE_ACCESSED))
			continue;
		if ((w->error & X86_PF_USER) && !(val & _PAGE_USER))
			continue;
		if (is_ram(leaf_pa(val, PAGE_SHIFT)))
			list[n++] = map_make(addr, leaf_pa(val, PAGE_SHIFT), PAGE_SHIFT,
					     leaf_rights(val));
	}
	return n;
}

/* Fill @list with the mappings that resolve the fault, the faulting page first. */
static enum l4_fault fault_resolve(pgd_t *pgd, struct walk *w, struct l4_map *list,
				   unsigned int *n)
{
	enum l4_fault f;
	pteval_t val;

	if (!walk_find(pgd, w))
		return L4_FAULT_ABSENT;
	f = leaf_use(w, &val);
	if (f != L4_FAULT_MAPPED)
		return f;
	list[0] = leaf_map(w, val);
	*n = 1;
	/* A new dirty page is one of its own; what comes clean from a file comes with neighbours. */
	if (w->order == PAGE_SHIFT && !(w->fresh && (val & _PAGE_DIRTY)))
		*n += leaf_around(w, list + 1);
	return f;
}

static enum l4_fault map_now(unsigned long slot, struct l4_map *list, unsigned int n,
			     unsigned long addr)
{
	struct l4_map *m = &list[0];
	unsigned long offset;

	if (!slot && addr < TASK_SIZE_MAX)
		return L4_FAULT_NO_MEMORY; /* the process has no task; 0 is the kernel's own */
	l4_counters.mapped += n;
	if (l4host_task_map(slot, list, n) >= 0)
		return L4_FAULT_MAPPED;
	/* Perhaps for lack of memory: keep to the one page, after making room. */
	l4_counters.map_failed++;
	l4_tasks_shrink(slot);
	offset = addr & ((1UL << (m->dst & ~PAGE_MASK)) - 1) & PAGE_MASK;
	m->src += offset;
	m->dst = (addr & PAGE_MASK) | PAGE_SHIFT;
	if (l4host_task_map(slot, list, 1) >= 0)
		return L4_FAULT_MAPPED;
	if (addr >= TASK_SIZE_MAX)
		panic("no microkernel memory to map a page");
	return L4_FAULT_NO_MEMORY;
}

static bool map_failed_before(void)
{
	u32 *sticky = (u32 *)(L4_VCPU_PAGE0 + L4_VCPU_OFF_STICKY);

	if (likely(!(READ_ONCE(*sticky) & L4_VCPU_SF_MAP_FAILED)))
		return false;
	asm volatile("andl %1, %0" : "+m"(*sticky) : "i"(~L4_VCPU_SF_MAP_FAILED));
	return true;
}

/* A fault of user code: the mappings go along with the next resume. */
enum l4_fault l4_fault_user(unsigned long addr, unsigned long error, bool fresh)
{
	struct walk w = { .addr = addr, .error = error, .fresh = fresh };
	struct l4_map *list = l4_vcpu_map_list();
	enum l4_fault f;
	unsigned int n;

	if (addr >= TASK_SIZE_MAX)
		return L4_FAULT_ABSENT;
	f = fault_resolve(__va(l4_cr3_pgd()), &w, list, &n);
	if (f != L4_FAULT_MAPPED)
		return f;
	l4_counters.faults_fast++;
	if (unlikely(map_failed_before()))
		return map_now(l4_task_current(), list, n, addr);
	l4_counters.mapped += n;
	L4_VCPU_FIELD(u32, L4_VCPU_OFF_MAP_COUNT) = n;
	return f;
}

/* A fault of the kernel: at a user address or in its own dynamic mappings. */
enum l4_fault l4_fault_kernel(unsigned long addr, unsigned long error)
{
	struct walk w = { .addr = addr, .error = error };
	bool low = addr < TASK_SIZE_MAX;
	struct l4_map list[AROUND];
	enum l4_fault f;
	unsigned int n;

	if (low && !l4_task_current() && !l4_task_retry())
		return current->mm ? L4_FAULT_NO_MEMORY : L4_FAULT_ABSENT;
	f = fault_resolve(low ? __va(l4_cr3_pgd()) : init_top_pgt, &w, list, &n);
	if (f != L4_FAULT_MAPPED)
		return f;
	l4_counters.faults_kernel++;
	return map_now(low ? l4_task_current() : 0, list, n, addr);
}
