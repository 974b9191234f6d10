// SPDX-License-Identifier: MIT
/* Output by every way of writing arrives complete and in order. */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "check.h"

static void write_vector(void)
{
	struct iovec parts[] = {
		{ (void *)"one ", 4 }, { (void *)"", 0 }, { (void *)"two ", 4 }, { (void *)"three\n", 6 },
	};

	check(writev(1, parts, 4) == 14, "writev");
}

static void write_large(void)
{
	char *text = malloc(20000);

	for (int i = 0; i < 20000; i++)
		text[i] = i % 80 == 79 ? '\n' : 'a' + i / 80 % 26;
	check(write(1, text, 20000) == 20000, "large write");
	free(text);
}

static void write_from_file(void)
{
	int file = open("/proc/self/comm", O_RDONLY);
	char name[32];
	ssize_t size = read(file, name, sizeof(name));

	check(size == 7 && !memcmp(name, "prints\n", 7), "name of the process");
	close(file);
}

int main(int argc, char **argv)
{
	check(argc == 1 && argv[1] == NULL, "arguments");
	write_vector();
	write_large();
	write_from_file();
	for (int i = 0; i < 300; i++)
		printf("%d%c", i * i, i % 10 == 9 ? '\n' : ' ');
	fflush(stdout);
	check(write(1, (void *)8, 4) == -1 && errno == EFAULT, "write from a bad address");
	check(write(99, "x", 1) == -1 && errno == EBADF, "write to a bad descriptor");
	return check_end();
}
