/* SPDX-License-Identifier: MIT */
/* The life of a component: creation, start, end, restart. */
#include "init.h"
#include "../../lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/sys/debugger.h>
#include <l4/sys/factory.h>
#include <l4/sys/kip_api.h>
#include <l4/sys/platform_control.h>
#include <l4/sys/scheduler.h>
#include <l4/sys/skerry.h>
#include <l4/sys/task.h>
#include <l4/sys/thread.h>

/* What root keeps for the memory objects of a component is paid by its allocator, beside the memory. */
#define ALLOC_EXTRA 0x20000UL

#define BACKOFF_DOUBLINGS 6
#define STOP_POLL_NS 10000000UL

struct component components[COMPONENTS_MAX];
unsigned component_count;

void *component_alloc_aligned(struct component *c, l4_size_t bytes, unsigned flags, unsigned align)
{
	l4_cap_idx_t ds;
	void *at = 0;
	long err;

	if (c->region_count == REGIONS_MAX)
		return 0;
	ds = l4re_util_cap_alloc();
	if (l4_is_invalid_cap(ds))
		return 0;
	err = l4re_ma_alloc_align_srv(c->alloc, bytes, ds, flags, 0);
	if (err >= 0)
		err = l4re_rm_attach(&at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW | L4RE_RM_F_PASS_X, ds, 0, align);
	/* The memory lives as long as the allocator; the capability is not needed again. */
	l4re_util_cap_free_um(ds);
	if (err < 0) {
		say("%s: %lu bytes of memory: %s", c->name, bytes, l4sys_errtostr(err));
		return 0;
	}
	c->regions[c->region_count++] = at;
	return at;
}

void *component_alloc(struct loader *l, l4_size_t bytes)
{
	return component_alloc_aligned(l->context, bytes, 0, L4_PAGESHIFT);
}

int component_give(struct component *c, l4_cap_idx_t cap, l4_cap_idx_t slot, unsigned rights)
{
	return l4_error(l4_task_map(c->task, L4_BASE_TASK_CAP, l4_obj_fpage(cap, 0, rights),
				    l4_map_obj_control(slot, 0)));
}

int create_gate(l4_cap_idx_t *gate, l4_umword_t label)
{
	l4_cap_idx_t slot;
	long err;

	if (*gate)
		return 0;
	slot = l4re_util_cap_alloc();
	if (l4_is_invalid_cap(slot))
		return -L4_ENOMEM;
	err = l4_error(l4_factory_create_gate(L4_BASE_FACTORY_CAP, slot, L4_BASE_THREAD_CAP, label));
	if (err < 0)
		l4re_util_cap_free(slot);
	else
		*gate = slot;
	return err;
}

static int create_gates(struct component *c)
{
	int err = create_gate(&c->fault_gate, GATE_LABEL(c->index, GATE_FAULT));

	return err < 0 ? err : create_gate(&c->parent_gate, GATE_LABEL(c->index, GATE_PARENT));
}

/* An object of root's that the component's allocator pays for: log or scheduler. */
static int create_root_object(l4_cap_idx_t alloc, long type, l4_cap_idx_t *slot, const l4_umword_t *args, unsigned n)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag;
	unsigned i;

	*slot = l4re_util_cap_alloc();
	tag = l4_factory_create_start_u(type, *slot, u);
	for (i = 0; i < n; i++)
		l4_factory_create_add_uint_u(args[i], &tag, u);
	return l4_error(l4_factory_create_commit_u(alloc, tag, u));
}

static int create_log(struct component *c)
{
	l4_umword_t name[L4RE_ENV_NAME_MAX / 8] = { 0 };
	l4_size_t n = strlen(c->name);

	memcpy(name, c->name, n < sizeof(name) ? n : sizeof(name));
	return create_root_object(c->alloc, L4RE_PROTO_LOG, &c->log, name, sizeof(name) / sizeof(name[0]));
}

/* Proxies are made from init's own allocator: only that one may. */
static int create_scheduler(struct component *c)
{
	const struct sysimg_component *d = c->desc;
	l4_umword_t args[5] = { d->max_prio ? d->max_prio : d->prio, d->cpus, d->budget_ns, d->period_ns, d->low_prio };

	return create_root_object(l4re_env()->mem_alloc, L4_PROTO_SCHEDULER, &c->scheduler, args, 5);
}

static int create_task(struct component *c)
{
	int is_linux = c->desc->type == SYSIMG_LINUX;
	l4_fpage_t utcbs = is_linux ? l4_fpage(0xfffffe8000000000UL, 16, 0) : l4_fpage(L4RE_UTCB_AREA, L4RE_UTCB_ORDER, 0);
	long err;

	c->factory = l4re_util_cap_alloc();
	err = l4_error(l4_factory_create_factory(L4_BASE_FACTORY_CAP, c->factory, c->desc->kernel_memory));
	if (err < 0)
		return err;
	c->task = l4re_util_cap_alloc();
	err = l4_error(l4_factory_create_task(c->factory, c->task, &utcbs));
	if (err < 0)
		return err;
	c->thread = l4re_util_cap_alloc();
	err = l4_error(l4_factory_create_thread(c->factory, c->thread));
	if (err < 0)
		return err;
	l4_debugger_set_object_name(c->task, c->name);
	l4_debugger_set_object_name(c->thread, c->name);
	return 0;
}

static int create_objects(struct component *c)
{
	int err = create_gates(c);

	if (err >= 0)
		err = create_task(c);
	if (err < 0)
		return err;
	c->alloc = l4re_util_cap_alloc();
	err = l4re_ma_create(l4re_env()->mem_alloc, c->alloc, (c->ram ? 0 : l4_round_page(c->desc->memory)) + ALLOC_EXTRA,
			     grants_count(c, SYSIMG_G_DEVICES) ? L4RE_MA_CREATE_DEVICES : 0);
	if (err >= 0)
		err = create_log(c);
	if (err >= 0)
		err = create_scheduler(c);
	return err;
}

/* The session named "console" is also the log, if there is one. */
static l4_cap_idx_t own_console(struct component *c)
{
	unsigned i;

	for (i = 0; i < c->cap_count; i++)
		if (!(c->caps[i].flags & L4RE_ENV_SERVER) && !strcmp(c->caps[i].name, "console"))
			return c->caps[i].cap;
	return 0;
}

static int give_base(struct component *c)
{
	l4_cap_idx_t console = own_console(c);
	int err;

	if ((err = component_give(c, c->task, L4_BASE_TASK_CAP, L4_CAP_FPAGE_RWS)) < 0 ||
	    (err = component_give(c, c->factory, L4_BASE_FACTORY_CAP, L4_CAP_FPAGE_RWS)) < 0 ||
	    (err = component_give(c, c->thread, L4_BASE_THREAD_CAP, L4_CAP_FPAGE_RWS)) < 0 ||
	    (err = component_give(c, c->fault_gate, L4_BASE_PAGER_CAP, L4_CAP_FPAGE_RW)) < 0 ||
	    (err = component_give(c, c->scheduler, L4_BASE_SCHEDULER_CAP, L4_CAP_FPAGE_RW)) < 0 ||
	    (err = component_give(c, L4_BASE_DEBUGGER_CAP, L4_BASE_DEBUGGER_CAP, L4_CAP_FPAGE_RW)) < 0 ||
	    (err = component_give(c, c->parent_gate, (l4_cap_idx_t)SLOT_PARENT << L4_CAP_SHIFT, L4_CAP_FPAGE_RW)) < 0 ||
	    (err = component_give(c, c->alloc, (l4_cap_idx_t)SLOT_ALLOC << L4_CAP_SHIFT, L4_CAP_FPAGE_RO)) < 0)
		return err;
	if (c->heart && (err = component_give(c, c->heart, (l4_cap_idx_t)SLOT_HEART << L4_CAP_SHIFT, L4_CAP_FPAGE_RW)) < 0)
		return err;
	if (console)
		return l4_error(l4_task_map(c->task, c->task, l4_obj_fpage(console, 0, L4_CAP_FPAGE_RW),
					    l4_map_obj_control(L4_BASE_LOG_CAP, 0)));
	return component_give(c, c->log, L4_BASE_LOG_CAP, L4_CAP_FPAGE_RW);
}

int component_run(struct component *c, l4_addr_t ip, l4_addr_t sp, l4_addr_t utcb)
{
	l4_sched_param_t p = l4_sched_param(c->desc->prio, 0);
	long err;

	p.affinity.map = c->desc->cpus & -c->desc->cpus;
	p.budget = c->desc->budget_ns;
	p.period = c->desc->period_ns;
	p.low_prio = c->desc->low_prio;
	l4_thread_control_start();
	l4_thread_control_pager(L4_BASE_PAGER_CAP);
	l4_thread_control_exc_handler(L4_BASE_PAGER_CAP);
	l4_thread_control_bind((l4_utcb_t *)utcb, c->task);
	err = l4_error(l4_thread_control_commit(c->thread));
	if (err >= 0)
		err = l4_error(l4_thread_ex_regs(c->thread, ip, sp, 0));
	if (err >= 0)
		err = l4_error(l4_scheduler_run_thread(c->scheduler, c->thread, &p));
	return err;
}

static int create_and_load(struct component *c)
{
	int err = create_objects(c);

	c->cap_count = 0;
	c->next_slot = (l4_cap_idx_t)SLOT_NAMED << L4_CAP_SHIFT;
	if (err >= 0)
		err = watch_heart(c);
	if (err >= 0)
		err = grants_apply(c);
	if (err >= 0)
		err = give_base(c);
	if (err < 0)
		return err;
	return c->desc->type == SYSIMG_LINUX ? linux_load(c) : native_load(c);
}

/*
 * The PCI manager is a new one: it has stopped all devices, and what the old one handed out of them is gone. Who had some
 * starts anew, instead of waiting for a device that will not answer.
 */
static void end_holders(const struct component *manager)
{
	unsigned i;

	for (i = 0; i < component_count; i++) {
		struct component *c = &components[i];

		if (c->state != COMPONENT_RUNNING || !grants_count(c, SYSIMG_G_PCI) || session_server(c, "pci") != manager)
			continue;
		say("%s has lost its devices with %s", c->name, manager->name);
		component_lost_devices(c);
	}
}

int component_try(struct component *c)
{
	int again = c->start_ns != 0;
	l4_uint64_t begin = l4_kip_clock(l4re_kip());
	int err = create_and_load(c);

	if (err < 0) {
		component_destroy(c);
		return err;
	}
	c->state = COMPONENT_RUNNING;
	c->start_ns = c->alive_ns = l4_kip_clock_ns(l4re_kip());
	say("%s started in %lu us at %lu us", c->name, l4_kip_clock(l4re_kip()) - begin, l4_kip_clock(l4re_kip()));
	if (again)
		end_holders(c);
	return 0;
}

/* Its memory may still be written to by devices, which its predecessor asked to. They are asked again later. */
static int must_wait(struct component *c)
{
	if (sessions_stopped(c))
		return 0;
	if (c->state != COMPONENT_WAITING)
		say("%s waits for devices that may still write to its memory", c->name);
	c->restart_ns = l4_kip_clock_ns(l4re_kip()) + STOP_POLL_NS;
	c->state = COMPONENT_WAITING;
	return 1;
}

void component_start(struct component *c)
{
	int err;

	if (must_wait(c))
		return;
	err = component_try(c);
	if (err < 0) {
		say("%s does not start: %s (%d)", c->name, l4sys_errtostr(err), err);
		c->state = COMPONENT_STOPPED;
		sessions_server_gone(c);
	}
}

static void delete_object(l4_cap_idx_t *cap)
{
	if (*cap) {
		l4_task_delete_obj(L4_BASE_TASK_CAP, *cap);
		l4re_util_cap_free(*cap);
	}
	*cap = 0;
}

/* Something of root's: released there, which also removes the capability. */
static void release_object(l4_cap_idx_t *cap)
{
	if (*cap) {
		l4re_ma_free(*cap);
		l4re_util_cap_free_um(*cap);
	}
	*cap = 0;
}

static void destroy_extras(struct component *c)
{
	while (c->extra_count) {
		l4_cap_idx_t cap = c->extras[--c->extra_count];

		l4re_ma_free(cap); /* device memory is root's; an IRQ refuses */
		l4_task_delete_obj(L4_BASE_TASK_CAP, cap);
		l4re_util_cap_free(cap);
	}
}

/*
 * A device may still be writing to the component's memory: it must have stopped before somebody else gets that. Root knows what is pinned,
 * and keeps it until the PCI manager, or its successor, has stopped the device.
 */
static void stop_devices(struct component *c)
{
	int err = grants_devices_close(c);

	if (err < 0)
		say("%s: its devices may still be at work (%s)", c->name, l4sys_errtostr(err));
}

/* Memory of components that are gone, which devices may still reach. */
static l4_cap_idx_t pinned[COMPONENTS_MAX];

/* 0: it has to wait. */
static int alloc_release(l4_cap_idx_t alloc)
{
	if (l4re_ma_free(alloc) == -L4_EBUSY)
		return 0;
	l4re_util_cap_free_um(alloc);
	return 1;
}

static void release_pinned(void)
{
	unsigned i;

	for (i = 0; i < COMPONENTS_MAX; i++)
		if (pinned[i] && alloc_release(pinned[i]))
			pinned[i] = 0;
}

static void release_memory(struct component *c)
{
	unsigned i = 0;

	release_pinned();
	if (c->alloc && !alloc_release(c->alloc)) {
		while (i < COMPONENTS_MAX && pinned[i])
			i++;
		say("%s: its memory is %s", c->name, i < COMPONENTS_MAX ? "used again when its devices have stopped" : "lost");
		if (i < COMPONENTS_MAX)
			pinned[i] = c->alloc;
		else
			l4re_util_cap_free_um(c->alloc);
	}
	c->alloc = 0;
}

void component_destroy(struct component *c)
{
	delete_object(&c->thread);
	delete_object(&c->task);
	sessions_unbind(c, 0);
	channels_unbind(c);
	sessions_stop(c);
	stop_devices(c);
	destroy_extras(c);
	delete_object(&c->factory);
	while (c->region_count)
		l4re_rm_detach(c->regions[--c->region_count]);
	release_object(&c->log);
	release_object(&c->scheduler);
	release_memory(c);
	c->state = COMPONENT_EMPTY;
}

/* What a console may hold back before it prints it. */
#define LAST_WORDS_US 60000

static void system_off(int status)
{
	l4_cap_idx_t platform = L4_BASE_PLATFORM_CAP;

	l4_ipc_sleep_us(LAST_WORDS_US);
	if (status)
		l4_platform_ctl_exit(platform, status);
	l4_platform_ctl_system_shutdown(platform, 0);
	say("this machine does not switch off");
}

/* Another running component whose end would shut the system down: then it is not yet time. */
static int others_run(const struct component *c)
{
	unsigned i;

	for (i = 0; i < component_count; i++)
		if (&components[i] != c && (components[i].state == COMPONENT_RUNNING || components[i].state == COMPONENT_WAITING) &&
		    components[i].desc->on_exit == SYSIMG_SHUTDOWN)
			return 1;
	return 0;
}

/* With what is in use without the component: the same after each restart, or something leaks. */
static void say_restart(const struct component *c)
{
	l4_umword_t limit, used = 0;
	l4_size_t quota, memory = 0;

	l4re_ma_info(l4re_env()->mem_alloc, &quota, &memory);
	l4_factory_info_u(L4_BASE_FACTORY_CAP, &limit, &used, l4_utcb());
	say("%s restarts (%u of %u), in use: memory %lu, kernel memory %lu", c->name, c->restarts, c->desc->restart_max,
	    memory, used);
}

/* Count it; 0: it was the last time. */
static int may_restart(struct component *c)
{
	if (c->desc->stable_ns && l4_kip_clock_ns(l4re_kip()) - c->start_ns >= c->desc->stable_ns)
		c->restarts = 0;
	if (c->restarts >= c->desc->restart_max) {
		say("%s stays stopped after %u restarts", c->name, c->restarts);
		return 0;
	}
	c->restarts++;
	return 1;
}

/* At once, or after a pause that doubles. */
static void restart_counted(struct component *c)
{
	unsigned doublings = c->restarts - 1 < BACKOFF_DOUBLINGS ? c->restarts - 1 : BACKOFF_DOUBLINGS;

	if (!c->desc->backoff_ns) {
		component_start(c);
		return;
	}
	c->restart_ns = l4_kip_clock_ns(l4re_kip()) + (c->desc->backoff_ns << doublings);
	c->state = COMPONENT_WAITING;
}

/* blameless: what ended it was another's doing, and does not count. */
static void end(struct component *c, unsigned policy, int status, int blameless)
{
	if (upgrade_ended(c))
		return;
	if (policy == SYSIMG_SHUTDOWN && !others_run(c)) {
		say("the system ends with %s, status %d", c->name, status);
		system_off(status);
	}
	component_destroy(c);
	c->state = COMPONENT_STOPPED;
	if (policy == SYSIMG_RESTART && (blameless || may_restart(c))) {
		sessions_unbind(c, 1);
		say_restart(c);
		if (blameless)
			component_start(c);
		else
			restart_counted(c);
		return;
	}
	sessions_server_gone(c);
}

void component_ended(struct component *c, unsigned policy, int status)
{
	end(c, policy, status, 0);
}

void component_lost_devices(struct component *c)
{
	end(c, SYSIMG_RESTART, 1, 1);
}
