// SPDX-License-Identifier: GPL-2.0-only
/* Files that are found again by their path: the same file on both nodes. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <linux/pagemap.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>

#include "files.h"

/* Flags that made or changed the file when it was opened first. */
#define ONCE_FLAGS (O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY)

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

	if (file->f_mode & FMODE_PATH)
		return true;
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

bool files_is_pseudo(struct file *file)
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

static bool is_of_procfs(struct file *file)
{
	return file_inode(file)->i_sb->s_magic == PROC_SUPER_MAGIC;
}

/* The number of the process that a file of procfs is about; 0: of none. */
static pid_t subject_of(struct file *file)
{
	struct dentry *top = file->f_path.dentry;
	pid_t pid = 0;

	/* Names there do not move. */
	while (!IS_ROOT(top) && !IS_ROOT(top->d_parent))
		top = top->d_parent;
	return kstrtoint(top->d_name.name, 10, &pid) ? 0 : pid;
}

static bool is_inside(const struct procmig_scope *scope, pid_t pid)
{
	struct task_struct *task;
	bool inside;

	rcu_read_lock();
	task = pid_task(find_pid_ns(pid, &init_pid_ns), PIDTYPE_TGID);
	inside = task && procmig_scope_has(scope, task);
	rcu_read_unlock();
	return inside;
}

/* Whether everybody may have it as it is open, so that nobody gains anything by it. */
static bool is_public(struct file *file)
{
	return !(file->f_mode & FMODE_WRITE) && file_inode(file)->i_mode & 0004;
}

/* What it shows is made anew at each look, and PIDs stay; so the same is found there. */
static void inspect_procfs(struct procmig_file_inspection *at, struct file *file)
{
	pid_t pid = subject_of(file);

	if (pid && !is_inside(procmig_inspected_scope(at->inspection), pid))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "file of procfs about pid %d outside; migrate them together or close it",
				      pid);
	else if (!pid && !is_public(file))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "file of procfs that can change this node, or that not everybody may read: close it, or open it for reading");
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

int files_find_directory(const char *path, struct path *directory)
{
	struct task_struct *init = init_pid_ns.child_reaper;
	struct path root;
	int ret;

	task_lock(init);
	get_fs_root(init->fs, &root);
	task_unlock(init);
	ret = procmig_compat_find_directory(&root, path, directory);
	path_put(&root);
	return ret;
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
			   load->flags & ~(ONCE_FLAGS | __O_TMPFILE | O_DIRECTORY),
			   current_cred());
}

static void path_inspect(struct procmig_file_inspection *at, struct file *file)
{
	if (d_unlinked(file->f_path.dentry)) {
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "deleted file, only as a path (O_PATH)");
		return;
	}
	if (is_of_procfs(file))
		inspect_procfs(at, file);
	else if (files_is_pseudo(file))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "file of a pseudo filesystem, which shows this node");
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
	if (!S_ISREG(inode->i_mode) || is_of_procfs(file))
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

static int check_procfs(struct procmig_file_load *load, struct file *file, const char *path)
{
	pid_t pid = subject_of(file);

	if (pid ? procmig_is_planned(load->process, pid) : is_public(file))
		return 0;
	return procmig_fail(load->process, files_subsystem.id, -EPERM,
			    "%s is about somebody else, or not for everybody", path);
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
	if (is_of_procfs(file))
		return check_procfs(load, file, path);
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

/* The N of /proc/PID/fdinfo/N, or none. */
static unsigned int described_by(const char *path)
{
	const char *name = strrchr(path, '/'), *directory = "/fdinfo";
	size_t before = name ? name - path : 0;
	unsigned int fd;

	if (before < strlen(directory) || kstrtouint(name + 1, 10, &fd) ||
	    strncmp(name - strlen(directory), directory, strlen(directory)))
		return FILES_NO_DESCRIPTOR;
	return fd;
}

/*
 * What procfs tells of a descriptor is there as long as the descriptor, which
 * comes after all files: until then another stands in for it.
 */
static struct file *open_beside(const char *path, unsigned int flags)
{
	unsigned int fd = described_by(path);
	struct file *taken, *file;
	int ret;

	taken = fd == FILES_NO_DESCRIPTOR ? NULL : fget_raw(fd);
	if (taken)
		fput(taken);
	if (taken || fd == FILES_NO_DESCRIPTOR)
		return ERR_PTR(-ENOENT);
	file = filp_open("/dev/null", O_RDONLY, 0);
	if (IS_ERR(file))
		return file;
	ret = procmig_compat_replace_fd(fd, file, 0);
	fput(file);
	if (ret < 0)
		return ERR_PTR(ret);
	file = filp_open(path, flags, 0);
	close_fd(fd);
	return file;
}

static struct file *open_found(const char *path, unsigned int flags)
{
	struct file *file = filp_open(path, flags, 0);

	return file == ERR_PTR(-ENOENT) ? open_beside(path, flags) : file;
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
	file = open_found(path, (load->flags & ~ONCE_FLAGS) | O_NOFOLLOW | O_NONBLOCK);
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
	{ "file of procfs", PROCMIG_KIND_CARRIED,
	  "about a process inside, or read and readable for everybody: the same file of the target" },
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
