// SPDX-License-Identifier: GPL-2.0-only
/* First C code on Skerry: installs the paravirtual operations, then goes Linux's own way. */

#include <linux/acpi.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <asm/bootparam.h>
#include <asm/cpu.h>
#include <asm/e820/api.h>
#include <asm/i8259.h>
#include <asm/paravirt.h>
#include <asm/pci_x86.h>
#include <asm/pgtable.h>
#include <asm/setup.h>
#include <asm/x86_init.h>

#include "port.h"

const struct l4_info *l4_info __ro_after_init;
struct l4_counters l4_counters;
static unsigned long entry_tsc __initdata;

static char *__init memory_setup(void)
{
	e820__range_add(0, 0x9f000, E820_TYPE_RAM);
	e820__range_add(0x100000, l4_info->ram_size - 0x100000, E820_TYPE_RAM);
	e820__update_table(e820_table);
	return "Skerry";
}

static void __init banner(void)
{
	pr_info("Linux server %lu (%s) on the Skerry microkernel, %lu MiB\n", l4_info->instance,
		l4_info->name, l4_info->ram_size >> 20);
	pr_info("entered %llu us after the microkernel\n",
		(entry_tsc - l4_info->boot_tsc) * 1000ULL / (l4_info->tsc_khz ?: 1));
}

static void __init legacy_features(void)
{
	x86_platform.legacy.rtc = 0;
	x86_platform.legacy.warm_reset = 0;
	x86_platform.legacy.no_vga = 1;
	x86_platform.legacy.reserve_bios_regions = 0;
	x86_platform.legacy.i8042 = X86_LEGACY_I8042_PLATFORM_ABSENT;
	x86_platform.legacy.devices.pnpbios = 0;
}

static void __init arch_setup(void)
{
	l4_early_console();
	paravirt_disable_iospace();
}

/* There is no BIOS, no ACPI, no PCI bus and no legacy device below this Linux. */
static void __init platform_init(void)
{
	x86_init.resources.memory_setup = memory_setup;
	x86_init.resources.probe_roms = x86_init_noop;
	x86_init.resources.dmi_setup = x86_init_noop;
	x86_init.resources.reserve_resources = x86_init_noop;
	x86_init.mpparse.find_mptable = x86_init_noop;
	x86_init.mpparse.early_parse_smp_cfg = x86_init_noop;
	x86_init.mpparse.parse_smp_cfg = x86_init_noop;
	x86_init.oem.arch_setup = arch_setup;
	x86_init.oem.banner = banner;
	x86_init.irqs.intr_mode_select = x86_init_noop;
	x86_init.irqs.intr_mode_init = x86_init_noop;
	x86_init.irqs.intr_init = l4_irq_init;
	x86_init.timers.timer_init = l4_time_init;
	x86_init.timers.setup_percpu_clockev = x86_init_noop;
	x86_init.timers.wallclock_init = x86_init_noop;
	x86_platform.set_legacy_features = legacy_features;
	x86_platform.realmode_reserve = x86_init_noop;
	x86_platform.realmode_init = x86_init_noop;
	legacy_pic = &null_legacy_pic;
	disable_acpi();
#ifdef CONFIG_PCI
	pci_probe = 0;
#endif
}

static void __init boot_params_fill(void)
{
	boot_params.hdr.version = 0x020f;
	boot_params.hdr.type_of_loader = 0xff;
	boot_params.hdr.hardware_subarch = X86_SUBARCH_PC;
	boot_params.hdr.ramdisk_image = l4_info->initrd_start;
	boot_params.hdr.ramdisk_size = l4_info->initrd_end - l4_info->initrd_start;
	strscpy(boot_command_line, l4_info->cmdline, COMMAND_LINE_SIZE);
}

asmlinkage __visible void __init l4_start_kernel(const void *boot_page)
{
	entry_tsc = rdtsc();
	l4_info = l4host_init(boot_page);
	if (!l4_info)
		return;
	if (l4host_vcpu_start(0, l4_entry) < 0)
		l4host_exit(L4_EXIT_PANIC, 1);
	early_boot_irqs_disabled = true;
	l4_cpu_init();
	l4_mmu_init();
	l4_slots_init();
	l4_power_init();
	l4_clock_init();
	platform_init();
	boot_params_fill();

	/* What remains of the build-time table is the image; the direct map comes later. */
	clear_page(init_top_pgt);
	init_top_pgt[511] = early_top_pgt[511];
	l4_set_cr3(__pa_symbol(init_top_pgt));

	x86_64_start_reservations(NULL);
}
