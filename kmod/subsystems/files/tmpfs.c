// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files in memory, POSIX shared memory (shm_open(3)) and named semaphores among
 * them.  A tmpfs is its node's, so a file there that somebody of the event can
 * write moves: it is made on the target with its content and its name, and
 * removed here when the event has succeeded.  What nobody has open but one of
 * the event has made is opened for it (makers.c).  One that is only read is found
 * again by its path, as on every other filesystem.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/slab.h>
#include <procmig/open_file.h>

#include "files.h"

bool files_is_in_memory(struct file *file)
{
	return file_inode(file)->i_sb->s_magic == TMPFS_MAGIC;
}

static bool tmpfs_match(struct file *file)
{
	return !(file->f_mode & FMODE_PATH) && procmig_file_travels(file) &&
	       !files_is_temporary(file);
}

static const void *tmpfs_object(struct file *file)
{
	return file_inode(file);
}

/* A named semaphore is opened by a temporary name (sem_open(3)). */
static bool find_name(struct file *file, struct path *name)
{
	name->mnt = file->f_path.mnt;
	name->dentry = d_unlinked(file->f_path.dentry) ? files_other_name(file) :
							 dget(file->f_path.dentry);
	return name->dentry;
}

static void tmpfs_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct path name;

	if (!files_inspect_travelling(at, file, "file in memory (tmpfs)"))
		return;
	if (find_name(file, &name)) {
		files_inspect_path(at, &name);
		dput(name.dentry);
	} else {
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "%pD: file in memory (tmpfs) with another name that is not known",
				      file);
	}
}

/* The agent sees only what is open; of that the target may be told twice. */
void files_tmpfs_claim(struct procmig_file_inspection *at, struct file *file)
{
	struct path name;

	if (!procmig_wants_claims(at->inspection) || !find_name(file, &name))
		return;
	files_claim_path(at, &files_tmpfs_kind, &name);
	dput(name.dentry);
}

static int tmpfs_admit(struct procmig_inspection *inspection, const void *data, size_t bytes)
{
	const char *path = data;
	struct path there;
	int ret = files_find(path, bytes, &there);

	if (ret == -ENOENT)
		return 0;
	if (ret == -ENOTDIR) {
		procmig_obstacle(inspection, files_subsystem.id, PROCMIG_OBSTACLE_UNSUPPORTED,
				 -1, "%s: there is no such directory here", path);
		return 0;
	}
	if (ret)
		return ret;
	procmig_obstacle(inspection, files_subsystem.id, PROCMIG_OBSTACLE_TAKEN, -1,
			 "%s: there is a file of that name here, remove it", path);
	path_put(&there);
	return 0;
}

static ssize_t tmpfs_checkpoint(struct procmig_file_save *save, struct file *file,
				void *room, size_t bytes)
{
	struct procmig_file_tmpfs *body = room;
	struct path name;
	ssize_t length;

	*body = (struct procmig_file_tmpfs) {};
	files_read_attributes(file_inode(file), &body->file);
	room += sizeof(*body);
	bytes -= sizeof(*body);
	if (!find_name(file, &name))
		return procmig_fail(save->process, files_subsystem.id, -ENOENT,
				    "%pD has another name that is not known", file);
	length = files_put_path(save, &name, room, bytes);
	dput(name.dentry);
	if (length < 0)
		return length;
	body->file.path_bytes = length;
	if (d_unlinked(file->f_path.dentry)) {
		length = files_put_path(save, &file->f_path, room + length, bytes - length);
		if (length < 0)
			return length;
		body->opened_bytes = length;
	}
	return sizeof(*body) + body->file.path_bytes + body->opened_bytes;
}

static int tmpfs_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	int ret = procmig_file_share_content(save, file);

	if (ret)
		procmig_fail(save->process, files_subsystem.id, ret,
			     "%pD cannot be read (%d)", file, ret);
	return ret;
}

static void tmpfs_finish(struct file *file)
{
	struct path name;

	if (!find_name(file, &name))
		return;
	procmig_compat_unlink_at(&name);
	dput(name.dentry);
}

/* ---- target -------------------------------------------------------------- */

static struct file *create(const struct procmig_file_attributes *wanted, const char *path)
{
	struct file *file;
	int ret = 0;

	file = filp_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_LARGEFILE, 0600);
	if (IS_ERR(file))
		return file;
	if (file_inode(file)->i_sb->s_magic != TMPFS_MAGIC)
		ret = -EXDEV;
	if (!ret)
		ret = vfs_truncate(&file->f_path, wanted->file_bytes);
	if (!ret)
		return file;
	procmig_compat_unlink_at(&file->f_path);
	fput(file);
	return ERR_PTR(ret);
}

static const char *reason_of(long error)
{
	switch (error) {
	case -EEXIST:
		return ": there is a file of that name, remove it";
	case -EXDEV:
		return ": there is no tmpfs as on the source";
	case -ENOSPC:
		return ": no space is left in memory";
	default:
		return "";
	}
}

static struct files_made *make(struct procmig_file_load *load,
			       const struct procmig_file_attributes *wanted,
			       const char *path)
{
	struct files_made *made = kzalloc(sizeof(*made), GFP_KERNEL);
	long error;

	if (!made)
		return ERR_PTR(-ENOMEM);
	made->file = create(wanted, path);
	if (IS_ERR(made->file)) {
		error = PTR_ERR(made->file);
		kfree(made);
		return ERR_PTR(procmig_fail(load->process, files_subsystem.id, error,
					    "%s cannot be made here (%ld)%s", path, error,
					    reason_of(error)));
	}
	made->wanted = *wanted;
	files_set_attributes(load, made);
	return made;
}

static bool is_ok(const struct procmig_file_tmpfs *wanted, size_t bytes)
{
	const char *path = (const char *)(wanted + 1);

	if (bytes < sizeof(*wanted))
		return false;
	bytes -= sizeof(*wanted);
	return wanted->file.path_bytes > 1 && wanted->file.path_bytes <= bytes &&
	       bytes - wanted->file.path_bytes == wanted->opened_bytes && *path == '/' &&
	       !path[wanted->file.path_bytes - 1] && !path[bytes - 1] &&
	       S_ISREG(wanted->file.mode) && wanted->file.file_bytes <= LLONG_MAX &&
	       !wanted->reserved;
}

/* Under the name that it was opened by, which is gone, too. */
static struct file *open_as_before(struct procmig_file_load *load,
				   const struct files_made *made, const char *path,
				   const char *opened)
{
	struct file *once = files_open_unlinked(load, path, opened, 0), *file;

	if (IS_ERR(once)) {
		procmig_fail(load->process, files_subsystem.id, PTR_ERR(once),
			     "%s cannot be opened as %s here (%ld)", path, opened,
			     PTR_ERR(once));
		return once;
	}
	if (file_inode(once) == file_inode(made->file))
		file = files_open_again(load, once);
	else
		file = ERR_PTR(procmig_file_refuse(load, "another name of a file in memory"));
	fput(once);
	return file;
}

static struct file *tmpfs_restart(struct procmig_file_load *load, const void *body,
				  size_t bytes)
{
	const struct procmig_file_tmpfs *wanted = body;
	const char *path = (const char *)(wanted + 1);
	struct files_made *made = *load->object;

	if (!is_ok(wanted, bytes))
		return ERR_PTR(procmig_file_refuse(load, "a file in memory"));
	if (!made) {
		made = make(load, &wanted->file, path);
		if (IS_ERR(made))
			return ERR_CAST(made);
		*load->object = made;
	}
	if (wanted->opened_bytes)
		return open_as_before(load, made, path, path + wanted->file.path_bytes);
	return files_open_again(load, made->file);
}

static int tmpfs_restart_data(struct procmig_file_load *load, struct file *file,
			      const void *body, size_t bytes)
{
	struct files_made *made = *load->object;
	int ret;

	if (!made)
		return procmig_file_refuse(load, "content of a file in memory");
	files_set_attributes(load, made);
	ret = files_hold_by_path(made);
	return ret ?: procmig_file_expect_content(load, made->file, body, bytes);
}

static const struct procmig_kind kinds[] = {
	{ "file in memory", PROCMIG_KIND_CARRIED,
	  "on a tmpfs and written by somebody inside, or made by one in /dev/shm (POSIX shared memory): content, attributes; it leaves the source" },
};

const struct procmig_file_kind files_tmpfs_kind = {
	.name = "tmpfs",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = tmpfs_match,
	.inspect = tmpfs_inspect,
	.admit = tmpfs_admit,
	.object = tmpfs_object,
	.checkpoint = tmpfs_checkpoint,
	.checkpoint_data = tmpfs_checkpoint_data,
	.finish = tmpfs_finish,
	.restart = tmpfs_restart,
	.restart_data = tmpfs_restart_data,
	.resume = files_let_stay,
	.release = files_release_made,
};
