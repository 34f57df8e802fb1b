// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unix sockets: stream, datagram and sequenced packets, with names, queues and
 * what is in flight.  Whoever they are connected to must be inside, or gone, or
 * somebody whom datagrams are sent to by a path, as to a log: then it is whoever
 * is there on the target.  Here: what source and target share, and the inspection.
 */
#include <linux/file.h>
#include <linux/module.h>

#include "unix.h"

bool unix_match(struct file *file)
{
	struct sock *sk = sockets_sock(file);

	return sk && sk->sk_family == AF_UNIX && !(file->f_mode & FMODE_PATH);
}

struct file *unix_file_of(struct sock *sk)
{
	struct socket *socket = sk ? READ_ONCE(sk->sk_socket) : NULL;

	return socket ? socket->file : NULL;
}

bool unix_is_replaceable(struct sock *sk, struct sock *peer)
{
	struct unix_sock *u = unix_sk(peer);
	/* As unix_getname() reads it: the path was there before the name. */
	struct unix_address *name = smp_load_acquire(&u->addr);

	return sk->sk_type == SOCK_DGRAM && !READ_ONCE(unix_sk(sk)->addr) &&
	       name && u->path.dentry && !d_unlinked(u->path.dentry) &&
	       d_inode(u->path.dentry)->i_mode & 0002 && unix_peer(peer) != sk;
}

struct sk_buff *unix_queued(struct sock *sk, unsigned int nth)
{
	struct sk_buff *skb, *found = NULL;

	spin_lock(&sk->sk_receive_queue.lock);
	skb_queue_walk(&sk->sk_receive_queue, skb)
		if (!nth--) {
			found = skb_get(skb);
			break;
		}
	spin_unlock(&sk->sk_receive_queue.lock);
	return found;
}

struct sock *unix_waiting(struct sock *sk, unsigned int nth, struct sk_buff **skb)
{
	*skb = unix_is_listening(sk) ? unix_queued(sk, nth) : NULL;
	return *skb ? (*skb)->sk : NULL;
}

/* ---- inspecting ---------------------------------------------------------- */

static bool is_file(struct file *file, const void *other)
{
	return file == other;
}

static bool listens_for(struct file *file, const void *connection)
{
	struct sock *sk, *found = NULL;
	struct sk_buff *skb;
	unsigned int nth = 0;

	if (!unix_match(file))
		return false;
	sk = sockets_sock(file);
	while (found != connection && (found = unix_waiting(sk, nth++, &skb)))
		kfree_skb(skb);
	return found;
}

static struct sock *get_peer(struct sock *sk)
{
	struct sock *peer;

	unix_state_lock(sk);
	peer = unix_peer(sk);
	if (peer)
		sock_hold(peer);
	unix_state_unlock(sk);
	return peer;
}

/* The file of a socket, referenced; @alive: whether it has not been closed. */
static struct file *get_file_of(struct sock *sk, bool *alive)
{
	struct file *file;

	unix_state_lock(sk);
	*alive = !sock_flag(sk, SOCK_DEAD);
	file = *alive ? unix_file_of(sk) : NULL;
	if (file && !get_file_rcu(file)) {
		*alive = false;
		file = NULL;
	}
	unix_state_unlock(sk);
	return file;
}

/* A client that has closed its end is nowhere. */
static bool is_client_outside(struct procmig_file_inspection *at, struct sock *end)
{
	struct sock *client = get_peer(end);
	struct file *file;
	bool outside;

	if (!client)
		return false;
	file = get_file_of(client, &outside);
	if (file) {
		outside = !procmig_file_is_inside(at, file);
		fput(file);
	}
	sock_put(client);
	return outside;
}

static void inspect_waiting(struct procmig_file_inspection *at, struct sock *sk)
{
	struct sk_buff *skb;
	unsigned int nth;
	struct sock *end;
	bool outside = false;

	for (nth = 0; !outside && (end = unix_waiting(sk, nth, &skb)); nth++) {
		outside = is_client_outside(at, end);
		kfree_skb(skb);
	}
	if (outside)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_STATE,
				      "Unix socket: a connection from outside waits to be accepted");
}

static void inspect_peer(struct procmig_file_inspection *at, struct sock *sk)
{
	struct procmig_file_holder holder;
	struct sock *peer = get_peer(sk);
	struct file *file;
	bool alive;

	if (!peer)
		return;
	file = get_file_of(peer, &alive);
	if (alive && !file && !procmig_file_count(at, listens_for, peer))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_STATE,
				      "Unix socket: its connection waits to be accepted outside");
	else if (file && !procmig_file_is_inside(at, file) && !unix_is_replaceable(sk, peer)) {
		if (procmig_file_find_holder(at, is_file, file, &holder))
			procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
					      "Unix socket: it is connected to pid %d (%s), fd %u, outside; migrate them together or close it",
					      holder.pid, holder.comm, holder.fd);
		else
			procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
					      "Unix socket: it is connected to one that is on its way through a socket");
	}
	if (file)
		fput(file);
	sock_put(peer);
}

static void unix_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct sock *sk = sockets_sock(file);
	struct unix_sock *u = unix_sk(sk);
	const char *why = sockets_obstacle(sk);

	if (why)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED, "Unix socket: %s", why);
#if IS_ENABLED(CONFIG_AF_UNIX_OOB)
	if (READ_ONCE(u->oob_skb))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "Unix socket: urgent data (MSG_OOB)");
#endif
	if (unix_is_listening(sk))
		inspect_waiting(at, sk);
	else
		inspect_peer(at, sk);
}

static const struct procmig_kind kinds[] = {
	{ "Unix socket", PROCMIG_KIND_CARRIED,
	  "stream, datagram, seqpacket; names, queues, descriptors in flight, connections nobody has accepted; peers inside or gone, or found by a path as a log is" },
};

const struct procmig_file_kind unix_kind = {
	.name = "unix",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = unix_match,
	.inspect = unix_inspect,
	.each_kept = unix_each_kept,
	.checkpoint = unix_checkpoint,
	.checkpoint_data = unix_checkpoint_data,
	.restart = unix_restart,
	.restart_data = unix_restart_data,
	.resume = unix_resume,
	.release = unix_release,
};
