/* SPDX-License-Identifier: MIT */
/*
 * Six functions (QEMU's edu): all but the last have mapped for them whatever the PCI manager gives, in pieces that take many pages of
 * tables; the last one has its share of them nevertheless.
 */
#include <stdio.h>

#include <l4/re/c/dma_space.h>
#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/pci.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/err.h>

#define FUNCTIONS 6
#define PIECE (3UL << 20)
#define NEEDED 6 /* pieces: eighteen megabytes in small pages */

static int map(l4_cap_idx_t space, l4re_ds_t ds)
{
	l4_size_t bytes = PIECE;
	l4_uint64_t address;

	/* From the second page on: no large page fits. */
	return l4re_dma_space_map(space, ds, L4_PAGESIZE, &bytes, 0, L4RE_DMA_SPACE_TO_DEVICE, &address);
}

static unsigned map_all(l4_cap_idx_t space, l4re_ds_t ds, unsigned limit)
{
	unsigned n;

	for (n = 0; n < limit; n++)
		if (map(space, ds) != 0)
			return n;
	return n;
}

static l4_cap_idx_t open_space(l4_cap_idx_t pci, unsigned fn)
{
	l4_cap_idx_t space = l4re_util_cap_alloc();

	return l4re_pci_open(pci, fn) == 0 && l4re_pci_dma_space(pci, fn, space) == 0 ? space : L4_INVALID_CAP;
}

int main(void)
{
	l4_cap_idx_t pci = l4re_env_get_cap("pci"), spaces[FUNCTIONS];
	l4re_ds_t ds = l4re_util_cap_alloc();
	unsigned fn, n;

	if (l4re_ma_alloc(PIECE + L4_PAGESIZE, ds, L4RE_MA_CONTINUOUS) < 0)
		return puts("not ok greedy: memory");
	for (fn = 0; fn < FUNCTIONS; fn++) {
		spaces[fn] = open_space(pci, fn);
		if (l4_is_invalid_cap(spaces[fn]))
			return puts("not ok greedy: open");
	}
	for (fn = 0; fn + 1 < FUNCTIONS; fn++) {
		n = map_all(spaces[fn], ds, 1000);
		printf("%s greedy: function %u has %u pieces\n", n >= NEEDED && n < 1000 && map(spaces[fn], ds) == -L4_ENOMEM ? "ok" : "not ok", fn, n);
	}
	n = map_all(spaces[fn], ds, NEEDED);
	printf("%s greedy: the last one has %u pieces\n", n == NEEDED ? "ok" : "not ok", n);
	return n != NEEDED;
}
