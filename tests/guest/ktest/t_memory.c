/* SPDX-License-Identifier: MIT */
/* Kernel test: mapping, revocation, page-fault and exception messages, kernel-user memory, quotas, I/O ports. */
#include "kt.h"

#define RWX L4_FPAGE_RWX
#define RW L4_FPAGE_RW
#define RO L4_FPAGE_RO
#define PAGE L4_PAGESIZE
#define ALL L4_FP_ALL_SPACES
#define OTHERS L4_FP_OTHER_SPACES

static long map(cap dst, cap src, word va, unsigned order, unsigned rights, word to)
{
	return l4_error(l4_task_map(dst, src, l4_fpage(va, order, rights), to));
}

static void unmap(cap task, word va, unsigned order, unsigned rights, word mask)
{
	CHECK_OK(l4_task_unmap(task, l4_fpage(va, order, rights), mask));
}

static word task_pages(cap task)
{
	l4_task_stats_t st = { 0 };

	CHECK_OK(l4_task_stats_u(task, &st, l4_utcb()));
	return st.pages;
}

/* --- mapping */

static void map_page(void)
{
	word *page = kt_pages(1), at = kt_region(PAGE), v = 0;
	cap task = kt_task();

	page[0] = 0x1234;
	CHECK(!kt_can_read(task, at, &v));
	CHECK_EQ(map(task, KT_TASK, (word)page, 12, RW, at), 0);
	CHECK_EQ(kt_mr()[0], 1);
	CHECK(kt_can_read(task, at, &v));
	CHECK_EQ(v, 0x1234);
	CHECK(kt_can_write(task, at, 77));
	CHECK_EQ(page[0], 77);
	CHECK(!kt_can_read(task, at + PAGE, &v));
	unmap(task, at, 12, RWX, ALL);
	CHECK(!kt_can_read(task, at, &v));
	CHECK_EQ(page[0], 77);
}

static void map_own_task(void)
{
	word *page = kt_pages(1), at = kt_region(2 * PAGE);

	CHECK_EQ(map(KT_TASK, KT_TASK, (word)page, 12, RW, at), 0);
	*(volatile word *)at = 3;
	CHECK_EQ(page[0], 3);
	CHECK_EQ(map(KT_TASK, KT_TASK, at, 12, RO, at + PAGE), 0);
	CHECK_EQ(kt_read((void *)(at + PAGE)), 3);
	CHECK(!kt_can_write(KT_TASK, at + PAGE, 1));
	unmap(KT_TASK, (word)page, 12, RWX, OTHERS);
	CHECK(!kt_can_read(KT_TASK, at, 0));
	CHECK(!kt_can_read(KT_TASK, at + PAGE, 0));
	CHECK(kt_can_read(KT_TASK, (word)page, 0));
}

/* What a program's code looks like: it returns. */
static void put_ret(void *page) { *(volatile unsigned char *)page = 0xc3; }

static void map_rights(void)
{
	word page = (word)kt_superpage(), at = kt_region(4 * PAGE);
	cap task = kt_task();

	put_ret((void *)page);
	CHECK_EQ(map(task, KT_TASK, page, 12, RO, at), 0);
	CHECK(kt_can_read(task, at, 0));
	CHECK(!kt_can_write(task, at, 0));
	CHECK(!kt_can_call(task, at));
	CHECK_EQ(map(task, KT_TASK, page, 12, L4_FPAGE_RX, at + PAGE), 0);
	CHECK(kt_can_call(task, at + PAGE));
	CHECK(!kt_can_write(task, at + PAGE, 0));
	CHECK_EQ(map(task, KT_TASK, page, 12, RW, at + 2 * PAGE), 0);
	CHECK(!kt_can_call(task, at + 2 * PAGE));
	CHECK(kt_can_write(task, at + 2 * PAGE, 0xc3));
	/* no more than the source has */
	CHECK_EQ(map(task, task, at, 12, RWX, at + 3 * PAGE), 0);
	CHECK(kt_can_read(task, at + 3 * PAGE, 0));
	CHECK(!kt_can_write(task, at + 3 * PAGE, 0));
	CHECK(!kt_can_call(task, at + 3 * PAGE));
	/* more for the same page: the union */
	CHECK_EQ(map(task, KT_TASK, page, 12, RWX, at), 0);
	CHECK(kt_can_write(task, at, 0xc3));
	CHECK(kt_can_call(task, at));
	/* no access at all is not a mapping */
	CHECK_EQ(map(task, KT_TASK, page, 12, 0, at), -L4_EINVAL);
}

static void map_superpage(void)
{
	word page = (word)kt_superpage(), at = kt_region(3 * L4_SUPERPAGESIZE), before, v;
	cap task = kt_task();

	before = task_pages(task);
	kt_write((void *)page, 11);
	kt_write((void *)(page + L4_SUPERPAGESIZE - 8), 22);
	CHECK_EQ(map(task, KT_TASK, page, 21, RW, at), 0);
	CHECK_EQ(task_pages(task), before + 1);
	CHECK(kt_can_read(task, at, &v));
	CHECK_EQ(v, 11);
	CHECK(kt_can_read(task, at + L4_SUPERPAGESIZE - 8, &v));
	CHECK_EQ(v, 22);
	CHECK(!kt_can_read(task, at + L4_SUPERPAGESIZE, 0));
	/* a part of it: small pages */
	CHECK_EQ(map(task, KT_TASK, page + 0x4000, 14, RW, at + L4_SUPERPAGESIZE), 0);
	CHECK_EQ(task_pages(task), before + 5);
	kt_write((void *)(page + 0x5000), 33);
	CHECK(kt_can_read(task, at + L4_SUPERPAGESIZE + 0x1000, &v));
	CHECK_EQ(v, 33);
	/* small pages where the superpage is, and the superpage where they are */
	CHECK_EQ(map(task, KT_TASK, page + 0x5000, 12, RO, at), 0);
	CHECK(kt_can_read(task, at, &v));
	CHECK_EQ(v, 33);
	CHECK(!kt_can_read(task, at + L4_SUPERPAGESIZE - 8, 0));
	CHECK_EQ(map(task, KT_TASK, page, 21, RW, at), 0);
	CHECK(kt_can_read(task, at, &v));
	CHECK_EQ(v, 11);
	CHECK_EQ(task_pages(task), before + 5);
	unmap(task, at, 22, RWX, ALL);
	CHECK_EQ(task_pages(task), before);
	unmap(KT_TASK, page, 21, RWX, OTHERS);
	CHECK(kt_can_read(KT_TASK, page, 0));
}

static void map_list(void)
{
	char *page = kt_pages(8);
	word at = kt_region(64 * PAGE), *mr = kt_mr(), v;
	cap task = kt_task();

	for (int i = 0; i < 8; i++)
		kt_write(page + i * PAGE, 100 + i);
	mr[0] = L4_TASK_MAP_OP;
	mr[1] = KT_TASK;
	for (int i = 0; i < 8; i++) {
		mr[2 + 2 * i] = at + 2 * i * PAGE;
		mr[3 + 2 * i] = l4_fpage((word)page + i * PAGE, 12, RO).raw;
	}
	CHECK_ERR(l4_invoke(task, L4_PROTO_TASK, 18, l4_utcb()), 0);
	CHECK_EQ(mr[0], 8);
	for (int i = 0; i < 8; i++) {
		CHECK(kt_can_read(task, at + 2 * i * PAGE, &v));
		CHECK_EQ(v, 100 + i);
		CHECK(!kt_can_read(task, at + (2 * i + 1) * PAGE, &v));
	}
	/* holes of the source are skipped, an error ends it and keeps what was done */
	unmap(task, at, 18, RWX, ALL);
	mr[0] = L4_TASK_MAP_OP;
	mr[1] = KT_TASK;
	mr[2] = at;
	mr[3] = l4_fpage((word)page, 12, RO).raw;
	mr[4] = at + PAGE;
	mr[5] = l4_fpage(kt_region(PAGE), 12, RO).raw;
	mr[6] = L4_USER_LOW_END;
	mr[7] = l4_fpage((word)page, 12, RO).raw;
	mr[8] = at + 2 * PAGE;
	mr[9] = l4_fpage((word)page, 12, RO).raw;
	CHECK_ERR(l4_invoke(task, L4_PROTO_TASK, 10, l4_utcb()), -L4_EINVAL);
	CHECK(kt_can_read(task, at, &v));
	CHECK(!kt_can_read(task, at + PAGE, &v));
	CHECK(!kt_can_read(task, at + 2 * PAGE, &v));
}

/* Items of all kinds in one list, so that the short way is left and taken up again in its middle. */
static void map_list_mixed(void)
{
	word page = (word)kt_pages(16), super = (word)kt_superpage(), at = kt_region(4 * L4_SUPERPAGESIZE), *mr = kt_mr(), v, before;
	cap task = kt_task();

	before = task_pages(task);
	for (int i = 0; i < 16; i++)
		kt_write((char *)page + i * PAGE, 200 + i);
	kt_write((void *)(super + PAGE), 300);
	for (int round = 0; round < 2; round++) { /* all of it again is the same */
		word i = 2;

		mr[0] = L4_TASK_MAP_OP;
		mr[1] = KT_TASK;
		for (word k = 0; k < 12; k++) { /* the first makes the tables */
			mr[i++] = at + k * PAGE;
			mr[i++] = l4_fpage(page + k * PAGE, 12, k & 1 ? RO : RW).raw;
		}
		mr[i++] = at + L4_SUPERPAGESIZE; /* a superpage */
		mr[i++] = l4_fpage(super, 21, RW).raw;
		mr[i++] = at + 20 * PAGE; /* from a superpage, then from another place to what is there */
		mr[i++] = l4_fpage(super + PAGE, 12, RW).raw;
		mr[i++] = at + 3 * PAGE;
		mr[i++] = l4_fpage(page + 15 * PAGE, 12, RW).raw;
		mr[i++] = at + 4 * PAGE; /* where a superpage is not, and a hole */
		mr[i++] = l4_fpage(at, 12, RW).raw;
		mr[i++] = at + 3 * L4_SUPERPAGESIZE + 8; /* other tables; what is below a page does not count */
		mr[i++] = l4_fpage(page, 12, RW).raw;
		CHECK_OK(l4_invoke(task, L4_PROTO_TASK, i, l4_utcb()));
		CHECK_EQ(mr[0], 16);
		CHECK_EQ(task_pages(task), before + 15);
	}
	for (word k = 0; k < 12; k++) {
		CHECK(kt_can_read(task, at + k * PAGE, &v));
		CHECK_EQ(v, k == 3 ? 215 : 200 + k);
		CHECK_EQ(kt_can_write(task, at + k * PAGE, 200 + k), k == 3 || !(k & 1));
	}
	CHECK(kt_can_read(task, at + 20 * PAGE, &v));
	CHECK_EQ(v, 300);
	/* revoked at the source, one by one and with pages that are not there */
	mr[0] = L4_TASK_UNMAP_OP;
	mr[1] = OTHERS;
	for (word k = 0; k < 20; k++)
		mr[2 + k] = l4_fpage(k < 16 ? page + k * PAGE : at + k * PAGE, 12, RWX).raw;
	mr[22] = l4_fpage(super, 21, RWX).raw;
	CHECK_OK(l4_invoke(KT_TASK, L4_PROTO_TASK, 23, l4_utcb()));
	CHECK(!kt_can_read(task, at, 0));
	CHECK(!kt_can_read(task, at + 20 * PAGE, 0));
	CHECK_EQ(kt_read((char *)page + 5 * PAGE), 205);
}

static void map_addresses(void)
{
	word page = (word)kt_pages(1), v;
	cap task = kt_task();
	static const word bad[] = { L4_USER_LOW_END, 0x0000800000000000, 0xffff800000000000, 0xffff87fffffff000,
				    0xffff7ffffffff000, 0x7ffffffff000 };
	static const word good[] = { 0, PAGE, L4_USER_LOW_END - PAGE, L4_USER_HIGH_START, 0xffffffff80000000,
				     0xfffffffffffff000, 0xfffffe8000000000 };

	kt_write((void *)page, 5);
	for (unsigned i = 0; i < sizeof(bad) / 8; i++) {
		CHECK_EQ(map(task, KT_TASK, page, 12, RW, bad[i]), -L4_EINVAL);
		CHECK_EQ(map(KT_TASK, task, bad[i], 12, RW, page), -L4_EINVAL);
	}
	for (unsigned i = 0; i < sizeof(good) / 8; i++) {
		CHECK_EQ(map(task, KT_TASK, page, 12, RW, good[i]), 0);
		CHECK(kt_can_read(task, good[i], &v));
		CHECK_EQ(v, 5);
	}
	CHECK(!kt_can_read(task, 0xffff800000000000, 0));
	CHECK(!kt_can_read(task, 0xffff808000000000, 0));
	CHECK(!kt_can_write(task, 0xffff808000000000, 0));
	CHECK(!kt_can_call(task, 0xffff808000100000));
	CHECK(!kt_can_read(task, 0x7ffffffff000, 0));
	/* all of it, both halves */
	CHECK_OK(l4_task_unmap_range_u(task, 0, ~0UL, ALL | RWX, l4_utcb()));
	for (unsigned i = 0; i < sizeof(good) / 8; i++)
		CHECK_EQ(map(KT_TASK, task, good[i], 12, RW, kt_region(PAGE)), 0);
	CHECK_EQ(kt_mr()[0], 0);
	CHECK_EQ(task_pages(task), 1UL << (KT_UTCBS_ORDER - 12));
}

/* Where there is a free GiB and pages of that size (machines with enough memory). */
static void map_gigapage(void)
{
	const l4_kernel_info_t *kip = kt_kip();
	word giga = 1UL << L4_GIGAPAGESHIFT, pa = 0, at = 0x4000000000UL, to = 0x5000000000UL, before, v;
	cap task;

	for (unsigned i = 0; i < kip->mem_count; i++)
		if (kip->mem[i].type == L4_MEM_RAM && ((kip->mem[i].start + giga - 1) & ~(giga - 1)) + giga <= kip->mem[i].end)
			pa = (kip->mem[i].start + giga - 1) & ~(giga - 1);
	if (!pa || !l4_kip_kernel_has_feature(kip, "1g"))
		return;
	task = kt_task();
	before = task_pages(KT_TASK);
	CHECK_OK(l4_physmem_map_u(L4_BASE_PHYSMEM_CAP, l4_fpage(pa, L4_GIGAPAGESHIFT, RWX), at, l4_utcb()));
	CHECK_EQ(task_pages(KT_TASK), before + 1);
	kt_write((void *)(at + giga - 8), 1234);
	kt_write((void *)(at + 0x40000000 - 0x200000), 99);
	before = task_pages(task);
	CHECK_EQ(map(task, KT_TASK, at, L4_GIGAPAGESHIFT, RW, to), 0);
	CHECK_EQ(task_pages(task), before + 1);
	CHECK(kt_can_read(task, to + giga - 8, &v));
	CHECK_EQ(v, 1234);
	CHECK(!kt_can_read(task, to + giga, 0));
	/* parts: 2 MiB, 4 KiB, in another GiB and in place of it */
	CHECK_EQ(map(task, KT_TASK, at + giga - 0x200000, 21, RW, to + giga), 0);
	CHECK_EQ(task_pages(task), before + 2);
	CHECK(kt_can_read(task, to + giga, &v));
	CHECK_EQ(v, 99);
	CHECK_EQ(map(task, KT_TASK, at + giga - 0x1000, 12, RO, to + giga + 0x200000), 0);
	CHECK(kt_can_read(task, to + giga + 0x200ff8, &v));
	CHECK_EQ(v, 1234);
	CHECK_EQ(map(task, KT_TASK, at + giga - 0x1000, 12, RO, to), 0);
	CHECK(kt_can_read(task, to + 0xff8, &v));
	CHECK_EQ(v, 1234);
	CHECK(!kt_can_read(task, to + giga - 8, 0));
	CHECK_EQ(map(task, KT_TASK, at, L4_GIGAPAGESHIFT, RO, to), 0);
	CHECK(kt_can_read(task, to + giga - 8, &v));
	CHECK(!kt_can_write(task, to + giga - 8, 0));
	CHECK_EQ(task_pages(task), before + 3);
	unmap(KT_TASK, at, L4_GIGAPAGESHIFT, RWX, ALL);
	CHECK_EQ(task_pages(task), before);
}

/* --- revocation */

static void revoke_recursive(void)
{
	word page = (word)kt_pages(1), at = kt_region(PAGE);
	cap a = kt_task(), b = kt_task(), c = kt_task();

	CHECK_EQ(map(a, KT_TASK, page, 12, RW, at), 0);
	CHECK_EQ(map(b, a, at, 12, RW, at), 0);
	CHECK_EQ(map(c, b, at, 12, RW, at), 0);
	CHECK(kt_can_write(c, at, 9));
	unmap(b, at, 12, RWX, OTHERS);
	CHECK(!kt_can_read(c, at, 0));
	CHECK(kt_can_write(b, at, 9));
	CHECK_EQ(map(c, b, at, 12, RW, at), 0);
	unmap(a, at, 12, RWX, ALL);
	CHECK(!kt_can_read(a, at, 0));
	CHECK(!kt_can_read(b, at, 0));
	CHECK(!kt_can_read(c, at, 0));
	/* the task in the middle dies */
	CHECK_EQ(map(a, KT_TASK, page, 12, RW, at), 0);
	CHECK_EQ(map(b, a, at, 12, RW, at), 0);
	CHECK_EQ(map(c, b, at, 12, RW, at), 0);
	kt_delete(b);
	CHECK(kt_can_write(a, at, 9));
	CHECK(!kt_can_read(c, at, 0));
}

static void revoke_write(void)
{
	word page = (word)kt_pages(1), at = kt_region(PAGE);
	cap a = kt_task(), b = kt_task();

	CHECK_EQ(map(a, KT_TASK, page, 12, RW, at), 0);
	CHECK_EQ(map(b, a, at, 12, RW, at), 0);
	CHECK(kt_can_write(a, at, 1));
	unmap(KT_TASK, page, 12, L4_FPAGE_W, OTHERS);
	CHECK(!kt_can_write(a, at, 2));
	CHECK(kt_can_read(a, at, 0));
	CHECK(!kt_can_write(b, at, 2));
	kt_write((void *)page, 4);
	/* given again */
	CHECK_EQ(map(a, KT_TASK, page, 12, RW, at), 0);
	CHECK(kt_can_write(a, at, 3));
	unmap(a, at, 12, L4_FPAGE_W, ALL);
	CHECK(!kt_can_write(a, at, 3));
	CHECK(kt_can_read(a, at, 0));
}

/* Many copies in many places: all go. */
static void revoke_many(void)
{
	char *page = (char *)(((word)kt_pages(31) + 0xffff) & ~0xffffUL);
	word at = kt_region(2048 * PAGE), before;
	cap task = kt_task();

	before = task_pages(task);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(map(task, i & 1 ? task : KT_TASK, i & 1 ? at + 16 * (i - 1) * PAGE : (word)page, 16, RW,
			     at + 16 * i * PAGE), 0);
	CHECK_EQ(task_pages(task), before + 64 * 16);
	CHECK(kt_can_write(task, at + 1023 * PAGE, 7));
	CHECK_EQ(kt_read(page + 15 * PAGE), 7);
	for (int i = 0; i < 16; i++)
		unmap(KT_TASK, (word)page + i * PAGE, 12, RWX, OTHERS);
	/* with those in the task's picture of the program */
	CHECK_EQ(task_pages(task), before - 16);
}

/* --- page faults */

static void pager_maps(void)
{
	char *page = kt_pages(4);
	word at = kt_region(8 * PAGE), gate_label = 0;
	static volatile word *target;
	cap task = kt_task(), thread;
	l4_msgtag_t tag;
	long label;
	void touch(void *arg) { target[0] = 5; target[512] = target[1024] + 1; }

	target = (void *)at;
	kt_write(page + 2 * PAGE, 41);
	label = kt_probe_keep(task, touch, 0, &thread);
	for (int i = 0; i < 3; i++) {
		static const struct { word page, write; } wanted[] = { { 0, 1 }, { 2, 0 }, { 1, 1 } };

		CHECK_EQ(label, L4_PROTO_PAGE_FAULT);
		CHECK_EQ(kt_mr()[0], (at + wanted[i].page * PAGE) | (wanted[i].write ? L4_PF_WRITE : 0));
		CHECK(kt_mr()[1] > 0x400000 && kt_mr()[1] < 0x500000);
		tag = l4_msgtag(0, 0, 0, 0);
		l4_sndfpage_add(l4_fpage((word)page + wanted[i].page * PAGE, 12, RW),
				l4_map_control(at + wanted[i].page * PAGE, 0, 0), &tag);
		tag = l4_ipc_call(thread, l4_utcb(), tag, L4_IPC_NEVER);
		label = l4_msgtag_label(tag);
	}
	CHECK_EQ(label, 0);
	CHECK_EQ(kt_read(page), 5);
	CHECK_EQ(kt_read(page + PAGE), 42);
	(void)gate_label;
}

/* An answer that maps nothing: the fault comes again. */
static void pager_answers_nothing(void)
{
	static word at;
	cap thread;
	long label;
	void touch(void *arg) { kt_read((void *)at); }

	at = kt_region(PAGE);
	label = kt_probe_keep(kt_task(), touch, 0, &thread);
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(label, L4_PROTO_PAGE_FAULT);
		CHECK_EQ(kt_mr()[0], at);
		label = l4_msgtag_label(l4_ipc_call(thread, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER));
	}
	/* refused: it becomes an exception */
	label = l4_msgtag_label(l4_ipc_call(thread, l4_utcb(), l4_msgtag(-1, 0, 0, 0), L4_IPC_NEVER));
	CHECK_EQ(label, L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_utcb_exc()->trapno, 14);
	/* and that refused ends the thread */
	CHECK_IPC(l4_ipc_call(thread, l4_utcb(), l4_msgtag(-1, 0, 0, 0), l4_timeout(-1UL, 1000000)), L4_IPC_RETIMEOUT);
	CHECK(kt_valid(thread));
}

static void no_pager(void)
{
	static volatile word flag;
	static word at;
	cap t = kt_thread_bound(KT_TASK);
	l4_umword_t label;
	void touch(void *arg) { kt_write((void *)at, 1); }
	void well(void *arg) { flag = 1; }

	at = kt_region(PAGE);
	flag = 0;
	kt_handlers(t, L4_INVALID_CAP, kt_self());
	kt_thread_go(t, touch, 0);
	kt_prio(t, KT_PRIO + 1);
	CHECK_EQ(l4_msgtag_label(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER)), L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_utcb_exc()->trapno, 14);
	CHECK_EQ(l4_utcb_exc()->err & 7, 6);
	kt_delete(t);
	/* nobody at all: it halts, and can be started again */
	t = kt_thread_bound(KT_TASK);
	kt_handlers(t, L4_INVALID_CAP, L4_INVALID_CAP);
	kt_thread_go(t, touch, 0);
	kt_prio(t, KT_PRIO + 1);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	CHECK_EQ(flag, 0);
	kt_thread_go(t, well, 0);
	kt_settle();
	CHECK_EQ(flag, 1);
	/* handlers that are no such thing */
	t = kt_thread_bound(KT_TASK);
	kt_handlers(t, KT_FACTORY, kt_slot());
	kt_thread_go(t, touch, 0);
	kt_prio(t, KT_PRIO + 1);
	kt_settle();
	t = kt_thread_bound(KT_TASK);
	kt_handlers(t, t, t);
	kt_thread_go(t, touch, 0);
	kt_prio(t, KT_PRIO + 1);
	kt_settle();
}

/* A pager behind a gate that is bound later. */
static void pager_gate_unbound(void)
{
	static word at;
	word page = (word)kt_pages(1);
	cap gate = kt_gate(L4_INVALID_CAP, 0x50), t = kt_thread_bound(KT_TASK);
	static volatile word flag;
	l4_umword_t label;
	l4_msgtag_t tag;
	void touch(void *arg) { kt_write((void *)at, 1); flag = 1; __asm__ volatile("ud2"); }

	at = kt_region(PAGE);
	flag = 0;
	kt_handlers(t, gate, gate);
	kt_thread_go(t, touch, 0);
	kt_prio(t, KT_PRIO + 1);
	CHECK_OK(l4_ipc_gate_bind_thread(gate, kt_self(), 0x60));
	tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	CHECK_EQ(l4_msgtag_label(tag), L4_PROTO_PAGE_FAULT);
	CHECK_EQ(label, 0x63);
	tag = l4_msgtag(0, 0, 0, 0);
	l4_sndfpage_add(l4_fpage(page, 12, RW), l4_map_control(at, 0, 0), &tag);
	tag = l4_ipc_reply_and_wait(l4_utcb(), tag, &label, l4_timeout(0, -1UL));
	CHECK_EQ(flag, 1);
	CHECK_EQ(l4_msgtag_label(tag), L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_utcb_exc()->trapno, 6);
	/* the same for an exception */
	kt_delete(t);
	gate = kt_gate(L4_INVALID_CAP, 0x50);
	t = kt_thread_bound(KT_TASK);
	kt_handlers(t, gate, gate);
	kt_thread_go(t, touch, 0);
	kt_prio(t, KT_PRIO + 1);
	CHECK_OK(l4_ipc_gate_bind_thread(gate, kt_self(), 0x60));
	tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	CHECK_EQ(l4_msgtag_label(tag), L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_utcb_exc()->trapno, 6);
}

/* --- exceptions */

static void raise_ud(void *arg) { __asm__ volatile("ud2"); }
static void raise_bp(void *arg) { __asm__ volatile("int3"); }
static void raise_de(void *arg) { __asm__ volatile("xor %%eax, %%eax; xor %%edx, %%edx; div %%eax" : : : "eax", "edx"); }
static void raise_hlt(void *arg) { __asm__ volatile("hlt"); }
static void raise_cli(void *arg) { __asm__ volatile("cli"); }
static void raise_int(void *arg) { __asm__ volatile("int $0x80"); }
static void raise_int_timer(void *arg) { __asm__ volatile("int $0xe0"); }
static void raise_int_df(void *arg) { __asm__ volatile("int $8"); }
static void raise_int_nmi(void *arg) { __asm__ volatile("int $2"); }
static void raise_int_pf(void *arg) { __asm__ volatile("int $14"); }
static void raise_cr(void *arg) { __asm__ volatile("mov %%cr3, %%rax" : : : "rax"); }
static void raise_noncanonical(void *arg) { __asm__ volatile("mov %0, %%rax; mov (%%rax), %%rax" : : "i"(0x1234000000000000) : "rax"); }
static void raise_jump(void *arg) { __asm__ volatile("mov %0, %%rax; jmp *%%rax" : : "i"(0x1234000000000000) : "rax"); }
static void raise_lgdt(void *arg) { __asm__ volatile("lgdt (%%rsp)" : : : "memory"); }
static void raise_wrmsr(void *arg) { __asm__ volatile("wrmsr"); }
static void raise_swapgs(void *arg) { __asm__ volatile("swapgs"); }
static void raise_sysret(void *arg) { __asm__ volatile("sysretq"); }
static void raise_iret_ring0(void *arg) { __asm__ volatile("push $0x10; push %%rsp; pushf; push $8; push $0x400000; iretq" : : : "memory"); }
static void raise_ds(void *arg) { __asm__ volatile("mov %0, %%ds" : : "r"(0x40)); }
static void raise_ds_kernel(void *arg) { __asm__ volatile("mov %0, %%ds" : : "r"(0x10)); }
static void raise_tf(void *arg) { __asm__ volatile("pushf; orl $0x100, (%%rsp); popf; nop; nop" : : : "memory"); }
static void raise_fpu(void *arg)
{
	static const unsigned cw = 0x360; /* unmasked zero divide and invalid */

	__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(cw));
}
static void raise_simd(void *arg)
{
	static const unsigned csr = 0x1d00;

	__asm__ volatile("ldmxcsr %0; xorps %%xmm0, %%xmm0; mov $0x3f800000, %%eax; movd %%eax, %%xmm1; divss %%xmm0, %%xmm1"
			 : : "m"(csr) : "xmm0", "xmm1", "eax");
}
static void raise_ac(void *arg)
{
	/* CR0.AM is off: no alignment checks; AC only is a flag */
	__asm__ volatile("pushf; orl $0x40000, (%%rsp); popf; mov 1(%%rsp), %%rax; ud2" : : : "rax", "memory");
}

static const struct { void (*f)(void *); word vector; } raises[] = {
	{ raise_ud, 6 }, { raise_bp, 3 }, { raise_de, 0 }, { raise_hlt, 13 }, { raise_cli, 13 }, { raise_int, 13 },
	{ raise_int_timer, 13 }, { raise_int_df, 13 }, { raise_int_nmi, 13 }, { raise_int_pf, 13 }, { raise_cr, 13 },
	{ raise_noncanonical, 13 }, { raise_jump, 13 }, { raise_lgdt, 13 }, { raise_wrmsr, 13 }, { raise_swapgs, 13 },
	{ raise_sysret, 13 }, { raise_iret_ring0, 13 }, { raise_ds, 13 }, { raise_ds_kernel, 13 }, { raise_tf, 1 },
	{ raise_fpu, 16 }, { raise_simd, 19 }, { raise_ac, 6 },
};

static void exceptions(void)
{
	cap task = kt_task();

	for (unsigned i = 0; i < sizeof(raises) / sizeof(raises[0]); i++) {
		long label = kt_probe(task, raises[i].f, 0);

		/* QEMU 7.2 reads the frame of a user's iretq as the kernel would, which SMAP refuses. */
		if (label == L4_PROTO_PAGE_FAULT && raises[i].f == raise_iret_ring0)
			continue;
		/* It does not raise SIMD exceptions either. */
		if (label == 0 && raises[i].f == raise_simd)
			continue;
		if (label != L4_PROTO_EXCEPTION || l4_utcb_exc()->trapno != raises[i].vector)
			kt_fail("exceptions", i, "vector", l4_utcb_exc()->trapno, raises[i].vector);
		CHECK_EQ(l4_utcb_exc()->cs, 0x33);
		CHECK_EQ(l4_utcb_exc()->ss, 0x2b);
	}
}

/* All registers go out with the message and come back with the answer. */
static word regs_in[16], regs_out[16], flags_out, save_sp;
static void regs_trap(void *arg)
{
	__asm__ volatile(
		"push %%rbp; movq %%rsp, %c[save];"
		"mov %c[in]+0, %%rax; mov %c[in]+8, %%rbx; mov %c[in]+16, %%rcx; mov %c[in]+24, %%rdx;"
		"mov %c[in]+32, %%rsi; mov %c[in]+40, %%rdi; mov %c[in]+48, %%rbp; mov %c[in]+56, %%r8;"
		"mov %c[in]+64, %%r9; mov %c[in]+72, %%r10; mov %c[in]+80, %%r11; mov %c[in]+88, %%r12;"
		"mov %c[in]+96, %%r13; mov %c[in]+104, %%r14; mov %c[in]+112, %%r15; mov %c[in]+120, %%rsp;"
		"ud2;"
		"mov %%rax, %c[out]+0; mov %%rbx, %c[out]+8; mov %%rcx, %c[out]+16; mov %%rdx, %c[out]+24;"
		"mov %%rsi, %c[out]+32; mov %%rdi, %c[out]+40; mov %%rbp, %c[out]+48; mov %%r8, %c[out]+56;"
		"mov %%r9, %c[out]+64; mov %%r10, %c[out]+72; mov %%r11, %c[out]+80; mov %%r12, %c[out]+88;"
		"mov %%r13, %c[out]+96; mov %%r14, %c[out]+104; mov %%r15, %c[out]+112; mov %%rsp, %c[out]+120;"
		"movq %c[save], %%rsp; pushf; pop %%rax; mov %%rax, %c[flags]; push $2; popf; pop %%rbp"
		: : [in] "i"(regs_in), [out] "i"(regs_out), [save] "i"(&save_sp), [flags] "i"(&flags_out)
		: "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		  "memory", "cc");
}

static void exception_registers(void)
{
	l4_exc_regs_t *e = l4_utcb_exc();
	cap task = kt_task(), thread;
	l4_msgtag_t tag;

	for (int i = 0; i < 16; i++)
		regs_in[i] = 0x1111111111111111UL * i + 0x8000000000000001UL;
	regs_in[15] = 0xdead000000000008; /* the stack pointer may be anything */
	CHECK_EQ(kt_probe_keep(task, regs_trap, 0, &thread), L4_PROTO_EXCEPTION);
	CHECK_EQ(e->trapno, 6);
	CHECK_EQ(e->rax, regs_in[0]);
	CHECK_EQ(e->rbx, regs_in[1]);
	CHECK_EQ(e->rcx, regs_in[2]);
	CHECK_EQ(e->rdx, regs_in[3]);
	CHECK_EQ(e->rsi, regs_in[4]);
	CHECK_EQ(e->rdi, regs_in[5]);
	CHECK_EQ(e->rbp, regs_in[6]);
	CHECK_EQ(e->r8, regs_in[7]);
	CHECK_EQ(e->r9, regs_in[8]);
	CHECK_EQ(e->r10, regs_in[9]);
	CHECK_EQ(e->r11, regs_in[10]);
	CHECK_EQ(e->r12, regs_in[11]);
	CHECK_EQ(e->r13, regs_in[12]);
	CHECK_EQ(e->r14, regs_in[13]);
	CHECK_EQ(e->r15, regs_in[14]);
	CHECK_EQ(e->sp, regs_in[15]);
	CHECK_EQ(e->gs_base, KT_UTCBS + (KT_THREADS - 1) * L4_UTCB_SIZE);
	for (unsigned i = 0; i < 16; i++)
		((word *)e)[i] = i + 500;
	e->sp = 516;
	e->ip += 2;
	e->flags = ~0UL & ~0x10100UL; /* everything but TF and RF */
	e->cs = 8;
	e->ss = 0x10;
	e->trapno = 1234;
	e->fs_base = 0x5555;
	tag = l4_ipc_call(thread, l4_utcb(), l4_msgtag(0, L4_UTCB_EXCEPTION_REGS_SIZE, 0, 0), L4_IPC_NEVER);
	CHECK_EQ(l4_msgtag_label(tag), 0);
	CHECK_EQ(regs_out[0], 515);
	CHECK_EQ(regs_out[1], 512);
	CHECK_EQ(regs_out[2], 514);
	CHECK_EQ(regs_out[3], 513);
	CHECK_EQ(regs_out[4], 509);
	CHECK_EQ(regs_out[5], 508);
	CHECK_EQ(regs_out[6], 510);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(regs_out[7 + i], 507 - i);
	/* neither IOPL, NT, VM nor VIP; IF stays */
	CHECK_EQ(flags_out & 0x1b7000, 0);
	CHECK_EQ(flags_out & 0x200, 0x200);
	CHECK_EQ(flags_out & 0x40cd5, 0x40cd5);
}

static void read_bases(void *arg)
{
	word fs;

	__asm__ volatile("ud2; rdfsbase %0" : "=r"(fs));
	regs_out[0] = fs;
}

/* The bases come back too, when they are addresses a CPU can load. */
static void exception_bases(void)
{
	static const word fs[] = { 0x1000, 0xffffffffffffff00, 0x7fffffffffff, 0x800000000000, ~0UL << 63 };
	cap task = kt_task(), thread;

	for (unsigned i = 0; i < 5; i++) {
		CHECK_EQ(kt_probe_keep(task, read_bases, 0, &thread), L4_PROTO_EXCEPTION);
		l4_utcb_exc()->ip += 2;
		l4_utcb_exc()->fs_base = fs[i];
		CHECK_EQ(l4_msgtag_label(l4_ipc_call(thread, l4_utcb(), l4_msgtag(0, L4_UTCB_EXCEPTION_REGS_SIZE, 0, 0),
						     L4_IPC_NEVER)), 0);
		CHECK_EQ(regs_out[0], i < 3 ? fs[i] : 0);
		kt_delete(thread);
	}
}

/* Answers with instruction pointers that would harm the kernel are not taken. */
static void exception_bad_ip(void)
{
	static const word bad[] = { 0x800000000000, 0xffff800000100000, 0xffff7fffffffffff, 0x7ffffffff000, 1UL << 63 };
	cap task = kt_task(), thread;

	for (unsigned i = 0; i < sizeof(bad) / 8; i++) {
		word ip;

		CHECK_EQ(kt_probe_keep(task, raise_ud, 0, &thread), L4_PROTO_EXCEPTION);
		ip = l4_utcb_exc()->ip;
		l4_utcb_exc()->ip = bad[i];
		CHECK_EQ(l4_msgtag_label(l4_ipc_call(thread, l4_utcb(), l4_msgtag(0, L4_UTCB_EXCEPTION_REGS_SIZE, 0, 0),
						     L4_IPC_NEVER)), L4_PROTO_EXCEPTION);
		CHECK_EQ(l4_utcb_exc()->ip, ip);
		kt_delete(thread);
	}
	/* too few words: nothing changes */
	CHECK_EQ(kt_probe_keep(task, raise_ud, 0, &thread), L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_msgtag_label(l4_ipc_call(thread, l4_utcb(), l4_msgtag(0, 24, 0, 0), L4_IPC_NEVER)), L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_utcb_exc()->trapno, 6);
}

static void exception_triggered(void)
{
	static volatile word flag;
	cap t = kt_thread_bound(KT_TASK);
	l4_umword_t label;
	void spin(void *arg) { for (;;) flag++; }
	void sleep(void *arg) { flag = l4_ipc_error(l4_ipc_sleep(L4_IPC_NEVER), l4_utcb()); kt_park(); }

	flag = 0;
	kt_handlers(t, kt_self(), kt_self());
	kt_thread_go(t, spin, 0);
	kt_prio(t, KT_PRIO - 1);
	while (!flag)
		l4_ipc_sleep_ms(1);
	CHECK(l4_error(l4_thread_ex_regs(t, ~0UL, ~0UL, L4_THREAD_EX_REGS_TRIGGER_EXCEPTION)) >= 0);
	CHECK_EQ(l4_msgtag_label(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER)), L4_PROTO_EXCEPTION);
	CHECK(l4_utcb_exc_is_ex_regs_exception(l4_utcb_exc()));
	CHECK(l4_utcb_exc()->ip >= (word)spin && l4_utcb_exc()->ip < (word)spin + 64);
	/* in the middle of a wait */
	kt_delete(t);
	t = kt_thread_bound(KT_TASK);
	kt_handlers(t, kt_self(), kt_self());
	kt_thread_go(t, sleep, 0);
	kt_prio(t, KT_PRIO + 1);
	CHECK(l4_error(l4_thread_ex_regs(t, ~0UL, ~0UL, L4_THREAD_EX_REGS_TRIGGER_EXCEPTION | L4_THREAD_EX_REGS_CANCEL)) >= 0);
	CHECK_EQ(l4_msgtag_label(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER)), L4_PROTO_EXCEPTION);
	CHECK(l4_utcb_exc_is_ex_regs_exception(l4_utcb_exc()));
	l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, 0, 0, 0), &label, l4_timeout(0, 100000000));
	CHECK_EQ(flag, L4_IPC_RECANCELED);
}

/* --- kernel-user memory */

static void ku_memory(void)
{
	cap task = kt_task();
	word at = kt_region(L4_SUPERPAGESIZE), v;
	l4_fpage_t f = l4_fpage(at, 13, RW);

	CHECK_OK(l4_task_add_ku_mem(task, &f));
	CHECK_ERR(l4_task_add_ku_mem(task, &f), -L4_EEXIST);
	f = l4_fpage(at + PAGE, 12, RW);
	CHECK_ERR(l4_task_add_ku_mem(task, &f), -L4_EEXIST);
	f = l4_fpage(at, 15, RW);
	CHECK_ERR(l4_task_add_ku_mem(task, &f), -L4_EEXIST);
	f = l4_fpage(at, 21, RW);
	CHECK_ERR(l4_task_add_ku_mem(task, &f), -L4_EINVAL);
	f = l4_fpage(0xffff800000000000, 12, RW);
	CHECK_ERR(l4_task_add_ku_mem(task, &f), -L4_EINVAL);
	f = l4_obj_fpage(at, 12, RW);
	CHECK_ERR(l4_task_add_ku_mem(task, &f), -L4_EINVAL);
	for (word off = 0; off < 2 * PAGE; off += 512) {
		CHECK(kt_can_read(task, at + off, &v));
		CHECK_EQ(v, 0);
	}
	CHECK(kt_can_write(task, at + 8, 9));
	CHECK(!kt_can_call(task, at));
	/* not to be passed on, nor taken away, nor covered */
	CHECK_EQ(map(KT_TASK, task, at, 12, RW, kt_region(PAGE)), 0);
	CHECK_EQ(kt_mr()[0], 0);
	unmap(task, at, 13, RWX, ALL);
	CHECK(kt_can_read(task, at + 8, &v));
	CHECK_EQ(v, 9);
	CHECK_EQ(map(task, KT_TASK, (word)kt_pages(1), 12, RW, at), -L4_EEXIST);
	CHECK_EQ(map(task, KT_TASK, (word)kt_superpage(), 21, RW, at), -L4_EEXIST);
	CHECK(kt_can_read(task, at + 8, &v));
	CHECK_EQ(v, 9);
}

/* --- quotas */

static void quota_exact(void)
{
	word limit = 0, used = 0, start = 0;
	cap f = kt_factory(400000), task = kt_slot(), c = kt_slot(), at = kt_region(PAGE);
	l4_fpage_t utcbs = l4_fpage(KT_UTCBS, 14, RW);

	CHECK_OK(l4_factory_info_u(f, &limit, &start, l4_utcb()));
	CHECK_EQ(limit, 400000);
	CHECK_EQ(start, 0);
	CHECK_OK(l4_factory_create_task(f, task, &utcbs));
	for (word va = 0x400000; va < 0x480000; va += 0x8000)
		CHECK_EQ(map(task, KT_TASK, va, 15, RWX, va), 0);
	CHECK_OK(l4_factory_create_thread(f, c));
	CHECK_OK(l4_factory_create_gate(f, kt_slot(), c, 0));
	CHECK_OK(l4_factory_create_irq(f, kt_slot()));
	CHECK_OK(l4_factory_create_semaphore(f, kt_slot(), 0));
	CHECK_OK(l4_task_map(task, KT_TASK, l4_iofpage(0x60, 4), 0));
	CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(c, 0, 15), 5000 << L4_CAP_SHIFT));
	CHECK_OK(l4_factory_info_u(f, &limit, &used, l4_utcb()));
	CHECK(used > 50000);
	for (cap s = task; s < c + (4UL << L4_CAP_SHIFT); s += 1UL << L4_CAP_SHIFT)
		kt_delete(s);
	CHECK_OK(l4_factory_info_u(f, &limit, &used, l4_utcb()));
	CHECK_EQ(used, 0);
	(void)at;
}

/* Every kind of object until nothing is left; then everything is given back. */
static void quota_exhaust(void)
{
	static const long types[] = { L4_PROTO_TASK, L4_PROTO_THREAD, L4_PROTO_KOBJECT, L4_PROTO_IRQ_SENDER,
				      L4_PROTO_SEMAPHORE, L4_PROTO_FACTORY };
	word limit, used;
	cap first = kt_slots(601);

	for (unsigned t = 0; t < 6; t++) {
		cap f = kt_factory(40000);
		l4_msgtag_t tag;
		unsigned n = 0;
		long err;

		for (;; n++) {
			cap c = first + ((word)n << L4_CAP_SHIFT);

			tag = l4_factory_create_start_u(types[t], c, l4_utcb());
			l4_factory_create_add_uint_u(types[t] == L4_PROTO_KOBJECT ? L4_INVALID_CAP :
						     types[t] == L4_PROTO_FACTORY ? 5000 : 0, &tag, l4_utcb());
			l4_factory_create_add_uint_u(0, &tag, l4_utcb());
			err = l4_error(l4_factory_create_commit_u(f, tag, l4_utcb()));
			if (err)
				break;
			if (n > 600)
				break;
		}
		CHECK_EQ(err, -L4_ENOMEM);
		CHECK(n > 0);
		CHECK_OK(l4_factory_info_u(f, &limit, &used, l4_utcb()));
		CHECK(used <= limit);
		while (n--)
			kt_delete(first + ((word)n << L4_CAP_SHIFT));
		CHECK_OK(l4_factory_info_u(f, &limit, &used, l4_utcb()));
		CHECK_EQ(used, 0);
		kt_delete(f);
	}
}

/* A task whose quota ends while it is mapped to keeps what it has and goes on working. */
static void quota_of_task(void)
{
	char *page = kt_pages(2);
	cap f = kt_factory(200000), task = kt_slot(), other = kt_task();
	word at = kt_region(1UL << 30), limit, used, n = 0, v;
	long err;

	CHECK_OK(l4_factory_create_task(f, task, 0));
	kt_write(page, 4);
	while (!(err = map(task, KT_TASK, (word)page, 12, RW, at + n * L4_SUPERPAGESIZE)) && n < 100)
		n++;
	CHECK_EQ(err, -L4_ENOMEM);
	CHECK(n > 3);
	CHECK_OK(l4_factory_info_u(f, &limit, &used, l4_utcb()));
	CHECK(used <= limit && used + 3 * 4096 > limit);
	/* capability slots are paid for too */
	CHECK_EQ(l4_error(l4_task_map(task, KT_TASK, l4_obj_fpage(other, 0, 15), 100000UL << L4_CAP_SHIFT)), -L4_ENOMEM);
	CHECK_EQ(l4_error(l4_task_map(task, KT_TASK, l4_iofpage(0, 16), 0)), -L4_ENOMEM);
	CHECK_EQ(map(other, task, at, 12, RW, at), 0);
	CHECK_EQ(kt_mr()[0], 1);
	CHECK(kt_can_read(other, at, &v));
	CHECK_EQ(v, 4);
	CHECK_OK(l4_task_unmap_range_u(task, at, at + n * L4_SUPERPAGESIZE - 1, ALL | RWX, l4_utcb()));
	CHECK(!kt_can_read(other, at, 0));
	CHECK_EQ(map(task, KT_TASK, (word)page, 12, RW, at), 0);
	kt_delete(task);
	CHECK_OK(l4_factory_info_u(f, &limit, &used, l4_utcb()));
	CHECK_EQ(used, 0);
}

static void quota_tree(void)
{
	word limit, used, before = kt_quota_used();
	cap a = kt_factory(100000), b = kt_slot(), c = kt_slot(), d = kt_slot();

	CHECK(kt_quota_used() >= before + 100000);
	CHECK_OK(l4_factory_create_factory(a, b, 50000));
	CHECK_OK(l4_factory_info_u(a, &limit, &used, l4_utcb()));
	CHECK(used >= 50000);
	CHECK_ERR(l4_factory_create_factory(a, c, 50000), -L4_ENOMEM);
	CHECK_ERR(l4_factory_create_factory(a, c, ~0UL), -L4_ENOMEM);
	CHECK_ERR(l4_factory_create_factory(a, c, 1UL << 63), -L4_ENOMEM);
	CHECK_OK(l4_factory_create_thread(b, d));
	/* the factory goes, what it made stays and is charged until it goes too */
	kt_delete(b);
	CHECK_OK(l4_factory_info_u(a, &limit, &used, l4_utcb()));
	CHECK(used >= 50000);
	kt_delete(d);
	CHECK_OK(l4_factory_info_u(a, &limit, &used, l4_utcb()));
	CHECK_EQ(used, 0);
	kt_delete(a);
	CHECK_EQ(kt_quota_used(), before);
}

/* --- I/O ports */

static void port_in(void *arg)
{
	unsigned char v;

	__asm__ volatile("inb %w1, %0" : "=a"(v) : "d"((unsigned)(word)arg));
}

static void port_inl(void *arg)
{
	unsigned v;

	__asm__ volatile("inl %w1, %0" : "=a"(v) : "d"((unsigned)(word)arg));
}

static int can_in(cap task, word port)
{
	long label = kt_probe(task, port_in, (void *)port);

	if (!label)
		return 1;
	CHECK_EQ(label, L4_PROTO_EXCEPTION);
	CHECK_EQ(l4_utcb_exc()->trapno, 13);
	return 0;
}

static void ports(void)
{
	cap a = kt_task(), b = kt_task();

	CHECK(can_in(KT_TASK, 0x61));
	CHECK(can_in(KT_TASK, 0xffff));
	CHECK(!can_in(a, 0x61));
	CHECK_OK(l4_task_map(a, KT_TASK, l4_iofpage(0x60, 1), 0));
	CHECK(can_in(a, 0x61));
	CHECK(can_in(a, 0x60));
	CHECK(!can_in(a, 0x62));
	CHECK(!can_in(a, 0x5f));
	CHECK_EQ(kt_probe(a, port_inl, (void *)0x60), L4_PROTO_EXCEPTION);
	CHECK(!can_in(b, 0x61));
	CHECK_OK(l4_task_map(b, a, l4_iofpage(0, 16), 0));
	CHECK(can_in(b, 0x61));
	CHECK(!can_in(b, 0x71));
	CHECK(!can_in(b, 0xffff));
	CHECK_OK(l4_task_unmap(a, l4_iofpage(0x61, 0), OTHERS));
	CHECK(can_in(a, 0x61));
	CHECK(!can_in(b, 0x61));
	CHECK(can_in(b, 0x60));
	/* the first task has all ports, 512 to a mapping: they are revoked together */
	CHECK_OK(l4_task_unmap(KT_TASK, l4_iofpage(0x62, 0), OTHERS));
	CHECK(!can_in(a, 0x61));
	CHECK(!can_in(b, 0x60));
	CHECK_OK(l4_task_map(a, KT_TASK, l4_iofpage(0x60, 1), 0));
	CHECK_OK(l4_task_map(b, a, l4_iofpage(0x60, 0), 0));
	CHECK(can_in(b, 0x60));
	CHECK(can_in(KT_TASK, 0x61));
	CHECK_OK(l4_task_unmap(a, l4_iofpage(0, 16), ALL));
	CHECK(!can_in(a, 0x60));
	CHECK(!can_in(b, 0x60));
	CHECK_OK(l4_task_map(a, KT_TASK, l4_iofpage(0x8000, 12), 0));
	CHECK(can_in(a, 0x8000));
	CHECK(can_in(a, 0x8fff));
	CHECK(!can_in(a, 0x9000));
	CHECK(!can_in(a, 0x7fff));
	CHECK_OK(l4_task_unmap(KT_TASK, l4_iofpage(0x8000, 0), OTHERS));
	CHECK(!can_in(a, 0x8000));
	CHECK(can_in(KT_TASK, 0x8000));
}

/* Two threads of different tasks alternate: the bitmap follows. */
static volatile word loops[2];
static void in_forever(void *arg)
{
	for (;;) {
		port_in((void *)(0x60 + (word)arg));
		loops[(word)arg]++;
	}
}

static void ports_switch(void)
{
	cap a = kt_task(), b = kt_task();

	loops[0] = loops[1] = 0;
	CHECK_OK(l4_task_map(a, KT_TASK, l4_iofpage(0x60, 0), 0));
	CHECK_OK(l4_task_map(b, KT_TASK, l4_iofpage(0x61, 0), 0));
	kt_thread_prio(a, in_forever, (void *)0, KT_PRIO - 1);
	kt_thread_prio(b, in_forever, (void *)1, KT_PRIO - 1);
	for (int i = 0; i < 20; i++) {
		l4_ipc_sleep_ms(5);
		CHECK(!can_in(a, 0x61));
		CHECK(!can_in(b, 0x60));
	}
	while (!loops[0] || !loops[1])
		l4_ipc_sleep_ms(5);
}

/* --- memory by IPC */

struct offer {
	cap to;
	word spot;
	l4_fpage_t fpage;
};

static volatile long offer_result;
static void offer(void *arg)
{
	const struct offer *o = arg;
	l4_msgtag_t tag = l4_msgtag(1, 0, 0, 0);

	l4_sndfpage_add(o->fpage, o->spot, &tag);
	offer_result = l4_ipc_error(l4_ipc_send(o->to, l4_utcb(), tag, l4_timeout(-1UL, 0)), l4_utcb());
}

/* Receive an offer with this buffer. */
static l4_msgtag_t take_offer(struct offer *o, word br0, word br1)
{
	l4_utcb_t *u = l4_utcb();
	cap t = kt_thread_bound(KT_TASK);
	l4_umword_t label;
	l4_msgtag_t tag;

	o->to = kt_self();
	offer_result = 0x77;
	kt_thread_go(t, offer, o);
	kt_prio(t, KT_PRIO - 1);
	u->buf.br[0] = br0;
	u->buf.br[1] = br1;
	tag = l4_ipc_wait(u, &label, l4_timeout(0, 100000000));
	u->buf.br[0] = u->buf.br[1] = 0;
	kt_settle();
	return tag;
}

static void send_memory(void)
{
	char *page = kt_pages(3);
	word at = kt_region(L4_SUPERPAGESIZE);
	struct offer o = { 0, l4_map_control(0x3000, 0, 0), l4_fpage((word)page, 12, RW) };
	word everywhere = L4_WHOLE_ADDRESS_SPACE << L4_FPAGE_ORDER_SHIFT | L4_FPAGE_MEMORY << L4_FPAGE_TYPE_SHIFT;

	kt_write(page, 8);
	/* no buffer */
	CHECK_IPC(take_offer(&o, 0, 0), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMSGCUT);
	/* a window of 64 KiB: the hot spot within it */
	CHECK_IPC(take_offer(&o, L4_ITEM_MAP, l4_fpage(at + 0x10000, 16, 0).raw), 0);
	CHECK_EQ(kt_read((void *)(at + 0x13000)), 8);
	CHECK_EQ(offer_result, 0);
	/* too small a window */
	o.fpage = l4_fpage(0x400000, 17, RO);
	CHECK_IPC(take_offer(&o, L4_ITEM_MAP, l4_fpage(at + 0x10000, 16, 0).raw), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMSGCUT);
	/* the whole address space */
	o = (struct offer){ 0, l4_map_control(at + 0x80000, 0, 0), l4_fpage((word)page, 12, RO) };
	CHECK_IPC(take_offer(&o, L4_ITEM_MAP, everywhere), 0);
	CHECK_EQ(kt_read((void *)(at + 0x80000)), 8);
	CHECK(!kt_can_write(KT_TASK, at + 0x80000, 1));
	/* onto the kernel */
	o.spot = l4_map_control(0xffff808000000000, 0, 0);
	CHECK_IPC(take_offer(&o, L4_ITEM_MAP, everywhere), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMAPFAILED);
	/* buffers of another type or without flag */
	o.spot = l4_map_control(at, 0, 0);
	CHECK_IPC(take_offer(&o, L4_ITEM_MAP, l4_obj_fpage(0, 16, 0).raw), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMSGCUT);
	CHECK_IPC(take_offer(&o, 0, everywhere), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMSGCUT);
	/* flexpages of sizes that there are not */
	o.fpage = l4_fpage(0, 63, RO);
	CHECK_IPC(take_offer(&o, L4_ITEM_MAP, everywhere), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMAPFAILED);
	o.fpage.raw = (word)page | 3 << L4_FPAGE_ORDER_SHIFT | L4_FPAGE_MEMORY << L4_FPAGE_TYPE_SHIFT | RO;
	CHECK_IPC(take_offer(&o, L4_ITEM_MAP, everywhere), L4_IPC_RETIMEOUT);
	CHECK_EQ(offer_result, L4_IPC_SEMAPFAILED);
}

/* --- big operations with others running: preemption points keep their word and the results are right */

static volatile word ticks;
static void ticker(void *arg)
{
	for (;;) {
		l4_ipc_sleep_us(50);
		ticks++;
	}
}

static void preempted_operations(void)
{
	word at = kt_region(1UL << 28), page = (word)kt_pages(512), before;
	cap task = kt_task(), copy = kt_task();

	ticks = 0;
	kt_thread_prio(KT_TASK, ticker, 0, KT_PRIO + 10);
	before = task_pages(task);
	for (int round = 0; round < 3; round++) {
		for (word i = 0; i < 16; i++)
			for (word k = 0; k < 512; k += 256)
				CHECK_EQ(map(task, KT_TASK, page, 12, RW, at + (i * 512 + k) * PAGE), 0);
		for (word i = 0; i < 16; i++) {
			word done = 0;

			/* single pages of the program's memory are 4K */
			for (word k = 0; k < 512; k += 64, done += 64)
				for (word m = 0; m < 64; m += 16)
					CHECK_EQ(map(task, KT_TASK, ((page + 0xffff) & ~0xffffUL) + (m % 256) * PAGE, 16, RW,
						     at + (i * 512 + k + m) * PAGE), 0);
		}
		CHECK_EQ(task_pages(task), before + 16 * 512);
		CHECK_EQ(map(copy, task, at, 28, RO, at), 0);
		CHECK_EQ(kt_mr()[0], 16 * 512);
		unmap(task, at, 28, L4_FPAGE_W, ALL);
		CHECK(!kt_can_write(task, at + 511 * PAGE, 0));
		CHECK_EQ(task_pages(copy), before + 16 * 512);
		unmap(task, at, 28, RWX, round == 1 ? OTHERS : ALL);
		CHECK_EQ(task_pages(copy), before);
		if (round == 1)
			CHECK_OK(l4_task_unmap_range_u(task, at, at + (1UL << 28) - 1, ALL | RWX, l4_utcb()));
		CHECK_EQ(task_pages(task), before);
	}
	CHECK(!kt_exact() || ticks > 3);
}

const struct kt_test kt_tests[] = {
	KT_TEST(map_page), KT_TEST(map_own_task), KT_TEST(map_rights), KT_TEST(map_superpage), KT_TEST(map_gigapage), KT_TEST(map_list),
	KT_TEST(map_list_mixed), KT_TEST(map_addresses), KT_TEST(revoke_recursive), KT_TEST(revoke_write), KT_TEST(revoke_many),
	KT_TEST(pager_maps), KT_TEST(pager_answers_nothing), KT_TEST(no_pager), KT_TEST(pager_gate_unbound),
	KT_TEST(exceptions), KT_TEST(exception_registers), KT_TEST(exception_bases), KT_TEST(exception_bad_ip),
	KT_TEST(exception_triggered), KT_TEST(ku_memory), KT_TEST(quota_exact), KT_TEST(quota_exhaust),
	KT_TEST(quota_of_task), KT_TEST(quota_tree), KT_TEST(ports), KT_TEST(ports_switch), KT_TEST(send_memory),
	KT_TEST(preempted_operations),
	{ 0 }
};
