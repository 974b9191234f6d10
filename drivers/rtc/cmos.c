/* SPDX-License-Identifier: MIT */
/* Registers of the real-time clock and the calendar. */
#include "cmos.h"

#include <l4/sys/err.h>

enum cmos_register {
	SECOND = 0, SECOND_ALARM = 1, MINUTE = 2, MINUTE_ALARM = 3, HOUR = 4, HOUR_ALARM = 5,
	DAY = 7, MONTH = 8, YEAR = 9, STATUS_A = 10, STATUS_B = 11, STATUS_C = 12,
};
#define A_UPDATING 0x80
#define B_SET 0x80
#define B_PERIODIC 0x40
#define B_ALARM 0x20
#define B_UPDATE 0x10
#define B_BINARY 0x04
#define B_24H 0x02
#define HOUR_PM 0x80
/* An update takes 2 ms and is announced; a clock that is still busy after this is broken. */
#define TRIES 20

struct date {
	unsigned second, minute, hour, day, month, year;
};

/* --- how numbers are written */

/* -1: no number. */
static int decode(unsigned value, unsigned status)
{
	if (status & B_BINARY)
		return value;
	return (value & 15) > 9 || value >> 4 > 9 ? -1 : (int)((value >> 4) * 10 + (value & 15));
}

static unsigned encode(unsigned value, unsigned status)
{
	return status & B_BINARY ? value : value / 10 << 4 | value % 10;
}

static int decode_hour(unsigned value, unsigned status)
{
	int hour = decode(status & B_24H ? value : value & ~HOUR_PM, status);

	if (status & B_24H || hour < 0)
		return hour;
	return hour < 1 || hour > 12 ? -1 : hour % 12 + (value & HOUR_PM ? 12 : 0);
}

static unsigned encode_hour(unsigned hour, unsigned status)
{
	if (status & B_24H)
		return encode(hour, status);
	return encode(hour % 12 ? hour % 12 : 12, status) | (hour >= 12 ? HOUR_PM : 0);
}

/* --- the calendar; March is a year's first month, so that a leap day is its last */

static l4_uint64_t days_before(unsigned year, unsigned month)
{
	unsigned y = month > 2 ? year : year - 1, m = (month + 9) % 12;

	return 365UL * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 - 719468;
}

static unsigned days_of(unsigned year, unsigned month)
{
	return month == 12 ? 31 : days_before(year, month + 1) - days_before(year, month);
}

static int in(int value, unsigned first, unsigned last)
{
	return value >= (int)first && value <= (int)last;
}

static l4_uint64_t to_seconds(const struct date *d)
{
	return (days_before(d->year, d->month) + d->day - 1) * RTC_DAY + d->hour * 3600 + d->minute * 60 + d->second;
}

static void to_date(l4_uint64_t seconds, struct date *d)
{
	l4_uint64_t days = seconds / RTC_DAY;

	d->second = seconds % 60;
	d->minute = seconds / 60 % 60;
	d->hour = seconds / 3600 % 24;
	for (d->year = 2000; d->year < 2099 && days_before(d->year + 1, 1) <= days; d->year++)
		;
	for (d->month = 1; d->month < 12 && days_before(d->year, d->month + 1) <= days; d->month++)
		;
	d->day = days - days_before(d->year, d->month) + 1;
}

/* --- the clock */

void cmos_init(void)
{
	cmos_out(STATUS_B, cmos_in(STATUS_B) & ~(B_SET | B_PERIODIC | B_ALARM | B_UPDATE));
}

/* Not in an update, which would give parts of two times; 0: it does not come to rest. */
static int rest(void)
{
	unsigned i;

	for (i = 0; i < TRIES; i++) {
		if (!(cmos_in(STATUS_A) & A_UPDATING))
			return 1;
		cmos_pause();
	}
	return 0;
}

static int read_date(struct date *d)
{
	unsigned status = cmos_in(STATUS_B);
	int second = decode(cmos_in(SECOND), status), minute = decode(cmos_in(MINUTE), status);
	int hour = decode_hour(cmos_in(HOUR), status), day = decode(cmos_in(DAY), status);
	int month = decode(cmos_in(MONTH), status), year = decode(cmos_in(YEAR), status);

	if (!in(second, 0, 59) || !in(minute, 0, 59) || !in(hour, 0, 23) || !in(month, 1, 12) || !in(year, 0, 99) ||
	    !in(day, 1, days_of(2000 + year, month)))
		return -L4_EIO;
	*d = (struct date){ second, minute, hour, day, month, 2000 + year };
	return 0;
}

int cmos_get(l4_uint64_t *seconds)
{
	struct date d = { 0 }, again = { 0 };
	unsigned i;

	for (i = 0; i < TRIES; i++) {
		/* An update may begin between the registers: two readings of the same second are whole. */
		if (!rest() || read_date(&d) || read_date(&again))
			return -L4_EIO;
		*seconds = to_seconds(&d);
		if (*seconds == to_seconds(&again))
			return 0;
	}
	return -L4_EIO;
}

int cmos_set(l4_uint64_t seconds)
{
	unsigned status = cmos_in(STATUS_B);
	l4_uint64_t now;
	struct date d;

	if (seconds < RTC_FIRST || seconds >= RTC_BEYOND)
		return -L4_ERANGE;
	to_date(seconds, &d);
	cmos_out(STATUS_B, status | B_SET);
	cmos_out(SECOND, encode(d.second, status));
	cmos_out(MINUTE, encode(d.minute, status));
	cmos_out(HOUR, encode_hour(d.hour, status));
	cmos_out(DAY, encode(d.day, status));
	cmos_out(MONTH, encode(d.month, status));
	cmos_out(YEAR, encode(d.year - 2000, status));
	cmos_out(STATUS_B, status & ~B_SET);
	return cmos_get(&now) || now - seconds > 2 ? -L4_EIO : 0;
}

int cmos_alarm(l4_uint64_t seconds)
{
	unsigned status = cmos_in(STATUS_B);
	struct date d;

	to_date(seconds, &d);
	cmos_alarm_off();
	cmos_out(SECOND_ALARM, encode(d.second, status));
	cmos_out(MINUTE_ALARM, encode(d.minute, status));
	cmos_out(HOUR_ALARM, encode_hour(d.hour, status));
	cmos_acknowledge();
	cmos_out(STATUS_B, status | B_ALARM);
	return cmos_in(MINUTE_ALARM) == encode(d.minute, status) ? 0 : -L4_EIO;
}

void cmos_alarm_off(void)
{
	cmos_out(STATUS_B, cmos_in(STATUS_B) & ~B_ALARM);
}

void cmos_acknowledge(void)
{
	cmos_in(STATUS_C);
}
