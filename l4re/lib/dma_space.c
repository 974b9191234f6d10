/* SPDX-License-Identifier: MIT */
/* Client side of DMA spaces. */
#include <l4/re/c/dma_space.h>
#include <l4/sys/ipc.h>

/* A capability to no dataspace is as good as one to an unknown one: the manager refuses both. */
static long number_of(l4re_ds_t ds, l4_umword_t *number)
{
	l4_utcb_t *u = l4_utcb();
	long err;

	u->msg.mr[0] = L4RE_DS_INFO_OP;
	err = l4_error(l4_invoke(ds, L4RE_PROTO_DATASPACE, 1, u));
	*number = u->msg.mr[2];
	return err == -L4_EBADPROTO ? -L4_ENOENT : err;
}

long l4re_dma_space_map(l4re_dma_space_t dma, l4re_ds_t src, l4re_ds_offset_t offset, l4_size_t *size, unsigned long attrs,
			enum l4re_dma_space_direction dir, l4re_dma_space_dma_addr_t *dma_addr)
{
	l4_msgtag_t tag = l4_msgtag(L4_PROTO_DMA_SPACE, 5, 0, 0);
	l4_utcb_t *u = l4_utcb();
	l4_umword_t number;
	long err;

	if (attrs)
		return -L4_EINVAL;
	err = number_of(src, &number);
	if (err < 0)
		return err;
	u->msg.mr[0] = L4RE_DMA_SPACE_MAP_OP;
	u->msg.mr[1] = number;
	u->msg.mr[2] = offset;
	u->msg.mr[3] = *size;
	u->msg.mr[4] = dir;
	l4_sndfpage_add(l4_obj_fpage(src, 0, L4_CAP_FPAGE_RW), l4_map_obj_control(0, 0), &tag);
	err = l4_error(l4_ipc_call(dma, u, tag, L4_IPC_NEVER));
	if (err < 0)
		return err;
	*dma_addr = u->msg.mr[0];
	*size = u->msg.mr[1];
	return 0;
}

long l4re_dma_space_unmap(l4re_dma_space_t dma, l4re_dma_space_dma_addr_t dma_addr, l4_size_t size, unsigned long attrs,
			  enum l4re_dma_space_direction dir)
{
	l4_utcb_t *u = l4_utcb();

	(void)attrs, (void)dir;
	u->msg.mr[0] = L4RE_DMA_SPACE_UNMAP_OP;
	u->msg.mr[1] = dma_addr;
	u->msg.mr[2] = size;
	return l4_error(l4_invoke(dma, L4_PROTO_DMA_SPACE, 3, u));
}

long l4re_dma_space_map_all(l4re_dma_space_t dma, l4re_ds_t src, l4_size_t bytes, l4re_dma_space_dma_addr_t *dma_addr)
{
	l4_size_t mapped = bytes;
	long err = l4re_dma_space_map(dma, src, 0, &mapped, 0, L4RE_DMA_SPACE_BIDIRECTIONAL, dma_addr);

	if (err < 0 || mapped == bytes)
		return err;
	l4re_dma_space_unmap(dma, *dma_addr, mapped, 0, L4RE_DMA_SPACE_BIDIRECTIONAL);
	return -L4_ENOMEM;
}
