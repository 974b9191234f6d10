/* SPDX-License-Identifier: MIT */
/*
 * Kernel test: vCPUs. The body of each test runs in the vCPU thread, in a task of its own; the
 * program is mapped at the same addresses in the user tasks, so that it runs on when the
 * lower half changes. UTCB, state pages and the server's secrets are in the upper half.
 */
#include "kt.h"
#include "vcpu_run.h"

#define HIGH 0xffff890000000000UL
#define UTCB_VA HIGH
#define STATE_VA (HIGH + 0x1000)
#define STATE2_VA (HIGH + 0x2000)
#define SECRET_VA (HIGH + 0x200000)
#define FRESH_VA 0xffffa00000000000UL /* another entry of the top-level table */
#define DATA_VA 0x10000000UL
#define HOLE_VA 0x20000000UL
#define MS 1000000UL
#define ALL L4_FP_ALL_SPACES
#define RWX L4_FPAGE_RWX
#define RW L4_FPAGE_RW

static cap server, user, user2, self, irq, irq2, runner, helper;
static struct vc vc __attribute__((aligned(64)));
static word ustack[512] __attribute__((aligned(4096)));
static word *own_page, *user_page, *user2_page, *secret_page;
static volatile word flag;

static l4_vcpu_state_t *const st = (l4_vcpu_state_t *)STATE_VA;

/* --- surroundings */

static cap thread_at(cap task, word utcb)
{
	cap t = kt_slot();

	CHECK_OK(l4_factory_create_thread(KT_FACTORY, t));
	l4_thread_control_start();
	l4_thread_control_pager(runner);
	l4_thread_control_exc_handler(runner);
	l4_thread_control_bind((l4_utcb_t *)utcb, task);
	CHECK_OK(l4_thread_control_commit(t));
	kt_give(task, t);
	return t;
}

static void map(cap to, void *page, word at, unsigned rights)
{
	CHECK_OK(l4_task_map(to, KT_TASK, l4_fpage((word)page, 12, rights), at));
}

static void body_main(void *arg)
{
	((void (*)(void))arg)();
	l4_ipc_send(runner, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	kt_park();
}

static void start(cap t, void (*body)(void), unsigned prio)
{
	static word stacks[4][1024] __attribute__((aligned(16)));
	static unsigned n;
	word *sp = stacks[n++ % 4] + 1024 - 5;
	extern void kt_thread_entry(void);

	*--sp = 0;
	*--sp = t;
	*--sp = (word)body;
	*--sp = (word)body_main;
	CHECK(l4_error(l4_thread_ex_regs(t, (word)kt_thread_entry, (word)sp, 0)) >= 0);
	kt_prio(t, prio);
}

static void setup(void)
{
	l4_fpage_t ku = l4_fpage(HIGH, 14, RW);
	cap give[8];

	runner = kt_self();
	server = kt_task();
	user = kt_task();
	user2 = kt_task();
	CHECK_OK(l4_task_add_ku_mem(server, &ku));
	irq = kt_irq();
	irq2 = kt_irq();
	self = thread_at(server, UTCB_VA);
	give[0] = server, give[1] = user, give[2] = user2, give[3] = irq, give[4] = irq2, give[5] = runner;
	give[6] = L4_BASE_FACTORY_CAP;
	give[7] = L4_BASE_SCHEDULER_CAP;
	for (int i = 0; i < 8; i++)
		kt_give(server, give[i]);
	own_page = kt_pages(1);
	user_page = kt_pages(1);
	user2_page = kt_pages(1);
	secret_page = kt_pages(1);
	own_page[0] = 0xaaaa;
	user_page[0] = 0xbbbb;
	user2_page[0] = 0xcccc;
	secret_page[0] = 0x5ec2e7;
	map(server, own_page, DATA_VA, RW);
	map(user, user_page, DATA_VA, RW);
	map(user2, user2_page, DATA_VA, RW);
	map(server, secret_page, SECRET_VA, RW);
	CHECK_OK(l4_rcv_ep_bind_thread(irq, self, 0x11));
	kt_memset(&vc, 0, sizeof(vc));
	*(unsigned short *)vc.fx = 0x37f;
	*(unsigned *)(vc.fx + 24) = 0x1f80;
	flag = 0;
}

/* Run a body as the vCPU thread until it is done. */
static void run_body(void (*body)(void))
{
	setup();
	start(self, body, KT_PRIO - 1);
	l4_msgtag_t tag = l4_ipc_receive(self, l4_utcb(), L4_IPC_NEVER);

	if (l4_msgtag_is_page_fault(tag))
		kt_fail("page fault of the vCPU", 0, "address, ip", kt_mr()[0], kt_mr()[1]);
	else if (l4_msgtag_is_exception(tag))
		kt_fail("exception of the vCPU", l4_utcb_exc()->trapno, "error, ip", l4_utcb_exc()->err, l4_utcb_exc()->ip);
}

/* --- as the vCPU */

static void vcpu_on(void)
{
	st->entry_ip = (word)vc_entry;
	st->entry_sp = (word)&vc.rax + 8;
	CHECK_OK(l4_thread_vcpu_control_u(self, STATE_VA, l4_utcb()));
}

static void view(cap task) { CHECK_OK(l4_thread_set_view_u(self, task, l4_utcb())); }

/* Resume at ip; returns the trap number, -1 when the resume failed. */
static long resume(void (*ip)(void))
{
	st->r.ip = (word)ip;
	st->r.sp = (word)(ustack + 512);
	st->r.flags = 0x202;
	st->r.cx = (word)ip;
	st->r.r11 = 0x202;
	st->saved_state = 0;
	if (vc_run(&vc))
		return -1;
	return st->r.trapno;
}

/* Let user code read or write: the trap it ends with. */
static long user_read(word va)
{
	vc.rdi = va;
	return resume(u_read);
}

static long user_write(word va, word value)
{
	vc.rdi = va;
	vc.rsi = value;
	return resume(u_write);
}

static void b_basics(void)
{
	CHECK_EQ(resume(u_syscall), -1);
	CHECK_EQ(l4_utcb()->tcr.error, L4_IPC_ENOT_EXISTENT);
	CHECK_ERR(l4_thread_set_view_u(self, user, l4_utcb()), -L4_EINVAL);
	vcpu_on();
	CHECK_EQ(resume(u_syscall), -1);
	view(user);
	CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
	CHECK_EQ(st->r.ip, u_after_syscall);
	CHECK_EQ(st->r.sp, ustack + 512);
	CHECK_EQ(st->r.flags & 0xfff, 0x202);
	CHECK_EQ(st->state & (L4_VCPU_F_IRQ | L4_VCPU_F_USER_MODE), 0);
	CHECK_EQ(st->saved_state & (L4_VCPU_F_IRQ | L4_VCPU_F_USER_MODE), L4_VCPU_F_IRQ | L4_VCPU_F_USER_MODE);
	CHECK_EQ(vc.entry_flags & ~0x44UL, 0x202);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
	view(L4_INVALID_CAP);
	CHECK_EQ(resume(u_syscall), -1);
}
static void basics(void) { run_body(b_basics); }

static void b_views(void)
{
	CHECK_EQ(kt_read((void *)DATA_VA), 0xaaaa);
	vcpu_on();
	view(user);
	CHECK_EQ(kt_read((void *)DATA_VA), 0xbbbb);
	CHECK_EQ(kt_read((void *)SECRET_VA), 0x5ec2e7);
	kt_write((void *)DATA_VA, 0xb0b0);
	CHECK_EQ(user_page[0], 0xb0b0);
	view(user2);
	CHECK_EQ(kt_read((void *)DATA_VA), 0xcccc);
	CHECK_EQ(user_read(DATA_VA), L4_VCPU_TRAP_SYSCALL);
	CHECK_EQ(vc.rax, 0xcccc);
	view(user);
	CHECK_EQ(user_read(DATA_VA), L4_VCPU_TRAP_SYSCALL);
	CHECK_EQ(vc.rax, 0xb0b0);
	view(user);
	view(L4_INVALID_CAP);
	view(L4_INVALID_CAP);
	CHECK_EQ(kt_read((void *)DATA_VA), 0xaaaa);
	CHECK_ERR(l4_thread_set_view_u(self, server, l4_utcb()), -L4_EINVAL);
	CHECK_ERR(l4_thread_set_view_u(self, irq, l4_utcb()), -L4_ENOENT);
	CHECK_ERR(l4_thread_set_view_u(self, 0x3f000000, l4_utcb()), -L4_ENOENT);
	CHECK_ERR(l4_thread_set_view_u(runner, user, l4_utcb()), -L4_EINVAL);
}
static void views(void) { run_body(b_views); }

static void registers_fill(word ax, word cx, word r11, word flags, word salt)
{
	for (int i = 0; i < 13; i++)
		(&vc.r15)[i] = 0x0123456789abcdefUL * (i + 1 + 20 * salt);
	vc.fs = 0x123456789a;
	vc.gs = 0xffffffff81000000 + salt;
	st->r.ax = ax;
	st->r.cx = cx;
	st->r.r11 = r11;
	st->r.flags = flags;
}

/* What u_dump has pushed below d, and the registers at its end, are those that went in. */
static void registers_check(const word *d, word ax, word cx, word r11, word flags, word salt)
{
	static const signed char pushed[] = { -1, 11, -1, 10, 9, 8, 7, 6, 5, 4, -1, 3, 2, 1, 0, -1 };
	const word *r = &vc.r15;

	CHECK_EQ(st->r.trapno, L4_VCPU_TRAP_SYSCALL);
	CHECK_EQ(d[-1], ax);
	CHECK_EQ(d[-3], cx);
	CHECK_EQ(d[-11], r11);
	CHECK_EQ(d[-16], flags);
	CHECK_EQ(st->r.flags, flags);
	for (int i = 0; i < 16; i++)
		if (pushed[i] >= 0)
			CHECK_EQ(d[-1 - i], 0x0123456789abcdefUL * (pushed[i] + 1 + 20 * salt));
	CHECK_EQ(vc.rax, ax);
	CHECK_EQ(vc.fs, 0x123456789a);
	CHECK_EQ(vc.gs, 0xffffffff81000000 + salt);
	CHECK_EQ(vc.entry_flags & 0xdd5, vc.entry_flags & 0x44);
	for (int i = 0; i < 12; i++)
		CHECK_EQ(r[i], 0x0123456789abcdefUL * (i + 1 + 20 * salt));
}

/* All registers go in and come out, by sysret and by iret. */
static void b_registers(void)
{
	vcpu_on();
	view(user);
	for (int slow = 0; slow < 2; slow++) {
		word cx = slow ? 0xc1c1c1c1c1 : (word)u_dump, r11 = slow ? 0x1111 : 0x202 | 0xcd5;
		word flags = slow ? 0x247 : 0x202 | 0xcd5;

		registers_fill(0xa5a5a5a5, cx, r11, flags, slow);
		st->r.ip = (word)u_dump;
		st->r.sp = (word)(ustack + 512);
		CHECK_EQ(vc_run(&vc), 0);
		CHECK_EQ(st->r.sp, ustack + 512 - 16);
		registers_check(ustack + 512, 0xa5a5a5a5, cx, r11, flags, slow);
	}
}
static void registers(void) { run_body(b_registers); }

/* A push faults, and is done again with the page mapped: alone, with some others, with many. */
static void b_fault_registers(void)
{
	const word cx = 0x8000000000000001, r11 = ~0UL;

	vcpu_on();
	view(user);
	for (word round = 0; round < 300; round++) {
		word sp = HOLE_VA + L4_PAGESIZE, flags = 0x202 | (round % 2 ? 0x8d5 : 0x240400);
		unsigned n = 1 + round % 7;

		registers_fill(round, cx, r11, flags, round);
		/* none of these may reach user code, nor those that a fault adds come back */
		st->r.flags |= round % 3 ? 0x4000 | 3 << 12 : 0;
		st->r.ip = (word)u_dump;
		st->r.sp = sp;
		CHECK_EQ(vc_run(&vc), 0);
		CHECK_EQ(st->r.trapno, 14);
		CHECK_EQ(st->r.pfa, sp - 8);
		CHECK_EQ(st->r.err, 6);
		CHECK_EQ(st->r.ip, u_dump);
		CHECK_EQ(st->r.sp, sp);
		CHECK_EQ(st->r.flags & ~0x10000UL, flags);
		CHECK_EQ(st->r.ax, round);
		CHECK_EQ(st->r.cx, cx);
		CHECK_EQ(st->r.r11, r11);
		for (unsigned i = 0; i < n; i++) {
			st->map[i].src = SECRET_VA | RW;
			st->map[i].dst = (HOLE_VA + (n - 1 - i) * L4_PAGESIZE) | 12;
		}
		st->map_count = n;
		CHECK_EQ(vc_run(&vc), 0);
		registers_check((word *)(SECRET_VA + L4_PAGESIZE), round, cx, r11, flags, round);
		CHECK_EQ(st->map_count, 0);
		CHECK_OK(l4_task_unmap_u(user, l4_fpage(HOLE_VA, 15, RWX), ALL, l4_utcb()));
	}
}
static void fault_registers(void) { run_body(b_fault_registers); }

static volatile word ticks;
static void ticker(void *arg)
{
	for (;;) {
		l4_ipc_sleep_us(20);
		ticks++;
	}
}

/* Same, with another thread that comes between. */
static void fault_registers_preempted(void)
{
	kt_thread_prio(KT_TASK, ticker, 0, KT_PRIO + 10);
	run_body(b_fault_registers);
}

/* FPU registers pass through system calls, faults and preemption by a thread that uses them. */
static void b_fpu(void)
{
	vcpu_on();
	view(user);
	for (int i = 0; i < 256; i++)
		vc.fx[160 + i] = i * 7 + 1;
	*(unsigned *)(vc.fx + 24) = 0x1f80 | 0x6000;
	for (int round = 0; round < 6; round++) {
		long trap = round & 1 ? user_read(HOLE_VA) : round & 2 ? resume(u_ud2) : resume(u_syscall);

		CHECK_EQ(trap, round & 1 ? 14 : round & 2 ? 6 : L4_VCPU_TRAP_SYSCALL);
		for (int i = 0; i < 256; i++)
			CHECK_EQ(vc.fx[160 + i], (i * 7 + 1) & 0xff);
		CHECK_EQ(*(unsigned *)(vc.fx + 24), 0x1f80 | 0x6000);
		l4_ipc_sleep_us(100); /* another thread uses them */
	}
}

static void fpu_user(void *arg)
{
	for (;;) {
		__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; movaps %%xmm0, %%xmm1; movaps %%xmm0, %%xmm15; fld1; fstp %%st"
				 : : : "xmm0", "xmm1", "xmm15", "memory");
		l4_ipc_sleep_us(30);
	}
}

static void fpu(void)
{
	kt_thread_prio(KT_TASK, fpu_user, 0, KT_PRIO + 5);
	run_body(b_fpu);
}

/* --- faults */

static void b_user_faults(void)
{
	vcpu_on();
	view(user);
	CHECK_EQ(user_read(HOLE_VA + 0x123), 14);
	CHECK_EQ(st->r.pfa, HOLE_VA + 0x123);
	CHECK_EQ(st->r.err, 4);
	CHECK_EQ(st->r.ip, u_read);
	CHECK_EQ(user_write(HOLE_VA + 8, 1), 14);
	CHECK_EQ(st->r.pfa, HOLE_VA + 8);
	CHECK_EQ(st->r.err, 6);
	CHECK_EQ(resume((void (*)(void))HOLE_VA), 14);
	CHECK_EQ(st->r.err & ~1UL, 0x14);
	CHECK_EQ(st->r.ip, HOLE_VA);
	/* one entry maps it */
	st->map[0].src = SECRET_VA | L4_FPAGE_RO;
	st->map[0].dst = HOLE_VA | 12;
	st->map_count = 1;
	CHECK_EQ(user_read(HOLE_VA), L4_VCPU_TRAP_SYSCALL);
	CHECK_EQ(vc.rax, 0x5ec2e7);
	CHECK_EQ(st->map_count, 0);
	CHECK_EQ(st->sticky_flags & L4_VCPU_SF_MAP_FAILED, 0);
	CHECK_EQ(user_write(HOLE_VA, 1), 14);
	CHECK_EQ(st->r.err, 7);
	st->map[0].src = SECRET_VA | RW;
	st->map_count = 1;
	CHECK_EQ(user_write(HOLE_VA, 0x77), L4_VCPU_TRAP_SYSCALL);
	CHECK_EQ(kt_read((void *)SECRET_VA), 0x77);
	CHECK_EQ(resume((void (*)(void))HOLE_VA), 14);
	/* the server sees it as well, at the user's address */
	CHECK_EQ(kt_read((void *)HOLE_VA), 0x77);
	CHECK_OK(l4_task_unmap_u(user, l4_fpage(HOLE_VA, 12, RWX), ALL, l4_utcb()));
	CHECK_EQ(user_read(HOLE_VA), 14);
}
static void user_faults(void) { run_body(b_user_faults); }

static void b_map_list(void)
{
	vcpu_on();
	view(user);
	/* as many as there can be */
	for (word i = 0; i < L4_VCPU_MAP_MAX; i++) {
		st->map[i].src = SECRET_VA | RW;
		st->map[i].dst = (HOLE_VA + i * L4_PAGESIZE) | 12;
	}
	st->map_count = L4_VCPU_MAP_MAX;
	CHECK_EQ(user_read(HOLE_VA + (L4_VCPU_MAP_MAX - 1) * L4_PAGESIZE), L4_VCPU_TRAP_SYSCALL);
	CHECK_EQ(st->sticky_flags & L4_VCPU_SF_MAP_FAILED, 0);
	CHECK_EQ(user_read(HOLE_VA), L4_VCPU_TRAP_SYSCALL);
	/* more than there can be: those that are there */
	CHECK_OK(l4_task_unmap_u(user, l4_fpage(HOLE_VA, 20, RWX), ALL, l4_utcb()));
	st->map_count = ~0U;
	CHECK_EQ(user_read(HOLE_VA + (L4_VCPU_MAP_MAX - 1) * L4_PAGESIZE), L4_VCPU_TRAP_SYSCALL);
	/* each entry that cannot be is dropped and told; the others count */
	static const struct { word src, dst; } bad[] = {
		{ SECRET_VA | RW, 0xffff890000000000 | 12 }, { SECRET_VA | RW, 0xffff800000000000 | 12 },
		{ SECRET_VA | RW, L4_USER_LOW_END | 12 }, { SECRET_VA | RW, HOLE_VA | 13 }, { SECRET_VA | RW, HOLE_VA | 21 },
		{ SECRET_VA | RW, HOLE_VA | 0 }, { SECRET_VA | RW, HOLE_VA | 0xfff }, { SECRET_VA | RW, HOLE_VA | 30 },
		{ 0xffff808000000000 | RW, HOLE_VA | 12 }, { (SECRET_VA + 0x1000) | RW, HOLE_VA | 12 },
		{ SECRET_VA, HOLE_VA | 12 }, { STATE_VA | RW, HOLE_VA | 12 }, { 0x800000000000 | RW, HOLE_VA | 12 },
		{ SECRET_VA | RW, 0x6fff00000000 | 12 },
	};
	CHECK_OK(l4_task_unmap_u(user, l4_fpage(HOLE_VA, 20, RWX), ALL, l4_utcb()));
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		st->sticky_flags = 0;
		st->map[0].src = bad[i].src;
		st->map[0].dst = bad[i].dst;
		st->map[1].src = SECRET_VA | RW;
		st->map[1].dst = (HOLE_VA + 0x10000) | 12;
		st->map_count = 2;
		CHECK_EQ(user_read(HOLE_VA + 0x10000), L4_VCPU_TRAP_SYSCALL);
		if (!(st->sticky_flags & L4_VCPU_SF_MAP_FAILED))
			kt_fail("map entry", i, "not refused", 0, 0);
		CHECK_EQ(user_read(HOLE_VA), 14);
		CHECK_OK(l4_task_unmap_u(user, l4_fpage(HOLE_VA, 20, RWX), ALL, l4_utcb()));
	}
}
static void map_list(void) { run_body(b_map_list); }

/* At the very bottom, where what the kernel would find behind a null pointer is the user's. */
static void b_map_low(void)
{
	vcpu_on();
	view(user);
	for (word at = 0; at < 0x400000; at += at < 0x4000 ? L4_PAGESIZE : 0x3f000) {
		for (int again = 0; again < 2; again++) {
			st->map[0].src = SECRET_VA | RW;
			st->map[0].dst = at | 12;
			st->map_count = 1;
			CHECK_EQ(user_read(at), L4_VCPU_TRAP_SYSCALL);
			CHECK_EQ(vc.rax, 0x5ec2e7);
			CHECK_OK(l4_task_unmap_u(user, l4_fpage(at, 12, RWX), ALL, l4_utcb()));
			CHECK_EQ(user_read(at), 14);
		}
	}
	CHECK_EQ(kt_read((void *)SECRET_VA), 0x5ec2e7);
}
static void map_low(void) { run_body(b_map_low); }

/* User code must not see the server, nor the kernel. */
static void b_isolation(void)
{
	static const word targets[] = { SECRET_VA, STATE_VA, UTCB_VA, 0xffff800000000000, 0xffff808000000000,
					0xffff808000100000, 0xfffffe0000000000, 0xffffffffffffffff & ~7UL, L4_ROOT_UTCB_ADDR };

	vcpu_on();
	view(user);
	kt_read((void *)SECRET_VA);
	for (unsigned i = 0; i < sizeof(targets) / 8; i++) {
		CHECK_EQ(user_read(targets[i]), 14);
		CHECK_EQ(st->r.pfa, targets[i]);
		CHECK_EQ(user_write(targets[i], 1), 14);
		if (targets[i] < L4_ROOT_UTCB_ADDR || targets[i] > 0xffff000000000000)
			CHECK_EQ(resume((void (*)(void))targets[i]), i == 3 || i == 4 || i == 5 ? 13 : 14);
	}
	CHECK_EQ(kt_read((void *)SECRET_VA), 0x5ec2e7);
}
static void isolation(void) { run_body(b_isolation); }

static void s_read_hole(void *arg) { flag = kt_read((void *)(HOLE_VA + 16)); }
static void s_write_hole(void *arg) { kt_write((void *)HOLE_VA, 9); }

/* Faults of the server on user addresses come to the entry point if it wants them. */
static void b_server_faults(void)
{
	vcpu_on();
	view(user);
	st->state = L4_VCPU_F_PAGE_FAULTS | L4_VCPU_F_EXCEPTIONS;
	CHECK_EQ(vc_call(&vc, s_read_hole, 0), 0);
	CHECK_EQ(st->r.trapno, 14);
	CHECK_EQ(st->r.pfa, HOLE_VA + 16);
	CHECK_EQ(st->r.err, 4);
	CHECK_EQ(st->saved_state, L4_VCPU_F_PAGE_FAULTS | L4_VCPU_F_EXCEPTIONS);
	CHECK_EQ(st->state, L4_VCPU_F_PAGE_FAULTS | L4_VCPU_F_EXCEPTIONS);
	CHECK_EQ(vc_call(&vc, s_write_hole, 0), 0);
	CHECK_EQ(st->r.err, 6);
	CHECK_EQ(vc_call(&vc, (void (*)(void *))u_ud2, 0), 0);
	CHECK_EQ(st->r.trapno, 6);
	CHECK_EQ(st->r.ip, u_ud2);
	CHECK_EQ(vc_call(&vc, (void (*)(void *))u_hlt, 0), 0);
	CHECK_EQ(st->r.trapno, 13);
	CHECK_EQ(vc_call(&vc, (void (*)(void *))u_int3, 0), 0);
	CHECK_EQ(st->r.trapno, 3);
	st->state = 0;
}
static void server_faults(void) { run_body(b_server_faults); }

/* Without the flags they go to pager and handler by IPC. */
static void b_server_fault_ipc(void)
{
	vcpu_on();
	view(user);
	flag = 0;
	s_read_hole(0);
	CHECK_EQ(flag, 0xdddd);
	__asm__ volatile("ud2");
	CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
}

static void server_fault_ipc(void)
{
	word *page = kt_pages(1);
	l4_msgtag_t tag;

	page[2] = 0xdddd;
	setup();
	start(self, b_server_fault_ipc, KT_PRIO - 1);
	tag = l4_ipc_receive(self, l4_utcb(), L4_IPC_NEVER);
	CHECK_EQ(l4_msgtag_label(tag), L4_PROTO_PAGE_FAULT);
	CHECK_EQ(kt_mr()[0], HOLE_VA + 16);
	map(user, page, HOLE_VA, RW);
	tag = l4_ipc_call(self, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	CHECK_EQ(l4_msgtag_label(tag), L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_utcb_exc()->trapno, 6);
	l4_utcb_exc()->ip += 2;
	tag = l4_ipc_call(self, l4_utcb(), l4_msgtag(0, L4_UTCB_EXCEPTION_REGS_SIZE, 0, 0), L4_IPC_NEVER);
	CHECK_EQ(l4_msgtag_label(tag), 0);
}

static void b_user_exceptions(void)
{
	vcpu_on();
	view(user);
	CHECK_EQ(resume(u_ud2), 6);
	CHECK_EQ(st->r.ip, u_ud2);
	CHECK_EQ(resume(u_hlt), 13);
	CHECK_EQ(resume(u_int3), 3);
	/* one step */
	st->r.ip = (word)u_nops;
	st->r.sp = (word)(ustack + 512);
	st->r.flags = 0x302;
	st->r.cx = (word)u_nops;
	st->r.r11 = 0x302;
	for (word i = 1; i <= 4; i++) {
		CHECK_EQ(vc_run(&vc), 0);
		CHECK_EQ(st->r.trapno, 1);
		CHECK_EQ(st->r.ip, (word)u_nops + i);
		CHECK_EQ(st->r.flags & 0x300, 0x300);
		CHECK_EQ(vc.entry_flags & 0x100, 0);
	}
	CHECK_EQ(vc_run(&vc), 0);
	CHECK_EQ(st->r.trapno, L4_VCPU_TRAP_SYSCALL);
	CHECK_EQ(st->r.flags & 0x300, 0x300);
	CHECK_EQ(vc.entry_flags & 0x100, 0);
}
static void user_exceptions(void) { run_body(b_user_exceptions); }

/* --- interrupts */

static void b_irq_user(void)
{
	l4_umword_t label;
	word rounds = 0;

	vcpu_on();
	view(user);
	for (int i = 0; i < 5; i++) {
		CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + 5 * MS, l4_utcb()));
		vc.rbx = 0;
		CHECK_EQ(resume(u_spin), L4_VCPU_TRAP_IRQ);
		CHECK(st->r.ip >= (word)u_spin && st->r.ip < (word)u_spin_end);
		rounds += vc.rbx;
		CHECK_EQ(st->saved_state & (L4_VCPU_F_IRQ | L4_VCPU_F_USER_MODE), L4_VCPU_F_IRQ | L4_VCPU_F_USER_MODE);
		CHECK(st->sticky_flags & L4_VCPU_SF_IRQ_PENDING);
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 0)), 0);
		CHECK_EQ(label, 0x11);
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 0)), L4_IPC_RETIMEOUT);
		st->sticky_flags = 0;
	}
	CHECK(!kt_exact() || rounds > 100);
	/* not taken from the queue: it comes again at once */
	CHECK_OK(l4_irq_trigger(irq));
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_IRQ);
		CHECK_EQ(st->r.ip, u_syscall);
	}
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 0)), 0);
	CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
}
static void irq_user(void) { run_body(b_irq_user); }

static void s_spin(void *arg)
{
	st->state = L4_VCPU_F_IRQ;
	while (!flag)
		;
}

static void s_trigger(void *arg)
{
	st->state = L4_VCPU_F_IRQ;
	l4_irq_trigger(irq);
	flag = 1;
}

/* In server mode: only with the flag; without it the sticky flag tells. */
static void b_irq_server(void)
{
	l4_umword_t label;

	vcpu_on();
	view(user);
	flag = 0;
	CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + 3 * MS, l4_utcb()));
	CHECK_EQ(vc_call(&vc, s_spin, 0), 0);
	CHECK_EQ(st->r.trapno, L4_VCPU_TRAP_IRQ);
	CHECK(st->r.ip >= (word)s_spin && st->r.ip < (word)s_spin + 64);
	CHECK_EQ(st->saved_state, L4_VCPU_F_IRQ);
	CHECK_EQ(st->state, 0);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 0)), 0);
	st->sticky_flags = 0;
	/* by an own trigger */
	CHECK_EQ(vc_call(&vc, s_trigger, 0), 0);
	CHECK_EQ(flag, 0);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 0)), 0);
	/* off */
	st->state = 0;
	st->sticky_flags = 0;
	CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + MS, l4_utcb()));
	while (!(*(volatile l4_uint32_t *)&st->sticky_flags & L4_VCPU_SF_IRQ_PENDING))
		;
	CHECK_EQ(resume(u_spin), L4_VCPU_TRAP_IRQ);
	CHECK_EQ(st->r.ip, u_spin);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 0)), 0);
	/* it waits in the kernel: an ordinary message */
	CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + MS, l4_utcb()));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	CHECK_EQ(label, 0x11);
}
static void irq_server(void) { run_body(b_irq_server); }

/* Messages of threads pend as IRQs do. */
static void b_message(void)
{
	l4_umword_t label;

	vcpu_on();
	view(user);
	flag = 1;
	CHECK_EQ(resume(u_spin), L4_VCPU_TRAP_IRQ);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 0)), 0);
	CHECK_EQ(kt_mr()[0], 0x4242);
	l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(3, 0, 0, 0), &label, l4_timeout(0, 0));
	CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
}

static void call_vcpu(void *arg)
{
	while (!flag)
		l4_ipc_sleep_us(100);
	l4_ipc_sleep_ms(1);
	kt_mr()[0] = 0x4242;
	CHECK_ERR(l4_ipc_call(self, l4_utcb(), l4_msgtag(0, 1, 0, 0), L4_IPC_NEVER), 3);
}

static void message(void)
{
	flag = 0;
	setup();
	kt_thread_prio(KT_TASK, call_vcpu, 0, KT_PRIO + 1);
	start(self, b_message, KT_PRIO - 1);
	CHECK_EQ(l4_msgtag_label(l4_ipc_receive(self, l4_utcb(), L4_IPC_NEVER)), 0);
}

/* --- hostile state pages */

static long resume_with(word ip, word flags, word cx, word r11)
{
	st->r.ip = ip;
	st->r.sp = (word)(ustack + 512);
	st->r.flags = flags;
	st->r.cx = cx;
	st->r.r11 = r11;
	return vc_run(&vc) ? -1 : (long)st->r.trapno;
}

static void b_hostile(void)
{
	static const word ips[] = { 0x800000000000, 0xffff7fffffffffff, 1UL << 63, 0xffff800000000000, 0xffff808000100000,
				    0xffff87ffffffffff, 0x7ffffffff000, 0x7fffffffffff };
	l4_vcpu_state_t saved;

	vcpu_on();
	view(user);
	for (unsigned i = 0; i < sizeof(ips) / 8; i++) {
		long trap = resume_with(ips[i], 0x202, ips[i], 0x202);

		if (trap != 13 && !(ips[i] >> 47 == 0 && trap == 14))
			kt_fail("hostile ip", i, "trap", trap, 13);
		trap = resume_with(ips[i], 0x202, 1, 2);
		if (trap != 13 && !(ips[i] >> 47 == 0 && trap == 14))
			kt_fail("hostile ip, slow", i, "trap", trap, 13);
	}
	/* flags: nothing but the user's own, and the interrupt flag stays */
	for (int slow = 0; slow < 2; slow++) {
		for (unsigned bit = 0; bit < 64; bit++) {
			word flags = 1UL << bit;

			if (bit == 8 || bit == 16)
				continue;
			CHECK_EQ(resume_with((word)u_dump, flags, slow ? 0 : (word)u_dump, flags), L4_VCPU_TRAP_SYSCALL);
			CHECK_EQ(ustack[512 - 16] & 0x202, 0x202);
			CHECK_EQ(ustack[512 - 16] & ~0x202UL, flags & 0x240cd5);
		}
		CHECK_EQ(resume_with((word)u_dump, ~0UL & ~0x10100UL, slow ? 0 : (word)u_dump, ~0UL & ~0x10100UL),
			 L4_VCPU_TRAP_SYSCALL);
		CHECK_EQ(ustack[512 - 16] & 0x1b7000, 0);
	}
	/* stack pointers of any kind */
	st->r.ip = st->r.cx = (word)u_syscall;
	st->r.flags = st->r.r11 = 0x202;
	for (unsigned i = 0; i < sizeof(ips) / 8; i++) {
		st->r.sp = ips[i];
		st->r.ip = st->r.cx = (word)u_syscall;
		CHECK_EQ(vc_run(&vc), 0);
		CHECK_EQ(st->r.trapno, L4_VCPU_TRAP_SYSCALL);
		CHECK_EQ(st->r.sp, ips[i]);
	}
	/* what is latched cannot be changed by writing to the page; the rest is only the server's own */
	saved = *st;
	for (unsigned i = 0; i < sizeof(*st) / 8; i++)
		((volatile word *)st)[i] = 0x8badf00d8badf00dUL * (i + 3);
	st->map_count = ~0U;
	CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
	st->state = ~0U;
	st->saved_state = ~0U;
	st->sticky_flags = ~0U;
	CHECK_EQ(user_read(HOLE_VA), 14);
	st->state = 0;
	st->entry_ip = saved.entry_ip;
	CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
}
static void hostile(void) { run_body(b_hostile); }

/* An entry point that is not there: faults to the pager, as any code's. */
static void b_bad_entry(void)
{
	static const word bad[] = { 0x800000000000, 0xffff808000000000, 1UL << 63, L4_USER_LOW_END };

	for (unsigned i = 0; i < 4; i++) {
		st->entry_ip = bad[i];
		CHECK_ERR(l4_thread_vcpu_control_u(self, STATE_VA, l4_utcb()), -L4_EINVAL);
	}
	st->entry_ip = (word)vc_entry;
	st->entry_sp = 0xdead000000000000;
	CHECK_ERR(l4_thread_vcpu_control_u(self, STATE_VA + 8, l4_utcb()), -L4_EINVAL);
	CHECK_ERR(l4_thread_vcpu_control_u(self, SECRET_VA, l4_utcb()), -L4_EINVAL);
	CHECK_ERR(l4_thread_vcpu_control_u(self, 0xffff800000000000, l4_utcb()), -L4_EINVAL);
	CHECK_ERR(l4_thread_vcpu_control_u(self, 0x123000, l4_utcb()), -L4_EINVAL);
	st->entry_ip = HOLE_VA;
	CHECK_OK(l4_thread_vcpu_control_u(self, STATE_VA, l4_utcb()));
	view(user);
	resume(u_syscall);
	flag = 99;
}

static void bad_entry(void)
{
	setup();
	start(self, b_bad_entry, KT_PRIO - 1);
	CHECK_EQ(l4_msgtag_label(l4_ipc_receive(self, l4_utcb(), L4_IPC_NEVER)), L4_PROTO_PAGE_FAULT);
	CHECK_EQ(kt_mr()[0], HOLE_VA | L4_PF_FETCH);
	CHECK_EQ(kt_mr()[1], HOLE_VA);
	CHECK_EQ(flag, 0);
	kt_delete(self);
}

/* --- memory of the server seen through views */

static void b_server_memory(void)
{
	l4_utcb_t *u = l4_utcb();

	vcpu_on();
	view(user);
	/* a new top-level entry after the view was made */
	CHECK_OK(l4_task_map_u(server, server, l4_fpage(SECRET_VA, 12, RW), FRESH_VA, u));
	CHECK_EQ(kt_read((void *)FRESH_VA), 0x5ec2e7);
	kt_write((void *)FRESH_VA, 0x11);
	CHECK_EQ(kt_read((void *)SECRET_VA), 0x11);
	CHECK_EQ(user_read(FRESH_VA), 14);
	CHECK_EQ(kt_read((void *)FRESH_VA), 0x11);
	view(user2);
	CHECK_EQ(kt_read((void *)FRESH_VA), 0x11);
	/* taken away: seen at once, whatever view it was loaded through */
	st->state = L4_VCPU_F_PAGE_FAULTS;
	CHECK_OK(l4_task_unmap_u(server, l4_fpage(FRESH_VA, 12, RWX), ALL, u));
	void read_fresh(void *arg) { flag = kt_read((void *)FRESH_VA); }
	CHECK_EQ(vc_call(&vc, read_fresh, 0), 0);
	CHECK_EQ(st->r.trapno, 14);
	CHECK_EQ(st->r.pfa, FRESH_VA);
	view(user);
	st->state = L4_VCPU_F_PAGE_FAULTS;
	CHECK_EQ(vc_call(&vc, read_fresh, 0), 0);
	/* made read-only */
	CHECK_OK(l4_task_map_u(server, server, l4_fpage(SECRET_VA, 12, RW), FRESH_VA, u));
	kt_write((void *)FRESH_VA, 0x12);
	CHECK_OK(l4_task_unmap_u(server, l4_fpage(FRESH_VA, 12, L4_FPAGE_W), ALL, u));
	void write_fresh(void *arg) { kt_write((void *)FRESH_VA, 0x13); }
	st->state = L4_VCPU_F_PAGE_FAULTS;
	CHECK_EQ(vc_call(&vc, write_fresh, 0), 0);
	CHECK_EQ(st->r.err, 7);
	CHECK_EQ(kt_read((void *)FRESH_VA), 0x12);
	/* the user's memory taken away: the server sees that too */
	CHECK_EQ(kt_read((void *)DATA_VA), 0xbbbb);
	CHECK_OK(l4_task_unmap_u(user, l4_fpage(DATA_VA, 12, RWX), ALL, u));
	void read_data(void *arg) { flag = kt_read((void *)DATA_VA); }
	CHECK_EQ(vc_call(&vc, read_data, 0), 0);
	CHECK_EQ(st->r.pfa, DATA_VA);
	CHECK_EQ(user_read(DATA_VA), 14);
	view(L4_INVALID_CAP);
	st->state = 0;
	CHECK_EQ(kt_read((void *)DATA_VA), 0xaaaa);
}
static void server_memory(void) { run_body(b_server_memory); }

/* --- ends */

static void b_user_destroyed_by_server(void)
{
	vcpu_on();
	view(user);
	CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
	CHECK_OK(l4_task_delete_obj_u(server, user, l4_utcb()));
	CHECK_EQ(kt_read((void *)DATA_VA), 0xaaaa);
	CHECK_EQ(resume(u_syscall), -1);
	CHECK_ERR(l4_thread_set_view_u(self, user, l4_utcb()), -L4_ENOENT);
	view(user2);
	CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
	CHECK_EQ(kt_read((void *)DATA_VA), 0xcccc);
}
static void user_destroyed_by_server(void) { run_body(b_user_destroyed_by_server); }

static void b_user_destroyed(void)
{
	vcpu_on();
	view(user);
	flag = 1;
	CHECK_EQ(resume(u_spin), 14);
	CHECK(st->r.ip >= (word)u_spin && st->r.ip < (word)u_spin_end);
	CHECK_EQ(kt_read((void *)DATA_VA), 0xaaaa);
	CHECK_EQ(resume(u_syscall), -1);
}

/* Until the vCPU runs user code, its state page cannot be changed: an error that tells. */
static void wait_for_user_mode(void)
{
	while (!flag || l4_error(l4_thread_vcpu_control(self, STATE_VA)) != -L4_EBUSY)
		l4_ipc_sleep_us(100);
}

static void user_destroyed(void)
{
	setup();
	start(self, b_user_destroyed, KT_PRIO - 1);
	wait_for_user_mode();
	kt_delete(user);
	CHECK_EQ(l4_msgtag_label(l4_ipc_receive(self, l4_utcb(), L4_IPC_NEVER)), 0);
}

static void b_spins(void)
{
	vcpu_on();
	view(user);
	flag = 1;
	resume(u_spin);
	flag = 2;
}

static void b_waits(void)
{
	vcpu_on();
	view(user);
	flag = 1;
	l4_ipc_sleep(L4_IPC_NEVER);
	flag = 2;
}

/* The vCPU, its task, its view end while it is in user mode, in server mode, waiting. */
static void ends(void)
{
	for (int how = 0; how < 8; how++) {
		setup();
		start(self, how & 4 ? b_waits : b_spins, KT_PRIO - 1);
		while (!flag)
			l4_ipc_sleep_us(100);
		if (how & 4)
			l4_ipc_sleep_ms(20);
		else
			wait_for_user_mode();
		CHECK_EQ(flag, 1);
		/* no changes from outside while it is in user mode */
		if (!(how & 4)) {
			CHECK_ERR(l4_thread_ex_regs(self, (word)u_syscall, ~0UL, 0), -L4_EINVAL);
			CHECK_ERR(l4_thread_vcpu_control(self, STATE_VA), -L4_EBUSY);
		}
		switch (how & 3) {
		case 0: kt_delete(self); break;
		case 1: kt_delete(server); break;
		case 2: kt_delete(user); kt_delete(server); break;
		case 3: kt_delete(self); kt_delete(user); break;
		}
		l4_ipc_sleep_us(100);
		if ((how & 3) != 2)
			CHECK_EQ(flag, 1);
		kt_delete(server);
		kt_delete(user);
		kt_delete(user2);
		kt_delete(irq);
		kt_delete(irq2);
	}
}

/* A view belongs to one server at a time; two vCPUs of a server may have the same. */
static volatile long second_result;
static void b_second(void)
{
	l4_vcpu_state_t *s2 = (l4_vcpu_state_t *)STATE2_VA;

	s2->entry_ip = (word)vc_entry;
	CHECK_OK(l4_thread_vcpu_control_u(helper, STATE2_VA, l4_utcb()));
	second_result = l4_error(l4_thread_set_view_u(helper, user, l4_utcb()));
	CHECK_EQ(kt_read((void *)DATA_VA), second_result ? 0xaaaa : 0xbbbb);
	kt_park();
}

static void shared_view(void)
{
	l4_fpage_t ku = l4_fpage(HIGH, 14, RW);
	cap other;

	setup();
	start(self, b_waits, KT_PRIO + 1);
	CHECK_EQ(flag, 1);
	helper = thread_at(server, UTCB_VA + 0x400);
	second_result = 0x7777;
	start(helper, b_second, KT_PRIO + 1);
	CHECK_EQ(second_result, 0);
	kt_delete(helper);
	/* of another server */
	other = kt_task();
	CHECK_OK(l4_task_add_ku_mem(other, &ku));
	map(other, own_page, DATA_VA, RW);
	kt_give(other, user);
	helper = thread_at(other, UTCB_VA + 0x400);
	second_result = 0x7777;
	start(helper, b_second, KT_PRIO + 1);
	CHECK_EQ(second_result, -L4_EBUSY);
	kt_delete(helper);
	/* free again */
	kt_delete(self);
	helper = thread_at(other, UTCB_VA + 0x400);
	second_result = 0x7777;
	start(helper, b_second, KT_PRIO + 1);
	CHECK_EQ(second_result, 0);
}

/* Debug registers: a breakpoint in user code, not in the server's, not in other threads. */
static void b_breakpoint(void)
{
	word dr[5] = { (word)u_after_syscall, 0, 0, 0, 1 }, dr6;

	vcpu_on();
	view(user);
	CHECK_OK(l4_thread_debug_regs_u(self, dr, &dr6, l4_utcb()));
	CHECK_EQ(resume(u_after_syscall), 1);
	CHECK_EQ(st->r.ip, u_after_syscall);
	CHECK_OK(l4_thread_debug_regs_u(self, dr, &dr6, l4_utcb()));
	CHECK_EQ(dr6 & 0xf, 1);
	/* a watch point of eight bytes */
	dr[0] = DATA_VA;
	dr[4] = 1 | 3 << 16 | 2 << 18;
	CHECK_OK(l4_thread_debug_regs_u(self, dr, &dr6, l4_utcb()));
	CHECK_EQ(user_read(DATA_VA), 1);
	CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
	l4_ipc_sleep_us(100);
	CHECK_EQ(user_write(DATA_VA, 3), 1);
	/* kernel addresses and general detect are refused or ignored */
	dr[0] = 0xffff808000000000;
	CHECK_ERR(l4_thread_debug_regs_u(self, dr, &dr6, l4_utcb()), -L4_EINVAL);
	dr[0] = 0x800000000000;
	CHECK_ERR(l4_thread_debug_regs_u(self, dr, &dr6, l4_utcb()), -L4_EINVAL);
	dr[0] = 0;
	dr[4] = ~0UL;
	CHECK_OK(l4_thread_debug_regs_u(self, dr, &dr6, l4_utcb()));
	dr[4] = 0;
	CHECK_OK(l4_thread_debug_regs_u(self, dr, &dr6, l4_utcb()));
	CHECK_EQ(user_read(DATA_VA), L4_VCPU_TRAP_SYSCALL);
	CHECK_ERR(l4_thread_debug_regs_u(runner, dr, &dr6, l4_utcb()), -L4_EINVAL);
}
static void breakpoint(void) { run_body(b_breakpoint); }

/* Long resumes are preempted, and go on where they were. */
static void b_map_preempted(void)
{
	vcpu_on();
	view(user);
	for (int round = 0; round < 200; round++) {
		for (word i = 0; i < L4_VCPU_MAP_MAX; i++) {
			st->map[i].src = SECRET_VA | RW;
			st->map[i].dst = (HOLE_VA + i * (L4_SUPERPAGESIZE + L4_PAGESIZE)) | 12;
		}
		st->map_count = L4_VCPU_MAP_MAX;
		CHECK_EQ(user_read(HOLE_VA + (round % L4_VCPU_MAP_MAX) * (L4_SUPERPAGESIZE + L4_PAGESIZE)), L4_VCPU_TRAP_SYSCALL);
		CHECK_EQ(vc.rax, 0x5ec2e7);
		CHECK_EQ(st->sticky_flags & L4_VCPU_SF_MAP_FAILED, 0);
		CHECK_OK(l4_task_unmap_range_u(user, HOLE_VA, HOLE_VA + (1UL << 28) - 1, ALL | RWX, l4_utcb()));
	}
}

static void map_preempted(void)
{
	kt_thread_prio(KT_TASK, ticker, 0, KT_PRIO + 10);
	run_body(b_map_preempted);
}

/* Ports that come while their task runs, and ports after a view, are there at once. */
static void port_read(void)
{
	unsigned char value;

	__asm__ volatile("inb $0x60, %0" : "=a"(value));
}

static void b_ports(void)
{
	vcpu_on();
	CHECK_OK(l4_task_map(server, KT_TASK, l4_iofpage(0x60, 0), 0));
	port_read();
	view(user);
	view(L4_INVALID_CAP);
	port_read();
	view(user);
	CHECK_OK(l4_task_delete_obj(KT_TASK, user));
	port_read();
}

static void ports(void)
{
	setup();
	kt_give(server, KT_TASK);
	start(self, b_ports, KT_PRIO - 1);
	CHECK_EQ(l4_msgtag_label(l4_ipc_receive(self, l4_utcb(), L4_IPC_NEVER)), 0);
}

/* The view's quota ends: entries are dropped, nothing else happens. */
static void b_quota(void)
{
	word failed = 0;

	vcpu_on();
	view(user2);
	for (word i = 0; i < 200 && !failed; i++) {
		st->map[0].src = SECRET_VA | RW;
		st->map[0].dst = (HOLE_VA + i * L4_SUPERPAGESIZE) | 12;
		st->map_count = 1;
		CHECK_EQ(user_read(HOLE_VA + i * L4_SUPERPAGESIZE) == 14, !!(failed = st->sticky_flags & L4_VCPU_SF_MAP_FAILED));
	}
	CHECK(failed);
	CHECK_EQ(resume(u_syscall), L4_VCPU_TRAP_SYSCALL);
}

static void quota(void)
{
	cap f = kt_factory(300000);

	setup();
	/* the second user task anew, from a small quota */
	CHECK_OK(l4_factory_create_task(f, user2, 0));
	CHECK_OK(l4_task_map(user2, KT_TASK, l4_fpage(0x400000, 22, RWX), 0x400000));
	CHECK_OK(l4_task_map(user2, KT_TASK, l4_fpage(L4_ROOT_KIP_ADDR, 12, L4_FPAGE_R), L4_ROOT_KIP_ADDR));
	kt_give(server, user2);
	start(self, b_quota, KT_PRIO - 1);
	CHECK_EQ(l4_msgtag_label(l4_ipc_receive(self, l4_utcb(), L4_IPC_NEVER)), 0);
}

/* --- random user code, random state pages */

#define CODE_VA 0x30000000UL

static word random_word(void)
{
	static word seed = 88172645463325252UL;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

static word random_address(void)
{
	static const word list[] = { CODE_VA, HOLE_VA, SECRET_VA, STATE_VA, 0xffff800000000000, L4_USER_LOW_END, 0 };
	word r = random_word();

	return r % 4 ? list[r / 4 % 7] + (random_word() % 16 << 12) + (r & 64 ? random_word() & 0xfff : 0) : random_word();
}

static void random_code(volatile unsigned char *page)
{
	static const unsigned char ops[][3] = {
		{ 0x0f, 0x05 }, { 0x0f, 0x05 }, { 0x0f, 0x0b }, { 0xcd, 0x80 }, { 0x9d }, { 0x9c }, { 0x8e, 0xd8 }, { 0x8e, 0xe8 },
		{ 0xeb, 0xfe }, { 0xcc }, { 0xf4 }, { 0x48, 0x8b, 0x07 }, { 0x48, 0x89, 0x37 }, { 0xff, 0xe0 }, { 0xc3 }, { 0xf1 },
	};

	for (word i = 0; i < 4096;) {
		word r = random_word();

		if (r % 3 == 0) {
			page[i++] = r >> 8;
			continue;
		}
		for (int k = 0; k < 3 && i < 4096 && (k == 0 || ops[(r >> 8) % 16][k]); k++)
			page[i++] = ops[(r >> 8) % 16][k];
	}
}

static void random_state(void)
{
	word *r = &vc.r15;

	for (int i = 0; i < 13; i++)
		r[i] = random_address();
	vc.fs = random_word() >> 17;
	vc.gs = random_word() >> 17;
	st->r.ip = random_word() % 16 ? CODE_VA + random_word() % 4096 : random_address();
	st->r.sp = random_address();
	st->r.flags = random_word() % 2 ? 0x202 : random_word() & (random_word() % 8 ? ~0x100UL : ~0UL);
	st->r.ax = random_word();
	st->r.cx = random_word() % 2 ? st->r.ip : random_word();
	st->r.r11 = random_word() % 2 ? st->r.flags : random_word();
	/* neither interrupts nor faults of the server's own code are to enter anew */
	st->saved_state = random_word() & ~7UL;
	st->sticky_flags = random_word();
	st->map_count = random_word() % 4 ? 0 : random_word() % 100;
	for (unsigned i = 0; i < L4_VCPU_MAP_MAX && st->map_count; i++) {
		st->map[i].src = (random_address() & L4_PAGEMASK) | (random_word() & 7);
		st->map[i].dst = ((HOLE_VA + (random_word() % 64 << 12)) & L4_PAGEMASK) | (random_word() % 8 ? 12 : random_word() & 0xfff);
	}
}

static void b_random(void)
{
	word vectors = 0;
	l4_umword_t label;

	vcpu_on();
	for (int i = 0; i < 4000; i++) {
		long trap;

		if (i % 64 == 0) {
			view(i % 192 == 0 ? user2 : user);
			random_code((unsigned char *)user_page);
			random_code((unsigned char *)user2_page);
		}
		if (i % 100 == 0)
			CHECK_OK(l4_task_unmap_u(user, l4_fpage(HOLE_VA, 20, RWX), ALL, l4_utcb()));
		CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + 300000, l4_utcb()));
		st->state = 0;
		random_state();
		CHECK_EQ(vc_run(&vc), 0);
		st->state = 0;
		trap = st->r.trapno;
		CHECK(trap >= 0 && (trap < 32 || trap == L4_VCPU_TRAP_SYSCALL || trap == L4_VCPU_TRAP_IRQ));
		vectors |= 1UL << (trap & 0x100 ? 62 + (trap & 1) : trap);
		l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 0));
	}
	CHECK_EQ(vectors & 0xc000000000006048, 0xc000000000006048);
	CHECK_EQ(kt_read((void *)(SECRET_VA + 8)), 0);
}

static void random_user_code(void)
{
	char *code = kt_superpage();

	setup();
	user_page = (word *)code;
	user2_page = (word *)(code + 4096);
	CHECK_OK(l4_task_map(user, KT_TASK, l4_fpage((word)user_page, 12, RWX), CODE_VA));
	CHECK_OK(l4_task_map(user2, KT_TASK, l4_fpage((word)user2_page, 12, RWX), CODE_VA));
	/* the server writes the code through windows of its own */
	for (int i = 0; i < 2; i++) {
		word at = HIGH + 0x400000 + i * 4096;

		CHECK_OK(l4_task_map(server, KT_TASK, l4_fpage((word)(i ? user2_page : user_page), 12, RW), at));
		*(i ? &user2_page : &user_page) = (word *)at;
	}
	/* what the user may map is not the server's */
	CHECK_OK(l4_task_unmap(server, l4_fpage(SECRET_VA, 12, RWX), ALL));
	map(server, secret_page, SECRET_VA, L4_FPAGE_RO);
	secret_page[1] = 0;
	start(self, b_random, KT_PRIO - 1);
	l4_msgtag_t tag = l4_ipc_receive(self, l4_utcb(), L4_IPC_NEVER);

	if (l4_msgtag_is_page_fault(tag))
		kt_fail("page fault of the vCPU", 0, "address, ip", kt_mr()[0], kt_mr()[1]);
	else if (l4_msgtag_is_exception(tag))
		kt_fail("exception of the vCPU", l4_utcb_exc()->trapno, "error, ip", l4_utcb_exc()->err, l4_utcb_exc()->ip);
}

const struct kt_test kt_tests[] = {
	KT_TEST(basics), KT_TEST(views), KT_TEST(registers), KT_TEST(fault_registers),
	KT_TEST(fault_registers_preempted), KT_TEST(fpu), KT_TEST(user_faults), KT_TEST(map_list), KT_TEST(map_low),
	KT_TEST(isolation), KT_TEST(server_faults), KT_TEST(server_fault_ipc), KT_TEST(user_exceptions),
	KT_TEST(irq_user), KT_TEST(irq_server), KT_TEST(message), KT_TEST(hostile), KT_TEST(bad_entry),
	KT_TEST(server_memory), KT_TEST(user_destroyed_by_server), KT_TEST(user_destroyed), KT_TEST(ends),
	KT_TEST(shared_view), KT_TEST(breakpoint), KT_TEST(map_preempted), KT_TEST(quota), KT_TEST(ports), KT_TEST(random_user_code),
	{ 0 }
};
