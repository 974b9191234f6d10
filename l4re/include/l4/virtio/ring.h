/* SPDX-License-Identifier: MIT */
/*
 * Split rings of virtio 1.2 (section 2.7), both ends.
 *
 * `struct vring_server` is the device's end: a driver server uses it towards its clients. `struct vring_client`
 * is the driver's end: towards a device, and of native clients towards their server. Both take the memory
 * they share for hostile: an entry is read once and checked, nothing is read back that was
 * written, and a breach of the rules is -L4_EIO, after which the ring must not be used any more.
 *
 * No function waits or makes a system call.
 */
#ifndef L4_VIRTIO_RING_H
#define L4_VIRTIO_RING_H

#include <l4/skerry/virtio.h>
#include <l4/sys/consts.h>

#define VRING_SIZE_MAX L4VIO_QUEUE_SIZE_MAX

enum vring_desc_flags { VRING_DESC_NEXT = 1, VRING_DESC_WRITE = 2, VRING_DESC_INDIRECT = 4 };
enum { VRING_AVAIL_NO_INTERRUPT = 1, VRING_USED_NO_NOTIFY = 1 };

struct vring_desc {
	l4_uint64_t addr;
	l4_uint32_t len;
	l4_uint16_t flags, next;
};

struct vring_avail {
	l4_uint16_t flags, idx;
	l4_uint16_t ring[]; /* behind it: used_event */
};

struct vring_used {
	l4_uint16_t flags, idx;
	struct vring_used_entry { l4_uint32_t id, len; } ring[]; /* behind it: l4_uint16_t avail_event */
};

static inline l4_size_t vring_desc_bytes(unsigned size) { return sizeof(struct vring_desc) * size; }
static inline l4_size_t vring_avail_bytes(unsigned size) { return sizeof(struct vring_avail) + 2UL * size + 2; }
static inline l4_size_t vring_used_bytes(unsigned size) { return sizeof(struct vring_used) + 8UL * size + 2; }

/** Whether going from index `old` to `now` passes `event` (section 2.7.7.2). */
static inline int vring_need_event(l4_uint16_t event, l4_uint16_t now, l4_uint16_t old)
{
	return (l4_uint16_t)(now - event - 1) < (l4_uint16_t)(now - old);
}

/** A piece of a buffer, as a bus address. */
struct vring_segment {
	l4_uint64_t addr;
	l4_uint32_t len;
};

/** A chain of descriptors: first what the device reads, then what it writes. */
struct vring_chain {
	l4_uint16_t head;
	unsigned count, readable;             /**< segments, how many of them are read only */
	l4_uint64_t read_bytes, write_bytes;
	struct vring_segment seg[VRING_SIZE_MAX];
};

/* --- the device's end */

struct vring_server {
	char *window;               /**< the shared memory, as seen here */
	l4_uint64_t first, bytes;   /**< bus addresses [first, bytes) are the client's */
	/* To be set after vring_server_init(): rings are in the window. */
	char *memory;               /**< what it shares beside the window, as seen here */
	l4_uint64_t memory_bytes;   /**< bus addresses [L4VIO_MEMORY, L4VIO_MEMORY + memory_bytes); 0: nothing */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	unsigned size;
	l4_uint64_t features;       /**< L4VIO_F_* that were accepted */
	l4_uint16_t next_avail;     /**< next entry to take */
	l4_uint16_t next_used;      /**< next entry to use; next_avail - next_used are out */
	l4_uint16_t signalled;      /**< next_used when it was last decided whether to notify */
};

/**
 * Start with a queue of a client. Continues where `used.idx` says: with a fresh ring
 * that is 0, with one whose server died the first request that was not reported. -L4_EINVAL: size, alignment, or not inside.
 */
int vring_server_init(struct vring_server *r, char *window, l4_uint64_t first, l4_uint64_t bytes,
		      const struct l4vio_queue *q, l4_uint64_t features);
/** Take the next chain: 1, 0 if there is none, -L4_EIO. */
int vring_server_take(struct vring_server *r, struct vring_chain *c);
/**
 * Ask to be told of new buffers (event index or flag). Nonzero if there are some already:
 * they may have come without a kick.
 */
int vring_server_arm(struct vring_server *r);
/** Give back the last n chains that were taken: they are taken again. */
void vring_server_untake(struct vring_server *r, unsigned n);
/** Report the buffer `head` as used, `written` bytes long. In the order of vring_server_take(). */
void vring_server_use(struct vring_server *r, l4_uint16_t head, l4_uint32_t written);
/** Report several at once: the client sees all of them or none. Each id is a head. */
void vring_server_use_all(struct vring_server *r, const struct vring_used_entry *e, unsigned n);
/** After vring_server_use(): whether the client wants to be told. */
int vring_server_should_notify(struct vring_server *r);
/** Local address of a range that a chain named (it has been checked). */
static inline char *vring_server_ptr(const struct vring_server *r, l4_uint64_t addr)
{
	return addr < L4VIO_MEMORY ? r->window + addr : r->memory + (addr - L4VIO_MEMORY);
}

/* --- the driver's end */

struct vring_client {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	unsigned size;
	l4_uint64_t features;
	l4_uint16_t next_avail;
	l4_uint16_t next_used;
	l4_uint16_t kicked;         /**< next_avail at the last kick */
	l4_uint16_t free;           /**< first free descriptor, VRING_SIZE_MAX if none */
	unsigned free_count;
	/* Of each descriptor: the next free or the next of its chain; of a chain's head also the rest. */
	l4_uint16_t next[VRING_SIZE_MAX];
	struct vring_head {
		void *token;        /**< null: no chain out that begins here */
		l4_uint32_t writable;
		l4_uint16_t count;
	} head[VRING_SIZE_MAX];
};

/** Start with empty rings in zeroed memory; size is a power of two, at most VRING_SIZE_MAX. */
void vring_client_init(struct vring_client *r, void *desc, void *avail, void *used, unsigned size, l4_uint64_t features);
/**
 * Make a buffer available: `count` segments, the first `readable` of them for the device to
 * read. token (not null) comes back with it. -L4_ENOMEM: no descriptors left.
 */
int vring_client_add(struct vring_client *r, const struct vring_segment *seg, unsigned count, unsigned readable,
		     void *token);
/** The same with a table of descriptors that the caller filled, at bus address `table`; `writable` = bytes the device may write. */
int vring_client_add_indirect(struct vring_client *r, l4_uint64_t table, unsigned count, l4_uint32_t writable, void *token);
/** Whether the device wants to be told of what was added since the last time. */
int vring_client_should_kick(struct vring_client *r);
/** A buffer that came back: 1, *token and *written; 0 if there is none; -L4_EIO. */
int vring_client_get(struct vring_client *r, void **token, l4_uint32_t *written);
/** Ask to be told of the next buffer that comes back. Nonzero if there is one already. */
int vring_client_arm(struct vring_client *r);

#endif
