/* SPDX-License-Identifier: MIT */
/* Filling a new task: ELF segments, environment page, first stack. */
#include "loader.h"
#include "elf.h"
#include "string.h"

#include <l4/sys/task.h>

#define MAP_PAIRS ((L4_UTCB_GENERIC_DATA_SIZE - 2) / 2)
#define ARGS_MAX 32

static unsigned piece_order(l4_addr_t local, l4_addr_t remote, l4_size_t left)
{
	unsigned order = L4_PAGESHIFT;

	while (order < 39 && !((local | remote) & (1UL << order)) && (2UL << order) <= left)
		order++;
	return order;
}

static int map_send(const struct loader *l, unsigned pairs)
{
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = L4_TASK_MAP_OP;
	u->msg.mr[1] = l->self;
	return l4_error(l4_invoke(l->task, L4_PROTO_TASK, 2 + 2 * pairs, u));
}

int loader_map(const struct loader *l, l4_addr_t local, l4_addr_t remote, l4_size_t bytes, unsigned rights)
{
	l4_utcb_t *u = l4_utcb();
	l4_size_t done = 0;
	unsigned pairs = 0, order;
	int err;

	while (done < bytes) {
		order = piece_order(local + done, remote + done, bytes - done);
		u->msg.mr[2 + 2 * pairs] = l4_map_control(remote + done, 0, 0);
		u->msg.mr[3 + 2 * pairs] = l4_fpage(local + done, order, rights).raw;
		done += 1UL << order;
		if (++pairs < MAP_PAIRS && done < bytes)
			continue;
		err = map_send(l, pairs);
		if (err < 0)
			return err;
		pairs = 0;
	}
	return 0;
}

static int segment_ok(const struct elf_phdr *p)
{
	return p->vaddr >= L4_PAGESIZE && p->vaddr < L4RE_RM_START && p->memsz <= L4RE_RM_START - p->vaddr &&
	       (p->flags & (ELF_PF_W | ELF_PF_X)) != (ELF_PF_W | ELF_PF_X);
}

static int load_segment(struct loader *l, const struct elf_phdr *p)
{
	l4_addr_t first = l4_trunc_page(p->vaddr), end = l4_round_page(p->vaddr + p->memsz);
	unsigned rights = L4_FPAGE_R;
	char *mem;

	if (!segment_ok(p))
		return -L4_EINVAL;
	if (first == end)
		return 0;
	mem = l->alloc(l, end - first);
	if (!mem)
		return -L4_ENOMEM;
	memcpy(mem + (p->vaddr - first), (const char *)l->image + p->offset, p->filesz);
	if (p->flags & ELF_PF_W)
		rights |= L4_FPAGE_W;
	if (p->flags & ELF_PF_X)
		rights |= L4_FPAGE_X;
	return loader_map(l, (l4_addr_t)mem, first, end - first, rights);
}

int loader_elf(struct loader *l)
{
	unsigned i;
	int err = elf_check(l->image, l->image_bytes);

	for (i = 0; !err && i < elf_phdr_count(l->image); i++)
		if (elf_phdr(l->image, i)->type == ELF_PT_LOAD)
			err = load_segment(l, elf_phdr(l->image, i));
	return err;
}

/* The stack is built downwards in local memory; `shift` turns local into remote addresses. */
struct stack {
	char *bottom, *at;
	l4_addr_t shift;
};

static l4_addr_t push_bytes(struct stack *s, const void *data, l4_size_t bytes)
{
	if ((l4_size_t)(s->at - s->bottom) < bytes)
		return 0;
	s->at -= bytes;
	memcpy(s->at, data, bytes);
	return (l4_addr_t)s->at + s->shift;
}

static l4_addr_t push_word(struct stack *s, const char *text, l4_size_t len)
{
	static const char nul;

	return push_bytes(s, &nul, 1) && push_bytes(s, text, len) ? (l4_addr_t)s->at + s->shift : 0;
}

/* Split args at spaces onto the stack; returns the number of words, negative if they do not fit. */
static int push_args(struct stack *s, const char *name, const char *args, l4_addr_t *argv)
{
	int n = 0;

	argv[n++] = push_word(s, name, strlen(name));
	while (*args) {
		l4_size_t len = 0;

		while (args[len] && args[len] != ' ')
			len++;
		if (len) {
			if (n == ARGS_MAX || !argv[n - 1])
				return -L4_E2BIG;
			argv[n++] = push_word(s, args, len);
		}
		args += len + (args[len] == ' ');
	}
	return argv[n - 1] ? n : -L4_E2BIG;
}

/* Address of the program headers in the task, 0 if no segment holds them. */
static l4_addr_t phdr_address(const void *image)
{
	const struct elf_header *h = image;
	unsigned i;

	for (i = 0; i < h->phnum; i++) {
		const struct elf_phdr *p = elf_phdr(image, i);

		if (p->type == ELF_PT_LOAD && h->phoff >= p->offset && h->phoff - p->offset < p->filesz)
			return p->vaddr + (h->phoff - p->offset);
	}
	return 0;
}

enum { AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_ENTRY = 9, AT_RANDOM = 25 };

static int push_start_block(struct loader *l, struct stack *s, const l4_addr_t *argv, int argc)
{
	const struct elf_header *h = l->image;
	l4_uint64_t seed[2] = { __builtin_ia32_rdtsc() * 0x9e3779b97f4a7c15UL, __builtin_ia32_rdtsc() };
	l4_addr_t random = push_bytes(s, seed, sizeof(seed));
	l4_umword_t block[ARGS_MAX + 32];
	int n = 0, i;

	block[n++] = argc;
	for (i = 0; i < argc; i++)
		block[n++] = argv[i];
	block[n++] = 0; /* end of argv */
	block[n++] = 0; /* no environment */
	block[n++] = AT_PHDR, block[n++] = phdr_address(l->image);
	block[n++] = AT_PHENT, block[n++] = sizeof(struct elf_phdr);
	block[n++] = AT_PHNUM, block[n++] = h->phnum;
	block[n++] = AT_PAGESZ, block[n++] = L4_PAGESIZE;
	block[n++] = AT_ENTRY, block[n++] = h->entry;
	block[n++] = AT_RANDOM, block[n++] = random;
	block[n++] = L4RE_AT_ENV, block[n++] = L4RE_ENV_ADDR;
	block[n++] = AT_NULL, block[n++] = 0;
	s->at = (char *)((l4_addr_t)s->at & ~15UL);
	if (n & 1) /* the stack pointer is 16-byte aligned at entry */
		s->at -= 8;
	return push_bytes(s, block, n * sizeof(block[0])) ? 0 : -L4_E2BIG;
}

static int start_stack(struct loader *l, struct loader_start *s)
{
	l4_size_t bytes = l4_round_page(s->stack_bytes ? s->stack_bytes : 0x10000);
	char *mem = l->alloc(l, bytes);
	l4_addr_t argv[ARGS_MAX];
	struct stack stack = { mem, mem + bytes, L4RE_STACK_TOP - bytes - (l4_addr_t)mem };
	int argc, err;

	if (!mem)
		return -L4_ENOMEM;
	argc = push_args(&stack, s->env->name, s->args, argv);
	if (argc < 0)
		return argc;
	err = push_start_block(l, &stack, argv, argc);
	if (err)
		return err;
	s->sp = (l4_addr_t)stack.at + stack.shift;
	return loader_map(l, (l4_addr_t)mem, L4RE_STACK_TOP - bytes, bytes, L4_FPAGE_RW);
}

static int start_env(struct loader *l, struct loader_start *s)
{
	char *mem;
	l4re_env_t *env;

	if (s->cap_count >= (L4RE_ENV_SIZE - sizeof(*env)) / sizeof(s->caps[0]))
		return -L4_E2BIG;
	mem = l->alloc(l, L4RE_ENV_SIZE);
	if (!mem)
		return -L4_ENOMEM;
	env = (l4re_env_t *)mem;
	*env = *s->env;
	env->caps = (l4re_env_cap_entry_t *)(L4RE_ENV_ADDR + sizeof(*env));
	env->kip = (const l4_kernel_info_t *)L4RE_KIP_ADDR;
	memcpy(mem + sizeof(*env), s->caps, s->cap_count * sizeof(s->caps[0]));
	return loader_map(l, (l4_addr_t)mem, L4RE_ENV_ADDR, L4RE_ENV_SIZE, L4_FPAGE_R);
}

int loader_start(struct loader *l, struct loader_start *s)
{
	int err = start_env(l, s);

	if (!err)
		err = start_stack(l, s);
	if (!err)
		err = loader_map(l, (l4_addr_t)s->env->kip, L4RE_KIP_ADDR, L4_PAGESIZE, L4_FPAGE_R);
	s->ip = elf_entry(l->image);
	return err;
}
