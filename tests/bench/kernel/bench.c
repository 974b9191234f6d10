/* SPDX-License-Identifier: MIT */
/* Frame of the kernel benchmark: repetition, statistics, output, calibration. */
#include "bench.h"

#define LOOPS 1000000UL

word bench_overhead;
static word samples[BENCH_MAX];
static unsigned runs;

void bench_begin(void)
{
	runs++;
}

static void sort(word *v, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		word x = v[i];
		unsigned k = i;

		for (; k && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

static void print(const char *name, word *v, unsigned n, const char *counters)
{
	sort(v, n);
	if (runs % 2)
		return;
	kt_printf("@bench name=%s n=%u min=%lu median=%lu p99=%lu max=%lu%s\n", name, n, v[0], v[n / 2],
		  v[(n * 99 - 1) / 100], v[n - 1], counters);
}

void bench_print(const char *name, word *v, unsigned n)
{
	print(name, v, n, "");
}

static void counters_read(l4_counters_t *c)
{
	CHECK_OK(l4_trace_counters_u(L4_BASE_TRACE_CAP, c, l4_utcb()));
}

static char *append(char *at, const char *text, word value)
{
	char digits[24];
	unsigned n = 0;

	while (*text)
		*at++ = *text++;
	do
		digits[n++] = '0' + value % 10;
	while (value /= 10);
	while (n)
		*at++ = digits[--n];
	*at = 0;
	return at;
}

static void append_counters(char *text, const l4_counters_t *c, word base[8], word n)
{
	static const char *const names[8] = { " cr3=", " tlb=", " entries=", " ipcs=", " faults=", 0, " irqs=",
					      " switches=" };
	const word *v = (const word *)c;

	for (unsigned i = 0; i < 8; i++)
		if (names[i])
			text = append(text, names[i], (v[i] - base[i] + n / 2) / n);
}

/* Counters of one repetition: those of preparing and doing it, without those of preparing and reading. */
static void count(const struct bench *b, char *text)
{
	l4_counters_t c[3];
	word base[8];

	counters_read(&c[0]);
	if (b->prepare)
		b->prepare();
	counters_read(&c[1]);
	if (b->prepare)
		b->prepare();
	b->op();
	counters_read(&c[2]);
	for (unsigned i = 0; i < 8; i++)
		base[i] = 2 * ((word *)&c[1])[i] - ((word *)&c[0])[i];
	append_counters(text, &c[2], base, 1);
}

static l4_counters_t counters_before;

void bench_count(void)
{
	counters_read(&counters_before);
}

void bench_print_counted(const char *name, word *v, unsigned n)
{
	char counters[200];
	l4_counters_t now;

	counters_read(&now);
	append_counters(counters, &now, (word *)&counters_before, n);
	print(name, v, n, counters);
}

void bench_run(const struct bench *b)
{
	unsigned reps = b->reps ? b->reps : 200, share = b->share ? b->share : 1;
	char counters[200];

	for (unsigned i = 0; i < reps; i++) {
		if (b->prepare)
			b->prepare();
		samples[i] = (b->op() - bench_overhead - b->known) / share;
	}
	count(b, counters);
	print(b->name, samples, reps, counters);
}

cap bench_task(void)
{
	cap task = kt_task();

	kt_give(task, L4_BASE_TRACE_CAP);
	return task;
}

static cap body_owner;

static void body_main(void *arg)
{
	((void (*)(void))arg)();
	l4_ipc_send(body_owner, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	kt_park();
}

void bench_in(cap task, void (*f)(void))
{
	cap t;

	body_owner = kt_self();
	kt_give(task, body_owner);
	t = kt_thread(task, body_main, (void *)f);
	CHECK_OK(l4_ipc_receive(t, l4_utcb(), L4_IPC_NEVER));
	kt_delete(t);
}

static word op_nothing(void)
{
	word t = ticks();

	return ticks() - t;
}

static word op_loop(void)
{
	word t = ticks(), n = LOOPS;

	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(n));
	return ticks() - t;
}

void calibrate(void)
{
	static const struct bench nothing = { .name = "clock_overhead", .op = op_nothing };
	static const struct bench loop = { .name = "loop_2000000", .op = op_loop, .reps = 8 };

	bench_begin();
	bench_overhead = 0;
	bench_run(&nothing);
	bench_overhead = op_nothing();
	bench_run(&loop);
}

const struct kt_test kt_tests[] = {
	KT_TEST(calibrate), KT_TEST(hardware_interrupt), KT_TEST(ipc_call), KT_TEST(ipc_items),
	KT_TEST(ipc_one_way), KT_TEST(null_invocation),
	KT_TEST(interrupts), KT_TEST(faults), KT_TEST(mappings), KT_TEST(objects), KT_TEST(sizes), KT_TEST(switches), KT_TEST(vcpu),
	{ 0, 0 },
};
