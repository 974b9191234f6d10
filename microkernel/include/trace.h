/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace points. One that is off costs a load, a test and a branch not taken. */
#ifndef TRACE_H
#define TRACE_H

#include "types.h"
#include <l4/sys/trace.h>

#define TRACE_RECORDS 4096

struct trace_ring {
	l4_trace_header_t header __attribute__((aligned(4096)));
	l4_trace_record_t record[TRACE_RECORDS] __attribute__((aligned(4096)));
};

extern struct trace_ring trace_ring;

void trace_init(void);
void trace_record(enum l4_trace_event event, u64 a, u64 b);
/** Print the last n records to the log. */
void trace_dump(unsigned int n);

static inline void trace(enum l4_trace_event event, u64 a, u64 b)
{
	if (unlikely(trace_ring.header.mask & BIT(event)))
		trace_record(event, a, b);
}

#endif
