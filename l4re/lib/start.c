/* SPDX-License-Identifier: MIT */
/* First C code of a native program: finds the environment, then calls main or the C library. */
#include "lib.h"

#include <l4/re/env.h>
#include <l4/sys/kip_api.h>

l4re_env_t *l4re_global_env;
const l4_kernel_info_t *l4_global_kip;

int main(int argc, char **argv);

/* A C library brings its own; it initialises itself, runs main and exits. */
__attribute__((weak)) void l4re_libc_start(long *stack)
{
	l4re_exit(main(stack[0], (char **)(stack + 1)));
}

static unsigned long auxv_find(long *stack, unsigned long type)
{
	long *p = stack + 1 + stack[0] + 1;

	while (*p++)
		;
	for (; p[0]; p += 2)
		if ((unsigned long)p[0] == type)
			return p[1];
	return 0;
}

void l4re_start(long *stack)
{
	l4re_global_env = (l4re_env_t *)auxv_find(stack, L4RE_AT_ENV);
	l4_global_kip = l4re_global_env->kip;
	l4_utcb_tcr()->user[0] = l4re_global_env->main_thread;
	l4re_libc_start(stack);
}
