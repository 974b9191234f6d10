/* SPDX-License-Identifier: MIT */
/* Intel 82574 Gigabit Ethernet Controller: datasheet revision 3.4, section 10 (registers), 7.1 and 7.2 (descriptors). */
#ifndef E1000E_REGS_H
#define E1000E_REGS_H

#include <l4/sys/types.h>

#define E1000E_PCI_VENDOR 0x8086
#define E1000E_PCI_DEVICE 0x10d3 /* 82574L */
/* Of BAR 0: what is used of the registers. */
#define E1000E_REGS_BYTES 0x6000U

enum e1000e_register {
	E1000E_CTRL = 0x0000, E1000E_STATUS = 0x0008,
	E1000E_ICR = 0x00c0, E1000E_IMS = 0x00d0, E1000E_IMC = 0x00d8, E1000E_IVAR = 0x00e4,
	E1000E_RCTL = 0x0100, E1000E_TCTL = 0x0400, E1000E_TIPG = 0x0410,
	E1000E_RDBAL = 0x2800, E1000E_RDBAH = 0x2804, E1000E_RDLEN = 0x2808, E1000E_RDH = 0x2810, E1000E_RDT = 0x2818,
	E1000E_TDBAL = 0x3800, E1000E_TDBAH = 0x3804, E1000E_TDLEN = 0x3808, E1000E_TDH = 0x3810, E1000E_TDT = 0x3818,
	E1000E_MTA = 0x5200, E1000E_RAL = 0x5400, E1000E_RAH = 0x5404,
};

#define E1000E_CTRL_MASTER_DISABLE (1U << 2)
#define E1000E_CTRL_SET_LINK_UP (1U << 6)
#define E1000E_CTRL_RESET (1U << 26)
#define E1000E_STATUS_LINK (1U << 1)
#define E1000E_STATUS_MASTER (1U << 19) /* it may still transfer */

/* Interrupt causes: a frame was received, without and with MSI-X. */
#define E1000E_ICR_RXT0 (1U << 7)
#define E1000E_ICR_RXQ0 (1U << 20)
#define E1000E_IVAR_RXQ0 0x8U          /* receive queue 0 to MSI-X entry 0 */

#define E1000E_RCTL_ENABLE (1U << 1)
#define E1000E_RCTL_ALL_STATIONS (1U << 3)
#define E1000E_RCTL_ALL_GROUPS (1U << 4)
#define E1000E_RCTL_BROADCAST (1U << 15)
#define E1000E_RCTL_STRIP_CRC (1U << 26) /* buffers of 2048 bytes: 0 in bits 17:16 */

#define E1000E_TCTL_ENABLE (1U << 1)
#define E1000E_TCTL_PAD (1U << 3)
#define E1000E_TCTL_COLLISIONS (0x0fU << 4 | 0x3fU << 12)
#define E1000E_TIPG_DEFAULT (8U | 8U << 10 | 6U << 20)

#define E1000E_RAH_VALID (1U << 31)

/* Legacy descriptors. */
struct e1000e_rx_desc {
	l4_uint64_t addr;
	l4_uint16_t length, checksum;
	l4_uint8_t status, errors;
	l4_uint16_t special;
};
struct e1000e_tx_desc {
	l4_uint64_t addr;
	l4_uint16_t length;
	l4_uint8_t checksum_offset, command;
	l4_uint8_t status, checksum_start;
	l4_uint16_t special;
};
_Static_assert(sizeof(struct e1000e_rx_desc) == 16 && sizeof(struct e1000e_tx_desc) == 16, "descriptors");

#define E1000E_DESC_DONE 1             /* status: the device is done with it */
#define E1000E_RX_END 2                /* status: the frame ends here */
#define E1000E_TX_END 1                /* commands: the frame ends here, */
#define E1000E_TX_ADD_CRC 2            /* append the check sequence, */
#define E1000E_TX_REPORT 8             /* set the status when done */

#endif
