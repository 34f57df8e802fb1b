// SPDX-License-Identifier: Apache-2.0
/*
 * Threads that sleep in the calls which say EINTR whatever woke them, see
 * signal(7).  Without a handler that ran, none of them may.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

/* Longer than any test: whoever comes back earlier was disturbed. */
#define FOREVER_S 100000

static atomic_int disturbed;
static const char *volatile who;
static int set, queue, epoll, ends[2];

static void sleep_in(const char *name, long result)
{
	who = name;
	disturbed = result < 0 ? errno : EPROTO;
}

static const struct timespec forever = { .tv_sec = FOREVER_S };

static void *in_semop(void *unused)
{
	struct sembuf operation = { .sem_op = -1 };

	(void)unused;
	sleep_in("semop", semop(set, &operation, 1));
	return NULL;
}

static void *in_semtimedop(void *unused)
{
	struct sembuf operation = { .sem_op = -1 };

	(void)unused;
	sleep_in("semtimedop", semtimedop(set, &operation, 1, &forever));
	return NULL;
}

static void *in_msgrcv(void *unused)
{
	struct { long type; char text[8]; } message;

	(void)unused;
	sleep_in("msgrcv", msgrcv(queue, &message, sizeof(message.text), 9, 0));
	return NULL;
}

static void *in_epoll_wait(void *unused)
{
	struct epoll_event event;

	(void)unused;
	sleep_in("epoll_wait", epoll_wait(epoll, &event, 1, -1));
	return NULL;
}

static void *in_epoll_pwait(void *unused)
{
	struct epoll_event event;
	sigset_t mask;

	(void)unused;
	sigfillset(&mask);
	sleep_in("epoll_pwait", epoll_pwait(epoll, &event, 1, FOREVER_S * 1000, &mask));
	return NULL;
}

static void *in_sigtimedwait(void *unused)
{
	sigset_t set_of_one;

	(void)unused;
	sigemptyset(&set_of_one);
	sigaddset(&set_of_one, SIGUSR2);
	sleep_in("sigtimedwait", sigtimedwait(&set_of_one, NULL, &forever));
	return NULL;
}

static void *in_recv(void *unused)
{
	char byte;

	(void)unused;
	sleep_in("recv", recv(ends[0], &byte, 1, 0));
	return NULL;
}

static void *in_select(void *unused)
{
	struct timeval until = { .tv_sec = FOREVER_S };

	(void)unused;
	sleep_in("select", select(0, NULL, NULL, NULL, &until));
	return NULL;
}

static void *in_ppoll(void *unused)
{
	(void)unused;
	sleep_in("ppoll", ppoll(NULL, 0, &forever, NULL));
	return NULL;
}

static void *in_clock_nanosleep(void *unused)
{
	struct timespec until;

	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += FOREVER_S;
	errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	sleep_in("clock_nanosleep", errno ? -1 : 0);
	return NULL;
}

static void *(*const sleepers[])(void *) = {
	in_semop, in_semtimedop, in_msgrcv, in_epoll_wait, in_epoll_pwait,
	in_sigtimedwait, in_recv, in_select, in_ppoll, in_clock_nanosleep,
};

static void prepare(void)
{
	struct timeval timeout = { .tv_sec = FOREVER_S };
	struct epoll_event event = { .events = EPOLLIN };
	int fd = eventfd(0, 0);
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	program_check(!sigprocmask(SIG_BLOCK, &blocked, NULL), "sigprocmask");
	set = semget(IPC_PRIVATE, 1, 0600);
	queue = msgget(IPC_PRIVATE, 0600);
	epoll = epoll_create1(0);
	program_check(set >= 0 && queue >= 0 && epoll >= 0 && fd >= 0 &&
		      !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) &&
		      !socketpair(AF_UNIX, SOCK_STREAM, 0, ends) &&
		      !setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)),
		      "prepare: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	pthread_t thread;

	program_begin(argc, argv, 0);
	prepare();
	for (size_t i = 0; i < sizeof(sleepers) / sizeof(*sleepers); i++)
		program_check(!pthread_create(&thread, NULL, sleepers[i], NULL),
			      "pthread_create");
	while (program_goes_on()) {
		program_check(!disturbed, "%s: %s", who, strerror(disturbed));
		program_line("%016lx", program_mix(program_lines()));
		usleep(20000);
	}
	semctl(set, 0, IPC_RMID);
	msgctl(queue, IPC_RMID, NULL);
	program_pass();
}
