/* SPDX-License-Identifier: MIT */
/*
 * What goes through the channels of the example (conf/control.conf): a pole on a cart, which falls over unless the cart is pushed rightly
 * a thousand times a second. Metres, seconds, radians (0: upright), newtons.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdint.h>

/** Periods between two samples of the log. */
#define CONTROL_SAMPLE_EVERY 10

/** "measured", from the plant: what its sensors say. */
struct control_measured {
	uint64_t step;       /* counts from 1 */
	double position, speed, angle, rate;
};

/** "force", to the plant. */
struct control_force {
	double newtons;
};

/** "command", from Linux: anything may be in it. */
struct control_command {
	double set_point;    /* where the cart is to stand, -1 to 1 */
	double gain[4];      /* of position, speed, angle, rate; each at most 1000 */
};

/** "status", to Linux, of the latest period. */
struct control_status {
	uint64_t time_ns;    /* kernel clock: the period's release */
	uint64_t periods;    /* so far */
	uint64_t skipped;    /* releases that were missed whole */
	uint64_t late;       /* periods whose work was done after the next release */
	uint64_t worst_ns;   /* longest time from a release to the end of its work */
	uint64_t gaps;       /* periods without the measurement that follows the last one */
	uint64_t accepted, refused; /* commands */
	uint64_t guarded;    /* how often the gains of a command let the pole or the cart go too far */
	uint64_t dropped;    /* samples that nobody took */
	struct control_command command; /* in effect */
	struct control_measured measured;
	double force;
	double most_angle, most_position; /* so far */
};

/** "samples", to Linux: one for each CONTROL_SAMPLE_EVERY periods. */
struct control_sample {
	uint64_t period;
	double set_point, position, angle, force;
};

/* conf/control.conf has these numbers. */
_Static_assert(sizeof(struct control_measured) == 40 && sizeof(struct control_force) == 8, "elements");
_Static_assert(sizeof(struct control_command) == 40 && sizeof(struct control_status) == 184, "elements");
_Static_assert(sizeof(struct control_sample) == 40, "elements");

#endif
