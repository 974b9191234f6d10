/* SPDX-License-Identifier: MIT */
/* l4/vcpu: a vCPU's state for people. */
#include <l4/vcpu/vcpu.h>
#include "fmt.h"

void l4vcpu_print_state(const l4_vcpu_state_t *vcpu, const char *prefix)
{
	const l4_vcpu_regs_t *r = &vcpu->r;

	fmt_log("%sstate %x saved %x sticky %x maps %u task %lx entry %lx stack %lx\n", prefix, vcpu->state,
		vcpu->saved_state, vcpu->sticky_flags, vcpu->map_count, vcpu->user_task, vcpu->entry_ip,
		vcpu->entry_sp);
	fmt_log("%strap %lx error %lx address %lx\n", prefix, r->trapno, r->err, r->pfa);
	fmt_log("%sip %lx sp %lx flags %lx ax %lx cx %lx r11 %lx\n", prefix, r->ip, r->sp, r->flags, r->ax, r->cx,
		r->r11);
}
