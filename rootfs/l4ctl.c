// SPDX-License-Identifier: MIT
/*
 * l4ctl: the components of a Skerry system, from a Linux whose description has `control = true`.
 *
 *	l4ctl list			all components
 *	l4ctl kill NAME			end one as if it had faulted
 *	l4ctl start NAME		start one that does not run
 *	l4ctl upgrade NAME FILE		exchange its program; waits until the new one is ready (status 0) or the old one
 *					has taken over (status 2)
 *
 * Status 1: the request was refused, the reason is printed.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WORDS 63
/* Operations of init (l4/re/protocols.h). */
enum { KILL = 0, START = 1, INFO = 2, PROGRAM = 4, WRITE = 5, UPGRADE = 6 };
enum { UPGRADE_TRIAL = 1, UPGRADE_DONE = 2 };
#define PROGRAM_MAX (4 << 20)
#define PIECE 464

struct message {
	int64_t count_or_result;
	uint64_t words[WORDS];
};
#define L4CTL_CALL _IOWR('4', 0, struct message)

static int device;
static struct message m;

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	fprintf(stderr, "l4ctl: %s: %s\n", what, why);
	exit(1);
}

static const char *reason(long error)
{
	static const struct { int error; const char *text; } table[] = {
		{ 1, "not permitted" }, { 2, "it is not there or does not run" }, { 12, "no memory" }, { 16, "an upgrade is on trial" },
		{ 17, "it runs" }, { 22, "not a program for it" }, { 34, "not the piece that is next" } };

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].error == -error)
			return table[i].text;
	return "refused";
}

static long call(int operation, uint64_t component, unsigned count)
{
	m.words[0] = operation;
	m.words[1] = component;
	m.count_or_result = count;
	if (ioctl(device, L4CTL_CALL, &m))
		die("/dev/l4ctl", "the call failed");
	return m.count_or_result;
}

static long find(const char *name)
{
	for (long i = 0; call(INFO, i, 2) >= 0; i++)
		if (!strncmp((char *)&m.words[4], name, 32))
			return i;
	die(name, "no such component");
}

static void list(void)
{
	static const char *const upgrades[] = { "", "on trial", "upgraded", "rolled back" };

	printf("%-16s %-8s %8s %10s %10s %10s\n", "name", "state", "restarts", "memory", "kernel", "program");
	for (long i = 0; call(INFO, i, 2) >= 0; i++)
		printf("%-16.32s %-8s %8lu %10lu %10lu %10lu %s\n", (char *)&m.words[4], m.words[0] ? "runs" : "stopped",
		       (long)m.words[1], (long)m.words[2], (long)m.words[3], (long)m.words[9], upgrades[m.words[8] & 3]);
}

static void simple(int operation, const char *name)
{
	long err = call(operation, find(name), 2);

	if (err < 0)
		die(name, reason(err));
}

static void send_program(long component, const char *name, const char *path)
{
	static char program[PROGRAM_MAX];
	int file = open(path, O_RDONLY);
	ssize_t bytes = file < 0 ? -1 : read(file, program, sizeof(program)), at;
	long err;

	if (bytes < 0)
		die(path, "cannot be read");
	/* One upload at a time: init has room for one program a component. */
	flock(device, LOCK_EX);
	m.words[2] = bytes;
	err = call(PROGRAM, component, 3);
	for (at = 0; err >= 0 && at < bytes; at += m.words[3]) {
		size_t n = bytes - at < PIECE ? bytes - at : PIECE;

		m.words[2] = at;
		m.words[3] = n;
		memcpy(&m.words[4], program + at, n);
		err = call(WRITE, component, 4 + (n + 7) / 8);
		m.words[3] = n;
	}
	if (err >= 0)
		err = call(UPGRADE, component, 2);
	flock(device, LOCK_UN);
	if (err < 0)
		die(name, reason(err));
}

static int upgrade(const char *name, const char *path)
{
	long component = find(name);

	send_program(component, name, path);
	while (call(INFO, component, 2) >= 0 && m.words[8] == UPGRADE_TRIAL)
		usleep(10000);
	if (m.words[8] == UPGRADE_DONE)
		return 0;
	fprintf(stderr, "l4ctl: %s: the new program was not ready, the old one runs\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	device = open("/dev/l4ctl", O_RDWR);
	if (device < 0)
		die("/dev/l4ctl", "cannot be opened");
	if (argc == 2 && !strcmp(argv[1], "list"))
		list();
	else if (argc == 3 && !strcmp(argv[1], "kill"))
		simple(KILL, argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "start"))
		simple(START, argv[2]);
	else if (argc == 4 && !strcmp(argv[1], "upgrade"))
		return upgrade(argv[2], argv[3]);
	else
		die("usage", "l4ctl list | kill NAME | start NAME | upgrade NAME FILE");
	return 0;
}
