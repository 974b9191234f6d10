/* SPDX-License-Identifier: MIT */
/* Messages of the real-time clock's server, for the runtime and for Linux: l4/rtc/rtc.h says what they mean. */
#ifndef L4_SYS_RTC_H
#define L4_SYS_RTC_H

#define L4RE_PROTO_RTC 0x4011L /**< label */

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

#endif
