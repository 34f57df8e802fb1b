// SPDX-License-Identifier: GPL-2.0-only
/*
 * Temporary files: what somebody of the event can write below /tmp (hier(7)).  They are
 * their node's, on a disk as well as in memory, so they move as files in memory do
 * (tmpfs.c): made on the target with content and name, and with the directory that they
 * are in if it is missing; removed here when the event has succeeded.
 *
 * Anybody may make names in /tmp.  So on the target nothing is followed below it that
 * could lead out of it, and a directory that is there must belong to whom it does here.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/namei.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>

#include "files.h"

#define TOP "/tmp"
#define PREFIX TOP "/"

/* The node's /tmp, to be compared with and nothing else; NULL: it has none of its own. */
static const struct inode *top;

/* As the agents have it: what several nodes can have mounted at once. */
static bool is_shared(const struct super_block *filesystem)
{
	static const char *const types[] = {
		"9p", "nfs", "nfs4", "ceph", "cifs", "smb3", "glusterfs", "lustre", "gfs2",
		"ocfs2", "virtiofs",
	};

	return match_string(types, ARRAY_SIZE(types), filesystem->s_type->name) >= 0 ||
	       strstarts(filesystem->s_type->name, "fuse");
}

void files_find_temporary(void)
{
	const struct inode *found = NULL;
	struct path path;

	if (!files_find_directory(TOP, &path)) {
		if (!is_shared(path.dentry->d_sb))
			found = d_inode(path.dentry);
		path_put(&path);
	}
	WRITE_ONCE(top, found);
}

bool files_is_temporary(struct file *file)
{
	const struct inode *wanted = READ_ONCE(top);
	const struct dentry *dentry = file->f_path.dentry, *parent;
	bool is = false;

	if (!wanted || d_unlinked(file->f_path.dentry))
		return false;
	rcu_read_lock();
	for (; !is && !IS_ROOT(dentry); dentry = parent) {
		parent = READ_ONCE(dentry->d_parent);
		is = READ_ONCE(parent->d_inode) == wanted;
	}
	rcu_read_unlock();
	return is;
}

static bool temporary_match(struct file *file)
{
	return !(file->f_mode & FMODE_PATH) && procmig_file_travels(file) &&
	       files_is_temporary(file);
}

static const void *temporary_object(struct file *file)
{
	return file_inode(file);
}

/* As init sees it, whatever the root of the process is. */
static char *path_of(struct file *file, char *buffer, size_t bytes)
{
	struct path root;
	char *text;

	files_get_root(&root);
	text = procmig_compat_path(&file->f_path, &root, buffer, bytes);
	path_put(&root);
	if (IS_ERR(text) || strstarts(text, PREFIX))
		return text;
	return ERR_PTR(-EXDEV);
}

static void claim(struct procmig_file_inspection *at, struct file *file, const char *path)
{
	size_t bytes = strlen(path);
	struct dentry *directory = dget_parent(file->f_path.dentry);
	struct procmig_temporary_claim *head = kmalloc(sizeof(*head) + bytes, GFP_KERNEL);

	/* Without memory: found at the latest by the restart. */
	if (head) {
		*head = (struct procmig_temporary_claim) {
			.directory_uid = i_uid_read(d_inode(directory)),
		};
		memcpy(head + 1, path, bytes);
		procmig_file_claim(at, &files_temporary_kind, head, sizeof(*head) + bytes);
	}
	kfree(head);
	dput(directory);
}

static void temporary_inspect(struct procmig_file_inspection *at, struct file *file)
{
	char *buffer, *path;

	if (!files_inspect_travelling(at, file, "temporary file"))
		return;
	buffer = kvmalloc(PATH_MAX, GFP_KERNEL);
	path = buffer ? path_of(file, buffer, PATH_MAX) : ERR_PTR(-ENOMEM);
	if (PTR_ERR_OR_ZERO(path) == -EXDEV)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "%pD: temporary file that is mounted at another place, too",
				      file);
	else if (!IS_ERR(path) && procmig_wants_claims(at->inspection))
		claim(at, file, path);
	kvfree(buffer);
}

static ssize_t temporary_checkpoint(struct procmig_file_save *save, struct file *file,
				    void *room, size_t bytes)
{
	struct procmig_file_temporary *body = room;
	struct dentry *directory = dget_parent(file->f_path.dentry);
	size_t length;
	char *path;

	files_read_attributes(file_inode(file), &body->file);
	files_read_attributes(d_inode(directory), &body->directory);
	body->directory.file_bytes = 0;
	dput(directory);
	room += sizeof(*body);
	path = path_of(file, room, bytes - sizeof(*body));
	if (IS_ERR(path))
		return procmig_fail(save->process, files_subsystem.id, PTR_ERR(path),
				    "temporary file %pD is not to be found below " TOP " (%ld)",
				    file, PTR_ERR(path));
	length = strlen(path) + 1;
	memmove(room, path, length);
	body->file.path_bytes = length;
	return sizeof(*body) + length;
}

static int temporary_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	int ret = files_emit_content(save, file);

	if (ret)
		procmig_fail(save->process, files_subsystem.id, ret,
			     "temporary file %pD cannot be read (%d)", file, ret);
	return ret;
}

static void temporary_finish(struct file *file)
{
	procmig_compat_unlink_at(&file->f_path);
}

/* ---- target -------------------------------------------------------------- */

static const char *name_in(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* The directory @levels above @path, which begins with PREFIX; -EXDEV: it is above TOP. */
static int find_directory(const char *path, unsigned int levels, struct path *directory)
{
	size_t bytes = files_directory_bytes(path, levels);
	struct path here;
	char *below;
	int ret;

	if (bytes < strlen(TOP))
		return -EXDEV;
	ret = files_find_directory(TOP, &here);
	if (ret)
		return ret;
	if (bytes <= strlen(PREFIX)) {
		*directory = here;
		return 0;
	}
	below = kstrndup(path + strlen(PREFIX), bytes - strlen(PREFIX), GFP_KERNEL);
	ret = below ? procmig_compat_find_below(&here, below, directory) : -ENOMEM;
	kfree(below);
	path_put(&here);
	return ret;
}

/* Whose it may be: TOP itself is everybody's. */
static bool is_owned(const struct path *directory, const char *path, u32 uid)
{
	return files_directory_bytes(path, 1) <= strlen(PREFIX) ||
	       i_uid_read(d_inode(directory->dentry)) == uid;
}

static void admit_in(struct procmig_inspection *inspection, const struct path *directory,
		     const char *path, u32 uid)
{
	struct dentry *there;

	if (!is_owned(directory, path, uid)) {
		procmig_obstacle(inspection, files_subsystem.id, PROCMIG_OBSTACLE_TAKEN, -1,
				 "%s: its directory belongs to user %u here and to user %u on the source: remove it",
				 path, i_uid_read(d_inode(directory->dentry)), uid);
		return;
	}
	there = lookup_positive_unlocked(name_in(path), directory->dentry,
					 strlen(name_in(path)));
	if (IS_ERR(there))
		return;
	dput(there);
	procmig_obstacle(inspection, files_subsystem.id, PROCMIG_OBSTACLE_TAKEN, -1,
			 "%s: there is a file of that name here, remove it", path);
}

static int temporary_admit(struct procmig_inspection *inspection, const void *data,
			   size_t bytes)
{
	const struct procmig_temporary_claim *claim = data;
	const char *path = (const char *)(claim + 1);
	struct path directory;
	int ret;

	if (bytes <= sizeof(*claim) || claim->reserved ||
	    strlen(path) != bytes - sizeof(*claim) || !strstarts(path, PREFIX))
		return -EPROTO;
	ret = find_directory(path, 1, &directory);
	if (!ret) {
		admit_in(inspection, &directory, path, claim->directory_uid);
		path_put(&directory);
		return 0;
	}
	/* It will be made. */
	if (ret == -ENOENT)
		ret = find_directory(path, 2, &directory);
	if (ret == -ENOMEM || ret == -EINTR)
		return ret;
	if (!ret)
		path_put(&directory);
	else
		procmig_obstacle(inspection, files_subsystem.id, PROCMIG_OBSTACLE_UNSUPPORTED,
				 -1, "%s: there is no such directory here, nor one to make it in (%d)",
				 path, ret);
	return 0;
}

/* To be removed by the event, if that fails. */
static int note_directory(struct files_event *event, const struct path *directory)
{
	struct path *more = procmig_grow(event->directories, event->directory_count,
					 sizeof(*more));

	if (!more)
		return -ENOMEM;
	event->directories = more;
	more[event->directory_count++] = *directory;
	path_get(directory);
	return 0;
}

static int mkdir_in(struct procmig_file_load *load, const struct path *above, const char *name)
{
	struct file *file = dentry_open(above, O_RDONLY | O_DIRECTORY, current_cred());
	int fd, ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = procmig_file_to_descriptor(file);
	fput(file);
	if (fd < 0)
		return fd;
	ret = files_put_name(load, name, 0);
	if (!ret)
		ret = procmig_syscall(__NR_mkdirat, fd, (unsigned long)load->scratch, 0700);
	close_fd(fd);
	return ret;
}

/* Owner and mode as on the source. */
static int set_directory(struct procmig_file_load *load, const struct path *directory,
			 const struct procmig_file_attributes *wanted)
{
	struct files_made made = {
		.file = dentry_open(directory, O_RDONLY | O_DIRECTORY, current_cred()),
		.wanted = *wanted,
	};

	if (IS_ERR(made.file))
		return PTR_ERR(made.file);
	files_set_attributes(load, &made);
	fput(made.file);
	return 0;
}

static int make_directory(struct procmig_file_load *load,
			  const struct procmig_file_attributes *wanted, const char *path,
			  struct path *directory)
{
	struct files_event *event = procmig_event_private(load->process, &files_subsystem);
	char *name = kstrndup(path, files_directory_bytes(path, 1), GFP_KERNEL);
	struct path above;
	int ret;

	if (!name)
		return -ENOMEM;
	ret = find_directory(path, 2, &above);
	if (!ret) {
		ret = mkdir_in(load, &above, name_in(name));
		path_put(&above);
	}
	kfree(name);
	if (!ret)
		ret = find_directory(path, 1, directory);
	if (ret)
		return ret;
	ret = note_directory(event, directory);
	if (ret)
		procmig_compat_rmdir_at(directory);
	else
		ret = set_directory(load, directory, wanted);
	if (ret)
		path_put(directory);
	return ret;
}

static struct file *create_in(const struct path *directory,
			      const struct procmig_file_temporary *wanted, const char *path)
{
	struct file *file;
	int ret;

	if (!is_owned(directory, path, wanted->directory.uid))
		return ERR_PTR(-EPERM);
	file = file_open_root(directory, name_in(path),
			      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_LARGEFILE, 0600);
	if (IS_ERR(file))
		return file;
	ret = vfs_truncate(&file->f_path, wanted->file.file_bytes);
	if (!ret)
		return file;
	procmig_compat_unlink_at(&file->f_path);
	fput(file);
	return ERR_PTR(ret);
}

static struct file *create(struct procmig_file_load *load,
			   const struct procmig_file_temporary *wanted, const char *path)
{
	struct path directory;
	struct file *file;
	int ret;

	ret = find_directory(path, 1, &directory);
	if (ret == -ENOENT)
		ret = make_directory(load, &wanted->directory, path, &directory);
	if (ret)
		return ERR_PTR(ret);
	file = create_in(&directory, wanted, path);
	path_put(&directory);
	return file;
}

static const char *reason_of(long error)
{
	switch (error) {
	case -EEXIST:
		return ": there is a file of that name, remove it";
	case -EPERM:
		return ": its directory belongs to another user than on the source, remove it";
	case -ENOSPC:
		return ": no space is left";
	default:
		return "";
	}
}

static struct files_made *make(struct procmig_file_load *load,
			       const struct procmig_file_temporary *wanted, const char *path)
{
	struct files_made *made = kzalloc(sizeof(*made), GFP_KERNEL);
	long error;

	if (!made)
		return ERR_PTR(-ENOMEM);
	made->file = create(load, wanted, path);
	if (IS_ERR(made->file)) {
		error = PTR_ERR(made->file);
		kfree(made);
		return ERR_PTR(procmig_fail(load->process, files_subsystem.id, error,
					    "temporary file %s cannot be made here (%ld)%s", path,
					    error, reason_of(error)));
	}
	made->wanted = wanted->file;
	files_set_attributes(load, made);
	return made;
}

static bool is_ok(const struct procmig_file_temporary *wanted, size_t bytes)
{
	const char *path = (const char *)(wanted + 1);

	return bytes > sizeof(*wanted) && strlen(path) == bytes - sizeof(*wanted) - 1 &&
	       wanted->file.path_bytes == bytes - sizeof(*wanted) &&
	       strstarts(path, PREFIX) && *name_in(path) && S_ISREG(wanted->file.mode) &&
	       wanted->file.file_bytes <= LLONG_MAX && S_ISDIR(wanted->directory.mode) &&
	       !wanted->directory.file_bytes && !wanted->directory.path_bytes;
}

static struct file *temporary_restart(struct procmig_file_load *load, const void *body,
				      size_t bytes)
{
	const struct procmig_file_temporary *wanted = body;
	struct files_made *made = *load->object;

	if (!is_ok(wanted, bytes))
		return ERR_PTR(procmig_file_refuse(load, "a temporary file"));
	if (!made) {
		made = make(load, wanted, (const char *)(wanted + 1));
		if (IS_ERR(made))
			return ERR_CAST(made);
		*load->object = made;
	}
	return files_open_again(load, made->file);
}

static int temporary_restart_data(struct procmig_file_load *load, struct file *file,
				  const void *body, size_t bytes)
{
	struct files_made *made = *load->object;
	int ret;

	/* Its content has come already. */
	if (!made || made->file->f_mode & FMODE_PATH)
		return procmig_file_refuse(load, "content of a temporary file");
	ret = files_take_content(load, made, body, bytes);
	if (ret != PROCMIG_DONE)
		return min(ret, 0);
	return files_hold_by_path(made);
}

static const struct procmig_kind kinds[] = {
	{ "temporary file", PROCMIG_KIND_CARRIED,
	  "below /tmp and written by somebody inside: content, attributes, its directory if that is missing; it leaves the source" },
};

const struct procmig_file_kind files_temporary_kind = {
	.name = "temporary",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = temporary_match,
	.inspect = temporary_inspect,
	.admit = temporary_admit,
	.object = temporary_object,
	.checkpoint = temporary_checkpoint,
	.checkpoint_data = temporary_checkpoint_data,
	.finish = temporary_finish,
	.restart = temporary_restart,
	.restart_data = temporary_restart_data,
	.resume = files_let_stay,
	.release = files_release_made,
};
