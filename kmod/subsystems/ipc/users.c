// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who uses an object of System V IPC.  Only shared memory knows its users.  Of
 * semaphores and queues the kernel remembers who acted last, who waits, and who
 * has something to be undone; see docs/adr/0015.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <asm/unistd.h>

#include "ipc.h"

static void see_task(struct task_struct *task, void *private)
{
	struct ipc_users *users = private;

	rcu_read_lock();
	if (procmig_scope_has(users->scope, task)) {
		users->inside = true;
	} else if (!users->outside) {
		users->outside = true;
		users->pid = task_tgid_nr(task);
		get_task_comm(users->comm, task);
	}
	rcu_read_unlock();
}

/* A process that has ended uses nothing any more. */
static void see_pid(struct ipc_users *users, struct pid *pid)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid ? pid_task(pid, PIDTYPE_TGID) : NULL;
	if (task)
		see_task(task, users);
	rcu_read_unlock();
}

pid_t ipc_pid_inside(const struct procmig_scope *scope, struct pid *pid)
{
	struct task_struct *task;
	pid_t number = 0;

	rcu_read_lock();
	task = pid ? pid_task(pid, PIDTYPE_TGID) : NULL;
	if (task && procmig_scope_has(scope, task))
		number = pid_nr(pid);
	rcu_read_unlock();
	return number;
}

/* ---- threads that wait, or did until they were frozen ---------------------- */

static bool waits_for(long call, enum procmig_sysv_type type)
{
	switch (call) {
	case __NR_semop:
	case __NR_semtimedop:
		return type == PROCMIG_SYSV_SETS;
	case __NR_msgsnd:
	case __NR_msgrcv:
		return type == PROCMIG_SYSV_QUEUES;
	default:
		return false;
	}
}

/* Frozen, it has left the queue of sleepers; it comes back by the same call. */
static bool is_in_call(struct task_struct *thread, enum procmig_sysv_type type, int id)
{
	unsigned long first;
	long call = procmig_compat_call_of(thread, &first);

	return waits_for(call, type) && (int)first == id;
}

static void see_calls(struct ipc_users *users, enum procmig_sysv_type type, int id)
{
	struct task_struct *leader, *thread;
	unsigned int n;

	rcu_read_lock();
	for (n = 0; !users->inside && (leader = procmig_scope_at(users->scope, n)); n++)
		for_each_thread(leader, thread)
			if (is_in_call(thread, type, id))
				users->inside = true;
	rcu_read_unlock();
}

/* ---- by type -------------------------------------------------------------- */

static void see_mapping(struct vm_area_struct *vma, void *private)
{
	struct task_struct *owner;

	rcu_read_lock();
	owner = procmig_compat_mm_owner(vma->vm_mm);
	if (owner)
		see_task(owner, private);
	rcu_read_unlock();
}

/* Whoever has it attached; who made it, or touched it last while nobody has. */
static void find_segment_users(struct ipc_users *users, struct kern_ipc_perm *object)
{
	struct procmig_segment segment;

	procmig_compat_get_segment(object, &segment);
	procmig_compat_each_mapping(segment.file->f_mapping, see_mapping, users);
	see_pid(users, segment.creator);
	if (!segment.attached)
		see_pid(users, segment.last);
}

/* Whose list it is; tasks that share one are looked at one by one. */
static void see_adjuster(const void *list, void *private)
{
	struct task_struct *process, *thread;

	rcu_read_lock();
	for_each_process_thread(process, thread)
		if (procmig_compat_undo_list(thread) == list)
			see_task(thread, private);
	rcu_read_unlock();
}

static void find_set_users(struct ipc_users *users, struct kern_ipc_perm *object)
{
	struct procmig_semaphore semaphore;
	unsigned int i, count;
	s64 time;

	count = procmig_compat_set_size(object, &time);
	for (i = 0; i < count; i++) {
		procmig_compat_get_semaphore(object, i, &semaphore);
		see_pid(users, semaphore.last);
	}
	procmig_compat_set_sleepers(object, see_task, users);
	procmig_compat_set_adjusters(object, see_adjuster, users);
}

static void find_queue_users(struct ipc_users *users, struct kern_ipc_perm *object)
{
	struct procmig_queue queue;

	procmig_compat_get_queue(object, &queue);
	see_pid(users, queue.sender);
	see_pid(users, queue.receiver);
	procmig_compat_queue_sleepers(object, see_task, users);
}

void ipc_find_users(struct ipc_users *users, enum procmig_sysv_type type,
		    struct kern_ipc_perm *object)
{
	switch (type) {
	case PROCMIG_SYSV_SEGMENTS:
		find_segment_users(users, object);
		break;
	case PROCMIG_SYSV_SETS:
		find_set_users(users, object);
		break;
	default:
		find_queue_users(users, object);
		break;
	}
	if (!users->inside)
		see_calls(users, type, object->id);
}
