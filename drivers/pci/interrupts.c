/* SPDX-License-Identifier: MIT */
/* Interrupts by way of the remapping units. */
#include "interrupts.h"
#include "iommu.h"
#include "irt.h"
#include "pin.h"
#include "scope.h"
#include "vtd.h"

static int on, leak;

/* Both entries of every line that exists. False: the tables do not say whose it is. */
static int lines_set(const struct pci_bus *bus, const struct acpi_facts *facts, l4_cap_idx_t icu, unsigned count)
{
	l4_icu_msi_info_t msi;
	pci_address_t source;
	unsigned line;

	for (line = 0; line < count; line++) {
		if (!scope_line(facts, bus, line, &source) || l4_error(l4_icu_msi_info(icu, line, 0, &msi)) < 0)
			return 0;
		irt_set(irt_line(line, 0), source, &msi, 0);
		irt_set(irt_line(line, 1), source, &msi, 1);
	}
	return 1;
}

static void lines_remap(l4_cap_idx_t icu, unsigned count, int remap)
{
	unsigned line;

	for (line = 0; line < count; line++)
		l4_icu_remap(icu, line, remap);
}

static const char *start(const struct pci_bus *bus, const struct acpi_facts *facts, l4_cap_idx_t icu, unsigned lines)
{
	l4_uint64_t pa;
	void *at = 0;

	if (!iommu_is_on())
		return "devices reach all memory";
	if (!facts->intr_remap || !vtd_has_interrupts())
		return "the units cannot do that";
	if (lines > IRT_LINES)
		return "there are too many lines";
	if (pin_memory(IRT_BYTES, &at, &pa) < 0)
		return "no memory for the table";
	irt_init(at);
	if (!lines_set(bus, facts, icu, lines))
		return "firmware does not name all I/O APICs";
	return vtd_interrupts_start(pa, IRT_SIZE) < 0 ? "one does not answer" : 0;
}

const char *interrupts_start(const struct pci_bus *bus, const struct acpi_facts *facts, l4_cap_idx_t icu, int *stuck)
{
	l4_icu_info_t info = { 0 };
	const char *why;

	l4_icu_info(icu, &info);
	why = start(bus, facts, icu, info.nr_irqs);
	lines_remap(icu, info.nr_irqs, !why);
	*stuck = why && vtd_interrupts_stop() < 0;
	on = !why;
	leak = on && !vtd_interrupts_block();
	return why;
}

int interrupts_leak(void)
{
	return leak;
}

int interrupts_message(const struct pci_function *f, unsigned n, l4_icu_msi_info_t *msi)
{
	if (!on || !iommu_covers(f))
		return 0;
	irt_set(irt_message(n), f->address, msi, 0);
	*msi = irt_request(irt_message(n));
	return vtd_interrupts_flush(irt_message(n));
}

int interrupts_drop(unsigned n)
{
	if (!on)
		return 0;
	irt_clear(irt_message(n));
	return vtd_interrupts_flush(irt_message(n));
}
