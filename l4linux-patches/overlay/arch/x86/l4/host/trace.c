// SPDX-License-Identifier: GPL-2.0-only
/* The microkernel's counters, for a Linux whose description grants them. */

#include "ipc.h"

int l4host_trace_counters(struct l4_trace_counters *out)
{
	const l4_umword_t *mr = UTCB->msg.mr;
	int err;

	if (host_boot->trace & L4_INVALID_CAP)
		return -L4_EPERM;
	UTCB->msg.mr[0] = L4_TRACE_COUNTERS_OP;
	err = call(host_boot->trace, L4_PROTO_TRACE, 1, 0);
	if (err < 0)
		return err;
	/* mr[5] is free kernel memory, not a count of events. */
	*out = (struct l4_trace_counters){
		.cr3_loads = mr[0], .tlb_flushes = mr[1], .kernel_entries = mr[2], .ipcs = mr[3],
		.page_faults = mr[4], .irqs = mr[6], .switches = mr[7],
	};
	return 0;
}
