/* SPDX-License-Identifier: MIT */
/* Filling a new task: ELF segments, environment page, first stack. Used by root and init. */
#ifndef LIB_LOADER_H
#define LIB_LOADER_H

#include <l4/re/env.h>

struct loader {
	l4_cap_idx_t task;  /* to fill; selector in the caller's space */
	l4_cap_idx_t self;  /* the caller's own task */
	const void *image;
	l4_size_t image_bytes;
	/**
	 * Zeroed, page-aligned memory of the new task, writable here; it stays here as long as the
	 * task lives. Null: out of quota.
	 */
	void *(*alloc)(struct loader *l, l4_size_t bytes);
	void *context;
};

/**
 * Map [local, local + bytes) to [remote, ...) of the task, rights L4_FPAGE_*, with the
 * largest flexpages that the two alignments allow. 0 or a negative error.
 */
int loader_map(const struct loader *l, l4_addr_t local, l4_addr_t remote, l4_size_t bytes, unsigned rights);

/** Load the segments of the ELF image. -L4_EINVAL: not an acceptable executable; -L4_ENOMEM. */
int loader_elf(struct loader *l);

struct loader_start {
	const l4re_env_t *env;              /* caps is ignored */
	const l4re_env_cap_entry_t *caps;
	unsigned cap_count;
	const char *args;                   /* words for argv[1..] */
	l4_size_t stack_bytes;
	l4_addr_t ip, sp;                   /* out */
};

/** Build environment page and stack of an ELF program. -L4_ENOMEM, -L4_E2BIG. */
int loader_start(struct loader *l, struct loader_start *s);

#endif
