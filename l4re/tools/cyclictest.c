/* SPDX-License-Identifier: MIT */
/*
 * Latencies of a native task, measured as rt-tests' cyclictest does, with its options and its output:
 *
 *	-i US		interval of the periods, 1000
 *	-l N		end after N periods; 0, the default: never
 *	-p PRIO		priority, up to the description's max_priority; default: its priority
 *	-h MAX		at the end a histogram up to MAX; only what was counted is listed
 *	-N		nanoseconds instead of microseconds
 *	-q		nothing but the summary at the end
 *	-b MAX		end at the first latency above MAX, with status 1
 *	-m		accepted: a component's memory is never paged out
 *
 * and one of its own, -k KIND, for what is measured:
 *
 *	timer		from the time waited for to the first instruction that can look at the clock
 *	irq		the same for an interrupt of a device: of the HPET: memory `hpet`, interrupt `hpet-irq`
 *	ipc		a call of the session `pong` and its answer, once in each period
 *
 * A thread of the description's priority, or the next lower one than the measuring thread's, prints a line each second, and
 * if there is a state channel `latency` (docs/real-time.md) makes summary and histogram of this moment, as text, its value ten times a second: Linux
 * reads /dev/l4/latency. It only ever reads what is measured.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/channel/channel.h>
#include <l4/re/c/rm.h>
#include <l4/re/env.h>
#include <l4/sys/irq.h>
#include <l4/sys/kip.h>
#include <l4/util/mark.h>

#define HISTOGRAM_MAX 1000000UL
#define PUBLISH_MS 100
#define PUBLISHED_PER_LINE 10
#define REPORTER_STACK 65536

static struct options {
	unsigned long interval_ns, loops, buckets, limit;
	int priority, quiet;
	/* Nanoseconds of a unit. */
	unsigned long unit;
	const struct kind *kind;
} options = { .interval_ns = 1000000, .unit = 1000 };

static struct statistics {
	unsigned long count, min, act, max, sum, overflows;
	unsigned long histogram[];
} *statistics;

static l4_uint64_t clock_ns(void)
{
	return l4_kip_clock_ns(l4re_kip());
}

static void die(const char *why)
{
	printf("cyclictest: %s\n", why);
	exit(2);
}

/* What is measured: open() once, then in each period latency_ns() with the time at which it is due. */
struct kind {
	const char *name;
	void (*open)(void);
	l4_uint64_t (*latency_ns)(l4_uint64_t due_ns);
};

static void sleep_until(l4_uint64_t when_ns)
{
	l4_ipc_sleep(l4_timeout(0, l4_timeout_abs(when_ns, 0)));
}

static l4_uint64_t timer_latency(l4_uint64_t due_ns)
{
	sleep_until(due_ns);
	return clock_ns() - due_ns;
}

/* --- the HPET (IA-PC HPET 1.0a), whose timer 2 raises an edge at an input of the I/O APIC */

enum { HPET_CAPABILITIES = 0, HPET_CONFIG = 0x10, HPET_COUNTER = 0xf0, HPET_TIMER = 0x140, HPET_COMPARATOR = 0x148 };
#define HPET_ENABLE 1UL
#define TIMER_ENABLE (1UL << 2)
#define TIMER_ROUTE_SHIFT 9
#define FEMTOSECONDS 1000000UL /* of a nanosecond */
/* Its input; the description's interrupt `hpet` must be this one. */
#define HPET_LINE 23UL

static char *hpet;
static l4_cap_idx_t hpet_irq;
static l4_uint64_t hpet_femtoseconds;

static l4_uint64_t hpet_read(unsigned reg)
{
	return *(volatile l4_uint64_t *)(hpet + reg);
}

static void hpet_write(unsigned reg, l4_uint64_t value)
{
	*(volatile l4_uint64_t *)(hpet + reg) = value;
}

static void irq_open(void)
{
	l4_cap_idx_t registers = l4re_env_get_cap("hpet");
	void *at = 0;

	hpet_irq = l4re_env_get_cap("hpet-irq");
	if (l4_is_invalid_cap(registers) || l4_is_invalid_cap(hpet_irq) ||
	    l4re_rm_attach(&at, L4_PAGESIZE, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, registers, 0, 0) < 0 ||
	    l4_error(l4_rcv_ep_bind_thread(hpet_irq, l4re_env()->main_thread, 0)) < 0)
		die("no HPET in the description");
	hpet = at;
	hpet_femtoseconds = hpet_read(HPET_CAPABILITIES) >> 32;
	if (!hpet_femtoseconds || !(hpet_read(HPET_TIMER) >> 32 & 1UL << HPET_LINE))
		die("no such timer in the HPET");
	hpet_write(HPET_CONFIG, HPET_ENABLE);
	hpet_write(HPET_TIMER, HPET_LINE << TIMER_ROUTE_SHIFT | TIMER_ENABLE);
}

/* Both ends are read on the device's clock. */
static l4_uint64_t irq_latency(l4_uint64_t due_ns)
{
	l4_uint64_t now = clock_ns(), due = hpet_read(HPET_COUNTER);

	due += (due_ns > now ? due_ns - now : 0) * FEMTOSECONDS / hpet_femtoseconds;
	hpet_write(HPET_COMPARATOR, due);
	l4_irq_receive(hpet_irq, L4_IPC_NEVER);
	now = hpet_read(HPET_COUNTER);
	/* For who looks at what was executed: the end of what is measured. */
	l4_rdtsc();
	return (now - due) * hpet_femtoseconds / FEMTOSECONDS;
}

/* --- a call */

static l4_cap_idx_t pong;

static void ipc_open(void)
{
	pong = l4re_env_get_cap("pong");
	if (l4_is_invalid_cap(pong))
		die("no session \"pong\"");
}

static l4_uint64_t ipc_latency(l4_uint64_t due_ns)
{
	l4_utcb_t *u = l4_utcb();
	l4_uint64_t begin;

	sleep_until(due_ns);
	u->msg.mr[0] = due_ns;
	begin = clock_ns();
	if (l4_error(l4_ipc_call(pong, u, l4_msgtag(0, 1, 0, 0), L4_IPC_NEVER)) < 0)
		die("the call failed");
	return clock_ns() - begin;
}

static const struct kind kinds[] = {
	{ "timer", 0, timer_latency },
	{ "irq", irq_open, irq_latency },
	{ "ipc", ipc_open, ipc_latency },
};

/* --- periods */

static void add(l4_uint64_t latency_ns)
{
	struct statistics *s = statistics;
	unsigned long n = latency_ns / options.unit;

	s->act = n;
	s->sum += n;
	if (!s->count++ || n < s->min)
		s->min = n;
	if (n > s->max) {
		s->max = n;
		/* tools/bench --worst looks here at what came before. */
		l4util_mark();
	}
	if (n < options.buckets)
		s->histogram[n]++;
	else
		s->overflows++;
}

/* --- what is reported */

/* Text that grows, as far as there is room. */
struct text {
	char *at;
	size_t left;
};

static __attribute__((format(printf, 2, 3))) void append(struct text *t, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(t->at, t->left, format, arguments);
	va_end(arguments);
	if (n < 0)
		return;
	/* A line for which there is no room is left out whole, and all that follow. */
	if ((size_t)n >= t->left) {
		memset(t->at, 0, t->left);
		t->left = 0;
		return;
	}
	t->at += n;
	t->left -= n;
}

static unsigned long average(const struct statistics *s)
{
	return s->count ? s->sum / s->count : 0;
}

static void append_line(struct text *t)
{
	const struct statistics *s = statistics;

	append(t, "T: 0 (%5d) P:%2d I:%lu C:%7lu Min:%7lu Act:%5lu Avg:%5lu Max:%8lu\n", 1, options.priority,
	       options.interval_ns / 1000, s->count, s->min, s->act, average(s), s->max);
}

static void append_summary(struct text *t)
{
	const struct statistics *s = statistics;

	append(t, "# Total: %09lu\n# Min Latencies: %05lu\n# Avg Latencies: %05lu\n# Max Latencies: %05lu\n", s->count, s->min, average(s),
	       s->max);
	append(t, "# Histogram Overflows: %05lu\n", s->overflows);
}

static void append_bucket(struct text *t, unsigned long n)
{
	if (statistics->histogram[n])
		append(t, "%06lu %06lu\n", n, statistics->histogram[n]);
}

static void show_line(void)
{
	char line[160];
	struct text t = { line, sizeof(line) };

	append_line(&t);
	fputs(line, stdout);
}

static void show_histogram(void)
{
	char buffer[256];
	struct text t;
	unsigned long i;

	puts("# Histogram");
	for (i = 0; i < options.buckets; i++) {
		if (!statistics->histogram[i])
			continue;
		t = (struct text){ buffer, sizeof(buffer) };
		append_bucket(&t, i);
		fputs(buffer, stdout);
	}
	t = (struct text){ buffer, sizeof(buffer) };
	append_summary(&t);
	fputs(buffer, stdout);
}

static l4channel_t channel;
static char *value;

/* The summary comes first: of a histogram for which there is no room the upper end is missing. */
static void publish(void)
{
	struct text t = { value, l4channel_size(&channel) };
	unsigned long i;

	memset(value, 0, l4channel_size(&channel));
	append_line(&t);
	append_summary(&t);
	append(&t, "# Histogram\n");
	for (i = 0; i < options.buckets && t.left; i++)
		append_bucket(&t, i);
	l4channel_send(&channel, value);
}

static void *reporter(void *unused)
{
	unsigned n;

	(void)unused;
	for (n = 1;; n++) {
		l4_ipc_sleep_ms(PUBLISH_MS);
		if (value)
			publish();
		if (!options.quiet && !(n % PUBLISHED_PER_LINE))
			show_line();
	}
	return 0;
}

/* Made before this thread gets its own priority: it has the description's. */
static void start_reporter(void)
{
	pthread_attr_t attributes;
	long err;
	int own = l4re_env()->prio, measuring = options.priority ? options.priority : own;
	pthread_t thread;

	err = l4channel_open(&channel, "latency");
	if (err < 0 && err != -L4_ENOENT)
		die(l4sys_errtostr(err));
	if (err >= 0) {
		value = malloc(l4channel_size(&channel));
		if (!value || !channel.writes)
			die("no memory for the channel, or it goes the other way");
	}
	if (!value && options.quiet)
		return;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, REPORTER_STACK);
	if (pthread_create(&thread, &attributes, reporter, 0))
		die("no memory for a thread");
	if (measuring <= own && measuring > 1)
		pthread_setschedprio(thread, measuring - 1);
}

/* --- the run */

/* Absolute times: a period that was missed whole leaves the grid as it is. */
static int run(void)
{
	l4_uint64_t due = clock_ns(), now;

	do {
		for (now = clock_ns(); due <= now; due += options.interval_ns)
			;
		add(options.kind->latency_ns(due));
		if (options.limit && statistics->act > options.limit)
			break;
	} while (!options.loops || statistics->count < options.loops);
	show_line();
	if (options.buckets)
		show_histogram();
	return options.limit && statistics->act > options.limit;
}

static unsigned long number(const char *text, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || *text == '-' || n > most)
		die("not such a number");
	return n;
}

static const struct kind *find_kind(const char *name)
{
	unsigned i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	die("-k timer, irq or ipc");
	return 0;
}

static void parse(int argc, char **argv)
{
	static const struct option names[] = {
		{ "interval", 1, 0, 'i' }, { "loops", 1, 0, 'l' }, { "prio", 1, 0, 'p' }, { "priority", 1, 0, 'p' },
		{ "histogram", 1, 0, 'h' }, { "nsecs", 0, 0, 'N' }, { "quiet", 0, 0, 'q' }, { "breaktrace", 1, 0, 'b' },
		{ "mlockall", 0, 0, 'm' }, { "kind", 1, 0, 'k' }, { 0 }
	};
	int c;

	options.kind = kinds;
	while ((c = getopt_long(argc, argv, "i:l:p:h:Nqb:mk:", names, 0)) >= 0)
		switch (c) {
		case 'i': options.interval_ns = number(optarg, ~0UL >> 32) * 1000; break;
		case 'l': options.loops = number(optarg, ~0UL >> 1); break;
		case 'p': options.priority = number(optarg, 255); break;
		case 'h': options.buckets = number(optarg, HISTOGRAM_MAX); break;
		case 'N': options.unit = 1; break;
		case 'q': options.quiet = 1; break;
		case 'b': options.limit = number(optarg, ~0UL >> 1); break;
		case 'm': break;
		case 'k': options.kind = find_kind(optarg); break;
		default: die("see docs/measuring.md for the options");
		}
	if (!options.interval_ns || optind < argc)
		die("an interval is at least 1 us, and there are only options");
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	statistics = calloc(1, sizeof(*statistics) + options.buckets * sizeof(statistics->histogram[0]));
	if (!statistics)
		die("no memory for the histogram");
	start_reporter();
	if (options.priority && pthread_setschedprio(pthread_self(), options.priority))
		die("this priority is not for it");
	if (options.kind->open)
		options.kind->open();
	return run();
}
