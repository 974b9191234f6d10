/* SPDX-License-Identifier: MIT */
/* Client side of the real-time clock's server. */
#include <l4/rtc/rtc.h>
#include <l4/sys/ipc.h>

static int get(l4_cap_idx_t rtc, enum l4rtc_ops op, l4_uint64_t *result)
{
	l4_utcb_t *u = l4_utcb();
	long err;

	u->msg.mr[0] = op;
	err = l4_error(l4_invoke(rtc, L4RE_PROTO_RTC, 1, u));
	if (err >= 0)
		*result = u->msg.mr[0];
	return err;
}

static int set(l4_cap_idx_t rtc, enum l4rtc_ops op, l4_uint64_t value)
{
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = op;
	u->msg.mr[1] = value;
	return l4_error(l4_invoke(rtc, L4RE_PROTO_RTC, 2, u));
}

int l4rtc_get_offset_to_realtime(l4_cap_idx_t rtc, l4_uint64_t *offset_ns)
{
	return get(rtc, L4RTC_GET_OFFSET_OP, offset_ns);
}

int l4rtc_set_offset_to_realtime(l4_cap_idx_t rtc, l4_uint64_t offset_ns)
{
	return set(rtc, L4RTC_SET_OFFSET_OP, offset_ns);
}

int l4rtc_set_alarm(l4_cap_idx_t rtc, l4_uint64_t when_ns)
{
	return set(rtc, L4RTC_SET_ALARM_OP, when_ns);
}

int l4rtc_get_alarm(l4_cap_idx_t rtc, l4_uint64_t *when_ns)
{
	return get(rtc, L4RTC_GET_ALARM_OP, when_ns);
}

int l4rtc_bind_alarm(l4_cap_idx_t rtc, l4_cap_idx_t irq)
{
	l4_utcb_t *u = l4_utcb();

	l4_msgtag_t tag = l4_msgtag(L4RE_PROTO_RTC, 1, 0, 0);

	u->msg.mr[0] = L4RTC_BIND_OP;
	l4_sndfpage_add_u(l4_obj_fpage(irq, 0, L4_CAP_FPAGE_RW), l4_map_obj_control(0, 0), &tag, u);
	return l4_error(l4_ipc_call(rtc, u, tag, L4_IPC_NEVER));
}
