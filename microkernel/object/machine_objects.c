// SPDX-License-Identifier: GPL-2.0-only
/* Objects for the root task alone: physical memory and platform control; and the debugger object. */
#include "arch.h"
#include "object.h"
#include "transfer.h"

/* --- physical memory */

static enum space_cache cache_of(u64 va_word, bool ram)
{
	if (ram)
		return SPACE_WB;
	return (va_word & L4_FPAGE_CACHE_MASK) == L4_FPAGE_BUFFERABLE ? SPACE_WC : SPACE_UC;
}

/* Enter it in the largest pages that fit; preemptible, progress in op_cursor. */
static int physmem_map(struct thread *from, l4_fpage_t fp, u64 va_word)
{
	unsigned int order = fpage_order(fp), step;
	u64 pa = fpage_addr(fp), va = va_word & L4_PAGEMASK, bytes = BIT(order);
	enum space_cache cache;

	if (fpage_type(fp) != L4_FPAGE_MEMORY || order < 12 || order > 40 || (pa | va) & (bytes - 1))
		return -L4_EINVAL;
	if (!arch_phys_is_user(pa, bytes))
		return -L4_EPERM;
	cache = cache_of(va_word, arch_phys_is_ram(pa, bytes));
	step = order >= 30 && (kip.features & L4_KIP_F_1G) ? 30 : order >= 21 ? 21 : 12;
	ipc_progress_start(from);
	while (from->op_cursor < bytes) {
		int err = space_enter(&from->task->space, va + from->op_cursor, pa + from->op_cursor, step,
				      fpage_rights(fp), cache);
		if (err)
			return err;
		from->op_cursor += BIT(step);
		if (preempt_point())
			return -E_PREEMPTED;
	}
	return 0;
}

static l4_mword_t physmem_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	l4_umword_t *mr = from->utcb->msg.mr;

	if (tag_label(tag) != L4_PROTO_PHYSMEM)
		return tag_error(-L4_EBADPROTO);
	if (tag_words(tag) < 3)
		return tag_error(-L4_EMSGTOOSHORT);
	if (!(rights & L4_CAP_RIGHT_W))
		return tag_error(-L4_EPERM);
	if (mr[0] != L4_PHYSMEM_MAP_OP)
		return tag_error(-L4_ENOSYS);
	return tag_error(physmem_map(from, (l4_fpage_t){ mr[1] }, mr[2]));
}

const struct kobject_ops physmem_ops = { .invoke = physmem_invoke, .type = KOBJ_PHYSMEM };

/* --- platform control */

static l4_mword_t platform_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	l4_umword_t *mr = from->utcb->msg.mr;

	if (tag_label(tag) != L4_PROTO_META)
		return tag_error(-L4_EBADPROTO);
	if (tag_words(tag) < 2)
		return tag_error(-L4_EMSGTOOSHORT);
	if (!(rights & L4_CAP_RIGHT_W))
		return tag_error(-L4_EPERM);
	if (mr[0] != L4_PLATFORM_SHUTDOWN_OP)
		return tag_error(-L4_ENOSYS);
	if ((mr[1] & 0xff) > 2)
		return tag_error(-L4_EINVAL);
	arch_shutdown(mr[1]);
}

const struct kobject_ops platform_ops = { .invoke = platform_invoke, .type = KOBJ_PLATFORM };

/* --- debugger */

static l4_mword_t debugger_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	unsigned int words = tag_words(tag), have;
	struct kobject *obj;

	if (tag_label(tag) != L4_PROTO_DEBUGGER)
		return tag_error(-L4_EBADPROTO);
	if (words < 2)
		return tag_error(-L4_EMSGTOOSHORT);
	obj = cap_lookup(&from->task->caps, mr[1] >> L4_CAP_SHIFT, &have);
	if (!obj)
		return tag_error(-L4_ENOENT);
	switch (mr[0]) {
	case L4_DEBUGGER_NAME_OP:
		kobject_set_name(obj, (const char *)(mr + 2), (words - 2) * sizeof(*mr));
		return tag_make(0, 0);
	case L4_DEBUGGER_GLOBAL_ID_OP:
		mr[0] = obj->id;
		return tag_make(0, 1);
	default:
		return tag_error(-L4_ENOSYS);
	}
}

const struct kobject_ops debugger_ops = { .invoke = debugger_invoke, .type = KOBJ_DEBUGGER };
