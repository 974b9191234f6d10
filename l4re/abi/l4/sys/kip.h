/* SPDX-License-Identifier: MIT */
/* Kernel interface page: facts about the machine, mapped read-only in every task that gets it. */
#ifndef L4_SYS_KIP_H
#define L4_SYS_KIP_H

#include <l4/sys/types.h>

#define L4_KIP_MAGIC 0x79727265536b5356UL
#define L4_KIP_VERSION 1
#define L4_KIP_MEM_MAX 64
#define L4_KIP_MODULES_MAX 16

enum l4_kip_mem_type {
	L4_MEM_RAM = 1,    /**< free RAM: the root task's */
	L4_MEM_KERNEL = 2, /**< the kernel's */
	L4_MEM_MODULE = 3, /**< RAM that holds a boot module */
	L4_MEM_RESERVED = 4,
	L4_MEM_ACPI = 5,
};

typedef struct l4_kip_mem_t {
	l4_uint64_t start, end; /**< physical, end exclusive, page aligned */
	l4_uint64_t type;
} l4_kip_mem_t;

typedef struct l4_kip_module_t {
	l4_uint64_t start, end; /**< physical, end exclusive (exact), start page aligned */
	char name[48];          /**< module command line, 0-terminated, cut */
} l4_kip_module_t;

typedef struct l4_kernel_info_t {
	l4_uint64_t magic, version;
	/* Kernel clock in ns = ((rdtsc - tsc_base) * tsc_mult) >> tsc_shift, in 128 bits. */
	l4_uint64_t tsc_base, tsc_mult, tsc_shift;
	l4_uint64_t tsc_khz;
	l4_uint64_t epoch_ns;      /**< wall-clock time at kernel clock 0, ns since 1970 (from the CMOS clock) */
	l4_uint64_t boot_tsc;      /**< TSC at the kernel's first instruction */
	l4_uint64_t acpi_rsdp;     /**< physical address or 0 */
	l4_uint64_t xcr0;          /**< XSAVE features user code may use, 0: FXSAVE only */
	l4_uint64_t features;      /**< L4_KIP_F_* */
	l4_uint64_t mem_count, module_count;
	l4_kip_mem_t mem[L4_KIP_MEM_MAX];
	l4_kip_module_t modules[L4_KIP_MODULES_MAX];
	char cmdline[256];
} l4_kernel_info_t;
_Static_assert(sizeof(l4_kernel_info_t) <= 4096, "the KIP is a page");

#define L4_KIP_F_FSGSBASE 1
#define L4_KIP_F_PCID 2
#define L4_KIP_F_1G 4

/* Where the kernel maps things for the root task. */
#define L4_ROOT_KIP_ADDR 0x00006ffffffff000UL
#define L4_ROOT_UTCB_ADDR 0x00006fffffffd000UL

/* Programs built with L4_API_FUNCTIONS get the functions with the types; the kernel does not. */
#if defined(L4_API_FUNCTIONS) && !defined(__ASSEMBLER__)
#include <l4/sys/kip_api.h>
#endif

#endif
