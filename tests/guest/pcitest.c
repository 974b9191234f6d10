/* SPDX-License-Identifier: MIT */
/*
 * The PCI manager as a client sees it, with QEMU's edu device (MSI, DMA engine) and a virtio device (MSI-X).
 * It ends itself by a fault while it holds the devices; its second instance checks that they were stopped.
 * Registers of edu: QEMU, docs/specs/edu.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edu.h"

#include <l4/re/c/control.h>
#include <l4/re/c/dma_space.h>
#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/pci.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/err.h>
#include <l4/sys/factory.h>
#include <l4/sys/irq.h>
#include <l4/sys/task.h>

#define COMMAND 0x04
#define COMMAND_MASTER 4
#define BAR0 0x10

static l4_cap_idx_t pci;
static int failed;

#define CHECK(what)                                                            \
	do {                                                                   \
		if (!(what)) {                                                 \
			printf("not ok pci line %d: %s\n", __LINE__, #what);   \
			failed = 1;                                            \
		}                                                              \
	} while (0)

static volatile char *map(unsigned fn, unsigned bar, l4_umword_t offset, l4_umword_t bytes)
{
	l4_cap_idx_t ds = l4re_util_cap_alloc();
	void *at = 0;

	CHECK(l4re_pci_bar_map(pci, fn, bar, offset, bytes, ds) == 0);
	CHECK(l4re_rm_attach(&at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) == 0);
	return at;
}

static l4_uint32_t get(volatile char *regs, unsigned at)
{
	return *(volatile l4_uint32_t *)(regs + at);
}

static void put(volatile char *regs, unsigned at, l4_uint32_t value)
{
	*(volatile l4_uint32_t *)(regs + at) = value;
}

static void put64(volatile char *regs, unsigned at, l4_uint64_t value)
{
	*(volatile l4_uint64_t *)(regs + at) = value;
}

/* What a client must not be able to do. */
static void test_refusals(unsigned edu, unsigned rng)
{
	l4_cap_idx_t cap = l4re_util_cap_alloc();
	l4re_pci_info_t info;

	CHECK(l4re_pci_find(pci, "nothing") == -L4_ENOENT);
	CHECK(l4re_pci_find(pci, "absent") == -L4_ENODEV);
	CHECK(l4re_pci_info(pci, 3, &info) == -L4_ENOENT);
	CHECK(l4re_pci_open(pci, ~0U) == -L4_ENOENT);
	CHECK(l4re_pci_bar_map(pci, edu, 0, 0, 4096, cap) == -L4_EBUSY);
	CHECK(l4re_pci_irq(pci, edu, 0, cap) == -L4_EBUSY);
	CHECK(l4re_pci_config_write(pci, edu, COMMAND, 2, 6) == -L4_EBUSY);
	CHECK(l4re_pci_open(pci, edu) == 0);
	CHECK(l4re_pci_config_write(pci, edu, BAR0, 4, 0) == -L4_EPERM);
	CHECK(l4re_pci_config_write(pci, edu, COMMAND, 4, 0) == -L4_EPERM);
	CHECK(l4re_pci_config_write(pci, edu, 0x40, 4, 0) == -L4_EPERM);
	CHECK(l4re_pci_config_read(pci, edu, 4096, 4) == -L4_ERANGE);
	CHECK(l4re_pci_config_read(pci, edu, 2, 4) == -L4_ERANGE);
	CHECK(l4re_pci_bar_map(pci, edu, 0, 0x100000, 4096, cap) == -L4_ERANGE);
	CHECK(l4re_pci_bar_map(pci, edu, 0, ~0xfffUL, 8192, cap) == -L4_ERANGE);
	CHECK(l4re_pci_bar_map(pci, edu, 0, 1, 4096, cap) == -L4_EINVAL);
	CHECK(l4re_pci_bar_map(pci, edu, 0, 0, 0, cap) == -L4_ERANGE);
	CHECK(l4re_pci_bar_map(pci, edu, 1, 0, 4096, cap) == -L4_ERANGE);
	CHECK(l4re_pci_bar_map(pci, edu, 6, 0, 4096, cap) == -L4_ERANGE);
	CHECK(l4re_pci_irq(pci, edu, 1, cap) == -L4_ERANGE);
	CHECK(l4re_pci_open(pci, rng) == 0);
	CHECK(l4re_pci_info(pci, rng, &info) == 0 && info.irq_kind == L4RE_PCI_IRQ_MSIX && info.open);
	CHECK(l4re_pci_bar_map(pci, rng, 1, 0, 4096, cap) == -L4_EPERM); /* its MSI-X table */
	CHECK(l4re_pci_irq(pci, rng, 0, cap) == 0);
	CHECK(l4re_pci_close(pci, rng) == 0);
	CHECK(l4re_pci_irq(pci, rng, 0, cap) == -L4_EBUSY);
	l4re_util_cap_free_um(cap);
	/* The session gives no way to make device memory of one's own. */
	cap = l4re_util_cap_alloc();
	{
		l4_utcb_t *u = l4_utcb();
		l4_msgtag_t tag = l4_factory_create_start_u(L4RE_PROTO_PHYS, cap, u);

		l4_factory_create_add_uint_u(0xfed00000, &tag, u);
		l4_factory_create_add_uint_u(4096, &tag, u);
		l4_factory_create_add_uint_u(0, &tag, u);
		CHECK(l4_error(l4_factory_create_commit_u(l4re_env()->mem_alloc, tag, u)) == -L4_EPERM);
		CHECK(l4re_ma_create(l4re_env()->mem_alloc, cap, 4096, L4RE_MA_CREATE_DEVICES) == -L4_EPERM);
	}
	l4re_util_cap_free(cap);
}

static l4re_dma_space_t dma_space(unsigned fn)
{
	l4re_dma_space_t space = l4re_util_cap_alloc();

	CHECK(l4re_pci_dma_space(pci, fn, space) == 0);
	return space;
}

/* How much was mapped, or an error. */
static long dma_map(l4re_dma_space_t space, l4re_ds_t ds, l4_umword_t offset, l4_size_t bytes, l4_uint64_t *bus)
{
	long err = l4re_dma_space_map(space, ds, offset, &bytes, 0, L4RE_DMA_SPACE_BIDIRECTIONAL, bus);

	return err < 0 ? err : (long)bytes;
}

static l4re_ds_t memory(l4_size_t bytes)
{
	l4re_ds_t ds = l4re_util_cap_alloc();

	CHECK(l4re_ma_alloc(bytes, ds, L4RE_MA_CONTINUOUS) == 0);
	return ds;
}

/* The same dataspace without the right to write. */
static l4re_ds_t read_only(l4re_ds_t ds)
{
	l4_cap_idx_t ro = l4re_util_cap_alloc();

	CHECK(l4_error(l4_task_map(L4_BASE_TASK_CAP, L4_BASE_TASK_CAP, l4_obj_fpage(ds, 0, L4_CAP_FPAGE_RO),
				   l4_map_obj_control(ro, 0))) == 0);
	return ro;
}

/* A message to a DMA space as no library sends it. */
static long raw_map(l4re_dma_space_t space, l4re_ds_t item, l4_umword_t number, unsigned words)
{
	l4_msgtag_t tag = l4_msgtag(L4_PROTO_DMA_SPACE, words, 0, 0);
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = L4RE_DMA_SPACE_MAP_OP;
	u->msg.mr[1] = number;
	u->msg.mr[2] = 0;
	u->msg.mr[3] = 4096;
	u->msg.mr[4] = L4RE_DMA_SPACE_BIDIRECTIONAL;
	if (l4_is_valid_cap(item))
		l4_sndfpage_add(l4_obj_fpage(item, 0, L4_CAP_FPAGE_RW), l4_map_obj_control(0, 0), &tag);
	return l4_error(l4_ipc_call(space, u, tag, L4_IPC_NEVER));
}

/* Every documented error, and memory that stays while it is mapped. */
static void test_dma_space(unsigned edu)
{
	l4re_dma_space_t space = dma_space(edu);
	l4re_ds_t ds = memory(8192), other = memory(4096), ro = read_only(ds);
	l4_umword_t number, before, after, quota, n;
	l4_uint64_t bus = 0, first = 0;
	l4_size_t bytes = 4096;
	l4_cap_idx_t gate = l4re_util_cap_alloc(), sub = l4re_util_cap_alloc();

	CHECK(dma_map(space, ds, 8192, 4096, &bus) == -L4_ERANGE);
	CHECK(dma_map(space, ds, 4096, 8192, &bus) == -L4_ERANGE);
	CHECK(dma_map(space, ds, ~0xfffUL, 8192, &bus) == -L4_ERANGE);
	CHECK(dma_map(space, ds, 1, 4096, &bus) == -L4_EINVAL);
	CHECK(dma_map(space, ds, 0, 100, &bus) == -L4_EINVAL);
	CHECK(dma_map(space, ds, 0, 0, &bus) == -L4_EINVAL);
	CHECK(l4re_dma_space_map(space, ds, 0, &bytes, 1, L4RE_DMA_SPACE_TO_DEVICE, &bus) == -L4_EINVAL);
	CHECK(l4re_dma_space_map(space, ds, 0, &bytes, 0, 3, &bus) == -L4_EINVAL);
	CHECK(dma_map(space, pci, 0, 4096, &bus) == -L4_ENOENT); /* no dataspace */
	CHECK(dma_map(space, ro, 0, 4096, &bus) == -L4_EPERM);
	CHECK(l4re_dma_space_map(space, ro, 0, &bytes, 0, L4RE_DMA_SPACE_FROM_DEVICE, &bus) == -L4_EPERM);
	CHECK(l4re_dma_space_map(space, ro, 0, &bytes, 0, L4RE_DMA_SPACE_TO_DEVICE, &bus) == 0);
	CHECK(l4re_dma_space_unmap(space, bus, bytes, 0, 0) == 0);

	/* The number of a dataspace is no capability to it, and who answers for it is root alone. */
	l4_utcb_mr()->mr[0] = L4RE_DS_INFO_OP;
	CHECK(l4_error(l4_invoke(ds, L4RE_PROTO_DATASPACE, 1, l4_utcb())) == 0);
	number = l4_utcb_mr()->mr[2];
	CHECK(raw_map(space, other, number, 5) == -L4_ENOENT);
	CHECK(raw_map(space, L4_INVALID_CAP, number, 5) == -L4_EMSGMISSARG);
	CHECK(raw_map(space, ds, number, 4) == -L4_EMSGTOOSHORT);
	CHECK(raw_map(space, ds, ~0UL, 5) == -L4_ENOENT);
	CHECK(l4_error(l4_factory_create_gate(l4re_env()->factory, gate, l4re_env()->main_thread, 0x100)) == 0);
	CHECK(raw_map(space, gate, number, 5) == -L4_ENOENT);
	CHECK(l4_error(l4_invoke(space, L4RE_PROTO_PCI, 1, l4_utcb())) == -L4_EBADPROTO);
	CHECK(l4_error(l4_invoke(space, L4_PROTO_DMA_SPACE, 0, l4_utcb())) == -L4_EMSGTOOSHORT);
	l4_utcb_mr()->mr[0] = 99;
	CHECK(l4_error(l4_invoke(space, L4_PROTO_DMA_SPACE, 1, l4_utcb())) == -L4_ENOSYS);
	l4_utcb_mr()->mr[0] = L4RE_DMA_PIN_OP;
	CHECK(l4_error(l4_invoke(l4re_env()->mem_alloc, L4RE_PROTO_DMA, 3, l4_utcb())) == -L4_EPERM);

	CHECK(dma_map(space, ds, 4096, 4096, &bus) == 4096);
	CHECK(l4re_ma_free(ds) == -L4_EBUSY);
	CHECK(l4re_dma_space_unmap(space, bus + 4096, 4096, 0, 0) == -L4_ENOENT);
	CHECK(l4re_dma_space_unmap(space, bus, 8192, 0, 0) == -L4_ENOENT);
	CHECK(l4re_dma_space_unmap(space, bus, 4096, 0, 0) == 0);
	CHECK(l4re_dma_space_unmap(space, bus, 4096, 0, 0) == -L4_ENOENT);
	CHECK(l4re_ma_free(ds) == 0);

	/* Nor does it go with an allocator around it. */
	l4re_ma_info(l4re_env()->mem_alloc, &quota, &before);
	CHECK(l4re_ma_create(l4re_env()->mem_alloc, sub, 0x4000, 0) == 0);
	ds = l4re_util_cap_alloc();
	CHECK(l4re_ma_alloc_align_srv(sub, 0x2000, ds, 0, 0) == 0);
	CHECK(dma_map(space, ds, 0, 4096, &bus) == 4096);
	CHECK(l4re_ma_free(sub) == -L4_EBUSY);
	CHECK(l4re_dma_space_unmap(space, bus, 4096, 0, 0) == 0);
	CHECK(l4re_ma_free(sub) == 0);
	l4re_ma_info(l4re_env()->mem_alloc, &quota, &after);
	CHECK(before == after);

	/* So many and no more; closing ends them all. */
	for (n = 0; dma_map(space, other, 0, 4096, n ? &bus : &first) == 4096; n++)
		;
	CHECK(n == 64);
	CHECK(dma_map(space, other, 0, 4096, &bus) == -L4_ENOMEM);
	CHECK(l4re_dma_space_unmap(space, first, 4096, 0, 0) == 0);
	CHECK(dma_map(space, other, 0, 4096, &bus) == 4096);
	CHECK(l4re_ma_free(other) == -L4_EBUSY);
	CHECK(l4re_pci_close(pci, edu) == 0);
	CHECK(l4re_ma_free(other) == 0);
	CHECK(dma_map(space, ds, 0, 4096, &bus) < 0);
	CHECK(l4re_pci_dma_space(pci, edu, gate) == -L4_EBUSY);
	CHECK(l4re_pci_open(pci, edu) == 0);
}

/*
 * Messages that no library sends: any operation, any words, any item. Nothing is gained by them that would be kept, nothing hangs, and
 * the function works afterwards. Opening and closing, which take their time, are left out.
 */
static void test_nonsense(unsigned edu)
{
	static const l4_umword_t edges[] = { 0, 1, 4, 4095, 4096, 8192, 1UL << 46, 1UL << 63, ~0UL, ~0xfffUL };
	l4re_dma_space_t space = dma_space(edu);
	l4re_ds_t ds = memory(8192);
	l4_umword_t quota, before, after;
	l4_utcb_t *u = l4_utcb();
	unsigned i, k;

	l4re_ma_info(l4re_env()->mem_alloc, &quota, &before);
	for (i = 0; i < 4000; i++) {
		l4_cap_idx_t to = rand() % 2 ? space : pci;
		l4_msgtag_t tag = l4_msgtag(rand() % 8 ? (to == space ? L4_PROTO_DMA_SPACE : L4RE_PROTO_PCI) : rand() % 32 - 16,
					    rand() % 8, 0, 0);

		for (k = 0; k < 8; k++)
			u->msg.mr[k] = rand() % 3 ? edges[rand() % 10] : (l4_umword_t)rand() % 64;
		u->msg.mr[0] = rand() % 12;
		u->msg.mr[1] = rand() % 4 ? edu : u->msg.mr[1];
		if (to == pci && (u->msg.mr[0] == L4RE_PCI_OPEN_OP || u->msg.mr[0] == L4RE_PCI_CLOSE_OP))
			continue;
		if (rand() % 3 == 0)
			l4_sndfpage_add(l4_obj_fpage(rand() % 2 ? ds : pci, 0, L4_CAP_FPAGE_RW), l4_map_obj_control(0, 0), &tag);
		if (rand() % 16 == 0)
			l4_sndfpage_add(l4_fpage((l4_addr_t)&failed & L4_PAGEMASK, L4_PAGESHIFT, L4_FPAGE_RO), l4_map_control(0, 0, 0), &tag);
		l4_ipc_call(to, u, tag, L4_IPC_NEVER);
	}
	CHECK(l4re_pci_close(pci, edu) == 0);
	CHECK(l4re_ma_free(ds) == 0);
	l4re_ma_info(l4re_env()->mem_alloc, &quota, &after);
	CHECK(after + 8192 + L4_PAGESIZE == before);
	CHECK(l4re_pci_open(pci, edu) == 0);
}

/* Register access, an interrupt, and a round trip of memory through the device's buffer. */
static void test_work(unsigned edu)
{
	volatile char *regs = map(edu, 0, 0, 0x1000);
	l4_cap_idx_t irq = l4re_util_cap_alloc(), ds = l4re_util_cap_alloc(), space = dma_space(edu);
	l4_uint64_t bus = 0;
	char *memory = 0;
	unsigned i;

	put(regs, EDU_LIVE, 0x12345678);
	CHECK(get(regs, EDU_LIVE) == ~0x12345678U);
	CHECK(l4re_pci_irq(pci, edu, 0, irq) == 0);
	CHECK(l4_error(l4_rcv_ep_bind_thread(irq, l4re_env()->main_thread, 0x70)) == 0);
	put(regs, EDU_IRQ_RAISE, 0x100);
	CHECK(!l4_msgtag_has_error(l4_ipc_receive(irq, l4_utcb(), l4_timeout(0, l4_timeout_from_us(1000000)))));
	put(regs, EDU_IRQ_ACK, get(regs, EDU_IRQ_STATUS));

	CHECK(l4re_ma_alloc(8192, ds, L4RE_MA_CONTINUOUS) == 0);
	CHECK(l4re_rm_attach((void **)&memory, 8192, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) == 0);
	CHECK(dma_map(space, ds, 0, 8192, &bus) == 8192);
	for (i = 0; i < 4096; i++)
		memory[i] = i * 7;
	put64(regs, EDU_DMA_FROM, bus);
	put64(regs, EDU_DMA_TO, EDU_BUFFER);
	put64(regs, EDU_DMA_COUNT, EDU_BYTES);
	put64(regs, EDU_DMA_COMMAND, EDU_DMA_START | EDU_DMA_IRQ);
	CHECK(!l4_msgtag_has_error(l4_ipc_receive(irq, l4_utcb(), l4_timeout(0, l4_timeout_from_us(1000000)))));
	put(regs, EDU_IRQ_ACK, get(regs, EDU_IRQ_STATUS));
	put64(regs, EDU_DMA_FROM, EDU_BUFFER);
	put64(regs, EDU_DMA_TO, bus + 4096);
	put64(regs, EDU_DMA_COUNT, EDU_BYTES);
	put64(regs, EDU_DMA_COMMAND, EDU_DMA_START | EDU_DMA_TO_MEMORY | EDU_DMA_IRQ);
	CHECK(!l4_msgtag_has_error(l4_ipc_receive(irq, l4_utcb(), l4_timeout(0, l4_timeout_from_us(1000000)))));
	CHECK(!memcmp(memory, memory + 4096, EDU_BYTES));
}

int main(void)
{
	l4_cap_idx_t control = l4re_env_get_cap("control");
	l4re_component_info_t self = { 0 };
	long edu, rng, command;

	pci = l4re_env_get_cap("pci");
	edu = l4re_pci_find(pci, "edu");
	rng = l4re_pci_find(pci, "rng");
	if (edu < 0 || rng < 0) {
		printf("not ok pci: %ld %ld\n", edu, rng);
		return 1;
	}
	command = l4re_pci_config_read(pci, edu, COMMAND, 2);
	CHECK(command >= 0 && !(command & COMMAND_MASTER));
	CHECK((l4re_pci_config_read(pci, rng, COMMAND, 2) & COMMAND_MASTER) == 0);
	test_refusals(edu, rng);
	test_dma_space(edu);
	test_nonsense(edu);
	test_work(edu);
	CHECK(l4re_pci_open(pci, rng) == 0);
	CHECK((l4re_pci_config_read(pci, rng, COMMAND, 2) & COMMAND_MASTER) == 0);
	dma_space(rng);
	CHECK(l4re_pci_config_read(pci, rng, COMMAND, 2) & COMMAND_MASTER);
	command = l4re_pci_config_read(pci, edu, COMMAND, 2);
	CHECK(command & COMMAND_MASTER);
	if (failed)
		return 1;
	l4re_control_info(control, l4re_control_find(control, l4re_env()->name), &self);
	if (!self.restarts) {
		printf("ok pci first\n");
		__builtin_trap();
	}
	printf("ok pci again\n");
	return 0;
}
