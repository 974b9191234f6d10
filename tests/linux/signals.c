// SPDX-License-Identifier: MIT
/* Signals: every register survives a handler, nesting, masks, stacks, restart, queueing, changed contexts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#include "check.h"

static volatile sig_atomic_t count, order[16];
static volatile unsigned long in_handler[17];

static void install(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	sigemptyset(&action.sa_mask);
	need(sigaction(number, &action, NULL) == 0, "sigaction");
}

/* Spoils what it may and notes what the interrupted code had. */
static void spoil(int number, siginfo_t *info, void *context)
{
	ucontext_t *state = context;

	for (int i = 0; i < 17; i++)
		in_handler[i] = state->uc_mcontext.gregs[i];
	count++;
	asm volatile("pcmpeqb %%xmm0, %%xmm0; pcmpeqb %%xmm7, %%xmm7; pcmpeqb %%xmm15, %%xmm15; std; cld; cmp %0, %0"
		     : : "r"(0) : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm7",
		       "xmm15", "cc");
}

/*
 * Loads every register with a pattern, waits for a signal inside a loop that
 * changes none of them, and counts how many have kept theirs.
 */
static int registers_kept(void)
{
	int kept;

	asm volatile("push %%rbp\n"
		     "mov $0x1111111111111111, %%rax\n mov $0x2222222222222222, %%rbx\n"
		     "mov $0x3333333333333333, %%rcx\n mov $0x4444444444444444, %%rdx\n"
		     "mov $0x5555555555555555, %%rsi\n mov $0x6666666666666666, %%rdi\n"
		     "mov $0x7777777777777777, %%rbp\n mov $0x8888888888888888, %%r8\n"
		     "mov $0x9999999999999999, %%r9\n mov $0xaaaaaaaaaaaaaaaa, %%r10\n"
		     "mov $0xbbbbbbbbbbbbbbbb, %%r11\n mov $0xcccccccccccccccc, %%r12\n"
		     "mov $0xdddddddddddddddd, %%r13\n mov $0xeeeeeeeeeeeeeeee, %%r14\n"
		     "mov $0x1212121212121212, %%r15\n"
		     "1: cmpl $0, %1\n je 1b\n"
		     "pushf\n"
#define SAME(reg, value) "push %%" #reg "\n movabs $" #value ", %%" #reg "\n cmp %%" #reg ", (%%rsp)\n" \
			 "pop %%" #reg "\n jne 2f\n"
		     SAME(rax, 0x1111111111111111) SAME(rbx, 0x2222222222222222) SAME(rcx, 0x3333333333333333)
		     SAME(rdx, 0x4444444444444444) SAME(rsi, 0x5555555555555555) SAME(rdi, 0x6666666666666666)
		     SAME(rbp, 0x7777777777777777) SAME(r8, 0x8888888888888888) SAME(r9, 0x9999999999999999)
		     SAME(r10, 0xaaaaaaaaaaaaaaaa) SAME(r11, 0xbbbbbbbbbbbbbbbb) SAME(r12, 0xcccccccccccccccc)
		     SAME(r13, 0xdddddddddddddddd) SAME(r14, 0xeeeeeeeeeeeeeeee) SAME(r15, 0x1212121212121212)
		     "movl $1, %%eax\n jmp 3f\n"
		     "2: movl $0, %%eax\n"
		     "3: popf\n pop %%rbp\n"
		     : "=a"(kept)
		     : "m"(count)
		     : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		       "cc", "memory");
	return kept;
}

static void registers(void)
{
	struct itimerval soon = { .it_value = { 0, 2000 } };
	int lost = 0, seen = 0;

	install(SIGALRM, spoil, 0);
	/* A signal that comes before the registers are loaded shows nothing: more rounds make up for it. */
	for (int round = 0; seen < 50 && round < 500; round++) {
		count = 0;
		setitimer(ITIMER_REAL, &soon, NULL);
		lost += !registers_kept();
		seen += in_handler[REG_RBX] == 0x2222222222222222 && in_handler[REG_R11] == 0xbbbbbbbbbbbbbbbb &&
			in_handler[REG_RCX] == 0x3333333333333333 && in_handler[REG_R15] == 0x1212121212121212 &&
			in_handler[REG_RBP] == 0x7777777777777777;
	}
	check(lost == 0, "no register was lost");
	check(seen == 50, "the handler saw them");
}

static void note(int number, siginfo_t *info, void *context)
{
	order[count++] = number;
	if (number == SIGUSR1)
		raise(SIGUSR2);
}

static void nesting_and_masks(void)
{
	sigset_t set, old, pending;

	install(SIGUSR1, note, 0);
	install(SIGUSR2, note, 0);
	count = 0;
	raise(SIGUSR1);
	check(count == 2 && order[0] == SIGUSR1 && order[1] == SIGUSR2, "a signal within a handler");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	count = 0;
	raise(SIGUSR2);
	raise(SIGUSR2);
	sigpending(&pending);
	check(count == 0 && sigismember(&pending, SIGUSR2) && !sigismember(&pending, SIGUSR1), "blocked and pending");
	sigprocmask(SIG_SETMASK, &old, NULL);
	check(count == 1, "delivered once");
	count = 0;
	install(SIGUSR1, note, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &(struct sigaction){ 0 });
	check(count == 2, "one-shot handler ran");
}

static int values[8];

static void queued(int number, siginfo_t *info, void *context)
{
	values[count++] = info->si_code == SI_QUEUE && info->si_pid == getpid() ? info->si_value.sival_int : -1;
}

static void queueing(void)
{
	sigset_t set;

	install(SIGRTMIN, queued, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	count = 0;
	for (int i = 0; i < 5; i++)
		sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i * 11 });
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	check(count == 5, "real-time signals are queued");
	check(values[0] == 0 && values[1] == 11 && values[4] == 44, "in order and with their values");
}

static char *stack_low, *stack_high;
static int on_stack;

static void look_at_stack(int number, siginfo_t *info, void *context)
{
	char here;

	on_stack = &here >= stack_low && &here < stack_high;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2; /* past the ud2 */
}

static void alternate_stack(void)
{
	stack_t stack = { .ss_size = 65536 };

	stack.ss_sp = stack_low = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_high = stack_low + 65536;
	check(sigaltstack(&stack, NULL) == 0, "sigaltstack");
	install(SIGILL, look_at_stack, SA_ONSTACK);
	asm volatile("ud2" ::: "memory");
	check(on_stack == 1, "the handler ran there");
	install(SIGILL, look_at_stack, 0);
	asm volatile("ud2" ::: "memory");
	check(on_stack == 0, "and here when not asked");
}

static void nothing(int number, siginfo_t *info, void *context)
{
	count++;
}

static void restarts(int flags, const char *what)
{
	struct itimerval soon = { .it_value = { 0, 20000 } };
	int ends[2], status;
	ssize_t got;
	char byte;
	pid_t child;

	need(pipe(ends) == 0, "pipe");
	install(SIGALRM, nothing, flags);
	count = 0;
	child = fork();
	if (child == 0) {
		usleep(100000);
		need(write(ends[1], "x", 1) == 1, "write");
		_exit(0);
	}
	setitimer(ITIMER_REAL, &soon, NULL);
	got = read(ends[0], &byte, 1);
	check(flags ? got == 1 : got == -1 && errno == EINTR, "read, interrupted: %s", what);
	check(count == 1, "the handler ran");
	waitpid(child, &status, 0);
	close(ends[0]);
	close(ends[1]);
}

static void change_context(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	regs[REG_RAX] = 0x123456789abcdef0;
	regs[REG_R11] = 0x0fedcba987654321;
	regs[REG_RCX] = 0x1122334455667788;
	regs[REG_EFL] |= 1; /* carry */
	regs[REG_RIP] += 2;
}

static void changed_contexts(void)
{
	unsigned long a, b, c;
	char carry;

	install(SIGILL, change_context, 0);
	asm volatile("clc\n ud2\n setc %3\n mov %%r11, %1\n mov %%rcx, %2"
		     : "=a"(a), "=r"(b), "=r"(c), "=r"(carry) : : "rcx", "r11", "memory", "cc");
	check(a == 0x123456789abcdef0 && b == 0x0fedcba987654321 && c == 0x1122334455667788,
	      "registers that a handler set");
	check(carry == 1, "and flags");
}

static void child_signal(int number, siginfo_t *info, void *context)
{
	count += info->si_code == CLD_EXITED && info->si_status == 12;
}

static void child_ends(void)
{
	int status;

	install(SIGCHLD, child_signal, SA_RESTART);
	count = 0;
	if (fork() == 0)
		_exit(12);
	check(wait(&status) > 0 && count == 1, "SIGCHLD with the status");
}

static void timers(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec every = { { 0, 1000000 }, { 0, 1000000 } };
	timer_t timer;

	install(SIGUSR1, nothing, SA_RESTART);
	count = 0;
	check(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create");
	timer_settime(timer, 0, &every, NULL);
	while (count < 20)
		;
	check(timer_delete(timer) == 0, "twenty expirations, none lost to a busy loop");
}

int main(void)
{
	registers();
	nesting_and_masks();
	queueing();
	alternate_stack();
	restarts(0, "fails");
	restarts(SA_RESTART, "goes on");
	changed_contexts();
	child_ends();
	timers();
	return check_end();
}
