// SPDX-License-Identifier: MIT
/* Tracing: memory and registers of another process, steps, breakpoints, watchpoints, system calls, events. */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "check.h"

static volatile long variable = 41;
static char *page;

static __attribute__((noinline, used)) void landmark(void)
{
	asm volatile("nop\n nop\n nop");
}

static pid_t start(void (*function)(void))
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		function();
		_exit(0);
	}
	need(waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "stopped child");
	return child;
}

static int resume(int request, pid_t child, long data)
{
	int status = 0;

	need(ptrace(request, child, 0, data) == 0, "resume");
	need(waitpid(child, &status, 0) == child, "waitpid");
	return status;
}

static bool stopped_by(int status, int number)
{
	return WIFSTOPPED(status) && WSTOPSIG(status) == number;
}

static void exit_with_variable(void)
{
	_exit((int)variable + page[100]);
}

static void memory(void)
{
	pid_t child = start(exit_with_variable);
	long value;

	errno = 0;
	value = ptrace(PTRACE_PEEKDATA, child, &variable, 0);
	check(errno == 0 && value == 41, "peek");
	check(ptrace(PTRACE_POKEDATA, child, &variable, 50L) == 0, "poke");
	check(variable == 41, "poke does not change the tracer");
	errno = 0;
	check(ptrace(PTRACE_PEEKDATA, child, 16L, 0) == -1 && errno == EIO, "peek at a bad address");
	value = ptrace(PTRACE_PEEKDATA, child, page + 96, 0);
	check(ptrace(PTRACE_POKEDATA, child, page + 96, value | 7L << 32) == 0, "poke a read-only page");
	check(exit_code(resume(PTRACE_CONT, child, 0)) == 57, "the child has the new values");
}

static void step_target(void)
{
	for (volatile int i = 0; i < 20; i++)
		landmark();
}

static void single_steps(void)
{
	pid_t child = start(step_target);
	struct user_regs_struct regs;
	int at_landmark = 0, steps = 0;

	while (at_landmark < 5 && steps < 5000) {
		if (!check_failures && !stopped_by(resume(PTRACE_SINGLESTEP, child, 0), SIGTRAP))
			break;
		steps++;
		ptrace(PTRACE_GETREGS, child, 0, &regs);
		at_landmark += regs.rip == (unsigned long)landmark;
	}
	check(at_landmark == 5, "single steps reach a function five times: %d", at_landmark);
	check(exit_code(resume(PTRACE_CONT, child, 0)) == 0, "and the child goes on");
}

static void breakpoint(void)
{
	pid_t child = start(step_target);
	long text = ptrace(PTRACE_PEEKTEXT, child, landmark, 0);
	struct user_regs_struct regs;
	int hits = 0, status;

	check(ptrace(PTRACE_POKETEXT, child, landmark, (text & ~0xffL) | 0xcc) == 0, "a breakpoint");
	for (status = resume(PTRACE_CONT, child, 0); stopped_by(status, SIGTRAP) && hits < 10;) {
		hits++;
		ptrace(PTRACE_GETREGS, child, 0, &regs);
		need(regs.rip == (unsigned long)landmark + 1, "place of the breakpoint");
		ptrace(PTRACE_POKETEXT, child, landmark, text);
		regs.rip--;
		ptrace(PTRACE_SETREGS, child, 0, &regs);
		resume(PTRACE_SINGLESTEP, child, 0);
		ptrace(PTRACE_POKETEXT, child, landmark, (text & ~0xffL) | 0xcc);
		status = resume(PTRACE_CONT, child, 0);
	}
	check(hits == 10, "hits: %d", hits);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

static void watched(void)
{
	for (int i = 0; i < 3; i++)
		variable = i;
}

static void watchpoint(void)
{
	pid_t child = start(watched);
	int hits = 0, status;
	long dr6;

	check(ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[0]), &variable) == 0, "a watched address");
	check(ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[7]), 0xd0001L) == 0, "eight bytes, writes");
	while (stopped_by(status = resume(PTRACE_CONT, child, 0), SIGTRAP)) {
		dr6 = ptrace(PTRACE_PEEKUSER, child, offsetof(struct user, u_debugreg[6]), 0);
		hits += (dr6 & 1) != 0;
		ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[6]), 0L);
	}
	check(hits == 3, "writes seen: %d", hits);
	check(exit_code(status) == 0, "and the child ended");
}

static void calls(void)
{
	syscall(SYS_getppid);
	syscall(SYS_getpid);
	_exit(syscall(SYS_getuid) == 4321 ? 8 : 9);
}

static void system_calls(void)
{
	static const unsigned long expected[] = { SYS_getppid, SYS_getpid, SYS_getuid, SYS_exit_group };
	pid_t child = start(calls);
	struct user_regs_struct regs;
	int right = 0, status = 0;

	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
	for (int i = 0; i < 4; i++) {
		status = resume(PTRACE_SYSCALL, child, 0);
		ptrace(PTRACE_GETREGS, child, 0, &regs);
		right += stopped_by(status, SIGTRAP | 0x80) && regs.orig_rax == expected[i];
		if (i == 3)
			break;
		status = resume(PTRACE_SYSCALL, child, 0);
		ptrace(PTRACE_GETREGS, child, 0, &regs);
		if (regs.orig_rax == SYS_getuid) {
			regs.rax = 4321;
			ptrace(PTRACE_SETREGS, child, 0, &regs);
		}
	}
	check(right == 4, "system calls seen: %d", right);
	check(exit_code(resume(PTRACE_CONT, child, 0)) == 8, "a result that was replaced");
}

static void loop_forever(void)
{
	for (;;)
		landmark();
}

static void attach(void)
{
	struct user_fpregs_struct fp;
	struct user_regs_struct regs, again;
	struct iovec vector = { &again, sizeof(again) };
	int status;
	pid_t child = fork();

	if (child == 0)
		loop_forever();
	check(ptrace(PTRACE_SEIZE, child, 0, 0) == 0 && ptrace(PTRACE_INTERRUPT, child, 0, 0) == 0, "seize");
	check(waitpid(child, &status, 0) == child && stopped_by(status, SIGTRAP), "interrupt a busy process");
	check(ptrace(PTRACE_GETREGS, child, 0, &regs) == 0 && ptrace(PTRACE_GETREGSET, child, 1, &vector) == 0 &&
	      !memcmp(&regs, &again, sizeof(regs)), "registers by both ways");
	regs.r12 = 0x5a5a5a5a;
	ptrace(PTRACE_SETREGS, child, 0, &regs);
	ptrace(PTRACE_GETREGS, child, 0, &again);
	check(again.r12 == 0x5a5a5a5a && again.cs == 0x33 && again.ss == 0x2b, "a register set, segments");
	check(ptrace(PTRACE_GETFPREGS, child, 0, &fp) == 0 && fp.mxcsr == 0x1f80, "floating-point registers");
	fp.xmm_space[0] = 77;
	check(ptrace(PTRACE_SETFPREGS, child, 0, &fp) == 0, "set");
	fp.xmm_space[0] = 0;
	ptrace(PTRACE_GETFPREGS, child, 0, &fp);
	check(fp.xmm_space[0] == 77, "and read back");
	check(ptrace(PTRACE_DETACH, child, 0, 0) == 0, "detach");
	kill(child, SIGKILL);
	check(waitpid(child, &status, 0) == child && exit_code(status) == -SIGKILL, "killed");
}

static void forks(void)
{
	if (fork() == 0)
		_exit(0);
	execl("/proc/self/exe", "ptrace", "exit", NULL);
}

static void events(void)
{
	pid_t child = start(forks);
	int fork_seen = 0, exec_seen = 0, exit_seen = 0, status;
	pid_t who;

	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
	ptrace(PTRACE_CONT, child, 0, 0);
	while ((who = waitpid(-1, &status, __WALL)) > 0) {
		int pass = 0;

		if (!WIFSTOPPED(status))
			continue;
		fork_seen += status >> 8 == (SIGTRAP | PTRACE_EVENT_FORK << 8);
		exec_seen += status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
		exit_seen += status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8);
		if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP)
			pass = WSTOPSIG(status);
		ptrace(PTRACE_CONT, who, 0, (long)pass);
	}
	check(fork_seen == 1 && exec_seen == 1 && exit_seen == 2, "events: fork %d exec %d exit %d", fork_seen, exec_seen,
	      exit_seen);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return 0;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(page, 0, 4096);
	mprotect(page, 4096, PROT_READ);
	memory();
	single_steps();
	breakpoint();
	watchpoint();
	system_calls();
	attach();
	events();
	return check_end();
}
