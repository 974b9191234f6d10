// SPDX-License-Identifier: GPL-2.0-only
/* The console: the vcon gate of the start-up page, or the kernel's log (output only). */

#include "ipc.h"

static l4_cap_idx_t console(void)
{
	return host_boot->console & L4_INVALID_CAP ? L4_BASE_LOG_CAP : host_boot->console;
}

static void write_chunk(l4_cap_idx_t cap, const char *s, unsigned long n)
{
	UTCB->msg.mr[0] = L4_VCON_WRITE_OP;
	UTCB->msg.mr[1] = n;
	__builtin_memcpy(&UTCB->msg.mr[2], s, n);
	call(cap, L4_PROTO_LOG, 2 + (n + 7) / 8, 0);
}

void l4host_console_write(const char *s, unsigned long n)
{
	while (n) {
		unsigned long part = n < L4_VCON_WRITE_SIZE ? n : L4_VCON_WRITE_SIZE;

		write_chunk(console(), s, part);
		s += part;
		n -= part;
	}
}

long l4host_console_read(char *s, unsigned long n)
{
	unsigned long got;

	if (host_boot->console & L4_INVALID_CAP)
		return 0;
	if (n > L4_VCON_READ_SIZE)
		n = L4_VCON_READ_SIZE;
	UTCB->msg.mr[0] = L4_VCON_READ_OP;
	UTCB->msg.mr[1] = n;
	if (call(host_boot->console, L4_PROTO_LOG, 2, 0) < 0)
		return 0;
	got = UTCB->msg.mr[0] & 0x7fffffff;
	if (got > n)
		got = n;
	__builtin_memcpy(s, &UTCB->msg.mr[1], got);
	return got;
}

int l4host_console_bind(unsigned long irq_slot)
{
	if (host_boot->console & L4_INVALID_CAP)
		return -L4_ENOENT;
	UTCB->msg.mr[0] = L4_ICU_OP_BIND;
	UTCB->msg.mr[1] = 0;
	UTCB->msg.mr[2] = L4_ITEM_MAP;
	UTCB->msg.mr[3] = slot_cap(irq_slot) | L4_FPAGE_OBJ << L4_FPAGE_TYPE_SHIFT |
			  L4_CAP_FPAGE_RWS;
	return call(host_boot->console, L4_PROTO_IRQ, 2, 1);
}
