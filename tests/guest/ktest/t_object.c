/* SPDX-License-Identifier: MIT */
/* Kernel test: capabilities: rights, delegation, revocation, transfer by IPC, deletion, moving. */
#include "kt.h"
#include <l4/sys/debugger.h>

#define ALL L4_FP_ALL_SPACES
#define OTHERS L4_FP_OTHER_SPACES
#define R L4_CAP_FPAGE_RO
#define RW L4_CAP_FPAGE_RW
#define RS L4_CAP_FPAGE_RS
#define RWS L4_CAP_FPAGE_RWS
#define RWSD L4_CAP_FPAGE_RWSD

static cap copy_to(cap task, cap c, cap to, unsigned rights)
{
	CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(c, 0, rights), l4_map_obj_control(to, 0)));
	return to;
}

static cap copy(cap c, unsigned rights) { return copy_to(KT_TASK, c, kt_slot(), rights); }
static int valid(cap task, cap c) { return l4_error(l4_task_cap_valid(task, c)); }
static void unmap(cap task, cap c, unsigned rights, word mask)
{
	CHECK_OK(l4_task_unmap(task, l4_obj_fpage(c, 0, rights), mask));
}

static void rights_of_copies(void)
{
	cap task = kt_task(), r = copy(task, R), w = copy(task, RW), more = copy(r, RWSD), gate = kt_gate(kt_self(), 0);
	word limit;

	CHECK_ERR(l4_task_map(r, KT_TASK, l4_obj_fpage(gate, 0, R), l4_map_obj_control(gate, 0)), -L4_EPERM);
	CHECK_ERR(l4_task_map(more, KT_TASK, l4_obj_fpage(gate, 0, R), l4_map_obj_control(gate, 0)), -L4_EPERM);
	CHECK_ERR(l4_task_map(w, KT_TASK, l4_obj_fpage(gate, 0, R), l4_map_obj_control(gate, 0)), 0);
	/* nor is it enough as source */
	CHECK_ERR(l4_task_map(KT_TASK, r, l4_fpage(0x400000, 12, 4), kt_region(4096)), -L4_ENOENT);
	CHECK_ERR(l4_task_unmap(r, l4_obj_fpage(gate, 0, R), ALL), -L4_EPERM);
	CHECK_ERR(l4_task_cap_valid(r, gate), 1);
	(void)limit;
}

static void revoke_tree(void)
{
	cap a = kt_task(), b = kt_task(), gate = kt_gate(kt_self(), 0), c1 = copy(gate, RWS), c2;

	copy_to(a, c1, c1, RWS);
	CHECK_OK(l4_task_map(b, a, l4_obj_fpage(c1, 0, RWS), l4_map_obj_control(c1, 0)));
	CHECK_EQ(valid(b, c1), 1);
	unmap(a, c1, RWSD, OTHERS);
	CHECK_EQ(valid(a, c1), 1);
	CHECK_EQ(valid(b, c1), 0);
	CHECK_OK(l4_task_map(b, a, l4_obj_fpage(c1, 0, RWS), l4_map_obj_control(c1, 0)));
	c2 = copy(c1, R);
	unmap(KT_TASK, c1, RWSD, ALL);
	CHECK_EQ(valid(KT_TASK, gate), 1);
	CHECK_EQ(valid(KT_TASK, c1), 0);
	CHECK_EQ(valid(KT_TASK, c2), 0);
	CHECK_EQ(valid(a, c1), 0);
	CHECK_EQ(valid(b, c1), 0);
	/* by the end of the task in the middle */
	copy_to(a, gate, gate, RWS);
	CHECK_OK(l4_task_map(b, a, l4_obj_fpage(gate, 0, RWS), l4_map_obj_control(gate, 0)));
	kt_delete(a);
	CHECK_EQ(valid(b, gate), 0);
	CHECK_EQ(valid(KT_TASK, gate), 1);
}

static void revoke_rights(void)
{
	cap task = kt_task(), c = copy(task, RWS), d = copy(c, RWS), e = copy(c, R), gate = kt_gate(kt_self(), 0);

	/* W goes from the slot; what was passed on with it goes, what never had it stays */
	unmap(KT_TASK, c, L4_CAP_RIGHT_W, ALL);
	CHECK_EQ(valid(KT_TASK, c), 1);
	CHECK_ERR(l4_task_map(c, KT_TASK, l4_obj_fpage(gate, 0, R), l4_map_obj_control(gate, 0)), -L4_EPERM);
	CHECK_EQ(valid(KT_TASK, d), 0);
	(void)e;
	CHECK_ERR(l4_task_map(task, KT_TASK, l4_obj_fpage(gate, 0, R), l4_map_obj_control(gate, 0)), 0);
}

static void deletion(void)
{
	cap a = kt_task(), irq = kt_irq(), no_d = copy(irq, RWS), with_d = copy(irq, RWSD);

	copy_to(a, irq, irq, RWS);
	/* without D only the slot is emptied */
	CHECK_OK(l4_task_delete_obj(KT_TASK, no_d));
	CHECK_EQ(valid(KT_TASK, no_d), 0);
	CHECK_EQ(valid(KT_TASK, irq), 1);
	CHECK_OK(l4_task_delete_obj(KT_TASK, with_d));
	CHECK_EQ(valid(KT_TASK, irq), 0);
	CHECK_EQ(valid(KT_TASK, with_d), 0);
	CHECK_EQ(valid(a, irq), 0);
	CHECK_IPC(l4_irq_trigger(irq), L4_IPC_ENOT_EXISTENT);
	CHECK_OK(l4_task_delete_obj(KT_TASK, irq));
	/* more slots than a deletion takes at a time */
	CHECK_ERR(l4_task_unmap(KT_TASK, l4_obj_fpage(8192UL << 12, 7, RWSD), L4_FP_DELETE_OBJ), -L4_EINVAL);
}

/* An object goes with its last capability. */
static void last_capability(void)
{
	cap f = kt_factory(100000), a = kt_task(), c = kt_slot();
	word limit = 0, used = 0;

	CHECK_OK(l4_factory_create_thread(f, c));
	copy_to(a, c, c, R);
	CHECK_OK(l4_task_map(KT_TASK, KT_TASK, l4_obj_fpage(c, 0, R), l4_map_obj_control(c, 0)));
	CHECK_OK(l4_factory_info_u(f, &limit, &used, l4_utcb()));
	CHECK(used > 0);
	unmap(a, c, RWSD, ALL);
	CHECK_EQ(valid(KT_TASK, c), 1);
	unmap(KT_TASK, c, RWSD, ALL);
	CHECK_OK(l4_factory_info_u(f, &limit, &used, l4_utcb()));
	CHECK_EQ(used, 0);
	/* two roots of the tree: moved out and the old one gone */
	CHECK_OK(l4_factory_create_thread(f, c));
	CHECK_OK(l4_task_map(a, KT_TASK, l4_obj_fpage(c, 0, RWSD), l4_map_obj_control(c, L4_MAP_ITEM_GRANT)));
	CHECK_EQ(valid(KT_TASK, c), 0);
	CHECK_EQ(valid(a, c), 1);
	kt_delete(a);
	CHECK_OK(l4_factory_info_u(f, &limit, &used, l4_utcb()));
	CHECK_EQ(used, 0);
}

static void moving(void)
{
	cap a = kt_task(), gate = kt_gate(kt_self(), 0), old = copy(gate, RWS), child = copy(old, R), new = kt_slot();

	CHECK_OK(l4_task_map(a, KT_TASK, l4_obj_fpage(old, 0, RWSD), l4_map_obj_control(new, L4_MAP_ITEM_GRANT)));
	CHECK_EQ(valid(KT_TASK, old), 0);
	CHECK_EQ(valid(a, new), 1);
	CHECK_EQ(valid(KT_TASK, child), 1);
	unmap(a, new, RWSD, OTHERS);
	CHECK_EQ(valid(KT_TASK, child), 0);
	CHECK_EQ(valid(a, new), 1);
	unmap(KT_TASK, gate, RWSD, OTHERS);
	CHECK_EQ(valid(a, new), 0);
}

static void replaced(void)
{
	cap f = kt_factory(50000), c = kt_slot(), gate = kt_gate(kt_self(), 0x70);
	word limit, used, label = 0;

	CHECK_OK(l4_factory_create_thread(f, c));
	copy_to(KT_TASK, gate, c, RWS);
	CHECK_EQ(l4_error(l4_task_cap_equal(KT_TASK, c, gate)), 1);
	CHECK_EQ(l4_error(l4_task_cap_equal(KT_TASK, c, f)), 0);
	CHECK_OK(l4_ipc_gate_get_infos(c, &label));
	CHECK_EQ(label, 0x70);
	/* by a new object */
	CHECK_OK(l4_factory_create_irq(f, c));
	CHECK_EQ(l4_error(l4_task_cap_equal(KT_TASK, c, gate)), 0);
	CHECK_OK(l4_irq_trigger(c));
	kt_delete(c);
	l4_ipc_sleep_ms(1);
	CHECK_OK(l4_factory_info_u(f, &limit, &used, l4_utcb()));
	CHECK_EQ(used, 0);
	/* onto itself: stays */
	copy_to(KT_TASK, gate, gate, R);
	CHECK_EQ(valid(KT_TASK, gate), 1);
}

static void many_slots(void)
{
	cap a = kt_task(), first = (kt_slots(32) + (15UL << 12)) & ~(15UL << 12), gate = kt_gate(kt_self(), 0);

	for (word i = 0; i < 16; i += 2)
		copy_to(KT_TASK, gate, first + (i << 12), RWS);
	CHECK_OK(l4_task_map(a, KT_TASK, l4_obj_fpage(first, 4, R), l4_map_obj_control(0x10000UL << 12, 0)));
	CHECK_EQ(kt_mr()[0], 8);
	for (word i = 0; i < 16; i++)
		CHECK_EQ(valid(a, (0x10000UL + i) << 12), !(i & 1));
	CHECK_OK(l4_task_unmap(KT_TASK, l4_obj_fpage(first, 4, RWSD), ALL));
	for (word i = 0; i < 16; i++)
		CHECK_EQ(valid(a, (0x10000UL + i) << 12), 0);
	CHECK_EQ(valid(KT_TASK, gate), 1);
	/* the whole space */
	CHECK_OK(l4_task_unmap(a, l4_obj_fpage(0, 18, RWSD), ALL));
	CHECK_EQ(valid(a, L4_BASE_LOG_CAP), 0);
	CHECK_EQ(valid(KT_TASK, L4_BASE_LOG_CAP), 1);
}

static void slot_ranges(void)
{
	cap a = kt_task();
	l4_fpage_t f = l4_obj_fpage(L4_BASE_LOG_CAP, 0, R);

	CHECK_ERR(l4_task_map(a, KT_TASK, f, l4_map_obj_control(L4_CAP_MAX_SLOTS << 12, 0)), -L4_EINVAL);
	CHECK_ERR(l4_task_map(a, KT_TASK, f, l4_map_obj_control((L4_CAP_MAX_SLOTS - 1) << 12, 0)), 0);
	CHECK_EQ(valid(a, (L4_CAP_MAX_SLOTS - 1) << 12), 1);
	CHECK_ERR(l4_task_map(a, KT_TASK, l4_obj_fpage(L4_CAP_MAX_SLOTS << 12, 0, R), l4_map_obj_control(0x5000, 0)), -L4_EINVAL);
	CHECK_ERR(l4_task_map(a, KT_TASK, l4_obj_fpage(~0UL << 12, 0, R), l4_map_obj_control(0x5000, 0)), -L4_EINVAL);
	CHECK_ERR(l4_task_map(a, KT_TASK, f, l4_map_obj_control(~0UL << 12, 0)), -L4_EINVAL);
	CHECK_ERR(l4_task_map(a, KT_TASK, l4_obj_fpage(0, 13, R), l4_map_obj_control(0, 0)), -L4_EINVAL);
	CHECK_ERR(l4_task_unmap(a, l4_obj_fpage(0, 19, R), ALL), -L4_EINVAL);
	CHECK_ERR(l4_task_unmap(a, l4_obj_fpage(L4_CAP_MAX_SLOTS << 12, 0, R), ALL), -L4_EINVAL);
	CHECK_ERR(l4_task_unmap(a, l4_obj_fpage(~0UL << 12, 0, R), ALL), -L4_EINVAL);
	CHECK_ERR(l4_task_cap_valid(a, ~0UL), 0);
	CHECK_ERR(l4_task_cap_valid(a, L4_INVALID_CAP), 0);
	CHECK_ERR(l4_task_cap_equal(a, L4_INVALID_CAP, L4_INVALID_CAP), 0);
	CHECK_IPC(l4_ipc_call(L4_INVALID_CAP, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER), L4_IPC_ENOT_EXISTENT);
	CHECK_IPC(l4_ipc_call(L4_CAP_MAX_SLOTS << 12, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER), L4_IPC_ENOT_EXISTENT);
	CHECK_IPC(l4_ipc_call(0, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER), L4_IPC_ENOT_EXISTENT);
	CHECK_IPC(l4_ipc_receive(0, l4_utcb(), L4_IPC_NEVER), L4_IPC_ENOT_EXISTENT | 1);
}

/* --- by IPC */

struct offer {
	cap to, item[3];
	unsigned n, rights, grant;
};

static volatile long offer_result, offer_label;

static void send_caps(void *arg)
{
	const struct offer *o = arg;
	l4_msgtag_t tag = l4_msgtag(5, 1, 0, 0);

	kt_mr()[0] = 0x99;
	for (unsigned i = 0; i < o->n; i++)
		l4_sndfpage_add(l4_obj_fpage(o->item[i], 0, o->rights), l4_map_obj_control(0, o->grant), &tag);
	tag = l4_ipc_call(o->to, l4_utcb(), tag, L4_IPC_NEVER);
	offer_result = l4_ipc_error(tag, l4_utcb());
	offer_label = l4_msgtag_label(tag);
}

/* Receive from a thread of `task` that calls with these items, into slots br[0..]; the tag received. */
static l4_msgtag_t take(cap task, struct offer *o, const word *br, unsigned n)
{
	cap t = kt_thread_bound(task);
	l4_utcb_t *u = l4_utcb();
	l4_umword_t label;
	l4_msgtag_t tag;

	o->to = kt_self();
	if (task != KT_TASK)
		kt_give(task, kt_self());
	offer_result = 0x77;
	kt_thread_go(t, send_caps, o);
	kt_prio(t, KT_PRIO - 1);
	for (unsigned i = 0; i < 4; i++)
		u->buf.br[i] = i < n ? br[i] : 0;
	tag = l4_ipc_wait(u, &label, l4_timeout(0, 100000000));
	u->buf.br[0] = u->buf.br[1] = 0;
	if (!l4_msgtag_has_error(tag)) {
		CHECK_EQ(kt_mr()[0], 0x99);
		l4_ipc_reply_and_wait(u, l4_msgtag(44, 0, 0, 0), &label, l4_timeout(0, 0));
	}
	kt_settle();
	return tag;
}

static void by_ipc(void)
{
	cap task = kt_task(), gates[3], to = kt_slots(3);
	word br[3] = { to | 2, (to + 0x1000) | 2, (to + 0x2000) | 2 };
	struct offer o = { 0 };
	l4_msgtag_t tag;
	word label = 0;

	for (int i = 0; i < 3; i++) {
		gates[i] = kt_gate(kt_self(), 0x100 * (i + 1));
		kt_give_rights(task, gates[i], RWS);
		o.item[i] = gates[i];
	}
	o.n = 3;
	o.rights = RS;
	tag = take(task, &o, br, 3);
	CHECK_EQ(l4_msgtag_items(tag), 3);
	CHECK_EQ(l4_msgtag_words(tag), 1);
	CHECK_EQ(offer_result, 0);
	CHECK_EQ(offer_label, 44);
	for (word i = 0; i < 3; i++) {
		CHECK_OK(l4_ipc_gate_get_infos(to + (i << 12), &label));
		CHECK_EQ(label, 0x100 * (i + 1));
	}
	/* they came from the task's: revoking its revokes them */
	unmap(task, gates[0], RWSD, ALL);
	CHECK_EQ(valid(KT_TASK, to), 0);
	CHECK_EQ(valid(KT_TASK, to + 0x1000), 1);
	kt_delete(task);
	CHECK_EQ(valid(KT_TASK, to + 0x1000), 0);
	CHECK_EQ(valid(KT_TASK, gates[1]), 1);
}

static void by_ipc_failures(void)
{
	cap gate = kt_gate(kt_self(), 0x40), to = kt_slot();
	word br[2] = { to | 2, 0 };
	struct offer o = { .item = { gate, gate }, .n = 2, .rights = RS };

	/* one buffer for two */
	CHECK_IPC(take(KT_TASK, &o, br, 1), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMSGCUT);
	o.n = 1;
	CHECK_IPC(take(KT_TASK, &o, br, 0), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMSGCUT);
	/* no such slot here, nothing in the slot there */
	br[0] = L4_CAP_MAX_SLOTS << 12 | 2;
	CHECK_IPC(take(KT_TASK, &o, br, 1), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMAPFAILED);
	br[0] = to | 2;
	o.item[0] = kt_slot();
	CHECK_IPC(take(KT_TASK, &o, br, 1), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMAPFAILED);
	o.item[0] = ~0UL << 12;
	CHECK_IPC(take(KT_TASK, &o, br, 1), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMAPFAILED);
	/* moved */
	o.item[0] = copy(gate, RWS);
	o.grant = L4_MAP_ITEM_GRANT;
	CHECK_IPC(take(KT_TASK, &o, br, 1), 0);
	CHECK_EQ(valid(KT_TASK, o.item[0]), 0);
	CHECK_EQ(valid(KT_TASK, to), 1);
	/* onto itself */
	o.item[0] = to;
	CHECK_IPC(take(KT_TASK, &o, br, 1), 0);
	CHECK_EQ(valid(KT_TASK, to), 1);
}

/* More items than a message holds. */
static void by_ipc_too_long(void)
{
	cap t;
	static volatile long result;
	static cap to;
	void send(void *arg)
	{
		result = l4_ipc_error(l4_ipc_send(to, l4_utcb(), l4_msgtag(0, 62, 1, 0), L4_IPC_NEVER), l4_utcb());
		result |= l4_ipc_error(l4_ipc_send(to, l4_utcb(), l4_msgtag(0, 0, 63, 0), L4_IPC_NEVER), l4_utcb()) << 8;
	}

	to = kt_self();
	t = kt_thread(KT_TASK, send, 0);
	CHECK_IPC(l4_ipc_receive(t, l4_utcb(), l4_timeout(0, 100000000)), L4_IPC_RETIMEOUT);
	CHECK_EQ(result, L4_IPC_SEMSGCUT | L4_IPC_SEMSGCUT << 8);
}

/* --- one's own capabilities */

static volatile word flag;
static void new_over_self(void *arg)
{
	l4_factory_create_irq(KT_FACTORY, kt_self());
	flag = 1;
}

/* The slot for a new object holds the caller's last capability: it ends there. */
static void replace_self(void)
{
	cap task = kt_task(), t = kt_thread_bound(task);

	flag = 0;
	kt_give(task, KT_FACTORY);
	kt_thread_go(t, new_over_self, 0);
	kt_prio(t, KT_PRIO - 1);
	CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(t, 0, RWSD), l4_map_obj_control(t, L4_MAP_ITEM_GRANT)));
	CHECK_EQ(valid(KT_TASK, t), 0);
	kt_settle();
	CHECK_EQ(flag, 0);
}

static void new_over_task(void *arg)
{
	l4_factory_create_irq(KT_FACTORY, (cap)arg);
	flag = 1;
}

static void replace_own_task(void)
{
	cap task = kt_task(), t = kt_thread_bound(task);

	flag = 0;
	kt_give(task, KT_FACTORY);
	kt_thread_go(t, new_over_task, (void *)task);
	kt_prio(t, KT_PRIO - 1);
	CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(task, 0, RWSD), l4_map_obj_control(task, L4_MAP_ITEM_GRANT)));
	kt_settle();
	l4_ipc_sleep_ms(1);
	CHECK_EQ(flag, 0);
	CHECK_EQ(valid(KT_TASK, t), 0);
}

static void give_away_self(void *arg)
{
	kt_settle();
	flag = 1;
	kt_park();
}

/* A receiver whose buffer names its own last capability. */
static void receive_over_self_thread(void *arg)
{
	l4_umword_t label;

	l4_utcb_rcv_cap_u(l4_utcb(), kt_self());
	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	flag = 2;
	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
}

static void receive_over_self(void)
{
	cap task = kt_task(), t = kt_thread_bound(task), gate = kt_gate(t, 0), item = kt_irq();
	l4_msgtag_t tag = l4_msgtag(0, 0, 0, 0);

	(void)give_away_self;
	flag = 0;
	kt_thread_go(t, receive_over_self_thread, 0);
	kt_prio(t, KT_PRIO + 1);
	unmap(KT_TASK, t, RWSD, OTHERS);
	CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(t, 0, RWSD), l4_map_obj_control(t, L4_MAP_ITEM_GRANT)));
	l4_sndfpage_add(l4_obj_fpage(item, 0, RWS), l4_map_obj_control(0, 0), &tag);
	l4_ipc_send(gate, l4_utcb(), tag, l4_timeout(50000000, 0));
	l4_ipc_sleep_ms(1);
	CHECK_IPC(l4_ipc_send(gate, l4_utcb(), l4_msgtag(0, 0, 0, 0), l4_timeout(50000000, 0)), L4_IPC_ENOT_EXISTENT);
}

/* --- long operations while others run */

static volatile word ticks;
static void ticker(void *arg)
{
	for (;;) {
		l4_ipc_sleep_us(20);
		ticks++;
	}
}

/* A capability with many children is moved in many steps; all stay children. */
static void move_preempted(void)
{
	cap a = kt_task(), gate = kt_gate(kt_self(), 0), old, new, kids = 0x8000UL << 12;

	ticks = 0;
	kt_thread_prio(KT_TASK, ticker, 0, KT_PRIO + 10);
	for (int round = 0; round < 2; round++) {
		old = copy(gate, RWS);
		new = kt_slot();
		for (word i = 0; i < 2000; i++)
			CHECK_OK(l4_task_map(a, KT_TASK, l4_obj_fpage(old, 0, R), l4_map_obj_control(kids + (i << 12), 0)));
		CHECK_OK(l4_task_map(KT_TASK, KT_TASK, l4_obj_fpage(old, 0, RWS), l4_map_obj_control(new, L4_MAP_ITEM_GRANT)));
		CHECK_EQ(valid(KT_TASK, old), 0);
		CHECK_EQ(valid(KT_TASK, new), 1);
		for (word i = 0; i < 2000; i++)
			CHECK_EQ(valid(a, kids + (i << 12)), 1);
		unmap(KT_TASK, new, RWSD, OTHERS);
		for (word i = 0; i < 2000; i++)
			CHECK_EQ(valid(a, kids + (i << 12)), 0);
	}
	CHECK(!kt_exact() || ticks > 3);
}

static void revoke_preempted(void)
{
	cap a = kt_task(), b = kt_task(), gate = kt_gate(kt_self(), 0), kids = 0x8000UL << 12;

	ticks = 0;
	kt_thread_prio(KT_TASK, ticker, 0, KT_PRIO + 10);
	copy_to(a, gate, kids, RWS);
	for (word i = 1; i < 2048; i++)
		CHECK_OK(l4_task_map(i & 1 ? b : a, i & 1 ? a : b, l4_obj_fpage(kids + ((i - 1) << 12), 0, RWS),
				     l4_map_obj_control(kids + (i << 12), 0)));
	CHECK_EQ(valid(b, kids + (2047 << 12)), 1);
	unmap(a, kids + (2 << 12), RWSD, ALL);
	CHECK_EQ(valid(b, kids + (1 << 12)), 1);
	for (word i = 2; i < 2048; i++)
		CHECK_EQ(valid(i & 1 ? b : a, kids + (i << 12)), 0);
	kt_delete(gate);
	CHECK_EQ(valid(a, kids), 0);
}

/* --- names, ids, deletion notes */

static void debugger(void)
{
	cap irq = kt_irq(), other = kt_irq();

	CHECK_OK(l4_debugger_set_object_name(irq, "a name that is too long"));
	CHECK(l4_debugger_global_id(irq) != l4_debugger_global_id(other));
	CHECK_EQ(l4_debugger_global_id(copy(irq, R)), l4_debugger_global_id(irq));
	CHECK_EQ(l4_debugger_global_id(kt_slot()), ~0UL);
	CHECK_EQ(l4_debugger_global_id(L4_INVALID_CAP), ~0UL);
}

static void deletion_irq(void)
{
	cap irq = kt_irq(), t = kt_thread_bound(KT_TASK), task = kt_task(), u = kt_thread_bound(task);
	l4_umword_t label;

	CHECK_OK(l4_rcv_ep_bind_thread(irq, kt_self(), 0x31));
	CHECK_OK(l4_thread_register_del_irq(t, irq));
	CHECK_ERR(l4_thread_register_del_irq(t, irq), -L4_EBUSY);
	CHECK_OK(l4_thread_register_del_irq(u, irq));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	kt_delete(t);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), 0);
	CHECK_EQ(label, 0x31);
	kt_delete(task);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), 0);
	/* an IRQ that is gone when the thread dies */
	t = kt_thread_bound(KT_TASK);
	CHECK_OK(l4_thread_register_del_irq(t, irq));
	kt_delete(irq);
	kt_delete(t);
}

/* The last capability to an object of the kernel's own is dropped; the object only becomes unreachable. */
static void drop_singletons(void)
{
	static const cap list[] = { L4_BASE_ICU_CAP, L4_BASE_DEBUGGER_CAP };

	for (int i = 0; i < 2; i++) {
		unmap(KT_TASK, list[i], RWSD, ALL);
		CHECK_IPC(l4_invoke(list[i], 0, 0, l4_utcb()), L4_IPC_ENOT_EXISTENT);
	}
}

const struct kt_test kt_tests[] = {
	KT_TEST(rights_of_copies), KT_TEST(revoke_tree), KT_TEST(revoke_rights), KT_TEST(deletion),
	KT_TEST(last_capability), KT_TEST(moving), KT_TEST(replaced), KT_TEST(many_slots), KT_TEST(slot_ranges),
	KT_TEST(by_ipc), KT_TEST(by_ipc_failures), KT_TEST(by_ipc_too_long), KT_TEST(replace_self),
	KT_TEST(replace_own_task), KT_TEST(receive_over_self), KT_TEST(move_preempted), KT_TEST(revoke_preempted),
	KT_TEST(debugger), KT_TEST(deletion_irq), KT_TEST(drop_singletons),
	{ 0 }
};
