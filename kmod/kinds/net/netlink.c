// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink sockets, netlink(7), with which a process asks the kernel, and by which
 * a message queue tells it of a message (mq_notify(3), SIGEV_THREAD).  Answers and
 * events are about this node, so none may wait to be received; what a queue has
 * told may, as the queue comes along.
 */
#include <linux/mqueue.h>
#include <linux/netlink.h>

#include "net.h"

#define OPTIONS (PROCMIG_NETLINK_PACKET_INFO | PROCMIG_NETLINK_BROADCAST_ERRORS |	\
		 PROCMIG_NETLINK_NO_OVERRUNS | PROCMIG_NETLINK_CAP_ACK |		\
		 PROCMIG_NETLINK_EXT_ACK | PROCMIG_NETLINK_STRICT_CHECK)
/* Of struct sock, as net/netlink/af_netlink.c uses it. */
#define CONNECTED 1

static const struct {
	u32 bit;
	int option;
} options[] = {
	{ PROCMIG_NETLINK_PACKET_INFO, NETLINK_PKTINFO },
	{ PROCMIG_NETLINK_BROADCAST_ERRORS, NETLINK_BROADCAST_ERROR },
	{ PROCMIG_NETLINK_NO_OVERRUNS, NETLINK_NO_ENOBUFS },
	{ PROCMIG_NETLINK_CAP_ACK, NETLINK_CAP_ACK },
	{ PROCMIG_NETLINK_EXT_ACK, NETLINK_EXT_ACK },
	{ PROCMIG_NETLINK_STRICT_CHECK, NETLINK_GET_STRICT_CHK },
};

static bool netlink_match(struct file *file)
{
	struct sock *sk = sockets_sock(file);

	return sk && sk->sk_family == AF_NETLINK && !(file->f_mode & FMODE_PATH);
}

/*
 * A queue sends what mq_notify(2) was given, with a code in the last byte, and
 * nothing in front; every other message begins with its length.
 */
static bool is_cookie(const struct sk_buff *skb)
{
	u32 length;

	if (skb->len != NOTIFY_COOKIE_LEN || skb_is_nonlinear(skb))
		return false;
	memcpy(&length, skb->data, sizeof(length));
	return length != NOTIFY_COOKIE_LEN &&
	       (skb->data[NOTIFY_COOKIE_LEN - 1] == NOTIFY_WOKENUP ||
		skb->data[NOTIFY_COOKIE_LEN - 1] == NOTIFY_REMOVED);
}

/* Number @nth of what waits to be received; false if there is none. */
static bool get_cookie(struct sock *sk, unsigned int nth, struct procmig_file_netlink_data *data)
{
	struct sk_buff *skb;
	bool found = false;

	spin_lock_bh(&sk->sk_receive_queue.lock);
	skb_queue_walk(&sk->sk_receive_queue, skb) {
		found = !nth--;
		if (!found)
			continue;
		memcpy(data->cookie, skb->data, sizeof(data->cookie));
		break;
	}
	spin_unlock_bh(&sk->sk_receive_queue.lock);
	return found;
}

static bool has_messages(struct sock *sk)
{
	struct sk_buff *skb;
	bool others = false;

	spin_lock_bh(&sk->sk_receive_queue.lock);
	skb_queue_walk(&sk->sk_receive_queue, skb)
		others |= !is_cookie(skb);
	spin_unlock_bh(&sk->sk_receive_queue.lock);
	return others;
}

/* ---- inspecting ---------------------------------------------------------- */

static const char *obstacle(struct sock *sk, const struct procmig_netlink *is)
{
	const char *why = sockets_obstacle(sk);

	if (why)
		return why;
	if (is->subscriptions || is->options & PROCMIG_NETLINK_ALL_NAMESPACES)
		return "that hears events of this node";
	if (is->peer_port || is->peer_group)
		return "that is connected to somebody else than the kernel";
	if (!skb_queue_empty_lockless(&sk->sk_error_queue))
		return "with errors that wait to be received";
	return NULL;
}

static void netlink_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct sock *sk = sockets_sock(file);
	struct procmig_netlink is;
	const char *why;

	if (!procmig_compat_netlink(sk, &is))
		why = "of another shape than known";
	else
		why = obstacle(sk, &is);
	if (why)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "netlink socket of protocol %u %s: no loaded subsystem carries it",
				      sk->sk_protocol, why);
	else if (is.dumping || has_messages(sk))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_STATE,
				      "netlink socket of protocol %u with an answer of this node that waits to be received",
				      sk->sk_protocol);
}

/* ---- source -------------------------------------------------------------- */

static ssize_t netlink_checkpoint(struct procmig_file_save *save, struct file *file,
				  void *room, size_t bytes)
{
	struct procmig_file_netlink *body = room;
	struct sock *sk = sockets_sock(file);
	struct procmig_netlink is;
	ssize_t filter;

	if (!procmig_compat_netlink(sk, &is))
		return -EOPNOTSUPP;
	*body = (struct procmig_file_netlink) {
		.port = is.port,
		.options = is.options,
		.connected = sk->sk_state == CONNECTED,
	};
	sockets_save(sk, &body->socket);
	filter = sockets_save_filter(sk, &body->socket, body + 1, bytes - sizeof(*body));
	return filter < 0 ? filter : sizeof(*body) + filter;
}

static int netlink_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	struct sock *sk = sockets_sock(file);
	struct procmig_file_netlink_data data;
	unsigned int nth;
	int ret = 0;

	for (nth = 0; !ret && get_cookie(sk, nth, &data); nth++)
		ret = procmig_file_data(save, &data, sizeof(data), NULL, 0);
	return ret;
}

/* ---- target -------------------------------------------------------------- */

static bool is_ok(const struct procmig_file_netlink *body, size_t bytes)
{
	return bytes >= sizeof(*body) &&
	       bytes == sizeof(*body) + sockets_filter_bytes(&body->socket) &&
	       (body->socket.type == SOCK_RAW || body->socket.type == SOCK_DGRAM) &&
	       body->socket.protocol < MAX_LINKS && !(body->options & ~OPTIONS) &&
	       body->connected <= 1 && !body->reserved && !body->socket.reserved;
}

static int set_options(struct socket *socket, u32 wanted)
{
	int one = 1, ret = 0;
	unsigned int i;

	for (i = 0; !ret && i < ARRAY_SIZE(options); i++)
		if (wanted & options[i].bit)
			ret = socket->ops->setsockopt(socket, SOL_NETLINK, options[i].option,
						      KERNEL_SOCKPTR(&one), sizeof(one));
	return ret;
}

static int rebuild(struct procmig_file_load *load, struct socket *socket,
		   const struct procmig_file_netlink *body)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_pid = body->port };
	int ret = set_options(socket, body->options);

	if (!ret)
		ret = sockets_attach_filter(load, socket->sk, &body->socket, body + 1);
	if (!ret && body->port)
		ret = kernel_bind(socket, (struct sockaddr *)&name, sizeof(name));
	if (ret == -EADDRINUSE)
		return procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
				    "netlink port %u of protocol %u is taken here",
				    body->port, body->socket.protocol);
	name.nl_pid = 0;
	if (!ret && body->connected)
		ret = kernel_connect(socket, (struct sockaddr *)&name, sizeof(name), 0);
	return ret;
}

static struct file *netlink_restart(struct procmig_file_load *load, const void *data,
				    size_t bytes)
{
	const struct procmig_file_netlink *body = data;
	struct procmig_socket *saved;
	struct file *file;
	int ret;

	if (!is_ok(body, bytes) || *load->object)
		return ERR_PTR(procmig_file_refuse(load, "a netlink socket"));
	saved = kmemdup(&body->socket, sizeof(*saved), GFP_KERNEL);
	if (!saved)
		return ERR_PTR(-ENOMEM);
	*load->object = saved;
	file = sockets_make(load, AF_NETLINK, saved);
	if (IS_ERR(file))
		return file;
	ret = rebuild(load, sockets_sock(file)->sk_socket, body);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	sockets_open_wide(sockets_sock(file));
	return file;
}

static int netlink_restart_data(struct procmig_file_load *load, struct file *file,
				const void *body, size_t bytes)
{
	const struct procmig_file_netlink_data *data = body;
	struct sock *sk = sockets_sock(file);
	struct sk_buff *skb;

	if (bytes != sizeof(*data) || atomic_read(&sk->sk_rmem_alloc) > sk->sk_rcvbuf)
		return procmig_file_refuse(load, "what a netlink socket was told");
	skb = alloc_skb(sizeof(data->cookie), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	skb_put_data(skb, data->cookie, sizeof(data->cookie));
	skb_set_owner_r(skb, sk);
	skb_queue_tail(&sk->sk_receive_queue, skb);
	return 0;
}

static void netlink_resume(struct procmig_file_load *load, struct file *file)
{
	if (*load->object)
		sockets_finish(sockets_sock(file), *load->object);
}

static void netlink_release(void *object)
{
	kfree(object);
}

static const struct procmig_kind kinds[] = {
	{ "netlink socket", PROCMIG_KIND_CARRIED,
	  "to the kernel: port, options, filter; no groups, no answer that waits to be received" },
};

const struct procmig_file_kind netlink_kind = {
	.name = "netlink",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = netlink_match,
	.inspect = netlink_inspect,
	.checkpoint = netlink_checkpoint,
	.checkpoint_data = netlink_checkpoint_data,
	.restart = netlink_restart,
	.restart_data = netlink_restart_data,
	.resume = netlink_resume,
	.release = netlink_release,
};
