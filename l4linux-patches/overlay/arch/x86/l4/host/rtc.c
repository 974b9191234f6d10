// SPDX-License-Identifier: GPL-2.0-only
/* Calls of the real-time clock's server. */

#include "ipc.h"

#include <l4/sys/rtc.h>

/* A server that is being started again answers when it is there; one that does not come back fails the call. */
static int rtc_call(enum l4rtc_ops op, unsigned long value, unsigned int items)
{
	if (host_boot->rtc & L4_INVALID_CAP)
		return -L4_ENOENT;
	UTCB->msg.mr[0] = op;
	UTCB->msg.mr[1] = value;
	return call(host_boot->rtc, L4RE_PROTO_RTC, items ? 1 : 2, items);
}

static int rtc_get(enum l4rtc_ops op, unsigned long *value)
{
	int err = rtc_call(op, 0, 0);

	if (err >= 0)
		*value = UTCB->msg.mr[0];
	return err;
}

int l4host_rtc_get_offset(unsigned long *ns)
{
	return rtc_get(L4RTC_GET_OFFSET_OP, ns);
}

int l4host_rtc_set_offset(unsigned long ns)
{
	return rtc_call(L4RTC_SET_OFFSET_OP, ns, 0);
}

int l4host_rtc_get_alarm(unsigned long *ns)
{
	return rtc_get(L4RTC_GET_ALARM_OP, ns);
}

int l4host_rtc_set_alarm(unsigned long ns)
{
	return rtc_call(L4RTC_SET_ALARM_OP, ns, 0);
}

int l4host_rtc_bind(unsigned long irq_slot)
{
	UTCB->msg.mr[2] = slot_cap(irq_slot) | L4_FPAGE_OBJ << L4_FPAGE_TYPE_SHIFT | L4_CAP_FPAGE_RW;
	return rtc_call(L4RTC_BIND_OP, L4_ITEM_MAP, 1);
}
