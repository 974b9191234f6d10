/* SPDX-License-Identifier: MIT */
/* Reading 64-bit x86 ELF executables in memory; the image may be hostile. */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include <l4/sys/types.h>

struct elf_header {
	unsigned char ident[16];
	l4_uint16_t type, machine;
	l4_uint32_t version;
	l4_uint64_t entry, phoff, shoff;
	l4_uint32_t flags;
	l4_uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	l4_uint32_t type, flags;
	l4_uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

#define ELF_PT_LOAD 1
#define ELF_PT_NOTE 4
#define ELF_PF_X 1
#define ELF_PF_W 2
#define ELF_PF_R 4

/** 0 if header, program headers and the file ranges of all segments lie inside the image, else -L4_EINVAL. */
int elf_check(const void *image, l4_size_t bytes);
l4_uint64_t elf_entry(const void *image);
unsigned elf_phdr_count(const void *image);
/** Program header i of a checked image. */
const struct elf_phdr *elf_phdr(const void *image, unsigned i);
/** Contents (and their size) of the first note with this name and type; null if there is none. */
const void *elf_note(const void *image, const char *name, l4_uint32_t type, l4_uint32_t *bytes);

#endif
