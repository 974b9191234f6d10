/* SPDX-License-Identifier: MIT */
/* Name spaces: capabilities by name. */
#ifndef L4_RE_C_NAMESPACE_H
#define L4_RE_C_NAMESPACE_H

#include <l4/sys/types.h>

typedef l4_cap_idx_t l4re_namespace_t;

enum l4re_ns_register_flags { L4RE_NS_REGISTER_RO = 0, L4RE_NS_REGISTER_RW = 1, L4RE_NS_REGISTER_STRONG = 2 };

/** Get the capability registered as name into the empty slot cap. timeout is not used: it is there or not (-L4_ENOENT). */
long l4re_ns_query_to_srv(l4re_namespace_t srv, const char *name, l4_cap_idx_t cap, int timeout);
long l4re_ns_query_srv(l4re_namespace_t srv, const char *name, l4_cap_idx_t cap);
/** Register obj; rights as flags say. -L4_EEXIST, -L4_EPERM (needs right W), -L4_ENOMEM full, -L4_EINVAL name. */
long l4re_ns_register_obj_srv(l4re_namespace_t srv, const char *name, l4_cap_idx_t obj, unsigned flags);
/**
 * Skerry: leave obj to the name space, instead of what had the name before, and have it back from there in the same slot: what was
 * got from others then outlives this task. Errors as above; -L4_EIO, -L4_ENOENT: it is in the name space, but not back.
 */
long l4re_ns_keep_srv(l4re_namespace_t srv, const char *name, l4_cap_idx_t obj);
/**
 * Skerry: what a task before this one kept, in a slot of its own. L4_INVALID_CAP: there is none, its object is gone, or there is no
 * free slot.
 */
l4_cap_idx_t l4re_ns_recall_srv(l4re_namespace_t srv, const char *name);
/** Remove a name. */
long l4re_ns_unlink_srv(l4re_namespace_t srv, const char *name);
/** Skerry: new empty name space, paid by the program's allocator. */
long l4re_ns_create(l4re_namespace_t ns);

#endif
