/* SPDX-License-Identifier: MIT */
/*
 * The main loop of a network server, and what it asks of its device. Each program under drivers/ that has a network
 * device, or none, fills in a struct net_device and calls net_serve().
 *
 * A device that has frames and a link, and sends none, is reset; one that then sends none either ends the program, as one that breaks its rules does.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "net.h"

/** A device. No function waits. */
struct net_device {
	net_mac_t mac;
	l4_cap_idx_t irq;
	l4_uint64_t features; /**< net_service.uplink_features */
	/** Send: 0; -L4_EBUSY: there is no room; -L4_EIO: the device breaks its rules. The frame is copied. */
	int (*send)(const struct net_frame *f);
	/**
	 * Give up to `budget` received frames to take(), null for one that was too long: 1 if there are more, 0 if not, -L4_EIO: the device
	 * breaks its rules.
	 */
	int (*receive)(unsigned budget, void (*take)(const void *frame, unsigned bytes));
	/** After an interrupt, before receive(). */
	void (*acknowledge)(void);
	/** Tell the device of frames to send and buffers given back. */
	void (*flush)(void);
	/** Frames that it was given, and those of them that it is done with; -L4_EIO: it breaks its rules. */
	int (*sending)(l4_uint64_t *given, l4_uint64_t *done);
	/** Whether it can send now; null: always. What it cannot send is no failure of its own. */
	int (*has_link)(void);
	/** Reset it and start anew: what it was given is lost. -L4_EIO: it does not come out of that. */
	int (*restart)(void);
};

/**
 * Open the sessions and serve; device null: a switch without uplink. Of the program's arguments each bridge=CLIENT names a client whose
 * sessions may send from any address that is no session's own: it has stations behind it. timeout=SECONDS (default 5): how long the device
 * may have frames and send none.
 */
__attribute__((noreturn)) void net_serve(const struct net_device *device, int argc, char **argv);
/**
 * Memory of the driver's own that function fn of the PCI manager's session reaches, zeroed: its address here, and in *dma for the
 * device. Ends the program if there is none.
 */
void *net_device_memory(l4_cap_idx_t pci, unsigned fn, l4_size_t bytes, l4_uint64_t *dma);

#endif
