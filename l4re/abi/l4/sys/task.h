/* SPDX-License-Identifier: MIT */
/* Tasks: address space and capability space. */
#ifndef L4_SYS_TASK_H
#define L4_SYS_TASK_H

#include <l4/sys/ipc.h>

/**
 * Map snd_fpage of src_task to dst_task at snd_base (address or selector with
 * map flags, see l4_map_control). Both capabilities need right W.
 * -L4_ENOENT no such task, -L4_EINVAL bad flexpage, -L4_ENOMEM quota of dst_task.
 */
L4_INLINE l4_msgtag_t l4_task_map_u(l4_cap_idx_t dst_task, l4_cap_idx_t src_task, l4_fpage_t snd_fpage,
				    l4_umword_t snd_base, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_TASK_MAP_OP;
	u->msg.mr[1] = src_task;
	u->msg.mr[2] = snd_base | L4_ITEM_MAP;
	u->msg.mr[3] = snd_fpage.raw;
	return l4_invoke(dst_task, L4_PROTO_TASK, 4, u);
}
L4_INLINE l4_msgtag_t l4_task_map(l4_cap_idx_t dst_task, l4_cap_idx_t src_task, l4_fpage_t snd_fpage,
				  l4_umword_t snd_base)
{
	return l4_task_map_u(dst_task, src_task, snd_fpage, snd_base, l4_utcb());
}

/** Revoke the rights of num flexpages in task (map_mask L4_FP_*). Right W; L4_FP_DELETE_OBJ needs D on the objects. */
L4_INLINE l4_msgtag_t l4_task_unmap_batch_u(l4_cap_idx_t task, const l4_fpage_t *fpages, unsigned num,
					    l4_umword_t map_mask, l4_utcb_t *u)
{
	unsigned i;

	if (num > L4_UTCB_GENERIC_DATA_SIZE - 2)
		num = L4_UTCB_GENERIC_DATA_SIZE - 2;
	u->msg.mr[0] = L4_TASK_UNMAP_OP;
	u->msg.mr[1] = map_mask;
	for (i = 0; i < num; i++)
		u->msg.mr[2 + i] = fpages[i].raw;
	return l4_invoke(task, L4_PROTO_TASK, 2 + num, u);
}
L4_INLINE l4_msgtag_t l4_task_unmap_batch(l4_cap_idx_t task, const l4_fpage_t *fpages, unsigned num, l4_umword_t map_mask)
{
	return l4_task_unmap_batch_u(task, fpages, num, map_mask, l4_utcb());
}
L4_INLINE l4_msgtag_t l4_task_unmap_u(l4_cap_idx_t task, l4_fpage_t fpage, l4_umword_t map_mask, l4_utcb_t *u)
{
	return l4_task_unmap_batch_u(task, &fpage, 1, map_mask, u);
}
L4_INLINE l4_msgtag_t l4_task_unmap(l4_cap_idx_t task, l4_fpage_t fpage, l4_umword_t map_mask)
{
	return l4_task_unmap_u(task, fpage, map_mask, l4_utcb());
}

/** Destroy the object in slot obj of task (right D on it) and empty the slot. */
L4_INLINE l4_msgtag_t l4_task_delete_obj_u(l4_cap_idx_t task, l4_cap_idx_t obj, l4_utcb_t *u)
{
	return l4_task_unmap_u(task, l4_obj_fpage(obj, 0, L4_CAP_FPAGE_RWSD), L4_FP_DELETE_OBJ, u);
}
L4_INLINE l4_msgtag_t l4_task_delete_obj(l4_cap_idx_t task, l4_cap_idx_t obj)
{
	return l4_task_delete_obj_u(task, obj, l4_utcb());
}

/** Empty slot cap of task and revoke what was passed on from it. */
L4_INLINE l4_msgtag_t l4_task_release_cap_u(l4_cap_idx_t task, l4_cap_idx_t cap, l4_utcb_t *u)
{
	return l4_task_unmap_u(task, l4_obj_fpage(cap, 0, L4_CAP_FPAGE_RWSD), L4_FP_ALL_SPACES, u);
}
L4_INLINE l4_msgtag_t l4_task_release_cap(l4_cap_idx_t task, l4_cap_idx_t cap)
{
	return l4_task_release_cap_u(task, cap, l4_utcb());
}

/** Label 1 if slot cap of task holds a live object, else 0. */
L4_INLINE l4_msgtag_t l4_task_cap_valid_u(l4_cap_idx_t task, l4_cap_idx_t cap, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_TASK_CAP_INFO_OP;
	u->msg.mr[1] = cap;
	return l4_invoke(task, L4_PROTO_TASK, 2, u);
}
L4_INLINE l4_msgtag_t l4_task_cap_valid(l4_cap_idx_t task, l4_cap_idx_t cap)
{
	return l4_task_cap_valid_u(task, cap, l4_utcb());
}

/** Label 1 if both slots of task hold the same object, else 0. */
L4_INLINE l4_msgtag_t l4_task_cap_equal_u(l4_cap_idx_t task, l4_cap_idx_t a, l4_cap_idx_t b, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_TASK_CAP_INFO_OP;
	u->msg.mr[1] = a;
	u->msg.mr[2] = b;
	return l4_invoke(task, L4_PROTO_TASK, 3, u);
}
L4_INLINE l4_msgtag_t l4_task_cap_equal(l4_cap_idx_t task, l4_cap_idx_t a, l4_cap_idx_t b)
{
	return l4_task_cap_equal_u(task, a, b, l4_utcb());
}

/** Add kernel-user memory (UTCBs, vCPU states) at the flexpage's address. -L4_EEXIST overlap, -L4_ENOMEM. */
L4_INLINE l4_msgtag_t l4_task_add_ku_mem_u(l4_cap_idx_t task, l4_fpage_t *ku_mem, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_TASK_ADD_KU_MEM_OP;
	u->msg.mr[1] = ku_mem->raw;
	return l4_invoke(task, L4_PROTO_TASK, 2, u);
}
L4_INLINE l4_msgtag_t l4_task_add_ku_mem(l4_cap_idx_t task, l4_fpage_t *ku_mem)
{
	return l4_task_add_ku_mem_u(task, ku_mem, l4_utcb());
}

#endif
