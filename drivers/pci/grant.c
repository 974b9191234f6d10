/* SPDX-License-Identifier: MIT */
/* Who gets which function. */
#include "grant.h"
#include "device.h"
#include "dma.h"
#include "remap.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

#define PREFIX "grant="

/* The field up to the next comma or the end; *text moves behind it. False: it is empty or too long. */
static int field(const char **text, char *to, unsigned size)
{
	unsigned n = 0;

	while (**text && **text != ',') {
		if (n + 1 >= size)
			return 0;
		to[n++] = *(*text)++;
	}
	to[n] = 0;
	if (**text == ',')
		(*text)++;
	return n != 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int number(const char **text, unsigned limit, unsigned *value)
{
	char word[8];
	unsigned i;

	*value = 0;
	if (!field(text, word, sizeof(word)))
		return 0;
	for (i = 0; word[i]; i++) {
		if (digit(word[i]) < 0)
			return 0;
		*value = *value << 4 | digit(word[i]);
	}
	return *value <= limit;
}

static int parse_what(struct pci_grant *e, const char *text)
{
	unsigned bus, device, fn;
	char kind[4];

	if (!field(&text, kind, sizeof(kind)))
		return 0;
	e->by_address = !strcmp(kind, "at");
	if (!e->by_address)
		return !strcmp(kind, "id") && number(&text, 0xffff, &e->vendor) && number(&text, 0xffff, &e->device) &&
		       number(&text, 0xff, &e->instance) && !*text;
	if (!number(&text, 0xff, &bus) || !number(&text, 31, &device) || !number(&text, 7, &fn) || *text)
		return 0;
	e->address = bus << 8 | device << 3 | fn;
	return 1;
}

int grant_parse(struct pci_grants *g, const char *text)
{
	struct pci_grant e = { 0 };

	if (strncmp(text, PREFIX, sizeof(PREFIX) - 1))
		return 1;
	text += sizeof(PREFIX) - 1;
	if (!field(&text, e.client, sizeof(e.client)) || !field(&text, e.name, sizeof(e.name)) || !parse_what(&e, text))
		return -L4_EINVAL;
	if (g->count == GRANTS_MAX)
		return -L4_ENOMEM;
	g->list[g->count++] = e;
	return 0;
}

static int taken(const struct pci_grants *g, const struct pci_function *f)
{
	unsigned i;

	for (i = 0; i < g->count; i++)
		if (g->list[i].function == f)
			return 1;
	return 0;
}

static struct pci_function *find(const struct pci_grant *e, struct pci_bus *bus)
{
	unsigned i, nth = 0;

	for (i = 0; i < bus->function_count; i++) {
		struct pci_function *f = &bus->functions[i];

		if (e->by_address ? f->address == e->address :
				    f->vendor == e->vendor && f->device == e->device && nth++ == e->instance)
			return f;
	}
	return 0;
}

static void assign(struct pci_grants *g, struct pci_bus *bus, int by_address)
{
	unsigned i;

	for (i = 0; i < g->count; i++) {
		struct pci_function *f;

		if (g->list[i].by_address != by_address)
			continue;
		f = find(&g->list[i], bus);
		g->list[i].function = f && !taken(g, f) ? f : 0;
	}
}

void grants_assign(struct pci_grants *g, struct pci_bus *bus)
{
	assign(g, bus, 1);
	assign(g, bus, 0);
}

/* Is there an earlier one on the same bus? */
static int bus_is_known(const struct pci_grants *g, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (g->list[i].function && g->list[i].function->address >> 8 == g->list[n].function->address >> 8)
			return 1;
	return 0;
}

static unsigned equal(unsigned all, unsigned functions, unsigned limit)
{
	return functions && all / functions < limit ? all / functions : limit;
}

/* Tables have a page for all and one for each bus; the manager has a message of its own. */
struct pci_share grants_share(const struct pci_grants *g)
{
	unsigned i, functions = 0, buses = 0;

	for (i = 0; i < g->count; i++) {
		functions += g->list[i].function != 0;
		buses += g->list[i].function && !bus_is_known(g, i);
	}
	return (struct pci_share){ equal(REMAP_PAGES_MAX - 1 - buses, functions, REMAP_SPACE_PAGES),
				   equal(DMA_MAPPINGS_ALL, functions, DMA_MAPPINGS), equal(DEVICE_MESSAGES - 1, functions, DEVICE_IRQS) };
}

struct pci_grant *grant_of(struct pci_grants *g, const char *client, unsigned n)
{
	unsigned i;

	for (i = 0; i < g->count; i++)
		if (!strcmp(g->list[i].client, client) && !n--)
			return &g->list[i];
	return 0;
}
