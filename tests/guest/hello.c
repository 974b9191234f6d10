/* SPDX-License-Identifier: MIT */
/* The smallest native task: an ordinary C program. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	char *text = malloc(64);

	if (!text)
		return 1;
	snprintf(text, 64, "hello from %s, %d argument%s, pi is %.3f", argv[0], argc - 1, argc == 2 ? "" : "s", 3.14159);
	puts(text);
	free(text);
	return 0;
}
