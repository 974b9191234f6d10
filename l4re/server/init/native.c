/* SPDX-License-Identifier: MIT */
/* Loading a native component: an ELF program with environment page and stack. */
#include "init.h"
#include "../../lib/elf.h"
#include "../../lib/string.h"

#include <l4/re/protocols.h>

static void fill_env(struct component *c, l4re_env_t *env)
{
	l4_size_t n = strlen(c->name);

	*env = (l4re_env_t){
		.parent = (l4_cap_idx_t)SLOT_PARENT << L4_CAP_SHIFT, .rm = L4_BASE_PAGER_CAP,
		.mem_alloc = (l4_cap_idx_t)SLOT_ALLOC << L4_CAP_SHIFT, .log = L4_BASE_LOG_CAP,
		.main_thread = L4_BASE_THREAD_CAP, .factory = L4_BASE_FACTORY_CAP,
		.scheduler = L4_BASE_SCHEDULER_CAP, .first_free_cap = c->next_slot >> L4_CAP_SHIFT,
		.utcb_area = l4_fpage(L4RE_UTCB_AREA, L4RE_UTCB_ORDER, 0),
		.first_free_utcb = L4RE_UTCB_AREA + L4_UTCB_SIZE, .kip = l4re_kip(), .task = L4_BASE_TASK_CAP,
		.prio = c->desc->prio, .heartbeat_ns = c->desc->heartbeat_ns,
		.heart = (l4_cap_idx_t)SLOT_HEART << L4_CAP_SHIFT,
	};
	memcpy(env->name, c->name, n < sizeof(env->name) ? n : sizeof(env->name) - 1);
}

/* splitmix64: numbers that look random, from one that counts. */
static l4_uint64_t scramble(l4_uint64_t n)
{
	n += 0x9e3779b97f4a7c15UL;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9UL;
	n = (n ^ n >> 27) * 0x94d049bb133111ebUL;
	return n ^ n >> 31;
}

/* For tests: one bit of the code is wrong, another one at each start, the same ones in each run. */
static void mutate(struct component *c, const struct loader *l)
{
	l4_uint64_t random = scramble(c->desc->mutate + ((l4_uint64_t)c->restarts << 32));
	unsigned i, region = 0;

	for (i = 0; i < elf_phdr_count(l->image); i++) {
		const struct elf_phdr *p = elf_phdr(l->image, i);
		l4_uint64_t byte = p->filesz ? random % p->filesz : 0;

		if (p->type != ELF_PT_LOAD || !p->memsz)
			continue;
		if (p->flags & ELF_PF_X) {
			((char *)c->regions[region])[(p->vaddr & ~L4_PAGEMASK) + byte] ^= 1 << (random >> 60 & 7);
			say("%s: bit %lu at %lx is wrong", c->name, random >> 60 & 7, p->vaddr + byte);
		}
		region++;
	}
}

int native_load(struct component *c)
{
	struct loader l = { .task = c->task, .self = L4_BASE_TASK_CAP, .alloc = component_alloc, .context = c };
	l4re_env_t env;
	struct loader_start s = {
		.env = &env, .caps = c->caps, .cap_count = c->cap_count, .args = c->args, .stack_bytes = c->desc->stack,
	};
	int err;

	fill_env(c, &env);
	l.image = c->upgrade == L4RE_UPGRADE_TRIAL ? c->next.image : c->program.image;
	l.image_bytes = c->upgrade == L4RE_UPGRADE_TRIAL ? c->next.bytes : c->program.bytes;
	err = loader_elf(&l);
	if (!err && c->desc->mutate)
		mutate(c, &l);
	if (!err)
		err = loader_start(&l, &s);
	return err ? err : component_run(c, s.ip, s.sp, L4RE_UTCB_AREA);
}
