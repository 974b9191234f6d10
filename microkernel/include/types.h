/* SPDX-License-Identifier: GPL-2.0-only */
/* Integer types and small helpers used everywhere in the kernel. */
#ifndef TYPES_H
#define TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <l4/sys/err.h>
#include <l4/sys/types.h>
#include <l4/sys/consts.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define must_check __attribute__((warn_unused_result))
#define BIT(n) (1UL << (n))
#define ALIGN_DOWN(x, a) ((x) & ~((u64)(a) - 1))
#define ALIGN_UP(x, a) (((x) + (u64)(a) - 1) & ~((u64)(a) - 1))

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL

/**
 * Internal error: the operation met a preemption point and gave up the CPU;
 * all progress is kept. The system call is executed again. Never seen by users.
 */
#define E_PREEMPTED 4000

#endif
