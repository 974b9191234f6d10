/* SPDX-License-Identifier: GPL-2.0-only */
/* A virtio session. Plain types: arch/x86/l4/host/ sees this header too. */
#ifndef _ASM_X86_L4_SESSION_H
#define _ASM_X86_L4_SESSION_H

struct l4_session {
	const char *name;
	void *window;               /* shared with the server; mapped for good, no page of RAM */
	unsigned long bytes;
	unsigned long memory;       /* of RAM, from 0 on, that the server reaches too; 0: the window alone */
	unsigned long kick, notify; /* slots of the IRQ objects that client and server trigger */
};

#endif
