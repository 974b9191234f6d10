/* SPDX-License-Identifier: MIT */
/* Registers and rings of the 82574. */
#include "e1000e.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

#define POLLS 100
#define CAUSES (E1000E_ICR_RXT0 | E1000E_ICR_RXQ0)

static l4_uint32_t get(const struct e1000e *e, enum e1000e_register reg)
{
	return *(volatile l4_uint32_t *)(e->regs + reg);
}

static void set(struct e1000e *e, unsigned reg, l4_uint32_t value)
{
	*(volatile l4_uint32_t *)(e->regs + reg) = value;
}

/* Until none of these bits is set. */
static int wait_clear(struct e1000e *e, enum e1000e_register reg, l4_uint32_t bits)
{
	unsigned i;

	for (i = 0; i < POLLS && (get(e, reg) & bits); i++)
		e->pause();
	return get(e, reg) & bits ? -L4_EIO : 0;
}

int e1000e_reset(struct e1000e *e, l4_uint8_t *mac)
{
	l4_uint32_t low, high;
	unsigned i;

	/* Transfers end before the reset, which would cut them off in the middle (section 4.6.3). */
	set(e, E1000E_IMC, ~0U);
	set(e, E1000E_RCTL, 0);
	set(e, E1000E_TCTL, 0);
	set(e, E1000E_CTRL, get(e, E1000E_CTRL) | E1000E_CTRL_MASTER_DISABLE);
	if (wait_clear(e, E1000E_STATUS, E1000E_STATUS_MASTER))
		return -L4_EIO;
	set(e, E1000E_CTRL, get(e, E1000E_CTRL) | E1000E_CTRL_RESET);
	e->pause();
	if (wait_clear(e, E1000E_CTRL, E1000E_CTRL_RESET))
		return -L4_EIO;
	set(e, E1000E_IMC, ~0U);
	low = get(e, E1000E_RAL);
	high = get(e, E1000E_RAH);
	for (i = 0; i < 4; i++)
		mac[i] = low >> 8 * i;
	mac[4] = high;
	mac[5] = high >> 8;
	return high & E1000E_RAH_VALID ? 0 : -L4_EIO;
}

static void rx_arm(struct e1000e *e, unsigned i)
{
	e->memory->rx[i] = (struct e1000e_rx_desc){
		.addr = e->dma + __builtin_offsetof(struct e1000e_memory, rx_buffer) + (l4_uint64_t)i * E1000E_BUFFER_BYTES };
}

static void set_ring(struct e1000e *e, unsigned low, l4_uint64_t at, unsigned bytes)
{
	/* The registers of both rings have the same order. */
	set(e, low, at);
	set(e, low + E1000E_RDBAH - E1000E_RDBAL, at >> 32);
	set(e, low + E1000E_RDLEN - E1000E_RDBAL, bytes);
	set(e, low + E1000E_RDH - E1000E_RDBAL, 0);
	set(e, low + E1000E_RDT - E1000E_RDBAL, 0);
}

void e1000e_start(struct e1000e *e, struct e1000e_memory *memory, l4_uint64_t dma)
{
	unsigned i;

	*e = (struct e1000e){ .regs = e->regs, .pause = e->pause, .memory = memory, .dma = dma };
	for (i = 0; i < E1000E_RING; i++)
		rx_arm(e, i);
	set(e, E1000E_CTRL, get(e, E1000E_CTRL) | E1000E_CTRL_SET_LINK_UP);
	set_ring(e, E1000E_RDBAL, dma + __builtin_offsetof(struct e1000e_memory, rx), sizeof(memory->rx));
	set_ring(e, E1000E_TDBAL, dma + __builtin_offsetof(struct e1000e_memory, tx), sizeof(memory->tx));
	for (i = 0; i < 128; i++)
		set(e, E1000E_MTA + 4 * i, 0);
	set(e, E1000E_TIPG, E1000E_TIPG_DEFAULT);
	set(e, E1000E_TCTL, E1000E_TCTL_ENABLE | E1000E_TCTL_PAD | E1000E_TCTL_COLLISIONS);
	set(e, E1000E_RCTL, E1000E_RCTL_ENABLE | E1000E_RCTL_ALL_STATIONS | E1000E_RCTL_ALL_GROUPS | E1000E_RCTL_BROADCAST |
			    E1000E_RCTL_STRIP_CRC);
	set(e, E1000E_IVAR, E1000E_IVAR_RXQ0);
	/* Head = tail would be an empty ring: one descriptor is never the device's. */
	e->rx_told = E1000E_RING - 1;
	set(e, E1000E_RDT, e->rx_told);
	e1000e_acknowledge(e);
}

void e1000e_reclaim(struct e1000e *e)
{
	const struct e1000e_tx_desc *tx = e->memory->tx;

	while (e->tx_done != e->tx_next && (__atomic_load_n(&tx[e->tx_done].status, __ATOMIC_ACQUIRE) & E1000E_DESC_DONE)) {
		e->tx_done = (e->tx_done + 1) % E1000E_RING;
		e->done++;
	}
}

int e1000e_has_link(const struct e1000e *e)
{
	return (get(e, E1000E_STATUS) & E1000E_STATUS_LINK) != 0;
}

int e1000e_send(struct e1000e *e, const void *frame, unsigned bytes)
{
	struct e1000e_memory *m = e->memory;
	unsigned next = (e->tx_next + 1) % E1000E_RING;

	e1000e_reclaim(e);
	if (next == e->tx_done || bytes > E1000E_FRAME_MAX)
		return -L4_EBUSY;
	memcpy(m->tx_buffer[e->tx_next], frame, bytes);
	m->tx[e->tx_next] = (struct e1000e_tx_desc){
		.addr = e->dma + __builtin_offsetof(struct e1000e_memory, tx_buffer) + (l4_uint64_t)e->tx_next * E1000E_BUFFER_BYTES,
		.length = bytes, .command = E1000E_TX_END | E1000E_TX_ADD_CRC | E1000E_TX_REPORT };
	e->tx_next = next;
	e->given++;
	return 0;
}

int e1000e_receive(struct e1000e *e, unsigned budget, void (*take)(const void *frame, unsigned bytes))
{
	while (budget--) {
		struct e1000e_rx_desc *d = &e->memory->rx[e->rx_next];
		l4_uint8_t status = __atomic_load_n(&d->status, __ATOMIC_ACQUIRE);
		l4_uint16_t length = __atomic_load_n(&d->length, __ATOMIC_RELAXED);

		if (!(status & E1000E_DESC_DONE))
			return 0;
		if (length > E1000E_BUFFER_BYTES)
			return -L4_EIO;
		/* A frame that ends in another buffer is longer than any that can be sent on, and so is what it ends with. */
		if ((status & E1000E_RX_END) && e->rx_split)
			take(0, 0);
		else if ((status & E1000E_RX_END) && !__atomic_load_n(&d->errors, __ATOMIC_RELAXED))
			take(e->memory->rx_buffer[e->rx_next], length);
		e->rx_split = !(status & E1000E_RX_END);
		rx_arm(e, e->rx_next);
		e->rx_next = (e->rx_next + 1) % E1000E_RING;
	}
	return 1;
}

void e1000e_acknowledge(struct e1000e *e)
{
	set(e, E1000E_ICR, CAUSES);
	set(e, E1000E_IMS, CAUSES);
}

void e1000e_flush(struct e1000e *e)
{
	/* The descriptor before the next to be received is the one that stays here. */
	unsigned rx = (e->rx_next + E1000E_RING - 1) % E1000E_RING;

	/* Descriptors are in memory before the device looks. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (rx != e->rx_told)
		set(e, E1000E_RDT, rx);
	if (e->tx_next != e->tx_told)
		set(e, E1000E_TDT, e->tx_next);
	e->rx_told = rx;
	e->tx_told = e->tx_next;
}
