// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP sockets on the source.  While the processes stand still their sockets do
 * not: segments travel, are acknowledged and sent again.  So both ends of a
 * connection are read at one moment, with both locked, and what is between them
 * counts as not sent yet.  Nothing is changed.
 */
#include <linux/file.h>
#include <linux/slab.h>

#include "tcp.h"

#define GONE (~0u)
#define CHUNK (PROCMIG_FILE_DATA_MAX - 4096)

/* ---- first pass ---------------------------------------------------------- */

static void save_options(struct sock *sk, struct procmig_file_tcp *body)
{
	const struct inet_connection_sock *connection = inet_csk(sk);
	const struct request_sock_queue *queue = &connection->icsk_accept_queue;
	const struct tcp_sock *tcp = tcp_sk(sk);

	if (tcp->nonagle & TCP_NAGLE_OFF)
		body->flags |= PROCMIG_TCP_NODELAY;
	if (tcp->nonagle & TCP_NAGLE_CORK)
		body->flags |= PROCMIG_TCP_CORK;
	if (tcp->thin_lto)
		body->flags |= PROCMIG_TCP_THIN;
	if (tcp->save_syn)
		body->flags |= PROCMIG_TCP_SAVE_SYN;
	if (tcp->recvmsg_inq)
		body->flags |= PROCMIG_TCP_INQ;
	body->keep_idle_s = tcp->keepalive_time / HZ;
	body->keep_interval_s = tcp->keepalive_intvl / HZ;
	body->keep_count = tcp->keepalive_probes;
	body->syn_retries = connection->icsk_syn_retries;
	body->linger_s = tcp->linger2 < 0 ? -1 : tcp->linger2 / HZ;
	body->defer_accept = queue->rskq_defer_accept;
	body->user_timeout_ms = connection->icsk_user_timeout;
	body->unsent_low_water = tcp->notsent_lowat;
	body->window_clamp = tcp->window_clamp;
	body->segment = tcp->rx_opt.user_mss;
	body->fast_open = queue->fastopenq.max_qlen;
	strscpy(body->congestion, connection->icsk_ca_ops->name, sizeof(body->congestion));
}

/* Of a connection that has ended nobody tells the other address any more. */
static void save_remote(struct sock *sk, struct procmig_file_inet *saved)
{
	struct sockaddr_in6 *remote6 = (struct sockaddr_in6 *)saved->remote;
	struct sockaddr_in *remote = (struct sockaddr_in *)saved->remote;

	saved->flags |= PROCMIG_INET_CONNECTED;
	if (sk->sk_family == AF_INET) {
		remote->sin_family = AF_INET;
		remote->sin_addr.s_addr = sk->sk_daddr;
		remote->sin_port = inet_sk(sk)->inet_dport;
	} else {
		remote6->sin6_family = AF_INET6;
		remote6->sin6_addr = sk->sk_v6_daddr;
		remote6->sin6_port = inet_sk(sk)->inet_dport;
	}
}

/* Have the other end carried, too; its number, or GONE. */
static int refer(struct procmig_file_save *save, struct sock *other, u32 *number)
{
	struct file *file = other ? procmig_file_of_socket(other) : NULL;
	int ret = 0;

	*number = GONE;
	if (file) {
		if (procmig_file_is_known(save, file))
			ret = procmig_file_reference(save, file, number);
		fput(file);
	}
	return ret;
}

/* Or has tried to, in vain. */
static bool was_connected(struct sock *sk)
{
	return sk->sk_socket->state != SS_UNCONNECTED && inet_sk(sk)->inet_dport &&
	       inet_sk(sk)->inet_sport;
}

static u32 kind_of(struct sock *sk)
{
	enum tcp_other where;
	struct sock *other;

	switch (READ_ONCE(sk->sk_state)) {
	case TCP_LISTEN:
		return PROCMIG_TCP_LISTENING;
	case TCP_CLOSE:
		return was_connected(sk) ? PROCMIG_TCP_CONNECTED : PROCMIG_TCP_UNCONNECTED;
	case TCP_SYN_SENT:
		return PROCMIG_TCP_WAITING;
	}
	other = tcp_find_other(sk, &where);
	if (other)
		sock_put(other);
	return where == TCP_OTHER_WAITING ? PROCMIG_TCP_WAITING : PROCMIG_TCP_CONNECTED;
}

ssize_t tcp_checkpoint(struct procmig_file_save *save, struct file *file, void *room,
		       size_t bytes)
{
	struct sock *sk = sockets_sock(file);
	struct procmig_file_tcp *body = room;
	ssize_t rest;

	memset(body, 0, sizeof(*body));
	inet_save(sk, &body->inet);
	save_options(sk, body);
	body->kind = kind_of(sk);
	body->phase = sk->sk_socket->state;
	if (body->kind >= PROCMIG_TCP_CONNECTED)
		save_remote(sk, &body->inet);
	rest = inet_save_rest(sk, &body->inet, body + 1, bytes - sizeof(*body));
	return rest < 0 ? rest : sizeof(*body) + rest;
}

/* ---- second pass: queues ------------------------------------------------- */

struct queue {
	void *data;
	size_t bytes, room;
};

/* One end as it is at one moment. */
struct view {
	struct sock *sk;
	struct procmig_tcp_end end;
	struct queue received, sent;
};

static int append(struct queue *queue, const struct sk_buff *skb, u32 skip)
{
	size_t bytes = skb->len - skip;
	int ret;

	if (bytes > queue->room - queue->bytes)
		return -EIO;
	ret = skb_copy_bits(skb, skip, queue->data + queue->bytes, bytes);
	if (!ret)
		queue->bytes += bytes;
	return ret;
}

static int enlarge(struct queue *queue, size_t more)
{
	void *data = kvmalloc(queue->bytes + more + 1, GFP_KERNEL);

	if (!data)
		return -ENOMEM;
	if (queue->bytes)
		memcpy(data, queue->data, queue->bytes);
	kvfree(queue->data);
	queue->data = data;
	queue->room = queue->bytes + more;
	return 0;
}

/* Behind the last byte that has been received; an end of it has no byte. */
static u32 received_until(const struct sock *sk)
{
	return tcp_sk(sk)->rcv_nxt - sock_flag(sk, SOCK_DONE);
}

/* From where on it has not been read. */
static u32 read_until(const struct sock *sk)
{
	u32 end = received_until(sk);

	return before(tcp_sk(sk)->copied_seq, end) ? tcp_sk(sk)->copied_seq : end;
}

static int copy_received(struct view *view)
{
	u32 at = read_until(view->sk), end = received_until(view->sk);
	struct sk_buff *skb;
	int ret;

	ret = enlarge(&view->received, end - at);
	if (ret)
		return ret;
	skb_queue_walk(&view->sk->sk_receive_queue, skb) {
		u32 skip = at - TCP_SKB_CB(skb)->seq;

		if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN)
			skip--;
		if (skip >= skb->len)
			continue;
		ret = append(&view->received, skb, skip);
		if (ret)
			return ret;
		at += skb->len - skip;
	}
	return at == end ? 0 : -EIO;
}

/* What @skb of a send queue has from @at on. */
static int append_sent(struct queue *queue, const struct sk_buff *skb, u32 *at)
{
	u32 seq = TCP_SKB_CB(skb)->seq;
	int ret;

	if (!skb->len || !before(*at, seq + skb->len))
		return 0;
	if (before(*at, seq))
		return -EIO;
	ret = append(queue, skb, *at - seq);
	*at = seq + skb->len;
	return ret;
}

static int copy_sent(struct sock *sk, u32 from, struct queue *to)
{
	u32 end = tcp_sk(sk)->write_seq - tcp_has_said_last(sk->sk_state), at = from;
	struct sk_buff *skb;
	int ret;

	if (!before(from, end))
		return 0;
	ret = enlarge(to, end - from);
	for (skb = tcp_rtx_queue_head(sk); !ret && skb; skb = skb_rb_next(skb))
		ret = append_sent(to, skb, &at);
	if (ret)
		return ret;
	skb_queue_walk(&sk->sk_write_queue, skb) {
		ret = append_sent(to, skb, &at);
		if (ret)
			return ret;
	}
	return at == end ? 0 : -EIO;
}

/* ---- second pass: one moment --------------------------------------------- */

static void lock_both(struct sock *one, struct sock *other)
{
	if (other && other < one)
		swap(one, other);
	lock_sock(one);
	if (other)
		lock_sock_nested(other, SINGLE_DEPTH_NESTING);
}

static void unlock_both(struct sock *one, struct sock *other)
{
	release_sock(one);
	if (other)
		release_sock(other);
}

static void look(struct view *view, const struct sock *other)
{
	const struct tcp_sock *tcp = tcp_sk(view->sk);
	const struct tcp_options_received *options = &tcp->rx_opt;
	struct procmig_tcp_end *end = &view->end;

	end->state = view->sk->sk_state;
	end->shutdown = view->sk->sk_shutdown & SHUTDOWN_MASK;
	end->error = view->sk->sk_err;
	end->send_sequence = other ? received_until(other) : tcp->snd_una;
	end->receive_sequence = read_until(view->sk);
	end->send_window = other ? tcp_receive_window(tcp_sk(other)) : tcp->snd_wnd;
	end->largest_window = max(tcp->max_window, end->send_window);
	end->receive_window = tcp_receive_window(tcp);
	end->receive_threshold = tcp->rcv_ssthresh;
	end->window_clamp = tcp->window_clamp;
	end->timestamp = procmig_compat_tcp_clock() + tcp->tsoffset;
	end->segment = options->mss_clamp;
	if (options->wscale_ok) {
		end->flags |= PROCMIG_TCP_END_SCALES;
		end->send_scale = options->snd_wscale;
		end->receive_scale = options->rcv_wscale;
	}
	if (options->sack_ok)
		end->flags |= PROCMIG_TCP_END_SACK;
	if (options->tstamp_ok)
		end->flags |= PROCMIG_TCP_END_TIMESTAMPS;
	if (sock_flag(view->sk, SOCK_DONE))
		end->flags |= PROCMIG_TCP_END_DONE;
}

static int read_end(struct view *view, const struct sock *other)
{
	int ret;

	look(view, other);
	ret = copy_received(view);
	/* One that is closed sends nothing any more. */
	if (ret || view->end.state == TCP_CLOSE)
		return ret;
	return copy_sent(view->sk, view->end.send_sequence, &view->sent);
}

/* What the kernel still sends for an end that was closed has been received then. */
static int take_over(struct view *view, struct sock *closed)
{
	bool ended = closed && tcp_has_said_last(closed->sk_state);
	int ret = 0, state;

	if (closed)
		ret = copy_sent(closed, received_until(view->sk), &view->received);
	if (ret)
		return ret;
	state = tcp_state_alone(view->end.state, ended, view->sent.bytes);
	if (!state)
		return -EAGAIN;
	if (ended)
		view->end.flags |= PROCMIG_TCP_END_DONE;
	view->end.state = state;
	return 0;
}

/* @other: of another end that is carried; @closed: or of one that nobody has. */
static int read_moment(struct view *view, struct view *other, struct sock *closed)
{
	struct sock *second = other ? other->sk : closed;
	int ret;

	lock_both(view->sk, second);
	ret = read_end(view, other ? other->sk : NULL);
	if (!ret && other)
		ret = read_end(other, view->sk);
	else if (!ret)
		ret = take_over(view, closed);
	unlock_both(view->sk, second);
	return ret;
}

/* ---- second pass: emitting ----------------------------------------------- */

static int emit_content(struct procmig_file_save *save, u32 what, u32 description,
			const struct queue *queue)
{
	const struct procmig_file_tcp_data data = { .what = what, .description = description };
	size_t at, bytes;
	int ret = 0;

	for (at = 0; !ret && at < queue->bytes; at += bytes) {
		bytes = min_t(size_t, CHUNK, queue->bytes - at);
		ret = procmig_file_data(save, &data, sizeof(data), queue->data + at, bytes);
	}
	return ret;
}

static int emit_connection(struct procmig_file_save *save, const struct view *view,
			   unsigned int count)
{
	struct procmig_file_tcp_data data = {
		.what = PROCMIG_TCP_CONNECTION,
		.description = save->description,
	};
	struct procmig_tcp_end end[2];
	unsigned int i;
	int ret;

	for (i = 0; i < count; i++)
		end[i] = view[i].end;
	ret = procmig_file_data(save, &data, sizeof(data), end, count * sizeof(*end));
	for (i = 0; !ret && i < count; i++)
		ret = emit_content(save, PROCMIG_TCP_RECEIVED, end[i].description,
				   &view[i].received);
	for (i = 0; !ret && i < count; i++)
		ret = emit_content(save, PROCMIG_TCP_SENT, end[i].description, &view[i].sent);
	data.what = PROCMIG_TCP_ENDED;
	return ret ?: procmig_file_data(save, &data, sizeof(data), NULL, 0);
}

static int emit_waiting(struct procmig_file_save *save, struct view *child, u32 number)
{
	struct procmig_file_tcp_data data = {
		.what = PROCMIG_TCP_ACCEPTABLE,
		.description = save->description,
	};
	struct {
		struct procmig_tcp_waiting waiting;
		struct procmig_inet_device device;
	} body = {
		.waiting.client = number,
		.waiting.ended = !!(child->end.flags & PROCMIG_TCP_END_DONE),
	};
	int index = child->sk->sk_bound_dev_if;
	struct procmig_file_inet to = {}, from = {};
	struct sockaddr_in6 *local6 = (struct sockaddr_in6 *)to.remote;
	struct sockaddr_in *local = (struct sockaddr_in *)to.remote;
	int ret;

	/* Its remote end is the client's own; the port is at the same place. */
	save_remote(child->sk, &from);
	memcpy(body.waiting.local, from.remote, sizeof(body.waiting.local));
	save_remote(child->sk, &to);
	local->sin_port = inet_sk(child->sk)->inet_sport;
	if (child->sk->sk_family == AF_INET)
		local->sin_addr.s_addr = child->sk->sk_rcv_saddr;
	else
		local6->sin6_addr = child->sk->sk_v6_rcv_saddr;
	memcpy(body.waiting.remote, to.remote, sizeof(body.waiting.remote));
	if (index && !sockets_device_name(child->sk, index, body.device.name))
		return -ENODEV;
	ret = procmig_file_data(save, &data, sizeof(data), &body,
				index ? sizeof(body) : sizeof(body.waiting));
	if (!ret)
		ret = emit_content(save, PROCMIG_TCP_QUEUED, save->description,
				   &child->received);
	data.what = PROCMIG_TCP_QUEUED_ALL;
	return ret ?: procmig_file_data(save, &data, sizeof(data), NULL, 0);
}

static void forget(struct view *view)
{
	kvfree(view->received.data);
	kvfree(view->sent.data);
}

static int save_waiting(struct procmig_file_save *save, struct sock *child)
{
	struct view view = { .sk = child };
	enum tcp_other where;
	struct sock *client = tcp_find_other(child, &where);
	u32 number;
	int ret;

	ret = refer(save, client, &number);
	if (ret)
		goto put;
	lock_both(child, client);
	ret = read_end(&view, client);
	/* All of it is sent again, by the client, or by one that stands for it. */
	if (!ret && client)
		ret = copy_sent(client, received_until(child), &view.received);
	if (client && tcp_has_said_last(client->sk_state))
		view.end.flags |= PROCMIG_TCP_END_DONE;
	unlock_both(child, client);
	if (!ret)
		ret = emit_waiting(save, &view, number);
put:
	forget(&view);
	if (client)
		sock_put(client);
	return ret;
}

static int save_all_waiting(struct procmig_file_save *save, struct sock *sk)
{
	struct sock *child;
	unsigned int nth;
	int ret = 0;

	for (nth = 0; !ret && (child = tcp_acceptable(sk, nth)); nth++) {
		ret = save_waiting(save, child);
		sock_put(child);
	}
	return ret;
}

static int save_connection(struct procmig_file_save *save, struct sock *sk)
{
	struct view view[2] = { { .sk = sk } };
	enum tcp_other where = TCP_OTHER_GONE;
	struct sock *other = NULL;
	bool both;
	int ret;

	if (sk->sk_state != TCP_CLOSE)
		other = tcp_find_other(sk, &where);
	view[0].end.description = save->description;
	view[1].sk = other;
	ret = refer(save, other, &view[1].end.description);
	if (ret)
		goto put;
	both = where == TCP_OTHER_HELD && view[1].end.description != GONE;
	ret = read_moment(&view[0], both ? &view[1] : NULL,
			  where == TCP_OTHER_CLOSED ? other : NULL);
	if (!ret)
		ret = emit_connection(save, view, both ? 2 : 1);
	else
		procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, ret,
			     "a TCP connection from port %u to port %u cannot be read (%d)",
			     ntohs(inet_sk(sk)->inet_sport), ntohs(inet_sk(sk)->inet_dport),
			     ret);
put:
	forget(&view[0]);
	forget(&view[1]);
	if (other)
		sock_put(other);
	return ret;
}

int tcp_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	const struct procmig_file_tcp_data asking = {
		.what = PROCMIG_TCP_CONNECTING,
		.description = save->description,
	};
	struct sock *sk = sockets_sock(file);

	if (READ_ONCE(sk->sk_state) == TCP_SYN_SENT)
		return procmig_file_data(save, &asking, sizeof(asking), NULL, 0);

	switch (kind_of(sk)) {
	case PROCMIG_TCP_LISTENING:
		return save_all_waiting(save, sk);
	case PROCMIG_TCP_CONNECTED:
		return save_connection(save, sk);
	default:
		return 0;
	}
}
