// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions that the microkernel passed on. The vCPU page's words are read
 * before anything that could fault or enable interrupts.
 */

#include <linux/entry-common.h>
#include <linux/extable.h>
#include <linux/kernel.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <asm/extable.h>
#include <asm/idtentry.h>
#include <asm/l4_signal.h>
#include <asm/trap_pf.h>
#include <asm/traps.h>

#include "port.h"

/* Vectors without an error code, and those with one. */
static void (*const plain[32])(struct pt_regs *) = {
	[X86_TRAP_DE] = exc_divide_error,
	[X86_TRAP_BP] = exc_int3,
	[X86_TRAP_OF] = exc_overflow,
	[X86_TRAP_BR] = exc_bounds,
	[X86_TRAP_UD] = exc_invalid_op,
	[X86_TRAP_NM] = exc_device_not_available,
	[X86_TRAP_OLD_MF] = exc_coproc_segment_overrun,
	[X86_TRAP_SPURIOUS] = exc_spurious_interrupt_bug,
	[X86_TRAP_MF] = exc_coprocessor_error,
	[X86_TRAP_XF] = exc_simd_coprocessor_error,
};

static void (*const with_error[32])(struct pt_regs *, unsigned long) = {
	[X86_TRAP_TS] = exc_invalid_tss,
	[X86_TRAP_NP] = exc_segment_not_present,
	[X86_TRAP_SS] = exc_stack_segment,
	[X86_TRAP_GP] = exc_general_protection,
	[X86_TRAP_AC] = exc_alignment_check,
};

static __always_inline void dispatch(struct pt_regs *regs, u32 trap, unsigned long error)
{
	if (trap < 32 && plain[trap])
		plain[trap](regs);
	else if (trap < 32 && with_error[trap])
		with_error[trap](regs, error);
	else
		exc_general_protection(regs, 0);
}

/* The microkernel's view of the entry's presence is not Linux's: say what the table says. */
static __always_inline unsigned long pf_error(unsigned long error, enum l4_fault f)
{
	error &= X86_PF_WRITE | X86_PF_INSTR | X86_PF_USER;
	if (f == L4_FAULT_DENIED)
		error |= X86_PF_PROT;
	else if (f == L4_FAULT_NO_RAM)
		error |= X86_PF_PROT | X86_PF_RSVD;
	return error;
}

/* Linux's quota of microkernel memory is used up: the process that needs more must go. */
static void kill_current(void)
{
	pr_err_ratelimited("%s[%d]: killed, no microkernel memory for it\n", current->comm,
			   task_pid_nr(current));
	force_sig(SIGKILL);
}

static __always_inline void user_page_fault(struct pt_regs *regs, unsigned long error,
					    unsigned long addr)
{
	struct l4_found found;
	enum l4_fault f;

	error |= X86_PF_USER;
	instrumentation_begin();
	f = l4_fault_user(addr, error, &found);
	instrumentation_end();
	if (f == L4_FAULT_MAPPED)
		return;
	if (f == L4_FAULT_NO_MEMORY) {
		irqentry_enter_from_user_mode(regs);
		instrumentation_begin();
		kill_current();
		instrumentation_end();
		irqentry_exit_to_user_mode(regs);
		return;
	}
	exc_page_fault(regs, pf_error(error, f));

	/* Back from all exit work, with interrupts off: enter what the handler has set up. */
	instrumentation_begin();
	l4_fault_user_handled(addr, error, &found);
	instrumentation_end();
}

/*
 * The microkernel resumes no code above the user half and says so by a
 * protection fault; hardware would have faulted in fetching it.
 */
static __always_inline bool fetch_of_kernel(struct pt_regs *regs)
{
	return regs->ip >= TASK_SIZE_MAX && __is_canonical_address(regs->ip, 48);
}

/* Code and stack of user code always have Linux's usual segments: refuse others as iretq would. */
void l4_check_segments(struct pt_regs *regs)
{
	unsigned long bad = regs->cs != __USER_CS ? regs->cs : regs->ss;

	if (regs->cs == __USER_CS && regs->ss == __USER_DS)
		return;
	current->thread.error_code = bad & 0xfffc;
	current->thread.trap_nr = X86_TRAP_GP;
	force_sig(SIGSEGV);
}

__visible noinstr void l4_user_trap(struct pt_regs *regs)
{
	u32 trap = L4_VCPU_FIELD(unsigned long, L4_VCPU_OFF_TRAPNO);
	unsigned long error = L4_VCPU_FIELD(unsigned long, L4_VCPU_OFF_ERR);
	unsigned long addr = L4_VCPU_FIELD(unsigned long, L4_VCPU_OFF_PFA);

	if (trap == X86_TRAP_PF)
		user_page_fault(regs, error, addr);
	else if (trap == L4_VCPU_TRAP_IRQ)
		l4_events_run(regs);
	else if (trap == X86_TRAP_DB)
		noist_exc_debug(regs);
	else if (trap == X86_TRAP_GP && fetch_of_kernel(regs)) {
		L4_VCPU_FIELD(unsigned long, L4_VCPU_OFF_PFA) = regs->ip;
		exc_page_fault(regs, X86_PF_USER | X86_PF_INSTR);
	} else
		dispatch(regs, trap, error);
}

static __always_inline void kernel_page_fault(struct pt_regs *regs, unsigned long error,
					      unsigned long addr)
{
	enum l4_fault f;

	error &= ~X86_PF_USER;
	instrumentation_begin();
	f = l4_fault_kernel(addr, error, false);
	if (f == L4_FAULT_NO_MEMORY) {
		kill_current();
		if (fixup_exception(regs, X86_TRAP_PF, error, addr))
			f = L4_FAULT_MAPPED;
	}
	instrumentation_end();
	if (f == L4_FAULT_MAPPED)
		return;
	exc_page_fault(regs, pf_error(error, f));

	/* Interrupts are off again. What could not be entered faults once more. */
	instrumentation_begin();
	if (addr < TASK_SIZE_MAX)
		l4_fault_kernel(addr, error, true);
	instrumentation_end();
}

/* Before Linux could handle traps. */
static noinline __ref void early_trap(struct pt_regs *regs, u32 trap, unsigned long error,
				      unsigned long addr)
{
	if (trap == X86_TRAP_PF && l4_fault_kernel(addr, error & ~X86_PF_USER, false) == L4_FAULT_MAPPED)
		return;
	if (trap == X86_TRAP_GP && l4_emulate(regs))
		return;
	early_fixup_exception(regs, trap);
}

static __always_inline bool emulated(struct pt_regs *regs)
{
	bool done;

	instrumentation_begin();
	done = l4_emulate(regs);
	instrumentation_end();
	return done;
}

__visible noinstr void l4_kernel_trap(struct pt_regs *regs)
{
	u32 trap = L4_VCPU_FIELD(unsigned long, L4_VCPU_OFF_TRAPNO);
	unsigned long error = L4_VCPU_FIELD(unsigned long, L4_VCPU_OFF_ERR);
	unsigned long addr = L4_VCPU_FIELD(unsigned long, L4_VCPU_OFF_PFA);

	if (trap == L4_VCPU_TRAP_IRQ)
		l4_events_run(regs);
	else if (unlikely(!l4_traps_ready())) {
		instrumentation_begin();
		early_trap(regs, trap, error, addr);
		instrumentation_end();
	} else if (trap == X86_TRAP_PF)
		kernel_page_fault(regs, error, addr);
	else if (trap == X86_TRAP_DB)
		exc_debug(regs);
	else if (trap != X86_TRAP_GP || !emulated(regs))
		dispatch(regs, trap, error);
}

/* The process has no task to run in: its creation has failed for lack of memory. */
__visible void __noreturn l4_resume_failed(long tag)
{
	/* Mappings that the resume has not entered must not go along with another process's. */
	L4_VCPU_FIELD(u32, L4_VCPU_OFF_MAP_COUNT) = 0;
	local_irq_enable();
	pr_err("%s[%d]: no microkernel task to run in (%lx)\n", current->comm,
	       task_pid_nr(current), tag);
	do_group_exit(SIGKILL);
}
