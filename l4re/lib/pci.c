/* SPDX-License-Identifier: MIT */
/* Client side of the PCI manager. */
#include "string.h"

#include <l4/re/c/pci.h>
#include <l4/re/protocols.h>
#include <l4/sys/ipc.h>

#define NAME_BYTES 32

/* Operation and up to four arguments. */
static long call(l4_cap_idx_t pci, const l4_umword_t (*words)[6])
{
	l4_utcb_t *u = l4_utcb();

	memcpy(u->msg.mr, *words, sizeof(*words));
	return l4_error(l4_invoke(pci, L4RE_PROTO_PCI, 6, u));
}
#define CALL(pci, ...) call(pci, &(const l4_umword_t[6]){ __VA_ARGS__ })

/* The same with a capability as the answer. */
static long call_for_cap(l4_cap_idx_t pci, l4_cap_idx_t slot, const l4_umword_t (*words)[6])
{
	l4_utcb_t *u = l4_utcb();
	long err;

	l4_utcb_rcv_cap_u(u, slot);
	err = call(pci, words);
	u->buf.br[0] = 0;
	return err;
}

long l4re_pci_find(l4_cap_idx_t pci, const char *name)
{
	l4_umword_t words[6] = { L4RE_PCI_FIND_OP };
	l4_size_t n = strlen(name);
	long err;

	if (n >= NAME_BYTES)
		return -L4_ENOENT;
	memcpy(&words[1], name, n);
	err = call(pci, &words);
	return err < 0 ? err : (long)l4_utcb_mr()->mr[0];
}

long l4re_pci_info(l4_cap_idx_t pci, unsigned fn, l4re_pci_info_t *info)
{
	long err = CALL(pci, L4RE_PCI_INFO_OP, fn);

	if (err >= 0)
		memcpy(info, l4_utcb_mr()->mr, sizeof(*info));
	return err;
}

long l4re_pci_open(l4_cap_idx_t pci, unsigned fn)
{
	return CALL(pci, L4RE_PCI_OPEN_OP, fn);
}

long l4re_pci_close(l4_cap_idx_t pci, unsigned fn)
{
	return CALL(pci, L4RE_PCI_CLOSE_OP, fn);
}

long l4re_pci_bar_info(l4_cap_idx_t pci, unsigned fn, unsigned bar, l4_umword_t *bytes, l4_umword_t *flags,
		       l4_umword_t *address)
{
	const l4_umword_t *mr = l4_utcb_mr()->mr;
	long err = CALL(pci, L4RE_PCI_BAR_INFO_OP, fn, bar);

	if (err < 0)
		return err;
	if (bytes)
		*bytes = mr[0];
	if (flags)
		*flags = mr[1];
	if (address)
		*address = mr[2];
	return 0;
}

long l4re_pci_bar_map(l4_cap_idx_t pci, unsigned fn, unsigned bar, l4_umword_t offset, l4_umword_t bytes, l4_cap_idx_t ds)
{
	return call_for_cap(pci, ds, &(const l4_umword_t[6]){ L4RE_PCI_BAR_MAP_OP, fn, bar, offset, bytes });
}

/* A window for all ports in each buffer: a range that is not a power of two comes in pieces. */
long l4re_pci_bar_ports(l4_cap_idx_t pci, unsigned fn, unsigned bar, l4_umword_t offset, l4_umword_t bytes, unsigned *port)
{
	l4_utcb_t *u = l4_utcb();
	unsigned i;
	long err;

	u->buf.bdr = 0;
	for (i = 0; i + 1 < L4_UTCB_GENERIC_BUFFERS_SIZE; i += 2) {
		u->buf.br[i] = L4_ITEM_MAP;
		u->buf.br[i + 1] = l4_iofpage(0, L4_WHOLE_ADDRESS_SPACE).raw;
	}
	err = CALL(pci, L4RE_PCI_BAR_MAP_OP, fn, bar, offset, bytes);
	u->buf.br[0] = 0;
	if (err >= 0)
		*port = u->msg.mr[0];
	return err;
}

long l4re_pci_config_read(l4_cap_idx_t pci, unsigned fn, unsigned offset, unsigned bytes)
{
	long err = CALL(pci, L4RE_PCI_CONFIG_READ_OP, fn, offset, bytes);

	return err < 0 ? err : (long)(l4_uint32_t)l4_utcb_mr()->mr[0];
}

long l4re_pci_config_write(l4_cap_idx_t pci, unsigned fn, unsigned offset, unsigned bytes, l4_uint32_t value)
{
	return CALL(pci, L4RE_PCI_CONFIG_WRITE_OP, fn, offset, bytes, value);
}

long l4re_pci_irq(l4_cap_idx_t pci, unsigned fn, unsigned n, l4_cap_idx_t irq)
{
	return call_for_cap(pci, irq, &(const l4_umword_t[6]){ L4RE_PCI_IRQ_OP, fn, n });
}

long l4re_pci_dma_space(l4_cap_idx_t pci, unsigned fn, l4_cap_idx_t dma)
{
	return call_for_cap(pci, dma, &(const l4_umword_t[6]){ L4RE_PCI_DMA_SPACE_OP, fn });
}
