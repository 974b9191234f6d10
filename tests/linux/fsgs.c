// SPDX-License-Identifier: MIT
/* cflags: -pthread -mfsgsbase */
/* FS and GS base: by arch_prctl and by instruction, over switches, signals, faults, fork and tracing. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <elf.h>
#include <immintrin.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "check.h"

static unsigned long get(int which)
{
	unsigned long value = 0;

	syscall(SYS_arch_prctl, which, &value);
	return value;
}

static void by_call(void)
{
	static long there = 0x1234;
	long value;

	check(syscall(SYS_arch_prctl, ARCH_SET_GS, &there) == 0, "set GS");
	asm volatile("mov %%gs:0, %0" : "=r"(value));
	check(value == 0x1234, "memory through GS");
	check(get(ARCH_GET_GS) == (unsigned long)&there, "get GS");
	check(get(ARCH_GET_FS) == (unsigned long)pthread_self(), "FS is the thread's");
	check(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x800000000000) == -1 && errno == EPERM, "GS not canonical");
	check(syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff888000000000) == -1 && errno == EPERM, "GS in the kernel");
	check(get(ARCH_GET_GS) == (unsigned long)&there, "GS is unchanged");
}

static void by_instruction(void)
{
	check(getauxval(AT_HWCAP2) & 2, "FSGSBASE for user code");
	_writegsbase_u64(0x1122334455667788 & 0x7fffffffffff);
	check(get(ARCH_GET_GS) == (0x1122334455667788 & 0x7fffffffffff), "the kernel sees what wrgsbase set");
	_writegsbase_u64(0xffff888000001000);
	usleep(1000);
	check(_readgsbase_u64() == 0xffff888000001000, "a base in the upper half is only a number");
	syscall(SYS_arch_prctl, ARCH_SET_GS, 0x5000);
	check(_readgsbase_u64() == 0x5000, "rdgsbase sees what the kernel set");
}

static void *switcher(void *number)
{
	unsigned long base = 0x10000UL * (unsigned long)number;
	long right = 0;

	_writegsbase_u64(base);
	for (int round = 0; round < 300; round++) {
		syscall(SYS_sched_yield);
		right += _readgsbase_u64() == base;
		if (round % 50 == 0)
			usleep(500);
	}
	return (void *)right;
}

static void switches(void)
{
	pthread_t threads[4];
	long right = 0;
	void *result;

	for (long i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, switcher, (void *)(i + 1));
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		right += (long)result;
	}
	check(right == 1200, "GS over switches: %ld of 1200", right);
}

static volatile unsigned long in_handler;

static void handler(int number)
{
	in_handler = _readgsbase_u64();
	_writegsbase_u64(0x7000);
}

static void over_signals(void)
{
	int status;
	pid_t child;

	signal(SIGUSR1, handler);
	_writegsbase_u64(0x6000);
	raise(SIGUSR1);
	check(in_handler == 0x6000, "GS in a handler");
	check(_readgsbase_u64() == 0x7000, "a handler's GS stays");
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(_readgsbase_u64() != 0x7000);
	check(waitpid(child, &status, 0) == child && status == 0, "a child has its parent's GS");
}

static void traced(void)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		_writegsbase_u64(0x8000);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(_readgsbase_u64() != 0x9000);
	}
	waitpid(child, &status, 0);
	check(ptrace(PTRACE_PEEKUSER, child, offsetof(struct user_regs_struct, gs_base), 0) == 0x8000, "tracer reads GS");
	check(ptrace(PTRACE_POKEUSER, child, offsetof(struct user_regs_struct, gs_base), 0x9000L) == 0, "and sets it");
	ptrace(PTRACE_CONT, child, 0, 0);
	check(waitpid(child, &status, 0) == child && status == 0, "the child has it");
}

static void selectors(void)
{
	unsigned short selector = 7;

	asm volatile("mov %0, %%gs" : : "r"((unsigned short)0));
	asm volatile("mov %%gs, %0" : "=r"(selector));
	check(selector == 0, "a null selector");
	asm volatile("mov %0, %%gs\n mov %%gs, %0" : "+r"(selector));
	_writegsbase_u64(0x4000);
	asm volatile("mov %0, %%gs" : : "r"((unsigned short)0x2b));
	syscall(SYS_sched_yield);
	asm volatile("mov %%gs, %0" : "=r"(selector));
	check(selector == 0x2b, "the data segment's selector stays: %#x", selector);
}

int main(void)
{
	by_call();
	by_instruction();
	switches();
	over_signals();
	traced();
	selectors();
	return check_end();
}
