/* SPDX-License-Identifier: MIT */
/*
 * The system image: what tools/confc makes of a system description, and init
 * reads. Little endian, every table 8-byte aligned, every file page aligned.
 *
 *   header | components | grants | files | strings | file contents
 *
 * Strings are offsets into the string table (0 = ""). init checks every
 * offset: the image is input like any other.
 */
#ifndef L4_RE_SYSTEM_IMAGE_H
#define L4_RE_SYSTEM_IMAGE_H

#include <l4/sys/types.h>

#define SYSIMG_MAGIC 0x676d695379726b53UL /* "SkrySimg" */
#define SYSIMG_VERSION 3
#define SYSIMG_NONE 0xffffffffU

struct sysimg_header {
	l4_uint64_t magic;
	l4_uint32_t version, header_bytes;
	l4_uint64_t total_bytes;
	l4_uint32_t component_count, component_offset;
	l4_uint32_t grant_count, grant_offset;
	l4_uint32_t file_count, file_offset;
	l4_uint32_t string_bytes, string_offset;
	l4_uint32_t name, reserved;
};

enum sysimg_component_type { SYSIMG_NATIVE = 0, SYSIMG_LINUX = 1 };
enum sysimg_policy { SYSIMG_STOP = 0, SYSIMG_RESTART = 1, SYSIMG_SHUTDOWN = 2 };

struct sysimg_component {
	l4_uint32_t name, args;      /* strings */
	l4_uint32_t type;
	l4_uint32_t binary, initrd, initrd_extra; /* files or SYSIMG_NONE */
	l4_uint64_t memory;          /* bytes: native: quota; Linux: RAM */
	l4_uint64_t kernel_memory;   /* bytes of factory quota */
	l4_uint64_t stack;           /* bytes */
	l4_uint32_t prio, max_prio;
	l4_uint64_t cpus;            /* map: the lowest is the first thread's */
	l4_uint64_t budget_ns, period_ns; /* 0: none */
	l4_uint32_t on_exit, on_fault; /* sysimg_policy */
	l4_uint32_t restart_max;
	l4_uint32_t first_grant, grant_count;
	l4_uint32_t mutate;          /* for tests: seed of a wrong bit in the program at each start; 0: none */
	l4_uint64_t heartbeat_ns;    /* 0: none */
	l4_uint64_t backoff_ns;      /* before the first restart; each further one waits twice as long */
	l4_uint64_t stable_ns;       /* who ran so long has its restarts forgotten; 0: never */
	l4_uint64_t ready_ns;        /* a new program must have said by then that it is ready */
	l4_uint64_t deadline_ns;     /* within which the admission check has proven that it has its budget; 0: nothing proven */
	l4_uint32_t low_prio, reserved; /* while its budget is used up; 0: it does not run */
};

enum sysimg_grant_type {
	SYSIMG_G_OFFER = 1, /* name = service */
	/*
	 * name = service, peer = component index that offers it, a = bytes of window: virtio; 0: gate; b = 1: and all memory of the
	 * client, a Linux
	 */
	SYSIMG_G_USE = 2,
	SYSIMG_G_PORTS = 3, /* a = first, b = count */
	SYSIMG_G_IRQ = 4,   /* name, a = line, b = mode (L4_IRQ_F_*) */
	SYSIMG_G_MMIO = 5,  /* name, a = physical address, b = bytes */
	SYSIMG_G_KERNEL_LOG = 7, /* the kernel's log with all rights, as "kernel-log" */
	SYSIMG_G_STATE = 8,   /* a name space that outlives the component, as "state" */
	SYSIMG_G_CONTROL = 9, /* the control gate of init, as "control" */
	SYSIMG_G_SHARED = 6, /* name, a = bytes, b = rights (1: write) */
	SYSIMG_G_PCI = 10,    /* a function that the PCI manager hands out to it, in the manager's order */
	SYSIMG_G_INTERRUPTS = 11, /* the interrupt controller, as "icu" */
	SYSIMG_G_DEVICES = 12, /* its allocator may make dataspaces of device memory */
	SYSIMG_G_CHANNEL = 14, /* name, peer = who is at the other end, a = bytes of an element, b = depth (0: state) * 2 + 1 for the writer */
	SYSIMG_G_TRACE = 13, /* the kernel's counters and trace ring, read-only, as "trace" */
};

struct sysimg_grant {
	l4_uint32_t type, name;
	l4_uint32_t peer, reserved;
	l4_uint64_t a, b;
};

struct sysimg_file {
	l4_uint32_t name, reserved;
	l4_uint64_t offset, bytes;
};

_Static_assert(sizeof(struct sysimg_header) == 64, "image header");
_Static_assert(sizeof(struct sysimg_component) == 152, "image component");
_Static_assert(sizeof(struct sysimg_grant) == 32, "image grant");
_Static_assert(sizeof(struct sysimg_file) == 24, "image file");

#endif
