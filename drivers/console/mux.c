/* SPDX-License-Identifier: MIT */
/* Console multiplexer: many sessions, one terminal. */
#include "mux.h"

#define CTRL_T 0x14
#define DELETE 0x7f

static unsigned length(const char *s)
{
	unsigned n = 0;

	while (s[n])
		n++;
	return n;
}

static void put(struct mux *m, const char *text, unsigned bytes)
{
	if (bytes)
		m->ops->write(text, bytes);
}

static void put_text(struct mux *m, const char *text)
{
	put(m, text, length(text));
}

void mux_init(struct mux *m, const struct mux_ops *ops)
{
	m->ops = ops;
	m->focus = -1;
	m->background = 1;
}

int mux_add(struct mux *m, const char *name, int plain)
{
	struct mux_session *s = &m->sessions[m->count];
	unsigned i;

	if (m->count == MUX_SESSIONS)
		return -1;
	for (i = 0; i < MUX_NAME - 1 && name[i]; i++)
		s->name[i] = name[i];
	s->name[i] = 0;
	s->plain = plain;
	return m->count++;
}

void mux_release(struct mux *m)
{
	if (!m->held_used)
		return;
	if (m->column)
		put_text(m, "\r\n");
	put(m, m->held, m->held_used);
	m->held_used = 0;
	m->column = 0;
}

int mux_holds(const struct mux *m)
{
	return m->held_used != 0;
}

static void hold(struct mux *m, const char *text, unsigned bytes)
{
	unsigned i;

	for (i = 0; i < bytes; i++)
		m->held[m->held_used++] = text[i];
}

/* A finished line of a background session. */
static void line_out(struct mux *m, struct mux_session *s)
{
	unsigned name = length(s->name);

	if (m->background) {
		if (m->held_used + name + s->line_used + 4 > MUX_HELD)
			mux_release(m);
		if (!s->plain) {
			hold(m, s->name, name);
			hold(m, "| ", 2);
		}
		hold(m, s->line, s->line_used);
		hold(m, "\r\n", 2);
		if (!m->column)
			mux_release(m);
	}
	s->line_used = 0;
}

/* No control characters: neither the ASCII ones nor those that begin at 0x80, which in UTF-8 follow a 0xc2. */
static int printable(const struct mux_session *s, unsigned char c)
{
	unsigned char before = s->line_used ? s->line[s->line_used - 1] : 0;

	if (c >= 0x80 && c < 0xa0)
		return before >= 0x80 && before != 0xc2;
	return c == '\t' || (c >= ' ' && c != DELETE);
}

static void background_char(struct mux *m, struct mux_session *s, char c)
{
	if (c == '\n' || s->line_used == MUX_LINE)
		line_out(m, s);
	if (printable(s, c))
		s->line[s->line_used++] = c;
}

/* Raw output: background lines that wait go out behind its line ends. */
static void focus_output(struct mux *m, const char *text, unsigned bytes)
{
	unsigned i, done = 0;

	for (i = 0; i < bytes; i++) {
		m->column = text[i] != '\n';
		if (m->column || !m->held_used)
			continue;
		put(m, text + done, i + 1 - done);
		done = i + 1;
		mux_release(m);
	}
	put(m, text + done, bytes - done);
}

void mux_output(struct mux *m, unsigned session, const char *text, unsigned bytes)
{
	unsigned i;

	if (session >= m->count)
		return;
	if ((int)session == m->focus) {
		focus_output(m, text, bytes);
		return;
	}
	for (i = 0; i < bytes; i++)
		background_char(m, &m->sessions[session], text[i]);
}

void mux_focus(struct mux *m, int session)
{
	if (session >= (int)m->count || session == m->focus || (session >= 0 && m->sessions[session].plain))
		return;
	m->focus = session;
	if (session >= 0 && m->sessions[session].line_used) {
		/* What it began as background becomes its raw line. */
		mux_release(m);
		put(m, m->sessions[session].line, m->sessions[session].line_used);
		m->sessions[session].line_used = 0;
		m->column = 1;
	}
}

static void announce(struct mux *m)
{
	put_text(m, m->column ? "\r\n[console: " : "[console: ");
	put_text(m, m->focus >= 0 ? m->sessions[m->focus].name : "nobody");
	put_text(m, "]\r\n");
	m->column = 0;
}

static void deliver(struct mux *m, char c)
{
	struct mux_session *s;

	if (m->focus < 0)
		return;
	s = &m->sessions[m->focus];
	if (s->input_used == MUX_INPUT)
		return; /* nobody reads: as on any full terminal line, input is lost */
	s->input[(s->input_first + s->input_used) % MUX_INPUT] = c;
	s->input_used++;
	m->ops->notify(m->focus);
}

static void focus_next(struct mux *m)
{
	unsigned i, next = m->focus;

	for (i = 0; i < m->count; i++) {
		next = (next + 1) % m->count;
		if (!m->sessions[next].plain) {
			mux_focus(m, next);
			return;
		}
	}
}

static void command(struct mux *m, char c)
{
	if (c == 't' || c == CTRL_T) {
		deliver(m, CTRL_T);
		return;
	}
	if (c >= '0' && c <= '9')
		mux_focus(m, c - '0');
	else if (c == 'n')
		focus_next(m);
	announce(m);
}

void mux_input(struct mux *m, char c)
{
	if (m->escape) {
		m->escape = 0;
		command(m, c);
	} else if (c == CTRL_T) {
		m->escape = 1;
	} else {
		deliver(m, c);
	}
}

unsigned mux_read(struct mux *m, unsigned session, char *out, unsigned bytes, int *more)
{
	struct mux_session *s = &m->sessions[session];
	unsigned n = 0;

	while (n < bytes && s->input_used) {
		out[n++] = s->input[s->input_first];
		s->input_first = (s->input_first + 1) % MUX_INPUT;
		s->input_used--;
	}
	*more = s->input_used != 0;
	return n;
}
