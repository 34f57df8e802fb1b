// SPDX-License-Identifier: GPL-2.0-only
/* What TCP and UDP sockets have in common: addresses, ports, options of ip(7). */
#include <linux/file.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <net/addrconf.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>

#include "net.h"

#define FLAGS (PROCMIG_INET_BOUND_PORT | PROCMIG_INET_BOUND_ADDRESS |		\
	       PROCMIG_INET_LOCKED_PORT | PROCMIG_INET_CONNECTED | PROCMIG_INET_V6ONLY)

/* ---- source -------------------------------------------------------------- */

struct file *inet_file_of(struct sock *sk)
{
	struct socket *socket;
	struct file *file;

	/* Whoever closes it takes this lock, and the file does not go before. */
	read_lock_bh(&sk->sk_callback_lock);
	socket = sk->sk_socket;
	file = socket ? socket->file : NULL;
	if (file && !get_file_rcu(file))
		file = NULL;
	read_unlock_bh(&sk->sk_callback_lock);
	return file;
}

bool inet_is_file(struct file *file, const void *other)
{
	return file == other;
}

const char *inet_obstacle(struct sock *sk)
{
	if (rcu_access_pointer(inet_sk(sk)->inet_opt))
		return "IP options (IP_OPTIONS)";
	return sockets_obstacle(sk);
}

void inet_save(struct sock *sk, struct procmig_file_inet *saved)
{
	struct socket *socket = sk->sk_socket;
	struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_storage address = {};

	BUILD_BUG_ON(sizeof(struct sockaddr_in6) != sizeof(saved->local));
	memset(saved, 0, sizeof(*saved));
	sockets_save(sk, &saved->socket);
	saved->family = sk->sk_family;
	saved->ttl = inet->uc_ttl;
	saved->tos = inet->tos;
	if (socket->ops->getname(socket, (struct sockaddr *)&address, 0) > 0)
		memcpy(saved->local, &address, sizeof(saved->local));
	memset(&address, 0, sizeof(address));
	if (socket->ops->getname(socket, (struct sockaddr *)&address, 1) > 0) {
		memcpy(saved->remote, &address, sizeof(saved->remote));
		saved->flags |= PROCMIG_INET_CONNECTED;
	}
	if (inet->inet_num)
		saved->flags |= PROCMIG_INET_BOUND_PORT;
	if (sk->sk_userlocks & SOCK_BINDADDR_LOCK)
		saved->flags |= PROCMIG_INET_BOUND_ADDRESS;
	if (sk->sk_userlocks & SOCK_BINDPORT_LOCK)
		saved->flags |= PROCMIG_INET_LOCKED_PORT;
	if (sk->sk_ipv6only)
		saved->flags |= PROCMIG_INET_V6ONLY;
}

/* ---- target -------------------------------------------------------------- */

bool inet_is_ok(const struct procmig_file_inet *wanted)
{
	return !(wanted->flags & ~FLAGS) && !wanted->socket.reserved &&
	       (wanted->family == AF_INET || wanted->family == AF_INET6);
}

static size_t address_bytes(const struct procmig_file_inet *wanted)
{
	return wanted->family == AF_INET ? sizeof(struct sockaddr_in) :
					   sizeof(struct sockaddr_in6);
}

int inet_set_option(struct socket *socket, int level, int option, int value)
{
	return socket->ops->setsockopt(socket, level, option, KERNEL_SOCKPTR(&value),
				       sizeof(value));
}

int inet_set_options(struct socket *socket, const struct procmig_file_inet *wanted)
{
	inet_sk(socket->sk)->uc_ttl = clamp(wanted->ttl, -1, 255);
	inet_sk(socket->sk)->tos = wanted->tos & 0xff;
	return wanted->flags & PROCMIG_INET_V6ONLY && wanted->family == AF_INET6 ?
	       inet_set_option(socket, SOL_IPV6, IPV6_V6ONLY, 1) : 0;
}

void inet_lenient(struct sock *sk)
{
	/* As a mark, too: nobody else has this. */
	sk->sk_reuse = SK_FORCE_REUSE;
}

void inet_lock_address(struct sock *sk, const struct procmig_file_inet *wanted)
{
	sk->sk_userlocks &= ~(SOCK_BINDADDR_LOCK | SOCK_BINDPORT_LOCK);
	if (wanted->flags & PROCMIG_INET_BOUND_ADDRESS)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	if (wanted->flags & PROCMIG_INET_LOCKED_PORT)
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
}

static bool is_in_the_way(struct sock *other, void *own)
{
	return other != own && other->sk_reuse != SK_FORCE_REUSE &&
	       inet_rcv_saddr_equal(own, other, true);
}

static int bind_to(struct socket *socket, const struct sockaddr_storage *address,
		   size_t bytes)
{
	struct sock *sk = socket->sk;
	int ret;

	ret = kernel_bind(socket, (struct sockaddr *)address, bytes);
	if (ret != -EADDRINUSE)
		return ret;
	/*
	 * Options that allowed it on the source may have been changed since, or
	 * what is in the way has been accepted from a socket that listens.
	 */
	inet_lenient(sk);
	ret = kernel_bind(socket, (struct sockaddr *)address, bytes);
	if (!ret && procmig_compat_port_has(sk, is_in_the_way, sk))
		ret = -EADDRINUSE;
	return ret;
}

int inet_bind_again(struct socket *socket, const struct procmig_file_inet *wanted)
{
	struct sockaddr_storage address = {};
	int ret = 0;

	memcpy(&address, wanted->local, sizeof(wanted->local));
	/* To all addresses; but the port is where it is in both families. */
	if (!(wanted->flags & PROCMIG_INET_BOUND_ADDRESS) &&
	    !(wanted->flags & PROCMIG_INET_CONNECTED && wanted->socket.type == SOCK_STREAM)) {
		memset(&address, 0, sizeof(address));
		((struct sockaddr_in *)&address)->sin_port =
			((const struct sockaddr_in *)wanted->local)->sin_port;
	}
	address.ss_family = wanted->family;
	if (!(wanted->flags & PROCMIG_INET_BOUND_PORT))
		((struct sockaddr_in *)&address)->sin_port = 0;
	if (wanted->flags & (PROCMIG_INET_BOUND_PORT | PROCMIG_INET_BOUND_ADDRESS))
		ret = bind_to(socket, &address, address_bytes(wanted));
	if (ret)
		return ret;
	lock_sock(socket->sk);
	inet_lenient(socket->sk);
	inet_lock_address(socket->sk, wanted);
	release_sock(socket->sk);
	return 0;
}

int inet_connect_again(struct socket *socket, const struct procmig_file_inet *wanted)
{
	struct sockaddr_storage remote = {};

	memcpy(&remote, wanted->remote, sizeof(wanted->remote));
	remote.ss_family = wanted->family;
	return kernel_connect(socket, (struct sockaddr *)&remote, address_bytes(wanted), 0);
}

int inet_failed(struct procmig_file_load *load, const struct procmig_file_inet *wanted,
		int error)
{
	struct sockaddr_storage address = {};

	memcpy(&address, wanted->local, sizeof(wanted->local));
	return procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, error,
			    "%s socket %pISpc cannot be had here (%d)",
			    wanted->socket.type == SOCK_STREAM ? "TCP" : "UDP", &address, error);
}
