// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unix sockets: stream, datagram and sequenced packets, with names, queues and
 * what is in flight.  Whoever they are connected to must be inside, or gone, or
 * somebody whom datagrams are sent to by a path, as to a log: then it is whoever
 * is there on the target.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fdtable.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/un.h>
#include <net/af_unix.h>
#include <net/tcp_states.h>

#include "net.h"

#define GONE (~0u)
#define NOBODY 65534		/* the kernel's own word for nobody in particular */
#define NAME_OFFSET offsetof(struct sockaddr_un, sun_path)
/* A directory that every node has and nobody looks through. */
#define SOMEWHERE "/dev/shm/"
#define MESSAGE_MAX (PROCMIG_FILE_DATA_MAX - (16u << 10))

/* A socket on the target until the process runs. */
struct rebuilt {
	struct procmig_file_unix body;
	const struct cred *cred;	/* may write where the name is */
	char *path, *meanwhile;		/* of the name; what it is called until then */
	void *filter;			/* attached when everything is in the queues */
	struct file *client;		/* whose connection waits to be accepted, */
	u32 shutdown;			/* and what of that is to be shut down */
};

static bool unix_match(struct file *file)
{
	struct sock *sk = sockets_sock(file);

	return sk && sk->sk_family == AF_UNIX && !(file->f_mode & FMODE_PATH);
}

/* ---- inspecting ---------------------------------------------------------- */

static bool is_file(struct file *file, const void *other)
{
	return file == other;
}

/* The file of a socket as long as that stands still or is held, or NULL. */
static struct file *file_of(struct sock *sk)
{
	struct socket *socket = sk ? READ_ONCE(sk->sk_socket) : NULL;

	return socket ? socket->file : NULL;
}

/*
 * Whether whoever is at the path of @peer can take its place: it has got datagrams
 * only, and from a socket without a name, to which there is no answer; and anybody
 * may send to it, so that nobody gains anything by the other one.
 */
static bool is_replaceable(struct sock *sk, struct sock *peer)
{
	struct unix_sock *u = unix_sk(peer);
	/* As unix_getname() reads it: the path was there before the name. */
	struct unix_address *name = smp_load_acquire(&u->addr);

	return sk->sk_type == SOCK_DGRAM && !READ_ONCE(unix_sk(sk)->addr) &&
	       name && u->path.dentry && !d_unlinked(u->path.dentry) &&
	       d_inode(u->path.dentry)->i_mode & 0002 && unix_peer(peer) != sk;
}

/* Message or connection @nth of the queue, referenced. */
static struct sk_buff *queued(struct sock *sk, unsigned int nth)
{
	struct sk_buff *skb, *found = NULL;

	spin_lock(&sk->sk_receive_queue.lock);
	skb_queue_walk(&sk->sk_receive_queue, skb)
		if (!nth--) {
			found = skb_get(skb);
			break;
		}
	spin_unlock(&sk->sk_receive_queue.lock);
	return found;
}

static bool is_listening(const struct sock *sk)
{
	return READ_ONCE(sk->sk_state) == TCP_LISTEN;
}

static struct sk_buff *message(struct sock *sk, unsigned int nth)
{
	return is_listening(sk) ? NULL : queued(sk, nth);
}

/* The end that whoever accepts connection @nth will have; it is there as long as *@skb. */
static struct sock *waiting(struct sock *sk, unsigned int nth, struct sk_buff **skb)
{
	*skb = is_listening(sk) ? queued(sk, nth) : NULL;
	return *skb ? (*skb)->sk : NULL;
}

static bool listens_for(struct file *file, const void *connection)
{
	struct sock *sk, *found = NULL;
	struct sk_buff *skb;
	unsigned int nth = 0;

	if (!unix_match(file))
		return false;
	sk = sockets_sock(file);
	while (found != connection && (found = waiting(sk, nth++, &skb)))
		kfree_skb(skb);
	return found;
}

static struct sock *get_peer(struct sock *sk)
{
	struct sock *peer;

	unix_state_lock(sk);
	peer = unix_peer(sk);
	if (peer)
		sock_hold(peer);
	unix_state_unlock(sk);
	return peer;
}

/* The file of a socket, referenced; @alive: whether it has not been closed. */
static struct file *get_file_of(struct sock *sk, bool *alive)
{
	struct file *file;

	unix_state_lock(sk);
	*alive = !sock_flag(sk, SOCK_DEAD);
	file = *alive ? file_of(sk) : NULL;
	if (file && !get_file_rcu(file)) {
		*alive = false;
		file = NULL;
	}
	unix_state_unlock(sk);
	return file;
}

/* A client that has closed its end is nowhere. */
static bool is_client_outside(struct procmig_file_inspection *at, struct sock *end)
{
	struct sock *client = get_peer(end);
	struct file *file;
	bool outside;

	if (!client)
		return false;
	file = get_file_of(client, &outside);
	if (file) {
		outside = !procmig_file_count(at, is_file, file);
		fput(file);
	}
	sock_put(client);
	return outside;
}

static void inspect_waiting(struct procmig_file_inspection *at, struct sock *sk)
{
	struct sk_buff *skb;
	unsigned int nth;
	struct sock *end;
	bool outside = false;

	for (nth = 0; !outside && (end = waiting(sk, nth, &skb)); nth++) {
		outside = is_client_outside(at, end);
		kfree_skb(skb);
	}
	if (outside)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_STATE,
				      "Unix socket: a connection from outside waits to be accepted");
}

static void inspect_peer(struct procmig_file_inspection *at, struct sock *sk)
{
	struct procmig_file_holder holder;
	struct sock *peer = get_peer(sk);
	struct file *file;
	bool alive;

	if (!peer)
		return;
	file = get_file_of(peer, &alive);
	if (alive && !file && !procmig_file_count(at, listens_for, peer))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_STATE,
				      "Unix socket: its connection waits to be accepted outside");
	else if (file && !procmig_file_count(at, is_file, file) && !is_replaceable(sk, peer)) {
		if (procmig_file_find_holder(at, is_file, file, &holder))
			procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
					      "Unix socket: it is connected to pid %d (%s), fd %u, outside; migrate them together or close it",
					      holder.pid, holder.comm, holder.fd);
		else
			procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
					      "Unix socket: it is connected to one that is on its way through a socket");
	}
	if (file)
		fput(file);
	sock_put(peer);
}

static void unix_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct sock *sk = sockets_sock(file);
	struct unix_sock *u = unix_sk(sk);
	const char *why = sockets_obstacle(sk);

	if (why)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED, "Unix socket: %s", why);
#if IS_ENABLED(CONFIG_AF_UNIX_OOB)
	if (READ_ONCE(u->oob_skb))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "Unix socket: urgent data (MSG_OOB)");
#endif
	if (is_listening(sk))
		inspect_waiting(at, sk);
	else
		inspect_peer(at, sk);
}

/* ---- source -------------------------------------------------------------- */

static int refer(struct procmig_file_save *save, struct sock *sk, u32 *number)
{
	struct file *file = sk && !sock_flag(sk, SOCK_DEAD) ? file_of(sk) : NULL;

	*number = GONE;
	/* A sender outside has sent it; whether it is still there is all the same. */
	if (!file || !procmig_file_is_known(save, file))
		return 0;
	return procmig_file_reference(save, file, number);
}

/* Descriptors in flight. */
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

static void unix_each_kept(struct file *file, void (*see)(struct file *file, void *private),
			   void *private)
{
	struct sock *sk = sockets_sock(file), *end;
	struct sk_buff *skb;
	unsigned int nth;

	if (!is_listening(sk))
		each_passed(sk, see, private);
	for (nth = 0; (end = waiting(sk, nth, &skb)); nth++) {
		each_passed(end, see, private);
		kfree_skb(skb);
	}
}

static bool is_bound(struct sock *sk)
{
	/* One that was accepted has the name of the listener but not its place. */
	return unix_sk(sk)->path.dentry ? !hlist_unhashed(&sk->sk_bind_node) :
					  sk->sk_hash > UNIX_HASH_MOD;
}

/* The path of somebody outside; of its own a socket that is connected there has none. */
static ssize_t put_peer(struct procmig_file_save *save, struct sock *peer,
			struct procmig_file_unix *body, size_t bytes)
{
	char *to = (char *)(body + 1), *path;

	path = procmig_compat_path(&unix_sk(peer)->path, save->root, to, bytes);
	if (!IS_ERR(path) && strlen(path) >= sizeof_field(struct sockaddr_un, sun_path))
		path = ERR_PTR(-ENAMETOOLONG);
	if (IS_ERR(path))
		return procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, PTR_ERR(path),
				    "the Unix socket %pd, to which one is connected, is not reachable from the root of the process",
				    unix_sk(peer)->path.dentry);
	body->path_bytes = strlen(path) + 1;
	memmove(to, path, body->path_bytes);
	return body->path_bytes;
}

static ssize_t put_names(struct procmig_file_save *save, struct sock *sk,
			 struct procmig_file_unix *body, size_t bytes)
{
	struct unix_sock *u = unix_sk(sk);
	char *to = (char *)(body + 1), *path;
	struct inode *inode;

	if (body->flags & PROCMIG_UNIX_OUTSIDE)
		return put_peer(save, unix_peer(sk), body, bytes);
	if (!u->addr)
		return 0;
	body->name_bytes = u->addr->len;
	memcpy(to, u->addr->name, body->name_bytes);
	if (!is_bound(sk))
		return body->name_bytes;
	body->flags |= PROCMIG_UNIX_NAMED;
	if (!u->path.dentry)
		return body->name_bytes;
	if (d_unlinked(u->path.dentry))
		body->flags |= PROCMIG_UNIX_DELETED;
	inode = d_backing_inode(u->path.dentry);
	body->path_mode = inode->i_mode & 07777;
	body->path_uid = i_uid_read(inode);
	body->path_gid = i_gid_read(inode);
	to += body->name_bytes;
	path = procmig_compat_path(&u->path, save->root, to, bytes - body->name_bytes);
	if (IS_ERR(path))
		return procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, PTR_ERR(path),
				    "the name of a Unix socket, %pd, is not reachable from the root of the process",
				    u->path.dentry);
	body->path_bytes = strlen(path) + 1;
	memmove(to, path, body->path_bytes);
	return body->name_bytes + body->path_bytes;
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

static ssize_t unix_checkpoint(struct procmig_file_save *save, struct file *file,
			       void *room, size_t bytes)
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
	if (body->flags & PROCMIG_UNIX_PEER && body->peer == GONE) {
		if (file_of(unix_peer(sk)) && is_replaceable(sk, unix_peer(sk)))
			body->flags |= PROCMIG_UNIX_OUTSIDE;
		else if (!file_of(unix_peer(sk)) && !sock_flag(unix_peer(sk), SOCK_DEAD))
			body->flags |= PROCMIG_UNIX_WAITING;
	}
	save_peer(save, sk, &body->peer_pid, &body->peer_uid, &body->peer_gid);
	bytes -= sizeof(*body);
	names = put_names(save, sk, body, bytes);
	if (names < 0)
		return names;
	filter = sockets_save_filter(sk, &body->socket, (void *)(body + 1) + names,
				     bytes - names);
	return filter < 0 ? filter : sizeof(*body) + names + filter;
}

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
	if (name && data.sender == GONE && name->len <= sizeof(struct sockaddr_un)) {
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
	if (!ret && data.sender == GONE && client && !sock_flag(client, SOCK_DEAD))
		return 0;
	if (name && data.sender == GONE && name->len <= sizeof(struct sockaddr_un))
		data.name_bytes = name->len;
	if (!ret)
		ret = procmig_file_data(save, &data, sizeof(data),
					data.name_bytes ? name->name : NULL, data.name_bytes);
	return ret ?: emit_messages(save, end);
}

static int unix_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	const struct procmig_file_unix_data end = { .what = PROCMIG_UNIX_END };
	struct sock *sk = sockets_sock(file), *one;
	struct sk_buff *skb;
	unsigned int nth;
	int ret = emit_messages(save, sk);

	for (nth = 0; !ret && (one = waiting(sk, nth, &skb)); nth++) {
		ret = emit_connection(save, one);
		kfree_skb(skb);
	}
	return ret ?: procmig_file_data(save, &end, sizeof(end), NULL, 0);
}

/* ---- target: names ------------------------------------------------------- */

/* The name without its place: as one that was accepted has it. */
static int set_name(struct sock *sk, const void *name, size_t bytes)
{
	struct unix_address *address, *before;

	address = kmalloc(sizeof(*address) + bytes + 1, GFP_KERNEL);
	if (!address)
		return -ENOMEM;
	refcount_set(&address->refcnt, 1);
	address->len = bytes;
	memcpy(address->name, name, bytes);
	((char *)address->name)[bytes] = '\0';
	before = unix_sk(sk)->addr;
	/* See unix_stream_connect(): published with the name in it. */
	smp_store_release(&unix_sk(sk)->addr, address);
	if (before && refcount_dec_and_test(&before->refcnt))
		kfree(before);
	return 0;
}

static int set_attributes(struct procmig_file_load *load, const struct rebuilt *rebuilt)
{
	const struct procmig_file_unix *body = &rebuilt->body;
	unsigned long name = (unsigned long)load->scratch;
	size_t bytes = strlen(rebuilt->meanwhile) + 1;
	long ret;

	if (bytes > PROCMIG_FILE_SCRATCH_BYTES ||
	    copy_to_user(load->scratch, rebuilt->meanwhile, bytes))
		return -EFAULT;
	ret = procmig_syscall(__NR_chown, name, body->path_uid, body->path_gid);
	return ret ?: procmig_syscall(__NR_chmod, name, body->path_mode & 07777);
}

/* Where @path is, and an unused name there. */
static struct file *open_directory(const char *path, u32 description, char **name)
{
	int bytes = strrchr(path, '/') - path + 1;
	char *text = kstrndup(path, bytes, GFP_KERNEL);
	struct file *directory = ERR_PTR(-ENOMEM);

	*name = kasprintf(GFP_KERNEL, "%.*s.procmig-%d-%u", bytes, path,
			  task_tgid_nr(current), description);
	if (text && *name)
		directory = filp_open(text, O_PATH | O_DIRECTORY, 0);
	kfree(text);
	if (IS_ERR(directory)) {
		kfree(*name);
		*name = NULL;
	}
	return directory;
}

/*
 * An address for the last part of @path, in @directory, which is put: a name of a socket
 * is short, the one of the directory need not be.  The descriptor that it goes through
 * is to be closed; or a negative errno.
 */
static int address_in(struct file *directory, const char *path, struct sockaddr_un *address)
{
	int fd = procmig_file_to_descriptor(directory);

	fput(directory);
	address->sun_family = AF_UNIX;
	if (fd >= 0)
		snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d%s", fd,
			 strrchr(path, '/'));
	return fd;
}

/* Bind to an unused name in the directory where @path is. */
static int bind_beside(struct procmig_file_load *load, struct socket *socket,
		       struct rebuilt *rebuilt)
{
	struct sockaddr_un address = {};
	struct file *directory;
	int fd, ret;

	directory = open_directory(rebuilt->path, load->description, &rebuilt->meanwhile);
	/* Without the name's directory it was bound somewhere, no matter where. */
	if (directory == ERR_PTR(-ENOENT) && rebuilt->body.flags & PROCMIG_UNIX_DELETED)
		directory = open_directory(SOMEWHERE, load->description,
					   &rebuilt->meanwhile);
	if (IS_ERR(directory))
		return PTR_ERR(directory);
	fd = address_in(directory, rebuilt->meanwhile, &address);
	if (fd < 0)
		return fd;
	ret = kernel_bind(socket, (struct sockaddr *)&address, sizeof(address));
	close_fd(fd);
	return ret ?: set_attributes(load, rebuilt);
}

static int bind(struct procmig_file_load *load, struct sock *sk, struct rebuilt *rebuilt,
		const void *name)
{
	struct procmig_file_unix *body = &rebuilt->body;
	int ret = 0;

	if (!body->name_bytes)
		return 0;
	if (body->path_bytes)
		ret = bind_beside(load, sk->sk_socket, rebuilt);
	else if (body->flags & PROCMIG_UNIX_NAMED)
		return kernel_bind(sk->sk_socket, (struct sockaddr *)name, body->name_bytes);
	if (!ret)
		ret = set_name(sk, name, body->name_bytes);
	return ret;
}

/* ---- target: sockets ----------------------------------------------------- */

static void unix_release(void *private)
{
	struct rebuilt *rebuilt = private;

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

/* A path belongs to a name, or to somebody outside. */
static bool has_reason(const struct procmig_file_unix *body)
{
	if (!(body->flags & PROCMIG_UNIX_OUTSIDE))
		return !body->path_bytes || body->name_bytes;
	return body->path_bytes && !body->name_bytes && body->peer == GONE &&
	       body->flags & PROCMIG_UNIX_PEER && body->socket.type == SOCK_DGRAM;
}

static bool is_ok(const struct procmig_file_unix *body, size_t bytes)
{
	const char *path = (const char *)(body + 1) + body->name_bytes;

	return bytes >= sizeof(*body) &&
	       bytes == sizeof(*body) + body->name_bytes + body->path_bytes +
			sockets_filter_bytes(&body->socket) &&
	       body->name_bytes <= sizeof(struct sockaddr_un) &&
	       (!body->name_bytes || body->name_bytes > NAME_OFFSET) &&
	       body->state >= PROCMIG_UNIX_CLOSED && body->state <= PROCMIG_UNIX_CONNECTED &&
	       (!body->path_bytes ||
		(*path == '/' && path[1] && !path[body->path_bytes - 1])) &&
	       has_reason(body) &&
	       (body->state != PROCMIG_UNIX_LISTENING || body->name_bytes) &&
	       body->socket.protocol <= PF_UNIX;
}

static int set_peer(struct sock *sk, pid_t number, uid_t uid, gid_t gid)
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

static int set_peer_credentials(struct sock *sk, const struct procmig_file_unix *body)
{
	if (!body->peer_pid && !(body->flags & PROCMIG_UNIX_PEER) &&
	    body->state != PROCMIG_UNIX_LISTENING)
		return 0;
	return set_peer(sk, body->peer_pid, body->peer_uid, body->peer_gid);
}

static int rebuild(struct procmig_file_load *load, struct sock *sk,
		   struct rebuilt *rebuilt, const void *name)
{
	const struct procmig_file_unix *body = &rebuilt->body;
	int ret;

	ret = bind(load, sk, rebuilt, name);
	if (ret)
		return procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
				    "the Unix socket %s%s cannot be bound here (%d)",
				    rebuilt->path ? "" : "@",
				    rebuilt->path ?: (char *)name + NAME_OFFSET + 1, ret);
	if (body->state == PROCMIG_UNIX_LISTENING)
		ret = kernel_listen(sk->sk_socket, body->socket.backlog);
	if (!ret)
		ret = set_peer_credentials(sk, body);
	if (!ret && body->state != PROCMIG_UNIX_LISTENING)
		sockets_open_wide(sk);
	return ret;
}

static struct file *unix_restart(struct procmig_file_load *load, const void *data,
				 size_t bytes)
{
	const struct procmig_file_unix *body = data;
	const char *name = data + sizeof(*body);
	struct rebuilt *rebuilt;
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

/* ---- target: connections ------------------------------------------------- */

/* As unix_socketpair() does it, one way; its peers are not seen by anybody yet. */
static void connect(struct sock *from, struct sock *to, bool both_ways)
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
		connect(to, from, false);
}

static void disconnect(struct sock *sk)
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

static struct sock *unix_at(struct procmig_file_load *load, u32 number)
{
	struct file *file = procmig_file_at(load, number);

	return file && unix_match(file) ? sockets_sock(file) : NULL;
}

/* ---- target: messages ---------------------------------------------------- */

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

static struct file *make_sender(struct procmig_file_load *load, struct sock *receiver,
				const void *name, size_t bytes)
{
	const struct procmig_socket like = { .type = receiver->sk_type, .mode = 0777 };
	struct file *file = sockets_make(load, AF_UNIX, &like);
	int ret;

	if (IS_ERR(file))
		return file;
	sockets_open_wide(sockets_sock(file));
	ret = bytes ? set_name(sockets_sock(file), name, bytes) : 0;
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

/* A datagram goes to whoever the sender is connected to while it is sent. */
static int take_datagram(struct procmig_file_load *load, struct sock *receiver,
			 const struct procmig_file_unix_data *data, const u32 *numbers)
{
	const char *name = (const char *)(numbers + data->files) + data->bytes;
	struct sock *sender = NULL, *before;
	struct file *made = NULL;
	int ret;

	if (data->sender != GONE) {
		sender = unix_at(load, data->sender);
	} else {
		made = make_sender(load, receiver, name, data->name_bytes);
		if (IS_ERR(made))
			return PTR_ERR(made);
		sender = sockets_sock(made);
	}
	if (!sender || sender->sk_type != SOCK_DGRAM)
		return procmig_file_refuse(load, "the sender of a message");
	before = unix_peer(sender);
	if (before)
		sock_hold(before);
	connect(sender, receiver, false);
	ret = send(load, sender, data, numbers);
	if (before) {
		connect(sender, before, false);
		sock_put(before);
	} else {
		disconnect(sender);
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
			     NAME_OFFSET + strlen(path) + 1, 0);
	revert_creds(before);
	put_cred(nobody);
	return !ret ? 0 : procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, ret,
				       "a Unix socket cannot be connected to %s here (%d)",
				       path, ret);
}

static int join(struct procmig_file_load *load, struct sock *sk, const struct rebuilt *rebuilt)
{
	const struct procmig_file_unix *body = &rebuilt->body;
	struct sock *peer;
	struct file *made;

	if (body->flags & PROCMIG_UNIX_OUTSIDE)
		return join_outside(load, sk, rebuilt->path);
	if (body->peer == GONE) {
		made = make_sender(load, sk, NULL, 0);
		if (IS_ERR(made))
			return PTR_ERR(made);
		connect(sk, sockets_sock(made), sk->sk_type != SOCK_DGRAM);
		/* It lives until the last message is in: see its shutdown. */
		fput(made);
		return 0;
	}
	peer = unix_at(load, body->peer);
	if (!peer || peer->sk_type != sk->sk_type || peer->sk_state == TCP_LISTEN ||
	    (peer == sk && sk->sk_type != SOCK_DGRAM))
		return procmig_file_refuse(load, "the peer of a Unix socket");
	connect(sk, peer, sk->sk_type != SOCK_DGRAM);
	return 0;
}

/* ---- target: connections that wait to be accepted -------------------------- */

/* By the name that the listening socket has meanwhile. */
static int knock(struct procmig_file_load *load, struct sock *client, struct sock *listener,
		 const struct rebuilt *rebuilt)
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
	fd = address_in(directory, name, &address);
	if (fd < 0)
		return fd;
	ret = kernel_connect(client->sk_socket, (struct sockaddr *)&address, sizeof(address),
			     O_NONBLOCK);
	close_fd(fd);
	return ret;
}

/* All that came through the last connection is in its queue. */
static void finish_connection(struct rebuilt *rebuilt)
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

	if (data->sender == GONE)
		return make_sender(load, listener, data + 1, data->name_bytes);
	client = unix_at(load, data->sender);
	file = client ? procmig_file_at(load, data->sender) : NULL;
	if (!file || client->sk_type != listener->sk_type || unix_peer(client) ||
	    client->sk_state != TCP_CLOSE)
		return ERR_PTR(procmig_file_refuse(load, "who waits to be accepted"));
	return get_file(file);
}

static int take_connection(struct procmig_file_load *load, struct sock *listener,
			   struct rebuilt *rebuilt, const struct procmig_file_unix_data *data)
{
	struct file *client;
	int ret;

	finish_connection(rebuilt);
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
	return set_peer(unix_peer(sockets_sock(client)), data->pid, data->uid, data->gid);
}

static int take_waiting(struct procmig_file_load *load, struct sock *listener,
			struct rebuilt *rebuilt, const struct procmig_file_unix_data *data)
{
	switch (data->what) {
	case PROCMIG_UNIX_CONNECTION:
		return take_connection(load, listener, rebuilt, data);
	case PROCMIG_UNIX_MESSAGE:
		if (rebuilt->client)
			return send(load, sockets_sock(rebuilt->client), data,
				    (const u32 *)(data + 1));
		return procmig_file_refuse(load, "a message to nobody");
	default:
		finish_connection(rebuilt);
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
static bool is_to_join(const struct rebuilt *rebuilt, const struct sock *sk, bool last)
{
	return rebuilt->body.flags & PROCMIG_UNIX_PEER && !unix_peer(sk) &&
	       !(rebuilt->body.flags & PROCMIG_UNIX_WAITING) &&
	       (sk->sk_type != SOCK_DGRAM || last);
}

static int unix_restart_data(struct procmig_file_load *load, struct file *file,
			     const void *body, size_t bytes)
{
	const struct procmig_file_unix_data *data = body;
	struct rebuilt *rebuilt = *load->object;
	struct sock *sk = sockets_sock(file);
	int ret = 0;

	if (!rebuilt || !is_data_ok(data, bytes))
		return procmig_file_refuse(load, "a message in a Unix socket");
	if (is_listening(sk))
		return take_waiting(load, sk, rebuilt, data);
	if (is_to_join(rebuilt, sk, data->what == PROCMIG_UNIX_END))
		ret = join(load, sk, rebuilt);
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

static void unix_resume(struct procmig_file_load *load, struct file *file)
{
	struct rebuilt *rebuilt = *load->object;
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

static const struct procmig_kind kinds[] = {
	{ "Unix socket", PROCMIG_KIND_CARRIED,
	  "stream, datagram, seqpacket; names, queues, descriptors in flight, connections nobody has accepted; peers inside or gone, or found by a path as a log is" },
};

const struct procmig_file_kind unix_kind = {
	.name = "unix",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = unix_match,
	.inspect = unix_inspect,
	.each_kept = unix_each_kept,
	.checkpoint = unix_checkpoint,
	.checkpoint_data = unix_checkpoint_data,
	.restart = unix_restart,
	.restart_data = unix_restart_data,
	.resume = unix_resume,
	.release = unix_release,
};
