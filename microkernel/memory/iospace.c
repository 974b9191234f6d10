// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O ports of a task.
 *
 * Ports are kept as an address space that no CPU ever loads: port p is the page
 * at p << PAGE_SHIFT, 512 aligned ports may be one superpage. Thus they are
 * mapped and revoked by the code for memory, which keeps the bitmap through
 * iospace_changed() and tells the arch layer once for each run of removals.
 */
#include <string.h>

#include "cap.h"
#include "frame.h"
#include "space.h"

#define IO_PORTS 0x10000UL
#define IO_BITMAP_ORDER 1

static struct slab ports_slab = SLAB_INIT(struct space);

static int iospace_setup(struct iospace *io)
{
	int ret;

	if (io->ports)
		return 0;
	io->bitmap = frame_alloc(IO_BITMAP_ORDER, io->quota);
	if (!io->bitmap)
		return -L4_ENOMEM;
	memset(io->bitmap, 0xff, IOSPACE_BITMAP_BYTES);
	io->ports = slab_alloc(&ports_slab, io->quota);
	ret = io->ports ? space_create_io(io->ports, io->quota, io) : -L4_ENOMEM;
	if (!ret)
		return 0;
	if (io->ports)
		slab_free(&ports_slab, io->ports, io->quota);
	frame_free(io->bitmap, IO_BITMAP_ORDER, io->quota);
	io->ports = NULL;
	io->bitmap = NULL;
	return ret;
}

void iospace_changed(struct iospace *io, u64 va, unsigned int order, bool allowed)
{
	u64 port = va >> PAGE_SHIFT;

	if (order > PAGE_SHIFT)
		memset(&io->bitmap[port / 8], allowed ? 0 : 0xff, BIT(order - PAGE_SHIFT) / 8);
	else if (allowed)
		io->bitmap[port / 8] &= ~(1U << port % 8);
	else
		io->bitmap[port / 8] |= 1U << port % 8;
}

int iospace_enter_all(struct iospace *io)
{
	u64 va;
	int ret = iospace_setup(io);

	for (va = 0; !ret && va < IO_PORTS << PAGE_SHIFT; va += L4_SUPERPAGESIZE)
		ret = space_enter(io->ports, va, va, L4_SUPERPAGESHIFT, SPACE_RIGHTS_R, SPACE_WB);
	if (io->ports)
		arch_iospace_changed(io);
	return ret;
}

static bool is_port_range(unsigned int port, unsigned int order)
{
	return order <= 16 && port < IO_PORTS && !(port & (BIT(order) - 1));
}

int iospace_map(struct iospace *dst, struct iospace *src, unsigned int port, unsigned int order,
		u64 *cursor)
{
	u64 va = (u64)port << PAGE_SHIFT, count = 0;
	int ret;

	if (!is_port_range(port, order) || dst == src)
		return -L4_EINVAL;
	if (!src->ports)
		return 0;
	ret = iospace_setup(dst);
	if (ret)
		return ret;
	ret = space_map(dst->ports, va, src->ports, va, PAGE_SHIFT + order, SPACE_RIGHTS_R,
			cursor, &count);
	if (count)
		arch_iospace_changed(dst);
	return ret;
}

int iospace_unmap(struct iospace *io, unsigned int port, unsigned int order, bool self, u64 *cursor)
{
	u64 va = (u64)port << PAGE_SHIFT;

	if (!is_port_range(port, order))
		return -L4_EINVAL;
	if (!io->ports)
		return 0;
	return space_unmap(io->ports, va, va + (PAGE_SIZE << order) - 1, SPACE_RIGHTS_R, self, cursor);
}

int iospace_destroy(struct iospace *io)
{
	int ret;

	if (!io->ports)
		return 0;
	ret = space_destroy(io->ports);
	if (ret)
		return ret;
	slab_free(&ports_slab, io->ports, io->quota);
	frame_free(io->bitmap, IO_BITMAP_ORDER, io->quota);
	io->ports = NULL;
	io->bitmap = NULL;
	arch_iospace_changed(io);
	return 0;
}
