/* SPDX-License-Identifier: MIT */
/* Power off and reboot of the machine. Uses L4_BASE_PLATFORM_CAP, which init keeps to itself. */
#ifndef L4_SYS_PLATFORM_CONTROL_H
#define L4_SYS_PLATFORM_CONTROL_H

#include <l4/sys/ipc.h>

L4_INLINE l4_msgtag_t l4_platform_ctl_shutdown_op_u(l4_cap_idx_t pfc, l4_umword_t how, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_PLATFORM_SHUTDOWN_OP;
	u->msg.mr[1] = how;
	return l4_invoke(pfc, L4_PROTO_META, 2, u);
}
/** Power off (0) or reboot (1). Does not return on success. */
L4_INLINE l4_msgtag_t l4_platform_ctl_system_shutdown_u(l4_cap_idx_t pfc, l4_umword_t reboot, l4_utcb_t *u)
{
	return l4_platform_ctl_shutdown_op_u(pfc, !!reboot, u);
}
L4_INLINE l4_msgtag_t l4_platform_ctl_system_shutdown(l4_cap_idx_t pfc, l4_umword_t reboot)
{
	return l4_platform_ctl_system_shutdown_u(pfc, reboot, l4_utcb());
}
/** Skerry: end the emulator with a status (tests); powers off where there is no such device. */
L4_INLINE l4_msgtag_t l4_platform_ctl_exit(l4_cap_idx_t pfc, unsigned char status)
{
	return l4_platform_ctl_shutdown_op_u(pfc, 2 | ((l4_umword_t)status << 8), l4_utcb());
}

#endif
