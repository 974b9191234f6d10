// SPDX-License-Identifier: MIT
/*
 * The console multiplexer: random output, input, focus changes and reads of all sessions. The terminal must show what a naive
 * model with long strings says, and each session must read what was typed while it had the focus.
 * sources: drivers/console/mux.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../drivers/console/mux.h"
#include "support/check.h"
#include "support/random.h"

#define SHOWN (64 << 20)
#define SESSIONS 13

static struct mux mux;
static char *shown, *expected; /* what the terminal got, and should have got */
static unsigned long shown_used, expected_used;
static unsigned notified[MUX_SESSIONS];

static void show(const char *text, unsigned bytes)
{
	CHECK(bytes && shown_used + bytes <= SHOWN);
	memcpy(shown + shown_used, text, bytes);
	shown_used += bytes;
}

static void notify(unsigned session)
{
	notified[session]++;
}

static const struct mux_ops ops = { .write = show, .notify = notify };

/* --- the model */

static struct {
	char name[MUX_NAME], line[MUX_LINE + 1], *typed;
	unsigned line_used, typed_used, typed_read, notes;
	int plain;
} m[SESSIONS];
static char held[4 * MUX_HELD];
static unsigned held_used;
static int focus, column, background;

static void expect(const char *text, unsigned bytes)
{
	CHECK(expected_used + bytes <= SHOWN);
	memcpy(expected + expected_used, text, bytes);
	expected_used += bytes;
}

static void model_release(void)
{
	if (held_used && column)
		expect("\r\n", 2);
	if (held_used)
		column = 0;
	expect(held, held_used);
	held_used = 0;
}

static void model_line(unsigned s)
{
	unsigned n = strlen(m[s].name);

	m[s].line[m[s].line_used] = 0;
	if (background) {
		if (held_used + n + m[s].line_used + 4 > MUX_HELD)
			model_release();
		held_used += sprintf(held + held_used, "%s%s%s\r\n", m[s].plain ? "" : m[s].name, m[s].plain ? "" : "| ",
				     m[s].line);
		if (!column)
			model_release();
	}
	m[s].line_used = 0;
}

static void model_background(unsigned s, unsigned char c)
{
	unsigned char last;

	if (c == '\n' || m[s].line_used == MUX_LINE)
		model_line(s);
	last = m[s].line_used ? m[s].line[m[s].line_used - 1] : 0;
	if ((c < 32 && c != '\t') || c == 127)
		return;
	if (c >= 128 && c < 160 && (last < 128 || last == 0xc2))
		return;
	m[s].line[m[s].line_used++] = c;
}

static void model_output(unsigned s, const char *text, unsigned bytes)
{
	for (; bytes; text++, bytes--) {
		if ((int)s != focus) {
			model_background(s, *text);
			continue;
		}
		expect(text, 1);
		column = *text != '\n';
		if (!column)
			model_release();
	}
}

static void model_focus(int s)
{
	if (s == focus || s >= SESSIONS || m[s].plain)
		return;
	focus = s;
	if (!m[s].line_used)
		return;
	model_release();
	expect(m[s].line, m[s].line_used);
	m[s].line_used = 0;
	column = 1;
}

static void model_announce(void)
{
	char text[100];

	expect(text, sprintf(text, "%s[console: %s]\r\n", column ? "\r\n" : "", focus < 0 ? "nobody" : m[focus].name));
	column = 0;
}

static void model_type(char c)
{
	if (focus < 0 || m[focus].typed_used - m[focus].typed_read == MUX_INPUT)
		return;
	m[focus].typed[m[focus].typed_used++] = c;
	m[focus].notes++;
}

static void model_command(char c)
{
	unsigned i, next;

	if (c == 't' || c == 0x14) {
		model_type(0x14);
		return;
	}
	if (c >= '0' && c <= '9')
		model_focus(c - '0');
	for (i = 1; c == 'n' && i <= SESSIONS; i++) {
		next = (focus + i) % SESSIONS;
		if (!m[next].plain) {
			model_focus(next);
			break;
		}
	}
	model_announce();
}

/* --- random steps */

static void step_output(void)
{
	static const char kinds[] = "ab \t\n\n\r\033\177\302\233\200\342\014z";
	char text[600];
	unsigned i, s = random_below(SESSIONS), n = random_below(random_below(8) ? 40 : sizeof(text)), lines = random_below(4);

	for (i = 0; i < n; i++)
		text[i] = lines ? kinds[random_below(sizeof(kinds) - 1)] : 'x';
	mux_output(&mux, s, text, n);
	model_output(s, text, n);
	mux_output(&mux, SESSIONS + random_below(1000), text, n); /* nobody */
}

static void step_input(void)
{
	static const char commands[] = "0123456789ntnx\024";
	unsigned i, n = random_below(50) ? random_below(4) : 1500;
	char c;

	for (i = 0; i < n; i++) {
		c = random_below(256);
		if (c == 0x14)
			c = 'q';
		mux_input(&mux, c);
		model_type(c);
	}
	if (random_below(3))
		return;
	c = commands[random_below(sizeof(commands) - 1)];
	mux_input(&mux, 0x14);
	mux_input(&mux, c);
	model_command(c);
}

static void step_read(void)
{
	unsigned s = random_below(SESSIONS), want = random_below(600), left = m[s].typed_used - m[s].typed_read, n;
	char text[600];
	int more = -1;

	n = mux_read(&mux, s, text, want, &more);
	CHECK(n == (want < left ? want : left) && more == (n < left));
	CHECK(!memcmp(text, m[s].typed + m[s].typed_read, n));
	m[s].typed_read += n;
}

static void start(void)
{
	unsigned i;

	memset(&mux, 0, sizeof(mux));
	memset(m, 0, sizeof(m));
	memset(notified, 0, sizeof(notified));
	mux_init(&mux, &ops);
	mux.background = background = random_below(8) != 0;
	shown_used = expected_used = held_used = column = 0;
	focus = -1;
	for (i = 0; i < SESSIONS; i++) {
		sprintf(m[i].name, "%.*s%u", (int)random_below(25), "abcdefghijklmnopqrstuvwxyz", i);
		m[i].typed = malloc(1 << 20);
		m[i].plain = random_below(4) == 0;
		CHECK(mux_add(&mux, m[i].name, m[i].plain) == (int)i);
	}
}

static void check_random(void)
{
	unsigned round, i, done;

	for (round = 0; round < 40; round++) {
		start();
		for (i = done = 0; i < 3000; i++) {
			switch (random_below(6)) {
			case 0:
				step_input();
				break;
			case 1:
				step_read();
				break;
			case 2:
				CHECK(mux_holds(&mux) == (held_used != 0));
				if (random_below(20))
					break;
				mux_release(&mux);
				model_release();
				break;
			default:
				step_output();
			}
			CHECK(shown_used == expected_used && !memcmp(shown + done, expected + done, shown_used - done));
			done = shown_used;
		}
		for (i = 0; i < SESSIONS; i++) {
			CHECK(notified[i] == m[i].notes);
			free(m[i].typed);
		}
	}
}

/* What a background session prints can neither move the cursor nor pass for another's line. */
static void check_background(void)
{
	static const char text[] = "\033[2J\033[6n\rkernel| panic\b\b\302\2339n\n\342\200\224\303\200\n";

	memset(&mux, 0, sizeof(mux));
	shown_used = 0;
	mux_init(&mux, &ops);
	CHECK(mux_add(&mux, "a", 0) == 0 && mux_add(&mux, "b", 0) == 1);
	mux_focus(&mux, 0);
	mux_output(&mux, 1, text, sizeof(text) - 1);
	show("", 1);
	CHECK(!strcmp(shown, "b| [2J[6nkernel| panic\3029n\r\nb| \342\200\224\303\200\r\n"));
}

static void check_limits(void)
{
	char longest[100];
	unsigned i;

	memset(&mux, 0, sizeof(mux));
	mux_init(&mux, &ops);
	mux_input(&mux, 'x'); /* nobody has the focus */
	mux_input(&mux, 0x14);
	mux_input(&mux, 'n');
	memset(longest, 'n', sizeof(longest));
	longest[99] = 0;
	for (i = 0; i < MUX_SESSIONS; i++)
		CHECK(mux_add(&mux, longest, 1) == (int)i && strlen(mux.sessions[i].name) == MUX_NAME - 1);
	CHECK(mux_add(&mux, "one more", 0) == -1);
	mux_input(&mux, 0x14);
	mux_input(&mux, 'n'); /* only plain ones */
	CHECK(mux.focus == -1);
}

int main(void)
{
	shown = malloc(SHOWN);
	expected = malloc(SHOWN);
	run_check("random", check_random);
	run_check("background", check_background);
	run_check("limits", check_limits);
	return 0;
}
