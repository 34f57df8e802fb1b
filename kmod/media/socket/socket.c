// SPDX-License-Identifier: GPL-2.0-only
/*
 * Medium: connected stream sockets.  Small records are aggregated, large data
 * goes straight between the socket and the pages or the address space that it
 * belongs to.  Encryption, where there is any, is the socket's own (kTLS).
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>
#include <procmig/compat.h>
#include <procmig/medium.h>

#define BUFFER_BYTES (64u << 10)
/* From here on a copy through the buffer costs more than a call. */
#define DIRECT_BYTES (16u << 10)

struct channel {
	struct file *file;
	struct socket *socket;
	u8 *out, *in;
	size_t out_bytes;		/* aggregated, not sent */
	size_t in_first, in_bytes;	/* received, not taken */
};

struct sockets {
	unsigned int count;
	bool interrupted;
	struct channel channel[PROCMIG_MAX_CHANNELS];
};

static void drop(struct sockets *sockets)
{
	unsigned int i;

	for (i = 0; i < sockets->count; i++) {
		kvfree(sockets->channel[i].out);
		kvfree(sockets->channel[i].in);
		if (sockets->channel[i].file)
			fput(sockets->channel[i].file);
	}
	kfree(sockets);
}

/*
 * The transport's own word: a socket that was connected without blocking stays
 * SS_CONNECTING until somebody calls connect() once more.
 */
static bool established(struct socket *socket)
{
	return READ_ONCE(socket->sk->sk_state) == TCP_ESTABLISHED;
}

static int take(struct channel *channel, int fd)
{
	channel->file = fget(fd);
	if (!channel->file)
		return -EBADF;
	channel->socket = sock_from_file(channel->file);
	if (!channel->socket || channel->socket->type != SOCK_STREAM)
		return -EBADF;
	if (!established(channel->socket))
		return -ENOTCONN;
	channel->out = kvmalloc(BUFFER_BYTES, GFP_KERNEL);
	channel->in = kvmalloc(BUFFER_BYTES, GFP_KERNEL);
	return channel->out && channel->in ? 0 : -ENOMEM;
}

static int socket_open(struct procmig_conduit *conduit)
{
	struct sockets *sockets = kzalloc(sizeof(*sockets), GFP_KERNEL);
	unsigned int i;
	int ret = 0;

	if (!sockets)
		return -ENOMEM;
	for (i = 0; !ret && i < conduit->channel_count; i++) {
		sockets->count++;
		ret = take(&sockets->channel[i], conduit->channels[i].fd);
	}
	if (ret) {
		drop(sockets);
		return ret;
	}
	conduit->private = sockets;
	return 0;
}

static void socket_close(struct procmig_conduit *conduit)
{
	drop(conduit->private);
	conduit->private = NULL;
}

static int verdict(struct sockets *sockets, int ret)
{
	return READ_ONCE(sockets->interrupted) ? -ECANCELED : ret;
}

/*
 * Pages of a process that stands still are lent to the socket, not copied.  If
 * the process is thawed the stream is void, so what it writes then hurts nobody.
 */
static int lend_pages(struct sockets *sockets, struct channel *channel,
		      struct iov_iter *data)
{
	int ret;

	while (iov_iter_count(data)) {
		ret = procmig_compat_send_pages(channel->socket, data);
		if (ret <= 0)
			return verdict(sockets, ret ?: -EPIPE);
		iov_iter_advance(data, ret);
	}
	return 0;
}

static int send_all(struct sockets *sockets, struct channel *channel,
		    struct iov_iter *data)
{
	struct msghdr message = { .msg_flags = MSG_NOSIGNAL };
	int ret;

	if (iov_iter_is_bvec(data))
		return lend_pages(sockets, channel, data);
	while (iov_iter_count(data)) {
		message.msg_iter = *data;
		ret = sock_sendmsg(channel->socket, &message);
		if (ret <= 0)
			return verdict(sockets, ret ?: -EPIPE);
		iov_iter_advance(data, ret);
	}
	return 0;
}

static int socket_flush(struct procmig_conduit *conduit, unsigned int number)
{
	struct sockets *sockets = conduit->private;
	struct channel *channel = &sockets->channel[number];
	struct kvec part = { channel->out, channel->out_bytes };
	struct iov_iter data;

	if (!channel->out_bytes)
		return 0;
	channel->out_bytes = 0;
	iov_iter_kvec(&data, WRITE, &part, 1, part.iov_len);
	return send_all(sockets, channel, &data);
}

static int socket_pushdata(struct procmig_conduit *conduit, unsigned int number,
			   struct iov_iter *data)
{
	struct sockets *sockets = conduit->private;
	struct channel *channel = &sockets->channel[number];
	size_t bytes = iov_iter_count(data);
	int ret;

	if (bytes > BUFFER_BYTES - channel->out_bytes || bytes >= DIRECT_BYTES) {
		ret = socket_flush(conduit, number);
		if (ret)
			return ret;
	}
	if (bytes >= DIRECT_BYTES)
		return send_all(sockets, channel, data);
	if (!copy_from_iter_full(channel->out + channel->out_bytes, bytes, data))
		return -EFAULT;
	channel->out_bytes += bytes;
	return 0;
}

static int receive(struct sockets *sockets, struct channel *channel,
		   struct iov_iter *room, int flags)
{
	struct msghdr message = { .msg_iter = *room };
	int ret = sock_recvmsg(channel->socket, &message, flags);

	if (ret <= 0)
		return verdict(sockets, ret ?: -EPIPE);
	return ret;
}

static int refill(struct sockets *sockets, struct channel *channel)
{
	struct kvec part = { channel->in, BUFFER_BYTES };
	struct iov_iter room;
	int ret;

	iov_iter_kvec(&room, READ, &part, 1, part.iov_len);
	ret = receive(sockets, channel, &room, 0);
	if (ret < 0)
		return ret;
	channel->in_first = 0;
	channel->in_bytes = ret;
	return 0;
}

static int socket_popdata(struct procmig_conduit *conduit, unsigned int number,
			  struct iov_iter *room)
{
	struct sockets *sockets = conduit->private;
	struct channel *channel = &sockets->channel[number];
	size_t bytes;
	int ret;

	while (iov_iter_count(room)) {
		if (channel->in_bytes) {
			bytes = min(channel->in_bytes, iov_iter_count(room));
			if (copy_to_iter(channel->in + channel->in_first, bytes,
					 room) != bytes)
				return -EFAULT;
			channel->in_first += bytes;
			channel->in_bytes -= bytes;
		} else if (iov_iter_count(room) >= DIRECT_BYTES) {
			ret = receive(sockets, channel, room, MSG_WAITALL);
			if (ret < 0)
				return ret;
			iov_iter_advance(room, ret);
		} else {
			ret = refill(sockets, channel);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* What TCP keeps until it is acknowledged; other sockets keep nothing that is known. */
static u64 socket_unsent(struct procmig_conduit *conduit)
{
	struct sockets *sockets = conduit->private;
	u64 unsent = 0;
	unsigned int i;

	for (i = 0; i < sockets->count; i++) {
		struct sock *sk = sockets->channel[i].socket->sk;

		if (sk_is_tcp(sk))
			unsent += READ_ONCE(tcp_sk(sk)->write_seq) -
				  READ_ONCE(tcp_sk(sk)->snd_una);
	}
	return unsent;
}

static int socket_command(struct procmig_conduit *conduit,
			  enum procmig_medium_command command)
{
	struct sockets *sockets = conduit->private;
	unsigned int i;

	if (command != PROCMIG_MEDIUM_INTERRUPT)
		return -EOPNOTSUPP;
	WRITE_ONCE(sockets->interrupted, true);
	for (i = 0; i < sockets->count; i++)
		kernel_sock_shutdown(sockets->channel[i].socket, SHUT_RDWR);
	return 0;
}

static const struct procmig_medium medium = {
	.name = "socket",
	.id = PROCMIG_MEDIUM_SOCKET,
	.version = 1,
	.owner = THIS_MODULE,
	.open = socket_open,
	.close = socket_close,
	.pushdata = socket_pushdata,
	.popdata = socket_popdata,
	.flush = socket_flush,
	.unsent = socket_unsent,
	.command = socket_command,
};

static int __init socket_init(void)
{
	return procmig_register_medium(&medium);
}

static void __exit socket_exit(void)
{
	procmig_unregister_medium(&medium);
}

module_init(socket_init);
module_exit(socket_exit);
MODULE_DESCRIPTION("procmig: transfer medium, stream sockets");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
