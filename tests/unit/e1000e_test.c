// SPDX-License-Identifier: MIT
/*
 * The 82574 driver with a device of this program's: reset, rings over many rounds, and one that writes anything into the descriptors.
 * sources: drivers/e1000e/e1000e.c
 * cflags: -Il4re/include -iquote drivers/e1000e
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/sys/err.h>

#include "e1000e.h"
#include "support/named.h"

#define DMA 0x7000000UL
#define FRAMES 64

static struct e1000e e;
static struct e1000e_memory *memory;
static unsigned char *regs;
#define OBLIGING ~0U
static unsigned int pauses, stubborn = OBLIGING; /* the register at which it does not do what it should */

static l4_uint32_t *reg(unsigned int at) { return (l4_uint32_t *)(regs + at); }

/* The device does something while the driver waits: first it stops transfers, then it resets itself. */
static void device_pause(void)
{
	pauses++;
	if (stubborn != E1000E_STATUS && (*reg(E1000E_CTRL) & E1000E_CTRL_MASTER_DISABLE))
		*reg(E1000E_STATUS) &= ~E1000E_STATUS_MASTER;
	if (!(*reg(E1000E_CTRL) & E1000E_CTRL_RESET) || stubborn == E1000E_CTRL)
		return;
	check(!(*reg(E1000E_STATUS) & E1000E_STATUS_MASTER), "reset in the middle of a transfer");
	memset(regs, 0, E1000E_REGS_BYTES);
	*reg(E1000E_RAL) = 0x44332252;
	*reg(E1000E_RAH) = 0x6655 | (stubborn == E1000E_RAH ? 0 : E1000E_RAH_VALID);
}

static int reset(l4_uint8_t *mac)
{
	memset(regs, 0xff, E1000E_REGS_BYTES);
	*reg(E1000E_CTRL) = 0;
	e = (struct e1000e){ .regs = regs, .pause = device_pause };
	return e1000e_reset(&e, mac);
}

static void resets(void)
{
	l4_uint8_t mac[6];

	test = "resets";
	check(reset(mac) == 0 && !memcmp(mac, "\x52\x22\x33\x44\x55\x66", 6), "address");
	check(*reg(E1000E_IMC) == ~0U, "interrupts masked");
	for (unsigned int i = 0; i < 3; i++) {
		stubborn = (unsigned int[]){ E1000E_STATUS, E1000E_CTRL, E1000E_RAH }[i];
		pauses = 0;
		check(reset(mac) == -L4_EIO, "a device that does not");
		check(pauses <= 250, "waits too long");
	}
	stubborn = OBLIGING;
	printf("ok resets\n");
}

static void start(void)
{
	l4_uint8_t mac[6];

	check(reset(mac) == 0, "reset");
	memset(memory, 0, sizeof(*memory));
	e1000e_start(&e, memory, DMA);
	check(*reg(E1000E_RDLEN) == sizeof(memory->rx) && *reg(E1000E_TDLEN) == sizeof(memory->tx), "lengths");
	check((*reg(E1000E_RCTL) & E1000E_RCTL_ENABLE) && (*reg(E1000E_TCTL) & E1000E_TCTL_ENABLE), "enabled");
	check(*reg(E1000E_RDT) == E1000E_RING - 1 && *reg(E1000E_IMS), "tail and mask");
	check(!e1000e_has_link(&e), "a link without one");
	*reg(E1000E_STATUS) |= E1000E_STATUS_LINK;
	check(e1000e_has_link(&e), "no link");
}

static unsigned char *seen(l4_uint64_t addr)
{
	check(addr >= DMA && addr + E1000E_BUFFER_BYTES <= DMA + sizeof(*memory), "a buffer outside");
	return (unsigned char *)memory + (addr - DMA);
}

static unsigned char expected[FRAMES * 4][E1000E_BUFFER_BYTES];
static unsigned int length[FRAMES * 4], first, last; /* frames on their way, in order */
static unsigned int too_long;

static void take(const void *frame, unsigned int bytes)
{
	unsigned int n;

	if (!frame) {
		too_long++;
		return;
	}
	n = first++ % (FRAMES * 4);
	check(first <= last, "a frame too many");
	check(bytes == length[n] && !memcmp(frame, expected[n], bytes), "another frame");
}

static unsigned int fill(void)
{
	unsigned int n = last++ % (FRAMES * 4);

	length[n] = 14 + random_below(E1000E_FRAME_MAX - 13);
	for (unsigned int i = 0; i < 14; i++)
		expected[n][i] = random_below(256);
	return n;
}

static void receiving(void)
{
	unsigned int head = 0, split = 0, splits = 0;

	test = "receiving";
	start();
	first = last = too_long = 0;
	while (last < 100000) {
		for (unsigned int count = random_below(FRAMES); count-- && head != *reg(E1000E_RDT); head = (head + 1) % E1000E_RING) {
			struct e1000e_rx_desc *d = (struct e1000e_rx_desc *)((char *)memory + (*reg(E1000E_RDBAL) - DMA)) + head;
			unsigned int n = fill(), bad = random_below(8);

			memcpy(seen(d->addr), expected[n], length[n]);
			d->length = length[n];
			d->errors = bad == 1;
			d->status = E1000E_DESC_DONE | (bad == 2 ? 0 : E1000E_RX_END);
			last -= bad == 1 || bad == 2 || split;
			splits += split && bad != 2;
			split = bad == 2;
		}
		e1000e_acknowledge(&e);
		while (e1000e_receive(&e, 1 + random_below(20), take) && random_below(16))
			;
		if (random_below(2))
			e1000e_flush(&e);
	}
	check(e1000e_receive(&e, E1000E_RING, take) == 0 && first == last, "frames are missing");
	check(splits > 1000 && too_long == splits, "frames in several buffers");
	printf("ok receiving\n");
}

static void sending(void)
{
	unsigned int head = 0, out = 0;

	test = "sending";
	start();
	first = last = 0;
	while (last < 100000) {
		for (unsigned int count = random_below(FRAMES); count--;) {
			unsigned int n = fill();
			int err = e1000e_send(&e, expected[n], length[n]);

			check(err == (out == E1000E_RING - 1 ? -L4_EBUSY : 0), "send");
			out += !err;
			last -= err != 0;
		}
		e1000e_flush(&e);
		for (unsigned int count = random_below(FRAMES); count-- && head != *reg(E1000E_TDT); head = (head + 1) % E1000E_RING) {
			struct e1000e_tx_desc *d = (struct e1000e_tx_desc *)((char *)memory + (*reg(E1000E_TDBAL) - DMA)) + head;

			check(d->command == (E1000E_TX_END | E1000E_TX_ADD_CRC | E1000E_TX_REPORT), "command");
			take(seen(d->addr), d->length);
			d->status = E1000E_DESC_DONE;
			out--;
		}
	}
	check(e1000e_send(&e, expected[0], E1000E_FRAME_MAX + 1) < 0, "a long one");
	printf("ok sending\n");
}

static unsigned int taken;

static void take_any(const void *frame, unsigned int bytes)
{
	const unsigned char *at = frame;

	taken++;
	if (!frame)
		return;
	check(at >= memory->rx_buffer[0] && at + bytes <= memory->rx_buffer[E1000E_RING], "a frame outside the buffers");
}

/* Anything in the descriptors: a frame is never longer than its buffer, and buffers stay where they are. */
static void hostile(void)
{
	unsigned int refused = 0;

	test = "hostile";
	start();
	taken = 0;
	for (int i = 0; i < 300000; i++) {
		unsigned char *at = random_below(2) ? (unsigned char *)&memory->rx[(e.rx_next + random_below(4)) % E1000E_RING]
						    : (unsigned char *)&memory->tx[random_below(E1000E_RING)];

		at[random_below(3) ? 12 : random_below(16)] = random_below(4) ? random_below(8) : random_below(256);
		if (random_below(4) == 0 && e1000e_receive(&e, 1 + random_below(200), take_any) == -L4_EIO) {
			refused++;
			start();
		}
		if (random_below(4) == 0)
			e1000e_send(&e, expected[0], 14 + random_below(E1000E_FRAME_MAX - 13));
		e1000e_flush(&e);
	}
	check(taken > 1000 && refused > 10, "not hostile enough");
	printf("ok hostile\n");
}

int main(void)
{
	memory = aligned_alloc(4096, sizeof(*memory) + 4096 - sizeof(*memory) % 4096);
	regs = aligned_alloc(4096, E1000E_REGS_BYTES);
	resets();
	receiving();
	sending();
	hostile();
	free(memory);
	free(regs);
	return 0;
}
