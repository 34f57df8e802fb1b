// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unix sockets on the source: what they are, what is in their queues, descriptors
 * in flight among it, and the connections that nobody has accepted.  Nothing is
 * changed.
 */
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>

#include "unix.h"

#define MESSAGE_MAX (PROCMIG_FILE_DATA_MAX - (16u << 10))

static struct sk_buff *message(struct sock *sk, unsigned int nth)
{
	return unix_is_listening(sk) ? NULL : unix_queued(sk, nth);
}

/* ---- descriptors in flight ----------------------------------------------- */

static void each_passed(struct sock *sk, void (*see)(struct file *file, void *private),
			void *private)
{
	const struct scm_fp_list *list;
	struct sk_buff *skb;
	unsigned int nth;
	int i;

	/* Whoever receives takes them out under it; and may wait for memory meanwhile. */
	if (!mutex_trylock(&unix_sk(sk)->iolock))
		return;
	for (nth = 0; (skb = message(sk, nth)); nth++) {
		list = UNIXCB(skb).fp;
		for (i = 0; list && i < list->count; i++)
			see(list->fp[i], private);
		kfree_skb(skb);
	}
	mutex_unlock(&unix_sk(sk)->iolock);
}

void unix_each_kept(struct file *file, void (*see)(struct file *file, void *private),
		    void *private)
{
	struct sock *sk = sockets_sock(file), *end;
	struct sk_buff *skb;
	unsigned int nth;

	if (!unix_is_listening(sk))
		each_passed(sk, see, private);
	for (nth = 0; (end = unix_waiting(sk, nth, &skb)); nth++) {
		each_passed(end, see, private);
		kfree_skb(skb);
	}
}

/* ---- first pass ---------------------------------------------------------- */

static int refer(struct procmig_file_save *save, struct sock *sk, u32 *number)
{
	struct file *file = sk && !sock_flag(sk, SOCK_DEAD) ? unix_file_of(sk) : NULL;

	*number = UNIX_GONE;
	/* A sender outside has sent it; whether it is still there is all the same. */
	if (!file || !procmig_file_is_known(save, file))
		return 0;
	return procmig_file_reference(save, file, number);
}

/* What SO_PEERCRED says. */
static void save_peer(struct procmig_file_save *save, struct sock *sk, s32 *pid, u32 *uid,
		      u32 *gid)
{
	spin_lock(&sk->sk_peer_lock);
	if (sk->sk_peer_pid)
		*pid = pid_nr_ns(sk->sk_peer_pid,
				 task_active_pid_ns(procmig_task(save->process)));
	if (sk->sk_peer_cred) {
		*uid = from_kuid(&init_user_ns, sk->sk_peer_cred->euid);
		*gid = from_kgid(&init_user_ns, sk->sk_peer_cred->egid);
	}
	spin_unlock(&sk->sk_peer_lock);
}

ssize_t unix_checkpoint(struct procmig_file_save *save, struct file *file, void *room,
			size_t bytes)
{
	struct sock *sk = sockets_sock(file);
	struct procmig_file_unix *body = room;
	ssize_t names, filter;
	int ret;

	memset(body, 0, sizeof(*body));
	sockets_save(sk, &body->socket);
	body->state = sk->sk_state == TCP_LISTEN ? PROCMIG_UNIX_LISTENING :
		      sk->sk_state == TCP_ESTABLISHED ? PROCMIG_UNIX_CONNECTED :
		      PROCMIG_UNIX_CLOSED;
	body->peek_offset = sk->sk_peek_off;
	if (unix_peer(sk))
		body->flags |= PROCMIG_UNIX_PEER;
	ret = refer(save, unix_peer(sk), &body->peer);
	if (ret)
		return ret;
	if (body->flags & PROCMIG_UNIX_PEER && body->peer == UNIX_GONE) {
		if (unix_file_of(unix_peer(sk)) && unix_is_replaceable(sk, unix_peer(sk)))
			body->flags |= PROCMIG_UNIX_OUTSIDE;
		else if (!unix_file_of(unix_peer(sk)) && !sock_flag(unix_peer(sk), SOCK_DEAD))
			body->flags |= PROCMIG_UNIX_WAITING;
	}
	save_peer(save, sk, &body->peer_pid, &body->peer_uid, &body->peer_gid);
	bytes -= sizeof(*body);
	names = unix_put_names(save, sk, body, bytes);
	if (names < 0)
		return names;
	filter = sockets_save_filter(sk, &body->socket, (void *)(body + 1) + names,
				     bytes - names);
	return filter < 0 ? filter : sizeof(*body) + names + filter;
}

/* ---- queues -------------------------------------------------------------- */

static int emit_message(struct procmig_file_save *save, struct sk_buff *skb)
{
	struct scm_fp_list *list = UNIXCB(skb).fp;
	struct unix_address *name = skb->sk ? unix_sk(skb->sk)->addr : NULL;
	u32 skip = UNIXCB(skb).consumed, *numbers;
	struct procmig_file_unix_data data = {
		.files = list ? list->count : 0,
		.bytes = skb->len - skip,
		.uid = from_kuid(&init_user_ns, UNIXCB(skb).uid),
		.gid = from_kgid(&init_user_ns, UNIXCB(skb).gid),
	};
	size_t bytes = data.files * sizeof(u32) + data.bytes + sizeof(struct sockaddr_un);
	char *to;
	int i, ret;

	if (skb->len - skip > MESSAGE_MAX)
		return procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, -E2BIG,
				    "a message of %u bytes in a Unix socket is too long",
				    skb->len - skip);
	numbers = kvmalloc(bytes, GFP_KERNEL);
	if (!numbers)
		return -ENOMEM;
	if (UNIXCB(skb).pid)
		data.pid = pid_nr_ns(UNIXCB(skb).pid,
				     task_active_pid_ns(procmig_task(save->process)));
	ret = refer(save, skb->sk, &data.sender);
	for (i = 0; !ret && i < data.files; i++)
		ret = procmig_file_reference(save, list->fp[i], &numbers[i]);
	to = (char *)(numbers + data.files);
	if (!ret)
		ret = skb_copy_bits(skb, skip, to, data.bytes);
	if (name && data.sender == UNIX_GONE && name->len <= sizeof(struct sockaddr_un)) {
		data.name_bytes = name->len;
		memcpy(to + data.bytes, name->name, name->len);
	}
	if (!ret)
		ret = procmig_file_data(save, &data, sizeof(data), numbers,
					data.files * sizeof(u32) + data.bytes +
					data.name_bytes);
	kvfree(numbers);
	return ret;
}

static int emit_messages(struct procmig_file_save *save, struct sock *sk)
{
	struct sk_buff *skb;
	unsigned int nth;
	int ret = 0;

	for (nth = 0; !ret && (skb = message(sk, nth)); nth++) {
		ret = emit_message(save, skb);
		kfree_skb(skb);
	}
	return ret;
}

/* The end that nobody has yet is told to the listening socket, with what came through it. */
static int emit_connection(struct procmig_file_save *save, struct sock *end)
{
	struct sock *client = unix_peer(end);
	const struct unix_address *name = client ? unix_sk(client)->addr : NULL;
	struct procmig_file_unix_data data = {
		.what = PROCMIG_UNIX_CONNECTION,
		.shutdown = end->sk_shutdown,
	};
	int ret;

	save_peer(save, end, &data.pid, &data.uid, &data.gid);
	ret = refer(save, client, &data.sender);
	/* From outside, since the inspection: it ends with the source's socket. */
	if (!ret && data.sender == UNIX_GONE && client && !sock_flag(client, SOCK_DEAD))
		return 0;
	if (name && data.sender == UNIX_GONE && name->len <= sizeof(struct sockaddr_un))
		data.name_bytes = name->len;
	if (!ret)
		ret = procmig_file_data(save, &data, sizeof(data),
					data.name_bytes ? name->name : NULL, data.name_bytes);
	return ret ?: emit_messages(save, end);
}

int unix_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	const struct procmig_file_unix_data end = { .what = PROCMIG_UNIX_END };
	struct sock *sk = sockets_sock(file), *one;
	struct sk_buff *skb;
	unsigned int nth;
	int ret = emit_messages(save, sk);

	for (nth = 0; !ret && (one = unix_waiting(sk, nth, &skb)); nth++) {
		ret = emit_connection(save, one);
		kfree_skb(skb);
	}
	return ret ?: procmig_file_data(save, &end, sizeof(end), NULL, 0);
}
