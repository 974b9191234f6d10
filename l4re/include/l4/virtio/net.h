/* SPDX-License-Identifier: MIT */
/*
 * Networks for native tasks: Ethernet frames. This one gives everything back that is sent to it:
 *
 *	static struct l4net net;
 *	static unsigned char frame[L4NET_FRAME_MAX], own[6];
 *
 *	int main(void)
 *	{
 *		long bytes = l4net_open(&net, "eth0");
 *
 *		while (bytes >= 0 && (bytes = l4net_receive(&net, frame, sizeof(frame), L4NET_FOREVER)) >= 0) {
 *			memcpy(frame, frame + 6, 6);
 *			memcpy(frame + 6, l4net_mac(&net, own), 6);
 *			bytes = l4net_send(&net, frame, bytes);
 *		}
 *		return 1;
 *	}
 *
 * Frames come as on any network: some are lost, and some that were on their way when the driver was restarted come
 * twice. A session is used by the thread that opened it. A driver that dies and is restarted is not noticed here.
 * Errors of all functions: -L4_ENODEV the driver is gone for good, -L4_EIO it asks for a reset or breaks the rules of the rings: the
 * session must be closed and opened again.
 */
#ifndef L4_VIRTIO_NET_H
#define L4_VIRTIO_NET_H

#include <l4/virtio/client.h>
#include <l4/virtio/net_protocol.h>

#define L4NET_FRAME_MAX 1518 /* without the check sequence */
#define L4NET_FOREVER (~0UL)
#define L4NET_BUFFERS_MAX 128

struct l4net_buffer;

struct l4net {
	struct l4vio_client vio;
	struct vring_client ring[VIRTIO_NET_QUEUES];
	struct virtio_net_config config;
	unsigned buffers;              /**< of each queue: as many as the window has room for */
	/* private: transmit buffers that are not the server's */
	struct l4net_buffer *free[L4NET_BUFFERS_MAX];
	unsigned free_count;
};

/** Open the session "service"; waits until the server is there. Also -L4_ENOENT: there is no such session, -L4_ENOMEM: no room to map it. */
long l4net_open(struct l4net *n, const char *service);
/** Forget the session, also after l4net_open() failed; it can be opened again. */
static inline void l4net_close(struct l4net *n) { l4vio_client_close(&n->vio); }
/** Copy the own address to mac[6]; returns mac. */
l4_uint8_t *l4net_mac(const struct l4net *n, l4_uint8_t *mac);
/**
 * Send a frame; it is copied. Waits while all buffers are the server's. 0; -L4_EINVAL: shorter than its
 * header (14 bytes) or longer than L4NET_FRAME_MAX.
 */
long l4net_send(struct l4net *n, const void *frame, l4_size_t bytes);
/**
 * Wait up to timeout_us microseconds (0: only look; L4NET_FOREVER) for a frame, and copy it. Its length; 0: none came; -L4_EINVAL: room is less than
 * L4NET_FRAME_MAX.
 */
long l4net_receive(struct l4net *n, void *frame, l4_size_t room, l4_uint64_t timeout_us);

#endif
