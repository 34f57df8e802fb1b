// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files whose content the kernel makes anew at each look: of procfs, sysfs and
 * cgroupfs.  About a process they are found again because PIDs stay; about the node
 * they are the same files of the target, as far as nobody gains anything by that.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/kthread.h>
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

/* What a file is about, by the directories that it is in. */
struct subject {
	pid_t pid;		/* 0: no process */
	pid_t tid;		/* 0: all of it */
	const struct dentry *process, *thread;
	unsigned int depth;	/* of the file below the root of its filesystem */
};

static pid_t number_of(const struct dentry *dentry)
{
	pid_t number;

	return kstrtoint(dentry->d_name.name, 10, &number) ? 0 : number;
}

/* PID/... or PID/task/TID/...; names there do not move. */
static struct subject find_subject(struct file *file)
{
	const struct dentry *at, *below[3] = {};	/* the root, the upper ones first */
	struct subject subject = {};

	for (at = file->f_path.dentry; !IS_ROOT(at); at = at->d_parent) {
		below[2] = below[1];
		below[1] = below[0];
		below[0] = at;
		subject.depth++;
	}
	if (file_inode(file)->i_sb->s_magic != PROC_SUPER_MAGIC || !below[0])
		return subject;
	subject.process = below[0];
	subject.pid = number_of(subject.process);
	if (subject.pid && below[2] && !strcmp(below[1]->d_name.name, "task")) {
		subject.thread = below[2];
		subject.tid = number_of(subject.thread);
	}
	return subject;
}

/* The number of the process that a file is about; 0: of none. */
static pid_t subject_of(struct file *file)
{
	return find_subject(file).pid;
}

static bool is_there(pid_t number, const struct dentry *directory, enum pid_type type)
{
	bool there;

	/* Procfs drops the directory of one that has ended; the number may be another's by now. */
	if (d_unhashed(directory))
		return false;
	rcu_read_lock();
	there = pid_task(find_pid_ns(number, &init_pid_ns), type);
	rcu_read_unlock();
	return there;
}

/* Who has such a file, reads ESRCH from it. */
static bool has_ended(const struct subject *subject)
{
	return (subject->pid && !is_there(subject->pid, subject->process, PIDTYPE_TGID)) ||
	       (subject->tid && !is_there(subject->tid, subject->thread, PIDTYPE_PID));
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
	const struct subject subject = find_subject(file);
	pid_t pid = subject.pid;
	bool ended = has_ended(&subject);

	if (!ended && pid && !is_inside(procmig_inspected_scope(at->inspection), pid))
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

/* How much of the path is left without its lowest @depth names and what separates them. */
static size_t bytes_above(const char *path, unsigned int depth)
{
	size_t bytes = strlen(path);

	while (bytes && depth)
		if (path[--bytes] == '/')
			depth--;
	return bytes;
}

static ssize_t pseudo_checkpoint(struct procmig_file_save *save, struct file *file,
				 void *room, size_t bytes)
{
	const struct subject subject = find_subject(file);
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
	body->ended = has_ended(&subject);
	if (body->ended)
		body->mount_bytes = bytes_above(room + sizeof(*body), subject.depth);
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
	if (wanted->ended)
		return 0;
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

/* ---- about whoever has ended ----------------------------------------------- */

static int never_runs(void *unused)
{
	return 0;
}

/* A name below that of @pid, and nothing that it could lead to. */
static struct file *open_below(const struct procmig_file_pseudo *wanted, const char *path,
			       pid_t pid, const char *name, unsigned int flags)
{
	char *text = kasprintf(GFP_KERNEL, "%.*s/%d%s", wanted->mount_bytes, path, pid, name);
	struct file *file;

	if (!text)
		return ERR_PTR(-ENOMEM);
	file = filp_open(text, flags, 0);
	kfree(text);
	if (!IS_ERR(file) && subject_of(file) != pid) {
		fput(file);
		return ERR_PTR(-EPERM);
	}
	return file;
}

/* The file of that name about @pid; or another one, as they all say the same soon. */
static struct file *open_of(const struct procmig_file_pseudo *wanted, const char *path,
			    pid_t pid, unsigned int flags)
{
	const char *name = strchr(path + wanted->mount_bytes + 1, '/') ?: "";
	char *of_thread = NULL;
	struct file *file;
	int tid, end = 0;

	if (sscanf(name, "/task/%d%n", &tid, &end) == 1 && end) {
		of_thread = kasprintf(GFP_KERNEL, "/task/%d%s", pid, name + end);
		if (!of_thread)
			return ERR_PTR(-ENOMEM);
	}
	file = open_below(wanted, path, pid, of_thread ?: name, flags);
	kfree(of_thread);
	if (file != ERR_PTR(-ENOENT))
		return file;
	return open_below(wanted, path, pid, S_ISDIR(wanted->mode) ? "/task" : "/stat", flags);
}

/* Nobody is there whom it could be about, so somebody is for as long as it is opened. */
static struct file *open_ended(const struct procmig_file_pseudo *wanted, const char *path,
			       unsigned int flags)
{
	struct task_struct *task = kthread_create(never_runs, NULL, "procmig/ended");
	struct file *file;

	if (IS_ERR(task))
		return ERR_CAST(task);
	file = open_of(wanted, path, task_pid_nr(task), flags);
	kthread_stop(task);
	return file;
}

static bool is_ok(const struct procmig_file_pseudo *wanted, size_t bytes)
{
	const char *path = (const char *)(wanted + 1);

	if (bytes <= sizeof(*wanted) || bytes != sizeof(*wanted) + wanted->path_bytes ||
	    wanted->ended > 1)
		return false;
	if (!wanted->ended)
		return !wanted->mount_bytes;
	return wanted->magic == PROC_SUPER_MAGIC && wanted->mount_bytes < strlen(path) &&
	       path[wanted->mount_bytes] == '/';
}

static struct file *pseudo_restart(struct procmig_file_load *load, const void *body,
				   size_t bytes)
{
	const struct procmig_file_pseudo *wanted = body;
	const char *path = (const char *)(wanted + 1);
	u32 flags = (load->flags & ~FILES_ONCE_FLAGS) | O_NOFOLLOW | O_NONBLOCK;
	struct file *file;
	int ret;

	if (!is_ok(wanted, bytes))
		return ERR_PTR(procmig_file_refuse(load, "a file of a pseudo filesystem"));
	file = wanted->ended ? open_ended(wanted, path, flags) : open_found(load, path, flags);
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
	{ "file of procfs about a process", PROCMIG_KIND_CARRIED, "inside, or ended; also of a descriptor" },
	{ "file of procfs, sysfs, cgroupfs", PROCMIG_KIND_CARRIED,
	  "read, and readable for everybody: the same file of the target" },
	{ "file of debugfs, tracefs, or about a process outside", PROCMIG_KIND_REFUSED,
	  "shows the state of the node" },
};

const struct procmig_file_kind files_pseudo_kind = {
	.name = "pseudo",
	.version = 2,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = pseudo_match,
	.inspect = pseudo_inspect,
	.admit = pseudo_admit,
	.checkpoint = pseudo_checkpoint,
	.restart = pseudo_restart,
};
