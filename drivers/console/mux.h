/* SPDX-License-Identifier: MIT */
/*
 * Console multiplexer: many sessions, one terminal.
 *
 * The session that has the focus writes raw and gets the input. All others are
 * background: their output appears in whole lines, `name| ` in front, and
 * waits while the focus is in the middle of a line. Control characters are left out: a background session
 * shall not move the cursor, pass for another, or have the terminal answer into the focus's input. A session may be plain:
 * its lines need no name, and it takes no input. Ctrl-T and a digit, n or t give the
 * focus to a session, the next one, or send a Ctrl-T.
 *
 * No I/O in here: output goes to mux_ops, so that it can be tested on the host.
 */
#ifndef MUX_H
#define MUX_H

#define MUX_SESSIONS 32
#define MUX_NAME 32
#define MUX_LINE 240
#define MUX_INPUT 1024
#define MUX_HELD 8192

struct mux_ops {
	void (*write)(const char *text, unsigned bytes);
	/** Input arrived for a session that may wait for it. */
	void (*notify)(unsigned session);
};

struct mux_session {
	char name[MUX_NAME];
	int plain;
	char line[MUX_LINE]; /* background output up to the next newline */
	unsigned line_used;
	char input[MUX_INPUT];
	unsigned input_first, input_used;
};

struct mux {
	const struct mux_ops *ops;
	struct mux_session sessions[MUX_SESSIONS];
	unsigned count;
	int focus;         /* session, -1: nobody */
	int background;    /* show background output */
	int column;        /* the focus is in the middle of a line */
	int escape;        /* Ctrl-T was typed */
	char held[MUX_HELD]; /* background lines that wait */
	unsigned held_used;
};

void mux_init(struct mux *m, const struct mux_ops *ops);
/** New session; its number, -1 if there are too many. */
int mux_add(struct mux *m, const char *name, int plain);
void mux_focus(struct mux *m, int session);
void mux_output(struct mux *m, unsigned session, const char *text, unsigned bytes);
/** A character from the terminal. */
void mux_input(struct mux *m, char c);
/** Take at most bytes of a session's input; *more tells whether some is left. */
unsigned mux_read(struct mux *m, unsigned session, char *out, unsigned bytes, int *more);
/** Lines wait for the focus to end its line. */
int mux_holds(const struct mux *m);
/** Show the waiting lines now, in the middle of the focus's line if need be. */
void mux_release(struct mux *m);

#endif
