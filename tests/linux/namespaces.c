// SPDX-License-Identifier: MIT
/* Namespaces: names of the host, processes, mounts, users, IPC and network, each apart from the rest. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "check.h"

static void host_name(void *unused)
{
	struct utsname name;

	check(unshare(CLONE_NEWUTS) == 0 && sethostname("elsewhere", 9) == 0, "a host name of its own");
	uname(&name);
	check(!strcmp(name.nodename, "elsewhere"), "is seen inside");
}

static void process_ids(void *unused)
{
	int status;
	pid_t child;

	check(unshare(CLONE_NEWPID) == 0, "a process name space");
	child = fork();
	if (child == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0)
			_exit(getpid() == 2 && getppid() == 1 ? 5 : 6);
		waitpid(grandchild, &status, 0);
		_exit(getpid() == 1 && grandchild == 2 && exit_code(status) == 5 ? 0 : 1);
	}
	waitpid(child, &status, 0);
	check(exit_code(status) == 0, "numbers begin at 1");
	check(fork() == -1 && errno == ENOMEM, "and end with the first process");
}

static void mounts(void *unused)
{
	struct stat info;
	int file;

	mkdir("/tmp/mounted", 0700);
	check(unshare(CLONE_NEWNS) == 0, "a mount name space");
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	check(mount("none", "/tmp/mounted", "tmpfs", 0, "size=64k") == 0, "mount");
	file = open("/tmp/mounted/inside", O_CREAT | O_WRONLY, 0600);
	check(file >= 0 && stat("/tmp/mounted/inside", &info) == 0, "a file inside");
	close(file);
	check(umount("/tmp/mounted") == 0 && stat("/tmp/mounted/inside", &info) == -1, "unmount");
	check(mount("none", "/tmp/mounted", "tmpfs", 0, NULL) == 0, "left mounted");
}

static void write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY);

	check(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text), "write %s", path);
	close(file);
}

static void users(void *unused)
{
	need(setresuid(1000, 1000, 1000) == 0, "become a user");
	prctl(PR_SET_DUMPABLE, 1); /* or /proc/self belongs to root */
	check(unshare(CLONE_NEWUSER) == 0, "a user name space");
	check(getuid() == 65534, "nobody at first");
	write_file("/proc/self/uid_map", "0 1000 1\n");
	check(getuid() == 0, "root inside");
	check(unshare(CLONE_NEWUTS) == 0 && sethostname("user", 4) == 0, "may name the host it made");
	check(mount("none", "/tmp", "tmpfs", 0, NULL) == -1 && errno == EPERM, "may not mount outside");
}

static void messages(void *unused)
{
	int queue = msgget(0x5ce1, IPC_CREAT | 0600), inside;

	check(queue >= 0, "a message queue");
	check(unshare(CLONE_NEWIPC) == 0, "an IPC name space");
	inside = msgget(0x5ce1, 0);
	check(inside == -1 && errno == ENOENT, "does not have it");
}

static void network(void *unused)
{
	struct if_nameindex *names;
	int count = 0;

	check(unshare(CLONE_NEWNET) == 0, "a network name space");
	names = if_nameindex();
	for (struct if_nameindex *name = names; name && name->if_index; name++) {
		count += strcmp(name->if_name, "lo") != 0;
		printf("interface %s\n", name->if_name);
	}
	check(count == 0, "has only the loop");
}

static void enters(void *unused)
{
	struct utsname name;
	int status, fd;
	pid_t child = fork();

	if (child == 0) {
		unshare(CLONE_NEWUTS);
		sethostname("entered", 7);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, &status, WUNTRACED);
	fd = syscall(SYS_pidfd_open, child, 0);
	check(setns(fd, CLONE_NEWUTS) == 0, "enter another's name space");
	uname(&name);
	check(!strcmp(name.nodename, "entered"), "its host name");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

int main(void)
{
	static const struct { void (*function)(void *); const char *name; } parts[] = {
		{ host_name, "UTS" }, { process_ids, "PID" }, { mounts, "mount" }, { users, "user" },
		{ messages, "IPC" }, { network, "network" }, { enters, "setns" },
	};
	struct stat info;

	for (int i = 0; i < 7; i++)
		check(exit_code(in_child(parts[i].function, NULL)) == 0, "%s", parts[i].name);
	check(stat("/tmp/mounted/inside", &info) == -1, "nothing is left outside");
	rmdir("/tmp/mounted");
	return check_end();
}
