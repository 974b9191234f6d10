// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock: TSC frequency, conversion between TSC and ns.
 *
 * The frequency comes from CPUID where a hypervisor or the CPU tells it, else the
 * TSC is compared with the HPET or, without one, the PIT over 10 ms. Each
 * end of the interval is the closest of several readings, so that
 * an emulator that is descheduled in the middle of one does no harm.
 */
#include "machine.h"

#define NS_PER_S 1000000000UL
#define INTERVAL_NS 10000000UL
#define READINGS 8

#define HPET_PERIOD 4 /* femtoseconds, upper half of the capability register */
#define HPET_CONFIG 0x10
#define HPET_COUNTER 0xf0
#define HPET_ENABLE 1

#define PIT_HZ 1193182UL
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_GATE 0x61

#define HYPERVISOR_LEAF 0x40000000
#define HYPERVISOR_TIMING 0x40000010
#define SHIFT_TO_TSC 31
#define TICKS_MAX (1UL << 62)

struct reading {
	u64 tsc;
	u32 count;
};

static u64 hpet;
static u64 to_tsc_mult;

static u32 reference_count(void)
{
	u32 low;

	if (hpet)
		return mmio_read32(hpet + HPET_COUNTER);
	out8(PIT_COMMAND, 0x80); /* latch channel 2 */
	low = in8(PIT_CHANNEL2);
	return 0xffff - (low | in8(PIT_CHANNEL2) << 8); /* it counts down */
}

static void reference_start(void)
{
	if (acpi.hpet_pa) {
		hpet = paging_map_device(acpi.hpet_pa);
		mmio_write32(hpet + HPET_CONFIG, mmio_read32(hpet + HPET_CONFIG) | HPET_ENABLE);
		return;
	}
	out8(PIT_GATE, (in8(PIT_GATE) & ~2) | 1);
	out8(PIT_COMMAND, 0xb0); /* channel 2, both bytes, mode 0 */
	out8(PIT_CHANNEL2, 0xff);
	out8(PIT_CHANNEL2, 0xff);
}

static u64 reference_ns(u32 ticks)
{
	return hpet ? (u64)ticks * mmio_read32(hpet + HPET_PERIOD) / 1000000 : ticks * NS_PER_S / PIT_HZ;
}

static u32 reference_ticks_since(u32 start)
{
	u32 ticks = reference_count() - start;

	return hpet ? ticks : ticks & 0xffff;
}

static struct reading read_both(void)
{
	struct reading best = { 0 };
	u64 before, after, width = ~0UL;
	unsigned int i;
	u32 count;

	for (i = 0; i < READINGS; i++) {
		before = arch_tsc();
		count = reference_count();
		after = arch_tsc();
		if (after - before < width) {
			width = after - before;
			best = (struct reading){ before + width / 2, count };
		}
	}
	return best;
}

/** TSC Hz by measurement; the local APIC timer is measured against the TSC in the same interval. */
static u64 measure(void)
{
	struct reading start, end;
	u64 tsc, ns, probe_tsc;
	u32 ticks;

	reference_start();
	start = read_both();
	apic_timer_probe_start();
	probe_tsc = arch_tsc();
	while (reference_ns(reference_ticks_since(start.count)) < INTERVAL_NS)
		cpu_pause();
	ticks = apic_timer_probe_ticks();
	probe_tsc = arch_tsc() - probe_tsc;
	end = read_both();
	apic_timer_calibrated(((u64)ticks << 32) / probe_tsc);
	tsc = end.tsc - start.tsc;
	ns = reference_ns(hpet ? end.count - start.count : (end.count - start.count) & 0xffff);
	return tsc * NS_PER_S / ns;
}

/** Hz as CPUID states it, 0 when it does not. */
static u64 stated(void)
{
	struct cpuid r;

	if ((cpuid(1, 0).c & 1U << 31) && cpuid(HYPERVISOR_LEAF, 0).a >= HYPERVISOR_TIMING) {
		r = cpuid(HYPERVISOR_TIMING, 0);
		if (r.a > 100000)
			return r.a * 1000UL;
	}
	if (cpuid(0, 0).a >= 0x15) {
		r = cpuid(0x15, 0);
		if (r.a && r.b && r.c)
			return (u64)r.c * r.b / r.a;
	}
	return 0;
}

/** Under QEMU's instruction counting one tick is exactly 1 ns; a measured value so close to it means that. */
static u64 rounded(u64 hz)
{
	u64 off = hz > NS_PER_S ? hz - NS_PER_S : NS_PER_S - hz;

	return off < NS_PER_S / 10000 ? NS_PER_S : hz;
}

void tsc_init(void)
{
	u64 measured = measure(), hz = stated();

	if (!hz)
		hz = rounded(measured);
	kip.tsc_khz = hz / 1000;
	kip.tsc_base = boot_tsc;
	kip.tsc_shift = 32;
	kip.tsc_mult = (NS_PER_S << 32) / hz;
	to_tsc_mult = ((hz << SHIFT_TO_TSC) + NS_PER_S - 1) / NS_PER_S;
}

u64 tsc_to_ns(u64 tsc)
{
	return (unsigned __int128)tsc * kip.tsc_mult >> 32;
}

u64 clock_ns(void)
{
	return tsc_to_ns(arch_tsc() - kip.tsc_base);
}

/** Rounds up, so that a timer is never early. What is too long for anything is cut so that it can still be added to a time. */
u64 ns_to_tsc(u64 ns)
{
	unsigned __int128 ticks = ((unsigned __int128)ns * to_tsc_mult + (1UL << SHIFT_TO_TSC) - 1) >> SHIFT_TO_TSC;

	return ticks > TICKS_MAX ? TICKS_MAX : (u64)ticks;
}
