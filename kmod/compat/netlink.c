// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink sockets: net/netlink/af_netlink.h is not for modules, and its structure
 * has had two shapes.  Which one it has is learnt from a socket of our own.
 */
#include <linux/module.h>
#include <linux/netlink.h>
#include <net/sock.h>
#include <procmig/compat.h>

/* The beginning of struct netlink_sock from Linux 6.6 on, and in late versions of 6.1. */
struct atomic_options {
	struct sock sk;
	unsigned long options;
	u32 port, peer_port, peer_group;
	u32 subscriptions, group_count;
	unsigned long *groups;
	unsigned long state;
	size_t longest_receive;
	wait_queue_head_t wait;
	bool bound, dumping;
};

/* Before. */
struct plain_options {
	struct sock sk;
	u32 port, peer_port, peer_group;
	u32 options;
	u32 subscriptions, group_count;
	unsigned long *groups;
	unsigned long state;
	size_t longest_receive;
	wait_queue_head_t wait;
	bool bound, dumping;
};

static enum { UNKNOWN, ATOMIC, PLAIN } shape __ro_after_init;

/* The bits of the kernel's options from the first on. */
static const u32 options[] = {
	0,	/* the kernel's own end */
	PROCMIG_NETLINK_PACKET_INFO,
	PROCMIG_NETLINK_BROADCAST_ERRORS,
	PROCMIG_NETLINK_NO_OVERRUNS,
	PROCMIG_NETLINK_ALL_NAMESPACES,
	PROCMIG_NETLINK_CAP_ACK,
	PROCMIG_NETLINK_EXT_ACK,
	PROCMIG_NETLINK_STRICT_CHECK,
};

#define LOOK(structure, from, socket, kernel_options, bound_) do {			\
	const structure *is_ = container_of(from, structure, sk);		\
										\
	*(kernel_options) = is_->options;					\
	*(bound_) = is_->bound;							\
	(socket)->port = is_->port;						\
	(socket)->peer_port = is_->peer_port;					\
	(socket)->peer_group = is_->peer_group;					\
	(socket)->subscriptions = is_->subscriptions;				\
	(socket)->dumping = is_->dumping;					\
} while (0)

/* What getsockname(2) and the list of listeners say of it as well. */
static bool is_as_known(struct sock *sk, const struct procmig_netlink *socket, bool bound,
			unsigned long kernel_options)
{
	struct sockaddr_nl name;

	return sk->sk_socket->ops->getname(sk->sk_socket, (struct sockaddr *)&name, 0) > 0 &&
	       name.nl_pid == socket->port && bound == !!socket->port &&
	       (!socket->subscriptions || !hlist_unhashed(&sk->sk_bind_node)) &&
	       !(kernel_options & ~GENMASK(ARRAY_SIZE(options) - 1, 1));
}

bool procmig_compat_netlink(struct sock *sk, struct procmig_netlink *socket)
{
	unsigned long kernel_options = 0;
	bool bound = false;
	unsigned int i;

	*socket = (struct procmig_netlink) {};
	if (shape == ATOMIC)
		LOOK(struct atomic_options, sk, socket, &kernel_options, &bound);
	else if (shape == PLAIN)
		LOOK(struct plain_options, sk, socket, &kernel_options, &bound);
	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (kernel_options & BIT(i))
			socket->options |= options[i];
	return shape != UNKNOWN && is_as_known(sk, socket, bound, kernel_options);
}
EXPORT_SYMBOL_GPL(procmig_compat_netlink);

static bool __init fits(struct sock *sk)
{
	struct procmig_netlink socket;

	return procmig_compat_netlink(sk, &socket) && socket.port &&
	       socket.options == PROCMIG_NETLINK_EXT_ACK && !socket.dumping;
}

static void __init learn_from(struct socket *socket)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	int one = 1;

	if (socket->ops->setsockopt(socket, SOL_NETLINK, NETLINK_EXT_ACK, KERNEL_SOCKPTR(&one),
				    sizeof(one)) ||
	    kernel_bind(socket, (struct sockaddr *)&name, sizeof(name)))
		return;
	shape = ATOMIC;
	if (fits(socket->sk))
		return;
	shape = PLAIN;
	if (!fits(socket->sk))
		shape = UNKNOWN;
}

void __init procmig_compat_netlink_learn(void)
{
	struct socket *socket;

	if (sock_create_kern(&init_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &socket))
		return;
	learn_from(socket);
	sock_release(socket);
}
