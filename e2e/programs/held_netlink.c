// SPDX-License-Identifier: Apache-2.0
/* Netlink sockets, and message queues that start a thread by one. */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <mqueue.h>
#include <net/if.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "held.h"

static int asking, connected;
static unsigned int asking_port;
static mqd_t threaded;
static sem_t called;

static unsigned int port_of(int fd)
{
	struct sockaddr_nl name;
	socklen_t bytes = sizeof(name);

	must(getsockname(fd, (struct sockaddr *)&name, &bytes));
	return name.nl_pid;
}

static void request_notification(void);

/* In a thread of its own, which the queue has started. */
static void on_message(union sigval value)
{
	is(value.sival_int == 4711);
	request_notification();
	must(sem_post(&called));
}

static void request_notification(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_notify_function = on_message,
		.sigev_value.sival_int = 4711,
	};

	must(mq_notify(threaded, &event));
}

static const char *queue_name(void)
{
	static char name[64];

	snprintf(name, sizeof(name), "/procmig-threaded-%d", getpid());
	return name;
}

void netlink_begin(void)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct mq_attr limits = { .mq_maxmsg = 4, .mq_msgsize = 64 };
	int one = 1;

	asking = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	must(setsockopt(asking, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)));
	must(setsockopt(asking, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one)));
	must(bind(asking, (const struct sockaddr *)&kernel, sizeof(kernel)));
	asking_port = port_of(asking);
	connected = must(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE));
	must(connect(connected, (const struct sockaddr *)&kernel, sizeof(kernel)));
	lies_still(connected);
	lies_still(must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)));
	must(sem_init(&called, 0, 0));
	threaded = must(mq_open(queue_name(), O_RDWR | O_CREAT, 0600, &limits));
	request_notification();
}

/* What the kernel of whichever node says about its loopback device. */
static void ask(int fd)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} question = {
		.header = {
			.nlmsg_len = sizeof(question),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.link.ifi_index = 1,
	};
	const struct ifinfomsg *link;
	char answer[16384] __attribute__((aligned(8)));
	struct nlmsghdr *header = (struct nlmsghdr *)answer;
	ssize_t bytes;

	must(send(fd, &question, sizeof(question), 0));
	bytes = must(recv(fd, answer, sizeof(answer), 0));
	is(NLMSG_OK(header, (size_t)bytes) && header->nlmsg_type == RTM_NEWLINK);
	link = NLMSG_DATA(header);
	is(link->ifi_index == 1 && link->ifi_flags & IFF_LOOPBACK);
}

void netlink_step(long number)
{
	char room[64];
	long got;

	ask(asking);
	must(mq_send(threaded, (const char *)&number, sizeof(number), 0));
	while (sem_wait(&called))
		is(errno == EINTR);
	is(mq_receive(threaded, room, sizeof(room), NULL) == sizeof(got));
	memcpy(&got, room, sizeof(got));
	is(got == number);
}

void netlink_end(void)
{
	int one = 0;
	socklen_t bytes = sizeof(one);

	is(port_of(asking) == asking_port);
	must(getsockopt(asking, SOL_NETLINK, NETLINK_EXT_ACK, &one, &bytes));
	is(one == 1);
	must(getsockopt(asking, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, &bytes));
	is(one == 1);
	must(getsockopt(connected, SOL_NETLINK, NETLINK_EXT_ACK, &one, &bytes));
	is(one == 0);
	ask(asking);
	ask(connected);
	must(mq_unlink(queue_name()));
}
