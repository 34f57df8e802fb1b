// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of Unix sockets, and the paths of their files: said on the source, and
 * had again on the target, under another path until the process runs.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "unix.h"

/* A directory that every node has and nobody looks through. */
#define SOMEWHERE "/dev/shm/"

/* ---- source -------------------------------------------------------------- */

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

ssize_t unix_put_names(struct procmig_file_save *save, struct sock *sk,
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

/* ---- target -------------------------------------------------------------- */

int unix_set_name(struct sock *sk, const void *name, size_t bytes)
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

static int set_attributes(struct procmig_file_load *load, const struct unix_rebuilt *rebuilt)
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

int unix_address_in(struct file *directory, const char *path, struct sockaddr_un *address)
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
		       struct unix_rebuilt *rebuilt)
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
	fd = unix_address_in(directory, rebuilt->meanwhile, &address);
	if (fd < 0)
		return fd;
	ret = kernel_bind(socket, (struct sockaddr *)&address, sizeof(address));
	close_fd(fd);
	return ret ?: set_attributes(load, rebuilt);
}

int unix_bind_again(struct procmig_file_load *load, struct sock *sk,
		    struct unix_rebuilt *rebuilt, const void *name)
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
		ret = unix_set_name(sk, name, body->name_bytes);
	return ret;
}
