// SPDX-License-Identifier: GPL-2.0-only
/* Whom an open file signals: F_SETOWN, F_SETSIG, O_ASYNC. */
#include <linux/file.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>

#include "files.h"

static struct pid *owner_of(struct file *file, struct procmig_files_owner *owner)
{
	struct fown_struct *own = &file->f_owner;
	struct pid *pid;

	read_lock_irq(&own->lock);
	pid = get_pid(own->pid);
	owner->type = own->pid_type == PIDTYPE_PGID ? F_OWNER_PGRP :
		      own->pid_type == PIDTYPE_PID ? F_OWNER_TID : F_OWNER_PID;
	owner->signal = own->signum;
	owner->uid = from_kuid(&init_user_ns, own->uid);
	owner->euid = from_kuid(&init_user_ns, own->euid);
	read_unlock_irq(&own->lock);
	owner->async = !!(file->f_flags & FASYNC);
	return pid;
}

/* The owner in the process's own words; false if it is somebody outside. */
static bool name_owner(struct task_struct *task, const struct procmig_scope *scope,
		       struct pid *pid, struct procmig_files_owner *owner)
{
	struct task_struct *named;
	bool inside;

	owner->pid = -1;
	if (!pid)
		return true;
	rcu_read_lock();
	if (owner->type == F_OWNER_PGRP) {
		named = pid_task(pid, PIDTYPE_TGID);
		inside = pid == task_pgrp(task) || (named && procmig_scope_has(scope, named));
		if (pid != task_pgrp(task))
			owner->pid = pid_nr_ns(pid, task_active_pid_ns(task));
		else
			owner->pid = 0;
	} else {
		named = pid_task(pid, PIDTYPE_PID);
		inside = !named || procmig_scope_has(scope, named);
		/* Nobody is signalled any more; the number may mean another there. */
		if (named)
			owner->pid = pid_nr_ns(pid, task_active_pid_ns(task));
	}
	rcu_read_unlock();
	return inside;
}

void files_inspect_owner(struct procmig_file_inspection *at, struct file *file)
{
	struct procmig_files_owner owner = {};
	struct pid *pid = owner_of(file, &owner);

	if (!name_owner(at->task, procmig_inspected_scope(at->inspection), pid, &owner))
		procmig_file_obstacle(at, PROCMIG_OBSTACLE_SHARED,
				      "its owner to signal (F_SETOWN) is outside: %s %d",
				      owner.type == F_OWNER_PGRP ? "process group" : "pid",
				      pid_nr(pid));
	put_pid(pid);
}

int files_emit_owner(struct procmig_process *process, struct file *file,
		     const struct files_place *place)
{
	struct procmig_files_owner owner = {
		.fd = place->fd,
		.description = place->description,
	};
	const struct kvec part = { &owner, sizeof(owner) };
	struct pid *pid = owner_of(file, &owner);

	name_owner(procmig_task(process), procmig_scope(process), pid, &owner);
	put_pid(pid);
	if (owner.pid == -1 && !owner.signal && !owner.async)
		return 0;
	return procmig_emit(process, PROCMIG_CHANNEL_DEMAND, files_subsystem.id,
			    PROCMIG_FILES_OWNER, FILES_VERSION, &part, 1);
}

/* ---- target -------------------------------------------------------------- */

static int set_owner(struct file *file, const struct procmig_files_owner *wanted)
{
	static const enum pid_type types[] = {
		[F_OWNER_TID] = PIDTYPE_PID,
		[F_OWNER_PID] = PIDTYPE_TGID,
		[F_OWNER_PGRP] = PIDTYPE_PGID,
	};
	struct fown_struct *own = &file->f_owner;
	struct pid *pid = NULL;

	if (wanted->pid > 0)
		pid = find_get_pid(wanted->pid);
	else if (!wanted->pid)
		pid = get_pid(task_pgrp(current));
	if (!pid && wanted->pid != -1)
		return -ESRCH;
	__f_setown(file, pid, types[wanted->type], 1);
	put_pid(pid);
	write_lock_irq(&own->lock);
	own->uid = make_kuid(&init_user_ns, wanted->uid);
	own->euid = make_kuid(&init_user_ns, wanted->euid);
	own->signum = wanted->signal;
	write_unlock_irq(&own->lock);
	return 0;
}

int files_take_owner(struct procmig_process *process,
		     const struct procmig_files_owner *wanted)
{
	const struct files_place place = { wanted->fd, wanted->description };
	int fd = files_borrow_descriptor(process, &place);
	struct file *file = fd < 0 ? NULL : fget(fd);
	long ret = fd < 0 ? fd : -EPROTO;

	if (file && wanted->type <= F_OWNER_PGRP && wanted->pid >= -1 &&
	    wanted->signal <= _NSIG && wanted->async <= 1)
		ret = set_owner(file, wanted);
	if (!ret && wanted->async)
		ret = procmig_syscall(__NR_fcntl, fd, F_SETFL, file->f_flags | FASYNC);
	if (file)
		fput(file);
	files_return_descriptor(&place, fd);
	if (ret)
		return procmig_fail(process, files_subsystem.id, ret,
				    "fd %d: its owner to signal cannot be set here (%ld)",
				    (int)wanted->fd, ret);
	return 0;
}
