// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP sockets: new, bound, listening, and connected if the other end is inside
 * or gone.  What is said to the user about the others.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <net/addrconf.h>
#include <net/inet_connection_sock.h>
#include <net/request_sock.h>

#include "tcp.h"

#define TRIES 20

static bool tcp_match(struct file *file)
{
	struct sock *sk = sockets_sock(file);

	return sk && (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	       !(file->f_mode & FMODE_PATH) &&
	       sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP;
}

/* ---- the other end ------------------------------------------------------- */

static bool is_ipv4(const struct sock *sk)
{
	return sk->sk_family == AF_INET || ipv6_addr_v4mapped(&sk->sk_v6_daddr);
}

static bool is_on_this_node(const struct sock *sk)
{
	struct net_device *device;
	bool is;

	if (is_ipv4(sk))
		return inet_addr_type(sock_net(sk), sk->sk_daddr) == RTN_LOCAL;
	rcu_read_lock();
	/* An address of a link may be that of another machine on another link. */
	device = dev_get_by_index_rcu(sock_net(sk), sk->sk_bound_dev_if);
	is = ipv6_chk_addr(sock_net(sk), &sk->sk_v6_daddr, device, 0);
	rcu_read_unlock();
	return is;
}

static struct sock *find(struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct sockaddr_in local4 = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = sk->sk_rcv_saddr,
		.sin_port = inet->inet_sport,
	};
	const struct sockaddr_in remote4 = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = sk->sk_daddr,
		.sin_port = inet->inet_dport,
	};
	const struct sockaddr_in6 local6 = {
		.sin6_family = AF_INET6,
		.sin6_addr = sk->sk_v6_rcv_saddr,
		.sin6_port = inet->inet_sport,
	};
	const struct sockaddr_in6 remote6 = {
		.sin6_family = AF_INET6,
		.sin6_addr = sk->sk_v6_daddr,
		.sin6_port = inet->inet_dport,
	};

	if (is_ipv4(sk))
		return procmig_compat_tcp_find(sock_net(sk), sk->sk_bound_dev_if,
					       (const struct sockaddr *)&local4,
					       (const struct sockaddr *)&remote4);
	return procmig_compat_tcp_find(sock_net(sk), sk->sk_bound_dev_if,
				       (const struct sockaddr *)&local6,
				       (const struct sockaddr *)&remote6);
}

static enum tcp_other kind_of_other(struct sock *sk, struct sock *other)
{
	struct file *file;

	if (!is_on_this_node(sk))
		return TCP_OTHER_AWAY;
	if (!other || READ_ONCE(other->sk_state) == TCP_TIME_WAIT)
		return TCP_OTHER_GONE;
	if (!sk_fullsock(other) || READ_ONCE(other->sk_state) == TCP_SYN_RECV)
		return TCP_OTHER_ASKED;
	if (other == sk)
		return TCP_OTHER_ITSELF;
	file = procmig_file_of_socket(other);
	if (file) {
		fput(file);
		return TCP_OTHER_HELD;
	}
	return sock_flag(other, SOCK_DEAD) ? TCP_OTHER_CLOSED : TCP_OTHER_WAITING;
}

struct sock *tcp_find_other(struct sock *sk, enum tcp_other *where)
{
	struct sock *other = find(sk);

	*where = kind_of_other(sk, other);
	if (*where <= TCP_OTHER_WAITING)
		return other;
	if (other)
		sock_gen_put(other);
	return NULL;
}

struct sock *tcp_acceptable(struct sock *sk, unsigned int nth)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *request;
	struct sock *found = NULL;

	spin_lock_bh(&queue->rskq_lock);
	for (request = queue->rskq_accept_head; request && nth--; request = request->dl_next)
		;
	if (request && request->sk) {
		found = request->sk;
		sock_hold(found);
	}
	spin_unlock_bh(&queue->rskq_lock);
	return found;
}

int tcp_state_alone(int state, bool ended, bool unsent)
{
	switch (state) {
	case TCP_CLOSE:
	case TCP_CLOSE_WAIT:
		return state;
	case TCP_LAST_ACK:
		return unsent ? TCP_LAST_ACK : TCP_CLOSE;
	case TCP_CLOSING:
		return unsent ? 0 : TCP_CLOSE;
	case TCP_ESTABLISHED:
		return ended ? TCP_CLOSE_WAIT : 0;
	case TCP_FIN_WAIT2:
		return ended ? TCP_CLOSE : 0;
	default:
		return 0;
	}
}

/* The connection is one object; its ends find it by the one with the lower address. */
static const void *tcp_object(struct file *file)
{
	struct sock *sk = sockets_sock(file), *other;
	const void *object = sk;
	enum tcp_other where;

	if ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN | TCPF_SYN_SENT))
		return sk;
	other = tcp_find_other(sk, &where);
	if (where == TCP_OTHER_HELD && other < sk)
		object = other;
	if (other)
		sock_put(other);
	return object;
}

/* ---- inspecting ---------------------------------------------------------- */

static const char *state_name(int state)
{
	switch (state) {
	case TCP_ESTABLISHED:
		return "established";
	case TCP_SYN_SENT:
		return "connecting";
	case TCP_LISTEN:
		return "listening";
	case TCP_CLOSE:
		return "closed";
	default:
		return "closing";
	}
}

/* "fd 5: TCP socket 10.0.0.3:6379 established: ..." */
__printf(4, 5)
static void say(struct procmig_file_inspection *at, struct sock *sk,
		enum procmig_obstacle_code code, const char *format, ...)
{
	struct socket *socket = sk->sk_socket;
	struct sockaddr_storage address = {};
	int state = READ_ONCE(sk->sk_state);
	struct va_format text;
	va_list args;

	/* An unconnected socket has no peer: show what it is bound to. */
	if (state == TCP_LISTEN ||
	    socket->ops->getname(socket, (struct sockaddr *)&address, 1) < 0)
		socket->ops->getname(socket, (struct sockaddr *)&address, 0);
	va_start(args, format);
	text.fmt = format;
	text.va = &args;
	procmig_file_obstacle(at, code, "TCP socket %pISpc %s: %pV", &address,
			      state_name(state), &text);
	va_end(args);
}

static bool has_urgent_data(const struct tcp_sock *tcp)
{
	return tcp->urg_data || tcp->snd_una != tcp->snd_up;
}

static const char *obstacle(struct sock *sk)
{
	const struct tcp_sock *tcp = tcp_sk(sk);
	const char *why = inet_obstacle(sk);

	if (why)
		return why;
	if (inet_csk(sk)->icsk_ulp_ops)
		return "a protocol on top, as kernel TLS (TCP_ULP)";
#ifdef CONFIG_TCP_MD5SIG
	if (rcu_access_pointer(tcp->md5sig_info))
		return "signed segments (TCP_MD5SIG)";
#endif
	if (sk_is_mptcp(sk))
		return "it is one path of several (MPTCP)";
	if (tcp->repair)
		return "it is under repair (TCP_REPAIR)";
	if (tcp->tcp_tx_delay)
		return "delayed sending (TCP_TX_DELAY)";
	if (!((1 << READ_ONCE(sk->sk_state)) & (TCPF_CLOSE | TCPF_LISTEN | TCPF_SYN_SENT)) &&
	    has_urgent_data(tcp))
		return "urgent data (MSG_OOB)";
	if (!skb_queue_empty_lockless(&sk->sk_error_queue))
		return "errors wait to be received (MSG_ERRQUEUE)";
	return NULL;
}

static void inspect_holder(struct procmig_file_inspection *at, struct sock *sk,
			   struct file *file)
{
	struct procmig_file_holder holder;

	if (procmig_file_is_inside(at, file))
		return;
	if (procmig_file_find_holder(at, inet_is_file, file, &holder))
		say(at, sk, PROCMIG_OBSTACLE_SHARED,
		    "its other end is pid %d (%s), fd %u, outside; migrate them together or close it",
		    holder.pid, holder.comm, holder.fd);
	else
		say(at, sk, PROCMIG_OBSTACLE_SHARED,
		    "its other end is outside, or on its way through a socket");
}

static bool listens_for(struct file *file, const void *connection)
{
	struct sock *sk, *found = NULL;
	unsigned int nth = 0;

	if (!tcp_match(file))
		return false;
	sk = sockets_sock(file);
	if (READ_ONCE(sk->sk_state) != TCP_LISTEN)
		return false;
	while (found != connection && (found = tcp_acceptable(sk, nth++)))
		sock_put(found);
	return found;
}

static bool would_accept(struct file *file, const void *asking)
{
	const struct sock *client = asking, *sk;

	if (!tcp_match(file))
		return false;
	sk = sockets_sock(file);
	if (READ_ONCE(sk->sk_state) != TCP_LISTEN ||
	    inet_sk(sk)->inet_sport != inet_sk(client)->inet_dport)
		return false;
	if (is_ipv4(client))
		return !sk->sk_rcv_saddr || sk->sk_rcv_saddr == client->sk_daddr;
	return sk->sk_family == AF_INET6 &&
	       (ipv6_addr_any(&sk->sk_v6_rcv_saddr) ||
		ipv6_addr_equal(&sk->sk_v6_rcv_saddr, &client->sk_v6_daddr));
}

static void inspect_asking(struct procmig_file_inspection *at, struct sock *sk)
{
	if (!is_on_this_node(sk) || !procmig_file_count(at, would_accept, sk))
		say(at, sk, PROCMIG_OBSTACLE_UNSUPPORTED, "no loaded subsystem carries it");
}

/* Whether the other end is inside, or nobody has it. */
static bool is_settled(struct procmig_file_inspection *at, struct sock *sk)
{
	enum tcp_other where;
	struct sock *other = tcp_find_other(sk, &where);
	struct file *file = where == TCP_OTHER_HELD ? procmig_file_of_socket(other) : NULL;
	bool settled = true;

	if (where == TCP_OTHER_HELD)
		settled = file && procmig_file_is_inside(at, file);
	else if (where == TCP_OTHER_WAITING)
		settled = procmig_file_count(at, listens_for, other);
	else if (where == TCP_OTHER_ASKED)
		settled = false;
	if (file)
		fput(file);
	if (other)
		sock_put(other);
	return settled;
}

static void inspect_connection(struct procmig_file_inspection *at, struct sock *sk)
{
	struct file *file = NULL;
	enum tcp_other where;
	struct sock *other;
	bool ended, unsent;
	unsigned int tries;

	/* While the process runs one may be on its way out of the queue to a descriptor. */
	for (tries = 0; tries < TRIES && !is_settled(at, sk); tries++)
		usleep_range(1000, 2000);
	other = tcp_find_other(sk, &where);
	switch (where) {
	case TCP_OTHER_HELD:
		file = procmig_file_of_socket(other);
		if (file) {
			inspect_holder(at, sk, file);
			fput(file);
		}
		break;
	case TCP_OTHER_WAITING:
		if (!procmig_file_count(at, listens_for, other))
			say(at, sk, PROCMIG_OBSTACLE_SHARED,
			    "it waits to be accepted by somebody outside");
		break;
	case TCP_OTHER_CLOSED:
	case TCP_OTHER_GONE:
		ended = other && tcp_has_said_last(READ_ONCE(other->sk_state));
		unsent = !tcp_rtx_and_write_queues_empty(sk);
		if (!tcp_state_alone(READ_ONCE(sk->sk_state), ended, unsent))
			say(at, sk, PROCMIG_OBSTACLE_STATE,
			    "its other end is closed, and not everything has come through; close it or try again");
		break;
	case TCP_OTHER_ASKED:
		say(at, sk, PROCMIG_OBSTACLE_STATE, "its other end is not connected yet; try again");
		break;
	case TCP_OTHER_ITSELF:
		say(at, sk, PROCMIG_OBSTACLE_UNSUPPORTED, "it is connected to itself");
		break;
	case TCP_OTHER_AWAY:
		say(at, sk, PROCMIG_OBSTACLE_UNSUPPORTED, "no loaded subsystem carries it");
		break;
	}
	if (other)
		sock_put(other);
}

/* The client of a connection that waits to be accepted, @child. */
static bool is_client_carried(struct procmig_file_inspection *at, struct sock *child)
{
	struct file *file = NULL;
	enum tcp_other where;
	struct sock *client = tcp_find_other(child, &where);
	bool carried;

	if (!((1 << READ_ONCE(child->sk_state)) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)))
		where = TCP_OTHER_AWAY;
	switch (where) {
	case TCP_OTHER_HELD:
		file = procmig_file_of_socket(client);
		carried = file && procmig_file_is_inside(at, file);
		if (file)
			fput(file);
		break;
	case TCP_OTHER_CLOSED:
		carried = true;
		break;
	case TCP_OTHER_GONE:
		carried = READ_ONCE(child->sk_state) == TCP_CLOSE_WAIT;
		break;
	default:
		carried = false;
	}
	if (client)
		sock_put(client);
	return carried;
}

static bool are_waiting_carried(struct procmig_file_inspection *at, struct sock *sk)
{
	struct sock *child;
	unsigned int nth;
	bool carried = true;

	for (nth = 0; carried && (child = tcp_acceptable(sk, nth)); nth++) {
		carried = is_client_carried(at, child);
		sock_put(child);
	}
	return carried && READ_ONCE(sk->sk_ack_backlog) <= nth;
}

static void inspect_waiting(struct procmig_file_inspection *at, struct sock *sk)
{
	unsigned int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (are_waiting_carried(at, sk))
			return;
		usleep_range(1000, 2000);
	}
	say(at, sk, PROCMIG_OBSTACLE_STATE, "a connection from outside waits to be accepted");
}

static void tcp_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct sock *sk = sockets_sock(file);
	const char *why = obstacle(sk);

	if (why) {
		say(at, sk, PROCMIG_OBSTACLE_UNSUPPORTED, "%s: no loaded subsystem carries it",
		    why);
		return;
	}
	inet_claim(at, &tcp_kind, sk);
	switch (READ_ONCE(sk->sk_state)) {
	case TCP_CLOSE:
		break;
	case TCP_LISTEN:
		inspect_waiting(at, sk);
		break;
	case TCP_SYN_SENT:
		inspect_asking(at, sk);
		break;
	default:
		inspect_connection(at, sk);
	}
}

static const struct procmig_kind kinds[] = {
	{ "listening TCP socket", PROCMIG_KIND_CARRIED,
	  "or closed; the target must have its address, unless it need not (IP_FREEBIND), and its device, and the port free" },
	{ "connected TCP socket", PROCMIG_KIND_CARRIED,
	  "both ends inside, or the other one gone; queues, half-closed, waiting to be accepted" },
	{ "TCP connection to somebody outside", PROCMIG_KIND_PLANNED,
	  "nothing tells the peer where it went" },
};

const struct procmig_file_kind tcp_kind = {
	.name = "tcp",
	.version = 2,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = tcp_match,
	.inspect = tcp_inspect,
	.admit = inet_admit,
	.object = tcp_object,
	.checkpoint = tcp_checkpoint,
	.checkpoint_data = tcp_checkpoint_data,
	.restart = tcp_restart,
	.restart_data = tcp_restart_data,
	.resume = tcp_resume,
	.release = tcp_release,
};
