/* SPDX-License-Identifier: MIT */
/*
 * The PC's real-time clock (MC146818 and its descendants): seconds since 1970-01-01 in UTC, of the years 2000 to 2099; the alarm is
 * of a time of day. No system calls but through the three functions at the end, so that it can be tested on the host.
 */
#ifndef RTC_CMOS_H
#define RTC_CMOS_H

#include <l4/sys/types.h>

#define RTC_FIRST 946684800UL  /* 2000-01-01 */
#define RTC_BEYOND 4102444800UL /* 2100-01-01 */
#define RTC_DAY 86400UL

/** Let it run, without interrupts: whoever wrote it before may have stopped it and not come back. */
void cmos_init(void);
/** What the clock says. -L4_EIO: no date, or it does not come to rest. */
int cmos_get(l4_uint64_t *seconds);
/** Set it. -L4_ERANGE; -L4_EIO: it says something else afterwards. */
int cmos_set(l4_uint64_t seconds);
/** Interrupt at the next time of day that is this one's. -L4_EIO: it does not keep what is written. */
int cmos_alarm(l4_uint64_t seconds);
void cmos_alarm_off(void);
/** Allow the next interrupt. */
void cmos_acknowledge(void);

/* The machine, or a model of it. */
unsigned cmos_in(unsigned index);
void cmos_out(unsigned index, unsigned value);
/* About a millisecond. */
void cmos_pause(void);

#endif
