// SPDX-License-Identifier: GPL-2.0-only
/* What an open file is that no kind matches, in the user's words. */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kdev_t.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <linux/mount.h>
#include <linux/net.h>
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

const char *files_describe(struct file *file, char *buffer, size_t bytes)
{
	struct inode *inode = file_inode(file);
	dev_t device = inode->i_rdev;

	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		if (inode->i_sb->s_magic == NSFS_MAGIC)
			return "namespace";
		if (file->f_path.mnt->mnt_flags & MNT_INTERNAL) {
			scnprintf(buffer, bytes, "memory that the kernel calls %pD", file);
			return buffer;
		}
		return d_unlinked(file->f_path.dentry) ? "deleted file" : "file";
	case S_IFDIR:
		return d_unlinked(file->f_path.dentry) ? "deleted directory" : "directory";
	case S_IFCHR:
		if (MAJOR(device) == TTY_MAJOR || MAJOR(device) == TTYAUX_MAJOR ||
		    (MAJOR(device) >= UNIX98_PTY_MASTER_MAJOR &&
		     MAJOR(device) < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT))
			return "terminal";
		scnprintf(buffer, bytes, "character device %u:%u", MAJOR(device),
			  MINOR(device));
		return buffer;
	case S_IFBLK:
		return "block device";
	case S_IFSOCK:
		return describe_socket(file, buffer, bytes);
	case S_IFIFO:
		return file->f_path.mnt->mnt_flags & MNT_INTERNAL ? "pipe" : "FIFO";
	default:
		/* anonymous: io_uring, userfaultfd, pidfd ... */
		scnprintf(buffer, bytes, "%pD", file);
		return buffer;
	}
}
