/* SPDX-License-Identifier: MIT */
/* Where interrupt pins end. */
#include "route.h"

#include <l4/sys/proto.h>

#define PINS 4U

int route_pin(const struct acpi_facts *facts, const struct pci_function *f, unsigned *line, unsigned *mode)
{
	unsigned i;

	if (!f->irq_pin || f->irq_pin > PINS)
		return 0;
	for (i = 0; i < facts->override_count; i++) {
		const struct acpi_override *o = &facts->overrides[i];

		if (o->irq != f->irq_line || !o->level)
			continue;
		*line = o->line;
		*mode = o->low ? L4_IRQ_F_LEVEL_LOW : L4_IRQ_F_LEVEL_HIGH;
		return 1;
	}
	return 0;
}
