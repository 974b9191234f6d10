/* SPDX-License-Identifier: MIT */
/*
 * A client of the real-time clock: reads, sets, waits for alarms, and provokes its errors. Arguments: `all`, or `reader` for one that
 * may not set it. Shared memory "stop", if there is one, becomes 1 when an alarm is set, and the alarm comes all the same.
 */
#include <stdio.h>
#include <string.h>

#include "shared.h"

#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/re/protocols.h>
#include <l4/rtc/rtc.h>
#include <l4/sys/factory.h>
#include <l4/sys/ipc.h>
#include <l4/sys/irq.h>
#include <l4/sys/kip_api.h>

#define NS 1000000000UL
#define YEAR_2025 1735689600UL

static l4_cap_idx_t rtc, irq;

static void check(const char *what, int good)
{
	printf("%s rtc %s\n", good ? "ok" : "not ok", what);
}

static l4_uint64_t real_time(void)
{
	l4_uint64_t offset = 0;

	return l4rtc_get_offset_to_realtime(rtc, &offset) < 0 ? 0 : offset + l4_kip_clock_ns(l4re_kip());
}

static l4_uint64_t offset_of(l4_uint64_t seconds)
{
	return seconds * NS - l4_kip_clock_ns(l4re_kip());
}

static int set(l4_uint64_t seconds)
{
	return l4rtc_set_offset_to_realtime(rtc, offset_of(seconds));
}

/* The alarm comes no earlier than asked for, and within two seconds. */
static int alarm_in(l4_uint64_t ns)
{
	volatile unsigned *stop = shared_word("stop");
	l4_uint64_t when = real_time() + ns, left = 1;

	if (l4rtc_set_alarm(rtc, when) < 0)
		return 0;
	if (stop)
		*stop = 1;
	if (l4_ipc_error(l4_irq_receive(irq, l4_timeout(L4_TIMEOUT_NEVER, l4_timeout_from_us((ns / NS + 3) * 1000000))), l4_utcb()))
		return 0;
	return real_time() >= when / NS * NS && real_time() < when + 2 * NS && !l4rtc_get_alarm(rtc, &left) && !left;
}

static void errors(void)
{
	l4_utcb_t *u = l4_utcb();

	check("alarm-range", l4rtc_set_alarm(rtc, NS) == -L4_ERANGE && l4rtc_set_alarm(rtc, 5000000000UL * NS) == -L4_ERANGE);
	u->msg.mr[0] = L4RTC_SET_ALARM_OP;
	check("short", l4_error(l4_invoke(rtc, L4RE_PROTO_RTC, 1, u)) == -L4_EMSGTOOSHORT &&
			       l4_error(l4_invoke(rtc, L4RE_PROTO_RTC, 0, u)) == -L4_EMSGTOOSHORT);
	u->msg.mr[0] = 77;
	check("operation", l4_error(l4_invoke(rtc, L4RE_PROTO_RTC, 1, u)) == -L4_ENOSYS);
	u->msg.mr[0] = L4RTC_BIND_OP;
	check("no-item", l4_error(l4_invoke(rtc, L4RE_PROTO_RTC, 1, u)) == -L4_EMSGMISSARG);
	check("protocol", l4_error(l4_invoke(rtc, L4RE_PROTO_PCI, 1, u)) == -L4_EBADPROTO);
}

static void all(void)
{
	l4_uint64_t when = 0;

	check("set", !set(YEAR_2025) && real_time() >= YEAR_2025 * NS && real_time() < (YEAR_2025 + 3) * NS);
	check("set-range", set(946684799) == -L4_ERANGE && set(4102444800UL) == -L4_ERANGE);
	check("bind", l4rtc_bind_alarm(rtc, irq) >= 0);
	check("alarm", alarm_in(2 * NS));
	check("alarm-again", alarm_in(NS + NS / 2));
	check("alarm-past", !l4rtc_set_alarm(rtc, YEAR_2025 * NS) && !l4_ipc_error(l4_irq_receive(irq, L4_IPC_BOTH_TIMEOUT_0), l4_utcb()));
	check("alarm-off", !l4rtc_set_alarm(rtc, real_time() + NS) && !l4rtc_get_alarm(rtc, &when) && when &&
				   !l4rtc_set_alarm(rtc, 0) &&
				   l4_ipc_error(l4_irq_receive(irq, l4_timeout(L4_TIMEOUT_NEVER, l4_timeout_from_us(2500000))), l4_utcb()));
	/* Over midnight, into a leap day, and an alarm of the next day. */
	check("leap-day", !set(1709164799) && alarm_in(2 * NS) && real_time() / NS > 1709164800);
}

int main(int argc, char **argv)
{
	rtc = l4re_env_get_cap("rtc");
	irq = l4re_util_cap_alloc();
	if (l4_is_invalid_cap(rtc) || l4_error(l4_factory_create_irq(l4re_env()->factory, irq)) < 0 ||
	    l4_error(l4_rcv_ep_bind_thread(irq, l4re_env()->main_thread, 0)) < 0) {
		check("start", 0);
		return 1;
	}
	if (argc > 1 && !strcmp(argv[1], "reader")) {
		check("reader", real_time() > 0 && set(YEAR_2025) == -L4_EPERM);
		return 0;
	}
	errors();
	all();
	return 0;
}
