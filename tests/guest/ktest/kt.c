/* SPDX-License-Identifier: MIT */
/* Frame of the kernel tests: running, watching and cleaning up; helpers that create things. */
#include "kt.h"

#include <l4/sys/platform_control.h>
#include <l4/sys/vcon.h>
#include <stdarg.h>

#define FIRST_SLOT 64UL
#define PROBE_SLOT 63UL
#define PROBE_THREAD (KT_THREADS - 1)
#define LIMIT_NS 20000000000UL /* of kernel time: a test that takes longer hangs */
#define REGIONS 0x100000000UL
#define SUPERPAGE_VA 0x80000000UL

extern char __executable_start[], kt_thread_entry[], end[];

static unsigned char stacks[KT_THREADS][KT_STACK] __attribute__((aligned(4096)));
static unsigned char pages[KT_PAGES][4096] __attribute__((aligned(4096)));
static word utcb_of_slot[1024];

/* What the running test has used up. */
static volatile unsigned slots_used, threads_used, pages_used;
static volatile word region_next;

static struct {
	volatile int failed;
	const char *volatile file, *volatile what;
	volatile int line;
	volatile long got, wanted;
} verdict;

/* --- output */

struct line {
	char text[400];
	unsigned n;
};

static void put(struct line *l, char c)
{
	if (l->n < sizeof(l->text))
		l->text[l->n++] = c;
}

static void put_number(struct line *l, word value, unsigned base, int negative)
{
	char digits[24];
	unsigned n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while (value /= base);
	if (negative)
		put(l, '-');
	while (n)
		put(l, digits[--n]);
}

void kt_printf(const char *f, ...)
{
	struct line l = { .n = 0 };
	va_list args;

	va_start(args, f);
	for (; *f; f++) {
		int is_long = 0;

		if (*f != '%') {
			put(&l, *f);
			continue;
		}
		if (*++f == 'l')
			is_long = 1, f++;
		if (*f == 's') {
			for (const char *s = va_arg(args, const char *); *s; s++)
				put(&l, *s);
		} else if (*f == 'd') {
			long v = is_long ? va_arg(args, long) : va_arg(args, int);

			put_number(&l, v < 0 ? -(word)v : (word)v, 10, v < 0);
		} else {
			word v = is_long ? va_arg(args, word) : va_arg(args, unsigned);

			put_number(&l, v, *f == 'u' ? 10 : 16, 0);
		}
	}
	va_end(args);
	l4_vcon_write(L4_BASE_LOG_CAP, l.text, l.n);
}

void kt_fail(const char *file, int line, const char *what, long got, long wanted)
{
	if (__atomic_exchange_n(&verdict.failed, 1, __ATOMIC_RELAXED))
		return;
	for (const char *s = file; *s; s++)
		if (*s == '/')
			file = s + 1;
	verdict.file = file;
	verdict.line = line;
	verdict.what = what;
	verdict.got = got;
	verdict.wanted = wanted;
}

void kt_memset(void *to, int value, word bytes)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
}

/* --- resources of a test */

cap kt_slots(unsigned n)
{
	unsigned first = __atomic_fetch_add(&slots_used, n, __ATOMIC_RELAXED);

	return (FIRST_SLOT + first) << L4_CAP_SHIFT;
}

cap kt_slot(void)
{
	return kt_slots(1);
}

word kt_region(word bytes)
{
	return __atomic_fetch_add(&region_next, (bytes + L4_SUPERPAGESIZE - 1) & L4_SUPERPAGEMASK, __ATOMIC_RELAXED);
}

void *kt_pages(unsigned n)
{
	unsigned first = __atomic_fetch_add(&pages_used, n, __ATOMIC_RELAXED);

	if (first + n > KT_PAGES) {
		kt_fail(__FILE__, __LINE__, "pages used up", first, n);
		kt_park();
	}
	return pages[first];
}

void *kt_superpage(void)
{
	static word pa;
	const l4_kernel_info_t *kip = kt_kip();

	for (unsigned i = 0; !pa && i < kip->mem_count; i++) {
		word start = (kip->mem[i].start + L4_SUPERPAGESIZE - 1) & L4_SUPERPAGEMASK;

		if (kip->mem[i].type == L4_MEM_RAM && start + L4_SUPERPAGESIZE <= kip->mem[i].end)
			pa = start;
	}
	CHECK(pa);
	CHECK_OK(l4_physmem_map_u(L4_BASE_PHYSMEM_CAP, l4_fpage(pa, L4_SUPERPAGESHIFT, L4_FPAGE_RWX), SUPERPAGE_VA,
				  l4_utcb()));
	return (void *)SUPERPAGE_VA;
}

word kt_free_memory(void)
{
	l4_counters_t c;

	CHECK_OK(l4_trace_counters_u(L4_BASE_TRACE_CAP, &c, l4_utcb()));
	return c.free_kernel_bytes;
}

word kt_quota_used(void)
{
	word limit, used = 0;

	CHECK_OK(l4_factory_info_u(KT_FACTORY, &limit, &used, l4_utcb()));
	return used;
}

/* --- objects */

void kt_give_rights(cap task, cap c, unsigned rights)
{
	CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(c, 0, rights), l4_map_obj_control(c, 0)));
}

cap kt_task(void)
{
	cap task = kt_slot();
	l4_fpage_t utcbs = l4_fpage(KT_UTCBS, KT_UTCBS_ORDER, L4_FPAGE_RW);
	word start = (word)__executable_start & L4_PAGEMASK;

	CHECK_OK(l4_factory_create_task(KT_FACTORY, task, &utcbs));
	for (word va = start & ~0x3fffffUL; va < (word)end; va += 0x400000)
		CHECK_OK(l4_task_map(task, KT_TASK, l4_fpage(va, 22, L4_FPAGE_RWX), va));
	CHECK_OK(l4_task_map(task, KT_TASK, l4_fpage(L4_ROOT_KIP_ADDR, 12, L4_FPAGE_R), L4_ROOT_KIP_ADDR));
	kt_give(task, L4_BASE_LOG_CAP);
	kt_give_rights(task, KT_WATCH, L4_CAP_FPAGE_RO);
	return task;
}

l4_utcb_t *kt_utcb_of(cap thread)
{
	return (l4_utcb_t *)utcb_of_slot[thread >> L4_CAP_SHIFT];
}

static cap thread_bind(cap task, cap thread, unsigned number)
{
	l4_utcb_t *utcb = (l4_utcb_t *)(KT_UTCBS + number * L4_UTCB_SIZE);

	if (number > PROBE_THREAD) {
		kt_fail(__FILE__, __LINE__, "threads used up", 0, 0);
		kt_park();
	}
	utcb_of_slot[thread >> L4_CAP_SHIFT] = (word)utcb;
	CHECK_OK(l4_factory_create_thread(KT_FACTORY, thread));
	l4_thread_control_start();
	l4_thread_control_pager(KT_WATCH);
	l4_thread_control_exc_handler(KT_WATCH);
	l4_thread_control_bind(utcb, task);
	CHECK_OK(l4_thread_control_commit(thread));
	if (task != KT_TASK)
		kt_give(task, thread);
	return thread;
}

cap kt_thread_bound(cap task)
{
	return thread_bind(task, kt_slot(), __atomic_fetch_add(&threads_used, 1, __ATOMIC_RELAXED));
}

void kt_thread_go(cap thread, void (*f)(void *), void *arg)
{
	unsigned number = (utcb_of_slot[thread >> L4_CAP_SHIFT] - KT_UTCBS) / L4_UTCB_SIZE;
	word *sp = (word *)stacks[number + 1];

	sp -= 5; /* the call of kt_thread_entry finds the stack aligned */
	*--sp = 0;
	*--sp = thread;
	*--sp = (word)arg;
	*--sp = (word)f;
	CHECK_OK(({ l4_msgtag_t t = l4_thread_ex_regs(thread, (word)kt_thread_entry, (word)sp, 0); t; }));
}

void kt_prio(cap thread, unsigned prio)
{
	l4_sched_param_t sp = l4_sched_param(prio, 0);

	CHECK_OK(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, thread, &sp));
}

/* At the lowest priority a thread goes on when no other can. */
void kt_settle(void)
{
	kt_prio(kt_self(), L4_SCHED_MIN_PRIO);
	kt_prio(kt_self(), KT_PRIO);
}

cap kt_thread_prio(cap task, void (*f)(void *), void *arg, unsigned prio)
{
	cap thread = kt_thread_bound(task);

	kt_thread_go(thread, f, arg);
	kt_prio(thread, prio);
	return thread;
}

cap kt_gate(cap thread, word label)
{
	cap c = kt_slot();

	CHECK_OK(l4_factory_create_gate(KT_FACTORY, c, thread, label));
	return c;
}

cap kt_irq(void)
{
	cap c = kt_slot();

	CHECK_OK(l4_factory_create_irq(KT_FACTORY, c));
	return c;
}

cap kt_sem(word count)
{
	cap c = kt_slot();

	CHECK_OK(l4_factory_create_semaphore(KT_FACTORY, c, count));
	return c;
}

cap kt_factory(word limit)
{
	cap c = kt_slot();

	CHECK_OK(l4_factory_create_factory(KT_FACTORY, c, limit));
	return c;
}

void kt_delete(cap c)
{
	CHECK_OK(l4_task_delete_obj(KT_TASK, c));
}

int kt_valid(cap c)
{
	return l4_error(l4_task_cap_valid(KT_TASK, c));
}

void kt_park(void)
{
	for (;;)
		l4_ipc_sleep(L4_IPC_NEVER);
}

/* --- probes: what a task may do */

static cap probe_owner;
static void (*probe_function)(void *);
static volatile word probe_va, probe_value;

static void probe_main(void *arg)
{
	probe_function(arg);
	l4_ipc_send(probe_owner, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
}

void kt_handlers(cap thread, cap pager, cap handler)
{
	l4_thread_control_start();
	l4_thread_control_pager(pager);
	l4_thread_control_exc_handler(handler);
	CHECK_OK(l4_thread_control_commit(thread));
}

long kt_probe_keep(cap task, void (*f)(void *), void *arg, cap *thread)
{
	cap t = thread_bind(task, PROBE_SLOT << L4_CAP_SHIFT, PROBE_THREAD);

	probe_owner = kt_self();
	probe_function = f;
	if (task != KT_TASK)
		kt_give(task, kt_self());
	kt_handlers(t, kt_self(), kt_self());
	kt_thread_go(t, probe_main, arg);
	kt_prio(t, KT_PRIO + 1);
	if (thread)
		*thread = t;
	return l4_msgtag_label(l4_ipc_receive(t, l4_utcb(), L4_IPC_NEVER));
}

long kt_probe(cap task, void (*f)(void *), void *arg)
{
	word keep[L4_UTCB_EXCEPTION_REGS_SIZE];
	cap thread;
	long label = kt_probe_keep(task, f, arg, &thread);

	for (unsigned i = 0; i < L4_UTCB_EXCEPTION_REGS_SIZE; i++)
		keep[i] = kt_mr()[i];
	kt_delete(thread);
	for (unsigned i = 0; i < L4_UTCB_EXCEPTION_REGS_SIZE; i++)
		kt_mr()[i] = keep[i];
	return label;
}

static void probe_read(void *arg) { probe_value = kt_read((void *)probe_va); }
static void probe_write(void *arg) { kt_write((void *)probe_va, probe_value); }
static void probe_call(void *arg) { ((void (*)(void))probe_va)(); }

static int probe_access(cap task, word va, void (*f)(void *), word bits)
{
	long label;

	probe_va = va;
	label = kt_probe(task, f, 0);
	if (!label)
		return 1;
	CHECK_EQ(label, L4_PROTO_PAGE_FAULT);
	CHECK_EQ(kt_mr()[0] & ~7UL, va & ~7UL);
	CHECK_EQ(kt_mr()[0] & (L4_PF_WRITE | L4_PF_FETCH), bits);
	return 0;
}

int kt_can_read(cap task, word va, word *value)
{
	int ok = probe_access(task, va, probe_read, 0);

	if (ok && value)
		*value = probe_value;
	return ok;
}

int kt_can_write(cap task, word va, word value)
{
	probe_value = value;
	return probe_access(task, va, probe_write, L4_PF_WRITE);
}

int kt_can_call(cap task, word va)
{
	return probe_access(task, va, probe_call, L4_PF_FETCH);
}

/* --- running */

static const struct kt_test *volatile current;

static void runner(void *arg)
{
	current->run();
	l4_ipc_send(KT_WATCH, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
}

static void clean_up(void)
{
	for (unsigned i = 0; i < slots_used; i++)
		l4_task_delete_obj(KT_TASK, (FIRST_SLOT + i) << L4_CAP_SHIFT);
	l4_task_delete_obj(KT_TASK, PROBE_SLOT << L4_CAP_SHIFT);
	if (region_next > REGIONS)
		l4_task_unmap_range_u(KT_TASK, REGIONS, region_next - 1, L4_FP_ALL_SPACES | L4_FPAGE_RWX, l4_utcb());
	l4_task_unmap(KT_TASK, l4_fpage(SUPERPAGE_VA, L4_SUPERPAGESHIFT, L4_FPAGE_RWX), L4_FP_ALL_SPACES);
}

/* Wait until the test ends, one of its threads faults, or time is over. */
static void watch(void)
{
	l4_umword_t label;
	l4_msgtag_t tag = l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, LIMIT_NS));
	word *mr = kt_mr();

	if (l4_msgtag_has_error(tag))
		kt_fail("hangs", 0, "time", 0, 0);
	else if (l4_msgtag_is_page_fault(tag))
		kt_fail("page fault", 0, "address, ip", mr[0], mr[1]);
	else if (l4_msgtag_is_exception(tag))
		kt_fail("exception", l4_utcb_exc()->trapno, "error, ip", l4_utcb_exc()->err, l4_utcb_exc()->ip);
}

static void run_once(const struct kt_test *t)
{
	slots_used = threads_used = pages_used = 0;
	region_next = REGIONS;
	kt_memset(pages, 0, sizeof(pages));
	current = t;
	kt_thread(KT_TASK, runner, 0);
	watch();
	clean_up();
}

/* In idle time the kernel finishes what it has put off: until `wanted` is used, or the same for a while. */
static word quota_settled(word wanted)
{
	word used, last = 0;

	for (int same = 0; same < 5;) {
		l4_ipc_sleep_ms(1);
		used = kt_quota_used();
		if (used == wanted)
			break;
		same = used == last ? same + 1 : 0;
		last = used;
	}
	return used;
}

static int run(const struct kt_test *t)
{
	word used, memory;

	verdict.failed = 0;
	run_once(t);
	used = quota_settled(0);
	memory = kt_free_memory();
	if (!verdict.failed)
		run_once(t);
	if (!verdict.failed)
		CHECK_EQ(quota_settled(used), used);
	if (!verdict.failed)
		CHECK_EQ(kt_free_memory(), memory);
	if (!verdict.failed) {
		kt_printf("ok %s\n", t->name);
		return 0;
	}
	kt_printf("not ok %s %s:%d: %s: %ld (0x%lx), expected %ld (0x%lx)\n", t->name, verdict.file, verdict.line,
		  verdict.what, verdict.got, verdict.got, verdict.wanted, verdict.wanted);
	return 1;
}

void kt_main(void);

void kt_main(void)
{
	l4_fpage_t utcbs = l4_fpage(KT_UTCBS, KT_UTCBS_ORDER, L4_FPAGE_RW);
	unsigned failed = 0, n = 0;

	l4_utcb()->tcr.user[0] = L4_BASE_THREAD_CAP;
	CHECK_OK(l4_task_add_ku_mem(KT_TASK, &utcbs));
	for (const struct kt_test *t = kt_tests; t->name; t++, n++)
		failed += run(t);
	kt_printf("ktest: %u tests, %u failed\n", n, failed);
	l4_platform_ctl_exit(L4_BASE_PLATFORM_CAP, failed ? 1 : 0);
}
