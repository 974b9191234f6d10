/* SPDX-License-Identifier: MIT */
/*
 * What the PCI manager does for devices of other kinds: a function-level reset (QEMU's NVMe controller), an interrupt line (its e1000), a
 * device that goes on after an interrupt (its e1000e), and a port BAR (its transitional virtio devices). It ends itself by touching a port that
 * was taken away.
 * Argument "line": the interrupt line alone, for a machine whose other devices would not be opened.
 * Registers: NVM Express 1.4, section 3.1; Intel 8254x, section 13; Intel 82574, section 10; virtio 1.2, section 4.1.4.10 (legacy).
 */
#include <stdio.h>
#include <string.h>

#include <l4/re/c/control.h>
#include <l4/re/c/pci.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/err.h>
#include <l4/sys/irq.h>
#include <l4/util/port_io.h>

#define NVME_CC 0x14
#define NVME_CC_VALUE 0x00460000U /* sizes of entries; not enabled */
#define E1000_ICR 0xc0
#define E1000_ICS 0xc8
#define E1000_IMS 0xd0
#define E1000_LINK_CHANGED 4
#define E1000E_IVAR 0xe4
#define E1000E_IVAR_RXQ0 8
#define E1000E_RXQ0 (1U << 20)
#define VIRTIO_LEGACY_STATUS 18
#define VIRTIO_LEGACY_BYTES 20

static l4_cap_idx_t pci;
static int failed;

#define CHECK(what)                                                            \
	do {                                                                   \
		if (!(what)) {                                                 \
			printf("not ok legacy line %d: %s\n", __LINE__, #what); \
			failed = 1;                                            \
		}                                                              \
	} while (0)

static volatile l4_uint32_t *open_registers(const char *name, unsigned *fn, l4_umword_t bytes)
{
	l4_cap_idx_t ds = l4re_util_cap_alloc();
	long n = l4re_pci_find(pci, name);
	void *at = 0;

	CHECK(n >= 0 && l4re_pci_open(pci, n) == 0);
	CHECK(l4re_pci_bar_map(pci, n, 0, 0, bytes, ds) == 0);
	CHECK(l4re_rm_attach(&at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) == 0);
	*fn = n;
	return at;
}

/* What the last owner wrote is gone when the function is opened again. */
static void test_reset(void)
{
	unsigned fn;
	volatile l4_uint32_t *regs = open_registers("nvme", &fn, L4_PAGESIZE);

	if (!regs)
		return;
	CHECK(regs[NVME_CC / 4] == 0);
	regs[NVME_CC / 4] = NVME_CC_VALUE;
	CHECK(regs[NVME_CC / 4] == NVME_CC_VALUE);
	CHECK(l4re_pci_close(pci, fn) == 0);
	regs = open_registers("nvme", &fn, L4_PAGESIZE);
	CHECK(regs && regs[NVME_CC / 4] == 0);
	CHECK(l4re_pci_close(pci, fn) == 0);
}

/* One without an interrupt, whatever number is asked for. */
static void test_none(void)
{
	long fn = l4re_pci_find(pci, "vga");
	l4re_pci_info_t info;

	CHECK(fn >= 0 && l4re_pci_open(pci, fn) == 0);
	CHECK(l4re_pci_info(pci, fn, &info) == 0 && info.irq_kind == L4RE_PCI_IRQ_NONE && info.irqs == 0);
	CHECK(l4re_pci_irq(pci, fn, 0, l4re_util_cap_alloc()) == -L4_ENODEV);
	CHECK(l4re_pci_irq(pci, fn, 1, l4re_util_cap_alloc()) == -L4_ENODEV);
	CHECK(l4re_pci_close(pci, fn) == 0);
}

static int wait_irq(l4_cap_idx_t irq)
{
	return !l4_msgtag_has_error(l4_ipc_receive(irq, l4_utcb(), l4_timeout(0, l4_timeout_from_us(10000000))));
}

/* The line stays up until the device is served, and comes again after it is unmasked. */
static void test_line(void)
{
	l4_cap_idx_t irq = l4re_util_cap_alloc();
	l4re_pci_info_t info;
	unsigned fn, i;
	volatile l4_uint32_t *regs = open_registers("nic", &fn, 0x20000);

	if (!regs)
		return;
	CHECK(l4re_pci_info(pci, fn, &info) == 0 && info.irq_kind == L4RE_PCI_IRQ_INTX && info.irqs == 1);
	CHECK(l4re_pci_irq(pci, fn, 1, irq) == -L4_ERANGE);
	CHECK(l4re_pci_irq(pci, fn, 0, irq) == 0);
	CHECK(l4_error(l4_rcv_ep_bind_thread(irq, l4re_env()->main_thread, 0x70)) == 0);
	regs[E1000_IMS / 4] = E1000_LINK_CHANGED;
	for (i = 0; i < 3; i++) {
		l4_irq_unmask(irq);
		regs[E1000_ICS / 4] = E1000_LINK_CHANGED;
		CHECK(wait_irq(irq));
		CHECK(regs[E1000_ICR / 4] & E1000_LINK_CHANGED);
	}
	CHECK(l4re_pci_close(pci, fn) == 0);
}

/*
 * For 128 us after a message the 82574 holds back the next one. Closed meanwhile it must have come to rest before its MSI-X is switched
 * off: QEMU's ends QEMU otherwise.
 */
static void test_at_rest(void)
{
	volatile l4_uint32_t *regs;
	unsigned fn, i;

	for (i = 0; i < 20 && !failed; i++) {
		l4_cap_idx_t irq = l4re_util_cap_alloc(), space = l4re_util_cap_alloc();

		regs = open_registers("e1000e", &fn, 0x6000);
		CHECK(l4re_pci_irq(pci, fn, 0, irq) == 0);
		CHECK(l4re_pci_dma_space(pci, fn, space) == 0);
		if (failed)
			return;
		regs[E1000E_IVAR / 4] = E1000E_IVAR_RXQ0;
		regs[E1000_IMS / 4] = E1000E_RXQ0;
		regs[E1000_ICS / 4] = E1000E_RXQ0;
		CHECK(l4re_pci_close(pci, fn) == 0);
	}
}

/* Returns a port that was the device's and is nobody's any more. */
static unsigned test_ports(void)
{
	long fn = l4re_pci_find(pci, "rng");
	l4_umword_t bytes = 0, flags = 0;
	unsigned port = 0;

	CHECK(fn >= 0 && l4re_pci_open(pci, fn) == 0);
	CHECK(l4re_pci_bar_info(pci, fn, 0, &bytes, &flags, 0) == 0 && (flags & L4RE_PCI_BAR_IO) && bytes >= VIRTIO_LEGACY_BYTES);
	CHECK(l4re_pci_bar_ports(pci, fn, 0, 0, bytes + 1, &port) == -L4_ERANGE);
	CHECK(l4re_pci_bar_ports(pci, fn, 0, bytes, 1, &port) == -L4_ERANGE);
	CHECK(l4re_pci_bar_ports(pci, fn, 0, 0, VIRTIO_LEGACY_BYTES, &port) == 0 && port);
	if (failed)
		return 0;
	CHECK(l4util_in8(port + VIRTIO_LEGACY_STATUS) == 0);
	l4util_out8(1, port + VIRTIO_LEGACY_STATUS);
	CHECK(l4util_in8(port + VIRTIO_LEGACY_STATUS) == 1);
	CHECK(l4re_pci_close(pci, fn) == 0);
	CHECK(l4re_pci_open(pci, fn) == 0);
	CHECK(l4re_pci_bar_ports(pci, fn, 0, 0, bytes, &port) == 0);
	CHECK(l4util_in8(port + VIRTIO_LEGACY_STATUS) == 0);
	CHECK(l4re_pci_close(pci, fn) == 0);
	return port;
}

int main(int argc, char **argv)
{
	l4_cap_idx_t control = l4re_env_get_cap("control");
	l4re_component_info_t self = { 0 };
	unsigned port;

	l4re_control_info(control, l4re_control_find(control, l4re_env()->name), &self);
	if (self.restarts) {
		printf("ok legacy, and a closed function's ports are gone\n");
		return 0;
	}
	pci = l4re_env_get_cap("pci");
	if (argc > 1 && !strcmp(argv[1], "line")) {
		test_line();
		puts(failed ? "not ok legacy line" : "ok legacy line");
		return failed;
	}
	test_reset();
	test_line();
	test_none();
	test_at_rest();
	port = test_ports();
	if (failed)
		return 1;
	l4util_in8(port + VIRTIO_LEGACY_STATUS);
	printf("not ok legacy: a port of a closed function\n");
	return 1;
}
