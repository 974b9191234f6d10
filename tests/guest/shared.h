/* SPDX-License-Identifier: MIT */
/* Memory that a description shares, as a number that test programs tell each other. */
#ifndef GUEST_SHARED_H
#define GUEST_SHARED_H

#include <l4/re/c/rm.h>
#include <l4/re/env.h>

/* What the killer (killer.c) makes of "stop" when it has ended. */
#define SHARED_ENDED 3

/** The first word of it; null if there is no shared memory of that name. */
static inline volatile unsigned *shared_word(const char *name)
{
	l4_cap_idx_t ds = l4re_env_get_cap(name);
	void *at = 0;

	if (l4_is_invalid_cap(ds) || l4re_rm_attach(&at, L4_PAGESIZE, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, 0) < 0)
		return 0;
	return at;
}

#endif
