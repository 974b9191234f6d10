/* SPDX-License-Identifier: MIT */
/*
 * A block server without its device: clients' sessions, requests, partitions.
 *
 * A request goes: ring → block_decode() → device, in any number at once → block_complete() → reported in the order
 * of the client's ring. Requests of a session are in a list in that order; the one at its head is the next to be
 * reported. Nothing is kept that a successor would need: docs/virtio-l4.md.
 *
 * No system calls in here, so that it can be tested on the host.
 */
#ifndef BLOCK_H
#define BLOCK_H

#include <l4/virtio/blk_protocol.h>

#include <l4/virtio/session.h>

#define BLOCK_SEGS_MAX 64      /* data segments of a request */
#define BLOCK_REQUESTS_MAX 64  /* outstanding, all sessions together */
#define BLOCK_SESSIONS_MAX 32
#define BLOCK_PIECES_MAX 32    /* of what a client shares, as the device sees it */
/* Data of a request of a client that shares its memory; of another's, its window. */
#define BLOCK_BYTES_MAX (16UL << 20)

/** What the device can do. */
struct block_geometry {
	l4_uint64_t sectors;
	l4_uint32_t block_bytes;       /**< smallest unit that it likes to write */
	l4_uint32_t unit_bytes;        /**< smallest unit that it can read or write, a power of two from 512 */
	l4_uint32_t segs_max;          /**< data segments of a request, at most BLOCK_SEGS_MAX */
	l4_uint32_t seg_bytes_max;     /**< 0: no limit */
	l4_uint64_t features;          /**< VIRTIO_BLK_F_RO, FLUSH, DISCARD, WRITE_ZEROES */
	l4_uint32_t discard_max, write_zeroes_max; /**< sectors */
	l4_uint8_t write_zeroes_unmap;
};

/** A part of a disk. */
struct block_range {
	l4_uint64_t first, sectors;
};

/** What a client shares is in one piece for it; for the device, it need not be. */
struct block_piece {
	l4_uint64_t bus, bytes;        /**< in the client's bus addresses */
	l4_uint64_t dma;               /**< in the device's */
};

/** A piece of a request's data. */
struct block_segment {
	l4_uint64_t addr;              /**< device address */
	char *at;                      /**< the same, as seen here */
	l4_uint32_t len;
};

enum block_request_state { BLOCK_WAITS /* a flush behind others */, BLOCK_AT_DEVICE, BLOCK_DONE };

struct block_session;

struct block_request {
	struct block_request *next;    /**< in the session's list, or free */
	struct block_session *session;
	enum block_request_state state;
	l4_uint64_t due_ns;            /**< when it is too late, if BLOCK_AT_DEVICE */
	unsigned late;                 /**< how often that has been */
	l4_uint16_t head;              /**< of the client's chain */
	l4_uint8_t status;             /**< enum virtio_blk_status */
	l4_uint64_t status_at;         /**< bus address */
	l4_uint32_t written;           /**< bytes of its writable part */
	/* For the device: */
	enum virtio_blk_type type;     /**< IN, OUT, FLUSH, DISCARD or WRITE_ZEROES */
	l4_uint64_t sector;            /**< of the device */
	l4_uint32_t sectors, flags;    /**< of DISCARD, WRITE_ZEROES; flags: VIRTIO_BLK_UNMAP */
	l4_uint64_t bytes;             /**< of IN, OUT */
	unsigned count;
	struct block_segment seg[BLOCK_SEGS_MAX];
};

struct block_session {
	struct l4vio_session vio;
	struct block_service *service;
	struct block_range range;
	int read_only;
	char name[VIRTIO_BLK_ID_BYTES + 1];
	struct block_piece piece[BLOCK_PIECES_MAX];
	unsigned pieces;
	l4_uint64_t bytes_max;         /**< of a request's data */
	struct block_request *first, *last; /**< taken and not reported */
	unsigned out;                  /**< how many these are */
	unsigned number;               /**< for the caller: which one it is */
};

/** What the service calls; all are given once. */
struct block_ops {
	/** Give r to the device; there is room for all requests. */
	void (*submit)(struct block_request *r);
	/** Trigger the client's notify. */
	void (*notify)(struct block_session *s);
	/** Call block_kick(s) again, after others have had their turn. */
	void (*again)(struct block_session *s);
	/** A clock in nanoseconds. */
	l4_uint64_t (*now)(void);
};

struct block_service {
	const struct block_ops *ops;
	struct block_geometry geometry;
	struct block_request requests[BLOCK_REQUESTS_MAX];
	struct block_request *free;
	struct block_session sessions[BLOCK_SESSIONS_MAX];
	unsigned session_count;
	unsigned share;                /**< requests a session may have out: they are never short */
	l4_uint64_t patience_ns;       /**< what a request at the device may take */
	struct vring_chain chain;
};

/** What one client gets. */
struct block_client {
	const char *name;              /**< of the service */
	struct block_range range;
	int read_only;
	void *window;
	l4_uint64_t bytes;
	void *memory;                  /**< what it shares beside the window; null: nothing */
	l4_uint64_t memory_bytes;
	struct block_piece piece[BLOCK_PIECES_MAX]; /**< all of both, in ascending order */
	unsigned pieces;
};

void block_init(struct block_service *b, const struct block_ops *ops, const struct block_geometry *g);
/**
 * Add a session, before the first kick. Null: too many, the range is not on the disk, or its memory is in as many pieces as the device takes
 * segments.
 */
struct block_session *block_session_add(struct block_service *b, const struct block_client *c);
/**
 * All sessions are there: look at every one as if it had been kicked. The device has patience_ns for each request that it gets; 0: as
 * long as it likes.
 */
void block_start(struct block_service *b, l4_uint64_t patience_ns);
/** The client may have changed its page or its ring. */
void block_kick(struct block_session *s);
/** When the first of the requests at the device will be too late, in the clock of `now`; ~0: none is there, or none can be. */
l4_uint64_t block_due(const struct block_service *b);
/**
 * The device has been reset and has nothing more of what it was given. It gets that once more, except for what was too late for the
 * second time, which fails with VIRTIO_BLK_S_IOERR, and what nobody waits for. Returns how many requests failed.
 */
unsigned block_retry(struct block_service *b);
/** The device is done with r. */
void block_complete(struct block_request *r, enum virtio_blk_status status);

/**
 * Make a request of a chain. 1: it is for the device; 0: it has its status already; -L4_EIO: it cannot
 * even be answered.
 */
int block_decode(const struct block_session *s, const struct vring_chain *c, struct block_request *r);

#endif
