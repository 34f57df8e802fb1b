// SPDX-License-Identifier: GPL-2.0-only
/* Who holds an open file, and what the kernel says about one. */
#include <linux/fdtable.h>
#include <linux/magic.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "files.h"

#define INFO_MAX (1u << 20)

struct file *files_next_open(struct task_struct *task, unsigned int *fd)
{
	struct file *file;

	for (;; ++*fd) {
		rcu_read_lock();
		file = procmig_compat_next_file(task, fd);
		/* One that is being closed is as good as not there. */
		if (!file || get_file_rcu(file))
			break;
		rcu_read_unlock();
	}
	rcu_read_unlock();
	return file;
}

/* The lowest descriptor of @task whose file is looked for. */
static bool find_descriptor(struct task_struct *task,
			    bool (*holds)(struct file *file, const void *what),
			    const void *what, unsigned int *fd)
{
	struct file *file;

	for (*fd = 0; (file = procmig_compat_next_file(task, fd)); ++*fd)
		if (holds(file, what))
			return true;
	return false;
}

bool procmig_file_find_holder(struct procmig_file_inspection *at,
			      bool (*holds)(struct file *file, const void *what),
			      const void *what, struct procmig_file_holder *holder)
{
	const struct procmig_scope *scope = procmig_inspected_scope(at->inspection);
	struct task_struct *leader, *thread;
	bool found = false;

	rcu_read_lock();
	for_each_process_thread(leader, thread) {
		const struct files_struct *files = READ_ONCE(thread->files);

		if (!files || (thread != leader && files == READ_ONCE(leader->files)) ||
		    procmig_scope_has(scope, leader))
			continue;
		found = find_descriptor(thread, holds, what, &holder->fd);
		if (found) {
			holder->pid = task_tgid_nr(thread);
			get_task_comm(holder->comm, thread);
			goto unlock;
		}
	}
unlock:
	rcu_read_unlock();
	return found;
}
EXPORT_SYMBOL_GPL(procmig_file_find_holder);

void files_walk_begin(struct files_walk *walk)
{
	*walk = (struct files_walk) {};
	xa_init(&walk->seen);
	xa_init(&walk->file);
}

void files_walk_end(struct files_walk *walk)
{
	struct file *file;

	while ((file = files_walk_take(walk)))
		fput(file);
	xa_destroy(&walk->file);
	xa_destroy(&walk->seen);
}

/* Maybe under RCU. */
void files_walk_meet(struct file *file, void *private)
{
	struct files_walk *walk = private;
	int ret = xa_insert(&walk->seen, (unsigned long)file, xa_mk_value(1), GFP_ATOMIC);

	/* It was met before, or is being closed. */
	if (ret == -EBUSY || (!ret && !get_file_rcu(file)))
		return;
	if (!ret) {
		ret = xa_err(xa_store(&walk->file, walk->count, file, GFP_ATOMIC));
		if (ret)
			fput(file);
		else
			walk->count++;
	}
	walk->failed |= ret;
}

struct file *files_walk_take(struct files_walk *walk)
{
	return walk->next < walk->count ? xa_load(&walk->file, walk->next++) : NULL;
}

/* Its kind is asked for only then. */
static bool may_keep(struct file *file)
{
	return S_ISSOCK(file_inode(file)->i_mode);
}

void files_each_kept(const struct files_kinds *kinds, struct file *file,
		     void (*see)(struct file *file, void *private), void *private)
{
	const struct procmig_file_kind *kind = NULL;

	if (kinds && may_keep(file))
		kind = files_kind_of(kinds, file);
	if (kind && kind->each_kept)
		kind->each_kept(file, see, private);
}

struct search {
	bool (*holds)(struct file *file, const void *what);
	const void *what;
	struct files_walk walk;
};

/* The others neither count nor keep any. */
static void consider(struct file *file, void *private)
{
	struct search *search = private;

	if (may_keep(file) || search->holds(file, search->what))
		files_walk_meet(file, &search->walk);
}

unsigned int procmig_file_count(struct procmig_file_inspection *at,
				bool (*holds)(struct file *file, const void *what),
				const void *what)
{
	const struct procmig_scope *scope = procmig_inspected_scope(at->inspection);
	struct search search = { .holds = holds, .what = what };
	unsigned int fd, n, count = 0;
	struct task_struct *task;
	struct file *file;

	files_walk_begin(&search.walk);
	for (n = 0; (task = procmig_scope_at(scope, n)); n++) {
		rcu_read_lock();
		for (fd = 0; (file = procmig_compat_next_file(task, &fd)); fd++)
			consider(file, &search);
		rcu_read_unlock();
		cond_resched();
	}
	/* What was left out without memory counts as outside: an obstacle. */
	while ((file = files_walk_take(&search.walk))) {
		count += holds(file, what);
		files_each_kept(at->kinds, file, consider, &search);
		fput(file);
	}
	files_walk_end(&search.walk);
	return count;
}
EXPORT_SYMBOL_GPL(procmig_file_count);

bool files_is_same(struct file *file, const void *other)
{
	return file == other;
}

bool files_find_sharer(struct procmig_file_inspection *at, struct file *file,
		       struct procmig_file_holder *sharer)
{
	/*
	 * One reference is the caller's, and one that of the descriptor.  More than
	 * those of the descriptors may also be a mapping's or a system call's, so
	 * they only say that it is worth looking.
	 */
	if (file_count(file) <= 1 + max(files_descriptors_inside(at, file), 1u))
		return false;
	return procmig_file_find_holder(at, files_is_same, file, sharer);
}

struct file *procmig_file_of_socket(struct sock *sk)
{
	struct socket *socket;
	struct file *file;

	/* Whoever closes it takes this lock, and the file does not go before. */
	read_lock_bh(&sk->sk_callback_lock);
	socket = sk->sk_socket;
	file = socket ? socket->file : NULL;
	if (file && !get_file_rcu(file))
		file = NULL;
	read_unlock_bh(&sk->sk_callback_lock);
	return file;
}
EXPORT_SYMBOL_GPL(procmig_file_of_socket);

bool procmig_file_is_anonymous(struct file *file, const char *name)
{
	return file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       !strcmp(file->f_path.dentry->d_name.name, name);
}
EXPORT_SYMBOL_GPL(procmig_file_is_anonymous);

char *procmig_file_info(struct file *file)
{
	struct seq_file info = { .file = file, .size = PAGE_SIZE };

	if (!file->f_op->show_fdinfo)
		return ERR_PTR(-EOPNOTSUPP);
	for (; info.size <= INFO_MAX; info.size *= 4) {
		info.count = 0;
		info.buf = kvmalloc(info.size, GFP_KERNEL);
		if (!info.buf)
			return ERR_PTR(-ENOMEM);
		file->f_op->show_fdinfo(&info, file);
		if (info.count < info.size) {
			info.buf[info.count] = '\0';
			return info.buf;
		}
		kvfree(info.buf);
	}
	return ERR_PTR(-E2BIG);
}
EXPORT_SYMBOL_GPL(procmig_file_info);
