// SPDX-License-Identifier: GPL-2.0-only
/* The trace ring: see l4/sys/trace.h for its layout and how it is read. */
#include "arch.h"
#include "cpu.h"
#include "trace.h"

struct trace_ring trace_ring;

void trace_init(void)
{
	trace_ring.header.magic = L4_TRACE_MAGIC;
	trace_ring.header.records = TRACE_RECORDS;
}

/* Where a debugger stops to take the older half of a ring that goes on. */
static __attribute__((noipa)) void trace_half(void)
{
}

void trace_record(enum l4_trace_event event, u64 a, u64 b)
{
	u64 n = __atomic_fetch_add(&trace_ring.header.head, 1, __ATOMIC_RELAXED);

	trace_ring.record[n % TRACE_RECORDS] = (l4_trace_record_t){
		.tsc = arch_tsc(),
		.event = event,
		.cpu = this_cpu()->id,
		.a = a,
		.b = b,
	};
	if (!((n + 1) % (TRACE_RECORDS / 2)))
		trace_half();
}

void trace_dump(unsigned int n)
{
	static const char *const names[] = {
#define X(name, a, b) #name,
		L4_TRACE_EVENTS(X)
#undef X
	};
	u64 head = trace_ring.header.head, i = head > n ? head - n : 0;
	const l4_trace_record_t *r;

	for (; i < head; i++) {
		r = &trace_ring.record[i % TRACE_RECORDS];
		log_printf("  %lu ns cpu %u %s %lx %lx\n", tsc_to_ns(r->tsc - kip.tsc_base), r->cpu,
			   r->event < ARRAY_SIZE(names) ? names[r->event] : "?", r->a, r->b);
	}
}
