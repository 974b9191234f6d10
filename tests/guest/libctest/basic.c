/* SPDX-License-Identifier: MIT */
/* Formatting, strings, numbers, sorting, errors. */
#include "libctest.h"

#include <complex.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <wchar.h>

static void test_printf(void)
{
	volatile size_t cut = 4;
	char text[120];

	snprintf(text, sizeof(text), "%5d|%-5s|%05.1f|%x|%c|%%|%lu|%e", -42, "ab", 3.14159, 0xbeefu, 'z', 1UL << 63, 12345.678);
	CHECK(!strcmp(text, "  -42|ab   |003.1|beef|z|%|9223372036854775808|1.234568e+04"));
	CHECK(snprintf(text, cut, "%s", "longer") == 6 && !strcmp(text, "lon"));
	snprintf(text, sizeof(text), "%" PRIx64 " %a %.3Lf", (uint64_t)1 << 40, 1.0, 2.5L);
	CHECK(!strcmp(text, "10000000000 0x1p+0 2.500"));
}

static void test_scanf(void)
{
	int a = 0;
	double d = 0;
	char word[8] = "";

	CHECK(sscanf("17 2.5 word", "%d %lf %7s", &a, &d, word) == 3);
	CHECK(a == 17 && d == 2.5 && !strcmp(word, "word"));
}

static void test_string(void)
{
	char buf[64] = "abc", copy[64];
	char *save, *word;

	strcat(buf, "def");
	CHECK(strlen(buf) == 6 && !strcmp(buf, "abcdef") && strstr(buf, "cd") == buf + 2);
	memmove(buf + 1, buf, 7);
	CHECK(!strcmp(buf, "aabcdef"));
	memset(copy, 'x', sizeof(copy));
	CHECK(copy[0] == 'x' && copy[63] == 'x' && memchr(copy, 'y', 64) == NULL);
	strcpy(buf, "one,two");
	word = strtok_r(buf, ",", &save);
	CHECK(word && !strcmp(word, "one") && !strcmp(strtok_r(NULL, ",", &save), "two"));
	CHECK(toupper('q') == 'Q' && wcslen(L"wide") == 4);
}

static void test_math(void)
{
	CHECK(fabs(sin(1.0) - 0.8414709848078965) < 1e-15);
	CHECK(fabs(exp(1.0) - M_E) < 1e-15 && fabs(log(M_E) - 1) < 1e-15);
	CHECK(sqrt(2.0) * sqrt(2.0) - 2 < 1e-15 && pow(2, 10) == 1024);
	CHECK(cbrt(27.0) == 3 && floor(-1.5) == -2 && fmod(7, 4) == 3 && hypot(3, 4) == 5);
	CHECK(isnan(NAN) && isinf(1 / (double)(errno = 0)) && lround(2.5) == 3);
	CHECK(fabsl(sinl(1.0L) - 0.84147098480789650665L) < 1e-17L && tgamma(5) == 24);
	CHECK(cabs((1 + 2 * I) * (3 - 1 * I) - (5 + 5 * I)) < 1e-15);
}

static void test_rounding(void)
{
	volatile double one = 1, three = 3;
	double down, up;

	fesetround(FE_DOWNWARD);
	down = one / three;
	fesetround(FE_UPWARD);
	up = one / three;
	fesetround(FE_TONEAREST);
	CHECK(up > down && up - down < 1e-15);
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void test_sort(void)
{
	int v[500], i, key = 250;

	for (i = 0; i < 500; i++)
		v[i] = i * 37 % 500;
	qsort(v, 500, sizeof(int), compare);
	for (i = 0; i < 500; i++)
		CHECK(v[i] == i);
	CHECK(bsearch(&key, v, 500, sizeof(int), compare) == &v[250]);
}

static void test_numbers(void)
{
	char *end;

	CHECK(strtol("-0x1fz", &end, 16) == -31 && *end == 'z');
	CHECK(strtod("1e-3", NULL) == 0.001 && atoi("99") == 99);
	errno = 0;
	CHECK(strtoul("99999999999999999999", NULL, 10) == ~0UL && errno == ERANGE);
}

static void test_setjmp(void)
{
	jmp_buf env;
	volatile int n = 0;

	if (setjmp(env) < 3) {
		n++;
		longjmp(env, n);
	}
	CHECK(n == 3);
}

static void test_unsupported(void)
{
	errno = 0;
	CHECK(open("/nothing", O_RDONLY) == -1 && errno == ENOSYS);
	errno = 0;
	CHECK(fork() == -1 && errno == ENOSYS);
	CHECK(write(77, "x", 1) == -1 && errno == EBADF);
	CHECK(fopen("/nothing", "r") == NULL);
}

static void test_system(void)
{
	struct utsname u;

	CHECK(uname(&u) == 0 && !strcmp(u.sysname, "Skerry") && u.nodename[0]);
	CHECK(getpid() == 1 && sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_NPROCESSORS_ONLN) >= 1);
	CHECK(sysconf(_SC_PHYS_PAGES) > 0 && isatty(1) && !strcmp(strerror(ENOENT), "No such file or directory"));
}

/* A stream in memory: stdio without a file behind it. */
static void test_streams(void)
{
	char *text = NULL, line[16];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!CHECK(f))
		return;
	fprintf(f, "%s\n%d\n", "first", 2);
	fclose(f);
	CHECK(size == 8 && !strcmp(text, "first\n2\n"));
	f = fmemopen(text, size, "r");
	CHECK(f && fgets(line, sizeof(line), f) && !strcmp(line, "first\n"));
	if (f)
		fclose(f);
	free(text);
}

static int before_main;
__attribute__((constructor)) static void constructor(void) { before_main = 17; }

static void test_constructor(void)
{
	CHECK(before_main == 17);
}

const struct test basic_tests[] = {
	{ "printf", test_printf }, { "scanf", test_scanf }, { "string", test_string }, { "math", test_math },
	{ "rounding", test_rounding }, { "sort", test_sort }, { "numbers", test_numbers }, { "setjmp", test_setjmp },
	{ "streams", test_streams }, { "unsupported", test_unsupported }, { "system", test_system },
	{ "constructor", test_constructor }, { NULL, NULL },
};
