/* SPDX-License-Identifier: MIT */
/* Starting init: the program is the first file of the system image; it gets all that root has. */
#include "root.h"
#include "../../lib/fmt.h"
#include "../../lib/loader.h"
#include "../../lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/system_image.h>
#include <l4/sys/debugger.h>
#include <l4/sys/factory.h>
#include <l4/sys/rcv_endpoint.h>
#include <l4/sys/skerry.h>
#include <l4/sys/scheduler.h>
#include <l4/sys/task.h>
#include <l4/sys/thread.h>

/*
 * In the middle: above Linux, so that it is served promptly, below real-time tasks, which must not wait
 * while a restarted Linux is loaded. Root, which works for init, is above it.
 */
#define INIT_PRIO 100
#define ROOT_PRIO 110
/* Kernel memory root keeps to itself, beside what is for its window and its slots: page tables of device memory above all. */
#define ROOT_KERNEL_MEMORY (2UL << 20)

enum {
	SLOT_INIT_IMAGE = L4_BASE_FIRST_FREE_SLOT, SLOT_INIT_ALLOC, SLOT_INIT_FIRST_FREE
};

l4_uint64_t root_clock_ns(void)
{
	return l4_kip_clock_ns((const l4_kernel_info_t *)L4_ROOT_KIP_ADDR);
}

int root_irq_came(l4_cap_idx_t irq)
{
	l4_utcb_t *u = l4_utcb();
	int came = l4_error(l4_rcv_ep_bind_thread(irq, L4_BASE_THREAD_CAP, 0)) >= 0 &&
		   !l4_ipc_error(l4_ipc_receive(irq, u, L4_IPC_RECV_TIMEOUT_0), u);

	l4_rcv_ep_bind_thread(irq, L4_INVALID_CAP, 0);
	return came;
}

static void *alloc_memory(struct loader *l, l4_size_t bytes)
{
	struct dataspace *ds;

	if (dataspace_create(l->context, bytes, L4RE_MA_CONTINUOUS, 0, &ds))
		return 0;
	return dataspace_ptr(ds);
}

static void must(long err, const char *what)
{
	if (err < 0)
		die("%s: %s (%ld)", what, l4sys_errtostr(err), err);
}

static void give(l4_cap_idx_t task, l4_cap_idx_t cap, l4_cap_idx_t slot)
{
	must(l4_error(l4_task_map(task, L4_BASE_TASK_CAP, l4_obj_fpage(cap, 0, L4_CAP_FPAGE_RWSD),
				  l4_map_obj_control(slot, 0))), "giving init a capability");
}

static l4_cap_idx_t slot_of(unsigned n)
{
	return (l4_cap_idx_t)n << L4_CAP_SHIFT;
}

/* The system image: the last module. */
static const l4_kip_module_t *image_module(const l4_kernel_info_t *kip)
{
	if (kip->module_count < 1 || kip->module_count > L4_KIP_MODULES_MAX)
		die("no system image among %lu boot modules", kip->module_count);
	return &kip->modules[kip->module_count - 1];
}

static void find_init(struct loader *l, const l4_kip_module_t *m)
{
	const struct sysimg_header *h = window_ptr(m->start);
	const struct sysimg_file *f = (const void *)((const char *)h + h->file_offset);
	l4_uint64_t bytes = m->end - m->start;

	if (bytes < sizeof(*h) || h->magic != SYSIMG_MAGIC || h->version != SYSIMG_VERSION ||
	    (h->file_offset & 7) || h->file_offset > bytes - sizeof(*f) || !h->file_count)
		die("module %s is not a system image", m->name);
	if (f->offset > bytes || f->bytes > bytes - f->offset)
		die("system image: init lies outside");
	l->image = (const char *)h + f->offset;
	l->image_bytes = f->bytes;
}

static void fill_slots(l4_cap_idx_t task, l4_cap_idx_t thread, l4_cap_idx_t factory, l4_cap_idx_t fault_gate)
{
	give(task, task, L4_BASE_TASK_CAP);
	give(task, factory, L4_BASE_FACTORY_CAP);
	give(task, thread, L4_BASE_THREAD_CAP);
	give(task, fault_gate, L4_BASE_PAGER_CAP);
	give(task, L4_BASE_LOG_CAP, L4_BASE_LOG_CAP);
	give(task, L4_BASE_ICU_CAP, L4_BASE_ICU_CAP);
	give(task, L4_BASE_SCHEDULER_CAP, L4_BASE_SCHEDULER_CAP);
	give(task, L4_BASE_DEBUGGER_CAP, L4_BASE_DEBUGGER_CAP);
	give(task, L4_BASE_PLATFORM_CAP, L4_BASE_PLATFORM_CAP);
	give(task, L4_BASE_TRACE_CAP, L4_BASE_TRACE_CAP);
	must(l4_error(l4_task_map(task, L4_BASE_TASK_CAP, l4_iofpage(0, 16), l4_map_control(0, 0, 0))), "I/O ports");
}

static l4_cap_idx_t init_factory(void)
{
	l4_cap_idx_t factory = slot_alloc();
	l4_umword_t limit = 0, used = 0, own = ROOT_KERNEL_MEMORY + pages_window_kernel_bytes() + slots_kernel_bytes();

	must(l4_error(l4_factory_info_u(L4_BASE_FACTORY_CAP, &limit, &used, l4_utcb())), "kernel memory");
	if (used + own >= limit)
		die("%lu KiB of kernel memory are too few", limit >> 10);
	must(l4_error(l4_factory_create_factory(L4_BASE_FACTORY_CAP, factory, limit - used - own)),
	     "factory of init");
	return factory;
}

static void run(l4_cap_idx_t thread, unsigned prio)
{
	l4_sched_param_t p = l4_sched_param(prio, 0);

	p.affinity.map = 1;
	must(l4_error(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, thread, &p)), "running init");
}

static void start_thread(l4_cap_idx_t task, l4_cap_idx_t thread, const struct loader_start *s)
{
	l4_thread_control_start();
	l4_thread_control_pager(L4_BASE_PAGER_CAP);
	l4_thread_control_exc_handler(L4_BASE_PAGER_CAP);
	l4_thread_control_bind((l4_utcb_t *)L4RE_UTCB_AREA, task);
	must(l4_error(l4_thread_control_commit(thread)), "binding init's thread");
	must(l4_error(l4_thread_ex_regs(thread, s->ip, s->sp, 0)), "starting init's thread");
	run(thread, INIT_PRIO);
}

static void init_env(l4re_env_t *env, const l4_kernel_info_t *kip)
{
	*env = (l4re_env_t){
		.parent = L4_BASE_PAGER_CAP, .rm = L4_BASE_PAGER_CAP, .mem_alloc = slot_of(SLOT_INIT_ALLOC),
		.log = L4_BASE_LOG_CAP, .main_thread = L4_BASE_THREAD_CAP, .factory = L4_BASE_FACTORY_CAP,
		.scheduler = L4_BASE_SCHEDULER_CAP, .first_free_cap = SLOT_INIT_FIRST_FREE,
		.utcb_area = l4_fpage(L4RE_UTCB_AREA, L4RE_UTCB_ORDER, 0),
		.first_free_utcb = L4RE_UTCB_AREA + L4_UTCB_SIZE, .kip = kip, .task = L4_BASE_TASK_CAP,
		.prio = INIT_PRIO, .name = "init",
	};
}

void boot_init(const l4_kernel_info_t *kip, struct quota *all)
{
	const l4_kip_module_t *m = image_module(kip);
	l4_cap_idx_t task = slot_alloc(), thread = slot_alloc(), gate = slot_alloc(), factory;
	struct loader l = { .task = task, .self = L4_BASE_TASK_CAP, .alloc = alloc_memory, .context = all };
	l4_fpage_t utcbs = l4_fpage(L4RE_UTCB_AREA, L4RE_UTCB_ORDER, 0);
	l4re_env_cap_entry_t caps[1] = { { .cap = slot_of(SLOT_INIT_IMAGE), .name = "image" } };
	struct dataspace *image;
	l4re_env_t env;
	struct loader_start s = { .env = &env, .caps = caps, .cap_count = 1, .args = kip->cmdline, .stack_bytes = 0x8000 };

	run(L4_BASE_THREAD_CAP, ROOT_PRIO);
	find_init(&l, m);
	must(dataspace_foreign(all, m->start, m->end - m->start, L4RE_DS_F_R | L4RE_DS_F_X, 0, &image), "system image");
	factory = init_factory();
	must(l4_error(l4_factory_create_task(L4_BASE_FACTORY_CAP, task, &utcbs)), "task of init");
	must(l4_error(l4_factory_create_thread(L4_BASE_FACTORY_CAP, thread)), "thread of init");
	must(l4_error(l4_factory_create_gate(L4_BASE_FACTORY_CAP, gate, L4_BASE_THREAD_CAP, 0)), "gate of init");
	l4_debugger_set_object_name(task, "init");
	l4_debugger_set_object_name(thread, "init");
	l4_debugger_set_object_name(L4_BASE_TASK_CAP, "root");
	l4_debugger_set_object_name(L4_BASE_THREAD_CAP, "root");
	fill_slots(task, thread, factory, gate);
	give(task, image->obj.gate, slot_of(SLOT_INIT_IMAGE));
	give(task, all->obj.gate, slot_of(SLOT_INIT_ALLOC));
	init_env(&env, kip);
	must(loader_elf(&l), "loading init");
	must(loader_start(&l, &s), "preparing init");
	start_thread(task, thread, &s);
}
