/* SPDX-License-Identifier: GPL-2.0-only */
/* x86-64 instructions that C has no words for, register bits, descriptor selectors. */
#ifndef X86_H
#define X86_H

#define SEL_KERNEL_CS 0x10
#define SEL_KERNEL_DS 0x18
#define SEL_USER32_CS 0x23
#define SEL_USER_DS 0x2b
#define SEL_USER_CS 0x33
#define SEL_TSS 0x40
#define SEL_CPU_NUMBER 0x7b /* its limit is the CPU's number: Linux's vDSO reads it with lsl */

#define CR0_MP 0x2
#define CR0_EM 0x4
#define CR0_TS 0x8
#define CR0_NE 0x20
#define CR0_WP 0x10000
#define CR0_AM 0x40000
#define CR0_NW 0x20000000
#define CR0_CD 0x40000000

#define CR4_DE 0x8
#define CR4_PGE 0x80
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400
#define CR4_UMIP 0x800
#define CR4_FSGSBASE 0x10000
#define CR4_OSXSAVE 0x40000
#define CR4_SMEP 0x100000
#define CR4_SMAP 0x200000

#define MSR_APIC_BASE 0x1b
#define MSR_PAT 0x277
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_EFER 0xc0000080
#define MSR_SYSENTER_CS 0x174
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define EFER_SCE 0x1
#define EFER_NXE 0x800

#define RFLAGS_IF 0x200
#define RFLAGS_DF 0x400
#define RFLAGS_IOPL 0x3000
#define RFLAGS_NT 0x4000
#define RFLAGS_AC 0x40000

#include "types.h"

struct cpuid {
	u32 a, b, c, d;
};

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (u64)high << 32;
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline void xsetbv(u32 index, u64 value)
{
	asm volatile("xsetbv" : : "c"(index), "a"((u32)value), "d"((u32)(value >> 32)));
}

static inline u8 in8(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void out8(u16 port, u8 value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(u16 port, u16 value)
{
	asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out32(u16 port, u32 value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline u32 mmio_read32(u64 va)
{
	return *(volatile u32 *)va;
}

static inline void mmio_write32(u64 va, u32 value)
{
	*(volatile u32 *)va = value;
}

#define SPECIAL_REGISTER(name) \
	static inline u64 read_##name(void) \
	{ \
		u64 value; \
\
		asm volatile("mov %%" #name ", %0" : "=r"(value)); \
		return value; \
	} \
	static inline void write_##name(u64 value) \
	{ \
		asm volatile("mov %0, %%" #name : : "r"(value) : "memory"); \
	}
SPECIAL_REGISTER(cr0)
SPECIAL_REGISTER(cr4)
SPECIAL_REGISTER(dr6)
SPECIAL_REGISTER(dr7)

static inline void invlpg(u64 va)
{
	asm volatile("invlpg (%0)" : : "r"(va) : "memory");
}

#define TABLE_REGISTER(name) \
	static inline void load_##name(const void *table, u16 bytes) \
	{ \
		struct { u16 limit; u64 base; } __attribute__((packed)) pointer = { bytes - 1, (u64)table }; \
\
		asm volatile("l" #name " %0" : : "m"(pointer) : "memory"); \
	}
TABLE_REGISTER(gdt)
TABLE_REGISTER(idt)

/** After reset the LDT is the first 64 KiB of the address space, which is user memory. */
static inline void load_no_ldt(void)
{
	asm volatile("lldt %w0" : : "r"(0));
}

static inline void load_tr(u16 selector)
{
	asm volatile("ltr %0" : : "r"(selector) : "memory");
}

/** Code segment by a far return; data segments null but SS, which a fault from ring 0 reloads. */
static inline void load_segments(void)
{
	u64 code = SEL_KERNEL_CS;

	asm volatile("pushq %0\n\t"
		     "leaq 1f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     "lretq\n"
		     "1:\tmovl %1, %%eax\n\t"
		     "movl %%eax, %%ss\n\t"
		     "xorl %%eax, %%eax\n\t"
		     "movl %%eax, %%ds\n\t"
		     "movl %%eax, %%es\n\t"
		     "movl %%eax, %%fs\n\t"
		     "movl %%eax, %%gs"
		     : : "r"(code), "i"(SEL_KERNEL_DS) : "rax", "memory");
}

/** Loads data segment selectors of user code. GS base, the kernel's, stays. */
static inline void load_user_segments(u32 ds, u32 es, u32 fs, u32 gs)
{
	u64 base;

	asm volatile("rdgsbase %0\n\t"
		     "movl %1, %%ds\n\t"
		     "movl %2, %%es\n\t"
		     "movl %3, %%fs\n\t"
		     "movl %4, %%gs\n\t"
		     "wrgsbase %0"
		     : "=&r"(base) : "r"(ds), "r"(es), "r"(fs), "r"(gs) : "memory");
}

static inline void write_break_addresses(const u64 *address)
{
	asm volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3"
		     : : "r"(address[0]), "r"(address[1]), "r"(address[2]), "r"(address[3]));
}

static inline void cpu_pause(void)
{
	asm volatile("pause" : : : "memory");
}

static inline void interrupts_window(void)
{
	asm volatile("sti; nop; cli" : : : "memory");
}

static inline void interrupts_wait(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static inline void interrupts_off(void)
{
	asm volatile("cli" : : : "memory");
}

static inline void cpu_halt(void)
{
	asm volatile("cli; hlt" : : : "memory");
}

static inline u64 stack_pointer(void)
{
	u64 value;

	asm volatile("mov %%rsp, %0" : "=r"(value));
	return value;
}

static inline void copy_words(u8 **to, const u8 **from, size_t words)
{
	asm volatile("rep movsq" : "+D"(*to), "+S"(*from), "+c"(words) : : "memory");
}

static inline void fill_words(u8 **to, u64 value, size_t words)
{
	asm volatile("rep stosq" : "+D"(*to), "+c"(words) : "a"(value) : "memory");
}

/* Instructions that save or load the state in an area; all components that XCR0 enables. */
#define AREA_INSTRUCTION(function, instruction, type) \
	static inline void function(type *area) \
	{ \
		asm volatile(instruction " (%0)" : : "r"(area), "a"(~0U), "d"(~0U) : "memory"); \
	}
AREA_INSTRUCTION(fp_fxsave, "fxsave64", void)
AREA_INSTRUCTION(fp_fxrstor, "fxrstor64", const void)
AREA_INSTRUCTION(fp_xsave, "xsave64", void)
AREA_INSTRUCTION(fp_xsaveopt, "xsaveopt64", void)
AREA_INSTRUCTION(fp_xrstor, "xrstor64", const void)
#endif
