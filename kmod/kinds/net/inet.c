// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP and UDP sockets that are connected to nobody: new, bound, listening; and
 * UDP sockets that are connected, because nobody keeps a connection at the other
 * end.
 */
#include <linux/file.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/module.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#include "net.h"

#define FLAGS (PROCMIG_INET_BOUND_PORT | PROCMIG_INET_BOUND_ADDRESS |		\
	       PROCMIG_INET_LISTENING | PROCMIG_INET_CONNECTED |		\
	       PROCMIG_INET_V6ONLY | PROCMIG_INET_NODELAY | PROCMIG_INET_KEEPALIVE)

static bool is_tcp(struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP;
}

static bool internet_match(struct file *file)
{
	struct sock *sk = sockets_sock(file);

	return sk && (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	       !(file->f_mode & FMODE_PATH) &&
	       (is_tcp(sk) ||
		(sk->sk_type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP));
}

/* ---- inspecting ---------------------------------------------------------- */

static const char *tcp_state(int state)
{
	switch (state) {
	case TCP_ESTABLISHED:
		return "established";
	case TCP_SYN_SENT:
		return "connecting";
	default:
		return "closing";
	}
}

static const char *internet_obstacle(struct sock *sk)
{
	const char *why = sockets_obstacle(sk);

	if (why)
		return why;
	if (!is_tcp(sk))
		return skb_queue_empty_lockless(&sk->sk_receive_queue) &&
		       skb_queue_empty_lockless(&udp_sk(sk)->reader_queue) ? NULL :
		       "datagrams wait to be received";
	switch (READ_ONCE(sk->sk_state)) {
	case TCP_CLOSE:
		return skb_queue_empty_lockless(&sk->sk_receive_queue) ? NULL :
		       "closed, but there is still something to be received";
	case TCP_LISTEN:
		return READ_ONCE(sk->sk_ack_backlog) ?
		       "listening, and a connection waits to be accepted" : NULL;
	default:
		return tcp_state(sk->sk_state);
	}
}

static void internet_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct sock *sk = sockets_sock(file);
	struct socket *socket = sk->sk_socket;
	const char *why = internet_obstacle(sk);
	struct sockaddr_storage address = {};

	if (!why)
		return;
	/* An unconnected socket has no peer: show what it is bound to. */
	if (READ_ONCE(sk->sk_state) == TCP_LISTEN ||
	    socket->ops->getname(socket, (struct sockaddr *)&address, 1) < 0)
		socket->ops->getname(socket, (struct sockaddr *)&address, 0);
	procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
			      "%s socket %pISpc %s: no loaded subsystem carries it",
			      is_tcp(sk) ? "TCP" : "UDP", &address, why);
}

/* ---- source -------------------------------------------------------------- */

static void save_tcp(struct sock *sk, struct procmig_file_inet *body)
{
	const struct tcp_sock *tcp = tcp_sk(sk);

	if (tcp->nonagle & TCP_NAGLE_OFF)
		body->flags |= PROCMIG_INET_NODELAY;
	if (!tcp->keepalive_time && !tcp->keepalive_intvl && !tcp->keepalive_probes)
		return;
	body->flags |= PROCMIG_INET_KEEPALIVE;
	body->keep_idle_s = keepalive_time_when(tcp) / HZ;
	body->keep_interval_s = keepalive_intvl_when(tcp) / HZ;
	body->keep_count = keepalive_probes(tcp);
}

static ssize_t internet_checkpoint(struct procmig_file_save *save, struct file *file,
			       void *room, size_t bytes)
{
	struct sock *sk = sockets_sock(file);
	struct socket *socket = sk->sk_socket;
	struct inet_sock *inet = inet_sk(sk);
	struct procmig_file_inet *body = room;
	struct sockaddr_storage address = {};

	BUILD_BUG_ON(sizeof(struct sockaddr_in6) != sizeof(body->local));
	memset(body, 0, sizeof(*body));
	sockets_save(sk, &body->socket);
	body->family = sk->sk_family;
	body->ttl = inet->uc_ttl;
	body->tos = inet->tos;
	if (socket->ops->getname(socket, (struct sockaddr *)&address, 0) > 0)
		memcpy(body->local, &address, sizeof(body->local));
	memset(&address, 0, sizeof(address));
	if (!is_tcp(sk) && sk->sk_state == TCP_ESTABLISHED &&
	    socket->ops->getname(socket, (struct sockaddr *)&address, 1) > 0) {
		memcpy(body->remote, &address, sizeof(body->remote));
		body->flags |= PROCMIG_INET_CONNECTED;
	}
	if (inet->inet_num)
		body->flags |= PROCMIG_INET_BOUND_PORT;
	if (sk->sk_userlocks & SOCK_BINDADDR_LOCK)
		body->flags |= PROCMIG_INET_BOUND_ADDRESS;
	if (sk->sk_state == TCP_LISTEN)
		body->flags |= PROCMIG_INET_LISTENING;
	if (sk->sk_ipv6only)
		body->flags |= PROCMIG_INET_V6ONLY;
	if (is_tcp(sk))
		save_tcp(sk, body);
	return sizeof(*body);
}

/* ---- target -------------------------------------------------------------- */

static size_t address_bytes(const struct procmig_file_inet *wanted)
{
	return wanted->family == AF_INET ? sizeof(struct sockaddr_in) :
					   sizeof(struct sockaddr_in6);
}

static int set_option(struct socket *socket, int level, int option, int value)
{
	return socket->ops->setsockopt(socket, level, option, KERNEL_SOCKPTR(&value),
				       sizeof(value));
}

static int set_options(struct socket *socket, const struct procmig_file_inet *wanted)
{
	int ret = 0;

	inet_sk(socket->sk)->uc_ttl = clamp(wanted->ttl, -1, 255);
	inet_sk(socket->sk)->tos = wanted->tos & 0xff;
	if (wanted->flags & PROCMIG_INET_V6ONLY)
		ret = set_option(socket, SOL_IPV6, IPV6_V6ONLY, 1);
	if (!ret && wanted->flags & PROCMIG_INET_NODELAY)
		ret = set_option(socket, SOL_TCP, TCP_NODELAY, 1);
	if (ret || !(wanted->flags & PROCMIG_INET_KEEPALIVE))
		return ret;
	ret = set_option(socket, SOL_TCP, TCP_KEEPIDLE, wanted->keep_idle_s);
	if (!ret)
		ret = set_option(socket, SOL_TCP, TCP_KEEPINTVL, wanted->keep_interval_s);
	return ret ?: set_option(socket, SOL_TCP, TCP_KEEPCNT, wanted->keep_count);
}

static int bind(struct socket *socket, const struct procmig_file_inet *wanted)
{
	struct sockaddr_storage address = {};
	u16 family = wanted->family;

	memcpy(&address, wanted->local, sizeof(wanted->local));
	if (!(wanted->flags & PROCMIG_INET_BOUND_ADDRESS)) {
		/* To all addresses; but the port is where it is in both families. */
		memset(&address, 0, sizeof(address));
		((struct sockaddr_in *)&address)->sin_port =
			((const struct sockaddr_in *)wanted->local)->sin_port;
	}
	address.ss_family = family;
	if (!(wanted->flags & PROCMIG_INET_BOUND_PORT))
		((struct sockaddr_in *)&address)->sin_port = 0;
	return kernel_bind(socket, (struct sockaddr *)&address, address_bytes(wanted));
}

static int rebuild(struct socket *socket, const struct procmig_file_inet *wanted)
{
	struct sockaddr_storage remote = {};
	int ret;

	ret = set_options(socket, wanted);
	if (!ret && wanted->flags & (PROCMIG_INET_BOUND_PORT | PROCMIG_INET_BOUND_ADDRESS))
		ret = bind(socket, wanted);
	if (!ret && wanted->flags & PROCMIG_INET_CONNECTED) {
		memcpy(&remote, wanted->remote, sizeof(wanted->remote));
		remote.ss_family = wanted->family;
		ret = kernel_connect(socket, (struct sockaddr *)&remote,
				     address_bytes(wanted), 0);
	}
	if (!ret && wanted->flags & PROCMIG_INET_LISTENING)
		ret = kernel_listen(socket, wanted->socket.backlog);
	return ret;
}

static bool is_ok(const struct procmig_file_inet *wanted, size_t bytes)
{
	return bytes == sizeof(*wanted) && !(wanted->flags & ~FLAGS) && !wanted->reserved &&
	       (wanted->family == AF_INET || wanted->family == AF_INET6) &&
	       ((wanted->socket.type == SOCK_STREAM &&
		 wanted->socket.protocol == IPPROTO_TCP) ||
		(wanted->socket.type == SOCK_DGRAM &&
		 wanted->socket.protocol == IPPROTO_UDP)) &&
	       (wanted->socket.type == SOCK_STREAM ?
		!(wanted->flags & PROCMIG_INET_CONNECTED) :
		!(wanted->flags & (PROCMIG_INET_LISTENING | PROCMIG_INET_NODELAY |
				   PROCMIG_INET_KEEPALIVE)));
}

static struct file *internet_restart(struct procmig_file_load *load, const void *body,
				 size_t bytes)
{
	const struct procmig_file_inet *wanted = body;
	struct sockaddr_storage address = {};
	struct file *file;
	struct sock *sk;
	int ret;

	if (!is_ok(wanted, bytes))
		return ERR_PTR(procmig_file_refuse(load, "an internet socket"));
	file = sockets_make(load, wanted->family, &wanted->socket);
	if (IS_ERR(file))
		return file;
	sk = sockets_sock(file);
	ret = rebuild(sk->sk_socket, wanted);
	if (ret) {
		memcpy(&address, wanted->local, sizeof(wanted->local));
		procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
			     "%s socket %pISpc cannot be had here (%d)",
			     is_tcp(sk) ? "TCP" : "UDP", &address, ret);
		fput(file);
		return ERR_PTR(ret);
	}
	sockets_finish(sk, &wanted->socket);
	return file;
}

static const struct procmig_kind kinds[] = {
	{ "UDP socket", PROCMIG_KIND_CARRIED,
	  "bound, connected, options; nothing may wait to be received" },
	{ "listening TCP socket", PROCMIG_KIND_CARRIED,
	  "or closed; the address and the port must be free on the target" },
	{ "connected TCP socket", PROCMIG_KIND_PLANNED, "nothing tells the peer where it went" },
};

const struct procmig_file_kind inet_kind = {
	.name = "inet",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = internet_match,
	.inspect = internet_inspect,
	.checkpoint = internet_checkpoint,
	.restart = internet_restart,
};
