// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files and directories that are open and have no name any more.  They are made
 * again under the name that they had, which is then taken away from them; one
 * that still has another name is found by that.
 */
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
	       d_unlinked(file->f_path.dentry) && !procmig_file_travels(file);
}

static const void *deleted_object(struct file *file)
{
	return file_inode(file);
}

struct dentry *files_other_name(struct file *file)
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
	other = files_other_name(file);
	if (!S_ISDIR(inode->i_mode) && inode->i_nlink && !other)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "deleted file %pD has another name (hard link) that is not known",
				      file);
	dput(other);
	if (S_ISREG(inode->i_mode))
		procmig_expect_bytes(at->inspection, i_size_read(inode));
}

static ssize_t deleted_checkpoint(struct procmig_file_save *save, struct file *file,
				  void *room, size_t bytes)
{
	struct procmig_file_deleted *body = room;
	struct path other = { .mnt = file->f_path.mnt };
	ssize_t length;

	*body = (struct procmig_file_deleted) {};
	files_read_attributes(file, &body->file);
	room += sizeof(*body);
	bytes -= sizeof(*body);
	length = files_put_path(save, &file->f_path, room, bytes);
	if (length < 0)
		return length;
	body->file.path_bytes = length;
	other.dentry = files_other_name(file);
	if (other.dentry) {
		length = files_put_path(save, &other, room + length, bytes - length);
		dput(other.dentry);
		if (length < 0)
			return length;
		body->other_bytes = length;
	}
	return sizeof(*body) + body->file.path_bytes + body->other_bytes;
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

	ret = put_name(load, path, wanted->file.path_bytes, 0);
	if (!ret)
		ret = procmig_syscall(__NR_mkdir, name, wanted->file.mode & 07777);
	if (ret)
		return ERR_PTR(ret);
	file = filp_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	procmig_syscall(__NR_rmdir, name);
	return file;
}

struct file *files_open_unlinked(struct procmig_file_load *load, const char *name,
				 const char *opened)
{
	unsigned long user = (unsigned long)load->scratch;
	struct file *file;
	long ret;

	ret = put_name(load, opened, strlen(opened) + 1, 0);
	if (!ret)
		ret = put_name(load, name, strlen(name) + 1, PATH_MAX);
	if (!ret)
		ret = procmig_syscall(__NR_link, user + PATH_MAX, user);
	if (ret)
		return ERR_PTR(ret);
	file = filp_open(opened, O_RDWR | O_LARGEFILE | O_NOFOLLOW, 0);
	procmig_syscall(__NR_unlink, user);
	return file;
}

static struct file *make_file(struct procmig_file_load *load,
			      const struct procmig_file_deleted *wanted, const char *path)
{
	unsigned long name = (unsigned long)load->scratch;
	struct file *file;
	long ret;

	if (wanted->other_bytes)
		return files_open_unlinked(load, path + wanted->file.path_bytes, path);
	ret = put_name(load, path, wanted->file.path_bytes, 0);
	if (ret)
		return ERR_PTR(ret);
	file = filp_open(path, O_RDWR | O_CREAT | O_EXCL | O_LARGEFILE | O_NOFOLLOW, 0600);
	if (IS_ERR(file))
		return file;
	procmig_syscall(__NR_unlink, name);
	ret = vfs_truncate(&file->f_path, wanted->file.file_bytes);
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
	return wanted->file.path_bytes > 1 && wanted->file.path_bytes <= bytes && *path == '/' &&
	       bytes - wanted->file.path_bytes == wanted->other_bytes &&
	       !path[wanted->file.path_bytes - 1] &&
	       (!wanted->other_bytes || !path[bytes - 1]) &&
	       (S_ISREG(wanted->file.mode) || (S_ISDIR(wanted->file.mode) && !wanted->other_bytes)) &&
	       wanted->file.file_bytes <= LLONG_MAX && !wanted->reserved;
}

static struct files_made *make(struct procmig_file_load *load,
			       const struct procmig_file_deleted *wanted)
{
	const char *path = (const char *)(wanted + 1);
	struct files_made *made = kzalloc(sizeof(*made), GFP_KERNEL);
	struct file *file;

	if (!made)
		return ERR_PTR(-ENOMEM);
	file = S_ISDIR(wanted->file.mode) ? make_directory(load, wanted, path) :
					    make_file(load, wanted, path);
	if (IS_ERR(file)) {
		procmig_fail(load->process, files_subsystem.id, PTR_ERR(file),
			     "deleted file %s cannot be made again here (%ld)", path,
			     PTR_ERR(file));
		kfree(made);
		return ERR_CAST(file);
	}
	made->file = file;
	made->wanted = wanted->file;
	if (!wanted->other_bytes)
		files_set_attributes(load, made);
	return made;
}

static struct file *deleted_restart(struct procmig_file_load *load, const void *body,
				    size_t bytes)
{
	struct files_made *made = *load->object;

	if (!is_ok(body, bytes))
		return ERR_PTR(procmig_file_refuse(load, "a deleted file"));
	if (!made) {
		made = make(load, body);
		if (IS_ERR(made))
			return ERR_CAST(made);
		*load->object = made;
	}
	return files_open_again(load, made->file);
}

static void deleted_release(void *object)
{
	struct files_made *made = object;

	fput(made->file);
	kfree(made);
}

static int deleted_restart_data(struct procmig_file_load *load, struct file *file,
				const void *body, size_t bytes)
{
	struct files_made *made = *load->object;
	int ret;

	if (!made || !S_ISREG(file_inode(file)->i_mode))
		return procmig_file_refuse(load, "content of a deleted file");
	ret = files_take_content(load, made, body, bytes);
	if (ret != PROCMIG_DONE)
		return min(ret, 0);
	*load->object = NULL;
	deleted_release(made);
	return 0;
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
