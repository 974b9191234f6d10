/* SPDX-License-Identifier: GPL-2.0-only */
/* Included before every kernel file: all symbols are the kernel's own, so none needs a GOT entry. */
#pragma GCC visibility push(hidden)
