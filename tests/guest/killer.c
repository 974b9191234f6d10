/* SPDX-License-Identifier: MIT */
/*
 * Ends another component again and again, and checks that the system's memory is the same each time.
 * Arguments: name (or several, with commas, one right after the other), how often, pause in ms before and after; or ~N: a
 * random pause before, up to N us. Needs `control`. Shared memory "stop", if there is one, becomes SHARED_ENDED at the end. A
 * fourth argument: it becomes 1 after that many, and they go on until somebody makes it 2; "busy": others come and go meanwhile, so memory is not compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared.h"

#include <l4/re/c/control.h>
#include <l4/re/env.h>

#define VICTIMS 4

static long victims[VICTIMS];
static unsigned victim_count;

static int find_victims(l4_cap_idx_t control, const char *names)
{
	char copy[64];
	char *at;

	strncpy(copy, names, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = 0;
	for (at = strtok(copy, ","); at && victim_count < VICTIMS; at = strtok(NULL, ",")) {
		victims[victim_count] = l4re_control_find(control, at);
		if (victims[victim_count++] < 0)
			return 0;
	}
	return victim_count > 0;
}

static int kill_victims(l4_cap_idx_t control)
{
	unsigned k;

	for (k = 0; k < victim_count; k++)
		if (l4re_control_kill(control, victims[k]) < 0)
			return 0;
	return 1;
}

int main(int argc, char **argv)
{
	l4_cap_idx_t control = l4re_env_get_cap("control");
	int random = argc > 3 && argv[3][0] == '~', busy = argc > 4 && !strcmp(argv[4], "busy");
	unsigned count = argc > 2 ? atoi(argv[2]) : 5, pause = argc > 3 ? atoi(argv[3] + random) : 100, i;
	l4_size_t memory = 0, kernel = 0, first_memory = 0, first_kernel = 0;
	volatile unsigned *stop = shared_word("stop");

	if (argc < 2 || !find_victims(control, argv[1])) {
		puts("not ok kill: no such component");
		return 1;
	}
	for (i = 0; i < count || (argc > 4 && stop && *stop != 2); i++) {
		if (i == count)
			*stop = 1;
		if (random)
			l4_ipc_sleep_us(rand() % pause);
		else
			l4_ipc_sleep_ms(pause);
		if (!kill_victims(control)) {
			puts("not ok kill: it does not run");
			return 1;
		}
		if (!random)
			l4_ipc_sleep_ms(pause);
		l4re_control_totals(control, &memory, &kernel);
		if (i == 1) {
			first_memory = memory;
			first_kernel = kernel;
		}
		/* Who made it 2 is about to end, with its own memory. */
		if (i > 1 && !busy && !(stop && *stop == 2) && (memory != first_memory || kernel != first_kernel)) {
			printf("not ok kill: memory %lu, was %lu; kernel memory %lu, was %lu\n", memory, first_memory,
			       kernel, first_kernel);
			return 1;
		}
	}
	if (stop)
		*stop = SHARED_ENDED;
	printf("ok kill %s %u times\n", argv[1], i);
	return 0;
}
