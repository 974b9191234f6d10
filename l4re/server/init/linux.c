/* SPDX-License-Identifier: MIT */
/*
 * Loading Linux: the kernel image and the initramfs into its RAM, the RAM at
 * the addresses Linux expects, and the boot page that tells it about them.
 */
#include "init.h"
#include "../../lib/elf.h"
#include "../../lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/protocols.h>
#include <l4/sys/linux_boot.h>

_Static_assert(SKERRY_LINUX_PROTO_CONTROL == L4RE_PROTO_CONTROL, "one protocol");

/* Where boot loaders put it at the highest: Linux's boot protocol has 32 bits for the address. */
#define INITRD_TOP (1UL << 31)

struct linux_ram {
	struct component *c;
	struct loader loader;
	char *base; /* guest-physical 0, as seen here */
	l4_uint64_t bytes;
	l4_uint64_t image_start, image_end;
	l4_uint64_t initrd_start, initrd_end;
};

static l4_cap_idx_t named_cap(const struct component *c, const char *name)
{
	unsigned i;

	for (i = 0; i < c->cap_count; i++)
		if (!(c->caps[i].flags & L4RE_ENV_SERVER) && !strcmp(c->caps[i].name, name))
			return c->caps[i].cap;
	return L4_INVALID_CAP;
}

static int load_segment(struct linux_ram *r, const struct elf_phdr *p)
{
	if (p->paddr > r->bytes || p->memsz > r->bytes - p->paddr)
		return -L4_ENOMEM;
	memcpy(r->base + p->paddr, (const char *)r->loader.image + p->offset, p->filesz);
	memset(r->base + p->paddr + p->filesz, 0, p->memsz - p->filesz);
	if (p->paddr < r->image_start)
		r->image_start = p->paddr;
	if (p->paddr + p->memsz > r->image_end)
		r->image_end = p->paddr + p->memsz;
	return 0;
}

static int load_image(struct linux_ram *r)
{
	const void *image = r->loader.image;
	unsigned i;
	int err = elf_check(image, r->loader.image_bytes);

	r->image_start = r->bytes;
	for (i = 0; !err && i < elf_phdr_count(image); i++)
		if (elf_phdr(image, i)->type == ELF_PT_LOAD)
			err = load_segment(r, elf_phdr(image, i));
	return err ? err : r->image_end ? 0 : -L4_EINVAL;
}

/* Archives of the initramfs follow each other at 4-byte boundaries. */
static int load_initrd(struct linux_ram *r)
{
	l4_size_t first, second;
	const void *a = image_file(r->c->desc->initrd, &first);
	const void *b = image_file(r->c->desc->initrd_extra, &second);
	l4_uint64_t gap = (first + 3) & ~3UL, whole = gap + second;
	l4_uint64_t top = r->bytes < INITRD_TOP ? r->bytes : INITRD_TOP;

	if (!whole)
		return 0;
	if (whole > top || l4_round_page(r->image_end) > top - l4_round_page(whole))
		return -L4_ENOMEM;
	r->initrd_start = top - l4_round_page(whole);
	r->initrd_end = r->initrd_start + whole;
	memset(r->base + r->initrd_start, 0, l4_round_page(whole));
	memcpy(r->base + r->initrd_start, a, first);
	memcpy(r->base + r->initrd_start + gap, b, second);
	return 0;
}

static int map_ram(struct linux_ram *r)
{
	l4_uint64_t image = l4_round_size(r->image_end, L4_SUPERPAGESHIFT);
	/* From here Linux maps code to its processes: it may pass on executable pages, not execute them. */
	int err = loader_map(&r->loader, (l4_addr_t)r->base, SKERRY_LINUX_DIRECT_MAP, r->bytes,
			     L4_FPAGE_RW | L4_FPAGE_PASS_X);

	if (image > r->bytes)
		image = r->bytes;
	if (!err)
		err = loader_map(&r->loader, (l4_addr_t)r->base, SKERRY_LINUX_IMAGE_MAP, image, L4_FPAGE_RWX);
	return err;
}

/* Number of this Linux among the system's. */
static unsigned instance(const struct component *c)
{
	unsigned n = 0;

	while (c-- > components)
		n += c->desc->type == SYSIMG_LINUX;
	return n;
}

static int map_boot_page(struct linux_ram *r)
{
	struct component *c = r->c;
	struct skerry_linux_boot *boot = component_alloc_aligned(c, L4_PAGESIZE, 0, L4_PAGESHIFT);
	l4_size_t args = strlen(c->args), name = strlen(c->name);
	int err;

	if (!boot)
		return -L4_ENOMEM;
	if (args >= sizeof(boot->cmdline))
		return -L4_E2BIG;
	*boot = (struct skerry_linux_boot){
		.magic = SKERRY_LINUX_BOOT_MAGIC, .version = 1, .ram_size = r->bytes, .memory_top = r->bytes, .image_start = r->image_start,
		.image_end = r->image_end, .initrd_start = r->initrd_start, .initrd_end = r->initrd_end,
		.instance = instance(c), .console = named_cap(c, "console"), .trace = named_cap(c, "trace"),
		.control = named_cap(c, "control"), .rtc = named_cap(c, "rtc"),
		.parent = (l4_cap_idx_t)SLOT_PARENT << L4_CAP_SHIFT, .first_free_cap = c->next_slot,
	};
	memcpy(boot->cmdline, c->args, args);
	memcpy(boot->name, c->name, name < sizeof(boot->name) ? name : sizeof(boot->name) - 1);
	err = sessions_map_linux(c, &r->loader, boot);
	if (!err)
		err = channels_map_linux(c, &r->loader, boot);
	if (!err)
		err = loader_map(&r->loader, (l4_addr_t)boot, SKERRY_LINUX_BOOT, L4_PAGESIZE, L4_FPAGE_R);
	return err ? err : loader_map(&r->loader, (l4_addr_t)l4re_kip(), SKERRY_LINUX_KIP, L4_PAGESIZE, L4_FPAGE_R);
}

static int entry_address(const void *image, l4_addr_t *ip)
{
	l4_uint32_t bytes;
	const void *note = elf_note(image, SKERRY_NOTE_NAME, SKERRY_NOTE_ENTRY, &bytes);

	if (!note || bytes != sizeof(*ip))
		return -L4_EINVAL;
	memcpy(ip, note, sizeof(*ip));
	return 0;
}

static unsigned ram_align(l4_uint64_t bytes)
{
	return bytes >= 1UL << L4_GIGAPAGESHIFT ? L4_GIGAPAGESHIFT : L4_SUPERPAGESHIFT;
}

/*
 * Devices may write to memory that servers share until they are stopped, so it is never anybody else's: like a window it is init's, and the
 * next Linux gets it as it is.
 */
int linux_ram_create(struct component *c)
{
	l4_uint64_t bytes = l4_round_page(c->desc->memory);
	void *at = 0;
	long err;

	if (c->ram)
		return 0;
	c->ram_ds = l4re_util_cap_alloc();
	if (l4_is_invalid_cap(c->ram_ds))
		return -L4_ENOMEM;
	err = l4re_ma_alloc(bytes, c->ram_ds, L4RE_MA_FRESH);
	if (err >= 0)
		err = l4re_rm_attach(&at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW | L4RE_RM_F_PASS_X, c->ram_ds, 0,
				     ram_align(bytes));
	c->ram = at;
	return err;
}

int linux_load(struct component *c)
{
	struct linux_ram r = { .c = c, .bytes = l4_round_page(c->desc->memory) };
	l4_addr_t ip;
	int err;

	r.loader = (struct loader){ .task = c->task, .self = L4_BASE_TASK_CAP };
	r.loader.image = image_file(c->desc->binary, &r.loader.image_bytes);
	r.base = c->ram ? c->ram : component_alloc_aligned(c, r.bytes, L4RE_MA_FRESH, ram_align(r.bytes));
	if (!r.base)
		return -L4_ENOMEM;
	err = load_image(&r);
	if (!err)
		err = entry_address(r.loader.image, &ip);
	if (err)
		say("%s: the kernel image is not usable here", c->name);
	if (!err)
		err = load_initrd(&r);
	if (!err)
		err = map_ram(&r);
	if (!err)
		err = map_boot_page(&r);
	/* Linux finds its boot page at a fixed address; the stack pointer is its own business. */
	return err ? err : component_run(c, ip, SKERRY_LINUX_BOOT, SKERRY_LINUX_UTCB);
}
