/* SPDX-License-Identifier: MIT */
/* Kernel test: every documented error of every call (l4/sys/proto.h). */
#include "kt.h"

static cap task, task_r, bound, bound_r, unbound, gate, gate_r, irq, irq_r, sem, sem_r, factory, empty, gone;

static cap copy(cap c)
{
	cap to = kt_slot();

	CHECK_OK(l4_task_map(KT_TASK, KT_TASK, l4_obj_fpage(c, 0, L4_CAP_FPAGE_RO), l4_map_obj_control(to, 0)));
	return to;
}

static void setup(void)
{
	task = kt_task();
	bound = kt_thread_bound(KT_TASK);
	unbound = kt_slot();
	CHECK_OK(l4_factory_create_thread(KT_FACTORY, unbound));
	gate = kt_gate(bound, 0);
	irq = kt_irq();
	sem = kt_sem(0);
	factory = kt_factory(30000);
	task_r = copy(task), bound_r = copy(bound), gate_r = copy(gate), irq_r = copy(irq), sem_r = copy(sem);
	empty = kt_slot();
	gone = kt_irq();
	kt_delete(gone);
}

static unsigned number;

/* Message of these words to dest; the result must be `err`. */
static void expect(int line, cap dest, long label, long err, unsigned n, const word *w)
{
	long got;

	for (unsigned i = 0; i < 63; i++)
		kt_mr()[i] = i < n ? w[i] : 0xdeadbeef;
	got = l4_error(l4_ipc_call(dest, l4_utcb(), l4_msgtag(label, n, 0, 0), L4_IPC_NEVER));
	number++;
	if (got != err)
		kt_fail(__FILE__, line, "result", got, err);
}
#define E(dest, label, err, ...) do { const word w_[] = { __VA_ARGS__ }; \
		expect(__LINE__, dest, label, err, sizeof(w_) / sizeof(word), w_); } while (0)
/* Without words. */
#define E0(dest, label, err) expect(__LINE__, dest, label, err, 0, 0)

#define PAGE(va) l4_fpage(va, 12, L4_FPAGE_RW).raw
#define RAW(address, order, type, rights) \
	((word)(address) | (word)(order) << L4_FPAGE_ORDER_SHIFT | (word)(type) << L4_FPAGE_TYPE_SHIFT | (rights))

/* What every object answers to foreign labels, unknown operations, short messages, and without the right. */
static void common(void)
{
	static const struct { cap *c; cap fixed; long label; word unknown; } objects[] = {
		{ &task, 0, L4_PROTO_TASK, 0x99 }, { &bound, 0, L4_PROTO_THREAD, 0x99 }, { &gate, 0, L4_PROTO_KOBJECT, 0x99 },
		{ &irq, 0, L4_PROTO_IRQ, 0x99 }, { &irq, 0, L4_PROTO_KOBJECT, 0x99 }, { &sem, 0, L4_PROTO_SEMAPHORE, 0x99 },
		{ &factory, 0, L4_PROTO_FACTORY, 0x99 }, { 0, L4_BASE_ICU_CAP, L4_PROTO_IRQ, 0x99 },
		{ 0, L4_BASE_SCHEDULER_CAP, L4_PROTO_SCHEDULER, 0x99 }, { 0, L4_BASE_LOG_CAP, L4_PROTO_LOG, 0x99 },
		{ 0, L4_BASE_PLATFORM_CAP, L4_PROTO_META, 0x99 }, { 0, L4_BASE_DEBUGGER_CAP, L4_PROTO_DEBUGGER, 0x99 },
		{ 0, L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, 0x99 }, { 0, L4_BASE_TRACE_CAP, L4_PROTO_TRACE, 0x99 },
	};

	setup();
	for (unsigned i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		cap c = objects[i].c ? *objects[i].c : objects[i].fixed;
		long label = objects[i].label, e;

		/* threads and gates take foreign labels as messages */
		if (c != bound && c != gate) {
			kt_mr()[0] = 0;
			e = l4_error(l4_ipc_call(c, l4_utcb(), l4_msgtag(-100, 6, 0, 0), L4_IPC_NEVER));
			if (e != -L4_EBADPROTO)
				kt_fail("label unknown to object", i, "result", e, -L4_EBADPROTO);
		}
		kt_mr()[0] = objects[i].unknown;
		kt_mr()[1] = c == factory ? 0 : KT_TASK;
		l4_utcb_rcv_cap_u(l4_utcb(), c == factory ? empty : 0);
		e = l4_error(l4_ipc_call(c, l4_utcb(), l4_msgtag(label, 6, 0, 0), L4_IPC_NEVER));
		if (e != (c == factory ? -L4_ENODEV : c == L4_BASE_ICU_CAP ? -L4_EINVAL : -L4_ENOSYS))
			kt_fail("operation unknown to object", i, "result", e, -L4_ENOSYS);
		l4_utcb_rcv_cap_u(l4_utcb(), 0);
		if (label == L4_PROTO_IRQ && c == irq)
			continue; /* no words: a trigger */
		e = l4_error(l4_ipc_call(c, l4_utcb(), l4_msgtag(label, 0, 0, 0), L4_IPC_NEVER));
		if (e != -L4_EMSGTOOSHORT)
			kt_fail("no words to object", i, "result", e, -L4_EMSGTOOSHORT);
	}
	E(L4_BASE_ICU_CAP, L4_PROTO_IRQ, -L4_ENOSYS, 0x99, 0, 0);
	CHECK_IPC(l4_ipc_call(empty, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER), L4_IPC_ENOT_EXISTENT);
	CHECK_IPC(l4_ipc_call(gone, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER), L4_IPC_ENOT_EXISTENT);
}

static void task_map(void)
{
	word page = (word)kt_pages(1), at = kt_region(4096);

	setup();
	for (word n = 1; n < 4; n++)
		expect(__LINE__, task, L4_PROTO_TASK, -L4_EMSGTOOSHORT, n, (word[]){ L4_TASK_MAP_OP, KT_TASK, at });
	E(task_r, L4_PROTO_TASK, -L4_EPERM, L4_TASK_MAP_OP, KT_TASK, at, PAGE(page));
	E(task, L4_PROTO_TASK, -L4_ENOENT, L4_TASK_MAP_OP, empty, at, PAGE(page));
	E(task, L4_PROTO_TASK, -L4_ENOENT, L4_TASK_MAP_OP, irq, at, PAGE(page));
	E(task, L4_PROTO_TASK, -L4_ENOENT, L4_TASK_MAP_OP, task_r, at, PAGE(page));
	E(task, L4_PROTO_TASK, -L4_ENOENT, L4_TASK_MAP_OP, L4_INVALID_CAP, at, PAGE(page));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, at, 0);
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, at, RAW(page, 11, L4_FPAGE_MEMORY, 6));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, at, RAW(0, 48, L4_FPAGE_MEMORY, 6));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, at, RAW(0, 63, L4_FPAGE_MEMORY, 6));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, at, RAW(page, 12, L4_FPAGE_MEMORY, 0));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, at | L4_MAP_ITEM_GRANT, PAGE(page));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, L4_USER_LOW_END, PAGE(page));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, at, PAGE(0xffff800000000000));
	E(KT_TASK, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, page, PAGE(page));
	E(task, L4_PROTO_TASK, -L4_EEXIST, L4_TASK_MAP_OP, KT_TASK, KT_UTCBS, PAGE(page));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, 0, RAW(0, 17, L4_FPAGE_IO, 6));
	E(KT_TASK, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, 0, RAW(0, 4, L4_FPAGE_IO, 6));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_MAP_OP, KT_TASK, 0, RAW(0, 13, L4_FPAGE_OBJ, 15));
	E(task, L4_PROTO_TASK, 0, L4_TASK_MAP_OP, KT_TASK, at, PAGE(page));
}

static void task_unmap(void)
{
	word at = kt_region(4096);

	setup();
	expect(__LINE__, task, L4_PROTO_TASK, -L4_EMSGTOOSHORT, 2, (word[]){ L4_TASK_UNMAP_OP, 0 });
	E(task_r, L4_PROTO_TASK, -L4_EPERM, L4_TASK_UNMAP_OP, 0, PAGE(at));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_UNMAP_OP, 0, 0);
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_UNMAP_OP, 0, RAW(at, 11, L4_FPAGE_MEMORY, 7));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_UNMAP_OP, 0, RAW(0, 48, L4_FPAGE_MEMORY, 7));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_UNMAP_OP, 0, RAW(0, 19, L4_FPAGE_OBJ, 15));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_UNMAP_OP, 0, RAW(L4_CAP_MAX_SLOTS << 12, 0, L4_FPAGE_OBJ, 15));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_UNMAP_OP, 0, RAW(0, 17, L4_FPAGE_IO, 6));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_UNMAP_OP, L4_FP_DELETE_OBJ, RAW(0, 7, L4_FPAGE_OBJ, 15));
	E(task, L4_PROTO_TASK, 0, L4_TASK_UNMAP_OP, L4_FP_ALL_SPACES, PAGE(at));
	E(task, L4_PROTO_TASK, 0, L4_TASK_UNMAP_OP, L4_FP_ALL_SPACES, RAW(0x9000000, 0, L4_FPAGE_OBJ, 15));
	E(task, L4_PROTO_TASK, 0, L4_TASK_UNMAP_OP, L4_FP_ALL_SPACES, RAW(0, 16, L4_FPAGE_IO, 6));
	E(task, L4_PROTO_TASK, 0, L4_TASK_UNMAP_OP, L4_FP_ALL_SPACES, RAW(0, 63, L4_FPAGE_MEMORY, 4));
	/* ranges */
	expect(__LINE__, task, L4_PROTO_TASK, -L4_EMSGTOOSHORT, 3, (word[]){ L4_TASK_UNMAP_RANGE_OP, 0, 0 });
	E(task_r, L4_PROTO_TASK, -L4_EPERM, L4_TASK_UNMAP_RANGE_OP, 7, at, at);
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_UNMAP_RANGE_OP, 7, at + 4096, at);
	E(task, L4_PROTO_TASK, 0, L4_TASK_UNMAP_RANGE_OP, 7 | L4_FP_ALL_SPACES, at, at);
	E(task, L4_PROTO_TASK, 0, L4_TASK_UNMAP_RANGE_OP, 7, 0, ~0UL);
	E(task, L4_PROTO_TASK, 0, L4_TASK_UNMAP_RANGE_OP, 7, 0xffff800000000000, 0xffff87ffffffffff);
}

static void task_rest(void)
{
	word at = kt_region(1UL << 21);

	setup();
	E(task, L4_PROTO_TASK, -L4_EMSGTOOSHORT, L4_TASK_CAP_INFO_OP);
	E(task, L4_PROTO_TASK, 0, L4_TASK_CAP_INFO_OP, 0);
	E(task, L4_PROTO_TASK, 1, L4_TASK_CAP_INFO_OP, L4_BASE_LOG_CAP);
	E(task_r, L4_PROTO_TASK, 1, L4_TASK_CAP_INFO_OP, L4_BASE_LOG_CAP, L4_BASE_LOG_CAP);
	E(task, L4_PROTO_TASK, -L4_EMSGTOOSHORT, L4_TASK_ADD_KU_MEM_OP);
	E(task_r, L4_PROTO_TASK, -L4_EPERM, L4_TASK_ADD_KU_MEM_OP, PAGE(at));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_ADD_KU_MEM_OP, 0);
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_ADD_KU_MEM_OP, RAW(at, 11, L4_FPAGE_MEMORY, 6));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_ADD_KU_MEM_OP, RAW(at, 21, L4_FPAGE_MEMORY, 6));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_ADD_KU_MEM_OP, RAW(at, 12, L4_FPAGE_IO, 6));
	E(task, L4_PROTO_TASK, -L4_EINVAL, L4_TASK_ADD_KU_MEM_OP, PAGE(0xffff800000000000));
	E(task, L4_PROTO_TASK, -L4_EEXIST, L4_TASK_ADD_KU_MEM_OP, PAGE(KT_UTCBS));
	E(task, L4_PROTO_TASK, -L4_EEXIST, L4_TASK_ADD_KU_MEM_OP, PAGE(0x400000));
	E(task_r, L4_PROTO_TASK, 0, L4_TASK_STATS_OP);
	CHECK(kt_mr()[1] > 0 && kt_mr()[2] > 0);
}

static void task_no_memory(void)
{
	cap small = kt_factory(80000), t = kt_slot();
	word at = kt_region(1UL << 21), page = (word)kt_pages(1);

	setup();
	CHECK_OK(l4_factory_create_task(small, t, 0));
	E(t, L4_PROTO_TASK, -L4_ENOMEM, L4_TASK_ADD_KU_MEM_OP, RAW(at, 16, L4_FPAGE_MEMORY, 6));
	for (word i = 0; i < 100; i++) {
		kt_mr()[0] = L4_TASK_MAP_OP;
		kt_mr()[1] = KT_TASK;
		kt_mr()[2] = at + (i << 30);
		kt_mr()[3] = PAGE(page);
		if (l4_error(l4_invoke(t, L4_PROTO_TASK, 4, l4_utcb())))
			break;
	}
	E(t, L4_PROTO_TASK, -L4_ENOMEM, L4_TASK_MAP_OP, KT_TASK, at + (100UL << 30), PAGE(page));
	E(t, L4_PROTO_TASK, -L4_ENOMEM, L4_TASK_MAP_OP, KT_TASK, 200000UL << 12, RAW(KT_TASK, 0, L4_FPAGE_OBJ, 15));
	E(t, L4_PROTO_TASK, -L4_ENOMEM, L4_TASK_MAP_OP, KT_TASK, 0, RAW(0, 16, L4_FPAGE_IO, 6));
}

static void thread(void)
{
	word utcb = KT_UTCBS + 40 * L4_UTCB_SIZE;
	const word bind = L4_THREAD_CONTROL_OP | L4_THREAD_CONTROL_BIND_TASK;

	setup();
	expect(__LINE__, bound, L4_PROTO_THREAD, -L4_EMSGTOOSHORT, 4, (word[]){ 0, 0, 0, 0 });
	E(bound_r, L4_PROTO_THREAD, -L4_EPERM, L4_THREAD_CONTROL_OP, 0, 0, 0, 0);
	E(bound, L4_PROTO_THREAD, -L4_EBUSY, bind, 0, 0, KT_TASK, utcb);
	E(unbound, L4_PROTO_THREAD, -L4_ENOENT, bind, 0, 0, empty, utcb);
	E(unbound, L4_PROTO_THREAD, -L4_ENOENT, bind, 0, 0, irq, utcb);
	E(unbound, L4_PROTO_THREAD, -L4_ENOENT, bind, 0, 0, task_r, utcb);
	E(unbound, L4_PROTO_THREAD, -L4_EINVAL, bind, 0, 0, KT_TASK, utcb + 8);
	E(unbound, L4_PROTO_THREAD, -L4_EINVAL, bind, 0, 0, KT_TASK, 0x400000);
	E(unbound, L4_PROTO_THREAD, -L4_EINVAL, bind, 0, 0, KT_TASK, 0);
	E(unbound, L4_PROTO_THREAD, -L4_EINVAL, bind, 0, 0, KT_TASK, 0xffff808000000000);
	E(unbound, L4_PROTO_THREAD, -L4_EINVAL, bind, 0, 0, KT_TASK, KT_UTCBS + (1UL << KT_UTCBS_ORDER));
	E(unbound, L4_PROTO_THREAD, -L4_ENOSYS, bind | L4_THREAD_CONTROL_ALIEN, 0, 0, KT_TASK, utcb);
	expect(__LINE__, bound, L4_PROTO_THREAD, -L4_EMSGTOOSHORT, 2, (word[]){ L4_THREAD_EX_REGS_OP, 0 });
	E(bound_r, L4_PROTO_THREAD, -L4_EPERM, L4_THREAD_EX_REGS_OP, ~0UL, ~0UL);
	E(unbound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_EX_REGS_OP, 0x400000, 0);
	E(bound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_EX_REGS_OP, 0x800000000000, 0);
	E(bound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_EX_REGS_OP, 0xffff808000000000, 0);
	E(bound, L4_PROTO_THREAD, 0, L4_THREAD_EX_REGS_OP, ~0UL, ~0UL);
	E(bound_r, L4_PROTO_THREAD, -L4_EPERM, L4_THREAD_SWITCH_OP);
	E(bound, L4_PROTO_THREAD, 0, L4_THREAD_SWITCH_OP);
	E(unbound, L4_PROTO_THREAD, 0, L4_THREAD_SWITCH_OP);
	E(bound_r, L4_PROTO_THREAD, 0, L4_THREAD_STATS_OP);
	CHECK_EQ(kt_mr()[0], 0);
	E(bound, L4_PROTO_THREAD, -L4_EMSGTOOSHORT, L4_THREAD_VCPU_CONTROL_OP);
	E(bound_r, L4_PROTO_THREAD, -L4_EPERM, L4_THREAD_VCPU_CONTROL_OP, KT_UTCBS);
	E(unbound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_VCPU_CONTROL_OP, KT_UTCBS);
	E(bound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_VCPU_CONTROL_OP, KT_UTCBS + 8);
	E(bound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_VCPU_CONTROL_OP, 0x400000);
	E(bound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_VCPU_CONTROL_OP, KT_UTCBS + (1UL << KT_UTCBS_ORDER));
	E(bound, L4_PROTO_THREAD, -L4_EMSGTOOSHORT, L4_THREAD_REGISTER_DEL_IRQ_OP);
	E(bound_r, L4_PROTO_THREAD, -L4_EPERM, L4_THREAD_REGISTER_DEL_IRQ_OP, irq);
	E(bound, L4_PROTO_THREAD, -L4_ENOENT, L4_THREAD_REGISTER_DEL_IRQ_OP, empty);
	E(bound, L4_PROTO_THREAD, -L4_ENOENT, L4_THREAD_REGISTER_DEL_IRQ_OP, task);
	E(bound, L4_PROTO_THREAD, -L4_ENOENT, L4_THREAD_REGISTER_DEL_IRQ_OP, irq_r);
	E(bound, L4_PROTO_THREAD, -L4_EMSGTOOSHORT, L4_THREAD_REGISTER_OVERRUN_IRQ_OP);
	E(bound_r, L4_PROTO_THREAD, -L4_EPERM, L4_THREAD_REGISTER_OVERRUN_IRQ_OP, irq);
	E(bound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_REGISTER_OVERRUN_IRQ_OP, irq);
	E(bound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_MODIFY_SENDER_OP);
	E(bound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_MODIFY_SENDER_OP, 0, 0, 0);
	E(bound, L4_PROTO_THREAD, 0, L4_THREAD_MODIFY_SENDER_OP, 0, 0, 0, 0);
	E(bound_r, L4_PROTO_THREAD, -L4_EPERM, L4_THREAD_MODIFY_SENDER_OP, 0, 0, 0, 0);
	E(bound, L4_PROTO_THREAD, -L4_EMSGTOOSHORT, L4_THREAD_SET_VIEW_OP);
	E(bound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_SET_VIEW_OP, task);
	E(bound_r, L4_PROTO_THREAD, -L4_EPERM, L4_THREAD_SET_VIEW_OP, task);
	E(kt_self(), L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_SET_VIEW_OP, task);
	E(kt_self(), L4_PROTO_THREAD, -L4_ENOENT, L4_THREAD_SET_VIEW_OP, empty);
	E(kt_self(), L4_PROTO_THREAD, -L4_ENOENT, L4_THREAD_SET_VIEW_OP, task_r);
	expect(__LINE__, bound, L4_PROTO_THREAD, -L4_EMSGTOOSHORT, 5, (word[]){ L4_THREAD_DEBUG_REGS_OP, 0, 0, 0, 0 });
	E(bound, L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_DEBUG_REGS_OP, 0, 0, 0, 0, 0);
	E(kt_self(), L4_PROTO_THREAD, -L4_EINVAL, L4_THREAD_DEBUG_REGS_OP, 0, 0, 0, 0xffff808000000000, 0);
}

static void create(int line, cap f, word buffer, long err, unsigned n, const word *w)
{
	l4_utcb()->buf.br[0] = buffer;
	expect(line, f, L4_PROTO_FACTORY, err, n, w);
	l4_utcb()->buf.br[0] = 0;
}
#define C(f, buffer, err, ...) do { const word w_[] = { __VA_ARGS__ }; \
		create(__LINE__, f, buffer, err, sizeof(w_) / sizeof(word), w_); } while (0)

static void factories(void)
{
	word to;

	setup();
	to = empty | L4_RCV_ITEM_SINGLE_CAP;
	C(factory, 0, -L4_EINVAL, L4_PROTO_THREAD);
	C(factory, empty, -L4_EINVAL, L4_PROTO_THREAD);
	C(factory, L4_RCV_ITEM_SINGLE_CAP, -L4_EINVAL, L4_PROTO_THREAD);
	C(factory, L4_CAP_MAX_SLOTS << 12 | L4_RCV_ITEM_SINGLE_CAP, -L4_EINVAL, L4_PROTO_THREAD);
	C(factory, ~0UL, -L4_EINVAL, L4_PROTO_THREAD);
	C(factory, to, -L4_ENODEV, 5);
	C(factory, to, -L4_ENODEV, L4_PROTO_LOG);
	C(factory, to, -L4_ENODEV, ~0UL << 62);
	C(factory, to, -L4_EMSGTOOSHORT, L4_PROTO_FACTORY);
	C(factory, to, -L4_EMSGTOOSHORT, L4_PROTO_TASK);
	C(factory, to, -L4_EMSGTOOSHORT, L4_PROTO_KOBJECT, bound);
	C(factory, to, -L4_EMSGTOOSHORT, L4_PROTO_SEMAPHORE);
	C(factory, to, -L4_ENOMEM, L4_PROTO_FACTORY, 30001);
	C(factory, to, -L4_ENOMEM, L4_PROTO_FACTORY, ~0UL);
	C(factory, to, -L4_EINVAL, L4_PROTO_TASK, 1);
	C(factory, to, -L4_EINVAL, L4_PROTO_TASK, RAW(KT_UTCBS, 11, L4_FPAGE_MEMORY, 6));
	C(factory, to, -L4_EINVAL, L4_PROTO_TASK, RAW(KT_UTCBS, 21, L4_FPAGE_MEMORY, 6));
	C(factory, to, -L4_EINVAL, L4_PROTO_TASK, RAW(KT_UTCBS, 12, L4_FPAGE_IO, 6));
	C(factory, to, -L4_EINVAL, L4_PROTO_TASK, RAW(0xffff800000000000, 12, L4_FPAGE_MEMORY, 6));
	C(factory, to, -L4_EINVAL, L4_PROTO_TASK, RAW(0x7ffffffff000, 12, L4_FPAGE_MEMORY, 6));
	C(factory, to, -L4_ENOMEM, L4_PROTO_TASK, RAW(KT_UTCBS, 16, L4_FPAGE_MEMORY, 6));
	C(factory, to, -L4_EINVAL, L4_PROTO_KOBJECT, bound, 2);
	C(factory, to, -L4_ENOENT, L4_PROTO_KOBJECT, kt_slot(), 0);
	C(factory, to, -L4_ENOENT, L4_PROTO_KOBJECT, task, 0);
	C(factory, to, -L4_ENOENT, L4_PROTO_KOBJECT, bound_r, 0);
	CHECK(!kt_valid(empty));
	/* a task that was half made is taken apart when there is time */
	do {
		l4_ipc_sleep_ms(1);
		E(factory, L4_PROTO_FACTORY, 0, L4_FACTORY_INFO);
		CHECK_EQ(kt_mr()[0], 30000);
	} while (kt_mr()[1]);
	C(factory, to, 0, L4_PROTO_SEMAPHORE, ~0UL);
	CHECK_OK(l4_semaphore_up(empty));
}

static void endpoints(void)
{
	setup();
	E(gate_r, L4_PROTO_KOBJECT, -L4_EPERM, L4_RCV_EP_BIND_OP, bound, 0);
	E(gate, L4_PROTO_KOBJECT, -L4_EMSGTOOSHORT, L4_RCV_EP_BIND_OP, bound);
	E(gate, L4_PROTO_KOBJECT, -L4_EINVAL, L4_RCV_EP_BIND_OP, bound, 1);
	E(gate, L4_PROTO_KOBJECT, -L4_ENOENT, L4_RCV_EP_BIND_OP, empty, 0);
	E(gate, L4_PROTO_KOBJECT, -L4_ENOENT, L4_RCV_EP_BIND_OP, task, 0);
	E(gate, L4_PROTO_KOBJECT, -L4_ENOENT, L4_RCV_EP_BIND_OP, bound_r, 0);
	E(gate, L4_PROTO_KOBJECT, -L4_EINVAL, L4_RCV_EP_BIND_OP, L4_INVALID_CAP, 1);
	E(gate_r, L4_PROTO_KOBJECT, -L4_EPERM, L4_IPC_GATE_GET_INFO_OP);
	E(gate, L4_PROTO_KOBJECT, 0, L4_IPC_GATE_GET_INFO_OP);
	E(irq_r, L4_PROTO_KOBJECT, -L4_EPERM, L4_RCV_EP_BIND_OP, bound, 0);
	E(irq, L4_PROTO_KOBJECT, -L4_EMSGTOOSHORT, L4_RCV_EP_BIND_OP, bound);
	E(irq, L4_PROTO_KOBJECT, -L4_ENOENT, L4_RCV_EP_BIND_OP, empty, 0);
	E(irq, L4_PROTO_KOBJECT, -L4_ENOENT, L4_RCV_EP_BIND_OP, bound_r, 0);
	E(irq, L4_PROTO_KOBJECT, 0, L4_RCV_EP_BIND_OP, bound, 3);
	E(irq_r, L4_PROTO_IRQ, -L4_EPERM, L4_IRQ_OP_TRIGGER);
	E0(irq_r, L4_PROTO_IRQ, -L4_EPERM);
	E0(irq, L4_PROTO_IRQ, 0);
	E(irq_r, L4_PROTO_IRQ, -L4_EPERM, L4_IRQ_OP_EOI);
	E(irq, L4_PROTO_IRQ, 0, L4_IRQ_OP_EOI);
	E(irq_r, L4_PROTO_IRQ, -L4_EPERM, L4_IRQ_OP_DETACH);
	E(irq, L4_PROTO_IRQ, 0, L4_IRQ_OP_DETACH);
	E(irq, L4_PROTO_IRQ, 0, L4_IRQ_OP_DETACH);
	E(irq, L4_PROTO_IRQ, -L4_EMSGTOOSHORT, L4_IRQ_OP_SET_TIMER);
	E(irq_r, L4_PROTO_IRQ, -L4_EPERM, L4_IRQ_OP_SET_TIMER, 0);
	E(irq, L4_PROTO_IRQ, 0, L4_IRQ_OP_SET_TIMER, ~0UL);
	E(sem_r, L4_PROTO_SEMAPHORE, -L4_EPERM, L4_SEMAPHORE_OP_UP);
	E(sem_r, L4_PROTO_SEMAPHORE, -L4_EPERM, L4_SEMAPHORE_OP_DOWN);
}

static void icu(void)
{
	cap other = kt_irq(), icu_r = copy(L4_BASE_ICU_CAP);
	const cap c = L4_BASE_ICU_CAP;
	word lines;

	setup();
	E(icu_r, L4_PROTO_IRQ, 0, L4_ICU_OP_INFO);
	lines = kt_mr()[1];
	CHECK(lines >= 16 && kt_mr()[2] > 0);
	for (word op = L4_ICU_OP_BIND; op <= L4_ICU_OP_REMAP; op++) {
		if (op == L4_ICU_OP_INFO)
			continue;
		E(icu_r, L4_PROTO_IRQ, -L4_EPERM, op, 5, irq);
		E(c, L4_PROTO_IRQ, -L4_EINVAL, op, lines, irq);
		E(c, L4_PROTO_IRQ, -L4_EINVAL, op, ~0UL, irq);
		E(c, L4_PROTO_IRQ, -L4_EINVAL, op, L4_ICU_FLAG_MSI | 10000, irq);
		E(c, L4_PROTO_IRQ, -L4_EMSGTOOSHORT, op);
	}
	E(c, L4_PROTO_IRQ, -L4_EMSGTOOSHORT, L4_ICU_OP_BIND, 5);
	E(c, L4_PROTO_IRQ, -L4_EMSGTOOSHORT, L4_ICU_OP_UNBIND, 5);
	E(c, L4_PROTO_IRQ, -L4_EMSGTOOSHORT, L4_ICU_OP_SET_MODE, 5);
	E(c, L4_PROTO_IRQ, -L4_EMSGTOOSHORT, L4_ICU_OP_REMAP, 5);
	E(c, L4_PROTO_IRQ, -L4_ENOENT, L4_ICU_OP_BIND, 5, empty);
	E(c, L4_PROTO_IRQ, -L4_ENOENT, L4_ICU_OP_BIND, 5, task);
	E(c, L4_PROTO_IRQ, -L4_ENOENT, L4_ICU_OP_BIND, 5, irq_r);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_BIND, 5, irq);
	E(c, L4_PROTO_IRQ, -L4_EPERM, L4_ICU_OP_BIND, 5, other);
	E(c, L4_PROTO_IRQ, -L4_EPERM, L4_ICU_OP_BIND, 6, irq);
	E(c, L4_PROTO_IRQ, -L4_EINVAL, L4_ICU_OP_UNBIND, 6, irq);
	E(c, L4_PROTO_IRQ, -L4_EINVAL, L4_ICU_OP_UNBIND, 5, other);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_SET_MODE, 5, L4_IRQ_F_POS_EDGE);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_UNMASK, 5, 0);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_MASK, 5, 0);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_UNBIND, 5, irq);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_MSI_INFO, 5, 0);
	CHECK_EQ(kt_mr()[0] & 0xfff00000, 0xfee00000);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_REMAP, 5, 1);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_REMAP, 5, 0);
	E(c, L4_PROTO_IRQ, -L4_EINVAL, L4_ICU_OP_REMAP, L4_ICU_FLAG_MSI | 3, 1);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_BIND, L4_ICU_FLAG_MSI | 3, irq);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_MSI_INFO, L4_ICU_FLAG_MSI | 3, 0);
	CHECK_EQ(kt_mr()[0] & 0xfff00000, 0xfee00000);
	E(c, L4_PROTO_IRQ, -L4_EINVAL, L4_ICU_OP_SET_MODE, L4_ICU_FLAG_MSI | 3, 0);
	/* the line is free again when its IRQ goes */
	kt_delete(irq);
	E(c, L4_PROTO_IRQ, 0, L4_ICU_OP_BIND, L4_ICU_FLAG_MSI | 3, other);
}

static void scheduler(void)
{
	const cap c = L4_BASE_SCHEDULER_CAP;
	cap c_r = copy(c);

	setup();
	expect(__LINE__, c, L4_PROTO_SCHEDULER, -L4_EMSGTOOSHORT, 8, (word[]){ L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 0, 0, 0 });
	E(c_r, L4_PROTO_SCHEDULER, -L4_EPERM, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 0, 0, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 0, 0, 0, 0, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 256, 0, 0, 0, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, ~0UL, 0, 0, 0, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 0, 5, 0, 0, 0, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 63, 1, 5, 0, 0, 0, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_ENOENT, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 0, 0, 0, empty);
	E(c, L4_PROTO_SCHEDULER, -L4_ENOENT, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 0, 0, 0, task);
	E(c, L4_PROTO_SCHEDULER, -L4_ENOENT, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 0, 0, 0, bound_r);
	E(c, L4_PROTO_SCHEDULER, 0, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 255, ~0UL, 0, 0, 0, unbound);
	/* budget, period, low priority */
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 0, 100000, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 10000, 0, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 0, 0, 4, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 9999, 100000, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 10000, 99999, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 100001, 100000, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 10000, 3600000000001, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, ~0UL, ~0UL, 0, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 10000, 100000, 5, bound);
	E(c, L4_PROTO_SCHEDULER, -L4_EINVAL, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 10000, 100000, 260, bound);
	E(c, L4_PROTO_SCHEDULER, 0, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 10000, 3600000000000, 4, unbound);
	E(c, L4_PROTO_SCHEDULER, 0, L4_SCHEDULER_RUN_THREAD_OP, 0, 1, 5, 0, 100000, 100000, 0, unbound);
	E(c_r, L4_PROTO_SCHEDULER, 0, L4_SCHEDULER_INFO_OP);
	E(c_r, L4_PROTO_SCHEDULER, 0, L4_SCHEDULER_IDLE_TIME_OP, 0, 1);
}

static void machine(void)
{
	cap log_r = copy(L4_BASE_LOG_CAP), platform_r = copy(L4_BASE_PLATFORM_CAP), phys_r = copy(L4_BASE_PHYSMEM_CAP);
	cap trace_r = copy(L4_BASE_TRACE_CAP);
	const l4_kernel_info_t *kip = kt_kip();
	word at = kt_region(1UL << 21), limit = 0;

	setup();
	E(L4_BASE_LOG_CAP, L4_PROTO_LOG, -L4_EMSGTOOSHORT, L4_VCON_WRITE_OP);
	E(L4_BASE_LOG_CAP, L4_PROTO_LOG, -L4_EMSGTOOSHORT, L4_VCON_WRITE_OP, 9, 0);
	E(L4_BASE_LOG_CAP, L4_PROTO_LOG, -L4_EMSGTOOSHORT, L4_VCON_WRITE_OP, ~0UL, 0);
	E(log_r, L4_PROTO_LOG, 0, L4_VCON_WRITE_OP, 0);
	E(log_r, L4_PROTO_LOG, -L4_EPERM, L4_VCON_READ_OP, 10);
	E(log_r, L4_PROTO_LOG, -L4_EPERM, L4_VCON_SET_ATTR_OP, 0);
	E(L4_BASE_LOG_CAP, L4_PROTO_LOG, -L4_EMSGTOOSHORT, L4_VCON_READ_OP);
	E(L4_BASE_LOG_CAP, L4_PROTO_LOG, -L4_EMSGTOOSHORT, L4_VCON_SET_ATTR_OP);
	E(L4_BASE_LOG_CAP, L4_PROTO_LOG, 0, L4_VCON_GET_ATTR_OP);
	CHECK_EQ(kt_mr()[0], L4_LOG_ATTR_UART);
	E(L4_BASE_LOG_CAP, L4_PROTO_LOG, 0, L4_VCON_READ_OP, 100000);
	CHECK(kt_mr()[0] <= L4_VCON_READ_SIZE);

	E(L4_BASE_PLATFORM_CAP, L4_PROTO_META, -L4_EMSGTOOSHORT, L4_PLATFORM_SHUTDOWN_OP);
	E(platform_r, L4_PROTO_META, -L4_EPERM, L4_PLATFORM_SHUTDOWN_OP, 0);
	E(L4_BASE_PLATFORM_CAP, L4_PROTO_META, -L4_EINVAL, L4_PLATFORM_SHUTDOWN_OP, 3);

	E(L4_BASE_DEBUGGER_CAP, L4_PROTO_DEBUGGER, -L4_EMSGTOOSHORT, L4_DEBUGGER_GLOBAL_ID_OP);
	E(L4_BASE_DEBUGGER_CAP, L4_PROTO_DEBUGGER, -L4_ENOENT, L4_DEBUGGER_GLOBAL_ID_OP, empty);
	E(L4_BASE_DEBUGGER_CAP, L4_PROTO_DEBUGGER, 0, L4_DEBUGGER_NAME_OP, task);

	expect(__LINE__, L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EMSGTOOSHORT, 2, (word[]){ 0, 0 });
	E(phys_r, L4_PROTO_PHYSMEM, -L4_EPERM, L4_PHYSMEM_MAP_OP, PAGE(0x1000), at);
	E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EINVAL, L4_PHYSMEM_MAP_OP, 0, at);
	E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EINVAL, L4_PHYSMEM_MAP_OP, RAW(0x1000, 11, L4_FPAGE_MEMORY, 6), at);
	E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EINVAL, L4_PHYSMEM_MAP_OP, RAW(0x1000, 13, L4_FPAGE_MEMORY, 6), at);
	E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EINVAL, L4_PHYSMEM_MAP_OP, RAW(0x2000, 13, L4_FPAGE_MEMORY, 6), at + 0x1000);
	for (unsigned i = 0; i < kip->mem_count; i++) {
		if (kip->mem[i].type == L4_MEM_KERNEL)
			E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EPERM, L4_PHYSMEM_MAP_OP, PAGE(kip->mem[i].start), at);
		if (kip->mem[i].type == L4_MEM_RAM)
			limit = kip->mem[i].start;
	}
	E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EPERM, L4_PHYSMEM_MAP_OP, PAGE(0xfee00000), at);
	E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EPERM, L4_PHYSMEM_MAP_OP, PAGE(0xfec00000), at);
	E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EPERM, L4_PHYSMEM_MAP_OP, RAW(0, 32, L4_FPAGE_MEMORY, 6), 0);
	E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EINVAL, L4_PHYSMEM_MAP_OP, PAGE(limit), 0xffff800000000000);
	E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, 0, L4_PHYSMEM_MAP_OP, PAGE(limit), at);
	E(L4_BASE_PHYSMEM_CAP, L4_PROTO_PHYSMEM, -L4_EEXIST, L4_PHYSMEM_MAP_OP, PAGE(limit), at);

	E(L4_BASE_TRACE_CAP, L4_PROTO_TRACE, -L4_EMSGTOOSHORT, L4_TRACE_MAP_OP);
	E(L4_BASE_TRACE_CAP, L4_PROTO_TRACE, -L4_EMSGTOOSHORT, L4_TRACE_MASK_OP);
	E(trace_r, L4_PROTO_TRACE, -L4_EPERM, L4_TRACE_MASK_OP, 0);
	E(trace_r, L4_PROTO_TRACE, 0, L4_TRACE_COUNTERS_OP);
	E(trace_r, L4_PROTO_TRACE, -L4_EINVAL, L4_TRACE_MAP_OP, at + 0x10008);
	E(trace_r, L4_PROTO_TRACE, -L4_EINVAL, L4_TRACE_MAP_OP, 0xffff800000000000);
	E(trace_r, L4_PROTO_TRACE, 0, L4_TRACE_MAP_OP, at + 0x10000);
	CHECK_EQ(kt_read((void *)(at + 0x10000)), 0x6563617254796b53UL);
	CHECK(!kt_can_write(KT_TASK, at + 0x10000, 0));
	kt_printf("%u calls\n", number);
}

/* The system call itself: operations that are none, and combinations nobody needs. */
static void system_call(void)
{
	l4_umword_t label;

	setup();
	for (word op = 0; op < 32; op++) {
		if (op == 0x10) /* resume: not a vCPU */
			continue;
		label = 0;
		l4_syscall_ipc(L4_INVALID_CAP | op, l4_msgtag(0, 0, 0, 0), &label, l4_timeout(0, 0));
		l4_syscall_ipc(empty | op, l4_msgtag(0, 0, 0, 0), &label, l4_timeout(0, 0));
		l4_syscall_ipc(irq | op, l4_msgtag(L4_PROTO_IRQ, 0, 0, 0), &label, l4_timeout(0, 0));
		l4_syscall_ipc(unbound | op, l4_msgtag(5, 63, 63, 15), &label, l4_timeout(0, 0));
		l4_syscall_ipc(kt_self() | op, l4_msgtag(5, 0, 0, 0), &label, l4_timeout(0, 0));
	}
	label = 0;
	CHECK_IPC(l4_syscall_ipc(L4_SYS_VCPU_RESUME, l4_msgtag(0, 0, 0, 0), &label, L4_IPC_NEVER), L4_IPC_ENOT_EXISTENT);
	/* nothing asked for */
	CHECK_IPC(l4_syscall_ipc(empty, l4_msgtag(0, 0, 0, 0), &label, L4_IPC_NEVER), 0);
}

const struct kt_test kt_tests[] = {
	KT_TEST(common), KT_TEST(task_map), KT_TEST(task_unmap), KT_TEST(task_rest), KT_TEST(task_no_memory),
	KT_TEST(thread), KT_TEST(factories), KT_TEST(endpoints), KT_TEST(icu), KT_TEST(scheduler), KT_TEST(machine),
	KT_TEST(system_call),
	{ 0 }
};
