/* SPDX-License-Identifier: MIT */
/* Dataspaces of device memory, which the kernel does not map before somebody asks. */
#include "root.h"

#include <l4/sys/skerry.h>

static int is_device(l4_uint64_t pa, l4_uint64_t bytes)
{
	const l4_kernel_info_t *kip = (const l4_kernel_info_t *)L4_ROOT_KIP_ADDR;
	unsigned i;

	for (i = 0; i < kip->mem_count; i++) {
		const l4_kip_mem_t *m = &kip->mem[i];

		if (m->start < pa + bytes && pa < m->end && m->type != L4_MEM_RESERVED && m->type != L4_MEM_ACPI)
			return 0;
	}
	return 1;
}

int device_create(struct quota *q, l4_uint64_t pa, l4_uint64_t bytes, unsigned cache, struct dataspace **out)
{
	l4_uint64_t at, end;
	int err = dataspace_foreign(q, pa, bytes, L4RE_DS_F_R | L4RE_DS_F_W, cache & L4_FPAGE_CACHE_MASK, out);

	if (err)
		return err;
	end = pa + (*out)->bytes;
	(*out)->device = 1;
	err = is_device(pa, end - pa) ? 0 : -L4_EPERM;
	for (at = pa; at < end && err >= 0; at += L4_PAGESIZE)
		err = l4_error(l4_physmem_map_u(L4_BASE_PHYSMEM_CAP, l4_fpage(at, L4_PAGESHIFT, L4_FPAGE_RW),
						(RAM_WINDOW + at) | (cache & L4_FPAGE_CACHE_MASK), l4_utcb()));
	if (err >= 0)
		return 0;
	/* The last page is not its own. */
	(*out)->bytes = at > pa ? at - pa - L4_PAGESIZE : 0;
	object_destroy(&(*out)->obj);
	return err;
}
