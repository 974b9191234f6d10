/* SPDX-License-Identifier: MIT */
/*
 * For tests of servers on the host, before everything else (-include): what would be a system call is a
 * call of the test's fake_call().
 */
#ifndef SUPPORT_FAKE_CALLS_H
#define SUPPORT_FAKE_CALLS_H

#include <l4/sys/ipc.h>

/** The one UTCB. */
l4_utcb_t *fake_utcb(void);
/** The test's kernel: the message is in fake_utcb(), where the answer goes too. */
l4_msgtag_t fake_call(l4_cap_idx_t dest, l4_msgtag_t tag);

#define l4_utcb() fake_utcb()
#define l4_utcb_mr() (&fake_utcb()->msg)
#define l4_error(tag) l4_error_u(tag, fake_utcb())
#define l4_sndfpage_add(fpage, base, tag) l4_sndfpage_add_u(fpage, base, tag, fake_utcb())
#define l4_ipc_call(dest, utcb, tag, timeout) fake_call(dest, tag)
#define l4_invoke(dest, proto, words, utcb) fake_call(dest, l4_msgtag(proto, words, 0, 0))

#endif
