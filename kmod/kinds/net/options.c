// SPDX-License-Identifier: GPL-2.0-only
/* The options of socket(7). */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <net/sock_reuseport.h>

#include "net.h"

#define NO_TIMEOUT (~0ULL)
#define WIDE_BYTES (64 << 20)

static const struct {
	enum sock_flags flag;
	u32 option;
} flags[] = {
	{ SOCK_KEEPOPEN, PROCMIG_SOCKET_KEEPALIVE },
	{ SOCK_BROADCAST, PROCMIG_SOCKET_BROADCAST },
	{ SOCK_URGINLINE, PROCMIG_SOCKET_URGENT_INLINE },
	{ SOCK_LOCALROUTE, PROCMIG_SOCKET_DONTROUTE },
	{ SOCK_LINGER, PROCMIG_SOCKET_LINGER },
	{ SOCK_RXQ_OVFL, PROCMIG_SOCKET_DROPS },
	{ SOCK_FILTER_LOCKED, PROCMIG_SOCKET_FILTER_LOCKED },
};

struct sock *sockets_sock(struct file *file)
{
	struct socket *socket = sock_from_file(file);

	return socket ? socket->sk : NULL;
}

/* Of the others nobody looks at it. */
static bool may_have_device(struct sock *sk)
{
	return sk->sk_family == AF_INET || sk->sk_family == AF_INET6;
}

static bool is_selected_by_program(struct sock *sk)
{
	struct sock_reuseport *group;
	bool selected;

	rcu_read_lock();
	group = rcu_dereference(sk->sk_reuseport_cb);
	selected = group && rcu_access_pointer(group->prog);
	rcu_read_unlock();
	return selected;
}

const char *sockets_obstacle(struct sock *sk)
{
	const char *why = sockets_filter_obstacle(sk);

	if (why)
		return why;
	if (is_selected_by_program(sk))
		return "a program that selects (SO_ATTACH_REUSEPORT_CBPF or _EBPF)";
	if (sk->sk_bound_dev_if && !may_have_device(sk))
		return "bound to a device (SO_BINDTODEVICE)";
	if (sock_flag(sk, SOCK_TXTIME) || sock_flag(sk, SOCK_ZEROCOPY))
		return "SO_TXTIME or SO_ZEROCOPY";
	if (sk->sk_tsflags)
		return "SO_TIMESTAMPING";
	return NULL;
}

static u64 timeout_ns(long timeout)
{
	return timeout == MAX_SCHEDULE_TIMEOUT ? NO_TIMEOUT : jiffies_to_nsecs(timeout);
}

static long timeout_jiffies(u64 ns)
{
	return ns == NO_TIMEOUT ? MAX_SCHEDULE_TIMEOUT :
	       min_t(u64, nsecs_to_jiffies64(ns), MAX_SCHEDULE_TIMEOUT - 1);
}

void sockets_save(struct sock *sk, struct procmig_socket *saved)
{
	struct inode *inode = SOCK_INODE(sk->sk_socket);
	unsigned int i;

	*saved = (struct procmig_socket) {
		.type = sk->sk_type,
		.protocol = sk->sk_protocol,
		.shutdown = sk->sk_shutdown & SHUTDOWN_MASK,
		.send_bytes = sk->sk_sndbuf,
		.receive_bytes = sk->sk_rcvbuf,
		.locks = sk->sk_userlocks & (SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK),
		.low_water = sk->sk_rcvlowat,
		.send_timeout_ns = timeout_ns(sk->sk_sndtimeo),
		.receive_timeout_ns = timeout_ns(sk->sk_rcvtimeo),
		.linger_s = sk->sk_lingertime == MAX_SCHEDULE_TIMEOUT ? 0 :
			    sk->sk_lingertime / HZ,
		.priority = sk->sk_priority,
		.mark = sk->sk_mark,
		.backlog = sk->sk_max_ack_backlog,
		.uid = i_uid_read(inode),
		.gid = i_gid_read(inode),
		.mode = inode->i_mode & 07777,
		.error = sk->sk_err,
	};
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (sock_flag(sk, flags[i].flag))
			saved->options |= flags[i].option;
	if (sk->sk_reuse)
		saved->options |= PROCMIG_SOCKET_REUSE;
	if (sk->sk_reuseport)
		saved->options |= PROCMIG_SOCKET_REUSE_PORT;
	if (sk->sk_no_check_tx)
		saved->options |= PROCMIG_SOCKET_NO_CHECK;
	if (test_bit(SOCK_PASSCRED, &sk->sk_socket->flags))
		saved->options |= PROCMIG_SOCKET_PASSCRED;
	if (test_bit(SOCK_PASSSEC, &sk->sk_socket->flags))
		saved->options |= PROCMIG_SOCKET_PASSSEC;
	if (sock_flag(sk, SOCK_RCVTSTAMP))
		saved->options |= sock_flag(sk, SOCK_RCVTSTAMPNS) ?
				  PROCMIG_SOCKET_TIMESTAMP_NS : PROCMIG_SOCKET_TIMESTAMP;
}

static int set_option(struct socket *socket, int option, int value)
{
	return sock_setsockopt(socket, SOL_SOCKET, option, KERNEL_SOCKPTR(&value),
			       sizeof(value));
}

/* What other code must hear about, and what binding looks at. */
static int set_options(struct socket *socket, const struct procmig_socket *saved)
{
	struct sock *sk = socket->sk;
	u32 options = saved->options;
	int ret = 0;

	if (options & PROCMIG_SOCKET_KEEPALIVE)
		ret = set_option(socket, SO_KEEPALIVE, 1);
	if (!ret && options & PROCMIG_SOCKET_TIMESTAMP)
		ret = set_option(socket, SO_TIMESTAMP_OLD, 1);
	if (!ret && options & PROCMIG_SOCKET_TIMESTAMP_NS)
		ret = set_option(socket, SO_TIMESTAMPNS_OLD, 1);
	if (ret)
		return ret;
	lock_sock(sk);
	sk->sk_reuse = options & PROCMIG_SOCKET_REUSE ? SK_CAN_REUSE : SK_NO_REUSE;
	sk->sk_reuseport = !!(options & PROCMIG_SOCKET_REUSE_PORT);
	sk->sk_no_check_tx = !!(options & PROCMIG_SOCKET_NO_CHECK);
	sk->sk_priority = saved->priority;
	sk->sk_mark = saved->mark;
	release_sock(sk);
	return 0;
}

struct file *sockets_make(struct procmig_file_load *load, int family,
			  const struct procmig_socket *saved)
{
	struct socket *socket;
	struct inode *inode;
	struct file *file;
	int ret;

	ret = sock_create(family, saved->type, saved->protocol, &socket);
	if (ret)
		return ERR_PTR(ret);
	/* From here on the socket goes with the file, even if there comes none. */
	file = sock_alloc_file(socket, 0, NULL);
	if (IS_ERR(file))
		return file;
	inode = SOCK_INODE(socket);
	i_uid_write(inode, saved->uid);
	i_gid_write(inode, saved->gid);
	inode->i_mode = S_IFSOCK | (saved->mode & 07777);
	socket->sk->sk_uid = inode->i_uid;
	ret = set_options(socket, saved);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

void sockets_open_wide(struct sock *sk)
{
	WRITE_ONCE(sk->sk_sndbuf, WIDE_BYTES);
	WRITE_ONCE(sk->sk_rcvbuf, WIDE_BYTES);
	WRITE_ONCE(sk->sk_max_ack_backlog, INT_MAX);
}

void sockets_finish(struct sock *sk, const struct procmig_socket *saved)
{
	unsigned int i;

	lock_sock(sk);
	sk->sk_reuse = saved->options & PROCMIG_SOCKET_REUSE ? SK_CAN_REUSE : SK_NO_REUSE;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].flag != SOCK_KEEPOPEN)
			sock_valbool_flag(sk, flags[i].flag,
					  saved->options & flags[i].option);
	WRITE_ONCE(sk->sk_sndbuf, max_t(int, saved->send_bytes, SOCK_MIN_SNDBUF));
	WRITE_ONCE(sk->sk_rcvbuf, max_t(int, saved->receive_bytes, SOCK_MIN_RCVBUF));
	sk->sk_userlocks |= saved->locks & (SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK);
	WRITE_ONCE(sk->sk_rcvlowat, max(saved->low_water, 1));
	WRITE_ONCE(sk->sk_sndtimeo, timeout_jiffies(saved->send_timeout_ns));
	WRITE_ONCE(sk->sk_rcvtimeo, timeout_jiffies(saved->receive_timeout_ns));
	WRITE_ONCE(sk->sk_max_ack_backlog, saved->backlog);
	sk->sk_lingertime = (unsigned long)saved->linger_s * HZ;
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | (saved->shutdown & SHUTDOWN_MASK));
	sk->sk_err = saved->error <= MAX_ERRNO ? saved->error : 0;
	if (saved->options & PROCMIG_SOCKET_PASSCRED)
		set_bit(SOCK_PASSCRED, &sk->sk_socket->flags);
	if (saved->options & PROCMIG_SOCKET_PASSSEC)
		set_bit(SOCK_PASSSEC, &sk->sk_socket->flags);
	release_sock(sk);
}
