/* SPDX-License-Identifier: MIT */
/*
 * Disks for native tasks. The simple way copies and waits:
 *
 *	static struct l4blk disk;
 *	static char text[4096];
 *
 *	int main(void)
 *	{
 *		if (l4blk_open(&disk, "disk") < 0 || l4blk_read(&disk, 0, text, sizeof(text)) < 0)
 *			return 1;
 *		text[0]++;
 *		return l4blk_write(&disk, 0, text, sizeof(text)) < 0 || l4blk_flush(&disk) < 0;
 *	}
 *
 * The other way has many requests out and no copies: l4blk_get(), fill in, l4blk_submit(), l4blk_wait(), l4blk_put().
 *
 * A session is used by the thread that opened it. A driver that dies and is restarted is not noticed here: requests
 * take longer. Errors: -L4_EIO the device failed or the request is not right (such as outside the disk), -L4_ENODEV the
 * driver is gone for good, -L4_ENOSYS the disk cannot do that.
 */
#ifndef L4_VIRTIO_BLK_H
#define L4_VIRTIO_BLK_H

#include <l4/virtio/blk_protocol.h>
#include <l4/virtio/client.h>

#define L4BLK_REQUESTS_MAX 32

/** A request; it has data memory of its own in the window. */
struct l4blk_request {
	enum virtio_blk_type type;     /**< IN, OUT, FLUSH, DISCARD, WRITE_ZEROES or GET_ID */
	l4_uint64_t sector;
	l4_uint32_t bytes;             /**< of data for IN and OUT, at most room; multiple of 512 */
	l4_uint32_t sectors;           /**< of DISCARD and WRITE_ZEROES */
	l4_uint32_t flags;             /**< VIRTIO_BLK_UNMAP with WRITE_ZEROES */
	long result;                   /**< when it is done: 0 or a negative error */
	char *data;                    /**< read only; the memory is the caller's between get and submit, wait and put */
	l4_uint32_t room;              /**< read only */
	void *user;                    /**< the caller's */
	struct l4blk_request *next;    /* private, as what follows */
	struct l4blk_slot *slot;
};

struct l4blk {
	struct l4vio_client vio;
	struct vring_client ring;
	struct virtio_blk_config config;
	unsigned requests;             /**< how many there are */
	struct l4blk_request request[L4BLK_REQUESTS_MAX];
	struct l4blk_request *free;
};

/** Open the session "service"; waits until the server is there. */
long l4blk_open(struct l4blk *d, const char *service);
/** Forget the session, also after l4blk_open() failed; it can be opened again. */
static inline void l4blk_close(struct l4blk *d) { l4vio_client_close(&d->vio); }
/** Sectors of 512 bytes. */
static inline l4_uint64_t l4blk_sectors(const struct l4blk *d) { return d->config.capacity; }
/** Nonzero if writing is not allowed. */
static inline int l4blk_read_only(const struct l4blk *d) { return (d->vio.features & VIRTIO_BLK_F_RO) != 0; }

/** Read or write whole sectors, of any number of bytes; waits. All other requests must have been put back. */
long l4blk_read(struct l4blk *d, l4_uint64_t sector, void *to, l4_size_t bytes);
long l4blk_write(struct l4blk *d, l4_uint64_t sector, const void *from, l4_size_t bytes);
/** What has been written is on the disk when this returns. */
long l4blk_flush(struct l4blk *d);
/** The contents of these sectors do not matter any more. */
long l4blk_discard(struct l4blk *d, l4_uint64_t sector, l4_uint32_t sectors);
/** Fill with zeroes; flags: VIRTIO_BLK_UNMAP. */
long l4blk_write_zeroes(struct l4blk *d, l4_uint64_t sector, l4_uint32_t sectors, l4_uint32_t flags);

/** A request to fill in, null if all are out. */
struct l4blk_request *l4blk_get(struct l4blk *d);
/** Start it. 0, or a negative error, after which it is still the caller's. */
long l4blk_submit(struct l4blk *d, struct l4blk_request *r);
/** Wait for any request that is done; null: none will be, *error says why (0: none is out). */
struct l4blk_request *l4blk_wait(struct l4blk *d, long *error);
/** Done with it. */
void l4blk_put(struct l4blk *d, struct l4blk_request *r);

#endif
