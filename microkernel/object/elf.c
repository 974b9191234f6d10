// SPDX-License-Identifier: GPL-2.0-only
/* Checking an ELF image. */
#include "elf.h"

static const char *phdr_check(const struct elf_phdr *ph, u64 bytes)
{
	if (ph->type != ELF_PT_LOAD)
		return NULL;
	if (ph->offset > bytes || ph->filesz > bytes - ph->offset || ph->filesz > ph->memsz)
		return "a segment is not in the file";
	if (ph->vaddr < PAGE_SIZE || ph->vaddr > L4_USER_LOW_END / 2 || ph->memsz > 1UL << 32)
		return "a segment is outside the low address range";
	return NULL;
}

const char *elf_check(const struct elf_header *eh, u64 bytes)
{
	static const u8 ident[] = { 0x7f, 'E', 'L', 'F', 2, 1 };

	if (bytes < sizeof(*eh) || __builtin_memcmp(eh->ident, ident, sizeof(ident)))
		return "not a 64-bit ELF file";
	if (eh->type != 2 || eh->machine != 62 || eh->phentsize != sizeof(struct elf_phdr))
		return "not an x86-64 executable";
	if (eh->phoff > bytes || eh->phnum * sizeof(struct elf_phdr) > bytes - eh->phoff || eh->phoff % 8)
		return "program headers are not in the file";
	if (eh->entry >= L4_USER_LOW_END)
		return "the entry point is outside the low address range";
	for (unsigned int i = 0; i < eh->phnum; i++) {
		const char *why = phdr_check(elf_phdr(eh, i), bytes);

		if (why)
			return why;
	}
	return NULL;
}
