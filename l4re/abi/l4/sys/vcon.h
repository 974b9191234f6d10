/* SPDX-License-Identifier: MIT */
/* Console streams: the kernel log and console sessions. */
#ifndef L4_SYS_VCON_H
#define L4_SYS_VCON_H

#include <l4/sys/icu.h>

typedef struct l4_vcon_attr_t {
	l4_umword_t i_flags, o_flags, l_flags;
} l4_vcon_attr_t;
#define L4_VCON_READ_STAT_MORE 0x80000000UL
#define L4_VCON_READ_SIZE_MASK 0x3fffffffUL

/** Write at most L4_VCON_WRITE_SIZE bytes; more are cut. */
L4_INLINE l4_msgtag_t l4_vcon_send_u(l4_cap_idx_t vcon, const char *buf, unsigned size, l4_utcb_t *u)
{
	if (size > L4_VCON_WRITE_SIZE)
		size = L4_VCON_WRITE_SIZE;
	u->msg.mr[0] = L4_VCON_WRITE_OP;
	u->msg.mr[1] = size;
	__builtin_memcpy(&u->msg.mr[2], buf, size);
	return l4_invoke(vcon, L4_PROTO_LOG, 2 + (size + 7) / 8, u);
}
L4_INLINE l4_msgtag_t l4_vcon_send(l4_cap_idx_t vcon, const char *buf, unsigned size)
{
	return l4_vcon_send_u(vcon, buf, size, l4_utcb());
}

/** Write size bytes in as many messages as needed; returns size or a negative error. */
L4_INLINE long l4_vcon_write_u(l4_cap_idx_t vcon, const char *buf, unsigned size, l4_utcb_t *u)
{
	unsigned left = size;

	while (left) {
		unsigned n = left < L4_VCON_WRITE_SIZE ? left : L4_VCON_WRITE_SIZE;
		long r = l4_error_u(l4_vcon_send_u(vcon, buf, n, u), u);

		if (r < 0)
			return r;
		buf += n;
		left -= n;
	}
	return size;
}
L4_INLINE long l4_vcon_write(l4_cap_idx_t vcon, const char *buf, unsigned size)
{
	return l4_vcon_write_u(vcon, buf, size, l4_utcb());
}

/**
 * Read at most size bytes (and at most L4_VCON_READ_SIZE) without waiting.
 * Returns the number read, size + 1 if there is more, or a negative error.
 * Register for input with l4_icu_bind(vcon, 0, irq).
 */
L4_INLINE int l4_vcon_read_u(l4_cap_idx_t vcon, char *buf, unsigned size, l4_utcb_t *u)
{
	unsigned long got, more;
	long r;

	if (size > L4_VCON_READ_SIZE)
		size = L4_VCON_READ_SIZE;
	u->msg.mr[0] = L4_VCON_READ_OP;
	u->msg.mr[1] = size;
	r = l4_error_u(l4_invoke(vcon, L4_PROTO_LOG, 2, u), u);
	if (r < 0)
		return r;
	more = u->msg.mr[0] & L4_VCON_READ_STAT_MORE;
	got = u->msg.mr[0] & L4_VCON_READ_SIZE_MASK;
	if (got > size)
		got = size;
	if (buf)
		__builtin_memcpy(buf, &u->msg.mr[1], got);
	return more && got == size ? size + 1 : got;
}
L4_INLINE int l4_vcon_read(l4_cap_idx_t vcon, char *buf, unsigned size) { return l4_vcon_read_u(vcon, buf, size, l4_utcb()); }

L4_INLINE l4_msgtag_t l4_vcon_set_attr_u(l4_cap_idx_t vcon, const l4_vcon_attr_t *attr, l4_utcb_t *u)
{
	u->msg.mr[0] = L4_VCON_SET_ATTR_OP;
	u->msg.mr[1] = attr->i_flags;
	u->msg.mr[2] = attr->o_flags;
	u->msg.mr[3] = attr->l_flags;
	return l4_invoke(vcon, L4_PROTO_LOG, 4, u);
}
L4_INLINE l4_msgtag_t l4_vcon_set_attr(l4_cap_idx_t vcon, const l4_vcon_attr_t *attr)
{
	return l4_vcon_set_attr_u(vcon, attr, l4_utcb());
}
L4_INLINE l4_msgtag_t l4_vcon_get_attr_u(l4_cap_idx_t vcon, l4_vcon_attr_t *attr, l4_utcb_t *u)
{
	l4_msgtag_t tag;

	u->msg.mr[0] = L4_VCON_GET_ATTR_OP;
	tag = l4_invoke(vcon, L4_PROTO_LOG, 1, u);
	if (l4_error_u(tag, u) >= 0) {
		attr->i_flags = u->msg.mr[0];
		attr->o_flags = u->msg.mr[1];
		attr->l_flags = u->msg.mr[2];
	}
	return tag;
}
L4_INLINE l4_msgtag_t l4_vcon_get_attr(l4_cap_idx_t vcon, l4_vcon_attr_t *attr)
{
	return l4_vcon_get_attr_u(vcon, attr, l4_utcb());
}

#endif
