// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has made what is in /dev/shm, where POSIX shared memory and named semaphores
 * are (shm_overview(7), sem_overview(7)).  A name there belongs to a program even
 * while nobody has it open, and no inode says whose it is.  So the directory of the
 * node is watched from the loading of this module on: whoever makes a name there
 * does so in the context of the notification.  A mark at the made inode remembers
 * the process and goes with the inode.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "files.h"

#define DIRECTORY "dev/shm"

/* The process that made the first name of the inode, and its session. */
struct maker {
	struct fsnotify_mark mark;
	struct inode *inode;		/* held by the mark while this is in makers */
	struct pid *process, *session;
	u32 number;
};

static DEFINE_XARRAY_ALLOC(makers);
static struct fsnotify_group *group;
static struct fsnotify_mark watch;	/* at the directory */

/* ---- watching ------------------------------------------------------------- */

static struct maker *remember_maker(struct inode *inode)
{
	/* Whoever makes a million names pays for them. */
	struct maker *maker = kzalloc(sizeof(*maker), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!maker)
		return NULL;
	maker->inode = inode;
	maker->process = get_pid(task_tgid(current));
	rcu_read_lock();
	maker->session = get_pid(task_session(current));
	rcu_read_unlock();
	fsnotify_init_mark(&maker->mark, group);
	ret = xa_alloc(&makers, &maker->number, maker, xa_limit_32b, GFP_KERNEL);
	if (!ret)
		return maker;
	fsnotify_put_mark(&maker->mark);
	return NULL;
}

/*
 * A name was made in the directory, by `current'.  Nothing can be reported from
 * here; without memory the name stays behind like one that is older than the watch.
 */
static int on_made(struct fsnotify_mark *mark, u32 mask, struct inode *inode,
		   struct inode *directory, const struct qstr *name, u32 cookie)
{
	unsigned int flags;
	struct maker *maker;

	if (!inode || !S_ISREG(inode->i_mode))
		return 0;
	/* The directory is locked. */
	flags = memalloc_nofs_save();
	maker = remember_maker(inode);
	if (maker) {
		/* A further name of the same inode has a mark already. */
		if (fsnotify_add_inode_mark(&maker->mark, inode, 0))
			xa_erase(&makers, maker->number);
		fsnotify_put_mark(&maker->mark);
	}
	memalloc_nofs_restore(flags);
	return 0;
}

/* The inode loses its last name, or its mount. */
static void on_mark_goes(struct fsnotify_mark *mark, struct fsnotify_group *of)
{
	if (mark != &watch)
		xa_erase(&makers, container_of(mark, struct maker, mark)->number);
}

static void on_mark_is_gone(struct fsnotify_mark *mark)
{
	struct maker *maker = container_of(mark, struct maker, mark);

	if (mark == &watch)
		return;
	put_pid(maker->process);
	put_pid(maker->session);
	kfree(maker);
}

static const struct fsnotify_ops ops = {
	.handle_inode_event = on_made,
	.freeing_mark = on_mark_goes,
	.free_mark = on_mark_is_gone,
};

static int watch_directory(void)
{
	struct path directory;
	int ret = files_find_directory(DIRECTORY, &directory);

	if (ret)
		return ret;
	fsnotify_init_mark(&watch, group);
	watch.mask = FS_CREATE;
	ret = fsnotify_add_inode_mark(&watch, d_inode(directory.dentry), 0);
	if (ret)
		fsnotify_put_mark(&watch);
	path_put(&directory);
	return ret;
}

void files_watch_makers(void)
{
	int ret;

	group = fsnotify_alloc_group(&ops, FSNOTIFY_GROUP_NOFS);
	if (IS_ERR(group)) {
		ret = PTR_ERR(group);
		group = NULL;
	} else {
		ret = watch_directory();
	}
	if (!ret)
		return;
	pr_notice("procmig: /" DIRECTORY " cannot be watched (%d): names there that nobody has open stay behind\n",
		  ret);
	if (group)
		fsnotify_put_group(group);
	group = NULL;
}

static struct fsnotify_mark *any_mark(void)
{
	struct fsnotify_mark *mark = NULL;
	struct maker *maker;
	unsigned long first = 0;

	xa_lock(&makers);
	maker = xa_find(&makers, &first, ULONG_MAX, XA_PRESENT);
	if (maker) {
		mark = &maker->mark;
		/* fsnotify_get_mark() is not exported. */
		refcount_inc(&mark->refcnt);
	}
	xa_unlock(&makers);
	return mark;
}

/* From module exit: nothing of this module runs any more when it returns. */
void files_unwatch_makers(void)
{
	struct fsnotify_mark *mark;

	if (!group)
		return;
	fsnotify_destroy_mark(&watch, group);
	fsnotify_put_mark(&watch);
	/* Waits for notifications, too. */
	fsnotify_wait_marks_destroyed();
	while ((mark = any_mark())) {
		fsnotify_destroy_mark(mark, group);
		fsnotify_put_mark(mark);
	}
	fsnotify_put_group(group);
	fsnotify_wait_marks_destroyed();
}

/* ---- asking --------------------------------------------------------------- */

/* Of a process that has ended, when nobody of its session is outside: one of them. */
static struct task_struct *heir_of(const struct maker *maker,
				   const struct procmig_scope *scope)
{
	struct task_struct *member, *heir = NULL;

	do_each_pid_task(maker->session, PIDTYPE_SID, member) {
		if (!procmig_scope_has(scope, member))
			return NULL;
		if (!heir && atomic_read(&member->signal->live))
			heir = member;
	} while_each_pid_task(maker->session, PIDTYPE_SID, member);
	return heir;
}

/* A zombie owns nothing any more. */
static bool belongs_to(const struct maker *maker, struct task_struct *task,
		       const struct procmig_scope *scope)
{
	struct task_struct *owner;
	bool answer;

	rcu_read_lock();
	owner = pid_task(maker->process, PIDTYPE_TGID);
	if (!owner || !atomic_read(&owner->signal->live))
		owner = heir_of(maker, scope);
	answer = owner == task;
	rcu_read_unlock();
	return answer;
}

/* What belongs to @task, from number *@next on; with a reference, or NULL. */
static struct inode *next_made(struct task_struct *task, const struct procmig_scope *scope,
			       unsigned long *next)
{
	struct inode *inode = NULL;
	struct maker *maker;

	xa_lock(&makers);
	xa_for_each_start(&makers, *next, maker, *next) {
		if (!belongs_to(maker, task, scope))
			continue;
		inode = maker->inode;
		ihold(inode);
		++*next;
		break;
	}
	xa_unlock(&makers);
	return inode;
}

/*
 * NULL: it has lost its name meanwhile; or whoever holds a lease on it has it open, and
 * opening it once more would break that.
 */
static struct file *open_made(const struct path *directory, struct inode *inode)
{
	struct path path = { .mnt = directory->mnt, .dentry = d_find_alias(inode) };
	struct file *file;

	if (!path.dentry)
		return NULL;
	if (files_is_leased(inode)) {
		dput(path.dentry);
		return NULL;
	}
	file = dentry_open(&path, O_RDWR | O_LARGEFILE, current_cred());
	dput(path.dentry);
	return file;
}

int files_each_made(struct task_struct *task, const struct procmig_scope *scope,
		    const struct path *root,
		    int (*see)(struct file *file, void *private), void *private)
{
	struct path directory;
	unsigned long next = 0;
	struct inode *inode;
	struct file *file;
	int ret;

	/* Asked for every process while all stand still. */
	if (xa_empty(&makers) || procmig_compat_find_directory(root, DIRECTORY, &directory))
		return 0;
	for (ret = 0; !ret && (inode = next_made(task, scope, &next)); iput(inode)) {
		if (inode->i_sb != directory.dentry->d_sb)
			continue;
		file = open_made(&directory, inode);
		if (IS_ERR(file))
			ret = PTR_ERR(file);
		else if (file)
			ret = see(file, private);
		if (!IS_ERR_OR_NULL(file))
			fput(file);
	}
	path_put(&directory);
	return ret;
}
