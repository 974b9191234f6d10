// SPDX-License-Identifier: GPL-2.0-only
/* /dev/rtc0: the machine's clock, which belongs to a server. Setting it is for who the description says. */

#include <linux/err.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/platform_device.h>
#include <linux/rtc.h>

#include <asm/l4.h>
#include <asm/l4_device.h>

#include "port.h"

/* The server's errors are Linux's numbers. */
static int get(int (*what)(unsigned long *ns), unsigned long *ns)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = what(ns);
	local_irq_restore(flags);
	return err;
}

static int set(int (*what)(unsigned long ns), unsigned long ns)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = what(ns);
	local_irq_restore(flags);
	return err < 0 ? err : 0;
}

static int read_time(struct device *dev, struct rtc_time *tm)
{
	unsigned long offset;
	int err = get(l4host_rtc_get_offset, &offset);

	if (err < 0)
		return err;
	rtc_time64_to_tm((offset + l4host_clock_ns()) / NSEC_PER_SEC, tm);
	return 0;
}

static int set_time(struct device *dev, struct rtc_time *tm)
{
	return set(l4host_rtc_set_offset, rtc_tm_to_time64(tm) * NSEC_PER_SEC - l4host_clock_ns());
}

static int read_alarm(struct device *dev, struct rtc_wkalrm *alarm)
{
	unsigned long when;
	int err = get(l4host_rtc_get_alarm, &when);

	if (err < 0)
		return err;
	alarm->enabled = when != 0;
	rtc_time64_to_tm(when / NSEC_PER_SEC, &alarm->time);
	return 0;
}

static int set_alarm(struct device *dev, struct rtc_wkalrm *alarm)
{
	return set(l4host_rtc_set_alarm, alarm->enabled ? rtc_tm_to_time64(&alarm->time) * NSEC_PER_SEC : 0);
}

/* Switching on is the class's, by set_alarm with the time. */
static int alarm_irq_enable(struct device *dev, unsigned int enabled)
{
	return enabled ? 0 : set(l4host_rtc_set_alarm, 0);
}

static const struct rtc_class_ops rtc_ops = {
	.read_time = read_time,
	.set_time = set_time,
	.read_alarm = read_alarm,
	.set_alarm = set_alarm,
	.alarm_irq_enable = alarm_irq_enable,
};

static irqreturn_t alarm_rings(int irq, void *rtc)
{
	rtc_update_irq(rtc, 1, RTC_AF | RTC_IRQF);
	return IRQ_HANDLED;
}

/* Without an interrupt there is a clock, but no alarm. */
static int alarm_attach(struct rtc_device *rtc)
{
	unsigned long slot;
	int irq = l4_irq_create(&slot), err;

	if (irq < 0)
		return irq;
	err = request_irq(irq, alarm_rings, 0, "rtc-l4", rtc);
	return err ? err : set(l4host_rtc_bind, slot);
}

static int __init l4_rtc_init(void)
{
	struct platform_device *device;
	struct rtc_device *rtc;
	unsigned long offset;

	if (!on_l4() || get(l4host_rtc_get_offset, &offset) < 0)
		return 0;
	device = platform_device_register_simple("rtc-l4", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	rtc = devm_rtc_allocate_device(&device->dev);
	if (IS_ERR(rtc))
		return PTR_ERR(rtc);
	rtc->ops = &rtc_ops;
	rtc->range_min = RTC_TIMESTAMP_BEGIN_2000;
	rtc->range_max = RTC_TIMESTAMP_END_2099;
	if (alarm_attach(rtc))
		clear_bit(RTC_FEATURE_ALARM, rtc->features);
	else
		device_init_wakeup(&device->dev, true); /* what /sys/class/rtc/rtc0/wakealarm is for */
	return devm_rtc_register_device(rtc);
}
device_initcall(l4_rtc_init);
