/* SPDX-License-Identifier: MIT */
/* The example's Linux side: shows and commands the controller that runs beside this Linux. No argument: what there is. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"

#define COLUMNS 41 /* of the plot: -1 m to 1 m */
#define DEGREES (180 / 3.14159265358979)

static int open_channel(const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/l4/%s", name);
	fd = open(path, flags);
	if (fd < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

static void read_all(int fd, void *to, size_t bytes)
{
	if (read(fd, to, bytes) == (ssize_t)bytes)
		return;
	fprintf(stderr, "read: %s\n", strerror(errno));
	exit(1);
}

static struct control_status latest(void)
{
	struct control_status s;
	int fd = open_channel("status", O_RDONLY);

	read_all(fd, &s, sizeof(s));
	close(fd);
	return s;
}

static int status(void)
{
	struct control_status s = latest();
	unsigned i;

	printf("periods    %lu, skipped %lu, late %lu, measurements missing %lu\n", s.periods, s.skipped, s.late, s.gaps);
	printf("worst      %lu us from release to end of work\n", s.worst_ns / 1000);
	printf("cart       %+.3f m, to be at %+.3f m, at most %.3f m from the middle\n", s.measured.position, s.command.set_point, s.most_position);
	printf("pole       %+.2f degrees, at most %.2f\n", s.measured.angle * DEGREES, s.most_angle * DEGREES);
	printf("gains     ");
	for (i = 0; i < 4; i++)
		printf(" %g", s.command.gain[i]);
	printf(", taken back %lu times\n", s.guarded);
	printf("commands   %lu accepted, %lu refused\n", s.accepted, s.refused);
	printf("samples    %lu dropped\n", s.dropped);
	return 0;
}

static int column(double position)
{
	int at = lround((position + 1) * (COLUMNS - 1) / 2);

	return at < 0 ? 0 : at < COLUMNS ? at : COLUMNS - 1;
}

static void plot(const struct control_status *s)
{
	char line[COLUMNS + 1];

	memset(line, ' ', COLUMNS);
	line[COLUMNS] = 0;
	line[COLUMNS / 2] = '.';
	line[column(s->command.set_point)] = '|';
	line[column(s->measured.position)] = s->measured.angle > 0.005 ? '/' : s->measured.angle < -0.005 ? '\\' : 'o';
	printf("%8.1f s %+6.3f m %+6.2f deg %+6.2f N [%s]\n", s->time_ns / 1e9, s->measured.position, s->measured.angle * DEGREES, s->force, line);
	fflush(stdout);
}

/* Ten lines a second, of the moment each. */
static int watch(double seconds)
{
	struct control_status s;
	int fd = open_channel("status", O_RDONLY);
	long left = seconds * 10;

	for (; left > 0; left--) {
		read_all(fd, &s, sizeof(s));
		plot(&s);
		usleep(100000);
	}
	return 0;
}

static int command(const struct control_command *c)
{
	int fd = open_channel("command", O_WRONLY);

	if (write(fd, c, sizeof(*c)) != sizeof(*c)) {
		fprintf(stderr, "write: %s\n", strerror(errno));
		return 1;
	}
	return close(fd);
}

static int set(const char *metres)
{
	struct control_command c = latest().command;

	c.set_point = atof(metres);
	return command(&c);
}

static int gains(char **words)
{
	struct control_command c = latest().command;
	unsigned i;

	for (i = 0; i < 4; i++)
		c.gain[i] = atof(words[i]);
	return command(&c);
}

/* Every sample, without a hole but where the queue was full. */
static int log_samples(unsigned long count)
{
	struct control_sample s;
	int fd = open_channel("samples", O_RDONLY);
	uint64_t last = 0;

	for (; count; count--) {
		read_all(fd, &s, sizeof(s));
		if (last && s.period != last + CONTROL_SAMPLE_EVERY)
			printf("# %lu samples dropped\n", (s.period - last) / CONTROL_SAMPLE_EVERY - 1);
		printf("%lu %.4f %.4f %.5f %.3f\n", s.period, s.set_point, s.position, s.angle, s.force);
		last = s.period;
	}
	return 0;
}

static int verdict(const char *what, int good)
{
	printf("%s %s\n", good ? "ok" : "not ok", what);
	return good;
}

/* Whether all has gone well since the controller started. */
static int check(void)
{
	struct control_status s = latest();
	int good = verdict("no period skipped", s.periods && !s.skipped);

	good &= verdict("none late", !s.late);
	good &= verdict("no measurement missing", !s.gaps);
	good &= verdict("the pole never leant by 20 degrees", s.most_angle * DEGREES < 20);
	good &= verdict("the cart never left the track", s.most_position < 1.8);
	return !good;
}

static int usage(void)
{
	puts("control status             what the controller says now\n"
	     "control watch [SECONDS]    a plot, ten lines a second: | set point, o cart, / or \\ cart with leaning pole\n"
	     "control set METRES         where the cart is to stand, -1 to 1\n"
	     "control gains X V A R      of the feedback: position, speed, angle, rate\n"
	     "control log COUNT          samples: period, set point, position, angle, force\n"
	     "control check              whether everything has gone well since the start");
	return 2;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "status"))
		return status();
	if (!strcmp(what, "watch"))
		return watch(argc > 2 ? atof(argv[2]) : 1e6);
	if (!strcmp(what, "set") && argc == 3)
		return set(argv[2]);
	if (!strcmp(what, "gains") && argc == 6)
		return gains(argv + 2);
	if (!strcmp(what, "log") && argc == 3)
		return log_samples(strtoul(argv[2], 0, 0));
	if (!strcmp(what, "check"))
		return check();
	return usage();
}
