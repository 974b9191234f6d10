// SPDX-License-Identifier: MIT
/* Event descriptors: epoll, eventfd, timerfd, signalfd, inotify, process descriptors. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "check.h"

static uint64_t read_count(int fd)
{
	uint64_t value = 0;

	return read(fd, &value, 8) == 8 ? value : ~0UL;
}

static void counters(void)
{
	int fd = eventfd(3, EFD_NONBLOCK), semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	uint64_t five = 5;

	need(write(fd, &five, 8) == 8, "write");
	check(read_count(fd) == 8, "eventfd adds");
	check(read_count(fd) == ~0UL && errno == EAGAIN, "and is empty");
	check(read_count(semaphore) == 1 && read_count(semaphore) == 1 && read_count(semaphore) == ~0UL,
	      "as a semaphore");
}

static void epolls(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 1 }, got[4];
	int poll = epoll_create1(0), ends[2], fd = eventfd(0, 0);

	need(pipe(ends) == 0, "pipe");
	check(epoll_ctl(poll, EPOLL_CTL_ADD, ends[0], &event) == 0, "add");
	check(epoll_ctl(poll, EPOLL_CTL_ADD, ends[0], &event) == -1 && errno == EEXIST, "twice");
	event = (struct epoll_event){ .events = EPOLLIN | EPOLLET, .data.u64 = 2 };
	epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
	check(epoll_wait(poll, got, 4, 5) == 0, "nothing happens");
	need(write(ends[1], "x", 1) == 1 && write(fd, &(uint64_t){ 1 }, 8) == 8, "write");
	check(epoll_wait(poll, got, 4, -1) == 2, "two events");
	check(epoll_wait(poll, got, 4, 0) == 1 && got[0].data.u64 == 1, "the level stays, the edge does not");
	close(ends[1]);
	check(epoll_wait(poll, got, 4, 0) == 1 && got[0].events == (EPOLLIN | EPOLLHUP), "closed");
	check(epoll_ctl(poll, EPOLL_CTL_DEL, ends[0], NULL) == 0 && epoll_wait(poll, got, 4, 0) == 0, "removed");
	check(epoll_ctl(poll, EPOLL_CTL_ADD, poll, &event) == -1 && errno == EINVAL, "not in itself");
}

static void timers(void)
{
	struct itimerspec once = { .it_value = { 0, 3000000 } }, every = { { 0, 1000000 }, { 0, 1000000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t sum = 0;

	timerfd_settime(fd, 0, &once, NULL);
	check(read_count(fd) == 1, "one expiration");
	timerfd_settime(fd, 0, &every, NULL);
	while (sum < 20)
		sum += read_count(fd);
	check(sum < 1000000, "twenty expirations");
	timerfd_settime(fd, 0, &(struct itimerspec){ 0 }, NULL);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	check(read_count(fd) == ~0UL && errno == EAGAIN, "stopped");
}

static void signals(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, 0);
	kill(getpid(), SIGUSR1);
	check(read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGUSR1, "signalfd");
	fflush(stdout);
	if (fork() == 0)
		_exit(6);
	check(read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGCHLD && info.ssi_status == 6,
	      "a child's end");
	wait(NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void watching_files(void)
{
	char buffer[4096];
	struct inotify_event *event = (void *)buffer;
	int fd = inotify_init(), file;

	rmdir("/tmp/watched");
	mkdir("/tmp/watched", 0700);
	check(inotify_add_watch(fd, "/tmp/watched", IN_CREATE | IN_DELETE) >= 0, "watch");
	file = open("/tmp/watched/file", O_CREAT | O_WRONLY, 0600);
	check(read(fd, buffer, sizeof(buffer)) > 0 && event->mask == IN_CREATE && !strcmp(event->name, "file"), "created");
	unlink("/tmp/watched/file");
	check(read(fd, buffer, sizeof(buffer)) > 0 && event->mask == IN_DELETE, "deleted");
	close(file);
	rmdir("/tmp/watched");
}

static void processes(void)
{
	struct epoll_event event = { .events = EPOLLIN }, got;
	int poll = epoll_create1(0), fd;
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	fd = syscall(SYS_pidfd_open, child, 0);
	check(fd >= 0 && epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0, "process descriptor");
	check(epoll_wait(poll, &got, 1, 0) == 0, "the process lives");
	check(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0, "kill it");
	check(epoll_wait(poll, &got, 1, -1) == 1, "it has ended");
	wait(NULL);
}

int main(void)
{
	counters();
	epolls();
	timers();
	signals();
	watching_files();
	processes();
	return check_end();
}
