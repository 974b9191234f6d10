/* SPDX-License-Identifier: MIT */
/* The root server's start and its server loop. */
#include "root.h"
#include "../../lib/fmt.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/sys/task.h>

/*
 * Slots are shared out by memory, so that no client can take those of the others: one for each 16 KiB (more where
 * there is so much memory that this would be too many), and some for everybody.
 */
#define SLOTS_OF_ALL 12288 /* root's and init's own, and SLOTS_FLOOR for each component */
#define SLOTS_FLOOR 128
#define SLOT_MEMORY 0x4000UL
/* A gate, its slot, and what the kernel needs around them. */
#define SLOT_KERNEL_BYTES 192

/* A stack of returned ones above a high-water mark. */
static unsigned short returned[SLOTS_MAX];
static unsigned returned_count, next_slot = L4_BASE_FIRST_FREE_SLOT, slot_count = SLOTS_OF_ALL;
static l4_uint64_t slot_memory = SLOT_MEMORY;

l4_cap_idx_t received_cap;

void slots_init(l4_uint64_t memory_bytes)
{
	while (memory_bytes / slot_memory > SLOTS_MAX - SLOTS_OF_ALL)
		slot_memory *= 2;
	slot_count = SLOTS_OF_ALL + memory_bytes / slot_memory;
}

unsigned slots_share(l4_uint64_t memory_bytes)
{
	return SLOTS_FLOOR + memory_bytes / slot_memory;
}

l4_uint64_t slots_kernel_bytes(void)
{
	return (l4_uint64_t)slot_count * SLOT_KERNEL_BYTES;
}

l4_cap_idx_t slot_alloc(void)
{
	if (returned_count)
		return (l4_cap_idx_t)returned[--returned_count] << L4_CAP_SHIFT;
	return next_slot < slot_count ? (l4_cap_idx_t)next_slot++ << L4_CAP_SHIFT : L4_INVALID_CAP;
}

void slot_free(l4_cap_idx_t slot)
{
	returned[returned_count++] = slot >> L4_CAP_SHIFT;
}

void die(const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	fmt_vtext(text, sizeof(text), format, args);
	va_end(args);
	fmt_log("root: fatal: %s\n", text);
	for (;;)
		l4_ipc_sleep(L4_IPC_NEVER);
}

static int create(struct quota *q, const l4_umword_t *mr, unsigned words, struct object **out)
{
	switch ((long)mr[0]) {
	case L4RE_PROTO_DATASPACE:
		return words < 4 ? -L4_EMSGTOOSHORT : dataspace_create(q, mr[1], mr[2], mr[3], (struct dataspace **)out);
	case L4RE_PROTO_MEM_ALLOC:
		return words < 3 ? -L4_EMSGTOOSHORT : quota_create(q, mr[1], mr[2], (struct quota **)out);
	case L4RE_PROTO_LOG:
		return log_create(q, mr + 1, words - 1, out);
	case L4RE_PROTO_NAMESPACE:
		return namespace_create(q, out);
	case L4_PROTO_SCHEDULER:
		if (!q->privileged)
			return -L4_EPERM;
		return words < 6 ? -L4_EMSGTOOSHORT : scheduler_create(q, mr, out);
	case L4RE_PROTO_PHYS:
		if (!q->privileged && !q->devices)
			return -L4_EPERM;
		return words < 4 ? -L4_EMSGTOOSHORT : device_create(q, mr[1], mr[2], mr[3], (struct dataspace **)out);
	default:
		return -L4_ENODEV;
	}
}

static l4_msgtag_t quota_dispatch(struct quota *q, l4_msgtag_t tag)
{
	l4_umword_t *mr = l4_utcb_mr()->mr;
	struct object *o;
	int err;

	if (l4_msgtag_words(tag) < 1)
		return reply(-L4_EMSGTOOSHORT, 0);
	if (mr[0] == L4_FACTORY_INFO) {
		mr[0] = q->limit;
		mr[1] = q->used;
		return reply(0, 2);
	}
	err = create(q, mr, l4_msgtag_words(tag), &o);
	return err ? reply(err, 0) : reply_object(o, L4_CAP_FPAGE_RWS);
}

/* Which protocol an object answers to. */
static long protocol(const struct object *o)
{
	switch (o->type) {
	case OBJECT_QUOTA: return L4_PROTO_FACTORY;
	case OBJECT_DATASPACE: return L4RE_PROTO_DATASPACE;
	case OBJECT_LOG: return L4_PROTO_LOG;
	case OBJECT_NAMESPACE: return L4RE_PROTO_NAMESPACE;
	default: return L4_PROTO_SCHEDULER;
	}
}

/* Is there memory in it that devices may reach? Not if it goes with an allocator that pinned it itself. */
static int is_pinned(const struct object *o)
{
	if (o->type == OBJECT_DATASPACE)
		return ((const struct dataspace *)o)->pins != 0;
	return o->type == OBJECT_QUOTA && ((const struct quota *)o)->pinned && !((const struct quota *)o)->devices;
}

static l4_msgtag_t object_dispatch(struct object *o, l4_msgtag_t tag, unsigned rights)
{
	if (l4_msgtag_words(tag) < 1 || l4_utcb_mr()->mr[0] != L4RE_OBJECT_RELEASE_OP)
		return reply(-L4_ENOSYS, 0);
	/* Not right W: who may write to shared memory must not be able to take it away from the others. */
	if (!(rights & L4_CAP_RIGHT_S) || !o->owner)
		return reply(-L4_EPERM, 0);
	if (is_pinned(o))
		return reply(-L4_EBUSY, 0);
	object_destroy(o);
	return reply(0, 0);
}

static l4_msgtag_t dispatch(l4_umword_t label, l4_msgtag_t tag)
{
	struct object *o = (struct object *)(label & ~3UL);
	unsigned rights = label & 3;

	if (l4_msgtag_label(tag) == L4RE_PROTO_OBJECT)
		return object_dispatch(o, tag, rights);
	if (l4_msgtag_label(tag) == L4RE_PROTO_DMA && o->type == OBJECT_QUOTA)
		return pin_dispatch((struct quota *)o, tag);
	if (l4_msgtag_label(tag) != protocol(o))
		return reply(-L4_EBADPROTO, 0);
	switch (o->type) {
	case OBJECT_QUOTA: return quota_dispatch((struct quota *)o, tag);
	case OBJECT_DATASPACE: return dataspace_dispatch((struct dataspace *)o, tag, rights);
	case OBJECT_LOG: return log_dispatch(o, tag);
	case OBJECT_NAMESPACE: return namespace_dispatch(o, tag, rights);
	default: return scheduler_dispatch(o, tag);
	}
}

/* A fault of init: nothing works without it, so the best is to say so. */
static void report_fault(l4_msgtag_t tag)
{
	l4_umword_t *mr = l4_utcb_mr()->mr;
	l4_exc_regs_t *e = l4_utcb_exc();

	if (l4_msgtag_is_page_fault(tag))
		die("init: page fault at %lx, ip %lx", mr[0], mr[1]);
	die("init: exception %lu error %lx at ip %lx sp %lx", e->trapno, e->err, e->ip, e->sp);
}

/* A client that did not take the reply's items is told so; one that is gone cannot be. */
static l4_msgtag_t reply_failed(l4_msgtag_t answer, l4_umword_t *label)
{
	l4_utcb_rcv_cap_u(l4_utcb(), received_cap);
	if (l4_msgtag_items(answer))
		return l4_ipc_reply_and_wait(l4_utcb(), reply(-L4_EMSGMISSARG, 0), label,
					     l4_timeout(0, L4_TIMEOUT_NEVER));
	return l4_ipc_wait(l4_utcb(), label, L4_IPC_NEVER);
}

static void serve(void)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag, answer = reply(0, 0);
	l4_umword_t label;

	received_cap = slot_alloc();
	l4_utcb_rcv_cap_u(u, received_cap);
	tag = l4_ipc_wait(u, &label, L4_IPC_NEVER);
	for (;;) {
		unsigned items = l4_msgtag_items(tag);

		if (l4_msgtag_has_error(tag)) {
			tag = reply_failed(answer, &label);
			answer = reply(0, 0);
			continue;
		}
		if (!(label & ~3UL))
			report_fault(tag);
		answer = dispatch(label, tag);
		/* Releasing the capability uses the message registers: only after replies that have no items, in a copy. */
		if (items) {
			l4_umword_t keep[4] = { u->msg.mr[0], u->msg.mr[1], u->msg.mr[2], u->msg.mr[3] };

			l4_task_release_cap(L4_BASE_TASK_CAP, received_cap);
			__builtin_memcpy(u->msg.mr, keep, sizeof(keep));
		}
		l4_utcb_rcv_cap_u(u, received_cap);
		tag = l4_ipc_reply_and_wait(u, answer, &label, l4_timeout(0, L4_TIMEOUT_NEVER));
	}
}

void root_main(void)
{
	const l4_kernel_info_t *kip = (const l4_kernel_info_t *)L4_ROOT_KIP_ADDR;
	struct quota *all;

	if (kip->magic != L4_KIP_MAGIC || kip->version != L4_KIP_VERSION)
		die("unknown kernel interface page");
	pages_init(kip);
	slots_init(pages_free_bytes());
	all = quota_first(pages_free_bytes());
	fmt_log("root: %lu MiB of memory\n", pages_free_bytes() >> 20);
	boot_init(kip, all);
	serve();
}
