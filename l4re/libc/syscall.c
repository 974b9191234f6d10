/* SPDX-License-Identifier: MIT */
/*
 * The system calls musl makes, answered by the runtime. What is not here is
 * -ENOSYS: files, processes, signals, sockets (README.md has the list).
 */
#define _GNU_SOURCE
#include "layer.h"

#include <errno.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

#include <l4/re/c/mem_alloc.h>
#include <l4/re/env.h>
#include <l4/re/protocols.h>
#include <l4/sys/debugger.h>
#include <l4/sys/kip_api.h>

#define SIGNAL_FIRST_INTERNAL 32 /* from here on signals are musl's own */

/* A signal nobody can catch ends the program, and its parent takes that for a fault. */
__attribute__((noreturn)) static void die_of(int sig)
{
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = L4RE_PARENT_EXIT_OP;
	u->msg.mr[1] = 2; /* panic */
	u->msg.mr[2] = 128 + sig;
	l4_ipc_send(l4re_env()->parent, u, l4_msgtag(L4RE_PROTO_PARENT, 3, 0, 0), L4_IPC_NEVER);
	for (;;)
		l4_ipc_sleep(L4_IPC_NEVER);
}

static long send_signal(int tid, int sig)
{
	struct thread *t = thread_find(tid);

	if (!t)
		return -ESRCH;
	if (sig < 0 || sig > 64)
		return -EINVAL;
	if (!sig)
		return 0;
	if (sig < SIGNAL_FIRST_INTERNAL)
		die_of(sig);
	futex_interrupt(t); /* pthread_cancel: the target looks at its flag when it returns */
	return 0;
}

/* Hardware's random numbers, or none. */
static long random_bytes(unsigned char *out, unsigned long bytes)
{
	unsigned a = 1, b, c = 0, d;
	unsigned long value, i, tries = 0;
	unsigned char ok;
	unsigned k;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(c & (1U << 30)))
		return -ENOSYS;
	for (i = 0; i < bytes;) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok) : : "cc");
		if (!ok && ++tries > 1000)
			return i ? (long)i : -EAGAIN;
		for (k = 0; ok && k < sizeof(value) && i < bytes; k++)
			out[i++] = value >> 8 * k;
	}
	return bytes;
}

static long system_name(struct utsname *u)
{
	*u = (struct utsname){ .sysname = "Skerry", .release = "1", .version = "1", .machine = "x86_64" };
	__builtin_memcpy(u->nodename, l4re_env()->name, L4RE_ENV_NAME_MAX);
	return 0;
}

/* Memory is what the task's allocator may give. */
static long system_info(struct sysinfo *s)
{
	l4_size_t quota, used;

	if (l4re_ma_info(l4re_env()->mem_alloc, &quota, &used) < 0)
		return -ENOSYS;
	*s = (struct sysinfo){
		.uptime = l4_kip_clock_ns(l4_kip()) / 1000000000, .totalram = quota, .freeram = quota - used, .mem_unit = 1,
	};
	return 0;
}

/* Standard streams are terminals of unknown size: standard output is line buffered. */
static long terminal(int fd, long request, struct winsize *size)
{
	if (fd < 0 || fd > 2)
		return -EBADF;
	if (request != TIOCGWINSZ)
		return -ENOTTY;
	*size = (struct winsize){ 0 };
	return 0;
}

static long set_name(int option, const char *name)
{
	if (option != PR_SET_NAME)
		return -EINVAL;
	l4_debugger_set_object_name(skerry_thread_cap(thread_self() ? thread_self()->tid : 0), name);
	return 0;
}

static long own_tid(void)
{
	struct thread *t = thread_self();

	return t ? t->tid : 1;
}

static long set_tid_address(int *clear)
{
	struct thread *t = thread_self();

	if (t)
		t->clear = clear;
	return own_tid();
}

static long time_call(long n, long a, long b, long c, long d)
{
	switch (n) {
	case SYS_clock_gettime:
		return time_get(a, (struct timespec *)b);
	case SYS_clock_getres:
		if (b)
			*(struct timespec *)b = (struct timespec){ 0, 1 };
		return 0;
	case SYS_nanosleep:
		return time_sleep(CLOCK_MONOTONIC, 0, (const void *)a, (void *)b);
	case SYS_clock_nanosleep:
		return time_sleep(a, b, (const void *)c, (void *)d);
	case SYS_pause:
		return futex_sleep(L4_TIMEOUT_NEVER);
	default:
		return -ENOSYS;
	}
}

static long schedule_call(long n, long a, long b, long c)
{
	long prio;

	switch (n) {
	case SYS_sched_yield:
		l4_thread_yield();
		return 0;
	case SYS_sched_setscheduler:
		return thread_set_prio(a, ((const struct sched_param *)c)->sched_priority);
	case SYS_sched_setparam:
		return thread_set_prio(a, ((const struct sched_param *)b)->sched_priority);
	case SYS_sched_getparam:
		prio = thread_get_prio(a);
		if (prio >= 0)
			*(struct sched_param *)b = (struct sched_param){ .sched_priority = prio };
		return prio < 0 ? prio : 0;
	case SYS_sched_getscheduler:
		return SCHED_RR;
	case SYS_sched_get_priority_max:
		return L4_SCHED_MAX_PRIO;
	case SYS_sched_get_priority_min:
		return L4_SCHED_MIN_PRIO;
	case SYS_sched_setaffinity:
		return thread_set_affinity(a, (const unsigned long *)c, b);
	case SYS_sched_getaffinity:
		return thread_get_affinity(a, (unsigned long *)c, b);
	default:
		return -ENOSYS;
	}
}

static long process_call(long n, long a, long b, long c)
{
	switch (n) {
	case SYS_gettid:
		return own_tid();
	case SYS_getpid:
		return 1;
	case SYS_getuid:
	case SYS_geteuid:
	case SYS_getgid:
	case SYS_getegid:
	case SYS_getppid:
		return 0;
	case SYS_set_tid_address:
		return set_tid_address((int *)a);
	case SYS_exit:
		skerry_thread_exit(0, 0);
	case SYS_exit_group:
		l4re_exit(a);
	case SYS_rt_sigprocmask: /* nothing to block: no signal reaches anybody */
	case SYS_set_robust_list:
		return 0;
	case SYS_tkill:
		return send_signal(a, b);
	case SYS_tgkill:
		return send_signal(b, c);
	case SYS_kill:
		return a == 1 || a == 0 ? send_signal(0, b) : -ESRCH;
	case SYS_uname:
		return system_name((void *)a);
	case SYS_sysinfo:
		return system_info((void *)a);
	case SYS_getrandom:
		return random_bytes((void *)a, b);
	case SYS_prctl:
		return set_name(a, (const char *)b);
	default:
		return -ENOSYS;
	}
}

static long memory_call(long n, long a, long b, long c, long d, long e)
{
	switch (n) {
	case SYS_mmap:
		return memory_map(a, b, c, d, (int)e);
	case SYS_munmap:
		return memory_unmap(a, b);
	case SYS_mprotect:
		return memory_protect(a, b, c);
	case SYS_brk: /* never moves: malloc turns to mmap */
		return 0;
	default:
		return -ENOSYS;
	}
}

static long file_call(long n, long a, long b, long c)
{
	switch (n) {
	case SYS_write:
		return console_write(a, (const void *)b, c);
	case SYS_writev:
		return console_writev(a, (const void *)b, c);
	case SYS_read:
		return console_read(a, (void *)b, c);
	case SYS_readv:
		return console_readv(a, (const void *)b, c);
	case SYS_ioctl:
		return terminal(a, b, (void *)c);
	case SYS_close:
	case SYS_fsync:
		return a >= 0 && a <= 2 ? 0 : -EBADF;
	case SYS_lseek:
		return a >= 0 && a <= 2 ? -ESPIPE : -EBADF;
	default:
		return -ENOSYS;
	}
}

/* Every group answers -ENOSYS to what is not its own. */
long skerry_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	long ret;

	if (n == SYS_futex)
		return futex_op((int *)a, b, c, d, (int *)e, f);
	ret = file_call(n, a, b, c);
	if (ret == -ENOSYS)
		ret = memory_call(n, a, b, c, d, e);
	if (ret == -ENOSYS)
		ret = time_call(n, a, b, c, d);
	if (ret == -ENOSYS)
		ret = schedule_call(n, a, b, c);
	if (ret == -ENOSYS)
		ret = process_call(n, a, b, c);
	return ret;
}
