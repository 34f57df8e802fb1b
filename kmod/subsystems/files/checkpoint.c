// SPDX-License-Identifier: GPL-2.0-only
/* Open files on the source. */
#include <linux/fdtable.h>
#include <linux/fs_struct.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>

#include "files.h"

/* The open file descriptions that were met, by number. */
struct met {
	struct file **file;		/* not referenced: the process stands still */
	unsigned int count, room;
};

static int meet(struct met *met, struct file *file, unsigned int *number)
{
	struct file **more;
	unsigned int room;

	for (*number = 0; *number < met->count; (*number)++)
		if (met->file[*number] == file)
			return 0;
	if (met->count == DESCRIPTIONS_MAX)
		return -EMFILE;
	if (met->count == met->room) {
		room = max(64u, met->room * 2);
		more = kvmalloc_array(room, sizeof(*more), GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		if (met->count)
			memcpy(more, met->file, met->count * sizeof(*more));
		kvfree(met->file);
		met->file = more;
		met->room = room;
	}
	met->file[met->count++] = file;
	return 1;
}

static int emit(struct procmig_process *process, u16 type, void *head,
		size_t head_bytes, const char *path, size_t path_bytes)
{
	const struct kvec parts[] = {
		{ head, head_bytes },
		{ (void *)path, path_bytes },
	};

	return procmig_emit(process, PROCMIG_CHANNEL_DEMAND, files_subsystem.id, type,
			    FILES_VERSION, parts, path_bytes ? 2 : 1);
}

static int emit_description(struct procmig_process *process, unsigned int fd,
			    struct file *file, unsigned int number,
			    const struct path *root, char *buffer)
{
	struct procmig_files_description description;
	const char *path = NULL, *why;
	int ret;

	if (procmig_mechanism_of(process, files_subsystem.id, fd,
				 PROCMIG_MECHANISM_TRANSFER) == PROCMIG_MECHANISM_IGNORE) {
		memset(&description, 0, sizeof(description));
		description.kind = PROCMIG_FILE_IGNORED;
	} else {
		why = files_describe(file, root, &description, buffer, PATH_MAX, &path);
		if (why)
			return procmig_fail(process, files_subsystem.id, -EOPNOTSUPP,
					    "fd %u: %s: no loaded subsystem carries it",
					    fd, why);
	}
	description.description = number;
	if (description.kind == PROCMIG_FILE_REGULAR) {
		ret = files_stat(file, &description);
		if (ret)
			return procmig_fail(process, files_subsystem.id, ret,
					    "fd %u: %s cannot be examined (%d)", fd, path,
					    ret);
	}
	return emit(process, PROCMIG_FILES_DESCRIPTION, &description,
		    sizeof(description), path, description.path_bytes);
}

static bool closes_on_exec(struct task_struct *task, unsigned int fd)
{
	struct fdtable *table;
	bool set;

	rcu_read_lock();
	table = files_fdtable(task->files);
	set = fd < table->max_fds && close_on_exec(fd, table);
	rcu_read_unlock();
	return set;
}

static int emit_descriptors(struct procmig_process *process, const struct path *root,
			    char *buffer)
{
	struct task_struct *task = procmig_task(process);
	struct met met = {};
	unsigned int fd;
	int ret = 0;

	for (fd = 0; ret >= 0; fd++) {
		struct procmig_files_descriptor descriptor = {};
		unsigned int number;
		struct file *file;

		rcu_read_lock();
		file = task_lookup_next_fd_rcu(task, &fd);
		rcu_read_unlock();
		if (!file)
			break;
		ret = meet(&met, file, &number);
		if (ret > 0)
			ret = emit_description(process, fd, file, number, root, buffer);
		if (ret < 0)
			break;
		descriptor.fd = fd;
		descriptor.description = number;
		descriptor.close_on_exec = closes_on_exec(task, fd);
		ret = emit(process, PROCMIG_FILES_DESCRIPTOR, &descriptor,
			   sizeof(descriptor), NULL, 0);
		if (!ret)
			procmig_progress(process, 0, 1);
	}
	kvfree(met.file);
	return ret;
}

static int emit_context(struct procmig_process *process, const struct path *root,
			char *buffer)
{
	struct fs_struct *fs = procmig_task(process)->fs;
	struct procmig_files_context context = { .umask = fs->umask };
	struct task_struct *init = init_pid_ns.child_reaper;
	struct path cwd, top;
	const char *cwd_text;
	char *root_text;
	int ret;

	/* The root as the stub sees it, which enters init's; the cwd as the process does. */
	task_lock(init);
	get_fs_root(init->fs, &top);
	task_unlock(init);
	get_fs_pwd(fs, &cwd);
	cwd_text = d_unlinked(cwd.dentry) ? ERR_PTR(-ENOENT) :
		   procmig_compat_path(&cwd, root, buffer, PATH_MAX);
	if (IS_ERR(cwd_text)) {
		ret = procmig_fail(process, files_subsystem.id, PTR_ERR(cwd_text),
				   "the working directory is deleted or outside the root of the process");
		goto put_cwd;
	}
	root_text = procmig_compat_path(root, &top, buffer + PATH_MAX, PATH_MAX);
	if (IS_ERR(root_text)) {
		ret = procmig_fail(process, files_subsystem.id, PTR_ERR(root_text),
				   "the root directory of the process is not reachable from that of the node");
		goto put_cwd;
	}
	context.cwd_bytes = strlen(cwd_text) + 1;
	context.root_bytes = strlen(root_text) + 1;
	{
		const struct kvec parts[] = {
			{ &context, sizeof(context) },
			{ (void *)cwd_text, context.cwd_bytes },
			{ root_text, context.root_bytes },
		};

		ret = procmig_emit(process, PROCMIG_CHANNEL_DEMAND, files_subsystem.id,
				   PROCMIG_FILES_CONTEXT, FILES_VERSION, parts, 3);
	}
put_cwd:
	path_put(&top);
	path_put(&cwd);
	return ret;
}

int files_checkpoint(struct procmig_process *process)
{
	struct path root;
	char *buffer;
	int ret;

	buffer = kvmalloc(2 * PATH_MAX, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	get_fs_root(procmig_task(process)->fs, &root);
	ret = emit_context(process, &root, buffer);
	if (!ret)
		ret = emit_descriptors(process, &root, buffer);
	path_put(&root);
	kvfree(buffer);
	return ret ?: PROCMIG_DONE;
}
