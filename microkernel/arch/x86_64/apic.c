// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt hardware: local APIC (memory-mapped) with its one-shot timer, I/O APICs, the PICs masked.
 *
 * A line's redirection entry is kept in `line_entry`; only masking rewrites it.
 */
#include "cpu.h"
#include "machine.h"
#include <l4/sys/proto.h>

#define LAPIC_ID 0x20
#define LAPIC_TPR 0x80
#define LAPIC_EOI 0xb0
#define LAPIC_SPURIOUS 0xf0
#define LAPIC_ENABLE 0x100
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_LVT_LINT0 0x350
#define LAPIC_LVT_LINT1 0x360
#define LAPIC_LVT_ERROR 0x370
#define LAPIC_TIMER_INITIAL 0x380
#define LAPIC_TIMER_CURRENT 0x390
#define LAPIC_TIMER_DIVIDE 0x3e0
#define LVT_MASKED 0x10000
#define LVT_NMI 0x400
#define LVT_TSC_DEADLINE 0x40000
#define DIVIDE_BY_1 0xb
#define APIC_BASE_X2 0x400
#define APIC_BASE_ENABLE 0x800

#define IOAPIC_SELECT 0x00
#define IOAPIC_WINDOW 0x10
#define IOAPIC_VERSION 1
#define IOAPIC_REDIRECTION(pin) (0x10 + 2 * (pin))
#define RTE_LOW_ACTIVE 0x2000
#define RTE_LEVEL 0x8000
#define RTE_MASKED 0x10000
#define RTE_HANDLE(n) ((u32)(n) << 17 | 0x10000) /* upper word: remappable format */

#define LINES_MAX (VECTOR_IRQ_LAST - VECTOR_IRQ_FIRST + 1) /* each has a vector */
#define TIMER_DELTA_MAX (~0U - 1UL)

unsigned int arch_irq_lines;

static u64 lapic;
static bool deadline_timer;
static u64 timer_mult;
static struct { u64 va; u32 pin; bool remapped; } line_pin[LINES_MAX];
static u32 line_entry[LINES_MAX];

static void pic_off(void)
{
	static const u8 sequence[][2] = { { 0x20, 0x11 }, { 0xa0, 0x11 }, { 0x21, 0xf0 }, { 0xa1, 0xf8 },
					  { 0x21, 4 },	  { 0xa1, 2 },	  { 0x21, 1 },	  { 0xa1, 1 },
					  { 0x21, 0xff }, { 0xa1, 0xff } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sequence); i++)
		out8(sequence[i][0], sequence[i][1]);
}

static void ioapic_write(u64 va, u32 index, u32 value)
{
	mmio_write32(va + IOAPIC_SELECT, index);
	mmio_write32(va + IOAPIC_WINDOW, value);
}

static void ioapic_init(u64 pa, u32 gsi)
{
	u64 va = paging_map_device(pa);
	u32 pins, pin;

	mmio_write32(va + IOAPIC_SELECT, IOAPIC_VERSION);
	pins = (mmio_read32(va + IOAPIC_WINDOW) >> 16 & 0xff) + 1;
	for (pin = 0; pin < pins && gsi < LINES_MAX - pin; pin++) {
		line_pin[gsi + pin].va = va;
		line_pin[gsi + pin].pin = pin;
		line_entry[gsi + pin] = RTE_MASKED;
		ioapic_write(va, IOAPIC_REDIRECTION(pin), RTE_MASKED);
		if (arch_irq_lines <= gsi + pin)
			arch_irq_lines = gsi + pin + 1;
	}
}

/** Once per CPU. */
void apic_cpu_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (base & APIC_BASE_X2) /* only by way of "off" is there a way back */
		wrmsr(MSR_APIC_BASE, base & ~(u64)(APIC_BASE_X2 | APIC_BASE_ENABLE));
	wrmsr(MSR_APIC_BASE, (base & 0x100) | APIC_BASE_ENABLE | acpi.local_apic_pa);
	mmio_write32(lapic + LAPIC_SPURIOUS, LAPIC_ENABLE | VECTOR_SPURIOUS);
	mmio_write32(lapic + LAPIC_TPR, 0);
	mmio_write32(lapic + LAPIC_LVT_LINT0, LVT_MASKED);
	mmio_write32(lapic + LAPIC_LVT_LINT1, LVT_NMI);
	mmio_write32(lapic + LAPIC_LVT_ERROR, LVT_MASKED);
	mmio_write32(lapic + LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
	mmio_write32(lapic + LAPIC_LVT_TIMER, VECTOR_TIMER | (deadline_timer ? LVT_TSC_DEADLINE : 0));
	this_cpu()->timer_armed = ~0UL;
	this_cpu()->apic_id = mmio_read32(lapic + LAPIC_ID) >> 24;
}

void apic_init(void)
{
	unsigned int i;

	pic_off();
	deadline_timer = cpuid(1, 0).c & 1 << 24;
	lapic = paging_map_device(acpi.local_apic_pa);
	apic_cpu_init();
	for (i = 0; i < acpi.io_apics; i++)
		ioapic_init(acpi.io_apic[i].pa, acpi.io_apic[i].gsi);
}

void apic_timer_probe_start(void)
{
	mmio_write32(lapic + LAPIC_LVT_TIMER, VECTOR_TIMER | LVT_MASKED);
	mmio_write32(lapic + LAPIC_TIMER_INITIAL, ~0U);
}

u32 apic_timer_probe_ticks(void)
{
	u32 ticks = ~0U - mmio_read32(lapic + LAPIC_TIMER_CURRENT);

	mmio_write32(lapic + LAPIC_TIMER_INITIAL, 0);
	mmio_write32(lapic + LAPIC_LVT_TIMER, VECTOR_TIMER | (deadline_timer ? LVT_TSC_DEADLINE : 0));
	return ticks;
}

void apic_timer_calibrated(u64 ticks_mult)
{
	/* Not above 1, so that any time fits the counter: a timer that is faster than the TSC fires early and is set again. */
	timer_mult = ticks_mult < 1UL << 32 ? ticks_mult : 1UL << 32;
}

/** A time farther off than the counter reaches fires early: the kernel looks at the clock and sets it again. */
static u32 timer_ticks(u64 tsc)
{
	u64 now = arch_tsc(), ticks;

	if (tsc <= now)
		return 1;
	ticks = tsc - now > TIMER_DELTA_MAX ? TIMER_DELTA_MAX : tsc - now;
	return (u64)((unsigned __int128)ticks * timer_mult >> 32) + 1;
}

void arch_timer_set(u64 tsc)
{
	if (deadline_timer)
		wrmsr(MSR_TSC_DEADLINE, tsc == ~0UL ? 0 : tsc);
	else
		mmio_write32(lapic + LAPIC_TIMER_INITIAL, tsc == ~0UL ? 0 : timer_ticks(tsc));
}

/** Mode bits of a line nobody asked a mode for: as the firmware says, else edge for ISA's and level for others. */
static unsigned int default_mode(unsigned int line)
{
	unsigned int irq;
	u16 flags;

	for (irq = 0; irq < ACPI_ISA_IRQS; irq++) {
		if (!acpi.isa[irq].set || acpi.isa[irq].gsi != line)
			continue;
		flags = acpi.isa[irq].flags;
		return ((flags & 3) == 3 ? L4_IRQ_F_NEG : 0) | ((flags >> 2 & 3) == 3 ? L4_IRQ_F_LEVEL : 0);
	}
	return line < ACPI_ISA_IRQS ? L4_IRQ_F_POS_EDGE : L4_IRQ_F_LEVEL_LOW;
}

static void line_write(unsigned int line, u32 entry)
{
	line_entry[line] = entry;
	ioapic_write(line_pin[line].va, IOAPIC_REDIRECTION(line_pin[line].pin), entry);
}

static bool line_exists(unsigned int line)
{
	return line < arch_irq_lines && line_pin[line].va;
}

void arch_irq_setup(unsigned int line, unsigned int vector, unsigned int mode)
{
	u32 entry = vector | RTE_MASKED;

	if (!line_exists(line))
		return;
	if (!(mode & L4_IRQ_F_SET_MODE))
		mode = default_mode(line);
	entry |= mode & L4_IRQ_F_NEG ? RTE_LOW_ACTIVE : 0;
	entry |= mode & L4_IRQ_F_LEVEL ? RTE_LEVEL : 0;
	line_write(line, entry);
	arch_irq_remap(line, line_pin[line].remapped);
}

/** The upper word alone differs between the formats: nothing is lost. */
void arch_irq_remap(unsigned int line, bool remap)
{
	u32 route = remap ? RTE_HANDLE(2 * line + arch_irq_is_level(line)) : this_cpu()->apic_id << 24;

	line_pin[line].remapped = remap;
	if (line_exists(line))
		ioapic_write(line_pin[line].va, IOAPIC_REDIRECTION(line_pin[line].pin) + 1, route);
}

bool arch_irq_is_level(unsigned int line)
{
	return line_exists(line) && (line_entry[line] & RTE_LEVEL);
}

void arch_irq_mask(unsigned int line)
{
	if (line_exists(line) && !(line_entry[line] & RTE_MASKED))
		line_write(line, line_entry[line] | RTE_MASKED);
}

void arch_irq_unmask(unsigned int line)
{
	if (line_exists(line) && (line_entry[line] & RTE_MASKED))
		line_write(line, line_entry[line] & ~RTE_MASKED);
}

void arch_irq_ack(void)
{
	mmio_write32(lapic + LAPIC_EOI, 0);
}

void arch_msi_message(unsigned int vector, u64 *address, u32 *data)
{
	*address = acpi.local_apic_pa | (u64)this_cpu()->apic_id << 12;
	*data = vector;
}

void arch_irq_window(void)
{
	interrupts_window();
}

void arch_idle_wait(void)
{
	interrupts_wait();
}
