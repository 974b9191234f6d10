/* SPDX-License-Identifier: MIT */
/*
 * Tries to exchange pong's program for bad ones: each is refused or taken back, and pong goes on. Needs `control` and
 * the session "pong"; a component "stopped" does not run.
 */
#include <elf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/re/c/control.h>
#include <l4/re/env.h>

static l4_cap_idx_t control;
static long pong;

static void check(int good, const char *what)
{
	if (good)
		return;
	printf("not ok upgrade %s\n", what);
	exit(1);
}

static long op(l4_umword_t operation, l4_umword_t a, l4_umword_t b, unsigned words)
{
	l4_umword_t *mr = l4_utcb()->msg.mr;

	mr[0] = operation;
	mr[1] = pong;
	mr[2] = a;
	mr[3] = b;
	return l4_error(l4_invoke(control, L4RE_PROTO_CONTROL, words, l4_utcb()));
}

/* The smallest program: one segment of `bytes`, with this code. */
struct program {
	Elf64_Ehdr h;
	Elf64_Phdr p;
	unsigned char code[8];
};

static struct program make(const char *code, Elf64_Xword bytes)
{
	struct program e = {
		.h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC, .e_machine = EM_X86_64,
		       .e_version = EV_CURRENT, .e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
		       .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1 },
		.p = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000, .p_paddr = 0x400000, .p_filesz = sizeof(e), .p_memsz = bytes,
		       .p_align = 4096 } };

	memcpy(e.code, code, 2);
	e.h.e_entry = 0x400000 + offsetof(struct program, code);
	return e;
}

static long upgrade(const struct program *e)
{
	return l4re_control_upgrade(control, pong, e, sizeof(*e));
}

/* Wait for the end of a trial. */
static unsigned outcome(void)
{
	l4re_component_info_t info;

	do {
		l4_ipc_sleep_ms(5);
		check(l4re_control_info(control, pong, &info) == 0, "info");
	} while (info.upgrade == L4RE_UPGRADE_TRIAL);
	check(info.running && info.restarts == 0, "runs, restarts not counted");
	return info.upgrade;
}

static void refused(void)
{
	static const char text[600] = "no program";
	struct program good = make("\x0f\x0b", sizeof(good)), bad = good;

	check(op(L4RE_CONTROL_PROGRAM_OP, 0, 0, 3) == -L4_EINVAL, "no bytes");
	check(op(L4RE_CONTROL_PROGRAM_OP, L4RE_PROGRAM_MAX + 1, 0, 3) == -L4_EINVAL, "too many bytes");
	check(op(L4RE_CONTROL_PROGRAM_OP, 0, 0, 2) == -L4_EMSGTOOSHORT, "short message");
	check(op(L4RE_CONTROL_UPGRADE_OP, 0, 0, 2) == -L4_EINVAL, "nothing there");
	check(op(L4RE_CONTROL_WRITE_OP, 0, 8, 5) == -L4_ERANGE, "a piece of nothing");
	check(op(L4RE_CONTROL_PROGRAM_OP, 100, 0, 3) == 0, "program");
	check(op(L4RE_CONTROL_WRITE_OP, 8, 8, 5) == -L4_ERANGE, "not the next piece");
	check(op(L4RE_CONTROL_WRITE_OP, 0, 101, 4 + 13) == -L4_ERANGE, "too long a piece");
	check(op(L4RE_CONTROL_WRITE_OP, 0, 9, 5) == -L4_EMSGTOOSHORT, "less than it says");
	check(op(L4RE_CONTROL_WRITE_OP, 0, 8, 3) == -L4_EMSGTOOSHORT, "no length");
	check(op(L4RE_CONTROL_WRITE_OP, 0, 8, 5) == 0, "piece");
	check(op(L4RE_CONTROL_UPGRADE_OP, 0, 0, 2) == -L4_EINVAL, "not complete");
	check(l4re_control_upgrade(control, pong, text, sizeof(text)) == -L4_EINVAL, "no program");
	bad.h.e_machine = EM_AARCH64;
	check(upgrade(&bad) == -L4_EINVAL, "another machine's");
	bad = good;
	bad.p.p_filesz = 1UL << 40;
	check(upgrade(&bad) == -L4_EINVAL, "a segment outside the file");
	check(l4re_control_upgrade(control, 1000, &good, sizeof(good)) == -L4_ENOENT, "no component");
	check(l4re_control_upgrade(control, l4re_control_find(control, "stopped"), &good, sizeof(good)) == -L4_ENOENT, "does not run");
}

static void taken_back(void)
{
	struct program faults = make("\x0f\x0b", sizeof(faults)), loops = make("\xeb\xfe", sizeof(loops)), large = make("\xeb\xfe", 1UL << 30);

	check(upgrade(&large) == 0 && outcome() == L4RE_UPGRADE_ROLLED_BACK, "larger than its memory");
	check(upgrade(&faults) == 0 && outcome() == L4RE_UPGRADE_ROLLED_BACK, "faults");
	check(upgrade(&loops) == 0, "loops");
	check(op(L4RE_CONTROL_PROGRAM_OP, 100, 0, 3) == -L4_EBUSY, "a program while on trial");
	check(op(L4RE_CONTROL_WRITE_OP, 0, 8, 5) == -L4_EBUSY, "a piece while on trial");
	check(op(L4RE_CONTROL_UPGRADE_OP, 0, 0, 2) == -L4_EBUSY, "an upgrade while on trial");
	check(outcome() == L4RE_UPGRADE_ROLLED_BACK, "not ready in time");
}

int main(void)
{
	l4_size_t memory, kernel, memory_after, kernel_after;
	l4_cap_idx_t gate = l4re_env_get_cap("pong");
	l4_utcb_t *u = l4_utcb();

	control = l4re_env_get_cap("control");
	pong = l4re_control_find(control, "pong");
	check(pong >= 0, "no pong");
	taken_back();
	check(l4re_control_totals(control, &memory, &kernel) >= 0, "totals");
	refused();
	taken_back();
	check(l4re_control_totals(control, &memory_after, &kernel_after) >= 0, "totals");
	if (memory_after != memory || kernel_after != kernel) {
		printf("not ok upgrade memory %lu, was %lu; kernel memory %lu, was %lu\n", memory_after, memory, kernel_after, kernel);
		return 1;
	}
	u->msg.mr[0] = 41;
	check(l4_error(l4_ipc_call(gate, u, l4_msgtag(0, 1, 0, 0), L4_IPC_NEVER)) >= 0 && u->msg.mr[0] == 42, "pong");
	puts("ok upgrade");
	return 0;
}
