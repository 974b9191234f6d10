/* SPDX-License-Identifier: MIT */
/* Reading 64-bit x86 ELF executables in memory. */
#include "elf.h"
#include "string.h"

#include <l4/sys/err.h>

#define EM_X86_64 62
#define PHDRS_MAX 64

static const struct elf_header *header(const void *image)
{
	return image;
}

static int inside(l4_uint64_t offset, l4_uint64_t bytes, l4_uint64_t limit)
{
	return offset <= limit && bytes <= limit - offset;
}

static int header_ok(const struct elf_header *h, l4_size_t bytes)
{
	static const unsigned char magic[6] = { 0x7f, 'E', 'L', 'F', 2, 1 };

	return bytes >= sizeof(*h) && !memcmp(h->ident, magic, sizeof(magic)) && h->machine == EM_X86_64 &&
	       h->phentsize == sizeof(struct elf_phdr) && h->phnum <= PHDRS_MAX && !(h->phoff & 7) &&
	       inside(h->phoff, h->phnum * sizeof(struct elf_phdr), bytes);
}

static int phdr_ok(const struct elf_phdr *p, l4_size_t bytes)
{
	if (p->type != ELF_PT_LOAD && p->type != ELF_PT_NOTE)
		return 1;
	return inside(p->offset, p->filesz, bytes) && p->filesz <= p->memsz && p->memsz <= 1UL << 46;
}

int elf_check(const void *image, l4_size_t bytes)
{
	unsigned i;

	if (((l4_addr_t)image & 7) || !header_ok(image, bytes))
		return -L4_EINVAL;
	for (i = 0; i < header(image)->phnum; i++)
		if (!phdr_ok(elf_phdr(image, i), bytes))
			return -L4_EINVAL;
	return 0;
}

l4_uint64_t elf_entry(const void *image)
{
	return header(image)->entry;
}

unsigned elf_phdr_count(const void *image)
{
	return header(image)->phnum;
}

const struct elf_phdr *elf_phdr(const void *image, unsigned i)
{
	return (const struct elf_phdr *)((const char *)image + header(image)->phoff) + i;
}

static l4_uint64_t round4(l4_uint64_t n)
{
	return (n + 3) & ~3UL;
}

static const void *note_in(const char *at, l4_uint64_t left, const char *name, l4_uint32_t type, l4_uint32_t *bytes)
{
	l4_uint32_t head[3]; /* name size, contents size, type */
	l4_uint64_t whole;

	for (; left >= sizeof(head); at += whole, left -= whole) {
		memcpy(head, at, sizeof(head));
		whole = sizeof(head) + round4(head[0]) + round4(head[1]);
		if (whole > left)
			return 0;
		if (head[2] != type || head[0] != strlen(name) + 1 || memcmp(at + sizeof(head), name, head[0]))
			continue;
		*bytes = head[1];
		return at + sizeof(head) + round4(head[0]);
	}
	return 0;
}

const void *elf_note(const void *image, const char *name, l4_uint32_t type, l4_uint32_t *bytes)
{
	unsigned i;

	for (i = 0; i < elf_phdr_count(image); i++) {
		const struct elf_phdr *p = elf_phdr(image, i);
		const void *found;

		if (p->type != ELF_PT_NOTE)
			continue;
		found = note_in((const char *)image + p->offset, p->filesz, name, type, bytes);
		if (found)
			return found;
	}
	return 0;
}
