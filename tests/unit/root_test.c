// SPDX-License-Identifier: MIT
/*
 * The root server on a machine of 100 MiB: memory blocks, dataspaces, quotas, name spaces, all through its messages.
 * The kernel here knows which page of root's window is mapped how, and who else has it: nobody may lose a page by what
 * happens to others, or get one that is in use or not zero.
 * sources: l4re/server/root/pages.c l4re/server/root/object.c l4re/server/root/dataspace.c l4re/server/root/pin.c
 * sources: l4re/server/root/services.c l4re/server/root/device.c l4re/lib/fmt.c
 * cflags: -Il4re/include -DL4_API_FUNCTIONS -include tests/unit/support/fake_calls.h -Wno-attributes
 */
#include "../../l4re/server/root/main.c"

#include <l4/sys/scheduler.h>
#include <l4/sys/skerry.h>
#include <l4/sys/vcon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "support/check.h"
#include "support/random.h"

/* Behind what the address sanitizer keeps for itself at the start of the window. */
#define RAM_PA 0x100000000UL
#define RAM_BYTES (100UL << 20)
#define PAGES (RAM_BYTES / L4_PAGESIZE)
#define SLOTS 65536
#define LIVE_MAX 200

static l4_utcb_t utcb;
static struct quota *first;
static l4_umword_t gate_label[SLOTS]; /* by slot; 0: empty */
static unsigned char leaf[PAGES];     /* order of the window's page, 0: not mapped */
static unsigned char held[PAGES];     /* a client has it */
static unsigned long gates_left = ~0UL;
static l4_sched_param_t ran; /* the scheduler was last asked for that */
static long scheduler_says;
static l4_uint64_t clock_ns;
static struct { l4_umword_t end; int dead; } threads[64]; /* by number: the label of the IRQ for its end */

/* --- the kernel */

l4_utcb_t *fake_utcb(void)
{
	return &utcb;
}

static void log_line(const unsigned char *text, unsigned long bytes);

static unsigned long page_of(l4_addr_t window)
{
	CHECK(window >= RAM_WINDOW + RAM_PA && window < RAM_WINDOW + RAM_PA + RAM_BYTES);
	return (window - RAM_WINDOW - RAM_PA) / L4_PAGESIZE;
}

static void unmap(l4_addr_t begin, l4_addr_t last, l4_umword_t mask)
{
	unsigned long i, from = page_of(begin), to = page_of(last);

	for (i = from; i <= to; i++) {
		unsigned long pages = 1UL << (leaf[i] - L4_PAGESHIFT), start = i & ~(pages - 1);

		CHECK(leaf[i]);
		/* A page that is revoked in part is revoked whole. */
		CHECK(start >= from && start + pages - 1 <= to);
		if (mask & L4_FP_ALL_SPACES)
			CHECK(!held[i]);
		held[i] = 0;
	}
	for (i = from; i <= to && (mask & L4_FP_ALL_SPACES); i++)
		leaf[i] = 0;
}

static long physmem_map(const l4_umword_t *mr)
{
	l4_fpage_t f = { mr[1] };
	unsigned order = l4_fpage_size(f), size = order >= L4_SUPERPAGESHIFT ? L4_SUPERPAGESHIFT : L4_PAGESHIFT;
	unsigned long i, at = page_of(mr[2] & L4_PAGEMASK);

	CHECK(order < L4_GIGAPAGESHIFT && l4_fpage_memaddr(f) + RAM_WINDOW == (mr[2] & L4_PAGEMASK));
	CHECK(!(l4_fpage_memaddr(f) & ((1UL << order) - 1)));
	for (i = at; i < at + (1UL << (order - L4_PAGESHIFT)); i++) {
		CHECK(!leaf[i]);
		leaf[i] = size;
	}
	return 0;
}

static long task_op(const l4_umword_t *mr, unsigned words)
{
	l4_fpage_t f = { mr[2] };
	unsigned long slot;

	switch (mr[0]) {
	case L4_TASK_UNMAP_RANGE_OP:
		unmap(mr[2], mr[3], mr[1]);
		return 0;
	case L4_TASK_CAP_INFO_OP:
		if (words == 3)
			return gate_label[mr[1] >> L4_CAP_SHIFT] && gate_label[mr[1] >> L4_CAP_SHIFT] == gate_label[mr[2] >> L4_CAP_SHIFT];
		return gate_label[mr[1] >> L4_CAP_SHIFT] != 0;
	case L4_TASK_UNMAP_OP:
		if (((f.raw >> L4_FPAGE_TYPE_SHIFT) & 3) == L4_FPAGE_MEMORY) {
			unmap(l4_fpage_memaddr(f), l4_fpage_memaddr(f) + (1UL << l4_fpage_size(f)) - L4_PAGESIZE, mr[1]);
			return 0;
		}
		slot = l4_fpage_page(f);
		if (slot < SLOTS)
			gate_label[slot] = 0;
		return 0;
	default:
		CHECK(0);
		return 0;
	}
}

#define IRQ_LABEL 0x10000UL
static unsigned long irqs;

static int is_thread(l4_umword_t number)
{
	return number && number < 64;
}

/* A thread told by its number has an IRQ for its end. */
static long register_end(l4_umword_t thread, l4_umword_t irq)
{
	CHECK(is_thread(thread) && irq >= IRQ_LABEL);
	if (threads[thread].end && !threads[thread].dead)
		return -L4_EBUSY;
	threads[thread].end = irq;
	threads[thread].dead = 0;
	return 0;
}

int root_irq_came(l4_cap_idx_t irq)
{
	for (unsigned i = 0; i < 64; i++)
		if (threads[i].dead && threads[i].end == gate_label[irq >> L4_CAP_SHIFT])
			return 1;
	return 0;
}

l4_msgtag_t fake_call(l4_cap_idx_t dest, l4_msgtag_t tag)
{
	const l4_umword_t *mr = utcb.msg.mr;
	long result = 0;

	if (dest == L4_BASE_FACTORY_CAP) {
		int irq = mr[0] == (l4_umword_t)L4_PROTO_IRQ_SENDER;

		CHECK(irq || mr[0] == (l4_umword_t)L4_PROTO_KOBJECT);
		CHECK(!gate_label[utcb.buf.br[0] >> L4_CAP_SHIFT]);
		if (!gates_left)
			return l4_msgtag(-L4_ENOMEM, 0, 0, 0);
		gates_left--;
		gate_label[utcb.buf.br[0] >> L4_CAP_SHIFT] = irq ? IRQ_LABEL + irqs++ : mr[2];
	} else if (dest == L4_BASE_SCHEDULER_CAP) {
		CHECK(mr[0] == L4_SCHEDULER_RUN_THREAD_OP);
		ran = (l4_sched_param_t){ { mr[1], mr[2] }, mr[3], mr[4], mr[5], mr[6], mr[7] };
		result = gate_label[mr[8] >> L4_CAP_SHIFT] ? scheduler_says : -L4_ENOENT;
	} else if (dest == L4_BASE_PHYSMEM_CAP) {
		result = physmem_map(mr);
	} else if (dest == L4_BASE_TASK_CAP) {
		result = task_op(mr, l4_msgtag_words(tag));
	} else if (gate_label[dest >> L4_CAP_SHIFT] >= IRQ_LABEL && l4_msgtag_label(tag) == L4_PROTO_KOBJECT) {
		CHECK(mr[0] == L4_RCV_EP_BIND_OP);
		if (!(mr[1] & L4_INVALID_CAP) && !is_thread(gate_label[mr[1] >> L4_CAP_SHIFT]))
			result = -L4_ENOENT;
	} else if (l4_msgtag_label(tag) == L4_PROTO_THREAD) {
		CHECK(mr[0] == L4_THREAD_REGISTER_DEL_IRQ_OP);
		result = register_end(gate_label[dest >> L4_CAP_SHIFT], gate_label[mr[1] >> L4_CAP_SHIFT]);
	} else {
		CHECK(dest == L4_BASE_LOG_CAP && !strstr((const char *)&mr[2], "fatal"));
		log_line((const unsigned char *)&mr[2], mr[1]);
	}
	return l4_msgtag(result, 0, 0, 0);
}

/* Whole lines of printable text. */
static void log_line(const unsigned char *text, unsigned long bytes)
{
	CHECK(bytes && bytes <= L4_VCON_WRITE_SIZE && text[bytes - 1] == '\n');
	while (--bytes > 0)
		CHECK((text[bytes - 1] >= ' ' && text[bytes - 1] != 0x7f) || text[bytes - 1] == '\t');
}

l4_uint64_t root_clock_ns(void)
{
	return clock_ns;
}

void boot_init(const l4_kernel_info_t *kip, struct quota *all)
{
}

/* --- a client: sends messages to objects, which it knows by their labels */

static l4_msgtag_t send(struct object *o, unsigned rights, long proto, unsigned words, unsigned items)
{
	return dispatch((l4_umword_t)o | rights, l4_msgtag(proto, words, items, 0));
}

/* What came as the answer's item. */
static struct object *item_object(void)
{
	return (struct object *)gate_label[l4_fpage_page((l4_fpage_t){ utcb.msg.mr[1] })];
}

static long create_object(struct quota *q, long type, l4_umword_t a, l4_umword_t b, l4_umword_t c, struct object **out)
{
	l4_msgtag_t tag;

	utcb.msg.mr[0] = type;
	utcb.msg.mr[1] = a;
	utcb.msg.mr[2] = b;
	utcb.msg.mr[3] = c;
	tag = send(&q->obj, 0, L4_PROTO_FACTORY, 4, 0);
	if (l4_msgtag_label(tag) < 0)
		return l4_msgtag_label(tag);
	CHECK(l4_msgtag_items(tag) == 1 && !l4_msgtag_words(tag));
	*out = item_object();
	return 0;
}

static long release_with(struct object *o, unsigned rights)
{
	utcb.msg.mr[0] = L4RE_OBJECT_RELEASE_OP;
	return l4_msgtag_label(send(o, rights, L4RE_PROTO_OBJECT, 1, 0));
}

static long release(struct object *o)
{
	return release_with(o, L4_CAP_RIGHT_S);
}

/* The pages of a dataspace, mapped as a client does. With each one what the client does with it. */
static void ds_pages(struct object *ds, l4_uint64_t bytes, void (*page)(unsigned long page, unsigned long mark), unsigned long mark)
{
	l4_uint64_t done = 0;

	while (done < bytes) {
		unsigned i, n;
		l4_uint64_t got, sum = 0;
		l4_msgtag_t tag;

		utcb.msg.mr[0] = L4RE_DS_MAP_OP;
		utcb.msg.mr[1] = done;
		utcb.msg.mr[2] = 0x10000000 + done;
		utcb.msg.mr[3] = L4_FPAGE_RW;
		utcb.msg.mr[4] = bytes - done;
		tag = send(ds, L4_CAP_RIGHT_W, L4RE_PROTO_DATASPACE, 5, 0);
		n = l4_msgtag_items(tag);
		got = utcb.msg.mr[0];
		CHECK(l4_msgtag_label(tag) == 0 && l4_msgtag_words(tag) == 1 && n >= 1);
		for (i = 0; i < n; i++) {
			l4_fpage_t f = { utcb.msg.mr[2 + 2 * i] };
			unsigned long at = page_of(l4_fpage_memaddr(f)), k;

			for (k = 0; k < 1UL << (l4_fpage_size(f) - L4_PAGESHIFT); k++)
				page(at + k, mark);
			sum += 1UL << l4_fpage_size(f);
		}
		CHECK(sum == got);
		done += got;
	}
	CHECK(done == bytes);
}

static unsigned long *words_of(unsigned long page)
{
	return window_ptr(RAM_PA + page * L4_PAGESIZE);
}

static void page_first(unsigned long page, unsigned long mark)
{
	unsigned long *w = words_of(page), i;

	CHECK(!held[page] && leaf[page]);
	for (i = 0; i < 512; i++)
		CHECK(!w[i]);
	held[page] = 1;
	w[0] = w[1] = w[2] = w[511] = mark;
}

static void page_still(unsigned long page, unsigned long mark)
{
	const unsigned long *w = words_of(page);

	CHECK(held[page] && w[0] == mark && w[1] == mark && w[2] == mark && w[511] == mark);
}

/* --- checks */

struct live {
	struct object *o;
	struct quota *from;
	l4_uint64_t bytes; /* of a dataspace */
	unsigned long mark;
};
static struct live live[LIVE_MAX];
static unsigned live_count;

static unsigned gates(void)
{
	unsigned i, n = 0;

	for (i = 0; i < SLOTS; i++)
		n += gate_label[i] != 0;
	return n;
}

static void random_dataspace(struct quota *q, unsigned long mark)
{
	static const l4_uint64_t kinds[] = { 0x1000, 0x10000, 0x200000, 0x300000, 0x700000, 0x1800000 };
	struct live *l = &live[live_count];
	l4_uint64_t used = q->used, free = pages_free_bytes();
	unsigned continuous = random_below(2);

	l->bytes = random_below(2) ? kinds[random_below(6)] : 1 + random_below(kinds[random_below(6)]);
	if (create_object(q, L4RE_PROTO_DATASPACE, l->bytes, continuous ? L4RE_MA_CONTINUOUS : 0,
			  continuous ? random_below(24) : 0, &l->o) < 0) {
		CHECK(q->used == used && pages_free_bytes() == free);
		return;
	}
	l->bytes = l4_round_page(l->bytes);
	l->from = q;
	l->mark = mark;
	CHECK(q->used == used + l->bytes + L4_PAGESIZE);
	ds_pages(l->o, l->bytes, page_first, mark);
	live_count++;
}

static void drop(unsigned n)
{
	struct live l = live[n];

	if (l.bytes)
		ds_pages(l.o, l.bytes, page_still, l.mark);
	CHECK(release_with(l.o, L4_CAP_RIGHT_W) == -L4_EPERM);
	CHECK(release(l.o) == 0);
	live[n] = live[--live_count];
}

/* A quota with dataspaces in it goes away at once. */
static void drop_quota(struct quota *q)
{
	unsigned i;

	for (i = live_count; i-- > 0;)
		if (live[i].from == q) {
			ds_pages(live[i].o, live[i].bytes, page_still, live[i].mark);
			live[i] = live[--live_count];
		}
	CHECK(release(&q->obj) == 0);
}

static void check_memory(void)
{
	l4_uint64_t used = first->used, free = pages_free_bytes();
	unsigned before = gates(), slots = first->slots;
	struct quota *sub = 0;
	unsigned long i;

	for (i = 1; i < 2000; i++) {
		switch (random_below(8)) {
		case 0:
			if (!sub)
				create_object(first, L4RE_PROTO_MEM_ALLOC, 0x1000000, 0, 0, (struct object **)&sub);
			else
				drop_quota(sub), sub = 0;
			break;
		case 1: case 2: case 3:
			if (live_count)
				drop(random_below(live_count));
			break;
		default:
			if (live_count < LIVE_MAX)
				random_dataspace(sub && random_below(2) ? sub : first, i);
		}
		/* Kernel memory can run out at any gate. */
		gates_left = random_below(10) ? ~0UL : 0;
	}
	gates_left = ~0UL;
	if (sub)
		drop_quota(sub);
	while (live_count)
		drop(0);
	CHECK(first->used == used && pages_free_bytes() == free && gates() == before && first->slots == slots);
}

/* The part of a large block that is given back must not take the used part's pages with it. */
static void check_tail(void)
{
	struct object *three, *other[64];
	unsigned i;

	CHECK(create_object(first, L4RE_PROTO_DATASPACE, 0x300000, L4RE_MA_CONTINUOUS, 0, &three) == 0);
	ds_pages(three, 0x300000, page_first, 7);
	for (i = 0; i < 64; i++)
		CHECK(create_object(first, L4RE_PROTO_DATASPACE, 0x4000, 0, 0, &other[i]) == 0);
	ds_pages(three, 0x300000, page_still, 7);
	for (i = 0; i < 64; i++)
		CHECK(release(other[i]) == 0);
	ds_pages(three, 0x300000, page_still, 7);
	CHECK(release(three) == 0);
}

/* No client gets the slots of the others, however it nests its quotas. */
static void check_slots(void)
{
	struct object *q = &first->obj, *o;
	struct quota *sub;
	unsigned before = gates(), depth, count = 0;
	l4_umword_t bytes;

	CHECK(create_object(first, L4RE_PROTO_MEM_ALLOC, 0x800000, 0, 0, &q) == 0);
	sub = (struct quota *)q;
	for (depth = 1, bytes = 0x600000; create_object((struct quota *)q, L4RE_PROTO_MEM_ALLOC, bytes, 0, 0, &q) == 0; depth++)
		bytes -= 0x80000;
	CHECK(depth == QUOTA_DEPTH_MAX);
	CHECK(create_object((struct quota *)q, L4RE_PROTO_MEM_ALLOC, 0x1000, 0, 0, &o) == -L4_ERANGE);
	while (create_object(random_below(2) ? (struct quota *)q : sub, L4RE_PROTO_LOG, 0x61, 0, 0, &o) == 0)
		count++;
	CHECK(gates() - before <= slots_share(0x800000) + 1 && count > 100);
	CHECK(create_object(first, L4RE_PROTO_LOG, 0x61, 0, 0, &o) == 0 && release(o) == 0);
	CHECK(release(&sub->obj) == 0 && gates() == before);
}

static long register_cap(struct object *ns, unsigned n, unsigned items)
{
	l4_umword_t label = items;

	utcb.msg.mr[0] = L4RE_NS_REGISTER_OP;
	utcb.msg.mr[1] = 0x41 + n % 26;
	utcb.msg.mr[1] |= (l4_umword_t)(0x41 + n / 26) << 8;
	gate_label[received_cap >> L4_CAP_SHIFT] = label;
	return l4_msgtag_label(send(ns, L4_CAP_RIGHT_W, L4RE_PROTO_NAMESPACE, 2, items));
}

static void check_names(void)
{
	struct object *ns;
	unsigned i, n = 0, slots = first->slots;

	CHECK(create_object(first, L4RE_PROTO_NAMESPACE, 0, 0, 0, &ns) == 0);
	while (register_cap(ns, n, 1) == 0)
		n++;
	CHECK(n > 50 && first->slots == slots + 1 + n);
	/* A full name space costs nothing more. */
	for (i = 0; i < 1000; i++)
		CHECK(register_cap(ns, 600, 1) == -L4_ENOMEM);
	CHECK(register_cap(ns, 0, 1) == -L4_EEXIST);
	CHECK(first->slots == slots + 1 + n);
	utcb.msg.mr[0] = L4RE_NS_UNLINK_OP;
	utcb.msg.mr[1] = 0x4141;
	CHECK(l4_msgtag_label(send(ns, 0, L4RE_PROTO_NAMESPACE, 2, 0)) == -L4_EPERM);
	CHECK(l4_msgtag_label(send(ns, L4_CAP_RIGHT_W, L4RE_PROTO_NAMESPACE, 2, 0)) == 0);
	/* What is still in the slot from another message is not the sender's. */
	gate_label[received_cap >> L4_CAP_SHIFT] = 1;
	CHECK(register_cap(ns, 0, 0) == -L4_EMSGMISSARG);
	CHECK(register_cap(ns, 0, 1) == 0);
	gate_label[received_cap >> L4_CAP_SHIFT] = 0;
	CHECK(release(ns) == 0 && first->slots == slots);
}

/* --- memory that devices reach */

static long dma_op(struct quota *q, l4_umword_t op, l4_umword_t a, l4_umword_t b, unsigned items)
{
	utcb.msg.mr[0] = op;
	utcb.msg.mr[1] = a;
	utcb.msg.mr[2] = b;
	return l4_msgtag_label(send(&q->obj, 0, L4RE_PROTO_DMA, 3, items));
}

static l4_umword_t number_of(struct object *ds)
{
	utcb.msg.mr[0] = L4RE_DS_INFO_OP;
	CHECK(l4_msgtag_label(send(ds, 0, L4RE_PROTO_DATASPACE, 1, 0)) == 0);
	return utcb.msg.mr[2];
}

/* With a capability to `item` in the message. */
static long pin(struct quota *q, l4_umword_t number, struct object *item)
{
	long err;

	gate_label[received_cap >> L4_CAP_SHIFT] = (l4_umword_t)item;
	err = dma_op(q, L4RE_DMA_PIN_OP, number, 0, 1);
	gate_label[received_cap >> L4_CAP_SHIFT] = 0;
	return err < 0 ? err : (long)utcb.msg.mr[0];
}

static struct quota *manager_create(void)
{
	struct object *o;

	CHECK(create_object(first, L4RE_PROTO_MEM_ALLOC, 0x100000, L4RE_MA_CREATE_DEVICES, 0, &o) == 0);
	return (struct quota *)o;
}

static void check_pin_errors(struct quota *manager, struct quota *driver, struct object *ds, struct object *other)
{
	l4_umword_t number = number_of(ds);

	CHECK(pin(driver, number, ds) == -L4_EPERM && pin(first, number, ds) == -L4_EPERM);
	CHECK(pin(manager, number, other) == -L4_ENOENT && pin(manager, number_of(other), ds) == -L4_ENOENT);
	CHECK(pin(manager, ~0UL, ds) == -L4_ENOENT && pin(manager, number, NULL) == -L4_ENOENT);
	CHECK(pin(manager, driver->obj.gate >> L4_CAP_SHIFT, &driver->obj) == -L4_ENOENT);
	gate_label[received_cap >> L4_CAP_SHIFT] = (l4_umword_t)ds;
	CHECK(dma_op(manager, L4RE_DMA_PIN_OP, number, 0, 0) == -L4_EMSGMISSARG);
	gate_label[received_cap >> L4_CAP_SHIFT] = 0;
	CHECK(dma_op(manager, L4RE_DMA_UNPIN_OP, 0, 0, 0) == -L4_ENOENT);
	CHECK(dma_op(manager, L4RE_DMA_PHYS_OP, ~0UL, 0, 0) == -L4_ENOENT);
	CHECK(dma_op(manager, 4, 0, 0, 0) == -L4_ENOSYS);
	utcb.msg.mr[0] = L4RE_DMA_PHYS_OP;
	CHECK(l4_msgtag_label(send(&manager->obj, 0, L4RE_PROTO_DMA, 2, 0)) == -L4_EMSGTOOSHORT);
	CHECK(l4_msgtag_label(send(&manager->obj, 0, L4RE_PROTO_DMA, 0, 0)) == -L4_EMSGTOOSHORT);
}

/* All addresses of a pinned dataspace are those that a client maps. */
static void check_phys(struct quota *manager, long n, l4_uint64_t bytes)
{
	l4_uint64_t at = 0;

	while (at < bytes) {
		unsigned long page, end;

		CHECK(dma_op(manager, L4RE_DMA_PHYS_OP, n, at, 0) == 0 && utcb.msg.mr[1] && utcb.msg.mr[1] <= bytes - at);
		page = page_of(RAM_WINDOW + utcb.msg.mr[0]);
		for (end = page + utcb.msg.mr[1] / L4_PAGESIZE; page < end; page++)
			CHECK(held[page]);
		at += utcb.msg.mr[1];
	}
	CHECK(dma_op(manager, L4RE_DMA_PHYS_OP, n, bytes, 0) == -L4_ERANGE);
}

/* Pinned memory stays with who has it, whoever ends, and comes back exactly. */
static void check_pins(void)
{
	l4_uint64_t used = first->used, free = pages_free_bytes();
	unsigned before = gates(), slots = first->slots, i;
	struct quota *manager = manager_create(), *next;
	struct object *driver, *ds, *other, *own, *more;
	long n;

	CHECK(create_object(first, L4RE_PROTO_MEM_ALLOC, 0x800000, 0, 0, &driver) == 0);
	CHECK(create_object((struct quota *)driver, L4RE_PROTO_DATASPACE, 0x305000, 0, 0, &ds) == 0);
	CHECK(create_object((struct quota *)driver, L4RE_PROTO_DATASPACE, 0x1000, 0, 0, &other) == 0);
	CHECK(create_object(manager, L4RE_PROTO_DATASPACE, 0x9000, 0, 0, &own) == 0);
	check_pin_errors(manager, (struct quota *)driver, ds, other);
	ds_pages(ds, 0x305000, page_first, 1);
	ds_pages(own, 0x9000, page_first, 2);
	n = pin(manager, number_of(ds), ds);
	CHECK(n >= 0);
	check_phys(manager, n, 0x305000);
	CHECK(pin(manager, number_of(own), own) >= 0);
	CHECK(release(ds) == -L4_EBUSY && release(driver) == -L4_EBUSY && release(other) == 0);
	next = manager_create();
	CHECK(dma_op(next, L4RE_DMA_UNPIN_OP, n, 0, 0) == -L4_ENOENT);
	/* The manager goes: what devices reach stays as it is, its own memory too, though it is nobody's to find. */
	CHECK(release(&manager->obj) == 0);
	CHECK(pin(next, own->gate >> L4_CAP_SHIFT, own) == -L4_ENOENT);
	CHECK(release(ds) == -L4_EBUSY);
	CHECK(create_object(next, L4RE_PROTO_DATASPACE, 0x20000, 0, 0, &more) == 0);
	for (i = 0; i < 0x20; i++)
		CHECK(dma_op(next, L4RE_DMA_UNPIN_OP, i, 0, 0) == -L4_ENOENT);
	ds_pages(ds, 0x305000, page_still, 1);
	ds_pages(own, 0x9000, page_still, 2);
	CHECK(dma_op(next, L4RE_DMA_DROP_OP, 0, 0, 0) == 0);
	CHECK(release(ds) == 0 && release(driver) == 0 && release(&next->obj) == 0);
	CHECK(first->used == used && pages_free_bytes() == free && gates() == before && first->slots == slots);
}

/* Pins run out cleanly. */
static void check_pins_all(void)
{
	struct quota *manager = manager_create();
	struct object *ds;
	unsigned n = 0;

	CHECK(create_object(first, L4RE_PROTO_DATASPACE, 0x1000, 0, 0, &ds) == 0);
	while (pin(manager, number_of(ds), ds) >= 0)
		n++;
	CHECK(n == 1024 && pin(manager, number_of(ds), ds) == -L4_ENOMEM);
	while (n-- > 1)
		CHECK(dma_op(manager, L4RE_DMA_UNPIN_OP, n, 0, 0) == 0);
	CHECK(release(ds) == -L4_EBUSY);
	CHECK(dma_op(manager, L4RE_DMA_UNPIN_OP, 0, 0, 0) == 0);
	CHECK(release(ds) == 0 && release(&manager->obj) == 0 && !first->pinned);
}

/* Any words for any operation of any object: nothing breaks, and nothing is gained that was not before. */
static void check_nonsense(void)
{
	static const long protos[] = { L4_PROTO_FACTORY, L4RE_PROTO_DATASPACE, L4_PROTO_LOG, L4RE_PROTO_NAMESPACE,
				       L4RE_PROTO_OBJECT, L4RE_PROTO_DMA };
	static const l4_umword_t edges[] = { 0, 1, 2, 4095, 4096, 0x7fffffffffffffff, ~0UL, 1UL << 46, 1UL << 63 };
	unsigned long used = first->used, i, k;
	struct object *q, *o[4], *made;
	l4_msgtag_t tag;

	CHECK(create_object(first, L4RE_PROTO_MEM_ALLOC, 0x400000, 0, 0, &q) == 0);
	o[0] = q;
	CHECK(create_object((struct quota *)q, L4RE_PROTO_DATASPACE, 0x5000, 0, 0, &o[1]) == 0);
	CHECK(create_object((struct quota *)q, L4RE_PROTO_LOG, 0x1b61620a, 0x41, 0, &o[2]) == 0);
	CHECK(create_object((struct quota *)q, L4RE_PROTO_NAMESPACE, 0, 0, 0, &o[3]) == 0);
	for (i = 0; i < 60000; i++) {
		for (k = 0; k < 63; k++)
			utcb.msg.mr[k] = random_below(3) ? random_below(8) : random_below(3) ? edges[random_below(9)] : seed;
		if (!random_below(4))
			utcb.msg.mr[0] = L4RE_PROTO_DATASPACE + random_below(8);
		made = o[random_below(4)];
		/* No right S: they stay. Real clearing of all memory is tested elsewhere. */
		tag = send(made, random_below(2), protos[random_below(6)], random_below(64), 0);
		CHECK(l4_msgtag_items(tag) * 2 + l4_msgtag_words(tag) <= 63);
		CHECK(((struct quota *)q)->used <= 0x400000);
		for (k = 0; k < l4_msgtag_items(tag) && made == q; k++)
			if (random_below(4))
				release(item_object());
	}
	CHECK(release(q) == 0 && first->used == used);
}

/* A thread, told by its number, is run by a scheduler. */
static long run(struct object *s, l4_umword_t thread, unsigned prio, l4_umword_t budget, l4_umword_t period, unsigned low)
{
	static const l4_sched_param_t none;
	l4_umword_t *mr = utcb.msg.mr;
	l4_msgtag_t tag;

	ran = none;
	gate_label[received_cap >> L4_CAP_SHIFT] = thread;
	mr[0] = L4_SCHEDULER_RUN_THREAD_OP;
	mr[1] = 0;
	mr[2] = 1;
	mr[3] = prio;
	mr[4] = 0;
	mr[5] = budget;
	mr[6] = period;
	mr[7] = low;
	tag = send(s, 0, L4_PROTO_SCHEDULER, 9, 1);
	gate_label[received_cap >> L4_CAP_SHIFT] = 0;
	return l4_msgtag_label(tag);
}

static struct object *scheduler_with(l4_umword_t budget, l4_umword_t period, l4_umword_t low)
{
	l4_umword_t *mr = utcb.msg.mr;

	mr[0] = L4_PROTO_SCHEDULER;
	mr[1] = 50;
	mr[2] = 1;
	mr[3] = budget;
	mr[4] = period;
	mr[5] = low;
	CHECK(l4_msgtag_label(send(&first->obj, 0, L4_PROTO_FACTORY, 5, 0)) == -L4_EMSGTOOSHORT);
	CHECK(l4_msgtag_label(send(&first->obj, 0, L4_PROTO_FACTORY, 6, 0)) == 0);
	return item_object();
}

/* Threads are told by their numbers; the kernel forgets those that are deleted. */
static void revoke_thread(l4_umword_t thread)
{
	unsigned i;

	for (i = 0; i < SLOTS; i++)
		if (gate_label[i] == thread)
			gate_label[i] = 0;
}

static void delete_thread(l4_umword_t thread)
{
	revoke_thread(thread);
	threads[thread].dead = 1;
}

/* All threads together never have more than the component. */
static void check_shares(void)
{
	unsigned before = gates(), i;
	struct object *s = scheduler_with(1000, 10000, 0);

	CHECK(run(s, 1, 51, 1000, 10000, 0) == -L4_EPERM);
	CHECK(run(s, 1, 50, 0, 0, 0) == -L4_EPERM && !ran.prio);
	CHECK(run(s, 1, 50, 1001, 10000, 0) == -L4_EBUSY && !ran.prio);
	CHECK(run(s, 1, 50, ~0UL, ~0UL, 0) == -L4_EBUSY && run(s, 1, 50, ~0UL, 1, 0) == -L4_EBUSY);
	CHECK(run(s, 1, 50, 1, 1, 0) == -L4_EBUSY && run(s, 1, 50, 100, 999, 0) == -L4_EBUSY);
	CHECK(run(s, 1, 50, 1000, 10000, 1) == -L4_EPERM);
	scheduler_says = -L4_EINVAL;
	CHECK(run(s, 1, 50, 1000, 10000, 0) == -L4_EINVAL);
	scheduler_says = 0;
	CHECK(run(s, 1, 50, 1000, 10000, 0) == 0 && ran.budget == 1000 && ran.period == 10000);
	CHECK(run(s, 2, 50, 1, 10000, 0) == -L4_EBUSY);
	/* it keeps what it has, whatever else changes */
	CHECK(run(s, 1, 40, 0, 0, 0) == 0 && ran.prio == 40 && ran.budget == 1000 && ran.period == 10000);
	/* what it gives back is free a period later */
	CHECK(run(s, 1, 40, 400, 20000, 0) == 0 && run(s, 2, 50, 1, 10000, 0) == -L4_EBUSY);
	clock_ns += 9999;
	CHECK(run(s, 2, 50, 1, 10000, 0) == -L4_EBUSY);
	clock_ns += 1;
	CHECK(run(s, 2, 50, 601, 10000, 0) == -L4_EBUSY && run(s, 2, 50, 600, 30000, 0) == 0);
	/* and so what one had that is gone */
	delete_thread(2);
	CHECK(run(s, 3, 50, 60, 1000, 0) == -L4_EBUSY);
	clock_ns += 10000;
	CHECK(run(s, 3, 50, 60, 1000, 0) == 0 && run(s, 4, 50, 1, 10000, 0) == -L4_EBUSY);
	CHECK(run(s, 3, 50, 61, 1000, 0) == -L4_EBUSY && run(s, 3, 50, 600, 10000, 0) == 0);
	/* not what one had whose capability alone is gone */
	revoke_thread(3);
	CHECK(run(s, 5, 50, 1, 10000, 0) == -L4_EBUSY);
	clock_ns += 10000;
	CHECK(run(s, 5, 50, 1, 10000, 0) == -L4_EBUSY && run(s, 3, 50, 0, 0, 0) == -L4_EPERM);
	CHECK(run(s, 1, 50, 1, 10000, 0) == 0);
	clock_ns += 10000;
	CHECK(run(s, 3, 50, 1, 10000, 0) == -L4_EBUSY && run(s, 5, 50, 399, 10000, 0) == 0);
	delete_thread(3);
	CHECK(run(s, 6, 50, 600, 10000, 0) == -L4_EBUSY);
	clock_ns += 10000;
	CHECK(run(s, 6, 50, 600, 10000, 0) == 0);
	/* one that could not be run has none */
	CHECK(run(s, 5, 50, 1, 10000, 0) == 0);
	clock_ns += 10000;
	/* what is no thread is not asked anything */
	CHECK(run(s, 100, 50, 1, 10000, 0) == -L4_ENOENT && !ran.prio);
	scheduler_says = -L4_EINVAL;
	CHECK(run(s, 7, 50, 1, 10000, 0) == -L4_EINVAL);
	scheduler_says = 0;
	CHECK(run(s, 7, 50, 0, 0, 0) == -L4_EPERM && run(s, 7, 50, 398, 10000, 0) == 0);
	CHECK(release(s) == 0);
	for (i = 1; i < 40; i++)
		delete_thread(i);
	/* with a low priority, who has no budget runs at that */
	s = scheduler_with(1000, 10000, 5);
	CHECK(run(s, 1, 50, 0, 0, 0) == 0 && ran.prio == 5 && !ran.budget);
	CHECK(run(s, 1, 3, 0, 0, 0) == 0 && ran.prio == 3);
	CHECK(run(s, 1, 50, 10, 10000, 6) == -L4_EPERM && run(s, 1, 50, 10, 10000, 5) == 0 && ran.low_prio == 5);
	CHECK(run(s, 1, 50, 0, 0, 0) == 0 && ran.low_prio == 5 && ran.budget == 10);
	for (i = 2; run(s, i, 50, 10, 10000, 0) == 0; i++)
		;
	CHECK(i == 33 && run(s, i, 50, 10, 10000, 0) == -L4_ENOMEM);
	CHECK(run(s, 1, 50, 5, 10000, 0) == -L4_ENOMEM && run(s, 1, 50, 10, 20000, 0) == 0);
	CHECK(release(s) == 0);
	for (i = 1; i < 40; i++)
		delete_thread(i);
	/* one without a budget limits nobody */
	s = scheduler_with(0, 0, 0);
	CHECK(run(s, 1, 50, 0, 0, 0) == 0 && run(s, 1, 50, 70, 80, 9) == 0 && ran.budget == 70 && ran.low_prio == 9);
	CHECK(release(s) == 0);
	CHECK(gates() == before);
}

int main(void)
{
	static const l4_kip_mem_t mem[] = {
		{ RAM_PA + 0x3000, RAM_PA + 0x2805000, L4_MEM_RAM },
		{ RAM_PA + 0x2805000, RAM_PA + 0x2a00000, L4_MEM_MODULE },
		{ RAM_PA + 0x3001000, RAM_PA + RAM_BYTES - 0x7000, L4_MEM_RAM },
	};
	static l4_kernel_info_t kip;

	name = "start";
	CHECK(mmap((void *)(RAM_WINDOW + RAM_PA), RAM_BYTES, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)(RAM_WINDOW + RAM_PA));
	memset((void *)(RAM_WINDOW + RAM_PA), 0x5a, RAM_BYTES);
	memcpy(kip.mem, mem, sizeof(mem));
	kip.mem_count = 3;
	pages_init(&kip);
	slots_init(pages_free_bytes());
	first = quota_first(pages_free_bytes());
	received_cap = slot_alloc();
	run_check("memory", check_memory);
	run_check("tail", check_tail);
	run_check("slots", check_slots);
	run_check("names", check_names);
	run_check("pins", check_pins);
	run_check("pins-all", check_pins_all);
	run_check("nonsense", check_nonsense);
	run_check("shares", check_shares);
	run_check("memory-again", check_memory);
	return 0;
}
