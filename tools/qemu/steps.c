/* SPDX-License-Identifier: MIT */
/*
 * A plugin of QEMU that remembers the instructions executed last, and writes them into a file each time a program comes by
 * l4util_mark(). What is executed is not changed by it, nor is the time of --icount.
 *
 *	-plugin build/qemu/steps.so,out=FILE
 *
 * The file is a number of 64-bit words, oldest first, an instruction each: its address, with what it does in the bits that
 * sign extension makes equal (STEP_KIND_SHIFT): enum step_kind.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <l4/util/mark.h>

/* What is used of QEMU's interface for plugins, version 1. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { QEMU_PLUGIN_CB_NO_REGS };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*translated)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*executed)(unsigned int, void *), int flags,
					    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define STEPS (1UL << 18)
#define STEP_KIND_SHIFT 56
enum step_kind { STEP_OTHER, STEP_CALL, STEP_RETURN, STEP_READ_CLOCK };

static const char *out;
static uint64_t steps[STEPS];
static uint64_t count;

static void write_steps(void)
{
	uint64_t first = count > STEPS ? count - STEPS : 0;
	FILE *file = fopen(out, "wb");

	if (!file)
		return;
	fwrite(&steps[first % STEPS], sizeof(steps[0]), (count < STEPS ? count : STEPS) - first % STEPS, file);
	fwrite(steps, sizeof(steps[0]), first % STEPS, file);
	fclose(file);
}

static void executed(unsigned int cpu, void *step)
{
	steps[count++ % STEPS] = (uint64_t)step;
}

static void marked(unsigned int cpu, void *step)
{
	executed(cpu, step);
	write_steps();
}

static enum step_kind kind_of(const unsigned char *code, size_t size)
{
	/* A prefix REX. */
	if (size > 1 && (*code & 0xf0) == 0x40) {
		code++;
		size--;
	}
	if (*code == 0xe8 || (size > 1 && *code == 0xff && (code[1] >> 3 & 7) == 2))
		return STEP_CALL;
	if (*code == 0xc3)
		return STEP_RETURN;
	return size == 2 && code[0] == 0x0f && code[1] == 0x31 ? STEP_READ_CLOCK : STEP_OTHER;
}

static bool is_mark(const unsigned char *code, size_t size)
{
	static const unsigned char mark[] = L4UTIL_MARK_BYTES;

	return size == sizeof(mark) && !memcmp(code, mark, size);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	for (size_t n = 0; n < qemu_plugin_tb_n_insns(tb); n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n);
		const unsigned char *code = qemu_plugin_insn_data(insn);
		size_t size = qemu_plugin_insn_size(insn);
		uint64_t step = qemu_plugin_insn_vaddr(insn) & ((1UL << STEP_KIND_SHIFT) - 1);

		step |= (uint64_t)kind_of(code, size) << STEP_KIND_SHIFT;
		qemu_plugin_register_vcpu_insn_exec_cb(insn, is_mark(code, size) ? marked : executed, QEMU_PLUGIN_CB_NO_REGS,
						       (void *)step);
	}
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	if (!out) {
		fprintf(stderr, "steps: out=FILE is missing\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
