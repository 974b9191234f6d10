/* SPDX-License-Identifier: MIT */
/* Other name of cap_alloc.h. */
#include <l4/re/c/util/cap_alloc.h>
