/* SPDX-License-Identifier: MIT */
/*
 * Messages of the runtime's servers. Form as for kernel objects: word 0 is the
 * operation, the reply's label 0 or a negative error.
 */
#ifndef L4_RE_PROTOCOLS_H
#define L4_RE_PROTOCOLS_H

/* Message labels. */
#define L4RE_PROTO_DATASPACE 0x4000L
#define L4RE_PROTO_NAMESPACE 0x4001L
#define L4RE_PROTO_PARENT 0x4002L
#define L4RE_PROTO_OBJECT 0x4003L
#define L4RE_PROTO_MEM_ALLOC 0x4004L /**< object type only: an allocator with a quota of its own */
#define L4RE_PROTO_LOG 0x4005L       /**< object type only: log with a prefix */
#define L4RE_PROTO_CONTROL 0x4007L
#define L4RE_PROTO_PHYS 0x4006L      /**< object type only: dataspace of device memory */
#define L4RE_PROTO_DMA 0x4008L       /**< memory that devices reach, see l4re_dma_ops */
#define L4RE_PROTO_PCI 0x4010L       /**< sessions of the PCI manager: l4/re/c/pci.h */
/* 0x4011: l4/sys/rtc.h */

/*
 * Memory allocator: L4_PROTO_FACTORY with mr[0] = type, the new object's
 * capability comes back as an item. What the server keeps for an object is one page, paid by the allocator.
 *   L4RE_PROTO_DATASPACE: mr[1] = bytes, mr[2] = L4RE_MA_*, mr[3] = log2 of the alignment
 *   L4RE_PROTO_MEM_ALLOC: mr[1] = bytes of quota, taken out of this allocator's; mr[2] = L4RE_MA_CREATE_*
 *   L4RE_PROTO_LOG: mr[1..] = prefix, 0-terminated
 *   L4RE_PROTO_NAMESPACE: -
 *   L4_PROTO_SCHEDULER: mr[1] = highest priority, mr[2] = CPU map, mr[3] = budget in ns of all its threads together, mr[4] = its
 *     period, mr[5] = priority of who has used up his; budget 0: unlimited (first allocator)
 *   L4RE_PROTO_PHYS: mr[1] = physical address, mr[2] = bytes, mr[3] = cache attribute; not RAM, and nothing that another
 *     such dataspace has (first allocator, or one made with L4RE_MA_CREATE_DEVICES)
 *   L4_FACTORY_INFO: result mr[0] = quota, mr[1] = used bytes
 */

/*
 * L4_SCHEDULER_RUN_THREAD_OP of a scheduler made so: -L4_EPERM above its priority. With a budget: what its threads may use in one of
 * its periods is at most that; a budget that is given back, by a smaller one or the thread's end, is free again a period later.
 * A thread with a budget of 0 keeps the one it has; without one it runs at no more than the priority of mr[5].
 * Who has one has root's IRQ registered for its end. -L4_EPERM: there is none, or low_prio is above it, or no right W to the thread;
 * -L4_EBUSY: so much is not free, or another IRQ is registered for the thread's end; -L4_ENOMEM: too many threads (32), or no memory.
 */

/** Dataspace operations. */
enum l4re_ds_ops {
	/**
	 * mr[1] = offset, mr[2] = address in the client, mr[3] = rights (L4_FPAGE_*), mr[4] = bytes wanted.
	 * Result: map items for as much of it as one message holds, mr[0] = bytes they cover.
	 */
	L4RE_DS_MAP_OP = 0,
	/** Result mr[0] = bytes, mr[1] = flags (L4RE_DS_F_*), mr[2] = number: what L4RE_DMA_PIN_OP finds it by. */
	L4RE_DS_INFO_OP = 1,
	L4RE_DS_CLEAR_OP = 2, /**< mr[1] = offset, mr[2] = bytes: fill with zero */
	L4RE_DS_ALLOCATE_OP = 3, /**< mr[1] = offset, mr[2] = bytes: memory is always there, checks the range */
};
#define L4RE_DS_F_X 1 /* as L4_FPAGE_* */
#define L4RE_DS_F_PASS_X 8 /* mapping only: to be mapped on executable */
#define L4RE_DS_F_W 2
#define L4RE_DS_F_R 4

/**
 * Memory that devices reach: operations of an allocator made with L4RE_MA_CREATE_DEVICES; -L4_EPERM from others. A
 * pinned dataspace cannot be released, nor can an allocator around it (-L4_EBUSY): its memory stays
 * where it is until it is unpinned. Pins outlive the allocator that made them, as
 * devices outlive their manager; its own dataspaces that it pinned stay with them.
 */
enum l4re_dma_ops {
	/**
	 * mr[1] = number of the dataspace (L4RE_DS_INFO_OP), item: a capability to it. Result mr[0] = pin, mr[1] = bytes.
	 * -L4_EMSGMISSARG no capability; -L4_ENOENT it is not the dataspace of that number, or has no memory of its
	 * own; -L4_ENOMEM too many pins. Who knows the number of a dataspace and has no capability to it gets nowhere, and
	 * the capability is only compared, never called: it may be anything.
	 */
	L4RE_DMA_PIN_OP = 0,
	/** mr[1] = pin, mr[2] = offset. Result mr[0] = physical address, mr[1] = bytes that are contiguous from there. -L4_ENOENT, -L4_ERANGE. */
	L4RE_DMA_PHYS_OP = 1,
	/** mr[1] = pin. -L4_ENOENT: not one of this allocator's. */
	L4RE_DMA_UNPIN_OP = 2,
	/** Unpin all whose allocator is gone: the caller knows that no device reaches their memory any more. */
	L4RE_DMA_DROP_OP = 3,
};

/** Object operations; right S, which only the capability from the allocator has: pass on RW or RO. */
enum l4re_object_ops {
	/** Destroy the object and give its quota back. -L4_EBUSY: devices reach its memory (l4re_dma_ops). */
	L4RE_OBJECT_RELEASE_OP = 0,
};

/** Name space operations: mr[1..] = name, 0-terminated. */
enum l4re_ns_ops {
	L4RE_NS_QUERY_OP = 0,    /**< result: the capability as item; -L4_ENOENT */
	L4RE_NS_REGISTER_OP = 1, /**< item: the capability; mr[1..] = name; right W. -L4_EEXIST */
	L4RE_NS_UNLINK_OP = 2,   /**< right W */
};

/** Parent operations (also plain label 0, as Linux sends it). */
enum l4re_parent_ops {
	L4RE_PARENT_EXIT_OP = 0, /**< mr[1] = 0 exit, 1 reboot, 2 panic; mr[2] = status. Not answered. */
	L4RE_PARENT_READY_OP = 1, /**< the component's services work: who was upgraded has passed its trial */
};

/** Control operations of init; mr[1] = number of the component. -L4_ENOENT: there is none. */
enum l4re_control_ops {
	L4RE_CONTROL_KILL_OP = 0,  /**< as if it had faulted: on_fault decides what follows */
	L4RE_CONTROL_START_OP = 1, /**< start it if it does not run; -L4_EEXIST */
	/**
	 * Result mr[0] = running, mr[1] = restarts, mr[2] = memory used, mr[3] = kernel memory used, mr[4..7] = name, mr[8] = how its
	 * last upgrade went (l4re_upgrade_state), mr[9] = bytes of its program.
	 */
	L4RE_CONTROL_INFO_OP = 2,
	L4RE_CONTROL_TOTALS_OP = 3, /**< result mr[0] = memory in use, mr[1] = kernel memory in use, of the whole system */
	/**
	 * A new program for it, an ELF file of mr[2] bytes, is about to come; what came before is forgotten. -L4_EBUSY: an upgrade is on
	 * trial; -L4_EINVAL: not a native component, or 0 or more than L4RE_PROGRAM_MAX bytes; -L4_ENOMEM.
	 */
	L4RE_CONTROL_PROGRAM_OP = 4,
	/** The next mr[3] bytes of it, mr[4..], which belong at mr[2]. -L4_ERANGE: not what is next, or too much; -L4_EBUSY. */
	L4RE_CONTROL_WRITE_OP = 5,
	/**
	 * Start the component with it, on trial; INFO tells how it goes on. -L4_EINVAL: it is not complete, or no program for this machine;
	 * -L4_ENOENT: the component does not run; -L4_EBUSY. After the
	 * first two it is forgotten.
	 */
	L4RE_CONTROL_UPGRADE_OP = 6,
};

#define L4RE_PROGRAM_MAX (4UL << 20)

/** How a component's last upgrade went. */
enum l4re_upgrade_state {
	L4RE_UPGRADE_NONE = 0,        /**< there was none */
	L4RE_UPGRADE_TRIAL = 1,       /**< the new program runs and has not said that it is ready */
	L4RE_UPGRADE_DONE = 2,        /**< the new program is the component's */
	L4RE_UPGRADE_ROLLED_BACK = 3, /**< it ended, or was not ready in time: the old program runs */
};

#endif
