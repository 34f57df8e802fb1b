// SPDX-License-Identifier: Apache-2.0
/* Kinds of `held': UDP sockets. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "held.h"

#define LARGE 40000

static int waiting, waiting6, sender, shut, chosen;
static struct sockaddr_in waiting_name, sender_name;
static struct sockaddr_in6 waiting6_name;

static int bound(struct sockaddr_in *name)
{
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0));

	*name = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	must(bind(fd, (struct sockaddr *)name, sizeof(*name)));
	must(getsockname(fd, (struct sockaddr *)name, &(socklen_t){ sizeof(*name) }));
	return fd;
}

static void send_to(int fd, const void *data, size_t bytes, const void *name, socklen_t length)
{
	is(sendto(fd, data, bytes, 0, name, length) == (ssize_t)bytes);
}

void udp_begin(void)
{
	/* only what begins with an 'x'; the header comes first */
	struct sock_filter only_x[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'x', 0, 1),
		BPF_STMT(BPF_RET | BPF_K, -1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { 4, only_x };
	struct sockaddr_in name;
	char *large = calloc(1, LARGE);
	int on = 1, fd;

	waiting = bound(&waiting_name);
	must(setsockopt(waiting, SOL_IP, IP_PKTINFO, &on, sizeof(on)));
	must(setsockopt(waiting, SOL_IP, IP_RECVTTL, &on, sizeof(on)));
	sender = bound(&sender_name);
	send_to(sender, "first", 5, &waiting_name, sizeof(waiting_name));
	send_to(sender, "", 0, &waiting_name, sizeof(waiting_name));
	memset(large, 'l', LARGE);
	send_to(sender, large, LARGE, &waiting_name, sizeof(waiting_name));
	fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	send_to(fd, "gone", 4, &waiting_name, sizeof(waiting_name));
	close(fd);

	waiting6 = must(socket(AF_INET6, SOCK_DGRAM, 0));
	waiting6_name = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	must(bind(waiting6, (struct sockaddr *)&waiting6_name, sizeof(waiting6_name)));
	must(getsockname(waiting6, (struct sockaddr *)&waiting6_name,
			 &(socklen_t){ sizeof(waiting6_name) }));
	waiting6_name.sin6_addr = in6addr_loopback;
	fd = must(socket(AF_INET6, SOCK_DGRAM, 0));
	send_to(fd, "six", 3, &waiting6_name, sizeof(waiting6_name));
	close(fd);
	name = sender_name;
	name.sin_port = waiting6_name.sin6_port;
	send_to(sender, "four", 4, &name, sizeof(name));

	shut = must(socket(AF_INET, SOCK_DGRAM, 0));
	must(connect(shut, (struct sockaddr *)&sender_name, sizeof(sender_name)));
	must(shutdown(shut, SHUT_RDWR));
	chosen = bound(&name);
	must(setsockopt(chosen, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
	must(setsockopt(chosen, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)));
	must(connect(chosen, (struct sockaddr *)&sender_name, sizeof(sender_name)));
	must(connect(sender, (struct sockaddr *)&name, sizeof(name)));
	lies_still(waiting);
	lies_still(waiting6);
	lies_still(shut);
	free(large);
}

void udp_step(long number)
{
	char got[8];

	(void)number;
	is(write(sender, "o", 1) == 1 && write(sender, "xx", 2) == 2);
	is(read(chosen, got, sizeof(got)) == 2 && got[0] == 'x');
	echo(chosen, sender, number);
}

static void expect_datagram(int fd, const char *text, ssize_t bytes, in_port_t port)
{
	char *got = malloc(LARGE + 1);
	struct sockaddr_in6 name = { };

	program_check(recvfrom(fd, got, LARGE + 1, MSG_DONTWAIT, (struct sockaddr *)&name,
			       &(socklen_t){ sizeof(name) }) == bytes,
		      "'%s' was due (errno %s)", text, strerror(errno));
	is(!memcmp(got, text, strlen(text)));
	/* at the same place in both families */
	is(!port || name.sin6_port == port);
	free(got);
}

void udp_end(void)
{
	char got[16], room[256];
	struct iovec part = { got, sizeof(got) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct cmsghdr *control;
	struct in_pktinfo info = { };
	int ttl = 0, on = 1;

	is(recvmsg(waiting, &message, MSG_DONTWAIT) == 5 && !memcmp(got, "first", 5));
	for (control = CMSG_FIRSTHDR(&message); control; control = CMSG_NXTHDR(&message, control))
		if (control->cmsg_type == IP_PKTINFO)
			memcpy(&info, CMSG_DATA(control), sizeof(info));
		else if (control->cmsg_type == IP_TTL)
			memcpy(&ttl, CMSG_DATA(control), sizeof(ttl));
	is(info.ipi_addr.s_addr == htonl(INADDR_LOOPBACK) && info.ipi_ifindex == 1);
	is(ttl == 64);
	expect_datagram(waiting, "", 0, sender_name.sin_port);
	expect_datagram(waiting, "llll", LARGE, sender_name.sin_port);
	expect_datagram(waiting, "gone", 4, 0);
	is(recv(waiting, got, sizeof(got), MSG_DONTWAIT) == -1 && errno == EAGAIN);
	expect_datagram(waiting6, "six", 3, 0);
	expect_datagram(waiting6, "four", 4, sender_name.sin_port);
	is(send(shut, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
	is(recv(shut, got, sizeof(got), 0) == 0);
	is(setsockopt(chosen, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)) == -1 &&
	   errno == EPERM);
}
