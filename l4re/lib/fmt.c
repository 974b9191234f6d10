/* SPDX-License-Identifier: MIT */
/* Formatted text without a C library. */
#include "fmt.h"

#include <l4/sys/vcon.h>

struct out {
	char *at, *end; /* end: where the terminating 0 goes at the latest */
};

static void out_char(struct out *o, char c)
{
	if (o->at < o->end)
		*o->at++ = c;
}

static void out_padded(struct out *o, const char *text, int len, int width, int left, char pad)
{
	int i;

	for (i = len; !left && i < width; i++)
		out_char(o, pad);
	for (i = 0; i < len; i++)
		out_char(o, text[i]);
	for (i = len; left && i < width; i++)
		out_char(o, ' ');
}

static void out_number(struct out *o, unsigned long value, unsigned base, int negative, int width, int left, char pad)
{
	char digits[24];
	int at = sizeof(digits);

	do
		digits[--at] = "0123456789abcdef"[value % base];
	while (value /= base);
	if (negative)
		digits[--at] = '-';
	out_padded(o, digits + at, sizeof(digits) - at, width, left, pad);
}

struct spec {
	int left, width, longs;
	char pad;
};

static const char *parse_spec(const char *f, struct spec *s, va_list *args)
{
	*s = (struct spec){ 0, 0, 0, ' ' };
	for (; *f == '-' || *f == '0'; f++) {
		if (*f == '-')
			s->left = 1;
		else
			s->pad = '0';
	}
	if (*f == '*') {
		s->width = va_arg(*args, int);
		f++;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		s->width = s->width * 10 + *f - '0';
	for (; *f == 'l' || *f == 'z'; f++)
		s->longs++;
	return f;
}

static void out_signed(struct out *o, const struct spec *s, long v)
{
	out_number(o, v < 0 ? -(unsigned long)v : (unsigned long)v, 10, v < 0, s->width, s->left, s->pad);
}

static void out_conversion(struct out *o, char kind, const struct spec *s, va_list *args)
{
	const char *text;
	char c;

	switch (kind) {
	case 'd':
		out_signed(o, s, s->longs ? va_arg(*args, long) : va_arg(*args, int));
		break;
	case 'u':
	case 'x':
		out_number(o, s->longs ? va_arg(*args, unsigned long) : va_arg(*args, unsigned), kind == 'u' ? 10 : 16, 0,
			   s->width, s->left, s->pad);
		break;
	case 'p':
		out_number(o, (unsigned long)va_arg(*args, void *), 16, 0, s->width, s->left, s->pad);
		break;
	case 's':
		text = va_arg(*args, const char *);
		if (!text)
			text = "(null)";
		out_padded(o, text, __builtin_strlen(text), s->width, s->left, ' ');
		break;
	case 'c':
		c = va_arg(*args, int);
		out_padded(o, &c, 1, s->width, s->left, ' ');
		break;
	default:
		out_char(o, kind);
	}
}

unsigned fmt_vtext(char *buf, unsigned size, const char *format, va_list args)
{
	struct out o = { buf, buf + size - 1 };
	struct spec spec;
	va_list copy;

	if (!size)
		return 0;
	va_copy(copy, args);
	for (; *format; format++) {
		if (*format != '%') {
			out_char(&o, *format);
			continue;
		}
		format = parse_spec(format + 1, &spec, &copy);
		if (!*format)
			break;
		out_conversion(&o, *format, &spec, &copy);
	}
	va_end(copy);
	*o.at = 0;
	return o.at - buf;
}

unsigned fmt_text(char *buf, unsigned size, const char *format, ...)
{
	va_list args;
	unsigned n;

	va_start(args, format);
	n = fmt_vtext(buf, size, format, args);
	va_end(args);
	return n;
}

void fmt_log(const char *format, ...)
{
	char buf[256];
	va_list args;
	unsigned n;

	va_start(args, format);
	n = fmt_vtext(buf, sizeof(buf), format, args);
	va_end(args);
	l4_vcon_write(L4_BASE_LOG_CAP, buf, n);
}
