// SPDX-License-Identifier: MIT
/* Seccomp: strict mode, filters that kill, trap, fail and notify; system-call user dispatch. */
#define _GNU_SOURCE
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "check.h"

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

static void strict(void *unused)
{
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	syscall(SYS_getpid);
}

/* A filter that answers one system call with an action and allows all others. */
static int filter(int number, unsigned int action, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void killed(void *unused)
{
	filter(SYS_getuid, SECCOMP_RET_KILL_PROCESS, 0);
	syscall(SYS_getuid);
}

static void fails(void *unused)
{
	check(filter(SYS_getuid, SECCOMP_RET_ERRNO | 77, 0) == 0, "a filter");
	check(syscall(SYS_getuid) == -1 && errno == 77, "fails with the error asked for");
	check(syscall(SYS_getgid) == 0, "others work");
	check(filter(SYS_getgid, SECCOMP_RET_ERRNO | 78, 0) == 0 && syscall(SYS_getgid) == -1 && errno == 78,
	      "a second filter");
}

static volatile int trapped_number;

static void trapped(int number, siginfo_t *info, void *context)
{
	trapped_number = info->si_code == SYS_SECCOMP ? info->si_syscall : -1;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 4242;
}

static void traps(void *unused)
{
	struct sigaction action = { .sa_sigaction = trapped, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &action, NULL);
	filter(SYS_getuid, SECCOMP_RET_TRAP, 0);
	check(syscall(SYS_getuid) == 4242 && trapped_number == SYS_getuid, "a handler answers");
}

static void notified(void *unused)
{
	struct seccomp_notif request = { 0 };
	struct seccomp_notif_resp answer = { 0 };
	int listener = filter(SYS_getuid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER), status;
	pid_t child;

	check(listener >= 0, "a listener");
	child = fork();
	if (child == 0)
		_exit(syscall(SYS_getuid) == 1234);
	check(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) == 0 && request.data.nr == SYS_getuid, "asked");
	answer.id = request.id;
	answer.val = 1234;
	check(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0, "answered");
	waitpid(child, &status, 0);
	check(exit_code(status) == 1, "another process's answer");
}

static char selector;

static void dispatched(int number, siginfo_t *info, void *context)
{
	selector = 0;
	trapped_number = info->si_syscall;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 99;
}

static void user_dispatch(void *unused)
{
	struct sigaction action = { .sa_sigaction = dispatched, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &action, NULL);
	check(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) == 0, "user dispatch");
	selector = 1;
	check(syscall(SYS_getuid) == 99 && trapped_number == SYS_getuid, "a system call becomes a signal");
	check(syscall(SYS_getuid) == 0, "and not when switched off");
}

int main(void)
{
	check(exit_code(in_child(strict, NULL)) == -SIGKILL, "strict mode kills");
	check(exit_code(in_child(killed, NULL)) == -SIGSYS, "a filter kills");
	check(exit_code(in_child(fails, NULL)) == 0, "errors");
	check(exit_code(in_child(traps, NULL)) == 0, "traps");
	check(exit_code(in_child(notified, NULL)) == 0, "notification");
	check(exit_code(in_child(user_dispatch, NULL)) == 0, "dispatch");
	return check_end();
}
