/* SPDX-License-Identifier: MIT */
/* The runtime's interfaces as a client sees them, errors included. Prints `ok NAME` or `not ok NAME` with what was wrong. */
#include <stdio.h>
#include <string.h>

#include <l4/re/c/dataspace.h>
#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/namespace.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/c/util/kumem_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/factory.h>
#include <l4/sys/ipc_gate.h>
#include <l4/sys/irq.h>
#include <l4/sys/scheduler.h>
#include <l4/sys/task.h>
#include <l4/sys/vcon.h>
#include <l4/util/atomic.h>
#include <l4/util/bitops.h>
#include <l4/util/thread.h>
#include <l4/vcpu/vcpu.h>

static int failures;

#define CHECK(value, expected)                                                                                  \
	do {                                                                                                    \
		long v_ = (long)(value), e_ = (long)(expected);                                                  \
		if (v_ != e_) {                                                                                  \
			failures++;                                                                              \
			printf("not ok line %d: " #value " is %ld, not %ld\n", __LINE__, v_, e_);                  \
		}                                                                                                \
	} while (0)

static l4_size_t memory_used(void)
{
	l4_size_t quota, used = 0;

	CHECK(l4re_ma_info(l4re_env()->mem_alloc, &quota, &used), 0);
	return used;
}

static void test_dataspace(void)
{
	l4re_ds_t ds = l4re_util_cap_alloc();
	l4_size_t before = memory_used();
	void *at = 0;
	char *p;

	CHECK(l4re_ma_alloc(5000, ds, 0), 0);
	CHECK(l4re_ds_size(ds), 8192);
	CHECK(l4re_ds_flags(ds) & L4RE_DS_F_RW, L4RE_DS_F_RW);
	CHECK(memory_used() - before, 8192 + 4096);
	CHECK(l4re_rm_attach(&at, 8192, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT), 0);
	p = at;
	CHECK(p[0] | p[8191], 0);
	p[0] = 1, p[8191] = 2;
	CHECK(l4re_ds_clear(ds, 4096, 4096), 0);
	CHECK(p[0] * 16 + p[8191], 16);
	CHECK(l4re_ds_clear(ds, 4096, 4097), -L4_ERANGE);
	CHECK(l4re_ds_allocate(ds, 0, 8192), 0);
	CHECK(l4re_ds_allocate(ds, 0, 8193), -L4_ERANGE);
	CHECK(l4re_rm_detach(at), 0);
	CHECK(l4re_rm_detach(at), -L4_ENOENT);
	CHECK(l4re_ma_free(ds), 0);
	CHECK(memory_used(), before);
	CHECK(l4re_ds_size(ds), 0);
	l4re_util_cap_free_um(ds);
}

static void test_quota(void)
{
	l4re_ds_t ds = l4re_util_cap_alloc();
	l4_cap_idx_t sub = l4re_util_cap_alloc();
	l4_size_t quota, used, before = memory_used();

	l4re_ma_info(l4re_env()->mem_alloc, &quota, &used);
	CHECK(l4re_ma_alloc(quota, ds, 0), -L4_ENOMEM);
	CHECK(l4re_ma_alloc(0, ds, 0), -L4_EINVAL);
	CHECK(l4re_ma_alloc(~0UL, ds, 0), -L4_EINVAL);
	CHECK(memory_used(), before);
	CHECK(l4re_ma_create(l4re_env()->mem_alloc, sub, 0x10000, 0), 0);
	CHECK(l4re_ma_alloc_align_srv(sub, 0xf000, ds, 0, 0), 0);
	CHECK(l4re_ma_alloc_align_srv(sub, 0x1000, l4re_util_cap_alloc(), 0, 0), -L4_ENOMEM);
	CHECK(memory_used() - before, 0x10000 + 0x1000);
	CHECK(l4re_ma_free(sub), 0);
	CHECK(memory_used(), before);
	CHECK(l4re_ds_size(ds), 0);
	/* The program's own allocator is not the program's to free. */
	CHECK(l4re_ma_free(l4re_env()->mem_alloc), -L4_EPERM);
}

static void test_device_memory(void)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag = l4_factory_create_start_u(L4RE_PROTO_PHYS, l4re_util_cap_alloc(), u);

	l4_factory_create_add_uint_u(0xfee00000, &tag, u);
	l4_factory_create_add_uint_u(0x1000, &tag, u);
	l4_factory_create_add_uint_u(0, &tag, u);
	CHECK(l4_error(l4_factory_create_commit_u(l4re_env()->mem_alloc, tag, u)), -L4_EPERM);
	CHECK(l4_error(l4_factory_create(l4re_env()->mem_alloc, 0x7777, l4re_util_cap_alloc())), -L4_ENODEV);
	CHECK(l4_error(l4_invoke(l4re_env()->mem_alloc, 0x7777, 0, u)), -L4_EBADPROTO);
	CHECK(l4_error(l4_invoke(l4re_env()->mem_alloc, L4_PROTO_FACTORY, 0, u)), -L4_EMSGTOOSHORT);
}

static void test_regions(void)
{
	l4re_ds_t ds = l4re_util_cap_alloc(), found;
	void *at = 0, *second = 0;
	unsigned long size = 1;
	l4re_rm_offset_t offset;
	l4re_rm_flags_t flags;
	l4_addr_t addr, area = 0;

	CHECK(l4re_ma_alloc(0x4000, ds, 0), 0);
	CHECK(l4re_rm_attach(&at, 0x2000, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0x1000, 16), 0);
	CHECK((l4_addr_t)at & 0xffff, 0);
	second = (char *)at + 0x1000;
	CHECK(l4re_rm_attach(&second, 0x1000, L4RE_RM_F_R, ds, 0, 0), -L4_EADDRNOTAVAIL);
	second = 0;
	CHECK(l4re_rm_attach(&second, 0x8000, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_R, ds, 0, 0), -L4_ERANGE);
	addr = (l4_addr_t)at + 0x1800;
	CHECK(l4re_rm_find(&addr, &size, &offset, &flags, &found), 0);
	CHECK(addr, at);
	CHECK(size, 0x2000);
	CHECK(offset, 0x1000);
	CHECK(found, ds);
	CHECK(l4re_rm_reserve_area(&area, 0x10000, L4RE_RM_F_SEARCH_ADDR, 0), 0);
	second = (void *)area;
	CHECK(l4re_rm_attach(&second, 0x1000, L4RE_RM_F_R, ds, 0, 0), -L4_EADDRNOTAVAIL);
	CHECK(l4re_rm_free_area(area), 0);
	CHECK(l4re_rm_attach(&second, 0x1000, L4RE_RM_F_R, ds, 0, 0), 0);
	CHECK(l4re_rm_detach(second), 0);
	CHECK(l4re_rm_detach(at), 0);
	CHECK(l4re_ma_free(ds), 0);
	l4re_util_cap_free_um(ds);
}

static void test_copy(void)
{
	l4re_ds_t a = l4re_util_cap_alloc(), b = l4re_util_cap_alloc();
	void *at = 0;
	char *p;

	CHECK(l4re_ma_alloc(0x2000, a, 0), 0);
	CHECK(l4re_ma_alloc(0x2000, b, L4RE_MA_CONTINUOUS), 0);
	CHECK(l4re_rm_attach(&at, 0x2000, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, a, 0, 0), 0);
	p = at;
	strcpy(p + 4090, "across a page");
	CHECK(l4re_ds_copy_in(b, 100, a, 4090, 14), 0);
	CHECK(l4re_rm_detach(at), 0);
	at = 0;
	CHECK(l4re_rm_attach(&at, 0x1000, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_R, b, 0, 0), 0);
	CHECK(strcmp((char *)at + 100, "across a page"), 0);
	CHECK(l4re_rm_detach(at), 0);
	l4re_ma_free(a);
	l4re_ma_free(b);
}

static void test_names(void)
{
	l4_cap_idx_t ns = l4re_util_cap_alloc(), irq = l4re_util_cap_alloc(), found = l4re_util_cap_alloc();
	char name[] = "a", deep[64];
	int i;

	CHECK(l4re_ns_create(ns), 0);
	CHECK(l4_error(l4_factory_create_irq(l4re_env()->factory, irq)), 0);
	CHECK(l4re_ns_query_srv(ns, "missing", found), -L4_ENOENT);
	CHECK(l4re_ns_register_obj_srv(ns, "irq", irq, L4RE_NS_REGISTER_RW), 0);
	CHECK(l4re_ns_register_obj_srv(ns, "irq", irq, L4RE_NS_REGISTER_RW), -L4_EEXIST);
	CHECK(l4re_ns_query_srv(ns, "irq", found), 0);
	CHECK(l4_error(l4_task_cap_equal(L4_BASE_TASK_CAP, irq, found)), 1);
	CHECK(l4re_ns_unlink_srv(ns, "irq"), 0);
	CHECK(l4re_ns_unlink_srv(ns, "irq"), -L4_ENOENT);
	memset(deep, 'x', 63);
	deep[63] = 0;
	CHECK(l4re_ns_query_srv(ns, deep, found), -L4_EINVAL);
	CHECK(l4re_ns_query_srv(ns, "", found), -L4_EINVAL);
	for (i = 0; i < 26; i++, name[0]++)
		CHECK(l4re_ns_register_obj_srv(ns, name, irq, L4RE_NS_REGISTER_RW), 0);
	CHECK(l4re_ma_free(ns), 0);
	CHECK(l4_error(l4_task_cap_valid(L4_BASE_TASK_CAP, irq)), 1);
}

static unsigned char stack[8192] __attribute__((aligned(16)));
static volatile unsigned ran;

static void thread_main(void)
{
	ran = 1;
	for (;;)
		l4_ipc_sleep(L4_IPC_NEVER);
}

static void test_thread(void)
{
	l4_cap_idx_t cap = l4re_util_cap_alloc();
	l4_sched_param_t p = l4_sched_param(l4re_env()->prio, 0);
	l4_addr_t ku = 0;
	l4_umword_t cpus = 0;

	CHECK(l4re_util_kumem_alloc(&ku, 0, L4_INVALID_CAP, L4_INVALID_CAP), 0);
	CHECK(l4util_create_thread(cap, (l4_utcb_t *)ku, l4re_env()->factory, (l4_umword_t)thread_main,
				   (l4_umword_t)stack + sizeof(stack) - 8, l4re_env()->rm, L4_BASE_TASK_CAP,
				   l4re_env()->scheduler, &p), 0);
	l4_ipc_sleep_ms(10);
	CHECK(ran, 1);
	/* A description's limit holds. */
	p = l4_sched_param(250, 0);
	CHECK(l4_error(l4_scheduler_run_thread(l4re_env()->scheduler, cap, &p)), -L4_EPERM);
	p = l4_sched_param(1, 0);
	p.affinity = l4_sched_cpu_set(63, 0, 1);
	CHECK(l4_error(l4_scheduler_run_thread(l4re_env()->scheduler, cap, &p)), -L4_EINVAL);
	CHECK(l4_error(l4_scheduler_info(l4re_env()->scheduler, &cpus, 0)), 0);
	CHECK(cpus > 0, 1);
	CHECK(l4_error(l4_task_delete_obj(L4_BASE_TASK_CAP, cap)), 0);
	CHECK(l4_error(l4_task_cap_valid(L4_BASE_TASK_CAP, cap)), 0);
}

static char victim[L4_PAGESIZE] __attribute__((aligned(L4_PAGESIZE))) = "mine", theirs[L4_PAGESIZE]
	__attribute__((aligned(L4_PAGESIZE))) = "theirs";

/* A server of dataspaces that maps its page where it was not asked to, and then claims to have mapped more than it should. */
static void __attribute__((noreturn)) false_server(void)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag;
	l4_umword_t label;

	l4_ipc_wait(u, &label, L4_IPC_NEVER);
	for (;;) {
		tag = l4_msgtag(0, 1, 0, 0);
		u->msg.mr[0] = victim[0] == 'm' ? L4_PAGESIZE : 2 * L4_PAGESIZE;
		l4_sndfpage_add(l4_fpage((l4_addr_t)theirs, L4_PAGESHIFT, L4_FPAGE_RW),
				l4_map_control((l4_addr_t)victim, 0, 0), &tag);
		l4_ipc_reply_and_wait(u, tag, &label, L4_IPC_NEVER);
	}
}

static void test_false_dataspace(void)
{
	l4_cap_idx_t cap = l4re_util_cap_alloc(), gate = l4re_util_cap_alloc();
	l4_sched_param_t p = l4_sched_param(l4re_env()->prio, 0);
	l4_addr_t ku = 0;
	void *at = 0;

	CHECK(l4re_util_kumem_alloc(&ku, 0, L4_INVALID_CAP, L4_INVALID_CAP), 0);
	CHECK(l4util_create_thread(cap, (l4_utcb_t *)ku, l4re_env()->factory, (l4_umword_t)false_server,
				   (l4_umword_t)stack + sizeof(stack) - 8, l4re_env()->rm, L4_BASE_TASK_CAP,
				   l4re_env()->scheduler, &p), 0);
	CHECK(l4_error(l4_factory_create_gate(l4re_env()->factory, gate, cap, 0)), 0);
	CHECK(l4re_rm_attach(&at, L4_PAGESIZE, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, gate, 0, L4_PAGESHIFT), 0);
	CHECK(strcmp(victim, "mine"), 0);
	CHECK(strcmp(at, "theirs"), 0);
	CHECK(l4re_rm_detach(at), 0);
	victim[0] = 'x';
	CHECK(l4re_rm_attach(&at, L4_PAGESIZE, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, gate, 0, L4_PAGESHIFT), -L4_EINVAL);
	CHECK(l4_error(l4_task_delete_obj(L4_BASE_TASK_CAP, gate)), 0);
	CHECK(l4_error(l4_task_delete_obj(L4_BASE_TASK_CAP, cap)), 0);
}

static void test_log(void)
{
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = 99;
	CHECK(l4_error(l4_invoke(l4re_env()->log, L4_PROTO_LOG, 1, u)) < 0, 1);
	u->msg.mr[0] = L4_VCON_WRITE_OP;
	u->msg.mr[1] = 400;
	u->msg.mr[2] = 0;
	/* More bytes than words came along: cut or refused, never read beyond. */
	CHECK(l4_error(l4_invoke(l4re_env()->log, L4_PROTO_LOG, 3, u)) <= 0, 1);
}

static void test_util(void)
{
	l4_umword_t bits[2] = { 0, 0 };
	l4_uint32_t word = 5;

	l4util_set_bit(70, bits);
	CHECK(bits[1], 64);
	CHECK(l4util_btr(70, bits), 1);
	CHECK(l4util_find_first_zero_bit(bits, 128), 0);
	CHECK(l4util_cmpxchg32(&word, 5, 6), 1);
	CHECK(l4util_cmpxchg32(&word, 5, 7), 0);
	CHECK(l4util_add32_res(&word, 4), 10);
	CHECK(l4util_next_power2(17), 32);
	CHECK(strcmp(l4sys_errtostr(-L4_ENOMEM), "Out of memory or quota"), 0);
}

static void test_vcpu(void)
{
	static l4_vcpu_state_t v;

	v.r.trapno = 14;
	v.r.err = 6;
	v.r.pfa = 0x12345000;
	v.state = L4_VCPU_F_IRQ;
	l4vcpu_print_state(&v, "vcpu: ");
	CHECK(l4vcpu_is_page_fault_entry(&v), 1);
	CHECK(l4vcpu_is_irq_entry(&v), 0);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "dataspace", test_dataspace }, { "quota", test_quota }, { "device memory", test_device_memory },
		{ "regions", test_regions },     { "copy", test_copy },   { "names", test_names },
		{ "thread", test_thread },       { "log", test_log },     { "util", test_util },
		{ "vcpu", test_vcpu },           { "false dataspace", test_false_dataspace },
	};
	unsigned i;
	int before;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		before = failures;
		tests[i].run();
		if (failures == before)
			printf("ok %s\n", tests[i].name);
	}
	printf("runtime: %d failures\n", failures);
	return failures != 0;
}
