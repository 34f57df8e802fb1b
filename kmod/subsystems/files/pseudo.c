// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files whose content the kernel makes anew at each look: of procfs, sysfs and
 * cgroupfs.  About a process they are found again because PIDs stay; about the node
 * they are the same files of the target, as far as nobody gains anything by that.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "files.h"

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

static bool pseudo_match(struct file *file)
{
	umode_t mode = file_inode(file)->i_mode;

	return files_is_pseudo(file) &&
	       (S_ISREG(mode) || S_ISDIR(mode) || file->f_mode & FMODE_PATH);
}

/* The number of the process that a file is about; 0: of none. */
static pid_t subject_of(struct file *file)
{
	struct dentry *top = file->f_path.dentry;
	pid_t pid = 0;

	if (file_inode(file)->i_sb->s_magic != PROC_SUPER_MAGIC)
		return 0;
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

/* Whether everybody may have it as it is open; the directories above count as well. */
static bool is_public(struct file *file)
{
	switch (file_inode(file)->i_sb->s_magic) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case CGROUP2_SUPER_MAGIC:
		return !(file->f_mode & FMODE_WRITE) && file_inode(file)->i_mode & 0004;
	default:
		return false;
	}
}

static void pseudo_inspect(struct procmig_file_inspection *at, struct file *file)
{
	pid_t pid = subject_of(file);

	if (pid && !is_inside(procmig_inspected_scope(at->inspection), pid))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "file of procfs about pid %d outside; migrate them together or close it",
				      pid);
	else if (!pid && !is_public(file))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "%pD: file that can change this node, or that not everybody may read: close it, or open it for reading",
				      file);
	else if (!pid)
		files_claim_path(at, &files_pseudo_kind, &file->f_path);
	files_inspect_path(at, &file->f_path);
}

/* What is claimed is there already: a file of the same name. */
static int pseudo_admit(struct procmig_inspection *inspection, const void *data, size_t bytes)
{
	const char *path = data;
	struct path there;
	int ret = files_find(path, bytes, &there);

	if (ret == -ENOENT || ret == -ENOTDIR) {
		procmig_obstacle(inspection, files_subsystem.id, PROCMIG_OBSTACLE_UNSUPPORTED,
				 -1, "%s: it is open, and the kernel here has none", path);
		return 0;
	}
	if (!ret)
		path_put(&there);
	return ret;
}

static ssize_t pseudo_checkpoint(struct procmig_file_save *save, struct file *file,
				 void *room, size_t bytes)
{
	struct procmig_file_pseudo *body = room;
	ssize_t length;

	*body = (struct procmig_file_pseudo) {
		.mode = file_inode(file)->i_mode,
		.magic = file_inode(file)->i_sb->s_magic,
	};
	length = files_put_path(save, &file->f_path, room + sizeof(*body),
				bytes - sizeof(*body));
	if (length < 0)
		return length;
	body->path_bytes = length;
	return sizeof(*body) + length;
}

static int check(struct procmig_file_load *load, struct file *file,
		 const struct procmig_file_pseudo *wanted, const char *path)
{
	struct inode *inode = file_inode(file);
	pid_t pid = subject_of(file);

	if (inode->i_sb->s_magic != wanted->magic || (inode->i_mode ^ wanted->mode) & S_IFMT)
		return procmig_fail(load->process, files_subsystem.id, -ESTALE,
				    "%s is another kind of file here", path);
	if (pid ? !procmig_is_planned(load->process, pid) : !is_public(file))
		return procmig_fail(load->process, files_subsystem.id, -EPERM,
				    "%s is about somebody else, or not for everybody", path);
	return 0;
}

/* ---- what procfs tells of a descriptor ------------------------------------ */

/* With @stand_in as descriptor @fd of @of, which has none of that number. */
static struct file *open_about(struct file *stand_in, unsigned int fd, struct task_struct *of,
			       const char *path, unsigned int flags)
{
	struct files_struct *own = procmig_compat_enter_descriptors(of);
	struct file *file;
	int ret;

	if (!own)
		return ERR_PTR(-ESRCH);
	file = fget_raw(fd);
	if (file) {
		fput(file);
		ret = -ENOENT;
	} else {
		ret = procmig_compat_replace_fd(fd, stand_in, 0);
	}
	if (ret >= 0) {
		file = filp_open(path, flags, 0);
		close_fd(fd);
	} else {
		file = ERR_PTR(ret);
	}
	procmig_compat_leave_descriptors(own);
	return file;
}

/*
 * The file is there as long as the descriptor.  That comes after all descriptions, or
 * not at all if it has been closed meanwhile: another one stands in for it.
 */
static struct file *open_early(struct procmig_file_load *load, const char *path,
			       unsigned int flags)
{
	const char *name = strrchr(path, '/');
	struct file *directory, *file = ERR_PTR(-ENOENT);
	struct task_struct *of;
	unsigned int fd;
	char *parent;

	if (!name || kstrtouint(name + 1, 10, &fd))
		return file;
	parent = kstrndup(path, name - path, GFP_KERNEL);
	if (!parent)
		return ERR_PTR(-ENOMEM);
	directory = filp_open(parent, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	kfree(parent);
	if (IS_ERR(directory))
		return directory;
	of = procmig_planned_task(load->process, subject_of(directory));
	if (of && !strcmp(directory->f_path.dentry->d_name.name, "fdinfo"))
		file = open_about(directory, fd, of, path, flags);
	fput(directory);
	return file;
}

static struct file *open_found(struct procmig_file_load *load, const char *path,
			       unsigned int flags)
{
	struct file *file = filp_open(path, flags, 0);

	return file == ERR_PTR(-ENOENT) ? open_early(load, path, flags) : file;
}

static struct file *pseudo_restart(struct procmig_file_load *load, const void *body,
				   size_t bytes)
{
	const struct procmig_file_pseudo *wanted = body;
	const char *path = (const char *)(wanted + 1);
	struct file *file;
	int ret;

	if (bytes < sizeof(*wanted) || !wanted->path_bytes ||
	    bytes != sizeof(*wanted) + wanted->path_bytes)
		return ERR_PTR(procmig_file_refuse(load, "a file of a pseudo filesystem"));
	file = open_found(load, path, (load->flags & ~FILES_ONCE_FLAGS) | O_NOFOLLOW | O_NONBLOCK);
	if (IS_ERR(file)) {
		procmig_fail(load->process, files_subsystem.id, PTR_ERR(file),
			     "%s cannot be opened here (%ld)", path, PTR_ERR(file));
		return file;
	}
	ret = check(load, file, wanted, path);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

static const struct procmig_kind kinds[] = {
	{ "file of procfs about a process", PROCMIG_KIND_CARRIED, "inside; also of a descriptor" },
	{ "file of procfs, sysfs, cgroupfs", PROCMIG_KIND_CARRIED,
	  "read, and readable for everybody: the same file of the target" },
	{ "file of debugfs, tracefs, or about a process outside", PROCMIG_KIND_REFUSED,
	  "shows the state of the node" },
};

const struct procmig_file_kind files_pseudo_kind = {
	.name = "pseudo",
	.version = 1,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = pseudo_match,
	.inspect = pseudo_inspect,
	.admit = pseudo_admit,
	.checkpoint = pseudo_checkpoint,
	.restart = pseudo_restart,
};
