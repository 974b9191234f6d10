/* SPDX-License-Identifier: MIT */
/* Address-space layout of native programs, and the runtime's numbers. */
#ifndef L4_RE_CONSTS_H
#define L4_RE_CONSTS_H

#include <l4/sys/consts.h>

/* Programs are linked at L4RE_IMAGE_START; the start-up pages lie at the top of the lower half. */
#define L4RE_IMAGE_START 0x400000UL
#define L4RE_KIP_ADDR 0x00006ffffe000000UL
#define L4RE_ENV_ADDR 0x00006ffffe001000UL
#define L4RE_ENV_SIZE 0x4000UL
#define L4RE_STACK_TOP 0x00006ffffd000000UL
#define L4RE_UTCB_AREA 0x00006fffff000000UL
#define L4RE_UTCB_ORDER 14
/* Further kernel-user memory (more UTCBs, vCPU states) grows upwards from here. */
#define L4RE_KUMEM_START 0x00006fff00000000UL
#define L4RE_KUMEM_END 0x00006ffff0000000UL
/* The region manager's arena. */
#define L4RE_RM_START 0x0000100000000000UL
#define L4RE_RM_END 0x0000600000000000UL

/** auxv entry: address of the environment page. */
#define L4RE_AT_ENV 0xf0

#endif
