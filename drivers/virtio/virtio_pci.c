/* SPDX-License-Identifier: MIT */
/* A modern virtio device on PCI. */
#include "virtio_pci.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/pci.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/skerry/virtio.h>
#include <l4/sys/irq.h>

/* A capability list longer than the configuration space has a loop. */
#define CAPS_MAX 48
#define RESET_POLLS 1000

static long config(const struct virtio_pci *v, unsigned offset, unsigned bytes)
{
	return l4re_pci_config_read(v->pci, v->fn, offset, bytes);
}

/* Map [offset, offset + bytes) of a BAR. */
static volatile l4_uint8_t *map(const struct virtio_pci *v, unsigned bar, l4_umword_t offset, l4_umword_t bytes)
{
	l4_umword_t first = l4_trunc_page(offset), size = l4_round_page(offset + bytes) - first;
	l4_cap_idx_t ds = l4re_util_cap_alloc();
	void *at = 0;

	if (l4_is_invalid_cap(ds) || l4re_pci_bar_map(v->pci, v->fn, bar, first, size, ds) < 0 ||
	    l4re_rm_attach(&at, size, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) < 0)
		return 0;
	return (volatile l4_uint8_t *)at + (offset - first);
}

static int take_cap(struct virtio_pci *v, unsigned cap)
{
	unsigned bar = config(v, cap + VIRTIO_CAP_BAR, 1), type = config(v, cap + VIRTIO_CAP_TYPE, 1);
	l4_uint32_t offset = config(v, cap + VIRTIO_CAP_OFFSET, 4), bytes = config(v, cap + VIRTIO_CAP_LENGTH, 4);
	volatile l4_uint8_t *at;

	/* The first of each type that can be used counts (4.1.4.1). */
	if (bar > 5 || !bytes || type < VIRTIO_PCI_COMMON || type > VIRTIO_PCI_DEVICE_CFG ||
	    (type == VIRTIO_PCI_COMMON && (v->common || bytes < sizeof(*v->common))) ||
	    (type == VIRTIO_PCI_NOTIFY && v->notify) || (type == VIRTIO_PCI_ISR && v->isr) ||
	    (type == VIRTIO_PCI_DEVICE_CFG && v->config))
		return 0;
	at = map(v, bar, offset, bytes);
	if (!at)
		return -L4_EIO;
	if (type == VIRTIO_PCI_COMMON) {
		v->common = (volatile struct virtio_pci_common *)at;
	} else if (type == VIRTIO_PCI_NOTIFY) {
		v->notify = at;
		v->notify_bytes = bytes;
		v->notify_multiplier = config(v, cap + VIRTIO_CAP_MULTIPLIER, 4);
	} else if (type == VIRTIO_PCI_ISR) {
		v->isr = at;
	} else {
		v->config = at;
		v->config_bytes = bytes;
	}
	return 0;
}

static int find_registers(struct virtio_pci *v)
{
	unsigned cap, i;
	int err = 0;

	if (!(config(v, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES))
		return -L4_ENODEV;
	cap = config(v, PCI_CAPABILITIES, 1) & 0xfc;
	for (i = 0; cap && i < CAPS_MAX && !err; i++) {
		if (config(v, cap, 1) == PCI_CAP_VENDOR)
			err = take_cap(v, cap);
		cap = config(v, cap + 1, 1) & 0xfc;
	}
	if (!err && (!v->common || !v->notify || !v->isr))
		err = -L4_ENODEV;
	return err;
}

static int take_irq(struct virtio_pci *v, const l4re_pci_info_t *info)
{
	v->msix = info->irq_kind == L4RE_PCI_IRQ_MSIX;
	v->irq = l4re_util_cap_alloc();
	return l4_is_invalid_cap(v->irq) ? -L4_ENOMEM : (int)l4re_pci_irq(v->pci, v->fn, 0, v->irq);
}

int virtio_pci_open(struct virtio_pci *v, l4_cap_idx_t pci, const char *name, unsigned type)
{
	l4re_pci_info_t info;
	long fn = l4re_pci_find(pci, name), err;

	if (fn < 0)
		return fn;
	memset(v, 0, sizeof(*v));
	v->pci = pci;
	v->fn = fn;
	err = l4re_pci_open(pci, fn);
	if (err >= 0)
		err = l4re_pci_info(pci, fn, &info);
	if (err < 0)
		return err;
	if (info.vendor != VIRTIO_PCI_VENDOR ||
	    (info.device != VIRTIO_PCI_DEVICE(type) && info.device != VIRTIO_PCI_TRANSITIONAL(type)))
		return -L4_ENODEV;
	err = find_registers(v);
	return err ? (int)err : take_irq(v, &info);
}

static int reset(struct virtio_pci *v)
{
	unsigned i;

	v->common->device_status = 0;
	for (i = 0; i < RESET_POLLS && v->common->device_status; i++)
		l4_ipc_sleep_us(100);
	return v->common->device_status ? -L4_EIO : 0;
}

static l4_uint64_t offered(struct virtio_pci *v)
{
	l4_uint64_t low;

	v->common->device_feature_select = 0;
	low = v->common->device_feature;
	v->common->device_feature_select = 1;
	return low | (l4_uint64_t)v->common->device_feature << 32;
}

int virtio_pci_negotiate(struct virtio_pci *v, l4_uint64_t want, l4_uint64_t must, l4_uint64_t *features)
{
	const unsigned status = L4VIO_S_ACKNOWLEDGE | L4VIO_S_DRIVER;

	if (reset(v))
		return -L4_EIO;
	v->common->device_status = status;
	*features = offered(v) & want;
	if ((*features & must) != must)
		return -L4_ENODEV;
	v->common->driver_feature_select = 0;
	v->common->driver_feature = *features;
	v->common->driver_feature_select = 1;
	v->common->driver_feature = *features >> 32;
	v->common->device_status = status | L4VIO_S_FEATURES_OK;
	return v->common->device_status & L4VIO_S_FEATURES_OK ? 0 : -L4_ENODEV;
}

static void write64(volatile l4_uint32_t *reg, l4_uint64_t value)
{
	reg[0] = value;
	reg[1] = value >> 32;
}

int virtio_pci_queue(struct virtio_pci *v, unsigned n, unsigned size, l4_uint64_t desc, l4_uint64_t avail, l4_uint64_t used)
{
	volatile struct virtio_pci_common *c = v->common;
	l4_uint64_t notify;

	c->queue_select = n;
	if (c->queue_size < size || c->queue_enable)
		return -L4_ENODEV;
	c->queue_size = size;
	notify = (l4_uint64_t)c->queue_notify_off * v->notify_multiplier;
	if (notify + 2 > v->notify_bytes)
		return -L4_ENODEV;
	v->notify_at[n] = notify;
	write64(c->queue_desc, desc);
	write64(c->queue_driver, avail);
	write64(c->queue_device, used);
	if (v->msix) {
		c->config_msix_vector = VIRTIO_MSI_NO_VECTOR;
		c->queue_msix_vector = 0;
		if (c->queue_msix_vector != 0)
			return -L4_ENODEV;
	}
	c->queue_enable = 1;
	return 0;
}

void virtio_pci_run(struct virtio_pci *v)
{
	v->common->device_status = L4VIO_S_ACKNOWLEDGE | L4VIO_S_DRIVER | L4VIO_S_FEATURES_OK | L4VIO_S_DRIVER_OK;
}

void virtio_pci_kick(struct virtio_pci *v, unsigned n)
{
	*(volatile l4_uint16_t *)(v->notify + v->notify_at[n]) = n;
}

void virtio_pci_config(const struct virtio_pci *v, void *out, unsigned bytes)
{
	l4_uint8_t *to = out;
	unsigned i;

	for (i = 0; i < bytes; i++)
		to[i] = i < v->config_bytes ? v->config[i] : 0;
}

void virtio_pci_ack(struct virtio_pci *v)
{
	/* Reading takes the line down; a message has no line. */
	if (!v->msix) {
		(void)*v->isr;
		l4_irq_unmask(v->irq);
	}
}
