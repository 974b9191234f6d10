/* SPDX-License-Identifier: MIT */
/* Compiler attributes that the API headers use. */
#ifndef L4_SYS_COMPILER_H
#define L4_SYS_COMPILER_H

#define L4_INLINE static inline __attribute__((unused))
#define L4_CV
#define L4_NOTHROW
#define L4_NORETURN __attribute__((noreturn))
#define L4_CONST __attribute__((const))
#define L4_PURE __attribute__((pure))
#define L4_EXPORT
#define L4_HIDDEN __attribute__((visibility("hidden")))
#ifdef __cplusplus
#define EXTERN_C_BEGIN extern "C" {
#define EXTERN_C_END }
#else
#define EXTERN_C_BEGIN
#define EXTERN_C_END
#endif
#define L4_LIKELY(x) __builtin_expect(!!(x), 1)
#define L4_UNLIKELY(x) __builtin_expect(!!(x), 0)

#endif
