/* SPDX-License-Identifier: MIT */
/* Registers of QEMU's educational PCI device (its docs/specs/edu): interrupts, and DMA between memory and a buffer of its own. */
#ifndef GUEST_EDU_H
#define GUEST_EDU_H

#define EDU_LIVE 0x04
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_FROM 0x80
#define EDU_DMA_TO 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_START 1
#define EDU_DMA_TO_MEMORY 2
#define EDU_DMA_IRQ 4
#define EDU_BUFFER 0x40000
#define EDU_BYTES 2048 /* the last byte of its 4096 cannot be named */

#endif
