/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug facilities beyond arch.h: formatted output into any sink, reading the log, symbols. */
#ifndef DEBUG_H
#define DEBUG_H

#include "types.h"
#include <stdarg.h>

/** Format into out[bytes], cut, 0-terminated; returns the length. See log_printf() for the formats. */
size_t format(char *out, size_t bytes, const char *fmt, va_list args);
/**
 * Copy at most `bytes` of the log's text from position *pos (bytes since boot) on and
 * advance *pos. Text that the ring no longer holds is skipped. Returns the bytes copied.
 */
size_t log_read(u64 *pos, char *out, size_t bytes);

#endif
