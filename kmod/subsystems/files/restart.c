// SPDX-License-Identifier: GPL-2.0-only
/* Open files on the target. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/namei.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "files.h"

/* Flags that made or changed the file when it was opened first. */
#define ONCE_FLAGS (O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY)

static int refuse(struct procmig_process *process, const char *what)
{
	return procmig_fail(process, files_subsystem.id, -EPROTO,
			    "the stream is damaged: %s", what);
}

/* The stub keeps 0, 1 and 2; the rest of what it had open is not the process's. */
int files_setup_target(struct procmig_process *process)
{
	struct rlimit *limit = &current->signal->rlim[RLIMIT_NOFILE];
	unsigned int fd = 3;

	for (;; fd++) {
		bool some;

		rcu_read_lock();
		some = task_lookup_next_fd_rcu(current, &fd);
		rcu_read_unlock();
		if (!some)
			break;
		close_fd(fd);
	}
	/* The process may hold descriptors from before its limit was lowered. */
	task_lock(current->group_leader);
	limit->rlim_cur = DESCRIPTORS_MAX;
	limit->rlim_max = DESCRIPTORS_MAX;
	task_unlock(current->group_leader);
	return 0;
}

static int take_context(struct procmig_process *process, struct files *files,
			const struct procmig_record *record)
{
	struct procmig_files_context *context;
	const char *cwd, *root;
	struct path path;
	int ret;

	context = procmig_take_body(process, record, sizeof(*context));
	if (IS_ERR(context))
		return PTR_ERR(context);
	cwd = (const char *)(context + 1);
	root = cwd + context->cwd_bytes;
	if (!context->cwd_bytes || !context->root_bytes ||
	    record->length != sizeof(*context) + context->cwd_bytes +
			      context->root_bytes ||
	    cwd[context->cwd_bytes - 1]) {
		ret = refuse(process, "the working directory");
		goto free;
	}
	ret = kern_path(root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (ret) {
		procmig_fail(process, files_subsystem.id, ret,
			     "root directory %s does not exist here (%d)", root, ret);
		goto free;
	}
	if (strcmp(root, "/"))
		procmig_compat_set_root(&path);
	path_put(&path);
	ret = kern_path(cwd, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (ret) {
		procmig_fail(process, files_subsystem.id, ret,
			     "working directory %s does not exist here (%d)", cwd, ret);
		goto free;
	}
	procmig_compat_set_pwd(&path);
	path_put(&path);
	current->fs->umask = context->umask & 0777;
	files->have_context = true;
free:
	kvfree(context);
	return ret;
}

static int check_same(struct procmig_process *process, struct file *file,
		      const struct procmig_files_description *wanted, const char *path)
{
	struct procmig_files_description here;
	struct inode *inode = file_inode(file);
	int ret;

	if ((inode->i_mode & S_IFMT) != (wanted->mode & S_IFMT) ||
	    (wanted->kind == PROCMIG_FILE_DEVICE &&
	     new_encode_dev(inode->i_rdev) != wanted->device))
		return procmig_fail(process, files_subsystem.id, -ESTALE,
				    "%s is another kind of file here", path);
	if (wanted->kind != PROCMIG_FILE_REGULAR)
		return 0;
	ret = files_stat(file, &here);
	if (ret)
		return procmig_fail(process, files_subsystem.id, ret,
				    "%s cannot be examined here (%d)", path, ret);
	if (here.file_bytes != wanted->file_bytes)
		return procmig_fail(process, files_subsystem.id, -ESTALE,
				    "%s has %llu bytes here and %llu on the source; the nodes must share it",
				    path, here.file_bytes, wanted->file_bytes);
	/* Who writes it changes its time; there the size is the witness. */
	if (!(wanted->flags & (O_WRONLY | O_RDWR)) &&
	    (here.mtime_sec != wanted->mtime_sec ||
	     here.mtime_nsec != wanted->mtime_nsec))
		return procmig_fail(process, files_subsystem.id, -ESTALE,
				    "%s was modified at another time here than on the source",
				    path);
	return 0;
}

static struct file *open_described(struct procmig_process *process,
				   const struct procmig_files_description *wanted,
				   const char *path)
{
	struct file *file;
	int ret;

	file = filp_open(path, (wanted->flags & ~ONCE_FLAGS) | O_NOFOLLOW, 0);
	if (IS_ERR(file)) {
		procmig_fail(process, files_subsystem.id, PTR_ERR(file),
			     "%s cannot be opened here (%ld)", path, PTR_ERR(file));
		return file;
	}
	ret = check_same(process, file, wanted, path);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	file->f_flags = (file->f_flags & ~O_NOFOLLOW) | (wanted->flags & O_NOFOLLOW);
	file->f_pos = wanted->position;
	return file;
}

static int add_description(struct procmig_process *process, struct files *files,
			   struct file *file)
{
	struct file **more;

	/* Powers of two: no need to remember the room. */
	if (!(files->descriptions & (files->descriptions - 1))) {
		more = kvmalloc_array(max(1u, files->descriptions * 2), sizeof(*more),
				      GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		if (files->descriptions)
			memcpy(more, files->description,
			       files->descriptions * sizeof(*more));
		kvfree(files->description);
		files->description = more;
	}
	files->description[files->descriptions++] = file;
	return 0;
}

static int take_description(struct procmig_process *process, struct files *files,
			    const struct procmig_record *record)
{
	struct procmig_files_description *wanted;
	struct file *file = NULL;
	int ret = 0;

	wanted = procmig_take_body(process, record, sizeof(*wanted));
	if (IS_ERR(wanted))
		return PTR_ERR(wanted);
	if (record->length != sizeof(*wanted) + wanted->path_bytes ||
	    wanted->description != files->descriptions ||
	    wanted->description >= DESCRIPTIONS_MAX || wanted->position < 0 ||
	    wanted->kind < PROCMIG_FILE_REGULAR || wanted->kind > PROCMIG_FILE_IGNORED ||
	    !wanted->path_bytes != (wanted->kind == PROCMIG_FILE_IGNORED))
		ret = refuse(process, "an open file");
	if (!ret && wanted->kind != PROCMIG_FILE_IGNORED) {
		file = open_described(process, wanted, (const char *)(wanted + 1));
		ret = PTR_ERR_OR_ZERO(file);
	}
	kvfree(wanted);
	if (ret)
		return ret;
	ret = add_description(process, files, file);
	if (ret && file)
		fput(file);
	return ret;
}

static int install(struct procmig_process *process, struct files *files,
		   const struct procmig_files_descriptor *wanted)
{
	struct file *file = files->description[wanted->description];
	bool ignored = !file;
	int ret;

	if (wanted->fd < 3)
		__set_bit(wanted->fd, &files->standard);
	/* What the stub was given as standard input and output stays. */
	if (ignored && wanted->fd < 3)
		return 0;
	if (ignored) {
		file = filp_open("/dev/null", O_RDWR, 0);
		if (IS_ERR(file))
			return PTR_ERR(file);
	}
	ret = procmig_compat_replace_fd(wanted->fd, file,
					wanted->close_on_exec ? O_CLOEXEC : 0);
	if (ignored)
		fput(file);
	if (ret < 0)
		return procmig_fail(process, files_subsystem.id, ret,
				    "fd %u could not be set (%d)", wanted->fd, ret);
	procmig_progress(process, 0, 1);
	return 0;
}

static int take_descriptor(struct procmig_process *process, struct files *files,
			   const struct procmig_record *record)
{
	struct procmig_files_descriptor wanted;
	int ret;

	if (record->length != sizeof(wanted))
		return refuse(process, "a descriptor");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &wanted, sizeof(wanted));
	if (ret)
		return ret;
	if (wanted.description >= files->descriptions || wanted.close_on_exec > 1 ||
	    wanted.reserved || wanted.fd >= DESCRIPTORS_MAX)
		return refuse(process, "a descriptor");
	return install(process, files, &wanted);
}

int files_restart(struct procmig_process *process, const struct procmig_record *record)
{
	struct files *files = procmig_private(process, &files_subsystem);

	switch (record->type) {
	case PROCMIG_FILES_CONTEXT:
		return take_context(process, files, record);
	case PROCMIG_FILES_DESCRIPTION:
		return take_description(process, files, record);
	case PROCMIG_FILES_DESCRIPTOR:
		return take_descriptor(process, files, record);
	default:
		return PROCMIG_UNKNOWN;
	}
}

int files_settle(struct procmig_process *process)
{
	struct files *files = procmig_private(process, &files_subsystem);

	return files->have_context ? 0 : refuse(process, "its directories are missing");
}

/* The process had closed what the stub still has open of 0, 1 and 2. */
void files_resume(struct procmig_process *process)
{
	struct files *files = procmig_private(process, &files_subsystem);
	unsigned int fd;

	for (fd = 0; fd < 3; fd++)
		if (!test_bit(fd, &files->standard))
			close_fd(fd);
}
