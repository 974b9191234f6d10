/* SPDX-License-Identifier: MIT */
/*
 * Memory that devices reach: it must stay where it is until its manager says that they do not any more.
 *
 * A pin belongs to the allocator that asked for it. When that goes away, its devices may still be at work: the pin is
 * then nobody's, and the memory stays until the next manager has stopped them.
 */
#include "root.h"

#include <l4/sys/task.h>

#define PINS_MAX 1024

struct pin {
	struct dataspace *ds; /* null: free */
	struct quota *owner;  /* null: gone */
};

static struct pin pins[PINS_MAX];

static void count(struct dataspace *ds, int by)
{
	struct quota *q;

	ds->pins += by;
	for (q = ds->obj.owner; q; q = q->obj.owner)
		q->pinned += by;
}

/* The dataspace of that number, if the capability that came with the message is one to it. */
static struct dataspace *find(l4_umword_t number)
{
	struct object *o = object_in_slot(number);

	if (!o || o->type != OBJECT_DATASPACE || ((struct dataspace *)o)->foreign || ((struct dataspace *)o)->orphan)
		return 0;
	return l4_error(l4_task_cap_equal(L4_BASE_TASK_CAP, o->gate, received_cap)) == 1 ? (struct dataspace *)o : 0;
}

static l4_msgtag_t op_pin(struct quota *q, l4_umword_t number)
{
	struct dataspace *ds = find(number);
	unsigned n;

	if (!ds)
		return reply(-L4_ENOENT, 0);
	for (n = 0; n < PINS_MAX && pins[n].ds; n++)
		;
	if (n == PINS_MAX)
		return reply(-L4_ENOMEM, 0);
	pins[n] = (struct pin){ ds, q };
	count(ds, 1);
	l4_utcb_mr()->mr[0] = n;
	l4_utcb_mr()->mr[1] = ds->bytes;
	return reply(0, 2);
}

static void unpin(struct pin *p)
{
	struct dataspace *ds = p->ds;

	*p = (struct pin){ 0 };
	count(ds, -1);
	if (!ds->pins && ds->orphan)
		object_destroy(&ds->obj);
}

static struct pin *pin_of(const struct quota *q, l4_umword_t n)
{
	return n < PINS_MAX && pins[n].ds && pins[n].owner == q ? &pins[n] : 0;
}

static l4_msgtag_t op_phys(const struct pin *p, l4_uint64_t offset)
{
	l4_uint64_t pa, bytes;

	if (offset >= p->ds->bytes)
		return reply(-L4_ERANGE, 0);
	pa = dataspace_phys(p->ds, offset, &bytes);
	l4_utcb_mr()->mr[0] = pa;
	l4_utcb_mr()->mr[1] = bytes;
	return reply(0, 2);
}

static l4_msgtag_t op_drop(void)
{
	unsigned n;

	for (n = 0; n < PINS_MAX; n++)
		if (pins[n].ds && !pins[n].owner)
			unpin(&pins[n]);
	return reply(0, 0);
}

void pins_abandon(const struct quota *q)
{
	unsigned n;

	for (n = 0; n < PINS_MAX && q->devices; n++)
		if (pins[n].owner == q)
			pins[n].owner = 0;
}

l4_msgtag_t pin_dispatch(struct quota *q, l4_msgtag_t tag)
{
	static const unsigned char words[] = { [L4RE_DMA_PIN_OP] = 2, [L4RE_DMA_PHYS_OP] = 3, [L4RE_DMA_UNPIN_OP] = 2,
					       [L4RE_DMA_DROP_OP] = 1 };
	const l4_umword_t *mr = l4_utcb_mr()->mr;
	struct pin *p;

	if (!q->devices)
		return reply(-L4_EPERM, 0);
	if (l4_msgtag_words(tag) < 1)
		return reply(-L4_EMSGTOOSHORT, 0);
	if (mr[0] >= sizeof(words))
		return reply(-L4_ENOSYS, 0);
	if (l4_msgtag_words(tag) < words[mr[0]])
		return reply(-L4_EMSGTOOSHORT, 0);
	if (mr[0] == L4RE_DMA_DROP_OP)
		return op_drop();
	/* The slot may hold what came with a message that was broken off. */
	if (mr[0] == L4RE_DMA_PIN_OP)
		return l4_msgtag_items(tag) == 1 ? op_pin(q, mr[1]) : reply(-L4_EMSGMISSARG, 0);
	p = pin_of(q, mr[1]);
	if (!p)
		return reply(-L4_ENOENT, 0);
	if (mr[0] == L4RE_DMA_PHYS_OP)
		return op_phys(p, mr[2]);
	unpin(p);
	return reply(0, 0);
}
