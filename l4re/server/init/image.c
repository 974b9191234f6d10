/* SPDX-License-Identifier: MIT */
/* The system image, checked once: afterwards every offset in it is inside. */
#include "init.h"

#include <l4/sys/err.h>

#define TIME_MAX 3600000000000UL /* an hour */

static const char *base;

const struct sysimg_header *image_header(void)
{
	return (const struct sysimg_header *)base;
}

const struct sysimg_component *image_component(unsigned i)
{
	return (const struct sysimg_component *)(base + image_header()->component_offset) + i;
}

const struct sysimg_grant *image_grant(unsigned i)
{
	return (const struct sysimg_grant *)(base + image_header()->grant_offset) + i;
}

const char *image_string(l4_uint32_t offset)
{
	return base + image_header()->string_offset + offset;
}

static const struct sysimg_file *file_entry(unsigned i)
{
	return (const struct sysimg_file *)(base + image_header()->file_offset) + i;
}

const void *image_file(l4_uint32_t i, l4_size_t *bytes)
{
	*bytes = 0;
	if (i == SYSIMG_NONE)
		return 0;
	*bytes = file_entry(i)->bytes;
	return base + file_entry(i)->offset;
}

static int table_ok(l4_uint64_t offset, l4_uint64_t count, l4_uint64_t size, l4_uint64_t total)
{
	return !(offset & 7) && offset <= total && count <= (total - offset) / size;
}

static int string_ok(l4_uint32_t s)
{
	return s < image_header()->string_bytes;
}

static int file_ok(l4_uint32_t f)
{
	return f == SYSIMG_NONE || f < image_header()->file_count;
}

static int component_ok(const struct sysimg_component *c)
{
	const struct sysimg_header *h = image_header();

	return string_ok(c->name) && string_ok(c->args) && c->type <= SYSIMG_LINUX && c->binary < h->file_count &&
	       file_ok(c->initrd) && file_ok(c->initrd_extra) && c->memory <= 1UL << 46 &&
	       c->kernel_memory <= 1UL << 40 && c->stack <= 1UL << 30 && c->prio >= 1 && c->prio <= 255 &&
	       c->max_prio <= 255 && c->cpus && c->on_exit <= SYSIMG_SHUTDOWN && c->on_fault <= SYSIMG_SHUTDOWN &&
	       c->budget_ns <= c->period_ns && c->period_ns <= TIME_MAX && c->low_prio < c->prio &&
	       c->heartbeat_ns <= TIME_MAX && c->ready_ns <= TIME_MAX && c->backoff_ns <= TIME_MAX && c->first_grant <= h->grant_count &&
	       c->grant_count <= h->grant_count - c->first_grant;
}

static int grant_ok(const struct sysimg_grant *g)
{
	if (!string_ok(g->name))
		return 0;
	switch (g->type) {
	case SYSIMG_G_OFFER:
	case SYSIMG_G_IRQ:
	case SYSIMG_G_KERNEL_LOG:
	case SYSIMG_G_STATE:
	case SYSIMG_G_CONTROL:
	case SYSIMG_G_PCI:
	case SYSIMG_G_INTERRUPTS:
	case SYSIMG_G_DEVICES:
	case SYSIMG_G_TRACE:
		return 1;
	case SYSIMG_G_USE:
		return g->peer < image_header()->component_count && g->a <= 1UL << 30 && g->b <= (g->a != 0);
	case SYSIMG_G_PORTS:
		return g->a < 0x10000 && g->b <= 0x10000 - g->a;
	case SYSIMG_G_MMIO:
		return !(g->a & ~L4_PAGEMASK) && g->b;
	case SYSIMG_G_SHARED:
		return g->a != 0;
	case SYSIMG_G_CHANNEL:
		return g->peer < image_header()->component_count && l4chan_geometry_ok(g->a, g->b >> 1);
	default:
		return 0;
	}
}

static int header_ok(const struct sysimg_header *h, l4_size_t bytes)
{
	return bytes >= sizeof(*h) && h->magic == SYSIMG_MAGIC && h->version == SYSIMG_VERSION &&
	       h->header_bytes == sizeof(*h) && h->total_bytes <= bytes && h->component_count <= COMPONENTS_MAX &&
	       table_ok(h->component_offset, h->component_count, sizeof(struct sysimg_component), h->total_bytes) &&
	       table_ok(h->grant_offset, h->grant_count, sizeof(struct sysimg_grant), h->total_bytes) &&
	       table_ok(h->file_offset, h->file_count, sizeof(struct sysimg_file), h->total_bytes) &&
	       table_ok(h->string_offset, h->string_bytes, 1, h->total_bytes) && h->string_bytes;
}

static int files_ok(const struct sysimg_header *h)
{
	unsigned i;

	for (i = 0; i < h->file_count; i++) {
		const struct sysimg_file *f = file_entry(i);

		if (!string_ok(f->name) || (f->offset & ~L4_PAGEMASK) || f->offset > h->total_bytes ||
		    f->bytes > h->total_bytes - f->offset)
			return 0;
	}
	return 1;
}

int image_check(const void *image, l4_size_t bytes)
{
	const struct sysimg_header *h = image;
	unsigned i;

	base = image;
	if (!header_ok(h, bytes) || !files_ok(h) || image_string(h->string_bytes - 1)[0] || !string_ok(h->name))
		return -L4_EINVAL;
	for (i = 0; i < h->component_count; i++)
		if (!component_ok(image_component(i)))
			return -L4_EINVAL;
	for (i = 0; i < h->grant_count; i++)
		if (!grant_ok(image_grant(i)))
			return -L4_EINVAL;
	return 0;
}
