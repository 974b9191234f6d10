/* SPDX-License-Identifier: MIT */
/* Checks of the Linux test programs: one line each, the same text on every kernel. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int check_failures;

/* Prints the outcome of one check; errno helps only when it failed. */
__attribute__((format(printf, 2, 3), unused)) static bool check(bool good, const char *format, ...)
{
	int error = errno;
	va_list args;

	printf(good ? "ok " : "not ok ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	if (!good) {
		printf(" (errno %d)", error);
		check_failures++;
	}
	printf("\n");
	fflush(stdout);
	return good;
}

/* Ends the program when what the rest depends on did not work. */
__attribute__((unused)) static void need(bool good, const char *what)
{
	if (good)
		return;
	printf("not ok %s (errno %d)\n", what, errno);
	fflush(stdout);
	_exit(1);
}

/* Runs a function in a child and returns the wait status. */
__attribute__((unused)) static int in_child(void (*function)(void *), void *arg)
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	need(child >= 0, "fork");
	if (child == 0) {
		check_failures = 0;
		function(arg);
		fflush(stdout);
		_exit(check_failures);
	}
	need(waitpid(child, &status, 0) == child, "waitpid");
	return status;
}

__attribute__((unused)) static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

__attribute__((unused)) static int check_end(void)
{
	printf("%d failures\n", check_failures);
	return check_failures != 0;
}

#endif
