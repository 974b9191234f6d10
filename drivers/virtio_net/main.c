/* SPDX-License-Identifier: MIT */
/*
 * Network server for a virtio network device on PCI: its clients and the device are ports of a switch.
 *
 * Arguments: device=NAME (first: the function's name in the description, default "net"), bridge=CLIENT and timeout=SECONDS (../net/server.h).
 *
 * A breach of the rules by the device ends the program: its successor resets the device.
 */
#include "nic.h"
#include "../common/common.h"
#include "../net/server.h"
#include "../virtio/virtio_pci.h"
#include "../../l4re/lib/string.h"

#include <l4/re/env.h>
#include <l4/sys/ipc.h>

static struct virtio_pci pci;
static struct nic nic;
static struct nic_memory *memory;
static l4_uint64_t memory_dma, features;

static int send(const struct net_frame *f) { return nic_send(&nic, f); }
static void acknowledge(void) { virtio_pci_ack(&pci); }

static int receive(unsigned budget, void (*take)(const void *frame, unsigned bytes))
{
	return nic_receive(&nic, budget, take);
}

static void flush(void)
{
	unsigned q;

	for (q = 0; q < VIRTIO_NET_QUEUES; q++)
		if (nic_should_kick(&nic, q))
			virtio_pci_kick(&pci, q);
}

static int sending(l4_uint64_t *given, l4_uint64_t *done)
{
	int err = nic_reclaim(&nic);

	*given = nic.given;
	*done = nic.done;
	return err;
}

/* From a reset to work. */
static int run(void)
{
	unsigned q;

	memset(memory, 0, sizeof(*memory));
	for (q = 0; q < VIRTIO_NET_QUEUES; q++) {
		l4_uint64_t at = memory_dma + q * sizeof(struct nic_queue);

		if (virtio_pci_queue(&pci, q, NIC_RING, at + __builtin_offsetof(struct nic_queue, desc),
				     at + __builtin_offsetof(struct nic_queue, avail),
				     at + __builtin_offsetof(struct nic_queue, used)))
			return -L4_EIO;
	}
	nic_init(&nic, memory, memory_dma, features);
	virtio_pci_run(&pci);
	return 0;
}

static int restart(void)
{
	l4_uint64_t again;

	if (virtio_pci_negotiate(&pci, NIC_FEATURES_WANT, NIC_FEATURES_MUST, &again) || again != features)
		return -L4_EIO;
	return run();
}

static void open_device(const char *name, struct net_device *d)
{
	l4_cap_idx_t manager = l4re_env_get_cap("pci");
	struct virtio_net_config config;
	int err = l4_is_valid_cap(manager) ? virtio_pci_open(&pci, manager, name, VIRTIO_ID_NET) : -L4_ENOENT;

	if (err)
		give_up("no device \"%s\": %s (%d)", name, l4sys_errtostr(err), err);
	err = virtio_pci_negotiate(&pci, NIC_FEATURES_WANT, NIC_FEATURES_MUST, &features);
	if (err)
		give_up("the device cannot be used: %s (%d)", l4sys_errtostr(err), err);
	virtio_pci_config(&pci, &config, sizeof(config));
	d->mac = features & VIRTIO_NET_F_MAC ? net_mac(config.mac) : 0;
	d->irq = pci.irq;
	d->features = features & NIC_FEATURES_OFFLOAD;
	memory = net_device_memory(pci.pci, pci.fn, sizeof(*memory), &memory_dma);
	if (run())
		give_up("the device has no two queues of %u", NIC_RING);
}

int main(int argc, char **argv)
{
	struct net_device device = { .send = send, .receive = receive, .acknowledge = acknowledge, .flush = flush, .sending = sending,
				     .restart = restart };

	open_device(argc > 1 && !strncmp(argv[1], "device=", 7) ? argv[1] + 7 : "net", &device);
	net_serve(&device, argc, argv);
}
