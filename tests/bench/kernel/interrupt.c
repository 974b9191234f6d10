/* SPDX-License-Identifier: MIT */
/*
 * Kernel benchmark: interrupts and time. What is interrupted is a loop that stores the
 * time; the interrupt came at most one pass of the loop after the last that it stored.
 */
#include "bench.h"

#include <l4/sys/icu.h>

#define UART 0x3f8
#define UART_LINE 4
#define TX_EMPTY 2 /* of the interrupt enable register: raised at once, the transmitter is empty */

static cap irq;
static volatile word arrived, last;

static inline void port_write(unsigned short port, unsigned char v) { __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port)); }
static inline unsigned char port_read(unsigned short port)
{
	unsigned char v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static void uart_handler(void *arg)
{
	l4_umword_t label;

	for (;;) {
		l4_irq_unmask(irq);
		l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
		arrived = ticks();
		port_write(UART + 1, 0);
		port_read(UART + 2);
	}
}

static word uart_interrupt(void)
{
	word t = ticks();

	port_write(UART + 1, TX_EMPTY);
	while (arrived < t)
		; /* without instruction counting it comes some instructions later */
	return arrived - t;
}

static void spin(void *arg)
{
	for (;;)
		last = ticks();
}

/* Wakes this thread, which has the higher priority, out of the loop. */
static word timer_to_thread(void)
{
	l4_umword_t label;

	l4_irq_set_timer_u(irq, kt_now() + 30000, l4_utcb());
	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	return ticks() - last;
}

static word timeout_to_thread(void)
{
	l4_ipc_sleep(l4_timeout(0, 30000));
	return ticks() - last;
}

/* From the programmed point of time. */
static word timer_lateness(void)
{
	l4_umword_t label;
	word when = kt_now() + 30000, at;

	l4_irq_set_timer_u(irq, when, l4_utcb());
	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	at = ticks();
	return l4_kip_tsc_to_ns(kt_kip(), at) - when + bench_overhead;
}

void hardware_interrupt(void)
{
	static const struct bench uart = { .name = "hardware_irq_to_thread", .op = uart_interrupt };
	cap handler;

	bench_begin();
	irq = kt_irq();
	CHECK_OK(l4_icu_bind(L4_BASE_ICU_CAP, UART_LINE, irq));
	CHECK_OK(l4_icu_set_mode(L4_BASE_ICU_CAP, UART_LINE, L4_IRQ_F_POS_EDGE));
	handler = kt_thread_prio(KT_TASK, uart_handler, 0, KT_PRIO + 1);
	CHECK_OK(l4_rcv_ep_bind_thread(irq, handler, 0x20));
	port_read(UART + 2);
	bench_run(&uart);
	CHECK_OK(l4_icu_unbind(L4_BASE_ICU_CAP, UART_LINE, irq));
}

static void from_other_task(void)
{
	static const struct bench timer = { .name = "timer_irq_to_thread", .op = timer_to_thread };
	static const struct bench timeout = { .name = "timeout_to_thread", .op = timeout_to_thread };
	static const struct bench late = { .name = "timer_lateness_ns", .op = timer_lateness };

	CHECK_OK(l4_rcv_ep_bind_thread(irq, kt_self(), 0x30));
	bench_run(&timer);
	bench_run(&timeout);
	bench_run(&late);
}

static void from_same_task(void)
{
	static const struct bench same = { .name = "timer_irq_to_thread_same_task", .op = timer_to_thread };

	CHECK_OK(l4_rcv_ep_bind_thread(irq, kt_self(), 0x30));
	bench_run(&same);
}

void interrupts(void)
{
	cap task, spinner;

	bench_begin();
	task = bench_task();
	irq = kt_irq();
	kt_give(task, irq);
	spinner = kt_thread_prio(kt_task(), spin, 0, KT_PRIO - 1);
	bench_in(task, from_other_task);
	kt_delete(spinner);
	kt_thread_prio(task, spin, 0, KT_PRIO - 1);
	bench_in(task, from_same_task);
}
