/* SPDX-License-Identifier: MIT */
/*
 * Console server: owns the UART, serves vcon sessions, follows the kernel's log.
 *
 * Arguments: focus=NAME (who has the terminal at the start; else the first
 * client that wants input), background=off (show only the focus).
 */
#include "mux.h"
#include "uart.h"
#include "../../l4re/lib/fmt.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/namespace.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/c/alive.h>
#include <l4/re/env.h>
#include <l4/re/protocols.h>
#include <l4/sys/factory.h>
#include <l4/sys/irq.h>
#include <l4/sys/task.h>
#include <l4/sys/vcon.h>

/* Labels: sessions and interrupt sources, in multiples of 16 above the gates' two rights bits. */
#define LABEL(n) ((l4_umword_t)((n) + 1) << 4)
#define LABEL_INDEX(label) (((label) >> 4) - 1)
#define LABEL_UART LABEL(1000)
#define LABEL_KERNEL_LOG LABEL(1001)
/* How long background lines wait for the focus to end its line. */
#define HOLD_US 40000

static struct mux mux;
static l4_cap_idx_t notify_irq[MUX_SESSIONS]; /* 0: none */
static l4_cap_idx_t received;                 /* slot for the next capability item */
static l4_cap_idx_t uart_irq, kernel_log, kernel_irq, state;
static int kernel_session = -1;

static void notify(unsigned session)
{
	if (notify_irq[session])
		l4_irq_trigger(notify_irq[session]);
}

static const struct mux_ops ops = { .write = uart_write, .notify = notify };

static l4_msgtag_t reply(long result, unsigned words)
{
	return l4_msgtag(result, words, 0, 0);
}

/* A message of a session. */

static l4_msgtag_t session_write(unsigned session, const l4_umword_t *mr, unsigned words)
{
	char text[L4_VCON_WRITE_SIZE];
	l4_umword_t bytes = mr[1];

	if (words < 2 || bytes > (words - 2) * sizeof(*mr))
		return reply(-L4_EMSGTOOSHORT, 0);
	memcpy(text, mr + 2, bytes);
	mux_output(&mux, session, text, bytes);
	return reply(0, 0);
}

static l4_msgtag_t session_read(unsigned session, l4_umword_t *mr, unsigned words)
{
	l4_umword_t bytes = mr[1];
	unsigned n;
	int more;

	if (words < 2)
		return reply(-L4_EMSGTOOSHORT, 0);
	if (bytes > L4_VCON_READ_SIZE)
		bytes = L4_VCON_READ_SIZE;
	n = mux_read(&mux, session, (char *)(mr + 1), bytes, &more);
	/* The last word's rest is from another session's message. */
	memset((char *)(mr + 1) + n, 0, -n % sizeof(*mr));
	mr[0] = n | (more ? L4_VCON_READ_STAT_MORE : 0);
	return reply(0, 1 + (n + 7) / 8);
}

static l4_msgtag_t session_vcon(unsigned session, l4_umword_t *mr, unsigned words)
{
	switch (mr[0]) {
	case L4_VCON_WRITE_OP:
		return session_write(session, mr, words);
	case L4_VCON_READ_OP:
		return session_read(session, mr, words);
	case L4_VCON_SET_ATTR_OP:
		return reply(0, 0);
	case L4_VCON_GET_ATTR_OP:
		mr[0] = mr[1] = mr[2] = 0;
		return reply(0, 3);
	default:
		return reply(-L4_ENOSYS, 0);
	}
}

/* Who waits for input is registered in the name space that outlives this task, if there is one: "input N". */
static const char *input_name(unsigned session)
{
	static char name[16];

	fmt_text(name, sizeof(name), "input %u", session);
	return name;
}

static void remember_irq(unsigned session)
{
	if (l4_is_invalid_cap(state))
		return;
	if (l4re_ns_keep_srv(state, input_name(session), notify_irq[session]) < 0)
		fmt_log("input of session %u would not outlive this server\n", session);
}

static void recall_irq(unsigned session)
{
	l4_cap_idx_t irq = l4_is_valid_cap(state) ? l4re_ns_recall_srv(state, input_name(session)) : L4_INVALID_CAP;

	if (l4_is_invalid_cap(irq))
		return;
	notify_irq[session] = irq;
	if (mux.focus < 0)
		mux_focus(&mux, session);
}

static void drop_irq(unsigned session)
{
	if (notify_irq[session])
		l4re_util_cap_free_um(notify_irq[session]);
	notify_irq[session] = 0;
}

static long bind_irq(unsigned session)
{
	l4_cap_idx_t next = l4re_util_cap_alloc();

	if (l4_is_invalid_cap(next))
		return -L4_ENOMEM;
	drop_irq(session);
	notify_irq[session] = received;
	received = next;
	remember_irq(session);
	if (mux.focus < 0)
		mux_focus(&mux, session);
	if (mux.sessions[session].input_used)
		notify(session);
	return 0;
}

static l4_msgtag_t session_icu(unsigned session, l4_umword_t *mr, l4_msgtag_t tag)
{
	if (mr[0] == L4_ICU_OP_INFO) {
		mr[0] = mr[2] = 0;
		mr[1] = 1;
		return reply(0, 3);
	}
	if (l4_msgtag_words(tag) < 2)
		return reply(-L4_EMSGTOOSHORT, 0);
	if (mr[1] != 0)
		return reply(-L4_EINVAL, 0);
	switch (mr[0]) {
	case L4_ICU_OP_BIND:
		return l4_msgtag_items(tag) == 1 ? reply(bind_irq(session), 0) : reply(-L4_EMSGMISSARG, 0);
	case L4_ICU_OP_UNBIND:
		drop_irq(session);
		return reply(0, 0);
	case L4_ICU_OP_MASK:
	case L4_ICU_OP_UNMASK:
	case L4_ICU_OP_SET_MODE:
		return reply(0, 0);
	default:
		return reply(-L4_ENOSYS, 0);
	}
}

static l4_msgtag_t session_dispatch(l4_umword_t label, l4_msgtag_t tag)
{
	unsigned session = LABEL_INDEX(label);
	l4_umword_t *mr = l4_utcb_mr()->mr;

	if (l4_msgtag_words(tag) < 1)
		return reply(-L4_EMSGTOOSHORT, 0);
	if (l4_msgtag_label(tag) == L4_PROTO_LOG)
		return session_vcon(session, mr, l4_msgtag_words(tag));
	if (l4_msgtag_label(tag) == L4_PROTO_IRQ)
		return session_icu(session, mr, tag);
	return reply(-L4_EBADPROTO, 0);
}

/* Interrupts. */

static void read_uart(void)
{
	int c;

	while ((c = uart_read()) >= 0)
		mux_input(&mux, c);
	l4_irq_unmask(uart_irq);
}

/* Kernel log lines carry the name of who wrote them already. */
static void read_kernel_log(void)
{
	char text[L4_VCON_READ_SIZE];
	int n;

	while ((n = l4_vcon_read(kernel_log, text, sizeof(text))) > 0)
		mux_output(&mux, kernel_session, text, n < (int)sizeof(text) ? n : (int)sizeof(text));
}

static l4_cap_idx_t irq_for(l4_cap_idx_t irq, l4_umword_t label)
{
	if (l4_error(l4_rcv_ep_bind_thread(irq, l4re_env()->main_thread, label)) < 0)
		fmt_log("an interrupt cannot be bound\n");
	return irq;
}

/* The kernel keeps quiet on the UART from here on; its text comes through the log. */
static void follow_kernel_log(void)
{
	l4_vcon_attr_t quiet = { 0, 0, 0 };

	kernel_log = l4re_env_get_cap("kernel-log");
	if (l4_is_invalid_cap(kernel_log))
		return;
	kernel_session = mux_add(&mux, "kernel", 1);
	kernel_irq = l4re_util_cap_alloc();
	if (kernel_session < 0 || l4_error(l4_factory_create_irq(l4re_env()->factory, kernel_irq)) < 0)
		return;
	irq_for(kernel_irq, LABEL_KERNEL_LOG);
	l4_vcon_set_attr(kernel_log, &quiet);
	l4_icu_bind(kernel_log, 0, kernel_irq);
}

static void open_sessions(void)
{
	const l4re_env_cap_entry_t *e;
	int n;

	state = l4re_env_get_cap("state");
	for (e = l4re_env()->caps; e->name[0]; e++) {
		if (!(e->flags & L4RE_ENV_SERVER) || strcmp(e->name, "console"))
			continue;
		n = mux_add(&mux, e->peer, 0);
		if (n < 0 || l4_error(l4_rcv_ep_bind_thread(e->cap, l4re_env()->main_thread, LABEL(n))) < 0)
			fmt_log("no session for %s\n", e->peer);
		else
			recall_irq(n);
	}
}

static void take_arguments(int argc, char **argv)
{
	int i;
	unsigned k;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "background=off"))
			mux.background = 0;
		if (strncmp(argv[i], "focus=", 6))
			continue;
		for (k = 0; k < mux.count; k++)
			if (!strcmp(mux.sessions[k].name, argv[i] + 6))
				mux_focus(&mux, k);
	}
}

static l4_timeout_t patience(l4_timeout_s snd)
{
	return l4_timeout(snd, mux_holds(&mux) ? l4_timeout_from_us(HOLD_US) : L4_TIMEOUT_NEVER);
}

/* Handle one message; true: *answer is to be sent. */
static int handle(l4_umword_t label, l4_msgtag_t tag, l4_msgtag_t *answer)
{
	if (label == LABEL_UART)
		read_uart();
	else if (label == LABEL_KERNEL_LOG)
		read_kernel_log();
	else if (LABEL_INDEX(label) < mux.count) {
		*answer = session_dispatch(label, tag);
		return 1;
	}
	return 0;
}

static void serve(void)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag, answer = reply(0, 0);
	l4_umword_t label;
	int pending = 0;

	l4re_ready();
	for (;;) {
		l4_utcb_rcv_cap_u(u, received);
		tag = pending ? l4_ipc_reply_and_wait(u, answer, &label, patience(0)) :
				l4_ipc_wait(u, &label, patience(0));
		if (!l4_msgtag_has_error(tag)) {
			pending = handle(label, tag, &answer);
			continue;
		}
		pending = 0;
		if (l4_ipc_error(tag, u) == L4_IPC_RETIMEOUT)
			mux_release(&mux);
	}
}

int main(int argc, char **argv)
{
	mux_init(&mux, &ops);
	received = l4re_util_cap_alloc();
	open_sessions();
	follow_kernel_log();
	take_arguments(argc, argv); /* the focus that is asked for wins over the one that was recalled */
	uart_init();
	uart_irq = irq_for(l4re_env_get_cap("uart"), LABEL_UART);
	l4_irq_unmask(uart_irq);
	if (kernel_session >= 0)
		read_kernel_log();
	serve();
	return 0;
}
