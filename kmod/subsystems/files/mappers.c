// SPDX-License-Identifier: GPL-2.0-only
/* Who has mapped a file that only the event may have. */
#include <linux/blk_types.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "files.h"

/* A look at all mappings of one file. */
struct look {
	const struct procmig_scope *scope;
	struct procmig_file_holder *outside;
	bool found;
};

static bool is_of(const struct procmig_scope *scope, const struct mm_struct *mm)
{
	struct task_struct *task;
	unsigned int n;

	for (n = 0; (task = procmig_scope_at(scope, n)); n++)
		if (READ_ONCE(task->mm) == mm)
			return true;
	return false;
}

/* An address space that is being torn down has no owner any more, and no use. */
static void see(struct vm_area_struct *vma, void *private)
{
	struct look *look = private;
	struct task_struct *owner;

	if (look->found || is_of(look->scope, vma->vm_mm))
		return;
	rcu_read_lock();
	owner = procmig_compat_mm_owner(vma->vm_mm);
	if (owner && !procmig_scope_has(look->scope, owner)) {
		look->found = true;
		look->outside->pid = task_tgid_nr(owner);
		get_task_comm(look->outside->comm, owner);
	}
	rcu_read_unlock();
}

static bool is_of_inode(struct file *file, const void *inode)
{
	return file_inode(file) == inode;
}

/* The bytes are expected once, by whoever looks first. */
static void search(struct procmig_file_inspection *at, struct inode *inode, const char *what)
{
	struct procmig_file_holder holder;
	struct look look = {
		.scope = procmig_inspected_scope(at->inspection),
		.outside = &holder,
	};

	procmig_compat_each_mapping(inode->i_mapping, see, &look);
	if (look.found) {
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "%s that is shared with pid %d (%s) outside, which has it mapped; migrate them together or end that process",
				      what, holder.pid, holder.comm);
	} else if (procmig_file_find_holder(at, is_of_inode, inode, &holder)) {
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "%s that is shared with pid %d (%s) outside, which has it open as fd %u; migrate them together or end that process",
				      what, holder.pid, holder.comm, holder.fd);
	} else {
		/* On a disk not all need be in memory, in memory some may be swapped out. */
		procmig_expect_bytes(at->inspection,
				     max_t(u64, (u64)inode->i_mapping->nrpages << PAGE_SHIFT,
					   (u64)inode->i_blocks << SECTOR_SHIFT));
		procmig_clear(at->inspection, inode);
	}
}

void files_inspect_sharers(struct procmig_file_inspection *at, struct file *file,
			   const char *what)
{
	if (!procmig_is_clear(at->inspection, file_inode(file)))
		search(at, file_inode(file), what);
}

void procmig_file_inspect_memory(struct procmig_file_inspection *at, struct file *file)
{
	files_inspect_sharers(at, file, "memory");
}
EXPORT_SYMBOL_GPL(procmig_file_inspect_memory);
