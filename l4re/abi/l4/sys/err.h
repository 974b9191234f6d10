/* SPDX-License-Identifier: MIT */
/*
 * Error codes. L4_ERRORS is the one list; everything else is generated from it.
 * Functions return the negative value.
 */
#ifndef L4_SYS_ERR_H
#define L4_SYS_ERR_H

#include <l4/sys/consts.h>

#define L4_ERRORS(X)                                                     \
	X(L4_EOK, 0, "Success")                                          \
	X(L4_EPERM, 1, "Operation not permitted")                        \
	X(L4_ENOENT, 2, "No such entity")                                \
	X(L4_EIO, 5, "I/O error")                                        \
	X(L4_ENXIO, 6, "No such device")                                 \
	X(L4_E2BIG, 7, "Argument too large")                             \
	X(L4_EAGAIN, 11, "Try again")                                    \
	X(L4_ENOMEM, 12, "Out of memory or quota")                       \
	X(L4_EACCESS, 13, "Permission denied")                           \
	X(L4_EFAULT, 14, "Invalid memory address")                       \
	X(L4_EBUSY, 16, "Resource busy")                                 \
	X(L4_EEXIST, 17, "Already exists")                               \
	X(L4_ENODEV, 19, "No such thing")                                \
	X(L4_EINVAL, 22, "Invalid argument")                             \
	X(L4_ENOSPC, 28, "No space left")                                \
	X(L4_ERANGE, 34, "Out of range")                                 \
	X(L4_ENAMETOOLONG, 36, "Name too long")                          \
	X(L4_ENOSYS, 38, "Function not implemented")                     \
	X(L4_EBADPROTO, 39, "Unsupported protocol")                      \
	X(L4_EADDRNOTAVAIL, 99, "Address not available")                 \
	X(L4_ENOREPLY, 1000, "No reply")                                 \
	X(L4_EMSGTOOSHORT, 1001, "Message too short")                    \
	X(L4_EMSGTOOLONG, 1002, "Message too long")                      \
	X(L4_EMSGMISSARG, 1003, "Message has invalid or missing items")

#ifndef __ASSEMBLER__
enum l4_error_code_t {
#define X(name, value, text) name = value,
	L4_ERRORS(X)
#undef X
};

/**
 * IPC errors, reported in the thread control register `error` when the
 * returned tag has L4_MSGTAG_ERROR. Bit 0: 0 = send phase, 1 = receive phase.
 */
enum l4_ipc_tcr_error_t {
	L4_IPC_ERROR_MASK = 0x1f,
	L4_IPC_SND_ERR_MASK = 0x01,
	L4_IPC_ENOT_EXISTENT = 0x04, /**< no such partner, or it was destroyed */
	L4_IPC_RETIMEOUT = 0x03,     /**< receive timeout */
	L4_IPC_SETIMEOUT = 0x02,     /**< send timeout */
	L4_IPC_RECANCELED = 0x07,    /**< receive cancelled (l4_thread_ex_regs, lost reply) */
	L4_IPC_SECANCELED = 0x06,    /**< send cancelled */
	L4_IPC_REMAPFAILED = 0x11,   /**< mapping failed on the receiver's side */
	L4_IPC_SEMAPFAILED = 0x10,   /**< mapping failed: quota or invalid source */
	L4_IPC_REMSGCUT = 0x0f,      /**< receiver has too few buffers */
	L4_IPC_SEMSGCUT = 0x0e,      /**< receiver has too few buffers, seen by the sender */
	L4_IPC_REABORTED = 0x0d,     /**< partner aborted */
	L4_IPC_SEABORTED = 0x0c,
};
/** l4_error() of a failed IPC: -(L4_EIPC_LO + code). */
#define L4_EIPC_LO 2000
#define L4_EIPC_HI 2031
#endif
#endif
