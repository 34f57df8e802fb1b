// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unix sockets on the target: each is made again, then its queue is filled by
 * sending once more what was in it.
 */
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "unix.h"

/* ---- first pass ---------------------------------------------------------- */

/* A path belongs to a name, or to somebody outside. */
static bool has_reason(const struct procmig_file_unix *body)
{
	if (!(body->flags & PROCMIG_UNIX_OUTSIDE))
		return !body->path_bytes || body->name_bytes;
	return body->path_bytes && !body->name_bytes && body->peer == UNIX_GONE &&
	       body->flags & PROCMIG_UNIX_PEER && body->socket.type == SOCK_DGRAM;
}

static bool is_ok(const struct procmig_file_unix *body, size_t bytes)
{
	const char *path = (const char *)(body + 1) + body->name_bytes;

	return bytes >= sizeof(*body) &&
	       bytes == sizeof(*body) + body->name_bytes + body->path_bytes +
			sockets_filter_bytes(&body->socket) &&
	       body->name_bytes <= sizeof(struct sockaddr_un) &&
	       (!body->name_bytes || body->name_bytes > UNIX_NAME_OFFSET) &&
	       body->state >= PROCMIG_UNIX_CLOSED && body->state <= PROCMIG_UNIX_CONNECTED &&
	       (!body->path_bytes ||
		(*path == '/' && path[1] && !path[body->path_bytes - 1])) &&
	       has_reason(body) &&
	       (body->state != PROCMIG_UNIX_LISTENING || body->name_bytes) &&
	       body->socket.protocol <= PF_UNIX;
}

static int set_peer_credentials(struct sock *sk, const struct procmig_file_unix *body)
{
	if (!body->peer_pid && !(body->flags & PROCMIG_UNIX_PEER) &&
	    body->state != PROCMIG_UNIX_LISTENING)
		return 0;
	return unix_set_peer(sk, body->peer_pid, body->peer_uid, body->peer_gid);
}

static int rebuild(struct procmig_file_load *load, struct sock *sk,
		   struct unix_rebuilt *rebuilt, const void *name)
{
	const struct procmig_file_unix *body = &rebuilt->body;
	int ret;

	ret = unix_bind_again(load, sk, rebuilt, name);
	if (ret)
		return procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
				    "the Unix socket %s%s cannot be bound here (%d)",
				    rebuilt->path ? "" : "@",
				    rebuilt->path ?: (char *)name + UNIX_NAME_OFFSET + 1, ret);
	if (body->state == PROCMIG_UNIX_LISTENING)
		ret = kernel_listen(sk->sk_socket, body->socket.backlog);
	if (!ret)
		ret = set_peer_credentials(sk, body);
	if (!ret && body->state != PROCMIG_UNIX_LISTENING)
		sockets_open_wide(sk);
	return ret;
}

struct file *unix_restart(struct procmig_file_load *load, const void *data, size_t bytes)
{
	const struct procmig_file_unix *body = data;
	const char *name = data + sizeof(*body);
	struct unix_rebuilt *rebuilt;
	struct file *file;
	int ret = 0;

	if (!is_ok(body, bytes) || *load->object)
		return ERR_PTR(procmig_file_refuse(load, "a Unix socket"));
	rebuilt = kzalloc(sizeof(*rebuilt), GFP_KERNEL);
	if (!rebuilt)
		return ERR_PTR(-ENOMEM);
	*load->object = rebuilt;
	rebuilt->body = *body;
	rebuilt->cred = get_current_cred();
	if (body->path_bytes) {
		rebuilt->path = kstrdup(name + body->name_bytes, GFP_KERNEL);
		if (!rebuilt->path)
			return ERR_PTR(-ENOMEM);
	}
	rebuilt->filter = kmemdup(name + body->name_bytes + body->path_bytes,
				  sockets_filter_bytes(&body->socket) + 1, GFP_KERNEL);
	if (!rebuilt->filter)
		return ERR_PTR(-ENOMEM);
	file = sockets_make(load, AF_UNIX, &body->socket);
	if (IS_ERR(file))
		return file;
	ret = rebuild(load, sockets_sock(file), rebuilt, name);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

/* ---- queues -------------------------------------------------------------- */

static int put_control(struct procmig_file_load *load,
		       const struct procmig_file_unix_data *data, const u32 *numbers,
		       struct msghdr *header, int *fds)
{
	struct cmsghdr *control = header->msg_control;
	struct ucred credentials = { data->pid, data->uid, data->gid };
	struct pid *pid = data->pid ? find_get_pid(data->pid) : NULL;
	struct file *file;
	unsigned int i;

	header->msg_controllen = 0;
	/* The kernel takes the word of a sender only for one that exists. */
	if (pid) {
		put_pid(pid);
		control->cmsg_level = SOL_SOCKET;
		control->cmsg_type = SCM_CREDENTIALS;
		control->cmsg_len = CMSG_LEN(sizeof(credentials));
		memcpy(CMSG_DATA(control), &credentials, sizeof(credentials));
		header->msg_controllen = CMSG_SPACE(sizeof(credentials));
		control = header->msg_control + header->msg_controllen;
	}
	for (i = 0; i < data->files; i++) {
		file = procmig_file_at(load, numbers[i]);
		fds[i] = file ? procmig_file_to_descriptor(file) : -EPROTO;
		if (fds[i] < 0)
			return fds[i];
	}
	if (data->files) {
		control->cmsg_level = SOL_SOCKET;
		control->cmsg_type = SCM_RIGHTS;
		control->cmsg_len = CMSG_LEN(data->files * sizeof(int));
		memcpy(CMSG_DATA(control), fds, data->files * sizeof(int));
		header->msg_controllen += CMSG_SPACE(data->files * sizeof(int));
	}
	return 0;
}

static int send(struct procmig_file_load *load, struct sock *sender,
		const struct procmig_file_unix_data *data, const u32 *numbers)
{
	struct kvec content = { (void *)(numbers + data->files), data->bytes };
	struct msghdr header = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	int fds[SCM_MAX_FD], ret;
	unsigned int i;

	header.msg_control = kzalloc(CMSG_SPACE(sizeof(struct ucred)) +
				     CMSG_SPACE(sizeof(fds)), GFP_KERNEL);
	if (!header.msg_control)
		return -ENOMEM;
	memset(fds, -1, sizeof(fds));
	ret = put_control(load, data, numbers, &header, fds);
	if (!ret)
		ret = kernel_sendmsg(sender->sk_socket, &header, &content, 1, data->bytes);
	if (ret >= 0)
		ret = ret == data->bytes ? 0 : -EIO;
	for (i = 0; i < data->files; i++)
		if (fds[i] >= 0)
			close_fd(fds[i]);
	kfree(header.msg_control);
	return ret;
}

/* A datagram goes to whoever the sender is connected to while it is sent. */
static int take_datagram(struct procmig_file_load *load, struct sock *receiver,
			 const struct procmig_file_unix_data *data, const u32 *numbers)
{
	const char *name = (const char *)(numbers + data->files) + data->bytes;
	struct sock *sender = NULL, *before;
	struct file *made = NULL;
	int ret;

	if (data->sender != UNIX_GONE) {
		sender = unix_at(load, data->sender);
	} else {
		made = unix_make_sender(load, receiver, name, data->name_bytes);
		if (IS_ERR(made))
			return PTR_ERR(made);
		sender = sockets_sock(made);
	}
	if (!sender || sender->sk_type != SOCK_DGRAM)
		return procmig_file_refuse(load, "the sender of a message");
	before = unix_peer(sender);
	if (before)
		sock_hold(before);
	unix_connect(sender, receiver, false);
	ret = send(load, sender, data, numbers);
	if (before) {
		unix_connect(sender, before, false);
		sock_put(before);
	} else {
		unix_disconnect(sender);
	}
	if (made)
		fput(made);
	return ret;
}

/* One whose other end is gone gets one until its queue is full. */
static int take_segment(struct procmig_file_load *load, struct sock *receiver,
			const struct procmig_file_unix_data *data, const u32 *numbers)
{
	struct sock *sender = unix_peer(receiver);

	if (!sender || !sender->sk_socket || sender->sk_type == SOCK_DGRAM)
		return procmig_file_refuse(load, "the sender of a message");
	return send(load, sender, data, numbers);
}

static int take_waiting(struct procmig_file_load *load, struct sock *listener,
			struct unix_rebuilt *rebuilt, const struct procmig_file_unix_data *data)
{
	switch (data->what) {
	case PROCMIG_UNIX_CONNECTION:
		return unix_take_connection(load, listener, rebuilt, data);
	case PROCMIG_UNIX_MESSAGE:
		if (rebuilt->client)
			return send(load, sockets_sock(rebuilt->client), data,
				    (const u32 *)(data + 1));
		return procmig_file_refuse(load, "a message to nobody");
	default:
		unix_finish_connection(rebuilt);
		return sockets_attach_filter(load, listener, &rebuilt->body.socket,
					     rebuilt->filter);
	}
}

static bool is_data_ok(const struct procmig_file_unix_data *data, size_t bytes)
{
	return bytes >= sizeof(*data) && data->what <= PROCMIG_UNIX_CONNECTION &&
	       data->files <= SCM_MAX_FD && data->bytes <= PROCMIG_FILE_DATA_MAX &&
	       data->name_bytes <= sizeof(struct sockaddr_un) && !data->reserved &&
	       bytes == sizeof(*data) + data->files * sizeof(u32) + data->bytes +
			data->name_bytes;
}

/* Connections come before what goes through them; datagrams need none. */
static bool is_to_join(const struct unix_rebuilt *rebuilt, const struct sock *sk, bool last)
{
	return rebuilt->body.flags & PROCMIG_UNIX_PEER && !unix_peer(sk) &&
	       !(rebuilt->body.flags & PROCMIG_UNIX_WAITING) &&
	       (sk->sk_type != SOCK_DGRAM || last);
}

int unix_restart_data(struct procmig_file_load *load, struct file *file, const void *body,
		      size_t bytes)
{
	const struct procmig_file_unix_data *data = body;
	struct unix_rebuilt *rebuilt = *load->object;
	struct sock *sk = sockets_sock(file);
	int ret = 0;

	if (!rebuilt || !is_data_ok(data, bytes))
		return procmig_file_refuse(load, "a message in a Unix socket");
	if (unix_is_listening(sk))
		return take_waiting(load, sk, rebuilt, data);
	if (is_to_join(rebuilt, sk, data->what == PROCMIG_UNIX_END))
		ret = unix_join(load, sk, rebuilt);
	if (ret)
		return ret;
	switch (data->what) {
	case PROCMIG_UNIX_END:
		return sockets_attach_filter(load, sk, &rebuilt->body.socket,
					     rebuilt->filter);
	case PROCMIG_UNIX_MESSAGE:
		if (sk->sk_type == SOCK_DGRAM)
			return take_datagram(load, sk, data, (const u32 *)(data + 1));
		return take_segment(load, sk, data, (const u32 *)(data + 1));
	default:
		return procmig_file_refuse(load, "a connection to a Unix socket that does not listen");
	}
}

/* ---- end ----------------------------------------------------------------- */

void unix_resume(struct procmig_file_load *load, struct file *file)
{
	struct unix_rebuilt *rebuilt = *load->object;
	struct sock *sk = sockets_sock(file);
	const struct cred *before;

	if (!rebuilt)
		return;
	WRITE_ONCE(sk->sk_peek_off, rebuilt->body.peek_offset);
	sockets_finish(sk, &rebuilt->body.socket);
	if (!rebuilt->meanwhile)
		return;
	before = override_creds(rebuilt->cred);
	if (rebuilt->body.flags & PROCMIG_UNIX_DELETED)
		procmig_compat_unlink(rebuilt->meanwhile);
	else
		procmig_compat_rename(rebuilt->meanwhile, rebuilt->path);
	revert_creds(before);
	kfree(rebuilt->meanwhile);
	rebuilt->meanwhile = NULL;
}

void unix_release(void *private)
{
	struct unix_rebuilt *rebuilt = private;

	if (rebuilt->meanwhile)
		procmig_compat_unlink(rebuilt->meanwhile);
	kfree(rebuilt->meanwhile);
	kfree(rebuilt->path);
	put_cred(rebuilt->cred);
	kfree(rebuilt->filter);
	if (rebuilt->client)
		fput(rebuilt->client);
	kfree(rebuilt);
}
