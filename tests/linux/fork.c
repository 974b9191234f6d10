// SPDX-License-Identifier: MIT
/* Processes: fork, vfork, clone, exec, exit statuses, orphans, depth and number. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "check.h"

static void exits(void *code)
{
	_exit((int)(long)code);
}

static void kills_itself(void *number)
{
	signal((int)(long)number, SIG_DFL);
	raise((int)(long)number);
	pause();
}

static void statuses(void)
{
	for (long code = 0; code < 256; code += 51)
		check(exit_code(in_child(exits, (void *)code)) == code, "exit status %ld", code);
	check(exit_code(in_child(kills_itself, (void *)SIGKILL)) == -SIGKILL, "killed");
	check(exit_code(in_child(kills_itself, (void *)SIGTERM)) == -SIGTERM, "terminated");
}

static void vforks(void)
{
	volatile int seen = 0;
	int status;
	pid_t child = vfork();

	if (child == 0) {
		seen = 42; /* the parent's memory */
		_exit(3);
	}
	check(waitpid(child, &status, 0) == child && exit_code(status) == 3, "vfork");
	check(seen == 42, "vfork shares memory");
}

static int clone_value;

static int clone_entry(void *arg)
{
	clone_value = *(int *)arg + 1;
	return 9;
}

static void clones(void)
{
	char *stack = malloc(65536);
	int status, start = 10;
	pid_t child = clone(clone_entry, stack + 65536, CLONE_VM | SIGCHLD, &start);

	check(waitpid(child, &status, 0) == child && exit_code(status) == 9, "clone with shared memory");
	check(clone_value == 11, "clone wrote the parent's memory");
	child = clone(clone_entry, stack + 65536, SIGCHLD, &start);
	clone_value = 0;
	check(waitpid(child, &status, 0) == child && exit_code(status) == 9, "clone with a copy");
	check(clone_value == 0, "clone left the parent's memory alone");
	free(stack);
}

static void clone3_with_pidfd(void)
{
	int pidfd = -1;
	struct { __u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; } args = {
		.flags = CLONE_PIDFD, .pidfd = (unsigned long)&pidfd, .exit_signal = SIGCHLD,
	};
	siginfo_t info = { 0 };
	long child = syscall(SYS_clone3, &args, sizeof(args));

	if (child == 0)
		_exit(17);
	check(child > 0 && pidfd >= 0, "clone3 with a process descriptor");
	check(waitid(P_PIDFD, pidfd, &info, WEXITED) == 0 && info.si_status == 17 && info.si_code == CLD_EXITED,
	      "waitid at the descriptor");
	close(pidfd);
}

static void execs(void *self)
{
	char *argv[] = { "fork", "child", "", "with spaces", NULL };
	char *envp[] = { "ONE=1", "EMPTY=", NULL };

	execve(self, argv, envp);
}

static void exec_script(void *unused)
{
	const char *text = "#!/bin/sh -e\necho script: $0 $1\nexit 7\n";
	int file = open("/tmp/fork-script", O_CREAT | O_WRONLY | O_TRUNC, 0755);

	need(write(file, text, strlen(text)) == (ssize_t)strlen(text), "script");
	close(file);
	execl("/tmp/fork-script", "ignored", "argument", NULL);
}

static int exec_child(int argc, char **argv, char **envp)
{
	for (int i = 0; i < argc; i++)
		printf("argument %d: <%s>\n", i, argv[i]);
	for (; *envp; envp++)
		printf("environment: <%s>\n", *envp);
	return 5;
}

/* Each level forks the next and adds one to its status. */
static int nested(int depth)
{
	int status;
	pid_t child;

	if (depth == 0)
		return 0;
	child = fork();
	if (child == 0)
		_exit(nested(depth - 1));
	waitpid(child, &status, 0);
	return exit_code(status) + 1;
}

static void many(void)
{
	int sum = 0, status;

	for (int i = 0; i < 100; i++)
		if (fork() == 0)
			_exit(i % 7);
	for (int i = 0; i < 100; i++) {
		need(wait(&status) > 0, "wait");
		sum += exit_code(status);
	}
	check(sum == 14 * 21 + 0 + 1, "a hundred children: %d", sum);
	check(wait(&status) == -1 && errno == ECHILD, "no child is left");
}

static void orphan(void)
{
	int ends[2], status;
	char byte = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	need(pipe(ends) == 0, "pipe");
	if (fork() == 0) {
		if (fork() == 0) {
			while (getppid() != 1 && read(ends[0], &byte, 1) != 1)
				;
			_exit(33);
		}
		_exit(0);
	}
	wait(&status);
	need(write(ends[1], "x", 1) == 1, "write");
	check(wait(&status) > 0 && exit_code(status) == 33, "an orphan comes to the subreaper");
}

int main(int argc, char **argv, char **envp)
{
	if (argc > 1)
		return exec_child(argc, argv, envp);
	statuses();
	vforks();
	clones();
	clone3_with_pidfd();
	check(exit_code(in_child(execs, "/proc/self/exe")) == 5, "exec");
	check(exit_code(in_child(exec_script, NULL)) == 7, "exec of a script");
	check(execl("/nowhere", "nowhere", NULL) == -1 && errno == ENOENT, "exec of nothing");
	check(execl("/proc/self/comm", "comm", NULL) == -1 && errno == EACCES, "exec of what is not executable");
	check(nested(20) == 20, "twenty generations");
	many();
	orphan();
	return check_end();
}
