// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP sockets: new, bound, connected, with what waits to be received.  Nobody
 * keeps a connection at the other end.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/udp.h>
#include <net/dsfield.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp_states.h>
#include <net/udp.h>

#include "net.h"

#define FLAGS (PROCMIG_UDP_CORK | PROCMIG_UDP_NO_CHECK6_SEND | PROCMIG_UDP_NO_CHECK6_RECEIVE)
#define CONTENT_MAX 65535

/* A socket on the target until the process runs. */
struct rebuilt {
	struct procmig_file_udp body;
};

static bool udp_match(struct file *file)
{
	struct sock *sk = sockets_sock(file);

	return sk && (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	       !(file->f_mode & FMODE_PATH) &&
	       sk->sk_type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP;
}

/* ---- inspecting ---------------------------------------------------------- */

static const char *obstacle(struct sock *sk)
{
	const char *why = inet_obstacle(sk);

	if (why)
		return why;
	if (udp_sk(sk)->pending)
		return "a datagram is being put together (MSG_MORE)";
	if (udp_sk(sk)->encap_type)
		return "it unpacks other packets (UDP_ENCAP)";
	if (udp_test_bit(GRO_ENABLED, sk))
		return "it receives several datagrams at once (UDP_GRO)";
	if (!skb_queue_empty_lockless(&sk->sk_error_queue))
		return "errors wait to be received (MSG_ERRQUEUE)";
	return NULL;
}

static void udp_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct sock *sk = sockets_sock(file);
	struct socket *socket = sk->sk_socket;
	struct sockaddr_storage address = {};
	const char *why = obstacle(sk);

	if (!why) {
		inet_claim(at, &udp_kind, sk);
		return;
	}
	/* An unconnected socket has no peer: show what it is bound to. */
	if (socket->ops->getname(socket, (struct sockaddr *)&address, 1) < 0)
		socket->ops->getname(socket, (struct sockaddr *)&address, 0);
	procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
			      "UDP socket %pISpc %s: no loaded subsystem carries it",
			      &address, why);
}

/* ---- source -------------------------------------------------------------- */

static ssize_t udp_checkpoint(struct procmig_file_save *save, struct file *file, void *room,
			      size_t bytes)
{
	struct sock *sk = sockets_sock(file);
	struct procmig_file_udp *body = room;
	ssize_t rest;

	inet_save(sk, &body->inet);
	body->segment = READ_ONCE(udp_sk(sk)->gso_size);
	body->flags = 0;
	if (udp_test_bit(CORK, sk))
		body->flags |= PROCMIG_UDP_CORK;
	if (udp_get_no_check6_tx(sk))
		body->flags |= PROCMIG_UDP_NO_CHECK6_SEND;
	if (udp_get_no_check6_rx(sk))
		body->flags |= PROCMIG_UDP_NO_CHECK6_RECEIVE;
	rest = inet_save_rest(sk, &body->inet, body + 1, bytes - sizeof(*body));
	return rest < 0 ? rest : sizeof(*body) + rest;
}

static struct sk_buff *nth_of(struct sk_buff_head *queue, unsigned int *nth)
{
	struct sk_buff *skb, *found = NULL;

	spin_lock_bh(&queue->lock);
	skb_queue_walk(queue, skb)
		if (!(*nth)--) {
			found = skb_get(skb);
			break;
		}
	spin_unlock_bh(&queue->lock);
	return found;
}

/* Datagram @nth in the order of their coming, referenced. */
static struct sk_buff *datagram(struct sock *sk, unsigned int nth)
{
	return nth_of(&udp_sk(sk)->reader_queue, &nth) ?:
	       nth_of(&sk->sk_receive_queue, &nth);
}

static void describe(struct sock *sk, struct sk_buff *skb, struct procmig_file_udp_data *data)
{
	int index;

	data->bytes = skb->len;
	data->from_port = (__force u16)udp_hdr(skb)->source;
	data->to_port = (__force u16)udp_hdr(skb)->dest;
	data->realtime_ns = ktime_to_ns(skb->tstamp);
	if (skb->protocol == htons(ETH_P_IPV6)) {
		data->family = AF_INET6;
		memcpy(data->from, &ipv6_hdr(skb)->saddr, sizeof(data->from));
		memcpy(data->to, &ipv6_hdr(skb)->daddr, sizeof(data->to));
		data->tos = ipv6_get_dsfield(ipv6_hdr(skb));
		data->ttl = ipv6_hdr(skb)->hop_limit;
		index = IP6CB(skb)->iif;
	} else {
		data->family = AF_INET;
		memcpy(data->from, &ip_hdr(skb)->saddr, sizeof(__be32));
		memcpy(data->to, &ip_hdr(skb)->daddr, sizeof(__be32));
		data->tos = ip_hdr(skb)->tos;
		data->ttl = ip_hdr(skb)->ttl;
		index = PKTINFO_SKB_CB(skb)->ipi_ifindex;
	}
	sockets_device_name(sk, index, data->device);
}

static int emit_datagram(struct procmig_file_save *save, struct sock *sk, struct sk_buff *skb)
{
	struct procmig_file_udp_data data = {};
	void *content;
	int ret;

	/* The program would not get to see it. */
	if (udp_lib_checksum_complete(skb))
		return 0;
	describe(sk, skb, &data);
	content = kvmalloc(data.bytes + 1, GFP_KERNEL);
	if (!content)
		return -ENOMEM;
	ret = skb_copy_bits(skb, 0, content, data.bytes);
	if (!ret)
		ret = procmig_file_data(save, &data, sizeof(data), content, data.bytes);
	kvfree(content);
	return ret;
}

static int udp_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	struct sock *sk = sockets_sock(file);
	struct sk_buff *skb;
	unsigned int nth;
	int ret = 0;

	for (nth = 0; !ret && (skb = datagram(sk, nth)); nth++) {
		ret = emit_datagram(save, sk, skb);
		kfree_skb(skb);
	}
	return ret;
}

/* ---- target -------------------------------------------------------------- */

static bool is_ok(const struct procmig_file_udp *body, size_t bytes)
{
	return bytes >= sizeof(*body) && inet_is_ok(&body->inet) &&
	       bytes == sizeof(*body) + inet_rest_bytes(&body->inet) &&
	       body->inet.socket.type == SOCK_DGRAM &&
	       body->inet.socket.protocol == IPPROTO_UDP &&
	       !(body->flags & ~FLAGS) && body->segment <= USHRT_MAX;
}

static int set_options(struct socket *socket, const struct procmig_file_udp *body)
{
	int ret = inet_set_options(socket, &body->inet, body + 1);

	udp_set_no_check6_tx(socket->sk, body->flags & PROCMIG_UDP_NO_CHECK6_SEND);
	udp_set_no_check6_rx(socket->sk, body->flags & PROCMIG_UDP_NO_CHECK6_RECEIVE);
	if (!ret && body->segment)
		ret = inet_set_option(socket, SOL_UDP, UDP_SEGMENT, body->segment);
	if (!ret && body->flags & PROCMIG_UDP_CORK)
		ret = inet_set_option(socket, SOL_UDP, UDP_CORK, 1);
	return ret;
}

static int rebuild(struct procmig_file_load *load, struct socket *socket,
		   const struct procmig_file_udp *body)
{
	int ret;

	ret = set_options(socket, body);
	if (!ret)
		ret = inet_set_device(load, socket, &body->inet, body + 1);
	/* Before anybody can send to it. */
	if (!ret)
		ret = sockets_attach_filter(load, socket->sk, &body->inet.socket, body + 1);
	if (!ret)
		ret = inet_bind_again(socket, &body->inet);
	if (!ret && body->inet.flags & PROCMIG_INET_CONNECTED) {
		ret = inet_connect_again(socket, &body->inet, 0);
		inet_lock_address(socket->sk, &body->inet);
	}
	return ret;
}

static struct file *udp_restart(struct procmig_file_load *load, const void *data,
				size_t bytes)
{
	const struct procmig_file_udp *body = data;
	struct rebuilt *rebuilt;
	struct file *file;
	int ret;

	if (!is_ok(body, bytes) || *load->object)
		return ERR_PTR(procmig_file_refuse(load, "a UDP socket"));
	rebuilt = kzalloc(sizeof(*rebuilt), GFP_KERNEL);
	if (!rebuilt)
		return ERR_PTR(-ENOMEM);
	*load->object = rebuilt;
	rebuilt->body = *body;
	file = sockets_make(load, body->inet.family, &body->inet.socket);
	if (IS_ERR(file))
		return file;
	ret = rebuild(load, sockets_sock(file)->sk_socket, body);
	if (ret) {
		fput(file);
		return ERR_PTR(inet_failed(load, &body->inet, ret));
	}
	sockets_open_wide(sockets_sock(file));
	return file;
}

static void put_ipv4(struct sk_buff *skb, const struct procmig_file_udp_data *data, int index)
{
	struct iphdr *header = skb_put_zero(skb, sizeof(*header));

	skb->protocol = htons(ETH_P_IP);
	header->version = 4;
	header->ihl = sizeof(*header) / 4;
	header->tos = data->tos;
	header->ttl = data->ttl;
	header->protocol = IPPROTO_UDP;
	memcpy(&header->saddr, data->from, sizeof(header->saddr));
	memcpy(&header->daddr, data->to, sizeof(header->daddr));
	PKTINFO_SKB_CB(skb)->ipi_ifindex = index;
	PKTINFO_SKB_CB(skb)->ipi_spec_dst.s_addr = header->daddr;
}

static void put_ipv6(struct sk_buff *skb, const struct procmig_file_udp_data *data, int index)
{
	struct ipv6hdr *header = skb_put_zero(skb, sizeof(*header));

	skb->protocol = htons(ETH_P_IPV6);
	ip6_flow_hdr(header, data->tos, 0);
	header->hop_limit = data->ttl;
	header->nexthdr = IPPROTO_UDP;
	memcpy(&header->saddr, data->from, sizeof(header->saddr));
	memcpy(&header->daddr, data->to, sizeof(header->daddr));
	IP6CB(skb)->iif = index;
}

/* As the receive queue has it: the headers are before what is left of the packet. */
static struct sk_buff *make_packet(struct sock *sk, const struct procmig_file_udp_data *data)
{
	int index = sockets_device_index(sk, data->device);
	struct sk_buff *skb;
	struct udphdr *udp;

	skb = alloc_skb(sizeof(struct ipv6hdr) + sizeof(*udp) + data->bytes, GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reset_network_header(skb);
	if (data->family == AF_INET)
		put_ipv4(skb, data, index);
	else
		put_ipv6(skb, data, index);
	skb_set_transport_header(skb, skb->len);
	udp = skb_put_zero(skb, sizeof(*udp));
	udp->source = (__force __be16)data->from_port;
	udp->dest = (__force __be16)data->to_port;
	udp->len = htons(min_t(u32, sizeof(*udp) + data->bytes, USHRT_MAX));
	skb_put_data(skb, data + 1, data->bytes);
	skb_pull(skb, skb_transport_offset(skb) + sizeof(*udp));
	skb->tstamp = ns_to_ktime(data->realtime_ns);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return skb;
}

static int udp_restart_data(struct procmig_file_load *load, struct file *file,
			    const void *body, size_t bytes)
{
	const struct procmig_file_udp_data *data = body;
	struct sock *sk = sockets_sock(file);
	struct sk_buff *skb;
	int ret;

	if (bytes < sizeof(*data) || bytes != sizeof(*data) + data->bytes ||
	    data->bytes > CONTENT_MAX || data->reserved ||
	    (data->family != AF_INET && data->family != AF_INET6) ||
	    (data->family == AF_INET6 && sk->sk_family == AF_INET) ||
	    strnlen(data->device, sizeof(data->device)) == sizeof(data->device))
		return procmig_file_refuse(load, "a datagram");
	skb = make_packet(sk, data);
	if (!skb)
		return -ENOMEM;
	ret = __udp_enqueue_schedule_skb(sk, skb);
	if (ret)
		kfree_skb(skb);
	return ret;
}

static void udp_resume(struct procmig_file_load *load, struct file *file)
{
	struct rebuilt *rebuilt = *load->object;

	if (rebuilt)
		sockets_finish(sockets_sock(file), &rebuilt->body.inet.socket);
}

static void udp_release(void *object)
{
	kfree(object);
}

static const struct procmig_kind kinds[] = {
	{ "UDP socket", PROCMIG_KIND_CARRIED,
	  "bound, also to a device; connected, options, filter, datagrams that wait to be received" },
};

const struct procmig_file_kind udp_kind = {
	.name = "udp",
	.version = 2,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = udp_match,
	.inspect = udp_inspect,
	.admit = inet_admit,
	.checkpoint = udp_checkpoint,
	.checkpoint_data = udp_checkpoint_data,
	.restart = udp_restart,
	.restart_data = udp_restart_data,
	.resume = udp_resume,
	.release = udp_release,
};
