/* SPDX-License-Identifier: MIT */
/* What the parts of the C library test share. */
#ifndef LIBCTEST_H
#define LIBCTEST_H

struct test {
	const char *name; /* null behind the last */
	void (*run)(void);
};

extern const struct test basic_tests[], memory_tests[], time_tests[], thread_tests[];

/** Note why the running test fails, unless good; the first reason counts. Returns good. */
__attribute__((format(printf, 2, 3))) int check(int good, const char *format, ...);
#define CHECK(condition) check(!!(condition), "%s:%d: %s", __FILE_NAME__, __LINE__, #condition)

#endif
