/* SPDX-License-Identifier: MIT */
/* The program's log. */
#ifndef L4_RE_C_LOG_H
#define L4_RE_C_LOG_H

#include <l4/re/env.h>
#include <l4/sys/vcon.h>

static inline void l4re_log_printn_srv(l4_cap_idx_t log, const char *text, int len) { l4_vcon_write(log, text, len < 0 ? 0 : len); }
static inline void l4re_log_print_srv(l4_cap_idx_t log, const char *text) { l4_vcon_write(log, text, __builtin_strlen(text)); }
/** Print len bytes. */
static inline void l4re_log_printn(const char *text, int len) { l4re_log_printn_srv(l4re_env()->log, text, len); }
/** Print a 0-terminated text. */
static inline void l4re_log_print(const char *text) { l4re_log_print_srv(l4re_env()->log, text); }

#endif
