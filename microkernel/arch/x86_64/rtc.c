// SPDX-License-Identifier: GPL-2.0-only
/* Wall-clock time at boot, read once from the CMOS clock (UTC). */
#include "machine.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define STATUS_A_UPDATING 0x80
#define STATUS_B_24H 0x02
#define STATUS_B_BINARY 0x04
#define HOUR_PM 0x80
#define TRIES 1000000

struct rtc_time {
	u8 second, minute, hour, day, month, year, status;
};

static u8 cmos(u8 index)
{
	out8(CMOS_INDEX, index);
	return in8(CMOS_DATA);
}

static struct rtc_time read_once(void)
{
	unsigned int i;

	for (i = 0; i < TRIES && (cmos(10) & STATUS_A_UPDATING); i++)
		cpu_pause();
	return (struct rtc_time){ cmos(0), cmos(2), cmos(4), cmos(7), cmos(8), cmos(9), cmos(11) };
}

static unsigned int decode(u8 value, u8 status)
{
	return status & STATUS_B_BINARY ? value : (value >> 4) * 10 + (value & 15);
}

/** Days from 1970-01-01 in the Gregorian calendar; March is the first month, so a leap day is a year's last. */
static u64 days(unsigned int year, unsigned int month, unsigned int day)
{
	unsigned int y = month > 2 ? year : year - 1, m = (month + 9) % 12;

	return 365UL * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

u64 rtc_read_epoch_ns(void)
{
	struct rtc_time t = read_once(), again = read_once();
	unsigned int hour, tries;

	for (tries = 0; tries < 10 && t.second != again.second; tries++) {
		t = again;
		again = read_once();
	}
	hour = decode(t.hour & ~HOUR_PM, t.status);
	if (!(t.status & STATUS_B_24H))
		hour = hour % 12 + (t.hour & HOUR_PM ? 12 : 0);
	return ((days(2000 + decode(t.year, t.status), decode(t.month, t.status), decode(t.day, t.status)) * 24 + hour)
		* 60 + decode(t.minute, t.status)) * 60000000000UL + decode(t.second, t.status) * 1000000000UL;
}
