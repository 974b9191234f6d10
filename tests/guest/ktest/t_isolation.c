/* SPDX-License-Identifier: MIT */
/* Kernel test: threads keep their registers under preemption; nothing of one is seen by another; garbage does no harm. */
#include "kt.h"
#include "spin.h"

#define SPINNERS 6
#define MS 1000000UL

static struct spin spins[SPINNERS];
static volatile word done;

static word random_word(word *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void fill(struct spin *s, word seed, unsigned i)
{
	static const unsigned short selectors[] = { 0, 0x2b, 0x33 };

	kt_memset(s, 0, sizeof(*s));
	for (int k = 0; k < 13; k++)
		s->gpr[k] = random_word(&seed) | 2;
	s->fs = random_word(&seed) >> 17;
	s->gs = random_word(&seed) | 0xffff800000000000UL;
	/* arithmetic flags, DF, AC, ID, each its own */
	s->flags = 0x202 | (random_word(&seed) & 0x240cd5);
	s->sp = random_word(&seed);
	for (int k = 0; k < 4; k++)
		s->sel[k] = i ? selectors[random_word(&seed) % 3] : 0;
	for (int k = 0; k < 1024; k++)
		s->xin[k] = k < 512 || k >= 576 ? random_word(&seed) >> 9 : 0;
	*(unsigned short *)s->xin = 0x037f ^ (seed & 0x0f00); /* rounding, precision */
	*(unsigned short *)(s->xin + 2) = 0x3800; /* status: top is 7 */
	s->xin[4] = 0xff; /* all registers in use */
	s->xin[5] = 0;
	*(unsigned *)(s->xin + 24) = 0x1f80 | (seed & 0x6000);
	*(unsigned *)(s->xin + 28) = 0xffff;
	for (int k = 0; k < 8; k++)
		kt_memset(s->xin + 32 + 16 * k + 10, 0, 6);
	kt_memset(s->xin + 416, 0, 96);
	*(word *)(s->xin + 512) = 7;
}

static void spinner(void *arg)
{
	struct spin *s = &spins[(word)arg];

	spin_check(s);
	__atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
}

static void check(const struct spin *s, unsigned i)
{
	for (int k = 0; k < 13; k++)
		if (s->out[k] != s->gpr[k])
			kt_fail("register", i, "gpr", s->out[k], s->gpr[k]);
	if (s->fs_out != s->fs)
		kt_fail("register", i, "fs base", s->fs_out, s->fs);
	if (s->gs_out != s->gs)
		kt_fail("register", i, "gs base", s->gs_out, s->gs);
	if (s->flags_out != s->flags)
		kt_fail("register", i, "flags", s->flags_out, s->flags);
	if (s->sp_out != s->sp)
		kt_fail("register", i, "sp", s->sp_out, s->sp);
	for (int k = 0; k < 4; k++)
		if (s->sel_out[k] != s->sel[k])
			kt_fail("register", i, "selector", s->sel_out[k], s->sel[k]);
	for (int k = 0; k < 832; k++) {
		/* code and data pointers of the x87 and reserved fields are not state of ours */
		if ((k >= 5 && k < 24) || (k >= 28 && k < 32) || (k >= 416 && k < 576))
			continue;
		if (s->xout[k] != s->xin[k])
			kt_fail("FPU state", i * 1000 + k, "byte", s->xout[k], s->xin[k]);
	}
}

/* Threads of the same and of different tasks, with the timer and with sleeping threads between them. */
static void run_spinners(int same_task, word ms)
{
	static word seed = 88172645463325252UL;
	cap task = kt_task();

	done = 0;
	for (word i = 0; i < SPINNERS; i++) {
		cap t;
		l4_sched_param_t sp = l4_sched_param(KT_PRIO - 1, MS);

		fill(&spins[i], random_word(&seed), i);
		t = kt_thread_bound(same_task || (i & 1) ? task : KT_TASK);
		kt_thread_go(t, spinner, (void *)i);
		CHECK_OK(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, t, &sp));
	}
	l4_ipc_sleep_ms(ms);
	for (word i = 0; i < SPINNERS; i++)
		spins[i].stop = 1;
	kt_settle();
	CHECK_EQ(done, SPINNERS);
	for (unsigned i = 0; i < SPINNERS; i++)
		check(&spins[i], i);
}

static void registers_same_task(void) { run_spinners(1, 100); }
static void registers_other_tasks(void) { run_spinners(0, 100); }

/* The CPU idles between: what was left in it must not come to the next. */
static volatile word wake_count;
static void waker(void *arg)
{
	for (;;) {
		l4_ipc_sleep_us(100 + (word)arg * 37);
		wake_count++;
	}
}

static void registers_and_sleepers(void)
{
	wake_count = 0;
	for (word i = 0; i < 4; i++)
		kt_thread_prio(i & 1 ? kt_task() : KT_TASK, waker, (void *)i, KT_PRIO + 1 + i);
	run_spinners(0, 60);
	CHECK(!kt_exact() || wake_count > 0);
}

/* A thread that sets selectors and debug state and sleeps; then, after idle, another looks. */
static void set_and_sleep(void *arg)
{
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs" : : "r"(0x2b));
	l4_ipc_sleep_ms(3);
	unsigned short ds, es, fs;

	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2" : "=r"(ds), "=r"(es), "=r"(fs));
	CHECK_EQ(ds, 0x2b);
	CHECK_EQ(es, 0x2b);
	CHECK_EQ(fs, 0x2b);
	done++;
}

static void look(void *arg)
{
	unsigned short ds, es, fs, gs;
	word base;

	l4_ipc_sleep_ms(1);
	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3; rdfsbase %4"
			 : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs), "=r"(base));
	CHECK_EQ(ds, 0);
	CHECK_EQ(es, 0);
	CHECK_EQ(fs, 0);
	CHECK_EQ(gs, 0);
	CHECK_EQ(base, 0);
	done++;
}

static void selectors_across_idle(void)
{
	done = 0;
	kt_thread_prio(kt_task(), look, 0, KT_PRIO + 1);
	kt_thread_prio(kt_task(), set_and_sleep, 0, KT_PRIO + 1);
	l4_ipc_sleep_ms(6);
	CHECK_EQ(done, 2);
}

static void breakpoint_and_sleep(void *arg)
{
	static volatile word watched;
	word dr[5] = { (word)&watched, (word)look, 0, 0, 1 | 4 | 3 << 16 | 3 << 18 }, dr6;

	CHECK_OK(l4_thread_debug_regs_u(kt_self(), dr, &dr6, l4_utcb()));
	l4_ipc_sleep_ms(2);
	done++;
}

/* The same for a breakpoint on the function that the other thread executes. */
static void breakpoints_across_idle(void)
{
	done = 0;
	kt_thread_prio(KT_TASK, breakpoint_and_sleep, 0, KT_PRIO + 1);
	l4_ipc_sleep_us(500);
	kt_thread_prio(kt_task(), look, 0, KT_PRIO + 1);
	l4_ipc_sleep_ms(6);
	CHECK_EQ(done, 2);
}

/* A new thread finds nothing of those before it. */
static unsigned char fresh_fpu[512] __attribute__((aligned(16)));
static word fresh[20];
static void fresh_look(void *arg)
{
	__asm__ volatile("fxsave %0" : "=m"(fresh_fpu));
	done = 1;
}

static void fresh_state(void)
{
	void dirty(void *arg)
	{
		__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; movaps %%xmm0, %%xmm7; movaps %%xmm0, %%xmm15; fldpi; fldpi"
				 : : : "xmm0", "xmm7", "xmm15", "memory");
		done = 1;
		kt_park();
	}
	(void)fresh;
	for (int i = 0; i < 3; i++) {
		cap t;

		done = 0;
		t = kt_thread_prio(KT_TASK, dirty, 0, KT_PRIO + 1);
		CHECK_EQ(done, 1);
		if (i)
			kt_delete(t);
		done = 0;
		t = kt_thread_prio(kt_task(), fresh_look, 0, KT_PRIO + 1);
		CHECK_EQ(done, 1);
		CHECK_EQ(*(unsigned short *)fresh_fpu, 0x37f);
		CHECK_EQ(*(unsigned short *)(fresh_fpu + 2), 0);
		CHECK_EQ(fresh_fpu[4], 0);
		CHECK_EQ(*(unsigned *)(fresh_fpu + 24), 0x1f80);
		for (int k = 160; k < 416; k++)
			CHECK_EQ(fresh_fpu[k], 0);
	}
}

/* --- garbage */

/* The UTCB filled with garbage, then each operation with each destination, labels and tags at random. */
#define FUZZ_SLOTS 40
static volatile word fuzz_calls;

static void fuzz_utcb(word *u, word *seed)
{
	for (int k = 0; k < 128; k++) {
		word r = random_word(seed), v = random_word(seed);

		if (k == L4_UTCB_SELF_OFFSET / 8)
			continue;
		u[k] = r % 4 == 0 ? v : (v % FUZZ_SLOTS) << (r & 4 ? 12 : 0);
		if (r % 16 == 5) /* flexpages of the own memory, objects, ports */
			u[k] = l4_fpage(KT_UTCBS + (v % 64 << 12), 12 + (v >> 8) % 10, v >> 20).raw;
		else if (r % 16 == 6)
			u[k] = l4_obj_fpage(v % FUZZ_SLOTS << 12, (v >> 8) % 4, v >> 20).raw;
		else if (r % 16 == 7)
			u[k] = l4_iofpage(v % 1024, (v >> 12) % 8).raw;
		else if (r % 16 == 9)
			u[k] = (v % FUZZ_SLOTS) << 12 | L4_RCV_ITEM_SINGLE_CAP;
	}
	u[0] = random_word(seed) % 8 ? random_word(seed) % 0x30 : random_word(seed);
	if (random_word(seed) % 8 == 0)
		u[0] = -(long)(random_word(seed) % 42); /* types of objects */
}

static void fuzz(void *arg)
{
	word seed = (word)arg * 0x9e3779b97f4a7c15UL + 1, *u = (word *)l4_utcb();

	for (int i = 0; i < 3000; i++) {
		static const signed char protocols[11] = { 0, -11, -15, -12, -10, -1, -20, -11, -23, -41, -14 };
		word dest = (random_word(&seed) % 11) << 12, op = random_word(&seed) & 0xf, label = random_word(&seed);
		word tag = random_word(&seed), send, receive;

		if (random_word(&seed) % 4)
			op = L4_SYSF_CALL;
		if (random_word(&seed) % 4)
			tag = l4_msgtag(protocols[dest >> 12], random_word(&seed) % 64, 0, 0).raw;
		else if (random_word(&seed) % 8)
			tag = l4_msgtag(-(long)(random_word(&seed) % 42), random_word(&seed) % 64, 0, 0).raw;
		if (random_word(&seed) % 32 == 0)
			dest = random_word(&seed) & ~0xfffUL;
		fuzz_utcb(u, &seed);
		/* not to wait for ever */
		send = random_word(&seed) % 2000;
		receive = random_word(&seed) % 2000;
		l4_syscall_ipc(dest | op, (l4_msgtag_t){ tag }, &label, l4_timeout(send, receive));
		__atomic_fetch_add(&fuzz_calls, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
	kt_park();
}

/* Changes another thread's UTCB at any time, above all while its operations are preempted. */
static void flip(void *arg)
{
	word seed = (word)arg, *u = arg;

	for (;;) {
		for (int i = 0; i < 8; i++) {
			word r = random_word(&seed), at = 1 + r % 40;

			u[at] = r & 256 ? l4_fpage(0x400000 + (r >> 20) % 1024 * 4096, 12 + (r >> 12) % 12, r >> 40).raw : u[1 + (r >> 9) % 40];
		}
		l4_ipc_sleep_us(20);
	}
}

/* In tasks that have little to lose: own task, factory with a quota, threads, gates, IRQs, but not the machine. */
static void fuzzing(void)
{
	static word round;

	fuzz_calls = 0;
	for (int k = 0; k < 12; k++) {
		cap tasks[3];

		done = 0;
		for (word i = 0; i < 3; i++) {
			cap task = tasks[i] = kt_task(), f = kt_factory(300000), t = kt_thread_bound(task);
			cap give[] = { task, f, t, kt_gate(t, 0x40), kt_irq(), kt_sem(1), i ? tasks[0] : task,
				       L4_BASE_DEBUGGER_CAP, L4_BASE_TRACE_CAP, L4_BASE_SCHEDULER_CAP };

			/* to the low slots, where the garbage will hit them */
			CHECK_OK(l4_task_unmap(task, l4_obj_fpage(0, 6, 15), L4_FP_ALL_SPACES));
			for (unsigned n = 0; n < sizeof(give) / sizeof(give[0]); n++)
				CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(give[n], 0, n >= 7 || n == 2 * i ? 4 : 15),
						     l4_map_obj_control((n + 1) << 12, 0)));
			CHECK_OK(l4_task_map(task, KT_TASK, l4_iofpage(0x80, 0), 0));
			kt_handlers(t, L4_INVALID_CAP, L4_INVALID_CAP);
			if (i == 1) {
				cap other = kt_thread_bound(task);

				kt_handlers(other, L4_INVALID_CAP, L4_INVALID_CAP);
				kt_thread_go(other, flip, kt_utcb_of(t));
				kt_prio(other, KT_PRIO - 1 + 10);
			}
			kt_thread_go(t, fuzz, (void *)(++round));
			kt_prio(t, KT_PRIO - 1);
		}
		/* they may kill or halt themselves; the kernel must live */
		for (word i = 0, before = -1UL; done < 3 && (before != fuzz_calls || i < 10); i++) {
			before = fuzz_calls;
			l4_ipc_sleep_ms(5);
		}
		for (word i = 0; i < 3; i++)
			kt_delete(tasks[i]);
	}
	kt_printf("%lu random calls\n", fuzz_calls);
}

/* The flexpage of an operation grows and shrinks each time the operation is preempted. */
static cap range_task;
static word range_at;
static volatile word range_rounds;

static void range_worker(void *arg)
{
	l4_utcb_t *u = l4_utcb();

	for (;;) {
		l4_task_map_u(range_task, KT_TASK, l4_fpage(0x400000, 22, 7), range_at, u);
		l4_task_map_u(range_task, range_task, l4_fpage(range_at, 22, 7), range_at + 0x400000, u);
		for (int i = 0; i < 4; i++)
			l4_task_unmap_u(range_task, l4_fpage(range_at, 23, 7), L4_FP_OTHER_SPACES, u);
		l4_task_unmap_u(range_task, l4_fpage(range_at, 23, 7), L4_FP_ALL_SPACES, u);
		range_rounds++;
	}
}

static void range_changer(void *arg)
{
	word *mr = ((l4_utcb_t *)arg)->msg.mr, seed = 4711;

	for (;;) {
		unsigned order = 12 + random_word(&seed) % 12;

		for (int i = 2; i < 4; i++)
			if ((mr[i] & 0x30) == 0x10)
				mr[i] = (mr[i] & ~0xfc0UL & (~0UL << order | 0xfff)) | (word)order << L4_FPAGE_ORDER_SHIFT;
		l4_ipc_sleep_us(10);
	}
}

static void ranges_change(void)
{
	cap t = kt_thread_bound(KT_TASK);

	range_task = kt_task();
	range_at = kt_region(1UL << 24);
	range_rounds = 0;
	kt_thread_go(t, range_worker, 0);
	kt_prio(t, KT_PRIO - 1);
	kt_thread_prio(KT_TASK, range_changer, kt_utcb_of(t), KT_PRIO + 1);
	while (range_rounds < 1000)
		l4_ipc_sleep_ms(1);
}

/* Flags, stack pointers and selectors of all kinds at entries by call and by interrupt. */
static void odd_flags(void *arg)
{
	word flags = (word)arg;

	__asm__ volatile("mov %%rsp, %%r12; push %0; popf;"
			 "mov $0x1234567800000000, %%rsp;" /* neither canonical nor a stack */
			 "mov %1, %%rax; mov $2, %%r8; xor %%edx, %%edx; xor %%edi, %%edi; syscall;" /* sleep a moment */
			 "mov %%r12, %%rsp; push $2; popf"
			 : : "r"(flags), "i"(L4_INVALID_CAP | L4_SYSF_RECV)
			 : "rax", "rdx", "rdi", "rsi", "rcx", "r8", "r9", "r10", "r11", "r12", "memory", "cc");
	done++;
}

static void garbage_flags(void)
{
	static const word flags[] = { 0x4000 /* NT */, 0x400 /* DF */, 0x40000 /* AC */, 0x200000, 0x4400, 0x244cd5, 0x3000 };

	done = 0;
	for (unsigned i = 0; i < sizeof(flags) / 8; i++)
		kt_thread(kt_task(), odd_flags, (void *)flags[i]);
	while (done < sizeof(flags) / 8)
		l4_ipc_sleep_ms(2);
}

static void nt_spin(void *arg)
{
	__asm__ volatile("push $0x4002; popf");
	for (;;)
		done++;
}

/* NT set while interrupts, preemption and page faults happen. */
static void nt_under_interrupts(void)
{
	done = 0;
	kt_thread_prio(kt_task(), nt_spin, 0, KT_PRIO - 1);
	kt_thread_prio(KT_TASK, nt_spin, 0, KT_PRIO - 1);
	while (done < 100)
		l4_ipc_sleep_ms(2);
}

/* Stack pointers that are none, when interrupts come. */
static void sp_spin(void *arg)
{
	__asm__ volatile("mov %0, %%rsp; 1: incq %1; jmp 1b" : : "r"(arg), "m"(done));
}

static void garbage_sp(void)
{
	static const word sps[] = { 0, 1, ~0UL, 0x800000000000, 0xffff808000000000, 0xffff800000100000 };

	done = 0;
	for (int i = 0; i < 6; i++)
		kt_thread_prio(kt_task(), sp_spin, (void *)sps[i], KT_PRIO - 1);
	while (done < 100)
		l4_ipc_sleep_ms(20);
}

/* --- random code */

#define CODE_VA 0x10000000UL

static void random_code(unsigned char *page, word *seed)
{
	static const unsigned char ops[][4] = {
		{ 0x0f, 0x05 }, { 0x0f, 0x34 }, { 0xcd, 0x80 }, { 0xcf }, { 0x48, 0xcf }, { 0xcb }, { 0x9d }, { 0x9c },
		{ 0x8e, 0xd8 }, { 0x8e, 0xe0 }, { 0x8e, 0xe8 }, { 0x8e, 0xd0 }, { 0xf3, 0x0f, 0xae, 0xd0 }, { 0xf3, 0x0f, 0xae, 0xd8 },
		{ 0x0f, 0x01, 0xf8 }, { 0x0f, 0xae, 0x00 }, { 0x48, 0x0f, 0xae, 0x28 }, { 0x0f, 0xa2 }, { 0xf4 }, { 0xcc }, { 0xf1 },
		{ 0x0f, 0x00, 0xd8 }, { 0xe6, 0x80 }, { 0xec }, { 0x0f, 0x20, 0xd8 }, { 0x0f, 0x21, 0xf8 }, { 0x0f, 0x32 }, { 0x0f, 0xc7, 0xf0 },
		{ 0x48, 0x89, 0xc4 }, { 0xfa }, { 0xfd }, { 0x0f, 0x01, 0xd1 }, { 0x0f, 0x01, 0xc8 }, { 0xea }, { 0xff, 0x28 }, { 0x48, 0xff, 0x28 },
	};
	word i = 0;

	while (i < 4096) {
		word r = random_word(seed);

		if (r % 4) {
			page[i++] = r >> 8;
			continue;
		}
		for (int k = 0; k < 4 && i < 4096 && (k == 0 || ops[(r >> 8) % 36][k]); k++)
			page[i++] = ops[(r >> 8) % 36][k];
	}
}

/* Registers for the next try: any values, often addresses in the code. */
static void random_registers(l4_exc_regs_t *e, word *seed)
{
	for (unsigned k = 0; k < L4_UTCB_EXCEPTION_REGS_SIZE; k++) {
		word r = random_word(seed);

		((word *)e)[k] = r % 3 ? CODE_VA + (random_word(seed) & 0xff8) : r % 2 ? random_word(seed) % 64 : random_word(seed);
	}
	e->ip = CODE_VA + random_word(seed) % 4096;
}

/* A thread in a task that has a page of random bytes executes them, with random registers; its handler sets it up again. */
static void random_instructions(void)
{
	static word seed = 77777777777UL;
	unsigned char *page = kt_superpage();
	cap task = kt_slot(), t = kt_slot(), ipc = kt_gate(kt_self(), 0x40);
	l4_fpage_t utcbs = l4_fpage(CODE_VA + 0x100000, 12, L4_FPAGE_RW);
	word events = 0, vectors = 0;
	l4_umword_t label;
	l4_msgtag_t tag;

	CHECK_OK(l4_factory_create_task(KT_FACTORY, task, &utcbs));
	CHECK_OK(l4_task_map(task, KT_TASK, l4_fpage((word)page, 12, L4_FPAGE_RWX), CODE_VA));
	kt_give_rights(task, ipc, L4_CAP_FPAGE_RO);
	CHECK_OK(l4_factory_create_thread(KT_FACTORY, t));
	l4_thread_control_start();
	l4_thread_control_pager(L4_INVALID_CAP);
	l4_thread_control_exc_handler(ipc);
	l4_thread_control_bind((l4_utcb_t *)(CODE_VA + 0x100000), task);
	CHECK_OK(l4_thread_control_commit(t));
	random_code(page, &seed);
	CHECK(l4_error(l4_thread_ex_regs(t, CODE_VA, CODE_VA, 0)) >= 0);
	kt_prio(t, KT_PRIO - 1);
	tag = l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, MS));
	while (events < 4000) {
		if (l4_msgtag_has_error(tag)) {
			/* it loops, or waits in a system call */
			CHECK(l4_error(l4_thread_ex_regs(t, CODE_VA, ~0UL, L4_THREAD_EX_REGS_TRIGGER_EXCEPTION |
							 L4_THREAD_EX_REGS_CANCEL)) >= 0);
			tag = l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, MS));
			continue;
		}
		events++;
		if (events % 16 == 0)
			random_code(page, &seed);
		if (l4_msgtag_is_exception(tag) && l4_msgtag_words(tag) == L4_UTCB_EXCEPTION_REGS_SIZE) {
			vectors |= 1UL << (l4_utcb_exc()->trapno & 63);
			random_registers(l4_utcb_exc(), &seed);
		}
		tag = l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, L4_UTCB_EXCEPTION_REGS_SIZE, 0, 0), &label,
					    l4_timeout(0, MS / 4));
	}
	kt_printf("random code: vectors %lx\n", vectors);
	/* invalid opcode, page fault, protection, breakpoint */
	CHECK_EQ(vectors & 0x6048, 0x6048);
}

const struct kt_test kt_tests[] = {
	KT_TEST(registers_same_task), KT_TEST(registers_other_tasks), KT_TEST(registers_and_sleepers),
	KT_TEST(selectors_across_idle), KT_TEST(breakpoints_across_idle), KT_TEST(fresh_state),
	KT_TEST(garbage_flags), KT_TEST(nt_under_interrupts), KT_TEST(garbage_sp), KT_TEST(fuzzing), KT_TEST(random_instructions),
	KT_TEST(ranges_change),
	{ 0 }
};
