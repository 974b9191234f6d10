// SPDX-License-Identifier: GPL-2.0-only
/* Polled output on the first serial port (16550), until a driver takes it over. */
#include "machine.h"

#define COM1 0x3f8
#define REG_DATA 0
#define REG_INTERRUPT_ENABLE 1
#define REG_FIFO 2
#define REG_LINE_CONTROL 3
#define REG_MODEM_CONTROL 4
#define REG_LINE_STATUS 5
#define STATUS_TX_EMPTY 0x20
#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80
#define DIVISOR_115200 1
#define TRIES 100000

void uart_init(void)
{
	out8(COM1 + REG_INTERRUPT_ENABLE, 0);
	out8(COM1 + REG_LINE_CONTROL, LINE_DIVISOR);
	out8(COM1 + REG_DATA, DIVISOR_115200);
	out8(COM1 + REG_INTERRUPT_ENABLE, 0);
	out8(COM1 + REG_LINE_CONTROL, LINE_8N1);
	out8(COM1 + REG_FIFO, 0x07);
	out8(COM1 + REG_MODEM_CONTROL, 0x0b);
}

/** Gives up on a port that never gets ready: there may be none. */
static void put(char c)
{
	unsigned int i;

	for (i = 0; i < TRIES && !(in8(COM1 + REG_LINE_STATUS) & STATUS_TX_EMPTY); i++)
		cpu_pause();
	out8(COM1 + REG_DATA, c);
}

void uart_write(const char *text, size_t bytes)
{
	for (; bytes; bytes--, text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
	}
}
