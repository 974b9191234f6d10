/* SPDX-License-Identifier: MIT */
/*
 * Time of day, from the server of the machine's real-time clock: a session is the capability "rtc".
 *
 * Real time is nanoseconds since 1970-01-01 00:00 UTC; the clock itself keeps whole seconds of the years 2000 to 2099. Kernel time
 * is l4_kip_clock_ns(). A session has one alarm and one IRQ object, both of which outlive the server.
 *
 * All operations: label L4RE_PROTO_RTC, mr[0] = operation; reply label 0 or a negative error. From all of them: -L4_EIO the
 * clock does not answer or holds no date; -L4_EMSGTOOSHORT; -L4_ENOSYS.
 */
#ifndef L4_RTC_RTC_H
#define L4_RTC_RTC_H

#include <l4/sys/rtc.h>
#include <l4/sys/types.h>

/** Nanoseconds from kernel time to real time. Errors as above, and those of the IPC. */
int l4rtc_get_offset_to_realtime(l4_cap_idx_t rtc, l4_uint64_t *offset_ns);
/**
 * Set the clock: real time is kernel time + offset_ns. -L4_EPERM: the server's arguments do not let this client set it
 * (`args = "set=NAME"`); -L4_ERANGE: not in the years that the clock has.
 */
int l4rtc_set_offset_to_realtime(l4_cap_idx_t rtc, l4_uint64_t offset_ns);
/** Trigger the session's IRQ at this real time (ns; 0: never). Replaces an alarm set before. -L4_ERANGE as above. */
int l4rtc_set_alarm(l4_cap_idx_t rtc, l4_uint64_t when_ns);
/** When the session's alarm is due, 0: none is set. */
int l4rtc_get_alarm(l4_cap_idx_t rtc, l4_uint64_t *when_ns);
/** The IRQ object that alarms trigger. */
int l4rtc_bind_alarm(l4_cap_idx_t rtc, l4_cap_idx_t irq);

#endif
