/* SPDX-License-Identifier: MIT */
/*
 * The real-time clock's registers against a model of it, in all four ways to write numbers, with C's own calendar; then clocks that
 * hold nonsense, never come to rest, or keep nothing.
 * sources: drivers/rtc/cmos.c
 */
#include <string.h>
#include <time.h>

#include "../../drivers/rtc/cmos.h"
#include "support/check.h"

#include <l4/sys/err.h>

static unsigned reg[128], busy, pauses, deaf;
static int always_busy;

unsigned cmos_in(unsigned index)
{
	CHECK(index < 128);
	if (index == 10)
		return always_busy || busy ? 0x80 | 0x26 : 0x26;
	return reg[index];
}

void cmos_out(unsigned index, unsigned value)
{
	CHECK(index < 10 || index == 11);
	CHECK(index == 11 || index % 2 == 1 || reg[11] & 0x80 || deaf); /* the time itself only while it stands; odd ones below 7 are alarms */
	if (!deaf)
		reg[index] = value;
}

void cmos_pause(void)
{
	pauses++;
	if (busy)
		busy--;
}

static unsigned written(unsigned value)
{
	return reg[11] & 4 ? value : value / 10 * 16 + value % 10;
}

static unsigned written_hour(unsigned hour)
{
	if (reg[11] & 2)
		return written(hour);
	return written(hour % 12 ? hour % 12 : 12) | (hour >= 12 ? 0x80 : 0);
}

static void expect_time(unsigned long seconds)
{
	time_t t = seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	CHECK(reg[0] == written(tm.tm_sec) && reg[2] == written(tm.tm_min) && reg[4] == written_hour(tm.tm_hour));
	CHECK(reg[7] == written(tm.tm_mday) && reg[8] == written(tm.tm_mon + 1) && reg[9] == written(tm.tm_year - 100));
}

static void one(unsigned long seconds)
{
	l4_uint64_t got = 0;
	time_t t = seconds;
	struct tm tm;

	busy = random_below(3);
	CHECK(!cmos_set(seconds));
	expect_time(seconds);
	CHECK(!(reg[11] & 0x80) && !cmos_get(&got) && got == seconds);
	gmtime_r(&t, &tm);
	CHECK(!cmos_alarm(seconds) && reg[11] & 0x20);
	CHECK(reg[1] == written(tm.tm_sec) && reg[3] == written(tm.tm_min) && reg[5] == written_hour(tm.tm_hour));
	cmos_alarm_off();
	CHECK(!(reg[11] & 0x20));
}

static void test_calendar(void)
{
	unsigned i, mode;

	name = "calendar";
	for (mode = 0; mode < 4; mode++) {
		reg[11] = mode << 1;
		for (i = 0; i < 36525; i++)
			one(RTC_FIRST + i * RTC_DAY + random_below(RTC_DAY));
		one(RTC_FIRST);
		one(RTC_BEYOND - 1);
		CHECK(cmos_set(RTC_FIRST - 1) == -L4_ERANGE && cmos_set(RTC_BEYOND) == -L4_ERANGE);
	}
	printf("ok calendar\n");
}

static void test_nonsense(void)
{
	l4_uint64_t got;
	unsigned i, k;

	name = "nonsense";
	for (i = 0; i < 200000; i++) {
		for (k = 0; k < 10; k++)
			reg[k] = random_below(256);
		reg[11] = random_below(256);
		if (!cmos_get(&got))
			CHECK(got >= RTC_FIRST && got < RTC_BEYOND);
	}
	printf("ok nonsense\n");
}

static void test_broken(void)
{
	l4_uint64_t got;

	name = "broken";
	reg[11] = 2;
	CHECK(!cmos_set(RTC_FIRST));
	always_busy = 1;
	pauses = 0;
	CHECK(cmos_get(&got) == -L4_EIO && pauses && pauses < 1000);
	always_busy = 0;
	deaf = 1;
	CHECK(cmos_set(RTC_FIRST + 1000000) == -L4_EIO && cmos_alarm(RTC_FIRST + 3600 + 60) == -L4_EIO);
	deaf = 0;
	reg[11] = 0x80 | 0x70 | 2;
	cmos_init();
	CHECK(reg[11] == 2);
	printf("ok broken\n");
}

int main(void)
{
	test_calendar();
	test_nonsense();
	test_broken();
	return 0;
}
