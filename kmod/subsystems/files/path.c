// SPDX-License-Identifier: GPL-2.0-only
/* Files that are found again by their path: the same file on both nodes. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>

#include "files.h"

static bool is_memory_device(struct inode *inode)
{
	if (MAJOR(inode->i_rdev) != MEM_MAJOR)
		return false;
	switch (MINOR(inode->i_rdev)) {
	case 3: /* null */
	case 5: /* zero */
	case 7: /* full */
	case 8: /* random */
	case 9: /* urandom */
		return true;
	default:
		return false;
	}
}

static bool path_match(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (files_is_pseudo(file))
		return false;
	if (file->f_mode & FMODE_PATH)
		return !(S_ISDIR(inode->i_mode) && d_unlinked(file->f_path.dentry));
	if (procmig_file_travels(file))
		return false;
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		/* A file that the kernel keeps for itself has no path at all. */
		return !(file->f_path.mnt->mnt_flags & MNT_INTERNAL) &&
		       !d_unlinked(file->f_path.dentry);
	case S_IFCHR:
		return is_memory_device(inode);
	default:
		return false;
	}
}

void files_inspect_path(struct procmig_file_inspection *at, const struct path *path)
{
	char *buffer = kvmalloc(PATH_MAX, GFP_KERNEL);

	/* Without memory: found at the latest by the checkpoint. */
	if (buffer && IS_ERR(procmig_compat_path(path, at->root, buffer, PATH_MAX)))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "file that is not reachable from the root of the process");
	kvfree(buffer);
}

void files_get_root(struct path *root)
{
	struct task_struct *init = init_pid_ns.child_reaper;

	task_lock(init);
	get_fs_root(init->fs, root);
	task_unlock(init);
}

int files_find_directory(const char *path, struct path *directory)
{
	struct path root;
	int ret;

	files_get_root(&root);
	ret = procmig_compat_find_directory(&root, path, directory);
	path_put(&root);
	return ret;
}

int files_find(const char *text, size_t bytes, struct path *found)
{
	const char *name;
	struct path directory;
	struct dentry *there;
	char *parent;
	int ret;

	if (*text != '/' || strlen(text) != bytes || bytes >= PATH_MAX)
		return -EPROTO;
	name = strrchr(text, '/') + 1;
	parent = kstrndup(text, name - text, GFP_KERNEL);
	if (!parent)
		return -ENOMEM;
	ret = files_find_directory(parent, &directory);
	kfree(parent);
	if (ret)
		return ret == -ENOENT ? -ENOTDIR : ret;
	there = lookup_positive_unlocked(name, directory.dentry, strlen(name));
	if (IS_ERR(there)) {
		path_put(&directory);
		return PTR_ERR(there);
	}
	dput(directory.dentry);
	*found = (struct path) { .mnt = directory.mnt, .dentry = there };
	return 0;
}

void files_claim_path(struct procmig_file_inspection *at, const struct procmig_file_kind *kind,
		      const struct path *path)
{
	char *buffer, *text;

	if (!procmig_wants_claims(at->inspection))
		return;
	buffer = kvmalloc(PATH_MAX, GFP_KERNEL);
	/* Without memory: found at the latest by the restart. */
	text = buffer ? procmig_compat_path(path, at->root, buffer, PATH_MAX) :
			ERR_PTR(-ENOMEM);
	if (!IS_ERR(text))
		procmig_file_claim(at, kind, text, strlen(text));
	kvfree(buffer);
}

ssize_t files_put_path(struct procmig_file_save *save, const struct path *path, char *room,
		       size_t bytes)
{
	char *text = procmig_compat_path(path, save->root, room, bytes);
	size_t length;

	if (IS_ERR(text))
		return procmig_fail(save->process, files_subsystem.id, PTR_ERR(text),
				    "%pd is not reachable from the root of the process",
				    path->dentry);
	length = strlen(text) + 1;
	memmove(room, text, length);
	return length;
}

struct file *files_open_again(struct procmig_file_load *load, struct file *first)
{
	return dentry_open(&first->f_path,
			   load->flags & ~(FILES_ONCE_FLAGS | __O_TMPFILE | O_DIRECTORY),
			   current_cred());
}

static void path_inspect(struct procmig_file_inspection *at, struct file *file)
{
	if (d_unlinked(file->f_path.dentry)) {
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "deleted file, only as a path (O_PATH)");
		return;
	}
	files_inspect_path(at, &file->f_path);
}

static int examine(struct file *file, struct procmig_file_path *body)
{
	struct inode *inode = file_inode(file);
	struct kstat stat;
	int ret;

	body->mode = inode->i_mode;
	if (S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode))
		body->device = new_encode_dev(inode->i_rdev);
	if (!S_ISREG(inode->i_mode))
		return 0;
	/* Not from the inode: on a network filesystem that is a copy, maybe old. */
	ret = vfs_getattr(&file->f_path, &stat, STATX_BASIC_STATS, AT_STATX_FORCE_SYNC);
	if (ret)
		return ret;
	body->file_bytes = stat.size;
	body->mtime_sec = stat.mtime.tv_sec;
	body->mtime_nsec = stat.mtime.tv_nsec;
	return 0;
}

/*
 * What was written through a mapping, or to a filesystem that writes late, must
 * be where the other node reads.  Errors stay for the process to see.
 */
static int write_back(struct file *file)
{
	struct address_space *mapping = file->f_mapping;
	int ret;

	if (!S_ISREG(file_inode(file)->i_mode) || !(file->f_mode & FMODE_WRITE) ||
	    !mapping_tagged(mapping, PAGECACHE_TAG_DIRTY))
		return 0;
	ret = filemap_fdatawrite(mapping);
	return filemap_fdatawait_keep_errors(mapping) ?: ret;
}

static ssize_t path_checkpoint(struct procmig_file_save *save, struct file *file,
			       void *room, size_t bytes)
{
	struct procmig_file_path *body = room;
	const char *path = room + sizeof(*body);
	ssize_t length;
	int ret;

	memset(body, 0, sizeof(*body));
	length = files_put_path(save, &file->f_path, room + sizeof(*body),
				bytes - sizeof(*body));
	if (length < 0)
		return length;
	ret = write_back(file);
	if (ret)
		return procmig_fail(save->process, files_subsystem.id, ret,
				    "%s cannot be written back (%d)", path, ret);
	ret = examine(file, body);
	if (ret)
		return procmig_fail(save->process, files_subsystem.id, ret,
				    "%s cannot be examined (%d)", path, ret);
	body->path_bytes = length;
	return sizeof(*body) + length;
}

static int check_same(struct procmig_file_load *load, struct file *file,
		      const struct procmig_file_path *wanted, const char *path)
{
	struct procmig_file_path here = {};
	int ret;

	ret = examine(file, &here);
	if (ret)
		return procmig_fail(load->process, files_subsystem.id, ret,
				    "%s cannot be examined here (%d)", path, ret);
	if ((here.mode ^ wanted->mode) & S_IFMT || here.device != wanted->device)
		return procmig_fail(load->process, files_subsystem.id, -ESTALE,
				    "%s is another kind of file here", path);
	if (!S_ISREG(wanted->mode))
		return 0;
	if (here.file_bytes != wanted->file_bytes)
		return procmig_fail(load->process, files_subsystem.id, -ESTALE,
				    "%s has %llu bytes here and %llu on the source; the nodes must share it",
				    path, here.file_bytes, wanted->file_bytes);
	/* Who writes it changes its time; there the size is the witness. */
	if (!(load->flags & (O_WRONLY | O_RDWR)) &&
	    (here.mtime_sec != wanted->mtime_sec ||
	     here.mtime_nsec != wanted->mtime_nsec))
		return procmig_fail(load->process, files_subsystem.id, -ESTALE,
				    "%s was modified at another time here than on the source",
				    path);
	return 0;
}

static struct file *path_restart(struct procmig_file_load *load, const void *body,
				 size_t bytes)
{
	const struct procmig_file_path *wanted = body;
	const char *path = (const char *)(wanted + 1);
	struct file *file;
	int ret;

	if (bytes < sizeof(*wanted) || !wanted->path_bytes ||
	    bytes != sizeof(*wanted) + wanted->path_bytes)
		return ERR_PTR(procmig_file_refuse(load, "an open file"));
	/* Neither a FIFO nor a terminal that is here by mistake may detain us. */
	file = filp_open(path, (load->flags & ~FILES_ONCE_FLAGS) | O_NOFOLLOW | O_NONBLOCK, 0);
	if (IS_ERR(file)) {
		procmig_fail(load->process, files_subsystem.id, PTR_ERR(file),
			     "%s cannot be opened here (%ld)", path, PTR_ERR(file));
		return file;
	}
	ret = check_same(load, file, wanted, path);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

static const struct procmig_kind kinds[] = {
	{ "regular file", PROCMIG_KIND_CARRIED,
	  "position, flags, append; the file must be the same on the target" },
	{ "directory", PROCMIG_KIND_CARRIED, "open directories, cwd, root" },
	{ "memory device", PROCMIG_KIND_CARRIED,
	  "/dev/null, zero, full, random, urandom" },
};

const struct procmig_file_kind files_path_kind = {
	.name = "path",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = path_match,
	.inspect = path_inspect,
	.checkpoint = path_checkpoint,
	.restart = path_restart,
};
