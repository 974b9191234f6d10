/* SPDX-License-Identifier: MIT */
/*
 * The PCI manager as a client sees it, with QEMU's edu device (MSI, DMA engine) and a virtio device (MSI-X).
 * It ends itself by a fault while it holds the devices; its second instance checks that they were stopped.
 * Registers of edu: QEMU, docs/specs/edu.
 */
#include <stdio.h>
#include <string.h>

#include <l4/re/c/control.h>
#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/pci.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/err.h>
#include <l4/sys/factory.h>
#include <l4/sys/irq.h>

#define EDU_LIVE 0x04
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_FROM 0x80
#define EDU_DMA_TO 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_START 1
#define EDU_DMA_TO_MEMORY 2
#define EDU_DMA_IRQ 4
#define EDU_BUFFER 0x40000
#define EDU_BYTES 2048 /* the last byte of its 4096 cannot be named */
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

/* Register access, an interrupt, and a round trip of memory through the device's buffer. */
static void test_work(unsigned edu)
{
	volatile char *regs = map(edu, 0, 0, 0x1000);
	l4_cap_idx_t irq = l4re_util_cap_alloc(), ds = l4re_util_cap_alloc();
	l4_umword_t bus = 0;
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
	CHECK(l4re_pci_dma_map(pci, edu, ds, 0, 8192, &bus) == 8192);
	CHECK(l4re_pci_dma_map(pci, edu, ds, 8192, 4096, &bus) == -L4_ERANGE);
	CHECK(l4re_pci_dma_map(pci, edu, ds, 1, 4096, &bus) == -L4_EINVAL);
	CHECK(l4re_pci_dma_map(pci, edu, pci, 0, 4096, &bus) == -L4_EBADPROTO); /* no dataspace */
	CHECK(l4re_pci_dma_map(pci, edu, ds, 0, 8192, &bus) == 8192);
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
	test_work(edu);
	CHECK(l4re_pci_open(pci, rng) == 0);
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
