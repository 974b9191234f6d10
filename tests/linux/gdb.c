// SPDX-License-Identifier: MIT
// cflags: -g -O0 -no-pie
// link: dynamic
// add: /usr/bin/gdb /usr/share/gdb /usr/lib/python3.*/*.py /usr/lib/python3.*/re
// add: /usr/lib/python3.*/encodings /usr/lib/python3.*/collections /usr/lib/python3.*/importlib
// memory: 640M
// timeout: 300
/* gdb debugs this program: break and watch points, steps, back traces, a core of a fault, a call, an attached process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static volatile long total;
static volatile int *nowhere;

static __attribute__((noinline)) long recursion(int depth)
{
	if (depth == 0)
		return total;
	return recursion(depth - 1) + depth;
}

static __attribute__((noinline)) void work(int round)
{
	double half = round / 2.0;

	total += round;
	total += half > 1;
}

static int debugged(void)
{
	for (int round = 0; round < 4; round++)
		work(round);
	printf("result %ld\n", recursion(5));
	fflush(stdout);
	*nowhere = 1;
	return 0;
}

static void waits(void)
{
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	for (;;)
		usleep(1000);
}

static const char *const script[] = {
	"set width 0", "set height 0", "set confirm off", "set debuginfod enabled off", "set print address off",
	"set startup-with-shell off", "set disable-randomization on",
	"break work if round == 2", "run child", "info args", "print $rip == (unsigned long)$pc", "next", "next", "info locals",
	"print recursion(3)", "watch total", "continue", "continue", "delete", "tbreak recursion if depth == 0", "continue",
	"backtrace", "up", "print depth", "finish", "stepi", "nexti", "print $cs", "print $ss", "print $mxcsr", "print $st0", "print $xmm1.v2_int64[1] * 0",
	"set var total = 1000", "continue", "print $_siginfo.si_signo", "print $_siginfo._sifields._sigfault.si_addr",
	"backtrace", "kill",
};

static const char *const attached[] = {
	"set width 0", "set height 0", "set confirm off", "set debuginfod enabled off", "set print address off",
	"break usleep", "continue", "up", "print total", "print total = 5", "print total", "detach",
};

/* Runs gdb with commands and ends with its status. */
static int debug(const char *name, const char *const *lines, int count, char *option, char *value)
{
	FILE *file = fopen(name, "w");
	char line[256];
	FILE *pipe;

	for (int i = 0; i < count; i++)
		fprintf(file, "%s\n", lines[i]);
	fclose(file);
	snprintf(line, sizeof(line), "gdb -nx -q -batch -x %s %s %s 2>/dev/null", name, option, value);
	pipe = popen(line, "r");
	while (fgets(line, sizeof(line), pipe))
		if (!strstr(line, "rocess ") && !strstr(line, "libthread_db") && !strstr(line, "Inferior 1"))
			fputs(line, stdout);
	fflush(stdout);
	return pclose(pipe);
}

int main(int argc, char **argv)
{
	char number[16];
	pid_t child;

	if (argc > 1)
		return debugged();
	if (debug("/tmp/script", script, sizeof(script) / sizeof(*script), argv[0], ""))
		return 1;
	child = fork();
	if (child == 0)
		waits();
	snprintf(number, sizeof(number), "%d", child);
	return debug("/tmp/attached", attached, sizeof(attached) / sizeof(*attached), "-p", number);
}
