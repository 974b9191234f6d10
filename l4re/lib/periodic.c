/* SPDX-License-Identifier: MIT */
/* Periodic tasks. */
#include <l4/re/env.h>
#include <l4/rt/periodic.h>
#include <l4/sys/err.h>
#include <l4/sys/ipc.h>
#include <l4/sys/kip_api.h>

int l4rt_periodic_start(l4rt_periodic_t *p, l4_uint64_t period_ns, l4_uint64_t first_ns)
{
	l4_uint64_t now = l4_kip_clock_ns(l4re_kip());

	if (!period_ns || (first_ns && first_ns < now))
		return -L4_EINVAL;
	*p = (l4rt_periodic_t){ .period_ns = period_ns, .release_ns = first_ns ? first_ns : now + period_ns };
	return 0;
}

int l4rt_periodic_start_at(l4rt_periodic_t *p, l4_uint64_t period_ns, l4_uint64_t offset_ns)
{
	if (offset_ns >= period_ns)
		return -L4_EINVAL;
	return l4rt_periodic_start(p, period_ns, (l4_kip_clock_ns(l4re_kip()) / period_ns + 2) * period_ns + offset_ns);
}

l4_uint64_t l4rt_periodic_wait(l4rt_periodic_t *p)
{
	l4_uint64_t now = l4_kip_clock_ns(l4re_kip()), skipped = 0;

	if (p->releases)
		p->release_ns += p->period_ns;
	if (now > p->release_ns)
		skipped = (now - p->release_ns) / p->period_ns;
	p->release_ns += skipped * p->period_ns;
	p->overruns += skipped;
	p->releases++;
	while ((now = l4_kip_clock_ns(l4re_kip())) < p->release_ns)
		l4_ipc_sleep(l4_timeout(0, l4_timeout_abs(p->release_ns, 0)));
	if (now - p->release_ns > p->worst_ns)
		p->worst_ns = now - p->release_ns;
	return skipped;
}
