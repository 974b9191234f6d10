/* SPDX-License-Identifier: MIT */
/* Loading a native component: an ELF program with environment page and stack. */
#include "init.h"
#include "../../lib/string.h"

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

int native_load(struct component *c)
{
	struct loader l = { .task = c->task, .self = L4_BASE_TASK_CAP, .alloc = component_alloc, .context = c };
	l4re_env_t env;
	struct loader_start s = {
		.env = &env, .caps = c->caps, .cap_count = c->cap_count, .args = c->args, .stack_bytes = c->desc->stack,
	};
	int err;

	fill_env(c, &env);
	l.image = image_file(c->desc->binary, &l.image_bytes);
	err = loader_elf(&l);
	if (!err)
		err = loader_start(&l, &s);
	return err ? err : component_run(c, s.ip, s.sp, L4RE_UTCB_AREA);
}
