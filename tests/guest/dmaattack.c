/* SPDX-License-Identifier: MIT */
/*
 * A hostile driver: it has QEMU's edu device write and read memory that it never mapped, memory that it mapped for the other
 * direction, and memory that it no longer has mapped. Most of the machine's memory carries a pattern meanwhile.
 *
 * Arguments: what is expected: "unharmed" with an IOMMU, "harmed" without one, so that it is known that the attack is one; "lost": a
 * fault that the PCI manager does not live to see; or "shared": the memory that a client shares, and what is beside it.
 * Registers of edu: QEMU, docs/specs/edu.
 */
#include <stdio.h>
#include <string.h>

#include "edu.h"

#include <l4/re/c/control.h>
#include <l4/re/c/dma_space.h>
#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/pci.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/irq.h>
#include <l4/sys/kip_api.h>

#define VICTIM_BYTES (512UL << 20)
#define STEP 512 /* one word of so many bytes carries the pattern */

static volatile char *regs;
static l4_cap_idx_t irq;

static void fail(const char *what)
{
	printf("not ok attack: %s\n", what);
	for (;;)
		l4_ipc_sleep(L4_IPC_NEVER);
}

static void need(int ok, const char *what)
{
	if (!ok)
		fail(what);
}

static void put64(unsigned at, l4_uint64_t value)
{
	*(volatile l4_uint64_t *)(regs + at) = value;
}

static void begin(l4_uint64_t from, l4_uint64_t to, unsigned command)
{
	put64(EDU_DMA_FROM, from);
	put64(EDU_DMA_TO, to);
	put64(EDU_DMA_COUNT, EDU_BYTES);
	put64(EDU_DMA_COMMAND, EDU_DMA_START | command);
}

static void transfer(l4_uint64_t from, l4_uint64_t to, unsigned command)
{
	begin(from, to, EDU_DMA_IRQ | command);
	need(!l4_msgtag_has_error(l4_ipc_receive(irq, l4_utcb(), l4_timeout(0, l4_timeout_from_us(10000000)))), "transfer");
	*(volatile l4_uint32_t *)(regs + EDU_IRQ_ACK) = *(volatile l4_uint32_t *)(regs + EDU_IRQ_STATUS);
}

static void device_writes(l4_uint64_t address) { transfer(EDU_BUFFER, address, EDU_DMA_TO_MEMORY); }
static void device_reads(l4_uint64_t address) { transfer(address, EDU_BUFFER, 0); }

static void *memory(l4_size_t bytes, unsigned long flags, l4re_ds_t *ds)
{
	void *at = 0;

	*ds = l4re_util_cap_alloc();
	need(l4re_ma_alloc(bytes, *ds, flags) == 0, "memory");
	need(l4re_rm_attach(&at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, *ds, 0, L4_SUPERPAGESHIFT) == 0, "attach");
	return at;
}

static l4_cap_idx_t open_device(void)
{
	l4_cap_idx_t pci = l4re_env_get_cap("pci"), ds = l4re_util_cap_alloc(), space = l4re_util_cap_alloc();
	long fn = l4re_pci_find(pci, "edu");
	void *at = 0;

	irq = l4re_util_cap_alloc();
	need(fn >= 0 && l4re_pci_open(pci, fn) == 0, "open");
	need(l4re_pci_bar_map(pci, fn, 0, 0, L4_PAGESIZE, ds) == 0, "registers");
	need(l4re_rm_attach(&at, L4_PAGESIZE, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) == 0, "attach");
	regs = at;
	need(l4re_pci_irq(pci, fn, 0, irq) == 0, "interrupt");
	need(l4_error(l4_rcv_ep_bind_thread(irq, l4re_env()->main_thread, 0x70)) == 0, "bind");
	need(l4re_pci_dma_space(pci, fn, space) == 0, "DMA space");
	return space;
}

static l4_uint64_t map(l4re_dma_space_t space, l4re_ds_t ds, enum l4re_dma_space_direction dir)
{
	l4_uint64_t address;
	l4_size_t bytes = L4_PAGESIZE;

	need(l4re_dma_space_map(space, ds, 0, &bytes, 0, dir, &address) == 0, "map");
	return address;
}

static void unmap(l4re_dma_space_t space, l4_uint64_t address)
{
	need(l4re_dma_space_unmap(space, address, L4_PAGESIZE, 0, L4RE_DMA_SPACE_BIDIRECTIONAL) == 0, "unmap");
}

static void pattern_set(l4_uint64_t *p)
{
	l4_size_t i;

	for (i = 0; i < VICTIM_BYTES / sizeof(*p); i += STEP / sizeof(*p))
		p[i] = i * 0x9e3779b97f4a7c15UL;
}

static int pattern_is_whole(const l4_uint64_t *p)
{
	l4_size_t i;

	for (i = 0; i < VICTIM_BYTES / sizeof(*p); i += STEP / sizeof(*p))
		if (p[i] != i * 0x9e3779b97f4a7c15UL)
			return 0;
	return 1;
}

/* What a page holds is 0x66 all over, as it was before. */
static int is_untouched(const char *page)
{
	unsigned i;

	for (i = 0; i < EDU_BYTES; i++)
		if (page[i] != 0x66)
			return 0;
	return 1;
}

/*
 * A fault that is on its way to the PCI manager when that is ended (this runs before it, so the manager does not get to see it). init ends this
 * program with it, and starts it again.
 */
static void fault_and_kill(l4_cap_idx_t control, long manager)
{
	l4_uint64_t end = l4_kip_clock(l4re_kip()) + 1000000;

	begin(EDU_BUFFER, 0x20000000UL, EDU_DMA_TO_MEMORY);
	while (l4_kip_clock(l4re_kip()) < end)
		;
	l4re_control_kill(control, manager);
}

/* Are faults of the next manager's time reported? The test looks for them. */
static int lost_fault(void)
{
	l4_cap_idx_t control = l4re_env_get_cap("control");
	long manager = l4re_control_find(control, "pci");
	l4re_component_info_t info;

	need(manager >= 0 && l4re_control_info(control, manager, &info) == 0, "control");
	open_device();
	if (!info.restarts)
		fault_and_kill(control, manager);
	device_writes(0x26000000UL);
	/* The manager, which has less priority, says it now. */
	l4_ipc_sleep_ms(300);
	puts("ok attack: two managers");
	return 0;
}

static int attack(int expect_harm)
{
	int harmed = 0, i;
	l4re_dma_space_t space = open_device();
	l4re_ds_t ds, weapon_ds, victim_ds;
	char *page = memory(L4_PAGESIZE, 0, &ds), *weapon = memory(L4_PAGESIZE, 0, &weapon_ds);
	l4_uint64_t *victim = memory(VICTIM_BYTES, 0, &victim_ds), address, w;

	/* What it writes everywhere. */
	memset(weapon, 0xa5, L4_PAGESIZE);
	w = map(space, weapon_ds, L4RE_DMA_SPACE_TO_DEVICE);
	device_reads(w);
	pattern_set(victim);
	memset(page, 0x66, L4_PAGESIZE);

	/* It works as far as it is allowed to. */
	address = map(space, ds, L4RE_DMA_SPACE_FROM_DEVICE);
	device_writes(address);
	need(!memcmp(page, weapon, EDU_BYTES), "the device does not write");
	memset(page, 0x66, L4_PAGESIZE);
	unmap(space, address);

	/* What was mapped, and is not any more. */
	device_writes(address);
	harmed |= !is_untouched(page);
	/* What is mapped for reading. */
	address = map(space, ds, L4RE_DMA_SPACE_TO_DEVICE);
	device_writes(address);
	harmed |= !is_untouched(page);
	/* What is nobody's: memory of all the system. */
	for (i = 0; i < 4; i++)
		device_writes(0x20000000UL + i * 0x6000000UL);
	harmed |= !pattern_is_whole(victim);
	/* Nor may it learn what is there. */
	device_reads(0x20000000);
	memset(page, 0x66, L4_PAGESIZE);
	/* Whoever goes on is not listened to for ever. */
	for (i = 0; i < (expect_harm ? 0 : 14); i++)
		device_writes(0x24000000UL + i * 0x1000UL);
	harmed |= !pattern_is_whole(victim);

	/* The driver's own mapping works as before. */
	unmap(space, address);
	device_reads(w);
	address = map(space, ds, L4RE_DMA_SPACE_FROM_DEVICE);
	device_writes(address);
	need(!memcmp(page, weapon, EDU_BYTES), "the device does not write any more");
	printf("%s attack: memory is %s\n", harmed == expect_harm ? "ok" : "not ok", harmed ? "harmed" : "unharmed");
	return harmed != expect_harm;
}

/* All that a Linux shares as "vda" may be reached; the test looks for the two faults. */
static int beside_shared(void)
{
	const l4re_env_cap_entry_t *e = l4re_env_find("vda", L4RE_ENV_SERVER | L4RE_ENV_MEMORY, 0);
	l4re_dma_space_t space = open_device();
	l4_uint64_t address;
	l4_size_t bytes;

	need(e != 0, "no memory is shared");
	bytes = l4re_ds_size(e->cap);
	need(l4re_dma_space_map_all(space, e->cap, bytes, &address) == 0, "map");
	device_reads(address);
	device_reads(address + bytes - EDU_BYTES);
	device_reads(address + bytes);
	device_writes(address - EDU_BYTES);
	l4_ipc_sleep_ms(300);
	puts("ok attack: beside what is shared");
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "shared"))
		return beside_shared();
	return strcmp(what, "lost") ? attack(!strcmp(what, "harmed")) : lost_fault();
}
