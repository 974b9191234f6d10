// SPDX-License-Identifier: GPL-2.0-only
/* The start-up page, the kernel interface page and the vCPU. */

#include "ipc.h"
#include "../../include/asm/l4_session.h"

#include <l4/sys/kip.h>
#include <l4/sys/vcpu.h>

_Static_assert(L4_WINDOW == SKERRY_LINUX_WINDOW, "window");
_Static_assert(L4_VCPU_PAGE0 == SKERRY_LINUX_VCPU(0), "vCPU page");
_Static_assert(L4_BOOT_PAGE == SKERRY_LINUX_BOOT, "start-up page");
_Static_assert(__builtin_offsetof(l4_vcpu_state_t, map) == L4_VCPU_MAP_OFF, "map list");
_Static_assert(L4_SYS_VCPU_RESUME == L4_RESUME, "resume");
_Static_assert(L4_VCPU_MAP_MAX == L4_VCPU_MAP_SIZE, "map list");
_Static_assert(sizeof(struct l4_map) == sizeof(l4_vcpu_map_t), "map entry");
_Static_assert(L4_RIGHT_X == L4_FPAGE_X && L4_RIGHT_W == L4_FPAGE_W && L4_RIGHT_R == L4_FPAGE_R,
	       "rights");
_Static_assert(2 + 2 * L4_MAP_LIST_MAX <= L4_UTCB_GENERIC_DATA_SIZE, "map message");

struct skerry_linux_boot const *host_boot;
static struct l4_info info;
static const l4_kernel_info_t *kip = (const void *)SKERRY_LINUX_KIP;

const struct l4_info *l4host_init(const void *boot_page)
{
	const struct skerry_linux_boot *b = boot_page;

	if (b->magic != SKERRY_LINUX_BOOT_MAGIC || b->version != 1 || kip->magic != L4_KIP_MAGIC)
		return (void *)0;
	host_boot = b;
	info.ram_size = b->ram_size;
	info.memory_top = b->memory_top;
	info.initrd_start = b->initrd_start;
	info.initrd_end = b->initrd_end;
	info.first_free_slot = b->first_free_cap >> L4_CAP_SHIFT;
	info.instance = b->instance;
	info.name = b->name;
	info.cmdline = b->cmdline;
	info.tsc_khz = kip->tsc_khz;
	info.boot_tsc = kip->boot_tsc;
	info.epoch_ns = kip->epoch_ns;
	info.xcr0 = kip->xcr0;
	return &info;
}

int l4host_session(unsigned long n, struct l4_session *out)
{
	const struct skerry_linux_session *s = &host_boot->sessions[n];

	if (n >= host_boot->session_count || n >= SKERRY_LINUX_SESSIONS_MAX)
		return 0;
	out->name = s->name;
	out->window = (void *)s->window;
	out->bytes = s->bytes;
	out->memory = s->memory;
	out->kick = s->kick >> L4_CAP_SHIFT;
	out->notify = s->notify >> L4_CAP_SHIFT;
	return 1;
}

int l4host_channel(unsigned long n, struct l4_channel *out)
{
	const struct skerry_linux_channel *c = &host_boot->channels[n];

	if (n >= host_boot->channel_count || n >= SKERRY_LINUX_CHANNELS_MAX)
		return 0;
	*out = (struct l4_channel){
		.name = c->name, .window = (void *)c->window, .index = (void *)c->index, .depth = c->depth, .size = c->size,
		.writes = c->writes, .kick = c->kick >> L4_CAP_SHIFT, .notify = c->notify >> L4_CAP_SHIFT,
	};
	return 1;
}

/* The calling thread becomes a vCPU: from here on traps start @entry. */
int l4host_vcpu_start(int cpu, void *entry)
{
	l4_vcpu_state_t *v = (void *)SKERRY_LINUX_VCPU(cpu);

	v->entry_ip = (l4_umword_t)entry;
	v->entry_sp = (l4_umword_t)v;
	v->state = L4_VCPU_F_PAGE_FAULTS | L4_VCPU_F_EXCEPTIONS | L4_VCPU_F_FPU_ENABLED;
	v->saved_state = v->state;
	UTCB->msg.mr[0] = L4_THREAD_VCPU_CONTROL_OP;
	UTCB->msg.mr[1] = (l4_umword_t)v;
	return call(L4_BASE_THREAD_CAP, L4_PROTO_THREAD, 2, 0);
}

static inline unsigned long rdtsc_now(void)
{
	unsigned int lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi));
	return (unsigned long)hi << 32 | lo;
}

unsigned long l4host_clock_ns(void)
{
	unsigned __int128 t = rdtsc_now() - kip->tsc_base;

	return (unsigned long)(t * kip->tsc_mult >> kip->tsc_shift);
}

void l4host_exit(enum l4_exit why, unsigned long status)
{
	unsigned long label = 0;

	if (!(host_boot->parent & L4_INVALID_CAP)) {
		UTCB->msg.mr[0] = 0;
		UTCB->msg.mr[1] = why;
		UTCB->msg.mr[2] = status;
		ipc(host_boot->parent | L4_SYSF_SEND, tag_make(0, 3, 0), &label, L4_TIMEOUT_NEVER,
		    L4_TIMEOUT_NEVER);
	}
	for (;;)
		ipc(L4_INVALID_CAP | L4_SYSF_WAIT, 0, &label, 0, L4_TIMEOUT_NEVER);
}
