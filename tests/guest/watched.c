/* SPDX-License-Identifier: MIT */
/*
 * What init has to watch, by argument: `beat N` gives N signs of life in time and ends, `spin` gives one and hangs,
 * `fault` faults, `gone SERVICE` waits for a disk whose server is given up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/re/c/alive.h>
#include <l4/sys/compiler.h>
#include <l4/virtio/blk.h>

static void beat(unsigned count)
{
	while (count--) {
		l4re_alive();
		l4_ipc_sleep(l4re_alive_timeout());
	}
	printf("ok watched beat\n");
}

static void spin(void)
{
	volatile int on = 1;

	l4re_alive();
	while (on)
		;
}

static void gone(const char *service)
{
	static struct l4blk disk;
	long err = l4blk_open(&disk, service);

	printf("%s watched gone: %s\n", err == -L4_ENODEV ? "ok" : "not ok", l4sys_errtostr(err));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "beat"))
		beat(argc > 2 ? atoi(argv[2]) : 10);
	else if (!strcmp(what, "spin"))
		spin();
	else if (!strcmp(what, "fault"))
		__builtin_trap();
	else if (!strcmp(what, "gone"))
		gone(argc > 2 ? argv[2] : "");
	return 0;
}
