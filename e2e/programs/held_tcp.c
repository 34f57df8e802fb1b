// SPDX-License-Identifier: Apache-2.0
/* Kinds of `held': TCP sockets. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "held_net.h"

static int state(int fd)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	must(getsockopt(fd, SOL_TCP, TCP_INFO, &info, &length));
	return info.tcpi_state;
}

/* Segments take a moment, also on a machine alone. */
static void await(int fd, int wanted)
{
	const struct timespec tick = { 0, 5000000 };

	for (int i = 0; i < 1000 && state(fd) != wanted; i++)
		nanosleep(&tick, NULL);
	program_check(state(fd) == wanted, "fd %d is in state %d, not %d", fd, state(fd), wanted);
}

static int listens(int family, union name *name, int buffer)
{
	socklen_t length = sizeof(*name);
	int fd = must(socket(family, SOCK_STREAM, 0));

	memset(name, 0, sizeof(*name));
	name->any.sa_family = family;
	if (family == AF_INET)
		name->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		name->in6.sin6_addr = in6addr_loopback;
	if (buffer)
		set(fd, SOL_SOCKET, SO_RCVBUF, buffer);
	must(bind(fd, &name->any, sizeof(*name)));
	must(listen(fd, 16));
	must(getsockname(fd, &name->any, &length));
	return fd;
}

/* Connected to each other, and nobody listens any more. */
static void pair(int family, int ends[2], int buffer)
{
	union name name;
	int listener = listens(family, &name, buffer);

	ends[0] = must(socket(family, SOCK_STREAM, 0));
	if (buffer)
		set(ends[0], SOL_SOCKET, SO_SNDBUF, buffer);
	must(connect(ends[0], &name.any, sizeof(name)));
	ends[1] = must(accept(listener, NULL, NULL));
	close(listener);
}

/* Write until nothing fits any more; how much it was. */
static long fill(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	char page[1000];
	long total = 0, n, quiet = 0;
	const struct timespec tick = { 0, 20000000 };

	must(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
	/* What fits may still change while segments travel. */
	while (quiet < 5) {
		for (size_t i = 0; i < sizeof(page); i++)
			page[i] = (total + i) % 251;
		n = write(fd, page, sizeof(page));
		if (n > 0) {
			total += n;
			quiet = 0;
			continue;
		}
		is(errno == EAGAIN);
		quiet++;
		nanosleep(&tick, NULL);
	}
	must(fcntl(fd, F_SETFL, flags));
	return total;
}

static void drain(int fd, long total)
{
	char page[1000];
	long at = 0, n;

	while (at < total) {
		n = read(fd, page, total - at < 1000 ? total - at : 1000);
		program_check(n > 0, "%ld of %ld bytes: %s", at, total,
			      n ? strerror(errno) : "the end");
		for (long i = 0; i < n; i++)
			program_check(page[i] == (char)((at + i) % 251),
				      "byte %ld of %ld is wrong", at + i, total);
		at += n;
	}
}

static void expect_text(int fd, const char *text)
{
	size_t want = strlen(text), have = 0;
	char got[64];

	while (have < want) {
		ssize_t n = read(fd, got + have, want - have);

		program_check(n > 0, "'%s' was due: %s", text, n ? strerror(errno) : "the end");
		have += n;
	}
	program_check(!memcmp(got, text, want), "'%s' was due", text);
}

static void say(int fd, const char *text)
{
	is(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void expect_end(int fd)
{
	char got;

	is(read(fd, &got, 1) == 0);
}

/* ---- connected ----------------------------------------------------------- */

static int four[2], six[2], mapped[2], queued[2], full[2], tuned[2], corked[2], filtered[2];
static long full_bytes;

void tcp_begin(void)
{
	struct sock_filter pass[] = { BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
				      BPF_STMT(BPF_RET | BPF_K, -1) };
	struct sock_fprog program = { 2, pass };
	struct linger linger = { 1, 7 };
	union name name;
	int listener;
	char got[2];

	signal(SIGPIPE, SIG_IGN);
	pair(AF_INET, four, 0);
	pair(AF_INET6, six, 0);
	listener = must(socket(AF_INET6, SOCK_STREAM, 0));
	memset(&name, 0, sizeof(name));
	name.any.sa_family = AF_INET6;
	must(bind(listener, &name.any, sizeof(name.in6)));
	must(listen(listener, 1));
	must(getsockname(listener, &name.any, &(socklen_t){ sizeof(name) }));
	name.in.sin_family = AF_INET;
	name.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	mapped[0] = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(mapped[0], &name.any, sizeof(name.in)));
	mapped[1] = must(accept(listener, NULL, NULL));
	close(listener);

	pair(AF_INET, queued, 0);
	say(queued[0], "one");
	say(queued[0], "two");
	say(queued[1], "back");
	is(read(queued[1], got, 2) == 2);
	pair(AF_INET, full, 20000);
	full_bytes = fill(full[0]);

	pair(AF_INET, tuned, 0);
	set(tuned[0], SOL_TCP, TCP_NODELAY, 1);
	set(tuned[0], SOL_SOCKET, SO_KEEPALIVE, 1);
	set(tuned[0], SOL_TCP, TCP_KEEPIDLE, 77);
	set(tuned[0], SOL_TCP, TCP_KEEPINTVL, 7);
	set(tuned[0], SOL_TCP, TCP_KEEPCNT, 3);
	set(tuned[0], SOL_TCP, TCP_USER_TIMEOUT, 12345);
	set(tuned[0], SOL_TCP, TCP_NOTSENT_LOWAT, 54321);
	set(tuned[0], SOL_SOCKET, SO_SNDBUF, 100000);
	set(tuned[0], SOL_IP, IP_TOS, 0x10);
	must(setsockopt(tuned[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	must(setsockopt(tuned[0], SOL_TCP, TCP_CONGESTION, "reno", 4));
	pair(AF_INET, corked, 0);
	set(corked[0], SOL_TCP, TCP_CORK, 1);
	pair(AF_INET, filtered, 0);
	must(setsockopt(filtered[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));

	lies_still(queued[0]);
	lies_still(queued[1]);
	lies_still(full[0]);
	lies_still(full[1]);
	lies_still(tuned[0]);
}

void tcp_step(long number)
{
	echo(four[0], four[1], number);
	echo(four[1], four[0], number);
	echo(six[0], six[1], number);
	echo(six[1], six[0], number);
	echo(mapped[0], mapped[1], number);
	echo(mapped[1], mapped[0], number);
	echo(filtered[0], filtered[1], number);
}

static void expect_names(const int ends[2])
{
	union name one = { }, other = { };

	must(getsockname(ends[0], &one.any, &(socklen_t){ sizeof(one) }));
	must(getpeername(ends[1], &other.any, &(socklen_t){ sizeof(other) }));
	is(!memcmp(&one, &other, sizeof(one)));
}

void tcp_end(void)
{
	struct sock_filter got[4];
	struct linger linger;
	char text[16] = "";
	socklen_t length = sizeof(text);
	int one;

	expect_names(four);
	expect_names(six);
	expect_text(queued[1], "etwo");
	expect_text(queued[0], "back");
	echo(queued[0], queued[1], 1);
	echo(queued[1], queued[0], 2);
	drain(full[1], full_bytes);
	echo(full[0], full[1], 3);

	is(get(tuned[0], SOL_TCP, TCP_NODELAY) == 1);
	is(get(tuned[0], SOL_SOCKET, SO_KEEPALIVE) == 1);
	is(get(tuned[0], SOL_TCP, TCP_KEEPIDLE) == 77 && get(tuned[0], SOL_TCP, TCP_KEEPINTVL) == 7 &&
	   get(tuned[0], SOL_TCP, TCP_KEEPCNT) == 3);
	is(get(tuned[0], SOL_TCP, TCP_USER_TIMEOUT) == 12345);
	is(get(tuned[0], SOL_TCP, TCP_NOTSENT_LOWAT) == 54321);
	is(get(tuned[0], SOL_SOCKET, SO_SNDBUF) == 200000);
	is(get(tuned[0], SOL_SOCKET, SO_REUSEADDR) == 0);
	is(get(tuned[0], SOL_IP, IP_TOS) == 0x10);
	must(getsockopt(tuned[0], SOL_TCP, TCP_CONGESTION, text, &length));
	is(!strcmp(text, "reno"));
	length = sizeof(linger);
	must(getsockopt(tuned[0], SOL_SOCKET, SO_LINGER, &linger, &length));
	is(linger.l_onoff == 1 && linger.l_linger == 7);

	is(get(corked[0], SOL_TCP, TCP_CORK) == 1);
	say(corked[0], "bottle");
	must(ioctl(corked[1], FIONREAD, &one));
	is(one == 0);
	set(corked[0], SOL_TCP, TCP_CORK, 0);
	expect_text(corked[1], "bottle");
	length = 4;
	must(getsockopt(filtered[1], SOL_SOCKET, SO_GET_FILTER, got, &length));
	is(length == 2 && got[1].code == (BPF_RET | BPF_K));
}

/* ---- half-closed, closing, closed ---------------------------------------- */

static int half[2], stuck[2], crossing[2], answering[2], ended[2], widow, heir, broken, refused,
	   living[2];
static long stuck_bytes, crossing_bytes, answering_bytes, heir_bytes;

void tcp_closing_begin(void)
{
	struct linger now = { 1, 0 };
	union name name;
	int ends[2];
	char got;

	signal(SIGPIPE, SIG_IGN);
	pair(AF_INET, living, 0);
	pair(AF_INET, half, 0);
	say(half[0], "bye");
	must(shutdown(half[0], SHUT_WR));
	say(half[1], "answer");
	await(half[0], TCP_FIN_WAIT2);
	await(half[1], TCP_CLOSE_WAIT);

	pair(AF_INET, stuck, 20000);
	stuck_bytes = fill(stuck[0]);
	must(shutdown(stuck[0], SHUT_WR));
	await(stuck[0], TCP_FIN_WAIT1);

	pair(AF_INET6, crossing, 20000);
	crossing_bytes = fill(crossing[0]);
	must(shutdown(crossing[0], SHUT_WR));
	must(shutdown(crossing[1], SHUT_WR));
	await(crossing[0], TCP_CLOSING);
	await(crossing[1], TCP_FIN_WAIT2);

	pair(AF_INET, answering, 20000);
	answering_bytes = fill(answering[0]);
	must(shutdown(answering[1], SHUT_WR));
	await(answering[0], TCP_CLOSE_WAIT);
	must(shutdown(answering[0], SHUT_WR));
	await(answering[0], TCP_LAST_ACK);

	pair(AF_INET, ended, 0);
	say(ended[0], "to the last");
	say(ended[1], "byte");
	must(shutdown(ended[0], SHUT_WR));
	await(ended[1], TCP_CLOSE_WAIT);
	must(shutdown(ended[1], SHUT_WR));
	await(ended[1], TCP_CLOSE);
	await(ended[0], TCP_CLOSE);

	pair(AF_INET, ends, 0);
	say(ends[0], "farewell");
	close(ends[0]);
	widow = ends[1];
	await(widow, TCP_CLOSE_WAIT);
	is(read(widow, &got, 1) == 1 && got == 'f');

	pair(AF_INET, ends, 20000);
	heir_bytes = fill(ends[0]);
	close(ends[0]);
	heir = ends[1];

	pair(AF_INET, ends, 0);
	say(ends[0], "lost");
	must(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	broken = ends[1];
	close(ends[0]);
	await(broken, TCP_CLOSE);

	close(listens(AF_INET, &name, 0));
	refused = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	is(connect(refused, &name.any, sizeof(name)) == -1 &&
	   (errno == EINPROGRESS || errno == ECONNREFUSED));
	await(refused, TCP_CLOSE);

	for (int i = 0; i < 2; i++) {
		lies_still(half[i]);
		lies_still(stuck[i]);
		lies_still(crossing[i]);
		lies_still(answering[i]);
		lies_still(ended[i]);
	}
	lies_still(widow);
	lies_still(heir);
	lies_still(broken);
	lies_still(refused);
}

void tcp_closing_step(long number)
{
	echo(living[0], living[1], number);
}

void tcp_closing_end(void)
{
	struct pollfd hang = { .fd = half[1], .events = POLLIN | POLLRDHUP };
	const struct timespec tick = { 0, 50000000 };
	char got;

	await(half[0], TCP_FIN_WAIT2);
	await(half[1], TCP_CLOSE_WAIT);
	is(poll(&hang, 1, 0) == 1 && hang.revents & POLLRDHUP);
	expect_text(half[1], "bye");
	expect_end(half[1]);
	say(half[1], "!");
	expect_text(half[0], "answer!");
	is(write(half[0], "x", 1) == -1 && errno == EPIPE);

	await(stuck[0], TCP_FIN_WAIT1);
	await(stuck[1], TCP_ESTABLISHED);
	say(stuck[1], "go on");
	drain(stuck[1], stuck_bytes);
	expect_end(stuck[1]);
	expect_text(stuck[0], "go on");

	await(crossing[0], TCP_CLOSING);
	await(crossing[1], TCP_FIN_WAIT2);
	drain(crossing[1], crossing_bytes);
	expect_end(crossing[1]);
	expect_end(crossing[0]);

	await(answering[0], TCP_LAST_ACK);
	await(answering[1], TCP_FIN_WAIT2);
	drain(answering[1], answering_bytes);
	expect_end(answering[1]);
	await(answering[0], TCP_CLOSE);

	expect_text(ended[1], "to the last");
	expect_end(ended[1]);
	expect_text(ended[0], "byte");
	expect_end(ended[0]);
	is(write(ended[0], "x", 1) == -1 && errno == EPIPE);

	expect_text(widow, "arewell");
	expect_end(widow);
	is(write(widow, "?", 1) == 1);
	for (int i = 0; i < 100 && state(widow) != TCP_CLOSE; i++)
		nanosleep(&tick, NULL);
	is(write(widow, "?", 1) == -1);

	drain(heir, heir_bytes);
	expect_end(heir);

	expect_text(broken, "lost");
	is(read(broken, &got, 1) == -1 && errno == ECONNRESET);
	expect_end(broken);
	is(get(refused, SOL_SOCKET, SO_ERROR) == ECONNREFUSED);
}

/* ---- waiting to be accepted ---------------------------------------------- */

static int waiting_at, client[4], waiting_at_both, ipv4_client;

static int connected_to(const union name *name, const char *text)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));

	must(connect(fd, &name->any, sizeof(*name)));
	if (*text)
		say(fd, text);
	return fd;
}

/* A listener of IPv6 that is asked by IPv4, at another address than the usual one. */
static void ask_by_ipv4(void)
{
	union name name = { .in6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_any } };

	waiting_at_both = must(socket(AF_INET6, SOCK_STREAM, 0));
	set(waiting_at_both, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	must(bind(waiting_at_both, &name.any, sizeof(name)));
	must(listen(waiting_at_both, 1));
	must(getsockname(waiting_at_both, &name.any, &(socklen_t){ sizeof(name) }));
	name = (union name){ .in = { .sin_family = AF_INET, .sin_port = name.in6.sin6_port,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 4) } };
	ipv4_client = connected_to(&name, "by IPv4");
}

static void expect_ipv4(void)
{
	int served = must(accept(waiting_at_both, NULL, NULL));
	union name asked, here;

	expect_text(served, "by IPv4");
	echo(ipv4_client, served, 4);
	must(getpeername(ipv4_client, &asked.any, &(socklen_t){ sizeof(asked) }));
	must(getsockname(served, &here.any, &(socklen_t){ sizeof(here) }));
	is(asked.in.sin_family == AF_INET &&
	   asked.in.sin_addr.s_addr == htonl(INADDR_LOOPBACK + 4));
	is(here.in6.sin6_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&here.in6.sin6_addr) &&
	   here.in6.sin6_addr.s6_addr32[3] == asked.in.sin_addr.s_addr);
}

void tcp_waiting_begin(void)
{
	union name name;

	waiting_at = listens(AF_INET, &name, 0);
	client[0] = connected_to(&name, "zero");
	close(connected_to(&name, "one"));
	client[2] = connected_to(&name, "two");
	must(shutdown(client[2], SHUT_WR));
	client[3] = connected_to(&name, "");
	ask_by_ipv4();
	lies_still(waiting_at_both);
	lies_still(ipv4_client);
	lies_still(waiting_at);
	lies_still(client[0]);
	lies_still(client[2]);
	lies_still(client[3]);
}

void tcp_waiting_step(long number)
{
	(void)number;
}

void tcp_waiting_end(void)
{
	int served[4];

	for (int i = 0; i < 4; i++)
		served[i] = must(accept(waiting_at, NULL, NULL));
	expect_text(served[0], "zero");
	echo(client[0], served[0], 1);
	echo(served[0], client[0], 2);
	expect_text(served[1], "one");
	expect_end(served[1]);
	expect_text(served[2], "two");
	expect_end(served[2]);
	say(served[2], "still there");
	expect_text(client[2], "still there");
	echo(client[3], served[3], 3);
	expect_names((int [2]){ client[3], served[3] });
	must(fcntl(waiting_at, F_SETFL, O_NONBLOCK));
	is(accept(waiting_at, NULL, NULL) == -1 && errno == EAGAIN);
	expect_ipv4();
}

/* ---- one port for several ------------------------------------------------ */

static int group[3], first, second, served, asking, strict, udp_first, udp_second;
static union name group_name, shared_name, strict_name, udp_name;

static int at(int type, const union name *name, int option)
{
	int fd = must(socket(AF_INET, type, 0));

	if (option)
		set(fd, SOL_SOCKET, option, 1);
	must(bind(fd, &name->any, sizeof(*name)));
	return fd;
}

void tcp_bound_begin(void)
{
	union name name = { .in = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };

	group[0] = at(SOCK_STREAM, &name, SO_REUSEPORT);
	must(getsockname(group[0], &group_name.any, &(socklen_t){ sizeof(name) }));
	group[1] = at(SOCK_STREAM, &group_name, SO_REUSEPORT);
	group[2] = at(SOCK_STREAM, &group_name, SO_REUSEPORT);
	for (int i = 0; i < 3; i++)
		must(listen(group[i], 16));
	/* two that have a port by an option which they have given up */
	first = at(SOCK_STREAM, &name, SO_REUSEADDR);
	must(getsockname(first, &shared_name.any, &(socklen_t){ sizeof(name) }));
	second = at(SOCK_STREAM, &shared_name, SO_REUSEADDR);
	set(first, SOL_SOCKET, SO_REUSEADDR, 0);
	/* a connection by one that listened, and another that does so now */
	strict = at(SOCK_STREAM, &name, SO_REUSEADDR);
	must(getsockname(strict, &strict_name.any, &(socklen_t){ sizeof(name) }));
	must(listen(strict, 4));
	asking = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(asking, &strict_name.any, sizeof(strict_name)));
	served = must(accept(strict, NULL, NULL));
	close(strict);
	strict = at(SOCK_STREAM, &strict_name, SO_REUSEADDR);
	must(listen(strict, 4));
	set(strict, SOL_SOCKET, SO_REUSEADDR, 0);
	set(served, SOL_SOCKET, SO_REUSEADDR, 0);
	udp_first = at(SOCK_DGRAM, &name, SO_REUSEADDR);
	must(getsockname(udp_first, &udp_name.any, &(socklen_t){ sizeof(name) }));
	udp_second = at(SOCK_DGRAM, &udp_name, SO_REUSEADDR);
	set(udp_first, SOL_SOCKET, SO_REUSEADDR, 0);
	for (int i = 0; i < 3; i++)
		lies_still(group[i]);
	lies_still(first);
	lies_still(second);
	lies_still(udp_first);
	lies_still(udp_second);
}

void tcp_bound_step(long number)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0)), other;

	/* being told to stop interrupts either */
	if (connect(fd, &strict_name.any, sizeof(strict_name))) {
		struct pollfd done = { .fd = fd, .events = POLLOUT };

		is(errno == EINTR);
		while (poll(&done, 1, 10000) != 1)
			is(errno == EINTR);
	}
	while ((other = accept(strict, NULL, NULL)) < 0)
		is(errno == EINTR);
	echo(fd, other, number);
	echo(served, asking, number);
	close(fd);
	close(other);
}

/* @strictly: also for one that would share it. */
static void expect_taken(int type, const union name *name, int strictly)
{
	int fd = must(socket(AF_INET, type, 0));

	is(bind(fd, &name->any, sizeof(*name)) == -1 && errno == EADDRINUSE);
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	is(!strictly || (bind(fd, &name->any, sizeof(*name)) == -1 && errno == EADDRINUSE));
	close(fd);
}

static void expect_at(int fd, const union name *name)
{
	union name own = { };

	must(getsockname(fd, &own.any, &(socklen_t){ sizeof(own) }));
	is(own.in.sin_port == name->in.sin_port &&
	   own.in.sin_addr.s_addr == name->in.sin_addr.s_addr);
}

void tcp_bound_end(void)
{
	struct pollfd ready[3];
	int asked[16], n = 0, fd;

	for (int i = 0; i < 16; i++) {
		asked[i] = must(socket(AF_INET, SOCK_STREAM, 0));
		must(connect(asked[i], &group_name.any, sizeof(group_name)));
	}
	for (int i = 0; i < 3; i++)
		ready[i] = (struct pollfd){ .fd = group[i], .events = POLLIN };
	while (poll(ready, 3, 200) > 0)
		for (int i = 0; i < 3; i++)
			if (ready[i].revents) {
				close(must(accept(group[i], NULL, NULL)));
				n++;
			}
	program_check(n == 16, "of 16 connections %d reached the group", n);
	expect_at(first, &shared_name);
	expect_at(second, &shared_name);
	expect_at(udp_first, &udp_name);
	expect_at(udp_second, &udp_name);
	is(get(first, SOL_SOCKET, SO_REUSEADDR) == 0 && get(second, SOL_SOCKET, SO_REUSEADDR) == 1);
	is(get(group[1], SOL_SOCKET, SO_REUSEPORT) == 1);
	/* the kernel remembers that once all of them shared it */
	expect_taken(SOCK_STREAM, &shared_name, 0);
	expect_taken(SOCK_STREAM, &strict_name, 1);
	expect_taken(SOCK_DGRAM, &udp_name, 1);
	expect_taken(SOCK_STREAM, &group_name, 1);
	fd = at(SOCK_STREAM, &group_name, SO_REUSEPORT);
	must(listen(fd, 1));
}

/* ---- the other end is another process ------------------------------------ */

static int to_child, shared_listener;
static pid_t child;

void tcp_child_begin(void)
{
	union name name;
	char got[32];
	ssize_t n;
	int fd;

	shared_listener = listens(AF_INET, &name, 0);
	child = must(fork());
	if (!child) {
		signal(SIGTERM, SIG_IGN);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		close(shared_listener);
		close(program_descriptor());
		if (connect(fd, &name.any, sizeof(name)))
			_exit(1);
		while ((n = read(fd, got, sizeof(got))) > 0)
			if (write(fd, got, n) != n)
				_exit(2);
		_exit(n ? 3 : 0);
	}
	to_child = must(accept(shared_listener, NULL, NULL));
	lies_still(shared_listener);
}

void tcp_child_step(long number)
{
	echo(to_child, to_child, number);
}

void tcp_child_end(void)
{
	int status;

	echo(to_child, to_child, 1);
	must(shutdown(to_child, SHUT_WR));
	expect_end(to_child);
	is(waitpid(child, &status, 0) == child);
	program_check(WIFEXITED(status) && !WEXITSTATUS(status), "the child ended with %x", status);
}
