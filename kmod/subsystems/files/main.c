// SPDX-License-Identifier: GPL-2.0-only
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/slab.h>

#include "files.h"

static const struct procmig_kind kinds[] = {
	{ "regular file", PROCMIG_KIND_CARRIED,
	  "position, flags, append; the file must be the same on the target" },
	{ "directory", PROCMIG_KIND_CARRIED, "open directories, cwd, root" },
	{ "shared open file description", PROCMIG_KIND_CARRIED,
	  "descriptors made by dup share their position" },
	{ "memory device", PROCMIG_KIND_CARRIED,
	  "/dev/null, zero, full, random, urandom" },
	{ "standard input and output", PROCMIG_KIND_CARRIED,
	  "by mechanism Ignore whatever they are" },
	{ "terminal", PROCMIG_KIND_PLANNED, "use mechanism Ignore" },
	{ "pipe and FIFO", PROCMIG_KIND_PLANNED, NULL },
	{ "socket", PROCMIG_KIND_PLANNED, "Unix, TCP, UDP" },
	{ "eventfd, epoll, signalfd, timerfd, inotify", PROCMIG_KIND_PLANNED, NULL },
	{ "file lock and lease", PROCMIG_KIND_PLANNED, NULL },
	{ "deleted file", PROCMIG_KIND_PLANNED, NULL },
	{ "file of procfs, sysfs, cgroupfs", PROCMIG_KIND_REFUSED,
	  "shows the state of the node" },
	{ "block and character device", PROCMIG_KIND_REFUSED, "bound to the machine" },
};

static void inspect_file(struct procmig_inspection *inspection, unsigned int fd,
			 struct file *file, const struct path *root, char *buffer)
{
	struct procmig_files_description description;
	struct files_sharer sharer;
	const char *why, *path;

	switch (procmig_inspected_mechanism(inspection, files_subsystem.id, fd,
					    PROCMIG_MECHANISM_TRANSFER)) {
	case PROCMIG_MECHANISM_IGNORE:
		return;
	case PROCMIG_MECHANISM_FORWARD:
		procmig_obstacle(inspection, files_subsystem.id,
				 PROCMIG_OBSTACLE_UNSUPPORTED, fd,
				 "fd %u: mechanism Forward: no loaded subsystem offers it",
				 fd);
		return;
	case PROCMIG_MECHANISM_TRANSFER:
		break;
	}
	why = files_describe(file, root, &description, buffer, PATH_MAX, &path);
	if (why)
		procmig_obstacle(inspection, files_subsystem.id,
				 PROCMIG_OBSTACLE_UNSUPPORTED, fd,
				 "fd %u: %s: no loaded subsystem carries it", fd, why);
	/* A device has no position, so nobody notices that it is no longer shared. */
	else if (description.kind != PROCMIG_FILE_DEVICE &&
		 files_find_sharer(procmig_inspected_task(inspection), file, &sharer))
		procmig_obstacle(inspection, files_subsystem.id,
				 PROCMIG_OBSTACLE_SHARED, fd,
				 "fd %u: %s: the open file and its position are shared with pid %d (%s); migrate them together or end that process",
				 fd, path, sharer.pid, sharer.comm);
}

static void inspect_cwd(struct procmig_inspection *inspection, struct task_struct *task)
{
	struct path cwd = {};

	task_lock(task);
	if (task->fs)
		get_fs_pwd(task->fs, &cwd);
	task_unlock(task);
	if (!cwd.mnt)
		return;
	if (d_unlinked(cwd.dentry))
		procmig_obstacle(inspection, files_subsystem.id,
				 PROCMIG_OBSTACLE_UNSUPPORTED, -1,
				 "cwd: deleted directory: no loaded subsystem carries it");
	path_put(&cwd);
}

static int files_inspect(struct procmig_inspection *inspection)
{
	struct task_struct *task = procmig_inspected_task(inspection);
	struct path root = {};
	unsigned int fd = 0;
	struct file *file;
	char *buffer;

	buffer = kvmalloc(PATH_MAX, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	task_lock(task);
	if (task->fs)
		get_fs_root(task->fs, &root);
	task_unlock(task);
	inspect_cwd(inspection, task);
	while (root.mnt) {
		rcu_read_lock();
		file = task_lookup_next_fd_rcu(task, &fd);
		if (file && !get_file_rcu(file)) {
			/* It is being closed: as good as not there. */
			rcu_read_unlock();
			fd++;
			continue;
		}
		rcu_read_unlock();
		if (!file)
			break;
		inspect_file(inspection, fd, file, &root, buffer);
		fput(file);
		fd++;
	}
	if (root.mnt)
		path_put(&root);
	kvfree(buffer);
	return 0;
}

static int files_setup(struct procmig_process *process)
{
	return procmig_task(process) == current ? files_setup_target(process) : 0;
}

static void files_cleanup(struct procmig_process *process)
{
	struct files *files = procmig_private(process, &files_subsystem);
	unsigned int i;

	for (i = 0; i < files->descriptions; i++)
		if (files->description[i])
			fput(files->description[i]);
	kvfree(files->description);
}

const struct procmig_subsystem files_subsystem = {
	.name = "files",
	.id = PROCMIG_SUBSYSTEM_FILES,
	.version = FILES_VERSION,
	.order = 100,
	.owner = THIS_MODULE,
	.private_bytes = sizeof(struct files),
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.inspect = files_inspect,
	.setup = files_setup,
	.checkpoint = files_checkpoint,
	.restart = files_restart,
	.settle = files_settle,
	.resume = files_resume,
	.cleanup = files_cleanup,
};

static int __init files_module_init(void)
{
	return procmig_register_subsystem(&files_subsystem);
}

static void __exit files_module_exit(void)
{
	procmig_unregister_subsystem(&files_subsystem);
}

module_init(files_module_init);
module_exit(files_module_exit);
MODULE_DESCRIPTION("procmig: kernel subsystem, files");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
