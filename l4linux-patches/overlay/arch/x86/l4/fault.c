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

struct access {
	unsigned long addr;
	unsigned long error; /* the hardware's: X86_PF_PROT if the task has the page already */
	bool fresh;          /* the fault handler has just made the entry */
};

/* RAM, or a channel's memory behind it. */
static __always_inline bool is_memory(unsigned long pa)
{
	return pa < l4_info->memory_top;
}

static __always_inline unsigned long leaf_pa(pteval_t val, unsigned int order)
{
	return val & PHYSICAL_PAGE_MASK & ~((1UL << order) - 1);
}

/* The entry that translates @addr in @table, of what @order, or NULL. */
static __always_inline pteval_t *walk_find(const pteval_t *table, unsigned long addr,
					   unsigned int *order)
{
	pteval_t val = table[pgd_index(addr)], *entry = NULL;

	if (!(val & _PAGE_PRESENT))
		return NULL;
#pragma GCC unroll 3
	for (*order = PUD_SHIFT; *order >= PAGE_SHIFT; *order -= ilog2(PTRS_PER_PTE)) {
		entry = (pteval_t *)__va(val & PTE_PFN_MASK) +
			((addr >> *order) & (PTRS_PER_PTE - 1));
		if (*order == PAGE_SHIFT)
			break;
		val = READ_ONCE(*entry);
		if ((val & (_PAGE_PRESENT | _PAGE_PSE)) != _PAGE_PRESENT)
			return val & _PAGE_PRESENT ? entry : NULL;
	}
	return entry;
}

static __always_inline bool access_permitted(pteval_t val, unsigned long error)
{
	BUILD_BUG_ON(X86_PF_WRITE != _PAGE_RW || X86_PF_USER != _PAGE_USER);
	if (error & ~val & (_PAGE_RW | _PAGE_USER))
		return false;
	return !((error & X86_PF_INSTR) && (val & _PAGE_NX));
}

/* Check the access and set accessed and dirty, in one step as the MMU does. */
static __always_inline enum l4_fault leaf_use(pteval_t *leaf, unsigned long error, pteval_t *out)
{
	pteval_t old = READ_ONCE(*leaf), new;

	do {
		if (!(old & _PAGE_PRESENT))
			return L4_FAULT_ABSENT;
		if (!access_permitted(old, error))
			return L4_FAULT_DENIED;
		new = old | _PAGE_ACCESSED | (error & X86_PF_WRITE ? _PAGE_DIRTY : 0);
	} while (new != old && !try_cmpxchg(leaf, &old, new));
	*out = new;
	return L4_FAULT_MAPPED;
}

/* A clean page is entered read-only, so that its first write is seen. */
static __always_inline unsigned int leaf_rights(pteval_t val)
{
	pteval_t dirty_as_rw = val >> (_PAGE_BIT_DIRTY - _PAGE_BIT_RW);

	BUILD_BUG_ON(_PAGE_RW != L4_RIGHT_W || L4_RIGHT_X != 1 || _PAGE_BIT_NX != 63);
	return L4_RIGHT_R | (val & dirty_as_rw & L4_RIGHT_W) | (~val >> _PAGE_BIT_NX);
}

/* The mapping of @bytes at @addr to the same part of what a leaf maps. */
static __always_inline struct l4_map leaf_map(unsigned long addr, pteval_t val,
					      unsigned int leaf_order, unsigned int order)
{
	unsigned long start = addr & ~((1UL << order) - 1);
	unsigned long in_leaf = start & ((1UL << leaf_order) - 1);

	return (struct l4_map){
		.src = (unsigned long)__va(leaf_pa(val, leaf_order) + in_leaf) | leaf_rights(val),
		.dst = start | order,
	};
}

/* Neighbours of a pte that are present and young: what the MMU might hold as well. */
static noinline unsigned int leaf_around(const struct access *a, pteval_t *leaf, struct l4_map *list)
{
	unsigned int here = pte_index(a->addr) % AROUND, i, n = 0;
	pteval_t need = _PAGE_PRESENT | _PAGE_ACCESSED | (a->error & X86_PF_USER ? _PAGE_USER : 0);
	unsigned long addr = (a->addr & PAGE_MASK) - here * PAGE_SIZE;

	leaf -= here;
	for (i = 0; i < AROUND; i++, leaf++, addr += PAGE_SIZE) {
		pteval_t val = READ_ONCE(*leaf);

		if (i != here && (val & need) == need && is_memory(leaf_pa(val, PAGE_SHIFT)))
			list[n++] = leaf_map(addr, val, PAGE_SHIFT, PAGE_SHIFT);
	}
	return n;
}

/*
 * Neighbours are worth a look when the task has nothing here, or the handler has filled in
 * several. A new anonymous page, or the zero page in place of one, comes alone; so does a
 * page that is only written for the first time.
 */
static __always_inline bool look_around(const struct access *a, pteval_t val)
{
	if (a->fresh && (val & (_PAGE_DIRTY | _PAGE_SPECIAL)))
		return false;
	return !(a->error & X86_PF_PROT);
}

/* Fill @list with the mappings that resolve the fault by @leaf, of @order: the faulting page first. */
static __always_inline enum l4_fault leaf_resolve(pteval_t *leaf, unsigned int order, const struct access *a,
						  struct l4_map *list, unsigned int *n)
{
	enum l4_fault f;
	pteval_t val;

	if (!leaf)
		return L4_FAULT_ABSENT;
	f = leaf_use(leaf, a->error, &val);
	if (f != L4_FAULT_MAPPED)
		return f;
	if (!is_memory(leaf_pa(val, order)))
		return L4_FAULT_NO_RAM;
	*n = 1;
	if (unlikely(order != PAGE_SHIFT)) {
		list[0] = leaf_map(a->addr, val, order, PMD_SHIFT);
		return f;
	}
	list[0] = leaf_map(a->addr, val, PAGE_SHIFT, PAGE_SHIFT);
	if (look_around(a, val))
		*n += leaf_around(a, leaf, list + 1);
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

/* The mappings for a fault of user code go along with the next resume. */
static __always_inline enum l4_fault user_resolve(pteval_t *leaf, unsigned int order, const struct access *a)
{
	struct l4_map *list = l4_vcpu_map_list();
	enum l4_fault f;
	unsigned int n;

	f = leaf_resolve(leaf, order, a, list, &n);
	if (f != L4_FAULT_MAPPED)
		return f;
	l4_counters.faults_fast++;
	if (unlikely(map_failed_before()))
		return map_now(l4_task_current(), list, n, a->addr);
	l4_counters.mapped += n;
	L4_VCPU_FIELD(u32, L4_VCPU_OFF_MAP_COUNT) = n;
	return f;
}

enum l4_fault l4_fault_user(unsigned long addr, unsigned long error, struct l4_found *found)
{
	const struct access a = { .addr = addr, .error = error };
	unsigned int order;
	pteval_t *leaf;

	if (addr >= TASK_SIZE_MAX) {
		found->leaf = NULL;
		return L4_FAULT_ABSENT;
	}
	leaf = walk_find((const pteval_t *)l4_pgd(), addr, &order);
	found->leaf = leaf && order == PAGE_SHIFT ? leaf : NULL;
	found->flushes = l4_counters.flushes;
	return user_resolve(leaf, order, &a);
}

void l4_fault_user_handled(unsigned long addr, unsigned long error, const struct l4_found *found)
{
	const struct access a = { .addr = addr, .error = error, .fresh = true };
	unsigned int order;
	pteval_t *leaf;

	l4_counters.faults_slow++;
	if (likely(found->leaf && found->flushes == l4_counters.flushes)) {
		user_resolve(found->leaf, PAGE_SHIFT, &a);
	} else if (addr < TASK_SIZE_MAX) {
		leaf = walk_find((const pteval_t *)l4_pgd(), addr, &order);
		user_resolve(leaf, order, &a);
	}
}

/* A fault of the kernel: at a user address or in its own dynamic mappings. */
enum l4_fault l4_fault_kernel(unsigned long addr, unsigned long error, bool fresh)
{
	const struct access a = { .addr = addr, .error = error, .fresh = fresh };
	bool low = addr < TASK_SIZE_MAX;
	struct l4_map list[AROUND];
	unsigned int order, n;
	enum l4_fault f;
	pteval_t *leaf;

	if (low && !l4_task_current() && !l4_task_retry())
		return current->mm ? L4_FAULT_NO_MEMORY : L4_FAULT_ABSENT;
	leaf = walk_find((const pteval_t *)(low ? l4_pgd() : init_top_pgt), addr, &order);
	f = leaf_resolve(leaf, order, &a, list, &n);
	if (f != L4_FAULT_MAPPED)
		return f;
	l4_counters.faults_kernel++;
	return map_now(low ? l4_task_current() : 0, list, n, addr);
}
