/* SPDX-License-Identifier: MIT */
/*
 * An Intel 82574 network controller: one receive and one transmit ring, whose buffers are in memory that clients cannot
 * reach, and the device nothing else. Which buffer a descriptor has is known here and never read back.
 */
#ifndef E1000E_H
#define E1000E_H

#include "regs.h"

#define E1000E_RING 128
#define E1000E_FRAME_MAX 1518
#define E1000E_BUFFER_BYTES 2048

/* Memory that the device and the driver share. */
struct e1000e_memory {
	struct e1000e_rx_desc rx[E1000E_RING];
	struct e1000e_tx_desc tx[E1000E_RING];
	l4_uint8_t rx_buffer[E1000E_RING][E1000E_BUFFER_BYTES];
	l4_uint8_t tx_buffer[E1000E_RING][E1000E_BUFFER_BYTES];
};

struct e1000e {
	volatile l4_uint8_t *regs;     /* E1000E_REGS_BYTES */
	void (*pause)(void);           /* called while it waits for the device, a limited number of times */
	struct e1000e_memory *memory;
	l4_uint64_t dma;               /* device address of memory */
	unsigned rx_next;              /* receive descriptor that is done next */
	int rx_split;                  /* it has more of a frame that began in one before */
	unsigned tx_next, tx_done;     /* next to use; first that the device may still have */
	unsigned rx_told, tx_told;     /* what its tail registers have */
	l4_uint64_t given, done;       /* frames to send, and those of them that it is done with */
};

/** Stop and reset it: nothing is transferred any more. Its address goes to mac[6]. -L4_EIO: it does not stop, or has no address. */
int e1000e_reset(struct e1000e *e, l4_uint8_t *mac);
/** After a reset; memory is zeroed. All frames on the wire are received. */
void e1000e_start(struct e1000e *e, struct e1000e_memory *memory, l4_uint64_t dma);
/** Send a frame of at most E1000E_FRAME_MAX bytes: 0; -L4_EBUSY: no descriptor is free. */
int e1000e_send(struct e1000e *e, const void *frame, unsigned bytes);
/**
 * Give frames of up to `budget` buffers to take(), null for one that is in several, longer than any that is sent on. 1: there may be more;
 * 0: there are not, an interrupt will tell; -L4_EIO: the device breaks its rules.
 */
int e1000e_receive(struct e1000e *e, unsigned budget, void (*take)(const void *frame, unsigned bytes));
/** Look which frames it is done with: `done` and `given` are up to date then. */
void e1000e_reclaim(struct e1000e *e);
/** Whether there is a link. Without one it sends nothing, and keeps what it has. */
int e1000e_has_link(const struct e1000e *e);
/** After an interrupt, before e1000e_receive(): lets the next one come. */
void e1000e_acknowledge(struct e1000e *e);
/** Tell the device of frames to send and buffers given back. */
void e1000e_flush(struct e1000e *e);

#endif
