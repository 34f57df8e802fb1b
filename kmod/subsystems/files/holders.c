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

unsigned int procmig_file_count(struct procmig_file_inspection *at,
				bool (*holds)(struct file *file, const void *what),
				const void *what)
{
	const struct procmig_scope *scope = procmig_inspected_scope(at->inspection);
	unsigned int fd, n, count = 0;
	struct task_struct *task;
	struct xarray seen;
	struct file *file;

	xa_init(&seen);
	for (n = 0; (task = procmig_scope_at(scope, n)); n++) {
		rcu_read_lock();
		for (fd = 0; (file = procmig_compat_next_file(task, &fd)); fd++)
			/* Without memory it counts as outside: an obstacle. */
			if (holds(file, what) &&
			    !xa_insert(&seen, (unsigned long)file, xa_mk_value(1), GFP_ATOMIC))
				count++;
		rcu_read_unlock();
	}
	xa_destroy(&seen);
	return count;
}
EXPORT_SYMBOL_GPL(procmig_file_count);

static bool is_same(struct file *file, const void *other)
{
	return file == other;
}

static unsigned int count_descriptors(const struct procmig_scope *scope,
				      const struct file *file)
{
	unsigned int n, fd, count = 0;
	struct task_struct *task;
	struct file *held;

	for (n = 0; (task = procmig_scope_at(scope, n)); n++) {
		rcu_read_lock();
		for (fd = 0; (held = procmig_compat_next_file(task, &fd)); fd++)
			count += held == file;
		rcu_read_unlock();
	}
	return count;
}

bool files_find_sharer(struct procmig_file_inspection *at, struct file *file,
		       struct procmig_file_holder *sharer)
{
	/*
	 * One reference is the caller's, and one that of the descriptor.  More than
	 * those of the descriptors may also be a mapping's or a system call's, so
	 * they only say that it is worth looking.
	 */
	if (file_count(file) <= 2 ||
	    file_count(file) <= 1 + count_descriptors(procmig_inspected_scope(at->inspection),
						      file))
		return false;
	return procmig_file_find_holder(at, is_same, file, sharer);
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
