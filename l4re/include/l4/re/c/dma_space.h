/* SPDX-License-Identifier: MIT */
/*
 * DMA space: what a device reaches. The PCI manager gives the one of an open function (l4re_pci_dma_space()).
 *
 * With an IOMMU the function reaches what is mapped here and nothing else, at addresses of its own. Without
 * one it sees physical addresses and reaches all memory; the same calls then give the address, so that a driver has
 * one way. In both cases mapped memory stays where it is: freeing it is refused (-L4_EBUSY) until it
 * is unmapped or the function is closed, which unmaps everything.
 *
 * All operations: label L4_PROTO_DMA_SPACE, mr[0] = operation; reply label 0 or a negative error. -L4_EBUSY: the
 * function was closed in the meantime; -L4_EMSGTOOSHORT; -L4_ENOSYS; -L4_EBADPROTO.
 */
#ifndef L4_RE_C_DMA_SPACE_H
#define L4_RE_C_DMA_SPACE_H

#include <l4/re/c/dataspace.h>

typedef l4_cap_idx_t l4re_dma_space_t;
typedef l4_uint64_t l4re_dma_space_dma_addr_t;

enum l4re_dma_space_direction {
	L4RE_DMA_SPACE_BIDIRECTIONAL = 0, /**< the device reads and writes */
	L4RE_DMA_SPACE_TO_DEVICE = 1,     /**< it reads */
	L4RE_DMA_SPACE_FROM_DEVICE = 2,   /**< it writes (without an IOMMU it may read too, as everything else) */
};

enum l4re_dma_space_ops {
	/**
	 * mr[1] = number of the dataspace (L4RE_DS_INFO_OP), mr[2] = offset, mr[3] = bytes, mr[4] = direction; item: the
	 * dataspace. Result mr[0] = device address, mr[1] = bytes. Errors: l4re_dma_space_map().
	 */
	L4RE_DMA_SPACE_MAP_OP = 0,
	/** mr[1] = device address, mr[2] = bytes. Errors: l4re_dma_space_unmap(). */
	L4RE_DMA_SPACE_UNMAP_OP = 1,
};

/**
 * Let the device reach [offset, offset + *size) of a dataspace of root's, whole pages. *dma_addr = device address; *size =
 * how much is mapped from there: less than asked for where the memory is in pieces and there is no IOMMU, so that
 * the rest is for another call. attrs: 0. Coherent with caches; each call is a mapping of its own.
 * -L4_EINVAL: not whole pages, nothing, direction or attrs; -L4_ERANGE: outside the dataspace; -L4_EPERM: the device is
 * to write and the capability gives no right to; -L4_ENOENT: no dataspace of root's, or one of device memory;
 * -L4_ENOMEM: too many mappings or page tables for this function, or too many of all; -L4_EIO: the IOMMU does not answer.
 */
long l4re_dma_space_map(l4re_dma_space_t dma, l4re_ds_t src, l4re_ds_offset_t offset, l4_size_t *size, unsigned long attrs,
			enum l4re_dma_space_direction dir, l4re_dma_space_dma_addr_t *dma_addr);
/**
 * Undo one call of map: its address, its size. When it returns the device does not reach the memory any more; without an IOMMU
 * that is the driver's word. attrs and dir: ignored. -L4_ENOENT: no such mapping; -L4_EIO: the IOMMU does not
 * answer, and the memory stays pinned.
 */
long l4re_dma_space_unmap(l4re_dma_space_t dma, l4re_dma_space_dma_addr_t dma_addr, l4_size_t size, unsigned long attrs,
			  enum l4re_dma_space_direction dir);
/**
 * Skerry: let the device read and write [0, bytes) of a dataspace from *dma_addr on, in one piece. -L4_ENOMEM: it is in several (then
 * nothing is mapped), or as for l4re_dma_space_map().
 */
long l4re_dma_space_map_all(l4re_dma_space_t dma, l4re_ds_t src, l4_size_t bytes, l4re_dma_space_dma_addr_t *dma_addr);

#endif
