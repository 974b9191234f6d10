/* SPDX-License-Identifier: MIT */
/*
 * Keeps the pole upright and the cart where Linux wants it, a thousand times a second. Linux may send anything, read everything, stop, panic and
 * start again: nothing here waits for it. Arguments: period and offset in us.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "control.h"

#include <l4/channel/channel.h>
#include <l4/re/env.h>
#include <l4/rt/periodic.h>
#include <l4/sys/kip_api.h>

#define FORCE_MAX 20.0
#define SET_POINT_MAX 1.0
#define GAIN_MAX 1000.0
#define SET_POINT_SPEED 0.5 /* at which what is followed moves to what was commanded */
/* From here on the gains of a command are not trusted any more; from there on the proven ones still catch it. */
#define GUARD_ANGLE 0.15
#define GUARD_DISTANCE 0.5

/* Poles of the closed loop at -2, -2.5, -4 and -5 per second. */
static const double proven[4] = { -7.0, -9.4, -60.2, -15.5 };

static l4channel_t measured, force, command, status, samples;
static struct control_status s;
static double followed; /* set point, on its way */

static int open_channel(l4channel_t *c, const char *name, l4_size_t size)
{
	long err = l4channel_open(c, name);

	if (!err && l4channel_size(c) == size)
		return 1;
	printf("channel %s: %s\n", name, err ? l4sys_errtostr(err) : "another size");
	return 0;
}

static int is_command(const struct control_command *c)
{
	unsigned i;
	int good = isfinite(c->set_point) && fabs(c->set_point) <= SET_POINT_MAX;

	for (i = 0; i < 4; i++)
		good = good && isfinite(c->gain[i]) && fabs(c->gain[i]) <= GAIN_MAX;
	return good;
}

static void take_command(void)
{
	struct control_command c;

	if (l4channel_receive(&command, &c) != 1)
		return;
	if (is_command(&c)) {
		s.command = c;
		s.accepted++;
	} else {
		s.refused++;
	}
}

static int is_proven(void)
{
	unsigned i;
	int same = 1;

	for (i = 0; i < 4; i++)
		same = same && s.command.gain[i] == proven[i];
	return same;
}

/* Gains from outside are used as long as they do no harm. */
static void guard(void)
{
	unsigned i;

	if (is_proven() || (fabs(s.measured.angle) < GUARD_ANGLE && fabs(s.measured.position - followed) < GUARD_DISTANCE))
		return;
	for (i = 0; i < 4; i++)
		s.command.gain[i] = proven[i];
	s.guarded++;
}

static double limited(double value, double most)
{
	return fmin(fmax(value, -most), most);
}

static void control(double period_s)
{
	const struct control_measured *m = &s.measured;
	const double *k = s.command.gain;
	struct control_force f;

	followed += limited(s.command.set_point - followed, SET_POINT_SPEED * period_s);
	guard();
	f.newtons = limited(-(k[0] * (m->position - followed) + k[1] * m->speed + k[2] * m->angle + k[3] * m->rate), FORCE_MAX);
	s.force = f.newtons;
	l4channel_send(&force, &f);
}

static void measure(void)
{
	struct control_measured m;
	l4_uint64_t last = s.measured.step;

	if (l4channel_receive(&measured, &m) != 1) {
		s.gaps += last != 0;
		return;
	}
	s.gaps += last != 0 && m.step != last + 1;
	s.measured = m;
	s.most_angle = fmax(s.most_angle, fabs(m.angle));
	s.most_position = fmax(s.most_position, fabs(m.position));
}

static void report(void)
{
	struct control_sample sample = {
		.period = s.periods, .set_point = s.command.set_point, .position = s.measured.position, .angle = s.measured.angle,
		.force = s.force,
	};

	if (s.periods % CONTROL_SAMPLE_EVERY == 0)
		l4channel_send(&samples, &sample);
	s.dropped = l4channel_dropped(&samples);
	l4channel_send(&status, &s);
}

/* What the period took is in the next one's status. */
static void account(const l4rt_periodic_t *p)
{
	l4_uint64_t took = l4_kip_clock_ns(l4re_kip()) - p->release_ns;

	s.late += took > p->period_ns;
	if (took > s.worst_ns)
		s.worst_ns = took;
}

int main(int argc, char **argv)
{
	l4_uint64_t period_ns = argc > 1 ? strtoul(argv[1], 0, 0) * 1000 : 1000000;
	l4_uint64_t offset_ns = argc > 2 ? strtoul(argv[2], 0, 0) * 1000 : 200000;
	l4rt_periodic_t p;
	unsigned i;

	if (!open_channel(&measured, "measured", sizeof(struct control_measured)) || !open_channel(&force, "force", sizeof(struct control_force)) ||
	    !open_channel(&command, "command", sizeof(struct control_command)) || !open_channel(&status, "status", sizeof(s)) ||
	    !open_channel(&samples, "samples", sizeof(struct control_sample)) || l4rt_periodic_start_at(&p, period_ns, offset_ns))
		return 1;
	for (i = 0; i < 4; i++)
		s.command.gain[i] = proven[i];
	for (;;) {
		s.skipped += l4rt_periodic_wait(&p);
		s.time_ns = p.release_ns;
		s.periods++;
		measure();
		take_command();
		control(period_ns / 1e9);
		report();
		account(&p);
	}
}
