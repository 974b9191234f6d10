/* SPDX-License-Identifier: MIT */
/* Bringing a function back to the state it has after power-on. Waits are those the specifications ask for. */
#include "reset.h"
#include "hw.h"

#include <l4/re/c/pci.h>
#include <l4/sys/ipc.h>

#define FLR_US 100000
#define POWER_US 10000
#define POLL_US 1000
#define POLLS 100

static l4_uint32_t get(const struct pci_bus *b, const struct pci_function *f, unsigned offset, unsigned bytes)
{
	return b->config->read(f->address, offset, bytes);
}

static void put(const struct pci_bus *b, const struct pci_function *f, unsigned offset, unsigned bytes, l4_uint32_t value)
{
	b->config->write(f->address, offset, bytes, value);
}

static int is_pending(const struct pci_bus *b, const struct pci_function *f)
{
	if (f->caps.express)
		return get(b, f, f->caps.express + PCI_EXP_DEVICE_STATUS, 2) & PCI_EXP_PENDING;
	return f->caps.af && (get(b, f, f->caps.af + PCI_AF_STATUS, 1) & PCI_AF_PENDING);
}

void reset_drain(const struct pci_bus *b, const struct pci_function *f)
{
	unsigned n;

	for (n = 0; n < POLLS && is_pending(b, f); n++)
		l4_ipc_sleep_us(POLL_US);
}

static int wait_back(const struct pci_bus *b, const struct pci_function *f)
{
	unsigned n;

	for (n = 0; n < POLLS; n++) {
		if (get(b, f, PCI_VENDOR, 2) == f->vendor)
			return 0;
		l4_ipc_sleep_us(POLL_US);
	}
	return -L4_EIO;
}

static int express_has_flr(const struct pci_bus *b, const struct pci_function *f)
{
	return f->caps.express && (get(b, f, f->caps.express + PCI_EXP_DEVICE_CAPS, 4) & PCI_EXP_FLR);
}

static int af_has_flr(const struct pci_bus *b, const struct pci_function *f)
{
	return f->caps.af && (get(b, f, f->caps.af + PCI_AF_CAPS, 1) & PCI_AF_FLR);
}

/* Returns 1 if there is no such reset. */
static int reset_flr(const struct pci_bus *b, const struct pci_function *f)
{
	unsigned e = f->caps.express, af = f->caps.af;

	if (express_has_flr(b, f))
		put(b, f, e + PCI_EXP_DEVICE_CONTROL, 2, get(b, f, e + PCI_EXP_DEVICE_CONTROL, 2) | PCI_EXP_START_FLR);
	else if (af_has_flr(b, f))
		put(b, f, af + PCI_AF_CONTROL, 1, 1);
	else
		return 1;
	l4_ipc_sleep_us(FLR_US);
	return wait_back(b, f);
}

/* virtio: writing 0 to the device status resets; it reads 0 when that is done. */
static int virtio_status_clear(char *common)
{
	unsigned n;

	hw_write8(common + VIRTIO_COMMON_STATUS, 0);
	for (n = 0; n < POLLS; n++) {
		if (!hw_read8(common + VIRTIO_COMMON_STATUS))
			return 0;
		l4_ipc_sleep_us(POLL_US);
	}
	return -L4_EIO;
}

/* The common configuration of a virtio device; 1: there is none, or not where it could be reached. */
static int virtio_map(const struct pci_bus *b, const struct pci_function *f, struct hw_memory *m, char **common)
{
	unsigned at = f->caps.virtio_common, bar;
	l4_uint64_t pa, first;
	l4_uint32_t offset;
	int err;

	if (!at)
		return 1;
	bar = get(b, f, at + VIRTIO_CAP_BAR, 1);
	offset = get(b, f, at + VIRTIO_CAP_OFFSET, 4);
	if (bar >= PCI_BARS || (f->bars[bar].flags & L4RE_PCI_BAR_IO) || f->bars[bar].bytes < VIRTIO_COMMON_STATUS + 1 ||
	    offset > f->bars[bar].bytes - VIRTIO_COMMON_STATUS - 1)
		return 1;
	pa = f->bars[bar].address + offset;
	first = l4_trunc_page(pa);
	err = hw_memory_get(m, first, l4_round_page(pa + VIRTIO_COMMON_STATUS + 1) - first, 1);
	*common = (char *)m->at + (pa - first);
	return err;
}

static int reset_virtio(const struct pci_bus *b, const struct pci_function *f)
{
	struct hw_memory m;
	char *common;
	int err;

	if (f->caps.virtio_common) {
		pci_bars_write(b, f);
		put(b, f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
	}
	err = virtio_map(b, f, &m, &common);
	if (err)
		return err;
	err = virtio_status_clear(common);
	hw_memory_put(&m);
	return err;
}

int reset_bypasses(const struct pci_bus *b, const struct pci_function *f)
{
	l4_uint32_t high = 0;
	struct hw_memory m;
	char *common;

	if (f->vendor != VIRTIO_VENDOR || f->device < VIRTIO_DEVICE_FIRST || f->device > VIRTIO_DEVICE_LAST)
		return 0;
	/* One without this configuration is of the time before the feature. */
	if (virtio_map(b, f, &m, &common))
		return 1;
	hw_write32(common + VIRTIO_COMMON_FEATURE_SELECT, 1);
	high = hw_read32(common + VIRTIO_COMMON_FEATURE);
	hw_memory_put(&m);
	return !(high & VIRTIO_ACCESS_PLATFORM_HIGH);
}

static void power_state(const struct pci_bus *b, const struct pci_function *f, unsigned state)
{
	unsigned at = f->caps.pm + PCI_PM_CONTROL;

	put(b, f, at, 2, (get(b, f, at, 2) & ~PCI_PM_STATE_MASK) | state);
	l4_ipc_sleep_us(POWER_US);
}

static int power_resets(const struct pci_bus *b, const struct pci_function *f)
{
	return f->caps.pm && !(get(b, f, f->caps.pm + PCI_PM_CONTROL, 2) & PCI_PM_NO_SOFT_RESET);
}

static int reset_power(const struct pci_bus *b, const struct pci_function *f)
{
	if (!power_resets(b, f))
		return 1;
	power_state(b, f, PCI_PM_D3HOT);
	power_state(b, f, 0);
	return wait_back(b, f);
}

int reset_function(const struct pci_bus *b, const struct pci_function *f)
{
	int err = reset_flr(b, f);

	if (err > 0)
		err = reset_virtio(b, f);
	if (err > 0)
		err = reset_power(b, f);
	return err;
}

const char *reset_kind(const struct pci_bus *b, const struct pci_function *f)
{
	if (express_has_flr(b, f) || af_has_flr(b, f))
		return "function-level reset";
	if (f->caps.virtio_common)
		return "reset by status";
	return power_resets(b, f) ? "reset by power state" : "no reset of its own";
}

void reset_power_on(const struct pci_bus *b, const struct pci_function *f)
{
	if (f->caps.pm && (get(b, f, f->caps.pm + PCI_PM_CONTROL, 2) & PCI_PM_STATE_MASK))
		power_state(b, f, 0);
}
