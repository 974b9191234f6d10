/* SPDX-License-Identifier: MIT */
/*
 * A task that an interrupt drives: the machine's clock chip, asked for 1024 interrupts a second. Its description gives it the chip's two ports and
 * `irqs = [{ name = "rtc", line = 8 }]`. Argument: how many to count.
 */
#include <stdio.h>
#include <stdlib.h>

#include <l4/re/env.h>
#include <l4/sys/ipc.h>
#include <l4/sys/irq.h>
#include <l4/sys/kip_api.h>
#include <l4/util/port_io.h>

#define INDEX 0x70
#define DATA 0x71
#define REG_A 10
#define REG_B 11
#define REG_C 12
#define A_1024_HZ 0x26
#define B_PERIODIC 0x40
#define B_24_HOURS 0x02

static unsigned chip_read(unsigned reg)
{
	l4util_out8(reg, INDEX);
	return l4util_in8(DATA);
}

static void chip_write(unsigned reg, unsigned value)
{
	l4util_out8(reg, INDEX);
	l4util_out8(value, DATA);
}

int main(int argc, char **argv)
{
	l4_cap_idx_t irq = l4re_env_get_cap("rtc");
	unsigned long count = argc > 1 ? strtoul(argv[1], 0, 0) : 1024, n;
	l4_uint64_t start;

	/* From now on the interrupt is this thread's; the label is for those who wait for several. */
	if (l4_is_invalid_cap(irq) || l4_error(l4_rcv_ep_bind_thread(irq, l4re_env()->main_thread, 0)) < 0)
		return 1;
	chip_write(REG_A, A_1024_HZ);
	chip_write(REG_B, B_24_HOURS | B_PERIODIC);
	chip_read(REG_C);
	start = l4_kip_clock_ns(l4re_kip());
	for (n = 0; n < count; n++) {
		/* Unmask, wait: what came meanwhile is not lost. */
		if (l4_msgtag_has_error(l4_irq_receive(irq, L4_IPC_NEVER)))
			return 1;
		chip_read(REG_C); /* the device is told, or it stays silent */
	}
	printf("%lu interrupts in %lu ms\n", n, (l4_kip_clock_ns(l4re_kip()) - start) / 1000000);
	return 0;
}
