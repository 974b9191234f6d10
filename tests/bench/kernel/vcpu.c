/* SPDX-License-Identifier: MIT */
/* Kernel benchmark: a vCPU's trap into its server and the resume, without the server's instructions. */
#include "bench.h"
#include "vcpu_bench.h"
#include <l4/sys/vcpu.h>

#define HIGH (VB_STATE - 0x1000)
#define SOURCE (HIGH + 0x200000)
#define N 400
#define IRQS 100

static cap server, user, self, irq, runner;
static word samples[N], hole;
static l4_vcpu_state_t *const st = (l4_vcpu_state_t *)VB_STATE;

_Static_assert(__builtin_offsetof(l4_vcpu_state_t, map[0].src) == VB_MAP0_SRC, "map");

static void kernel_part(const char *name, word known)
{
	for (unsigned i = 0; i < N; i++)
		samples[i] -= bench_overhead + known;
	bench_print_counted(name, samples, N);
}

/* The interrupted loop's last stamp to the entry point; the resume to its next. */
static void irq_parts(void)
{
	static word enter[IRQS], resume[IRQS], all[IRQS];

	for (unsigned i = 0; i < IRQS; i++) {
		vb_resumed = 0;
		vb_before = ticks();
		l4_irq_set_timer_u(irq, kt_now() + 30000 + i, l4_utcb());
		vb_run(vb_u_spin, 0, 0, 0);
		enter[i] = vb_entered - vb_before - bench_overhead;
		resume[i] = vb_after - vb_resumed - bench_overhead;
		all[i] = vb_after - vb_before - bench_overhead;
	}
	bench_print("vcpu_irq_to_entry", enter, IRQS);
	bench_print("vcpu_irq_resume", resume, IRQS);
	bench_print("vcpu_irq_with_receive", all, IRQS);
}

static void body(void *arg)
{
	st->entry_ip = (word)vb_entry;
	st->entry_sp = VB_STATE;
	st->map[0].src = SOURCE | L4_FPAGE_RW;
	CHECK_OK(l4_thread_vcpu_control_u(self, VB_STATE, l4_utcb()));
	CHECK_OK(l4_thread_set_view_u(self, user, l4_utcb()));
	bench_count();
	vb_run(vb_u_syscall, samples, N, 0);
	kernel_part("vcpu_syscall_resume", VB_SYSCALL_INSNS);
	vb_run(vb_u_fault, samples, 1, hole);
	bench_count();
	vb_run(vb_u_fault, samples, N, hole + L4_PAGESIZE);
	kernel_part("vcpu_fault_resume_map_1", VB_FAULT_INSNS);
	irq_parts();
	l4_ipc_send(runner, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	kt_park();
}

static cap vcpu_thread(void)
{
	cap t = kt_slot();

	CHECK_OK(l4_factory_create_thread(KT_FACTORY, t));
	l4_thread_control_start();
	l4_thread_control_pager(KT_WATCH);
	l4_thread_control_exc_handler(KT_WATCH);
	l4_thread_control_bind((l4_utcb_t *)HIGH, server);
	CHECK_OK(l4_thread_control_commit(t));
	kt_give(server, t);
	return t;
}

static void start(cap t)
{
	static word stack[1024] __attribute__((aligned(16)));
	extern void kt_thread_entry(void);
	word *sp = stack + 1024 - 5;

	*--sp = t;
	*--sp = 0;
	*--sp = (word)body;
	CHECK_OK(l4_thread_ex_regs(t, (word)kt_thread_entry, (word)sp, 0));
	kt_prio(t, KT_PRIO);
}

void vcpu(void)
{
	l4_fpage_t ku = l4_fpage(HIGH, 14, L4_FPAGE_RW);

	bench_begin();
	runner = kt_self();
	server = bench_task();
	user = kt_task();
	CHECK_OK(l4_task_add_ku_mem(server, &ku));
	irq = kt_irq();
	self = vcpu_thread();
	kt_give(server, user);
	kt_give(server, irq);
	kt_give(server, runner);
	hole = kt_region(2 * L4_SUPERPAGESIZE);
	CHECK_OK(l4_task_map(server, KT_TASK, l4_fpage((word)kt_pages(1), 12, L4_FPAGE_RW), SOURCE));
	CHECK_OK(l4_rcv_ep_bind_thread(irq, self, 0x11));
	start(self);
	CHECK_OK(l4_ipc_receive(self, l4_utcb(), L4_IPC_NEVER));
}
