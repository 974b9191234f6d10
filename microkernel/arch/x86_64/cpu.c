// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set-up of one CPU: descriptor tables, task state segment, control and
 * system-call registers; and the I/O permission bitmap of the running task.
 *
 * GS base is the CPU's struct cpu while in the kernel; entry.S swaps it.
 */
#include "cap.h"
#include "cpu.h"
#include "machine.h"
#include "string.h"
#include "task.h"
#include "thread.h"

#define IO_BITMAP_BYTES 8192
#define IST_BYTES 4096
#define GATE_INTERRUPT 0x8e
#define DR6_NONE 0xffff0ff0UL
#define DR7_NONE 0x400UL
#define DR7_USER 0xffff00ffUL /* local and global enables, conditions; no general detect */
#define PAT_VALUE 0x0007010600070106UL /* 0 WB, 1 WC, 2 UC-, 3 UC, and again */

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, io_bitmap_base;
	u8 io_bitmap[IO_BITMAP_BYTES + 1]; /* the last byte is all ones: the CPU reads two bytes at a time */
} __attribute__((packed));

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};

/* What the machine wants beside struct cpu; only the owner CPU touches it. */
struct machine_cpu {
	u8 ist_stack[4][IST_BYTES] __attribute__((aligned(16)));
	u64 gdt[SEL_CPU_NUMBER / 8 + 1];
	struct iospace *io_copy; /* whose bitmap is in tss; not dereferenced */
	u32 pad;
	struct tss tss; /* rsp[] is 8-byte aligned behind pad */
} __attribute__((aligned(4096)));

extern const u64 vector_entries[256];
extern char syscall_entry[];

static struct machine_cpu machine_cpus[MAX_CPUS];
static struct gate idt[256] __attribute__((aligned(4096)));

bool cpu_has_1g_pages(void)
{
	return cpuid(0x80000001, 0).d & 1 << 26;
}

u64 cpu_physical_limit(void)
{
	u32 bits = cpuid(0x80000000, 0).a >= 0x80000008 ? cpuid(0x80000008, 0).a & 0xff : 36;

	return 1UL << (bits > 52 ? 52 : bits);
}

static void tss_init(struct machine_cpu *m)
{
	unsigned int i;

	m->tss.io_bitmap_base = sizeof(struct tss); /* beyond the limit: no port is allowed */
	m->tss.io_bitmap[IO_BITMAP_BYTES] = 0xff;
	for (i = 0; i < ARRAY_SIZE(m->ist_stack); i++)
		m->tss.ist[i] = (u64)m->ist_stack[i] + IST_BYTES;
}

static void gdt_init(struct machine_cpu *m)
{
	u64 base = (u64)&m->tss, limit = sizeof(struct tss) - 1;

	m->gdt[SEL_KERNEL_CS / 8] = 0x00af9b000000ffff;
	m->gdt[SEL_KERNEL_DS / 8] = 0x00cf93000000ffff;
	/*
	 * SEL_USER32_CS has no descriptor: a syscall from compatibility mode would enter at CSTAR
	 * on CPUs that allow it. sysret to 64-bit code does not look at it.
	 */
	m->gdt[SEL_USER_DS / 8] = 0x00cff3000000ffff;
	m->gdt[SEL_USER_CS / 8] = 0x00affb000000ffff;
	m->gdt[SEL_TSS / 8] = limit | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24 & 0xff) << 56;
	m->gdt[SEL_TSS / 8 + 1] = base >> 32;
	m->gdt[SEL_CPU_NUMBER / 8] = 0x0040f50000000000 | (u64)(m - machine_cpus);
	load_gdt(m->gdt, sizeof(m->gdt));
	load_segments();
	load_no_ldt();
	load_tr(SEL_TSS);
}

static u8 vector_ist(unsigned int vector)
{
	return vector == 2 ? 1 : vector == 8 ? 2 : vector == 18 ? 3 : vector == 1 ? 4 : 0;
}

/** Only int3 and into may be raised by an instruction of user code. */
static void idt_fill(void)
{
	unsigned int i;
	u64 entry;

	for (i = 0; i < ARRAY_SIZE(idt); i++) {
		entry = vector_entries[i];
		idt[i] = (struct gate){
			.offset_low = entry,
			.offset_middle = entry >> 16,
			.offset_high = entry >> 32,
			.selector = SEL_KERNEL_CS,
			.ist = vector_ist(i),
			.type = GATE_INTERRUPT | (i == 3 || i == 4 ? 3 << 5 : 0),
		};
	}
}

static u64 cr4_bits(void)
{
	struct cpuid one = cpuid(1, 0), seven = cpuid(7, 0);
	u64 bits = CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (!(seven.b & 1))
		panic("this CPU has no FSGSBASE instructions; Skerry needs them");
	bits |= CR4_FSGSBASE;
	bits |= one.c & 1 << 26 ? CR4_OSXSAVE : 0;
	bits |= seven.b & 1 << 7 ? CR4_SMEP : 0;
	bits |= seven.b & 1 << 20 ? CR4_SMAP : 0;
	bits |= seven.c & 1 << 2 ? CR4_UMIP : 0;
	return bits;
}

static void control_init(void)
{
	u64 cr0 = read_cr0();

	cr0 &= ~(CR0_EM | CR0_TS | CR0_CD | CR0_NW | CR0_AM);
	write_cr0(cr0 | CR0_MP | CR0_NE | CR0_WP);
	write_cr4(read_cr4() | cr4_bits());
	wrmsr(MSR_PAT, PAT_VALUE);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	/* sysret loads CS = base + 16 and SS = base + 8, both with RPL 3. */
	wrmsr(MSR_SYSENTER_CS, 0); /* sysenter faults */
	wrmsr(MSR_STAR, (u64)SEL_USER32_CS << 48 | (u64)SEL_KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	wrmsr(MSR_FMASK, RFLAGS_IF | RFLAGS_DF | RFLAGS_TF | RFLAGS_AC | RFLAGS_NT | RFLAGS_RF | RFLAGS_IOPL);
}

/** Before the tables stand, a fault resets the machine: nothing here may fail before load_idt(). */
void cpu_init(unsigned int id)
{
	struct machine_cpu *m = &machine_cpus[id];
	struct cpu *c = &cpus[id];

	c->self = c;
	c->id = id;
	c->apic_id = cpuid(1, 0).b >> 24;
	c->stack_top = (u64)boot_stack_end;
	c->cr3 = arch_cr3();
	c->tss_rsp0 = (u64 *)((char *)&m->tss + offsetof(struct tss, rsp));
	tss_init(m);
	gdt_init(m);
	wrmsr(MSR_GS_BASE, (u64)c);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	if (id == 0)
		idt_fill();
	load_idt(idt, sizeof(idt));
	control_init();
	fpu_cpu_init();
}

void arch_segments_write(u16 ds, u16 es, u16 fs, u16 gs)
{
	load_user_segments(ds, es, fs, gs);
}

void arch_debug_switch(u64 *prev, u64 *next)
{
	if (prev)
		prev[4] = read_dr6();
	write_dr7(DR7_NONE);
	if (!next)
		return;
	write_break_addresses(next);
	write_dr6(next[4]);
	write_dr7((next[5] & DR7_USER) | DR7_NONE);
}

u64 arch_debug_take_dr6(void)
{
	u64 value = read_dr6();

	write_dr6(DR6_NONE);
	return value;
}

void arch_iospace_load(struct cpu *cpu, struct iospace *io)
{
	struct machine_cpu *m = &machine_cpus[cpu->id];

	if (!io->bitmap) {
		cpu->io_loaded = arch_iospace_unload(cpu);
		return;
	}
	if (m->io_copy != io)
		memcpy(m->tss.io_bitmap, io->bitmap, IO_BITMAP_BYTES);
	m->io_copy = io;
	cpu->io_loaded = io;
	m->tss.io_bitmap_base = offsetof(struct tss, io_bitmap);
}

struct iospace *arch_iospace_unload(struct cpu *cpu)
{
	machine_cpus[cpu->id].tss.io_bitmap_base = sizeof(struct tss);
	return NULL;
}

/** Also when the bitmap is about to be freed: io->bitmap is NULL then. The first ports of the running task are loaded. */
void arch_iospace_changed(struct iospace *io)
{
	struct cpu *cpu = this_cpu();
	struct machine_cpu *m = &machine_cpus[cpu->id];
	const struct thread *t = cpu->current;

	if (m->io_copy == io)
		m->io_copy = NULL;
	if (cpu->io_loaded == io || (t->task && &t->task->io == io && !t->view))
		arch_iospace_load(cpu, io);
}
