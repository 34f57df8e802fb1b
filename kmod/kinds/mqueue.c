// SPDX-License-Identifier: GPL-2.0-only
/* POSIX message queues, mq_open(3). */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mqueue.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/skbuff.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <net/sock.h>
#include <procmig/compat.h>
#include <procmig/compat_ipc.h>
#include <procmig/file_kind.h>

#define MAGIC 0x19800202		/* of the filesystem: ipc/mqueue.c */

/* A queue on the target that does not run yet. */
struct making {
	struct file *file;		/* may do everything */
	bool deleted;
	u32 notify;			/* enum procmig_mqueue_notify */
	pid_t notify_pid;
	struct sigevent event;
	u32 notify_socket;		/* number of the description */
	u8 cookie[NOTIFY_COOKIE_LEN];
	struct sk_buff *told;		/* the cookie, charged to that socket, which it holds */
};

static bool mqueue_match(struct file *file)
{
	return S_ISREG(file_inode(file)->i_mode) &&
	       file_inode(file)->i_sb->s_magic == MAGIC && !(file->f_mode & FMODE_PATH);
}

static const void *mqueue_object(struct file *file)
{
	return file_inode(file);
}

/* ---- inspecting ---------------------------------------------------------- */

static bool holds_queue(struct file *file, const void *inode)
{
	return file_inode(file) == inode;
}

static bool is_inside(const struct procmig_scope *scope, struct pid *pid)
{
	struct task_struct *task;
	bool inside;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	inside = task && procmig_scope_has(scope, task);
	rcu_read_unlock();
	return inside;
}

static bool tells_inside(struct procmig_file_inspection *at, const struct procmig_mqueue *queue)
{
	struct file *file = procmig_file_of_socket(queue->notify_socket);
	bool inside;

	if (!file)
		return false;
	inside = procmig_file_is_inside(at, file);
	fput(file);
	return inside;
}

static void inspect_notification(struct procmig_file_inspection *at, struct file *file,
				 const struct procmig_mqueue *queue)
{
	if (queue->notify.sigev_notify == SIGEV_THREAD && !tells_inside(at, queue))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "%pD: a message queue that starts a thread (SIGEV_THREAD) by a socket that nobody inside has open",
				      file);
	else if (!is_inside(procmig_inspected_scope(at->inspection), queue->notified))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "%pD: a message queue that tells a process outside about messages",
				      file);
}

static const struct procmig_file_kind mqueue_kind;

static void claim_name(struct procmig_file_inspection *at, struct dentry *dentry)
{
	struct name_snapshot name;

	if (!procmig_wants_claims(at->inspection) || d_unlinked(dentry))
		return;
	take_dentry_name_snapshot(&name, dentry);
	procmig_file_claim(at, &mqueue_kind, name.name.name, name.name.len);
	release_dentry_name_snapshot(&name);
}

static void mqueue_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct inode *inode = file_inode(file);
	struct procmig_file_holder holder;
	struct procmig_mqueue queue;

	if (!procmig_compat_get_mqueue(inode, &queue)) {
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "a POSIX message queue of another shape than known: no loaded subsystem carries it");
		return;
	}
	if (procmig_file_find_holder(at, holds_queue, inode, &holder))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "%pD: the message queue is open at pid %d (%s) outside, too, as fd %u; migrate them together or end that process",
				      file, holder.pid, holder.comm, holder.fd);
	if (queue.max_bytes > PROCMIG_FILE_SCRATCH_BYTES)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_LIMIT,
				      "%pD: a message queue with messages of %llu bytes; at most %u are carried",
				      file, queue.max_bytes, PROCMIG_FILE_SCRATCH_BYTES);
	if (queue.notified)
		inspect_notification(at, file, &queue);
	procmig_compat_put_mqueue(&queue);
	claim_name(at, file->f_path.dentry);
}

/* Of init's namespace: the task subsystem refuses others. */
static int mqueue_admit(struct procmig_inspection *inspection, const void *data, size_t bytes)
{
	struct ipc_namespace *ns = init_pid_ns.child_reaper->nsproxy->ipc_ns;
	const char *name = data;
	struct dentry *there;

	if (!bytes || bytes > NAME_MAX || strlen(name) != bytes || strchr(name, '/'))
		return -EPROTO;
	there = lookup_positive_unlocked(name, ns->mq_mnt->mnt_root, bytes);
	if (IS_ERR(there))
		return PTR_ERR(there) == -ENOENT ? 0 : PTR_ERR(there);
	procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_FILES, PROCMIG_OBSTACLE_TAKEN, -1,
			 "message queue /%s: there is one of that name here, remove it (mq_unlink)",
			 name);
	dput(there);
	return 0;
}

/* ---- source -------------------------------------------------------------- */

static enum procmig_mqueue_notify kind_of(const struct procmig_mqueue *queue)
{
	switch (queue->notify.sigev_notify) {
	case SIGEV_NONE:
		return PROCMIG_MQUEUE_RESERVED;
	case SIGEV_THREAD:
		return PROCMIG_MQUEUE_THREAD;
	default:
		return PROCMIG_MQUEUE_SIGNAL;
	}
}

static int put_notification(struct procmig_file_save *save, const struct procmig_mqueue *queue,
			    struct procmig_file_mqueue *body)
{
	struct file *file;
	int ret;

	BUILD_BUG_ON(PROCMIG_MQUEUE_COOKIE_BYTES != NOTIFY_COOKIE_LEN);
	body->notify = kind_of(queue);
	body->notify_pid = pid_nr(queue->notified);
	body->notify_value = (unsigned long)queue->notify.sigev_value.sival_ptr;
	body->notify_signal = queue->notify.sigev_signo;
	if (body->notify != PROCMIG_MQUEUE_THREAD)
		return 0;
	memcpy(body->notify_cookie, queue->notify_cookie, sizeof(body->notify_cookie));
	file = procmig_file_of_socket(queue->notify_socket);
	if (!file)
		return -ENOTCONN;
	ret = procmig_file_reference(save, file, &body->notify_socket);
	fput(file);
	return ret;
}

static ssize_t mqueue_checkpoint(struct procmig_file_save *save, struct file *file,
				 void *room, size_t bytes)
{
	struct dentry *dentry = file->f_path.dentry;
	struct procmig_file_mqueue *body = room;
	struct inode *inode = file_inode(file);
	struct procmig_mqueue queue;
	int ret = 0;

	if (!procmig_compat_get_mqueue(inode, &queue))
		return -EOPNOTSUPP;
	*body = (struct procmig_file_mqueue) {
		.max_messages = queue.max_messages,
		.max_bytes = queue.max_bytes,
		.mode = inode->i_mode & 07777,
		.uid = i_uid_read(inode),
		.gid = i_gid_read(inode),
		.deleted = d_unlinked(dentry),
		.name_bytes = dentry->d_name.len + 1,
	};
	if (queue.notified)
		ret = put_notification(save, &queue, body);
	procmig_compat_put_mqueue(&queue);
	if (ret)
		return ret;
	memcpy(body + 1, dentry->d_name.name, body->name_bytes);
	return sizeof(*body) + body->name_bytes;
}

static int emit_messages(struct procmig_file_save *save, const void *room, size_t bytes)
{
	const struct procmig_message *message;
	const void *at;
	int ret = 0;

	for (at = room; !ret && at < room + bytes;
	     at += sizeof(*message) + ALIGN(message->bytes, 8)) {
		struct procmig_file_mqueue_data head = {};

		message = at;
		head.priority = message->priority;
		head.bytes = message->bytes;
		ret = procmig_file_data(save, &head, sizeof(head), message + 1,
					message->bytes);
	}
	return ret;
}

static int mqueue_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	const struct procmig_file_mqueue_data end = { .end = 1 };
	struct inode *inode = file_inode(file);
	size_t bytes = procmig_compat_get_mqueue_messages(inode, NULL, 0);
	void *room = kvmalloc(max_t(size_t, bytes, 1), GFP_KERNEL);
	int ret;

	if (!room)
		return -ENOMEM;
	if (procmig_compat_get_mqueue_messages(inode, room, bytes) == bytes)
		ret = emit_messages(save, room, bytes);
	else
		ret = -EBUSY;
	kvfree(room);
	return ret ?: procmig_file_data(save, &end, sizeof(end), NULL, 0);
}

static void mqueue_finish(struct file *file)
{
	procmig_compat_unlink_at(&file->f_path);
}

/* ---- target -------------------------------------------------------------- */

static bool body_ok(const struct procmig_file_mqueue *wanted, size_t bytes)
{
	const char *name = (const char *)(wanted + 1);

	return bytes >= sizeof(*wanted) && bytes == sizeof(*wanted) + wanted->name_bytes &&
	       wanted->name_bytes > 1 && wanted->name_bytes <= NAME_MAX + 1 &&
	       strlen(name) == wanted->name_bytes - 1 &&
	       wanted->max_messages && wanted->max_messages <= HARD_MSGMAX &&
	       wanted->max_bytes && wanted->max_bytes <= PROCMIG_FILE_SCRATCH_BYTES &&
	       !(wanted->mode & ~07777) && wanted->deleted <= 1 &&
	       wanted->notify <= PROCMIG_MQUEUE_THREAD && !wanted->reserved &&
	       (wanted->notify != PROCMIG_MQUEUE_SIGNAL ||
		valid_signal(wanted->notify_signal));
}

static struct file *open_new(struct procmig_file_load *load,
			     const struct procmig_file_mqueue *wanted)
{
	const struct mq_attr limits = {
		.mq_maxmsg = wanted->max_messages,
		.mq_msgsize = wanted->max_bytes,
	};
	void __user *name = load->scratch + sizeof(limits);
	long fd;

	if (copy_to_user(load->scratch, &limits, sizeof(limits)) ||
	    copy_to_user(name, wanted + 1, wanted->name_bytes))
		return ERR_PTR(-EFAULT);
	fd = procmig_syscall(__NR_mq_open, (unsigned long)name, O_RDWR | O_CREAT | O_EXCL,
			     0600, (unsigned long)load->scratch);
	if (fd < 0)
		procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, fd,
			     "message queue /%s could not be made here (%ld)%s",
			     (const char *)(wanted + 1), fd,
			     fd == -EEXIST ? ": there is one of that name" : "");
	return procmig_file_from_descriptor(fd);
}

static struct making *make_queue(struct procmig_file_load *load,
				 const struct procmig_file_mqueue *wanted)
{
	struct making *making = kzalloc(sizeof(*making), GFP_KERNEL);
	struct inode *inode;
	struct file *file;

	if (!making)
		return ERR_PTR(-ENOMEM);
	file = open_new(load, wanted);
	if (IS_ERR(file)) {
		kfree(making);
		return ERR_CAST(file);
	}
	inode = file_inode(file);
	inode_lock(inode);
	inode->i_mode = S_IFREG | wanted->mode;
	i_uid_write(inode, wanted->uid);
	i_gid_write(inode, wanted->gid);
	inode_unlock(inode);
	making->file = file;
	making->deleted = wanted->deleted;
	making->notify = wanted->notify;
	making->notify_pid = wanted->notify_pid;
	making->event.sigev_notify = wanted->notify == PROCMIG_MQUEUE_SIGNAL ? SIGEV_SIGNAL :
				     wanted->notify == PROCMIG_MQUEUE_THREAD ? SIGEV_THREAD :
				     SIGEV_NONE;
	making->notify_socket = wanted->notify_socket;
	memcpy(making->cookie, wanted->notify_cookie, sizeof(making->cookie));
	making->event.sigev_signo = wanted->notify_signal;
	making->event.sigev_value.sival_ptr = u64_to_user_ptr(wanted->notify_value);
	return making;
}

static struct file *mqueue_restart(struct procmig_file_load *load, const void *body,
				   size_t bytes)
{
	struct making *making = *load->object;

	if (!body_ok(body, bytes))
		return ERR_PTR(procmig_file_refuse(load, "a message queue"));
	if (!making) {
		making = make_queue(load, body);
		if (IS_ERR(making))
			return ERR_CAST(making);
		*load->object = making;
	}
	return dentry_open(&making->file->f_path,
			   load->flags & ~(O_NOCTTY | O_CREAT | O_EXCL), current_cred());
}

static void forget(struct making *making)
{
	struct sock *sk = making->told ? making->told->sk : NULL;

	kfree_skb(making->told);
	if (sk)
		sock_put(sk);
	fput(making->file);
	kfree(making);
}

/* One that was made for processes that do not run must not stay. */
static void mqueue_release(void *private)
{
	struct making *making = private;

	procmig_compat_unlink_at(&making->file->f_path);
	forget(making);
}

static int send(struct procmig_file_load *load, struct file *file,
		const struct procmig_file_mqueue_data *message)
{
	int fd;
	long ret;

	if (copy_to_user(load->scratch, message + 1, message->bytes))
		return -EFAULT;
	fd = procmig_file_to_descriptor(file);
	if (fd < 0)
		return fd;
	/* Full: the stream has more than fits, which no queue ever had. */
	file->f_flags |= O_NONBLOCK;
	ret = procmig_syscall(__NR_mq_timedsend, fd, (unsigned long)load->scratch,
			      message->bytes, message->priority, 0);
	close_fd(fd);
	return ret;
}

/* Every description exists by now. */
static int prepare_cookie(struct procmig_file_load *load, struct making *making)
{
	struct file *file = procmig_file_at(load, making->notify_socket);
	struct socket *socket = file ? sock_from_file(file) : NULL;
	struct sk_buff *skb;

	if (!socket || !socket->sk || socket->sk->sk_family != AF_NETLINK)
		return procmig_file_refuse(load, "the socket by which a message queue tells");
	skb = alloc_skb(sizeof(making->cookie), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	skb_put_data(skb, making->cookie, sizeof(making->cookie));
	skb_set_owner_r(skb, socket->sk);
	sock_hold(socket->sk);
	making->told = skb;
	return 0;
}

static int mqueue_restart_data(struct procmig_file_load *load, struct file *file,
			       const void *body, size_t bytes)
{
	const struct procmig_file_mqueue_data *message = body;
	struct making *making = *load->object;

	if (!making || bytes < sizeof(*message) || message->end > 1 || message->reserved ||
	    bytes != sizeof(*message) + message->bytes ||
	    message->bytes > PROCMIG_FILE_SCRATCH_BYTES)
		return procmig_file_refuse(load, "a message of a queue");
	if (!message->end)
		return send(load, making->file, message);
	if (making->deleted)
		procmig_compat_unlink_at(&making->file->f_path);
	if (making->notify == PROCMIG_MQUEUE_THREAD && !making->told)
		return prepare_cookie(load, making);
	return 0;
}

/* Last: closing any descriptor of the queue would take it back. */
static void mqueue_resume(struct procmig_file_load *load, struct file *file)
{
	struct making *making = *load->object;
	struct task_struct *owner;

	if (!making)
		return;
	*load->object = NULL;
	owner = procmig_rebuilt_task(load->process, making->notify_pid);
	if (making->notify && owner &&
	    (making->told || making->notify != PROCMIG_MQUEUE_THREAD) &&
	    procmig_compat_notify_mqueue(file_inode(file), owner, &making->event, making->told))
		making->told = NULL;
	forget(making);
}

static const struct procmig_kind kinds[] = {
	{ "POSIX message queue", PROCMIG_KIND_CARRIED,
	  "with messages, limits, notification by signal or thread; open inside only, its name free on the target" },
};

static const struct procmig_file_kind mqueue_kind = {
	.name = "mqueue",
	.version = 2,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = mqueue_match,
	.inspect = mqueue_inspect,
	.admit = mqueue_admit,
	.object = mqueue_object,
	.checkpoint = mqueue_checkpoint,
	.checkpoint_data = mqueue_checkpoint_data,
	.finish = mqueue_finish,
	.restart = mqueue_restart,
	.restart_data = mqueue_restart_data,
	.resume = mqueue_resume,
	.release = mqueue_release,
};

static int __init mqueue_module_init(void)
{
	return procmig_register_file_kind(&mqueue_kind);
}

static void __exit mqueue_module_exit(void)
{
	procmig_unregister_file_kind(&mqueue_kind);
}

module_init(mqueue_module_init);
module_exit(mqueue_module_exit);
MODULE_DESCRIPTION("procmig: kind of file, POSIX message queues");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
