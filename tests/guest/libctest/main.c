/* SPDX-License-Identifier: MIT */
/* Test of the C library on Skerry: prints `ok NAME` or `not ok NAME why` for each part, then the totals. */
#include "libctest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned passed, failed;
static char why[160];

int check(int good, const char *format, ...)
{
	va_list args;

	if (good || why[0])
		return good;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return 0;
}

static void run(const struct test *t)
{
	why[0] = 0;
	t->run();
	if (why[0])
		printf("not ok %s %s\n", t->name, why);
	else
		printf("ok %s\n", t->name);
	passed += !why[0];
	failed += !!why[0];
}

static void run_all(const struct test *t, const char *only)
{
	for (; t->name; t++)
		if (!only || !strcmp(t->name, only))
			run(t);
}

/* With an argument: only the test of that name. */
int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;

	run_all(basic_tests, only);
	run_all(memory_tests, only);
	run_all(time_tests, only);
	run_all(thread_tests, only);
	printf("libctest: %u passed, %u failed\n", passed, failed);
	return failed != 0;
}
