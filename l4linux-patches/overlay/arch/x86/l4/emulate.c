// SPDX-License-Identifier: GPL-2.0-only
/* The few privileged instructions that Linux uses without a paravirtual hook. */

#include <linux/kernel.h>
#include <linux/uaccess.h>

#include <asm/insn.h>
#include <asm/paravirt.h>
#include <asm/special_insns.h>

#include "port.h"

void this_cpu_cmpxchg16b_emu(void);

/* Ports do not exist: reads give all ones, as an empty bus does. */
static bool emulate_port(struct pt_regs *regs, const struct insn *in)
{
	switch (in->opcode.bytes[0]) {
	case 0xe4: /* in al */
	case 0xec:
		regs->ax |= 0xff;
		return true;
	case 0xe5: /* in ax, eax */
	case 0xed:
		regs->ax = in->opnd_bytes == 2 ? regs->ax | 0xffff : 0xffffffff;
		return true;
	case 0xe6: /* out */
	case 0xe7:
	case 0xee:
	case 0xef:
		return true;
	default:
		return false;
	}
}

/* XCR0 is the microkernel's; Linux was told by CPUID to want just that value. */
static bool emulate_xsetbv(const struct pt_regs *regs)
{
	return !regs->cx && ((regs->dx << 32 | (u32)regs->ax) & ~l4_info->xcr0) == 0;
}

static unsigned long *modrm_rm(struct pt_regs *regs, const struct insn *in)
{
	static const u8 offset[16] = {
		offsetof(struct pt_regs, ax), offsetof(struct pt_regs, cx),
		offsetof(struct pt_regs, dx), offsetof(struct pt_regs, bx),
		offsetof(struct pt_regs, sp), offsetof(struct pt_regs, bp),
		offsetof(struct pt_regs, si), offsetof(struct pt_regs, di),
		offsetof(struct pt_regs, r8), offsetof(struct pt_regs, r9),
		offsetof(struct pt_regs, r10), offsetof(struct pt_regs, r11),
		offsetof(struct pt_regs, r12), offsetof(struct pt_regs, r13),
		offsetof(struct pt_regs, r14), offsetof(struct pt_regs, r15),
	};
	unsigned int n = X86_MODRM_RM(in->modrm.value) | X86_REX_B(in->rex_prefix.value) << 3;

	return (void *)regs + offset[n];
}

/* mov from a control register, which oops messages do. */
static bool emulate_read_cr(struct pt_regs *regs, const struct insn *in)
{
	unsigned long *to = modrm_rm(regs, in);

	switch (X86_MODRM_REG(in->modrm.value)) {
	case 0:
		*to = read_cr0();
		return true;
	case 2:
		*to = read_cr2();
		return true;
	case 3:
		*to = __read_cr3();
		return true;
	case 4:
		*to = this_cpu_read(cpu_tlbstate.cr4);
		return true;
	default:
		return false;
	}
}

static bool emulate_0f(struct pt_regs *regs, struct insn *in)
{
	switch (in->opcode.bytes[1]) {
	case 0x01:
		if (in->modrm.value == 0xd1)
			return emulate_xsetbv(regs);
		/* sgdt, sidt, smsw under UMIP: their results are only printed. */
		return X86_MODRM_REG(in->modrm.value) <= 1 || X86_MODRM_REG(in->modrm.value) == 4;
	case 0x20:
		return emulate_read_cr(regs, in);
	default:
		return false;
	}
}

/*
 * Until alternatives are applied, per-CPU cmpxchg16b is a function that starts
 * with pushfq and cli: do all of it, and return to its caller. Interrupts are off here.
 */
static bool emulate_cmpxchg16b(struct pt_regs *regs)
{
	u64 *p = raw_cpu_ptr((u64 __percpu *)regs->si);
	unsigned long *stack = (unsigned long *)regs->sp;

	if (regs->ip != (unsigned long)this_cpu_cmpxchg16b_emu + 1)
		return false;
	regs->flags &= ~X86_EFLAGS_ZF;
	if (p[0] == regs->ax && p[1] == regs->dx) {
		p[0] = regs->bx;
		p[1] = regs->cx;
		regs->flags |= X86_EFLAGS_ZF;
	} else {
		regs->ax = p[0];
		regs->dx = p[1];
	}
	regs->ip = stack[1];
	regs->sp += 2 * sizeof(*stack);
	return true;
}

/* A general-protection fault in the kernel: true if the instruction is done. */
bool l4_emulate(struct pt_regs *regs)
{
	u8 code[MAX_INSN_SIZE];
	struct insn in;
	bool done;

	if (emulate_cmpxchg16b(regs))
		return true;
	if (copy_from_kernel_nofault(code, (void *)regs->ip, sizeof(code)) ||
	    insn_decode(&in, code, sizeof(code), INSN_MODE_64) < 0)
		return false;
	done = in.opcode.bytes[0] == 0x0f ? emulate_0f(regs, &in) : emulate_port(regs, &in);
	if (!done)
		return false;
	l4_counters.emulated++;
	regs->ip += in.length;
	return true;
}
