/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of arch/x86_64 offer each other, and the per-CPU machine state.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "arch.h"
#include "x86.h"

#define KERNEL_SPACE 0xffff800000000000UL /* slot 256: physmap */
#define PHYSMAP KERNEL_SPACE
#define PHYSMAP_BYTES (1UL << 39)
#define IMAGE_OFFSET 0xffff808000000000UL /* slot 257: image at its physical offset */
#define DEVICE_WINDOW 0xffff80807fe00000UL /* the last 2 MiB below 2 GiB of slot 257: device registers */

extern char image_start[], text_start[], text_end[], rodata_end[], image_end[];
extern char boot_stack_guard[], boot_stack_end[];
extern u64 boot_tsc;

/* boot.c */
void arch_boot(u32 magic, u32 info_pa) __attribute__((noreturn));
/** Value of NAME in the words "NAME=value" of the command line; NULL: not there. Ends at a space or 0. */
const char *cmdline_option(const char *name);

/* memmap.c: the KIP's memory list, sorted and free of overlap. */
void memmap_mark(u64 start, u64 end, u64 type);
u64 memmap_top_of_ram(void);
/** Highest free (L4_MEM_RAM) range of `bytes` aligned to 2 MiB below `limit`; 0: none. */
u64 memmap_find(u64 bytes, u64 limit);

/* paging.c */
/** Final tables; takes pages from *pool (advanced) if the machine has no 1 GiB pages. */
void paging_init(u64 *pool_pa, u64 top_of_ram);
/** Registers at pa, uncached. */
u64 paging_map_device(u64 pa);

/* cpu.c */
void cpu_init(unsigned int cpu);
bool cpu_has_1g_pages(void);
/** End of the physical address space. */
u64 cpu_physical_limit(void);

/* acpi.c: facts found, zero when not. */
#define ACPI_IO_APICS 8
#define ACPI_ISA_IRQS 16
struct acpi_facts {
	u64 rsdp, local_apic_pa, hpet_pa;
	u16 pm1a_control;
	unsigned int io_apics;
	struct { u64 pa; u32 gsi; } io_apic[ACPI_IO_APICS];
	struct { u32 gsi; u16 flags; bool set; } isa[ACPI_ISA_IRQS];
};
extern struct acpi_facts acpi;
void acpi_init(void);

/* apic.c, tsc.c, rtc.c, fpu.c */
void apic_init(void);
void apic_cpu_init(void);
/** Free-running count down of the timer, for its calibration. */
void apic_timer_probe_start(void);
u32 apic_timer_probe_ticks(void);
/** ticks_mult = timer ticks per TSC tick, 32.32; unused with a TSC deadline timer. */
void apic_timer_calibrated(u64 ticks_mult);
void tsc_init(void);
u64 rtc_read_epoch_ns(void);
void fpu_cpu_init(void);

/* debug/uart.c */
void uart_init(void);

#endif
