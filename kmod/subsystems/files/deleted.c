// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files and directories that are open and have no name any more.  They are made
 * again under the name that they had, which is then taken away from them; one
 * that still has another name is found by that.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "files.h"

static bool deleted_match(struct file *file)
{
	umode_t mode = file_inode(file)->i_mode;

	return (S_ISREG(mode) || S_ISDIR(mode)) && !(file->f_mode & FMODE_PATH) &&
	       !(file->f_path.mnt->mnt_flags & MNT_INTERNAL) &&
	       d_unlinked(file->f_path.dentry);
}

static const void *deleted_object(struct file *file)
{
	return file_inode(file);
}

/* Another name of the same file that the kernel knows, or NULL. */
static struct dentry *other_name(struct file *file)
{
	struct inode *inode = file_inode(file);
	struct dentry *dentry, *found = NULL;

	if (S_ISDIR(inode->i_mode) || !inode->i_nlink)
		return NULL;
	spin_lock(&inode->i_lock);
	hlist_for_each_entry(dentry, &inode->i_dentry, d_u.d_alias) {
		if (d_unhashed(dentry))
			continue;
		found = dget(dentry);
		break;
	}
	spin_unlock(&inode->i_lock);
	return found;
}

static void deleted_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct inode *inode = file_inode(file);
	struct dentry *parent, *other;

	if (files_is_pseudo(file)) {
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "file of a pseudo filesystem, which shows this node");
		return;
	}
	parent = dget_parent(file->f_path.dentry);
	if (d_unlinked(parent))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "deleted file %pD whose directory is deleted, too", file);
	dput(parent);
	other = other_name(file);
	if (!S_ISDIR(inode->i_mode) && inode->i_nlink && !other)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "deleted file %pD has another name (hard link) that is not known",
				      file);
	dput(other);
	if (S_ISREG(inode->i_mode))
		procmig_expect_bytes(at->inspection, i_size_read(inode));
}

static ssize_t put_path(struct procmig_file_save *save, const struct path *path,
			char *room, size_t bytes)
{
	char *text = procmig_compat_path(path, save->root, room, bytes);
	size_t length;

	if (IS_ERR(text))
		return procmig_fail(save->process, files_subsystem.id, PTR_ERR(text),
				    "deleted file %pd is not reachable from the root of the process",
				    path->dentry);
	length = strlen(text) + 1;
	memmove(room, text, length);
	return length;
}

static ssize_t deleted_checkpoint(struct procmig_file_save *save, struct file *file,
				  void *room, size_t bytes)
{
	struct procmig_file_deleted *body = room;
	struct inode *inode = file_inode(file);
	struct path other = { .mnt = file->f_path.mnt };
	ssize_t length;

	*body = (struct procmig_file_deleted) {
		.file_bytes = i_size_read(inode),
		.mtime_sec = inode->i_mtime.tv_sec,
		.mtime_nsec = inode->i_mtime.tv_nsec,
		.atime_sec = inode->i_atime.tv_sec,
		.atime_nsec = inode->i_atime.tv_nsec,
		.mode = inode->i_mode,
		.uid = i_uid_read(inode),
		.gid = i_gid_read(inode),
	};
	room += sizeof(*body);
	bytes -= sizeof(*body);
	length = put_path(save, &file->f_path, room, bytes);
	if (length < 0)
		return length;
	body->path_bytes = length;
	other.dentry = other_name(file);
	if (other.dentry) {
		length = put_path(save, &other, room + length, bytes - length);
		dput(other.dentry);
		if (length < 0)
			return length;
		body->other_bytes = length;
	}
	return sizeof(*body) + body->path_bytes + body->other_bytes;
}

static int deleted_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	const struct inode *inode = file_inode(file);
	int ret;

	if (!S_ISREG(inode->i_mode) || inode->i_nlink)
		return 0;
	ret = procmig_file_content(save, file);
	if (ret)
		procmig_fail(save->process, files_subsystem.id, ret,
			     "deleted file %pD cannot be read (%d)", file, ret);
	return ret;
}

/* ---- target -------------------------------------------------------------- */

/* What made it has said already what it is. */
static void set_attributes(struct procmig_file_load *load, int fd,
			   const struct procmig_file_deleted *wanted)
{
	const struct timespec64 times[] = {
		{ wanted->atime_sec, wanted->atime_nsec },
		{ wanted->mtime_sec, wanted->mtime_nsec },
	};

	procmig_syscall(__NR_fchown, fd, wanted->uid, wanted->gid);
	procmig_syscall(__NR_fchmod, fd, wanted->mode & 07777);
	if (!copy_to_user(load->scratch, times, sizeof(times)))
		procmig_syscall(__NR_utimensat, fd, 0, (unsigned long)load->scratch, 0);
}

/* The path in user memory. */
static int put_name(struct procmig_file_load *load, const char *path, size_t bytes,
		    size_t offset)
{
	if (bytes > PATH_MAX || copy_to_user(load->scratch + offset, path, bytes))
		return -EFAULT;
	return 0;
}

static struct file *make_directory(struct procmig_file_load *load,
				   const struct procmig_file_deleted *wanted,
				   const char *path)
{
	unsigned long name = (unsigned long)load->scratch;
	struct file *file;
	long ret;

	ret = put_name(load, path, wanted->path_bytes, 0);
	if (!ret)
		ret = procmig_syscall(__NR_mkdir, name, wanted->mode & 07777);
	if (ret)
		return ERR_PTR(ret);
	file = filp_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	procmig_syscall(__NR_rmdir, name);
	return file;
}

static struct file *make_file(struct procmig_file_load *load,
			      const struct procmig_file_deleted *wanted, const char *path)
{
	unsigned long name = (unsigned long)load->scratch;
	struct file *file;
	long ret;

	ret = put_name(load, path, wanted->path_bytes, 0);
	if (!ret && wanted->other_bytes)
		ret = put_name(load, path + wanted->path_bytes, wanted->other_bytes,
			       PATH_MAX);
	if (!ret && wanted->other_bytes)
		ret = procmig_syscall(__NR_link, name + PATH_MAX, name);
	if (ret)
		return ERR_PTR(ret);
	file = filp_open(path, O_RDWR | O_LARGEFILE | O_NOFOLLOW |
			 (wanted->other_bytes ? 0 : O_CREAT | O_EXCL), 0600);
	if (!IS_ERR(file) || wanted->other_bytes)
		procmig_syscall(__NR_unlink, name);
	if (!IS_ERR(file) && !wanted->other_bytes)
		ret = vfs_truncate(&file->f_path, wanted->file_bytes);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

static bool is_ok(const struct procmig_file_deleted *wanted, size_t bytes)
{
	const char *path = (const char *)(wanted + 1);

	if (bytes < sizeof(*wanted))
		return false;
	bytes -= sizeof(*wanted);
	return wanted->path_bytes > 1 && wanted->path_bytes <= bytes && *path == '/' &&
	       bytes - wanted->path_bytes == wanted->other_bytes &&
	       !path[wanted->path_bytes - 1] &&
	       (S_ISREG(wanted->mode) || (S_ISDIR(wanted->mode) && !wanted->other_bytes)) &&
	       wanted->file_bytes <= LLONG_MAX && !wanted->reserved;
}

static struct file *deleted_restart(struct procmig_file_load *load, const void *body,
				    size_t bytes)
{
	const struct procmig_file_deleted *wanted = body;
	const char *path = (const char *)(wanted + 1);
	struct file *first = *load->object;
	int fd;

	if (!is_ok(wanted, bytes))
		return ERR_PTR(procmig_file_refuse(load, "a deleted file"));
	if (!first) {
		first = S_ISDIR(wanted->mode) ? make_directory(load, wanted, path) :
						make_file(load, wanted, path);
		if (IS_ERR(first)) {
			procmig_fail(load->process, files_subsystem.id, PTR_ERR(first),
				     "deleted file %s cannot be made again here (%ld)",
				     path, PTR_ERR(first));
			return first;
		}
		*load->object = first;
		fd = procmig_file_to_descriptor(first);
		if (fd >= 0 && !wanted->other_bytes)
			set_attributes(load, fd, wanted);
		if (fd >= 0)
			close_fd(fd);
	}
	return dentry_open(&first->f_path,
			   load->flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY |
					   __O_TMPFILE | O_DIRECTORY),
			   current_cred());
}

static int deleted_restart_data(struct procmig_file_load *load, struct file *file,
				const void *body, size_t bytes)
{
	struct inode *inode = file_inode(file);
	struct file *first = *load->object;
	struct timespec64 mtime = inode->i_mtime;
	int ret;

	if (!first || !S_ISREG(inode->i_mode))
		return procmig_file_refuse(load, "content of a deleted file");
	ret = procmig_file_take_content(load, first, body, bytes);
	/* Nobody else has it: what the loading has touched is put back at once. */
	inode->i_mtime = mtime;
	if (ret != PROCMIG_DONE)
		return min(ret, 0);
	*load->object = NULL;
	fput(first);
	return 0;
}

static void deleted_release(void *first)
{
	fput(first);
}

static const struct procmig_kind kinds[] = {
	{ "deleted file", PROCMIG_KIND_CARRIED,
	  "content, attributes, one that has another name by that; deleted directories" },
};

const struct procmig_file_kind files_deleted_kind = {
	.name = "deleted",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = deleted_match,
	.inspect = deleted_inspect,
	.object = deleted_object,
	.checkpoint = deleted_checkpoint,
	.checkpoint_data = deleted_checkpoint_data,
	.restart = deleted_restart,
	.restart_data = deleted_restart_data,
	.release = deleted_release,
};
