/* SPDX-License-Identifier: MIT */
/* The IOMMU. */
#include "iommu.h"
#include "pin.h"
#include "remap.h"
#include "scope.h"
#include "vtd.h"
#include "../../l4re/lib/fmt.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>

static const struct pci_bus *bus;
static int on;
static unsigned char covered[PCI_FUNCTIONS_MAX];
static struct remap tables;
static struct vtd_features features;
static struct remap_space spaces[PCI_FUNCTIONS_MAX];
static unsigned faults[PCI_FUNCTIONS_MAX], strange_faults; /* reported */

static unsigned number(const struct pci_function *f)
{
	return f - bus->functions;
}

/* Domain 0 is the units' own where they keep entries that are not present. */
static unsigned domain(const struct pci_function *f)
{
	return number(f) + 1;
}

int iommu_covers(const struct pci_function *f)
{
	return on && covered[number(f)];
}

/* Contiguous pinned memory. */
static int memory_get(l4_uint64_t bytes, void **at, l4_uint64_t *pa)
{
	l4_cap_idx_t ds = l4re_util_cap_alloc();
	l4_uint64_t size;
	long pin;

	if (l4_is_invalid_cap(ds) || l4re_ma_alloc(bytes, ds, L4RE_MA_CONTINUOUS) < 0 ||
	    l4re_rm_attach(at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) < 0)
		return -L4_ENOMEM;
	pin = pin_take_own(ds, &size);
	return pin < 0 ? (int)pin : pin_address(pin, 0, pa, &size);
}

static const char *start(void)
{
	l4_uint64_t pa, own = (vtd_count() + 1) * L4_PAGESIZE;
	void *at = 0;

	if (memory_get(own + REMAP_PAGES_MAX * L4_PAGESIZE, &at, &pa) < 0)
		return "no memory for their tables";
	remap_init(&tables, (char *)at + own, pa + own, REMAP_PAGES_MAX, features.levels, features.large);
	return vtd_start(pa + own, at, pa) < 0 ? "one does not answer" : 0;
}

const char *iommu_start(const struct pci_bus *all, const struct acpi_facts *facts, int *stuck)
{
	const char *why;
	unsigned i;

	bus = all;
	*stuck = 0;
	for (i = 0; i < bus->function_count; i++)
		covered[i] = scope_covers(facts, bus, &bus->functions[i]);
	if (!facts->dmar)
		return "there are none";
	if (facts->dmar_damaged)
		return "firmware's table of them is damaged";
	why = vtd_find(facts, &features);
	if (!why)
		why = start();
	/* Some may translate already, by tables of a manager before, or by these. */
	*stuck = why && vtd_stop() < 0;
	on = !why;
	return why;
}

int iommu_attach(const struct pci_function *f)
{
	struct remap_space *s = &spaces[number(f)];
	int err = domain(f) < features.domains ? 0 : -L4_ENOMEM;

	if (err)
		return err;
	faults[number(f)] = 0;
	err = remap_attach(&tables, s, f->address, domain(f));
	return err ? err : vtd_flush(domain(f), 1);
}

int iommu_detach(const struct pci_function *f)
{
	int err;

	remap_detach(&tables, f->address);
	err = vtd_flush(domain(f), 1);
	if (!err)
		remap_space_release(&tables, &spaces[number(f)]);
	return err;
}

int iommu_map(const struct pci_function *f, l4_uint64_t address, l4_uint64_t pa, l4_uint64_t bytes, int read, int write)
{
	return remap_map(&tables, &spaces[number(f)], address, pa, bytes, read, write);
}

int iommu_unmap(const struct pci_function *f, l4_uint64_t address, l4_uint64_t bytes)
{
	remap_unmap(&tables, &spaces[number(f)], address, bytes);
	return vtd_flush(domain(f), 0);
}

int iommu_flush(const struct pci_function *f)
{
	return vtd_flush(domain(f), 0);
}

/* Faults. */

void iommu_fault_event(l4_uint64_t msi_address, l4_uint32_t msi_data)
{
	if (on)
		vtd_fault_event(msi_address, msi_data);
}

static const char *reason(unsigned n)
{
	switch (n) {
	case 1: case 2: return "nobody drives it";
	case 4: return "beyond all addresses";
	case 5: return "not mapped for writing";
	case 6: return "not mapped for reading";
	default: return "the tables do not allow it";
	}
}

static const struct pci_function *function_at(pci_address_t at)
{
	unsigned i;

	for (i = 0; i < bus->function_count; i++)
		if (bus->functions[i].address == at)
			return &bus->functions[i];
	return 0;
}

/* Whether this one is to be told: a device that goes on and on shall not keep the manager busy. */
static int worth_a_line(const struct pci_function *f, pci_address_t at)
{
	unsigned *n = f ? &faults[number(f)] : &strange_faults;

	if (*n == IOMMU_FAULTS)
		return 0;
	if (++*n < IOMMU_FAULTS)
		return 1;
	if (f && remap_mute(&tables, at))
		vtd_flush(domain(f), 1);
	else
		vtd_fault_mask();
	return 1;
}

static void say(const struct vtd_fault *v, void (*name)(const struct pci_function *f))
{
	const struct pci_function *f = function_at(v->source);

	if (!worth_a_line(f, v->source))
		return;
	fmt_log("fault: %02x:%02x.%u", v->source >> 8, v->source >> 3 & 31, v->source & 7);
	if (f)
		name(f);
	fmt_log(" %s %lx: %s (%u)%s\n", v->is_read ? "reads" : "writes", v->address, reason(v->reason), v->reason,
		f && faults[number(f)] == IOMMU_FAULTS ? "; its next ones are not reported" : "");
}

/* More than there are records cannot be waiting, if no device made new ones all the time. */
int iommu_faults(void (*name)(const struct pci_function *f))
{
	struct vtd_fault v;
	int lost, left;

	for (left = 64; on && left && vtd_fault_next(&v, &lost); left--) {
		say(&v, name);
		if (lost)
			fmt_log("fault: others were not recorded\n");
	}
	return !left;
}
