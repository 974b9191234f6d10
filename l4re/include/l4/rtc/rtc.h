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

#include <l4/sys/types.h>

enum l4rtc_ops {
	/** Result mr[0] = real time - kernel time. */
	L4RTC_GET_OFFSET_OP = 0,
	/** mr[1] = real time - kernel time from now on. -L4_EPERM, -L4_ERANGE. */
	L4RTC_SET_OFFSET_OP = 1,
	/** mr[1] = when to trigger the session's IRQ, rounded up to a second; 0: not at all. In the past: at once. -L4_ERANGE. */
	L4RTC_SET_ALARM_OP = 2,
	/** Result mr[0] = when the alarm is due, 0: none is set. */
	L4RTC_GET_ALARM_OP = 3,
	/** Item: the IRQ object (right W) that alarms trigger, instead of one given before. -L4_EMSGMISSARG. */
	L4RTC_BIND_OP = 4,
};

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
