// SPDX-License-Identifier: GPL-2.0-only
/* What stands against carrying what the processes have of System V IPC. */
#include <linux/magic.h>
#include <linux/sched/signal.h>

#include "ipc.h"

static void inspect_segment(struct procmig_inspection *inspection,
			    struct kern_ipc_perm *object)
{
	struct procmig_segment segment;

	procmig_compat_get_segment(object, &segment);
	if (file_inode(segment.file)->i_sb->s_magic != TMPFS_MAGIC)
		procmig_obstacle(inspection, ipc_subsystem.id, PROCMIG_OBSTACLE_UNSUPPORTED,
				 object->id,
				 "%s %d of huge pages: no loaded subsystem carries it",
				 ipc_type_name(PROCMIG_SYSV_SEGMENTS), object->id);
	/* What is attached the files subsystem expects. */
	else if (!segment.attached)
		procmig_expect_bytes(inspection, segment.bytes);
}

static void inspect_object(struct procmig_inspection *inspection,
			   enum procmig_sysv_type type, struct kern_ipc_perm *object,
			   int place)
{
	struct ipc_users users = { .scope = procmig_inspected_scope(inspection) };

	ipc_find_users(&users, type, object);
	if (!users.inside)
		return;
	ipc_claim(inspection, type, object, place);
	if (users.outside)
		procmig_obstacle(inspection, ipc_subsystem.id, PROCMIG_OBSTACLE_SHARED,
				 object->id,
				 "%s %d: pid %d (%s) outside uses it, too; migrate them together or end that process",
				 ipc_type_name(type), object->id, users.pid, users.comm);
	if (type == PROCMIG_SYSV_SEGMENTS)
		inspect_segment(inspection, object);
}

static void inspect_objects(struct procmig_inspection *inspection,
			    struct ipc_namespace *ns, enum procmig_sysv_type type)
{
	struct kern_ipc_perm *object;
	int place = 0;

	procmig_compat_ipc_lock(ns, type);
	while ((object = procmig_compat_ipc_next(ns, type, &place)))
		inspect_object(inspection, type, object, place);
	procmig_compat_ipc_unlock(ns, type);
}

/* The stub makes threads that share their adjustments, as those of pthreads do. */
static void inspect_threads(struct procmig_inspection *inspection,
			    struct task_struct *leader)
{
	struct task_struct *thread;

	rcu_read_lock();
	for_each_thread(leader, thread)
		if (procmig_compat_undo_list(thread) != procmig_compat_undo_list(leader) &&
		    (!procmig_compat_undo_empty(thread) || !procmig_compat_undo_empty(leader)))
			procmig_obstacle(inspection, ipc_subsystem.id,
					 PROCMIG_OBSTACLE_UNSUPPORTED, task_pid_vnr(thread),
					 "thread %d: semaphore adjustments of its own: no loaded subsystem carries them",
					 task_pid_vnr(thread));
	rcu_read_unlock();
}

static void inspect_sharers(struct procmig_inspection *inspection,
			    struct task_struct *task)
{
	const struct procmig_scope *scope = procmig_inspected_scope(inspection);
	const void *list = procmig_compat_undo_list(task);
	struct task_struct *other;

	if (!list)
		return;
	rcu_read_lock();
	for_each_process(other)
		if (procmig_compat_undo_list(other) == list &&
		    !procmig_scope_has(scope, other)) {
			procmig_obstacle(inspection, ipc_subsystem.id,
					 PROCMIG_OBSTACLE_SHARED, task_pid_vnr(other),
					 "semaphore adjustments shared with pid %d (%s) outside; migrate them together or end that process",
					 task_pid_vnr(other), other->comm);
			break;
		}
	rcu_read_unlock();
}

/* The objects belong to all processes: they are looked at with the first. */
static bool is_first(struct procmig_inspection *inspection, struct task_struct *task)
{
	bool first;

	rcu_read_lock();
	first = !procmig_scope_has(procmig_inspected_scope(inspection),
				   rcu_dereference(task->real_parent));
	rcu_read_unlock();
	return first;
}

int ipc_inspect(struct procmig_inspection *inspection)
{
	struct task_struct *task = procmig_inspected_task(inspection);
	struct ipc_namespace *ns = ipc_namespace_of(task);
	enum procmig_sysv_type type;

	if (!ns)
		return 0;
	inspect_threads(inspection, task);
	inspect_sharers(inspection, task);
	for (type = 0; type < PROCMIG_SYSV_TYPES && is_first(inspection, task); type++)
		inspect_objects(inspection, ns, type);
	return 0;
}
