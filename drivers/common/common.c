/* SPDX-License-Identifier: MIT */
/* Giving up, arguments, and memory that a device reaches. */
#include "common.h"
#include "../../l4re/lib/fmt.h"
#include "../../l4re/lib/lib.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>

#define TIMEOUT_MAX_S 3600

void give_up(const char *format, ...)
{
	char text[120];
	va_list args;

	va_start(args, format);
	fmt_vtext(text, sizeof(text), format, args);
	va_end(args);
	fmt_log("%s\n", text);
	l4re_exit(1);
}

const char *argument(int argc, char **argv, const char *name)
{
	l4_size_t n = strlen(name);
	int i;

	for (i = 1; i < argc; i++)
		if (!strncmp(argv[i], name, n) && argv[i][n] == '=')
			return argv[i] + n + 1;
	return 0;
}

l4_uint64_t argument_timeout_ns(int argc, char **argv, unsigned otherwise)
{
	const char *text = argument(argc, argv, "timeout");
	l4_uint64_t s = 0;

	if (!text)
		return otherwise * 1000000000UL;
	for (; *text >= '0' && *text <= '9' && s <= TIMEOUT_MAX_S; text++)
		s = s * 10 + (*text - '0');
	if (*text || !s || s > TIMEOUT_MAX_S)
		give_up("timeout=SECONDS: from 1 to %u", TIMEOUT_MAX_S);
	return s * 1000000000UL;
}

void *dma_attach(l4re_dma_space_t space, l4re_ds_t ds, l4_size_t bytes, l4_uint64_t *dma)
{
	void *at = 0;

	if (l4re_rm_attach(&at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_SUPERPAGESHIFT) < 0)
		return 0;
	return l4re_dma_space_map_all(space, ds, bytes, dma) < 0 ? 0 : at;
}

void *dma_memory(l4re_dma_space_t space, l4_size_t bytes, l4_uint64_t *dma)
{
	l4_cap_idx_t ds = l4re_util_cap_alloc();

	bytes = l4_round_page(bytes);
	if (l4_is_invalid_cap(ds) || l4re_ma_alloc(bytes, ds, L4RE_MA_CONTINUOUS) < 0)
		return 0;
	return dma_attach(space, ds, bytes, dma);
}
