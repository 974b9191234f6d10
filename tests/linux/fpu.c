// SPDX-License-Identifier: MIT
/* cflags: -pthread */
/* Vector and floating-point state: kept over switches, system calls, faults, signals and fork; seen in frames. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "check.h"

static bool have_avx;

static void fill_registers(const unsigned char *pattern)
{
	if (have_avx)
		asm volatile("vmovdqu (%0), %%ymm0\n vmovdqu 32(%0), %%ymm1\n vmovdqu 64(%0), %%ymm7\n"
			     "vmovdqu 96(%0), %%ymm8\n vmovdqu 128(%0), %%ymm15" : : "r"(pattern));
	else
		asm volatile("movdqu (%0), %%xmm0\n movdqu 32(%0), %%xmm1\n movdqu 64(%0), %%xmm7\n"
			     "movdqu 96(%0), %%xmm8\n movdqu 128(%0), %%xmm15" : : "r"(pattern));
}

static void read_registers(unsigned char *out)
{
	if (have_avx)
		asm volatile("vmovdqu %%ymm0, (%0)\n vmovdqu %%ymm1, 32(%0)\n vmovdqu %%ymm7, 64(%0)\n"
			     "vmovdqu %%ymm8, 96(%0)\n vmovdqu %%ymm15, 128(%0)" : : "r"(out) : "memory");
	else
		asm volatile("movdqu %%xmm0, (%0)\n movdqu %%xmm1, 32(%0)\n movdqu %%xmm7, 64(%0)\n"
			     "movdqu %%xmm8, 96(%0)\n movdqu %%xmm15, 128(%0)" : : "r"(out) : "memory");
}

static int same(const unsigned char *one, const unsigned char *two)
{
	for (int i = 0; i < 160; i++)
		if (one[i] != two[i] && (have_avx || i % 32 < 16))
			return 0;
	return 1;
}

static long raw_call(long number)
{
	long result;

	asm volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
	return result;
}

/* Fills the registers and gives up the CPU again and again; others do the same with other patterns. */
static void *switcher(void *number)
{
	unsigned char pattern[160], now[160];
	long right = 0;

	for (int i = 0; i < 160; i++)
		pattern[i] = i * 7 + (int)(long)number * 31;
	for (int round = 0; round < 300; round++) {
		fill_registers(pattern);
		raw_call(SYS_sched_yield);
		for (volatile int i = 0; i < 200; i++)
			;
		read_registers(now);
		right += same(pattern, now);
	}
	return (void *)right;
}

static void switches(void)
{
	pthread_t threads[4];
	long right = 0;
	void *result;

	for (long i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, switcher, (void *)i);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		right += (long)result;
	}
	check(right == 1200, "registers over switches between threads: %ld of 1200", right);
	fflush(stdout);
	for (long i = 0; i < 3; i++)
		if (fork() == 0)
			_exit(switcher((void *)(i + 10)) == (void *)300 ? 0 : 1);
	right = 0;
	for (int status, i = 0; i < 3; i++)
		right += wait(&status) > 0 && status == 0;
	check(right == 3, "and between processes");
}

static volatile int handled;
static unsigned char frame_xmm0[16];

static void spoil(int number, siginfo_t *info, void *context)
{
	unsigned char junk[160];

	memcpy(frame_xmm0, ((ucontext_t *)context)->uc_mcontext.fpregs->_xmm[0].element, 16);
	memset(junk, 0xee, sizeof(junk));
	fill_registers(junk);
	handled++;
}

static void signals(void)
{
	struct sigaction action = { .sa_sigaction = spoil, .sa_flags = SA_SIGINFO };
	unsigned char pattern[160], now[160];

	for (int i = 0; i < 160; i++)
		pattern[i] = 255 - i;
	sigaction(SIGUSR1, &action, NULL);
	fill_registers(pattern);
	asm volatile("syscall" : : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1) : "rcx", "r11", "memory");
	read_registers(now);
	check(handled == 1 && !memcmp(frame_xmm0, pattern, 16), "the frame of a signal has them");
	fill_registers(pattern);
	asm volatile("syscall" : : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1) : "rcx", "r11", "memory");
	read_registers(now);
	check(same(pattern, now), "and they are restored");
}

static void change_frame(int number, siginfo_t *info, void *context)
{
	memset(((ucontext_t *)context)->uc_mcontext.fpregs->_xmm[1].element, 0x5c, 16);
}

static void changed_frame(void)
{
	struct sigaction action = { .sa_sigaction = change_frame, .sa_flags = SA_SIGINFO };
	unsigned char zero[160] = { 0 }, now[160];

	sigaction(SIGUSR2, &action, NULL);
	fill_registers(zero);
	asm volatile("syscall" : : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR2) : "rcx", "r11", "memory");
	read_registers(now);
	check(now[32] == 0x5c && now[47] == 0x5c && now[0] == 0, "a register that a handler set");
}

static void faults_and_fork(void)
{
	unsigned char pattern[160], now[160];
	volatile char *area = mmap(NULL, 100 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;
	long child;

	for (int i = 0; i < 160; i++)
		pattern[i] = i ^ 0x55;
	fill_registers(pattern);
	for (int i = 0; i < 100; i++)
		area[i * 4096] = 1;
	read_registers(now);
	check(same(pattern, now), "registers over page faults");
	fflush(stdout);
	fill_registers(pattern);
	child = raw_call(SYS_fork);
	read_registers(now);
	if (child == 0)
		_exit(!same(pattern, now));
	check(waitpid(child, &status, 0) == child && status == 0 && same(pattern, now), "a child has its parent's");
}

static void control_words(void)
{
	unsigned short control = 0x27f, control_now;
	unsigned int mxcsr = 0x9fc0, mxcsr_now;
	volatile double tenth = 1.0 / 10;
	long double sum = 0;

	asm volatile("fldcw %0\n ldmxcsr %1" : : "m"(control), "m"(mxcsr));
	raw_call(SYS_sched_yield);
	usleep(1000);
	asm volatile("fnstcw %0\n stmxcsr %1" : "=m"(control_now), "=m"(mxcsr_now));
	asm volatile("fninit\n ldmxcsr %0" : : "m"(*(int[]){ 0x1f80 }));
	check(control_now == control && (mxcsr_now & 0xffc0) == mxcsr, "control words: %#x %#x", control_now,
	      mxcsr_now & 0xffc0);
	for (int i = 0; i < 10; i++)
		sum += tenth;
	printf("sum %.20Lf\n", sum);
}

int main(void)
{
	unsigned int a, b, c, d;

	__cpuid(1, a, b, c, d);
	have_avx = (c & bit_OSXSAVE) && (c & bit_AVX);
	printf("AVX: %s\n", have_avx ? "yes" : "no");
	switches();
	signals();
	changed_frame();
	faults_and_fork();
	control_words();
	return check_end();
}
