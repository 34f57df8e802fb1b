// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP sockets on the target.  Connections are put together in the repair mode of
 * tcp(7), which sends nothing.  Only when both ends are there they leave it, what
 * was on its way is sent again, and they are shut down as they were: so no
 * segment ever finds nobody, and the stack itself reaches the states that closing
 * goes through.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <net/inet_timewait_sock.h>

#include "tcp.h"

#define GONE (~0u)
#define FLAGS (PROCMIG_TCP_NODELAY | PROCMIG_TCP_CORK | PROCMIG_TCP_THIN |	\
	       PROCMIG_TCP_SAVE_SYN | PROCMIG_TCP_INQ)
#define END_FLAGS (PROCMIG_TCP_END_SCALES | PROCMIG_TCP_END_SACK |		\
		   PROCMIG_TCP_END_TIMESTAMPS | PROCMIG_TCP_END_DONE)
#define WINDOW_MAX (U16_MAX << TCP_MAX_WSCALE)
#define PATIENCE_MS 2000

/* A socket on the target until the process runs. */
struct end {
	u32 number;			/* of its description */
	bool joined;
	struct procmig_file_tcp body;
	struct procmig_tcp_end state;
	void *rest;			/* filter, attached last, and options */
};

enum phase {
	APART,
	JOINED,				/* under repair, nothing is sent */
	OPEN,
};

/* What the ends of a connection share, or the only one of one that is none. */
struct connection {
	unsigned int count;
	struct end end[2];
	enum phase phase;
	unsigned int first, last;	/* the ends of the connection that is made */
	struct socket *client;		/* of the one that waits to be accepted */
	struct socket *stand_in;	/* the same, if nobody has it */
};

/* ---- first pass ---------------------------------------------------------- */

static bool is_ok(const struct procmig_file_tcp *body, size_t bytes)
{
	return bytes >= sizeof(*body) && inet_is_ok(&body->inet) &&
	       bytes == sizeof(*body) + inet_rest_bytes(&body->inet) &&
	       body->inet.socket.type == SOCK_STREAM &&
	       body->inet.socket.protocol == IPPROTO_TCP &&
	       body->kind >= PROCMIG_TCP_UNCONNECTED && body->kind <= PROCMIG_TCP_WAITING &&
	       body->phase >= SS_UNCONNECTED && body->phase <= SS_CONNECTED &&
	       !(body->flags & ~FLAGS) &&
	       strnlen(body->congestion, sizeof(body->congestion)) < sizeof(body->congestion);
}

static int set_congestion(struct socket *socket, const struct procmig_file_tcp *body)
{
	char name[sizeof(body->congestion)];

	strscpy(name, body->congestion, sizeof(name));
	if (!*name || !strcmp(name, inet_csk(socket->sk)->icsk_ca_ops->name))
		return 0;
	return socket->ops->setsockopt(socket, SOL_TCP, TCP_CONGESTION, KERNEL_SOCKPTR(name),
				       strlen(name));
}

/* Those that nothing but tcp(7) sets; 0 stands for what a new socket has. */
static int set_options(struct socket *socket, const struct end *end)
{
	const struct procmig_file_tcp *body = &end->body;
	const struct {
		int option;
		int value;
	} options[] = {
		{ TCP_NODELAY, !!(body->flags & PROCMIG_TCP_NODELAY) },
		{ TCP_CORK, !!(body->flags & PROCMIG_TCP_CORK) },
		{ TCP_THIN_LINEAR_TIMEOUTS, !!(body->flags & PROCMIG_TCP_THIN) },
		{ TCP_SAVE_SYN, !!(body->flags & PROCMIG_TCP_SAVE_SYN) },
		{ TCP_INQ, !!(body->flags & PROCMIG_TCP_INQ) },
		{ TCP_KEEPIDLE, body->keep_idle_s },
		{ TCP_KEEPINTVL, body->keep_interval_s },
		{ TCP_KEEPCNT, body->keep_count },
		{ TCP_SYNCNT, body->syn_retries },
		{ TCP_LINGER2, body->linger_s },
		{ TCP_USER_TIMEOUT, body->user_timeout_ms },
		{ TCP_NOTSENT_LOWAT, body->unsent_low_water },
		{ TCP_MAXSEG, body->segment },
		{ TCP_FASTOPEN, body->fast_open },
	};
	unsigned int i;
	int ret = inet_set_options(socket, &body->inet, end->rest);

	for (i = 0; !ret && i < ARRAY_SIZE(options); i++)
		if (options[i].value)
			ret = inet_set_option(socket, SOL_TCP, options[i].option,
					      options[i].value);
	inet_csk(socket->sk)->icsk_accept_queue.rskq_defer_accept =
		min(body->defer_accept, 255u);
	if (body->window_clamp)
		WRITE_ONCE(tcp_sk(socket->sk)->window_clamp,
			   min_t(u32, body->window_clamp, WINDOW_MAX));
	return ret ?: set_congestion(socket, body);
}

static int rebuild(struct procmig_file_load *load, struct socket *socket, struct end *end)
{
	const struct procmig_file_tcp *body = &end->body;
	int ret = set_options(socket, end);

	if (!ret)
		ret = inet_set_device(load, socket, &body->inet, end->rest);
	if (ret || body->kind > PROCMIG_TCP_LISTENING)
		return ret;
	ret = sockets_attach_filter(load, socket->sk, &body->inet.socket, end->rest);
	if (!ret)
		ret = inet_bind_again(socket, &body->inet);
	if (!ret && body->kind == PROCMIG_TCP_LISTENING)
		ret = kernel_listen(socket, body->inet.socket.backlog);
	return ret;
}

static struct end *add_end(struct procmig_file_load *load, const struct procmig_file_tcp *body)
{
	struct connection *connection = *load->object;
	struct end *end;

	if (!connection) {
		connection = kzalloc(sizeof(*connection), GFP_KERNEL);
		if (!connection)
			return ERR_PTR(-ENOMEM);
		*load->object = connection;
	} else if (connection->count == ARRAY_SIZE(connection->end) ||
		   body->kind != PROCMIG_TCP_CONNECTED ||
		   connection->end[0].body.kind != PROCMIG_TCP_CONNECTED) {
		return ERR_PTR(procmig_file_refuse(load, "the ends of a TCP connection"));
	}
	end = &connection->end[connection->count];
	end->number = load->description;
	end->body = *body;
	end->rest = kmemdup(body + 1, inet_rest_bytes(&body->inet) + 1, GFP_KERNEL);
	if (!end->rest)
		return ERR_PTR(-ENOMEM);
	connection->count++;
	return end;
}

struct file *tcp_restart(struct procmig_file_load *load, const void *data, size_t bytes)
{
	const struct procmig_file_tcp *body = data;
	struct file *file;
	struct end *end;
	int ret;

	if (!is_ok(body, bytes))
		return ERR_PTR(procmig_file_refuse(load, "a TCP socket"));
	end = add_end(load, body);
	if (IS_ERR(end))
		return ERR_CAST(end);
	file = sockets_make(load, body->inet.family, &body->inet.socket);
	if (IS_ERR(file))
		return file;
	ret = rebuild(load, sockets_sock(file)->sk_socket, end);
	if (ret) {
		fput(file);
		return ERR_PTR(inet_failed(load, &body->inet, ret));
	}
	if (body->kind > PROCMIG_TCP_UNCONNECTED)
		sockets_open_wide(sockets_sock(file));
	return file;
}

/* ---- second pass: joining ------------------------------------------------ */

static struct socket *socket_at(struct procmig_file_load *load, u32 number)
{
	struct file *file = procmig_file_at(load, number);
	struct sock *sk = file && tcp_kind.match(file) ? sockets_sock(file) : NULL;

	return sk ? sk->sk_socket : NULL;
}

static struct end *end_at(struct connection *connection, u32 number)
{
	unsigned int i;

	for (i = 0; i < connection->count; i++)
		if (connection->end[i].number == number)
			return &connection->end[i];
	return NULL;
}

/* One that an earlier move has left here is of nobody. */
static void end_time_wait(struct sock *sk, const struct procmig_file_inet *wanted)
{
	struct sockaddr_storage from = {}, to = {};
	struct sock *found;

	memcpy(&from, wanted->remote, sizeof(wanted->remote));
	memcpy(&to, wanted->local, sizeof(wanted->local));
	from.ss_family = wanted->family;
	to.ss_family = wanted->family;
	found = procmig_compat_tcp_find(sock_net(sk), sk->sk_bound_dev_if,
					(struct sockaddr *)&from, (struct sockaddr *)&to);
	if (found && found->sk_state == TCP_TIME_WAIT)
		inet_twsk_deschedule_put(inet_twsk(found));
	else if (found)
		sock_gen_put(found);
}

static int set_sequence(struct socket *socket, int queue, u32 sequence)
{
	int ret = inet_set_option(socket, SOL_TCP, TCP_REPAIR_QUEUE, queue);

	return ret ?: inet_set_option(socket, SOL_TCP, TCP_QUEUE_SEQ, sequence);
}

static int set_agreement(struct socket *socket, const struct procmig_tcp_end *state)
{
	struct tcp_options_received *options = &tcp_sk(socket->sk)->rx_opt;
	struct tcp_repair_opt repair[4];
	unsigned int count = 0;
	int ret;

	repair[count++] = (struct tcp_repair_opt) { TCPOPT_MSS, state->segment };
	if (state->flags & PROCMIG_TCP_END_SCALES)
		repair[count++] = (struct tcp_repair_opt) {
			TCPOPT_WINDOW, state->send_scale | state->receive_scale << 16 };
	if (state->flags & PROCMIG_TCP_END_SACK)
		repair[count++] = (struct tcp_repair_opt) { TCPOPT_SACK_PERM, 0 };
	if (state->flags & PROCMIG_TCP_END_TIMESTAMPS)
		repair[count++] = (struct tcp_repair_opt) { TCPOPT_TIMESTAMP, 0 };
	ret = socket->ops->setsockopt(socket, SOL_TCP, TCP_REPAIR_OPTIONS,
				      KERNEL_SOCKPTR(repair), count * sizeof(*repair));
	if (!ret && !(state->flags & PROCMIG_TCP_END_SCALES)) {
		options->snd_wscale = 0;
		options->rcv_wscale = 0;
	}
	return ret ?: inet_set_option(socket, SOL_TCP, TCP_TIMESTAMP, state->timestamp);
}

static int join(struct procmig_file_load *load, struct end *end)
{
	struct socket *socket = socket_at(load, end->number);
	const struct procmig_tcp_end *state = &end->state;
	const struct procmig_file_inet *wanted = &end->body.inet;
	int ret;

	if (!socket || socket->sk->sk_state != TCP_CLOSE ||
	    !(wanted->flags & PROCMIG_INET_CONNECTED))
		return procmig_file_refuse(load, "an end of a TCP connection");
	end_time_wait(socket->sk, wanted);
	ret = inet_set_option(socket, SOL_TCP, TCP_REPAIR, TCP_REPAIR_ON);
	if (!ret)
		ret = set_sequence(socket, TCP_SEND_QUEUE, state->send_sequence);
	if (!ret)
		ret = set_sequence(socket, TCP_RECV_QUEUE, state->receive_sequence);
	if (!ret) {
		struct procmig_file_inet address = *wanted;

		/* Its port may be free again, but the stack wants to see one. */
		address.flags |= PROCMIG_INET_BOUND_PORT;
		ret = inet_bind_again(socket, &address);
	}
	if (!ret)
		ret = inet_connect_again(socket, wanted, 0);
	if (!ret)
		ret = set_agreement(socket, state);
	if (ret)
		return inet_failed(load, wanted, ret);
	inet_lock_address(socket->sk, wanted);
	sockets_open_wide(socket->sk);
	end->joined = true;
	return 0;
}

static bool is_ok_end(const struct procmig_tcp_end *state, bool alone)
{
	unsigned int states = alone ? TCPF_CLOSE | TCPF_CLOSE_WAIT | TCPF_LAST_ACK :
				      TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 |
				      TCPF_FIN_WAIT2 | TCPF_CLOSING | TCPF_LAST_ACK;

	return state->state < TCP_MAX_STATES && (1 << state->state) & states &&
	       !(state->flags & ~END_FLAGS) && state->segment >= TCP_MIN_SND_MSS &&
	       state->send_scale <= TCP_MAX_WSCALE && state->receive_scale <= TCP_MAX_WSCALE &&
	       state->send_window <= WINDOW_MAX && state->receive_window <= WINDOW_MAX &&
	       state->largest_window >= state->send_window &&
	       state->largest_window <= WINDOW_MAX;
}

static int take_connection(struct procmig_file_load *load, struct connection *connection,
			   const struct procmig_tcp_end *state, size_t bytes)
{
	unsigned int count = bytes / sizeof(*state), i;
	struct end *end;
	int ret;

	if (bytes % sizeof(*state) || !count || count > 2 || connection->phase != APART ||
	    (count == 2 && state[0].description == state[1].description))
		return procmig_file_refuse(load, "a TCP connection");
	for (i = 0; i < count; i++) {
		end = end_at(connection, state[i].description);
		if (!end || end->joined || end->body.kind != PROCMIG_TCP_CONNECTED ||
		    !is_ok_end(&state[i], count == 1))
			return procmig_file_refuse(load, "an end of a TCP connection");
		end->state = state[i];
		ret = join(load, end);
		if (ret)
			return ret;
		if (!i)
			connection->first = end - connection->end;
		connection->last = end - connection->end;
	}
	connection->phase = JOINED;
	return 0;
}

/* ---- second pass: content ------------------------------------------------ */

static int put(struct socket *socket, const void *data, size_t bytes)
{
	struct msghdr header = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	int ret = 0;

	while (bytes && ret >= 0) {
		struct kvec content = { (void *)data, bytes };

		ret = kernel_sendmsg(socket, &header, &content, 1, bytes);
		if (ret > 0) {
			data += ret;
			bytes -= ret;
		} else if (!ret) {
			ret = -EIO;
		}
	}
	return min(ret, 0);
}

static int take_received(struct procmig_file_load *load, struct connection *connection,
			 const struct procmig_file_tcp_data *data, size_t bytes)
{
	struct end *end = end_at(connection, data->description);
	struct socket *socket;
	int ret;

	if (connection->phase != JOINED || !end || !end->joined)
		return procmig_file_refuse(load, "what a TCP socket has received");
	socket = socket_at(load, end->number);
	ret = inet_set_option(socket, SOL_TCP, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE);
	return ret ?: put(socket, data + 1, bytes);
}

static bool is_alone(const struct connection *connection)
{
	return connection->first == connection->last;
}

/* The other end has said its last, which it cannot do again. */
static void hear_last(struct sock *sk)
{
	lock_sock(sk);
	WRITE_ONCE(tcp_sk(sk)->rcv_nxt, tcp_sk(sk)->rcv_nxt + 1);
	sk->sk_shutdown |= RCV_SHUTDOWN;
	sock_set_flag(sk, SOCK_DONE);
	tcp_set_state(sk, TCP_CLOSE_WAIT);
	release_sock(sk);
}

static int open_end(struct procmig_file_load *load, struct end *end)
{
	struct socket *socket = socket_at(load, end->number);
	const struct procmig_tcp_end *state = &end->state;
	struct tcp_sock *tcp = tcp_sk(socket->sk);
	struct tcp_repair_window window = {
		.snd_wl1 = tcp->rcv_nxt,
		.snd_wnd = state->send_window,
		.max_window = state->largest_window,
		.rcv_wnd = state->receive_window,
		.rcv_wup = tcp->rcv_nxt,
	};
	int ret;

	ret = socket->ops->setsockopt(socket, SOL_TCP, TCP_REPAIR_WINDOW,
				      KERNEL_SOCKPTR(&window), sizeof(window));
	if (ret)
		return ret;
	lock_sock(socket->sk);
	/* From here on it says how much it takes. */
	WRITE_ONCE(socket->sk->sk_rcvbuf,
		   max_t(int, end->body.inet.socket.receive_bytes, SOCK_MIN_RCVBUF));
	if (state->window_clamp)
		WRITE_ONCE(tcp->window_clamp, min_t(u32, state->window_clamp, WINDOW_MAX));
	tcp->rcv_ssthresh = min(state->receive_threshold, tcp->window_clamp);
	tcp->tcp_header_len = sizeof(struct tcphdr) +
		(state->flags & PROCMIG_TCP_END_TIMESTAMPS ? TCPOLEN_TSTAMP_ALIGNED : 0);
	tcp->pred_flags = 0;
	release_sock(socket->sk);
	ret = inet_set_option(socket, SOL_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
	lock_sock(socket->sk);
	inet_lenient(socket->sk);
	release_sock(socket->sk);
	return ret;
}

static int open_connection(struct procmig_file_load *load, struct connection *connection)
{
	struct end *first = &connection->end[connection->first];
	struct end *last = &connection->end[connection->last];
	int ret;

	if (connection->phase != JOINED)
		return 0;
	connection->phase = OPEN;
	ret = open_end(load, first);
	if (!ret && !is_alone(connection))
		ret = open_end(load, last);
	if (!ret && is_alone(connection) && first->state.state != TCP_CLOSE)
		hear_last(socket_at(load, first->number)->sk);
	return ret;
}

static int take_sent(struct procmig_file_load *load, struct connection *connection,
		     const struct procmig_file_tcp_data *data, size_t bytes)
{
	struct end *end = end_at(connection, data->description);
	int ret;

	if (connection->phase == APART || !end || !end->joined ||
	    end->state.state == TCP_CLOSE)
		return procmig_file_refuse(load, "what a TCP socket has sent");
	ret = open_connection(load, connection);
	if (ret)
		return ret;
	ret = put(socket_at(load, end->number), data + 1, bytes);
	/* Nobody is there any more, and that is what it hears. */
	return is_alone(connection) ? 0 : ret;
}

/* ---- second pass: the end of it ------------------------------------------ */

static void await_state(struct sock *sk, unsigned int states)
{
	unsigned int ms;

	for (ms = 0; ms < PATIENCE_MS && !((1 << READ_ONCE(sk->sk_state)) & states); ms++)
		usleep_range(1000, 1500);
}

/* Its own direction; as far as all has arrived the other end knows at once. */
static void say_last(struct procmig_file_load *load, const struct end *end,
		     const struct end *other)
{
	struct socket *socket = socket_at(load, end->number);

	if (!tcp_has_said_last(end->state.state))
		return;
	kernel_sock_shutdown(socket, SHUT_WR);
	if (end->state.state == TCP_FIN_WAIT2)
		await_state(socket->sk, TCPF_FIN_WAIT2 | TCPF_TIME_WAIT | TCPF_CLOSE);
	else if (other->state.state == TCP_LAST_ACK)
		await_state(socket_at(load, other->number)->sk, ~TCPF_ESTABLISHED);
}

static void close_both(struct procmig_file_load *load, const struct end *one,
		       const struct end *other)
{
	/* Who has heard the other's last before it said its own says it later. */
	if ((1 << one->state.state) & (TCPF_LAST_ACK | TCPF_CLOSE_WAIT))
		swap(one, other);
	say_last(load, one, other);
	say_last(load, other, one);
}

static void close_alone(struct socket *socket, const struct end *end)
{
	struct sock *sk = socket->sk;

	if (end->state.state == TCP_LAST_ACK)
		kernel_sock_shutdown(socket, SHUT_WR);
	if (end->state.state != TCP_CLOSE)
		return;
	lock_sock(sk);
	if (end->state.flags & PROCMIG_TCP_END_DONE) {
		sock_set_flag(sk, SOCK_DONE);
		WRITE_ONCE(tcp_sk(sk)->rcv_nxt, tcp_sk(sk)->rcv_nxt + 1);
	}
	local_bh_disable();
	bh_lock_sock(sk);
	/* As after the last acknowledgement: nothing is sent. */
	if (sk->sk_state != TCP_CLOSE)
		tcp_done(sk);
	bh_unlock_sock(sk);
	local_bh_enable();
	release_sock(sk);
}

static int finish_end(struct procmig_file_load *load, struct end *end)
{
	struct procmig_socket *saved = &end->body.inet.socket;

	saved->shutdown = end->state.shutdown;
	saved->error = end->state.error;
	return sockets_attach_filter(load, socket_at(load, end->number)->sk, saved,
				     end->rest);
}

static int take_end(struct procmig_file_load *load, struct connection *connection)
{
	struct end *first = &connection->end[connection->first];
	struct end *last = &connection->end[connection->last];
	int ret;

	if (connection->phase == APART)
		return procmig_file_refuse(load, "the end of a TCP connection");
	ret = open_connection(load, connection);
	if (ret)
		return ret;
	connection->phase = APART;
	if (is_alone(connection))
		close_alone(socket_at(load, first->number), first);
	else
		close_both(load, first, last);
	ret = finish_end(load, first);
	if (!ret && first != last)
		ret = finish_end(load, last);
	return ret;
}

/* ---- connections that wait to be accepted -------------------------------- */

/* Through the device, if there is one, by which that one came that it stands for. */
static int make_stand_in(struct connection *connection, int family,
			 const struct procmig_inet_device *device)
{
	int ret = sock_create_kern(&init_net, family, SOCK_STREAM, IPPROTO_TCP,
				   &connection->stand_in);

	if (ret)
		return ret;
	connection->client = connection->stand_in;
	return device ? sockets_bind_to_device(connection->stand_in, device->name) : 0;
}

/* Through the whole handshake; what listens is here, so it takes no time. */
static int connect_to(struct sock *listener, struct socket *client,
		      const struct procmig_file_inet *address)
{
	u32 before = READ_ONCE(listener->sk_ack_backlog);
	unsigned int ms;
	int ret;

	ret = inet_bind_again(client, address);
	if (ret)
		return ret;
	ret = inet_connect_again(client, address, O_NONBLOCK);
	if (ret && ret != -EINPROGRESS)
		return ret;
	for (ms = 0; ms < PATIENCE_MS; ms++) {
		if (READ_ONCE(client->sk->sk_state) == TCP_ESTABLISHED &&
		    READ_ONCE(listener->sk_ack_backlog) != before)
			break;
		usleep_range(1000, 1500);
	}
	return ms < PATIENCE_MS ? 0 : -ETIMEDOUT;
}

/* Who has asked by IPv4 knows the addresses without what makes them such of IPv6. */
static bool as_ipv4(__u8 *text)
{
	const struct sockaddr_in6 *mapped = (const struct sockaddr_in6 *)text;
	struct sockaddr_in plain = {
		.sin_family = AF_INET,
		.sin_port = mapped->sin6_port,
		.sin_addr.s_addr = mapped->sin6_addr.s6_addr32[3],
	};

	if (!ipv6_addr_v4mapped(&mapped->sin6_addr))
		return false;
	memset(text, 0, sizeof(*mapped));
	memcpy(text, &plain, sizeof(plain));
	return true;
}

static int take_acceptable(struct procmig_file_load *load, struct connection *connection,
			   struct sock *listener, const struct procmig_tcp_waiting *waiting,
			   const struct procmig_inet_device *device)
{
	struct procmig_file_inet address = {
		.family = listener->sk_family,
		.flags = PROCMIG_INET_BOUND_PORT | PROCMIG_INET_BOUND_ADDRESS |
			 PROCMIG_INET_CONNECTED,
		.socket.type = SOCK_STREAM,
	};
	int ret = 0;

	if (connection->client || listener->sk_state != TCP_LISTEN || waiting->ended > 1 ||
	    !inet_address_is_ok(listener->sk_family, waiting->local) ||
	    !inet_address_is_ok(listener->sk_family, waiting->remote) ||
	    (device && !sockets_device_is_ok(device->name)))
		return procmig_file_refuse(load, "a connection that waits to be accepted");
	if (waiting->client == GONE) {
		ret = make_stand_in(connection, listener->sk_family, device);
		if (ret)
			return ret;
	} else {
		connection->client = socket_at(load, waiting->client);
		if (!connection->client || connection->client->sk->sk_state != TCP_CLOSE ||
		    connection->client->state != SS_UNCONNECTED)
			return procmig_file_refuse(load, "who waits to be accepted");
		address.family = connection->client->sk->sk_family;
	}
	memcpy(address.local, waiting->local, sizeof(address.local));
	memcpy(address.remote, waiting->remote, sizeof(address.remote));
	if (address.family != listener->sk_family &&
	    (address.family != AF_INET || !as_ipv4(address.local) || !as_ipv4(address.remote)))
		return procmig_file_refuse(load, "the addresses of who waits to be accepted");
	connection->end[0].state.shutdown = waiting->ended;
	ret = connect_to(listener, connection->client, &address);
	return ret ? inet_failed(load, &address, ret) : 0;
}

static int take_acceptable_data(struct procmig_file_load *load, struct connection *connection,
				struct sock *listener, const void *data, size_t bytes)
{
	const struct procmig_tcp_waiting *waiting = data;
	const struct procmig_inet_device *device = data + sizeof(*waiting);

	if (bytes == sizeof(*waiting))
		return take_acceptable(load, connection, listener, waiting, NULL);
	if (bytes == sizeof(*waiting) + sizeof(*device))
		return take_acceptable(load, connection, listener, waiting, device);
	return procmig_file_refuse(load, "a connection that waits to be accepted");
}

static int take_queued_all(struct procmig_file_load *load, struct connection *connection)
{
	if (!connection->client)
		return procmig_file_refuse(load, "a connection that waits to be accepted");
	if (connection->end[0].state.shutdown)
		kernel_sock_shutdown(connection->client, SHUT_WR);
	if (connection->stand_in)
		sock_release(connection->stand_in);
	connection->stand_in = NULL;
	connection->client = NULL;
	return 0;
}

/* Whether it gets there is between it and the one that listens, as before. */
static int take_connecting(struct procmig_file_load *load, struct connection *connection,
			   struct socket *socket)
{
	struct procmig_file_inet address = connection->end[0].body.inet;
	int ret;

	if (connection->end[0].body.kind != PROCMIG_TCP_WAITING ||
	    socket->sk->sk_state != TCP_CLOSE || socket->state != SS_UNCONNECTED)
		return procmig_file_refuse(load, "a TCP socket that connects");
	ret = inet_bind_again(socket, &address);
	if (!ret)
		ret = inet_connect_again(socket, &address, O_NONBLOCK);
	return ret && ret != -EINPROGRESS ? inet_failed(load, &address, ret) : 0;
}

int tcp_restart_data(struct procmig_file_load *load, struct file *file, const void *body,
		     size_t bytes)
{
	const struct procmig_file_tcp_data *data = body;
	struct connection *connection = *load->object;

	if (bytes < sizeof(*data) || !connection)
		return procmig_file_refuse(load, "data of a TCP socket");
	bytes -= sizeof(*data);
	switch (data->what) {
	case PROCMIG_TCP_CONNECTION:
		return take_connection(load, connection, (const void *)(data + 1), bytes);
	case PROCMIG_TCP_RECEIVED:
		return take_received(load, connection, data, bytes);
	case PROCMIG_TCP_SENT:
		return take_sent(load, connection, data, bytes);
	case PROCMIG_TCP_ENDED:
		return take_end(load, connection);
	case PROCMIG_TCP_ACCEPTABLE:
		return take_acceptable_data(load, connection, sockets_sock(file), data + 1, bytes);
	case PROCMIG_TCP_QUEUED:
		if (!connection->client)
			break;
		return put(connection->client, data + 1, bytes);
	case PROCMIG_TCP_QUEUED_ALL:
		return take_queued_all(load, connection);
	case PROCMIG_TCP_CONNECTING:
		return take_connecting(load, connection, sockets_sock(file)->sk_socket);
	}
	return procmig_file_refuse(load, "data of a TCP socket");
}

/* ---- end ----------------------------------------------------------------- */

void tcp_resume(struct procmig_file_load *load, struct file *file)
{
	struct sock *sk = sockets_sock(file);
	struct connection *connection = *load->object;
	struct end *end = connection ? end_at(connection, load->description) : NULL;
	int heard;

	if (!end)
		return;
	/* What it has heard meanwhile counts. */
	heard = sk->sk_err;
	sockets_finish(sk, &end->body.inet.socket);
	lock_sock(sk);
	if (!sk->sk_err)
		sk->sk_err = heard;
	inet_lock_address(sk, &end->body.inet);
	if (sk->sk_state != TCP_LISTEN)
		sk->sk_socket->state = end->body.phase;
	release_sock(sk);
	if (inet_sk(sk)->inet_num)
		procmig_compat_forget_port(sk);
	sk->sk_write_space(sk);
}

void tcp_release(void *object)
{
	struct connection *connection = object;

	if (connection->stand_in)
		sock_release(connection->stand_in);
	kfree(connection->end[0].rest);
	kfree(connection->end[1].rest);
	kfree(connection);
}
