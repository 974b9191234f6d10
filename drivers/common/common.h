/* SPDX-License-Identifier: MIT */
/* What the servers of devices share. */
#ifndef DRIVERS_COMMON_H
#define DRIVERS_COMMON_H

#include <l4/re/c/dma_space.h>

/** Print the reason and end the program: the successor resets the device. */
__attribute__((noreturn, format(printf, 1, 2))) void give_up(const char *format, ...);
/** The value of argument NAME=..., null if there is none. */
const char *argument(int argc, char **argv, const char *name);
/** The nanoseconds of argument timeout=SECONDS, or of `otherwise` seconds if there is none. Ends the program if it makes no sense. */
l4_uint64_t argument_timeout_ns(int argc, char **argv, unsigned otherwise);
/** Attach a dataspace: its address here, and in *dma for the device. Null: it does not fit, here or there. */
void *dma_attach(l4re_dma_space_t space, l4re_ds_t ds, l4_size_t bytes, l4_uint64_t *dma);
/** The same with new memory of the program's own, zeroed and in one piece. */
void *dma_memory(l4re_dma_space_t space, l4_size_t bytes, l4_uint64_t *dma);

#endif
