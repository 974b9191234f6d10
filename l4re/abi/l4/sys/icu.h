/* SPDX-License-Identifier: MIT */
/*
 * Interrupt controllers: the kernel's ICU and servers that speak its
 * protocol (console sessions, virtual interrupt controllers).
 */
#ifndef L4_SYS_ICU_H
#define L4_SYS_ICU_H

#include <l4/sys/ipc.h>

typedef struct l4_icu_info_t {
	l4_umword_t features;
	l4_umword_t nr_irqs;
	l4_umword_t nr_msis;
} l4_icu_info_t;
typedef struct l4_icu_msi_info_t {
	l4_uint64_t msi_addr;
	l4_uint32_t msi_data;
} l4_icu_msi_info_t;

L4_INLINE l4_msgtag_t l4_icu_op_u(l4_cap_idx_t icu, l4_umword_t op, l4_umword_t line, l4_umword_t arg, l4_utcb_t *u)
{
	u->msg.mr[0] = op;
	u->msg.mr[1] = line;
	u->msg.mr[2] = arg;
	return l4_invoke(icu, L4_PROTO_IRQ, 3, u);
}

/**
 * Attach an IRQ object to a line. The object goes along as selector, for the
 * kernel, and as a map item, for servers. -L4_EINVAL no such line, -L4_EPERM taken.
 */
L4_INLINE l4_msgtag_t l4_icu_bind_u(l4_cap_idx_t icu, unsigned line, l4_cap_idx_t irq, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_ICU_OP_BIND;
	u->msg.mr[1] = line;
	u->msg.mr[2] = irq;
	u->msg.mr[3] = L4_ITEM_MAP;
	u->msg.mr[4] = l4_obj_fpage(irq, 0, L4_CAP_FPAGE_RWS).raw;
	return l4_ipc_call(icu, u, l4_msgtag(L4_PROTO_IRQ, 3, 1, 0), L4_IPC_NEVER);
}
L4_INLINE l4_msgtag_t l4_icu_bind(l4_cap_idx_t icu, unsigned line, l4_cap_idx_t irq)
{
	return l4_icu_bind_u(icu, line, irq, l4_utcb());
}

L4_INLINE l4_msgtag_t l4_icu_unbind_u(l4_cap_idx_t icu, unsigned line, l4_cap_idx_t irq, l4_utcb_t *u)
{
	return l4_icu_op_u(icu, L4_ICU_OP_UNBIND, line, irq, u);
}
L4_INLINE l4_msgtag_t l4_icu_unbind(l4_cap_idx_t icu, unsigned line, l4_cap_idx_t irq)
{
	return l4_icu_unbind_u(icu, line, irq, l4_utcb());
}

/** Trigger mode of a line: L4_IRQ_F_*. */
L4_INLINE l4_msgtag_t l4_icu_set_mode_u(l4_cap_idx_t icu, unsigned line, l4_umword_t mode, l4_utcb_t *u)
{
	return l4_icu_op_u(icu, L4_ICU_OP_SET_MODE, line, mode, u);
}
L4_INLINE l4_msgtag_t l4_icu_set_mode(l4_cap_idx_t icu, unsigned line, l4_umword_t mode)
{
	return l4_icu_set_mode_u(icu, line, mode, l4_utcb());
}

/**
 * Have the requests of a line's pin sent in remappable format (on = 1), by handle 2 * line while the line is
 * edge-triggered and 2 * line + 1 while it is level-triggered, or to the CPU itself (0, as at the start). Who says 1 has entries for both
 * in the table of the pin's remapping unit: vector and CPU are those that l4_icu_msi_info() tells. Right: W.
 * -L4_EINVAL no such line.
 */
L4_INLINE l4_msgtag_t l4_icu_remap_u(l4_cap_idx_t icu, unsigned line, int on, l4_utcb_t *u)
{
	return l4_icu_op_u(icu, L4_ICU_OP_REMAP, line, on, u);
}
L4_INLINE l4_msgtag_t l4_icu_remap(l4_cap_idx_t icu, unsigned line, int on) { return l4_icu_remap_u(icu, line, on, l4_utcb()); }

/** Mask or unmask a line; label and timeout are accepted for compatibility and not used. */
L4_INLINE l4_msgtag_t l4_icu_mask_u(l4_cap_idx_t icu, unsigned line, l4_umword_t *label, l4_timeout_t to, l4_utcb_t *u)
{
	(void)label, (void)to;
	return l4_icu_op_u(icu, L4_ICU_OP_MASK, line, 0, u);
}
L4_INLINE l4_msgtag_t l4_icu_mask(l4_cap_idx_t icu, unsigned line, l4_umword_t *label, l4_timeout_t to)
{
	return l4_icu_mask_u(icu, line, label, to, l4_utcb());
}
L4_INLINE l4_msgtag_t l4_icu_unmask_u(l4_cap_idx_t icu, unsigned line, l4_umword_t *label, l4_timeout_t to, l4_utcb_t *u)
{
	(void)label, (void)to;
	return l4_icu_op_u(icu, L4_ICU_OP_UNMASK, line, 0, u);
}
L4_INLINE l4_msgtag_t l4_icu_unmask(l4_cap_idx_t icu, unsigned line, l4_umword_t *label, l4_timeout_t to)
{
	return l4_icu_unmask_u(icu, line, label, to, l4_utcb());
}

L4_INLINE l4_msgtag_t l4_icu_info_u(l4_cap_idx_t icu, l4_icu_info_t *info, l4_utcb_t *u)
{
	l4_msgtag_t tag = l4_icu_op_u(icu, L4_ICU_OP_INFO, 0, 0, u);

	if (l4_error_u(tag, u) >= 0) {
		info->features = u->msg.mr[0];
		info->nr_irqs = u->msg.mr[1];
		info->nr_msis = u->msg.mr[2];
	}
	return tag;
}
L4_INLINE l4_msgtag_t l4_icu_info(l4_cap_idx_t icu, l4_icu_info_t *info) { return l4_icu_info_u(icu, info, l4_utcb()); }

/**
 * Address and data a device must write to raise this MSI (| L4_ICU_FLAG_MSI); of a line: the message that its pin sends,
 * of which the address names the CPU and the low byte of the data the vector. -L4_EINVAL no such line or MSI.
 */
L4_INLINE l4_msgtag_t l4_icu_msi_info_u(l4_cap_idx_t icu, unsigned line, l4_uint64_t source, l4_icu_msi_info_t *info,
					l4_utcb_t *u)
{
	l4_msgtag_t tag = l4_icu_op_u(icu, L4_ICU_OP_MSI_INFO, line, source, u);

	if (l4_error_u(tag, u) >= 0) {
		info->msi_addr = u->msg.mr[0];
		info->msi_data = u->msg.mr[1];
	}
	return tag;
}
L4_INLINE l4_msgtag_t l4_icu_msi_info(l4_cap_idx_t icu, unsigned line, l4_uint64_t source, l4_icu_msi_info_t *info)
{
	return l4_icu_msi_info_u(icu, line, source, info, l4_utcb());
}

#endif
