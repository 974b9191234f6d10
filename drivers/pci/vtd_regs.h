/* SPDX-License-Identifier: MIT */
/*
 * Registers of a DMA remapping unit.
 * Names and layouts: Intel Virtualization Technology for Directed I/O 3.3, chapters 6 (invalidation), 7 (faults) and 11 (registers).
 */
#ifndef PCI_VTD_REGS_H
#define PCI_VTD_REGS_H

enum vtd_register {
	VTD_CAP = 0x08,    /* 64 bits */
	VTD_ECAP = 0x10,   /* 64 bits */
	VTD_GCMD = 0x18,
	VTD_GSTS = 0x1c,
	VTD_RTADDR = 0x20, /* 64 bits: root table */
	VTD_FSTS = 0x34,
	VTD_FECTL = 0x38,
	VTD_FEDATA = 0x3c,
	VTD_FEADDR = 0x40,
	VTD_FEUADDR = 0x44,
	VTD_PMEN = 0x64,
	VTD_IQH = 0x80,    /* 64 bits each: invalidation queue */
	VTD_IQT = 0x88,
	VTD_IQA = 0x90,
	VTD_IRTA = 0xb8,   /* 64 bits: interrupt remapping table, and its size */
};

#define VTD_CAP_DOMAINS(cap) (1U << (4 + 2 * ((cap) & 7)))
#define VTD_CAP_WRITE_BUFFER 0x10UL       /* RWBF: it must be flushed */
#define VTD_CAP_PROTECTED 0x60UL          /* PLMR, PHMR: there are protected memory regions */
#define VTD_CAP_LEVELS_3 0x200UL          /* SAGAW: 39 bits */
#define VTD_CAP_LEVELS_4 0x400UL          /* 48 bits */
#define VTD_CAP_FAULT_OFFSET(cap) (((cap) >> 24 & 0x3ff) * 16)
#define VTD_CAP_LARGE 0x400000000UL       /* SLLPS: 2 MiB */
#define VTD_CAP_FAULTS(cap) (((cap) >> 40 & 0xff) + 1)
#define VTD_ECAP_QUEUE 0x2UL              /* QI: queued invalidation */
#define VTD_ECAP_INTERRUPTS 0x8UL         /* IR: interrupt remapping */

/* GCMD and GSTS; a command is one changed bit, the status says when it is done. */
#define VTD_TRANSLATE 0x80000000U         /* TE, TES */
#define VTD_SET_ROOT 0x40000000U          /* SRTP, RTPS */
#define VTD_FLUSH_WRITES 0x08000000U      /* WBF, WBFS */
#define VTD_QUEUE 0x04000000U             /* QIE, QIES */
#define VTD_REMAP_INTERRUPTS 0x02000000U  /* IRE, IRES */
#define VTD_SET_INTERRUPTS 0x01000000U    /* SIRTP, IRTPS */
#define VTD_PASS_COMPATIBLE 0x00800000U   /* CFI, CFIS: requests in compatibility format are not remapped, but pass */
#define VTD_LASTING 0x96ffffffU           /* bits of the status that stay commands: not one-shot ones */

#define VTD_FSTS_OVERFLOW 0x1U
#define VTD_FSTS_PENDING 0x2U
#define VTD_FSTS_QUEUE_ERRORS 0x70U       /* IQE, ICE, ITE */
#define VTD_FECTL_MASK 0x80000000U
#define VTD_PMEN_ENABLE 0x80000000U
#define VTD_PMEN_STATUS 0x1U

/* Fault record: two words. */
#define VTD_FAULT_BYTES 16U
#define VTD_FAULT_PRESENT 0x8000000000000000UL /* of the second; written: clear */
#define VTD_FAULT_IS_READ 0x4000000000000000UL
#define VTD_FAULT_REASON(high) ((unsigned)((high) >> 32 & 0xff))
#define VTD_REASON_INTERRUPT 0x20U             /* so many of interrupt requests */
#define VTD_REASON_INTERRUPT_END 0x30U
#define VTD_FAULT_SOURCE(high) ((high) & 0xffff)
#define VTD_FAULT_ADDRESS(low) ((low) & ~0xfffUL)
#define VTD_FAULT_HANDLE(low) ((low) >> 48) /* of an interrupt request */

/* Invalidation descriptors: two words, a page has 256. */
#define VTD_QUEUE_ENTRIES 256U
#define VTD_INV_CONTEXT_ALL 0x11UL
#define VTD_INV_DOMAIN(d) (0xe2UL | (l4_uint64_t)(d) << 16) /* IOTLB, domain-selective, after all transfers under way */
#define VTD_INV_ALL 0xd2UL                                  /* IOTLB, all of it, likewise */
#define VTD_INV_INTERRUPTS_ALL 0x04UL                       /* interrupt entry cache */
#define VTD_INV_INTERRUPT(n) (0x14UL | (l4_uint64_t)(n) << 32)
#define VTD_INV_WAIT(value) (0x25UL | (l4_uint64_t)(value) << 32) /* then write the value to the second word's address */

#endif
