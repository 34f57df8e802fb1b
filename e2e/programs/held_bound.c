// SPDX-License-Identifier: Apache-2.0
/*
 * Kinds of `held': UDP and TCP sockets that are bound to a device, or to an address that
 * nobody has.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "held_net.h"

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

static union name name_of(int fd)
{
	union name name = { };

	must(getsockname(fd, &name.any, &(socklen_t){ sizeof(name) }));
	return name;
}

static union name address(const char *text, const char *device)
{
	union name name = { };

	if (strchr(text, ':')) {
		name.in6.sin6_family = AF_INET6;
		is(inet_pton(AF_INET6, text, &name.in6.sin6_addr) == 1);
		name.in6.sin6_scope_id = device ? if_nametoindex(device) : 0;
	} else {
		name.in.sin_family = AF_INET;
		is(inet_pton(AF_INET, text, &name.in.sin_addr) == 1);
	}
	return name;
}

/* ---- devices ------------------------------------------------------------- */

/* A device of its own, whose index is another one on every node, and its addresses. */
#define OWN_DEVICE "held0"
#define OWN_ADDRESS "198.51.100.77"
#define LINK_ADDRESS "fe80::77"

static const char *device;
static int udp, udp6, fresh, listener, pair[2], client, lenient[2], any_listener;
static int link_udp = -1, link_listener, link_pair[2], scoped;
static int twin[2];
static union name listener_name, link_name;

static int new_bound(int family, int type, const char *to)
{
	int fd = must(socket(family, type, 0));

	must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, to, strlen(to)));
	return fd;
}

static int bound(int type, const char *text, const char *to)
{
	union name name = address(text, NULL);
	int fd = new_bound(name.any.sa_family, type, to);

	must(bind(fd, &name.any, sizeof(name)));
	if (type == SOCK_STREAM)
		must(listen(fd, 8));
	return fd;
}

/* A client of @server through @to, or through none in particular, that nobody has accepted. */
static int asks(int server, const char *to)
{
	union name name = name_of(server);
	int fd = to ? new_bound(name.any.sa_family, SOCK_STREAM, to) :
		 must(socket(name.any.sa_family, SOCK_STREAM, 0));

	must(connect(fd, &name.any, sizeof(name)));
	return fd;
}

static void connect_pair(int server, const char *to, int ends[2])
{
	ends[0] = asks(server, to);
	ends[1] = must(accept(server, NULL, NULL));
}

/* What it sends comes back to it. */
static void to_itself(int fd)
{
	union name name = name_of(fd);

	must(connect(fd, &name.any, sizeof(name)));
}

static void begin_link(void)
{
	union name name = address(LINK_ADDRESS, device);
	int fd;

	link_udp = must(socket(AF_INET6, SOCK_DGRAM, 0));
	must(bind(link_udp, &name.any, sizeof(name)));
	to_itself(link_udp);
	link_listener = must(socket(AF_INET6, SOCK_STREAM, 0));
	must(bind(link_listener, &name.any, sizeof(name)));
	must(listen(link_listener, 4));
	link_name = name_of(link_listener);
	connect_pair(link_listener, NULL, link_pair);
	/* it listens everywhere, and what it accepts is of the device by its address */
	scoped = must(socket(AF_INET6, SOCK_STREAM, 0));
	name = address("::", NULL);
	must(bind(scoped, &name.any, sizeof(name)));
	must(listen(scoped, 4));
	name = name_of(scoped);
	name.in6.sin6_addr = link_name.in6.sin6_addr;
	name.in6.sin6_scope_id = if_nametoindex(device);
	fd = must(socket(AF_INET6, SOCK_STREAM, 0));
	must(connect(fd, &name.any, sizeof(name)));
	is(write(fd, "link", 4) == 4);
	close(fd);
	lies_still(link_listener);
	lies_still(scoped);
}

void device_begin(void)
{
	union name name;
	const char *home;
	int fd;

	device = if_nametoindex(OWN_DEVICE) ? OWN_DEVICE : "lo";
	home = strcmp(device, OWN_DEVICE) ? "127.0.0.1" : OWN_ADDRESS;
	udp = bound(SOCK_DGRAM, home, device);
	to_itself(udp);
	udp6 = bound(SOCK_DGRAM, "::", device);
	fresh = new_bound(AF_INET6, SOCK_STREAM, device);
	any_listener = bound(SOCK_STREAM, "0.0.0.0", "lo");
	connect_pair(any_listener, NULL, lenient);
	/* one port, for two of them if there are two devices */
	twin[0] = bound(SOCK_DGRAM, "0.0.0.0", "lo");
	name = name_of(twin[0]);
	twin[1] = new_bound(AF_INET, SOCK_DGRAM, device);
	if (strcmp(device, "lo"))
		must(bind(twin[1], &name.any, sizeof(name)));
	if (!strcmp(device, OWN_DEVICE))
		begin_link();
	listener = bound(SOCK_STREAM, home, device);
	listener_name = name_of(listener);
	connect_pair(listener, device, pair);
	fd = asks(listener, device);
	is(write(fd, "gone", 4) == 4);
	close(fd);
	client = asks(listener, device);
	lies_still(udp6);
	lies_still(fresh);
	lies_still(listener);
	lies_still(any_listener);
	lies_still(twin[0]);
	lies_still(twin[1]);
	lies_still(client);
}

static void both_ways(const int ends[2], long number)
{
	echo(ends[0], ends[1], number);
	echo(ends[1], ends[0], number);
}

void device_step(long number)
{
	echo(udp, udp, number);
	both_ways(pair, number);
	both_ways(lenient, number);
	if (link_udp >= 0) {
		echo(link_udp, link_udp, number);
		both_ways(link_pair, number);
	}
}

static void expect_device(int fd, const char *wanted)
{
	char got[IFNAMSIZ] = "";

	must(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, got, &(socklen_t){ sizeof(got) }));
	program_check(!strcmp(got, wanted), "fd %d is bound to '%s', not '%s'", fd, got, wanted);
}

static void expect_name(int fd, const union name *wanted)
{
	union name name = name_of(fd);

	is(name.in.sin_port == wanted->in.sin_port);
	if (name.any.sa_family == AF_INET)
		is(name.in.sin_addr.s_addr == wanted->in.sin_addr.s_addr);
	else
		is(!memcmp(&name.in6.sin6_addr, &wanted->in6.sin6_addr, 16));
}

/* IPv4 */
static void expect_peer(int fd, int other)
{
	union name wanted = name_of(other), name = { };

	must(getpeername(fd, &name.any, &(socklen_t){ sizeof(name) }));
	is(name.in.sin_port == wanted.in.sin_port);
	is(name.in.sin_addr.s_addr == wanted.in.sin_addr.s_addr);
}

static void expect_text(int fd, const char *text)
{
	char got[16] = "";

	is(read(fd, got, sizeof(got) - 1) == (ssize_t)strlen(text) && !strcmp(got, text));
}

static void end_link(void)
{
	unsigned int index = if_nametoindex(device);
	int served;

	expect_device(link_udp, device);
	expect_device(link_listener, device);
	expect_device(link_pair[0], device);
	expect_device(link_pair[1], device);
	expect_device(scoped, "");
	expect_name(link_listener, &link_name);
	is(name_of(link_udp).in6.sin6_scope_id == index);
	is(name_of(link_pair[0]).in6.sin6_scope_id == index);
	is(name_of(scoped).in6.sin6_scope_id == 0);
	connect_pair(link_listener, NULL, link_pair);
	both_ways(link_pair, 1);
	served = must(accept(scoped, NULL, NULL));
	expect_text(served, "link");
	expect_device(served, device);
}

void device_end(void)
{
	int served[2];

	expect_device(udp, device);
	expect_device(udp6, device);
	expect_device(fresh, device);
	expect_device(listener, device);
	expect_device(pair[0], device);
	expect_device(pair[1], device);
	expect_device(client, device);
	expect_device(any_listener, "lo");
	expect_device(lenient[0], "");
	expect_device(lenient[1], "lo");
	expect_name(listener, &listener_name);
	expect_device(twin[0], "lo");
	expect_device(twin[1], device);
	is(!strcmp(device, "lo") || name_of(twin[0]).in.sin_port == name_of(twin[1]).in.sin_port);
	served[0] = must(accept(listener, NULL, NULL));
	served[1] = must(accept(listener, NULL, NULL));
	expect_text(served[0], "gone");
	expect_text(served[0], "");
	expect_device(served[0], device);
	expect_device(served[1], device);
	both_ways((int [2]){ client, served[1] }, 1);
	connect_pair(listener, device, pair);
	both_ways(pair, 2);
	if (link_udp >= 0)
		end_link();
}

/* ---- addresses that nobody has ------------------------------------------- */

#define NOBODY "203.0.113.77"
#define NOBODY6 "2001:db8::77"

static int beside, free_udp, free_udp6, free_tcp, free_tcp6, given_up, transparent = -1, sent_from = -1;
static union name free_name[7];

static int bound_free(int type, const char *text, int level, int option)
{
	union name name = address(text, NULL);
	int fd = must(socket(name.any.sa_family, type, 0));

	set(fd, level, option, 1);
	must(bind(fd, &name.any, sizeof(name)));
	if (type == SOCK_STREAM)
		must(listen(fd, 4));
	lies_still(fd);
	return fd;
}

void freebind_begin(void)
{
	beside = bound(SOCK_DGRAM, "127.0.0.1", "lo");
	to_itself(beside);
	free_udp = bound_free(SOCK_DGRAM, NOBODY, SOL_IP, IP_FREEBIND);
	free_udp6 = bound_free(SOCK_DGRAM, NOBODY6, SOL_IPV6, IPV6_FREEBIND);
	free_tcp = bound_free(SOCK_STREAM, NOBODY, SOL_IP, IP_FREEBIND);
	free_tcp6 = bound_free(SOCK_STREAM, NOBODY6, SOL_IPV6, IPV6_FREEBIND);
	/* it is bound and would not be any more */
	given_up = bound_free(SOCK_DGRAM, NOBODY6, SOL_IPV6, IPV6_FREEBIND);
	set(given_up, SOL_IPV6, IPV6_FREEBIND, 0);
	if (!geteuid()) {
		union name to = name_of(beside);

		transparent = bound_free(SOCK_STREAM, NOBODY, SOL_IP, IP_TRANSPARENT);
		/* it is connected and could not be any more */
		sent_from = bound_free(SOCK_DGRAM, NOBODY, SOL_IP, IP_TRANSPARENT);
		must(connect(sent_from, &to.any, sizeof(to.in)));
		set(sent_from, SOL_IP, IP_TRANSPARENT, 0);
		free_name[6] = name_of(sent_from);
	}
	free_name[0] = name_of(free_udp);
	free_name[1] = name_of(free_udp6);
	free_name[2] = name_of(free_tcp);
	free_name[3] = name_of(free_tcp6);
	free_name[4] = name_of(given_up);
	if (transparent >= 0)
		free_name[5] = name_of(transparent);
}

void freebind_step(long number)
{
	echo(beside, beside, number);
}

void freebind_end(void)
{
	union name name = address(NOBODY6, NULL);
	int fd = must(socket(AF_INET6, SOCK_DGRAM, 0));

	expect_name(free_udp, &free_name[0]);
	expect_name(free_udp6, &free_name[1]);
	expect_name(free_tcp, &free_name[2]);
	expect_name(free_tcp6, &free_name[3]);
	expect_name(given_up, &free_name[4]);
	is(get(free_udp, SOL_IP, IP_FREEBIND) == 1 && get(free_tcp, SOL_IP, IP_FREEBIND) == 1);
	is(get(free_udp6, SOL_IPV6, IPV6_FREEBIND) == 1);
	is(get(free_tcp6, SOL_IPV6, IPV6_FREEBIND) == 1);
	is(get(given_up, SOL_IPV6, IPV6_FREEBIND) == 0);
	if (transparent >= 0) {
		expect_name(transparent, &free_name[5]);
		is(get(transparent, SOL_IP, IP_TRANSPARENT) == 1);
		is(get(transparent, SOL_IP, IP_FREEBIND) == 0);
		expect_name(sent_from, &free_name[6]);
		expect_peer(sent_from, beside);
		is(get(sent_from, SOL_IP, IP_TRANSPARENT) == 0);
	}
	/* who has not set it may not be there */
	is(bind(fd, &name.any, sizeof(name)) == -1 && errno == EADDRNOTAVAIL);
}
