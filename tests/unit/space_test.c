// SPDX-License-Identifier: MIT
/*
 * Address spaces: random maps and unmaps against a naive list of mappings, quota
 * exhaustion, preemption, TLB flushes, and the exact return of memory.
 * sources: microkernel/memory/frame.c microkernel/memory/slab.c microkernel/memory/quota.c
 * sources: microkernel/memory/mapdb.c microkernel/memory/space.c microkernel/memory/iospace.c tests/unit/support/memory.c
 * cflags: -iquote microkernel/include -iquote microkernel/memory -iquote microkernel/arch/x86_64
 * cflags: -iquote tests/unit/support -Wl,--wrap=frame_free_zeroed
 */
#include <string.h>

#include "memory.h"

#define SPACES 4
#define MODEL_MAX 20000

#define LOW 0x40000000UL
#define HIGH 0xffffc00000000000UL
#define ORIGINALS 6

static struct space spaces[SPACES];
static struct space *list_of_spaces[SPACES] = { &spaces[0], &spaces[1], &spaces[2], &spaces[3] };
static struct quota *quotas[SPACES];

void arch_iospace_changed(struct iospace *io)
{
}

static u64 size_of(unsigned int order)
{
	return BIT(order);
}

/* --- the model: a list of mappings, parents by index */

struct model {
	bool used;
	struct space *space;
	u64 va, pa;
	unsigned int order, rights;
	int parent;
};

static struct model model[MODEL_MAX];
static int model_count;

static int model_add(struct space *s, u64 va, u64 pa, unsigned int order, unsigned int rights, int parent)
{
	int i;

	for (i = 0; i < model_count && model[i].used; i++)
		;
	CHECK(i < MODEL_MAX);
	if (i == model_count)
		model_count++;
	model[i] = (struct model){ true, s, va, pa, order, rights, parent };
	return i;
}

static int model_find(struct space *s, u64 va)
{
	for (int i = 0; i < model_count; i++)
		if (model[i].used && model[i].space == s && va >= model[i].va &&
		    va - model[i].va < size_of(model[i].order))
			return i;
	return -1;
}

/* Where the first mapping after va starts, ~0 if none. */
static u64 model_next(struct space *s, u64 va)
{
	u64 next = ~0UL;

	for (int i = 0; i < model_count; i++)
		if (model[i].used && model[i].space == s && model[i].va > va && model[i].va < next)
			next = model[i].va;
	return next;
}

/* The first mapping that touches [va, last]. */
static int model_overlap(struct space *s, u64 va, u64 last)
{
	for (int i = 0; i < model_count; i++)
		if (model[i].used && model[i].space == s && model[i].va <= last &&
		    model[i].va + (size_of(model[i].order) - 1) >= va)
			return i;
	return -1;
}

static void model_remove_children(int m)
{
	for (int i = 0; i < model_count; i++)
		if (model[i].used && model[i].parent == m) {
			model_remove_children(i);
			model[i].used = false;
		}
}

static bool model_has_children(int m)
{
	for (int i = 0; i < model_count; i++)
		if (model[i].used && model[i].parent == m)
			return true;
	return false;
}

/* Does the one mapping d at the destination stay, with more rights? */
static bool model_joins(int d, int m, u64 va, u64 pa, unsigned int order, unsigned int rights)
{
	if (model[d].va != va || model[d].order != order || model[d].pa != pa)
		return false;
	if (model[d].parent != m && (model[d].parent < 0 || model_has_children(d)))
		return false;
	model[d].rights = (model[d].rights | rights) & model[m].rights;
	model[d].parent = m;
	return true;
}

/* A destination from which the source was derived went: how much of it depends on preemption. */
static bool model_source_lost;

static bool model_is_ancestor(int d, int m)
{
	for (; m >= 0; m = model[m].parent)
		if (m == d)
			return true;
	return false;
}

/* Take over what is there. */
static void model_resync(void)
{
	struct found *f;
	unsigned int count, p;

	db_check(list_of_spaces, SPACES, &f, &count);
	model_count = 0;
	for (unsigned int i = 0; i < count; i++) {
		for (p = 0; f[i].parent && f[p].ref != f[i].parent; p++)
			;
		model_add(f[i].space, f[i].va, f[i].pa, f[i].order, f[i].rights, f[i].parent ? (int)p : -1);
	}
	model_source_lost = false;
}

static u64 model_map(struct space *dst, u64 dst_va, struct space *src, u64 src_va,
		     unsigned int order, unsigned int rights)
{
	u64 pos = 0, pa, count = 0;
	unsigned int o;
	int m, d;

	while (pos < size_of(order)) {
		m = model_find(src, src_va + pos);
		if (m < 0) {
			pos = model_next(src, src_va + pos) - src_va;
			continue;
		}
		o = model[m].order;
		while (o > order)
			o -= 9;
		pa = model[m].pa + (src_va + pos - model[m].va);
		d = model_overlap(dst, dst_va + pos, dst_va + pos + size_of(o) - 1);
		if (d >= 0 && !model_joins(d, m, dst_va + pos, pa, o, rights)) {
			model_source_lost |= preempt_one_in && model_is_ancestor(d, m);
			model_remove_children(d);
			model[d].used = false;
			continue; /* look at both sides again */
		}
		if (d < 0)
			model_add(dst, dst_va + pos, pa, o, rights & model[m].rights, m);
		pos += size_of(o);
		count++;
	}
	return count;
}

static void model_weaken(int m)
{
	for (int c = 0; c < model_count; c++) {
		if (!model[c].used || model[c].parent != m || !(model[c].rights & SPACE_RIGHTS_W))
			continue;
		for (int g = 0; g < model_count; g++)
			if (model[g].used && model[g].parent == c && (model[g].rights & SPACE_RIGHTS_W)) {
				model_remove_children(g);
				model[g].used = false;
			}
		model[c].rights &= ~SPACE_RIGHTS_W;
	}
}

static void model_unmap_one(int m, unsigned int rights, bool self)
{
	unsigned int held = model[m].rights & rights;

	if (rights & SPACE_RIGHTS_R || held & SPACE_RIGHTS_X)
		model_remove_children(m);
	else if (held & SPACE_RIGHTS_W)
		model_weaken(m);
	if (self && (rights & SPACE_RIGHTS_R))
		model[m].used = false;
	else if (self)
		model[m].rights &= ~rights;
}

/* In order of address: it matters when a space holds mappings derived from its own. */
static void model_unmap(struct space *s, u64 start, u64 last, unsigned int rights, bool self)
{
	u64 at = start;
	int best;

	for (;;) {
		best = -1;
		for (int i = 0; i < model_count; i++)
			if (model[i].used && model[i].space == s &&
			    model[i].va + (size_of(model[i].order) - 1) >= at && model[i].va <= last &&
			    (best < 0 || model[i].va < model[best].va))
				best = i;
		if (best < 0)
			return;
		at = model[best].va + size_of(model[best].order);
		model_unmap_one(best, rights, self);
		if (!at || at - 1 >= last)
			return;
	}
}

static int compare_model(const void *a, const void *b)
{
	const struct model *x = *(struct model *const *)a, *y = *(struct model *const *)b;

	return x->space != y->space ? (x->space < y->space ? -1 : 1) :
	       x->va != y->va ? (x->va < y->va ? -1 : 1) : 0;
}

static void model_compare(void)
{
	static struct model *sorted[MODEL_MAX];
	struct found *f, *p;
	unsigned int count, n = 0;

	db_check(list_of_spaces, SPACES, &f, &count);
	for (int i = 0; i < model_count; i++)
		if (model[i].used)
			sorted[n++] = &model[i];
	qsort(sorted, n, sizeof(*sorted), compare_model);
	CHECK(n == count);
	for (unsigned int i = 0; i < n; i++) {
		CHECK(f[i].space == sorted[i]->space && f[i].va == sorted[i]->va);
		CHECK(f[i].pa == sorted[i]->pa && f[i].order == sorted[i]->order);
		CHECK(f[i].rights == sorted[i]->rights);
		CHECK(!!f[i].parent == (sorted[i]->parent >= 0));
		if (!f[i].parent)
			continue;
		for (p = f; p->ref != f[i].parent; p++)
			;
		CHECK(p->space == model[sorted[i]->parent].space && p->va == model[sorted[i]->parent].va);
	}
}

/* --- setting up and taking down */

static void setup(u64 pool, u64 limit, unsigned int n)
{
	pool_init(pool);
	model_count = 0;
	memset(spaces, 0, sizeof(spaces));
	for (unsigned int i = 0; i < n; i++) {
		CHECK(!quota_create(&quotas[i], &kernel_quota, limit));
		CHECK(!space_create(&spaces[i], quotas[i]));
	}
}

static void enter(struct space *s, u64 va, u64 pa, unsigned int order, unsigned int rights)
{
	CHECK(!space_enter(s, va, pa, order, rights, SPACE_WB));
	model_add(s, va, pa, order, rights, -1);
}

static void enter_originals(void)
{
	enter(&spaces[0], LOW, 0x80000000, 30, SPACE_RIGHTS_R | SPACE_RIGHTS_W | SPACE_RIGHTS_X);
	enter(&spaces[0], HIGH, 0x200000, 21, SPACE_RIGHTS_R | SPACE_RIGHTS_W | SPACE_RIGHTS_X);
	enter(&spaces[0], HIGH + 0x200000, 0x400000, 21, SPACE_RIGHTS_R | SPACE_RIGHTS_W);
	for (unsigned int i = 0; i < 8; i++)
		enter(&spaces[0], HIGH + 0x400000 + i * PAGE_SIZE, 0x900000 + i * PAGE_SIZE, 12,
		      i & 1 ? L4_FPAGE_RWX : L4_FPAGE_RX);
}

static void destroy(unsigned int i)
{
	tlb_forget(&spaces[i]);
	while (space_destroy(&spaces[i]))
		;
	for (int k = 0; k < model_count; k++)
		if (model[k].used && model[k].space == &spaces[i]) {
			model_remove_children(k);
			model[k].used = false;
		}
	CHECK(!quotas[i]->used);
	quota_put(quotas[i]);
}

static void destroy_all(void)
{
	unsigned int order[SPACES] = { 0, 1, 2, 3 };

	for (unsigned int i = 0; i < SPACES; i++) {
		unsigned int k = rnd(SPACES), t = order[i];

		order[i] = order[k];
		order[k] = t;
	}
	for (unsigned int i = 0; i < SPACES; i++)
		if (spaces[order[i]].root)
			destroy(order[i]);
	CHECK(!kernel_quota.used);
}

/* --- random operations */

static u64 random_va(unsigned int order)
{
	static const u64 base[] = { LOW, LOW + 0x200000, HIGH, HIGH + 0x200000, HIGH + 0x400000 };
	u64 va = base[rnd(5)];

	/* Few pages: the first and last of a superpage, so that accidents are frequent. */
	va += rnd(2) ? rnd(16) * PAGE_SIZE : (511 - rnd(16)) * PAGE_SIZE;
	return va & ~(size_of(order) - 1);
}

static unsigned int random_order(void)
{
	static const unsigned int orders[] = { 12, 12, 12, 12, 13, 14, 15, 20, 21, 21, 22, 30 };

	return orders[rnd(12)];
}

static unsigned int random_rights(void)
{
	return SPACE_RIGHTS_R | rnd(4);
}

static void random_map(bool may_fail)
{
	struct space *dst = &spaces[rnd(SPACES)], *src = &spaces[rnd(3)];
	unsigned int order = random_order(), rights = random_rights();
	u64 dst_va = random_va(order), src_va = random_va(order), cursor = 0, count = 0, expected;
	int ret;

	if (!dst->root || !src->root || (dst == src && dst_va == src_va))
		return;
	/* The originals would soon be gone. */
	if (dst == &spaces[0] && dst_va < HIGH + 0x10000000 && rnd(40))
		return;
	do {
		ret = space_map(dst, dst_va, src, src_va, order, rights, &cursor, &count);
	} while (ret == -E_PREEMPTED);
	CHECK(!ret || (may_fail && (ret == -L4_ENOMEM || ret == -L4_EEXIST)));
	if (may_fail)
		return;
	expected = model_map(dst, dst_va, src, src_va, order, rights);
	CHECK(count == expected || model_source_lost);
}

static void check_page(struct space *s, u64 va, u64 pa, unsigned int rights)
{
	unsigned int order, held;
	u64 at;

	CHECK(!space_lookup(s, va, &at, &order, &held) && at == pa && order == 12 && held == rights);
}

static l4_umword_t small_page(u64 va, unsigned int rights)
{
	return va | L4_FPAGE_MEMORY << L4_FPAGE_TYPE_SHIFT | PAGE_SHIFT << L4_FPAGE_ORDER_SHIFT | rights;
}

static void random_map_page(bool may_fail)
{
	static const unsigned int orders[] = { 12, 12, 12, 21, 30 };
	struct space *dst = &spaces[1 + rnd(SPACES - 1)], *src = &spaces[rnd(3)];
	unsigned int order = orders[rnd(5)], rights = random_rights();
	u64 dst_va = random_va(order), src_va = random_va(order);
	int ret, m;

	if (!dst->root || !src->root || (dst == src && dst_va == src_va))
		return;
	/* Half of the small ones as an item of a list, which does the usual cases. */
	ret = order != 12 || rnd(2) || !space_map_items(dst, src, (l4_umword_t[]){ dst_va | 1, small_page(src_va, rights) }, 1) ?
		-E_PREEMPTED : 0;
	while (ret == -E_PREEMPTED)
		ret = space_map_page(dst, dst_va, src, src_va, order, rights);
	if (may_fail) {
		CHECK(!ret || ret == -L4_ENOMEM || ret == -L4_ENOENT || ret == -L4_EEXIST);
		return;
	}
	m = model_find(src, src_va);
	if (m < 0 || model[m].order < order) {
		CHECK(ret == -L4_ENOENT);
		return;
	}
	/* The source may go while the destination is emptied. */
	m = model_map(dst, dst_va, src, src_va, order, rights);
	CHECK(ret == (m ? 0 : -L4_ENOENT) || model_source_lost);
}

/* A page that a list has mapped: there was one to map, and nothing or just that where it went. */
static void model_map_listed(struct space *dst, u64 to, struct space *src, u64 from, unsigned int rights)
{
	int m = model_find(src, from), d = model_find(dst, to);

	CHECK(m >= 0);
	CHECK(d < 0 || (model[d].order == 12 && model[d].parent == m && model[d].rights == (rights & model[m].rights)));
	CHECK(model_map(dst, to, src, from, 12, rights) == 1);
}

/* What a list's entries do is what each does alone, up to one that is not the simple case. */
static void random_map_list(void)
{
	struct space *dst = &spaces[1 + rnd(SPACES - 1)], *src = &spaces[rnd(3)];
	u64 dst_va = random_va(14), src_va = random_va(14);
	l4_vcpu_map_t list[8];
	unsigned int n = rnd(9), done;

	if (!dst->root || !src->root || dst == src)
		return;
	for (unsigned int i = 0; i < n; i++) {
		list[i].src = (rnd(8) ? src_va + (rnd(4) << 12) : random_va(12)) | (rnd(20) ? random_rights() : rnd(8));
		list[i].dst = (rnd(8) ? dst_va + (rnd(4) << 12) : random_va(12)) | (rnd(20) ? 12 : rnd(4096));
	}
	done = space_map_list(dst, src, list, n);
	CHECK(done <= n);
	for (unsigned int i = 0; i < done; i++) {
		u64 from = list[i].src & L4_PAGEMASK, to = list[i].dst & L4_PAGEMASK;

		CHECK((list[i].dst & 0xfff) == 12 && to < L4_USER_LOW_END && (list[i].src & L4_FPAGE_R));
		model_map_listed(dst, to, src, from, list[i].src & L4_FPAGE_RWX);
	}
}

static unsigned long list_pages;

/* The same for items, of which most are the page behind the one before. */
static void random_map_items(void)
{
	struct space *dst = &spaces[1 + rnd(SPACES - 1)], *src = &spaces[rnd(3)];
	u64 from = random_va(12), to = random_va(12);
	unsigned int rights = random_rights(), n = rnd(20), done;
	l4_umword_t items[20][2];

	if (!dst->root || !src->root || dst == src)
		return;
	for (unsigned int i = 0; i < n; i++) {
		items[i][0] = to | L4_ITEM_MAP;
		items[i][1] = small_page(from, rights);
		from = rnd(20) ? from + PAGE_SIZE : random_va(12);
		to = rnd(20) ? to + PAGE_SIZE : random_va(12);
		rights = rnd(20) ? rights : random_rights();
	}
	done = space_map_items(dst, src, items[0], n);
	CHECK(done <= n && done <= 16);
	for (unsigned int i = 0; i < done; i++)
		model_map_listed(dst, items[i][0] & L4_PAGEMASK, src, items[i][1] & L4_PAGEMASK, items[i][1] & L4_FPAGE_RWX);
	list_pages += done;
}

static void random_unmap_items(void)
{
	struct space *s = &spaces[1 + rnd(SPACES - 1)];
	unsigned int n = rnd(10), rights = rnd(3) ? L4_FPAGE_RWX : 1 + rnd(3), done;
	u64 va = random_va(12);
	l4_umword_t items[10];
	bool self = rnd(6);

	if (!s->root)
		return;
	for (unsigned int i = 0; i < n; i++) {
		items[i] = small_page(va, rights);
		va = rnd(10) ? va + PAGE_SIZE : random_va(12);
	}
	done = space_unmap_items(s, items, n, self);
	CHECK(done <= n && done <= 8);
	for (unsigned int i = 0; i < done; i++)
		model_unmap(s, items[i] & L4_PAGEMASK, (items[i] & L4_PAGEMASK) + PAGE_SIZE - 1, rights, self);
}

static void random_unmap(bool with_model)
{
	struct space *s = &spaces[rnd(SPACES)];
	unsigned int order = random_order(), rights = rnd(3) ? L4_FPAGE_RWX : 1 + rnd(3);
	bool self = s == &spaces[0] ? !rnd(60) : rnd(4) != 0;
	u64 va = random_va(order), last = va + size_of(order) - 1, cursor = 0;

	if (!rnd(100)) {
		va = 0;
		last = ~0UL;
	}
	if (!s->root || (self && s == &spaces[0] && order > 21))
		return;
	if (last != va + PAGE_SIZE - 1 || rnd(2) ||
	    !space_unmap_items(s, (l4_umword_t[]){ small_page(va, rights) }, 1, self))
		while (space_unmap(s, va, last, rights, self, &cursor) == -E_PREEMPTED)
			;
	if (with_model)
		model_unmap(s, va, last, rights, self);
}

/* Kernel-user memory here and there, in the way of the rest. */
static void random_ku_mem(void)
{
	struct space *s = &spaces[rnd(SPACES)];
	u64 va = random_va(12);
	int ret;

	if (!s->root)
		return;
	u64 bytes = (1 + rnd(3)) * PAGE_SIZE;

	do {
		ret = space_enter_ku_mem(s, va, bytes);
	} while (ret == -E_PREEMPTED);
	CHECK(!ret || ret == -L4_ENOMEM || ret == -L4_EEXIST);
	CHECK(ret || space_ku_mem(s, va, PAGE_SIZE));
}

static void random_run(unsigned int rounds, unsigned int steps)
{
	list_pages = 0;
	for (unsigned int round = 0; round < rnd_rounds(rounds); round++) {
		rnd_seed(round + 1);
		setup(64UL << 20, 8UL << 20, SPACES);
		enter_originals();
		for (unsigned int i = 0; i < steps; i++) {
			unsigned int what = rnd(15);

			tlb_fill(list_of_spaces, SPACES);
			if (what < 4)
				random_map(false);
			else if (what < 7)
				random_map_page(false);
			else if (what < 9)
				random_map_list();
			else if (what < 11)
				random_map_items();
			else if (what < 12)
				random_unmap_items();
			else
				random_unmap(true);
			if (!rnd(400) && spaces[3].root)
				destroy(3);
			if (model_source_lost)
				model_resync();
			model_compare();
			tlb_check();
		}
		destroy_all();
	}
	CHECK(list_pages > rounds * steps / 40); /* else they were not what lists take */
}

static void random_against_model(void)
{
	random_run(40, 300);
}

static void random_preempted_often(void)
{
	preempt_one_in = 1;
	random_run(15, 300);
}

static void random_preempted_at_times(void)
{
	preempt_one_in = 3;
	random_run(15, 300);
}

static void random_quota_exhausted(void)
{
	struct found *f;
	unsigned int count;

	for (unsigned int round = 0; round < rnd_rounds(60); round++) {
		rnd_seed(round + 1000);
		preempt_one_in = round % 3;
		/* Half of the rounds: quota is short; other half: the pool itself. */
		if (round & 1)
			setup((64 + rnd(40)) * PAGE_SIZE, 0, 0);
		else
			setup(64UL << 20, 0, 0);
		for (unsigned int i = 0; i < SPACES; i++) {
			u64 limit = round & 1 ? 20 * PAGE_SIZE : (i ? 1 + rnd(30) : 40) * PAGE_SIZE;

			if (quota_create(&quotas[i], &kernel_quota, limit))
				continue;
			if (space_create(&spaces[i], quotas[i])) {
				spaces[i].root = NULL;
				CHECK(!quotas[i]->used);
				quota_put(quotas[i]);
			}
		}
		if (spaces[0].root)
			enter_originals();
		model_count = 0;
		for (unsigned int i = 0; i < 300; i++) {
			unsigned int what = rnd(10);

			tlb_fill(list_of_spaces, SPACES);
			if (!rnd(50))
				random_ku_mem();
			if (what < 5)
				random_map(true);
			else if (what < 8)
				random_map_page(true);
			else
				random_unmap(false);
			db_check(list_of_spaces, SPACES, &f, &count);
			tlb_check();
		}
		destroy_all();
	}
}

/* While one operation is preempted, others run. */
static void interleaved(void)
{
	struct found *f;
	unsigned int count;

	for (unsigned int round = 0; round < rnd_rounds(40); round++) {
		u64 cursor[8] = { 0 }, pages = 0;

		rnd_seed(round + 77);
		preempt_one_in = 1;
		setup(64UL << 20, 8UL << 20, SPACES);
		enter_originals();
		for (unsigned int i = 0; i < 600; i++) {
			unsigned int k = rnd(8);
			struct space *a = &spaces[k % SPACES], *b = &spaces[(k + 1) % SPACES];
			int ret;

			if (k < 4)
				ret = space_map(b, LOW, a, LOW, 21, L4_FPAGE_RWX, &cursor[k], &pages);
			else
				ret = space_unmap(a, k & 1 ? 0 : LOW, k & 1 ? ~0UL : LOW + (2UL << 20) - 1,
						  rnd(4) ? L4_FPAGE_W : L4_FPAGE_R, a != &spaces[0], &cursor[k]);
			if (ret != -E_PREEMPTED)
				cursor[k] = 0;
			if (!rnd(3))
				random_map(true);
			if (!rnd(100))
				random_ku_mem();
			db_check(list_of_spaces, SPACES, &f, &count);
		}
		destroy_all();
	}
}

/* Space 3 dies in single steps and is made anew; between the steps the others work, partly with what it holds. */
static void death_interleaved(void)
{
	struct found *f;
	unsigned int count, deaths = 0, steps = 0;

	for (unsigned int round = 0; round < rnd_rounds(20); round++) {
		rnd_seed(round + 31);
		preempt_one_in = 1;
		setup(64UL << 20, 8UL << 20, SPACES);
		enter_originals();
		for (unsigned int i = 0; i < 400; i++) {
			if (rnd(3)) {
				rnd(4) ? random_map(true) : random_unmap(false);
			} else if (!rnd(30)) {
				random_ku_mem();
			} else if (rnd(20)) {
				u64 cursor = 0, pages = 0, va = random_va(21);

				/* From space 3 to one that lives on: its copies go with it. */
				(void)!space_map(&spaces[1 + rnd(2)], va, &spaces[3], random_va(21), 21, L4_FPAGE_RWX,
						 &cursor, &pages);
			} else {
				while (space_destroy(&spaces[3])) {
					struct space *a = &spaces[1 + rnd(2)];
					u64 cursor = 0;

					steps++;
					db_check(list_of_spaces, SPACES, &f, &count);
					if (rnd(2))
						(void)!space_unmap(a, 0, ~0UL, L4_FPAGE_R, true, &cursor);
					else
						(void)!space_map_page(a, random_va(12), &spaces[0], random_va(12), 12,
								      L4_FPAGE_RW);
				}
				deaths++;
				CHECK(!quotas[3]->used);
				CHECK(!space_create(&spaces[3], quotas[3]));
			}
			db_check(list_of_spaces, SPACES, &f, &count);
		}
		destroy_all();
	}
	CHECK(steps > 2 * deaths && deaths > 50);
}

static void errors(void)
{
	struct space *a, *b;
	u64 cursor = 0, count = 0, free;
	unsigned int order, rights;
	u64 pa;

	setup(16UL << 20, 1UL << 20, 2);
	a = &spaces[0];
	b = &spaces[1];
	CHECK(space_enter(a, 0x1000, 0, 13, L4_FPAGE_RW, SPACE_WB) == -L4_EINVAL);
	CHECK(space_enter(a, 0x1000, 0, 21, L4_FPAGE_RW, SPACE_WB) == -L4_EINVAL);
	CHECK(space_enter(a, 0x1800, 0, 12, L4_FPAGE_RW, SPACE_WB) == -L4_EINVAL);
	CHECK(space_enter(a, 0x1000, 1UL << 52, 12, L4_FPAGE_RW, SPACE_WB) == -L4_EINVAL);
	CHECK(space_enter(a, L4_USER_LOW_END, 0, 12, L4_FPAGE_RW, SPACE_WB) == -L4_EINVAL);
	CHECK(space_enter(a, L4_USER_HIGH_START - 4096, 0, 12, L4_FPAGE_RW, SPACE_WB) == -L4_EINVAL);
	CHECK(space_enter(a, 0x7fffffe00000, 0, 21, L4_FPAGE_RW, SPACE_WB) == -L4_EINVAL);
	CHECK(!space_enter(a, L4_USER_LOW_END - 4096, 0x1000, 12, L4_FPAGE_RW, SPACE_WB));
	CHECK(!space_enter(a, -4096UL, 0x2000, 12, L4_FPAGE_RW, SPACE_UC));
	CHECK(!space_enter(a, L4_USER_HIGH_START, 0x3000, 12, L4_FPAGE_RW, SPACE_WC));
	CHECK(space_enter(a, -4096UL, 0x2000, 12, L4_FPAGE_RW, SPACE_UC) == -L4_EEXIST);
	CHECK(space_enter(a, -0x200000UL, 0x200000, 21, L4_FPAGE_RW, SPACE_UC) == -L4_EEXIST);
	CHECK(!space_enter(a, 0x200000, 0x200000, 21, L4_FPAGE_RW, SPACE_WB));
	CHECK(space_enter(a, 0x3ff000, 0x3000, 12, L4_FPAGE_RW, SPACE_WB) == -L4_EEXIST);
	CHECK(space_map(b, 0, a, 0, 11, L4_FPAGE_R, &cursor, &count) == -L4_EINVAL);
	CHECK(space_map(b, 0, a, 0, 47, L4_FPAGE_R, &cursor, &count) == -L4_EINVAL);
	CHECK(space_map(b, 0, a, 0, 200, L4_FPAGE_R, &cursor, &count) == -L4_EINVAL);
	CHECK(space_map(b, 0x1000, a, 0, 13, L4_FPAGE_R, &cursor, &count) == -L4_EINVAL);
	CHECK(space_map(b, 0, a, 0, 13, L4_FPAGE_W, &cursor, &count) == -L4_EINVAL);
	CHECK(space_map(a, 0, a, 0, 13, L4_FPAGE_R, &cursor, &count) == -L4_EINVAL);
	CHECK(space_map(b, 0xffff800000000000, a, 0, 13, L4_FPAGE_R, &cursor, &count) == -L4_EINVAL);
	CHECK(space_map(b, 0, a, 0x800000000000, 13, L4_FPAGE_R, &cursor, &count) == -L4_EINVAL);
	CHECK(space_map_page(b, 0, a, 0x200000, 13, L4_FPAGE_R) == -L4_EINVAL);
	CHECK(space_map_page(b, 0, a, 0x200000, 30, L4_FPAGE_R) == -L4_EINVAL);
	CHECK(space_map_page(b, 0xffff800000000000, a, 0, 12, L4_FPAGE_R) == -L4_EINVAL);
	CHECK(space_map_page(b, 0, a, 0, 12, L4_FPAGE_R) == -L4_ENOENT);
	CHECK(space_map_page(b, 0, a, 0, 30, L4_FPAGE_R) == -L4_ENOENT);
	CHECK(space_unmap(a, 1, 0, L4_FPAGE_R, true, &cursor) == -L4_EINVAL);
	free = frame_free_bytes();
	/* Tens of terabytes of nothing. */
	CHECK(!space_map(b, 0, a, 0, 46, L4_FPAGE_RWX, &cursor, &count) && count == 1);
	CHECK(cursor == 1UL << 46 && frame_free_bytes() < free);
	CHECK(space_lookup(b, 0xffff800000000000, &pa, &order, &rights) == -L4_ENOENT);
	CHECK(!space_lookup(b, 0x234567, &pa, &order, &rights));
	CHECK(pa == 0x234567 && order == 21 && rights == L4_FPAGE_RW);
	destroy_all();
}

static void ku_memory(void)
{
	struct space *a, *b;
	u64 cursor = 0, count = 0, pa;
	unsigned int order, rights;
	char *k;

	setup(16UL << 20, 40 * PAGE_SIZE, 2);
	a = &spaces[0];
	b = &spaces[1];
	CHECK(space_enter_ku_mem(a, 0x1000, 0) == -L4_EINVAL);
	CHECK(space_enter_ku_mem(a, 0x1000, 5) == -L4_EINVAL);
	CHECK(space_enter_ku_mem(a, L4_USER_LOW_END - 4096, 8192) == -L4_EINVAL);
	CHECK(space_enter_ku_mem(a, 0x10000, 64 * PAGE_SIZE) == -L4_ENOMEM);
	CHECK(a->pages == 0 && space_lookup(a, 0x10000, &pa, &order, &rights) == -L4_ENOENT);
	CHECK(!space_enter_ku_mem(a, 0x10000, 4 * PAGE_SIZE));
	CHECK(space_enter_ku_mem(a, 0xe000, 4 * PAGE_SIZE) == -L4_EEXIST && a->pages == 4);
	k = space_ku_mem(a, 0x11000, PAGE_SIZE);
	CHECK(k && !k[5] && space_ku_mem(a, 0x11400, 1024) == k + 0x400);
	CHECK(!space_ku_mem(a, 0x11001, PAGE_SIZE) && !space_ku_mem(a, 0xf000, 1));
	CHECK(!space_ku_mem(a, 0x11000, ~0UL) && !space_ku_mem(a, 0xffff800000000000, 8));
	CHECK(!space_lookup(a, 0x11008, &pa, &order, &rights));
	CHECK(pa == frame_pa(k) + 8 && order == 12 && rights == L4_FPAGE_RW);
	/* Not passed on, not unmapped, not displaced. */
	CHECK(space_map_page(b, 0, a, 0x11000, 12, L4_FPAGE_RW) == -L4_ENOENT);
	CHECK(!space_map(b, 0, a, 0, 21, L4_FPAGE_RW, &cursor, &count) && !count);
	cursor = 0;
	CHECK(!space_unmap(a, 0, ~0UL, L4_FPAGE_RWX, true, &cursor) && a->pages == 4);
	CHECK(!space_enter(b, 0x200000, 0x200000, 21, L4_FPAGE_RW, SPACE_WB));
	CHECK(space_map_page(a, 0x10000, b, 0x200000, 12, L4_FPAGE_RW) == -L4_EEXIST);
	CHECK(space_map_page(a, 0, b, 0x200000, 21, L4_FPAGE_RW) == -L4_EEXIST && a->pages == 4);
	memset(k, 1, PAGE_SIZE);
	destroy_all();
}

/* Nothing happens before enough frames are clear, in steps; then all of it. */
static void ku_memory_in_steps(void)
{
	static void *taken[256];
	unsigned int steps = 0, n;
	u64 used;
	int ret;

	setup(16UL << 20, 1UL << 20, 1);
	for (n = 0; n < 128; n++)
		CHECK((taken[n] = frame_alloc_zeroed(&kernel_quota)));
	used = quotas[0]->used;
	preempt_one_in = 1;
	while ((ret = space_enter_ku_mem(&spaces[0], 0x10000, 16 * PAGE_SIZE)) == -E_PREEMPTED) {
		steps++;
		CHECK(quotas[0]->used == used && !spaces[0].pages);
	}
	CHECK(!ret && steps >= 16 && spaces[0].pages == 16);
	for (u64 i = 0; i < 16 * PAGE_SIZE / 8; i++)
		CHECK(!*(u64 *)space_ku_mem(&spaces[0], 0x10000 + 8 * i, 8));
	/* More than quota or pool can give: refused before anything is cleared. */
	CHECK(space_prepare_ku_mem(quotas[0], 1UL << 20) == -L4_ENOMEM && space_prepare_ku_mem(quotas[0], ~0UL) == -L4_ENOMEM);
	CHECK(frame_stock_up(257) == -L4_ENOMEM);
	while (n--)
		frame_free(taken[n], 0, &kernel_quota);
	destroy_all();
}

/* Items that are not of the usual kind are left alone, whatever they look like. */
static void lists(void)
{
	const l4_umword_t good = small_page(LOW, L4_FPAGE_RW);
	l4_umword_t items[][2] = {
		{ LOW, good | L4_FPAGE_PASS_X },
		{ LOW + PAGE_SIZE, good ^ L4_FPAGE_R },                   /* no right */
		{ LOW + PAGE_SIZE, good + (1UL << L4_FPAGE_ORDER_SHIFT) }, /* other order, other types */
		{ LOW + PAGE_SIZE, good ^ (3UL << L4_FPAGE_TYPE_SHIFT) },
		{ LOW + PAGE_SIZE, good | (2UL << L4_FPAGE_TYPE_SHIFT) },
		{ (LOW + PAGE_SIZE) | L4_MAP_ITEM_GRANT, good },
		{ LOW + PAGE_SIZE, small_page(HIGH, L4_FPAGE_RW) },       /* nothing there */
		{ LOW + PAGE_SIZE, small_page(L4_USER_LOW_END, L4_FPAGE_RW) },
		{ LOW + PAGE_SIZE, small_page(0xffff800000000000, L4_FPAGE_RW) },
		{ 0xffff800000000000, good },                             /* the kernel's tables */
		{ 0xffff807ffffff000, good },
		{ LOW + (1UL << 30), good },                              /* no table */
		{ 0, good },
		{ 1UL << 63, good },
		{ -4096UL, good },
		{ LOW, small_page(LOW + PAGE_SIZE, L4_FPAGE_RW) },        /* another page is there */
	};
	struct space *a, *b;

	setup(16UL << 20, 1UL << 20, 2);
	a = &spaces[0];
	b = &spaces[1];
	CHECK(!space_enter(a, LOW, 0x80000000, 21, L4_FPAGE_RWX, SPACE_WB));
	CHECK(space_map_items(b, a, items[0], 1) == 0); /* no tables yet */
	CHECK(!space_map_page(b, LOW, a, LOW, 12, L4_FPAGE_R) && b->pages == 1);
	CHECK(!space_unmap_items(b, &items[2][1], 1, true) && space_unmap_items(b, &items[0][1], 1, true) == 1 && !b->pages);
	CHECK(space_map_items(b, a, items[0], 2) == 1 && b->pages == 1);
	CHECK(space_map_items(b, a, items[0], 1) == 1 && b->pages == 1); /* it is there already */
	for (unsigned int i = 1; i < sizeof(items) / sizeof(items[0]); i++)
		CHECK(space_map_items(b, a, items[i], 1) == 0 && b->pages == 1);
	CHECK(!space_enter_ku_mem(b, LOW + 2 * PAGE_SIZE, PAGE_SIZE));
	CHECK(!space_map_items(b, a, (l4_umword_t[]){ LOW + 2 * PAGE_SIZE, good }, 1));
	CHECK(!space_map_items(a, b, (l4_umword_t[]){ LOW + PAGE_SIZE, small_page(LOW + 2 * PAGE_SIZE, L4_FPAGE_RW) }, 1));
	(void)!space_unmap_items(b, (l4_umword_t[]){ small_page(LOW + 2 * PAGE_SIZE, L4_FPAGE_RWX) }, 1, true);
	CHECK(b->pages == 2);
	CHECK(!space_unmap_items(b, (l4_umword_t[]){ small_page(0xffff800000000000, L4_FPAGE_RWX) }, 1, true));
	CHECK(!space_unmap_items(b, (l4_umword_t[]){ small_page(0, L4_FPAGE_RWX) }, 1, true));
	CHECK(!space_map_list(b, a, &(l4_vcpu_map_t){ .src = LOW | L4_FPAGE_RW, .dst = PAGE_SHIFT }, 1));
	/* In the last table of the low half, whose last page nobody has. */
	CHECK(!space_map_page(b, L4_USER_LOW_END - PAGE_SIZE, a, LOW, 12, L4_FPAGE_R));
	CHECK(space_map_items(b, a, (l4_umword_t[]){ L4_USER_LOW_END - 2 * PAGE_SIZE, good, L4_USER_LOW_END, good }, 2) == 1);
	CHECK(!space_map_list(b, a, &(l4_vcpu_map_t){ LOW | L4_FPAGE_RW, L4_USER_LOW_END | PAGE_SHIFT }, 1));
	CHECK(b->pages == 4);
	/* From and to several tables, and to and fro. */
	CHECK(!space_enter(a, HIGH, 0x90000000, 12, L4_FPAGE_R, SPACE_WB));
	CHECK(space_map_items(b, a, (l4_umword_t[]){
		LOW + 3 * PAGE_SIZE, good + 3 * PAGE_SIZE, L4_USER_LOW_END - 3 * PAGE_SIZE, small_page(HIGH, L4_FPAGE_RWX),
		LOW + 4 * PAGE_SIZE, small_page(HIGH, L4_FPAGE_RW), LOW + 5 * PAGE_SIZE, small_page(LOW + 5 * PAGE_SIZE, L4_FPAGE_RX),
		LOW + 6 * PAGE_SIZE, small_page(HIGH + PAGE_SIZE, L4_FPAGE_RW) }, 5) == 4);
	check_page(b, LOW + 3 * PAGE_SIZE, 0x80003000, L4_FPAGE_RW);
	check_page(b, L4_USER_LOW_END - 3 * PAGE_SIZE, 0x90000000, L4_FPAGE_R);
	check_page(b, LOW + 4 * PAGE_SIZE, 0x90000000, L4_FPAGE_R);
	check_page(b, LOW + 5 * PAGE_SIZE, 0x80005000, L4_FPAGE_RX);
	destroy_all();
}

static void views(void)
{
	struct space *user, *server, *other;
	u64 cursor = 0;

	setup(16UL << 20, 1UL << 20, 3);
	user = &spaces[0];
	server = &spaces[1];
	other = &spaces[2];
	CHECK(!space_enter(server, HIGH, 0x200000, 21, L4_FPAGE_RWX, SPACE_WB));
	CHECK(!space_enter(user, 0x1000, 0x1000, 12, L4_FPAGE_RW, SPACE_WB));
	CHECK(!space_view(user, server) && frame_va(user->view_cr3) == user->view_root);
	CHECK(user->view_root[0] == user->root[0] && user->view_root[0]);
	CHECK(user->view_root[384] == server->root[384] && user->view_root[384]);
	CHECK(user->view_root[256] == user->root[256] && !user->root[384]);
	/* A new top-level entry of the user's shows at once, of the server's after a fault. */
	CHECK(!space_enter(user, 0x8000000000, 0x1000, 12, L4_FPAGE_RW, SPACE_WB));
	CHECK(user->view_root[1] == user->root[1] && user->view_root[1]);
	CHECK(!space_enter(server, -4096UL, 0x1000, 12, L4_FPAGE_RW, SPACE_WB));
	CHECK(!user->view_root[511] && space_view_sync(user, server, -4096UL));
	CHECK(user->view_root[511] == server->root[511]);
	CHECK(!space_view_sync(user, server, -4096UL) && !space_view_sync(user, server, 0x1000));
	CHECK(!space_view_sync(user, server, HIGH));
	/* Unmapping keeps the top level. */
	CHECK(!space_unmap(user, 0, ~0UL, L4_FPAGE_RWX, true, &cursor) && !user->pages);
	CHECK(user->view_root[1] == user->root[1] && user->root[1]);
	CHECK(!space_view(user, other) && !user->view_root[384] && !user->view_root[511]);
	destroy_all();
}

/* A chain as long as memory allows, and a page with many children: revoked in bounded steps. */
static void long_chain(void)
{
	struct space *s;
	u64 cursor = 0, n = 20000, calls = 0;
	struct found *f;
	unsigned int count;

	setup(64UL << 20, 32UL << 20, 1);
	s = &spaces[0];
	CHECK(!space_enter(s, 0, 0x1000, 12, L4_FPAGE_RWX, SPACE_WB));
	for (u64 i = 1; i < n; i++)
		CHECK(!space_map_page(s, i << 12, s, (i - 1) << 12, 12, L4_FPAGE_RWX));
	CHECK(s->pages == n);
	preempt_one_in = 1;
	while (space_unmap(s, 0, 0xfff, L4_FPAGE_RWX, false, &cursor))
		if (!(++calls % 1000))
			db_check(list_of_spaces, SPACES, &f, &count);
	CHECK(s->pages == 1 && calls > n / 10);
	preempt_one_in = 0;
	for (u64 i = 1; i < n; i++)
		CHECK(!space_map_page(s, i << 12, s, 0, 12, i & 2 ? L4_FPAGE_RW : L4_FPAGE_RX));
	db_check(list_of_spaces, SPACES, &f, &count);
	preempt_one_in = 1;
	for (cursor = calls = 0; space_unmap(s, 0, 0xfff, L4_FPAGE_W, false, &cursor); )
		calls++;
	CHECK(s->pages == n && calls > n / 20);
	db_check(list_of_spaces, SPACES, &f, &count);
	for (unsigned int i = 1; i < count; i++)
		CHECK(!(f[i].rights & SPACE_RIGHTS_W));
	for (cursor = 0; space_unmap(s, 0x1000, ~0UL, L4_FPAGE_R, true, &cursor); )
		;
	CHECK(s->pages == 1);
	destroy_all();
}

/* Unmapping a range returns its tables. */
static void tables_return(void)
{
	struct space *a, *b;
	u64 cursor = 0, count = 0, free;

	setup(64UL << 20, 16UL << 20, 2);
	a = &spaces[0];
	b = &spaces[1];
	CHECK(!space_enter(a, LOW, 0x80000000, 30, L4_FPAGE_RWX, SPACE_WB));
	CHECK(!space_map(b, HIGH, a, LOW, 12, L4_FPAGE_RW, &cursor, &count));
	for (cursor = 0; space_unmap(b, HIGH, HIGH + (1UL << 30) - 1, L4_FPAGE_R, true, &cursor); )
		;
	free = frame_free_bytes();
	for (u64 i = 0; i < 200; i++) {
		u64 va = HIGH + (rnd(BIT(18)) << 12);

		CHECK(!space_map_page(b, va, a, LOW, 12, L4_FPAGE_RW));
	}
	CHECK(frame_free_bytes() < free);
	preempt_one_in = 2;
	for (cursor = 0; space_unmap(b, HIGH, HIGH + (1UL << 30) - 1, L4_FPAGE_R, true, &cursor); )
		;
	CHECK(frame_free_bytes() == free && !b->pages);
	/* A superpage takes the place of small pages, and gives it back. */
	while (space_map_page(b, HIGH + 0x5000, a, LOW, 12, L4_FPAGE_RW))
		;
	while (space_map_page(b, HIGH, a, LOW, 21, L4_FPAGE_RW))
		;
	while (space_map_page(b, HIGH, a, LOW, 30, L4_FPAGE_RW))
		;
	CHECK(b->pages == 1);
	destroy_all();
}

int main(void)
{
	check_run("errors", errors);
	check_run("ku_memory", ku_memory);
	check_run("ku_memory_in_steps", ku_memory_in_steps);
	check_run("lists", lists);
	check_run("views", views);
	check_run("tables_return", tables_return);
	check_run("long_chain", long_chain);
	check_run("random_against_model", random_against_model);
	check_run("random_preempted_often", random_preempted_often);
	check_run("random_preempted_at_times", random_preempted_at_times);
	check_run("random_quota_exhausted", random_quota_exhausted);
	check_run("interleaved", interleaved);
	check_run("death_interleaved", death_interleaved);
	return 0;
}
