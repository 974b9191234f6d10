/* SPDX-License-Identifier: MIT */
/* Linux benchmark: system calls on files, waiting for events, time, signals. */
#include "bench.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <ucontext.h>

#define REPS 200
#define TIMES(n) for (int i_ = 0; i_ < (n); i_++)

static int zero, null, file, epoll, ends[100][2];
static char byte;
static struct stat st;

static void op_getpid(void) { TIMES(10) syscall(SYS_getpid); }
static void op_read(void) { TIMES(10) read(zero, &byte, 1); }
static void op_write(void) { TIMES(10) write(null, &byte, 1); }
static void op_stat(void) { TIMES(4) stat("/etc/passwd", &st); }
static void op_fstat(void) { TIMES(4) fstat(file, &st); }
static void op_open(void) { TIMES(4) close(open("/etc/passwd", O_RDONLY)); }

static void op_select(void)
{
	fd_set set;
	struct timeval none = { 0, 0 };

	FD_ZERO(&set);
	for (int i = 0; i < 100; i++)
		FD_SET(ends[i][0], &set);
	select(ends[99][0] + 1, &set, 0, 0, &none);
}

static void op_epoll(void)
{
	struct epoll_event events[8];

	TIMES(4) epoll_wait(epoll, events, 8, 0);
}

static void op_vdso(void)
{
	struct timespec t;

	TIMES(10) clock_gettime(CLOCK_MONOTONIC, &t);
}

static void events_setup(void)
{
	struct epoll_event e = { .events = EPOLLIN };

	epoll = epoll_create1(0);
	for (int i = 0; i < 100; i++) {
		must(!pipe(ends[i]), "pipe");
		must(!epoll_ctl(epoll, EPOLL_CTL_ADD, ends[i][0], &e), "epoll_ctl");
	}
	must(write(ends[7][1], &byte, 1) == 1, "write");
}

void calls(void)
{
	zero = open("/dev/zero", O_RDONLY);
	null = open("/dev/null", O_WRONLY);
	file = open("/etc/passwd", O_RDONLY);
	must(zero >= 0 && null >= 0 && file >= 0, "open");
	run("getpid", op_getpid, REPS, 10);
	run("read_1", op_read, REPS, 10);
	run("write_1", op_write, REPS, 10);
	run("stat", op_stat, REPS, 4);
	run("fstat", op_fstat, REPS, 4);
	run("open_close", op_open, REPS, 4);
	run("clock_gettime", op_vdso, REPS, 10);
	if (!wanted("select_100") && !wanted("epoll_wait_100"))
		return;
	events_setup();
	run("select_100", op_select, REPS, 1);
	run("epoll_wait_100", op_epoll, REPS, 4);
	for (int i = 0; i < 100; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
	close(epoll);
}

/* --- signals */

static char *readonly;

static void nothing(int sig) {}

/* Passes over the store of three bytes that was refused. */
static void skip(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 3;
}

static void op_install(void)
{
	struct sigaction a = { .sa_handler = nothing };

	TIMES(4) sigaction(SIGUSR2, &a, 0);
}

static void op_deliver(void)
{
	pid_t self = getpid();

	TIMES(4) kill(self, SIGUSR1);
}

static void op_protection(void)
{
	TIMES(4) __asm__ volatile("movb $0, (%0)" : : "a"(readonly) : "memory");
}

void signals(void)
{
	struct sigaction deliver = { .sa_handler = nothing }, fault = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &deliver, 0);
	sigaction(SIGSEGV, &fault, 0);
	readonly = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	byte = *readonly;
	run("signal_install", op_install, REPS, 4);
	run("signal_deliver", op_deliver, REPS, 4);
	run("signal_protection_fault", op_protection, REPS, 4);
	munmap(readonly, PAGE);
	signal(SIGSEGV, SIG_DFL);
}
