/* SPDX-License-Identifier: MIT */
/* 16550 UART at the first PC serial port. Register names: National PC16550D data sheet, table II. */
#ifndef UART_H
#define UART_H

#define UART_BASE 0x3f8
enum uart_register {
	UART_RBR = 0, /* read: received byte */
	UART_THR = 0, /* write: byte to send */
	UART_IER = 1, /* interrupt enable */
	UART_IIR = 2, /* read: interrupt cause */
	UART_FCR = 2, /* write: FIFO control */
	UART_LCR = 3, /* line control */
	UART_MCR = 4, /* modem control */
	UART_LSR = 5, /* line status */
};
#define UART_IER_RECEIVED 0x01
#define UART_FCR_ENABLE 0x01
#define UART_LCR_8N1 0x03
#define UART_MCR_DTR_RTS_OUT2 0x0b /* OUT2 connects the interrupt line on a PC */
#define UART_LSR_DATA 0x01
#define UART_LSR_THR_EMPTY 0x20

void uart_init(void);
void uart_write(const char *text, unsigned bytes);
/** The next received byte, -1 if there is none. */
int uart_read(void);

#endif
