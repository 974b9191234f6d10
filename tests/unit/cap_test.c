// SPDX-License-Identifier: MIT
/*
 * Capability spaces: random maps, moves and revocations against a naive list, objects that lose their last
 * capability, quota exhaustion, preemption, and the exact return of memory.
 * sources: microkernel/memory/frame.c microkernel/memory/slab.c microkernel/memory/quota.c microkernel/memory/cap.c
 * sources: microkernel/memory/mapdb.c microkernel/memory/space.c microkernel/memory/iospace.c tests/unit/support/memory.c
 * cflags: -iquote microkernel/include -iquote microkernel/memory -iquote microkernel/arch/x86_64
 * cflags: -iquote tests/unit/support -Wl,--wrap=frame_free_zeroed
 */
#include <string.h>

#include "kobject.h"
#include "mapdb.h"
#include "memory.h"

#define SPACES 4
#define OBJECTS 6
#define SLOTS 40
#define MODEL_MAX (SPACES * SLOTS)

static struct capspace spaces[SPACES];
static struct quota *quotas[SPACES];
static struct kobject objects[OBJECTS];
static unsigned int orphaned[OBJECTS];

void arch_iospace_changed(struct iospace *io)
{
}

void kobject_orphaned(struct kobject *obj)
{
	CHECK(!obj->caps && !obj->cap_root);
	orphaned[obj - objects]++;
}

/* Few slots, in three tables. */
static u64 slot_number(unsigned int i)
{
	return i < 16 ? i : i < 32 ? 500 + i : L4_CAP_MAX_SLOTS - SLOTS + i;
}

/* --- the model: every slot of every space */

struct model {
	int object; /* -1 = empty */
	unsigned int rights;
	struct model *parent;
};

static struct model model[SPACES][SLOTS];

static struct model *model_at(unsigned int i)
{
	return &model[i / SLOTS][i % SLOTS];
}

static void model_revoke_children(struct model *m)
{
	for (unsigned int i = 0; i < MODEL_MAX; i++)
		if (model_at(i)->object >= 0 && model_at(i)->parent == m) {
			model_revoke_children(model_at(i));
			model_at(i)->object = -1;
		}
}

static void model_clear(void)
{
	for (unsigned int i = 0; i < MODEL_MAX; i++)
		*model_at(i) = (struct model){ .object = -1 };
}

static u64 *entry_of(unsigned int space, unsigned int slot)
{
	u64 number = slot_number(slot), *table = spaces[space].dir ? spaces[space].dir[number >> 9] : NULL;

	return table ? &table[number & 511] : NULL;
}

static u32 ref_of(struct model *m)
{
	unsigned int i = ((char *)m - (char *)model) / sizeof(*m);

	return mapdb_ref(entry_of(i / SLOTS, i % SLOTS));
}

/* Length of a sibling list whose links and parents must be right. */
static unsigned int list_check(u32 first, u32 parent)
{
	unsigned int n = 0;
	u32 ref = first, last = 0;

	for (; ref; last = ref, ref = mapdb_node(ref)->next, n++) {
		CHECK(mapdb_node(ref)->parent == parent);
		CHECK(ref == first || mapdb_node(ref)->prev == last);
	}
	if (first)
		CHECK(mapdb_node(first)->prev == last);
	return n;
}

static void compare(void)
{
	unsigned int caps[OBJECTS] = { 0 }, roots[OBJECTS] = { 0 }, rights;
	struct kobject *obj;

	for (unsigned int i = 0; i < MODEL_MAX; i++) {
		struct model *m = model_at(i);
		unsigned int children = 0;

		obj = cap_lookup(&spaces[i / SLOTS], slot_number(i % SLOTS), &rights);
		if (m->object < 0) {
			CHECK(!obj);
			continue;
		}
		CHECK(obj == &objects[m->object] && rights == m->rights);
		CHECK(mapdb_node(ref_of(m))->parent == (m->parent ? ref_of(m->parent) : 0));
		caps[m->object]++;
		roots[m->object] += !m->parent;
		for (unsigned int k = 0; k < MODEL_MAX; k++)
			children += model_at(k)->object >= 0 && model_at(k)->parent == m;
		CHECK(list_check(mapdb_node(ref_of(m))->child, ref_of(m)) == children);
	}
	for (unsigned int i = 0; i < OBJECTS; i++) {
		CHECK(objects[i].caps == caps[i]);
		CHECK(list_check(objects[i].cap_root, 0) == roots[i]);
	}
}

/* --- random operations */

static void setup(u64 limit)
{
	pool_init(16UL << 20);
	model_clear();
	memset(objects, 0, sizeof(objects));
	memset(orphaned, 0, sizeof(orphaned));
	for (unsigned int i = 0; i < SPACES; i++) {
		CHECK(!quota_create(&quotas[i], &kernel_quota, limit));
		spaces[i] = (struct capspace){ .quota = quotas[i] };
	}
}

static void destroy(unsigned int s)
{
	while (capspace_destroy(&spaces[s]))
		;
	for (unsigned int i = 0; i < SLOTS; i++) {
		model_revoke_children(&model[s][i]);
		model[s][i].object = -1;
	}
	CHECK(!quotas[s]->used);
}

static void destroy_all(void)
{
	unsigned int first = rnd(SPACES);

	for (unsigned int i = 0; i < SPACES; i++) {
		destroy((first + i) % SPACES);
		compare();
	}
	for (unsigned int i = 0; i < SPACES; i++)
		quota_put(quotas[i]);
	for (unsigned int i = 0; i < OBJECTS; i++)
		CHECK(!objects[i].caps && !objects[i].cap_root);
	CHECK(!kernel_quota.used);
}

static void random_insert(void)
{
	unsigned int s = rnd(SPACES), slot = rnd(SLOTS), o = rnd(OBJECTS), rights = rnd(16);
	struct model *m = &model[s][slot];
	int ret = cap_reserve(&spaces[s], slot_number(slot));

	CHECK(!ret || ret == -L4_ENOMEM);
	if (ret || m->object >= 0)
		return;
	cap_insert(&spaces[s], slot_number(slot), &objects[o], rights);
	*m = (struct model){ o, rights | L4_CAP_RIGHT_R, NULL };
}

static void random_map(void)
{
	unsigned int d = rnd(SPACES), s = rnd(SPACES), ds = rnd(SLOTS), ss = rnd(SLOTS), rights = rnd(16);
	struct model *to = &model[d][ds], *from = &model[s][ss];
	int ret = cap_map(&spaces[d], slot_number(ds), &spaces[s], slot_number(ss), rights);

	if (from->object < 0) {
		CHECK(ret == -L4_ENOENT);
	} else if (to->object >= 0) {
		CHECK(ret == -L4_EEXIST);
	} else if (ret) {
		CHECK(ret == -L4_ENOMEM);
	} else {
		*to = (struct model){ from->object, (from->rights & rights) | L4_CAP_RIGHT_R, from };
	}
}

static void random_move(void)
{
	unsigned int d = rnd(SPACES), s = rnd(SPACES), ds = rnd(SLOTS), ss = rnd(SLOTS);
	struct model *to = &model[d][ds], *from = &model[s][ss];
	int ret;

	/* A slot directly before the source in its list counts as a move that is under way. */
	if (to->object >= 0 && from->object >= 0 && to != from &&
	    mapdb_node(ref_of(to))->next == ref_of(from))
		return;
	do {
		ret = cap_move(&spaces[d], slot_number(ds), &spaces[s], slot_number(ss));
	} while (ret == -E_PREEMPTED);
	if (from->object < 0) {
		CHECK(ret == -L4_ENOENT);
		return;
	}
	if (to->object >= 0) {
		CHECK(ret == -L4_EEXIST);
		return;
	}
	CHECK(!ret || ret == -L4_ENOMEM);
	if (ret)
		return;
	*to = *from;
	from->object = -1;
	for (unsigned int i = 0; i < MODEL_MAX; i++)
		if (model_at(i)->object >= 0 && model_at(i)->parent == from)
			model_at(i)->parent = to;
}

static void random_unmap(void)
{
	unsigned int s = rnd(SPACES), slot = rnd(SLOTS), n = rnd(3) ? 1 : rnd(SLOTS - slot) + 1;
	unsigned int rights = rnd(2) ? 15 : rnd(16);
	bool self = rnd(3);
	u64 cursor = 0, first = slot_number(slot), last = slot_number(slot + n - 1);

	while (cap_unmap(&spaces[s], first, last - first + 1, rights, self, &cursor) == -E_PREEMPTED)
		;
	for (unsigned int i = slot; i < slot + n; i++) {
		struct model *m = &model[s][i];

		if (m->object < 0 || !(m->rights & rights))
			continue;
		model_revoke_children(m);
		if (self && (rights & L4_CAP_RIGHT_R))
			m->object = -1;
		else if (self)
			m->rights &= ~rights;
	}
}

static void random_revoke_object(void)
{
	unsigned int o = rnd(OBJECTS), before = orphaned[o], caps = objects[o].caps;

	while (cap_revoke_object(&objects[o]) == -E_PREEMPTED)
		;
	CHECK(orphaned[o] == before + (caps > 0));
	for (unsigned int i = 0; i < MODEL_MAX; i++)
		if (model_at(i)->object == (int)o)
			model_at(i)->object = -1;
}

static void random_rounds(unsigned int rounds, u64 limit)
{
	for (unsigned int round = 0; round < rnd_rounds(rounds); round++) {
		rnd_seed(round + 1);
		setup(limit ? limit : (1 + rnd(11)) * PAGE_SIZE);
		for (unsigned int i = 0; i < 600; i++) {
			unsigned int what = rnd(100);

			if (what < 15)
				random_insert();
			else if (what < 60)
				random_map();
			else if (what < 75)
				random_move();
			else if (what < 96)
				random_unmap();
			else if (what < 99)
				random_revoke_object();
			else if (!rnd(4))
				destroy(rnd(SPACES));
			compare();
		}
		destroy_all();
	}
}

static void random_against_model(void)
{
	random_rounds(50, 1UL << 20);
}

static void random_preempted(void)
{
	preempt_one_in = 1;
	random_rounds(25, 1UL << 20);
	preempt_one_in = 3;
	random_rounds(25, 1UL << 20);
}

static void random_quota_exhausted(void)
{
	random_rounds(60, 0);
}

static void errors(void)
{
	unsigned int rights;
	u64 cursor = 0;

	setup(1UL << 20);
	CHECK(cap_reserve(&spaces[0], L4_CAP_MAX_SLOTS) == -L4_ERANGE);
	CHECK(cap_reserve(&spaces[0], ~0UL) == -L4_ERANGE);
	CHECK(!cap_lookup(&spaces[0], 0, &rights) && !cap_lookup(&spaces[0], ~0UL, &rights));
	CHECK(cap_map(&spaces[1], 0, &spaces[0], 5, 15) == -L4_ENOENT);
	CHECK(cap_map(&spaces[1], 0, &spaces[0], ~0UL, 15) == -L4_ENOENT);
	CHECK(!cap_reserve(&spaces[0], 5));
	cap_insert(&spaces[0], 5, &objects[0], 15);
	CHECK(cap_map(&spaces[1], L4_CAP_MAX_SLOTS, &spaces[0], 5, 15) == -L4_ERANGE);
	CHECK(cap_move(&spaces[0], 5, &spaces[0], 5) == -L4_EEXIST);
	CHECK(cap_unmap(&spaces[0], 0, L4_CAP_MAX_SLOTS + 1, 15, true, &cursor) == -L4_ERANGE);
	CHECK(cap_unmap(&spaces[0], L4_CAP_MAX_SLOTS, 0, 15, true, &cursor) == -L4_ERANGE);
	CHECK(cap_unmap(&spaces[0], 1, ~0UL, 15, true, &cursor) == -L4_ERANGE);
	objects[0].dead = true;
	CHECK(cap_map(&spaces[1], 0, &spaces[0], 5, 15) == -L4_ENOENT);
	CHECK(cap_move(&spaces[1], 0, &spaces[0], 5) == -L4_ENOENT);
	model_clear();
	CHECK(!cap_unmap(&spaces[0], 0, L4_CAP_MAX_SLOTS, 15, true, &cursor) && orphaned[0] == 1);
	destroy_all();
}

/* A chain and a fan of thousands of capabilities to one object, removed in bounded steps. */
static void large_trees(void)
{
	unsigned int calls = 0;
	u64 cursor = 0;

	setup(3UL << 20);
	for (u64 i = 0; i < 20000; i++)
		CHECK(!cap_reserve(&spaces[0], i));
	cap_insert(&spaces[0], 0, &objects[0], 15);
	for (u64 i = 1; i < 20000; i++)
		CHECK(!cap_map(&spaces[0], i, &spaces[0], i < 10000 ? i - 1 : 0, 15));
	preempt_one_in = 1;
	while (cap_move(&spaces[0], 30000, &spaces[0], 0) == -E_PREEMPTED)
		calls++;
	CHECK(calls > 1000 && objects[0].caps == 20000);
	for (calls = 0; cap_unmap(&spaces[0], 30000, 1, L4_CAP_RIGHT_R, false, &cursor); calls++)
		;
	CHECK(calls > 2000 && objects[0].caps == 1);
	CHECK(!cap_revoke_object(&objects[0]) && orphaned[0] == 1);
	destroy_all();
}

/* --- I/O ports */

static bool allowed(struct iospace *io, unsigned int port)
{
	return io->bitmap && !(io->bitmap[port / 8] >> port % 8 & 1);
}

static int ports_map(struct iospace *dst, struct iospace *src, unsigned int port, unsigned int order)
{
	u64 cursor = 0;
	int ret;

	do {
		ret = iospace_map(dst, src, port, order, &cursor);
	} while (ret == -E_PREEMPTED);
	return ret;
}

static int ports_unmap(struct iospace *io, unsigned int port, unsigned int order, bool self)
{
	u64 cursor = 0;
	int ret;

	do {
		ret = iospace_unmap(io, port, order, self, &cursor);
	} while (ret == -E_PREEMPTED);
	return ret;
}

static void io_ports(void)
{
	struct iospace io[3];
	u64 cursor = 0;

	setup(400 * 1024);
	preempt_one_in = 2;
	for (unsigned int i = 0; i < 3; i++)
		io[i] = (struct iospace){ .quota = quotas[i] };
	CHECK(iospace_map(&io[1], &io[0], 0x10000, 0, &cursor) == -L4_EINVAL);
	CHECK(iospace_map(&io[1], &io[0], 1, 1, &cursor) == -L4_EINVAL);
	CHECK(iospace_map(&io[1], &io[0], 0, 17, &cursor) == -L4_EINVAL);
	CHECK(iospace_map(&io[1], &io[1], 0, 0, &cursor) == -L4_EINVAL);
	CHECK(iospace_unmap(&io[1], 0, 60, true, &cursor) == -L4_EINVAL);
	CHECK(!ports_map(&io[1], &io[0], 0, 16) && !io[1].bitmap); /* nothing to give */
	CHECK(!iospace_enter_all(&io[0]) && iospace_enter_all(&io[0]) == -L4_EEXIST);
	for (unsigned int p = 0; p < 0x10000; p++)
		CHECK(allowed(&io[0], p));
	CHECK(!ports_map(&io[1], &io[0], 0x3f8, 3) && !ports_map(&io[2], &io[1], 0, 16));
	CHECK(!ports_map(&io[1], &io[0], 0x400, 9));
	for (unsigned int p = 0; p < 0x10000; p++) {
		CHECK(allowed(&io[1], p) == (p >= 0x3f8 && p < 0x600));
		CHECK(allowed(&io[2], p) == (p >= 0x3f8 && p < 0x400));
	}
	CHECK(!ports_unmap(&io[0], 0x3fc, 0, false)); /* a superpage is treated whole */
	CHECK(!allowed(&io[1], 0x3f8) && !allowed(&io[2], 0x3ff) && allowed(&io[0], 0x3fc));
	CHECK(allowed(&io[1], 0x400));
	CHECK(!ports_unmap(&io[1], 0, 16, true) && !allowed(&io[1], 0x400));
	CHECK(!ports_map(&io[2], &io[0], 0, 16) && allowed(&io[2], 0xffff));
	for (unsigned int i = 0; i < 3; i++) {
		while (iospace_destroy(&io[i]))
			;
		CHECK(!io[i].bitmap && !quotas[i]->used && (i || !allowed(&io[2], 0xffff)));
	}
	destroy_all();
}

static void io_ports_quota(void)
{
	struct iospace io;
	u64 limit;

	setup(400 * 1024);
	for (limit = 0; limit < 7 * PAGE_SIZE; limit += PAGE_SIZE / 4) {
		quotas[1]->limit = limit;
		io = (struct iospace){ .quota = quotas[1] };
		CHECK(iospace_enter_all(&io) == -L4_ENOMEM);
		CHECK(!iospace_destroy(&io) && !quotas[1]->used);
	}
	quotas[1]->limit = limit + PAGE_SIZE;
	CHECK(!iospace_enter_all(&io) && !iospace_destroy(&io) && !quotas[1]->used);
	quotas[1]->limit = 400 * 1024; /* what the parent was charged */
	destroy_all();
}

int main(void)
{
	check_run("errors", errors);
	check_run("large_trees", large_trees);
	check_run("random_against_model", random_against_model);
	check_run("random_preempted", random_preempted);
	check_run("random_quota_exhausted", random_quota_exhausted);
	check_run("io_ports", io_ports);
	check_run("io_ports_quota", io_ports_quota);
	return 0;
}
