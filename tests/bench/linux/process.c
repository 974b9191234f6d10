/* SPDX-License-Identifier: MIT */
/* Linux benchmark: threads, processes, programs. */
#include "bench.h"
#include <pthread.h>

#define SMALL_PROGRAM "/bench/small"

extern char **environ;
static const char *command;

static void *thread(void *arg) { return arg; }

static void op_thread(void)
{
	pthread_t t;

	must(!pthread_create(&t, 0, thread, 0), "thread");
	pthread_join(t, 0);
}

static void end(void) { _exit(0); }

static void op_fork(void) { reap(child(end)); }

static void exec_small(void)
{
	execl(SMALL_PROGRAM, "small", (char *)0);
	_exit(1);
}

static void op_fork_exec(void) { reap(child(exec_small)); }

static void op_vfork_exec(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(SMALL_PROGRAM, "small", (char *)0);
		_exit(1);
	}
	must(pid > 0, "vfork");
	reap(pid);
}

static void exec_shell(void)
{
	execl("/bin/sh", "sh", "-c", command, (char *)0);
	_exit(1);
}

static void op_shell(void) { reap(child(exec_shell)); }

void processes(void)
{
	run("thread_create_join", op_thread, 100, 1);
	run("fork_exit", op_fork, 60, 1);
	run("fork_exec", op_fork_exec, 60, 1);
	run("vfork_exec", op_vfork_exec, 60, 1);
	command = SMALL_PROGRAM "; exit 0";
	run("shell_spawn", op_shell, 20, 1);
}

/* --- whole programs, each some times, from the shell's start to its end */

static void shell(const char *text)
{
	command = text;
	op_shell();
}

static void make_input(void)
{
	if (wanted("program_sort") || wanted("program_sha256") || wanted("program_tar_gzip"))
		shell("cat /bin/busybox /bin/busybox >/tmp/data;"
		      "hexdump -v -e '4/4 \"%08x \" \"\\n\"' /bin/busybox | head -n 20000 >/tmp/text");
}

/* The server runs before and after; both ends share the one CPU. */
static void redis_before(void)
{
	shell("redis-server --save '' --daemonize yes >/dev/null; until redis-cli ping >/dev/null 2>&1; do sleep 0.01; done");
	command = "redis-benchmark -q -n 1000 -c 10 -t set,get >/dev/null";
}

static void redis_after(void) { shell("redis-cli shutdown nosave"); }

/* Their binaries are there when the caller has put them into this Linux. */
static void larger_programs(void)
{
	static const struct {
		const char *name, *binary, *command;
		unsigned reps;
	} list[] = {
		{ "program_sqlite", "/usr/bin/sqlite3", "sqlite3 /tmp/bench.db </bench/sqlite.sql >/dev/null; rm /tmp/bench.db", 2 },
		{ "program_python", "/usr/bin/python3", "/usr/bin/python3 -I -c 'print(1)' >/dev/null", 3 },
		{ "program_cc", "/usr/bin/gcc", "gcc -O1 -c /bench/cc.c -o /tmp/cc.o; rm /tmp/cc.o", 2 },
	};

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		command = list[i].command;
		if (!access(list[i].binary, X_OK))
			run(list[i].name, op_shell, list[i].reps, 1);
	}
	if (!access("/usr/bin/redis-benchmark", X_OK))
		run_with("program_redis", redis_before, op_shell, redis_after, 2, 1);
}

void programs(void)
{
	static const struct {
		const char *name, *command;
		unsigned reps;
	} list[] = {
		{ "program_200_spawns", "i=0; while [ $i -lt 200 ]; do " SMALL_PROGRAM "; i=$((i+1)); done", 2 },
		{ "program_find", "find /bin /etc /dev /proc/self /tmp >/dev/null 2>&1; exit 0", 3 },
		{ "program_dd_1", "dd if=/dev/zero of=/dev/null bs=1 count=20000 2>/dev/null", 2 },
		{ "program_dd_64k", "dd if=/dev/zero of=/tmp/zeros bs=64k count=128 2>/dev/null; rm /tmp/zeros", 2 },
		{ "program_sha256", "sha256sum /tmp/data >/dev/null", 1 },
		{ "program_sort", "sort /tmp/text >/dev/null", 1 },
		{ "program_tar_gzip", "tar cf - /tmp/data /tmp/text 2>/dev/null | gzip -1 >/dev/null", 1 },
	};

	make_input();
	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		command = list[i].command;
		run(list[i].name, op_shell, list[i].reps, 1);
	}
	unlink("/tmp/data");
	unlink("/tmp/text");
	larger_programs();
}
