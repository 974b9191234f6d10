/* SPDX-License-Identifier: MIT */
/* Which functions a remapping unit is responsible for. */
#include "scope.h"

static const struct pci_bridge *bridge_at(const struct pci_bus *bus, pci_address_t at)
{
	unsigned i;

	for (i = 0; i < bus->bridge_count; i++)
		if (bus->bridges[i].address == at)
			return &bus->bridges[i];
	return 0;
}

/* Where the way of a scope ends; false: a bridge on it is not there. */
static int follow(const struct pci_bus *bus, const struct acpi_scope *s, pci_address_t *end)
{
	unsigned number = s->bus, i;

	for (i = 0; i + 1 < s->depth; i++) {
		const struct pci_bridge *bridge = bridge_at(bus, number << 8 | s->path[i]);

		if (!bridge)
			return 0;
		number = bridge->secondary;
	}
	*end = number << 8 | s->path[s->depth - 1];
	return 1;
}

/* Bridges only lead down, so that the way up ends. */
static int is_below(const struct pci_bus *bus, const struct pci_function *f, pci_address_t bridge)
{
	unsigned parent;

	for (parent = f->parent; parent; parent = bus->bridges[parent - 1].parent)
		if (bus->bridges[parent - 1].address == bridge)
			return 1;
	return 0;
}

static int names(const struct pci_bus *bus, const struct acpi_scope *s, const struct pci_function *f)
{
	pci_address_t end;

	if ((s->type != ACPI_SCOPE_FUNCTION && s->type != ACPI_SCOPE_BRIDGE) || !follow(bus, s, &end))
		return 0;
	return s->type == ACPI_SCOPE_FUNCTION ? f->address == end : is_below(bus, f, end);
}

static int one_names(const struct pci_bus *bus, const struct acpi_scope *scopes, unsigned count, const struct pci_function *f)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (names(bus, &scopes[i], f))
			return 1;
	return 0;
}

int scope_covers(const struct acpi_facts *facts, const struct pci_bus *bus, const struct pci_function *f)
{
	unsigned i;

	for (i = 0; i < facts->drhd_count; i++) {
		const struct acpi_drhd *d = &facts->drhds[i];

		if (!d->segment && (d->all || one_names(bus, d->scopes, d->scope_count, f)))
			return 1;
	}
	return 0;
}

const struct acpi_rmrr *scope_reserved(const struct acpi_facts *facts, const struct pci_bus *bus, const struct pci_function *f)
{
	unsigned i;

	for (i = 0; i < facts->rmrr_count; i++) {
		const struct acpi_rmrr *r = &facts->rmrrs[i];

		if (!r->segment && one_names(bus, r->scopes, r->scope_count, f))
			return r;
	}
	return 0;
}

/* The one with the highest first line that is not beyond it. */
static const struct acpi_io_apic *io_apic_of(const struct acpi_facts *facts, unsigned line)
{
	const struct acpi_io_apic *best = 0;
	unsigned i;

	for (i = 0; i < facts->io_apic_count && i < ACPI_IO_APICS; i++)
		if (facts->io_apics[i].line <= line && (!best || facts->io_apics[i].line > best->line))
			best = &facts->io_apics[i];
	return best;
}

int scope_line(const struct acpi_facts *facts, const struct pci_bus *bus, unsigned line, pci_address_t *source)
{
	const struct acpi_io_apic *apic = io_apic_of(facts, line);
	unsigned i, k;

	if (!apic || facts->io_apic_count > ACPI_IO_APICS)
		return 0;
	for (i = 0; i < facts->drhd_count; i++) {
		const struct acpi_drhd *d = &facts->drhds[i];

		for (k = 0; k < d->scope_count && !d->segment; k++)
			if (d->scopes[k].type == ACPI_SCOPE_IO_APIC && d->scopes[k].id == apic->id)
				return follow(bus, &d->scopes[k], source);
	}
	return 0;
}
