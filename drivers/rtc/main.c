/* SPDX-License-Identifier: MIT */
/*
 * The server of the real-time clock: l4/rtc/rtc.h. Arguments: set=NAME, a client that may set it. Interrupt "rtc"; shared memory
 * "alarms", if there is any, and the name space `state` keep what was asked for while the server is another one.
 */
#include "cmos.h"
#include "../../l4re/lib/fmt.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/alive.h>
#include <l4/re/c/namespace.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/rtc/rtc.h>
#include <l4/sys/ipc_gate.h>
#include <l4/sys/irq.h>
#include <l4/sys/kip_api.h>
#include <l4/util/port_io.h>

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define NS 1000000000UL
#define SESSIONS 16
#define LABEL_IRQ 4UL
#define LABEL(n) (16UL * ((n) + 1))

static struct session {
	const char *client;
	l4_cap_idx_t irq; /* 0: none */
	int may_set;
} sessions[SESSIONS];
static unsigned session_count;
static l4_uint64_t kept[SESSIONS], *alarms = kept; /* seconds, 0: none; of each session */
static l4_cap_idx_t rtc_irq, state, received;

unsigned cmos_in(unsigned index)
{
	l4util_out8(index, CMOS_INDEX);
	return l4util_in8(CMOS_DATA);
}

void cmos_out(unsigned index, unsigned value)
{
	l4util_out8(index, CMOS_INDEX);
	l4util_out8(value, CMOS_DATA);
}

void cmos_pause(void)
{
	l4_ipc_sleep_us(1000);
}

/* --- alarms */

/* The clock's alarm is of a time of day: of all alarms the first, which may be days away. */
static int arm(void)
{
	l4_uint64_t first = 0;
	unsigned i;

	for (i = 0; i < session_count; i++)
		if (alarms[i] && (!first || alarms[i] < first))
			first = alarms[i];
	if (first)
		return cmos_alarm(first);
	cmos_alarm_off();
	return 0;
}

/* Those that are due, and the next one. The clock may reach that while it is written: look again then. */
static int run_alarms(void)
{
	l4_uint64_t now, again;
	unsigned i;
	int err;

	do {
		err = cmos_get(&now);
		for (i = 0; !err && i < session_count; i++) {
			if (!alarms[i] || alarms[i] > now)
				continue;
			if (sessions[i].irq)
				l4_irq_trigger(sessions[i].irq);
			/* Last: who ends in between is followed by one that triggers it again. */
			alarms[i] = 0;
		}
		if (!err)
			err = arm();
		if (!err)
			err = cmos_get(&again);
	} while (!err && again != now);
	return err;
}

static long set_alarm(unsigned session, l4_uint64_t when)
{
	l4_uint64_t seconds = when / NS + !!(when % NS);

	if (when && (seconds < RTC_FIRST || seconds >= RTC_BEYOND))
		return -L4_ERANGE;
	alarms[session] = seconds;
	return run_alarms();
}

static const char *irq_name(unsigned session)
{
	static char name[16];

	fmt_text(name, sizeof(name), "alarm %u", session);
	return name;
}

static long bind(unsigned session)
{
	l4_cap_idx_t next = l4re_util_cap_alloc();

	if (l4_is_invalid_cap(next))
		return -L4_ENOMEM;
	if (sessions[session].irq)
		l4re_util_cap_free_um(sessions[session].irq);
	sessions[session].irq = received;
	received = next;
	if (l4_is_invalid_cap(state))
		return 0;
	return l4re_ns_keep_srv(state, irq_name(session), sessions[session].irq);
}

static void recall(unsigned session)
{
	l4_cap_idx_t irq = l4_is_valid_cap(state) ? l4re_ns_recall_srv(state, irq_name(session)) : L4_INVALID_CAP;

	if (l4_is_valid_cap(irq))
		sessions[session].irq = irq;
}

/* --- time */

static long get_offset(l4_umword_t *offset)
{
	l4_uint64_t seconds;
	long err = cmos_get(&seconds);

	*offset = seconds * NS - l4_kip_clock_ns(l4re_kip());
	return err;
}

static long set_offset(const struct session *s, l4_uint64_t offset)
{
	long err;

	if (!s->may_set)
		return -L4_EPERM;
	err = cmos_set((offset + l4_kip_clock_ns(l4re_kip())) / NS);
	return err ? err : run_alarms();
}

/* --- sessions */

static l4_msgtag_t reply(long result, unsigned words)
{
	return l4_msgtag(result, result < 0 ? 0 : words, 0, 0);
}

static l4_msgtag_t dispatch(unsigned session, l4_msgtag_t tag)
{
	l4_umword_t *mr = l4_utcb_mr()->mr, value = mr[1], result = 0;
	enum l4rtc_ops op = mr[0];
	long err;

	if (l4_msgtag_label(tag) != L4RE_PROTO_RTC)
		return reply(-L4_EBADPROTO, 0);
	if (l4_msgtag_words(tag) < (op == L4RTC_SET_OFFSET_OP || op == L4RTC_SET_ALARM_OP ? 2 : 1))
		return reply(-L4_EMSGTOOSHORT, 0);
	switch (op) {
	case L4RTC_GET_OFFSET_OP:
		err = get_offset(&result);
		l4_utcb_mr()->mr[0] = result;
		return reply(err, 1);
	case L4RTC_SET_OFFSET_OP:
		return reply(set_offset(&sessions[session], value), 0);
	case L4RTC_SET_ALARM_OP:
		return reply(set_alarm(session, value), 0);
	case L4RTC_GET_ALARM_OP:
		mr[0] = alarms[session] * NS;
		return reply(0, 1);
	case L4RTC_BIND_OP:
		return reply(l4_msgtag_items(tag) == 1 ? bind(session) : -L4_EMSGMISSARG, 0);
	default:
		return reply(-L4_ENOSYS, 0);
	}
}

static void open_sessions(int argc, char **argv)
{
	const l4re_env_cap_entry_t *e;
	int i;

	state = l4re_env_get_cap("state");
	for (e = l4re_env()->caps; e->name[0]; e++) {
		if (!(e->flags & L4RE_ENV_SERVER) || strcmp(e->name, "rtc"))
			continue;
		if (session_count == SESSIONS ||
		    l4_error(l4_rcv_ep_bind_thread(e->cap, l4re_env()->main_thread, LABEL(session_count))) < 0) {
			fmt_log("no session for %s\n", e->peer);
			continue;
		}
		for (i = 1; i < argc; i++)
			if (!strncmp(argv[i], "set=", 4) && !strcmp(argv[i] + 4, e->peer))
				sessions[session_count].may_set = 1;
		sessions[session_count].client = e->peer;
		recall(session_count++);
	}
}

static void attach_alarms(void)
{
	l4_cap_idx_t ds = l4re_env_get_cap("alarms");
	void *at = 0;

	if (l4_is_invalid_cap(ds))
		return;
	if (l4re_rm_attach(&at, L4_PAGESIZE, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, 0) >= 0)
		alarms = at;
	else
		fmt_log("alarms cannot be kept\n");
}

static int is_session(l4_umword_t label)
{
	return label >= LABEL(0) && label < LABEL(session_count);
}

static void serve(void)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag, answer = reply(0, 0);
	l4_umword_t label;
	int pending = 0;

	for (;;) {
		l4_utcb_rcv_cap_u(u, received);
		l4re_alive();
		tag = pending ? l4_ipc_reply_and_wait(u, answer, &label, l4re_alive_timeout()) :
				l4_ipc_wait(u, &label, l4re_alive_timeout());
		pending = !l4_msgtag_has_error(tag) && is_session(label);
		if (pending) {
			answer = dispatch(label / LABEL(0) - 1, tag);
		} else if (!l4_msgtag_has_error(tag) && label == LABEL_IRQ) {
			if (run_alarms() < 0)
				fmt_log("the clock does not answer\n");
			cmos_acknowledge();
			l4_irq_unmask(rtc_irq);
		}
		/* What came and was not taken. */
		if (l4_msgtag_items(tag))
			l4re_util_cap_empty(received);
	}
}

int main(int argc, char **argv)
{
	l4_uint64_t now;

	received = l4re_util_cap_alloc();
	rtc_irq = l4re_env_get_cap("rtc");
	cmos_init();
	attach_alarms();
	open_sessions(argc, argv);
	if (l4_is_invalid_cap(rtc_irq) || l4_error(l4_rcv_ep_bind_thread(rtc_irq, l4re_env()->main_thread, LABEL_IRQ)) < 0)
		fmt_log("no interrupt: no alarms\n");
	if (cmos_get(&now) < 0)
		fmt_log("the clock holds no date\n");
	else
		fmt_log("%lu s, %u session(s)\n", now, session_count);
	run_alarms();
	l4_irq_unmask(rtc_irq);
	serve();
	return 0;
}
