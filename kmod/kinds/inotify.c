// SPDX-License-Identifier: GPL-2.0-only
/* inotify(7): watches, found again by path, and events that have not been read. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/fsnotify_backend.h>
#include <linux/inotify.h>
#include <linux/mount.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <procmig/compat.h>
#include <procmig/file_kind.h>

/* As fs/notify/inotify has kept its events since there is a backend of its own. */
struct queued {
	struct fsnotify_event event;
	u32 mask;
	int watch;
	u32 cookie;
	int name_bytes;
	char name[];
};

struct saved {
	struct list_head node;
	struct procmig_file_inotify_data data;
	char name[];
};

struct rebuilt {
	struct list_head events;
	u32 next_watch;
};

static bool inotify_match(struct file *file)
{
	return procmig_file_is_anonymous(file, "inotify");
}

/* ---- source -------------------------------------------------------------- */

/* The watch from @watch on, its mask and its inode, referenced; false: no more. */
static bool next_watch(struct fsnotify_group *group, int *watch, u32 *mask,
		       struct inode **inode)
{
	struct fsnotify_mark_connector *connector;
	struct fsnotify_mark *mark;

	*inode = NULL;
	fsnotify_group_lock(group);
	spin_lock(&group->inotify_data.idr_lock);
	/* The mark is the first thing in what the number stands for. */
	mark = idr_get_next(&group->inotify_data.idr, watch);
	spin_unlock(&group->inotify_data.idr_lock);
	if (mark) {
		spin_lock(&mark->lock);
		*mask = mark->mask & IN_ALL_EVENTS;
		if (mark->flags & FSNOTIFY_MARK_FLAG_EXCL_UNLINK)
			*mask |= IN_EXCL_UNLINK;
		if (mark->flags & FSNOTIFY_MARK_FLAG_IN_ONESHOT)
			*mask |= IN_ONESHOT;
		connector = mark->connector;
		if (connector && connector->type == FSNOTIFY_OBJ_TYPE_INODE)
			*inode = igrab(container_of(connector->obj, struct inode,
						    i_fsnotify_marks));
		spin_unlock(&mark->lock);
	}
	fsnotify_group_unlock(group);
	return mark;
}

static struct vfsmount *mount_of(struct task_struct *task, const struct path *root,
				 const struct super_block *sb)
{
	struct vfsmount *found = NULL;
	struct file *file;
	struct path cwd = {};
	unsigned int fd;

	if (root->mnt->mnt_sb == sb)
		return mntget(root->mnt);
	task_lock(task);
	if (task->fs)
		get_fs_pwd(task->fs, &cwd);
	task_unlock(task);
	if (cwd.mnt && cwd.mnt->mnt_sb == sb)
		found = mntget(cwd.mnt);
	if (cwd.mnt)
		path_put(&cwd);
	rcu_read_lock();
	for (fd = 0; !found && (file = procmig_compat_next_file(task, &fd)); fd++)
		if (file->f_path.mnt->mnt_sb == sb)
			found = mntget(file->f_path.mnt);
	rcu_read_unlock();
	return found;
}

/* A path of the inode as the process sees it, or an ERR_PTR. */
static char *path_of(struct task_struct *task, const struct path *root,
		     struct inode *inode, char *buffer, int bytes)
{
	struct path path = {};
	char *text = ERR_PTR(-ENOENT);

	if (inode)
		path.dentry = d_find_alias(inode);
	if (path.dentry && !d_unlinked(path.dentry))
		path.mnt = mount_of(task, root, inode->i_sb);
	if (path.mnt) {
		text = procmig_compat_path(&path, root, buffer, bytes);
		mntput(path.mnt);
	}
	dput(path.dentry);
	return text;
}

static bool is_of_inode(struct file *file, const void *inode)
{
	return file_inode(file) == inode;
}

/* A copy of event @nth; -ENOENT behind the last. */
static int copy_event(struct fsnotify_group *group, unsigned int nth,
		      struct procmig_file_inotify_data *data, char *name)
{
	struct fsnotify_event *event;
	const struct queued *queued;
	int ret = -ENOENT;

	spin_lock(&group->notification_lock);
	list_for_each_entry(event, &group->notification_list, list) {
		if (nth--)
			continue;
		queued = container_of(event, struct queued, event);
		*data = (struct procmig_file_inotify_data) {
			.event = 1,
			.watch = queued->watch,
			.mask = queued->mask,
			.cookie = queued->cookie,
		};
		ret = 0;
		if (event == group->overflow_event || queued->name_bytes < 0 ||
		    queued->name_bytes > NAME_MAX) {
			ret = -EOPNOTSUPP;
		} else if (queued->name_bytes) {
			data->text_bytes = queued->name_bytes + 1;
			memcpy(name, queued->name, data->text_bytes);
		}
		break;
	}
	spin_unlock(&group->notification_lock);
	return ret;
}

static bool is_watched(struct fsnotify_group *group, int watch)
{
	void *mark;

	spin_lock(&group->inotify_data.idr_lock);
	mark = idr_find(&group->inotify_data.idr, watch);
	spin_unlock(&group->inotify_data.idr_lock);
	return mark;
}

static void inspect_events(struct procmig_file_inspection *at,
			   struct fsnotify_group *group, char *name)
{
	struct procmig_file_inotify_data data;
	unsigned int nth;
	int ret;

	for (nth = 0; ; nth++) {
		ret = copy_event(group, nth, &data, name);
		if (ret == -ENOENT)
			return;
		if (ret || !is_watched(group, data.watch)) {
			procmig_file_obstacle(at, PROCMIG_OBSTACLE_STATE,
					      "inotify: an event waits to be read that is of no watch any more");
			return;
		}
	}
}

static void inotify_inspect(struct procmig_file_inspection *at, struct file *file)
{
	struct fsnotify_group *group = file->private_data;
	struct inode *inode;
	char *buffer;
	int watch;
	u32 mask;

	buffer = kvmalloc(PATH_MAX, GFP_KERNEL);
	if (!buffer)
		return;		/* found at the latest by the checkpoint */
	for (watch = 1; next_watch(group, &watch, &mask, &inode); watch++) {
		if (IS_ERR(path_of(at->task, at->root, inode, buffer, PATH_MAX)) &&
		    !(inode && procmig_file_count(at, is_of_inode, inode)))
			procmig_file_obstacle(at, PROCMIG_OBSTACLE_UNSUPPORTED,
					      "inotify: what watch %d is about has no path that is known",
					      watch);
		iput(inode);
	}
	inspect_events(at, group, buffer);
	kvfree(buffer);
}

static ssize_t inotify_checkpoint(struct procmig_file_save *save, struct file *file,
				  void *room, size_t bytes)
{
	struct fsnotify_group *group = file->private_data;
	struct procmig_file_inotify *body = room;

	*body = (struct procmig_file_inotify) {
		.next_watch = idr_get_cursor(&group->inotify_data.idr),
	};
	return sizeof(*body);
}

/* By its path, or else, if somebody has it open, by that. */
static int emit_watch(struct procmig_file_save *save, int watch, u32 mask,
		      const struct inode *inode, const char *path)
{
	struct procmig_file_inotify_data data = { .watch = watch, .mask = mask };

	if (!IS_ERR(path))
		data.text_bytes = strlen(path) + 1;
	else if (!inode || !procmig_file_of_inode(save, inode, &data.description))
		return procmig_fail(save->process, PROCMIG_SUBSYSTEM_FILES, PTR_ERR(path),
				    "what inotify watch %d is about has no path that is known",
				    watch);
	return procmig_file_data(save, &data, sizeof(data), path, data.text_bytes);
}

static int emit_watches(struct procmig_file_save *save, struct fsnotify_group *group,
			char *buffer)
{
	struct inode *inode;
	int ret = 0, watch;
	char *path;
	u32 mask;

	for (watch = 1; !ret && next_watch(group, &watch, &mask, &inode); watch++) {
		path = path_of(procmig_task(save->process), save->root, inode, buffer,
			       PATH_MAX);
		ret = emit_watch(save, watch, mask, inode, path);
		iput(inode);
	}
	return ret;
}

static int inotify_checkpoint_data(struct procmig_file_save *save, struct file *file)
{
	struct fsnotify_group *group = file->private_data;
	struct procmig_file_inotify_data data;
	char *buffer = kvmalloc(PATH_MAX, GFP_KERNEL);
	unsigned int nth;
	int ret;

	if (!buffer)
		return -ENOMEM;
	ret = emit_watches(save, group, buffer);
	for (nth = 0; !ret; nth++) {
		ret = copy_event(group, nth, &data, buffer);
		if (!ret)
			ret = procmig_file_data(save, &data, sizeof(data), buffer,
						data.text_bytes);
	}
	kvfree(buffer);
	return ret == -ENOENT ? 0 : ret;
}

/* ---- target -------------------------------------------------------------- */

static struct file *inotify_restart(struct procmig_file_load *load, const void *body,
				    size_t bytes)
{
	const struct procmig_file_inotify *wanted = body;
	struct rebuilt *rebuilt;

	if (bytes != sizeof(*wanted) || wanted->reserved || wanted->next_watch > INT_MAX ||
	    *load->object)
		return ERR_PTR(procmig_file_refuse(load, "an inotify instance"));
	rebuilt = kzalloc(sizeof(*rebuilt), GFP_KERNEL);
	if (!rebuilt)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&rebuilt->events);
	rebuilt->next_watch = wanted->next_watch;
	*load->object = rebuilt;
	return procmig_file_from_descriptor(procmig_syscall(__NR_inotify_init1, 0));
}

static int add_watch(struct procmig_file_load *load, struct file *file,
		     const struct procmig_file_inotify_data *wanted, const char *path, u32 flags)
{
	struct fsnotify_group *group = file->private_data;
	size_t bytes = strlen(path) + 1;
	long watch;
	int fd;

	if (bytes > PROCMIG_FILE_SCRATCH_BYTES || copy_to_user(load->scratch, path, bytes))
		return -EFAULT;
	fd = procmig_file_to_descriptor(file);
	if (fd < 0)
		return fd;
	spin_lock(&group->inotify_data.idr_lock);
	idr_set_cursor(&group->inotify_data.idr, wanted->watch);
	spin_unlock(&group->inotify_data.idr_lock);
	watch = procmig_syscall(__NR_inotify_add_watch, fd, (unsigned long)load->scratch,
				wanted->mask | flags);
	close_fd(fd);
	if (watch >= 0 && watch != wanted->watch)
		watch = -EEXIST;
	if (watch < 0)
		return procmig_fail(load->process, PROCMIG_SUBSYSTEM_FILES, watch,
				    "%s cannot be watched here (%ld)", path, watch);
	return 0;
}

static int watch_open_file(struct procmig_file_load *load, struct file *file,
			   const struct procmig_file_inotify_data *wanted)
{
	struct file *watched = procmig_file_at(load, wanted->description);
	char path[32];
	int fd, ret;

	if (!watched)
		return procmig_file_refuse(load, "a watch of a file that is not open");
	fd = procmig_file_to_descriptor(watched);
	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = add_watch(load, file, wanted, path, 0);
	close_fd(fd);
	return ret;
}

static int keep_event(struct rebuilt *rebuilt,
		      const struct procmig_file_inotify_data *data, const char *name)
{
	struct saved *saved = kzalloc(sizeof(*saved) + data->text_bytes, GFP_KERNEL);

	if (!saved)
		return -ENOMEM;
	saved->data = *data;
	memcpy(saved->name, name, data->text_bytes);
	list_add_tail(&saved->node, &rebuilt->events);
	return 0;
}

static int inotify_restart_data(struct procmig_file_load *load, struct file *file,
				const void *body, size_t bytes)
{
	const struct procmig_file_inotify_data *data = body;
	const char *text = (const char *)(data + 1);

	if (bytes < sizeof(*data) || bytes != sizeof(*data) + data->text_bytes ||
	    data->event > 1 || data->watch < 1 || !*load->object ||
	    (data->text_bytes && text[data->text_bytes - 1]) ||
	    (data->event && data->text_bytes > NAME_MAX + 1) ||
	    ((data->event || data->text_bytes) && data->description))
		return procmig_file_refuse(load, "a watch of an inotify instance");
	if (data->event)
		return keep_event(*load->object, data, text);
	if (!data->text_bytes)
		return watch_open_file(load, file, data);
	/* The path is that of the watched thing itself, even if that is a link. */
	return add_watch(load, file, data, text, IN_DONT_FOLLOW);
}

static void put_back(struct fsnotify_group *group, const struct saved *saved)
{
	struct qstr name = QSTR_INIT(saved->name, strlen(saved->name));
	struct fsnotify_mark *mark;

	spin_lock(&group->inotify_data.idr_lock);
	mark = idr_find(&group->inotify_data.idr, saved->data.watch);
	if (mark)
		refcount_inc(&mark->refcnt);
	spin_unlock(&group->inotify_data.idr_lock);
	if (!mark)
		return;
	group->ops->handle_inode_event(mark, saved->data.mask, NULL, NULL,
				       name.len ? &name : NULL, saved->data.cookie);
	fsnotify_put_mark(mark);
}

/* The rebuilding has opened and read what is watched: only now it is the process. */
static void inotify_resume(struct procmig_file_load *load, struct file *file)
{
	struct fsnotify_group *group = file->private_data;
	struct rebuilt *rebuilt = *load->object;
	struct saved *saved;

	if (!rebuilt)
		return;
	procmig_compat_notify_flush(group);
	list_for_each_entry(saved, &rebuilt->events, node)
		put_back(group, saved);
	spin_lock(&group->inotify_data.idr_lock);
	idr_set_cursor(&group->inotify_data.idr, rebuilt->next_watch);
	spin_unlock(&group->inotify_data.idr_lock);
}

static void inotify_release(void *private)
{
	struct rebuilt *rebuilt = private;
	struct saved *saved, *next;

	list_for_each_entry_safe(saved, next, &rebuilt->events, node)
		kfree(saved);
	kfree(rebuilt);
}

static const struct procmig_kind kinds[] = {
	{ "inotify", PROCMIG_KIND_CARRIED,
	  "watches by path, or of what is open; events not read; what the move itself does is not reported" },
};

static const struct procmig_file_kind inotify_kind = {
	.name = "inotify",
	.version = 2,
	.owner = THIS_MODULE,
	.kinds = kinds,
	.kind_count = ARRAY_SIZE(kinds),
	.match = inotify_match,
	.inspect = inotify_inspect,
	.checkpoint = inotify_checkpoint,
	.checkpoint_data = inotify_checkpoint_data,
	.restart = inotify_restart,
	.restart_data = inotify_restart_data,
	.resume = inotify_resume,
	.release = inotify_release,
};

static int __init inotify_init(void)
{
	return procmig_register_file_kind(&inotify_kind);
}

static void __exit inotify_exit(void)
{
	procmig_unregister_file_kind(&inotify_kind);
}

module_init(inotify_init);
module_exit(inotify_exit);
MODULE_DESCRIPTION("procmig: kind of file, inotify");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
