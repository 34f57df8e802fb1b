// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files and directories that are open, or a process's working directory, and have no
 * name any more.  They are made again under the name that they had, which is then taken
 * away from them; if it is another's by now, by one of our own beside it.  One that still
 * has another name is found by that.  A file that was opened by several names, all gone,
 * has a name of our own until it was opened by all.
 */
#include <linux/file.h>
#include <linux/namei.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "files.h"

/* On the target, until its content has come. */
struct deleted_made {
	struct files_made made;
	char *name;		/* by which it was made */
	char *kept_name;	/* our own, and open by it, while others are to come */
	struct file *kept;
};

static bool deleted_match(struct file *file)
{
	umode_t mode = file_inode(file)->i_mode;

	/* A directory has no content that would have to be read. */
	return ((S_ISREG(mode) && !(file->f_mode & FMODE_PATH)) || S_ISDIR(mode)) &&
	       !files_is_pseudo(file) && !(file->f_path.mnt->mnt_flags & MNT_INTERNAL) &&
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

/* The directory above that has a name, referenced; below it @deleted have none. */
static struct dentry *living_directory(const struct file *file, u32 *deleted)
{
	struct dentry *directory = dget_parent(file->f_path.dentry), *above;

	for (*deleted = 0; d_unlinked(directory); ++*deleted) {
		above = dget_parent(directory);
		dput(directory);
		directory = above;
	}
	return directory;
}

/* Once for all that were in it. */
static void claim_directory(struct procmig_file_inspection *at, struct file *file)
{
	u32 deleted;
	struct path directory = {
		.mnt = file->f_path.mnt,
		.dentry = living_directory(file, &deleted),
	};

	if (!procmig_is_clear(at->inspection, directory.dentry)) {
		files_claim_path(at, &files_deleted_kind, &directory);
		procmig_clear(at->inspection, directory.dentry);
	}
	dput(directory.dentry);
}

static void deleted_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct inode *inode = file_inode(file);
	struct dentry *other = files_other_name(file);

	files_inspect_path(at, &file->f_path);
	if (!S_ISDIR(inode->i_mode) && inode->i_nlink && !other)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "deleted file %pD has another name (hard link) that is not known",
				      file);
	dput(other);
	claim_directory(at, file);
	if (S_ISREG(inode->i_mode))
		procmig_expect_bytes(at->inspection, i_size_read(inode));
}

static int deleted_admit(struct procmig_inspection *inspection, const void *data, size_t bytes)
{
	const char *path = data;
	struct path directory;
	int ret;

	if (*path != '/' || strlen(path) != bytes)
		return -EPROTO;
	ret = files_find_directory(path, &directory);
	if (ret == -ENOENT || ret == -ENOTDIR) {
		procmig_obstacle(inspection, files_subsystem.id, PROCMIG_OBSTACLE_UNSUPPORTED,
				 -1, "%s: there is no such directory here, and a deleted file was in it",
				 path);
		return 0;
	}
	if (ret)
		return ret;
	ret = mnt_want_write(directory.mnt);
	if (ret)
		procmig_obstacle(inspection, files_subsystem.id, PROCMIG_OBSTACLE_UNSUPPORTED,
				 -1, "%s: it is mounted read-only here, so what was deleted in it cannot be made again",
				 path);
	else
		mnt_drop_write(directory.mnt);
	path_put(&directory);
	return 0;
}

static ssize_t deleted_checkpoint(struct procmig_file_save *save, struct file *file,
				  void *room, size_t bytes)
{
	struct procmig_file_deleted *body = room;
	struct path other = { .mnt = file->f_path.mnt };
	ssize_t length;

	*body = (struct procmig_file_deleted) {};
	files_read_attributes(file_inode(file), &body->file);
	room += sizeof(*body);
	bytes -= sizeof(*body);
	length = files_put_path(save, &file->f_path, room, bytes);
	if (length < 0)
		return length;
	body->file.path_bytes = length;
	dput(living_directory(file, &body->directories));
	/* Asked once per file: all descriptions are looked at. */
	body->names = save->first && files_has_names(save, file);
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
	ret = files_emit_content(save, file);
	if (ret)
		procmig_fail(save->process, files_subsystem.id, ret,
			     "deleted file %pD cannot be read (%d)", file, ret);
	return ret;
}

/* ---- target -------------------------------------------------------------- */

static struct file *make_directory(struct procmig_file_load *load,
				   const struct procmig_file_deleted *wanted,
				   const char *name)
{
	unsigned long user = (unsigned long)load->scratch;
	struct file *file;
	long ret;

	ret = files_put_name(load, name, 0);
	if (!ret)
		ret = procmig_syscall(__NR_mkdir, user, wanted->file.mode & 07777);
	if (ret)
		return ERR_PTR(ret);
	file = filp_open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	procmig_syscall(__NR_rmdir, user);
	return file;
}

/* A name of our own, where there will be a directory as long as it is needed. */
static int keep_name(struct procmig_file_load *load, struct deleted_made *made,
		     const struct procmig_file_deleted *wanted, const char *name)
{
	int ret;

	made->kept_name = files_own_name(name, wanted->directories + 1);
	if (!made->kept_name)
		return -ENOMEM;
	ret = files_link(load, name, made->kept_name);
	if (ret)
		return ret;
	made->kept = filp_open(made->kept_name, O_RDONLY | O_LARGEFILE | O_NOFOLLOW, 0);
	if (!IS_ERR(made->kept))
		return 0;
	ret = PTR_ERR(made->kept);
	made->kept = NULL;
	procmig_syscall(__NR_unlink, (unsigned long)load->scratch);
	return ret;
}

static struct file *make_file(struct procmig_file_load *load, struct deleted_made *made,
			      const struct procmig_file_deleted *wanted, const char *name)
{
	struct file *file;
	int ret;

	file = filp_open(name, O_RDWR | O_CREAT | O_EXCL | O_LARGEFILE | O_NOFOLLOW, 0600);
	if (IS_ERR(file))
		return file;
	ret = wanted->names ? keep_name(load, made, wanted, name) : 0;
	procmig_compat_unlink_at(&file->f_path);
	if (!ret)
		ret = vfs_truncate(&file->f_path, wanted->file.file_bytes);
	if (!ret)
		return file;
	fput(file);
	return ERR_PTR(ret);
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
	       wanted->file.file_bytes <= LLONG_MAX && wanted->names <= 1 &&
	       wanted->directories < wanted->file.path_bytes && !wanted->reserved;
}

static struct file *make_anew(struct procmig_file_load *load, struct deleted_made *made,
			      const struct procmig_file_deleted *wanted, const char *path)
{
	struct files_moment moment;
	struct file *file;
	int ret;

	ret = files_begin_moment(load, path, wanted->directories, &moment);
	if (ret)
		return ERR_PTR(ret);
	file = S_ISDIR(wanted->file.mode) ? make_directory(load, wanted, moment.name) :
					    make_file(load, made, wanted, moment.name);
	files_end_moment(load, &moment);
	return file;
}

static struct file *make_first(struct procmig_file_load *load, struct deleted_made *made,
			       const struct procmig_file_deleted *wanted, const char *path)
{
	if (wanted->other_bytes)
		return files_open_unlinked(load, path + wanted->file.path_bytes, path,
					   wanted->directories);
	return make_anew(load, made, wanted, path);
}

static void give_name_up(struct deleted_made *made)
{
	if (!made->kept)
		return;
	procmig_compat_unlink_at(&made->kept->f_path);
	files_close(made->kept);
	made->kept = NULL;
}

static void deleted_release(void *object)
{
	struct deleted_made *made = object;

	give_name_up(made);
	if (made->made.file)
		files_close(made->made.file);
	kfree(made->kept_name);
	kfree(made->name);
	kfree(made);
}

static int make(struct procmig_file_load *load, struct deleted_made *made,
		const struct procmig_file_deleted *wanted)
{
	const char *path = (const char *)(wanted + 1);
	struct file *file;

	made->name = kstrdup(path, GFP_KERNEL);
	if (!made->name)
		return -ENOMEM;
	file = make_first(load, made, wanted, path);
	if (IS_ERR(file))
		return procmig_fail(load->process, files_subsystem.id, PTR_ERR(file),
				    "deleted file %s cannot be made again here (%ld)", path,
				    PTR_ERR(file));
	made->made.file = file;
	made->made.wanted = wanted->file;
	if (!wanted->other_bytes)
		files_set_attributes(load, &made->made);
	return 0;
}

/* What was made by one name, opened by another that it had. */
static struct file *open_by(struct procmig_file_load *load, const struct deleted_made *made,
			    const struct procmig_file_deleted *wanted)
{
	const char *path = (const char *)(wanted + 1);
	const char *name = wanted->other_bytes ? path + wanted->file.path_bytes :
						 made->kept_name;
	struct file *once, *file;

	if (!name)
		return ERR_PTR(procmig_file_refuse(load, "another name of a deleted file"));
	once = files_open_unlinked(load, name, path, wanted->directories);
	if (IS_ERR(once)) {
		procmig_fail(load->process, files_subsystem.id, PTR_ERR(once),
			     "deleted file %s cannot be opened as %s here (%ld)", name, path,
			     PTR_ERR(once));
		return once;
	}
	if (file_inode(once) == file_inode(made->made.file))
		file = files_open_again(load, once);
	else
		file = ERR_PTR(procmig_file_refuse(load, "another name of a deleted file"));
	fput(once);
	return file;
}

static struct file *deleted_restart(struct procmig_file_load *load, const void *body,
				    size_t bytes)
{
	const struct procmig_file_deleted *wanted = body;
	struct deleted_made *made = *load->object;
	int ret;

	if (!is_ok(wanted, bytes))
		return ERR_PTR(procmig_file_refuse(load, "a deleted file"));
	if (!made) {
		made = kzalloc(sizeof(*made), GFP_KERNEL);
		if (!made)
			return ERR_PTR(-ENOMEM);
		ret = make(load, made, wanted);
		if (ret) {
			deleted_release(made);
			return ERR_PTR(ret);
		}
		*load->object = made;
	}
	if (!strcmp((const char *)(wanted + 1), made->name))
		return files_open_again(load, made->made.file);
	return open_by(load, made, wanted);
}

static int deleted_restart_data(struct procmig_file_load *load, struct file *file,
				const void *body, size_t bytes)
{
	struct deleted_made *made = *load->object;
	int ret;

	if (!made || !S_ISREG(file_inode(file)->i_mode))
		return procmig_file_refuse(load, "content of a deleted file");
	/* Every description exists by now. */
	give_name_up(made);
	ret = files_take_content(load, &made->made, body, bytes);
	if (ret != PROCMIG_DONE)
		return min(ret, 0);
	*load->object = NULL;
	deleted_release(made);
	return 0;
}

static const struct procmig_kind kinds[] = {
	{ "deleted file", PROCMIG_KIND_CARRIED,
	  "content, attributes, names that it had, or has; directories, also as cwd, and what was in them" },
};

const struct procmig_file_kind files_deleted_kind = {
	.name = "deleted",
	.version = 3,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = deleted_match,
	.inspect = deleted_inspect,
	.admit = deleted_admit,
	.object = deleted_object,
	.checkpoint = deleted_checkpoint,
	.checkpoint_data = deleted_checkpoint_data,
	.restart = deleted_restart,
	.restart_data = deleted_restart_data,
	.release = deleted_release,
};
