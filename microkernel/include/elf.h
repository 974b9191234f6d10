/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of ELF64 (System V ABI, chapters 4 and 5) that loading the root server needs. */
#ifndef ELF_H
#define ELF_H

#include "types.h"

#define ELF_PT_LOAD 1

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

static inline const struct elf_phdr *elf_phdr(const struct elf_header *eh, unsigned int i)
{
	return (const struct elf_phdr *)((const char *)eh + eh->phoff) + i;
}

/** NULL, or what is wrong with the image of `bytes` bytes. All segments lie in the file and in the low user half. */
const char *elf_check(const struct elf_header *eh, u64 bytes);

#endif
