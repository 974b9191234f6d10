/* SPDX-License-Identifier: MIT */
/*
 * Kernel test: the short call and reply of entry.S, and what could confuse them.
 * Tracing of IPCs forces the long way: most tests run both ways, which must not be told apart.
 */
#include "kt.h"
#include "call_run.h"
#include <l4/sys/trace.h>

#define MS 1000000UL
#define SHORT 0
#define LONG (1UL << L4_TRACE_IPC | 1UL << L4_TRACE_SWITCH)
#define FAR_SLOT (700UL << L4_CAP_SHIFT) /* not in the first table */

static volatile word count, order[16], order_n;
static cap server, far;

static void way(word mask) { CHECK_OK(l4_trace_mask_u(L4_BASE_TRACE_CAP, mask, 0, l4_utcb())); }

static void note(word v) { order[order_n++ % 16] = v; }

static void reset(void)
{
	count = order_n = 0;
	for (unsigned i = 0; i < 16; i++)
		order[i] = 0;
}

static void both_ways(void (*f)(void))
{
	for (int i = 0; i < 2; i++) {
		reset();
		way(i ? LONG : SHORT);
		f();
		way(SHORT);
	}
}

static void serve(cap task, void (*f)(void *), unsigned prio, cap client_task)
{
	server = kt_gate(kt_thread_prio(task, f, 0, prio), 0x40);
	if (client_task != KT_TASK)
		kt_give(client_task, server);
	kt_settle();
}

/* Answers words with words. */
static void echo(void *arg)
{
	l4_umword_t label;
	l4_msgtag_t tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);

	for (;;) {
		count++;
		tag = l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(1, l4_msgtag_words(tag), 0, 0), &label, L4_IPC_NEVER);
	}
}

/* --- registers */

#define CLIENT 0xc11e000000000000UL
#define SERVER 0x5e77000000000000UL

static void regs_fill(word *r, word owner, word round)
{
	for (unsigned i = 0; i < CR_COUNT; i++)
		r[i] = owner + round * 256 + i;
	r[CR_R8] = ~0UL;
	r[CR_FLAGS] = 0x202 | (round & 1 ? 0x8d5 : 0);
}

/* Those that are preserved are; the others hold nothing of the other side and nothing of the kernel. */
static void regs_check(const word *r, const word *before, word other)
{
	static const unsigned char preserved[] = { CR_BX, CR_BP, CR_R12, CR_R13, CR_R14, CR_R15, CR_FLAGS };
	static const unsigned char others[] = { CR_AX, CR_DX, CR_SI, CR_DI, CR_R8, CR_R9, CR_R10 };

	for (unsigned i = 0; i < sizeof(preserved); i++)
		CHECK_EQ(r[preserved[i]], before[preserved[i]]);
	for (unsigned i = 0; i < sizeof(others); i++) {
		CHECK(r[others[i]] >> 48 != other >> 48);
		CHECK(r[others[i]] >> 43 != 0x1ffff0);
	}
}

static void regs_call(word *r, word owner, word other, word round, word ax, word tag)
{
	word before[CR_COUNT];

	regs_fill(r, owner, round);
	r[CR_AX] = ax;
	r[CR_DI] = tag;
	for (unsigned i = 0; i < CR_COUNT; i++)
		before[i] = r[i];
	call_run(r);
	regs_check(r, before, other);
}

static void regs_server(void *arg)
{
	word r[CR_COUNT];

	regs_call(r, SERVER, CLIENT, 0, L4_INVALID_CAP | L4_SYSF_WAIT, 0);
	for (word i = 1;; i++) {
		CHECK_EQ(r[CR_SI], 0x43);
		regs_call(r, SERVER, CLIENT, i, L4_INVALID_CAP | L4_SYSF_REPLY_AND_WAIT, r[CR_AX]);
	}
}

static void regs_client(void *arg)
{
	word r[CR_COUNT];

	for (word i = 0; i < 20; i++) {
		l4_msgtag_t tag = l4_msgtag(i, i % 4 * 21, 0, 0);

		regs_call(r, CLIENT, SERVER, i, server | L4_SYSF_CALL, tag.raw);
		CHECK_EQ(r[CR_AX], tag.raw);
		CHECK_EQ(r[CR_SI], 0);
		/* a kernel object, an empty slot */
		regs_call(r, CLIENT, SERVER, i, L4_BASE_LOG_CAP | L4_SYSF_CALL, 0);
		CHECK_EQ(r[CR_AX], l4_msgtag(-L4_EMSGTOOSHORT, 0, 0, 0).raw);
		regs_call(r, CLIENT, SERVER, i, 60UL << L4_CAP_SHIFT | L4_SYSF_CALL, 0);
		CHECK_EQ(r[CR_AX], L4_MSGTAG_ERROR);
	}
	note(1);
}

static void run_registers(void)
{
	cap task = kt_task(), other = kt_task();

	serve(task, regs_server, KT_PRIO + 1, other);
	kt_thread(other, regs_client, 0);
	kt_settle();
	serve(task, regs_server, KT_PRIO, task);
	kt_thread(task, regs_client, 0);
	kt_settle();
	CHECK_EQ(order_n, 2);
}

static void registers(void) { both_ways(run_registers); }

/* --- the same results both ways */

static volatile word seen[3];

static word sum(unsigned n)
{
	word s = n;

	for (unsigned i = 0; i < n; i++)
		s = s * 31 + kt_mr()[i];
	return s;
}

/* Notes what it gets; its replies have flags, labels and time-outs of all kinds. */
static void strange_server(void *arg)
{
	l4_umword_t label;
	l4_msgtag_t tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);

	for (;;) {
		word n = l4_msgtag_words(tag);

		seen[0] = tag.raw;
		seen[1] = label;
		seen[2] = sum(n);
		if (n)
			kt_mr()[n - 1] ^= 5;
		tag = l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(-l4_msgtag_label(tag), n, 0, n == 2 ? 0x2000 : 0), &label,
					    n == 1 ? l4_timeout(0, 1000 * MS) : L4_IPC_NEVER);
	}
}

static word one_call(cap dest, long label, unsigned n, unsigned flags, l4_timeout_t to)
{
	l4_umword_t si = 0x1234;
	l4_msgtag_t tag;
	word result;

	seen[0] = seen[1] = seen[2] = 0;
	for (unsigned i = 0; i < 63; i++)
		kt_mr()[i] = 0x77777 + n * i;
	l4_utcb()->tcr.error = 0;
	tag = l4_syscall_ipc(dest | L4_SYSF_CALL, l4_msgtag(label, n, 0, flags), &si, to);
	result = tag.raw * 17 + si * 3 + l4_utcb()->tcr.error;
	return ((result * 31 + seen[0]) * 31 + seen[1]) * 31 + seen[2] + sum(63);
}

static word many_calls(word *list)
{
	static const long labels[] = { 0, 7, 0x7fff, 0x8000, 0x7fffffffffffL, -1, -3, L4_PROTO_KOBJECT, L4_PROTO_THREAD };
	static const unsigned lengths[] = { 0, 1, 2, 63 }, flags[] = { 0, 0x1000, 0x8000 };
	const l4_timeout_t timeouts[] = { L4_IPC_NEVER, l4_timeout(0, -1UL), l4_timeout(-1UL, 1000 * MS) };
	const cap dests[] = { server, server | 0x7e0, far, kt_self(), KT_TASK, KT_FACTORY, 60UL << L4_CAP_SHIFT,
			      FAR_SLOT + (5 << L4_CAP_SHIFT), L4_INVALID_CAP, ~0xfffUL, L4_CAP_MAX_SLOTS << L4_CAP_SHIFT };
	word at = 0;

	for (unsigned d = 0; d < sizeof(dests) / sizeof(dests[0]); d++)
		for (unsigned l = 0; l < sizeof(labels) / sizeof(labels[0]); l++)
			for (unsigned n = 0; n < 4; n++)
				for (unsigned f = 0; f < 3; f++)
					list[at++] = one_call(dests[d], labels[l], lengths[n], flags[f], timeouts[(f + n) % 3]);
	return at;
}

static word results[2][11 * 9 * 4 * 3];

static void same_results(void)
{
	for (unsigned prio = KT_PRIO - 1; prio <= KT_PRIO + 1; prio++) {
		serve(kt_task(), strange_server, prio, KT_TASK);
		far = FAR_SLOT;
		CHECK_OK(l4_task_map(KT_TASK, KT_TASK, l4_obj_fpage(server, 0, L4_CAP_FPAGE_RS), l4_map_obj_control(far, 0)));
		for (unsigned i = 0; i < 2; i++) {
			way(i ? LONG : SHORT);
			CHECK_EQ(many_calls(results[i]), sizeof(results[0]) / sizeof(word));
		}
		way(SHORT);
		for (unsigned i = 0; i < sizeof(results[0]) / sizeof(word); i++)
			CHECK_EQ(results[0][i], results[1][i]);
		CHECK_OK(l4_task_unmap(KT_TASK, l4_obj_fpage(far, 0, 15), L4_FP_ALL_SPACES));
	}
}

/* --- faults and exceptions: the same messages, replies and counts both ways */

#define QUIT 0xdead
#define FAULT_ROUNDS 12

static word *fault_list, fault_n, fault_page, fault_region;

static void fault_note(word v)
{
	if (fault_n < sizeof(results[0]) / sizeof(word))
		fault_list[fault_n] = v;
	fault_n++;
}

static void fault_note_message(l4_msgtag_t tag, word label)
{
	const l4_exc_regs_t *e = l4_utcb_exc();

	fault_note(tag.raw);
	fault_note(label);
	if (l4_msgtag_has_error(tag)) {
		fault_note(l4_ipc_error(tag, l4_utcb()));
	} else if (l4_msgtag_is_exception(tag)) {
		fault_note(e->trapno * 31 + e->err);
		fault_note(e->ip + e->flags * 31 + e->pfa * 17 + e->fs_base);
		fault_note(e->rax + e->rcx * 3 + e->rsi * 5 + e->r8 * 7 + e->r12 * 11 + e->r15 * 13);
	} else {
		fault_note(kt_mr()[0]);
		fault_note(kt_mr()[1]);
	}
}

static void exception_answer(l4_exc_regs_t *e, unsigned how)
{
	e->rax++;
	e->rcx += 2;
	e->rsi += 3;
	e->r8 += 4;
	e->r12 += 5;
	e->r15 += 6;
	e->fs_base = how == 3 ? 1UL << 60 : e->fs_base + 0x1000;
	e->flags = how == 3 ? 0xffff0000ffb038d7UL : e->flags;
	e->ip = how == 3 ? 0xffff808000000000UL : e->ip + (e->trapno == 14 ? 3 : 2);
}

/* Answers in eight ways, of which some do not help, are refused, or refuse. */
static l4_msgtag_t fault_answer(int exception, word at, unsigned how, int again)
{
	unsigned n = how == 6 ? 63 : how == 1 ? 24 : exception ? L4_UTCB_EXCEPTION_REGS_SIZE : 0;
	unsigned items = how == 1 ? 0 : !exception || how == 2 || how == 4 || how == 6;

	if (exception && l4_utcb_exc()->rax == QUIT)
		return l4_msgtag(-1, 0, 0, 0);
	if (exception && !again)
		exception_answer(l4_utcb_exc(), how);
	if (items && n < 60) {
		kt_mr()[n] = l4_map_control(at & L4_PAGEMASK, 0, 0);
		kt_mr()[n + 1] = l4_fpage(fault_page, how == 2 ? 4 : 12, L4_FPAGE_RW).raw;
		kt_mr()[n + 2] = kt_mr()[n + 3] = 0;
	}
	return l4_msgtag(how == 3 && !exception ? -1 : how == 7 ? 7 : 0, n, how == 4 ? 2 : items, how == 7 ? 0x8000 : 0);
}

static void fault_server(void *arg)
{
	l4_umword_t label;
	l4_msgtag_t tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	int exception = 0;
	word at = 0;

	for (unsigned turn = 0; turn < 40 * FAULT_ROUNDS; turn++) {
		/* a reply that failed is repeated so that it succeeds */
		int again = l4_msgtag_has_error(tag);

		fault_note_message(tag, label);
		if (!again) {
			exception = l4_msgtag_is_exception(tag);
			at = exception ? fault_region : kt_mr()[0];
		}
		tag = l4_ipc_reply_and_wait(l4_utcb(), fault_answer(exception, at, again ? 0 : turn % 8, again), &label,
					    turn % 8 == 5 ? l4_timeout(0, 100000 * MS) : L4_IPC_NEVER);
	}
}

static void fault_client(void *arg)
{
	for (word i = 0; i < FAULT_ROUNDS; i++) {
		word ax = fault_region + ((word)arg * FAULT_ROUNDS + i + 1) * L4_PAGESIZE, cx = 3 * i, si = 7, base;
		register word r8 __asm__("r8") = 11 + i, r12 __asm__("r12") = 13, r15 __asm__("r15") = 17 * i;

		__asm__ volatile(".byte 0x48, 0x8b, 0x00" : "+a"(ax), "+c"(cx), "+S"(si), "+r"(r8), "+r"(r12), "+r"(r15) : : "memory");
		fault_note(ax + cx * 3 + si * 5 + r8 * 7 + r12 * 11 + r15 * 13);
		__asm__ volatile("ud2" : "+a"(ax), "+c"(cx), "+S"(si), "+r"(r8), "+r"(r12), "+r"(r15) : : "memory");
		__asm__ volatile("rdfsbase %0" : "=r"(base));
		fault_note(ax + cx * 3 + si * 5 + r8 * 7 + r12 * 11 + r15 * 13);
		fault_note(base);
	}
	__asm__ volatile("ud2" : : "a"(QUIT));
	note(1);
}

/* Two faulting threads; with a handler below them the second is in its queue when it answers the first. */
static void run_faults(word *list, unsigned handler_prio, int thread_itself)
{
	cap task = kt_task(), handler = kt_thread_prio(kt_task(), fault_server, 0, handler_prio);
	l4_counters_t a, b;

	fault_list = list;
	fault_n = 0;
	if (!thread_itself)
		handler = kt_gate(handler, 0x40);
	kt_give_rights(task, handler, L4_CAP_FPAGE_RS);
	kt_settle();
	CHECK_OK(l4_trace_counters_u(L4_BASE_TRACE_CAP, &a, l4_utcb()));
	for (word i = 0; i < 2; i++) {
		cap t = kt_thread_bound(task);

		kt_handlers(t, handler, handler);
		kt_thread_go(t, fault_client, (void *)i);
		kt_prio(t, KT_PRIO - 2 - i);
	}
	kt_settle();
	CHECK_OK(l4_trace_counters_u(L4_BASE_TRACE_CAP, &b, l4_utcb()));
	fault_note(b.ipcs - a.ipcs);
	CHECK_EQ(order_n, 0);
	kt_delete(task);
}

static void faults(void)
{
	fault_page = (word)kt_pages(1);
	fault_region = kt_region(2 * L4_SUPERPAGESIZE);
	for (unsigned k = 0; k < 4; k++) {
		word n[2];

		for (unsigned i = 0; i < 2; i++) {
			reset();
			kt_memset(results[i], 0, sizeof(results[i]));
			way(i ? LONG : SHORT);
			run_faults(results[i], k & 1 ? KT_PRIO - 4 : KT_PRIO + 1, k / 2);
			way(SHORT);
			n[i] = fault_n;
		}
		CHECK_EQ(n[0], n[1]);
		CHECK(n[0] > 16 * FAULT_ROUNDS && n[0] <= sizeof(results[0]) / sizeof(word));
		for (unsigned i = 0; i < n[0]; i++)
			CHECK_EQ(results[0][i], results[1][i]);
	}
}

/* --- state that is not in general registers */

static void state_set(word v, int selectors)
{
	unsigned sel = selectors ? 0x2b : 0;

	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; wrfsbase %1; movq %1, %%xmm0; movq %1, %%xmm15"
			 : : "r"((word)sel), "r"(v) : "xmm0", "xmm15");
}

static void state_check(word v, int selectors)
{
	word sel = selectors ? 0x2b : 0, ds, es, fs, base, x0, x15;

	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; rdfsbase %3; movq %%xmm0, %4; movq %%xmm15, %5"
			 : "=r"(ds), "=r"(es), "=r"(fs), "=r"(base), "=r"(x0), "=r"(x15));
	CHECK_EQ(ds, sel);
	CHECK_EQ(es, sel);
	CHECK_EQ(fs, sel);
	CHECK_EQ(base, v);
	CHECK_EQ(x0, v);
	CHECK_EQ(x15, v);
}

static void state_server(void *arg)
{
	l4_umword_t label;

	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	for (word i = 0;; i++) {
		state_set(0x5e7700 + i, i & 2);
		l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, 0, 0, 0), &label, L4_IPC_NEVER);
		state_check(0x5e7700 + i, i & 2);
	}
}

static void state_client(void *arg)
{
	for (word i = 0; i < 16; i++) {
		state_set(0xc11e00 + i, i & 4);
		l4_ipc_call(server, l4_utcb(), l4_msgtag(0, i & 1, 0, 0), L4_IPC_NEVER);
		state_check(0xc11e00 + i, i & 4);
	}
	state_set(0, 0);
	note(1);
}

static void run_state(void)
{
	cap task = kt_task();

	serve(task, state_server, KT_PRIO + 1, task);
	kt_thread(task, state_client, 0);
	kt_settle();
	serve(kt_task(), state_server, KT_PRIO + 1, KT_TASK);
	kt_thread(KT_TASK, state_client, 0);
	kt_settle();
	CHECK_EQ(order_n, 2);
}

static void state(void) { both_ways(run_state); }

static void read_port(void)
{
	unsigned char v;

	__asm__ volatile("inb $0x61, %0" : "=a"(v));
}

static void call_and_read_port(void *arg)
{
	for (int i = 0; i < 3; i++)
		l4_ipc_call(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	read_port();
}

static void wait_and_read_port(void *arg)
{
	l4_umword_t label;

	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	read_port();
}

static void call_it(void *arg) { l4_ipc_call((cap)arg, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER); }

/* The first task has all ports, the others none; the right stays where it is. */
static void run_ports(void)
{
	cap task = kt_task(), t;

	serve(KT_TASK, echo, KT_PRIO + 1, task);
	CHECK_EQ(kt_probe(task, call_and_read_port, 0), L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_utcb_exc()->trapno, 13);
	CHECK_EQ(kt_probe(KT_TASK, call_and_read_port, 0), 0);
	serve(task, echo, KT_PRIO + 1, KT_TASK);
	CHECK_EQ(kt_probe(KT_TASK, call_and_read_port, 0), 0);
	CHECK_EQ(count, 9);
	t = kt_thread_bound(task);
	kt_handlers(t, KT_WATCH, L4_INVALID_CAP);
	kt_thread_go(t, wait_and_read_port, 0);
	kt_prio(t, KT_PRIO + 2);
	kt_thread(KT_TASK, call_it, (void *)kt_gate(t, 0x40));
	kt_settle();
	/* halted by its exception */
	CHECK_IPC(l4_ipc_send(t, l4_utcb(), l4_msgtag(0, 0, 0, 0), l4_timeout(0, 0)), L4_IPC_SETIMEOUT);
}

static void ports(void) { both_ways(run_ports); }

static void watched(void) { count++; }

static void watched_server(void *arg)
{
	l4_umword_t label;

	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	for (;;) {
		watched();
		l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, 0, 0, 0), &label, L4_IPC_NEVER);
	}
}

static void breakpoint_client(void *arg)
{
	word dr[5] = { (word)watched, 0, 0, 0, 1 }, dr6;

	CHECK_OK(l4_thread_debug_regs_u(kt_self(), dr, &dr6, l4_utcb()));
	for (int i = 0; i < 3; i++)
		l4_ipc_call(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	watched();
}

/* A breakpoint is its thread's, not its partner's. */
static void run_breakpoint(void)
{
	serve(KT_TASK, watched_server, KT_PRIO + 1, KT_TASK);
	CHECK_EQ(kt_probe(KT_TASK, breakpoint_client, 0), L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_utcb_exc()->trapno, 1);
	CHECK_EQ(l4_utcb_exc()->ip, (word)watched);
	CHECK_EQ(count, 3);
}

static void breakpoint(void) { both_ways(run_breakpoint); }

static void step_call(void *arg)
{
	word r[CR_COUNT];

	regs_fill(r, CLIENT, 0);
	r[CR_AX] = server | L4_SYSF_CALL;
	r[CR_DI] = 0;
	r[CR_FLAGS] = 0x302;
	call_run(r);
}

/* Single stepping stops behind the system call, not in the kernel and not in the server. */
static void run_single_step(void)
{
	serve(kt_task(), echo, KT_PRIO + 1, KT_TASK);
	CHECK_EQ(kt_probe(KT_TASK, step_call, 0), L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_utcb_exc()->trapno, 1);
	CHECK(l4_utcb_exc()->ip - (word)call_run_done < 8);
	CHECK_EQ(count, 1);
}

static void single_step(void) { both_ways(run_single_step); }

/* --- who runs when */

static void note_and_park(void *arg)
{
	for (;;) {
		l4_umword_t label;

		l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
		note((word)arg);
	}
}

static cap middle, server_task;

static void waking_server(void *arg)
{
	l4_umword_t label;

	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	for (;;) {
		note(1);
		l4_ipc_send(middle, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
		l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, 0, 0, 0), &label, L4_IPC_NEVER);
	}
}

static void noting_client(void *arg)
{
	l4_ipc_call(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	note(3);
}

/* The server wakes a thread with this priority before it answers the client at KT_PRIO - 2. */
static word order_of(unsigned prio)
{
	word result = 0;

	reset();
	middle = kt_thread_prio(KT_TASK, note_and_park, (void *)2, prio);
	kt_give(server_task, middle);
	kt_settle();
	kt_thread_prio(KT_TASK, noting_client, 0, KT_PRIO - 2);
	kt_settle();
	for (unsigned i = 0; i < 3; i++)
		result = result * 10 + order[i];
	return result;
}

static void priorities(void)
{
	server_task = kt_task();
	serve(server_task, waking_server, KT_PRIO + 2, KT_TASK);
	for (int i = 0; i < 2; i++) {
		way(i ? LONG : SHORT);
		for (unsigned prio = KT_PRIO - 4; prio <= KT_PRIO + 4; prio++) {
			word got = order_of(prio);

			/* of two equals, the slice of the first may end */
			CHECK(got == (prio < KT_PRIO - 2 ? 132 : 123) || (prio == KT_PRIO - 2 && !kt_exact()));
		}
		way(SHORT);
	}
}

static void relay(void *arg)
{
	l4_umword_t label;
	l4_msgtag_t tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);

	for (;;) {
		tag = l4_ipc_call(server, l4_utcb(), tag, L4_IPC_NEVER);
		tag = l4_ipc_reply_and_wait(l4_utcb(), tag, &label, L4_IPC_NEVER);
	}
}

/* A server that calls another while its own caller waits. */
static void run_nested(void)
{
	cap task = kt_task(), first;

	serve(kt_task(), echo, KT_PRIO, task);
	first = kt_gate(kt_thread(task, relay, 0), 0x80);
	kt_settle();
	for (word i = 0; i < 20; i++) {
		kt_mr()[0] = i;
		CHECK_EQ(l4_ipc_call(first, l4_utcb(), l4_msgtag(0, 3, 0, 0), L4_IPC_NEVER).raw, l4_msgtag(1, 3, 0, 0).raw);
		CHECK_EQ(kt_mr()[0], i);
	}
	CHECK_EQ(count, 20);
}

static void nested(void) { both_ways(run_nested); }

/* --- changes while they wait */

static void elsewhere(void)
{
	register word ax __asm__("rax");
	word tag = ax;

	note(tag >> L4_MSGTAG_LABEL_SHIFT);
	kt_park();
}

/* A server that waits gets an ip: it goes on there, with the next message. */
static void run_new_ip(void)
{
	cap t = kt_thread_prio(kt_task(), echo, 0, KT_PRIO + 1);

	CHECK_OK(l4_thread_ex_regs(t, (word)elsewhere, ~0UL, 0));
	CHECK_EQ(order_n, 0);
	CHECK_IPC(l4_ipc_call(kt_gate(t, 0), l4_utcb(), l4_msgtag(9, 0, 0, 0), l4_timeout(-1UL, MS)), L4_IPC_RETIMEOUT);
	CHECK_EQ(order[0], 9);
	CHECK_EQ(count, 0);
}

static void new_ip(void) { both_ways(run_new_ip); }

static void call_and_note(void *arg)
{
	l4_msgtag_t tag = l4_ipc_call(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);

	note(l4_ipc_error(tag, l4_utcb()));
}

static cap may_answer;

static void slow_server(void *arg)
{
	l4_umword_t label;
	l4_msgtag_t tag = { L4_MSGTAG_ERROR };

	for (;;) {
		/* a reply that fails does not wait */
		if (l4_msgtag_has_error(tag))
			l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
		l4_semaphore_down(may_answer, L4_IPC_NEVER);
		tag = l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, 0, 0, 0), &label, L4_IPC_NEVER);
	}
}

/* The client, the server, or the gate goes while the client waits for the reply. */
static void run_deaths(void)
{
	cap client, t;

	may_answer = kt_sem(0);
	t = kt_thread_prio(KT_TASK, slow_server, 0, KT_PRIO + 1);
	server = kt_gate(t, 0);
	client = kt_thread_prio(KT_TASK, call_and_note, 0, KT_PRIO + 1);
	kt_delete(client);
	l4_semaphore_up(may_answer);
	CHECK_EQ(order_n, 0);
	kt_thread_prio(KT_TASK, call_and_note, 0, KT_PRIO + 1);
	kt_delete(server);
	l4_semaphore_up(may_answer);
	CHECK_EQ(order_n, 1);
	CHECK_EQ(order[0], 0);
	server = kt_gate(t, 0);
	kt_thread_prio(KT_TASK, call_and_note, 0, KT_PRIO + 1);
	kt_delete(t);
	CHECK_EQ(order_n, 2);
	CHECK_EQ(order[1], L4_IPC_ENOT_EXISTENT | L4_IPC_SND_ERR_MASK);
	/* the gate is still there, its thread is not */
	CHECK_IPC(l4_ipc_call(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER), L4_IPC_ENOT_EXISTENT);
	kt_delete(server);
	CHECK_IPC(l4_ipc_call(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER), L4_IPC_ENOT_EXISTENT);
}

static void deaths(void) { both_ways(run_deaths); }

/* --- counting */

static void run_counters(void)
{
	l4_counters_t a, b;
	word consumed[2];

	serve(kt_task(), echo, KT_PRIO + 1, KT_TASK);
	CHECK_OK(l4_trace_counters_u(L4_BASE_TRACE_CAP, &a, l4_utcb()));
	CHECK_OK(l4_thread_stats_time(kt_self(), (l4_kernel_clock_t *)&consumed[0]));
	for (int i = 0; i < 100; i++)
		l4_ipc_call(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	CHECK_OK(l4_thread_stats_time(kt_self(), (l4_kernel_clock_t *)&consumed[1]));
	CHECK_OK(l4_trace_counters_u(L4_BASE_TRACE_CAP, &b, l4_utcb()));
	CHECK_EQ(b.ipcs - a.ipcs, 200);
	CHECK(b.switches - a.switches >= 200 && (!kt_exact() || b.switches - a.switches == 200));
	CHECK(b.kernel_entries - a.kernel_entries >= 203);
	CHECK(consumed[1] > consumed[0] && consumed[1] - consumed[0] < 10000 * MS);
}

static void counters(void) { both_ways(run_counters); }

/* What is traced, is. */
static void traced(void)
{
	const volatile l4_trace_header_t *ring = (void *)kt_region(2 * L4_SUPERPAGESIZE);
	word head;

	serve(kt_task(), echo, KT_PRIO + 1, KT_TASK);
	kt_mr()[0] = L4_TRACE_MAP_OP;
	kt_mr()[1] = (word)ring;
	CHECK_OK(l4_invoke(L4_BASE_TRACE_CAP, L4_PROTO_TRACE, 2, l4_utcb()));
	for (int i = 0; i < 2; i++) {
		way(i ? LONG : SHORT);
		head = ring->head;
		for (int k = 0; k < 10; k++)
			l4_ipc_call(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
		if (i)
			CHECK(ring->head - head >= 40);
		else
			CHECK_EQ(ring->head, head);
	}
	way(SHORT);
}

const struct kt_test kt_tests[] = {
	KT_TEST(registers), KT_TEST(same_results), KT_TEST(faults), KT_TEST(state), KT_TEST(ports), KT_TEST(breakpoint), KT_TEST(single_step),
	KT_TEST(priorities), KT_TEST(nested), KT_TEST(new_ip), KT_TEST(deaths), KT_TEST(counters), KT_TEST(traced),
	{ 0, 0 },
};
