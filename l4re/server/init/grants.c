/* SPDX-License-Identifier: MIT */
/* What a system description grants beside sessions: ports, interrupts, device memory, shared memory. */
#include "init.h"
#include "../../lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/namespace.h>
#include <l4/re/c/pci.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/sys/factory.h>
#include <l4/sys/icu.h>
#include <l4/sys/irq.h>
#include <l4/sys/task.h>

#define SHARED_MAX 32
/* A function-level reset takes a tenth of a second; another client may be ahead. */
#define PCI_CLOSE_US 1000000

struct shared {
	l4_uint32_t name;
	l4_cap_idx_t ds;
};

static struct shared shared[SHARED_MAX];
static unsigned shared_count;

static void copy_name(char *to, const char *name)
{
	l4_size_t n = strlen(name);

	n = n < L4RE_ENV_NAME_MAX - 1 ? n : L4RE_ENV_NAME_MAX - 1;
	memcpy(to, name, n);
	to[n] = 0;
}

int give_named(struct component *c, l4_cap_idx_t cap, unsigned rights, const char *name, unsigned long flags,
	       const char *peer)
{
	l4re_env_cap_entry_t *e = &c->caps[c->cap_count];
	int err;

	if (c->cap_count == CAPS_MAX)
		return -L4_ENOMEM;
	err = component_give(c, cap, c->next_slot, rights);
	if (err < 0)
		return err;
	e->cap = c->next_slot;
	e->flags = flags;
	copy_name(e->name, name);
	copy_name(e->peer, peer);
	c->next_slot += 1UL << L4_CAP_SHIFT;
	c->cap_count++;
	return 0;
}

static l4_cap_idx_t extra_slot(struct component *c)
{
	l4_cap_idx_t slot;

	if (c->extra_count == EXTRAS_MAX)
		return L4_INVALID_CAP;
	slot = l4re_util_cap_alloc();
	if (l4_is_valid_cap(slot))
		c->extras[c->extra_count++] = slot;
	return slot;
}

static int give_ports(struct component *c, unsigned first, unsigned count)
{
	long err = 0;

	while (count && err >= 0) {
		unsigned order = 0;

		while (!(first & (1U << order)) && (2U << order) <= count && order < 16)
			order++;
		err = l4_error(l4_task_map(c->task, L4_BASE_TASK_CAP, l4_iofpage(first, order), l4_map_control(0, 0, 0)));
		first += 1U << order;
		count -= 1U << order;
	}
	return err;
}

static int give_irq(struct component *c, const struct sysimg_grant *g)
{
	l4_cap_idx_t irq = extra_slot(c);
	long err;

	if (l4_is_invalid_cap(irq))
		return -L4_ENOMEM;
	err = l4_error(l4_factory_create_irq(c->factory, irq));
	if (err >= 0 && (g->b & L4_IRQ_F_SET_MODE))
		err = l4_error(l4_icu_set_mode(L4_BASE_ICU_CAP, g->a, g->b));
	if (err >= 0)
		err = l4_error(l4_icu_bind(L4_BASE_ICU_CAP, g->a, irq));
	return err < 0 ? (int)err : give_named(c, irq, L4_CAP_FPAGE_RWS, image_string(g->name), 0, "");
}

static int give_mmio(struct component *c, const struct sysimg_grant *g)
{
	l4_cap_idx_t ds = extra_slot(c);
	l4_utcb_t *u = l4_utcb();
	l4_msgtag_t tag;
	long err;

	if (l4_is_invalid_cap(ds))
		return -L4_ENOMEM;
	tag = l4_factory_create_start_u(L4RE_PROTO_PHYS, ds, u);
	l4_factory_create_add_uint_u(g->a, &tag, u);
	l4_factory_create_add_uint_u(g->b, &tag, u);
	l4_factory_create_add_uint_u(L4_FPAGE_UNCACHEABLE, &tag, u);
	err = l4_error(l4_factory_create_commit_u(l4re_env()->mem_alloc, tag, u));
	return err < 0 ? (int)err : give_named(c, ds, L4_CAP_FPAGE_RW, image_string(g->name), 0, "");
}

/* Shared memory is init's: made at the first use, kept for ever. */
static int give_shared(struct component *c, const struct sysimg_grant *g)
{
	unsigned i;
	long err = 0;

	for (i = 0; i < shared_count && shared[i].name != g->name; i++)
		;
	if (i == SHARED_MAX)
		return -L4_ENOMEM;
	if (i == shared_count) {
		shared[i] = (struct shared){ g->name, l4re_util_cap_alloc() };
		err = l4re_ma_alloc(g->a, shared[i].ds, L4RE_MA_CONTINUOUS);
		if (err < 0) {
			l4re_util_cap_free(shared[i].ds);
			return err;
		}
		shared_count++;
	}
	return give_named(c, shared[i].ds, g->b & 1 ? L4_CAP_FPAGE_RW : L4_CAP_FPAGE_RO, image_string(g->name), 0, "");
}

static int give_state(struct component *c)
{
	long err = 0;

	if (!c->state_space) {
		c->state_space = l4re_util_cap_alloc();
		err = l4re_ns_create(c->state_space);
	}
	if (err < 0) {
		l4re_util_cap_free(c->state_space);
		c->state_space = 0;
	}
	return err < 0 ? (int)err : give_named(c, c->state_space, L4_CAP_FPAGE_RW, "state", 0, "");
}

static int give_control(struct component *c)
{
	int err = create_gate(&c->control_gate, GATE_LABEL(c->index, GATE_CONTROL));

	return err < 0 ? err : give_named(c, c->control_gate, L4_CAP_FPAGE_RW, "control", 0, "");
}

static int grant_apply(struct component *c, const struct sysimg_grant *g)
{
	switch (g->type) {
	case SYSIMG_G_PORTS:
		return give_ports(c, g->a, g->b);
	case SYSIMG_G_IRQ:
		return give_irq(c, g);
	case SYSIMG_G_MMIO:
		return give_mmio(c, g);
	case SYSIMG_G_SHARED:
		return give_shared(c, g);
	case SYSIMG_G_CHANNEL:
		return channel_give(c, g);
	case SYSIMG_G_KERNEL_LOG:
		return give_named(c, L4_BASE_LOG_CAP, L4_CAP_FPAGE_RWS, "kernel-log", 0, "");
	case SYSIMG_G_STATE:
		return give_state(c);
	case SYSIMG_G_CONTROL:
		return give_control(c);
	case SYSIMG_G_INTERRUPTS:
		return give_named(c, L4_BASE_ICU_CAP, L4_CAP_FPAGE_RW, "icu", 0, "");
	case SYSIMG_G_TRACE:
		return give_named(c, L4_BASE_TRACE_CAP, L4_CAP_FPAGE_RO, "trace", 0, "");
	default:
		return 0; /* sessions, and what others look at */
	}
}

unsigned grants_count(const struct component *c, unsigned type)
{
	unsigned i, n = 0;

	for (i = 0; i < c->desc->grant_count; i++)
		n += image_grant(c->desc->first_grant + i)->type == type;
	return n;
}

/* A call with a limit: the manager is trusted, but it may be the one that is broken. */
static long pci_close(l4_cap_idx_t gate, unsigned function)
{
	l4_timeout_s limit = l4_timeout_from_us(PCI_CLOSE_US);
	l4_utcb_t *u = l4_utcb();

	u->msg.mr[0] = L4RE_PCI_CLOSE_OP;
	u->msg.mr[1] = function;
	u->buf.br[0] = 0;
	return l4_error(l4_ipc_call(gate, u, l4_msgtag(L4RE_PROTO_PCI, 2, 0, 0), l4_timeout(limit, limit)));
}

int grants_devices_close(const struct component *c)
{
	unsigned count = grants_count(c, SYSIMG_G_PCI), i;
	l4_cap_idx_t gate = session_gate(c, "pci");
	long err = 0, e;

	for (i = 0; i < count && l4_is_valid_cap(gate); i++) {
		e = pci_close(gate, i);
		if (e < 0 && e != -L4_ENODEV)
			err = e;
	}
	return err;
}

int grants_apply(struct component *c)
{
	unsigned i;
	int err = sessions_give(c);

	for (i = 0; i < c->desc->grant_count && err >= 0; i++)
		err = grant_apply(c, image_grant(c->desc->first_grant + i));
	return err;
}
