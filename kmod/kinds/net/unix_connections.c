// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connections of Unix sockets on the target: to a peer inside, to one that
 * stands in for whoever is gone, or to somebody there; and those that nobody has
 * accepted yet.
 */
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "unix.h"

#define NOBODY 65534		/* the kernel's own word for nobody in particular */

void unix_connect(struct sock *from, struct sock *to, bool both_ways)
{
	struct sock *before;

	sock_hold(to);
	unix_state_lock(from);
	before = unix_peer(from);
	unix_peer(from) = to;
	WRITE_ONCE(from->sk_state, TCP_ESTABLISHED);
	if (from->sk_socket)
		from->sk_socket->state = SS_CONNECTED;
	unix_state_unlock(from);
	if (before)
		sock_put(before);
	if (both_ways)
		unix_connect(to, from, false);
}

void unix_disconnect(struct sock *sk)
{
	struct sock *before;

	unix_state_lock(sk);
	before = unix_peer(sk);
	unix_peer(sk) = NULL;
	WRITE_ONCE(sk->sk_state, TCP_CLOSE);
	sk->sk_socket->state = SS_UNCONNECTED;
	unix_state_unlock(sk);
	if (before)
		sock_put(before);
}

struct sock *unix_at(struct procmig_file_load *load, u32 number)
{
	struct file *file = procmig_file_at(load, number);

	return file && unix_match(file) ? sockets_sock(file) : NULL;
}

struct file *unix_make_sender(struct procmig_file_load *load, struct sock *receiver,
			      const void *name, size_t bytes)
{
	const struct procmig_socket like = { .type = receiver->sk_type, .mode = 0777 };
	struct file *file = sockets_make(load, AF_UNIX, &like);
	int ret;

	if (IS_ERR(file))
		return file;
	sockets_open_wide(sockets_sock(file));
	ret = bytes ? unix_set_name(sockets_sock(file), name, bytes) : 0;
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

int unix_set_peer(struct sock *sk, pid_t number, uid_t uid, gid_t gid)
{
	struct cred *cred = prepare_creds();
	struct pid *pid;

	if (!cred)
		return -ENOMEM;
	cred->euid = make_kuid(&init_user_ns, uid);
	cred->egid = make_kgid(&init_user_ns, gid);
	pid = number ? find_get_pid(number) : NULL;
	spin_lock(&sk->sk_peer_lock);
	swap(pid, sk->sk_peer_pid);
	swap(*(const struct cred **)&cred, sk->sk_peer_cred);
	spin_unlock(&sk->sk_peer_lock);
	put_pid(pid);
	put_cred(cred);
	return 0;
}

/* ---- peers --------------------------------------------------------------- */

/* The rights that everybody has; what the process may is not known yet. */
static struct cred *rights_of_nobody(void)
{
	struct group_info *none = groups_alloc(0);
	struct cred *cred = none ? prepare_creds() : NULL;

	if (cred) {
		set_groups(cred, none);
		cred->fsuid = make_kuid(&init_user_ns, NOBODY);
		cred->fsgid = make_kgid(&init_user_ns, NOBODY);
		cap_clear(cred->cap_effective);
	}
	if (none)
		put_group_info(none);
	return cred;
}

static int join_outside(struct procmig_file_load *load, struct sock *sk, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct cred *before;
	struct cred *nobody;
	int ret;

	if (strscpy(address.sun_path, path, sizeof(address.sun_path)) < 0)
		return procmig_file_refuse(load, "the path of a Unix socket");
	nobody = rights_of_nobody();
	if (!nobody)
		return -ENOMEM;
	before = override_creds(nobody);
	ret = kernel_connect(sk->sk_socket, (struct sockaddr *)&address,
			     UNIX_NAME_OFFSET + strlen(path) + 1, 0);
	revert_creds(before);
	put_cred(nobody);
	return !ret ? 0 : procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
				       "a Unix socket cannot be connected to %s here (%d)",
				       path, ret);
}

int unix_join(struct procmig_file_load *load, struct sock *sk,
	      const struct unix_rebuilt *rebuilt)
{
	const struct procmig_file_unix *body = &rebuilt->body;
	struct sock *peer;
	struct file *made;

	if (body->flags & PROCMIG_UNIX_OUTSIDE)
		return join_outside(load, sk, rebuilt->path);
	if (body->peer == UNIX_GONE) {
		made = unix_make_sender(load, sk, NULL, 0);
		if (IS_ERR(made))
			return PTR_ERR(made);
		unix_connect(sk, sockets_sock(made), sk->sk_type != SOCK_DGRAM);
		/* It lives until the last message is in: see its shutdown. */
		fput(made);
		return 0;
	}
	peer = unix_at(load, body->peer);
	if (!peer || peer->sk_type != sk->sk_type || peer->sk_state == TCP_LISTEN ||
	    (peer == sk && sk->sk_type != SOCK_DGRAM))
		return procmig_file_refuse(load, "the peer of a Unix socket");
	unix_connect(sk, peer, sk->sk_type != SOCK_DGRAM);
	return 0;
}

/* ---- waiting to be accepted ---------------------------------------------- */

/* By the name that the listening socket has meanwhile. */
static int knock(struct procmig_file_load *load, struct sock *client, struct sock *listener,
		 const struct unix_rebuilt *rebuilt)
{
	struct sockaddr_un address = {};
	const struct unix_address *own = unix_sk(listener)->addr;
	const char *name = rebuilt->meanwhile;
	struct file *directory;
	char *parent;
	int fd, ret;

	if (!name)
		return kernel_connect(client->sk_socket, (struct sockaddr *)own->name, own->len,
				      O_NONBLOCK);
	parent = kstrndup(name, strrchr(name, '/') - name + 1, GFP_KERNEL);
	if (!parent)
		return -ENOMEM;
	directory = filp_open(parent, O_PATH | O_DIRECTORY, 0);
	kfree(parent);
	if (IS_ERR(directory))
		return PTR_ERR(directory);
	fd = unix_address_in(directory, name, &address);
	if (fd < 0)
		return fd;
	ret = kernel_connect(client->sk_socket, (struct sockaddr *)&address, sizeof(address),
			     O_NONBLOCK);
	close_fd(fd);
	return ret;
}

void unix_finish_connection(struct unix_rebuilt *rebuilt)
{
	struct sock *end;

	if (!rebuilt->client)
		return;
	end = unix_peer(sockets_sock(rebuilt->client));
	WRITE_ONCE(end->sk_shutdown, end->sk_shutdown | rebuilt->shutdown);
	fput(rebuilt->client);
	rebuilt->client = NULL;
}

static struct file *find_client(struct procmig_file_load *load, struct sock *listener,
				const struct procmig_file_unix_data *data)
{
	struct sock *client;
	struct file *file;

	if (data->sender == UNIX_GONE)
		return unix_make_sender(load, listener, data + 1, data->name_bytes);
	client = unix_at(load, data->sender);
	file = client ? procmig_file_at(load, data->sender) : NULL;
	if (!file || client->sk_type != listener->sk_type || unix_peer(client) ||
	    client->sk_state != TCP_CLOSE)
		return ERR_PTR(procmig_file_refuse(load, "who waits to be accepted"));
	return get_file(file);
}

int unix_take_connection(struct procmig_file_load *load, struct sock *listener,
			 struct unix_rebuilt *rebuilt,
			 const struct procmig_file_unix_data *data)
{
	struct file *client;
	int ret;

	unix_finish_connection(rebuilt);
	if (data->files || data->bytes || data->shutdown & ~SHUTDOWN_MASK)
		return procmig_file_refuse(load, "a connection that waits to be accepted");
	client = find_client(load, listener, data);
	if (IS_ERR(client))
		return PTR_ERR(client);
	ret = knock(load, sockets_sock(client), listener, rebuilt);
	if (ret) {
		fput(client);
		return procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
				    "a connection that waits to be accepted cannot be made again (%d)",
				    ret);
	}
	rebuilt->client = client;
	rebuilt->shutdown = data->shutdown;
	return unix_set_peer(unix_peer(sockets_sock(client)), data->pid, data->uid, data->gid);
}
