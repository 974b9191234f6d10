/* SPDX-License-Identifier: MIT */
/* Dataspaces of root's whose memory must stay where it is. */
#include "pin.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/re/protocols.h>
#include <l4/sys/ipc.h>

static long call(l4_umword_t op, l4_umword_t a, l4_umword_t b)
{
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = op;
	u->msg.mr[1] = a;
	u->msg.mr[2] = b;
	return l4_error(l4_invoke(l4re_env()->mem_alloc, L4RE_PROTO_DMA, 3, u));
}

long pin_take(l4_umword_t number, l4_cap_idx_t ds, l4_uint64_t *bytes)
{
	l4_msgtag_t tag = l4_msgtag(L4RE_PROTO_DMA, 2, 0, 0);
	l4_utcb_t *u = l4_utcb();
	long err;

	u->msg.mr[0] = L4RE_DMA_PIN_OP;
	u->msg.mr[1] = number;
	l4_sndfpage_add(l4_obj_fpage(ds, 0, L4_CAP_FPAGE_RO), l4_map_obj_control(0, 0), &tag);
	err = l4_error(l4_ipc_call(l4re_env()->mem_alloc, u, tag, L4_IPC_NEVER));
	*bytes = u->msg.mr[1];
	return err < 0 ? err : (long)u->msg.mr[0];
}

long pin_take_own(l4_cap_idx_t ds, l4_uint64_t *bytes)
{
	l4_utcb_t *u = l4_utcb();
	long err;

	u->msg.mr[0] = L4RE_DS_INFO_OP;
	err = l4_error(l4_invoke(ds, L4RE_PROTO_DATASPACE, 1, u));
	return err < 0 ? err : pin_take(u->msg.mr[2], ds, bytes);
}

int pin_address(unsigned pin, l4_uint64_t offset, l4_uint64_t *pa, l4_uint64_t *bytes)
{
	const l4_umword_t *mr = l4_utcb_mr()->mr;
	long err = call(L4RE_DMA_PHYS_OP, pin, offset);

	*pa = mr[0];
	*bytes = mr[1];
	return err;
}

void pin_drop(unsigned pin)
{
	call(L4RE_DMA_UNPIN_OP, pin, 0);
}

void pin_drop_old(void)
{
	call(L4RE_DMA_DROP_OP, 0, 0);
}

int pin_memory(l4_uint64_t bytes, void **at, l4_uint64_t *pa)
{
	l4_cap_idx_t ds = l4re_util_cap_alloc();
	l4_uint64_t size;
	long pin;

	if (l4_is_invalid_cap(ds) || l4re_ma_alloc(bytes, ds, L4RE_MA_CONTINUOUS) < 0 ||
	    l4re_rm_attach(at, bytes, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW, ds, 0, L4_PAGESHIFT) < 0)
		return -L4_ENOMEM;
	pin = pin_take_own(ds, &size);
	return pin < 0 ? (int)pin : pin_address(pin, 0, pa, &size);
}
