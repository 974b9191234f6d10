// SPDX-License-Identifier: MIT
/* The pool, the fakes and the structural check for tests of the kernel's memory code. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"
#include "mapdb.h"
#include "pte.h"

#define POOL_MAX (256UL << 20)
#define POOL_PA 0x10000000UL
#define FOUND_MAX 65536

struct quota kernel_quota;
unsigned int preempt_one_in;

static const char *check_name;
static u64 rnd_state = 1;
static struct found found[FOUND_MAX];
static unsigned int found_count;
static u32 ref_index[POOL_MAX / 8];
static struct found tlb[FOUND_MAX];
static unsigned int tlb_count;

void check_failed(const char *file, int line, const char *what)
{
	printf("not ok %s %s:%d %s\n", check_name, file, line, what);
	fflush(stdout);
	abort();
}

void check_run(const char *name, void (*check)(void))
{
	check_name = name;
	preempt_one_in = 0;
	tlb_count = 0;
	rnd_seed(1);
	check();
	printf("ok %s\n", name);
	fflush(stdout);
}

void rnd_seed(u64 seed)
{
	rnd_state = seed * 0x9e3779b97f4a7c15UL + 1;
}

unsigned int rnd_rounds(unsigned int n)
{
	const char *times = getenv("ROUNDS");

	return times ? n * atoi(times) : n;
}

u64 rnd(u64 below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state % below;
}

void pool_init(u64 bytes)
{
	static char *pool;

	if (!pool) {
		pool = mmap(NULL, POOL_MAX, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		CHECK(pool != MAP_FAILED);
	}
	CHECK(bytes <= POOL_MAX);
	memset(pool, 0xa5, bytes);
	frame_init(pool, POOL_PA, bytes);
	quota_init(&kernel_quota, bytes);
}

bool preempt_point(void)
{
	return preempt_one_in && rnd(preempt_one_in) == 0;
}

void arch_space_init_root(u64 *root)
{
	for (unsigned int i = PTE_ROOT_KERNEL; i < PTE_ROOT_HIGH; i++)
		root[i] = 0x5000 | PTE_P;
}

/* The linker sends mapdb.c here: what is given back as zero must be zero. */
void __real_frame_free_zeroed(void *va, struct quota *q);
void __wrap_frame_free_zeroed(void *va, struct quota *q);
void __wrap_frame_free_zeroed(void *va, struct quota *q)
{
	for (unsigned int i = 0; i < PAGE_SIZE / 8; i++)
		CHECK(!((u64 *)va)[i]);
	__real_frame_free_zeroed(va, q);
}

int space_lookup(const struct space *s, u64 va, u64 *pa, unsigned int *order, unsigned int *rights)
{
	const u64 *table = s->root;

	for (unsigned int shift = 39; ; shift -= 9) {
		u64 entry = table[va >> shift & 511];

		if (!(entry & PTE_P) || !(entry & PTE_U))
			return -L4_ENOENT;
		if (shift > 12 && (shift == 39 || !(entry & PTE_PS))) {
			table = frame_va(entry & PTE_ADDR);
			continue;
		}
		*pa = (entry & PTE_ADDR) + (va & (BIT(shift) - 1));
		*order = shift;
		*rights = SPACE_RIGHTS_R | (entry & PTE_W ? SPACE_RIGHTS_W : 0) | (entry & PTE_NX ? 0 : SPACE_RIGHTS_X);
		return 0;
	}
}

/* --- the TLB model */

u64 arch_tlb_uncached(const struct space *s)
{
	return 0;
}

void arch_tlb_flush(struct space *s, u64 va, unsigned int order)
{
	for (unsigned int i = 0; i < tlb_count; i++)
		if (tlb[i].space == s && tlb[i].va <= va + (BIT(order) - 1) &&
		    va <= tlb[i].va + (BIT(tlb[i].order) - 1))
			tlb[i--] = tlb[--tlb_count];
}

void arch_tlb_flush_all(struct space *s)
{
	tlb_forget(s);
}

void tlb_forget(struct space *s)
{
	for (unsigned int i = 0; i < tlb_count; i++)
		if (tlb[i].space == s)
			tlb[i--] = tlb[--tlb_count];
}

void tlb_fill(struct space **spaces, unsigned int n)
{
	struct found *list;

	db_check(spaces, n, &list, &tlb_count);
	memcpy(tlb, list, tlb_count * sizeof(*list));
}

void tlb_check(void)
{
	unsigned int i, order, rights;
	u64 pa;

	for (i = 0; i < tlb_count; i++) {
		CHECK(!space_lookup(tlb[i].space, tlb[i].va, &pa, &order, &rights));
		CHECK(pa == tlb[i].pa && order >= tlb[i].order);
		CHECK(!(tlb[i].rights & ~rights));
	}
}

/* --- the check of all tables */

static void found_add(struct space *s, u64 *entry, u64 va, unsigned int level)
{
	struct found *f = &found[found_count];
	u64 e = *entry;

	CHECK(found_count < FOUND_MAX);
	CHECK((e & (PTE_P | PTE_U | PTE_A)) == (PTE_P | PTE_U | PTE_A));
	CHECK(!(e & PTE_W) == !(e & PTE_D));
	CHECK((level > 1) == !!(e & PTE_PS));
	*f = (struct found){ .space = s, .va = va, .pa = e & PTE_ADDR, .order = 3 + 9 * level,
			     .ref = mapdb_ref(entry), .ku = e & PTE_KU };
	f->rights = SPACE_RIGHTS_R | (e & PTE_W ? SPACE_RIGHTS_W : 0) | (e & PTE_NX ? 0 : SPACE_RIGHTS_X);
	CHECK(!(f->pa & (BIT(f->order) - 1)));
	if (!f->ku) {
		f->parent = mapdb_node(f->ref)->parent;
		ref_index[f->ref] = ++found_count;
	} else {
		ref_index[f->ref] = 0;
		found_count++;
	}
}

static void table_check(struct space *s, u64 *table, u64 base, unsigned int level)
{
	struct frame_info *info = frame_info(table);
	unsigned int i, used = 0;
	u64 va;

	CHECK(info->owner == s && info->level == level && info->base == base);
	for (i = 0; i < MAPDB_ENTRIES; i++) {
		if (level == 4 && i >= PTE_ROOT_KERNEL && i < PTE_ROOT_HIGH) {
			CHECK(!!table[i] == !s->io);
			continue;
		}
		va = base + ((u64)i << (3 + 9 * level));
		if (level == 4 && i >= PTE_ROOT_KERNEL)
			va |= 0xffff000000000000UL;
		if (level == 4 && s->view_root && i < PTE_ROOT_KERNEL)
			CHECK(s->view_root[i] == table[i]);
		if (!table[i])
			continue;
		used++;
		CHECK(info->groups >> i / MAPDB_GROUP & 1);
		if (level == 1 || (table[i] & PTE_PS))
			found_add(s, &table[i], va, level);
		else
			table_check(s, frame_va(table[i] & PTE_ADDR), va, level - 1);
	}
	CHECK(used == info->used);
}

static struct found *found_ref(u32 ref)
{
	struct found *f;

	CHECK(ref && ref_index[ref] && ref_index[ref] <= found_count);
	f = &found[ref_index[ref] - 1];
	CHECK(f->ref == ref && !f->ku);
	return f;
}

/* Children lie in the parent's frame, have no more rights, writable ones first; links are consistent. */
static unsigned int children_check(struct found *f)
{
	u32 ref = mapdb_node(f->ref)->child, first = ref, last = 0;
	unsigned int n = 0;
	bool writable = true;
	struct found *c;

	for (; ref; last = ref, ref = mapdb_node(ref)->next, n++) {
		c = found_ref(ref);
		CHECK(c->parent == f->ref);
		CHECK(ref == first || mapdb_node(ref)->prev == last);
		CHECK(c->pa >= f->pa && c->pa + BIT(c->order) <= f->pa + BIT(f->order));
		CHECK(!(c->rights & ~f->rights));
		CHECK(writable || !(c->rights & SPACE_RIGHTS_W));
		writable = c->rights & SPACE_RIGHTS_W;
	}
	if (first)
		CHECK(mapdb_node(first)->prev == last);
	return n;
}

void db_check(struct space **spaces, unsigned int n, struct found **list, unsigned int *count)
{
	unsigned int i, start, children = 0, with_parent = 0;

	found_count = 0;
	for (i = 0; i < n; i++) {
		start = found_count;
		if (spaces[i]->root)
			table_check(spaces[i], spaces[i]->root, 0, 4);
		CHECK(!spaces[i]->root || spaces[i]->pages == found_count - start);
	}
	for (i = 0; i < found_count; i++) {
		if (found[i].ku)
			continue;
		children += children_check(&found[i]);
		with_parent += !!found[i].parent;
		if (found[i].parent)
			found_ref(found[i].parent);
	}
	CHECK(children == with_parent);
	*list = found;
	*count = found_count;
}
