/* SPDX-License-Identifier: MIT */
/*
 * Calls pong through the session "pong" and measures. Argument: number of calls; with shared memory "stop" it goes on until
 * that is SHARED_ENDED.
 */
#include <stdio.h>
#include <stdlib.h>

#include "shared.h"

#include <l4/re/env.h>
#include <l4/sys/ipc.h>
#include <l4/sys/kip.h>

static int call(l4_cap_idx_t pong, l4_umword_t value)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag;

	u->msg.mr[0] = value;
	tag = l4_ipc_call(pong, u, l4_msgtag(0, 1, 0, 0), L4_IPC_NEVER);
	return l4_error(tag) < 0 || u->msg.mr[0] != value + 1;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], 0, 0) : 1000, i;
	const volatile unsigned *stop = shared_word("stop");
	l4_cap_idx_t pong = l4re_env_get_cap("pong");
	l4_uint64_t begin;

	if (l4_is_invalid_cap(pong)) {
		puts("no session \"pong\"");
		return 1;
	}
	call(pong, 0);
	begin = l4_rdtsc();
	for (i = 0; i < count || (stop && *stop != SHARED_ENDED); i++) {
		if (call(pong, i)) {
			puts("wrong answer");
			return 1;
		}
	}
	printf("%lu calls, %lu ticks each\n", i, (l4_rdtsc() - begin) / i);
	return 0;
}
