// SPDX-License-Identifier: MIT
/* cflags: -Wno-clobbered */
/* A process that does what no honest one does: segment loads, kernel addresses, traps inside system calls, stacks. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>

#include "check.h"

static const unsigned long addresses[] = {
	0xffff800000000000, 0xffff800000200000, 0xffff87fffffff000, 0xffff888000000000, 0xffff888000100000,
	0xffffea0000000000, 0xfffffe8000000000, 0xfffffe8000001000, 0xfffffe8000101000, 0xffffffff80000000,
	0xffffffff81000000, 0xffffffffa0000000, 0xffffffffff600000, 0xfffffffffffff000, 0xffff900000000000,
	0x800000000000, 0x7ffffffff000, 0x1000000000000, 0xfffe000000000000,
};
#define ADDRESSES (sizeof(addresses) / sizeof(*addresses))

static sigjmp_buf back;
static int last_signal, last_code;
static unsigned long last_address, last_trap, last_error, last_ip, last_flags;
static volatile int traps;

static void caught(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	last_signal = number;
	last_code = info->si_code;
	last_address = (unsigned long)info->si_addr;
	last_trap = regs[REG_TRAPNO];
	last_error = regs[REG_ERR];
	last_ip = regs[REG_RIP];
	last_flags = regs[REG_EFL];
	siglongjmp(back, 1);
}

static void stepped(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	traps++;
	last_code = info->si_code;
	last_flags = regs[REG_EFL];
	if (traps > 60)
		regs[REG_EFL] &= ~0x100L;
}

static void handle(int number, void (*function)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = function, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	sigaction(number, &action, NULL);
}

static void handle_all(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS };

	for (unsigned int i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		handle(signals[i], caught);
}

static void report(const char *what, unsigned long expected)
{
	printf("%s: signal %d code %d trap %lu error %#lx address %#lx%s\n", what, last_signal, last_code, last_trap,
	       last_error, last_address, last_ip == expected ? " at the address" : "");
}

static void touch(void)
{
	char what[64];

	for (unsigned int i = 0; i < ADDRESSES; i++) {
		volatile char *at = (char *)addresses[i];

		snprintf(what, sizeof(what), "read %#lx", addresses[i]);
		if (!sigsetjmp(back, 1))
			*at;
		report(what, 0);
		snprintf(what, sizeof(what), "write %#lx", addresses[i]);
		if (!sigsetjmp(back, 1))
			*at = 1;
		report(what, 0);
		snprintf(what, sizeof(what), "jump %#lx", addresses[i]);
		if (!sigsetjmp(back, 1))
			asm volatile("jmp *%0" : : "r"(at));
		report(what, addresses[i]);
		snprintf(what, sizeof(what), "push %#lx", addresses[i]);
		if (!sigsetjmp(back, 1))
			asm volatile("mov %%rsp, %%rbx\n lea 8(%0), %%rsp\n push %%rax\n mov %%rbx, %%rsp" : : "r"(at) : "rbx");
		report(what, 0);
	}
}

/* The same addresses as arguments of system calls. */
static void pass(void)
{
	int pipes[2];
	char byte = 0;

	need(pipe(pipes) == 0, "pipe");
	for (unsigned int i = 0; i < ADDRESSES; i++) {
		void *at = (void *)addresses[i];
		struct iovec here = { &byte, 1 }, there = { at, 1 };
		int errors[6];

		errors[0] = syscall(SYS_write, pipes[1], at, 1L) < 0 ? errno : 0;
		need(write(pipes[1], "a", 1) == 1, "write");
		errors[1] = syscall(SYS_read, pipes[0], at, 1L) < 0 ? errno : 0;
		if (errors[1])
			read(pipes[0], &byte, 1);
		errors[2] = syscall(SYS_openat, AT_FDCWD, at, O_RDONLY) < 0 ? errno : 0;
		errors[3] = process_vm_readv(getpid(), &here, 1, &there, 1, 0) < 0 ? errno : 0;
		errors[4] = mmap(at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
		errors[5] = munmap(at, 4096) < 0 ? errno : 0;
		printf("calls %#lx: %d %d %d %d %d %d\n", addresses[i], errors[0], errors[1], errors[2], errors[3], errors[4],
		       errors[5]);
	}
	close(pipes[0]);
	close(pipes[1]);
}

/* A system call where all registers but its number are garbage. */
static void garbage(void)
{
	unsigned long result, rsp_kept = 0;

	for (unsigned int i = 0; i < ADDRESSES; i++) {
		asm volatile("mov %%rsp, %1\n mov %2, %%rsp\n mov $39, %%eax\n syscall\n mov %1, %%rsp"
			     : "=&a"(result), "=&r"(rsp_kept) : "r"(addresses[i]) : "rcx", "r11", "memory");
		check((pid_t)result == getpid(), "a system call with stack %#lx", addresses[i]);
	}
}

static void bases(void)
{
	unsigned long value, old;

	for (unsigned int i = 0; i < ADDRESSES; i++) {
		long error = syscall(SYS_arch_prctl, ARCH_SET_GS, addresses[i]) ? errno : 0;

		printf("gs base %#lx: errno %ld", addresses[i], error);
		if (!error) {
			last_signal = 0;
			if (!sigsetjmp(back, 1))
				asm volatile("mov %%gs:0, %0" : "=r"(value));
			printf(", read: signal %d", last_signal);
			syscall(SYS_sched_yield);
			asm volatile("rdgsbase %0" : "=r"(value));
			printf("%s", value == addresses[i] ? ", kept" : ", lost");
		}
		last_signal = 0;
		if (!sigsetjmp(back, 1))
			asm volatile("wrgsbase %0" : : "r"(addresses[i]));
		for (int call = 0; call < 100; call++)
			syscall(SYS_sched_yield);
		asm volatile("rdgsbase %0" : "=r"(value));
		printf(", written: signal %d %s\n", last_signal, value == addresses[i] ? "kept" : "as before");
	}
	syscall(SYS_arch_prctl, ARCH_SET_GS, 0L);
	asm volatile("rdfsbase %0" : "=r"(old));
	for (unsigned int i = 0; i < 10; i++) {
		asm volatile("wrfsbase %2\n mov $24, %%eax\n syscall\n rdfsbase %0\n wrfsbase %3"
			     : "=&r"(value), "=&a"(last_trap) : "r"(addresses[i]), "r"(old) : "rcx", "r11", "memory");
		check(value == addresses[i], "fs base %#lx through a system call", addresses[i]);
	}
}

static void selectors(void)
{
	static const unsigned short values[] = { 0, 1, 2, 3, 8, 0xb, 0x10, 0x13, 0x18, 0x1b, 0x28, 0x2b, 0x30,
		0x33, 0x38, 0x3b, 0x40, 0x43, 0x48, 0x50, 0x58, 0x60, 0x63, 0x68, 0x6b, 0x70, 0x73, 0x78, 0x7b, 0x80, 4, 7, 0xffff };
	unsigned int kept;

	for (unsigned int i = 0; i < sizeof(values) / sizeof(*values); i++) {
		int results[4] = { 0 };

		for (int segment = 0; segment < 4; segment++) {
			if (sigsetjmp(back, 1)) {
				results[segment] = last_signal * 10000 + last_error;
				continue;
			}
			switch (segment) {
			case 0:
				asm volatile("mov %0, %%ds" : : "r"(values[i]));
				break;
			case 1:
				asm volatile("mov %0, %%es" : : "r"(values[i]));
				break;
			case 2:
				asm volatile("mov %0, %%gs" : : "r"(values[i]));
				break;
			case 3:
				asm volatile("mov %0, %%ss" : : "r"(values[i]));
				break;
			}
		}
		asm volatile("mov %%ds, %0" : "=r"(kept));
		for (int call = 0; call < 100; call++)
			syscall(SYS_sched_yield);
		printf("selector %#x: ds %d es %d gs %d ss %d, ds is %#x", values[i], results[0], results[1], results[2],
		       results[3], kept);
		asm volatile("mov %%ds, %0" : "=r"(kept));
		printf(" and %#x\n", kept);
	}
	asm volatile("mov %0, %%ds\n mov %0, %%es\n mov %0, %%gs" : : "r"(0));
}

static void __attribute__((noinline)) step_calls(const char *what, int kind)
{
	traps = 0;
	handle(SIGTRAP, stepped);
	asm volatile("pushf\n orl $0x100, (%%rsp)\n popf" ::: "memory", "cc");
	if (kind == 0)
		syscall(SYS_getppid);
	else if (kind == 1)
		asm volatile("mov $24, %%eax\n syscall" ::: "rax", "rcx", "r11", "memory");
	else
		asm volatile("xor %%eax, %%eax\n cpuid" ::: "rax", "rbx", "rcx", "rdx");
	asm volatile("pushf\n andl $~0x100, (%%rsp)\n popf" ::: "memory", "cc");
	printf("%s: %d traps, code %d\n", what, traps, last_code);
	handle(SIGTRAP, caught);
}

/* Flags that must not reach the kernel: direction, alignment check, I/O privilege. */
static void flags(void)
{
	static const unsigned int values[] = { 0x400, 0x40000, 0x3000, 0x200000, 0x10000, 0xd5, 0x800 };
	unsigned long after;

	for (unsigned int i = 0; i < sizeof(values) / sizeof(*values); i++) {
		asm volatile("pushf\n orq %1, (%%rsp)\n popf\n mov $39, %%eax\n syscall\n pushf\n pop %0\n"
			     "pushf\n andl $~0x44400, (%%rsp)\n popf\n cld"
			     : "=&r"(after) : "r"((unsigned long)values[i]) : "rax", "rcx", "r11", "memory", "cc");
		printf("flags %#x through a system call: %#lx\n", values[i], after & ~0x8d5ul);
	}
}

static void entries(void)
{
	unsigned long errors = 0;

	last_signal = 0;
	if (!sigsetjmp(back, 1))
		asm volatile("mov $20, %%eax\n int $0x80" ::: "rax", "memory");
	report("int 0x80", 0);
	last_signal = 0;
	if (!sigsetjmp(back, 1))
		asm volatile("mov %%rsp, %%rbp\n mov $20, %%eax\n sysenter" ::: "rax", "rcx", "rdx", "memory");
	report("sysenter", 0);
	for (int number = 0; number < 256; number++) {
		static char code[] __attribute__((aligned(4096))) = { 0xcd, 0, 0xc3 };

		code[1] = number;
		mprotect(code, 3, PROT_READ | PROT_WRITE | PROT_EXEC);
		last_signal = last_error = 0;
		if (!sigsetjmp(back, 1))
			((void (*)(void))code)();
		if (last_signal != SIGSEGV)
			printf("int %#x: signal %d error %#lx\n", number, last_signal, last_error);
		errors = errors * 31 + last_error;
	}
	printf("errors of all: %#lx\n", errors);
	for (unsigned long number = 1ul << 9; number; number <<= 3)
		printf("call %#lx: errno %d\n", number, syscall(number) < 0 ? errno : 0);
	printf("call -1: errno %d\n", syscall(-1L) < 0 ? errno : 0);
}

/* Signal frames with everything in them replaced. */
static unsigned long replaced_ip, replaced_sp;
static int replaced_cs, replaced_ss;

static void replaces(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	if (replaced_ip)
		regs[REG_RIP] = replaced_ip;
	if (replaced_sp)
		regs[REG_RSP] = replaced_sp;
	if (replaced_cs)
		regs[REG_CSGSFS] = (regs[REG_CSGSFS] & ~0xffffl) | replaced_cs;
	if (replaced_ss)
		regs[REG_CSGSFS] = (regs[REG_CSGSFS] & 0xffffffffffffl) | (long)replaced_ss << 48;
	regs[REG_EFL] |= 0x3000 | 0x20000 | 0x4000;
}

static void frames(void)
{
	static const int segments[] = { 0x10, 0x18, 0x23, 0x2b, 0x33, 0x38, 0x63, 0x7b, 3 };
	char what[64];

	handle(SIGUSR1, replaces);
	for (unsigned int i = 0; i < ADDRESSES; i++) {
		replaced_ip = addresses[i];
		snprintf(what, sizeof(what), "return to %#lx", addresses[i]);
		last_signal = 0;
		if (!sigsetjmp(back, 1))
			raise(SIGUSR1);
		report(what, addresses[i]);
	}
	replaced_ip = 0;
	for (unsigned int i = 0; i < sizeof(segments) / sizeof(*segments); i++) {
		replaced_cs = segments[i];
		last_signal = 0;
		if (segments[i] != 0x23 && !sigsetjmp(back, 1))
			raise(SIGUSR1);
		last_address = 0;
		snprintf(what, sizeof(what), "return with cs %#x", segments[i]);
		report(what, 0);
		replaced_cs = 0;
		replaced_ss = segments[i];
		last_signal = 0;
		if (segments[i] != 0x23 && !sigsetjmp(back, 1))
			raise(SIGUSR1);
		last_address = 0;
		snprintf(what, sizeof(what), "return with ss %#x", segments[i]);
		report(what, 0);
		replaced_ss = 0;
	}
}

static void deep(void *unused)
{
	struct rlimit limit = { 64 << 20, 64 << 20 };
	volatile char *at = __builtin_frame_address(0);
	volatile char *area;

	setrlimit(RLIMIT_STACK, &limit);
	area = alloca(40 << 20);
	for (long i = (40 << 20) - 1; i >= 0; i -= 4096)
		area[i] = 1;
	check(area[4095] == 1 && at, "40 MiB of stack");
	signal(SIGSEGV, SIG_DFL);
	area = alloca(60 << 20);
	area[0] = 1;
}

static void no_stack(void *unused)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	sigaltstack(&none, NULL);
	asm volatile("mov $0xffff800000000000, %%rsp\n ud2" ::: "memory");
}

static void runs_away(void *unused)
{
	signal(SIGSEGV, SIG_DFL);
	munmap((void *)((unsigned long)runs_away & ~4095ul), 4096);
}

int main(void)
{
	stack_t stack = { .ss_sp = malloc(262144), .ss_size = 262144 };

	setvbuf(stdout, NULL, _IOFBF, 65536);
	sigaltstack(&stack, NULL);
	handle_all();
	touch();
	pass();
	garbage();
	bases();
	selectors();
	step_calls("single steps through the library's system call", 0);
	step_calls("through a system call", 1);
	step_calls("through cpuid", 2);
	flags();
	entries();
	frames();
	check(exit_code(in_child(deep, NULL)) == -SIGSEGV, "too much stack");
	check(exit_code(in_child(no_stack, NULL)) == -SIGSEGV, "a signal without a stack");
	check(exit_code(in_child(runs_away, NULL)) == -SIGSEGV, "code that unmaps itself");
	return check_end();
}
