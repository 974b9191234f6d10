// SPDX-License-Identifier: GPL-2.0-only
/* Calls of init's control gate, for a Linux whose description grants it. */

#include "ipc.h"

int l4host_has_control(void)
{
	return !(host_boot->control & L4_INVALID_CAP);
}

long l4host_control_call(unsigned long *words, unsigned int count)
{
	unsigned int i;
	long result;

	/* What an answer does not fill is zero, not somebody's message. */
	for (i = 0; i < L4HOST_CONTROL_WORDS; i++)
		UTCB->msg.mr[i] = i < count ? words[i] : 0;
	result = call(host_boot->control, SKERRY_LINUX_PROTO_CONTROL, count, 0);
	for (i = 0; i < L4HOST_CONTROL_WORDS; i++)
		words[i] = UTCB->msg.mr[i];
	return result;
}
