// SPDX-License-Identifier: MIT
/* Exceptions of user code: which signal, code, trap number, error code and address each one gives. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "check.h"

static sigjmp_buf back;
static siginfo_t last;
static unsigned long trap, error_code;
static long offset;
static volatile char *instruction;

static void caught(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	/* The handler inherits the alignment check; the library is not written for it. */
	asm volatile("pushf\n andl $~0x40000, (%%rsp)\n popf" ::: "memory", "cc");
	last = *info;
	trap = regs[REG_TRAPNO];
	error_code = regs[REG_ERR];
	offset = (char *)regs[REG_RIP] - (char *)instruction;
	siglongjmp(back, number);
}

static void report(const char *what, int number)
{
	printf("%s: signal %d code %d trap %lu error %#lx", what, number, last.si_code, trap, error_code);
	if (number != SIGSEGV)
		printf(" address %s", !last.si_addr ? "none" : last.si_addr == instruction ? "the instruction" : "other");
	printf(" ip +%ld\n", offset);
}

/* Runs one instruction whose address is known. */
#define TRAP(what, text, ...)                                                                                   \
	do {                                                                                                    \
		int number = sigsetjmp(back, 1);                                                                \
														\
		if (number) {                                                                                   \
			report(what, number);                                                                   \
		} else {                                                                                        \
			asm volatile("lea 1f(%%rip), %%r15\n mov %%r15, %0\n1: " text "\n"                      \
				     : "=m"(instruction) : __VA_ARGS__ : "r15", "rax", "rbx", "rcx", "rdx", "memory", "cc"); \
			printf("%s: no signal\n", what);                                                        \
		}                                                                                               \
	} while (0)

static void arithmetic(void)
{
	TRAP("divide by zero", "xor %%edx, %%edx\n xor %%ecx, %%ecx\n divl %%ecx", "m"(back));
	TRAP("divide overflow", "mov $-1, %%edx\n mov $1, %%ecx\n divl %%ecx", "m"(back));
	TRAP("x87 divide by zero", "fninit\n fldcw %1\n fld1\n fldz\n fdivrp\n fwait", "m"(*(short[]){ 0x37b }));
	asm volatile("fninit");
	TRAP("SSE divide by zero", "ldmxcsr %1\n pxor %%xmm0, %%xmm0\n pcmpeqb %%xmm1, %%xmm1\n"
	     "cvtsi2sd %%ecx, %%xmm1\n divsd %%xmm0, %%xmm1", "m"(*(int[]){ 0x1d80 }));
	asm volatile("ldmxcsr %0" : : "m"(*(int[]){ 0x1f80 }));
}

static void debugging(void)
{
	TRAP("int3", "int3", "m"(back));
	TRAP("int 3, two bytes", "int $3", "m"(back));
	TRAP("single step", "pushf\n orl $0x100, (%%rsp)\n popf\n nop\n nop", "m"(back));
	TRAP("int1", ".byte 0xf1", "m"(back));
}

static void invalid(void)
{
	TRAP("ud2", "ud2", "m"(back));
	TRAP("undefined opcode", ".byte 0x0f, 0xff", "m"(back));
	TRAP("hlt", "hlt", "m"(back));
	TRAP("cli", "cli", "m"(back));
	TRAP("sti", "sti", "m"(back));
	TRAP("in", "in $0x80, %%al", "m"(back));
	TRAP("out to the exit port", "mov $0, %%eax\n out %%al, $0xf4", "m"(back));
	TRAP("rdmsr", "rdmsr", "m"(back));
	TRAP("mov from cr3", "mov %%cr3, %%rax", "m"(back));
	TRAP("mov to cr0", "mov %%rax, %%cr0", "m"(back));
	TRAP("mov from dr0", "mov %%db0, %%rax", "m"(back));
	TRAP("lgdt", "lgdt (%%rsp)", "m"(back));
	TRAP("ltr", "ltr %%ax", "m"(back));
	TRAP("wbinvd", "wbinvd", "m"(back));
	TRAP("invlpg", "invlpg (%%rsp)", "m"(back));
	TRAP("swapgs", "swapgs", "m"(back));
	TRAP("sysret", "sysretq", "m"(back));
	TRAP("clac", "clac", "m"(back));
	TRAP("xsetbv", "xor %%ecx, %%ecx\n xsetbv", "m"(back));
}

static void interrupts(void)
{
	TRAP("int 0x20", "int $0x20", "m"(back));
	TRAP("int 0x0e", "int $0x0e", "m"(back));
	TRAP("int 0x08", "int $0x08", "m"(back));
	TRAP("int 0xff", "int $0xff", "m"(back));
	TRAP("int 0xf0", "int $0xf0", "m"(back));
	TRAP("into 64 bit", ".byte 0xce", "m"(back));
}

static void segments(void)
{
	TRAP("load a null data segment", "xor %%eax, %%eax\n mov %%eax, %%ds\n mov %%eax, %%es", "m"(back));
	TRAP("load a segment out of the table", "mov $0xfff8, %%eax\n mov %%eax, %%ds", "m"(back));
	TRAP("load the kernel's stack segment", "mov $0x18, %%eax\n mov %%eax, %%ss", "m"(back));
	/* No far return: QEMU before 9.1 reads the stack as the kernel would and trips over SMAP. */
}

static void addresses(void)
{
	TRAP("not canonical, read", "mov $0x8000000000000000, %%rax\n mov (%%rax), %%rax", "m"(back));
	TRAP("not canonical, jump", "mov $0x0000800000000000, %%rax\n jmp *%%rax", "m"(back));
	TRAP("not canonical, stack", "mov %%rsp, %%rbx\n mov $0x0001000000000000, %%rsp\n push %%rax\n mov %%rbx, %%rsp",
	     "m"(back));
	TRAP("unaligned SSE", "lea 1(%%rsp), %%rax\n movaps (%%rax), %%xmm0", "m"(back));
	TRAP("alignment check", "pushf\n orl $0x40000, (%%rsp)\n popf\n lea 1(%%rsp), %%rax\n movl (%%rax), %%ecx",
	     "m"(back));
}

int main(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };

	sigaltstack(&stack, NULL);
	for (unsigned int i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 4096);
	arithmetic();
	debugging();
	invalid();
	interrupts();
	segments();
	addresses();
	return check_end();
}
