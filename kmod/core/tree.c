// SPDX-License-Identifier: GPL-2.0-only
/* A process and all that descend from it, while they run. */
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <procmig/compat.h>

#include "inspection.h"
#include "plan.h"

/* @leader and all that descend from it now. */
struct tree {
	struct task_struct **task;	/* referenced; a parent stands before its children */
	unsigned int count, room;
};

static int reserve(struct tree *tree, unsigned int more)
{
	struct task_struct **task;

	if (tree->count + more <= tree->room)
		return 0;
	if (tree->count + more > PROCMIG_PLAN_MAX)
		return -E2BIG;
	tree->room = 2 * (tree->count + more);
	task = kvmalloc_array(tree->room, sizeof(*task), GFP_KERNEL);
	if (!task)
		return -ENOMEM;
	if (tree->count)
		memcpy(task, tree->task, tree->count * sizeof(*task));
	kvfree(tree->task);
	tree->task = task;
	return 0;
}

static int collect(struct tree *tree, struct task_struct *leader)
{
	unsigned int i, got, room;
	int ret;

	ret = reserve(tree, 16);
	if (ret)
		return ret;
	tree->task[tree->count++] = get_task_struct(leader);
	for (i = 0; i < tree->count; i++) {
		for (;;) {
			room = tree->room - tree->count;
			got = procmig_compat_children(tree->task[i],
						      tree->task + tree->count, room);
			if (got <= room)
				break;
			while (room)
				put_task_struct(tree->task[tree->count + --room]);
			ret = reserve(tree, got);
			if (ret)
				return ret;
		}
		tree->count += got;
	}
	return 0;
}

static bool is_in(const struct tree *tree, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < tree->count; i++)
		if (task_tgid_nr(tree->task[i]) == pid)
			return true;
	return false;
}

/*
 * As core/plan.c gives everyone its place: with a leader, or with the first
 * process.  No number: it has gone meanwhile.
 */
static void inspect_place(struct procmig_inspection *inspection, const struct tree *tree)
{
	struct task_struct *task = inspection->task, *first = tree->task[0];
	pid_t group, session, first_group, first_session;

	rcu_read_lock();
	group = task_pgrp_nr_ns(task, &init_pid_ns);
	session = task_session_nr_ns(task, &init_pid_ns);
	first_group = task_pgrp_nr_ns(first, &init_pid_ns);
	first_session = task_session_nr_ns(first, &init_pid_ns);
	rcu_read_unlock();
	if (group && group != first_group && !is_in(tree, group))
		procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_CORE,
				 PROCMIG_OBSTACLE_SHARED, group,
				 "the leader of process group %d has ended or stays behind",
				 group);
	if (session && session != first_session && !is_in(tree, session))
		procmig_obstacle(inspection, PROCMIG_SUBSYSTEM_CORE,
				 PROCMIG_OBSTACLE_SHARED, session,
				 "the leader of session %d has ended or stays behind",
				 session);
}

/*
 * A descendant that ends meanwhile is no obstacle, whatever it looks like while it
 * does: then what was said of it is taken back.
 */
static int inspect_member(struct procmig_inspection *inspection, const struct tree *tree,
			  const struct procmig_subsystem_set *set, unsigned int i)
{
	struct task_struct *task = tree->task[i];
	size_t used = inspection->used;
	unsigned int count = inspection->count, threads = inspection->threads;
	int ret = 0;

	inspection->task = task;
	inspection->descendant = i != 0;
	/* A zombie has nothing but its exit code. */
	if (!i || !READ_ONCE(task->exit_state))
		ret = procmig_inspect_task(inspection, set);
	if (i && !atomic_read(&task->signal->live)) {
		inspection->used = used;
		inspection->count = count;
		inspection->threads = threads;
		ret = 0;
	}
	inspect_place(inspection, tree);
	return ret;
}

int procmig_inspect_tree(struct procmig_inspection *inspection,
			 const struct procmig_subsystem_set *set)
{
	struct task_struct *first = inspection->task;
	struct tree tree = {};
	unsigned int i;
	int ret;

	ret = collect(&tree, first);
	if (!ret)
		ret = procmig_scope_fill(&inspection->scope, tree.task, tree.count);
	for (i = 0; !ret && i < tree.count; i++)
		ret = inspect_member(inspection, &tree, set, i);
	inspection->task = first;
	procmig_scope_clear(&inspection->scope);
	while (tree.count)
		put_task_struct(tree.task[--tree.count]);
	kvfree(tree.task);
	return ret;
}
