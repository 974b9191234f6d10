// SPDX-License-Identifier: GPL-2.0-only
/* Ending the machine: emulator exit, power off, reset. */
#include "machine.h"

#define QEMU_EXIT_PORT 0xf4
#define PM1_SLEEP_ENABLE 0x2000 /* sleep type 0: what QEMU and most firmware name S5 */
#define RESET_PORT 0xcf9
#define RESET_FULL 0x6

void arch_shutdown(u64 how)
{
	switch (how & 0xff) {
	case 1:
		out8(RESET_PORT, RESET_FULL);
		break;
	case 2:
		out32(QEMU_EXIT_PORT, how >> 8);
		break;
	default:
		if (acpi.pm1a_control)
			out16(acpi.pm1a_control, PM1_SLEEP_ENABLE);
		out32(QEMU_EXIT_PORT, 0);
	}
	for (;;)
		cpu_halt();
}
