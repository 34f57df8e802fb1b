// SPDX-License-Identifier: GPL-2.0-only
/* Open files on the target. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "files.h"

/* Flags of a description that mean nothing but themselves. */
#define PLAIN_FLAGS (O_APPEND | O_NONBLOCK | O_SYNC | O_LARGEFILE | O_NOFOLLOW |	\
		     O_NOATIME | O_DIRECTORY | O_CLOEXEC | __O_TMPFILE)

static int refuse(struct procmig_process *process, const char *what)
{
	return procmig_fail(process, files_subsystem.id, -EPROTO,
			    "the stream is damaged: %s", what);
}

/* The stub keeps 0, 1 and 2; the rest of what it had open is not the process's. */
int files_setup_target(struct procmig_process *process)
{
	struct files *files = procmig_private(process, &files_subsystem);
	struct rlimit *limit = &current->signal->rlim[RLIMIT_NOFILE];
	unsigned int fd = 3;

	for (;; fd++) {
		bool some;

		rcu_read_lock();
		some = procmig_compat_next_file(current, &fd);
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
	/* It goes with the rest of the stub's memory. */
	files->scratch = vm_mmap(NULL, 0, PROCMIG_FILE_SCRATCH_BYTES,
				 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	return IS_ERR_VALUE(files->scratch) ? (int)files->scratch : 0;
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
	if (!context->root_bytes ||
	    record->length != sizeof(*context) + context->cwd_bytes +
			      context->root_bytes ||
	    (context->cwd_bytes && cwd[context->cwd_bytes - 1])) {
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
	current->fs->umask = context->umask & 0777;
	if (!context->cwd_bytes)
		goto free;
	ret = kern_path(cwd, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (ret) {
		procmig_fail(process, files_subsystem.id, ret,
			     "working directory %s does not exist here (%d)", cwd, ret);
		goto free;
	}
	procmig_compat_set_pwd(&path);
	path_put(&path);
	files->have_context = true;
free:
	kvfree(context);
	return ret;
}

static int take_cwd(struct procmig_process *process, struct files *files,
		    const struct procmig_record *record)
{
	struct procmig_files_cwd wanted;
	struct file *cwd;
	int ret;

	if (record->length != sizeof(wanted))
		return refuse(process, "the working directory");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &wanted, sizeof(wanted));
	if (ret)
		return ret;
	cwd = procmig_file_find(process, wanted.description);
	if (!cwd || !S_ISDIR(file_inode(cwd)->i_mode) || wanted.reserved)
		return refuse(process, "the working directory");
	procmig_compat_set_pwd(&cwd->f_path);
	files->have_context = true;
	return 0;
}

/* ---- descriptions -------------------------------------------------------- */

int procmig_file_refuse(struct procmig_file_load *load, const char *what)
{
	return refuse(load->process, what);
}
EXPORT_SYMBOL_GPL(procmig_file_refuse);

struct file *procmig_file_at(struct procmig_file_load *load, u32 number)
{
	return procmig_file_find(load->process, number);
}
EXPORT_SYMBOL_GPL(procmig_file_at);

struct file *procmig_file_find(struct procmig_process *process, u32 number)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);

	return event && number < event->restored_count ? event->restored[number].file : NULL;
}
EXPORT_SYMBOL_GPL(procmig_file_find);

struct file *procmig_file_from_descriptor(long fd)
{
	struct file *file;

	if (fd < 0)
		return ERR_PTR(fd);
	file = fget_raw(fd);
	close_fd(fd);
	return file ?: ERR_PTR(-EBADF);
}
EXPORT_SYMBOL_GPL(procmig_file_from_descriptor);

int procmig_file_to_descriptor(struct file *file)
{
	int fd = get_unused_fd_flags(0);

	if (fd >= 0)
		fd_install(fd, get_file(file));
	return fd;
}
EXPORT_SYMBOL_GPL(procmig_file_to_descriptor);

static struct procmig_file_load load_of(struct procmig_process *process,
					struct files_event *event, u32 number)
{
	struct files *files = procmig_private(process, &files_subsystem);
	struct files_restored *restored = &event->restored[number];

	return (struct procmig_file_load) {
		.process = process,
		.description = number,
		.flags = restored->flags,
		.object = &event->object[restored->object].private,
		.scratch = (void __user *)files->scratch,
	};
}

static int add_object(struct files_event *event, const struct procmig_file_kind *kind, u32 number)
{
	struct files_object *more;

	if (number < event->object_count)
		return event->object[number].kind == kind ? 0 : -EPROTO;
	if (number > event->object_count)
		return -EPROTO;
	more = procmig_grow(event->object, event->object_count, sizeof(*more));
	if (!more)
		return -ENOMEM;
	event->object = more;
	event->object[event->object_count++].kind = kind;
	return 0;
}

static int add_description(struct files_event *event, const struct procmig_file_kind *kind,
			   const struct procmig_files_description *wanted)
{
	struct files_restored *more;

	more = procmig_grow(event->restored, event->restored_count, sizeof(*more));
	if (!more)
		return -ENOMEM;
	event->restored = more;
	more[event->restored_count++] = (struct files_restored) {
		.kind = kind,
		.flags = wanted->flags,
		.object = wanted->object,
	};
	return 0;
}

static int make_file(struct procmig_process *process, struct files_event *event,
		     const struct procmig_files_description *wanted)
{
	struct procmig_file_load load = load_of(process, event, wanted->description);
	struct files_restored *restored = &event->restored[wanted->description];
	struct file *file;

	file = restored->kind->restart(&load, wanted + 1, wanted->body_bytes);
	if (IS_ERR(file))
		return procmig_fail(process, files_subsystem.id, PTR_ERR(file),
				    "open file %u, a %s, could not be made (%ld)",
				    wanted->description, wanted->kind, PTR_ERR(file));
	restored->file = file;
	file->f_flags = (file->f_flags & ~PLAIN_FLAGS) | (wanted->flags & PLAIN_FLAGS);
	file->f_pos = wanted->position;
	return 0;
}

static int take_wanted(struct procmig_process *process, struct files_event *event,
		       const struct procmig_record *record,
		       const struct procmig_files_description *wanted)
{
	const struct procmig_file_kind *kind = NULL;
	int ret;

	if (record->length != sizeof(*wanted) + wanted->body_bytes ||
	    wanted->description != event->restored_count ||
	    wanted->description >= DESCRIPTIONS_MAX || wanted->position < 0 ||
	    strnlen(wanted->kind, sizeof(wanted->kind)) == sizeof(wanted->kind) ||
	    wanted->reserved)
		return refuse(process, "an open file");
	if (*wanted->kind) {
		kind = files_kind_named(&event->kinds, wanted->kind);
		if (!kind)
			return procmig_fail(process, files_subsystem.id, -EOPNOTSUPP,
					    "open file %u is a %s: no loaded module carries it here; load the same modules on both nodes",
					    wanted->description, wanted->kind);
		if (wanted->version > kind->version)
			return procmig_fail(process, files_subsystem.id, -EPROTO,
					    "a %s has version %u, newer than this module's %u",
					    wanted->kind, wanted->version, kind->version);
	}
	ret = add_object(event, kind, wanted->object);
	if (!ret)
		ret = add_description(event, kind, wanted);
	if (ret == -EPROTO)
		return refuse(process, "an open file's object");
	if (ret || !kind)
		return ret;
	return make_file(process, event, wanted);
}

static int take_description(struct procmig_process *process, struct files_event *event,
			    const struct procmig_record *record)
{
	struct procmig_files_description *wanted;
	int ret;

	wanted = procmig_take_body(process, record, sizeof(*wanted));
	if (IS_ERR(wanted))
		return PTR_ERR(wanted);
	ret = take_wanted(process, event, record, wanted);
	kvfree(wanted);
	return ret;
}

static int take_data(struct procmig_process *process, struct files_event *event,
		     const struct procmig_record *record)
{
	struct files_restored *restored;
	struct procmig_files_data *data;
	struct procmig_file_load load;
	int ret;

	data = procmig_take_body(process, record, sizeof(*data));
	if (IS_ERR(data))
		return PTR_ERR(data);
	restored = data->description < event->restored_count ?
		   &event->restored[data->description] : NULL;
	if (!restored || !restored->file || !restored->kind->restart_data ||
	    data->reserved) {
		ret = refuse(process, "data of an open file");
	} else {
		load = load_of(process, event, data->description);
		ret = restored->kind->restart_data(&load, restored->file, data + 1,
						   record->length - sizeof(*data));
		if (ret)
			procmig_fail(process, files_subsystem.id, ret,
				     "open file %u, a %s, could not be filled (%d)",
				     data->description, restored->kind->name, ret);
	}
	kvfree(data);
	return ret;
}

/* ---- descriptors --------------------------------------------------------- */

static int install(struct procmig_process *process,
		   const struct procmig_files_descriptor *wanted)
{
	struct files *files = procmig_private(process, &files_subsystem);
	struct file *file = procmig_file_find(process, wanted->description);
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

static int take_descriptor(struct procmig_process *process, struct files_event *event,
			   const struct procmig_record *record)
{
	struct procmig_files_descriptor wanted;
	int ret;

	if (record->length != sizeof(wanted))
		return refuse(process, "a descriptor");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &wanted, sizeof(wanted));
	if (ret)
		return ret;
	if (wanted.description >= event->restored_count || wanted.close_on_exec > 1 ||
	    wanted.reserved || wanted.fd >= DESCRIPTORS_MAX)
		return refuse(process, "a descriptor");
	return install(process, &wanted);
}

int files_borrow_descriptor(struct procmig_process *process, const struct files_place *place)
{
	struct file *file;

	if (place->fd != FILES_NO_DESCRIPTOR)
		return place->fd < DESCRIPTORS_MAX && !place->description ? place->fd : -EPROTO;
	file = procmig_file_find(process, place->description);
	return file ? procmig_file_to_descriptor(file) : -EPROTO;
}

void files_return_descriptor(const struct files_place *place, int fd)
{
	if (place->fd == FILES_NO_DESCRIPTOR && fd >= 0)
		close_fd(fd);
}

static int take_lock(struct procmig_process *process, struct files *files,
		     const struct procmig_record *record)
{
	struct procmig_files_lock wanted;
	int ret;

	if (record->length != sizeof(wanted))
		return refuse(process, "a file lock");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &wanted, sizeof(wanted));
	return ret ?: files_take_lock(process, (void __user *)files->scratch, &wanted);
}

static int take_owner(struct procmig_process *process,
		      const struct procmig_record *record)
{
	struct procmig_files_owner wanted;
	int ret;

	if (record->length != sizeof(wanted))
		return refuse(process, "the owner of a file");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &wanted, sizeof(wanted));
	return ret ?: files_take_owner(process, &wanted);
}

static int take_sharing(struct procmig_process *process, struct files *files,
			const struct procmig_record *record)
{
	struct procmig_files_shared shared;
	struct task_struct *with;
	int ret;

	if (record->length != sizeof(shared))
		return refuse(process, "what it shares");
	ret = procmig_take(process, PROCMIG_CHANNEL_DEMAND, &shared, sizeof(shared));
	if (ret)
		return ret;
	with = procmig_rebuilt_task(process, shared.pid);
	if (!with)
		return refuse(process, "what it shares, with nobody");
	switch (shared.what) {
	case PROCMIG_SHARED_DIRECTORIES:
		procmig_compat_share_directories(with);
		files->have_context = true;
		return 0;
	case PROCMIG_SHARED_DESCRIPTORS:
		procmig_compat_share_descriptors(with);
		files->shares_descriptors = true;
		return 0;
	default:
		return refuse(process, "what it shares");
	}
}

int files_restart(struct procmig_process *process, const struct procmig_record *record)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);
	struct files *files = procmig_private(process, &files_subsystem);

	switch (record->type) {
	case PROCMIG_FILES_CONTEXT:
		return take_context(process, files, record);
	case PROCMIG_FILES_CWD:
		return take_cwd(process, files, record);
	case PROCMIG_FILES_DESCRIPTION:
		return take_description(process, event, record);
	case PROCMIG_FILES_DESCRIPTOR:
		return take_descriptor(process, event, record);
	case PROCMIG_FILES_DATA:
		return take_data(process, event, record);
	case PROCMIG_FILES_LOCK:
		return take_lock(process, files, record);
	case PROCMIG_FILES_OWNER:
		return take_owner(process, record);
	case PROCMIG_FILES_SHARED:
		return take_sharing(process, files, record);
	default:
		return PROCMIG_UNKNOWN;
	}
}

int files_settle(struct procmig_process *process)
{
	struct files *files = procmig_private(process, &files_subsystem);

	return files->have_context ? 0 : refuse(process, "its directories are missing");
}

/* Once for all processes, by the first that runs. */
static void resume_descriptions(struct procmig_process *process, struct files_event *event)
{
	struct procmig_file_load load;
	unsigned int i;

	for (i = 0; i < event->restored_count; i++) {
		struct files_restored *restored = &event->restored[i];

		if (!restored->file || !restored->kind->resume)
			continue;
		load = load_of(process, event, i);
		restored->kind->resume(&load, restored->file);
	}
}

void files_resume(struct procmig_process *process)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);
	struct files *files = procmig_private(process, &files_subsystem);
	unsigned int fd;

	if (!event->resumed)
		resume_descriptions(process, event);
	event->resumed = true;
	/* The process had closed what the stub still has open of 0, 1 and 2. */
	for (fd = 0; fd < 3 && !files->shares_descriptors; fd++)
		if (!test_bit(fd, &files->standard))
			close_fd(fd);
}

/* What was made in one later goes first. */
static void forget_directories(struct files_event *event)
{
	while (event->directory_count) {
		struct path *directory = &event->directories[--event->directory_count];

		if (!event->resumed)
			procmig_compat_rmdir_at(directory);
		path_put(directory);
	}
	kvfree(event->directories);
}

void files_forget_target(struct files_event *event)
{
	unsigned int i;

	for (i = 0; i < event->restored_count; i++)
		if (event->restored[i].file)
			fput(event->restored[i].file);
	for (i = 0; i < event->object_count; i++)
		if (event->object[i].private && event->object[i].kind->release)
			event->object[i].kind->release(event->object[i].private);
	forget_directories(event);
	kvfree(event->restored);
	kvfree(event->object);
}
