/* SPDX-License-Identifier: MIT */
/* What a client holds of a function. */
#include "device.h"
#include "dma.h"
#include "hw.h"
#include "interrupts.h"
#include "iommu.h"
#include "reset.h"
#include "route.h"
#include "../../l4re/lib/fmt.h"

#include <l4/re/c/pci.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/factory.h>
#include <l4/sys/icu.h>
#include <l4/sys/task.h>

struct mapping {
	unsigned bar;
	l4_uint64_t offset, bytes; /* 0 bytes: free */
	struct hw_memory memory;   /* of ports: none */
};

struct device {
	int open;
	int fresh; /* reset, and nobody had it since */
	int stopped; /* it did what it may not, again and again: no bus mastering before it is opened again */
	l4_cap_idx_t irqs[DEVICE_IRQS]; /* 0: not made yet */
	unsigned lines[DEVICE_IRQS];
	struct mapping maps[DEVICE_MAPS];
	struct hw_memory msix; /* the pages of the MSI-X table */
};

static const struct pci_bus *bus;
static const struct acpi_facts *facts;
static unsigned irqs_each;
static l4_cap_idx_t icu;
static struct device devices[PCI_FUNCTIONS_MAX];
static unsigned char msi_used[DEVICE_MESSAGES];

void device_init(const struct pci_bus *all, const struct acpi_facts *firmware, const struct pci_share *share, l4_cap_idx_t controller)
{
	bus = all;
	facts = firmware;
	irqs_each = share->irqs;
	icu = controller;
}

static struct device *device_of(const struct pci_function *f)
{
	return &devices[f - bus->functions];
}

static l4_uint32_t get(const struct pci_function *f, unsigned offset, unsigned bytes)
{
	return bus->config->read(f->address, offset, bytes);
}

static void put(const struct pci_function *f, unsigned offset, unsigned bytes, l4_uint32_t value)
{
	bus->config->write(f->address, offset, bytes, value);
}

int device_is_open(const struct pci_function *f)
{
	return device_of(f)->open;
}

/* Interrupts. */

unsigned device_irq_kind(const struct pci_function *f)
{
	unsigned line, mode;

	if (f->msix_entries)
		return L4RE_PCI_IRQ_MSIX;
	if (f->caps.msi)
		return L4RE_PCI_IRQ_MSI;
	return route_pin(facts, f, &line, &mode) ? L4RE_PCI_IRQ_INTX : L4RE_PCI_IRQ_NONE;
}

unsigned device_irq_count(const struct pci_function *f)
{
	unsigned kind = device_irq_kind(f);

	if (kind == L4RE_PCI_IRQ_MSIX)
		return f->msix_entries < irqs_each ? f->msix_entries : irqs_each;
	return kind != L4RE_PCI_IRQ_NONE;
}

static char *msix_entry(const struct pci_function *f, unsigned n)
{
	return (char *)device_of(f)->msix.at + f->msix_offset % L4_PAGESIZE + n * PCI_MSIX_ENTRY_BYTES;
}

static int bind_line(const struct pci_function *f, l4_cap_idx_t irq, unsigned *line)
{
	unsigned mode;
	long err = route_pin(facts, f, line, &mode) ? l4_error(l4_icu_set_mode(icu, *line, mode)) : -L4_ENODEV;

	return err < 0 ? err : l4_error(l4_icu_bind(icu, *line, irq));
}

static int bind_msi(l4_cap_idx_t irq, unsigned *line)
{
	unsigned n;

	for (n = 0; n < DEVICE_MESSAGES; n++)
		if (!msi_used[n] && l4_error(l4_icu_bind(icu, L4_ICU_FLAG_MSI | n, irq)) >= 0)
			break;
	if (n == DEVICE_MESSAGES)
		return -L4_ENOMEM;
	msi_used[n] = 1;
	*line = L4_ICU_FLAG_MSI | n;
	return 0;
}

/* One that somebody may still raise is never given to anybody else. */
static void message_free(unsigned line)
{
	unsigned n = line & ~L4_ICU_FLAG_MSI;

	if ((line & L4_ICU_FLAG_MSI) && !interrupts_drop(n))
		msi_used[n] = 0;
}

/* What f writes to trigger it, null: what units do; without an answer the line is given back. */
static int message_of(const struct pci_function *f, unsigned line, l4_icu_msi_info_t *msi)
{
	int err = l4_error(l4_icu_msi_info(icu, line, 0, msi));

	if (err >= 0 && f)
		err = interrupts_message(f, line & ~L4_ICU_FLAG_MSI, msi);
	if (err < 0)
		message_free(line);
	return err;
}

int device_message(l4_cap_idx_t irq, l4_icu_msi_info_t *msi)
{
	unsigned line;
	int err = bind_msi(irq, &line);

	return err < 0 ? err : message_of(0, line, msi);
}

static void msix_set(const struct pci_function *f, unsigned n, const l4_icu_msi_info_t *msi)
{
	char *entry = msix_entry(f, n);

	hw_write32(entry + 0, msi->msi_addr);
	hw_write32(entry + 4, msi->msi_addr >> 32);
	hw_write32(entry + 8, msi->msi_data);
	hw_write32(entry + 12, 0);
}

static void msi_set(const struct pci_function *f, const l4_icu_msi_info_t *msi)
{
	unsigned at = f->caps.msi, control = get(f, at + PCI_MSI_CONTROL, 2);

	put(f, at + PCI_MSI_ADDRESS, 4, msi->msi_addr);
	if (control & PCI_MSI_64)
		put(f, at + PCI_MSI_ADDRESS + 4, 4, msi->msi_addr >> 32);
	put(f, at + (control & PCI_MSI_64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32), 2, msi->msi_data);
	put(f, at + PCI_MSI_CONTROL, 2, (control & ~PCI_MSI_MULTIPLE) | PCI_MSI_ENABLE);
}

/* Bind the object and tell the function how to trigger it. */
static int irq_connect(struct pci_function *f, unsigned n, l4_cap_idx_t irq, unsigned *line)
{
	unsigned kind = device_irq_kind(f);
	l4_icu_msi_info_t msi = { 0 };
	int err = kind == L4RE_PCI_IRQ_INTX ? bind_line(f, irq, line) : bind_msi(irq, line);

	if (err < 0 || kind == L4RE_PCI_IRQ_INTX)
		return err;
	err = message_of(f, *line, &msi);
	if (err < 0)
		return err;
	if (kind == L4RE_PCI_IRQ_MSIX)
		msix_set(f, n, &msi);
	else
		msi_set(f, &msi);
	return 0;
}

/* Deleting the object also frees its line. */
static void irq_delete(struct device *d, unsigned n)
{
	if (!d->irqs[n])
		return;
	l4_task_delete_obj(L4_BASE_TASK_CAP, d->irqs[n]);
	l4re_util_cap_free(d->irqs[n]);
	d->irqs[n] = 0;
	message_free(d->lines[n]);
}

int device_irq(struct pci_function *f, unsigned n, l4_cap_idx_t *irq)
{
	struct device *d = device_of(f);
	l4_cap_idx_t cap;
	int err;

	if (device_irq_kind(f) == L4RE_PCI_IRQ_NONE)
		return -L4_ENODEV;
	if (n >= device_irq_count(f))
		return -L4_ERANGE;
	if (!d->irqs[n]) {
		cap = l4re_util_cap_alloc();
		if (l4_is_invalid_cap(cap))
			return -L4_ENOMEM;
		err = l4_error(l4_factory_create_irq(l4re_env()->factory, cap));
		if (err >= 0)
			err = irq_connect(f, n, cap, &d->lines[n]);
		if (err < 0) {
			l4_task_delete_obj(L4_BASE_TASK_CAP, cap);
			l4re_util_cap_free(cap);
			return err;
		}
		d->irqs[n] = cap;
	}
	*irq = d->irqs[n];
	return 0;
}

/* Memory and ports. */

static struct mapping *map_find(struct device *d, unsigned bar, l4_uint64_t offset, l4_uint64_t bytes)
{
	unsigned i;

	for (i = 0; i < DEVICE_MAPS; i++)
		if (d->maps[i].bytes == bytes && (!bytes || (d->maps[i].bar == bar && d->maps[i].offset == offset)))
			return &d->maps[i];
	return 0;
}

static int range_check(const struct pci_function *f, unsigned bar, l4_uint64_t offset, l4_uint64_t bytes)
{
	l4_uint64_t size = f->bars[bar].bytes;

	if (!(f->bars[bar].flags & L4RE_PCI_BAR_IO))
		size = l4_round_page(size);
	return !bytes || offset > size || bytes > size - offset ? -L4_ERANGE : 0;
}

int device_map(struct pci_function *f, unsigned bar, l4_uint64_t offset, l4_uint64_t bytes, l4_cap_idx_t *ds)
{
	struct mapping *m;
	int err = range_check(f, bar, offset, bytes);

	if (err || (f->bars[bar].flags & L4RE_PCI_BAR_IO) || ((f->bars[bar].address | offset | bytes) & ~L4_PAGEMASK))
		return err ? err : -L4_EINVAL;
	if (pci_msix_overlaps(f, bar, offset, bytes))
		return -L4_EPERM;
	m = map_find(device_of(f), bar, offset, bytes);
	if (!m) {
		m = map_find(device_of(f), 0, 0, 0);
		if (!m)
			return -L4_ENOMEM;
		err = hw_memory_get(&m->memory, f->bars[bar].address + offset, bytes, 0);
		if (err < 0)
			return err;
		m->bar = bar;
		m->offset = offset;
		m->bytes = bytes;
	}
	*ds = m->memory.ds;
	return 0;
}

int device_ports(struct pci_function *f, unsigned bar, l4_uint64_t offset, l4_uint64_t bytes, unsigned *first)
{
	struct mapping *m = map_find(device_of(f), bar, offset, bytes);
	int err = range_check(f, bar, offset, bytes);

	if (err || !(f->bars[bar].flags & L4RE_PCI_BAR_IO))
		return err ? err : -L4_EINVAL;
	if (!m)
		m = map_find(device_of(f), 0, 0, 0);
	if (!m)
		return -L4_ENOMEM;
	*m = (struct mapping){ .bar = bar, .offset = offset, .bytes = bytes };
	*first = f->bars[bar].address + offset;
	return 0;
}

static void ports_revoke(l4_uint64_t first, l4_uint64_t count)
{
	l4_uint64_t port;

	for (port = first; port < first + count; port++)
		l4_task_unmap(L4_BASE_TASK_CAP, l4_iofpage(port, 0), L4_FP_OTHER_SPACES);
}

static void maps_revoke(struct pci_function *f)
{
	struct device *d = device_of(f);
	unsigned i;

	for (i = 0; i < DEVICE_MAPS; i++) {
		struct mapping *m = &d->maps[i];

		if (m->bytes && (f->bars[m->bar].flags & L4RE_PCI_BAR_IO))
			ports_revoke(f->bars[m->bar].address + m->offset, m->bytes);
		hw_memory_put(&m->memory);
		m->bytes = 0;
	}
}

/* Open and close. */

static unsigned decode_bits(const struct pci_function *f)
{
	unsigned n, bits = 0;

	for (n = 0; n < PCI_BARS; n++)
		if (f->bars[n].bytes)
			bits |= f->bars[n].flags & L4RE_PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	return bits;
}

/* All entries masked before any can fire. */
static int msix_enable(struct pci_function *f)
{
	l4_uint64_t first = l4_trunc_page(f->msix_offset);
	l4_uint64_t end = l4_round_page(f->msix_offset + f->msix_entries * PCI_MSIX_ENTRY_BYTES);
	unsigned at = f->caps.msix + PCI_MSIX_CONTROL, n;
	int err;

	if (!f->msix_entries)
		return 0;
	err = hw_memory_get(&device_of(f)->msix, f->bars[f->msix_bar].address + first, end - first, 1);
	if (err < 0)
		return err;
	put(f, at, 2, PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
	for (n = 0; n < f->msix_entries; n++)
		hw_write32(msix_entry(f, n) + 12, PCI_MSIX_ENTRY_MASKED);
	put(f, at, 2, PCI_MSIX_ENABLE);
	return 0;
}

static void irqs_delete(struct pci_function *f)
{
	struct device *d = device_of(f);
	unsigned n;

	for (n = 0; n < DEVICE_IRQS; n++)
		irq_delete(d, n);
	hw_memory_put(&d->msix);
}

static void messages_off(const struct pci_function *f)
{
	if (f->caps.msix)
		put(f, f->caps.msix + PCI_MSIX_CONTROL, 2, 0);
	if (f->caps.msi)
		put(f, f->caps.msi + PCI_MSI_CONTROL, 2, get(f, f->caps.msi + PCI_MSI_CONTROL, 2) & ~PCI_MSI_ENABLE);
}

/*
 * First of all it does no more DMA, messages included; the rest may take its time. Messages are switched off behind the reset: one that
 * the device holds back is due meanwhile, and goes nowhere. QEMU's 82574 does not outlive one that becomes due without MSI-X.
 */
int device_close(struct pci_function *f)
{
	struct device *d = device_of(f);
	int err;

	if (d->fresh && !d->open)
		return 0;
	put(f, PCI_COMMAND, 2, (get(f, PCI_COMMAND, 2) & ~PCI_COMMAND_MASTER) | PCI_COMMAND_INTX_OFF);
	reset_drain(bus, f);
	err = dma_close(f);
	irqs_delete(f);
	maps_revoke(f);
	d->open = 0;
	d->fresh = reset_function(bus, f) >= 0 && !err;
	messages_off(f);
	put(f, PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
	pci_bars_write(bus, f);
	return err;
}

/* Why the IOMMU does not hold f to its DMA space, null if it does. */
static const char *unbound(const struct pci_function *f)
{
	if (!dma_is_remapped(f))
		return 0;
	if (iommu_has_reserved(f))
		return "has memory that firmware reserved for it";
	if (pci_shares_number(bus, f))
		return "is behind a bridge and has no number of its own";
	return reset_bypasses(bus, f) ? "passes by the remapping units" : 0;
}

/* Decoding is on: all that is between the function and its bus mastering. */
static int prepare(struct pci_function *f)
{
	const char *why = unbound(f);
	int err;

	if (why) {
		fmt_log("%02x:%02x.%u %s: not opened\n", f->address >> 8, f->address >> 3 & 31, f->address & 7, why);
		return -L4_EPERM;
	}
	err = dma_open(f);
	return err < 0 ? err : msix_enable(f);
}

int device_open(struct pci_function *f)
{
	struct device *d = device_of(f);
	unsigned command = decode_bits(f) | PCI_COMMAND_INTX_OFF;
	int err;

	device_close(f);
	if (!d->fresh)
		return -L4_EIO;
	reset_power_on(bus, f);
	put(f, PCI_COMMAND, 2, command);
	err = prepare(f);
	if (err < 0) {
		d->fresh = !dma_close(f);
		irqs_delete(f);
		messages_off(f);
		put(f, PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
		return err;
	}
	if (device_irq_kind(f) == L4RE_PCI_IRQ_INTX)
		command &= ~PCI_COMMAND_INTX_OFF;
	put(f, PCI_COMMAND, 2, command);
	d->open = 1;
	d->fresh = d->stopped = 0;
	return 0;
}

int device_master(struct pci_function *f)
{
	if (device_of(f)->stopped)
		return -L4_EPERM;
	put(f, PCI_COMMAND, 2, get(f, PCI_COMMAND, 2) | PCI_COMMAND_MASTER);
	return 0;
}

void device_stop(const struct pci_function *f)
{
	device_of(f)->stopped = 1;
	put(f, PCI_COMMAND, 2, get(f, PCI_COMMAND, 2) & ~PCI_COMMAND_MASTER);
}

l4_uint32_t device_write_mask(const struct pci_function *f, unsigned offset, unsigned bytes)
{
	l4_uint32_t mask = pci_write_mask(offset, bytes);

	return offset == PCI_COMMAND && device_of(f)->stopped ? mask & ~PCI_COMMAND_MASTER : mask;
}
