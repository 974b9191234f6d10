/* SPDX-License-Identifier: MIT */
/*
 * Two devices (QEMU's edu) whose holder makes one of them raise the other's interrupt, as a device with a mind of its own could: it gives
 * it the other's message through the ports of configuration space, by passing the PCI manager, and has it send that.
 *
 * Arguments: what is expected of the other's own message: "blocked" or "arrives".
 */
#include <stdio.h>
#include <string.h>

#include "edu.h"

#include <l4/re/c/pci.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/irq.h>
#include <l4/sys/rcv_endpoint.h>
#include <l4/util/port_io.h>

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CAPABILITIES 0x34
#define CAPABILITY_MSI 5
#define MSI_ADDRESS 4
#define MSI_DATA_64 12 /* of a device that can send to 64 bits, as edu */
#define MESSAGE_PA 0xfee00000U
#define REMAPPABLE 0x10U
#define HANDLE(n) ((n) << 5)
#define VECTOR_FIRST 0x30 /* what the kernel may have given */
#define VECTOR_LAST 0xdf
#define ALL_DONE_US 200000

struct edu {
	unsigned address; /* bus << 8 | device << 3 | function */
	unsigned msi;     /* where its capability is */
	volatile char *regs;
	l4_cap_idx_t irq;
};

struct message {
	l4_uint32_t low, high, data;
};

static int need(int ok, const char *what)
{
	if (!ok) {
		printf("not ok attack: %s\n", what);
		l4_ipc_sleep(L4_IPC_NEVER);
	}
	return ok;
}

/* Configuration space, past the manager. */

static l4_uint32_t config_read(const struct edu *e, unsigned at)
{
	l4util_out32(0x80000000U | e->address << 8 | (at & ~3U), CONFIG_ADDRESS);
	return l4util_in32(CONFIG_DATA);
}

static void config_write(const struct edu *e, unsigned at, l4_uint32_t value)
{
	l4util_out32(0x80000000U | e->address << 8 | (at & ~3U), CONFIG_ADDRESS);
	l4util_out32(value, CONFIG_DATA);
}

static unsigned msi_find(const struct edu *e)
{
	unsigned at = config_read(e, CAPABILITIES) & 0xfc, n;

	for (n = 0; at && n < 48; n++, at = config_read(e, at) >> 8 & 0xfc)
		if ((config_read(e, at) & 0xff) == CAPABILITY_MSI)
			return at;
	need(0, "no MSI");
	return 0;
}

static struct message message_of(const struct edu *e)
{
	return (struct message){ config_read(e, e->msi + MSI_ADDRESS), config_read(e, e->msi + MSI_ADDRESS + 4),
				 config_read(e, e->msi + MSI_DATA_64) & 0xffff };
}

static void message_set(const struct edu *e, struct message m)
{
	config_write(e, e->msi + MSI_ADDRESS, m.low);
	config_write(e, e->msi + MSI_ADDRESS + 4, m.high);
	config_write(e, e->msi + MSI_DATA_64, m.data);
}

/* The devices. */

static void edu_open(struct edu *e, const char *name)
{
	l4_cap_idx_t pci = l4re_env_get_cap("pci"), ds = l4re_util_cap_alloc(), space = l4re_util_cap_alloc();
	long fn = l4re_pci_find(pci, name);
	l4re_pci_info_t info;
	void *at = 0;

	need(fn >= 0 && l4re_pci_open(pci, fn) == 0 && l4re_pci_info(pci, fn, &info) == 0, "open");
	need(l4re_pci_bar_map(pci, fn, 0, 0, L4_PAGESIZE, ds) == 0, "registers");
	need(l4re_rm_attach(&at, L4_PAGESIZE, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) == 0, "attach");
	*e = (struct edu){ .address = info.address, .regs = at, .irq = l4re_util_cap_alloc() };
	need(l4re_pci_irq(pci, fn, 0, e->irq) == 0, "interrupt");
	need(l4_error(l4_rcv_ep_bind_thread(e->irq, l4re_env()->main_thread, 0x70)) == 0, "bind");
	need(l4re_pci_dma_space(pci, fn, space) == 0, "bus mastering");
	e->msi = msi_find(e);
}

/* Does it have an interrupt that it was not told of yet? */
static int fired(const struct edu *e)
{
	return !l4_msgtag_has_error(l4_ipc_receive(e->irq, l4_utcb(), l4_timeout(0, l4_timeout_from_us(ALL_DONE_US))));
}

static void raise_own(const struct edu *e)
{
	*(volatile l4_uint32_t *)(e->regs + EDU_IRQ_RAISE) = 1;
	*(volatile l4_uint32_t *)(e->regs + EDU_IRQ_ACK) = 1;
}

static void send(const struct edu *e, struct message m)
{
	message_set(e, m);
	raise_own(e);
}

static void both_work(const struct edu *a, const struct edu *b)
{
	raise_own(a);
	need(fired(a) && !fired(b), "its own interrupt, and nobody else's");
	raise_own(b);
	need(fired(b) && !fired(a), "the other's own interrupt");
}

int main(int argc, char **argv)
{
	int blocked = argc > 1 && !strcmp(argv[1], "blocked"), harmed;
	struct edu own, other;
	struct message mine;
	unsigned n;

	edu_open(&own, "own");
	edu_open(&other, "other");
	both_work(&own, &other);
	mine = message_of(&own);

	send(&own, message_of(&other));
	harmed = fired(&other);
	printf("%s attack: the other's message %s\n", harmed == !blocked ? "ok" : "not ok", harmed ? "arrives" : "is blocked");

	/* What no table knows of: some units let it pass, which the manager says. */
	for (n = VECTOR_FIRST; n <= VECTOR_LAST; n++)
		send(&own, (struct message){ MESSAGE_PA, 0, n });
	printf("attack: compatibility format %s\n", fired(&other) ? "arrives" : "is blocked");

	/* Every handle but its own, of which most are nobody's. A manager that hears of them stops the device. */
	for (n = 0; blocked && n < 0x8000; n += n < 512 ? 1 : 1021)
		if ((mine.low & 0xfffff) != (HANDLE(n) | REMAPPABLE))
			send(&own, (struct message){ MESSAGE_PA | HANDLE(n) | REMAPPABLE, 0, 0 });
	harmed = blocked && fired(&other);
	printf("%s attack: handles of others %s\n", harmed ? "not ok" : "ok", harmed ? "arrive" : "are blocked");

	message_set(&own, mine);
	while (fired(&own) || fired(&other))
		;
	if (!blocked)
		both_work(&own, &other);
	puts("ok attack: done");
	return 0;
}
