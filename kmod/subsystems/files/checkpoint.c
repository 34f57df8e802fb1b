// SPDX-License-Identifier: GPL-2.0-only
/* Open files on the source. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>

#include "files.h"

/* Descriptors that the user chose to take from the target share one that is none. */
#define PLACEHOLDER(event) ((const void *)(event))

/* The description that is being carried, and what only this file needs of it. */
struct saving {
	struct procmig_file_save save;
	struct files_event *event;
	void *body;
	char *text;		/* to describe a file in */

	/* By a descriptor each: whose locks were sent with this process. */
	unsigned int *settled;
	u32 settled_count;
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

static void forget(struct files_met *met)
{
	xa_destroy(&met->numbers);
	kvfree(met->thing);
}

int procmig_file_reference(struct procmig_file_save *save, struct file *file,
			   u32 *number)
{
	struct saving *saving = container_of(save, struct saving, save);
	int ret;

	ret = meet(&saving->event->descriptions, file, number);
	return min(ret, 0);
}
EXPORT_SYMBOL_GPL(procmig_file_reference);

bool procmig_file_is_known(struct procmig_file_save *save, struct file *file)
{
	struct saving *saving = container_of(save, struct saving, save);

	return xa_load(&saving->event->descriptions.numbers, (unsigned long)file);
}
EXPORT_SYMBOL_GPL(procmig_file_is_known);

bool files_has_names(struct procmig_file_save *save, struct file *file)
{
	struct files_event *event = container_of(save, struct saving, save)->event;
	struct file *other;
	u32 i;

	for (i = 0; i < event->descriptions.count; i++) {
		other = (struct file *)event->descriptions.thing[i];
		if (other != PLACEHOLDER(event) && file_inode(other) == file_inode(file) &&
		    other->f_path.dentry != file->f_path.dentry)
			return true;
	}
	return false;
}

bool procmig_file_of_inode(struct procmig_file_save *save, const struct inode *inode,
			   u32 *number)
{
	struct files_event *event = container_of(save, struct saving, save)->event;
	const struct files_met *met = &event->descriptions;

	for (*number = 0; *number < met->count; ++*number)
		if (met->thing[*number] != PLACEHOLDER(event) &&
		    file_inode((struct file *)met->thing[*number]) == inode)
			return true;
	return false;
}
EXPORT_SYMBOL_GPL(procmig_file_of_inode);

int procmig_file_announce(struct procmig_process *process, struct file *file, u32 *number)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);
	int ret;

	if (!event)
		return -EOPNOTSUPP;
	ret = meet(&event->descriptions, file, number);
	return min(ret, 0);
}
EXPORT_SYMBOL_GPL(procmig_file_announce);

static int emit(struct procmig_process *process, u16 type, const struct kvec *parts,
		unsigned int count)
{
	return procmig_emit(process, PROCMIG_CHANNEL_DEMAND, files_subsystem.id, type,
			    FILES_VERSION, parts, count);
}

/* ---- descriptions -------------------------------------------------------- */

static const struct procmig_file_kind *kind_of(struct saving *saving, struct file *file)
{
	const struct procmig_file_kind *kind = files_kind_of(&saving->event->kinds, file);

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

static int emit_placeholder(struct saving *saving,
			    struct procmig_files_description *description)
{
	const struct kvec part = { description, sizeof(*description) };
	int ret = meet(&saving->event->objects, PLACEHOLDER(saving->event),
		       &description->object);

	if (ret < 0)
		return ret;
	return emit(saving->save.process, PROCMIG_FILES_DESCRIPTION, &part, 1);
}

static int emit_description(struct saving *saving, u32 number)
{
	struct procmig_files_description description = { .description = number };
	struct files_event *event = saving->event;
	struct file *file = (struct file *)event->descriptions.thing[number];
	const struct procmig_file_kind *kind;
	ssize_t bytes;
	int ret;

	if (file == PLACEHOLDER(event))
		return emit_placeholder(saving, &description);
	kind = kind_of(saving, file);
	if (!kind)
		return -EOPNOTSUPP;
	ret = xa_err(xa_store(&event->kind_of, number, (void *)kind, GFP_KERNEL));
	if (ret)
		return ret;
	ret = meet(&event->objects, object_of(kind, file), &description.object);
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

static const void *thing_at(struct procmig_process *process, struct files_event *event,
			    unsigned int fd, struct file *file)
{
	return is_ignored(process, fd) ? PLACEHOLDER(event) : file;
}

/* The next descriptor of @task from *@fd on and its file, which stands still. */
static struct file *next_file(struct task_struct *task, unsigned int *fd)
{
	struct file *file;

	rcu_read_lock();
	file = procmig_compat_next_file(task, fd);
	rcu_read_unlock();
	return file;
}

static int gather_descriptors(struct procmig_process *process, struct files_event *event)
{
	struct task_struct *task = procmig_task(process);
	struct file *file;
	unsigned int fd;
	u32 number;
	int ret = 0;

	for (fd = 0; ret >= 0 && (file = next_file(task, &fd)); fd++)
		ret = meet(&event->descriptions, thing_at(process, event, fd, file),
			   &number);
	event->held = event->descriptions.count;
	return min(ret, 0);
}

static int announce_made(struct file *file, void *private)
{
	struct files_event *event = private;
	struct file **made = procmig_grow(event->made, event->made_count, sizeof(*made));
	u32 number;
	int ret;

	if (!made)
		return -ENOMEM;
	event->made = made;
	ret = meet(&event->descriptions, file, &number);
	if (ret < 0)
		return ret;
	event->made[event->made_count++] = get_file(file);
	return 0;
}

/* As descriptions of their own, even if somebody has the file open: it is one object. */
static int gather_made(struct procmig_process *process, struct files_event *event)
{
	struct task_struct *task = procmig_task(process);
	struct path root;
	int ret;

	get_fs_root(task->fs, &root);
	ret = files_each_made(task, procmig_scope(process), &root, announce_made, event);
	path_put(&root);
	if (ret)
		procmig_fail(process, files_subsystem.id, ret,
			     "what it has made in /dev/shm cannot be carried (%d)", ret);
	return ret;
}

/* It has no path, so it is carried as if somebody had it open. */
static int gather_deleted_cwd(struct procmig_process *process, struct files_event *event)
{
	struct files *files = procmig_private(process, &files_subsystem);
	struct file *cwd = files_open_deleted_cwd(procmig_task(process));
	int ret;

	if (!cwd)
		return 0;
	ret = IS_ERR(cwd) ? PTR_ERR(cwd) : announce_made(cwd, event);
	if (ret)
		procmig_fail(process, files_subsystem.id, ret,
			     "the deleted working directory cannot be carried (%d)", ret);
	else
		files->deleted_cwd = cwd;
	if (!IS_ERR(cwd))
		fput(cwd);
	return ret;
}

int files_gather(struct procmig_process *process)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);
	int ret = gather_descriptors(process, event);

	if (!ret)
		ret = gather_made(process, event);
	return ret ?: gather_deleted_cwd(process, event);
}

struct gathering {
	struct files_event *event;
	int ret;
};

static void gather_one(struct file *file, void *private)
{
	struct gathering *gathering = private;
	u32 number;

	if (gathering->ret >= 0)
		gathering->ret = meet(&gathering->event->descriptions, file, &number);
}

/* Before anything is described: what is kept is known to whatever refers to it. */
static int gather_kept(struct files_event *event)
{
	struct gathering gathering = { .event = event };
	struct file *file;
	u32 i;

	for (i = 0; gathering.ret >= 0 && i < event->descriptions.count; i++) {
		file = (struct file *)event->descriptions.thing[i];
		if (file != PLACEHOLDER(event))
			files_each_kept(&event->kinds, file, gather_one, &gathering);
	}
	return min(gathering.ret, 0);
}

/* Everything that was announced, and what that refers to. */
static int emit_descriptions(struct saving *saving)
{
	u32 next;
	int ret = 0;

	for (next = 0; !ret && next < saving->event->descriptions.count; next++)
		ret = emit_description(saving, next);
	return ret;
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
	struct file *file;
	unsigned int fd;
	int ret = 0;

	for (fd = 0; ret >= 0 && (file = next_file(task, &fd)); fd++) {
		struct procmig_files_descriptor descriptor = {
			.fd = fd,
			.close_on_exec = closes_on_exec(task, fd),
		};
		const struct kvec part = { &descriptor, sizeof(descriptor) };

		ret = meet(&saving->event->descriptions,
			   thing_at(process, saving->event, fd, file),
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
	struct files_event *event = saving->event;
	struct files_met done = {};
	const struct procmig_file_kind *kind;
	int ret = 0;
	u32 number, i;

	xa_init(&done.numbers);
	for (i = 0; ret >= 0 && i < event->descriptions.count; i++) {
		struct file *file = (struct file *)event->descriptions.thing[i];

		kind = xa_load(&event->kind_of, i);
		if (!kind || !kind->checkpoint_data)
			continue;
		ret = meet(&done, object_of(kind, file), &number);
		saving->save.description = i;
		saving->save.first = ret;
		if (ret > 0)
			ret = kind->checkpoint_data(&saving->save, file);
	}
	forget(&done);
	return min(ret, 0);
}

/* ---- locks and owners ---------------------------------------------------- */

static int settle(struct saving *saving, struct file *file, unsigned int fd)
{
	unsigned int *more;
	u32 number;
	int ret = meet(&saving->event->settled, file, &number);

	if (ret <= 0)
		return ret;
	more = procmig_grow(saving->settled, saving->settled_count, sizeof(*more));
	if (!more)
		return -ENOMEM;
	saving->settled = more;
	saving->settled[saving->settled_count++] = fd;
	return ret;
}

/*
 * Every lock that is the process's own, and what belongs to a description with
 * the first process that has a descriptor of it: by that the target finds it.
 */
static int emit_locks(struct saving *saving)
{
	struct procmig_process *process = saving->save.process;
	struct task_struct *task = procmig_task(process);
	struct files_met here = {};
	struct file *file;
	unsigned int fd;
	int ret = 0;
	u32 number;

	xa_init(&here.numbers);
	for (fd = 0; ret >= 0 && (file = next_file(task, &fd)); fd++) {
		if (is_ignored(process, fd))
			continue;
		ret = meet(&here, file, &number);
		if (ret > 0)
			ret = settle(saving, file, fd);
		else if (!ret)
			continue;
		if (ret >= 0)
			ret = files_emit_locks(process, file, &(struct files_place) { fd }, ret);
	}
	forget(&here);
	return min(ret, 0);
}

static int emit_owners(struct saving *saving)
{
	struct procmig_process *process = saving->save.process;
	unsigned int fd;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < saving->settled_count; i++) {
		fd = saving->settled[i];
		ret = files_emit_owner(process, next_file(procmig_task(process), &fd),
				       &(struct files_place) { fd });
	}
	return ret;
}

/*
 * Likewise of what is only mapped, or on its way through a socket.  A lease has an owner
 * to signal that is set with it.
 */
static int emit_unheld(struct saving *saving)
{
	struct files_event *event = saving->event;
	struct files_place place = { .fd = FILES_NO_DESCRIPTOR };
	struct file *file;
	u32 *number = &place.description;
	int ret = 0;

	for (*number = event->held; !ret && *number < event->descriptions.count; ++*number) {
		file = (struct file *)event->descriptions.thing[*number];
		ret = files_emit_locks(saving->save.process, file, &place, true);
		if (!ret)
			ret = files_emit_owner(saving->save.process, file, &place);
	}
	return ret;
}

/* ---- what clone(2) shares ------------------------------------------------- */

/* The process of the event that came first with @what: 0 if this is it, or an errno. */
static pid_t first_with(struct procmig_process *process, const void *what)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);
	pid_t pid = task_tgid_vnr(procmig_task(process));
	void *known = xa_load(&event->first, (unsigned long)what);

	if (known)
		return xa_to_value(known);
	return xa_err(xa_store(&event->first, (unsigned long)what, xa_mk_value(pid),
			       GFP_KERNEL));
}

static int emit_sharing(struct procmig_process *process,
			enum procmig_files_shared_kind what, pid_t pid)
{
	struct procmig_files_shared shared = { .what = what, .pid = pid };
	const struct kvec part = { &shared, sizeof(shared) };

	return emit(process, PROCMIG_FILES_SHARED, &part, 1);
}

/* ---- context ------------------------------------------------------------- */

static int emit_context(struct procmig_process *process, const struct path *root,
			char *buffer)
{
	struct files *files = procmig_private(process, &files_subsystem);
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
	cwd_text = files->deleted_cwd ? "" : procmig_compat_path(&cwd, root, buffer, PATH_MAX);
	if (IS_ERR(cwd_text)) {
		ret = procmig_fail(process, files_subsystem.id, PTR_ERR(cwd_text),
				   "the working directory is outside the root of the process");
		goto put_cwd;
	}
	root_text = procmig_compat_path(root, &top, buffer + PATH_MAX, PATH_MAX);
	if (IS_ERR(root_text)) {
		ret = procmig_fail(process, files_subsystem.id, PTR_ERR(root_text),
				   "the root directory of the process is not reachable from that of the node");
		goto put_cwd;
	}
	context.cwd_bytes = files->deleted_cwd ? 0 : strlen(cwd_text) + 1;
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

/* The first process makes what all of them will refer to. */
static int emit_shared(struct saving *saving)
{
	int ret = gather_kept(saving->event);

	if (!ret)
		ret = emit_descriptions(saving);
	if (!ret)
		ret = emit_data(saving);
	return ret ?: emit_unheld(saving);
}

static int emit_directories(struct saving *saving)
{
	struct procmig_process *process = saving->save.process;
	struct files *files = procmig_private(process, &files_subsystem);
	pid_t with = first_with(process, procmig_task(process)->fs);

	if (with > 0) {
		files->deleted_cwd = NULL;
		return emit_sharing(process, PROCMIG_SHARED_DIRECTORIES, with);
	}
	return with ?: emit_context(process, saving->save.root, saving->body);
}

static int emit_deleted_cwd(struct procmig_process *process, struct files_event *event)
{
	struct files *files = procmig_private(process, &files_subsystem);
	struct procmig_files_cwd cwd = {};
	const struct kvec part = { &cwd, sizeof(cwd) };
	int ret;

	if (!files->deleted_cwd)
		return 0;
	ret = meet(&event->descriptions, files->deleted_cwd, &cwd.description);
	return ret < 0 ? ret : emit(process, PROCMIG_FILES_CWD, &part, 1);
}

static int emit_table(struct saving *saving)
{
	struct procmig_process *process = saving->save.process;
	pid_t with = first_with(process, procmig_task(process)->files);
	int ret;

	if (with > 0)
		return emit_sharing(process, PROCMIG_SHARED_DESCRIPTORS, with);
	ret = with ?: emit_descriptors(saving);
	if (!ret)
		ret = emit_locks(saving);
	return ret ?: emit_owners(saving);
}

int files_checkpoint(struct procmig_process *process)
{
	struct files_event *event = procmig_event_private(process, &files_subsystem);
	struct files *files = procmig_private(process, &files_subsystem);
	struct saving saving = { .save.process = process, .event = event };
	struct path root;
	int ret;

	BUILD_BUG_ON(PROCMIG_FILE_BODY_MAX < 2 * PATH_MAX);
	saving.body = kvmalloc(PROCMIG_FILE_BODY_MAX + PATH_MAX, GFP_KERNEL);
	if (!saving.body)
		return -ENOMEM;
	saving.text = saving.body + PROCMIG_FILE_BODY_MAX;
	get_fs_root(procmig_task(process)->fs, &root);
	saving.save.root = &root;
	ret = emit_directories(&saving);
	if (!ret && !event->described) {
		event->described = true;
		ret = emit_shared(&saving);
	}
	if (!ret)
		ret = emit_deleted_cwd(process, event);
	if (!ret)
		ret = emit_table(&saving);
	files->shared_known = event->shared_count;
	path_put(&root);
	kvfree(saving.settled);
	kvfree(saving.body);
	return ret ?: PROCMIG_DONE;
}

/* The processes still stand at the gate, so their files are there. */
void files_finish(struct files_event *event)
{
	struct files_met done = {};
	const struct procmig_file_kind *kind;
	struct file *file;
	u32 number, i;

	xa_init(&done.numbers);
	for (i = 0; i < event->descriptions.count; i++) {
		file = (struct file *)event->descriptions.thing[i];
		/* As it was sent: somebody outside may have changed what it looks like. */
		kind = xa_load(&event->kind_of, i);
		/* Without memory to remember: once more does no harm. */
		if (kind && kind->finish && meet(&done, object_of(kind, file), &number))
			kind->finish(file);
	}
	forget(&done);
}

void files_forget_source(struct files_event *event)
{
	while (event->made_count)
		fput(event->made[--event->made_count]);
	kvfree(event->made);
	forget(&event->descriptions);
	forget(&event->objects);
	forget(&event->settled);
	xa_destroy(&event->kind_of);
	xa_destroy(&event->first);
}
