/* SPDX-License-Identifier: MIT */
/* Formatted text without a C library: for the servers and the runtime itself. */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include <stdarg.h>

/** As vsnprintf for %s %c %d %u %x %lx %lu %ld %p %%, width, '0' and '-'. Always terminates; returns the length it stored. */
unsigned fmt_vtext(char *buf, unsigned size, const char *format, va_list args);
__attribute__((format(printf, 3, 4))) unsigned fmt_text(char *buf, unsigned size, const char *format, ...);
/** Print a line or part of it to the log. */
__attribute__((format(printf, 1, 2))) void fmt_log(const char *format, ...);

#endif
