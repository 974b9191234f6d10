/* SPDX-License-Identifier: MIT */
/*
 * The root server: owner of all memory.
 *
 * Physical memory is visible at RAM_WINDOW + physical address. Everything root
 * keeps for a client is an `object`: one page at least, charged to the
 * allocator (quota) that created it, and named by an IPC gate whose label is the
 * object's address. An object dies by its release operation or with its
 * quota; deleting the gate first makes sure that no message can name it any more.
 * Root has one thread: an object cannot vanish while it is in use.
 */
#ifndef ROOT_H
#define ROOT_H

#include <l4/sys/ipc.h>
#include <l4/sys/kip.h>
#include <l4/re/protocols.h>

#define RAM_WINDOW 0x0000100000000000UL

#define ALLOC_ORDER_MAX 30

static inline void *window_ptr(l4_uint64_t pa) { return (void *)(RAM_WINDOW + pa); }
static inline l4_uint64_t window_pa(const void *p) { return (l4_addr_t)p - RAM_WINDOW; }

/* pages.c: physical memory in naturally aligned power-of-two blocks. */
void pages_init(const l4_kernel_info_t *kip);
/** A block of 2^order bytes, ~0 if there is none. *fresh: never used since boot. */
l4_uint64_t pages_alloc(unsigned order, int *fresh);
void pages_free(l4_uint64_t pa, unsigned order);
l4_uint64_t pages_free_bytes(void);
/** Kernel memory that the window onto the memory costs when all of it is in pages of 4 KiB. */
l4_uint64_t pages_window_kernel_bytes(void);

enum object_type { OBJECT_QUOTA = 1, OBJECT_DATASPACE, OBJECT_LOG, OBJECT_NAMESPACE, OBJECT_SCHEDULER };

struct quota;

struct object {
	enum object_type type;
	l4_cap_idx_t gate;
	struct quota *owner;          /* pays for the object; null: the first quota */
	struct object *prev, *next;   /* the owner's objects */
};

struct quota {
	struct object obj;
	l4_uint64_t limit, used;
	int privileged;               /* may ask for anything; the first one's */
	int devices;                  /* may ask for device memory */
	unsigned depth;               /* quotas around it */
	unsigned pinned;              /* pins of dataspaces in it and in the quotas inside it */
	struct quota *top;            /* the outermost one below the first: it counts the slots of all in it */
	unsigned slots, slots_max;    /* of the top one */
	struct object *objects;
};
#define QUOTA_DEPTH_MAX 8

/* Memory of a dataspace, in descending order of block size: each block's offset is a multiple of its size. */
struct chunk {
	l4_uint64_t pa_order; /* physical address | order */
};

struct dataspace {
	struct object obj;
	l4_uint64_t bytes;
	unsigned flags;       /* L4RE_DS_F_* */
	unsigned cache;       /* cache attribute of map items */
	int foreign;          /* the memory is not the allocator's: device or boot module */
	int device;           /* root's own mapping of it exists for this dataspace alone */
	l4_uint64_t foreign_pa;
	unsigned pins;        /* devices may reach it: its memory stays */
	int orphan;           /* its allocator is gone: it goes with the last pin */
	unsigned chunk_count;
	struct chunk chunks[];
};
#define CHUNKS_MAX ((L4_PAGESIZE - sizeof(struct dataspace)) / sizeof(struct chunk))

/* object.c */
/** New object of one page with a gate. -L4_ENOMEM. */
int object_create(struct quota *owner, enum object_type type, struct object **out);
void object_destroy(struct object *o);
/** Account bytes to q, -L4_ENOMEM beyond its limit. */
int quota_take(struct quota *q, l4_uint64_t bytes);
void quota_return(struct quota *q, l4_uint64_t bytes);
/** A slot of root's that is kept for q, L4_INVALID_CAP beyond q's share of them. */
l4_cap_idx_t quota_slot_take(struct quota *q);
void quota_slot_return(struct quota *q, l4_cap_idx_t slot);
struct quota *quota_first(l4_uint64_t limit);
/** flags: L4RE_MA_CREATE_DEVICES, from a privileged one only. -L4_ERANGE: nested deeper than QUOTA_DEPTH_MAX. */
int quota_create(struct quota *owner, l4_uint64_t limit, unsigned flags, struct quota **out);
void quota_destroy_contents(struct quota *q);

/** The object whose gate is in that slot, null if it holds none of root's own. */
struct object *object_in_slot(l4_umword_t number);
/** Put o, whose owner goes away, into the next outer quota. */
void object_move_up(struct object *o);

/* pin.c: memory that devices reach */
/** Operations of l4re_dma_ops, from an allocator that may ask for device memory. */
l4_msgtag_t pin_dispatch(struct quota *q, l4_msgtag_t tag);
/** q goes away: its pins stay until its successor drops them. */
void pins_abandon(const struct quota *q);

/* dataspace.c */
int dataspace_create(struct quota *q, l4_uint64_t bytes, unsigned long flags, unsigned align, struct dataspace **out);
int dataspace_foreign(struct quota *q, l4_uint64_t pa, l4_uint64_t bytes, unsigned flags, unsigned cache,
		      struct dataspace **out);
void dataspace_destroy_contents(struct dataspace *ds);
/** Local address of a dataspace made with L4RE_MA_CONTINUOUS. */
void *dataspace_ptr(struct dataspace *ds);
l4_msgtag_t dataspace_dispatch(struct dataspace *ds, l4_msgtag_t tag, unsigned rights);
/** Physical address of offset, *bytes = how many follow it there; offset is inside. */
l4_uint64_t dataspace_phys(const struct dataspace *ds, l4_uint64_t offset, l4_uint64_t *bytes);

/* device.c */
/** -L4_EPERM: that is RAM; -L4_EEXIST: some of it is in another dataspace. */
int device_create(struct quota *q, l4_uint64_t pa, l4_uint64_t bytes, unsigned cache, struct dataspace **out);

/* services.c: log, name space, scheduler proxy. */
int log_create(struct quota *q, const l4_umword_t *words, unsigned count, struct object **out);
l4_msgtag_t log_dispatch(struct object *o, l4_msgtag_t tag);
int namespace_create(struct quota *q, struct object **out);
void namespace_destroy_contents(struct object *o);
l4_msgtag_t namespace_dispatch(struct object *o, l4_msgtag_t tag, unsigned rights);
/** mr as in L4_PROTO_SCHEDULER of l4/re/protocols.h. */
int scheduler_create(struct quota *q, const l4_umword_t *mr, struct object **out);
void scheduler_destroy_contents(struct object *o);
l4_msgtag_t scheduler_dispatch(struct object *o, l4_msgtag_t tag);

/* main.c */
void root_main(void);
/** Most slots that there are. */
#define SLOTS_MAX 0x10000
/** Slots of the own capability space: as many as are worth it with so much memory. */
void slots_init(l4_uint64_t memory_bytes);
/** How many of them a client with so much memory may use. */
unsigned slots_share(l4_uint64_t memory_bytes);
/** Kernel memory that all of them cost, with the gates in them. */
l4_uint64_t slots_kernel_bytes(void);
l4_cap_idx_t slot_alloc(void);
void slot_free(l4_cap_idx_t slot);
/** The slot into which the last message's capability item was received. */
extern l4_cap_idx_t received_cap;

/* boot.c: start init. */
void boot_init(const l4_kernel_info_t *kip, struct quota *all);
/** Kernel clock. */
l4_uint64_t root_clock_ns(void);
/** Has the IRQ, which is bound to nobody, been triggered? Then it is not any more. */
int root_irq_came(l4_cap_idx_t irq);

/** Reply with a result. */
static inline l4_msgtag_t reply(long result, unsigned words) { return l4_msgtag(result, words, 0, 0); }
/** Reply with a capability to o. */
static inline l4_msgtag_t reply_object(struct object *o, unsigned rights)
{
	l4_msgtag_t tag = reply(0, 0);

	l4_sndfpage_add(l4_obj_fpage(o->gate, 0, rights), l4_map_obj_control(0, 0), &tag);
	return tag;
}

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

#endif
