// SPDX-License-Identifier: MIT
/* Page protection: every kind of access under every protection, with the signal's details. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "check.h"

#define PAGE 4096UL
#define PAGES 16

static sigjmp_buf back;
static int code;
static unsigned long error_code, trap_number;
static void *address;

static void caught(int number, siginfo_t *info, void *context)
{
	ucontext_t *state = context;

	code = info->si_code;
	address = info->si_addr;
	error_code = state->uc_mcontext.gregs[REG_ERR];
	trap_number = state->uc_mcontext.gregs[REG_TRAPNO];
	siglongjmp(back, number);
}

enum access { READ, WRITE, EXECUTE };
static const char *const names[] = { "read", "write", "execute" };

static int attempt(unsigned char *at, enum access kind)
{
	int number = sigsetjmp(back, 1);

	if (number)
		return number;
	if (kind == READ)
		(void)*(volatile unsigned char *)at;
	else if (kind == WRITE)
		*(volatile unsigned char *)at = 0xc3; /* a return instruction */
	else
		((void (*)(void))at)();
	return 0;
}

static void try_all(unsigned char *at, const char *what)
{
	for (enum access kind = READ; kind <= EXECUTE; kind++) {
		int number = attempt(at, kind);

		if (number)
			printf("%s, %s: signal %d code %d trap %lu error %#lx address %s\n", what, names[kind], number,
			       code, trap_number, error_code, address == at ? "right" : "wrong");
		else
			printf("%s, %s: works\n", what, names[kind]);
	}
}

static void matrix(unsigned char *area)
{
	static const struct { int protection; const char *name; } rows[] = {
		{ PROT_NONE, "none" }, { PROT_READ, "r" }, { PROT_READ | PROT_WRITE, "rw" },
		{ PROT_READ | PROT_EXEC, "rx" }, { PROT_READ | PROT_WRITE | PROT_EXEC, "rwx" },
		{ PROT_WRITE, "w" }, { PROT_EXEC, "x" },
	};

	for (int row = 0; row < 7; row++) {
		check(mprotect(area, PAGE, rows[row].protection) == 0, "mprotect %s", rows[row].name);
		try_all(area, rows[row].name);
	}
}

/* Only the pages named change, and a change back and forth keeps content. */
static void ranges(unsigned char *area)
{
	int faults = 0;

	for (int page = 0; page < PAGES; page++)
		area[page * PAGE + 8] = page;
	check(mprotect(area + 4 * PAGE, 8 * PAGE, PROT_READ) == 0, "half of it read-only");
	for (int page = 0; page < PAGES; page++)
		faults += attempt(area + page * PAGE, WRITE) == SIGSEGV;
	check(faults == 8, "faults: %d", faults);
	check(mprotect(area, PAGES * PAGE, PROT_READ | PROT_WRITE) == 0, "and writable again");
	faults = 0;
	for (int page = 0; page < PAGES; page++)
		faults += attempt(area + page * PAGE, WRITE) != 0 || area[page * PAGE + 8] != page;
	check(faults == 0, "faults: %d", faults);
}

static void flip(unsigned char *area)
{
	int right = 0;

	for (int round = 0; round < 500; round++) {
		mprotect(area, PAGES * PAGE, PROT_READ);
		right += attempt(area + round % PAGES * PAGE, WRITE) == SIGSEGV;
		mprotect(area, PAGES * PAGE, PROT_READ | PROT_WRITE);
		right += attempt(area + round % PAGES * PAGE, WRITE) == 0;
	}
	check(right == 1000, "back and forth: %d of 1000", right);
}

static void odd_addresses(void)
{
	static const unsigned long places[] = {
		0, 0x7ffffffff000, 0x800000000000, 0xffff800000000000, 0xffff880000000000, 0xffffffff81000000,
		0xffffffffff600000, 0xfffffe8000000000, 0xffff888000001000, 0xfffffffffffff000,
	};

	for (unsigned int i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int number = attempt((unsigned char *)places[i], WRITE);

		printf("%#lx: signal %d code %d trap %lu error %#lx\n", places[i], number, code, trap_number,
		       error_code);
		number = attempt((unsigned char *)places[i], READ);
		printf("%#lx: signal %d code %d trap %lu error %#lx\n", places[i], number, code, trap_number,
		       error_code);
	}
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
	unsigned char *area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sigaction(SIGSEGV, &action, NULL);
	area[0] = 0xc3;
	matrix(area);
	mprotect(area, PAGE, PROT_READ | PROT_WRITE);
	ranges(area);
	flip(area);
	odd_addresses();
	check(mprotect(area + 1, PAGE, PROT_READ) == -1 && errno == EINVAL, "an address that is not a page's");
	munmap(area + 8 * PAGE, PAGE);
	check(mprotect(area, PAGES * PAGE, PROT_READ) == -1 && errno == ENOMEM, "a range with a hole");
	return check_end();
}
