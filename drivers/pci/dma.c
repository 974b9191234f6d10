/* SPDX-License-Identifier: MIT */
/* DMA spaces of the functions. */
#include "dma.h"
#include "iommu.h"
#include "pin.h"
#include "remap.h"
#include "reset.h"

#include <l4/re/c/dma_space.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/factory.h>
#include <l4/sys/task.h>

struct mapping {
	const struct pci_function *f; /* null: free */
	unsigned pin;
	l4_uint64_t address, bytes;
};

static const struct pci_bus *bus;
static l4_cap_idx_t gates[PCI_FUNCTIONS_MAX]; /* 0: none */
static struct mapping mappings[DMA_MAPPINGS_ALL];
static unsigned mappings_each;

const char *dma_init(const struct pci_bus *all, const struct acpi_facts *facts, const struct pci_share *share, int *stuck)
{
	unsigned i;

	bus = all;
	/* What is under way has addresses of the old tables: it is to arrive while units have these. */
	for (i = 0; i < bus->function_count; i++)
		reset_drain(bus, &bus->functions[i]);
	mappings_each = share->mappings;
	return iommu_start(bus, facts, share->pages, stuck);
}

int dma_is_remapped(const struct pci_function *f)
{
	return iommu_covers(f);
}

int dma_open(const struct pci_function *f)
{
	return iommu_covers(f) ? iommu_attach(f) : 0;
}

static l4_cap_idx_t *gate_of(const struct pci_function *f)
{
	return &gates[f - bus->functions];
}

int dma_gate(const struct pci_function *f, l4_umword_t label, l4_cap_idx_t *gate)
{
	l4_cap_idx_t cap = *gate_of(f);
	long err;

	if (!cap) {
		cap = l4re_util_cap_alloc();
		if (l4_is_invalid_cap(cap))
			return -L4_ENOMEM;
		err = l4_error(l4_factory_create_gate(l4re_env()->factory, cap, l4re_env()->main_thread, label));
		if (err < 0) {
			l4re_util_cap_free(cap);
			return err;
		}
		*gate_of(f) = cap;
	}
	*gate = cap;
	return 0;
}

static struct mapping *mapping_free(const struct pci_function *f)
{
	struct mapping *free = 0;
	unsigned i, count = 0;

	for (i = 0; i < DMA_MAPPINGS_ALL; i++) {
		count += mappings[i].f == f;
		if (!mappings[i].f)
			free = &mappings[i];
	}
	return count < mappings_each ? free : 0;
}

static int request_check(const struct dma_request *r)
{
	if (!r->bytes || ((r->offset | r->bytes) & ~L4_PAGEMASK) || r->direction > L4RE_DMA_SPACE_FROM_DEVICE)
		return -L4_EINVAL;
	return 0;
}

/* The pin says that it is a dataspace of root's: now it may be asked. */
static int rights_check(const struct dma_request *r, l4_cap_idx_t ds)
{
	long flags = l4re_ds_flags(ds);

	if (flags < 0)
		return flags;
	return r->direction == L4RE_DMA_SPACE_TO_DEVICE || (flags & L4RE_DS_F_W) ? 0 : -L4_EPERM;
}

/* Without an IOMMU physical addresses are what the function sees: as much as is contiguous. */
static int place_physical(struct mapping *m, const struct dma_request *r)
{
	l4_uint64_t bytes = 0;
	int err = pin_address(m->pin, r->offset, &m->address, &bytes);

	m->bytes = bytes < r->bytes ? bytes : r->bytes;
	return err;
}

static l4_uint64_t align(l4_uint64_t at, l4_uint64_t bytes)
{
	l4_uint64_t unit = bytes >= REMAP_LARGE_BYTES ? REMAP_LARGE_BYTES : L4_PAGESIZE;

	return (at + unit - 1) & ~(unit - 1);
}

/* One of f's mappings that has part of the range, or the page behind it; null: it is free. */
static const struct mapping *in_the_way(const struct pci_function *f, l4_uint64_t at, l4_uint64_t bytes)
{
	unsigned i;

	for (i = 0; i < DMA_MAPPINGS_ALL; i++) {
		const struct mapping *m = &mappings[i];

		if (m->f == f && at <= m->address + m->bytes && m->address <= at + bytes)
			return m;
	}
	return 0;
}

/* First fit, a page between any two; 0: there is no room. */
static l4_uint64_t find_room(const struct pci_function *f, l4_uint64_t bytes)
{
	l4_uint64_t at = align(REMAP_FIRST, bytes);
	const struct mapping *m;

	if (bytes > REMAP_LAST)
		return 0;
	while ((m = in_the_way(f, at, bytes)))
		at = align(m->address + m->bytes + L4_PAGESIZE, bytes);
	return at <= REMAP_LAST - bytes ? at : 0;
}

/* Piece by piece. What is mapped when one fails is for the caller to unmap. */
static int map_pieces(const struct pci_function *f, const struct mapping *m, const struct dma_request *r, l4_uint64_t *done)
{
	int read = r->direction != L4RE_DMA_SPACE_FROM_DEVICE, write = r->direction != L4RE_DMA_SPACE_TO_DEVICE;
	l4_uint64_t pa, bytes;
	int err;

	for (*done = 0; *done < m->bytes; *done += bytes) {
		err = pin_address(m->pin, r->offset + *done, &pa, &bytes);
		if (err < 0)
			return err;
		bytes = bytes < m->bytes - *done ? bytes : m->bytes - *done;
		err = iommu_map(f, m->address + *done, pa, bytes, read, write);
		if (err)
			return err;
	}
	return iommu_flush(f);
}

static int place_remapped(const struct pci_function *f, struct mapping *m, const struct dma_request *r)
{
	l4_uint64_t done;
	int err;

	m->bytes = r->bytes;
	m->address = find_room(f, m->bytes);
	if (!m->address)
		return -L4_ENOMEM;
	err = map_pieces(f, m, r, &done);
	if (err < 0 && iommu_unmap(f, m->address, done))
		return -L4_EIO;
	return err;
}

static int place(const struct pci_function *f, struct mapping *m, const struct dma_request *r)
{
	return iommu_covers(f) ? place_remapped(f, m, r) : place_physical(m, r);
}

static int pinned_map(const struct pci_function *f, struct mapping *m, const struct dma_request *r, l4_cap_idx_t ds, l4_uint64_t bytes)
{
	int err = rights_check(r, ds);

	if (err)
		return err;
	if (r->offset > bytes || r->bytes > bytes - r->offset)
		return -L4_ERANGE;
	return place(f, m, r);
}

long dma_map(const struct pci_function *f, struct dma_request *r, l4_cap_idx_t ds, l4_uint64_t *address)
{
	struct mapping *m = mapping_free(f);
	l4_uint64_t bytes;
	long pin, err = request_check(r);

	if (err || !m)
		return err ? err : -L4_ENOMEM;
	pin = pin_take(r->number, ds, &bytes);
	if (pin < 0)
		return pin;
	m->pin = pin;
	err = pinned_map(f, m, r, ds, bytes);
	if (err < 0) {
		/* What a unit may still have in its caches stays pinned for ever. */
		if (err != -L4_EIO)
			pin_drop(pin);
		return err;
	}
	m->f = f;
	*address = m->address;
	r->bytes = m->bytes;
	return 0;
}

static void drop(struct mapping *m)
{
	pin_drop(m->pin);
	m->f = 0;
}

static int unmap(struct mapping *m)
{
	int err = iommu_covers(m->f) ? iommu_unmap(m->f, m->address, m->bytes) : 0;

	if (!err)
		drop(m);
	return err;
}

long dma_unmap(const struct pci_function *f, l4_uint64_t address, l4_uint64_t bytes)
{
	unsigned i;

	for (i = 0; i < DMA_MAPPINGS_ALL; i++)
		if (mappings[i].f == f && mappings[i].address == address && mappings[i].bytes == bytes)
			return unmap(&mappings[i]);
	return -L4_ENOENT;
}

static void gate_delete(const struct pci_function *f)
{
	l4_cap_idx_t *gate = gate_of(f);

	if (!*gate)
		return;
	l4_task_delete_obj(L4_BASE_TASK_CAP, *gate);
	l4re_util_cap_free(*gate);
	*gate = 0;
}

int dma_close(const struct pci_function *f)
{
	int err = iommu_covers(f) ? iommu_detach(f) : 0;
	unsigned i;

	gate_delete(f);
	for (i = 0; i < DMA_MAPPINGS_ALL && !err; i++)
		if (mappings[i].f == f)
			drop(&mappings[i]);
	return err;
}
