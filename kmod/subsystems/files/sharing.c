// SPDX-License-Identifier: GPL-2.0-only
/* Who else holds an open file description. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/sched/signal.h>

#include "files.h"

static unsigned int count_descriptors(struct task_struct *task, const struct file *file)
{
	unsigned int fd, count = 0;
	struct file *held;

	rcu_read_lock();
	for (fd = 0; (held = task_lookup_next_fd_rcu(task, &fd)); fd++)
		count += held == file;
	rcu_read_unlock();
	return count;
}

bool files_find_sharer(struct task_struct *task, struct file *file,
		       struct files_sharer *sharer)
{
	const struct files_struct *own = READ_ONCE(task->files);
	struct task_struct *leader, *thread;
	bool found = false;

	/*
	 * One reference is the caller's.  More than those of the descriptors may
	 * also be a mapping's or a system call's, so they only say that it is
	 * worth looking.
	 */
	if (file_count(file) <= count_descriptors(task, file) + 1)
		return false;
	rcu_read_lock();
	for_each_process_thread(leader, thread) {
		const struct files_struct *files = READ_ONCE(thread->files);

		if (!files || files == own ||
		    (thread != leader && files == READ_ONCE(leader->files)))
			continue;
		if (!count_descriptors(thread, file))
			continue;
		sharer->pid = task_tgid_nr(thread);
		get_task_comm(sharer->comm, thread);
		found = true;
		break;
	}
	rcu_read_unlock();
	return found;
}
