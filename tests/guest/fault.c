/* SPDX-License-Identifier: MIT */
/* Ends as its first argument says, after as many milliseconds as the second does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/sys/ipc.h>
#include <l4/util/port_io.h>

static int is(int argc, char **argv, const char *what)
{
	return argc > 1 && !strcmp(argv[1], what);
}

int main(int argc, char **argv)
{
	static volatile char *const nowhere = (char *)0x1000;
	static volatile int zero;

	printf("about to %s\n", argc > 1 ? argv[1] : "exit");
	l4_ipc_sleep_ms(argc > 2 ? atoi(argv[2]) : 0);
	if (is(argc, argv, "read"))
		return *nowhere;
	if (is(argc, argv, "write"))
		*(volatile char *)main = 1;
	if (is(argc, argv, "execute"))
		((void (*)(void))nowhere)();
	if (is(argc, argv, "kernel"))
		return *(volatile char *)0xffff800000000000UL;
	if (is(argc, argv, "divide"))
		return 1 / zero;
	if (is(argc, argv, "port"))
		return l4util_in8(0x60);
	if (is(argc, argv, "abort"))
		abort();
	return 7;
}
