/* SPDX-License-Identifier: MIT */
/* Basic types of the Skerry ABI: words, capabilities, message tags, flexpages, timeouts. */
#ifndef L4_SYS_TYPES_H
#define L4_SYS_TYPES_H

#ifndef __ASSEMBLER__
typedef unsigned long l4_umword_t;
typedef long l4_mword_t;
typedef unsigned long l4_addr_t;
typedef unsigned char l4_uint8_t;
typedef unsigned short l4_uint16_t;
typedef unsigned int l4_uint32_t;
typedef unsigned long l4_uint64_t;
typedef long l4_int64_t;
typedef unsigned long l4_size_t;

/** A capability selector: slot number << L4_CAP_SHIFT; the low bits are free for flags. */
typedef unsigned long l4_cap_idx_t;

/** Time in nanoseconds since the kernel started. */
typedef l4_uint64_t l4_kernel_clock_t;

/**
 * Message tag. Bits 0..5 message words, 6..11 typed items, 12..15 flags,
 * 16..63 label (signed: negative labels are kernel protocols).
 */
typedef struct { l4_mword_t raw; } l4_msgtag_t;

/**
 * Flexpage: a naturally aligned region of 2^order units (bytes, ports, or slots).
 * Bits 0..3 rights, 4..5 type, 6..11 order, 12..63 address >> 12 (memory),
 * port number (I/O) or slot number (objects).
 */
typedef union { l4_umword_t fpage; l4_umword_t raw; } l4_fpage_t;

/** What a sender offers: a flexpage, and the hot spot with map flags. */
typedef struct { l4_umword_t snd_base; l4_fpage_t fpage; } l4_snd_fpage_t;

/**
 * One timeout, 64 bits: 0 = do not wait, L4_TIMEOUT_NEVER = for ever,
 * bit 63 set = absolute kernel clock in the low 63 bits, else nanoseconds from now.
 */
typedef l4_uint64_t l4_timeout_s;

/** Send and receive timeout of one IPC. */
typedef struct { l4_timeout_s snd, rcv; } l4_timeout_t;
#endif

#define L4_CAP_SHIFT 12
/** Slots a task can have. */
#define L4_CAP_MAX_SLOTS (1UL << 18)
#define L4_TIMEOUT_NEVER (~0UL)
#define L4_TIMEOUT_ABSOLUTE (1UL << 63)

#define L4_MSGTAG_ITEMS_SHIFT 6
#define L4_MSGTAG_FLAGS_SHIFT 12
#define L4_MSGTAG_LABEL_SHIFT 16

/* Programs built with L4_API_FUNCTIONS get the functions with the types; the kernel does not. */
#if defined(L4_API_FUNCTIONS) && !defined(__ASSEMBLER__)
#include <l4/sys/msgtag.h>
#include <l4/sys/fpage.h>
#include <l4/sys/timeout.h>
#endif

#endif
