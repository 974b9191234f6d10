/* SPDX-License-Identifier: MIT */
/*
 * Trace ring: what the kernel records, one 32-byte record per event, mapped
 * read-only to who has the trace capability (L4_TRACE_MAP_OP).
 *
 * The ring is a page with the header, followed by `records` records. Record number n (from 0) is
 * in place n % records. Read `head`, copy records below it, read `head` again: those
 * numbered below the second head + 1 - records may have been overwritten meanwhile.
 */
#ifndef L4_SYS_TRACE_H
#define L4_SYS_TRACE_H

#include <l4/sys/types.h>

#define L4_TRACE_MAGIC 0x6563617254796b53UL
#define L4_TRACE_HEADER_BYTES 4096

/*
 * Events: name, and what a and b are. An event's number is its bit in the mask.
 * The short paths of vCPU system call entry and resume (entry.S) record nothing.
 */
#define L4_TRACE_EVENTS(X)                                              \
	X(BOOT, "step", "-")                                            \
	X(SWITCH, "from thread id", "to thread id")                     \
	X(IPC, "partner id", "tag")                                     \
	X(PAGE_FAULT, "address", "ip")                                  \
	X(EXCEPTION, "vector", "ip")                                    \
	X(IRQ, "vector", "interrupted ip")                              \
	X(IRQ_DELIVER, "IRQ id", "thread id")                           \
	X(TIMER, "due (tsc)", "-")                                      \
	X(VCPU_ENTER, "trapno", "ip")                                   \
	X(VCPU_RESUME, "ip", "map count")                               \
	X(MAP, "address", "order")                                      \
	X(UNMAP, "address or flexpage", "last address or order")                             \
	X(OBJECT_CREATE, "id", "type")                                  \
	X(OBJECT_DESTROY, "id", "type")                                 \
	X(PREEMPTED, "ip", "-")                                         \
	X(USER, "a", "b")                                               \
	X(VIEW, "task id, 0: none", "vCPU thread id")

enum l4_trace_event {
#define X(name, a, b) L4_TRACE_##name,
	L4_TRACE_EVENTS(X)
#undef X
	L4_TRACE_EVENT_COUNT
};

typedef struct l4_trace_record_t {
	l4_uint64_t tsc;
	l4_uint32_t event;
	l4_uint16_t cpu;
	l4_uint16_t reserved;
	l4_uint64_t a, b;
} l4_trace_record_t;
_Static_assert(sizeof(l4_trace_record_t) == 32, "trace record");

typedef struct l4_trace_header_t {
	l4_uint64_t magic;
	l4_uint64_t records; /**< places in the ring, a power of two */
	l4_uint64_t head;    /**< number of the next record */
	l4_uint64_t mask;    /**< bit n set: event n is recorded */
} l4_trace_header_t;

#endif
