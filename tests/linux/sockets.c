// SPDX-License-Identifier: MIT
/* Sockets: local stream, datagram and passing of descriptors; TCP and UDP over loopback; errors. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "check.h"

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	need(fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0, "loopback");
	request.ifr_flags |= IFF_UP;
	need(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "loopback up");
	close(fd);
}

static void pairs(void)
{
	char text[32];
	int ends[2];

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "stream pair");
	check(write(ends[0], "one", 3) == 3 && write(ends[0], "two", 3) == 3 && read(ends[1], text, 32) == 6,
	      "a stream joins");
	shutdown(ends[0], SHUT_WR);
	check(read(ends[1], text, 32) == 0 && write(ends[1], "back", 4) == 4 && read(ends[0], text, 32) == 4,
	      "closed in one direction");
	check(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0, "datagram pair");
	check(write(ends[0], "one", 3) == 3 && write(ends[0], "three", 5) == 5 && read(ends[1], text, 32) == 3 &&
	      read(ends[1], text, 32) == 5, "datagrams do not join");
	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0, "packet pair");
}

static void send_descriptor(int socket, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { (void *)"x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);

	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &fd, sizeof(int));
	need(sendmsg(socket, &message, 0) == 1, "sendmsg");
}

static int receive_descriptor(int socket)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	int fd;

	need(recvmsg(socket, &message, 0) == 1, "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

static void descriptors(void)
{
	int ends[2], transfer[2];
	char text[8] = { 0 };

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
	fflush(stdout);
	if (fork() == 0) {
		need(pipe(transfer) == 0, "pipe");
		need(write(transfer[1], "inside", 6) == 6, "write");
		send_descriptor(ends[1], transfer[0]);
		_exit(0);
	}
	check(read(receive_descriptor(ends[0]), text, 7) == 6 && !strcmp(text, "inside"), "a descriptor passed on");
	wait(NULL);
}

static void named_local(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0test-abstract" };
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0), peer;
	struct ucred who;
	socklen_t size = sizeof(who);

	check(connect(client, (void *)&name, sizeof(name)) == -1 && errno == ECONNREFUSED, "nobody listens");
	check(bind(server, (void *)&name, sizeof(name)) == 0 && listen(server, 4) == 0, "listen");
	check(connect(client, (void *)&name, sizeof(name)) == 0, "connect");
	peer = accept(server, NULL, NULL);
	check(getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.pid == getpid(), "credentials");
	close(client);
	close(peer);
	close(server);
}

static int listener(struct sockaddr_in *name)
{
	int server = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(*name);

	*name = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	need(bind(server, (void *)name, sizeof(*name)) == 0 && listen(server, 8) == 0, "listen");
	need(getsockname(server, (void *)name, &size) == 0, "getsockname");
	return server;
}

static void echo(int server)
{
	char block[3000];
	ssize_t got;
	int peer = accept(server, NULL, NULL);

	while ((got = read(peer, block, sizeof(block))) > 0)
		need(write(peer, block, got) == got, "echo");
	_exit(0);
}

static void tcp(void)
{
	struct sockaddr_in name;
	int server = listener(&name), client = socket(AF_INET, SOCK_STREAM, 0), one = 1, wrong = 0;
	unsigned char out[5000], in[5000];

	fflush(stdout);
	if (fork() == 0)
		echo(server);
	close(server);
	check(connect(client, (void *)&name, sizeof(name)) == 0, "TCP connect");
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (int round = 0; round < 60; round++) {
		memset(out, round, sizeof(out));
		need(write(client, out, sizeof(out)) == sizeof(out), "write");
		need(recv(client, in, sizeof(in), MSG_WAITALL) == sizeof(in), "recv");
		wrong += memcmp(in, out, sizeof(in)) != 0;
	}
	check(wrong == 0, "TCP echo of 300000 bytes");
	shutdown(client, SHUT_WR);
	check(read(client, in, 1) == 0, "end");
	close(client);
	wait(NULL);
	client = socket(AF_INET, SOCK_STREAM, 0);
	check(connect(client, (void *)&name, sizeof(name)) == -1 && errno == ECONNREFUSED, "refused");
	close(client);
}

static void udp(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, from;
	int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0), right = 0;
	struct timeval limit = { 0, 10000 };
	socklen_t size = sizeof(name);
	char text[9000];

	need(bind(one, (void *)&name, sizeof(name)) == 0 && getsockname(one, (void *)&name, &size) == 0, "bind");
	for (int length = 1; length < 9000; length += 1499) {
		memset(text, length, length);
		need(sendto(two, text, length, 0, (void *)&name, sizeof(name)) == length, "sendto");
		size = sizeof(from);
		right += recvfrom(one, text, sizeof(text), 0, (void *)&from, &size) == length;
	}
	check(right == 7, "datagrams: %d", right);
	setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	check(recv(one, text, 10, 0) == -1 && errno == EAGAIN, "time is over");
	close(one);
	close(two);
}

int main(void)
{
	loopback_up();
	pairs();
	descriptors();
	named_local();
	tcp();
	udp();
	return check_end();
}
