/* SPDX-License-Identifier: MIT */
/* DMA spaces of the functions. */
#include "dma.h"
#include "pin.h"

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

void dma_init(const struct pci_bus *all)
{
	bus = all;
	pin_drop_old();
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
	return count < DMA_MAPPINGS ? free : 0;
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

/* Physical addresses are what the function sees: as much as is contiguous. */
static int place(struct mapping *m, const struct dma_request *r)
{
	l4_uint64_t bytes = 0;
	int err = pin_address(m->pin, r->offset, &m->address, &bytes);

	m->bytes = bytes < r->bytes ? bytes : r->bytes;
	return err;
}

static int pinned_map(struct mapping *m, const struct dma_request *r, l4_cap_idx_t ds, l4_uint64_t bytes)
{
	int err = rights_check(r, ds);

	if (err)
		return err;
	if (r->offset > bytes || r->bytes > bytes - r->offset)
		return -L4_ERANGE;
	return place(m, r);
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
	err = pinned_map(m, r, ds, bytes);
	if (err < 0) {
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

long dma_unmap(const struct pci_function *f, l4_uint64_t address, l4_uint64_t bytes)
{
	unsigned i;

	for (i = 0; i < DMA_MAPPINGS_ALL; i++) {
		struct mapping *m = &mappings[i];

		if (m->f == f && m->address == address && m->bytes == bytes) {
			drop(m);
			return 0;
		}
	}
	return -L4_ENOENT;
}

void dma_close(const struct pci_function *f)
{
	l4_cap_idx_t *gate = gate_of(f);
	unsigned i;

	for (i = 0; i < DMA_MAPPINGS_ALL; i++)
		if (mappings[i].f == f)
			drop(&mappings[i]);
	if (!*gate)
		return;
	l4_task_delete_obj(L4_BASE_TASK_CAP, *gate);
	l4re_util_cap_free(*gate);
	*gate = 0;
}
