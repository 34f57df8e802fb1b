// SPDX-License-Identifier: GPL-2.0-only
/* Locks and leases on open files. */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "files.h"

struct locks {
	const struct files_struct *owner;	/* of POSIX locks */
	bool all;			/* those of the description, too */
	struct procmig_files_lock *lock;
	unsigned int count, room;
};

static bool is_breaking(const struct file_lock *lock)
{
	return lock->fl_flags & (FL_UNLOCK_PENDING | FL_DOWNGRADE_PENDING);
}

static enum procmig_lock_kind kind_of(const struct file_lock *lock)
{
	if (lock->fl_flags & FL_FLOCK)
		return PROCMIG_LOCK_FLOCK;
	if (lock->fl_flags & FL_LEASE)
		return PROCMIG_LOCK_LEASE;
	return lock->fl_flags & FL_OFDLCK ? PROCMIG_LOCK_DESCRIPTION : PROCMIG_LOCK_POSIX;
}

/* Those of @file that are asked for; only counts them if there is no room. */
static void collect(const struct list_head *list, struct file *file, struct locks *locks)
{
	struct procmig_files_lock *to;
	struct file_lock *lock;

	list_for_each_entry(lock, list, fl_list) {
		enum procmig_lock_kind kind = kind_of(lock);

		if (lock->fl_file != file ||
		    (kind == PROCMIG_LOCK_POSIX ? lock->fl_owner != locks->owner :
						  !locks->all))
			continue;
		if (locks->count++ >= locks->room)
			continue;
		to = &locks->lock[locks->count - 1];
		*to = (struct procmig_files_lock) { .kind = kind, .type = lock->fl_type };
		if (kind == PROCMIG_LOCK_POSIX || kind == PROCMIG_LOCK_DESCRIPTION) {
			to->start = lock->fl_start;
			to->length = lock->fl_end == OFFSET_MAX ? 0 :
				     lock->fl_end - lock->fl_start + 1;
		} else {
			/* Who shares the description may have taken it, and ended. */
			to->pid = lock->fl_pid;
		}
	}
}

static void collect_all(struct file *file, struct locks *locks)
{
	struct file_lock_context *context = file_inode(file)->i_flctx;

	locks->count = 0;
	if (!context)
		return;
	spin_lock(&context->flc_lock);
	collect(&context->flc_lease, file, locks);
	collect(&context->flc_flock, file, locks);
	collect(&context->flc_posix, file, locks);
	spin_unlock(&context->flc_lock);
}

int files_emit_locks(struct procmig_process *process, struct file *file,
		     const struct files_place *place, bool all)
{
	struct locks locks = { .owner = procmig_task(process)->files, .all = all };
	unsigned int i;
	int ret = 0;

	collect_all(file, &locks);
	if (!locks.count)
		return 0;
	locks.room = locks.count;
	locks.lock = kvcalloc(locks.room, sizeof(*locks.lock), GFP_KERNEL);
	if (!locks.lock)
		return -ENOMEM;
	collect_all(file, &locks);
	for (i = 0; !ret && i < min(locks.count, locks.room); i++) {
		struct kvec part = { &locks.lock[i], sizeof(locks.lock[i]) };

		locks.lock[i].fd = place->fd;
		locks.lock[i].description = place->description;
		ret = procmig_emit(process, PROCMIG_CHANNEL_DEMAND, files_subsystem.id,
				   PROCMIG_FILES_LOCK, FILES_VERSION, &part, 1);
	}
	kvfree(locks.lock);
	return ret;
}

void files_inspect_locks(struct procmig_file_inspection *at, struct file *file)
{
	struct file_lock_context *context = file_inode(file)->i_flctx;
	struct file_lock *lock;
	bool breaking = false;

	if (!context)
		return;
	spin_lock(&context->flc_lock);
	list_for_each_entry(lock, &context->flc_lease, fl_list)
		breaking |= lock->fl_file == file && is_breaking(lock);
	spin_unlock(&context->flc_lock);
	if (breaking)
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_STATE,
				      "its lease is being broken; somebody else waits for the file");
}

/* ---- target -------------------------------------------------------------- */

static long set_lock(const struct procmig_files_lock *wanted, int fd, void __user *scratch)
{
	const struct flock range = {
		.l_type = wanted->type,
		.l_whence = SEEK_SET,
		.l_start = wanted->start,
		.l_len = wanted->length,
	};

	switch (wanted->kind) {
	case PROCMIG_LOCK_FLOCK:
		return procmig_syscall(__NR_flock, fd, LOCK_NB |
				       (wanted->type == F_WRLCK ? LOCK_EX : LOCK_SH));
	case PROCMIG_LOCK_LEASE:
		return procmig_syscall(__NR_fcntl, fd, F_SETLEASE, wanted->type);
	case PROCMIG_LOCK_POSIX:
	case PROCMIG_LOCK_DESCRIPTION:
		if (copy_to_user(scratch, &range, sizeof(range)))
			return -EFAULT;
		return procmig_syscall(__NR_fcntl, fd,
				       wanted->kind == PROCMIG_LOCK_POSIX ? F_SETLK : F_OFD_SETLK,
				       (unsigned long)scratch);
	default:
		return -EPROTO;
	}
}

static void set_taker(struct list_head *list, struct file *file, pid_t pid)
{
	struct file_lock *lock;

	list_for_each_entry(lock, list, fl_list)
		if (lock->fl_file == file)
			lock->fl_pid = pid;
}

/* Only what is told about it: it belongs to the description. */
static void set_pid(const struct procmig_files_lock *wanted, int fd)
{
	struct file *file = fget(fd);
	struct file_lock_context *context = file ? file_inode(file)->i_flctx : NULL;

	if (context && wanted->pid > 0) {
		spin_lock(&context->flc_lock);
		if (wanted->kind == PROCMIG_LOCK_FLOCK)
			set_taker(&context->flc_flock, file, wanted->pid);
		else if (wanted->kind == PROCMIG_LOCK_LEASE)
			set_taker(&context->flc_lease, file, wanted->pid);
		spin_unlock(&context->flc_lock);
	}
	if (file)
		fput(file);
}

int files_take_lock(struct procmig_process *process, void __user *scratch,
		    const struct procmig_files_lock *wanted)
{
	const struct files_place place = { wanted->fd, wanted->description };
	int fd = files_borrow_descriptor(process, &place);
	long ret = fd;

	if ((wanted->type != F_RDLCK && wanted->type != F_WRLCK) || wanted->pid < 0 ||
	    wanted->reserved)
		ret = -EPROTO;
	if (ret >= 0)
		ret = set_lock(wanted, fd, scratch);
	if (!ret)
		set_pid(wanted, fd);
	files_return_descriptor(&place, fd);
	if (ret)
		return procmig_fail(process, files_subsystem.id, ret,
				    "fd %d: a file lock cannot be had here (%ld)%s",
				    (int)wanted->fd, ret,
				    ret == -EAGAIN ? ": somebody else has it" : "");
	return 0;
}
