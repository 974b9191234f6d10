/* SPDX-License-Identifier: MIT */
/* The IOMMU. */
#include "iommu.h"
#include "pin.h"
#include "remap.h"
#include "scope.h"
#include "vtd.h"
#include "../../l4re/lib/fmt.h"

#include <l4/sys/err.h>

static const struct pci_bus *bus;
static int on;
static unsigned char covered[PCI_FUNCTIONS_MAX], reserved[PCI_FUNCTIONS_MAX];
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

int iommu_is_on(void)
{
	return on;
}

int iommu_covers(const struct pci_function *f)
{
	return on && covered[number(f)];
}

static const char *start(unsigned share)
{
	l4_uint64_t pa, own = (vtd_count() + 1) * L4_PAGESIZE;
	void *at = 0;

	if (pin_memory(own + REMAP_PAGES_MAX * L4_PAGESIZE, &at, &pa) < 0)
		return "no memory for their tables";
	remap_init(&tables, (char *)at + own, pa + own, REMAP_PAGES_MAX, share, features.levels, features.large);
	return vtd_start(pa + own, at, pa) < 0 ? "one does not answer" : 0;
}

const char *iommu_start(const struct pci_bus *all, const struct acpi_facts *facts, unsigned share, int *stuck)
{
	const char *why;
	unsigned i;

	bus = all;
	*stuck = 0;
	for (i = 0; i < bus->function_count; i++) {
		covered[i] = scope_covers(facts, bus, &bus->functions[i]);
		reserved[i] = scope_reserved(facts, bus, &bus->functions[i]) != 0;
	}
	if (!facts->dmar)
		return "there are none";
	if (facts->dmar_damaged)
		return "firmware's table of them is damaged";
	why = vtd_find(facts, &features);
	if (!why)
		why = start(share);
	/* Some may translate already, by tables of a manager before, or by these. */
	*stuck = why && vtd_stop() < 0;
	on = !why;
	return why;
}

int iommu_has_reserved(const struct pci_function *f)
{
	return reserved[number(f)];
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
	case 0x21: case 0x22: return "there is no such one";
	case 0x25: return "not in remappable format";
	case 0x26: return "not its own";
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
static int worth_a_line(const struct pci_function *f, const struct vtd_fault *v, void (*stop)(const struct pci_function *f))
{
	unsigned *n = f ? &faults[number(f)] : &strange_faults;

	if (*n == IOMMU_FAULTS)
		return 0;
	if (++*n < IOMMU_FAULTS)
		return 1;
	if (f && v->is_interrupt)
		stop(f);
	if (f && remap_mute(&tables, v->source))
		vtd_flush(domain(f), 1);
	else
		vtd_fault_mask();
	return 1;
}

static void say(const struct vtd_fault *v, const struct pci_function *f, void (*name)(const struct pci_function *f))
{
	const char *did = v->is_interrupt ? "raises interrupt" : v->is_read ? "reads" : "writes";
	const char *last = v->is_interrupt ? "; it does nothing any more until it is opened again" : "; its next ones are not reported";

	fmt_log("fault: %02x:%02x.%u", v->source >> 8, v->source >> 3 & 31, v->source & 7);
	if (f)
		name(f);
	fmt_log(" %s %lx: %s (%u)%s\n", did, v->address, reason(v->reason), v->reason,
		f && faults[number(f)] == IOMMU_FAULTS ? last : "");
}

/* More than there are records cannot be waiting, if no device made new ones all the time. */
int iommu_faults(void (*name)(const struct pci_function *f), void (*stop)(const struct pci_function *f))
{
	struct vtd_fault v;
	int lost, left;

	for (left = 64; on && left && vtd_fault_next(&v, &lost); left--) {
		const struct pci_function *f = function_at(v.source);

		if (worth_a_line(f, &v, stop))
			say(&v, f, name);
		if (lost)
			fmt_log("fault: others were not recorded\n");
	}
	return !left;
}
