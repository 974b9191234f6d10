/* SPDX-License-Identifier: MIT */
/*
 * Network server for an Intel 82574 controller: its clients and the device are ports of a switch.
 *
 * Arguments: device=NAME (first: the function's name in the description, default "net"), bridge=CLIENT and timeout=SECONDS (../net/server.h).
 *
 * A breach of the rules by the device ends the program: its successor resets the device.
 */
#include "e1000e.h"
#include "../common/common.h"
#include "../net/server.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/pci.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/irq.h>

#define PAUSE_US 1000

static struct e1000e controller;
static l4_cap_idx_t irq;
static int line; /* the interrupt is a line: each one masks it */

static void pause(void) { l4_ipc_sleep_us(PAUSE_US); }
static int send(const struct net_frame *f) { return e1000e_send(&controller, f->data, f->bytes); }
static int has_link(void) { return e1000e_has_link(&controller); }
static void flush(void) { e1000e_flush(&controller); }

static int receive(unsigned budget, void (*take)(const void *frame, unsigned bytes))
{
	return e1000e_receive(&controller, budget, take);
}

static int sending(l4_uint64_t *given, l4_uint64_t *done)
{
	e1000e_reclaim(&controller);
	*given = controller.given;
	*done = controller.done;
	return 0;
}

static int restart(void)
{
	l4_uint8_t mac[VIRTIO_NET_MAC_BYTES];

	if (e1000e_reset(&controller, mac))
		return -L4_EIO;
	memset(controller.memory, 0, sizeof(*controller.memory));
	e1000e_start(&controller, controller.memory, controller.dma);
	return 0;
}

static void acknowledge(void)
{
	e1000e_acknowledge(&controller);
	if (line)
		l4_irq_unmask(irq);
}

/* The function of that name, with its registers and its interrupt; its number. */
static long open_function(l4_cap_idx_t pci, const char *name)
{
	long fn = l4re_pci_find(pci, name), err;
	l4_cap_idx_t ds = l4re_util_cap_alloc();
	l4re_pci_info_t info;
	void *at = 0;

	if (fn < 0)
		return fn;
	err = l4re_pci_open(pci, fn);
	if (err >= 0)
		err = l4re_pci_info(pci, fn, &info);
	if (err < 0)
		return err;
	if (info.vendor != E1000E_PCI_VENDOR || info.device != E1000E_PCI_DEVICE)
		return -L4_ENODEV;
	line = info.irq_kind == L4RE_PCI_IRQ_INTX;
	irq = l4re_util_cap_alloc();
	if (l4_is_invalid_cap(irq) || l4_is_invalid_cap(ds))
		return -L4_ENOMEM;
	err = l4re_pci_irq(pci, fn, 0, irq);
	if (err >= 0)
		err = l4re_pci_bar_map(pci, fn, 0, 0, E1000E_REGS_BYTES, ds);
	if (err >= 0)
		err = l4re_rm_attach(&at, E1000E_REGS_BYTES, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT);
	controller = (struct e1000e){ .regs = at, .pause = pause };
	return err < 0 ? err : fn;
}

static void open_device(const char *name, struct net_device *d)
{
	l4_cap_idx_t pci = l4re_env_get_cap("pci");
	long fn = l4_is_valid_cap(pci) ? open_function(pci, name) : -L4_ENOENT;
	l4_uint8_t mac[VIRTIO_NET_MAC_BYTES];
	struct e1000e_memory *memory;
	l4_uint64_t dma;

	if (fn < 0)
		give_up("no device \"%s\": %s (%ld)", name, l4sys_errtostr(fn), fn);
	if (e1000e_reset(&controller, mac))
		give_up("the device does not come out of its reset");
	memory = net_device_memory(pci, fn, sizeof(*memory), &dma);
	e1000e_start(&controller, memory, dma);
	d->mac = net_mac(mac);
	d->irq = irq;
}

int main(int argc, char **argv)
{
	struct net_device device = { .send = send, .receive = receive, .acknowledge = acknowledge, .flush = flush, .sending = sending,
				     .has_link = has_link, .restart = restart };

	open_device(argc > 1 && !strncmp(argv[1], "device=", 7) ? argv[1] + 7 : "net", &device);
	net_serve(&device, argc, argv);
}
