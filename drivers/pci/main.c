/* SPDX-License-Identifier: MIT */
/*
 * PCI manager: owns configuration space and hands out functions, each to the client that the description names.
 *
 * Arguments: one word for each grant (grant.h). Interface: l4/re/c/pci.h.
 */
#include "device.h"
#include "dma.h"
#include "grant.h"
#include "hw.h"
#include "interrupts.h"
#include "iommu.h"
#include "pin.h"
#include "reset.h"
#include "../../l4re/lib/fmt.h"
#include "../../l4re/lib/string.h"

#include <l4/re/c/alive.h>
#include <l4/re/c/dma_space.h>
#include <l4/re/c/pci.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/re/protocols.h>
#include <l4/sys/factory.h>
#include <l4/sys/icu.h>
#include <l4/sys/ipc_gate.h>
#include <l4/sys/irq.h>

#define SESSIONS 32
#define READY_AGAIN_US 5000
#define LABEL(n) ((l4_umword_t)((n) + 1) << 4)
#define LABEL_INDEX(label) (((label) >> 4) - 1)
/* Behind the sessions: DMA spaces, by function. */
#define LABEL_SPACE(n) LABEL(SESSIONS + (n))
#define LABEL_FAULT LABEL(SESSIONS + PCI_FUNCTIONS_MAX)

static struct pci_bus bus;
static struct pci_grants grants;
static struct acpi_facts facts;
static struct pci_share share;
static int remapped; /* there is an IOMMU */
static const char *clients[SESSIONS];
static unsigned session_count;
static l4_cap_idx_t received; /* what came with the last message */

static l4_msgtag_t reply(long result, unsigned words)
{
	return l4_msgtag(result < 0 ? result : 0, result < 0 ? 0 : words, 0, 0);
}

static l4_msgtag_t reply_cap(int err, l4_cap_idx_t cap, unsigned rights)
{
	l4_msgtag_t tag = reply(err, 0);

	if (err >= 0)
		l4_sndfpage_add(l4_obj_fpage(cap, 0, rights), l4_map_obj_control(0, 0), &tag);
	return tag;
}

static l4_msgtag_t op_find(const char *client, l4_umword_t *mr)
{
	struct pci_grant *g;
	char name[GRANT_NAME];
	unsigned n;

	memcpy(name, &mr[1], sizeof(name));
	name[sizeof(name) - 1] = 0;
	for (n = 0; (g = grant_of(&grants, client, n)); n++)
		if (!strcmp(g->name, name)) {
			mr[0] = n;
			return reply(g->function ? 0 : -L4_ENODEV, 1);
		}
	return reply(-L4_ENOENT, 0);
}

static l4_msgtag_t op_info(const struct pci_function *f, l4_umword_t *mr)
{
	l4re_pci_info_t info = {
		.address = f->address, .vendor = f->vendor, .device = f->device, .subsystem = f->subsystem,
		.class_rev = f->class_rev, .irq_kind = device_irq_kind(f), .irqs = device_irq_count(f),
		.open = device_is_open(f),
	};

	memcpy(mr, &info, sizeof(info));
	return reply(0, sizeof(info) / sizeof(*mr));
}

static l4_msgtag_t op_bar_info(const struct pci_function *f, l4_umword_t *mr)
{
	const struct pci_bar *bar = &f->bars[mr[2]];

	mr[0] = bar->bytes;
	mr[1] = bar->flags;
	mr[2] = bar->address;
	return reply(0, 3);
}

/* As few items as the alignment allows; a port BAR has at most 256 bytes, any more than fit are refused. */
static l4_msgtag_t ports_reply(unsigned first, unsigned count)
{
	l4_msgtag_t tag = reply(0, 1);
	unsigned order, port = first;

	l4_utcb_mr()->mr[0] = first;
	while (count) {
		for (order = 0; !(port & (1U << order)) && (2U << order) <= count; order++)
			;
		if (l4_msgtag_items(tag) == L4_UTCB_GENERIC_BUFFERS_SIZE / 2)
			return reply(-L4_E2BIG, 0);
		l4_sndfpage_add(l4_iofpage(port, order), l4_map_control(0, 0, 0), &tag);
		port += 1U << order;
		count -= 1U << order;
	}
	return tag;
}

static l4_msgtag_t op_bar_map(struct pci_function *f, const l4_umword_t *mr)
{
	l4_umword_t bar = mr[2], offset = mr[3], bytes = mr[4];
	l4_cap_idx_t ds = 0;
	unsigned port = 0;
	int err;

	if (f->bars[bar].flags & L4RE_PCI_BAR_IO) {
		err = device_ports(f, bar, offset, bytes, &port);
		return err < 0 ? reply(err, 0) : ports_reply(port, bytes);
	}
	err = device_map(f, bar, offset, bytes, &ds);
	return reply_cap(err, ds, L4_CAP_FPAGE_RW);
}

static int config_range_ok(l4_umword_t offset, l4_umword_t bytes)
{
	return (bytes == 1 || bytes == 2 || bytes == 4) && offset < bus.config->bytes && !(offset & (bytes - 1));
}

static l4_msgtag_t op_config_read(const struct pci_function *f, l4_umword_t *mr)
{
	if (!config_range_ok(mr[2], mr[3]))
		return reply(-L4_ERANGE, 0);
	mr[0] = bus.config->read(f->address, mr[2], mr[3]);
	return reply(0, 1);
}

/* Bits that the client may not change keep their values; bits of status that it does not name stay. */
static l4_msgtag_t op_config_write(const struct pci_function *f, const l4_umword_t *mr)
{
	l4_uint32_t mask, old;

	if (!config_range_ok(mr[2], mr[3]))
		return reply(-L4_ERANGE, 0);
	mask = device_write_mask(f, mr[2], mr[3]);
	if (!mask)
		return reply(-L4_EPERM, 0);
	old = mr[2] == PCI_STATUS ? 0 : bus.config->read(f->address, mr[2], mr[3]);
	bus.config->write(f->address, mr[2], mr[3], (old & ~mask) | (mr[4] & mask));
	return reply(0, 0);
}

static l4_msgtag_t op_irq(struct pci_function *f, l4_umword_t n)
{
	l4_cap_idx_t irq = 0;
	int err = n < DEVICE_IRQS ? device_irq(f, n, &irq) : -L4_ERANGE;

	return reply_cap(err, irq, L4_CAP_FPAGE_RWS);
}

static l4_msgtag_t op_dma_space(struct pci_function *f)
{
	l4_cap_idx_t gate = 0;
	int err = dma_gate(f, LABEL_SPACE(f - bus.functions), &gate);

	if (err >= 0)
		err = device_master(f);
	return reply_cap(err, gate, L4_CAP_FPAGE_RW);
}

/* Operations that an open function alone has. */
static l4_msgtag_t dispatch_open(struct pci_function *f, l4_umword_t *mr)
{
	if (!device_is_open(f))
		return reply(-L4_EBUSY, 0);
	switch (mr[0]) {
	case L4RE_PCI_BAR_MAP_OP:
		return mr[2] < PCI_BARS ? op_bar_map(f, mr) : reply(-L4_ERANGE, 0);
	case L4RE_PCI_CONFIG_WRITE_OP:
		return op_config_write(f, mr);
	case L4RE_PCI_IRQ_OP:
		return op_irq(f, mr[2]);
	case L4RE_PCI_DMA_SPACE_OP:
		return op_dma_space(f);
	default:
		return reply(-L4_ENOSYS, 0);
	}
}

static l4_msgtag_t dispatch_function(struct pci_function *f, l4_umword_t *mr)
{
	switch (mr[0]) {
	case L4RE_PCI_INFO_OP:
		return op_info(f, mr);
	case L4RE_PCI_OPEN_OP:
		return reply(device_open(f), 0);
	case L4RE_PCI_CLOSE_OP:
		return reply(device_close(f), 0);
	case L4RE_PCI_BAR_INFO_OP:
		return mr[2] < PCI_BARS ? op_bar_info(f, mr) : reply(-L4_ERANGE, 0);
	case L4RE_PCI_CONFIG_READ_OP:
		return op_config_read(f, mr);
	default:
		return dispatch_open(f, mr);
	}
}

/* How many words an operation needs. */
static unsigned words_needed(l4_umword_t op)
{
	static const unsigned char words[] = {
		[L4RE_PCI_FIND_OP] = 5, [L4RE_PCI_INFO_OP] = 2, [L4RE_PCI_OPEN_OP] = 2, [L4RE_PCI_CLOSE_OP] = 2,
		[L4RE_PCI_BAR_INFO_OP] = 3, [L4RE_PCI_BAR_MAP_OP] = 5, [L4RE_PCI_CONFIG_READ_OP] = 4,
		[L4RE_PCI_CONFIG_WRITE_OP] = 5, [L4RE_PCI_IRQ_OP] = 3, [L4RE_PCI_DMA_SPACE_OP] = 2,
	};

	return op < sizeof(words) ? words[op] : 0;
}

static l4_msgtag_t dispatch_session(const char *client, l4_umword_t *mr, unsigned words)
{
	struct pci_grant *g;

	if (!words_needed(mr[0]))
		return reply(-L4_ENOSYS, 0);
	if (words < words_needed(mr[0]))
		return reply(-L4_EMSGTOOSHORT, 0);
	if (mr[0] == L4RE_PCI_FIND_OP)
		return op_find(client, mr);
	g = mr[1] < GRANTS_MAX ? grant_of(&grants, client, mr[1]) : 0;
	if (!g)
		return reply(-L4_ENOENT, 0);
	return g->function ? dispatch_function(g->function, mr) : reply(-L4_ENODEV, 0);
}

static l4_msgtag_t op_dma_map(const struct pci_function *f, l4_umword_t *mr, unsigned items)
{
	struct dma_request r = { mr[1], mr[2], mr[3], mr[4] };
	l4_uint64_t address = 0;
	long err = items == 1 ? dma_map(f, &r, received, &address) : -L4_EMSGMISSARG;

	mr[0] = address;
	mr[1] = r.bytes;
	return reply(err, 2);
}

static l4_msgtag_t dispatch_space(struct pci_function *f, l4_umword_t *mr, unsigned words, unsigned items)
{
	if (!device_is_open(f))
		return reply(-L4_EBUSY, 0);
	switch (mr[0]) {
	case L4RE_DMA_SPACE_MAP_OP:
		return words < 5 ? reply(-L4_EMSGTOOSHORT, 0) : op_dma_map(f, mr, items);
	case L4RE_DMA_SPACE_UNMAP_OP:
		return reply(words < 3 ? -L4_EMSGTOOSHORT : dma_unmap(f, mr[1], mr[2]), 0);
	default:
		return reply(-L4_ENOSYS, 0);
	}
}

static l4_msgtag_t dispatch(unsigned index, l4_msgtag_t tag)
{
	long proto = index < SESSIONS ? L4RE_PROTO_PCI : L4_PROTO_DMA_SPACE;
	l4_umword_t *mr = l4_utcb_mr()->mr;
	unsigned words = l4_msgtag_words(tag);

	if (l4_msgtag_label(tag) != proto)
		return reply(-L4_EBADPROTO, 0);
	if (words < 1)
		return reply(-L4_EMSGTOOSHORT, 0);
	if (index < SESSIONS)
		return dispatch_session(clients[index], mr, words);
	return dispatch_space(&bus.functions[index - SESSIONS], mr, words, l4_msgtag_items(tag));
}

/* Start. */

static void take_arguments(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (grant_parse(&grants, argv[i]) < 0)
			fmt_log("argument %s: not understood\n", argv[i]);
}

static void describe(const struct pci_function *f)
{
	static const char *const kinds[] = { "no interrupt", "INTx", "MSI", "MSI-X" };
	unsigned kind = device_irq_kind(f);

	fmt_log("%02x:%02x.%u %04x:%04x class %06x, %s, %s", f->address >> 8, f->address >> 3 & 31, f->address & 7, f->vendor,
		f->device, f->class_rev >> 8, kind || !f->irq_pin ? kinds[kind] : "an interrupt pin that no table routes", reset_kind(&bus, f));
}

/* Who has it, as part of a line. */
static void say_holder(const struct pci_function *f)
{
	unsigned k;

	for (k = 0; k < grants.count; k++)
		if (grants.list[k].function == f)
			fmt_log(" %s of %s", grants.list[k].name, grants.list[k].client);
}

static void list_functions(void)
{
	unsigned i, k;

	for (i = 0; i < bus.function_count; i++) {
		describe(&bus.functions[i]);
		for (k = 0; k < grants.count; k++)
			if (grants.list[k].function == &bus.functions[i])
				fmt_log(":");
		say_holder(&bus.functions[i]);
		fmt_log("%s\n", remapped && !dma_is_remapped(&bus.functions[i]) ? " (behind no unit: reaches all memory)" : "");
	}
	for (k = 0; k < grants.count; k++)
		if (!grants.list[k].function)
			fmt_log("%s of %s: this machine does not have it, or somebody else has\n", grants.list[k].name,
				grants.list[k].client);
}

/* What a manager before pinned is free when no unit has its tables any more. */
static void protect(l4_cap_idx_t icu)
{
	int stuck, interrupts_stuck;
	const char *why = dma_init(&bus, &facts, &share, &stuck), *unmapped = interrupts_start(&bus, &facts, icu, &interrupts_stuck);

	if (!stuck && !interrupts_stuck)
		pin_drop_old();
	remapped = !why;
	if (why) {
		fmt_log("no remapping units are used (%s): devices reach all memory\n", why);
		return;
	}
	fmt_log("%u remapping unit(s): devices reach what their drivers map; interrupts are ", facts.drhd_count);
	if (unmapped)
		fmt_log("not remapped (%s)\n", unmapped);
	else
		fmt_log("remapped%s\n", interrupts_leak() ? ", but a unit lets those in compatibility format pass" : "");
}

static void scan(void)
{

	if (acpi_read(&facts, l4re_kip()->acpi_rsdp, hw_acpi_read) < 0)
		fmt_log("no usable ACPI tables\n");
	bus.config = hw_config(&facts);
	bus.memory = hw_memory_window(&facts);
	bus.io = (struct pci_range){ 0x1000, 0xffff };
	pci_bus_scan(&bus);
	grants_assign(&grants, &bus);
	share = grants_share(&grants);
	fmt_log("%u functions, %u bridges, configuration by %s\n", bus.function_count, bus.bridge_count,
		bus.config->bytes > PCI_CONFIG_BYTES ? "memory" : "ports");
	if (bus.left_out)
		fmt_log("%u functions or bridges are too many\n", bus.left_out);
}

static l4_cap_idx_t fault_irq;

/* What is left is looked at after others have had their turn. */
static void report_faults(void)
{
	if (iommu_faults(say_holder, device_stop))
		l4_irq_trigger(fault_irq);
}

/*
 * Faults come as messages to the server loop; without them functions are blocked all the same. Those that a manager before
 * was told of, and did not get to see, nobody is told of again.
 */
static void watch_faults(void)
{
	l4_icu_msi_info_t msi = { 0 };

	if (!remapped)
		return;
	fault_irq = l4re_util_cap_alloc();
	if (l4_is_invalid_cap(fault_irq) || l4_error(l4_factory_create_irq(l4re_env()->factory, fault_irq)) < 0 ||
	    l4_error(l4_rcv_ep_bind_thread(fault_irq, l4re_env()->main_thread, LABEL_FAULT)) < 0 ||
	    device_message(fault_irq, &msi) < 0) {
		fmt_log("no interrupt for faults: they are not reported\n");
		return;
	}
	iommu_fault_event(msi.msi_addr, msi.msi_data);
	report_faults();
}

static void open_sessions(void)
{
	const l4re_env_cap_entry_t *e;

	for (e = l4re_env()->caps; e->name[0]; e++) {
		if (!(e->flags & L4RE_ENV_SERVER) || strcmp(e->name, "pci"))
			continue;
		if (session_count == SESSIONS ||
		    l4_error(l4_rcv_ep_bind_thread(e->cap, l4re_env()->main_thread, LABEL(session_count))) < 0)
			fmt_log("no session for %s\n", e->peer);
		else
			clients[session_count++] = e->peer;
	}
}

static int is_ours(l4_umword_t label)
{
	l4_umword_t n = LABEL_INDEX(label);

	return n < session_count || (n >= SESSIONS && n - SESSIONS < bus.function_count);
}

/*
 * How long to wait for a message. init is told that the manager works when it has none of its own for the manager: it
 * stops the devices of their holders first.
 */
static l4_timeout_t patience(int answered)
{
	static int ready;

	if (!ready && answered)
		ready = l4re_ready_try();
	return ready ? l4_timeout(0, L4_IPC_TIMEOUT_NEVER) : l4_timeout(0, l4_timeout_from_us(READY_AGAIN_US));
}

static void serve(void)
{
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag, answer = reply(0, 0);
	l4_umword_t label;
	l4_timeout_t limit;
	int pending = 0;

	received = l4re_util_cap_alloc();
	for (;;) {
		limit = patience(!pending);
		l4_utcb_rcv_cap_u(u, received);
		tag = pending ? l4_ipc_reply_and_wait(u, answer, &label, limit) : l4_ipc_wait(u, &label, limit);
		/* A client that did not take the answer's items is told so; one that is gone cannot be. */
		if (l4_msgtag_has_error(tag)) {
			pending = pending && l4_msgtag_items(answer) && l4_ipc_is_snd_error(u);
			answer = reply(-L4_EMSGMISSARG, 0);
			continue;
		}
		pending = is_ours(label);
		if (pending)
			answer = dispatch(LABEL_INDEX(label), tag);
		else if (label == LABEL_FAULT)
			report_faults();
		if (l4_msgtag_items(tag))
			l4re_util_cap_empty(received);
	}
}

int main(int argc, char **argv)
{
	l4_cap_idx_t icu = l4re_env_get_cap("icu");

	take_arguments(argc, argv);
	scan();
	protect(icu);
	device_init(&bus, &facts, &share, icu);
	watch_faults();
	list_functions();
	open_sessions();
	serve();
	return 0;
}
