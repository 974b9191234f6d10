/* SPDX-License-Identifier: MIT */
/*
 * What init tells a Linux server at its entry point: rdi = address of this
 * page. Linux's RAM is guest-physical 0..ram_size, mapped at
 * SKERRY_LINUX_DIRECT_MAP. All selectors are valid in Linux's own task.
 */
#ifndef L4_SYS_LINUX_BOOT_H
#define L4_SYS_LINUX_BOOT_H

#include <l4/sys/types.h>

#define SKERRY_LINUX_BOOT_MAGIC 0x784e694c79724b53UL
#define SKERRY_LINUX_DIRECT_MAP 0xffff888000000000UL
#define SKERRY_LINUX_IMAGE_MAP 0xffffffff80000000UL
#define SKERRY_LINUX_WINDOW 0xfffffe8000000000UL
#define SKERRY_LINUX_UTCB SKERRY_LINUX_WINDOW
#define SKERRY_LINUX_UTCB_ORDER 16
#define SKERRY_LINUX_VCPU(cpu) (SKERRY_LINUX_WINDOW + 0x1000UL * ((cpu) + 1))
#define SKERRY_LINUX_KIP (SKERRY_LINUX_WINDOW + 0x100000UL)
#define SKERRY_LINUX_BOOT (SKERRY_LINUX_WINDOW + 0x101000UL)
/* Windows of virtio sessions are mapped from here on. */
#define SKERRY_LINUX_SESSIONS (SKERRY_LINUX_WINDOW + 0x40000000UL)
#define SKERRY_LINUX_SESSIONS_MAX 8

/** ELF note: name "Skerry", type 1, desc = 8-byte virtual address of the entry point. */
#define SKERRY_NOTE_NAME "Skerry"
#define SKERRY_NOTE_ENTRY 1

/** A virtio session (docs/virtio-l4.md). */
struct skerry_linux_session {
	char name[32];          /**< of the service, 0-terminated */
	l4_uint64_t window;     /**< address at which it is mapped, read and write */
	l4_uint64_t bytes;
	l4_cap_idx_t kick;      /**< IRQ to trigger */
	l4_cap_idx_t notify;    /**< IRQ to bind */
	l4_uint64_t memory;     /**< bytes of RAM, from guest-physical 0 on, that the server may reach; 0: the window alone */
};

#define SKERRY_LINUX_CHANNELS_MAX 8

/** One end of a channel (l4/skerry/channel.h). */
struct skerry_linux_channel {
	char name[32];          /**< 0-terminated */
	l4_uint64_t window;     /**< address of the writer's memory: writable for the writer only */
	l4_uint64_t index;      /**< address of the reader's page: writable for the reader only */
	l4_uint64_t depth;      /**< elements of a queue; 0: a state channel */
	l4_uint32_t size;       /**< bytes of an element */
	l4_uint32_t writes;     /**< 1: Linux writes, 0: it reads */
	l4_cap_idx_t kick;      /**< IRQ to trigger */
	l4_cap_idx_t notify;    /**< IRQ to bind */
};

/** Label of messages to the control gate: L4RE_PROTO_CONTROL of the runtime, which says what they are. */
#define SKERRY_LINUX_PROTO_CONTROL 0x4007L

struct skerry_linux_boot {
	l4_uint64_t magic, version; /* version 1 */
	l4_uint64_t ram_size;
	l4_uint64_t image_start, image_end;   /* guest-physical, the loaded ELF */
	l4_uint64_t initrd_start, initrd_end; /* guest-physical, end exact; 0,0: none */
	l4_uint64_t instance;                 /* number of this Linux among the system's */
	l4_cap_idx_t console;   /* vcon gate, L4_INVALID_CAP if none */
	l4_cap_idx_t parent;    /* exit signal: label 0, mr[0] = 0 exit, mr[1] = 0 power off, 1 reboot, 2 panic; mr[2] = status */
	l4_cap_idx_t first_free_cap; /* slots from here on are Linux's own */
	l4_uint64_t session_count; /* entries of sessions */
	l4_cap_idx_t trace;     /* read-only: counters of the microkernel, L4_INVALID_CAP if none */
	l4_cap_idx_t rtc;       /* the real-time clock's server (l4/sys/rtc.h), L4_INVALID_CAP if none */
	l4_cap_idx_t control;   /* init's control gate (label SKERRY_LINUX_PROTO_CONTROL), L4_INVALID_CAP if none */
	l4_uint64_t channel_count; /* entries of channels */
	l4_uint64_t memory_top; /* guest-physical; behind RAM, channels, mapped at the direct map; without any: ram_size */
	l4_uint64_t reserved[2];
	char name[32];
	char cmdline[2048];
	struct skerry_linux_session sessions[SKERRY_LINUX_SESSIONS_MAX];
	struct skerry_linux_channel channels[SKERRY_LINUX_CHANNELS_MAX];
};

_Static_assert(sizeof(struct skerry_linux_boot) <= 4096, "boot page");

#endif
