// SPDX-License-Identifier: GPL-2.0-only
/* Kernel start, after the machine layer: the root task, its capabilities, and the first switch to it. */
#include "arch.h"
#include "elf.h"
#include "object.h"
#include "frame.h"
#include "trace.h"

void exit_to_user(void) __attribute__((noreturn));

static struct quota kernel_quota;
static struct thread idle_thread;
static struct kobject singletons[7];

static void check(int err, const char *what)
{
	if (err)
		panic("cannot start the root task: %s: error %d", what, err);
}

static void give(struct task *root, l4_cap_idx_t cap, struct kobject *k)
{
	check(cap_reserve(&root->caps, cap >> L4_CAP_SHIFT), "slots");
	cap_insert(&root->caps, cap >> L4_CAP_SHIFT, k, L4_CAP_FPAGE_RWS);
}

/* The singletons hold an extra reference, so that their memory is never given back. */
static void give_singletons(struct task *root)
{
	static const struct {
		const struct kobject_ops *ops;
		l4_cap_idx_t cap;
		const char *name;
	} list[ARRAY_SIZE(singletons)] = {
		{ &log_ops, L4_BASE_LOG_CAP, "log" },
		{ &icu_ops, L4_BASE_ICU_CAP, "icu" },
		{ &scheduler_ops, L4_BASE_SCHEDULER_CAP, "scheduler" },
		{ &debugger_ops, L4_BASE_DEBUGGER_CAP, "debugger" },
		{ &platform_ops, L4_BASE_PLATFORM_CAP, "platform" },
		{ &physmem_ops, L4_BASE_PHYSMEM_CAP, "physmem" },
		{ &trace_ops, L4_BASE_TRACE_CAP, "trace" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(list); i++) {
		struct kobject *k = &singletons[i];

		kobject_init(k, list[i].ops, &kernel_quota);
		kobject_get(k);
		kobject_set_name(k, list[i].name, sizeof(k->name));
		give(root, list[i].cap, k);
	}
}

/* Module pages are entered where they are when they are read-only data, copied when they have zeroed parts or are written. */
static void load_segment(struct task *root, const l4_kip_module_t *m, const struct elf_phdr *ph)
{
	const char *file = arch_phys_to_virt(m->start);
	u64 start = ALIGN_DOWN(ph->vaddr, PAGE_SIZE), end = ALIGN_UP(ph->vaddr + ph->memsz, PAGE_SIZE);
	unsigned int rights = SPACE_RIGHTS_R | (ph->flags & 2 ? SPACE_RIGHTS_W : 0) |
			      (ph->flags & 1 ? SPACE_RIGHTS_X : 0);

	for (u64 va = start; va < end; va += PAGE_SIZE) {
		char *page = frame_alloc(0, &kernel_quota);
		u64 from = va < ph->vaddr ? ph->vaddr : va;
		u64 to = ph->vaddr + ph->filesz < va + PAGE_SIZE ? ph->vaddr + ph->filesz : va + PAGE_SIZE;

		if (!page)
			panic("no memory for the root task");
		__builtin_memset(page, 0, PAGE_SIZE);
		if (from < to)
			__builtin_memcpy(page + (from - va), file + ph->offset + (from - ph->vaddr), to - from);
		check(space_enter(&root->space, va, frame_pa(page), PAGE_SHIFT, rights, SPACE_WB), "segment");
	}
}

static u64 load_root(struct task *root)
{
	const l4_kip_module_t *m = &kip.modules[0];
	const struct elf_header *eh;
	const char *why;

	if (!kip.module_count)
		panic("no boot module: give the root server with -initrd");
	eh = arch_phys_to_virt(m->start);
	why = elf_check(eh, m->end - m->start);
	if (why)
		panic("root server: %s", why);
	for (unsigned int i = 0; i < eh->phnum; i++) {
		const struct elf_phdr *ph = elf_phdr(eh, i);

		if (ph->type == ELF_PT_LOAD && ph->memsz)
			load_segment(root, m, ph);
	}
	return eh->entry;
}

static void start_root(void)
{
	l4_fpage_t utcb = { L4_ROOT_UTCB_ADDR | L4_FPAGE_MEMORY << L4_FPAGE_TYPE_SHIFT |
			    L4_PAGESHIFT << L4_FPAGE_ORDER_SHIFT };
	struct kobject *task, *thread, *factory;
	struct task *root;
	struct thread *t;

	check(task_create(&task, &kernel_quota, utcb), "task");
	check(thread_create(&thread, &kernel_quota), "thread");
	check(factory_create(&factory, &kernel_quota, &kernel_quota), "factory");
	root = kobj_task(task);
	t = kobj_thread(thread);
	quota_get(&kernel_quota);
	kobject_set_name(task, "root", 5);
	kobject_set_name(thread, "root", 5);
	give(root, L4_BASE_TASK_CAP, task);
	give(root, L4_BASE_FACTORY_CAP, factory);
	give(root, L4_BASE_THREAD_CAP, thread);
	give_singletons(root);
	check(iospace_enter_all(&root->io), "ports");
	check(space_enter(&root->space, L4_ROOT_KIP_ADDR, arch_kernel_pa(&kip), PAGE_SHIFT, SPACE_RIGHTS_R, SPACE_WB),
	      "KIP");
	check(thread_bind(t, root, L4_ROOT_UTCB_ADDR), "bind");
	t->frame.ip = load_root(root);
	t->flags |= TF_STARTED | TF_SCHEDULED;
	sched_set(t, 255, 0);
	thread_start_if_complete(t);
}

void kernel_main(void)
{
	struct cpu *cpu = this_cpu();

	quota_init(&kernel_quota, frame_free_bytes());
	sched_init(cpu);
	idle_thread.state = THREAD_STOPPED;
	list_init(&idle_thread.ready_link);
	idle_thread.flags |= TF_DEBUG_REGS;
	idle_thread.consumed_tsc = -arch_tsc();
	cpu->idle = cpu->current = &idle_thread;
	arch_fpu_enable();
	start_root();
	trace(L4_TRACE_BOOT, 1, 0);
	exit_to_user();
}
