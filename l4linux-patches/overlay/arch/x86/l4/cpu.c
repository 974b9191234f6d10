// SPDX-License-Identifier: GPL-2.0-only
/* Privileged CPU state of a Linux in ring 3: CPUID, MSRs, control and debug registers. */

#include <linux/init.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>

#include <asm/cpufeature.h>
#include <asm/fsgsbase.h>
#include <asm/msr.h>
#include <asm/paravirt.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/segment.h>
#include <asm/tlbflush.h>
#include <asm/tsc.h>

#include "port.h"

static DEFINE_PER_CPU(unsigned long, cr0) = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE |
					    X86_CR0_WP | X86_CR0_AM | X86_CR0_PG;
static DEFINE_PER_CPU(unsigned long, cr4) = X86_CR4_PAE | X86_CR4_PGE;
DEFINE_PER_CPU(unsigned long, l4_cr3);
static DEFINE_PER_CPU(unsigned long, dr[8]);
static bool idt_loaded;

/* Until Linux has an IDT, only its exception table can help. */
bool l4_traps_ready(void)
{
	return idt_loaded;
}

/*
 * What user and kernel code can use through CPUID's feature leaves: bits to
 * hide are those of privileged features that the microkernel keeps to itself.
 */
struct cpuid_mask {
	u32 leaf, subleaf;
	u32 ax, bx, cx, dx; /* bits that are cleared */
};

#define ALL_BITS 0xffffffff
static const struct cpuid_mask cpuid_masks[] = {
	/* MONITOR, VMX, SMX, EST, TM2, PDCM, PCID, DCA, X2APIC, TSC_DEADLINE, HYPERVISOR */
	{ 0x1, 0, 0, 0, BIT(3) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(15) | BIT(17) | BIT(18) |
	  BIT(21) | BIT(24) | BIT(31),
	/* VME, MCE, APIC, SEP, MTRR, MCA, PSE36, DS, ACPI, TM, PBE */
	  BIT(1) | BIT(7) | BIT(9) | BIT(11) | BIT(12) | BIT(14) | BIT(17) | BIT(21) | BIT(22) |
	  BIT(29) | BIT(31) },
	{ 0x5, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
	{ 0x6, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
	/* TSC_ADJUST, SGX, SMEP, INVPCID, RDT_M, RDT_A, SMAP, PT */
	{ 0x7, 0, 0, BIT(1) | BIT(2) | BIT(7) | BIT(10) | BIT(12) | BIT(15) | BIT(20) | BIT(25),
	/* UMIP, PKU, OSPKE, WAITPKG, SHSTK, LA57, BUS_LOCK, ENQCMD, SGX_LC, PKS */
	  BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(7) | BIT(16) | BIT(24) | BIT(29) | BIT(30) | BIT(31),
	/* UINTR, MD_CLEAR, SERIALIZE stays, PCONFIG, LBR, IBT, speculation controls */
	  BIT(5) | BIT(10) | BIT(18) | BIT(19) | BIT(20) | BIT(26) | BIT(27) | BIT(28) | BIT(29) |
	  BIT(30) | BIT(31) },
	/* FRED, LKGS, WRMSRNS, HRESET, LAM, MSRLIST */
	{ 0x7, 1, BIT(17) | BIT(18) | BIT(19) | BIT(22) | BIT(26) | BIT(27), 0, 0, 0 },
	{ 0x7, 2, 0, 0, 0, ALL_BITS },
	{ 0xa, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
	/* XSAVES, XFD: privileged; no supervisor states */
	{ 0xd, 1, BIT(3) | BIT(4), 0, ALL_BITS, ALL_BITS },
	{ 0xf, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
	{ 0x10, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
	{ 0x12, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
	{ 0x14, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
	/* SVM, extended APIC, OSVW, IBS, SKINIT, WDT, LWP, performance counters, MWAITX */
	{ 0x80000001, 0, 0, 0, BIT(2) | BIT(3) | BIT(9) | BIT(10) | BIT(12) | BIT(13) | BIT(15) |
	  BIT(23) | BIT(24) | BIT(28) | BIT(29),
	/* as leaf 1 */
	  BIT(1) | BIT(7) | BIT(9) | BIT(12) | BIT(14) },
	/* INVLPGB, IBPB, IBRS, STIBP, SSBD and the like */
	{ 0x80000008, 0, 0, ~7U, 0, 0 },
	{ 0x8000000a, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
	{ 0x8000001f, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
	{ 0x80000021, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
	{ 0x80000022, 0, ALL_BITS, ALL_BITS, ALL_BITS, ALL_BITS },
};

/* The XSAVE features are those that the microkernel has enabled. */
static void cpuid_xsave(u32 leaf, u32 subleaf, u32 *ax, u32 *cx, u32 *dx)
{
	if (leaf == 0x1 && !l4_info->xcr0)
		*cx &= ~(BIT(12) | BIT(26) | BIT(27) | BIT(28) | BIT(29));
	if (leaf == 0xd && subleaf == 0) {
		*ax &= l4_info->xcr0;
		*dx &= l4_info->xcr0 >> 32;
	}
}

static void l4_cpuid(unsigned int *ax, unsigned int *bx, unsigned int *cx, unsigned int *dx)
{
	u32 leaf = *ax, subleaf = *cx;
	unsigned int i;

	native_cpuid(ax, bx, cx, dx);
	if (leaf >> 28 == 4) {
		*ax = *bx = *cx = *dx = 0;
		return;
	}
	for (i = 0; i < ARRAY_SIZE(cpuid_masks); i++) {
		const struct cpuid_mask *m = &cpuid_masks[i];

		if (m->leaf != leaf || (m->subleaf != subleaf && (leaf == 0x7 || leaf == 0xd)))
			continue;
		*ax &= ~m->ax;
		*bx &= ~m->bx;
		*cx &= ~m->cx;
		*dx &= ~m->dx;
	}
	cpuid_xsave(leaf, subleaf, ax, cx, dx);
}

/* The inactive GS base is the user's: live without SMP, else kept by the entry code. */
static u64 user_gs_read(void)
{
#ifdef CONFIG_SMP
	return L4_VCPU_FIELD(unsigned long, L4_UD_USER_GS);
#else
	return rdgsbase();
#endif
}

static void user_gs_write(u64 val)
{
#ifdef CONFIG_SMP
	L4_VCPU_FIELD(unsigned long, L4_UD_USER_GS) = val;
#else
	wrgsbase(val);
#endif
}

static void kernel_gs_write(u64 val)
{
#ifdef CONFIG_SMP
	L4_VCPU_FIELD(unsigned long, L4_UD_KERNEL_GS) = val;
	wrgsbase(val);
#endif
}

static u64 l4_read_msr_safe(unsigned int msr, int *err)
{
	*err = 0;
	switch (msr) {
	case MSR_EFER:
		return EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	case MSR_FS_BASE:
		return rdfsbase();
	case MSR_KERNEL_GS_BASE:
		return user_gs_read();
	case MSR_IA32_CR_PAT:
		return 0x0007040600070406ULL; /* the power-on value: WB WT UC- UC, twice */
	case MSR_IA32_TSC:
		return rdtsc();
	case MSR_IA32_APICBASE:
	case MSR_IA32_MISC_ENABLE:
	case MSR_IA32_UCODE_REV:
		return 0;
	default:
		*err = -EIO;
		return 0;
	}
}

static int l4_write_msr_safe(unsigned int msr, unsigned int low, unsigned int high)
{
	u64 val = (u64)high << 32 | low;

	switch (msr) {
	case MSR_FS_BASE:
		wrfsbase(val);
		return 0;
	case MSR_KERNEL_GS_BASE:
		user_gs_write(val);
		return 0;
	case MSR_GS_BASE:
		kernel_gs_write(val);
		return 0;
	case MSR_EFER:
	case MSR_STAR:
	case MSR_LSTAR:
	case MSR_CSTAR:
	case MSR_SYSCALL_MASK:
	case MSR_IA32_SYSENTER_CS:
	case MSR_IA32_SYSENTER_ESP:
	case MSR_IA32_SYSENTER_EIP:
	case MSR_TSC_AUX:
		return 0;
	default:
		return -EIO;
	}
}

static u64 l4_read_msr(unsigned int msr)
{
	int err;

	return l4_read_msr_safe(msr, &err);
}

static void l4_write_msr(unsigned int msr, unsigned int low, unsigned int high)
{
	l4_write_msr_safe(msr, low, high);
}

static u64 l4_read_pmc(int counter)
{
	return 0;
}

static unsigned long l4_read_cr0(void)
{
	return this_cpu_read(cr0);
}

static void l4_write_cr0(unsigned long val)
{
	this_cpu_write(cr0, val);
}

static void l4_write_cr4(unsigned long val)
{
	this_cpu_write(cr4, val);
}

static void l4_write_cr2(unsigned long val)
{
	L4_VCPU_FIELD(unsigned long, L4_VCPU_OFF_PFA) = val;
}

static unsigned long l4_read_cr3(void)
{
	return this_cpu_read(l4_cr3);
}

void l4_set_cr3(unsigned long val)
{
	this_cpu_write(l4_cr3, val);
}

static void l4_write_cr3(unsigned long val)
{
	pgd_t *pgd = __va(val & CR3_ADDR_MASK);

	this_cpu_write(l4_cr3, val);
	if (__pa_symbol(swapper_pg_dir) != __pa(pgd))
		l4_task_switch(pgd_page_get_mm(virt_to_page(pgd)));
}

/* Only user code is watched: breakpoints in the kernel itself stay quiet. */
static unsigned long debug_regs_sync(void)
{
	const unsigned long *d = this_cpu_ptr(dr);
	/* Linux uses the global enable bits, the microkernel has local ones only. */
	unsigned long dr7 = (d[7] & ~0xaaUL) | (d[7] & 0xaa) >> 1;
	unsigned long flags, dr6;

	local_irq_save(flags);
	dr6 = l4host_debug_regs(d, dr7);
	local_irq_restore(flags);
	return dr6;
}

static noinstr unsigned long l4_get_debugreg(int n)
{
	if (n == 6) {
		unsigned long dr6;

		instrumentation_begin();
		dr6 = debug_regs_sync() ?: this_cpu_read(dr[6]);
		instrumentation_end();
		return dr6;
	}
	return this_cpu_read(dr[n]);
}

/* DR7 is written last when a breakpoint is set and first when one is removed. */
static noinstr void l4_set_debugreg(int n, unsigned long val)
{
	bool changed = this_cpu_read(dr[n]) != val;

	this_cpu_write(dr[n], val);
	if (!changed || n == 6 || (n != 7 && !(this_cpu_read(dr[7]) & 0xff)))
		return;
	instrumentation_begin();
	debug_regs_sync();
	instrumentation_end();
}

static void l4_load_idt(const struct desc_ptr *desc)
{
	idt_loaded = true;
}

static void l4_load_desc(const struct desc_ptr *desc)
{
}

static void l4_load_tr(void)
{
}

static unsigned long l4_store_tr(void)
{
	return 0;
}

static void l4_set_ldt(const void *desc, unsigned int entries)
{
}

/* Segments other than the flat ones do not exist for 64-bit programs. */
static void l4_load_tls(struct thread_struct *t, unsigned int cpu)
{
}

static void l4_load_gs_index(unsigned int selector)
{
#ifndef CONFIG_SMP
	__loadsegment_simple(gs, selector);
#endif
}

static void l4_write_ldt_entry(struct desc_struct *ldt, int entry, const void *desc)
{
	ldt[entry] = *(const struct desc_struct *)desc;
}

static void l4_load_sp0(unsigned long sp0)
{
	L4_VCPU_FIELD(unsigned long, L4_UD_SP0) = sp0;
}

static void l4_nop(void)
{
}

static const struct pv_cpu_ops l4_cpu_ops __initconst = {
	.io_delay = l4_nop,
	.get_debugreg = l4_get_debugreg,
	.set_debugreg = l4_set_debugreg,
	.read_cr0 = l4_read_cr0,
	.write_cr0 = l4_write_cr0,
	.write_cr4 = l4_write_cr4,
	.load_tr_desc = l4_load_tr,
	.load_gdt = l4_load_desc,
	.load_idt = l4_load_idt,
	.set_ldt = l4_set_ldt,
	.store_tr = l4_store_tr,
	.load_tls = l4_load_tls,
	.load_gs_index = l4_load_gs_index,
	.write_ldt_entry = l4_write_ldt_entry,
	.write_gdt_entry = native_write_gdt_entry,
	.write_idt_entry = native_write_idt_entry,
	.alloc_ldt = (void *)paravirt_nop,
	.free_ldt = (void *)paravirt_nop,
	.load_sp0 = l4_load_sp0,
	.wbinvd = l4_nop,
	.cpuid = l4_cpuid,
	.read_msr = l4_read_msr,
	.write_msr = l4_write_msr,
	.read_msr_safe = l4_read_msr_safe,
	.write_msr_safe = l4_write_msr_safe,
	.read_pmc = l4_read_pmc,
	.start_context_switch = (void *)paravirt_nop,
	.end_context_switch = (void *)paravirt_nop,
};

void __init l4_cpu_init(void)
{
	pv_info.name = "Skerry";
	pv_ops.cpu = l4_cpu_ops;
	pv_ops.irq.save_fl = __PV_IS_CALLEE_SAVE(l4_save_fl);
	pv_ops.irq.irq_disable = __PV_IS_CALLEE_SAVE(l4_irq_disable);
	pv_ops.irq.irq_enable = __PV_IS_CALLEE_SAVE(l4_irq_enable);
	pv_ops.mmu.read_cr2 = __PV_IS_CALLEE_SAVE(l4_read_cr2);
	pv_ops.mmu.write_cr2 = l4_write_cr2;
	pv_ops.mmu.read_cr3 = l4_read_cr3;
	pv_ops.mmu.write_cr3 = l4_write_cr3;
	this_cpu_write(cpu_tlbstate.cr4, this_cpu_read(cr4));

	setup_force_cpu_cap(X86_FEATURE_XENPV);
	setup_force_cpu_cap(X86_FEATURE_CONSTANT_TSC);
	setup_force_cpu_cap(X86_FEATURE_NONSTOP_TSC);
	setup_force_cpu_cap(X86_FEATURE_TSC_RELIABLE);
	setup_force_cpu_cap(X86_FEATURE_TSC_KNOWN_FREQ);
	l4_load_sp0((unsigned long)task_pt_regs(current) + sizeof(struct pt_regs));
}
