/* SPDX-License-Identifier: MIT */
/*
 * Heartbeat: a component whose description has `heartbeat = TIME` must give a sign of life at least that often, or
 * init takes it for hung and treats it as if it had faulted. A server calls l4re_alive() in every round of its
 * loop and waits no longer than l4re_alive_timeout(). Without a heartbeat both cost next to nothing.
 */
#ifndef L4_RE_C_ALIVE_H
#define L4_RE_C_ALIVE_H

#include <l4/sys/ipc.h>

/** Give a sign of life if one is due. Never blocks; for one thread of the program. */
void l4re_alive(void);
/** Send: at once; receive: until the next sign is due, NEVER without a heartbeat. */
l4_timeout_t l4re_alive_timeout(void);
/** The same, but no longer than until `when` (kernel clock in ns; ~0: never). */
l4_timeout_t l4re_alive_until(l4_uint64_t when);
/**
 * Tell init that the program's services work: it has passed its own tests. Makes it a good one when it replaces another
 * (docs/live-upgrade.md), and does nothing else. Waits for init, so it is not for those whom init itself calls (the PCI manager).
 */
void l4re_ready(void);
/** The same, if init can be told at once. False: it is busy, perhaps with a call to this very program; to be tried again a little later. */
int l4re_ready_try(void);

#endif
