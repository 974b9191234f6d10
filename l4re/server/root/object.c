/* SPDX-License-Identifier: MIT */
/* Objects that clients see, and the quotas that pay for them. */
#include "root.h"
#include "../../lib/string.h"

#include <l4/re/c/mem_alloc.h>

#include <l4/sys/factory.h>
#include <l4/sys/task.h>

int quota_take(struct quota *q, l4_uint64_t bytes)
{
	if (bytes > q->limit - q->used)
		return -L4_ENOMEM;
	q->used += bytes;
	return 0;
}

void quota_return(struct quota *q, l4_uint64_t bytes)
{
	q->used -= bytes;
}

l4_cap_idx_t quota_slot_take(struct quota *q)
{
	l4_cap_idx_t slot;

	if (q->top->slots >= q->top->slots_max)
		return L4_INVALID_CAP;
	slot = slot_alloc();
	if (l4_is_valid_cap(slot))
		q->top->slots++;
	return slot;
}

void quota_slot_return(struct quota *q, l4_cap_idx_t slot)
{
	slot_free(slot);
	q->top->slots--;
}

/* By slot: the frame of the object whose gate is in it; 0: none, or one that is too high up to be noted. */
static l4_uint32_t frame_in_slot[SLOTS_MAX];

static void slot_note(l4_cap_idx_t slot, const struct object *o)
{
	l4_uint64_t frame = o ? window_pa(o) >> L4_PAGESHIFT : 0;

	frame_in_slot[slot >> L4_CAP_SHIFT] = frame >> 32 ? 0 : frame;
}

struct object *object_in_slot(l4_umword_t number)
{
	l4_uint64_t frame = number < SLOTS_MAX ? frame_in_slot[number] : 0;

	return frame ? window_ptr(frame << L4_PAGESHIFT) : 0;
}

static void object_link(struct quota *owner, struct object *o)
{
	o->owner = owner;
	o->prev = 0;
	o->next = owner->objects;
	if (o->next)
		o->next->prev = o;
	owner->objects = o;
}

static void object_unlink(struct object *o)
{
	if (o->prev)
		o->prev->next = o->next;
	else
		o->owner->objects = o->next;
	if (o->next)
		o->next->prev = o->prev;
}

/* A zeroed page with a gate, in this slot, whose label is its address. */
static struct object *object_page(enum object_type type, l4_cap_idx_t slot)
{
	int fresh;
	l4_uint64_t pa = pages_alloc(L4_PAGESHIFT, &fresh);
	struct object *o = window_ptr(pa);

	if (pa == ~0UL)
		return 0;
	memset(o, 0, L4_PAGESIZE);
	o->type = type;
	o->gate = slot;
	if (l4_error(l4_factory_create_gate(L4_BASE_FACTORY_CAP, slot, L4_BASE_THREAD_CAP, (l4_umword_t)o)) < 0) {
		pages_free(pa, L4_PAGESHIFT);
		return 0;
	}
	slot_note(slot, o);
	return o;
}

int object_create(struct quota *owner, enum object_type type, struct object **out)
{
	l4_cap_idx_t slot;
	struct object *o;
	int err = quota_take(owner, L4_PAGESIZE);

	if (err)
		return err;
	slot = quota_slot_take(owner);
	o = l4_is_valid_cap(slot) ? object_page(type, slot) : 0;
	if (!o) {
		if (l4_is_valid_cap(slot))
			quota_slot_return(owner, slot);
		quota_return(owner, L4_PAGESIZE);
		return -L4_ENOMEM;
	}
	object_link(owner, o);
	*out = o;
	return 0;
}

void object_destroy(struct object *o)
{
	l4_task_delete_obj(L4_BASE_TASK_CAP, o->gate);
	if (o->type == OBJECT_DATASPACE)
		dataspace_destroy_contents((struct dataspace *)o);
	else if (o->type == OBJECT_QUOTA)
		quota_destroy_contents((struct quota *)o);
	else if (o->type == OBJECT_NAMESPACE)
		namespace_destroy_contents(o);
	else if (o->type == OBJECT_SCHEDULER)
		scheduler_destroy_contents(o);
	object_unlink(o);
	slot_note(o->gate, 0);
	quota_slot_return(o->owner, o->gate);
	quota_return(o->owner, L4_PAGESIZE);
	pages_free(window_pa(o), L4_PAGESHIFT);
}

struct quota *quota_first(l4_uint64_t limit)
{
	struct quota *q = (struct quota *)object_page(OBJECT_QUOTA, slot_alloc());

	if (!q)
		die("no first quota");
	q->limit = limit;
	q->top = q;
	q->slots_max = ~0U;
	q->privileged = 1;
	return q;
}

int quota_create(struct quota *owner, l4_uint64_t limit, unsigned flags, struct quota **out)
{
	struct object *o;
	int err;

	if (flags & ~L4RE_MA_CREATE_DEVICES)
		return -L4_EINVAL;
	if (flags && !owner->privileged)
		return -L4_EPERM;
	if (owner->depth == QUOTA_DEPTH_MAX)
		return -L4_ERANGE;
	err = quota_take(owner, limit);
	if (err)
		return err;
	err = object_create(owner, OBJECT_QUOTA, &o);
	if (err) {
		quota_return(owner, limit);
		return err;
	}
	*out = (struct quota *)o;
	(*out)->limit = limit;
	(*out)->devices = flags & L4RE_MA_CREATE_DEVICES;
	(*out)->depth = owner->depth + 1;
	(*out)->top = owner->privileged ? *out : owner->top;
	(*out)->slots_max = slots_share(limit);
	return 0;
}

void object_move_up(struct object *o)
{
	struct quota *from = o->owner, *to = from->obj.owner;

	object_unlink(o);
	from->top->slots--;
	to->top->slots++;
	object_link(to, o);
}

/*
 * Recursive; quotas nest at most QUOTA_DEPTH_MAX deep. What devices may reach is kept: it is the outer quota's from then
 * on, which has room for it, since it got all of q's back.
 */
void quota_destroy_contents(struct quota *q)
{
	l4_uint64_t kept = 0;
	struct object *o;

	pins_abandon(q);
	while ((o = q->objects)) {
		struct dataspace *ds = (struct dataspace *)o;

		if (o->type != OBJECT_DATASPACE || !ds->pins) {
			object_destroy(o);
			continue;
		}
		ds->orphan = 1;
		kept += ds->bytes + L4_PAGESIZE;
		object_move_up(o);
	}
	quota_return(q->obj.owner, q->limit - kept);
}
