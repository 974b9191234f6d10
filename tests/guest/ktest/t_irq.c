/* SPDX-License-Identifier: MIT */
/*
 * Kernel test: interrupts of devices. The real-time clock's line is edge-triggered; QEMU's `edu`
 * device raises a level-triggered PCI interrupt or an MSI when told to.
 */
#include "kt.h"
#include <l4/sys/icu.h>

#define ICU L4_BASE_ICU_CAP
#define MS 1000000UL
#define RTC_LINE 8
#define EDU_ID 0x11e81234
#define EDU_STATUS 0x24
#define EDU_RAISE 0x60
#define EDU_ACK 0x64
#define GSI_FIRST 16
#define GSI_LAST 23

static void out8(unsigned short port, unsigned char v) { __asm__ volatile("outb %0, %1" : : "a"(v), "d"(port)); }
static unsigned char in8(unsigned short port)
{
	unsigned char v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "d"(port));
	return v;
}
static void out32(unsigned short port, unsigned v) { __asm__ volatile("outl %0, %1" : : "a"(v), "d"(port)); }
static unsigned in32(unsigned short port)
{
	unsigned v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "d"(port));
	return v;
}

static unsigned char rtc_read(unsigned char reg) { out8(0x70, reg); return in8(0x71); }
static void rtc_write(unsigned char reg, unsigned char v) { out8(0x70, reg); out8(0x71, v); }

static void rtc_periodic(int on)
{
	rtc_write(0xa, (rtc_read(0xa) & 0xf0) | 6);
	rtc_write(0xb, (rtc_read(0xb) & ~0x40) | (on ? 0x40 : 0));
	rtc_read(0xc);
}

static cap bound_irq(unsigned line, word label)
{
	cap irq = kt_irq();

	CHECK_OK(l4_rcv_ep_bind_thread(irq, kt_self(), label));
	CHECK_OK(l4_icu_bind(ICU, line, irq));
	return irq;
}

static void edge_line(void)
{
	l4_umword_t label;
	cap irq = bound_irq(RTC_LINE, 0x88);

	CHECK_OK(l4_icu_set_mode(ICU, RTC_LINE, L4_IRQ_F_POS_EDGE));
	rtc_periodic(1);
	/* masked until it is unmasked */
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 20 * MS)), L4_IPC_RETIMEOUT);
	CHECK_OK(l4_icu_unmask(ICU, RTC_LINE, 0, L4_IPC_NEVER));
	for (int i = 0; i < 20; i++) {
		rtc_read(0xc);
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 500 * MS)), 0);
		CHECK_EQ(label, 0x88);
	}
	/* merged while nobody waits; masked first: the device raises its line again at every period */
	rtc_read(0xc);
	l4_ipc_sleep_ms(20);
	CHECK_OK(l4_icu_mask(ICU, RTC_LINE, 0, L4_IPC_NEVER));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), 0);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	rtc_read(0xc);
	l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 5 * MS));
	rtc_read(0xc);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 20 * MS)), L4_IPC_RETIMEOUT);
	/* the IRQ object goes while the line is open and the device goes on */
	CHECK_OK(l4_icu_unmask(ICU, RTC_LINE, 0, L4_IPC_NEVER));
	kt_delete(irq);
	for (int i = 0; i < 5; i++) {
		rtc_read(0xc);
		l4_ipc_sleep_ms(3);
	}
	rtc_periodic(0);
}

/* --- edu */

static unsigned config_at;
static unsigned config_read(unsigned reg) { out32(0xcf8, config_at | reg); return in32(0xcfc); }
static void config_write(unsigned reg, unsigned v) { out32(0xcf8, config_at | reg); out32(0xcfc, v); }

/* The device's registers, mapped. */
static volatile unsigned *edu_map(void)
{
	word at = kt_region(4096);

	for (unsigned slot = 0; slot < 32; slot++) {
		config_at = 0x80000000 | slot << 11;
		if (config_read(0) == EDU_ID)
			break;
	}
	if (config_read(0) != EDU_ID) {
		kt_fail("no edu device", 0, "give QEMU -device edu", 0, 0);
		kt_park();
	}
	config_write(4, (config_read(4) & 0xffff) | 6);
	CHECK_OK(l4_physmem_map_u(L4_BASE_PHYSMEM_CAP, l4_fpage(config_read(0x10) & ~0xfffU, 12, L4_FPAGE_RW),
				  at | L4_FPAGE_UNCACHEABLE, l4_utcb()));
	CHECK_EQ(*(volatile unsigned *)at & 0xff, 0xed);
	return (volatile unsigned *)at;
}

static void level_line(void)
{
	volatile unsigned *edu = edu_map();
	l4_umword_t label, line;
	cap irq[GSI_LAST + 1];

	for (unsigned i = GSI_FIRST; i <= GSI_LAST; i++) {
		irq[i] = bound_irq(i, i << 4);
		CHECK_OK(l4_icu_set_mode(ICU, i, L4_IRQ_F_LEVEL_HIGH));
		CHECK_OK(l4_icu_unmask(ICU, i, 0, L4_IPC_NEVER));
	}
	edu[EDU_RAISE / 4] = 1;
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &line, l4_timeout(0, 500 * MS)), 0);
	line >>= 4;
	/* once, although the line stays up */
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 5 * MS)), L4_IPC_RETIMEOUT);
	/* unmasked without the device served: again */
	for (int i = 0; i < 3; i++) {
		CHECK_OK(l4_irq_unmask(irq[line]));
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 500 * MS)), 0);
		CHECK_EQ(label >> 4, line);
	}
	/* served, then unmasked: no more */
	edu[EDU_ACK / 4] = 1;
	CHECK_OK(l4_irq_unmask(irq[line]));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 5 * MS)), L4_IPC_RETIMEOUT);
	for (int i = 0; i < 50; i++) {
		edu[EDU_RAISE / 4] = 2;
		CHECK_IPC(l4_ipc_receive(irq[line], l4_utcb(), l4_timeout(0, 500 * MS)), 0);
		CHECK_EQ(edu[EDU_STATUS / 4], 2);
		edu[EDU_ACK / 4] = 2;
		CHECK_OK(l4_irq_unmask(irq[line]));
	}
	/* its server dies with the line up: the system goes on */
	edu[EDU_RAISE / 4] = 1;
	kt_delete(irq[line]);
	l4_ipc_sleep_ms(2);
	/* a new server finds it pending */
	irq[line] = bound_irq(line, 0x990);
	CHECK_OK(l4_icu_set_mode(ICU, line, L4_IRQ_F_LEVEL_HIGH));
	CHECK_OK(l4_irq_unmask(irq[line]));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 500 * MS)), 0);
	CHECK_EQ(label, 0x990);
	/* opened with the line up and nobody bound: no storm */
	kt_delete(irq[line]);
	CHECK_OK(l4_icu_unmask(ICU, line, 0, L4_IPC_NEVER));
	l4_ipc_sleep_ms(2);
	edu[EDU_ACK / 4] = 1;
}

static void msi(void)
{
	volatile unsigned *edu = edu_map();
	unsigned at = config_read(0x34) & 0xfc;
	l4_icu_msi_info_t info;
	l4_umword_t label;
	cap irq = bound_irq(L4_ICU_FLAG_MSI | 5, 0x55);

	while (at && (config_read(at) & 0xff) != 5)
		at = config_read(at) >> 8 & 0xfc;
	CHECK(at != 0);
	CHECK_OK(l4_icu_msi_info(ICU, L4_ICU_FLAG_MSI | 5, 0, &info));
	config_write(at + 4, info.msi_addr);
	config_write(at + 8, info.msi_addr >> 32);
	config_write(at + 12, info.msi_data);
	config_write(at, config_read(at) | 1 << 16);
	for (int i = 0; i < 50; i++) {
		edu[EDU_RAISE / 4] = 4;
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 500 * MS)), 0);
		CHECK_EQ(label, 0x55);
		edu[EDU_ACK / 4] = 4;
	}
	edu[EDU_RAISE / 4] = 4;
	edu[EDU_RAISE / 4] = 4;
	edu[EDU_ACK / 4] = 4;
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 500 * MS)), 0);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 5 * MS)), L4_IPC_RETIMEOUT);
	kt_delete(irq);
	edu[EDU_RAISE / 4] = 4;
	edu[EDU_ACK / 4] = 4;
	l4_ipc_sleep_ms(1);
	config_write(at, config_read(at) & ~(1U << 16));
}

const struct kt_test kt_tests[] = { KT_TEST(edge_line), KT_TEST(level_line), KT_TEST(msi), { 0 } };
