/* SPDX-License-Identifier: MIT */
/* Dataspaces of device memory, which the kernel does not map before somebody asks. */
#include "root.h"

#include <l4/sys/skerry.h>

int device_create(struct quota *q, l4_uint64_t pa, l4_uint64_t bytes, unsigned cache, struct dataspace **out)
{
	l4_uint64_t at, end;
	int err = dataspace_foreign(q, pa, bytes, L4RE_DS_F_R | L4RE_DS_F_W, cache & L4_FPAGE_CACHE_MASK, out);

	if (err)
		return err;
	end = pa + (*out)->bytes;
	for (at = pa; at < end; at += L4_PAGESIZE) {
		err = l4_error(l4_physmem_map_u(L4_BASE_PHYSMEM_CAP, l4_fpage(at, L4_PAGESHIFT, L4_FPAGE_RW),
						(RAM_WINDOW + at) | (cache & L4_FPAGE_CACHE_MASK), l4_utcb()));
		if (err < 0) {
			object_destroy(&(*out)->obj);
			return err;
		}
	}
	return 0;
}
