// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel log: a ring of text, read by position, copied to the UART while log_to_uart.
 */
#include "arch.h"
#include "debug.h"
#include "string.h"

#define LOG_BYTES 65536
#define LINE_BYTES 256

struct sink {
	char *out;
	size_t bytes, used;
};

bool log_to_uart = true;
static char ring[LOG_BYTES];
static u64 written;

void log_write(const char *text, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		ring[written++ % LOG_BYTES] = text[i];
	if (log_to_uart)
		uart_write(text, bytes);
}

size_t log_read(u64 *pos, char *out, size_t bytes)
{
	size_t n = 0;

	if (*pos > written)
		*pos = written;
	if (written - *pos > LOG_BYTES)
		*pos = written - LOG_BYTES;
	while (n < bytes && *pos < written)
		out[n++] = ring[(*pos)++ % LOG_BYTES];
	return n;
}

static void put(struct sink *s, char c)
{
	if (s->used + 1 < s->bytes)
		s->out[s->used++] = c;
}

static void put_padded(struct sink *s, const char *text, size_t length, unsigned int width, char pad)
{
	for (; width > length; width--)
		put(s, pad);
	while (length--)
		put(s, *text++);
}

static void put_number(struct sink *s, u64 value, unsigned int base, bool negative, unsigned int width, char pad)
{
	char digits[24], *p = digits + sizeof(digits);

	do {
		*--p = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative)
		*--p = '-';
	put_padded(s, p, digits + sizeof(digits) - p, width, pad);
}

/** One conversion, behind '%' and width; returns what follows it in the format. */
static const char *convert(struct sink *s, const char *fmt, va_list *args, unsigned int width, char pad)
{
	bool wide = false;
	const char *text;
	s64 value;

	while (*fmt == 'l' || *fmt == 'z') {
		wide = true;
		fmt++;
	}
	switch (*fmt) {
	case 's':
		text = va_arg(*args, const char *);
		text = text ? text : "(null)";
		put_padded(s, text, strlen(text), width, ' ');
		break;
	case 'c':
		put(s, va_arg(*args, int));
		break;
	case 'd':
		value = wide ? va_arg(*args, s64) : va_arg(*args, int);
		put_number(s, value < 0 ? -(u64)value : (u64)value, 10, value < 0, width, pad);
		break;
	case 'u':
	case 'x':
		put_number(s, wide ? va_arg(*args, u64) : va_arg(*args, u32), *fmt == 'x' ? 16 : 10, false, width, pad);
		break;
	case 'p':
		put_number(s, va_arg(*args, u64), 16, false, 16, '0');
		break;
	case 0:
		return fmt;
	default:
		put(s, *fmt);
	}
	return fmt + 1;
}

size_t format(char *out, size_t bytes, const char *fmt, va_list args)
{
	struct sink s = { out, bytes, 0 };
	unsigned int width;
	va_list copy;
	char pad;

	va_copy(copy, args);
	while (*fmt) {
		if (*fmt != '%') {
			put(&s, *fmt++);
			continue;
		}
		fmt++;
		pad = *fmt == '0' ? '0' : ' ';
		for (width = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + (*fmt - '0');
		fmt = convert(&s, fmt, &copy, width, pad);
	}
	va_end(copy);
	if (bytes)
		out[s.used] = 0;
	return s.used;
}

void log_printf(const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, fmt);
	log_write(line, format(line, sizeof(line), fmt, args));
	va_end(args);
}
