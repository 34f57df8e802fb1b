// SPDX-License-Identifier: GPL-2.0-only
/* Open files on the source. */
#include <linux/fdtable.h>
#include <linux/fs_struct.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>

#include "files.h"

/* The description that is being carried, and what only this file needs of it. */
struct saving {
	struct procmig_file_save save;
	struct files *files;
	void *body;
	char *text;		/* to describe a file in */
};

/* 1 if it is new, 0 if it was met before, or a negative errno. */
static int meet(struct files_met *met, const void *thing, u32 *number)
{
	void *known = xa_load(&met->numbers, (unsigned long)thing);
	const void **more;
	unsigned int room;
	int ret;

	if (known) {
		*number = xa_to_value(known);
		return 0;
	}
	if (met->count == DESCRIPTIONS_MAX)
		return -EMFILE;
	if (met->count == met->room) {
		room = max(64u, met->room * 2);
		more = kvmalloc_array(room, sizeof(*more), GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		if (met->count)
			memcpy(more, met->thing, met->count * sizeof(*more));
		kvfree(met->thing);
		met->thing = more;
		met->room = room;
	}
	ret = xa_err(xa_store(&met->numbers, (unsigned long)thing,
			      xa_mk_value(met->count), GFP_KERNEL));
	if (ret)
		return ret;
	*number = met->count;
	met->thing[met->count++] = thing;
	return 1;
}

int procmig_file_reference(struct procmig_file_save *save, struct file *file,
			   u32 *number)
{
	struct saving *saving = container_of(save, struct saving, save);
	int ret;

	ret = meet(&saving->files->descriptions, file, number);
	return min(ret, 0);
}
EXPORT_SYMBOL_GPL(procmig_file_reference);

static int emit(struct procmig_process *process, u16 type, const struct kvec *parts,
		unsigned int count)
{
	return procmig_emit(process, PROCMIG_CHANNEL_DEMAND, files_subsystem.id, type,
			    FILES_VERSION, parts, count);
}

/* ---- descriptions -------------------------------------------------------- */

static const struct procmig_file_kind *kind_of(struct saving *saving, struct file *file)
{
	const struct procmig_file_kind *kind = files_kind_of(&saving->files->kinds, file);

	if (!kind)
		procmig_fail(saving->save.process, files_subsystem.id, -EOPNOTSUPP,
			     "%s: no loaded subsystem carries it",
			     files_describe(file, saving->text, PATH_MAX));
	return kind;
}

static const void *object_of(const struct procmig_file_kind *kind, struct file *file)
{
	return kind->object ? kind->object(file) : file;
}

/* Descriptors that the user chose to take from the target share one that is none. */
#define PLACEHOLDER(saving) ((const void *)(saving))

static int emit_placeholder(struct saving *saving,
			    struct procmig_files_description *description)
{
	const struct kvec part = { description, sizeof(*description) };
	int ret = meet(&saving->files->objects, PLACEHOLDER(saving), &description->object);

	if (ret < 0)
		return ret;
	return emit(saving->save.process, PROCMIG_FILES_DESCRIPTION, &part, 1);
}

static int emit_description(struct saving *saving, u32 number)
{
	struct procmig_files_description description = { .description = number };
	struct files *files = saving->files;
	struct file *file = (struct file *)files->descriptions.thing[number];
	const struct procmig_file_kind *kind;
	ssize_t bytes;
	int ret;

	if (files->descriptions.thing[number] == PLACEHOLDER(saving))
		return emit_placeholder(saving, &description);
	kind = kind_of(saving, file);
	if (!kind)
		return -EOPNOTSUPP;
	ret = meet(&files->objects, object_of(kind, file), &description.object);
	if (ret < 0)
		return ret;
	saving->save.description = number;
	saving->save.first = ret;
	bytes = kind->checkpoint(&saving->save, file, saving->body,
				 PROCMIG_FILE_BODY_MAX);
	if (bytes < 0)
		return bytes;
	description.flags = file->f_flags;
	description.position = file->f_pos;
	description.version = kind->version;
	strscpy(description.kind, kind->name, sizeof(description.kind));
	description.body_bytes = bytes;
	{
		const struct kvec parts[] = {
			{ &description, sizeof(description) },
			{ saving->body, bytes },
		};

		return emit(saving->save.process, PROCMIG_FILES_DESCRIPTION, parts, 2);
	}
}

static bool is_ignored(struct procmig_process *process, unsigned int fd)
{
	return procmig_mechanism_of(process, files_subsystem.id, fd,
				    PROCMIG_MECHANISM_TRANSFER) == PROCMIG_MECHANISM_IGNORE;
}

static const void *thing_at(struct saving *saving, unsigned int fd, struct file *file)
{
	return is_ignored(saving->save.process, fd) ? PLACEHOLDER(saving) : file;
}

/* Every description that a descriptor refers to, and those that these refer to. */
static int emit_descriptions(struct saving *saving)
{
	struct task_struct *task = procmig_task(saving->save.process);
	struct files_met *met = &saving->files->descriptions;
	u32 next = 0, number;
	unsigned int fd;
	int ret = 0;

	for (fd = 0; ret >= 0; fd++) {
		struct file *file;

		rcu_read_lock();
		file = task_lookup_next_fd_rcu(task, &fd);
		rcu_read_unlock();
		if (!file)
			break;
		ret = meet(met, thing_at(saving, fd, file), &number);
		for (; ret >= 0 && next < met->count; next++)
			ret = emit_description(saving, next);
	}
	return min(ret, 0);
}

/* ---- descriptors --------------------------------------------------------- */

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

static int emit_descriptors(struct saving *saving)
{
	struct procmig_process *process = saving->save.process;
	struct task_struct *task = procmig_task(process);
	unsigned int fd;
	int ret = 0;

	for (fd = 0; ret >= 0; fd++) {
		struct procmig_files_descriptor descriptor = {};
		const struct kvec part = { &descriptor, sizeof(descriptor) };
		struct file *file;

		rcu_read_lock();
		file = task_lookup_next_fd_rcu(task, &fd);
		rcu_read_unlock();
		if (!file)
			break;
		descriptor.fd = fd;
		descriptor.close_on_exec = closes_on_exec(task, fd);
		ret = meet(&saving->files->descriptions, thing_at(saving, fd, file),
			   &descriptor.description);
		if (ret >= 0)
			ret = emit(process, PROCMIG_FILES_DESCRIPTOR, &part, 1);
		if (!ret)
			procmig_progress(process, 0, 1);
	}
	return ret;
}

/* ---- data ---------------------------------------------------------------- */

int procmig_file_data(struct procmig_file_save *save, const void *head,
		      size_t head_bytes, const void *data, size_t bytes)
{
	struct procmig_files_data prefix = { .description = save->description };
	const struct kvec parts[] = {
		{ &prefix, sizeof(prefix) },
		{ (void *)head, head_bytes },
		{ (void *)data, bytes },
	};
	int ret;

	if (head_bytes + bytes > PROCMIG_FILE_DATA_MAX)
		return -E2BIG;
	ret = emit(save->process, PROCMIG_FILES_DATA, parts, bytes ? 3 : 2);
	if (!ret)
		procmig_progress(save->process, 0, 1);
	return ret;
}
EXPORT_SYMBOL_GPL(procmig_file_data);

static int emit_data(struct saving *saving)
{
	struct files *files = saving->files;
	struct files_met done = {};
	const struct procmig_file_kind *kind;
	int ret = 0;
	u32 number, i;

	xa_init(&done.numbers);
	for (i = 0; ret >= 0 && i < files->descriptions.count; i++) {
		struct file *file = (struct file *)files->descriptions.thing[i];

		if (files->descriptions.thing[i] == PLACEHOLDER(saving))
			continue;
		kind = files_kind_of(&files->kinds, file);
		if (!kind || !kind->checkpoint_data)
			continue;
		ret = meet(&done, object_of(kind, file), &number);
		saving->save.description = i;
		saving->save.first = ret;
		if (ret > 0)
			ret = kind->checkpoint_data(&saving->save, file);
	}
	xa_destroy(&done.numbers);
	kvfree(done.thing);
	return min(ret, 0);
}

/* ---- locks and owners ---------------------------------------------------- */

/* The lowest descriptor of the process for that file. */
static unsigned int descriptor_of(struct task_struct *task, const struct file *file)
{
	struct file *held;
	unsigned int fd;

	rcu_read_lock();
	for (fd = 0; (held = task_lookup_next_fd_rcu(task, &fd)); fd++)
		if (held == file)
			break;
	rcu_read_unlock();
	return held ? fd : FILES_NO_DESCRIPTOR;
}

static int emit_each(struct saving *saving,
		     int (*emit_one)(struct procmig_process *process, struct file *file,
				     unsigned int fd))
{
	struct procmig_process *process = saving->save.process;
	struct files_met *met = &saving->files->descriptions;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < met->count; i++) {
		struct file *file = (struct file *)met->thing[i];

		if (met->thing[i] != PLACEHOLDER(saving))
			ret = emit_one(process, file,
				       descriptor_of(procmig_task(process), file));
	}
	return ret;
}

/* ---- context ------------------------------------------------------------- */

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

		ret = emit(process, PROCMIG_FILES_CONTEXT, parts, 3);
	}
put_cwd:
	path_put(&top);
	path_put(&cwd);
	return ret;
}

int files_checkpoint(struct procmig_process *process)
{
	struct saving saving = {
		.save.process = process,
		.files = procmig_private(process, &files_subsystem),
	};
	struct path root;
	int ret;

	BUILD_BUG_ON(PROCMIG_FILE_BODY_MAX < 2 * PATH_MAX);
	saving.body = kvmalloc(PROCMIG_FILE_BODY_MAX + PATH_MAX, GFP_KERNEL);
	if (!saving.body)
		return -ENOMEM;
	saving.text = saving.body + PROCMIG_FILE_BODY_MAX;
	get_fs_root(procmig_task(process)->fs, &root);
	saving.save.root = &root;
	ret = emit_context(process, &root, saving.body);
	if (!ret)
		ret = emit_descriptions(&saving);
	if (!ret)
		ret = emit_descriptors(&saving);
	if (!ret)
		ret = emit_data(&saving);
	if (!ret)
		ret = emit_each(&saving, files_emit_locks);
	if (!ret)
		ret = emit_each(&saving, files_emit_owner);
	path_put(&root);
	kvfree(saving.body);
	return ret ?: PROCMIG_DONE;
}

void files_forget_source(struct files *files)
{
	xa_destroy(&files->descriptions.numbers);
	xa_destroy(&files->objects.numbers);
	kvfree(files->descriptions.thing);
	kvfree(files->objects.thing);
}
