// SPDX-License-Identifier: MIT
/*
 * The kernel's formatted output against the C library's, and the log ring.
 * sources: microkernel/debug/log.c
 * cflags: -iquote microkernel/include -iquote microkernel/arch/x86_64
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "debug.h"

static char uart[1 << 20];
static size_t uart_bytes;

void uart_write(const char *text, size_t bytes)
{
	if (uart_bytes + bytes <= sizeof(uart))
		memcpy(uart + uart_bytes, text, bytes);
	uart_bytes += bytes;
}

static bool same(const char *fmt, ...)
{
	char ours[64], theirs[64];
	va_list args, copy;
	size_t n;

	va_start(args, fmt);
	va_copy(copy, args);
	vsnprintf(theirs, sizeof(theirs), fmt, copy);
	n = format(ours, sizeof(ours), fmt, args);
	va_end(copy);
	va_end(args);
	if (!strcmp(ours, theirs) && n == strlen(ours))
		return true;
	printf("# \"%s\" instead of \"%s\"\n", ours, theirs);
	return false;
}

static const char *test_format(void)
{
	bool ok = same("%d %d %u", 0, -5, 4000000000u) && same("%ld %lu", -__LONG_MAX__ - 1, ~0UL) &&
		  same("%x %lx %016lx", 0xbeefu, 0xdeadbeefcafeUL, 0x123UL) && same("%s|%8s|%c", "abc", "de", 'x') &&
		  same("100%% %5d|%05d|%3u", 42, 42, 123456u) && same("%d", -2147483647 - 1) &&
		  same("%s", "a text that is longer than the sixty-four bytes which there is room for");

	return ok ? NULL : "differs from the C library";
}

static const char *test_ring(void)
{
	char out[128];
	u64 pos = 0;
	unsigned int i;
	size_t n;

	log_to_uart = true;
	log_printf("first %d\n", 1);
	n = log_read(&pos, out, sizeof(out));
	if (n != 8 || memcmp(out, "first 1\n", 8) || uart_bytes != 8)
		return "what was written is not what is read";
	log_to_uart = false;
	for (i = 0; i < 20000; i++)
		log_printf("line %05u\n", i);
	for (n = 0; (i = log_read(&pos, out, sizeof(out))); n += i)
		;
	if (n != 65536 || uart_bytes != 8)
		return "an overwritten ring does not give its whole length";
	pos = ~0UL;
	return log_read(&pos, out, sizeof(out)) ? "a position beyond the end gives text" : NULL;
}

static int report(const char *name, const char *why)
{
	printf("%s %s %s\n", why ? "not ok" : "ok", name, why ? why : "");
	return why != NULL;
}

int main(void)
{
	return report("format", test_format()) | report("ring", test_ring());
}
