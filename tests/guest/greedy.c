/* SPDX-License-Identifier: MIT */
/*
 * Takes all it can get from the root server, in the shapes that cost root the most, and tries to take away what
 * is not its own. The system must go on: its next life finds as much as this one.
 */
#include <stdio.h>

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/namespace.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/re/protocols.h>
#include <l4/sys/factory.h>
#include <l4/sys/task.h>

#define MOST 8000

static l4_cap_idx_t made[MOST];

static void result(const char *name, int good, long value)
{
	printf("%s %s %ld\n", good ? "ok" : "not ok", name, value);
}

/* As many as there are; then they go again. */
static unsigned all_of(long (*create)(l4_cap_idx_t))
{
	unsigned n = 0, i;

	while (n < MOST && (made[n] = l4re_util_cap_alloc(), create(made[n])) >= 0)
		n++;
	if (n < MOST)
		l4re_util_cap_free(made[n]);
	for (i = 0; i < n; i++) {
		l4re_ma_free(made[i]);
		l4re_util_cap_free_um(made[i]);
	}
	return n;
}

/* A page less than a superpage: root's own mapping of the superpage must be broken up. */
static long broken_superpage(l4_cap_idx_t ds)
{
	return l4re_ma_alloc(L4_SUPERPAGESIZE - L4_PAGESIZE, ds, 0);
}

static long log_object(l4_cap_idx_t log)
{
	return l4_error(l4_factory_create(l4re_env()->mem_alloc, L4RE_PROTO_LOG, log));
}

/* Only as often as there is room for names; after that each attempt must cost root nothing. */
static void fill_names(void)
{
	l4_cap_idx_t ns = l4re_util_cap_alloc();
	unsigned i, n = 0;
	char name[16];

	if (l4re_ns_create(ns) < 0)
		return result("names", 0, 0);
	for (i = 0; i < 70000; i++) {
		snprintf(name, sizeof(name), "%u", i);
		n += l4re_ns_register_obj_srv(ns, name, l4re_env()->main_thread, 0) >= 0;
	}
	result("names", n > 20 && n < 200, n);
	l4re_ma_free(ns);
	l4re_util_cap_free_um(ns);
}

int main(void)
{
	l4_size_t quota, before, after;
	l4_cap_idx_t shared = l4re_env_get_cap("shared");
	unsigned n;

	l4re_ma_info(l4re_env()->mem_alloc, &quota, &before);
	n = all_of(broken_superpage);
	result("memory", n > (quota - before) / L4_SUPERPAGESIZE - 2, n);
	n = all_of(log_object);
	result("objects", n > 100, n);
	fill_names();
	l4re_ma_info(l4re_env()->mem_alloc, &quota, &after);
	result("quota", after == before, after - before);
	result("release", l4re_ma_free(shared) == -L4_EPERM && l4re_ds_size(shared) == 0x10000, 0);
	return 0;
}
