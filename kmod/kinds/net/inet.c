// SPDX-License-Identifier: GPL-2.0-only
/* What TCP and UDP sockets have in common: addresses, ports, options of ip(7). */
#include <linux/file.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/inet_sock.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/tcp_states.h>

#include "net.h"

#define FLAGS (PROCMIG_INET_BOUND_PORT | PROCMIG_INET_BOUND_ADDRESS |		\
	       PROCMIG_INET_LOCKED_PORT | PROCMIG_INET_CONNECTED |		\
	       PROCMIG_INET_V6ONLY | PROCMIG_INET_DEVICE | PROCMIG_INET_FOREIGN)

/* One of these makes a claim. */
#define CLAIMED (PROCMIG_INET_BOUND_PORT | PROCMIG_INET_BOUND_ADDRESS | PROCMIG_INET_DEVICE)

struct claim {
	struct procmig_inet_claim socket;
	struct procmig_inet_device device;	/* with PROCMIG_INET_DEVICE */
};

/* procmig_inet_claim.reuse */
#define REUSE_ADDRESS 1
#define REUSE_PORT 2

/* What is a number and nothing else. */
static const struct {
	u32 level, option;
} options[] = {
	{ SOL_IP, IP_PKTINFO }, { SOL_IP, IP_RECVTTL }, { SOL_IP, IP_RECVTOS },
	{ SOL_IP, IP_RECVOPTS }, { SOL_IP, IP_RETOPTS }, { SOL_IP, IP_RECVORIGDSTADDR },
	{ SOL_IP, IP_CHECKSUM }, { SOL_IP, IP_RECVFRAGSIZE }, { SOL_IP, IP_MTU_DISCOVER },
	{ SOL_IP, IP_RECVERR }, { SOL_IP, IP_RECVERR_RFC4884 }, { SOL_IP, IP_FREEBIND },
	{ SOL_IP, IP_TRANSPARENT }, { SOL_IP, IP_MINTTL },
	{ SOL_IP, IP_BIND_ADDRESS_NO_PORT }, { SOL_IP, IP_MULTICAST_TTL },
	{ SOL_IP, IP_MULTICAST_LOOP }, { SOL_IP, IP_MULTICAST_ALL },
	{ SOL_IPV6, IPV6_RECVPKTINFO }, { SOL_IPV6, IPV6_RECVHOPLIMIT },
	{ SOL_IPV6, IPV6_RECVTCLASS }, { SOL_IPV6, IPV6_RECVRTHDR },
	{ SOL_IPV6, IPV6_RECVHOPOPTS }, { SOL_IPV6, IPV6_RECVDSTOPTS },
	{ SOL_IPV6, IPV6_RECVPATHMTU }, { SOL_IPV6, IPV6_RECVORIGDSTADDR },
	{ SOL_IPV6, IPV6_RECVFRAGSIZE }, { SOL_IPV6, IPV6_MTU_DISCOVER },
	{ SOL_IPV6, IPV6_RECVERR }, { SOL_IPV6, IPV6_RECVERR_RFC4884 },
	{ SOL_IPV6, IPV6_MULTICAST_HOPS }, { SOL_IPV6, IPV6_MULTICAST_LOOP },
	{ SOL_IPV6, IPV6_MULTICAST_ALL }, { SOL_IPV6, IPV6_UNICAST_HOPS },
	{ SOL_IPV6, IPV6_TCLASS }, { SOL_IPV6, IPV6_DONTFRAG },
	{ SOL_IPV6, IPV6_AUTOFLOWLABEL }, { SOL_IPV6, IPV6_MINHOPCOUNT },
};

/* ---- source -------------------------------------------------------------- */

bool inet_is_file(struct file *file, const void *other)
{
	return file == other;
}

static bool is_in_group(struct sock *sk)
{
	const struct ipv6_pinfo *six = sk->sk_family == AF_INET6 ? inet6_sk(sk) : NULL;

	return rcu_access_pointer(inet_sk(sk)->mc_list) ||
	       (six && (rcu_access_pointer(six->ipv6_mc_list) || six->ipv6_ac_list));
}

static bool has_interface(struct sock *sk)
{
	const struct ipv6_pinfo *six = sk->sk_family == AF_INET6 ? inet6_sk(sk) : NULL;
	const struct inet_sock *inet = inet_sk(sk);

	/* One that was accepted has where its first segment came from. */
	if (sk->sk_type == SOCK_STREAM)
		return inet->uc_index || (six && six->ucast_oif);
	return inet->uc_index || inet->mc_index || inet->mc_addr ||
	       (six && (six->mcast_oif || six->ucast_oif));
}

const char *inet_obstacle(struct sock *sk)
{
	int index = READ_ONCE(sk->sk_bound_dev_if);
	char device[IFNAMSIZ];

	if (index && !sockets_device_name(sk, index, device))
		return "bound to a device that is gone (SO_BINDTODEVICE)";
	if (rcu_access_pointer(inet_sk(sk)->inet_opt) ||
	    (sk->sk_family == AF_INET6 && rcu_access_pointer(inet6_sk(sk)->opt)))
		return "IP options (IP_OPTIONS)";
	if (is_in_group(sk))
		return "member of a multicast or anycast group (IP_ADD_MEMBERSHIP)";
	if (has_interface(sk))
		return "sends through an interface of its choice (IP_MULTICAST_IF, IP_UNICAST_IF)";
	return sockets_obstacle(sk);
}

/* Nobody can set them on a stream, though one that was accepted has some. */
static bool is_for_datagrams(u32 level, u32 option)
{
	return level == SOL_IP ? option == IP_MULTICAST_TTL || option == IP_MULTICAST_LOOP :
				 option == IPV6_MULTICAST_HOPS || option == IPV6_MULTICAST_LOOP;
}

static unsigned int save_options(struct sock *sk, struct procmig_inet_option *to, size_t room)
{
	unsigned int i, count = 0;
	int value;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (options[i].level == SOL_IPV6 && sk->sk_family != AF_INET6)
			break;
		if (room < (count + 1) * sizeof(*to))
			break;
		if (sk->sk_type == SOCK_STREAM &&
		    is_for_datagrams(options[i].level, options[i].option))
			continue;
		if (!procmig_compat_get_option(sk, options[i].level, options[i].option, &value))
			to[count++] = (struct procmig_inet_option) {
				options[i].level, options[i].option, value };
	}
	return count;
}

ssize_t inet_save_rest(struct sock *sk, struct procmig_file_inet *saved, void *to, size_t room)
{
	ssize_t filter = sockets_save_filter(sk, &saved->socket, to, room), bytes;

	if (filter < 0)
		return filter;
	if (saved->flags & PROCMIG_INET_DEVICE)
		room -= sizeof(struct procmig_inet_device);
	saved->options = save_options(sk, to + filter, room - filter);
	bytes = filter + saved->options * sizeof(struct procmig_inet_option);
	if (!(saved->flags & PROCMIG_INET_DEVICE))
		return bytes;
	if (!sockets_device_name(sk, sk->sk_bound_dev_if, to + bytes))
		return -ENODEV;
	return bytes + sizeof(struct procmig_inet_device);
}

/* The address, as bind(2) looks at it. */
static bool is_had_here(struct sock *sk)
{
	struct net_device *device;
	unsigned int type;
	bool is;

	rcu_read_lock();
	device = dev_get_by_index_rcu(sock_net(sk), sk->sk_bound_dev_if);
	if (sk->sk_family == AF_INET6 && !ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr)) {
		is = ipv6_addr_any(&sk->sk_v6_rcv_saddr) ||
		     ipv6_addr_is_multicast(&sk->sk_v6_rcv_saddr) ||
		     ipv6_chk_addr(sock_net(sk), &sk->sk_v6_rcv_saddr, device, 0);
	} else {
		type = inet_addr_type_dev_table(sock_net(sk), device, sk->sk_rcv_saddr);
		is = type == RTN_LOCAL || type == RTN_MULTICAST || type == RTN_BROADCAST;
	}
	rcu_read_unlock();
	return is;
}

static u32 flags_of(struct sock *sk)
{
	u32 flags = 0;

	if (inet_sk(sk)->inet_num)
		flags |= PROCMIG_INET_BOUND_PORT;
	if (sk->sk_userlocks & SOCK_BINDADDR_LOCK)
		flags |= PROCMIG_INET_BOUND_ADDRESS;
	if (sk->sk_userlocks & SOCK_BINDPORT_LOCK)
		flags |= PROCMIG_INET_LOCKED_PORT;
	if (sk->sk_ipv6only)
		flags |= PROCMIG_INET_V6ONLY;
	if (sk->sk_bound_dev_if)
		flags |= PROCMIG_INET_DEVICE;
	if (inet_sk(sk)->freebind || inet_sk(sk)->transparent || !is_had_here(sk))
		flags |= PROCMIG_INET_FOREIGN;
	return flags;
}

/* The scope is the index of the device, which is another one on the target. */
static void put_address(__u8 *to, struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET6)
		((struct sockaddr_in6 *)address)->sin6_scope_id = 0;
	memcpy(to, address, sizeof(struct sockaddr_in6));
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
		put_address(saved->local, &address);
	memset(&address, 0, sizeof(address));
	if (socket->ops->getname(socket, (struct sockaddr *)&address, 1) > 0) {
		put_address(saved->remote, &address);
		saved->flags |= PROCMIG_INET_CONNECTED;
	}
	saved->flags |= flags_of(sk);
}

static bool is_connection(struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM &&
	       !((1 << READ_ONCE(sk->sk_state)) & (TCPF_CLOSE | TCPF_LISTEN));
}

void inet_claim(struct procmig_file_inspection *at, const struct procmig_file_kind *kind,
		struct sock *sk)
{
	struct socket *socket = sk->sk_socket;
	struct sockaddr_storage address = {};
	struct claim claim = {
		.socket.type = sk->sk_type,
		.socket.family = sk->sk_family,
		.socket.flags = flags_of(sk),
		.socket.uid = from_kuid(&init_user_ns, sk->sk_uid),
		.socket.reuse = (sk->sk_reuse ? REUSE_ADDRESS : 0) |
				(sk->sk_reuseport ? REUSE_PORT : 0),
	};

	BUILD_BUG_ON(sizeof(struct sockaddr_in6) != sizeof(claim.socket.local));
	if (is_connection(sk))
		claim.socket.flags &= PROCMIG_INET_DEVICE;
	if (!procmig_wants_claims(at->inspection) || !(claim.socket.flags & CLAIMED) ||
	    socket->ops->getname(socket, (struct sockaddr *)&address, 0) <= 0)
		return;
	put_address(claim.socket.local, &address);
	if (!(claim.socket.flags & PROCMIG_INET_DEVICE))
		procmig_file_claim(at, kind, &claim.socket, sizeof(claim.socket));
	else if (sockets_device_name(sk, sk->sk_bound_dev_if, claim.device.name))
		procmig_file_claim(at, kind, &claim, sizeof(claim));
}

/* ---- target -------------------------------------------------------------- */

bool inet_address_is_ok(u32 family, const __u8 *address)
{
	return family != AF_INET6 || !((const struct sockaddr_in6 *)address)->sin6_scope_id;
}

bool inet_is_ok(const struct procmig_file_inet *wanted)
{
	return inet_address_is_ok(wanted->family, wanted->local) &&
	       inet_address_is_ok(wanted->family, wanted->remote) &&
	       !(wanted->flags & ~FLAGS) && !wanted->socket.reserved && !wanted->reserved &&
	       wanted->options <= ARRAY_SIZE(options) &&
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

size_t inet_rest_bytes(const struct procmig_file_inet *wanted)
{
	return sockets_filter_bytes(&wanted->socket) +
	       wanted->options * sizeof(struct procmig_inet_option) +
	       (wanted->flags & PROCMIG_INET_DEVICE ? sizeof(struct procmig_inet_device) : 0);
}

static bool is_known(const struct procmig_inet_option *wanted)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].level == wanted->level && options[i].option == wanted->option)
			return true;
	return false;
}

/* Only what a new socket does not have: some may not be set at all on some. */
static int set_saved_option(struct socket *socket, const struct procmig_inet_option *wanted)
{
	int value;

	if (!is_known(wanted) ||
	    (wanted->level == SOL_IPV6 && socket->sk->sk_family != AF_INET6))
		return -EPROTO;
	if (!procmig_compat_get_option(socket->sk, wanted->level, wanted->option, &value) &&
	    value == wanted->value)
		return 0;
	return inet_set_option(socket, wanted->level, wanted->option, wanted->value);
}

static int set_saved_options(struct socket *socket, const struct procmig_file_inet *wanted,
			     const void *rest)
{
	const struct procmig_inet_option *option = rest + sockets_filter_bytes(&wanted->socket);
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < wanted->options; i++)
		ret = set_saved_option(socket, &option[i]);
	return ret;
}

int inet_set_options(struct socket *socket, const struct procmig_file_inet *wanted,
		     const void *rest)
{
	int ret = set_saved_options(socket, wanted, rest);

	if (ret)
		return ret;
	inet_sk(socket->sk)->uc_ttl = clamp(wanted->ttl, -1, 255);
	inet_sk(socket->sk)->tos = wanted->tos & 0xff;
	return wanted->flags & PROCMIG_INET_V6ONLY && wanted->family == AF_INET6 ?
	       inet_set_option(socket, SOL_IPV6, IPV6_V6ONLY, 1) : 0;
}

int inet_set_device(struct procmig_file_load *load, struct socket *socket,
		    const struct procmig_file_inet *wanted, const void *rest)
{
	const struct procmig_inet_device *device;
	int ret;

	BUILD_BUG_ON(sizeof(device->name) != IFNAMSIZ);
	if (!(wanted->flags & PROCMIG_INET_DEVICE))
		return 0;
	device = rest + inet_rest_bytes(wanted) - sizeof(*device);
	if (!sockets_device_is_ok(device->name))
		return procmig_file_refuse(load, "the device of a socket");
	ret = sockets_bind_to_device(socket, device->name);
	if (ret == -ENODEV)
		procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
			     "a socket is bound to the network device %s (SO_BINDTODEVICE), and this node has none",
			     device->name);
	return ret;
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
	struct sock *sk = own;

	/* Connections that end by themselves, as of a copy that was here before, do not count. */
	if (other == sk || other->sk_reuse == SK_FORCE_REUSE || !sk_fullsock(other) ||
	    sock_flag(other, SOCK_DEAD))
		return false;
	if (sk->sk_bound_dev_if && other->sk_bound_dev_if &&
	    sk->sk_bound_dev_if != other->sk_bound_dev_if)
		return false;
	return inet_rcv_saddr_equal(sk, other, true);
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

/* Whether the node has the address or not: it may be bound to without that option again. */
static int bind_anywhere(struct socket *socket, const struct sockaddr_storage *address,
			 size_t bytes)
{
	int ret, was;

	ret = procmig_compat_get_option(socket->sk, SOL_IP, IP_FREEBIND, &was);
	if (!ret)
		ret = inet_set_option(socket, SOL_IP, IP_FREEBIND, 1);
	if (ret)
		return ret;
	ret = bind_to(socket, address, bytes);
	return inet_set_option(socket, SOL_IP, IP_FREEBIND, was) ?: ret;
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
		ret = wanted->flags & PROCMIG_INET_FOREIGN ?
		      bind_anywhere(socket, &address, address_bytes(wanted)) :
		      bind_to(socket, &address, address_bytes(wanted));
	if (ret)
		return ret;
	lock_sock(socket->sk);
	inet_lenient(socket->sk);
	inet_lock_address(socket->sk, wanted);
	release_sock(socket->sk);
	return 0;
}

static bool claim_ok(const struct procmig_inet_claim *claim)
{
	return (claim->type == SOCK_STREAM || claim->type == SOCK_DGRAM) &&
	       (claim->family == AF_INET || claim->family == AF_INET6) &&
	       !(claim->flags & ~FLAGS) && !(claim->flags & PROCMIG_INET_CONNECTED) &&
	       !(claim->reuse & ~(REUSE_ADDRESS | REUSE_PORT)) &&
	       inet_address_is_ok(claim->family, claim->local) &&
	       uid_valid(make_kuid(&init_user_ns, claim->uid));
}

/* NULL: of none */
static const char *claimed_device(const struct claim *claim)
{
	return claim->socket.flags & PROCMIG_INET_DEVICE ? claim->device.name : NULL;
}

static bool claim_is_whole(const struct claim *claim, size_t bytes)
{
	if (bytes < sizeof(claim->socket) || !claim_ok(&claim->socket))
		return false;
	if (!claimed_device(claim))
		return bytes == sizeof(claim->socket);
	return bytes == sizeof(*claim) && sockets_device_is_ok(claim->device.name);
}

/* As restarting it would, with a socket that is closed again. */
static int try_to_bind(const struct procmig_inet_claim *claim, const char *device)
{
	struct procmig_file_inet wanted = { .family = claim->family, .flags = claim->flags };
	struct socket *socket;
	int ret;

	wanted.socket.type = claim->type;
	memcpy(wanted.local, claim->local, sizeof(wanted.local));
	ret = sock_create_kern(&init_net, claim->family, claim->type, 0, &socket);
	if (ret)
		return ret;
	socket->sk->sk_uid = make_kuid(&init_user_ns, claim->uid);
	if (claim->reuse & REUSE_ADDRESS)
		sock_set_reuseaddr(socket->sk);
	if (claim->reuse & REUSE_PORT)
		sock_set_reuseport(socket->sk);
	if (device)
		ret = sockets_bind_to_device(socket, device);
	if (!ret && claim->flags & PROCMIG_INET_V6ONLY && claim->family == AF_INET6)
		ret = inet_set_option(socket, SOL_IPV6, IPV6_V6ONLY, 1);
	if (!ret)
		ret = inet_bind_again(socket, &wanted);
	sock_release(socket);
	return ret;
}

int inet_admit(struct procmig_inspection *inspection, const void *data, size_t bytes)
{
	const struct procmig_inet_claim *claim = data;
	struct sockaddr_storage address = {};
	const char *protocol, *device;
	int ret;

	if (!claim_is_whole(data, bytes))
		return -EPROTO;
	device = claimed_device(data);
	memcpy(&address, claim->local, sizeof(claim->local));
	address.ss_family = claim->family;
	protocol = claim->type == SOCK_STREAM ? "TCP" : "UDP";
	ret = try_to_bind(claim, device);
	if (ret == -EADDRINUSE)
		procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_FILES, PROCMIG_OBSTACLE_TAKEN,
				 -1, "%s socket %pISpc: another socket here has that port; end whoever has it",
				 protocol, &address);
	else if (ret == -EADDRNOTAVAIL)
		procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_FILES,
				 PROCMIG_OBSTACLE_UNSUPPORTED, -1,
				 "%s socket %pISpc: this node does not have that address",
				 protocol, &address);
	else if (ret == -ENODEV && device)
		procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_FILES,
				 PROCMIG_OBSTACLE_UNSUPPORTED, -1,
				 "%s socket %pISpc: this node has no network device %s: make or rename one, or let the socket be bound to none (SO_BINDTODEVICE)",
				 protocol, &address, device);
	else if (ret)
		procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_FILES,
				 PROCMIG_OBSTACLE_UNSUPPORTED, -1,
				 "%s socket %pISpc cannot be had here (%d)", protocol,
				 &address, ret);
	return 0;
}

static int connect_to(struct socket *socket, const struct procmig_file_inet *wanted, int flags)
{
	struct sockaddr_storage remote = {};

	memcpy(&remote, wanted->remote, sizeof(wanted->remote));
	remote.ss_family = wanted->family;
	return kernel_connect(socket, (struct sockaddr *)&remote, address_bytes(wanted), flags);
}

/* From an address that IPv4 has no route from unless so, IP_FREEBIND or not (ip(7)). */
static int connect_from_anywhere(struct socket *socket, const struct procmig_file_inet *wanted,
				 int flags)
{
	int ret, was;

	ret = procmig_compat_get_option(socket->sk, SOL_IP, IP_TRANSPARENT, &was);
	if (!ret)
		ret = inet_set_option(socket, SOL_IP, IP_TRANSPARENT, 1);
	if (ret)
		return ret;
	ret = connect_to(socket, wanted, flags);
	return inet_set_option(socket, SOL_IP, IP_TRANSPARENT, was) ?: ret;
}

int inet_connect_again(struct socket *socket, const struct procmig_file_inet *wanted,
		       int flags)
{
	return wanted->flags & PROCMIG_INET_FOREIGN ?
	       connect_from_anywhere(socket, wanted, flags) :
	       connect_to(socket, wanted, flags);
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
