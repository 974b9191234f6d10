/* SPDX-License-Identifier: MIT */
/* 16550 UART: polled output, interrupt-driven input. */
#include "uart.h"

#include <l4/util/port_io.h>

/* A transmitter that stays busy longer than this is broken or absent: output is dropped, not waited for. */
#define BUSY_POLLS 100000

static unsigned char get(enum uart_register r)
{
	return l4util_in8(UART_BASE + r);
}

static void put(enum uart_register r, unsigned char value)
{
	l4util_out8(value, UART_BASE + r);
}

void uart_init(void)
{
	/* The boot loader or the kernel chose the speed. */
	put(UART_LCR, UART_LCR_8N1);
	put(UART_FCR, UART_FCR_ENABLE);
	put(UART_MCR, UART_MCR_DTR_RTS_OUT2);
	put(UART_IER, UART_IER_RECEIVED);
}

void uart_write(const char *text, unsigned bytes)
{
	unsigned polls;

	while (bytes--) {
		for (polls = 0; !(get(UART_LSR) & UART_LSR_THR_EMPTY) && polls < BUSY_POLLS; polls++)
			;
		put(UART_THR, *text++);
	}
}

int uart_read(void)
{
	unsigned char status = get(UART_LSR);

	/* All ones: no device there. */
	return status != 0xff && status & UART_LSR_DATA ? get(UART_RBR) : -1;
}
