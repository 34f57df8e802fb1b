// SPDX-License-Identifier: GPL-2.0-only
/* What an open file is, in the stream's words or in the user's. */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kdev_t.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <linux/net.h>
#include <linux/tty.h>
#include <linux/un.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "files.h"

static const char *tcp_state(int state)
{
	switch (state) {
	case TCP_ESTABLISHED:
		return "established";
	case TCP_LISTEN:
		return "listening";
	case TCP_SYN_SENT:
		return "connecting";
	case TCP_CLOSE:
		return "closed";
	default:
		return "closing";
	}
}

static const char *describe_socket(struct file *file, char *buffer, size_t bytes)
{
	struct socket *socket = sock_from_file(file);
	struct sockaddr_storage address = {};
	bool listening;

	if (!socket || !socket->sk)
		return "socket";
	listening = socket->sk->sk_state == TCP_LISTEN;
	switch (socket->sk->sk_family) {
	case AF_UNIX:
		return "Unix socket";
	case AF_NETLINK:
		return "netlink socket";
	case AF_PACKET:
		return "packet socket";
	case AF_INET:
	case AF_INET6:
		break;
	default:
		scnprintf(buffer, bytes, "socket of family %d", socket->sk->sk_family);
		return buffer;
	}
	/* An unconnected socket has no peer: show what it is bound to. */
	if (listening || socket->ops->getname(socket, (struct sockaddr *)&address, 1) < 0)
		socket->ops->getname(socket, (struct sockaddr *)&address, 0);
	if (socket->type == SOCK_STREAM)
		scnprintf(buffer, bytes, "TCP socket %pISpc %s", &address,
			  tcp_state(socket->sk->sk_state));
	else
		scnprintf(buffer, bytes, "%s socket %pISpc",
			  socket->type == SOCK_DGRAM ? "UDP" : "raw", &address);
	return buffer;
}

static const char *describe_character(struct file *file,
				      struct procmig_files_description *description,
				      char *buffer, size_t bytes)
{
	dev_t device = file_inode(file)->i_rdev;

	description->kind = PROCMIG_FILE_DEVICE;
	description->device = new_encode_dev(device);
	if (MAJOR(device) == MEM_MAJOR) {
		switch (MINOR(device)) {
		case 3: /* null */
		case 5: /* zero */
		case 7: /* full */
		case 8: /* random */
		case 9: /* urandom */
			return NULL;
		}
	}
	if (file->f_op && file_inode(file)->i_cdev &&
	    (MAJOR(device) == TTY_MAJOR || MAJOR(device) == TTYAUX_MAJOR ||
	     (MAJOR(device) >= UNIX98_PTY_MASTER_MAJOR &&
	      MAJOR(device) < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT)))
		return "terminal";
	scnprintf(buffer, bytes, "character device %u:%u", MAJOR(device), MINOR(device));
	return buffer;
}

static bool has_locks(struct file *file)
{
	struct file_lock_context *context = file_inode(file)->i_flctx;
	struct file_lock *lock;
	bool found = false;

	if (!context)
		return false;
	spin_lock(&context->flc_lock);
	list_for_each_entry(lock, &context->flc_posix, fl_list)
		found |= lock->fl_file == file;
	list_for_each_entry(lock, &context->flc_flock, fl_list)
		found |= lock->fl_file == file;
	list_for_each_entry(lock, &context->flc_lease, fl_list)
		found |= lock->fl_file == file;
	spin_unlock(&context->flc_lock);
	return found;
}

static bool is_pseudo(struct file *file)
{
	switch (file_inode(file)->i_sb->s_magic) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case CGROUP2_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

static const char *describe_regular(struct file *file)
{
	if (is_pseudo(file))
		return "file of a pseudo filesystem, which shows this node";
	if (d_unlinked(file->f_path.dentry))
		return "deleted file";
	if (has_locks(file))
		return "file lock";
	if (file->f_flags & FASYNC)
		return "signal-driven input and output";
	if (READ_ONCE(file->f_owner.pid) || READ_ONCE(file->f_owner.signum))
		return "file with an owner to signal (F_SETOWN, F_SETSIG)";
	return NULL;
}

static const char *describe_anonymous(struct file *file, char *buffer, size_t bytes)
{
	/* eventfd, eventpoll, timerfd, signalfd, io_uring, inotify ... */
	scnprintf(buffer, bytes, "%pD", file);
	return buffer;
}

const char *files_describe(struct file *file, const struct path *root,
			   struct procmig_files_description *description,
			   char *buffer, size_t bytes, const char **path)
{
	struct inode *inode = file_inode(file);
	const char *why = NULL;

	memset(description, 0, sizeof(*description));
	*path = NULL;
	description->flags = file->f_flags;
	description->mode = inode->i_mode;
	description->position = file->f_pos;

	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		description->kind = PROCMIG_FILE_REGULAR;
		why = describe_regular(file);
		break;
	case S_IFDIR:
		description->kind = PROCMIG_FILE_DIRECTORY;
		why = describe_regular(file);
		break;
	case S_IFCHR:
		why = describe_character(file, description, buffer, bytes);
		break;
	case S_IFBLK:
		why = "block device";
		break;
	case S_IFSOCK:
		why = describe_socket(file, buffer, bytes);
		break;
	case S_IFIFO:
		why = file->f_path.mnt->mnt_flags & MNT_INTERNAL ? "pipe" : "FIFO";
		break;
	default:
		why = describe_anonymous(file, buffer, bytes);
		break;
	}
	if (why)
		return why;
	*path = procmig_compat_path(&file->f_path, root, buffer, bytes);
	if (IS_ERR(*path)) {
		*path = NULL;
		return "file that is not reachable from the root of the process";
	}
	description->path_bytes = strlen(*path) + 1;
	return NULL;
}

int files_stat(struct file *file, struct procmig_files_description *description)
{
	struct kstat stat;
	int ret;

	/* Not from the inode: on a network filesystem that is a copy, maybe old. */
	ret = vfs_getattr(&file->f_path, &stat, STATX_BASIC_STATS, AT_STATX_FORCE_SYNC);
	if (ret)
		return ret;
	description->file_bytes = stat.size;
	description->mtime_sec = stat.mtime.tv_sec;
	description->mtime_nsec = stat.mtime.tv_nsec;
	return 0;
}
