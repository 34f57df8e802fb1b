// SPDX-License-Identifier: GPL-2.0-only
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/slab.h>

#include "files.h"

static const struct procmig_kind kinds[] = {
	{ "shared open file description", PROCMIG_KIND_CARRIED,
	  "descriptors made by dup, fork or passing share their position" },
	{ "descriptor table or directories shared by processes", PROCMIG_KIND_CARRIED,
	  "CLONE_FILES and CLONE_FS, all sharers inside" },
	{ "standard input and output", PROCMIG_KIND_CARRIED,
	  "by mechanism Ignore whatever they are" },
	{ "terminal of the machine", PROCMIG_KIND_REFUSED,
	  "console, serial line, or the other end is outside; use mechanism Ignore" },
	{ "packet, raw socket", PROCMIG_KIND_PLANNED, NULL },
	{ "fanotify, userfaultfd, io_uring", PROCMIG_KIND_PLANNED, NULL },
	{ "file lock and lease", PROCMIG_KIND_CARRIED,
	  "POSIX, open file description, flock, lease; free to be had on the target" },
	{ "owner of a file", PROCMIG_KIND_CARRIED,
	  "F_SETOWN, F_SETSIG, O_ASYNC; the owner must be inside" },
	{ "block and character device", PROCMIG_KIND_REFUSED, "bound to the machine" },
};

/* ---- inspecting ---------------------------------------------------------- */

void procmig_file_obstacle(struct procmig_file_inspection *at,
			   enum procmig_obstacle_code code, const char *format, ...)
{
	struct va_format text;
	va_list args;

	va_start(args, format);
	text.fmt = format;
	text.va = &args;
	if (at->address)
		procmig_obstacle(at->inspection, files_subsystem.id, code, at->address,
				 "memory %lx: %pV", at->address, &text);
	else if (at->kept)
		procmig_obstacle(at->inspection, files_subsystem.id, code, at->fd,
				 "fd %u, in what it has not received: %pV", at->fd, &text);
	else if (at->fd == FILES_NO_DESCRIPTOR)
		procmig_obstacle(at->inspection, files_subsystem.id, code, -1,
				 "made by it, perhaps not open: %pV", &text);
	else
		procmig_obstacle(at->inspection, files_subsystem.id, code, at->fd,
				 "fd %u: %pV", at->fd, &text);
	va_end(args);
}
EXPORT_SYMBOL_GPL(procmig_file_obstacle);

/* The first of those that share it carries it for all, so one look will do. */
static void ask_kind(struct procmig_file_inspection *at,
		     const struct procmig_file_kind *kind, struct file *file)
{
	unsigned int obstacles = procmig_obstacle_count(at->inspection);

	if (kind->inspect)
		kind->inspect(at, file);
	if (obstacles == procmig_obstacle_count(at->inspection))
		procmig_clear(at->inspection, file);
}

/* What has no name of its own is called by what it is. */
static const char *name_of(struct file *file, char *buffer)
{
	umode_t mode = file_inode(file)->i_mode;

	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return files_describe(file, buffer, PATH_MAX);
	scnprintf(buffer, PATH_MAX, "%pD", file);
	return buffer;
}

static void inspect_file(struct procmig_file_inspection *at, struct file *file, char *buffer)
{
	const struct procmig_file_kind *kind = files_kind_of(at->kinds, file);
	struct procmig_file_holder sharer;

	if (!kind) {
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "%s: no loaded subsystem carries it",
				      files_describe(file, buffer, PATH_MAX));
		return;
	}
	files_inspect_locks(at, file);
	files_inspect_owner(at, file);
	if (procmig_is_clear(at->inspection, file))
		return;
	/* A device has no position, so nobody notices that it is no longer shared. */
	if (!S_ISCHR(file_inode(file)->i_mode) && files_find_sharer(at, file, &sharer))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "%s: the open file is shared with pid %d (%s); migrate them together or end that process",
				      name_of(file, buffer), sharer.pid, sharer.comm);
	else
		ask_kind(at, kind, file);
}

/* What comes with a file, and with that in turn; what has a descriptor is seen by that. */
static int inspect_kept(struct procmig_file_inspection *at, struct file *file, char *buffer)
{
	struct files_walk walk;
	struct file *kept;
	bool failed;

	files_walk_begin(&walk);
	files_each_kept(at->kinds, file, files_walk_meet, &walk);
	at->kept = true;
	while ((kept = files_walk_take(&walk))) {
		if (!files_descriptors_inside(at, kept)) {
			inspect_file(at, kept, buffer);
			files_each_kept(at->kinds, kept, files_walk_meet, &walk);
		}
		fput(kept);
	}
	at->kept = false;
	failed = walk.failed;
	files_walk_end(&walk);
	return failed ? -ENOMEM : 0;
}

static int inspect_descriptor(struct procmig_file_inspection *at, struct file *file,
			      char *buffer)
{
	switch (procmig_inspected_mechanism(at->inspection, files_subsystem.id, at->fd,
					    PROCMIG_MECHANISM_TRANSFER)) {
	case PROCMIG_MECHANISM_IGNORE:
		return 0;
	case PROCMIG_MECHANISM_FORWARD:
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "mechanism Forward: no loaded subsystem offers it");
		return 0;
	case PROCMIG_MECHANISM_TRANSFER:
		break;
	}
	inspect_file(at, file, buffer);
	return inspect_kept(at, file, buffer);
}

static void inspect_mapped(struct procmig_file_inspection *at, struct files_kinds *set,
			   struct file *file, char *buffer)
{
	const struct procmig_file_kind *kind;

	files_kinds_get(set);
	at->kinds = set;
	kind = files_kind_of(set, file);
	if (!kind)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "%s: no loaded subsystem carries it",
				      files_describe(file, buffer, PATH_MAX));
	else if (kind->inspect)
		kind->inspect(at, file);
	files_kinds_put(set);
}

/*
 * A library is mapped in several parts, and by all that were forked since: one look
 * will do.  Nothing is said of descriptors by that, which may be shared outside.
 */
static const void *as_mapped(const struct file *file)
{
	return (const char *)file + 1;
}

void procmig_file_inspect_mapped(struct procmig_inspection *inspection, struct file *file,
				 const struct path *root, unsigned long address)
{
	struct procmig_file_inspection at = {
		.inspection = inspection,
		.task = procmig_inspected_task(inspection),
		.root = root,
		.address = address,
	};
	unsigned int obstacles = procmig_obstacle_count(inspection);
	struct files_kinds *set;
	char *buffer;

	if (procmig_is_clear(inspection, as_mapped(file)) || procmig_is_clear(inspection, file))
		return;
	set = kmalloc(sizeof(*set), GFP_KERNEL);
	buffer = kvmalloc(PATH_MAX, GFP_KERNEL);
	/* Without memory: found at the latest by the checkpoint. */
	if (buffer && set)
		inspect_mapped(&at, set, file, buffer);
	if (obstacles == procmig_obstacle_count(inspection))
		procmig_clear(inspection, as_mapped(file));
	kvfree(buffer);
	kfree(set);
}
EXPORT_SYMBOL_GPL(procmig_file_inspect_mapped);

struct file *files_open_deleted_cwd(struct task_struct *task)
{
	struct file *file = NULL;
	struct path cwd = {};

	task_lock(task);
	if (task->fs)
		get_fs_pwd(task->fs, &cwd);
	task_unlock(task);
	if (!cwd.mnt)
		return NULL;
	if (d_unlinked(cwd.dentry))
		file = dentry_open(&cwd, O_PATH, current_cred());
	path_put(&cwd);
	return file;
}

static void inspect_cwd(struct procmig_file_inspection *at)
{
	struct file *cwd = files_open_deleted_cwd(at->task);

	/* Without memory: found at the latest by the checkpoint. */
	if (IS_ERR_OR_NULL(cwd))
		return;
	at->fd = FILES_NO_DESCRIPTOR;
	if (files_is_pseudo(cwd))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
				      "cwd: deleted directory of the kernel's own: no loaded subsystem carries it");
	else
		files_deleted_kind.inspect(at, cwd);
	fput(cwd);
}

static int inspect_descriptors(struct procmig_file_inspection *at, char *buffer)
{
	struct file *file;
	int ret = 0;

	for (at->fd = 0; !ret && (file = files_next_open(at->task, &at->fd)); at->fd++) {
		ret = inspect_descriptor(at, file, buffer);
		fput(file);
	}
	return ret;
}

static int inspect_made_file(struct file *file, void *private)
{
	struct procmig_file_inspection *at = private;

	if (procmig_is_clear(at->inspection, file_inode(file)))
		return 0;
	files_tmpfs_kind.inspect(at, file);
	files_tmpfs_claim(at, file);
	return 0;
}

/* Before the descriptors: whoever only reads such a file reads one that moves. */
static int inspect_made(struct procmig_file_inspection *at)
{
	at->fd = FILES_NO_DESCRIPTOR;
	return files_each_made(at->task, procmig_inspected_scope(at->inspection), at->root,
			       inspect_made_file, at);
}

static int inspect_everything(struct procmig_file_inspection *at, char *buffer)
{
	int ret;

	inspect_cwd(at);
	ret = inspect_made(at);
	return ret ?: inspect_descriptors(at, buffer);
}

static int files_inspect(struct procmig_inspection *inspection)
{
	struct task_struct *task = procmig_inspected_task(inspection);
	struct procmig_file_inspection at = { .inspection = inspection, .task = task };
	struct files_kinds *set;
	struct path root = {};
	char *buffer;
	int ret = 0;

	set = kmalloc(sizeof(*set), GFP_KERNEL);
	buffer = kvmalloc(PATH_MAX, GFP_KERNEL);
	if (!buffer || !set) {
		kvfree(buffer);
		kfree(set);
		return -ENOMEM;
	}
	task_lock(task);
	if (task->fs)
		get_fs_root(task->fs, &root);
	task_unlock(task);
	if (root.mnt) {
		at.root = &root;
		files_find_temporary();
		files_kinds_get(set);
		at.kinds = set;
		ret = files_look_inside(&at);
		if (!ret)
			ret = inspect_everything(&at, buffer);
		files_kinds_put(set);
		path_put(&root);
	}
	kvfree(buffer);
	kfree(set);
	return ret;
}

/* ---- life ---------------------------------------------------------------- */

static int files_setup_event(void *private)
{
	struct files_event *event = private;

	xa_init(&event->descriptions.numbers);
	xa_init(&event->objects.numbers);
	xa_init(&event->settled.numbers);
	xa_init(&event->kind_of);
	xa_init(&event->first);
	xa_init(&event->expected);
	mutex_init(&event->shared_lock);
	files_kinds_get(&event->kinds);
	return 0;
}

static void files_finish_event(void *private)
{
	files_finish(private);
}

static void files_cleanup_event(void *private)
{
	struct files_event *event = private;

	files_forget_source(event);
	files_forget_target(event);
	files_forget_pages(event);
	files_kinds_put(&event->kinds);
}

static int files_setup(struct procmig_process *process)
{
	return procmig_task(process) == current ? files_setup_target(process) : 0;
}

const struct procmig_subsystem files_subsystem = {
	.name = "files",
	.id = PROCMIG_SUBSYSTEM_FILES,
	.version = FILES_VERSION,
	.order = 100,
	.owner = THIS_MODULE,
	.private_bytes = sizeof(struct files),
	.event_private_bytes = sizeof(struct files_event),
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.inspection_private_bytes = sizeof(struct files_inside),
	.inspect = files_inspect,
	.forget_inspection = files_forget_inside,
	.admit = files_admit,
	.setup_event = files_setup_event,
	.cleanup_event = files_cleanup_event,
	.finish_event = files_finish_event,
	.setup = files_setup,
	.gather = files_gather,
	.checkpoint = files_checkpoint,
	.checkpoint_bulk = files_checkpoint_bulk,
	.restart_bulk = files_restart_bulk,
	.restart = files_restart,
	.settle = files_settle,
	.resume = files_resume,
};

static const struct procmig_file_kind *const own_kinds[] = {
	&files_path_kind, &files_pseudo_kind, &files_deleted_kind, &files_tmpfs_kind,
	&files_temporary_kind,
};

static void files_unregister(unsigned int count)
{
	while (count)
		procmig_unregister_file_kind(own_kinds[--count]);
	procmig_unregister_subsystem(&files_subsystem);
}

static int __init files_module_init(void)
{
	int ret = procmig_register_subsystem(&files_subsystem);
	unsigned int i;

	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(own_kinds); i++) {
		ret = procmig_register_file_kind(own_kinds[i]);
		if (ret) {
			files_unregister(i);
			return ret;
		}
	}
	files_watch_makers();
	return 0;
}

static void __exit files_module_exit(void)
{
	files_unwatch_makers();
	files_unregister(ARRAY_SIZE(own_kinds));
}

module_init(files_module_init);
module_exit(files_module_exit);
MODULE_DESCRIPTION("procmig: kernel subsystem, files");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
