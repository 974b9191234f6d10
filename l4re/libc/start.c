/* SPDX-License-Identifier: MIT */
/* Hands a new program over to the C library. */
#include "layer.h"

int main(int argc, char **argv);
int __libc_start_main(int (*)(int, char **), int, char **, void (*)(void), void (*)(void), void (*)(void));

/* Takes the place of the runtime's own, so it must be linked as an object, not from a library. */
void l4re_libc_start(long *stack)
{
	__libc_start_main(main, stack[0], (char **)(stack + 1), 0, 0, 0);
}
