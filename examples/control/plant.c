/* SPDX-License-Identifier: MIT */
/*
 * A simulated plant: a cart on a track with a pole on a hinge. Each period it moves on by one period, pushed by the latest force, and says
 * where it is. Every three seconds somebody bumps into it. Arguments: period and offset in us.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "control.h"

#include <l4/channel/channel.h>
#include <l4/re/env.h>
#include <l4/rt/periodic.h>
#include <l4/sys/kip_api.h>

#define GRAVITY 9.81
#define CART_KG 1.0
#define POLE_KG 0.1
#define POLE_HALF_M 0.5
#define TOTAL_KG (CART_KG + POLE_KG)
#define STEPS 10           /* of the integration in a period */
#define BUMP_EVERY_NS 3000000000UL
#define BUMP_NS 5000000UL
#define BUMP_NEWTONS 40.0

static l4channel_t measured, force;

/* One step of dt seconds: equations of motion of a uniform rod on a cart without friction. */
static void move(struct control_measured *m, double push, double dt)
{
	double s = sin(m->angle), c = cos(m->angle);
	double part = (push + POLE_KG * POLE_HALF_M * m->rate * m->rate * s) / TOTAL_KG;
	double turn = (GRAVITY * s - c * part) / (POLE_HALF_M * (4.0 / 3 - POLE_KG * c * c / TOTAL_KG));

	m->speed += dt * (part - POLE_KG * POLE_HALF_M * turn * c / TOTAL_KG);
	m->position += dt * m->speed;
	m->rate += dt * turn;
	m->angle += dt * m->rate;
}

static void period(struct control_measured *m, struct control_force *f, l4_uint64_t period_ns)
{
	struct control_force next;
	double bump = m->step * period_ns % BUMP_EVERY_NS < BUMP_NS ? BUMP_NEWTONS : 0;
	unsigned i;

	if (l4channel_receive(&force, &next) == 1 && isfinite(next.newtons))
		*f = next;
	for (i = 0; i < STEPS; i++)
		move(m, f->newtons + bump, period_ns / 1e9 / STEPS);
	m->step++;
	l4channel_send(&measured, m);
}

int main(int argc, char **argv)
{
	l4_uint64_t period_ns = argc > 1 ? strtoul(argv[1], 0, 0) * 1000 : 1000000;
	l4_uint64_t offset_ns = argc > 2 ? strtoul(argv[2], 0, 0) * 1000 : 0;
	struct control_measured m = { .step = 0 };
	struct control_force f = { .newtons = 0 };
	l4rt_periodic_t p;

	if (l4channel_open(&measured, "measured") || l4channel_size(&measured) != sizeof(m) || l4channel_open(&force, "force") ||
	    l4channel_size(&force) != sizeof(f) || l4rt_periodic_start_at(&p, period_ns, offset_ns)) {
		puts("no channels, or no period");
		return 1;
	}
	for (;;) {
		l4_uint64_t skipped = l4rt_periodic_wait(&p);

		/* Nature does not wait for who simulates it. */
		for (; skipped; skipped--)
			period(&m, &f, period_ns);
		period(&m, &f, period_ns);
	}
}
