/* SPDX-License-Identifier: MIT */
/*
 * Frame of the kernel tests: programs that run in place of the root server,
 * directly on the kernel.
 *
 * Every test runs twice, in a thread of its own that the first thread watches. What a
 * test creates through kt_slot() is deleted behind it; kernel memory after the second run must be
 * what it was after the first. Further tasks see the program at the same addresses, and
 * every capability has the same selector in all tasks that have it.
 */
#ifndef KT_H
#define KT_H

#include <l4/sys/factory.h>
#include <l4/sys/ipc.h>
#include <l4/sys/ipc_gate.h>
#include <l4/sys/irq.h>
#include <l4/sys/kip.h>
#include <l4/sys/scheduler.h>
#include <l4/sys/semaphore.h>
#include <l4/sys/skerry.h>
#include <l4/sys/task.h>
#include <l4/sys/thread.h>

typedef l4_umword_t word;
typedef l4_cap_idx_t cap;

#define KT_PRIO 100       /* of a test */
#define KT_UTCBS 0x6fff00000000UL /* kernel-user memory of every task, 64 KiB */
#define KT_UTCBS_ORDER 16
#define KT_THREADS 64
#define KT_STACK 0x2000
#define KT_PAGES 512      /* of the test's own memory */

struct kt_test {
	const char *name;
	void (*run)(void);
};
/** The program's tests; the last has no name. */
extern const struct kt_test kt_tests[];
#define KT_TEST(f) { #f, f }

/* --- output and verdicts */
void kt_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** The running test has failed; the first reason counts. Any thread may say so. */
void kt_fail(const char *file, int line, const char *what, long got, long wanted);
#define CHECK(c) do { if (!(c)) kt_fail(__FILE__, __LINE__, #c, 0, 0); } while (0)
#define CHECK_EQ(a, b) do { long a_ = (long)(a), b_ = (long)(b); \
		if (a_ != b_) kt_fail(__FILE__, __LINE__, #a, a_, b_); } while (0)
/** The call's result (l4_error) is `err`. */
#define CHECK_ERR(tag, err) do { long e_ = l4_error(tag); \
		if (e_ != (err)) kt_fail(__FILE__, __LINE__, #tag, e_, err); } while (0)
#define CHECK_OK(tag) CHECK_ERR(tag, 0)
/** The IPC ended with this error (0: none). */
#define CHECK_IPC(tag, code) do { l4_msgtag_t t_ = (tag); long e_ = l4_ipc_error(t_, l4_utcb()); \
		if (e_ != (code)) kt_fail(__FILE__, __LINE__, #tag, e_, code); } while (0)

/* --- the environment */
static inline const l4_kernel_info_t *kt_kip(void) { return (const l4_kernel_info_t *)L4_ROOT_KIP_ADDR; }
static inline word kt_now(void) { return l4_kip_clock_ns(kt_kip()); }
/** Is time made of instructions? Otherwise the host may take any time away, between any two instructions. */
static inline int kt_exact(void) { return kt_kip()->tsc_khz == 1000000; }
static inline word *kt_mr(void) { return l4_utcb()->msg.mr; }
/** The calling thread's own capability. */
static inline cap kt_self(void) { return l4_utcb()->tcr.user[0]; }
/** Let all others run until they wait (the test's own thread only). */
void kt_settle(void);
static inline word kt_read(const volatile void *p) { return *(const volatile word *)p; }
static inline void kt_write(volatile void *p, word v) { *(volatile word *)p = v; }

/** The next free selector; its object is deleted when the test ends. */
cap kt_slot(void);
/** Selectors of n neighbouring slots. */
cap kt_slots(unsigned n);
/** A page-aligned address range of `bytes` that nothing uses, aligned to 2 MiB; the test ends with it unmapped. */
word kt_region(word bytes);
/** Pages of memory mapped read/write/execute, zeroed when a test starts; n <= KT_PAGES in all. */
void *kt_pages(unsigned n);
/** 2 MiB of RAM in one superpage. */
void *kt_superpage(void);
void kt_memset(void *to, int value, word bytes);

/* --- objects, all in kt_slot()s */
/** A task that has the program's memory, log, this thread's pager and KT_UTCBS. */
cap kt_task(void);
/** Pass the capability on under the same selector. */
void kt_give_rights(cap task, cap c, unsigned rights);
static inline void kt_give(cap task, cap c) { kt_give_rights(task, c, L4_CAP_FPAGE_RWSD); }
/** A thread in `task` that is bound but has neither ip nor priority. */
cap kt_thread_bound(cap task);
/** Run f(arg) in a new thread of `task`; the task gets the thread's capability. */
cap kt_thread_prio(cap task, void (*f)(void *), void *arg, unsigned prio);
static inline cap kt_thread(cap task, void (*f)(void *), void *arg) { return kt_thread_prio(task, f, arg, KT_PRIO); }
/** Let an existing bound thread run f(arg). */
void kt_thread_go(cap thread, void (*f)(void *), void *arg);
void kt_prio(cap thread, unsigned prio);
/** Address of the UTCB of a thread made here (usable in its own task). */
l4_utcb_t *kt_utcb_of(cap thread);
cap kt_gate(cap thread, word label);
cap kt_irq(void);
cap kt_sem(word count);
cap kt_factory(word limit);
/** Delete the object in the slot. */
void kt_delete(cap c);
int kt_valid(cap c);
word kt_free_memory(void);
word kt_quota_used(void);
/** Who gets the thread's page faults and exceptions, as selectors of its task; before it runs. */
void kt_handlers(cap thread, cap pager, cap handler);
/**
 * Run f(arg) in a thread of `task` whose page faults and exceptions come to the caller.
 * Returns the label of the message that ended it, 0: f returned; the message is in the UTCB. The thread is gone then.
 */
long kt_probe(cap task, void (*f)(void *), void *arg);
/** As kt_probe(), but the thread is left waiting for an answer, and its selector is in *thread. */
long kt_probe_keep(cap task, void (*f)(void *), void *arg, cap *thread);
/** May `task` read at va (then *value is what it read), write there, execute there? */
int kt_can_read(cap task, word va, word *value);
int kt_can_write(cap task, word va, word value);
int kt_can_call(cap task, word va);
/** Sleep for ever. */
void kt_park(void);

#define KT_TASK L4_BASE_TASK_CAP
#define KT_FACTORY L4_BASE_FACTORY_CAP
/** The watching thread, in every task: who faults without being expected to fails the test. */
#define KT_WATCH L4_BASE_THREAD_CAP

#endif
